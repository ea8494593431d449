"""The logged model that a ``log_model`` makes: a record with params, tags, metrics and files of its own, beside the folder
among the run's artifacts. Both name the same bytes, which are stored once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _active_model, _native
from .._convert import text_or_none, whole
from .._logged_models import IS_EXTERNAL, existing, files_of, put_files, texts
from ..exceptions import InvalidState
from .source import MANIFEST

if TYPE_CHECKING:
    from .saving import LogOptions

# Of a metric with more points at the step of a model, the model gets the last ones.
_MOST_POINTS = 1_000


class Logged:
    """A logged model on its way: PENDING until it is whole, FAILED if that does not happen."""

    def __init__(self, store: _native.Store, run_id: str, name: str | None, options: LogOptions) -> None:
        self._store = store
        self._run_id = run_id
        self._models = _native.LoggedModels(store)
        self._run = store.get_run(run_id)
        if self._run["lifecycle_stage"] == "deleted":
            raise InvalidState(f"the run `{run_id}` is deleted; restore it first")
        self._step = whole("the step", options.get("step") or 0)
        params, tags = texts("param", options.get("params")), texts("tag", options.get("tags"))
        given = options.get("model_id")
        self._was_there = given is not None
        if given is not None:
            raw = existing(self._models, given)
            self.model_id, self.name = str(raw["model_id"]), name or str(raw["name"])
            self._is_external = raw["tags"].get(IS_EXTERNAL) == "true"
            # A param that it has with another value is an error before anything else happens.
            if params:
                self._models.log_params(self.model_id, params)
            if tags:
                self._models.set_tags(self.model_id, tags)
        else:
            self._is_external = False
            self.name = name or "model"
            self.model_id = self._create(params, tags, text_or_none("model_type", options.get("model_type")))

    def _create(self, params: list[tuple[str, str]], tags: list[tuple[str, str]], model_type: str | None) -> str:
        from .._logged_models_fluent import create

        # As in MLflow, what the run says counts.
        both = {**dict(params), **self._run["params"]}
        experiment = self._run["experiment_id"]
        return create(
            self._store, self.name, self._run_id, experiment, params=list(both.items()), tags=tags, model_type=model_type
        )

    def __enter__(self) -> Logged:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._models.set_status(self.model_id, "READY")
            return
        try:
            self._models.set_status(self.model_id, "FAILED", f"{type(error).__name__}: {error}"[:1_000])
        except Exception:
            # What went wrong first is what the caller has to know.
            pass

    def link(self) -> None:
        """Has it be an output of the run. Before the run gets files: both read the run, which brings what it has logged into
        storage, and that is done once so."""
        self._models.link(self._run_id, [], [(self.model_id, self._step)])

    def keep(self, manifest: str, files: Sequence[tuple[str, Any]]) -> None:
        """Gives the model its files and the metrics of its step."""
        paths = {MANIFEST, *(path for path, _ in files)}
        for path in files_of(self._models, self.model_id) if self._was_there else []:
            # Those of an earlier time: a model has the files that its manifest names.
            if path not in paths:
                self._models.delete_files(self.model_id, path)
        put_files(self._models, self.model_id, [(MANIFEST, manifest.encode()), *files])
        if self._is_external:
            self._models.delete_tag(self.model_id, IS_EXTERNAL)
        points = list(self._points())
        if points:
            self._models.log_metrics(self.model_id, points)
        _active_model.remember_last(self.model_id)
        _active_model.remember_made(self._run_id, self._step, self.model_id)

    def _points(self) -> Any:
        """What the run has measured at the step of the model, but what is of another model: as in MLflow, it is of this one."""
        subjects: Mapping[str, Any] = self._run.get("subjects", {})
        for key, (last, last_step, last_at, _, _, count) in self._run["metrics"].items():
            if count == 1:
                model_id, name, digest = subjects.get(key) or (None, None, None)
                if last_step == self._step and model_id is None:
                    yield key, last, last_step, last_at, self._run_id, name, digest
                continue
            steps, times, values, of = self._store.metric_history_of(self._run_id, key)
            columns = memoryview(steps).cast("q"), memoryview(times).cast("q"), memoryview(values).cast("d")
            here = [at for at, step in enumerate(columns[0]) if step == self._step]
            for at in here[-_MOST_POINTS:]:
                model_id, name, digest = (of[at] if of else None) or (None, None, None)
                if model_id is None:
                    yield key, columns[2][at], self._step, columns[1][at], self._run_id, name, digest
