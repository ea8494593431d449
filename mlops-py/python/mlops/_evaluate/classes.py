"""What is known of a classifier's answers, and all metrics of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..exceptions import InvalidArgument
from . import metrics_of_classes as metrics

Array = Any


@dataclass
class Answers:
    """Targets and predictions of a classifier as codes of its classes, with probabilities where it gives some."""

    classes: list[Any]
    truth: Array
    predicted: Array
    # Shape (n_rows, n_classes); None: it gives labels only.
    probabilities: Array | None = None
    weights: Array | None = None
    # The code of the class that counts as positive, of two.
    positive: int = 1
    # For precision, recall and F1; None: of the positive class of two, else weighted.
    average: str | None = None

    @property
    def binary(self) -> bool:
        """Whether there are two classes."""
        return len(self.classes) == 2

    @property
    def scores(self) -> Array | None:
        """The probability of the positive class."""
        return None if self.probabilities is None else self.probabilities[:, self.positive]

    def rows(self, chosen: Array) -> Answers:
        """The answers for some of the rows."""

        def part(values: Array | None) -> Array | None:
            return None if values is None else values[chosen]

        return Answers(
            self.classes, self.truth[chosen], self.predicted[chosen], part(self.probabilities), part(self.weights),
            self.positive, self.average,
        )  # fmt: skip


def answers(
    truth: Array,
    predicted: Array,
    probabilities: Array | None = None,
    weights: Array | None = None,
    pos_label: Any = None,
    average: str | None = None,
    classes: Array | None = None,
) -> Answers:
    """Labels of any type as codes. ``classes`` names the columns of ``probabilities``; else they are those that occur."""
    import numpy

    truth, predicted = numpy.asarray(truth), numpy.asarray(predicted)
    if truth.dtype == object or predicted.dtype == object or truth.dtype.kind != predicted.dtype.kind:
        truth, predicted = _alike(truth, predicted)
    names = _union(truth, predicted) if classes is None else numpy.asarray(classes)
    if classes is not None and not bool(numpy.isin(numpy.r_[truth, predicted], names).all()):
        # The model does not know all targets: its probabilities get a column of 0 for each.
        more = _union(numpy.r_[truth, names], predicted)
        if probabilities is not None:
            wider = numpy.zeros((len(truth), len(more)), dtype=probabilities.dtype)
            wider[:, numpy.searchsorted(more, names)] = probabilities
            probabilities = wider
        names = more
    order = numpy.argsort(names)
    names = names[order]
    if probabilities is not None:
        if probabilities.ndim != 2 or probabilities.shape[1] != len(names):
            raise InvalidArgument(
                f"the probabilities have the shape {probabilities.shape}, and there are {len(names)} classes: expected a"
                " column for each class, in the order of the sorted classes"
            )
        probabilities = probabilities[:, order]
    listed = names.tolist()
    positive = len(listed) - 1
    if pos_label is not None:
        if pos_label not in listed:
            raise InvalidArgument(f"pos_label is {pos_label!r}: expected one of the classes {listed[:20]}")
        positive = listed.index(pos_label)
    if average not in (None, "binary", "weighted", "macro", "micro"):
        raise InvalidArgument(f"average is {average!r}: expected binary, weighted, macro or micro")
    codes = [numpy.searchsorted(names, values) for values in (truth, predicted)]
    return Answers(listed, codes[0], codes[1], probabilities, weights, positive, average)


def _alike(truth: Array, predicted: Array) -> tuple[Array, Array]:
    kinds = {type(value) for values in (truth, predicted) for value in values.tolist()}
    if any(value is None or value != value for values in (truth, predicted) for value in values.tolist()):
        raise InvalidArgument("a target or a prediction is missing: expected a label for each row")
    if kinds <= {bool, int, float}:
        return truth.astype(float) if float in kinds else truth.astype(int), (
            predicted.astype(float) if float in kinds else predicted.astype(int)
        )
    if kinds == {str}:
        return truth.astype(str), predicted.astype(str)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise InvalidArgument(f"targets and predictions are of the types {names}: expected labels of one type")


def _union(first: Array, second: Array) -> Array:
    import numpy

    return numpy.union1d(first, second)


def of_classes(given: Answers) -> dict[str, float]:
    """All metrics of a classifier, with MLflow's names; those of probabilities where there are some.

    What a metric needs and the data has not, such as rows of both classes for ``roc_auc``, leaves the metric out."""
    import numpy

    matrix = metrics.confusion_matrix(given.truth, given.predicted, len(given.classes), given.weights)
    found: dict[str, float] = {}
    average = given.average or ("binary" if given.binary else "weighted")
    if given.binary:
        yes, no = given.positive, 1 - given.positive
        cells = {
            "true_negatives": (no, no),
            "false_positives": (no, yes),
            "false_negatives": (yes, no),
            "true_positives": (yes, yes),
        }
        found.update({name: float(matrix[cell]) for name, cell in cells.items()})
    precision, recall, f1 = metrics.precision_recall_f1(matrix, average, given.positive)
    found["example_count"] = float(len(given.truth))
    found["accuracy_score"] = metrics.accuracy(given.truth, given.predicted, given.weights)
    found.update(recall_score=recall, precision_score=precision, f1_score=f1)
    if given.probabilities is not None:
        found["log_loss"] = metrics.log_loss(given.truth, given.probabilities, given.weights)
        seen = len(numpy.unique(given.truth))
        if given.binary and seen == 2:
            positive = (given.truth == given.positive).astype(float)
            found["roc_auc"] = metrics.roc_auc(positive, given.scores, given.weights)
            found["precision_recall_auc"] = metrics.precision_recall_auc(positive, given.scores, given.weights)
        elif len(given.classes) > 2 and seen == len(given.classes):
            found["roc_auc"] = metrics.roc_auc_of_many(given.truth, given.probabilities, given.weights, False, average)
    return found


def table_of_classes(given: Answers) -> dict[str, list[Any]]:
    """A row for each class against the rest: counts, accuracy, recall, precision, F1 and areas under its curves."""
    matrix = metrics.confusion_matrix(given.truth, given.predicted, len(given.classes), given.weights)
    precision, recall, f1, support = metrics.per_class(matrix)
    total = matrix.sum()
    rows: dict[str, list[Any]] = {"positive_class": list(given.classes)}
    hits, claimed = matrix.diagonal(), matrix.sum(axis=0)
    rows["true_negatives"] = [float(one) for one in total - support - claimed + hits]
    rows["false_positives"] = [float(one) for one in claimed - hits]
    rows["false_negatives"] = [float(one) for one in support - hits]
    rows["true_positives"] = [float(one) for one in hits]
    rows["example_count"] = [int((given.truth == code).sum()) for code in range(len(given.classes))]
    rows["accuracy_score"] = [float(one) for one in (total - support - claimed + 2 * hits) / total]
    for name, values in (("recall_score", recall), ("precision_score", precision), ("f1_score", f1)):
        rows[name] = [float(one) for one in values]
    if given.probabilities is not None:
        rows["roc_auc"], rows["precision_recall_auc"] = [], []
        for code in range(len(given.classes)):
            positive = (given.truth == code).astype(float)
            both = 0 < positive.sum() < len(positive)
            scores = given.probabilities[:, code]
            for name, area in (("roc_auc", metrics.roc_auc), ("precision_recall_auc", metrics.precision_recall_auc)):
                rows[name].append(area(positive, scores, given.weights) if both else None)
    return rows
