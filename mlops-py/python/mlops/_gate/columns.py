"""Columns of any library as the core takes them: bytes of 8-byte floats, or a list of texts."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timezone
from typing import Any, Union

from ..exceptions import InvalidArgument

Column = Union[bytes, "list[str]"]
# Whole numbers beyond this are not all floats: they are texts.
_EXACT = 2**53
# Units of numpy's times whose texts have no seconds.
_OF_DAYS = ("Y", "M", "W", "D", "h", "m")


def column(what: str, values: Any) -> Column:
    """One value a row: numbers, where NaN is missing, or texts, where the empty one is."""
    found = _plain(what, values)
    if hasattr(found, "dtype"):
        return _of_array(what, found)
    return _of_values(what, found)


def length(values: Column) -> int:
    """How many rows a column has."""
    return len(values) // 8 if isinstance(values, bytes) else len(values)


def values_of(values: Column) -> Any:
    """The column for a callable in Python: an array if numpy is there, else a list."""
    numpy = sys.modules.get("numpy")
    if isinstance(values, bytes):
        return numpy.frombuffer(values) if numpy is not None else list(array("d", values))
    return numpy.asarray(values) if numpy is not None else list(values)


def rounded(values: Column, kind: str | None) -> Column:
    """Numbers as floats of this type have them, such as ``float32``."""
    if kind is None or not isinstance(values, bytes):
        return values
    import numpy

    return bytes(numpy.frombuffer(values).astype(kind).astype(numpy.float64).data)


def class_name(value: Any) -> str:
    """A class as the core calls it: 1, 1.0 and True are `1`."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def texts(what: str, values: Any) -> list[str]:
    """The values as texts, such as ids: whole numbers without a point."""
    found = _plain(what, values)
    if hasattr(found, "tolist"):
        found = found.tolist()
    return [_text(value) for value in found]


def _plain(what: str, values: Any) -> Any:
    """An array of numpy, or a sequence of Python's values."""
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu().numpy()
    elif hasattr(values, "to_numpy"):
        values = _of_library(values)
    if hasattr(values, "mask") and hasattr(values, "filled"):
        # What numpy masks is missing.
        values = values.astype(float).filled(math.nan) if values.dtype.kind in "fiub" else values.tolist()
    if hasattr(values, "ndim") and hasattr(values, "dtype"):
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1:
            raise InvalidArgument(f"{what} have the shape {tuple(values.shape)}: expected one value for each row")
        return values
    if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, array, range)):
        if isinstance(values, Iterable) and not isinstance(values, (str, bytes)):
            return list(values)
        raise InvalidArgument(f"{what} are of type {type(values).__name__}: expected a list, an array or a column")
    return values


def _of_library(values: Any) -> Any:
    """A column of pandas, polars or pyarrow as an array, or as a list where numpy is not there."""
    library = type(values).__module__.partition(".")[0]
    if library == "polars" and "numpy" not in sys.modules:
        return values.to_list()
    if library == "pyarrow":
        if "numpy" not in sys.modules:
            return values.to_pylist()
        chunked = type(values).__name__ == "ChunkedArray"
        return values.to_numpy() if chunked else values.to_numpy(zero_copy_only=False)
    return values.to_numpy()


def _of_array(what: str, values: Any) -> Column:
    import numpy

    kind = values.dtype.kind
    if kind == "f" or kind == "b":
        return bytes(numpy.ascontiguousarray(values, dtype=numpy.float64).data)
    if kind in "iu":
        if len(values) and (int(values.max()) > _EXACT or int(values.min()) < -_EXACT):
            return [str(value) for value in values.tolist()]
        return bytes(numpy.ascontiguousarray(values, dtype=numpy.float64).data)
    if kind == "M":
        if numpy.datetime_data(values.dtype)[0] in _OF_DAYS:
            values = values.astype("datetime64[s]")
        return [_time(text) for text in values.astype(str).tolist()]
    if kind == "m":
        return bytes(numpy.ascontiguousarray(values / numpy.timedelta64(1, "s"), dtype=numpy.float64).data)
    if kind == "c":
        raise InvalidArgument(f"{what} are complex numbers: expected numbers or texts")
    return _of_values(what, values.tolist())


def _of_values(what: str, values: Sequence[Any]) -> Column:
    items = list(values)
    if items and isinstance(items[0], (list, tuple)):
        raise InvalidArgument(f"{what} have several values in a row: expected one value for each row")
    try:
        # None, and what pandas has for it, is no number.
        return array("d", [_number(value) for value in items]).tobytes()
    except (TypeError, OverflowError):
        return [_text(value) for value in items]


def _number(value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int):
        if abs(value) > _EXACT:
            raise OverflowError
        return float(value)
    if _is_missing(value):
        return math.nan
    if hasattr(value, "dtype") and hasattr(value, "item") and value.dtype.kind in "fiub":
        return _number(value.item())
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _time(text: str) -> str:
    """A time as ISO 8601 without zeros at its end, the same of whatever unit it is kept in; of a whole day its date."""
    if text == "NaT":
        return ""
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.removesuffix("T00:00:00")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if _is_missing(value):
        return ""
    if isinstance(value, date):
        # As an array of such times would be.
        if not isinstance(value, datetime):
            return value.isoformat()
        utc = value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo is not None else value
        return _time(utc.isoformat())
    return class_name(value)
