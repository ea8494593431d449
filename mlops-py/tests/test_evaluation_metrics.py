"""Metrics and curves of evaluations, held against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve

from mlops._evaluate import curves
from mlops._evaluate import metrics_of_classes as ours
from mlops._evaluate.classes import answers, of_classes, table_of_classes
from mlops._evaluate.metrics_of_numbers import of_numbers

SEEDS = range(6)


def sample(seed: int, classes: int, kind: type = numpy.float64) -> tuple[Any, Any, Any, Any]:
    """Targets, predictions, probabilities and weights; some scores are equal."""
    numbers = numpy.random.default_rng(seed)
    rows = 60 + seed
    truth = numpy.r_[numpy.arange(classes), numbers.integers(0, classes, rows - classes)]
    raw = numbers.random((rows, classes)).round(1) + 0.05 + (truth[:, None] == numpy.arange(classes)) * 0.4
    chances = (raw / raw.sum(axis=1, keepdims=True)).astype(kind)
    return truth, chances.argmax(axis=1), chances, numbers.random(rows) * (numbers.random(rows) > 0.1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("positive", [0, 1])
def test_metrics_of_two_classes_are_those_of_scikit_learn(seed: int, weighted: bool, positive: int) -> None:
    truth, predicted, chances, weights = sample(seed, 2)
    weights = weights if weighted else None
    found = of_classes(answers(truth, predicted, chances, weights, pos_label=positive))
    options = {"pos_label": positive, "sample_weight": weights}
    scores = chances[:, positive]
    expected = {
        "accuracy_score": sk.accuracy_score(truth, predicted, sample_weight=weights),
        "precision_score": sk.precision_score(truth, predicted, **options),
        "recall_score": sk.recall_score(truth, predicted, **options),
        "f1_score": sk.f1_score(truth, predicted, **options),
        "log_loss": sk.log_loss(truth, chances, sample_weight=weights),
        "roc_auc": sk.roc_auc_score(truth == positive, scores, sample_weight=weights),
        "precision_recall_auc": sk.average_precision_score(truth == positive, scores, sample_weight=weights),
    }
    matrix = sk.confusion_matrix(truth == positive, predicted == positive, sample_weight=weights)
    names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    expected.update(zip(names, matrix.ravel()))
    assert found.pop("example_count") == len(truth)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("average", ["weighted", "macro", "micro"])
def test_metrics_of_many_classes_are_those_of_scikit_learn(seed: int, weighted: bool, average: str) -> None:
    truth, predicted, chances, weights = sample(seed, 4)
    weights = weights if weighted else None
    found = of_classes(answers(truth, predicted, chances, weights, average=average))
    options = {"average": average, "sample_weight": weights, "zero_division": 0}
    expected = {
        "example_count": len(truth),
        "accuracy_score": sk.accuracy_score(truth, predicted, sample_weight=weights),
        "precision_score": sk.precision_score(truth, predicted, **options),
        "recall_score": sk.recall_score(truth, predicted, **options),
        "f1_score": sk.f1_score(truth, predicted, **options),
        "log_loss": sk.log_loss(truth, chances, sample_weight=weights),
        "roc_auc": sk.roc_auc_score(truth, chances, multi_class="ovr", average=average, sample_weight=weights),
    }
    assert found == pytest.approx(expected, rel=1e-12)
    pairs = ours.roc_auc_of_many(truth, chances, pairs=True)
    assert pairs == pytest.approx(sk.roc_auc_score(truth, chances, multi_class="ovo", average="weighted"), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_table_of_classes_has_each_against_the_rest(seed: int) -> None:
    truth, predicted, chances, weights = sample(seed, 3)
    found = table_of_classes(answers(truth, predicted, chances, weights))
    precision, recall, f1, support = sk.precision_recall_fscore_support(truth, predicted, sample_weight=weights)
    for name, values in (("precision_score", precision), ("recall_score", recall), ("f1_score", f1)):
        assert found[name] == pytest.approx(list(values), rel=1e-12)
    for code in range(3):
        one = sk.accuracy_score(truth == code, predicted == code, sample_weight=weights)
        assert found["accuracy_score"][code] == pytest.approx(one, rel=1e-12)
        area = sk.roc_auc_score(truth == code, chances[:, code], sample_weight=weights)
        assert found["roc_auc"][code] == pytest.approx(area, rel=1e-12)
        assert found["example_count"][code] == (truth == code).sum()


def test_a_loss_is_bounded_by_the_precision_of_the_probabilities() -> None:
    for kind in (numpy.float32, numpy.float64):
        truth, predicted, chances, _ = sample(1, 2, kind)
        chances[0] = [0, 1]
        found = of_classes(answers(truth, predicted, chances))["log_loss"]
        assert found == pytest.approx(sk.log_loss(truth, chances), rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_curves_are_those_of_scikit_learn(seed: int, weighted: bool) -> None:
    truth, _, chances, weights = sample(seed, 2)
    weights = weights if weighted else None
    scores = chances[:, 1]
    for found, expected in (
        (ours.roc(truth.astype(float), scores, weights), sk.roc_curve(truth, scores, sample_weight=weights)),
        (ours.precision_recall(truth.astype(float), scores, weights), sk.precision_recall_curve(truth, scores, sample_weight=weights)),
    ):
        for column, other in zip(found, expected):
            numpy.testing.assert_allclose(column, other, rtol=1e-12)
    part, mean = calibration_curve(truth, scores, n_bins=10)
    table = curves.calibration(truth.astype(float), scores)
    assert table["fraction_of_positives"] == pytest.approx(list(part))
    assert table["mean_predicted_probability"] == pytest.approx(list(mean))
    assert sum(table["example_count"]) == len(truth)


def test_a_lift_says_how_many_times_better_than_chance_the_best_rows_are() -> None:
    truth = numpy.array([1.0] * 10 + [0.0] * 90)
    table = curves.lift(truth, numpy.linspace(1, 0, 100))
    assert table["lift"][4] == pytest.approx(10) and table["gain"][4] == pytest.approx(0.5)
    assert table["lift"][-1] == pytest.approx(1) and table["gain"][9] == pytest.approx(1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_of_numbers_are_those_of_scikit_learn(seed: int, weighted: bool) -> None:
    numbers = numpy.random.default_rng(seed)
    truth = numbers.normal(size=50)
    truth[3] = 0
    predicted = truth + numbers.normal(size=50)
    weights = numbers.random(50) if weighted else None
    found = of_numbers(truth, predicted, weights)
    expected = {
        "example_count": 50,
        "mean_absolute_error": sk.mean_absolute_error(truth, predicted, sample_weight=weights),
        "mean_squared_error": sk.mean_squared_error(truth, predicted, sample_weight=weights),
        "root_mean_squared_error": sk.root_mean_squared_error(truth, predicted, sample_weight=weights),
        "sum_on_target": (truth if weights is None else truth * weights).sum(),
        "mean_on_target": numpy.average(truth, weights=weights),
        "r2_score": sk.r2_score(truth, predicted, sample_weight=weights),
        "max_error": sk.max_error(truth, predicted),
        "mean_absolute_percentage_error": sk.mean_absolute_percentage_error(truth, predicted, sample_weight=weights),
    }
    assert found == pytest.approx(expected, rel=1e-12)


def test_constant_targets_have_the_r2_that_scikit_learn_gives_them() -> None:
    for predicted in ([2.0, 2.0, 2.0], [2.0, 1.0, 2.0]):
        assert of_numbers([2.0] * 3, predicted)["r2_score"] == sk.r2_score([2.0] * 3, predicted)
    assert numpy.isnan(of_numbers([1.0], [1.0])["r2_score"])


def test_labels_of_any_type_are_classes() -> None:
    for labels in (["no", "yes"], [False, True], [-1, 1], [0.0, 1.0]):
        truth = numpy.array(labels, dtype=object)[[0, 1, 1, 0]]
        found = answers(truth, truth.copy(), classes=numpy.array(labels))
        assert found.classes == labels and of_classes(found)["f1_score"] == 1.0


def test_a_class_that_the_model_does_not_know_gets_no_probability() -> None:
    given = answers(numpy.array([0, 1, 2]), numpy.array([0, 1, 1]), numpy.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]]), classes=[0, 1])
    assert given.classes == [0, 1, 2] and given.probabilities is not None
    assert list(given.probabilities[2]) == [0.4, 0.6, 0.0]
