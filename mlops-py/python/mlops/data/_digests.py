"""Digests of tables and arrays: of their shape and their first rows, by value, whatever types the values are kept as."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# As many rows of a table, or elements of an array, as MLflow looks at.
MAX_ROWS = 10_000
# Values that are nested deeper count by their type.
_DEPTH = 32
# Up to here a float has every whole number.
_EXACT = 2**53
_AS_TEXT = {"datetime", "decimal", "fractions", "uuid", "pathlib"}


class _Hasher:
    """Takes parts one after the other; where one ends is part of what it hashes."""

    def __init__(self) -> None:
        from hashlib import blake2b

        self._hash = blake2b(digest_size=16)

    def part(self, kind: str, content: bytes | memoryview) -> None:
        size = content.nbytes if isinstance(content, memoryview) else len(content)
        self._hash.update(f"{kind}{size}:".encode())
        self._hash.update(content)

    def text(self, kind: str, text: str) -> None:
        self.part(kind, text.encode("utf-8", "surrogatepass"))

    def digest(self) -> str:
        return self._hash.hexdigest()[:8]


def frame_digest(names: Sequence[Any], columns: Iterable[Any], rows: int) -> str:
    """The digest of a table: names, number of rows, and columns, each a numpy array or a list of its first values."""
    hasher = _Hasher()
    hasher.text("rows", str(rows))
    for name, column in zip(names, columns):
        hasher.text("name", str(name))
        _column(hasher, column)
    return hasher.digest()


def array_digest(parts: Mapping[str, Any]) -> str:
    """The digest of arrays, or of dicts of arrays, by name; None stands for one that is not given."""
    hasher = _Hasher()
    for part, value in parts.items():
        arrays = value if isinstance(value, Mapping) else {"": value}
        for name, found in arrays.items():
            if found is not None:
                hasher.text("name", f"{part}.{name}")
                hasher.text("shape", str(tuple(int(size) for size in found.shape)))
                _column(hasher, found.flat[:MAX_ROWS])
    return hasher.digest()


def _column(hasher: _Hasher, column: Any) -> None:
    dtype = getattr(column, "dtype", None)
    if dtype is not None and dtype.kind in "biufc":
        numpy = sys.modules["numpy"]
        if dtype.kind in "biu" and column.size and max(-int(column.min()), int(column.max())) > _EXACT:
            _values(hasher, column.tolist())
            return
        wide = numpy.array(column, dtype="<c16" if dtype.kind == "c" else "<f8", order="C")
        # All that is no number is one thing, whatever its bits, and so is zero.
        wide[wide != wide] = numpy.nan
        wide += 0
        hasher.part("c" if dtype.kind == "c" else "f", memoryview(wide).cast("B"))
    else:
        _values(hasher, column.tolist() if dtype is not None else column)


def _values(hasher: _Hasher, column: Iterable[Any]) -> None:
    values = [_plain(value) for value in column]
    kinds = {type(value) for value in values} - {type(None)}
    whole = [value for value in values if type(value) is int]
    if kinds <= {int, bool, float} and (not whole or max(-min(whole), max(whole)) <= _EXACT):
        # A whole number is the float that it is equal to, and what is missing among numbers is NaN: which of the types a
        # library gives a column may depend on one missing value.
        numbers = (float("nan") if value is None else float(value) + 0.0 for value in values)
        hasher.part("f", _little(array("d", numbers)))
    elif kinds <= {int, bool} and None not in values and all(-(2**63) <= value < 2**63 for value in values):
        hasher.part("i", _little(array("q", values)))
    else:
        for value in values:
            _value(hasher, value, 0)


def _little(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _plain(value: Any) -> Any:
    """A value of Python for one of numpy; None for a time that is missing, one NaN for all."""
    if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    return float("nan") if isinstance(value, float) and value != value else value


def _value(hasher: _Hasher, value: Any, depth: int) -> None:
    value = _plain(value)
    # Columns of texts mark what is missing in several ways.
    if value is None or (isinstance(value, float) and value != value):
        hasher.part("n", b"")
    elif isinstance(value, (bool, int)):
        hasher.text("i", str(int(value)))
    elif isinstance(value, float):
        is_whole = value.is_integer() and abs(value) <= _EXACT
        hasher.text(*(("i", str(int(value))) if is_whole else ("f", repr(float(value)))))
    elif isinstance(value, str):
        hasher.text("s", value)
    elif isinstance(value, (bytes, bytearray)):
        hasher.part("b", bytes(value))
    elif hasattr(value, "isoformat"):
        hasher.text("t", value.isoformat())
    elif type(value).__module__ in _AS_TEXT:
        hasher.text("t", str(value))
    elif depth < _DEPTH and isinstance(value, Mapping):
        hasher.text("d", str(len(value)))
        for key in sorted(value, key=str):
            _value(hasher, key, depth + 1)
            _value(hasher, value[key], depth + 1)
    elif depth < _DEPTH and (isinstance(value, (list, tuple)) or hasattr(value, "tolist")):
        items = value if isinstance(value, (list, tuple)) else value.tolist()
        hasher.text("l", str(len(items)))
        for item in items[:MAX_ROWS]:
            _value(hasher, item, depth + 1)
    else:
        # Of a thing that nobody knows, what another process would find the same.
        hasher.text("o", type(value).__qualname__)
