"""``mlops.evaluate``: models and data of every kind, slices, thresholds, and what the run has of it."""

from __future__ import annotations

import json
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pytest
import sklearn.metrics as sk
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlops
from mlops.exceptions import InvalidArgument, InvalidState, MlopsError, Unsupported
from mlops.models import EvaluationResult, MetricThreshold, ModelValidationFailedException, make_metric

ROWS, TARGET = load_breast_cancer(return_X_y=True, as_frame=True)
TABLE = ROWS.assign(target=TARGET)
MODEL = make_pipeline(StandardScaler(), LogisticRegression(C=0.001)).fit(ROWS, TARGET)
# Without pictures, which take most of the time.
QUICK = {"evaluator_config": {"log_plots": False}}


def at_least(value: float) -> MetricThreshold:
    return MetricThreshold(threshold=value, greater_is_better=True)


def test_a_classifier_is_held_against_targets_and_logged() -> None:
    with mlops.start_run() as run:
        found = mlops.evaluate(MODEL, TABLE, "target", "classifier")
    assert found.run_id == run.info.run_id
    assert list(found.metrics) == (
        "true_negatives false_positives false_negatives true_positives example_count accuracy_score recall_score"
        " precision_score f1_score log_loss roc_auc precision_recall_auc"
    ).split()
    chances = MODEL.predict_proba(ROWS)
    assert found.metrics["roc_auc"] == pytest.approx(sk.roc_auc_score(TARGET, chances[:, 1]), rel=1e-12)
    assert found.metrics["log_loss"] == pytest.approx(sk.log_loss(TARGET, chances), rel=1e-12)
    logged = mlops.get_run(found.run_id)
    assert logged.data.metrics == found.metrics
    (used,) = logged.inputs.dataset_inputs
    assert used.context == "eval"
    paths = {file.path for file in mlops.artifacts.list_artifacts(run_id=found.run_id)}
    plots = {f"{name}_plot.png" for name in ("roc_curve", "precision_recall_curve", "calibration_curve", "lift_curve")}
    tables = {f"{name}.json" for name in found.tables}
    assert paths == plots | tables | {"confusion_matrix.png"}
    for path in plots:
        content = Path(mlops.artifacts.download_artifacts(run_id=found.run_id, artifact_path=path)).read_bytes()
        assert content.startswith(b"\x89PNG")
    curve = mlops.load_table("roc_curve.json", [found.run_id])
    assert list(curve.columns) == ["false_positive_rate", "true_positive_rate", "threshold"]
    assert found.artifacts["roc_curve_plot"].uri == f"runs:/{found.run_id}/roc_curve_plot.png"


def test_without_a_run_it_starts_one_and_ends_it() -> None:
    found = mlops.evaluate(MODEL, TABLE, "target", **QUICK)
    assert mlops.active_run() is None
    assert found.run_id is not None and mlops.get_run(found.run_id).info.status == "FINISHED"


def test_a_regressor_is_held_against_targets() -> None:
    rows, target = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(rows, target)
    found = mlops.evaluate(model, rows, target)
    assert found.metrics["r2_score"] == pytest.approx(sk.r2_score(target, model.predict(rows)), rel=1e-12)
    assert found.metrics["max_error"] == pytest.approx(sk.max_error(target, model.predict(rows)))
    assert set(found.artifacts) == {"predictions_plot", "error_quantiles"}


def test_many_classes_have_a_row_each() -> None:
    rows, target = load_wine(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.001)).fit(rows, target)
    found = mlops.evaluate(model, rows, target, **QUICK)
    assert list(found.tables["per_class_metrics"]["positive_class"]) == [0, 1, 2]
    assert set(found.tables["roc_curve"]["class"]) == {0, 1, 2}
    expected = sk.f1_score(target, model.predict(rows), average="weighted")
    assert found.metrics["f1_score"] == pytest.approx(expected, rel=1e-12)
    macro = mlops.evaluate(model, rows, target, evaluator_config={"average": "macro", "log_plots": False})
    assert macro.metrics["f1_score"] == pytest.approx(sk.f1_score(target, model.predict(rows), average="macro"))


def data_of_every_kind() -> list[tuple[Any, Any]]:
    numbers, labels = ROWS.to_numpy(), TARGET.to_numpy()
    return [
        (TABLE, "target"),
        (ROWS, TARGET),
        (numbers, labels),
        (numbers.tolist(), labels.tolist()),
        (polars.from_pandas(TABLE), "target"),
        ({name: TABLE[name].tolist() for name in TABLE}, "target"),
        (mlops.data.from_pandas(TABLE, targets="target"), None),
        (mlops.data.from_numpy(numbers, targets=labels), None),
    ]


@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
@pytest.mark.parametrize("at", range(8))
def test_data_of_every_kind_gives_the_same(at: int) -> None:
    data, targets = data_of_every_kind()[at]
    found = mlops.evaluate(MODEL, data, targets, "classifier", **QUICK)
    assert found.metrics == pytest.approx(mlops.evaluate(MODEL, TABLE, "target", **QUICK).metrics, rel=1e-12)


def test_models_of_every_kind_give_the_same() -> None:
    with mlops.start_run():
        info = mlops.sklearn.log_model(MODEL, "model")
    chances = MODEL.predict_proba(ROWS)
    plain = mlops.evaluate(MODEL, ROWS, TARGET, **QUICK).metrics
    labels_only = {name: plain[name] for name in plain if not name.startswith(("log_loss", "roc", "precision_recall"))}
    for model in (info.model_uri, mlops.pyfunc.load_model(info.model_uri), MODEL.predict_proba, lambda rows: MODEL.predict_proba(rows)[:, 1]):
        assert mlops.evaluate(model, ROWS, TARGET, "classifier", **QUICK).metrics == pytest.approx(plain, rel=1e-9)
    assert mlops.evaluate(MODEL.predict, ROWS, TARGET, "classifier", **QUICK).metrics == labels_only
    table = TABLE.assign(said=MODEL.predict(ROWS), chance=chances[:, 1])
    given = mlops.evaluate(None, table, "target", "classifier", predictions="said", probabilities="chance", **QUICK)
    assert given.metrics == pytest.approx(plain, rel=1e-9)
    alone = mlops.evaluate(data=None, targets=TARGET, predictions=MODEL.predict(ROWS), model_type="classifier", **QUICK)
    assert alone.metrics == labels_only


def test_scores_that_are_no_probabilities_choose_a_class_only() -> None:
    scores = numpy.column_stack([numpy.zeros(569), MODEL.decision_function(ROWS)])
    found = mlops.evaluate(None, ROWS, TARGET, "classifier", predictions=scores, **QUICK)
    assert found.metrics["accuracy_score"] == MODEL.score(ROWS, TARGET) and "log_loss" not in found.metrics


def test_weights_and_the_positive_class_count() -> None:
    weights = numpy.random.default_rng(1).random(len(ROWS))
    found = mlops.evaluate(MODEL, TABLE.assign(w=weights), "target", sample_weights="w", pos_label=0, feature_names=list(ROWS), **QUICK)
    expected = sk.recall_score(TARGET, MODEL.predict(ROWS), pos_label=0, sample_weight=weights)
    assert found.metrics["recall_score"] == pytest.approx(expected, rel=1e-12)


def test_slices_have_a_row_each_with_counts() -> None:
    table = TABLE.assign(ward=["north", "south"] * 284 + ["north"], age=numpy.arange(569))
    named = {"name": "young and large", "where": lambda rows: (rows["age"] < 100) & (rows["mean area"] > 800)}
    slices = ["ward", "age", named, {"ward": "north", "target": 1}, lambda rows: rows["age"] < 0]
    found = mlops.evaluate(MODEL, table, "target", slices=slices, feature_names=list(ROWS), **QUICK).tables["slices"]
    by_name = found.set_index("slice")
    assert list(by_name.index) == [
        "ward=north", "ward=south", "age=[0, 142)", "age=[142, 284)", "age=[284, 426)", "age=[426, 568]",
        "young and large", "ward=north, target=1", "slice 5",
    ]  # fmt: skip
    assert by_name["example_count"]["ward=north"] == 285 and by_name["example_count"]["slice 5"] == 0
    north = table["ward"] == "north"
    accuracy = sk.accuracy_score(TARGET[north], MODEL.predict(ROWS[north]))
    assert by_name["accuracy_score"]["ward=north"] == pytest.approx(accuracy, rel=1e-12)
    # One class has no ROC curve, and no rows have no metric at all.
    assert pandas.isna(by_name["roc_auc"]["ward=north, target=1"]) and pandas.isna(by_name["f1_score"]["slice 5"])


def test_metrics_of_ones_own_are_counted_for_slices_too() -> None:
    def cost(y_true: Any, y_pred: Any) -> float:
        return float(10 * ((y_true == 1) & (y_pred == 0)).sum() + ((y_true == 0) & (y_pred == 1)).sum())

    brier = make_metric(eval_fn=lambda targets, probabilities: ((probabilities[:, 1] - targets) ** 2).mean(), greater_is_better=False, name="brier")
    own: list[Any] = [cost, brier, sk.matthews_corrcoef]
    found = mlops.evaluate(MODEL, TABLE, "target", extra_metrics=own, slices=["target"], **QUICK)
    assert found.metrics["cost"] == cost(TARGET, MODEL.predict(ROWS))
    assert found.metrics["brier"] == pytest.approx(sk.brier_score_loss(TARGET, MODEL.predict_proba(ROWS)[:, 1]))
    assert found.metrics["matthews_corrcoef"] == pytest.approx(sk.matthews_corrcoef(TARGET, MODEL.predict(ROWS)))
    assert found.tables["slices"]["cost"].sum() == found.metrics["cost"]
    named = mlops.evaluate(MODEL, TABLE, "target", extra_metrics={"lost": cost}, **QUICK)
    assert named.metrics["lost"] == found.metrics["cost"]


def test_functions_that_were_written_for_mlflow_get_what_mlflow_gives_them(caplog: pytest.LogCaptureFixture) -> None:
    data = pandas.DataFrame({"p": [1.0, 2.0], "y": [1.0, 5.0], "weight": [1.0, 3.0]}, index=[7, 9])

    def largest(predictions: Any, targets: Any, metrics: Any = None) -> float:
        assert (predictions.name, targets.name, list(predictions.index)) == ("prediction", "target", [0, 1])
        error = metrics["mean_absolute_error"]
        assert isinstance(error, mlops.metrics.MetricValue) and float(error) == error.aggregate_results["mean_absolute_error"] == 1.5
        return float((predictions - targets).abs().max())

    def rowwise(predictions: Any, targets: Any) -> Any:
        return mlops.metrics.MetricValue(scores=list((predictions - targets).abs()), justifications=["", "far"])

    def weighed(predictions: Any, targets: Any, weight: Any, largest: Any) -> Any:
        assert largest.aggregate_results == {"largest": 3.0}
        return ((predictions - targets).abs() * weight).sum() / weight.sum()

    def legacy(eval_df: Any, builtin_metrics: Any) -> float:
        return float((eval_df["prediction"] + eval_df["target"]).sum() + builtin_metrics["max_error"])

    def nothing(predictions: Any) -> None:
        return None

    def find(*own: Any) -> EvaluationResult:
        return mlops.evaluate(None, data, "y", "regressor", predictions="p", extra_metrics=list(own), **QUICK)

    found = find(largest, rowwise, weighed, legacy, nothing)
    assert {name: found.metrics[name] for name in ("largest", "weighed", "legacy")} == {"largest": 3.0, "weighed": 2.25, "legacy": 12.0}
    assert (found.metrics["rowwise/mean"], found.metrics["rowwise/p90"]) == (1.5, pytest.approx(2.7))
    assert "nothing" not in found.metrics and "'nothing' returned None" in caplog.text
    table = found.tables["eval_results_table"]
    assert list(table.columns) == ["p", "y", "weight", "rowwise/score", "rowwise/justification"]
    assert table["rowwise/score"].tolist() == [0.0, 3.0]
    with pytest.raises(InvalidArgument, match="'asks' wants other: expected .* which are p, y, weight"):
        find(make_metric(eval_fn=lambda predictions, other: 1.0, greater_is_better=True, name="asks"))
    with pytest.raises(InvalidArgument, match="1 of score for 2 rows"):
        find(make_metric(eval_fn=lambda predictions: mlops.metrics.MetricValue([1.0]), greater_is_better=True, name="short"))


def test_thresholds_that_fail_are_all_listed_after_all_was_logged() -> None:
    bad = {"accuracy_score": at_least(0.999), "f1_score": at_least(0.5), "nothing": at_least(0)}
    with pytest.raises(ModelValidationFailedException) as caught:
        mlops.evaluate(MODEL, TABLE, "target", thresholds=bad, **QUICK)
    assert len(caught.value.failures) == 2
    assert "accuracy_score is 0.9" in str(caught.value) and "nothing is missing" in str(caught.value)
    assert isinstance(caught.value, MlopsError) and isinstance(caught.value, InvalidState)
    assert pickle.loads(pickle.dumps(caught.value)).failures == caught.value.failures
    run = mlops.last_active_run()
    assert run is not None and run.info.status == "FINISHED" and "accuracy_score" in run.data.metrics
    mlops.evaluate(MODEL, TABLE, "target", thresholds={"accuracy_score": at_least(0.5)}, **QUICK)


def result(**metrics: float) -> EvaluationResult:
    return EvaluationResult(metrics, {})


def test_changes_are_held_against_a_baseline() -> None:
    def failures(one: MetricThreshold, value: float, baseline: float | None) -> int:
        try:
            mlops.validate_evaluation_results({"m": one}, result(m=value), None if baseline is None else result(m=baseline))
        except ModelValidationFailedException as error:
            return len(error.failures)
        return 0

    by_one = MetricThreshold(min_absolute_change=1, greater_is_better=True)
    assert failures(by_one, 3, 2) == 0 and failures(by_one, 2.9, 2) == 1 and failures(by_one, 2, 2) == 1
    assert failures(by_one, 9, None) == 1
    less = MetricThreshold(min_relative_change=0.1, greater_is_better=False)
    assert failures(less, 0.9, 1.0) == 0 and failures(less, 0.95, 1.0) == 1 and failures(less, -1.2, -1.0) == 0
    assert failures(less, 0.0, 0.0) == 1 and failures(less, -0.1, 0.0) == 0
    every = MetricThreshold(0.99, 0.5, 0.5, greater_is_better=True)
    assert failures(every, 0.9, 0.8) == 3
    assert failures(at_least(0.5), float("nan"), None) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 1}, "greater_is_better is None"),
        ({"greater_is_better": True}, "is empty"),
        ({"threshold": "1", "greater_is_better": True}, "threshold is '1': expected a number"),
        ({"min_absolute_change": 0, "greater_is_better": True}, "above 0"),
        ({"min_relative_change": 2.0, "greater_is_better": True}, "from 0 to 1"),
    ],
)
def test_a_threshold_without_meaning_is_refused(given: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        MetricThreshold(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"targets": None}, "got no targets"),
        ({"targets": "nobody"}, "no such column: expected one of mean radius"),
        ({"model": None}, "neither a model nor predictions"),
        ({"model": 3}, "a int is no model"),
        ({"model_type": "oracle"}, "expected 'classifier' or 'regressor'"),
        ({"pos_label": 7}, r"pos_label is 7: expected one of the classes \[0, 1\]"),
        ({"slices": ["nobody"]}, "the slice 'nobody' is no column"),
        ({"slices": [{"name": "all", "where": lambda rows: [True]}]}, "expected True or False for each of 569 rows"),
        ({"slices": ["target", {"target": 1}]}, "two slices have the name"),
        ({"extra_metrics": {"text": lambda a, b: "much"}}, "gives a str: expected a number"),
        ({"extra_metrics": [lambda a, b: 1.0]}, "needs a name"),
        ({"evaluator_config": {"colour": 1}}, "evaluator_config has 'colour'"),
        ({"model": lambda rows: [1]}, "1 predictions for 569 rows"),
        ({"sample_weights": numpy.full(569, -1.0)}, "sample_weights are not all numbers from 0 on"),
        ({"data": TABLE.head(0)}, "no rows"),
        ({"thresholds": [1]}, "no dict of names"),
    ],
)
def test_what_cannot_be_evaluated_is_said(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        mlops.evaluate(**{"model": MODEL, "data": TABLE, "targets": "target", **QUICK, **given})


def test_explanations_that_are_switched_off_are_no_mistake() -> None:
    config = {"log_plots": False, "log_model_explainability": False, "log_explainer": False}
    assert mlops.evaluate(MODEL, TABLE, "target", evaluator_config=config).metrics
    with pytest.raises(InvalidArgument, match="evaluator_config has 'log_model_explainability'"):
        mlops.evaluate(MODEL, TABLE, "target", evaluator_config={"log_model_explainability": True})


def test_what_comes_later_is_said() -> None:
    for given in ({"evaluators": "shap"}, {"custom_artifacts": [print]}):
        with pytest.raises(Unsupported):
            mlops.evaluate(MODEL, TABLE, "target", **given)


def test_a_result_is_saved_and_loaded(tmp_path: Path) -> None:
    found = mlops.evaluate(MODEL, TABLE, "target", slices=["target"], **QUICK)
    found.save(tmp_path / "result")
    again = EvaluationResult.load(tmp_path / "result")
    assert again.metrics == found.metrics and set(again.tables) == set(found.tables)
    with pytest.raises(InvalidArgument, match="no folder of a saved evaluation"):
        EvaluationResult.load(tmp_path / "nothing")
    mlops.validate_evaluation_results({"f1_score": MetricThreshold(min_absolute_change=0.5, greater_is_better=False)}, result(f1_score=0.1), again)


def test_a_prefix_is_put_before_all_names() -> None:
    found = mlops.evaluate(MODEL, TABLE, "target", evaluator_config={"metric_prefix": "valid_", "log_plots": False})
    assert all(name.startswith("valid_") for name in found.metrics)
    assert found.run_id is not None
    paths = [file.path for file in mlops.artifacts.list_artifacts(run_id=found.run_id)]
    assert paths and all(path.startswith("valid_") for path in paths)


def test_it_needs_numpy_only(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = python(
        """
        import sys
        for name in ("sklearn", "scipy", "matplotlib", "pandas"):
            sys.modules[name] = None
        import json, mlops
        found = mlops.evaluate(lambda rows: rows[:, 0] > 1, [[0], [1], [2], [3]], [False, True, True, True], "classifier")
        print(json.dumps([found.metrics["recall_score"], sorted(found.tables)]))
        """
    )
    assert json.loads(done.stdout) == [pytest.approx(2 / 3), ["confusion_matrix", "per_class_metrics"]]


def test_metrics_are_of_the_logged_model_that_was_evaluated() -> None:
    with mlops.start_run():
        info = mlops.sklearn.log_model(MODEL, "model")
    found = mlops.evaluate(info.model_uri, TABLE, "target", "classifier", **QUICK)
    logged = mlops.get_logged_model(str(info.model_id))
    assert {metric.key: metric.value for metric in logged.metrics or []} == found.metrics
    run = mlops.get_run(found.run_id)
    (used,) = run.inputs.dataset_inputs
    assert {metric.dataset_digest for metric in logged.metrics or []} == {used.dataset.digest}
    assert [one.model_id for one in run.inputs.model_inputs] == [info.model_id]
    other = mlops.create_external_model("other").model_id
    for options in ({"model_id": other}, {}):
        with mlops.set_active_model(model_id=other):
            mlops.evaluate(MODEL, TABLE, "target", "classifier", **options, **QUICK)
    assert len(mlops.get_logged_model(other).metrics or []) == 2 * len(found.metrics)
    with pytest.raises(InvalidArgument, match="leave model_id out"):
        mlops.evaluate(info.model_uri, TABLE, "target", "classifier", model_id=other, **QUICK)
    with pytest.raises(mlops.exceptions.NotFound):
        mlops.evaluate(MODEL, TABLE, "target", "classifier", model_id="m-none", **QUICK)
