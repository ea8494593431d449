"""Where data comes from. A source is only recorded; it is read when :meth:`DatasetSource.load` is called."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import _state
from ..exceptions import InvalidArgument, NotFound, Unsupported

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


class DatasetSource:
    """Where data comes from: a type, and fields that are kept as JSON. Subclasses say what they are."""

    def _get_source_type(self) -> str:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        raise NotImplementedError

    def load(self, dst_path: str | os.PathLike[str] | None = None) -> str:
        """Fetches the data and returns the local path of its file or folder, beneath ``dst_path`` if that is given."""
        raise Unsupported(f"a data set of the source type `{self._get_source_type()}` cannot be loaded from its source")

    def to_json(self) -> str:
        """The fields as JSON."""
        return json.dumps(self.to_dict())

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())}>"


class CodeDatasetSource(DatasetSource):
    """The program or notebook that made the data: what is recorded if nothing else is told."""

    def __init__(self, tags: Mapping[str, str] | None = None) -> None:
        if tags is None:
            name, kind = _state.source()
            tags = {"mlflow.source.name": name, "mlflow.source.type": kind}
        self.tags = dict(tags)

    def _get_source_type(self) -> str:
        return "code"

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {"tags": self.tags}


class _Located(DatasetSource):
    """A source that is one text."""

    _type: ClassVar[str]
    _field: ClassVar[str] = "uri"

    def __init__(self, uri: str | os.PathLike[str]) -> None:
        self.uri = os.fspath(uri)

    def _get_source_type(self) -> str:
        return self._type

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {self._field: self.uri}


class LocalArtifactDatasetSource(_Located):
    """A local file or folder."""

    _type = "local"

    def load(self, dst_path: str | os.PathLike[str] | None = None) -> str:
        """The path itself; with ``dst_path`` that of a copy beneath it."""
        path = self.uri
        if path.lower().startswith("file:"):
            from urllib.parse import urlsplit
            from urllib.request import url2pathname

            path = url2pathname(urlsplit(path).path)
        if not os.path.exists(path):
            raise NotFound(f"the data at `{path}` is not there any more, or not on this machine")
        if dst_path is None:
            return path
        target = os.path.join(os.fspath(dst_path), os.path.basename(os.path.normpath(path)))
        if os.path.isdir(path):
            return str(shutil.copytree(path, target, dirs_exist_ok=True))
        os.makedirs(dst_path, exist_ok=True)
        return str(shutil.copyfile(path, target))


class HTTPDatasetSource(_Located):
    """A file at an address of the web; nothing is asked of it before :meth:`load`."""

    _type = "http"
    _field = "url"

    @property
    def url(self) -> str:
        """The address."""
        return self.uri

    def load(self, dst_path: str | os.PathLike[str] | None = None) -> str:
        """Downloads the file beneath ``dst_path`` (default: a new temporary folder) and returns its path."""
        from urllib.parse import unquote, urlsplit
        from urllib.request import urlopen

        from .._downloads import destination

        parts = urlsplit(self.uri)
        if parts.scheme.lower() not in ("http", "https"):
            raise InvalidArgument(f"the address `{self.uri}` of a data set is none of http or https")
        name = re.split(r"[/\\]", unquote(parts.path))[-1]
        folder = os.fspath(destination(dst_path))
        os.makedirs(folder, exist_ok=True)
        target = os.path.join(folder, "dataset" if name in ("", ".", "..") or "\0" in name else name)
        try:
            with urlopen(self.uri) as answer, open(target, "wb") as file:
                shutil.copyfileobj(answer, file)
        except OSError as error:
            raise NotFound(f"the data at `{self.uri}` cannot be fetched: {error}") from error
        return target


class OtherDatasetSource(DatasetSource):
    """A source of any other type: its fields as they were recorded. Artifacts of runs can be loaded."""

    def __init__(self, source_type: str, fields: Mapping[str, Any]) -> None:
        self._type = source_type
        self.fields = dict(fields)

    def _get_source_type(self) -> str:
        return self._type

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return self.fields

    def load(self, dst_path: str | os.PathLike[str] | None = None) -> str:
        """The local path of artifacts of a run; other types cannot be loaded."""
        if self._type == "runs":
            from ..artifacts import download_artifacts

            return download_artifacts(artifact_uri=str(self.fields["uri"]), dst_path=dst_path)
        return super().load(dst_path)


def resolve(source: Any) -> Any:
    """The source that a user means: a path, an address, a source, or None for the code that runs."""
    if source is None:
        return CodeDatasetSource()
    if isinstance(source, (str, os.PathLike)):
        text = os.fspath(source)
        scheme = _SCHEME.match(text) if isinstance(text, str) else None
        kind = scheme.group(1).lower() if scheme else "file"
        if kind in ("http", "https"):
            return HTTPDatasetSource(text)
        return LocalArtifactDatasetSource(text) if kind == "file" else OtherDatasetSource(kind, {"uri": text})
    if hasattr(source, "to_json") and hasattr(source, "_get_source_type"):
        return source
    raise InvalidArgument(f"the source {source!r} of a data set is none: expected a path, an address or a DatasetSource")


def recorded(source_type: str, source: str) -> DatasetSource:
    """The source that was recorded."""
    try:
        fields = json.loads(source)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        fields = {"source": source}
    if source_type == "code" and isinstance(fields.get("tags"), dict):
        return CodeDatasetSource(fields["tags"])
    for kind in (LocalArtifactDatasetSource, HTTPDatasetSource):
        if source_type == kind._type and isinstance(fields.get(kind._field), str):
            return kind(fields[kind._field])
    return OtherDatasetSource(source_type, fields)
