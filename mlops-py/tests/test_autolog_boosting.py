"""Autolog of XGBoost and LightGBM: params, metrics of each round, early stopping, importances."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import lightgbm
import numpy
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import GridSearchCV

import mlops
from mlops._autolog import guard, switch

ROWS, TARGET = load_breast_cancer(return_X_y=True, as_frame=True)
TRAIN, HELD = (ROWS[:300], TARGET[:300]), (ROWS[300:], TARGET[300:])
ORIGINALS = [
    (owner, name, vars(owner)[name])
    for owner, name in [
        (xgboost, "train"), (xgboost.sklearn, "train"), (xgboost.XGBModel, "fit"), (xgboost.DMatrix, "__init__"),
        (lightgbm, "train"), (lightgbm.sklearn, "train"), (lightgbm.LGBMModel, "fit"), (lightgbm.Dataset, "__init__"),
    ]
]  # fmt: skip
XGB = {"objective": "binary:logistic", "eta": 0.5, "nthread": 1, "eval_metric": ["logloss", "error@0.4"]}
LGB = {"objective": "binary", "verbose": -1, "learning_rate": 0.3, "num_threads": 1, "metric": ["binary_logloss", "auc"]}


@pytest.fixture(autouse=True)
def on() -> Iterator[None]:
    guard.forget()
    with mlops.autolog():
        yield
    assert switch.settings_of("xgboost") is None
    assert all(vars(owner)[name] is before for owner, name, before in ORIGINALS)


def only_run() -> mlops.Run:
    (run,) = mlops.search_runs(output_format="list")
    assert isinstance(run, mlops.Run) and run.info.status == "FINISHED" and mlops.active_run() is None
    return run


def points(run: mlops.Run, key: str) -> tuple[list[int], list[float]]:
    steps, _, values = mlops.get_metric_series(run.info.run_id, key)
    return [int(step) for step in steps], [float(value) for value in values]


def model_of(run: mlops.Run, library: Any) -> Any:
    """The model that a run has, which has a signature of the data as the caller has it."""
    info = mlops.models.get_model_info(f"runs:/{run.info.run_id}/model")
    assert info.signature is not None and "mean radius" in str(info.signature.inputs)
    return library.load_model(info.model_uri, trust=True)


def paths(run: mlops.Run) -> set[str]:
    found = {file.path for file in mlops.artifacts.list_artifacts(run_id=run.info.run_id)}
    return found - {"model"}


def test_a_training_of_xgboost_has_params_rounds_and_the_best_one() -> None:
    train, held = xgboost.DMatrix(*TRAIN), xgboost.DMatrix(*HELD)
    results: dict[str, Any] = {}
    model = xgboost.train(XGB, train, 40, evals=[(train, "train"), (held, "test")], early_stopping_rounds=3, evals_result=results, verbose_eval=False)
    run = only_run()
    assert run.data.params == {
        **{key: str(value) for key, value in XGB.items()}, "num_boost_round": "40", "early_stopping_rounds": "3",
        "maximize": "None", "custom_metric": "None", "verbose_eval": "False",
    }  # fmt: skip
    rounds = len(results["test"]["logloss"])
    steps, values = points(run, "test-logloss")
    assert steps == list(range(rounds + 1))
    # The last point is that of the best round, as MLflow has it.
    assert values == pytest.approx([*results["test"]["logloss"], results["test"]["logloss"][model.best_iteration]])
    assert "train-error_at_0.4" in run.data.metrics
    assert run.data.metrics["best_iteration"] == model.best_iteration
    assert run.data.metrics["stopped_iteration"] == rounds - 1
    assert paths(run) == {"feature_importance_weight.json", "feature_importance_weight.png"}
    kept = json.loads(mlops.artifacts.load_text(f"runs:/{run.info.run_id}/feature_importance_weight.json"))
    assert kept == model.get_score(importance_type="weight")
    assert [used.context for used in run.inputs.dataset_inputs] == ["train", "eval", "eval"]
    numpy.testing.assert_array_equal(model_of(run, mlops.xgboost).predict(held), model.predict(held))


def test_an_estimator_of_xgboost_logs_one_run() -> None:
    model = xgboost.XGBClassifier(n_estimators=4, n_jobs=1, eval_metric="logloss")
    model.fit(*TRAIN, eval_set=[HELD], verbose=False)
    run = only_run()
    again = model_of(run, mlops.xgboost)
    assert isinstance(again, xgboost.XGBClassifier)
    numpy.testing.assert_array_equal(again.predict_proba(HELD[0]), model.predict_proba(HELD[0]))
    assert run.data.params["num_boost_round"] == "4" and run.data.params["objective"] == "binary:logistic"
    assert len(points(run, "validation_0-logloss")[0]) == 4 and run.data.tags["mlflow.autologging"] == "xgboost"


def test_an_estimator_in_a_search_of_scikit_learn_is_its_child() -> None:
    GridSearchCV(xgboost.XGBClassifier(n_estimators=2, n_jobs=1), {"max_depth": [1, 2]}, cv=2).fit(*TRAIN)
    found = [run for run in mlops.search_runs(output_format="list") if isinstance(run, mlops.Run)]
    assert sorted(run.data.tags["estimator_name"] for run in found) == ["GridSearchCV", "XGBClassifier", "XGBClassifier"]


def test_a_training_of_lightgbm_has_params_rounds_and_the_best_one() -> None:
    train = lightgbm.Dataset(*TRAIN)
    held = lightgbm.Dataset(*HELD, reference=train)
    results: dict[str, Any] = {}
    given = [lightgbm.early_stopping(3, verbose=False), lightgbm.record_evaluation(results)]
    model = lightgbm.train(LGB, train, 40, valid_sets=[held], valid_names=["test"], callbacks=given)
    assert len(given) == 2
    run = only_run()
    assert run.data.params == {
        **{key: str(value) for key, value in LGB.items()}, "num_boost_round": "40", "keep_training_booster": "False",
    }  # fmt: skip
    rounds = len(results["test"]["auc"])
    steps, values = points(run, "test-auc")
    assert steps == list(range(rounds + 1))
    assert values == pytest.approx([*results["test"]["auc"], results["test"]["auc"][model.best_iteration - 1]])
    assert run.data.metrics["best_iteration"] == model.best_iteration and run.data.metrics["stopped_iteration"] == rounds
    kinds = {f"feature_importance_{kind}.{ending}" for kind in ("split", "gain") for ending in ("json", "png")}
    assert paths(run) == kinds
    assert [used.context for used in run.inputs.dataset_inputs] == ["train", "eval"]
    numpy.testing.assert_array_equal(model_of(run, mlops.lightgbm).predict(HELD[0]), model.predict(HELD[0]))


def test_an_estimator_of_lightgbm_logs_one_run() -> None:
    model = lightgbm.LGBMRegressor(n_estimators=4, verbose=-1, n_jobs=1)
    rows, numbers = load_diabetes(return_X_y=True)
    model.fit(rows, numbers)
    run = only_run()
    assert run.data.params["num_boost_round"] == "4" and run.data.tags["mlflow.autologging"] == "lightgbm"
    assert "stopped_iteration" not in run.data.metrics


def test_what_is_evaluated_may_be_a_booster() -> None:
    with mlops.autolog(disable=True):
        model = xgboost.train(XGB, xgboost.DMatrix(*TRAIN), 3)
        other = lightgbm.train(LGB, lightgbm.Dataset(*TRAIN), 3)
    for one, chances in ((model, model.predict(xgboost.DMatrix(HELD[0]))), (other, other.predict(HELD[0]))):
        found = mlops.evaluate(one, *HELD, "classifier", evaluator_config={"log_plots": False})
        assert found.metrics["accuracy_score"] == pytest.approx(float(((chances > 0.5) == HELD[1]).mean()))
        assert "roc_auc" in found.metrics


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_an_exception_of_a_training_is_the_callers_and_its_run_failed(name: str) -> None:
    def stop(env: Any) -> None:
        raise ZeroDivisionError("mine")

    class Stop(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="^mine$"):
        if name == "xgboost":
            xgboost.train(XGB, xgboost.DMatrix(*TRAIN), 3, callbacks=[Stop()])
        else:
            lightgbm.train(LGB, lightgbm.Dataset(*TRAIN), 3, callbacks=[stop])
    (run,) = mlops.search_runs(output_format="list")
    assert isinstance(run, mlops.Run) and run.info.status == "FAILED"


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_without_a_store_the_same_model_is_trained(name: str, tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    def train() -> Any:
        if name == "xgboost":
            return xgboost.train(XGB, xgboost.DMatrix(*TRAIN), 3).predict(xgboost.DMatrix(HELD[0]))
        return lightgbm.train(LGB, lightgbm.Dataset(*TRAIN), 3).predict(HELD[0])

    (tmp_path / "file").write_text("")
    mlops.set_tracking_uri(tmp_path / "file" / "store")
    found = train()
    assert len(caplog.messages) == 1
    mlops.autolog(disable=True)
    numpy.testing.assert_array_equal(found, train())


def test_rounds_are_metrics_of_the_logged_model() -> None:
    xgboost.train(XGB, train := xgboost.DMatrix(*TRAIN), 3, evals=[(train, "train")], verbose_eval=False)
    xgboost.XGBClassifier(n_estimators=2).fit(*TRAIN, eval_set=[HELD], verbose=False)
    runs = mlops.search_runs(output_format="list", order_by=["start_time ASC"])
    for run, key, rounds in zip(runs, ("train-logloss", "validation_0-logloss"), (3, 2)):
        (made,) = run.outputs.model_outputs
        logged = mlops.get_logged_model(made.model_id)
        assert logged.status == "READY" and logged.params == run.data.params
        steps = [metric.step for metric in logged.metrics or [] if metric.key == key]
        assert steps == list(range(rounds)) and {metric.key for metric in logged.metrics or []} == set(run.data.metrics)
        assert mlops.models.get_model_info(f"runs:/{run.info.run_id}/model").model_id == made.model_id


def test_a_training_that_fails_leaves_a_logged_model_that_failed() -> None:
    class Stop(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if epoch:
                raise KeyError("stop")
            return False

    train = xgboost.DMatrix(*TRAIN)
    with pytest.raises(KeyError):
        xgboost.train(XGB, train, 3, evals=[(train, "train")], verbose_eval=False, callbacks=[Stop()])
    (logged,) = mlops.search_logged_models(output_format="list")
    assert logged.status == "FAILED" and logged.status_message and {metric.step for metric in logged.metrics or []} == {0}
