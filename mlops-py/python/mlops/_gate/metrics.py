"""Metrics of one's own for a gate."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any, Literal

from ..exceptions import InvalidArgument
from .columns import Column, column, length

Takes = Literal["predictions", "probabilities"]


class GateMetric:
    """A metric of one's own: what :func:`gate_metric` makes. As text it is its name in a definition, such as ``own:profit``."""

    def __init__(
        self, function: Callable[..., Any], name: str, greater_is_better: bool, per_row: bool | None, takes: Takes
    ) -> None:
        self.function = function
        self.name = name
        self.greater_is_better = greater_is_better
        self.per_row = per_row
        self.takes = takes

    def __str__(self) -> str:
        return f"{'own' if self.greater_is_better else 'own_loss'}:{self.name}"

    def __repr__(self) -> str:
        return f"<GateMetric {self}>"

    def __call__(self, targets: Any, predictions: Any) -> Any:
        return self.function(targets, predictions)


def gate_metric(
    function: Callable[[Any, Any], Any],
    *,
    name: str | None = None,
    greater_is_better: bool = True,
    per_row: bool | None = None,
    takes: Takes = "predictions",
) -> GateMetric:
    """A metric of your own for a gate: ``function(targets, predictions)`` gives a value for each row, whose mean is the
    metric, or one number, which is taken again for the rows of each resample.

    per_row: which of both it gives; found out by calling it where it is left out. takes: ``"predictions"``, labels or
    numbers, or ``"probabilities"``, of the positive class, or a column for each of more than two. What it raises, and NaN, is
    a verdict ``error`` with the reason, never a pass.

    >>> import mlops
    >>> def profit(targets, predictions):
    ...     return (targets == predictions) * 5.0 - 1.0
    >>> mlops.gate_metric(profit)
    <GateMetric own:profit>
    """
    if not callable(function):
        raise InvalidArgument(f"the function of a metric is {function!r}: expected a function of targets and predictions")
    if takes not in ("predictions", "probabilities"):
        raise InvalidArgument(f"takes is {takes!r}: expected 'predictions' or 'probabilities'")
    found = name if name is not None else getattr(function, "__name__", "")
    if not isinstance(found, str) or not found.strip() or found == "<lambda>":
        raise InvalidArgument("the metric has no name: give name=")
    return GateMetric(function, found, bool(greater_is_better), per_row, takes)


class Scored:
    """What a metric of one's own gives for both models."""

    def __init__(self, metric: GateMetric, targets: Any, candidate: Any, baseline: Any, show: Callable[[], None]) -> None:
        self.metric = metric
        self._sides = (candidate,) if baseline is None else (candidate, baseline)
        self._targets, self._show = targets, show
        # Values of the rows of each model; None if it is called for each resample, or could not be.
        self.values: list[Column] | None = None
        self._failure: Exception | None = None
        try:
            found = [metric(targets, side) for side in self._sides]
            per_row = metric.per_row if metric.per_row is not None else all(_has_rows(one) for one in found)
            if per_row:
                self.values = [self._column(one) for one in found]
        except Exception as error:
            self._failure = error

    def _column(self, found: Any) -> Column:
        values = column(f"the values of `{self.metric}`", found)
        rows = len(self._targets)
        if length(values) != rows or not isinstance(values, bytes):
            what = f"{length(values)} values" if isinstance(values, bytes) else "texts"
            raise InvalidArgument(f"the function gives {what} for {rows} rows: expected a number for each")
        return values

    def __call__(self, places: bytes) -> tuple[float, float | None]:
        """The values of both models for these rows, for the core."""
        if self._failure is not None:
            raise self._failure
        self._show()
        rows = _places(places)
        targets = _take(self._targets, rows)
        found = [float(self.metric(targets, _take(side, rows))) for side in self._sides]
        return found[0], found[1] if len(found) > 1 else None


def _has_rows(found: Any) -> bool:
    if getattr(found, "ndim", None) == 0:
        return False
    return hasattr(found, "__len__") and not isinstance(found, (str, bytes))


def _places(places: bytes) -> Any:
    numpy = sys.modules.get("numpy")
    return numpy.frombuffer(places, dtype=numpy.uint32) if numpy is not None else array("I", places)


def _take(values: Any, rows: Any) -> Any:
    return [values[row] for row in rows] if isinstance(values, list) else values[rows]
