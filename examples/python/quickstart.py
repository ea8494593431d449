"""Trains on real data, tracks every run, finds the best by search, and loads it again in a fresh process.

    python examples/python/quickstart.py          the store is ./.mlops, or MLOPS_STORE
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from itertools import product
from pathlib import Path

import mlops
import numpy
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.metrics import log_loss, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

STEPS = 100
TASKS = {
    "breast cancer": (load_breast_cancer, SGDClassifier, {"loss": "log_loss"}, "accuracy"),
    "diabetes": (load_diabetes, SGDRegressor, {}, "r2"),
}


def split(task: str):
    """Scaled training and held-out rows of a task."""
    features, target = TASKS[task][0](return_X_y=True)
    train, test, y_train, y_test = train_test_split(features, target, test_size=0.25, random_state=7)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test), y_train, y_test


def train(task: str, alpha: float, eta0: float) -> None:
    """One run: 100 steps of gradient descent, its curve, and the model."""
    train_rows, test_rows, y_train, y_test = split(task)
    _, kind, fixed, score = TASKS[task]
    with mlops.start_run(run_name=f"alpha={alpha} eta0={eta0}", nested=True):
        mlops.log_params({"task": task, "alpha": alpha, "eta0": eta0})
        model = kind(alpha=alpha, eta0=eta0, learning_rate="invscaling", random_state=7, **fixed)
        for step in range(STEPS):
            if score == "accuracy":
                model.partial_fit(train_rows, y_train, classes=[0, 1])
                loss = log_loss(y_test, model.predict_proba(test_rows))
            else:
                model.partial_fit(train_rows, y_train)
                loss = mean_squared_error(y_test, model.predict(test_rows))
            mlops.log_metric("loss", loss, step=step)
        found = model.predict(test_rows)
        mlops.log_metric(score, (found == y_test).mean() if score == "accuracy" else r2_score(y_test, found))
        mlops.sklearn.log_model(model, name="model", input_example=train_rows[:2])


def predict(store: str, model_uri: str, task: str) -> None:
    """The fresh process: loads a model and prints its predictions of the held-out rows."""
    mlops.set_tracking_uri(store, read_only=True)  # the process that trains has the store open for writing
    predictions = mlops.load_model(model_uri).predict(split(task)[1])
    print(numpy.asarray(predictions, dtype=float).tobytes().hex())


def shown(path: str) -> Path:
    """A path, relative if it is beneath the working directory."""
    return Path(path).relative_to(Path.cwd()) if Path(path).is_relative_to(Path.cwd()) else Path(path)


def main() -> None:
    """The whole path."""
    mlops.set_experiment("quickstart")
    for task, (_, _, _, score) in TASKS.items():
        with mlops.start_run(run_name=task) as parent:
            for alpha, eta0 in product([1e-5, 1e-4, 1e-3], [0.01, 0.1]):
                train(task, alpha, eta0)
        best = mlops.search_runs(
            filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}' and metrics.{score} > 0",
            order_by=[f"metrics.{score} DESC"],
            max_results=1,
            output_format="list",
        )[0]
        print(f"{task}: 6 runs of {STEPS} steps; best {score} {best.data.metrics[score]:.4f}", end=" ")
        print(f"with alpha={best.data.params['alpha']} eta0={best.data.params['eta0']} (run {best.info.run_id[-8:]})")

        uri = f"runs:/{best.info.run_id}/model"
        here = mlops.load_model(uri).predict(split(task)[1])
        command = [sys.executable, __file__, "predict", mlops.get_tracking_uri(), uri, task]
        child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        there = numpy.frombuffer(bytes.fromhex(child.stdout.strip()))
        assert (numpy.asarray(here, dtype=float) == there).all(), "the predictions differ"
        print(f"{' ' * len(task)}  loaded in a fresh process: {len(there)} held-out predictions are identical")
    store = shown(mlops.get_tracking_uri())
    command = f"{shown(sysconfig.get_path('scripts'))}/mlops --store {store}"
    print(f"Everything is in {store}. Look at it:")
    print(f"  {command} runs list --experiment quickstart --order-by 'metrics.accuracy DESC' --limit 5")
    print(f"  {command} runs metrics {best.info.run_id} loss --points")


if __name__ == "__main__":
    if sys.argv[1:2] == ["predict"]:
        predict(*sys.argv[2:])
    else:
        main()
