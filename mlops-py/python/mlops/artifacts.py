"""Reading artifacts: listing, downloading, loading."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import _downloads, _native, _state
from ._content import dict_value
from ._convert import path_text, text
from ._images import pillow
from .entities import FileInfo
from .exceptions import InvalidArgument

if TYPE_CHECKING:
    from pathlib import Path

    from ._model_files import ModelFiles


def parse_uri(uri: str) -> tuple[str, str]:
    """Run id and path of ``runs:/<run id>/<path>``."""
    rest = text("artifact_uri", uri).removeprefix("runs:")
    if rest == uri:
        raise InvalidArgument(f"the artifact URI `{uri}` is not valid: expected runs:/<run id>/<path> or models:/<model>/<path>")
    run_id, _, path = rest.lstrip("/").partition("/")
    if not run_id:
        raise InvalidArgument(f"the artifact URI `{uri}` names no run: expected runs:/<run id>/<path>")
    return run_id, path.lstrip("/")


def _place(artifact_uri: str | None, run_id: str | None, artifact_path: str | None) -> tuple[str, str]:
    if (artifact_uri is None) == (run_id is None) or (artifact_uri is not None and artifact_path is not None):
        raise InvalidArgument("give artifact_uri, or run_id and artifact_path")
    if artifact_uri is not None:
        return parse_uri(artifact_uri)
    return str(run_id), text("artifact_path", artifact_path or "")


def _local(artifact_uri: str | None, run_id: str | None, artifact_path: str | None) -> Path | None:
    """The path that is meant, if it is none of a store."""
    if artifact_uri is None or run_id is not None or artifact_path is not None:
        return None
    return _downloads.local(text("artifact_uri", artifact_uri))


def _store(tracking_uri: str | None) -> _native.Store:
    return _state.store() if tracking_uri is None else _native.Store(_state.location_text(tracking_uri, "tracking_uri"), read_only=True)


def _files(
    artifact_uri: str | None, run_id: str | None, artifact_path: str | None, tracking_uri: str | None
) -> tuple[_native.Store, ModelFiles | None, str, str]:
    """The store, and either files of a model, or the run and the path."""
    store = _store(tracking_uri)
    if artifact_uri is not None and str(artifact_uri).startswith("models:") and run_id is None and artifact_path is None:
        from ._model_files import ModelFiles

        found = ModelFiles(store, artifact_uri)
        if found.source is None:
            return store, found, "", ""
        artifact_uri = found.source + (f"/{found.path}" if found.path else "")
    found_run, path = _place(artifact_uri, run_id, artifact_path)
    return store, _of_output(store, found_run, path), found_run, path


def _of_output(store: _native.Store, run_id: str, path: str) -> ModelFiles | None:
    """The files of a logged model that the run made, under its name, if the run itself has none there: as MLflow logs them."""
    if not path or store.list_artifacts(run_id, path):
        return None
    from ._logged_models import find_output

    name, _, inside = path.partition("/")
    model_id = find_output(store, run_id, name)
    if model_id is None:
        return None
    from ._model_files import ModelFiles

    return ModelFiles(store, f"models:/{model_id}/{inside}")


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | os.PathLike[str] | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
) -> str:
    """Copies an artifact file or folder into ``dst_path`` (default: a new temporary folder), under its own name, without the
    folders above it; returns where it is.

    artifact_uri: ``runs:/<run>/<path>``, or ``models:/<logged model>``, ``models:/<name>/<version>`` and paths behind them; of a
    local path, or ``file:``, it is that path, copied only if ``dst_path`` is given."""
    found = _local(artifact_uri, run_id, artifact_path)
    if found is not None:
        return _downloads.copied(found, dst_path)
    store, of_model, found_run, path = _files(artifact_uri, run_id, artifact_path, tracking_uri)
    if of_model is not None:
        return _downloads.into(dst_path, of_model.path, of_model.download)
    return _downloads.into(dst_path, path, lambda place: store.download_artifacts(found_run, path or None, place))


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """The files and folders directly in an artifact folder, or in a model."""
    here = _local(artifact_uri, run_id, artifact_path)
    if here is not None:
        return _downloads.listed(here)
    store, of_model, found_run, path = _files(artifact_uri, run_id, artifact_path, tracking_uri)
    found = store.list_artifacts(found_run, path or None) if of_model is None else of_model.list()
    return [FileInfo(path, is_dir, None if is_dir else size, digest) for path, is_dir, size, digest in found]


def load_bytes(artifact_uri: str, tracking_uri: str | None = None) -> bytes:
    """The bytes of an artifact."""
    here = _downloads.local(text("artifact_uri", artifact_uri))
    if here is not None and here.is_file():
        return here.read_bytes()
    store, of_model, run_id, path = _files(text("artifact_uri", artifact_uri), None, None, tracking_uri)
    return store.read_artifact(run_id, path) if of_model is None else of_model.read()


def load_text(artifact_uri: str, tracking_uri: str | None = None) -> str:
    """The text of an artifact in UTF-8."""
    content = load_bytes(artifact_uri, tracking_uri)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"the artifact `{artifact_uri}` is no text in UTF-8: {error.reason} at byte {error.start}") from None


def load_dict(artifact_uri: str, tracking_uri: str | None = None) -> Any:
    """The value of a JSON artifact, or of a YAML one by its ending."""
    content = load_bytes(artifact_uri, tracking_uri)
    try:
        return dict_value(content, artifact_uri)
    except ValueError as error:
        raise InvalidArgument(f"the artifact `{artifact_uri}` cannot be read as JSON or YAML: {error}") from None


def load_image(artifact_uri: str, tracking_uri: str | None = None) -> Any:
    """The image of an artifact, as Pillow has it."""
    import io

    content = load_bytes(artifact_uri, tracking_uri)
    try:
        image = pillow().open(io.BytesIO(content))
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidArgument(f"the artifact `{artifact_uri}` is no image that Pillow can read: {error}") from None
    return image
