"""Metric values, steps and columns, from what users have to what the core takes."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from typing import Any

from .exceptions import InvalidArgument


def metric_value(key: str, value: Any) -> float:
    """A float from a number, a truth value, a numeric text or an array of one element."""
    if type(value) is float:
        return value
    if isinstance(value, complex):
        raise TypeError(f"the value of metric `{key}` is complex: {value!r}; log its parts as metrics of their own")
    if value is None or isinstance(value, (bytes, bytearray)):
        raise InvalidArgument(f"the value of metric `{key}` is {value!r}: expected a number")
    try:
        if getattr(value, "size", 1) != 1:
            raise InvalidArgument(f"the value of metric `{key}` has {value.size} elements: expected one number")
        if hasattr(value, "item"):
            return metric_value(key, value.item())
        return float(value)
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"the value of metric `{key}` is {value!r}: expected a number") from None


def whole(what: str, value: Any) -> int:
    """A whole number of 64 bits."""
    if type(value) is not int:
        number = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
        if isinstance(number, (bool, int)):
            value = int(number)
        elif isinstance(number, float) and number.is_integer():
            value = int(number)
        else:
            raise InvalidArgument(f"{what} is {value!r}: expected a whole number")
    if not -(2**63) <= value < 2**63:
        raise InvalidArgument(f"{what} is {value}: expected a whole number of 64 bits")
    return int(value)


def timestamp(value: Any) -> int | None:
    """Microseconds from milliseconds; None stays None, for now."""
    if value is None:
        return None
    millis = whole("the timestamp", value)
    if not 0 <= millis < 2**53:
        raise InvalidArgument(f"the timestamp is {millis}: expected milliseconds since 1970, not negative")
    return millis * 1000


def column(what: str, values: Any, kind: str) -> bytes:
    """The bytes of a column of 8-byte numbers: ``q`` integers, ``d`` floats. Arrays are taken as they are."""
    if values is None:
        return b""
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(values, "__array__"):
        found = numpy.asarray(values)
        if found.ndim != 1:
            raise InvalidArgument(f"{what} has {found.ndim} dimensions: expected one")
        if kind == "q" and found.dtype.kind not in "iub":
            if found.dtype.kind != "f" or not (numpy.isfinite(found).all() and (found == numpy.floor(found)).all()):
                raise InvalidArgument(f"{what} has the type {found.dtype}: expected whole numbers")
        elif found.dtype.kind not in "iubf":
            raise InvalidArgument(f"{what} has the type {found.dtype}: expected numbers")
        return bytes(numpy.ascontiguousarray(found, dtype=numpy.int64 if kind == "q" else numpy.float64).tobytes())
    if isinstance(values, array) and values.typecode == kind:
        return values.tobytes()
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
        raise InvalidArgument(f"{what} is {values!r}: expected a sequence of numbers")
    if kind == "q":
        return array("q", [whole(what, value) for value in values]).tobytes()
    return array("d", [metric_value(what, value) for value in values]).tobytes()


def column_out(data: bytes, kind: str) -> Any:
    """A column for the user: a numpy array if numpy is imported, else an array of the standard library."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        return numpy.frombuffer(data, dtype=numpy.int64 if kind == "q" else numpy.float64)
    numbers = array(kind)
    numbers.frombytes(data)
    return numbers


def tag_items(tags: Any) -> list[tuple[str, str]]:
    """Tags as pairs of text."""
    return [(str(key), str(value)) for key, value in (tags or {}).items()]


def text_key(what: str, key: Any) -> str:
    """A key as it is; anything but text is refused."""
    if not isinstance(key, str):
        raise InvalidArgument(f"the {what} {key!r} is no text")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"the {what} {key!r} is no valid text") from None
    return key
