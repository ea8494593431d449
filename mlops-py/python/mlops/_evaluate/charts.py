"""Tables and pictures of an evaluation of a classifier or a regressor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import curves, drawing
from . import metrics_of_classes as metrics
from .classes import Answers, table_of_classes

Array = Any
Table = dict[str, list[Any]]

# Most classes that have a curve each.
_CLASSES = 10

# Of each curve: the table, the columns that are its axes, the titles, what chance gives.
_CURVES: tuple[tuple[str, Callable[..., Table], tuple[str, str], tuple[str, str, str], str | None], ...] = (
    (
        "roc_curve",
        curves.roc,
        ("false_positive_rate", "true_positive_rate"),
        ("false positive rate", "true positive rate", "ROC curve"),
        "diagonal",
    ),
    (
        "precision_recall_curve",
        curves.precision_recall,
        ("recall", "precision"),
        ("recall", "precision", "Precision-recall curve"),
        None,
    ),
    (
        "calibration_curve",
        curves.calibration,
        ("mean_predicted_probability", "fraction_of_positives"),
        ("mean predicted probability", "fraction of positives", "Calibration"),
        "diagonal",
    ),
    ("lift_curve", curves.lift, ("fraction_of_rows", "lift"), ("fraction of rows", "lift", "Lift"), "one"),
)


def of_classes(given: Answers, wanted: tuple[str, ...] = ()) -> tuple[dict[str, Table], dict[str, Callable[[], bytes]]]:
    """Tables by name, and what draws the picture of each that has one. ``wanted`` names the curves; none: all."""
    matrix = metrics.confusion_matrix(given.truth, given.predicted, len(given.classes), given.weights)
    names = [str(one) for one in given.classes]
    tables: dict[str, Table] = {"confusion_matrix": {"true_class": list(given.classes)}}
    for at, name in enumerate(names):
        tables["confusion_matrix"][f"predicted {name}"] = [float(one) for one in matrix[:, at]]
    pictures: dict[str, Callable[[], bytes]] = {"confusion_matrix": lambda: drawing.confusion(matrix, given.classes)}
    if not wanted:
        tables["per_class_metrics"] = table_of_classes(given)
    if given.probabilities is None:
        return tables, pictures
    codes = [given.positive] if given.binary else list(range(min(len(names), _CLASSES)))
    for name, make, axes, titles, guide in _CURVES:
        if wanted and name not in wanted:
            continue
        lines = []
        whole: Table = {}
        for code in codes:
            positive = (given.truth == code).astype(float)
            if not 0 < positive.sum() < len(positive):
                continue
            found = make(positive, given.probabilities[:, code], given.weights)
            lines.append(("" if given.binary else names[code], found[axes[0]], found[axes[1]]))
            if not given.binary:
                found = {"class": [given.classes[code]] * len(found[axes[0]]), **found}
            for column, values in found.items():
                whole.setdefault(column, []).extend(values)
        if lines:
            tables[name] = whole
            marker = "o" if name == "calibration_curve" else ""
            pictures[f"{name}_plot"] = _drawer(lines, titles, guide, marker)
    return tables, pictures


def _drawer(lines: list[Any], titles: tuple[str, str, str], guide: str | None, marker: str) -> Callable[[], bytes]:
    return lambda: drawing.curve(lines, *titles, guide=guide, marker=marker)


def of_numbers(truth: Array, predicted: Array) -> tuple[dict[str, Table], dict[str, Callable[[], bytes]]]:
    """The table of the quantiles of the errors, and a picture of predictions beside targets."""
    import numpy

    off = numpy.asarray(predicted, dtype=float) - numpy.asarray(truth, dtype=float)
    parts = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
    errors = [float(one) for one in numpy.quantile(off, parts)]

    def draw() -> bytes:
        # As many points as can be told apart.
        chosen = numpy.unique(numpy.linspace(0, len(off) - 1, 2000).astype(int))

        def plot(axes: Any) -> None:
            axes.scatter(truth[chosen], predicted[chosen], s=8, alpha=0.5)
            ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
            axes.plot(ends, ends, linestyle=":", color="grey")
            axes.set_xlabel("target")
            axes.set_ylabel("prediction")
            axes.set_title("Predictions")

        return drawing.png(plot)

    return {"error_quantiles": {"quantile": list(parts), "error": errors}}, {"predictions_plot": draw}
