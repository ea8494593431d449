"""What ``log`` is given, as what is stored: all of it is looked at before any of it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from numbers import Number
from typing import Any, NamedTuple

from .. import _media, _native
from .._convert import _size, metric_value
from ._data import Image
from ._flat import joined, leaves


class Value(NamedTuple):
    """One logged value: a metric's number, or media; ``said`` is what the summary shows of it, None for what it has not.
    ``media`` are keys, kinds and contents."""

    path: tuple[str, ...]
    said: Any
    number: float | None = None
    media: tuple[tuple[str, str, bytes], ...] = ()


def prepared(data: Mapping[str, Any], kept: bool) -> dict[str, Value]:
    """The values of a call by their joined keys, without those that are None. What cannot be stored is an error. With
    ``kept`` False nothing is encoded: they are for the summary alone."""
    found: dict[str, Value] = {}
    for key, (path, given) in joined(leaves(data)).items():
        value = given if type(given) is float else element(given)
        if value is None:
            continue
        if is_number(value):
            _series(key)
            found[key] = Value(path, value, metric_value(key, value))
        else:
            made = tuple(_encoded(key + end, media) for end, media in pieces(value)) if kept else ()
            found[key] = Value(path, _said(value), None, made)
    return found


def element(value: Any) -> Any:
    """The one element of an array or tensor of that size, as Python has it; a date as its text; all else as it is."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if not hasattr(value, "ndim") or _size(value) != 1:
        return value
    if not hasattr(value, "item") and hasattr(value, "numpy"):
        value = value.numpy()
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in ("M", "m"):
        return str(value) if value.ndim == 0 else str(value.ravel()[0])
    return value.item() if hasattr(value, "item") else value


def is_number(value: Any) -> bool:
    """Whether it is a metric's value."""
    return isinstance(value, (bool, int, float)) or (isinstance(value, Number) and not isinstance(value, complex))


def plain(value: Any) -> Any:
    """A value as JSON has it; what JSON has not is its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(one) for one in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def pieces(value: Any) -> list[tuple[str, _media.Media]]:
    """What a value that is no number is logged as: the ends of keys, and media."""
    if _is_media_list(value):
        return [piece for one in value for piece in pieces(one)]
    if isinstance(value, Image) and value.caption:
        return [("", value), (".caption", _media.Text(value.caption))]
    if isinstance(value, (list, tuple, dict, set)):
        return [("", _media.Text(json.dumps(plain(value), ensure_ascii=False)))]
    return [("", _media.media(value))]


def _is_media_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(one, _media.Media) for one in value)


def _encoded(key: str, value: _media.Media) -> tuple[str, str, bytes]:
    return _series(key), value.kind, value.encode()


@lru_cache(maxsize=4096)
def _series(key: str) -> str:
    """The key, if the core says that it is one that a series may have."""
    return _native.series_key(key, [])


def _said(value: Any) -> Any:
    """Texts and lists are what was said last; images, tables and histograms are read with ``mlops.media_history``."""
    if isinstance(value, _media.Text):
        return value.text
    if isinstance(value, str):
        return value
    return plain(value) if isinstance(value, (list, tuple, dict, set)) and not _is_media_list(value) else None
