"""Metrics of regressors, equal to those of scikit-learn, which is not needed here."""

from __future__ import annotations

from typing import Any

Array = Any


def of_numbers(truth: Array, predicted: Array, weights: Array | None = None) -> dict[str, float]:
    """All metrics of a regressor, with MLflow's names; ``truth`` and ``predicted`` have the shape ``(n_rows,)``.

    ``r2_score`` is 1 for constant targets that are predicted exactly and 0 for others, and NaN of fewer than two rows;
    the percentage error of a target 0 is relative to the smallest step of a float, as in scikit-learn."""
    import numpy

    truth, predicted = numpy.asarray(truth, dtype=float), numpy.asarray(predicted, dtype=float)
    given = None if weights is None else numpy.asarray(weights, dtype=float)
    off = predicted - truth
    squared = float(numpy.average(off**2, weights=given))
    share = numpy.abs(off) / numpy.maximum(numpy.abs(truth), numpy.finfo(float).eps)
    return {
        "example_count": float(len(truth)),
        "mean_absolute_error": float(numpy.average(numpy.abs(off), weights=given)),
        "mean_squared_error": squared,
        "root_mean_squared_error": squared**0.5,
        "sum_on_target": float(numpy.sum(truth if given is None else truth * given)),
        "mean_on_target": float(numpy.average(truth, weights=given)),
        "r2_score": r2_score(truth, predicted, given),
        "max_error": float(numpy.max(numpy.abs(off))),
        "mean_absolute_percentage_error": float(numpy.average(share, weights=given)),
    }


def r2_score(truth: Array, predicted: Array, weights: Array | None = None) -> float:
    """The part of the variance that is explained: ``1 - sum (y - p)^2 / sum (y - mean y)^2``."""
    import numpy

    if len(truth) < 2:
        return float("nan")
    given = numpy.ones(len(truth)) if weights is None else weights
    left = float(numpy.sum(given * (truth - predicted) ** 2))
    whole = float(numpy.sum(given * (truth - numpy.average(truth, weights=weights)) ** 2))
    if whole == 0:
        return 1.0 if left == 0 else 0.0
    return 1 - left / whole
