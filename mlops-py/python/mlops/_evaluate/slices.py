"""Slices: parts of the data, each with metrics of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..exceptions import InvalidArgument
from .inputs import Inputs, need_numpy

Array = Any

# Most values of a column that make a slice each; of numbers more than the second become quarters.
_VALUES = 50
_NUMBERS = 20


def masks(slices: Sequence[Any], inputs: Inputs, data: Any) -> list[tuple[str, Array]]:
    """Name and chosen rows of each slice. A slice is a column (a part for each of its values, of many numbers for each
    quarter), a function of the data that chooses rows, or a dict: ``{"name": ..., "where": function or mask}``, or columns
    with the value that they must have."""
    if isinstance(slices, (str, Mapping)) or callable(slices):
        slices = [slices]
    found: list[tuple[str, Array]] = []
    for at, one in enumerate(slices, start=1):
        if isinstance(one, str):
            found += _of_column(one, inputs)
        elif isinstance(one, Mapping):
            found.append(_of_dict(dict(one), inputs, data))
        elif callable(one):
            name = getattr(one, "__name__", type(one).__name__)
            found.append((f"slice {at}" if name == "<lambda>" else name, _chosen(one, inputs, data)))
        else:
            raise InvalidArgument(f"the slice {one!r} is not valid: expected a column, a dict or a function")
    seen: set[str] = set()
    for name, _ in found:
        if name in seen:
            raise InvalidArgument(f"two slices have the name {name!r}: give each its own")
        seen.add(name)
    return found


def _column(name: str, inputs: Inputs) -> Array:
    if name not in inputs.columns:
        known = ", ".join(list(inputs.columns)[:30]) or "none, since it is no table"
        raise InvalidArgument(f"the slice {name!r} is no column of the data; its columns: {known}")
    return inputs.columns[name]


def _of_column(name: str, inputs: Inputs) -> list[tuple[str, Array]]:
    numpy = need_numpy()
    values = _column(name, inputs)
    missing = numpy.asarray([value is None or value != value for value in values.tolist()])
    listed = sorted(set(values[~missing].tolist()), key=lambda value: (str(type(value)), value))
    found: list[tuple[str, Array]]
    if values.dtype.kind in "iuf" and len(listed) > _NUMBERS:
        bounds = numpy.quantile(values[~missing], [0, 0.25, 0.5, 0.75, 1])
        found = []
        for at, (low, high) in enumerate(zip(bounds, bounds[1:])):
            last = at == 3
            chosen = (values >= low) & ((values <= high) if last else (values < high))
            found.append((f"{name}=[{low:g}, {high:g}{']' if last else ')'}", chosen))
    elif len(listed) > _VALUES:
        raise InvalidArgument(
            f"the column {name!r} has {len(listed)} values, above {_VALUES}: give a function that makes fewer slices"
        )
    else:
        found = [(f"{name}={value}", values == value) for value in listed]
    if missing.any():
        found.append((f"{name} missing", missing))
    return found


def _of_dict(one: dict[str, Any], inputs: Inputs, data: Any) -> tuple[str, Array]:
    numpy = need_numpy()
    name = one.pop("name", None)
    if "where" in one:
        where = one.pop("where")
        if one or not isinstance(name, str):
            raise InvalidArgument('a slice with "where" has a "name" beside it, and nothing else')
        return name, _chosen(where, inputs, data)
    if not one:
        raise InvalidArgument('a slice of a dict has "where", or columns with their values')
    chosen = numpy.ones(len(inputs), dtype=bool)
    for column, value in one.items():
        chosen &= _column(str(column), inputs) == value
    return str(name or ", ".join(f"{column}={value}" for column, value in one.items())), chosen


def _chosen(where: Any, inputs: Inputs, data: Any) -> Array:
    numpy = need_numpy()
    mask = where(data) if callable(where) else where
    mask = numpy.asarray(mask.to_numpy() if hasattr(mask, "to_numpy") else mask)
    if mask.shape != (len(inputs),) or mask.dtype.kind != "b":
        raise InvalidArgument(
            f"a slice chooses rows by {mask.dtype} of shape {mask.shape}: expected True or False for each of"
            f" {len(inputs)} rows"
        )
    return mask


def table(
    found: list[tuple[str, Array]], metrics: Callable[[Array], Mapping[str, float]], whole: Mapping[str, float]
) -> dict[str, list[Any]]:
    """A row for each slice: its name, the number of its rows, and its metrics; None for what it has not."""
    names = [name for name in whole if name != "example_count"]
    columns: dict[str, list[Any]] = {"slice": [], "example_count": [], **{name: [] for name in names}}
    for name, chosen in found:
        count = int(chosen.sum())
        columns["slice"].append(name)
        columns["example_count"].append(count)
        values = metrics(chosen) if count else {}
        for metric in names:
            columns[metric].append(values.get(metric))
    return columns
