"""Arguments of any library as the core takes them, or an error that names the argument."""

from __future__ import annotations

import operator
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, Union

from .._gate.columns import Column, class_name, column, length
from ..exceptions import InvalidArgument

# Probabilities row by row as bytes, and how many classes there are.
Said = Union[Column, "tuple[bytes, int]"]
MOST = 2**63 - 1
MOST_OF_32 = 2**32 - 1


def refuse(what: str, value: Any, expected: str) -> NoReturn:
    """An argument that cannot be used."""
    shown = repr(value)
    raise InvalidArgument(f"{what} is {shown if len(shown) <= 80 else shown[:77] + '...'}: expected {expected}")


def real(what: str, value: Any) -> float:
    """A number."""
    try:
        if isinstance(value, (str, bytes, bytearray)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        refuse(what, value, "a number")


def count(what: str, value: Any, most: int = MOST) -> int:
    """A whole number that is not below 0."""
    try:
        found = operator.index(value)
    except TypeError:
        refuse(what, value, "a whole number")
    if not 0 <= found <= most:
        refuse(what, value, f"a whole number from 0 to {most}")
    return found


def pair(what: str, value: Any) -> tuple[int, int]:
    """A count and of how many."""
    try:
        first, second = value
    except (TypeError, ValueError):
        refuse(what, value, "a pair: how many, and of how many")
    return count(f"the count of {what}", first), count(f"n of {what}", second)


def numbers(what: str, values: Any) -> bytes:
    """A list of numbers; what is missing is NaN, which the core refuses."""
    found = column(what, values)
    if isinstance(found, bytes):
        return found
    refuse(what, found[0] if found else found, "numbers")


def said(what: str, values: Any, classes: Sequence[Any] | None) -> tuple[Said, list[Any] | None]:
    """What a model said, and the classes that its probabilities are of, where it says so: a column, a dict of classes with a
    column each, or an array (n_rows, n_classes)."""
    if isinstance(values, Mapping):
        names = sorted(values, key=_order) if classes is None else list(classes)
        if {class_name(name) for name in names} != {class_name(name) for name in values}:
            refuse("classes", classes, f"those that {what} have probabilities of, {list(values)}")
        columns = {class_name(name): numbers(f"{what} of {name!r}", of) for name, of in values.items()}
        if len({len(of) for of in columns.values()}) != 1:
            refuse(what, {name: length(of) for name, of in columns.items()}, "as many probabilities of each class")
        by_class = [array("d", columns[class_name(name)]) for name in names]
        return (array("d", [value for row in zip(*by_class) for value in row]).tobytes(), len(names)), names
    rows = _table(what, values)
    return (column(what, values), None) if rows is None else (rows, None)


def _table(what: str, values: Any) -> tuple[bytes, int] | None:
    """Numbers row by row, and how many a row has; None if it is no table."""
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu().numpy()
    elif hasattr(values, "columns") and hasattr(values, "to_numpy"):
        no_numpy = "numpy" not in sys.modules and hasattr(values, "rows")
        values = list(values.rows()) if no_numpy else values.to_numpy()
    if hasattr(values, "ndim") and hasattr(values, "dtype"):
        if values.ndim != 2 or values.shape[1] == 1:
            return None
        return numbers(what, values.reshape(-1)), int(values.shape[1])
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence) or not len(values):
        return None
    if not all(_is_row(row) for row in values):
        return None
    width = len(values[0])
    ragged = next((at for at, row in enumerate(values) if len(row) != width), None)
    if ragged is not None:
        refuse(f"row {ragged + 1} of {what}", list(values[ragged]), f"{width} numbers, as many as in the first")
    return numbers(what, [value for row in values for value in row]), width


def pairs(what: str, values: Any) -> bytes:
    """Five pairs of numbers, one after the other."""
    expected = "five pairs, of both halves of five splits"
    table = _table(what, values if hasattr(values, "dtype") or not isinstance(values, Iterable) else list(values))
    if table is None or table[1] != 2 or len(table[0]) != 80:
        refuse(what, values, expected)
    return table[0]


def _order(name: Any) -> tuple[bool, float, str]:
    """As the core orders classes: numbers by size, then texts."""
    is_text = isinstance(name, str)
    return is_text, 0.0 if is_text else real("a class", name), class_name(name)


def _is_row(row: Any) -> bool:
    return hasattr(row, "__len__") and hasattr(row, "__iter__") and not isinstance(row, (str, bytes, Mapping))
