"""Curves of classifiers as tables: columns of one length."""

from __future__ import annotations

from typing import Any

from . import metrics_of_classes as metrics

Array = Any
Table = dict[str, list[Any]]

# More points than a picture can show are thinned out, evenly.
_POINTS = 500
_BINS = 10


def _thin(*columns: Array) -> list[list[float]]:
    import numpy

    size = len(columns[0])
    chosen = numpy.arange(size) if size <= _POINTS else numpy.unique(numpy.linspace(0, size - 1, _POINTS).astype(int))
    return [[float(one) for one in column[chosen]] for column in columns]


def roc(positive: Array, scores: Array, weights: Array | None = None) -> Table:
    """The ROC curve; the threshold of its first point, which calls nothing positive, is infinite."""
    columns = _thin(*metrics.roc(positive, scores, weights))
    return dict(zip(("false_positive_rate", "true_positive_rate", "threshold"), columns))


def precision_recall(positive: Array, scores: Array, weights: Array | None = None) -> Table:
    """The precision-recall curve; the threshold of its last point, which calls nothing positive, is infinite."""
    import numpy

    precision, recall, thresholds = metrics.precision_recall(positive, scores, weights)
    columns = _thin(recall, precision, numpy.r_[thresholds, numpy.inf])
    return dict(zip(("recall", "precision", "threshold"), columns))


def calibration(positive: Array, scores: Array, weights: Array | None = None) -> Table:
    """Of ten equal ranges of the probability those that occur: mean probability, part of positives, number of rows."""
    import numpy

    given = metrics.weights_or_ones(weights, len(scores))
    # As scikit-learn's calibration_curve: a bound belongs to the range below it.
    at = numpy.searchsorted(numpy.linspace(0, 1, _BINS + 1)[1:-1], scores)
    weight = numpy.bincount(at, given, _BINS)
    there = weight > 0
    mean = numpy.bincount(at, given * scores, _BINS)[there] / weight[there]
    part = numpy.bincount(at, given * positive, _BINS)[there] / weight[there]
    counts = numpy.bincount(at, minlength=_BINS)[there]
    return {
        "mean_predicted_probability": [float(one) for one in mean],
        "fraction_of_positives": [float(one) for one in part],
        "example_count": [int(one) for one in counts],
    }


def lift(positive: Array, scores: Array, weights: Array | None = None) -> Table:
    """How many of the positives are among the best part of the rows (gain), and how many times more than among as many
    rows at random (lift), for each hundredth of the rows."""
    import numpy

    misses, hits, _ = metrics.cumulated(positive, scores, weights)
    called = numpy.r_[0.0, misses + hits] / (misses[-1] + hits[-1])
    gained = numpy.r_[0.0, hits] / hits[-1]
    parts = numpy.linspace(0.01, 1, 100)
    gains = numpy.interp(parts, called, gained)
    columns = [[float(one) for one in column] for column in (parts, gains, gains / parts)]
    return dict(zip(("fraction_of_rows", "gain", "lift"), columns))
