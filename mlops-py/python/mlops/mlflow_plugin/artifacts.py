"""The artifact repository that MLflow's entry point ``mlflow.artifact_repository`` names."""

from __future__ import annotations

import errno
import os
import posixpath
import tempfile

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository, verify_artifact_path

from .. import _native
from ..exceptions import InvalidArgument
from . import _location
from ._errors import guard

_location.serve_artifacts_from_the_store()


class Repository(ArtifactRepository):  # type: ignore[misc]
    """The files of a run, of a logged model, or (for a server that serves them) of a whole store."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self._place = _location.place_of(artifact_uri)

    def _store(self) -> _native.Store:
        return _location.open_store(self._place.store)

    def _whole(self, artifact_path: str | None) -> str:
        """A path from the store's top, such as ``0/<run>/artifacts/plots``."""
        return posixpath.join(self._place.path, artifact_path or "").rstrip("/")

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        verify_artifact_path(artifact_path)
        if not os.path.lexists(local_file):
            # As MLflow's own repositories say it.
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), local_file)
        self._log([(posixpath.join(artifact_path or "", os.path.basename(local_file)), local_file)])

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        verify_artifact_path(artifact_path)
        files: list[tuple[str, str]] = []
        for folder, _, names in os.walk(local_dir):
            inside = os.path.relpath(folder, local_dir).replace(os.sep, "/")
            place = posixpath.join(artifact_path or "", "" if inside == "." else inside)
            files.extend((posixpath.join(place, name), os.path.join(folder, name)) for name in names)
        self._log(files)

    def _log(self, files: list[tuple[str, str]]) -> None:
        owned = [(_location.owner_of(self._whole(path)), local) for path, local in files]
        if not owned:
            return
        inside = [(owner.path, local) for owner, local in owned]
        kind, owner_id, _ = owned[0][0]
        store = self._store()
        if kind == "model":
            _native.LoggedModels(store).log_files(owner_id, inside)
            return
        if kind == "version":
            raise InvalidArgument(f"the files of {owner_id} cannot change: it is a version of a registered model")
        store.open_run(owner_id).log_paths(inside)
        if _location.serves():
            store.drain()

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        whole = self._whole(path)
        owner = _location.owner_of(whole)
        store = self._store()
        if owner.kind == "version":
            name, _, version = owner.id.rpartition("/")
            found = _native.ModelRegistry(store).list_files(name, int(version), owner.path or None)
        elif owner.kind == "model":
            found = _native.LoggedModels(store).list_files(owner.id, owner.path or None)
        else:
            found = store.list_artifacts(owner.id, owner.path or None)
        head = whole[: len(whole) - len(owner.path)]
        return [
            FileInfo(posixpath.join(head, inside)[len(self._place.path) :].lstrip("/"), is_dir, None if is_dir else size)
            for inside, is_dir, size, _ in found
            # For the path of a file MLflow lists nothing.
            if inside != owner.path
        ]

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        owner = _location.owner_of(self._whole(remote_file_path))
        store = self._store()
        # Beside its place, so that it comes there whole.
        with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(local_path))) as folder:
            if owner.kind == "version":
                name, _, version = owner.id.rpartition("/")
                found = _native.ModelRegistry(store).download_files(name, int(version), owner.path, folder)
            elif owner.kind == "model":
                found = _native.LoggedModels(store).download_files(owner.id, owner.path, folder)
            else:
                found = store.download_artifacts(owner.id, owner.path, folder)
            os.replace(found, local_path)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        owner = _location.owner_of(self._whole(artifact_path))
        store = self._store()
        if owner.kind == "version":
            raise InvalidArgument(f"the files of {owner.id} cannot change: delete the version of the registered model")
        if owner.kind == "model":
            _native.LoggedModels(store).delete_files(owner.id, owner.path or None)
        else:
            store.delete_artifacts(owner.id, owner.path or None)


guard(Repository)
