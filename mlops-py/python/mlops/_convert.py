"""Metric values, steps and columns, from what users have to what the core takes."""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from .exceptions import InvalidArgument, LimitExceeded


def metric_value(key: str, value: Any) -> float:
    """A float from a number, a truth value, a numeric text or an array of one element."""
    if type(value) is float:
        return value
    try:
        if _size(value) != 1:
            raise InvalidArgument(f"the value of metric `{key}` has {_size(value)} elements: expected one number")
        number = value.item() if hasattr(value, "item") else value
        if number is None or isinstance(number, (bytes, bytearray)):
            raise TypeError
        return float(number)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InvalidArgument):
            raise
        shown = _shown(value)
        expected = "a number within the range of a float" if isinstance(error, OverflowError) else "a number"
        raise InvalidArgument(f"the value of metric `{key}` is {shown}: expected {expected}") from None


def _size(value: Any) -> int:
    """How many elements a value has: that of an array, or of a tensor of PyTorch, whose ``size`` is a method."""
    size = getattr(value, "size", 1)
    return int(value.numel()) if callable(size) and hasattr(value, "numel") else size if isinstance(size, int) else 1


def whole(what: str, value: Any) -> int:
    """A whole number of 64 bits."""
    if type(value) is not int:
        number = value.item() if hasattr(value, "item") and _size(value) == 1 else value
        if isinstance(number, (bool, int)):
            value = int(number)
        elif isinstance(number, float) and number.is_integer():
            value = int(number)
        else:
            raise InvalidArgument(f"{what} is {value!r}: expected a whole number")
    if not -(2**63) <= value < 2**63:
        raise InvalidArgument(f"{what} is {value}: expected a whole number of 64 bits")
    return int(value)


def count(what: str, value: Any) -> int:
    """A whole number that is not negative."""
    number = whole(what, value)
    if number < 0:
        raise InvalidArgument(f"{what} is {number}: expected a whole number from 0 on")
    return number


def count_or_none(what: str, value: Any) -> int | None:
    """A whole number that is not negative and may be left out."""
    return None if value is None else count(what, value)


def to_call(what: str, given: Any) -> Any:
    """Something to call, such as a function."""
    if not callable(given):
        raise InvalidArgument(f"{what} is {_shown(given)}, of type {type(given).__name__}: expected something to call")
    return given


def seconds(what: str, value: Any) -> float:
    """A number of seconds, which may be infinite."""
    number = value if isinstance(value, (int, float)) else getattr(value, "item", lambda: None)()
    if not isinstance(number, (int, float)) or number != number:
        raise InvalidArgument(f"{what} is {_shown(value)}: expected a number of seconds")
    return float(number)


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
        if found.dtype.kind not in "iubf":
            raise InvalidArgument(f"{what} has the type {found.dtype}: expected numbers")
        if kind == "d":
            return bytes(numpy.ascontiguousarray(found, dtype=numpy.float64).tobytes())
        whole_numbers = found.dtype.kind != "f" or bool((found == numpy.floor(found)).all())
        if not whole_numbers or not bool(((found >= -(2.0**63)) & (found < 2.0**63)).all()):
            raise InvalidArgument(f"{what} has the type {found.dtype}: expected whole numbers of 64 bits")
        return bytes(numpy.ascontiguousarray(found, dtype=numpy.int64).tobytes())
    if isinstance(values, array) and values.typecode == kind:
        return values.tobytes()
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
        raise InvalidArgument(f"{what} is {values!r}: expected a sequence of numbers")
    if kind == "q":
        return array("q", [whole(what, value) for value in values]).tobytes()
    return array("d", [metric_value(what, value) for value in values]).tobytes()


def _micros_of(time_unit: str) -> int:
    """How many microseconds a unit of time has."""
    if time_unit not in ("ms", "us"):
        raise InvalidArgument(f"time_unit is {time_unit!r}: expected `ms` or `us`")
    return 1000 if time_unit == "ms" else 1


def time_column(times: Any, time_unit: str) -> bytes:
    """The bytes of a column of microseconds."""
    micros = _micros_of(time_unit)
    data = column("timestamps", times, "q")
    if not data:
        return data
    numbers = memoryview(data).cast("q")
    for edge in (min(numbers), max(numbers)):
        timestamp(edge * micros // 1000)
    return data if micros == 1 else array("q", [number * micros for number in numbers]).tobytes()


def times_out(data: bytes, time_unit: str) -> Any:
    """A column of microseconds in another unit, as :func:`column_out` gives it."""
    micros = _micros_of(time_unit)
    times = column_out(data, "q")
    if micros == 1:
        return times
    return array("q", [at // micros for at in times]) if isinstance(times, array) else times // micros


def column_out(data: bytes, kind: str) -> Any:
    """A column for the user: a numpy array if numpy is imported, else an array of the standard library."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        return numpy.frombuffer(data, dtype=numpy.int64 if kind == "q" else numpy.float64)
    numbers = array(kind)
    numbers.frombytes(data)
    return numbers


def items(what: str, given: Any) -> Iterable[tuple[Any, Any]]:
    """The pairs of a mapping, or of what has pairs as one has, such as a Series of pandas."""
    if isinstance(given, type) or not callable(getattr(given, "items", None)):
        raise InvalidArgument(f"{what} is of type {type(given).__name__}: expected a dict")
    pairs: Iterable[tuple[Any, Any]] = given.items()
    return pairs


def tag_items(tags: Any) -> list[tuple[str, str]]:
    """Tags as pairs of text."""
    return [] if tags is None else [one_tag(key, value) for key, value in items("tags", tags)]


def one_tag(key: Any, value: Any) -> tuple[str, str]:
    """A tag as a pair of texts; that of a run's name is a name."""
    name, value = text_key("tag name", key), str(value)
    return name, checked_run_name(f"the tag {name}", value) if name == "mlflow.runName" else value


def checked_run_name(what: str, given: Any) -> str:
    """A name as ``start_run`` takes it."""
    name = text(what, given)
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > 500:
        raise LimitExceeded(f"{what} is {size} bytes, over the limit of 500")
    # Control characters end at 31, and are 127 to 159.
    if not name or any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in name):
        raise InvalidArgument(f"{what} is {_shown(name)}: expected 1 to 500 bytes of text without control characters")
    return name


def ids(given: Any) -> list[str]:
    """Ids, names or keys as texts; one may stand without a list."""
    if given is None:
        return []
    if isinstance(given, (str, int)):
        return [str(given)]
    return [str(one) for one in sequence("a list of texts", given)]


def sequence(what: str, given: Any) -> list[Any]:
    """The elements of a list or of what else is iterated over; a mapping is none."""
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        raise InvalidArgument(f"{_shown(given)} is of type {type(given).__name__}: expected {what}")
    return list(given)


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."


def text(what: str, given: Any) -> str:
    """A text argument as it is."""
    if not isinstance(given, str):
        raise InvalidArgument(f"{what} is {_shown(given)}, of type {type(given).__name__}: expected text")
    return given


def text_or_none(what: str, given: Any) -> str | None:
    """A text argument that may be left out."""
    return None if given is None else text(what, given)


def path_text(what: str, given: Any) -> str:
    """A path as text."""
    try:
        found = os.fspath(given)
    except TypeError:
        found = None
    if not isinstance(found, str):
        raise InvalidArgument(f"{what} is {_shown(given)}, of type {type(given).__name__}: expected a path as text")
    return found


def view(what: str, given: Any) -> int:
    """One of :class:`ViewType`."""
    if not isinstance(given, int) or not 0 < given < 4:
        raise InvalidArgument(
            f"{what} is {_shown(given)}, of type {type(given).__name__}: expected 1 (active only), 2 (deleted only) or 3 (all),"
            " as in mlops.entities.ViewType"
        )
    return int(given)


def text_key(what: str, key: Any) -> str:
    """A key as it is; anything but text is refused."""
    if not isinstance(key, str):
        raise InvalidArgument(f"the {what} {key!r} is no text: it is of type {type(key).__name__}")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"the {what} {key!r} is no valid text") from None
    return key
