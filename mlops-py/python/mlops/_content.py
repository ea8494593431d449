"""The bytes of artifacts: texts, JSON, YAML, figures, images."""

from __future__ import annotations

import os
from typing import Any

from . import _native
from ._convert import path_text
from .exceptions import InvalidArgument, NotFound, Unsupported


def text_bytes(text: Any, what: str) -> bytes:
    """A text in UTF-8."""
    if not isinstance(text, str):
        raise InvalidArgument(f"{what} is of type {type(text).__name__}: expected text")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{what} cannot be written in UTF-8: {error.reason} at character {error.start}") from None


def dict_bytes(value: Any, artifact_file: str) -> bytes:
    """YAML for a path that ends in .yml or .yaml, else JSON."""
    import json

    try:
        # JSON is YAML too: without the package PyYAML it is only less pretty.
        plain = json.dumps(value, indent=2, default=_plain)
        if _is_yaml(artifact_file):
            try:
                import yaml
            except ImportError:
                pass
            else:
                try:
                    plain = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
                except yaml.YAMLError:
                    plain = yaml.safe_dump(json.loads(plain), sort_keys=False, allow_unicode=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"the value of `{artifact_file}` cannot be stored: {error}") from None
    return text_bytes(plain, f"the value of `{artifact_file}`")


def dict_value(content: bytes, artifact_file: str) -> Any:
    """What :func:`dict_bytes` stored."""
    import json

    text = content.decode()
    if _is_yaml(artifact_file):
        try:
            import yaml
        except ImportError:
            try:
                return json.loads(text)
            except ValueError:
                raise Unsupported(f"reading `{artifact_file}` needs the package PyYAML; install it") from None
        return yaml.safe_load(text)
    return json.loads(text)


def figure_bytes(figure: Any, artifact_file: str, save_kwargs: dict[str, Any] | None) -> bytes:
    """A matplotlib or plotly figure in the format that the ending of the path names."""
    import io

    ending = _ending(artifact_file) or "png"
    options = save_kwargs or {}
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, **{"format": ending, **options})
        return buffer.getvalue()
    if not hasattr(figure, "write_html"):
        raise InvalidArgument(f"cannot store a figure of type {type(figure).__name__}: expected matplotlib or plotly")
    if ending in ("html", "htm"):
        return bytes(figure.to_html(**{"include_plotlyjs": "cdn", **options}).encode())
    return bytes(figure.to_image(**{"format": ending, **options}))


def image_bytes(image: Any, artifact_file: str) -> bytes:
    """An image in the format that the ending of the path names."""
    from ._images import encoded, to_pil

    return encoded(to_pil(image), _ending(artifact_file) or "png")


def image_files(
    image: Any, artifact_file: str | None, key: str | None, step: int | None, timestamp: int | None
) -> list[tuple[str, bytes]]:
    """The files of an image: at a path, or under a key at a step."""
    if artifact_file is not None:
        if key is not None or step is not None or timestamp is not None:
            raise InvalidArgument("an image has an artifact_file, or a key with a step and a timestamp, not both")
        path = path_text("artifact_file", artifact_file)
        return [(path, image_bytes(image, path))]
    if key is None:
        raise InvalidArgument("an image needs a place: give artifact_file, or key (and step)")
    from time import time

    from ._convert import text_key, whole
    from ._images import keyed_files, to_pil

    at = int(time() * 1000) if timestamp is None else whole("the timestamp", timestamp)
    return keyed_files(to_pil(image), text_key("key of an image", key), 0 if step is None else whole("the step", step), at)


# What is read of a stream at a time, and what of it is kept in memory, in bytes.
_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20


def log_stream(run: _native.Run, stream: Any, artifact_file: str) -> None:
    """Stores what a binary stream gives, in bounded memory."""
    import shutil
    import tempfile

    artifact_file = path_text("artifact_file", artifact_file)
    read = getattr(stream, "read", None)
    if read is None:
        raise InvalidArgument(f"cannot read a stream of type {type(stream).__name__}: expected a binary file")
    head = bytearray()
    while len(head) <= _IN_MEMORY:
        chunk = _chunk(read(_CHUNK))
        if not chunk:
            run.log_bytes(artifact_file, bytes(head))
            return
        head += chunk
    folder = tempfile.mkdtemp(prefix="mlops-")
    try:
        place = os.path.join(folder, "stream")
        with open(place, "wb") as file:
            file.write(head)
            head.clear()
            while chunk := _chunk(read(_CHUNK)):
                file.write(chunk)
        run.log_file(artifact_file, place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _chunk(chunk: Any) -> bytes:
    if chunk is None:
        raise InvalidArgument("the stream has nothing to read at this moment: expected one that waits")
    if not isinstance(chunk, (bytes, bytearray, memoryview)):
        raise InvalidArgument(f"the stream gives {type(chunk).__name__}: expected bytes; open it in binary mode")
    return bytes(chunk)


def artifact_folder(given: Any) -> str | None:
    """The folder of a run's artifacts that a call names, if it names one."""
    return None if given is None else path_text("artifact_path", given)


class LocalFileNotFound(NotFound, FileNotFoundError):
    """A local file or folder does not exist: what MLflow's users catch as ``FileNotFoundError``."""


def _shown(path: str) -> str:
    """A path as a text that can be printed: bytes that are no UTF-8 are escaped."""
    return path.encode("utf-8", "backslashreplace").decode()


def existing_folder(local_dir: Any) -> str:
    """The path of a local folder that is there."""
    folder = path_text("local_dir", local_dir)
    if not os.path.isdir(folder):
        raise LocalFileNotFound(f"local folder `{_shown(folder)}` does not exist")
    return folder


def existing_path(local_path: Any) -> str:
    """The path of a local file or folder that is there."""
    path = path_text("local_path", local_path)
    if not os.path.lexists(path):
        raise LocalFileNotFound(f"local file `{_shown(path)}` does not exist")
    return path


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lstrip(".").lower()


def _is_yaml(path: str) -> bool:
    return _ending(path) in ("yml", "yaml")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON: {value!r}")
