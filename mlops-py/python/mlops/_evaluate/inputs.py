"""The data of an evaluation, whatever library it is of, as features, targets and the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..exceptions import InvalidArgument, Unsupported

Array = Any


@dataclass
class Inputs:
    """What the model is given, what is right, and what came with it."""

    # None: there are predictions instead of a model.
    features: Any
    targets: Array
    # The columns of a table by name: slices refer to them.
    columns: dict[str, Array]
    predictions: Array | None = None
    probabilities: Array | None = None
    weights: Array | None = None
    # What is recorded as the input of the run.
    recorded: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.targets)


def need_numpy() -> Any:
    """numpy, or an error that says who needs it."""
    try:
        import numpy
    except ImportError:
        raise Unsupported("evaluate needs the package numpy; install it") from None
    return numpy


def array(what: str, values: Any) -> Array:
    """One value a row, shape ``(n_rows,)``."""
    numpy = need_numpy()
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    elif hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu().numpy()
    found = numpy.asarray(values)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        raise InvalidArgument(f"{what} have the shape {found.shape}: expected one value for each row")
    return found


def _is_table(data: Any) -> bool:
    return hasattr(data, "columns") and not callable(data.columns) and hasattr(data, "shape")


def read(
    data: Any,
    targets: Any,
    predictions: Any = None,
    probabilities: Any = None,
    weights: Any = None,
    feature_names: Sequence[str] | None = None,
) -> Inputs:
    """Takes the data apart: ``targets``, ``predictions``, ``probabilities`` and ``weights`` are names of columns, or values."""
    numpy = need_numpy()
    recorded: dict[str, Any] = {}
    if hasattr(data, "to_dict") and hasattr(data, "digest"):
        # A data set of mlops.data.
        recorded["dataset"] = data
        targets = data.targets if targets is None else targets
        predictions = getattr(data, "predictions", None) if predictions is None else predictions
        data = data.df if hasattr(data, "df") else data.features
    if isinstance(data, Mapping):
        data = _table_of(data)
    elif isinstance(data, (list, tuple)):
        data = numpy.asarray(data)
    recorded.setdefault("data", data)
    used: list[str] = []

    def part(what: str, given: Any, many: bool = False) -> Array | None:
        if given is None:
            return None
        names = [given] if isinstance(given, str) else given
        named = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
        if many and not named:
            return numpy.asarray(given.to_numpy() if hasattr(given, "to_numpy") else given)
        if not isinstance(given, str) and not many:
            return array(what, given)
        if not _is_table(data):
            raise InvalidArgument(f"{what} is {given!r}, and the data has no columns: expected values, or data in a table")
        known = [str(name) for name in data.columns]
        for name in names:
            if name not in known:
                expected = ", ".join(known[:30])
                raise InvalidArgument(f"{what} is {name!r}, and the data has no such column: expected one of {expected}")
        used.extend(names)
        if many and len(names) > 1:
            return numpy.column_stack([array(what, data[name]) for name in names])
        return array(what, data[names[0]])

    truth = part("targets", targets)
    if truth is None:
        raise InvalidArgument("evaluate got no targets: name a column of the data, or give the values")
    found = part("predictions", predictions, many=True)
    chances = part("probabilities", probabilities, many=True)
    weighed = part("sample_weights", weights)
    columns = {str(name): array("a column", data[name]) for name in data.columns} if _is_table(data) else {}
    features = data
    if _is_table(data):
        kept = list(feature_names) if feature_names is not None else [name for name in data.columns if name not in used]
        features = data[kept]
    rows = len(truth)
    if rows == 0:
        raise InvalidArgument("the data has no rows: there is nothing to evaluate")
    for what, values in (("data", features), ("predictions", found), ("probabilities", chances), ("sample_weights", weighed)):
        if values is not None and _rows(values) != rows:
            raise InvalidArgument(f"{what} and targets have {_rows(values)} and {rows} rows: expected as many")
    if weighed is not None and (weighed.dtype.kind not in "iufb" or bool((weighed < 0).any()) or not weighed.sum() > 0):
        raise InvalidArgument("sample_weights are not all numbers from 0 on, with one above 0")
    if isinstance(targets, str):
        recorded["targets"] = targets
    elif not _is_table(data):
        recorded["targets"] = truth
    if isinstance(predictions, str):
        recorded["predictions"] = predictions
    return Inputs(features, truth, columns, found, chances, weighed, recorded)


def _rows(values: Any) -> int:
    return int(values.shape[0]) if hasattr(values, "shape") else len(values)


def _table_of(data: Mapping[str, Any]) -> Any:
    try:
        import pandas
    except ImportError:
        raise Unsupported("a dict of columns needs the package pandas; install it, or give an array") from None
    return pandas.DataFrame(dict(data))
