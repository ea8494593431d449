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
        if dtype.kind in "biu":
            hasher.part("i", memoryview(numpy.ascontiguousarray(column, dtype="<i8")).cast("B"))
            return
        wide = numpy.array(column, dtype="<c16" if dtype.kind == "c" else "<f8", order="C")
        # All that is no number is one thing, whatever its bits.
        wide[wide != wide] = numpy.nan
        hasher.part(dtype.kind, memoryview(wide).cast("B"))
        return
    values = [_plain(value) for value in (column.tolist() if dtype is not None else column)]
    kinds = {type(value) for value in values}
    if values and kinds <= {int, bool} and all(-(2**63) <= value < 2**63 for value in values):
        hasher.part("i", _little(array("q", values)))
    elif float in kinds and kinds <= {float, type(None)}:
        # Among floats, what is missing is NaN, as pandas has it.
        hasher.part("f", _little(array("d", [float("nan") if value is None else value for value in values])))
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
        hasher.text("f", repr(float(value)))
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
