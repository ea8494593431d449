"""Values that are no numbers, as artifacts whose path follows from what they are: brought twice, they are one."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from pathlib import Path

from .. import _native
from .._mlflow_import._types import Piece
from ..exceptions import InvalidArgument

_ENDINGS = {"text": "txt", "table": "table.json", "histogram": "histogram.json"}
_IMAGES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"RIFF": "webp"}
_ESCAPED = frozenset('%\\":*?<>|')


def piece(path: str, content: bytes, read: Callable[[], bytes] | None = None) -> Piece:
    """An artifact of this content. With ``read``, the content is not held, but made again when it is needed."""
    return Piece(path, Path(), _digest(content), read or (lambda: content), len(content))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def media(key: str, kind: str, step: int, number: int, content: bytes, read: Callable[[], bytes] | None = None) -> Piece:
    """A value of a series of media, such as `log_media` makes: its path says key, step and kind. ``number`` counts the values
    of a key and step."""
    problem = unusable(key)
    if problem:
        raise InvalidArgument(problem)
    _native.check_media(kind, content)
    ending = _ENDINGS.get(kind) or next((end for begin, end in _IMAGES.items() if content.startswith(begin)), "svg")
    return _checked(f"media/{folder(key)}/{step:012}-{number:06}{_digest(content)}.{ending}", content, read)


def sound(key: str, step: int, number: int, content: bytes, read: Callable[[], bytes] | None = None) -> Piece:
    """An audio file; series of media have none."""
    return _checked(f"audio/{folder(key)}/{step:012}-{number:06}{_digest(content)}.wav", content, read)


def _checked(path: str, content: bytes, read: Callable[[], bytes] | None) -> Piece:
    problem = unusable_path(path)
    if problem:
        raise InvalidArgument(problem)
    return piece(path, content, read)


def folder(key: str) -> str:
    """A key as a folder, as the core writes it (`runs/media/path.rs`)."""
    return "/".join(_part(part) for part in key.split("/"))


def _part(part: str) -> str:
    if not part:
        return "%-"
    dots = set(part) == {"."}
    return "".join(
        "".join(f"%{byte:02x}" for byte in sign.encode()) if dots or sign in _ESCAPED else sign for sign in part
    )


def unusable(key: str) -> str | None:
    """Why a name can be no key of a param, tag or metric; None if it can be."""
    if not key.strip():
        return f"the name {key!r} is blank"
    if len(key.encode("utf-8", "replace")) > 500:
        return f"the name {key[:40]!r}... has more than 500 bytes"
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in key):
        return f"the name {key[:80]!r} has control characters"
    return None


def unusable_path(path: str) -> str | None:
    """Why a path can be no artifact's; None if it can be."""
    if "\\" in path or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in path):
        return "its name has a backslash, control characters or bytes that are no UTF-8"
    if len(path.encode()) > 750 or any(len(part.encode()) > 255 for part in path.split("/")):
        return "its path has more than 750 bytes, or a part of it more than 255"
    if path[1:2] == ":" or any(part in ("", ".", "..") for part in path.split("/")):
        return "its path has an empty part, `.`, `..` or the name of a drive"
    return None
