"""Logged models: the calls of ``MlflowClient``, and how one is made, found and shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import _native, _state
from ._content import artifact_folder
from ._convert import ids, items, path_text, sequence, text, text_key, text_or_none, whole
from .entities import FileInfo, LoggedModel, LoggedModelInput, LoggedModelOutput, LoggedModelStatus, PagedList
from .exceptions import InvalidArgument, NotFound

_ACTIVE_ONLY = 1
# What MLflow has no place for in the name of a logged model.
_BAD_SIGNS = "/:.%\"'"
# The tag of a model whose files are elsewhere, and that of the versions that were made of one.
IS_EXTERNAL = "mlflow.model.isExternal"
VERSIONS = "mlflow.modelVersions"


def texts(what: str, given: Any) -> list[tuple[str, str]]:
    """Params or tags as pairs of text."""
    if given is None:
        return []
    return [(text_key(f"name of a {what}", key), str(value)) for key, value in items(f"{what}s", given)]


def model_name(name: Any) -> str | None:
    """The name of a logged model as MLflow takes it; None for a generated one."""
    if name is None:
        return None
    found = text("the name of a logged model", name)
    if not found or any(sign in found for sign in _BAD_SIGNS):
        raise InvalidArgument(f"the name of a logged model is {found!r}: expected a text without any of {' '.join(_BAD_SIGNS)}")
    return found


def model_id_of(model_id: Any) -> str:
    """An id as text."""
    if not isinstance(model_id, str) or not model_id:
        raise InvalidArgument(f"model_id is {model_id!r}: expected the id of a logged model, such as `m-0198...`")
    return model_id


def existing(models: _native.LoggedModels, model_id: Any, *, deleted: bool = False) -> dict[str, Any]:
    """A model that the store has; with ``deleted`` also one that was deleted."""
    wanted = model_id_of(model_id)
    raw = models.get(wanted)
    if raw["lifecycle_stage"] != "active" and not deleted:
        raise NotFound(f"logged model `{wanted}` is deleted; MlflowClient.restore_logged_model brings it back")
    return raw


def changed(models: _native.LoggedModels, model_id: Any) -> str:
    """The id of a model that is to be changed. As in MLflow, one that is not there is a bad argument."""
    try:
        return str(existing(models, model_id)["model_id"])
    except NotFound as error:
        raise InvalidArgument(f"cannot change it: {error.message}") from None


def links_of(store: _native.Store, run_id: str) -> tuple[list[LoggedModelInput], list[LoggedModelOutput]]:
    """The logged models that a run uses and made."""
    inputs, outputs = _native.LoggedModels(store).links(run_id)
    return [LoggedModelInput(one) for one in inputs], [LoggedModelOutput(one, step) for one, step in outputs]


def linked_inputs(models: _native.LoggedModels, given: Any) -> list[str]:
    """The ids of models that become inputs of a run; each must exist."""
    return [existing(models, _id_in(one, "LoggedModelInput"))["model_id"] for one in sequence("models as a list", given or [])]


def linked_outputs(models: _native.LoggedModels, given: Any) -> list[tuple[str, int]]:
    """The ids and steps of models that a run made; each must exist."""
    return [
        (existing(models, _id_in(one, "LoggedModelOutput"))["model_id"], whole("the step", getattr(one, "step", 0)))
        for one in sequence("models as a list", given or [])
    ]


def _id_in(given: Any, kind: str) -> str:
    if not hasattr(given, "model_id"):
        raise InvalidArgument(f"models has {given!r}, of type {type(given).__name__}: expected a mlops.entities.{kind}")
    return str(given.model_id)


def find_output(store: _native.Store, run_id: str, name: str) -> str | None:
    """The newest logged model of that name that a run made."""
    models = _native.LoggedModels(store)
    for model_id, _ in reversed(models.links(run_id)[1]):
        try:
            if existing(models, model_id)["name"] == name:
                return model_id
        except NotFound:
            pass
    return None


def note_version(store: _native.Store, model_id: str, name: str, version: int) -> None:
    """Has a logged model say that a version of a registered model was made of it, as MLflow does."""
    import json

    models = _native.LoggedModels(store)
    try:
        before = existing(models, model_id)["tags"].get(VERSIONS, "[]")
        listed = json.loads(before)
        models.set_tags(model_id, [(VERSIONS, json.dumps([*listed, {"name": name, "version": version}]))])
    except (NotFound, ValueError, TypeError):
        # A version is one without it.
        pass


def files_in(folder: str, inside: str | None) -> Iterator[tuple[str, str]]:
    """The files beneath a folder, by the path that they get."""
    if not os.path.isdir(folder):
        raise NotFound(f"the folder `{folder}` does not exist")
    for place, _, names in os.walk(folder):
        below = os.path.relpath(place, folder).replace(os.sep, "/")
        parts = [part for part in ((inside or "").strip("/"), "" if below == "." else below) if part]
        for name in sorted(names):
            yield "/".join([*parts, name]), os.path.join(place, name)


class LoggedModelCalls:
    """The part of ``MlflowClient`` that is about logged models."""

    @property
    def _store(self) -> _native.Store:
        raise NotImplementedError

    @property
    def _logged(self) -> _native.LoggedModels:
        return _native.LoggedModels(self._store)

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Makes a logged model, which is PENDING until it is finalized."""
        models = self._logged
        model_id = models.create(
            experiment_id=str(experiment_id),
            name=model_name(name),
            model_type=text_or_none("model_type", model_type),
            source_run_id=text_or_none("source_run_id", source_run_id),
            params=texts("param", params),
            tags=texts("tag", tags),
        )
        return LoggedModel._of(models.get(model_id))

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """A logged model as it is now."""
        return LoggedModel._of(existing(self._logged, model_id))

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus | str) -> LoggedModel:
        """Says that a logged model is READY, or FAILED."""
        models, wanted = self._logged, LoggedModelStatus.of(status)
        models.set_status(existing(models, model_id)["model_id"], wanted.value)
        return LoggedModel._of(models.get(model_id))

    def delete_logged_model(self, model_id: str) -> None:
        """Hides a logged model; ``mlops gc --deleted-runs`` removes its files for good."""
        models = self._logged
        models.delete(existing(models, model_id, deleted=True)["model_id"])

    def restore_logged_model(self, model_id: str) -> None:
        """Shows a deleted logged model again."""
        models = self._logged
        models.restore(existing(models, model_id, deleted=True)["model_id"])

    def log_model_params(self, model_id: str, params: Mapping[str, Any]) -> None:
        """Adds params to a logged model, all or none; another value for one that it has is an error."""
        models, given = self._logged, texts("param", params)
        models.log_params(changed(models, model_id), given)

    def set_logged_model_tags(self, model_id: str, tags: Mapping[str, Any]) -> None:
        """Sets tags of a logged model; their values are ``str(value)``."""
        models, given = self._logged, texts("tag", tags)
        models.set_tags(changed(models, model_id), given)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Removes a tag of a logged model; one that it has not is an error."""
        models = self._logged
        models.delete_tag(existing(models, model_id)["model_id"], text_key("tag name", key))

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        datasets: Sequence[Mapping[str, Any]] | None = None,
        max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """One page of the logged models that match a filter, the newest first; ``.token`` leads to the next."""
        from ._logged_model_search import page, search

        # No experiment has the id "": without ids nothing is found, as in MLflow.
        places = ids(experiment_ids) or [""]
        found = search(self._logged.list_models(places, _ACTIVE_ONLY), filter_string, datasets, order_by)
        raws, token = page(found, max_results, page_token, places, filter_string, datasets, order_by)
        return PagedList([LoggedModel._of(raw) for raw in raws], token)

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput] | None = None) -> None:
        """Says that a run made logged models."""
        logged = self._logged
        logged.link(text("run_id", run_id), [], linked_outputs(logged, models))

    # --- files

    def log_model_artifact(self, model_id: str, local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Stores a file of a logged model under its own name, in the folder ``artifact_path``."""
        models, local = self._logged, path_text("local_path", local_path)
        if not os.path.isfile(local):
            raise NotFound(f"the file `{local}` does not exist")
        folder = (artifact_folder(artifact_path) or "").strip("/")
        name = os.path.basename(local)
        models.log_files(existing(models, model_id)["model_id"], [(f"{folder}/{name}" if folder else name, local)])

    def log_model_artifacts(self, model_id: str, local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Stores all files beneath a folder as files of a logged model."""
        models = self._logged
        found = list(files_in(path_text("local_dir", local_dir), artifact_folder(artifact_path)))
        models.log_files(existing(models, model_id)["model_id"], found)

    def list_logged_model_artifacts(self, model_id: str, path: str | None = None) -> list[FileInfo]:
        """The files and folders directly in a folder of a logged model."""
        models = self._logged
        return [
            FileInfo(found, is_dir, None if is_dir else size, digest)
            for found, is_dir, size, digest in models.list_files(model_id_of(model_id), text_or_none("path", path or None))
        ]


def context_tags() -> list[tuple[str, str]]:
    """What MLflow notes of where a model was made."""
    global _user
    if _user is None:
        import getpass

        try:
            _user = getpass.getuser()
        except (OSError, KeyError, ImportError):
            _user = ""
    name, kind = _state.source()
    tags = [("mlflow.source.name", name), ("mlflow.source.type", kind)]
    return [*tags, ("mlflow.user", _user)] if _user else tags


_user: str | None = None
