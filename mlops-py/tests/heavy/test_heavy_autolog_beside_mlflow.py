"""One program with autolog and evaluation, run with MLflow and with mlops: params, metrics, their steps and tags are the
same. What differs on purpose stands in docs/guide/mlflow.md. `make test-heavy` runs this."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import importlib, json, logging, os, sys, warnings
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
name, uri = sys.argv[1:]
tracking = importlib.import_module(name)
tracking.set_tracking_uri(uri)
tracking.autolog()
import lightgbm, numpy, xgboost
import sklearn.metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
wine, sorts = load_wine(return_X_y=True, as_frame=True)
patients, numbers = load_diabetes(return_X_y=True, as_frame=True)
found = {}

def shown(run):
    client = tracking.MlflowClient()
    run = client.get_run(run.info.run_id)
    history = {key: [[p.step, round(p.value, 9)] for p in client.get_metric_history(run.info.run_id, key)] for key in run.data.metrics}
    tags = {key: value for key, value in run.data.tags.items() if key.startswith(("estimator", "mlflow.autologging"))}
    inputs = sorted([one.dataset.name, *(tag.value for tag in one.tags)] for one in run.inputs.dataset_inputs)
    return {"params": run.data.params, "metrics": history, "tags": tags, "inputs": inputs}

def note(label, train):
    with tracking.start_run() as run:
        train()
    children = tracking.search_runs(filter_string=f"tags.`mlflow.parentRunId` = '{run.info.run_id}'", output_format="list")
    best = [child for child in children if child.data.metrics["rank_test_score"] == 1][:1]
    kept = [[dict(child.data.params), sorted(child.data.metrics), child.data.tags["estimator_class"]] for child in best]
    found[label] = {**shown(run), "children": len(children), "best": kept}

def pipeline():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, target)
    said = model.predict(rows)
    for _ in range(2):
        sklearn.metrics.accuracy_score(target, said)
    model.score(rows, target)

def boost():
    train, held = xgboost.DMatrix(rows[:400], target[:400]), xgboost.DMatrix(rows[400:], target[400:])
    params = {"objective": "binary:logistic", "eval_metric": ["error@0.4", "logloss"], "nthread": 1}
    xgboost.train(params, train, 30, evals=[(train, "train"), (held, "test")], early_stopping_rounds=3, verbose_eval=False)

def boost_light():
    train = lightgbm.Dataset(rows[:400], target[:400])
    held = lightgbm.Dataset(rows[400:], target[400:], reference=train)
    params = {"objective": "binary", "verbose": -1, "num_threads": 1}
    stop = lightgbm.early_stopping(3, verbose=False)
    lightgbm.train(params, train, 30, valid_sets=[train, held], valid_names=["train", "test"], callbacks=[stop])

note("pipeline", pipeline)
note("forest", lambda: RandomForestClassifier(5, random_state=1).fit(wine, sorts))
note("line", lambda: LinearRegression().fit(patients, numbers))
note("clusters", lambda: KMeans(2, n_init=1, random_state=1).fit(rows))
note("scaler", lambda: StandardScaler().fit(rows))
note("search", lambda: GridSearchCV(LogisticRegression(), {"C": [0.1, 1, 10]}, cv=2).fit(rows[["mean radius"]], target))
note("xgboost", boost)
note("xgboost fit", lambda: xgboost.XGBClassifier(n_estimators=4, n_jobs=1).fit(rows, target, eval_set=[(rows, target)], verbose=False))
note("lightgbm", boost_light)
note("lightgbm fit", lambda: lightgbm.LGBMClassifier(n_estimators=4, n_jobs=1, verbose=-1).fit(rows, target))
tracking.autolog(disable=True)

quiet = {"log_explainer": False, "log_model_explainability": False} if name == "mlflow" else {"log_plots": False}
save = {"serialization_format": "cloudpickle"}
for label, model, data, right, kind, config in [
    ("two classes", LogisticRegression(C=0.001), rows, target, "classifier", {}),
    ("the other class", LogisticRegression(C=0.001), rows, target, "classifier", {"pos_label": 0}),
    ("many classes", LogisticRegression(C=0.001), wine, sorts, "classifier", {}),
    ("their mean", LogisticRegression(C=0.001), wine, sorts, "classifier", {"average": "macro"}),
    ("numbers", LinearRegression(), patients, numbers, "regressor", {}),
]:
    model = make_pipeline(StandardScaler(), model).fit(data, right)
    with tracking.start_run():
        saved = tracking.sklearn.log_model(model, name="model", **save).model_uri
        result = tracking.models.evaluate(
            saved if name == "mlflow" else model, data.assign(right=right), targets="right", model_type=kind,
            evaluator_config={**quiet, **config},
        )
    metrics = {key: round(float(value), 9) for key, value in result.metrics.items() if key != "score"}
    found["evaluation of " + label] = {"metrics": metrics}
print(json.dumps(found, default=str))
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("both")
    (folder / "program.py").write_text(PROGRAM)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLOPS", "MLFLOW"))}
    environment["MLOPS_CONFIG_DIR"] = str(folder / "config")

    def run(name: str, uri: str) -> dict[str, Any]:
        command = [sys.executable, str(folder / "program.py"), name, uri]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run("mlflow", f"sqlite:///{Path(folder, 'mlflow.db')}"), run("mlops", str(folder / "store"))


LABELS = ["pipeline", "forest", "line", "clusters", "scaler", "search", "xgboost", "xgboost fit", "lightgbm", "lightgbm fit"]
EVALUATED = ["two classes", "the other class", "many classes", "their mean", "numbers"]


@pytest.mark.parametrize("label", [*LABELS, *(f"evaluation of {label}" for label in EVALUATED)])
def test_the_same_is_logged(label: str, both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = both
    assert ours[label] == theirs[label]


def test_nothing_was_left_out(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    for found in both:
        assert list(found) == [*LABELS, *(f"evaluation of {label}" for label in EVALUATED)]
        assert found["xgboost"]["metrics"]["test-logloss"] and found["search"]["children"] == 3
