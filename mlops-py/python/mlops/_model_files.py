"""The files behind ``models:/`` URIs: of a logged model, or of a version of a registered model."""

from __future__ import annotations

import os
from typing import Any

from . import _native
from ._logged_models import existing
from ._registry import SCHEME, STAGES, logged_model_of, version_of
from .exceptions import NotFound

Listed = list[tuple[str, bool, int, "str | None"]]


class ModelFiles:
    """The files of ``models:/<logged model>``, ``models:/<name>/<version>`` or ``models:/<name>@<alias>``, or what is in them
    at a path behind that."""

    def __init__(self, store: _native.Store, uri: str) -> None:
        head, path = split(uri)
        self.uri = uri
        self.path = path or None
        self._store = store
        self._logged = logged_model_of(head)
        self._version: dict[str, Any] = {}
        if self._logged is not None:
            self._models = _native.LoggedModels(store)
            existing(self._models, self._logged)
        else:
            self._version = version_of(store, head)
            self._registry = _native.ModelRegistry(store)

    @property
    def source(self) -> str | None:
        """Where the files of a version are that the store has not."""
        return str(self._version["source"]) if self._version and self._version["digest"] is None else None

    def list(self) -> Listed:
        """The files and folders directly at the path."""
        if self._logged is not None:
            return self._models.list_files(self._logged, self.path)
        return self._registry.list_files(self._version["name"], self._version["version"], self.path)

    def download(self, place: str) -> str:
        """Copies what is at the path beneath a folder, and gives where it is."""
        if self._logged is not None:
            return os.fspath(self._models.download_files(self._logged, self.path, place))
        return os.fspath(self._registry.download_files(self._version["name"], self._version["version"], self.path, place))

    def read(self) -> bytes:
        """The bytes of the file at the path."""
        if self.path is None:
            raise NotFound(f"`{self.uri}` is a model: name one of its files, such as {self.uri}/MLmodel")
        if self._logged is not None:
            return self._models.read_file(self._logged, self.path)
        import tempfile

        with tempfile.TemporaryDirectory(prefix="mlops-model-") as folder:
            with open(self.download(folder), "rb") as opened:
                return opened.read()


def split(uri: str) -> tuple[str, str]:
    """The URI of a model, and the path behind it."""
    first, *rest = uri.removeprefix(SCHEME).strip("/").split("/")
    # A version is a number, a stage or `latest`; an id of a logged model has none.
    is_version = bool(rest) and not first.startswith("m-") and "@" not in first
    is_version = is_version and (rest[0].isdigit() or rest[0].lower() in (*STAGES, "latest"))
    count = 1 if is_version else 0
    return f"{SCHEME}/{'/'.join([first, *rest[:count]])}", "/".join(rest[count:])
