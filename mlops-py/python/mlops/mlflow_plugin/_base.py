"""What the parts of the tracking store share."""

from __future__ import annotations

import os
from typing import Any

from .. import _native
from . import _entities, _location
from ._errors import failure

# Roots that MLflow hands over when nobody chose one.
_NO_CHOICE = (None, "", "./mlruns", "mlruns")


class Base:
    """An open store, and where MLflow's side keeps files."""

    artifact_root_uri: str
    _folder: str
    _opened: tuple[int, _native.Store, _native.LoggedModels] | None
    _known_models: set[str]
    _serves: bool
    _root_is_chosen: bool

    def _open(self, store_uri: str, artifact_uri: str | None) -> None:
        # Absolute from now on: the working directory may change.
        self._folder = _native.locate(_location.path_of(store_uri or _location.SCHEME))
        self._opened = None
        self._known_models = set()
        self._serves = _location.serves()
        own = _location.artifact_root(self._folder)
        given = None if artifact_uri in _NO_CHOICE or str(artifact_uri).startswith(_location.SCHEME) else artifact_uri
        # The server's own: its files come to this store, or to where it was told.
        self._root_is_chosen = given is not None and not given.startswith("mlflow-artifacts:")
        self.artifact_root_uri = given or own

    def _parts(self) -> tuple[int, _native.Store, _native.LoggedModels]:
        """The store, opened by this process: what a forked child inherited it cannot use."""
        if self._opened is None or self._opened[0] != os.getpid():
            store = _location.open_store(self._folder)
            self._opened = os.getpid(), store, _native.LoggedModels(store)
        return self._opened

    @property
    def _store(self) -> _native.Store:
        return self._parts()[1]

    @property
    def _models(self) -> _native.LoggedModels:
        return self._parts()[2]

    def _settle(self) -> None:
        """Has other workers of the server see what this one was told, before its client asks one of them."""
        if self._serves:
            self._store.drain()

    def _experiment(self, experiment_id: Any) -> _entities.Raw:
        text = str(experiment_id if experiment_id not in (None, "") else "0")
        if not text.isdigit():
            raise failure(f"Invalid experiment ID: '{experiment_id}'. Experiment ID must be an integer.", "INVALID_PARAMETER_VALUE")
        return self._store.get_experiment(str(int(text)))

    def _active_experiment(self, experiment_id: Any) -> _entities.Raw:
        found = self._experiment(experiment_id)
        if found["lifecycle_stage"] != "active":
            raise failure(
                f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted.",
                "INVALID_PARAMETER_VALUE",
            )
        return found

    def _location_of(self, experiment_id: str) -> str:
        return _entities.artifact_location(self._store.get_experiment(experiment_id), self.artifact_root_uri)

    def _active_run(self, run_id: str) -> _entities.Raw:
        found = self._store.get_run(run_id)
        if found["lifecycle_stage"] != "active":
            raise failure(
                f"The run {run_id} must be in the 'active' state. Current state is deleted.", "INVALID_PARAMETER_VALUE"
            )
        return found
