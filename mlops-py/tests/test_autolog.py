"""Autolog of scikit-learn: what a fit logs, what it leaves alone, and that nothing of it reaches the training."""

from __future__ import annotations

import importlib
import inspect
import io
import logging
import os
import pickle
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import sklearn.metrics as sk
from joblib import Parallel, delayed, parallel_backend
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import mlops
from mlops._autolog import guard, switch
from mlops.exceptions import InvalidArgument

ROWS, TARGET = load_breast_cancer(return_X_y=True, as_frame=True)
FEW, FEW_TARGETS = ROWS.iloc[:60, :3], TARGET[:60]
ORIGINALS = [
    (owner, name, vars(owner)[name])
    for owner, name in [
        (LogisticRegression, "fit"), (LogisticRegression, "predict_proba"), (Pipeline, "fit"), (Pipeline, "fit_predict"),
        (KMeans, "fit"), (KMeans, "fit_predict"), (sk, "accuracy_score"),
    ]
    if name in vars(owner)
]  # fmt: skip


@pytest.fixture(autouse=True)
def off_again() -> Iterator[None]:
    guard.forget()
    yield
    for state in (switch._layers, switch._ground, switch._named):
        state.clear()  # type: ignore[attr-defined]
    switch._apply()
    assert all(vars(owner)[name] is before for owner, name, before in ORIGINALS)
    assert "__init_subclass__" not in vars(BaseEstimator) or not hasattr(BaseEstimator.__init_subclass__, "__mlops_autolog__")


def runs() -> list[mlops.Run]:
    """All runs, newest first."""
    found = mlops.search_runs(output_format="list", search_all_experiments=True)
    return [run for run in found if isinstance(run, mlops.Run)]


def quick(**given: Any) -> Any:
    """Without pictures, which take most of the time."""
    return mlops.sklearn.autolog(log_plots=False, **given)


def tree(**given: Any) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(**{"max_depth": 2, "random_state": 1, **given})


def test_a_fit_is_one_finished_run_with_all_of_it() -> None:
    mlops.autolog()
    model = LogisticRegression(C=0.1, max_iter=5000).fit(FEW, FEW_TARGETS)
    (run,) = runs()
    assert run.info.status == "FINISHED" and mlops.active_run() is None
    assert run.data.params == {key: str(value) for key, value in model.get_params().items()}
    predicted, chances = model.predict(FEW), model.predict_proba(FEW)
    weighted: dict[str, Any] = {"average": "weighted"}
    assert run.data.metrics == pytest.approx({
        "training_accuracy_score": sk.accuracy_score(FEW_TARGETS, predicted),
        "training_precision_score": sk.precision_score(FEW_TARGETS, predicted, **weighted),
        "training_recall_score": sk.recall_score(FEW_TARGETS, predicted, **weighted),
        "training_f1_score": sk.f1_score(FEW_TARGETS, predicted, **weighted),
        "training_log_loss": sk.log_loss(FEW_TARGETS, chances),
        "training_roc_auc": sk.roc_auc_score(FEW_TARGETS, chances[:, 1]),
        "training_score": model.score(FEW, FEW_TARGETS),
    })  # fmt: skip
    tags = {key: value for key, value in run.data.tags.items() if key.startswith(("estimator", "mlflow.auto"))}
    assert tags == {
        "estimator_name": "LogisticRegression",
        "estimator_class": "sklearn.linear_model._logistic.LogisticRegression",
        "mlflow.autologging": "sklearn",
    }
    (used,) = run.inputs.dataset_inputs
    assert used.context == "train"
    paths = [file.path for file in mlops.artifacts.list_artifacts(run_id=run.info.run_id)]
    plots = [f"training_{name}.png" for name in ("confusion_matrix", "precision_recall_curve", "roc_curve")]
    assert paths == ["estimator.html", "model", *plots]
    again = mlops.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    numpy.testing.assert_array_equal(again.predict(FEW), predicted)
    info = mlops.models.get_model_info(f"runs:/{run.info.run_id}/model")
    assert info.signature is not None and "mean radius" in str(info.signature)


def test_regressors_and_many_classes_have_the_metrics_of_mlflow() -> None:
    quick()
    rows, numbers = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(rows, numbers)
    found = runs()[0].data.metrics
    assert found["training_mean_squared_error"] == pytest.approx(sk.mean_squared_error(numbers, model.predict(rows)))
    assert sorted(found) == [f"training_{name}" for name in ("mean_absolute_error", "mean_squared_error", "r2_score", "root_mean_squared_error", "score")]
    rows, labels = load_wine(return_X_y=True)
    forest = RandomForestClassifier(5, max_depth=1, random_state=1).fit(rows, labels)
    found = runs()[0].data.metrics
    expected = sk.roc_auc_score(labels, forest.predict_proba(rows), average="weighted", multi_class="ovo")
    assert found["training_roc_auc"] == pytest.approx(expected, rel=1e-12)


def test_weights_and_the_positive_label_count() -> None:
    quick(pos_label=0)
    weights = numpy.random.default_rng(1).random(60)
    model = tree(max_depth=1).fit(FEW, FEW_TARGETS, sample_weight=weights)
    expected = sk.recall_score(FEW_TARGETS, model.predict(FEW), pos_label=0, sample_weight=weights)
    assert runs()[0].data.metrics["training_recall_score"] == pytest.approx(expected, rel=1e-12)


def test_only_the_outermost_fit_is_logged() -> None:
    quick()
    make_pipeline(StandardScaler(), LogisticRegression()).fit(FEW, FEW_TARGETS)
    BaggingClassifier(tree(), n_estimators=3).fit(FEW, FEW_TARGETS)
    assert [run.data.tags["estimator_name"] for run in runs()] == ["BaggingClassifier", "Pipeline"]
    assert runs()[1].data.params["logisticregression__C"] == "1.0"
    # What only prepares data is no model.
    StandardScaler().fit_transform(FEW)
    assert len(runs()) == 2


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_workers_of_a_fit_log_nothing_of_their_own(backend: str) -> None:
    quick(log_models=False)
    with parallel_backend(backend, n_jobs=2):
        BaggingClassifier(tree(), n_estimators=4, n_jobs=2).fit(FEW, FEW_TARGETS)
        GridSearchCV(tree(), {"max_depth": [1, 2]}, cv=2, n_jobs=2).fit(FEW, FEW_TARGETS)
    names = [run.data.tags["estimator_name"] for run in runs() if run.info.parent_run_id is None]
    assert names == ["GridSearchCV", "BaggingClassifier"]


def test_a_search_has_its_best_candidates_as_children() -> None:
    quick(max_tuning_runs=2)
    depths = [1, 2, 3, 4]
    search = GridSearchCV(tree(), {"max_depth": depths}, cv=2).fit(FEW, FEW_TARGETS)
    (parent,) = [run for run in runs() if run.info.parent_run_id is None]
    assert parent.data.params["best_max_depth"] == str(search.best_params_["max_depth"])
    assert parent.data.metrics["best_cv_score"] == search.best_score_
    paths = {file.path for file in mlops.artifacts.list_artifacts(run_id=parent.info.run_id)}
    assert {"model", "best_estimator", "cv_results.csv", "estimator.html"} <= paths
    children = [run for run in runs() if run.info.parent_run_id == parent.info.run_id]
    assert len(children) == 2 and {run.info.status for run in children} == {"FINISHED"}
    ranks = sorted(run.data.metrics["rank_test_score"] for run in children)
    assert ranks == sorted(search.cv_results_["rank_test_score"])[:2]
    assert {run.data.params["random_state"] for run in children} == {"1"}
    table = mlops.artifacts.load_text(f"runs:/{parent.info.run_id}/cv_results.csv")
    assert len(table.splitlines()) == len(depths) + 1


def test_it_logs_into_the_active_run_and_leaves_it_open() -> None:
    quick()
    with mlops.start_run() as run:
        tree().fit(FEW, FEW_TARGETS)
        assert mlops.active_run() is run
        mlops.log_metric("mine", 1)
    (found,) = runs()
    assert found.data.metrics["mine"] == 1 and "training_score" in found.data.metrics


def test_a_second_fit_in_a_run_keeps_the_params_of_the_first(caplog: pytest.LogCaptureFixture) -> None:
    quick()
    with mlops.start_run():
        tree(max_depth=1).fit(FEW, FEW_TARGETS)
        LogisticRegression(random_state=5).fit(FEW, FEW_TARGETS)
    (run,) = runs()
    assert run.data.params["max_depth"] == "1" and run.data.params["random_state"] == "1" and "C" in run.data.params
    (line,) = caplog.messages
    assert "\n" not in line and "params that the run has with another value" in line


def test_exclusive_leaves_runs_of_the_caller_alone() -> None:
    quick(exclusive=True)
    with mlops.start_run():
        tree().fit(FEW, FEW_TARGETS)
    tree().fit(FEW, FEW_TARGETS)
    assert [bool(run.data.params) for run in runs()] == [True, False]


def test_settings_leave_out_what_they_say() -> None:
    quick(log_models=False, log_datasets=False, extra_tags={"team": "blue"})
    tree().fit(FEW, FEW_TARGETS)
    run = runs()[0]
    assert not run.inputs.dataset_inputs and run.data.tags["team"] == "blue"
    assert "model" not in {file.path for file in mlops.artifacts.list_artifacts(run_id=run.info.run_id)}
    quick(log_input_examples=True)
    tree().fit(FEW, FEW_TARGETS)
    assert mlops.models.get_model_info(f"runs:/{runs()[0].info.run_id}/model").saved_input_example_info is not None
    quick(log_model_signatures=False)
    tree().fit(FEW, FEW_TARGETS)
    assert mlops.models.get_model_info(f"runs:/{runs()[0].info.run_id}/model").signature is None


def test_a_model_is_registered_under_the_name_that_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    quick(registered_model_name="wards")
    tree().fit(FEW, FEW_TARGETS)
    assert mlops.MlflowClient().get_model_version("wards", 1).run_id == runs()[0].info.run_id
    assert not caplog.messages
    quick(registered_model_name="a/b")
    tree().fit(FEW, FEW_TARGETS)
    assert "model" in {file.path for file in mlops.artifacts.list_artifacts(run_id=runs()[0].info.run_id)}
    assert len(caplog.messages) == 1 and "without registering the model" in caplog.text


def test_versions_that_it_is_not_tested_with_are_left_alone_if_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    modules, _, _ = switch.LIBRARIES["sklearn"]
    monkeypatch.setitem(switch.LIBRARIES, "sklearn", (modules, (0,), (1,)))
    quick(disable_for_unsupported_versions=True)
    tree().fit(FEW, FEW_TARGETS)
    assert not runs()
    quick()
    tree().fit(FEW, FEW_TARGETS)
    assert len(runs()) == 1


def test_pictures_need_matplotlib_and_nothing_else_does(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = python(
        """
        import sys
        sys.modules["matplotlib"] = None
        import mlops
        from sklearn.datasets import load_iris
        from sklearn.ensemble import RandomForestClassifier
        mlops.autolog()
        RandomForestClassifier(3).fit(*load_iris(return_X_y=True))
        print(*(file.path for file in mlops.artifacts.list_artifacts(run_id=mlops.last_active_run().info.run_id)))
        """
    )
    assert done.stdout.split() == ["estimator.html", "feature_importance.json", "model"] and not done.stderr


def test_metrics_that_a_program_computes_later_go_to_the_run_of_the_model() -> None:
    quick()
    model = tree().fit(FEW, FEW_TARGETS)
    other = tree(max_depth=1).fit(FEW, FEW_TARGETS)
    held_out, right = ROWS.iloc[60:, :3], TARGET[60:]
    said = model.predict(held_out)
    accuracy = sk.accuracy_score(right, said)
    sk.accuracy_score(right, said)
    other_score = other.score(held_out, right)
    metrics, others = runs()[1].data.metrics, runs()[0].data.metrics
    assert metrics["accuracy_score_held_out"] == metrics["accuracy_score-2_held_out"] == accuracy
    assert others["DecisionTreeClassifier_score_held_out"] == other_score and "accuracy_score_held_out" not in others
    quick(log_post_training_metrics=False)
    model = tree().fit(FEW, FEW_TARGETS)
    sk.accuracy_score(FEW_TARGETS, model.predict(FEW))
    assert all(name.startswith("training_") for name in runs()[0].data.metrics)


@pytest.mark.parametrize(
    "kind",
    ["linear_model.LogisticRegression", "linear_model.SGDClassifier", "linear_model.RidgeClassifier", "svm.LinearSVC",
     "linear_model.Perceptron", "discriminant_analysis.LinearDiscriminantAnalysis", "naive_bayes.GaussianNB"],
)  # fmt: skip
def test_predictions_that_an_estimator_inherits_of_a_mixin_are_known_too(kind: str) -> None:
    quick(log_models=False)
    module, _, name = kind.partition(".")
    model = getattr(importlib.import_module(f"sklearn.{module}"), name)()
    model.fit(FEW, FEW_TARGETS)
    held_out, right = ROWS.iloc[60:, :3], TARGET[60:]
    sk.accuracy_score(right, model.predict(held_out))
    assert "accuracy_score_held_out" in runs()[0].data.metrics


def test_a_metric_is_named_after_the_data_that_were_predicted_for_as_by_mlflow() -> None:
    quick(log_models=False)
    model = tree().fit(FEW, FEW_TARGETS)

    def scored(of_helper: Any, right: Any) -> None:
        sk.accuracy_score(right, model.predict(X=of_helper))

    held_out, right = ROWS.iloc[60:, :3], TARGET[60:]
    scored(held_out, right)
    sk.accuracy_score(right, model.predict(held_out.copy()))
    before, held_out = held_out, held_out.copy()
    sk.accuracy_score(right, model.predict(held_out))
    sk.f1_score(right, model.predict(before), average="macro")
    found = [name for name in runs()[0].data.metrics if not name.startswith("training_")]
    assert sorted(found) == [
        "accuracy_score-2_unknown_dataset", "accuracy_score-3_held_out-2", "accuracy_score_held_out", "f1_score_before",
    ]  # fmt: skip


# --- on and off -------------------------------------------------------------------------------------------------


def test_off_puts_back_what_was_there() -> None:
    mlops.autolog()
    assert not any(vars(owner)[name] is before for owner, name, before in ORIGINALS)
    mlops.autolog(disable=True)
    assert all(vars(owner)[name] is before for owner, name, before in ORIGINALS)
    tree().fit(FEW, FEW_TARGETS)
    assert not runs()


def test_blocks_nest() -> None:
    with mlops.autolog(log_models=False):
        with mlops.sklearn.autolog(disable=True):
            tree().fit(FEW, FEW_TARGETS)
            with quick(extra_tags={"depth": 3}):
                tree().fit(FEW, FEW_TARGETS)
            tree().fit(FEW, FEW_TARGETS)
        assert not switch.settings_of("sklearn").log_models  # type: ignore[union-attr]
    assert [run.data.tags["depth"] for run in runs()] == ["3"]
    assert not switch._patches


def test_a_block_that_fails_is_off_again() -> None:
    with pytest.raises(KeyError), mlops.autolog():
        raise KeyError
    assert switch.settings_of("sklearn") is None


def test_what_was_said_of_one_library_counts_more() -> None:
    mlops.sklearn.autolog(log_models=False)
    mlops.autolog()
    assert not switch.settings_of("sklearn").log_models  # type: ignore[union-attr]
    assert switch.settings_of("xgboost").log_models  # type: ignore[union-attr]
    mlops.autolog(exclude_flavors=["xgboost"], disable=True)
    assert switch.settings_of("sklearn") is None and switch.settings_of("xgboost") is not None


def test_calls_in_a_loop_are_no_heap() -> None:
    for _ in range(100):
        mlops.autolog()
        mlops.sklearn.autolog()
        mlops.autolog(disable=True)
    assert len(switch._layers) <= 2


def test_replaced_functions_keep_name_signature_and_docstring() -> None:
    before = {name: (inspect.signature(one), one.__doc__, one.__qualname__) for name, one in vars(LogisticRegression).items() if name == "fit"}
    mlops.autolog()
    now = LogisticRegression.fit
    assert (inspect.signature(now), now.__doc__, now.__qualname__) == before["fit"]
    assert LogisticRegression().set_fit_request  # the routing of metadata reads signatures


def test_an_estimator_that_is_defined_later_is_logged_too(python: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        "from sklearn.base import BaseEstimator\n"
        "class Mean(BaseEstimator):\n"
        "    def fit(self, X, y):\n"
        "        self.mean_ = sum(y) / len(y)\n"
        "        return self\n"
    )
    python(
        """
        import sys
        sys.path.insert(0, "")
        import mlops
        mlops.autolog(log_models=False)
        assert "sklearn" not in sys.modules
        import sklearn.linear_model, sklearn.metrics
        assert hasattr(sklearn.linear_model.LinearRegression.fit, "__wrapped__")
        import late
        late.Mean().fit([[1], [2]], [1, 2])
        mlops.autolog(disable=True)
        late.Mean().fit([[1], [2]], [1, 2])
        """
    )
    (run,) = runs()
    assert run.data.tags["estimator_class"] == "late.Mean"


def test_threads_have_a_run_each() -> None:
    quick(log_models=False)
    barrier = threading.Barrier(4)

    def work(depth: int) -> None:
        barrier.wait()
        for _ in range(3):
            tree(max_depth=depth).fit(FEW, FEW_TARGETS)

    threads = [threading.Thread(target=work, args=(depth,)) for depth in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.data.params["max_depth"] for run in runs()) == sorted("1234" * 3)
    assert {run.info.status for run in runs()} == {"FINISHED"}


def test_a_fit_in_a_callers_own_thread_pool_is_logged() -> None:
    quick(log_models=False)
    Parallel(n_jobs=2, backend="threading")(delayed(tree(max_depth=depth).fit)(FEW, FEW_TARGETS) for depth in (1, 2))
    assert len(runs()) == 2


def test_estimators_are_pickled_cloned_and_cross_validated_as_before() -> None:
    quick(log_models=False)
    model = tree().fit(FEW, FEW_TARGETS)
    again = pickle.loads(pickle.dumps(model))
    numpy.testing.assert_array_equal(again.predict(FEW), model.predict(FEW))
    assert pickle.loads(pickle.dumps(DecisionTreeClassifier.fit)) is DecisionTreeClassifier.fit
    assert clone(model).get_params() == model.get_params()
    assert len(cross_val_score(tree(), FEW, FEW_TARGETS, cv=3, n_jobs=2)) == 3


# --- it never breaks --------------------------------------------------------------------------------------------


def test_an_exception_of_the_training_is_the_callers_and_its_run_failed() -> None:
    quick()
    bad = tree(max_depth=-1)
    with pytest.raises(ValueError, match="max_depth") as caught:
        bad.fit(FEW, FEW_TARGETS)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    (run,) = runs()
    assert run.info.status == "FAILED" and run.data.params["max_depth"] == "-1" and mlops.active_run() is None
    with pytest.raises(TypeError):
        DecisionTreeClassifier.fit()
    assert len(runs()) == 1


def test_a_store_that_cannot_be_made_is_one_line_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    mlops.set_tracking_uri(tmp_path / "file" / "store")
    quick()
    for _ in range(3):
        numpy.testing.assert_array_equal(tree().fit(FEW, FEW_TARGETS).classes_, [0, 1])
    (line,) = caplog.messages
    assert line.startswith("autolog of sklearn goes on without a run: ") and "\n" not in line
    guard.forget()
    caplog.clear()
    quick(silent=True)
    tree().fit(FEW, FEW_TARGETS)
    assert not caplog.messages


def test_a_read_only_store_does_not_matter(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    with mlops.start_run():
        pass
    mlops.set_tracking_uri(store, read_only=True)
    quick()
    tree().fit(FEW, FEW_TARGETS)
    assert len(caplog.messages) == 1


class Breaking(DecisionTreeClassifier):
    """Does something in the middle of its training."""

    then: Callable[[], Any] = staticmethod(lambda: None)

    def fit(self, X: Any, y: Any) -> Breaking:  # noqa: N803
        super().fit(X, y)
        type(self).then()
        return self


def test_a_store_that_is_deleted_during_the_training_does_not_matter(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    quick()
    Breaking.then = staticmethod(lambda: shutil.rmtree(store))
    model = Breaking(max_depth=2).fit(FEW, FEW_TARGETS)
    assert model.tree_ is not None and mlops.active_run() is None
    assert caplog.messages and all("\n" not in line for line in caplog.messages)
    Breaking.then = staticmethod(lambda: None)
    mlops.set_tracking_uri(None)
    Breaking(max_depth=2).fit(FEW, FEW_TARGETS)
    assert len(runs()) == 1


@pytest.mark.parametrize("name", ["log_batch", "log_bytes", "log_files", "log_inputs", "end"])
def test_any_call_that_fails_leaves_the_training_alone(name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    from mlops._autolog import training

    class Failing:
        def __init__(self, run: Any) -> None:
            self._run = run

        def __getattr__(self, asked: str) -> Any:
            if asked == name:
                raise OSError(28, "No space left on device")
            return getattr(self._run, asked)

    begin = training.Training.begin

    def begin_failing(self: Any) -> None:
        begin(self)
        self._handle = Failing(self._handle)
        if self._own is not None:
            self._own._handle = self._handle

    monkeypatch.setattr(training.Training, "begin", begin_failing)
    quick()
    for _ in range(2):
        assert tree().fit(FEW, FEW_TARGETS).tree_.node_count > 1
    assert mlops.active_run() is None
    assert caplog.messages and all("No space left" in line for line in caplog.messages)


def test_a_model_that_cannot_be_logged_leaves_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    quick()
    model = tree()
    model.hook = io.StringIO()  # type: ignore[attr-defined]
    model.lock = threading.Lock()  # type: ignore[attr-defined]
    model.fit(FEW, FEW_TARGETS)
    assert runs()[0].info.status == "FINISHED" and "training_score" in runs()[0].data.metrics
    assert len(caplog.messages) == 1 and "without the model" in caplog.text


def test_a_broken_handler_of_warnings_does_not_matter(tmp_path: Path) -> None:
    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("broken")

    (tmp_path / "file").write_text("")
    mlops.set_tracking_uri(tmp_path / "file" / "store")
    handler = Broken()
    logging.getLogger("mlops.autolog").addHandler(handler)
    try:
        quick()
        tree().fit(FEW, FEW_TARGETS)
    finally:
        logging.getLogger("mlops.autolog").removeHandler(handler)


def test_a_program_that_is_forked_logs_on(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork")
    python(
        """
        import os, mlops
        from sklearn.linear_model import LinearRegression
        mlops.autolog(log_models=False)
        LinearRegression().fit([[1], [2]], [1, 2])
        child = os.fork()
        LinearRegression().fit([[1], [2]], [1, 2])
        if child == 0:
            mlops.set_tracking_uri(None)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    assert len(runs()) == 3


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        (mlops.sklearn.autolog, {"max_tuning_runs": -1}, "max_tuning_runs is -1"),
        (mlops.autolog, {"exclude_flavors": ["torch"]}, "exclude_flavors has 'torch'"),
        (mlops.autolog, {"extra_tags": ["a"]}, "extra_tags is of type list"),
        (mlops.keras.autolog, {"log_every_n_steps": 3}, "set log_every_epoch to False"),
        (mlops.pytorch.autolog, {"log_every_n_epoch": 0}, "log_every_n_epoch is 0"),
    ],
)
def test_settings_without_meaning_are_refused(call: Callable[..., Any], given: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        call(**given)
    assert switch.settings_of("sklearn") is None


def test_a_fit_makes_a_logged_model_that_its_metrics_are_of() -> None:
    quick()
    model = tree().fit(FEW, FEW_TARGETS)
    sk.accuracy_score(FEW_TARGETS, model.predict(FEW))
    (run,) = runs()
    (made,) = run.outputs.model_outputs
    logged = mlops.get_logged_model(made.model_id)
    assert (logged.name, logged.status, logged.source_run_id) == ("model", "READY", run.info.run_id)
    assert logged.params == run.data.params
    measured = {metric.key: metric.value for metric in logged.metrics or []}
    assert measured == run.data.metrics and any(key.startswith("accuracy_score") for key in measured)
    assert {metric.model_id for metric in run.data._metric_objs} == {made.model_id} and run.inputs.model_inputs == []
    numpy.testing.assert_array_equal(mlops.load_model(logged.model_uri).predict(FEW), model.predict(FEW))
