"""Metrics of classifiers, equal to those of scikit-learn, which is not needed here.

Labels come as codes, ``0 .. n_classes - 1``, in the order of the sorted classes; ``weights`` weigh each row, None: all the
same."""

from __future__ import annotations

from typing import Any

Array = Any


def _numpy() -> Any:
    import numpy

    return numpy


def weights_or_ones(weights: Array | None, rows: int) -> Array:
    """Weights as floats, 1 for each row without them."""
    numpy = _numpy()
    return numpy.ones(rows) if weights is None else numpy.asarray(weights, dtype=float)


def confusion_matrix(truth: Array, predicted: Array, classes: int, weights: Array | None = None) -> Array:
    """Weighted counts, shape ``(n_classes, n_classes)``: a row for each true class, a column for each predicted one."""
    numpy = _numpy()
    cells = truth.astype(numpy.int64) * classes + predicted
    counted = numpy.bincount(cells, weights_or_ones(weights, len(truth)), classes * classes)
    return counted.reshape(classes, classes)


def precision_recall_f1(
    matrix: Array, average: str = "weighted", positive: int = 1
) -> tuple[float, float, float]:
    """The three from a confusion matrix, averaged as scikit-learn's ``average`` says: ``binary`` (of the class
    ``positive``), ``weighted``, ``macro`` or ``micro``. What has no denominator counts as 0."""
    precision, recall, f1, support = per_class(matrix)
    if average == "binary":
        return float(precision[positive]), float(recall[positive]), float(f1[positive])
    numpy = _numpy()
    if average == "micro":
        accuracy = _ratio(matrix.trace(), matrix.sum())
        return accuracy, accuracy, accuracy
    if average == "macro":
        # scikit-learn does not count classes that neither occur nor are predicted: they are not in its matrix.
        seen = (support > 0) | (matrix.sum(axis=0) > 0)
        return tuple(float(values[seen].mean()) for values in (precision, recall, f1))  # type: ignore[return-value]
    total = support.sum()
    if total == 0:
        return 0.0, 0.0, 0.0
    return tuple(float(numpy.dot(values, support) / total) for values in (precision, recall, f1))  # type: ignore[return-value]


def per_class(matrix: Array) -> tuple[Array, Array, Array, Array]:
    """Precision, recall, F1 and weighted count of each class."""
    numpy = _numpy()
    hits = matrix.diagonal()
    support, claimed = matrix.sum(axis=1), matrix.sum(axis=0)

    def ratio(above: Array, below: Array) -> Array:
        return numpy.divide(above, below, out=numpy.zeros(len(hits)), where=below != 0)

    return ratio(hits, claimed), ratio(hits, support), ratio(2 * hits, support + claimed), support


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below else 0.0


def accuracy(truth: Array, predicted: Array, weights: Array | None = None) -> float:
    """The weighted part of the rows that are predicted rightly."""
    return float(_numpy().average(truth == predicted, weights=weights))


def log_loss(truth: Array, probabilities: Array, weights: Array | None = None) -> float:
    """The mean of ``-ln p`` of the true class; probabilities, shape ``(n_rows, n_classes)``, are kept away from 0 and 1
    by the precision of their type."""
    numpy = _numpy()
    small = numpy.finfo(probabilities.dtype).eps
    chosen = numpy.clip(probabilities, small, 1 - small)[numpy.arange(len(truth)), truth]
    return float(numpy.average(-numpy.log(chosen.astype(float)), weights=weights))


def cumulated(positive: Array, scores: Array, weights: Array | None = None) -> tuple[Array, Array, Array]:
    """Weights of false and of true positives when all rows that score at least a threshold are called positive, and the
    thresholds, falling. Rows without weight make no threshold."""
    numpy = _numpy()
    if weights is not None:
        heavy = numpy.asarray(weights) != 0
        positive, scores, weights = positive[heavy], scores[heavy], numpy.asarray(weights)[heavy]
    order = numpy.argsort(scores, kind="mergesort")[::-1]
    scores, positive = scores[order], positive[order]
    given = weights_or_ones(weights, len(scores))[order]
    steps = numpy.r_[numpy.where(numpy.diff(scores))[0], len(scores) - 1]
    hits = numpy.cumsum(positive * given)[steps]
    return numpy.cumsum((1 - positive) * given)[steps], hits, scores[steps]


def roc(positive: Array, scores: Array, weights: Array | None = None) -> tuple[Array, Array, Array]:
    """False and true positive rates and thresholds, from (0, 0) to (1, 1), without points on straight lines."""
    numpy = _numpy()
    misses, hits, thresholds = cumulated(positive, scores, weights)
    if len(misses) > 2:
        corners = numpy.r_[True, (numpy.diff(misses, 2) != 0) | (numpy.diff(hits, 2) != 0), True]
        misses, hits, thresholds = misses[corners], hits[corners], thresholds[corners]
    misses, hits = numpy.r_[0.0, misses], numpy.r_[0.0, hits]
    nothing = numpy.full(len(misses), numpy.nan)
    rates = misses / misses[-1] if misses[-1] > 0 else nothing
    return rates, hits / hits[-1] if hits[-1] > 0 else nothing, numpy.r_[numpy.inf, thresholds]


def precision_recall(positive: Array, scores: Array, weights: Array | None = None) -> tuple[Array, Array, Array]:
    """Precision, recall and thresholds, rising; the last point is (1, 0), without a threshold."""
    numpy = _numpy()
    misses, hits, thresholds = cumulated(positive, scores, weights)
    claimed = misses + hits
    precision = numpy.divide(hits, claimed, out=numpy.zeros(len(hits)), where=claimed != 0)
    recall = hits / hits[-1] if hits[-1] > 0 else numpy.ones(len(hits))
    return numpy.r_[precision[::-1], 1.0], numpy.r_[recall[::-1], 0.0], thresholds[::-1]


def area(x: Array, y: Array) -> float:
    """The area under a curve by trapezoids, whichever way ``x`` runs."""
    numpy = _numpy()
    found = float(numpy.sum(numpy.diff(x) * (y[1:] + y[:-1]) / 2))
    return -found if len(x) > 1 and x[-1] < x[0] else found


def roc_auc(positive: Array, scores: Array, weights: Array | None = None) -> float:
    """The area under the ROC curve of one class; NaN where only one of both answers occurs."""
    misses, hits, _ = roc(positive, scores, weights)
    return area(misses, hits)


def precision_recall_auc(positive: Array, scores: Array, weights: Array | None = None) -> float:
    """The average precision, which is what MLflow gives this name: the mean of the precisions at all thresholds, weighted
    by the recall that each adds. Trapezoids would be too optimistic."""
    precision, recall, _ = precision_recall(positive, scores, weights)
    return float(-_numpy().sum(_numpy().diff(recall) * precision[:-1]))


def roc_auc_of_many(
    truth: Array, probabilities: Array, weights: Array | None = None, pairs: bool = False, average: str = "weighted"
) -> float:
    """The mean of the areas under the ROC curves of each class against the rest: ``weighted`` by how often a class occurs,
    ``macro``, or ``micro``, of all answers together. With ``pairs`` of each pair of classes (Hand and Till, as
    scikit-learn's ``ovo``), weighted."""
    numpy = _numpy()
    classes = range(probabilities.shape[1])
    if average == "micro":
        each = None if weights is None else numpy.repeat(weights, len(classes))
        return roc_auc((truth[:, None] == numpy.arange(len(classes))).astype(float).ravel(), probabilities.ravel(), each)
    if not pairs:
        shares = [float(numpy.sum(weights_or_ones(weights, len(truth))[truth == one])) for one in classes]
        areas = [roc_auc((truth == one).astype(float), probabilities[:, one], weights) for one in classes]
        return float(numpy.average(areas, weights=None if average == "macro" else shares))
    areas, shares = [], []
    for first in classes:
        for second in range(first + 1, len(classes)):
            among = (truth == first) | (truth == second)
            is_first = (truth[among] == first).astype(float)
            one = roc_auc(is_first, probabilities[among, first])
            other = roc_auc(1 - is_first, probabilities[among, second])
            areas.append((one + other) / 2)
            shares.append(float(among.mean()))
    return float(numpy.average(areas, weights=shares))
