"""Metrics of one's own: functions, what they are called with, and what they return."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..exceptions import InvalidArgument
from .inputs import Inputs, need_numpy
from .predicting import Predicted

Array = Any
Metrics = dict[str, float]

_logger = logging.getLogger("mlops")


@dataclass
class MetricValue:
    """What a metric of one's own may return, and what ``metrics`` has: aggregates by name, and a score for each row.

    Without ``aggregate_results`` those of scores that are numbers are ``mean``, ``variance`` and ``p90``. ``float`` of one with
    a single aggregate is its value."""

    scores: Sequence[Any] | None = None
    justifications: Sequence[str] | None = None
    aggregate_results: dict[str, float] | None = None

    def __post_init__(self) -> None:
        if self.aggregate_results is None and isinstance(self.scores, (list, tuple)) and self.scores:
            if all(isinstance(score, (int, float)) or hasattr(score, "dtype") for score in self.scores):
                numpy = need_numpy()
                self.aggregate_results = {
                    "mean": float(numpy.mean(self.scores)),
                    "variance": float(numpy.var(self.scores)),
                    "p90": float(numpy.percentile(self.scores, 90)),
                }

    def __float__(self) -> float:
        found = list((self.aggregate_results or {}).values())
        if len(found) != 1:
            raise TypeError(f"a metric with {len(found)} aggregates is no single number: take one of aggregate_results")
        return float(found[0])


class ExtraMetric:
    """A metric of one's own: a function, a name, and which way is better."""

    def __init__(self, eval_fn: Callable[..., Any], greater_is_better: bool, name: str) -> None:
        self.eval_fn = eval_fn
        self.greater_is_better = greater_is_better
        self.name = name

    def __repr__(self) -> str:
        return f"<ExtraMetric {self.name}>"


def make_metric(*, eval_fn: Callable[..., Any], greater_is_better: bool, name: str | None = None) -> ExtraMetric:
    """A metric for ``extra_metrics``. ``eval_fn`` is called with what its params are named after: ``predictions`` and ``targets``
    as Series of pandas, as MLflow has it; ``y_true``, ``y_pred``, ``probabilities`` and ``sample_weight`` as arrays; ``metrics``, what was
    computed so far, as :class:`MetricValue` by name; columns of the data; ``eval_df`` and ``builtin_metrics``. With other names it
    gets targets and predictions as arrays. It returns a number, a :class:`MetricValue`, or None for no metric."""
    found = name or getattr(eval_fn, "__name__", "")
    if not found or found == "<lambda>":
        raise InvalidArgument("a metric made of a lambda needs a name: give name=")
    return ExtraMetric(eval_fn, greater_is_better, found)


def named(given: Any) -> dict[str, Callable[..., Any]]:
    """The functions of ``extra_metrics`` by name."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(name): one if callable(one) else one.eval_fn for name, one in given.items()}
    found: dict[str, Callable[..., Any]] = {}
    for one in [given] if callable(given) or hasattr(given, "eval_fn") else given:
        metric = one if hasattr(one, "eval_fn") else make_metric(eval_fn=one, greater_is_better=True)
        found[metric.name] = metric.eval_fn
    return found


class Rows:
    """Rows that metrics are of, as functions want them."""

    def __init__(self, inputs: Inputs, found: Predicted, chosen: Array) -> None:
        def part(values: Any) -> Any:
            return None if values is None else values[chosen]

        self.columns = inputs.columns
        self.chosen = chosen
        self.targets, self.predictions = part(inputs.targets), part(found.values)
        self.arrays = {
            "y_true": self.targets,
            "y_pred": self.predictions,
            **dict.fromkeys(("probabilities", "y_proba", "y_prob"), part(found.probabilities)),
            **dict.fromkeys(("sample_weight", "sample_weights"), part(inputs.weights)),
        }

    def argument(self, name: str, metrics: Metrics, other: bool) -> tuple[bool, Any]:
        """Whether a param of this name can be given, and what; ``other``: also columns of the data and metrics."""
        if name in self.arrays:
            return True, self.arrays[name]
        if name in ("predictions", "targets"):
            return True, _series(name.removesuffix("s"), getattr(self, name))
        if name == "metrics":
            return True, {key: _value(key, value) for key, value in metrics.items()}
        if name == "builtin_metrics":
            return True, dict(metrics)
        if name == "eval_df":
            return True, self._table()
        if other and name in self.columns:
            return True, _series(name, self.columns[name][self.chosen])
        if other and name in metrics:
            return True, _value(name, metrics[name])
        return False, None

    def _table(self) -> Any:
        import pandas

        return pandas.DataFrame({"prediction": self.predictions, "target": self.targets})

    def call(self, name: str, function: Callable[..., Any], metrics: Metrics) -> Any:
        """What a function says of the rows."""
        try:
            params = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            params = []
        params = [one for one in params if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
        if not params or not self.argument(params[0].name, metrics, False)[0]:
            return function(self.targets, self.predictions)
        given, missing = {}, []
        for param in params:
            required = param.default is param.empty
            # What is optional may have the name of a column by chance, as `labels` of scikit-learn's.
            known, value = self.argument(param.name, metrics, required or params[0].name in ("predictions", "targets"))
            if known:
                given[param.name] = value
            elif required:
                missing.append(param.name)
        if missing:
            columns = ", ".join(list(self.columns)[:30]) or "none"
            raise InvalidArgument(
                f"the metric {name!r} wants {', '.join(missing)}: expected predictions, targets, probabilities, sample_weight,"
                f" metrics, eval_df, a metric or a column of the data, which are {columns}"
            )
        positional = [given.pop(one.name) for one in params if one.kind is one.POSITIONAL_ONLY and one.name in given]
        return function(*positional, **given)


def _series(name: str, values: Array) -> Any:
    # Without pandas, which an evaluation does not need, an array has to do.
    try:
        import pandas
    except ImportError:
        return values
    return pandas.Series(values, name=name)


def _value(name: str, value: float) -> MetricValue:
    return MetricValue(aggregate_results={name: value})


def of_rows(
    extra: Mapping[str, Callable[..., Any]], rows: Rows, metrics: Metrics, table: dict[str, list[Any]] | None = None
) -> Metrics:
    """The metrics of one's own for some rows; ``table``: gets the scores of each row."""
    values: Metrics = {}
    for name, function in extra.items():
        output = rows.call(name, function, {**metrics, **values})
        if output is None:
            _logger.warning("the metric %r returned None and is left out", name)
            continue
        if not hasattr(output, "aggregate_results"):
            values[name] = _number(name, output)
            continue
        for key, value in (output.aggregate_results or {}).items():
            values[name if key in (None, name) else f"{name}/{key}"] = _number(name, value)
        for what, listed in (("score", output.scores), ("justification", output.justifications)):
            if listed is None or table is None:
                continue
            if len(listed) != len(rows.targets):
                raise InvalidArgument(f"the metric {name!r} has {len(listed)} of {what} for {len(rows.targets)} rows: expected as many")
            table[f"{name}/{what}"] = [one.item() if hasattr(one, "item") else one for one in listed]
    return values


def _number(name: str, output: Any) -> float:
    if getattr(output, "size", 1) == 1 and hasattr(output, "item"):
        output = output.item()
    if isinstance(output, bool) or not isinstance(output, (int, float)):
        raise InvalidArgument(f"the metric {name!r} gives a {type(output).__name__}: expected a number")
    return float(output)
