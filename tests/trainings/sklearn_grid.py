"""A grid of scikit-learn models over the digits, in joblib's processes and threads: sklearn_grid.py EPOCHS"""

from __future__ import annotations

import sys
from typing import Any

import joblib
import mlops
import numpy
from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import ParameterGrid, StratifiedKFold, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

import ledger

EXPERIMENT = "grid"
GRID = {"alpha": [1e-05, 0.001, 0.1], "penalty": ["l2", "l1"], "average": [True]}
FOLDS = 4


def data() -> Any:
    """Training and held-out digits."""
    features, target = load_digits(return_X_y=True)
    return train_test_split(features / 16, target, test_size=0.25, random_state=7)


def fit(index: int, params: dict[str, Any], parent: str, epochs: int) -> None:
    """One cell of the grid, in a worker process: a run beneath that of the grid."""
    train, test, y_train, y_test = data()
    mlops.set_experiment(EXPERIMENT)
    with mlops.start_run(run_name=f"cell {index}", nested=True, parent_run_id=parent) as run:
        model = SGDClassifier(loss="log_loss", random_state=7, **params)
        mlops.log_params(model.get_params())
        ledger.begun(run.info.run_id, EXPERIMENT, model.get_params(), parent)
        for epoch in range(epochs):
            model.partial_fit(train, y_train, classes=numpy.arange(10))
            values = {"loss": log_loss(y_test, model.predict_proba(test)), "accuracy": model.score(test, y_test)}
            mlops.log_metrics(values, step=epoch)
            ledger.points(run.info.run_id, values, epoch)
    ledger.ended(run.info.run_id)
    # Outside of its own run a worker logs to the one that was active when it was started.
    mlops.log_metric("cell accuracy", values["accuracy"], step=index)
    ledger.points(parent, {"cell accuracy": values["accuracy"]}, index)


def fold(index: int, rows: Any, held_out: Any, parent: str) -> None:
    """One fold, in a thread: a point of the grid's run, and a run of the thread's own beneath it."""
    features, target = load_digits(return_X_y=True)
    score = float(GaussianNB().fit(features[rows], target[rows]).score(features[held_out], target[held_out]))
    mlops.log_metric("fold accuracy", score, step=index)
    ledger.points(parent, {"fold accuracy": score}, index)
    with mlops.start_run(run_name=f"fold {index}", nested=True) as run:
        params = {"fold": index, "rows": len(rows), "shuffled": True}
        mlops.log_params(params)
        ledger.begun(run.info.run_id, EXPERIMENT, params, parent)
        mlops.log_metric("accuracy", score)
        ledger.points(run.info.run_id, {"accuracy": score}, 0)
    ledger.ended(run.info.run_id)


def neighbours(count: int, run_id: str) -> None:
    """In a worker that is older than the run: it has to be told which run to log to."""
    train, test, y_train, y_test = data()
    score = float(KNeighborsClassifier(count).fit(train, y_train).score(test, y_test))
    mlops.MlflowClient().log_metric(run_id, "accuracy", score, step=count)
    ledger.points(run_id, {"accuracy": score}, count)


def main(epochs: int) -> None:
    workers = joblib.Parallel(n_jobs=2, backend="loky")
    workers(joblib.delayed(abs)(n) for n in range(4))
    ledger.ready()
    mlops.set_experiment(EXPERIMENT)
    with mlops.start_run(run_name="neighbours") as run:
        ledger.begun(run.info.run_id, EXPERIMENT, {})
        workers(joblib.delayed(neighbours)(count, run.info.run_id) for count in range(1, 7))
    ledger.ended(run.info.run_id)
    # The next workers are started while the grid's run is active.
    get_reusable_executor().shutdown()
    with mlops.start_run(run_name="grid") as run:
        params = {"cells": len(ParameterGrid(GRID)), "folds": FOLDS, "data": "digits", "limit": None}
        mlops.log_params(params)
        ledger.begun(run.info.run_id, EXPERIMENT, params)
        joblib.Parallel(n_jobs=2, backend="loky")(
            joblib.delayed(fit)(index, cell, run.info.run_id, epochs) for index, cell in enumerate(ParameterGrid(GRID))
        )
        splits = StratifiedKFold(FOLDS, shuffle=True, random_state=7).split(*load_digits(return_X_y=True))
        joblib.Parallel(n_jobs=FOLDS, backend="threading")(
            joblib.delayed(fold)(index, rows, held_out, run.info.run_id) for index, (rows, held_out) in enumerate(splits)
        )
    ledger.ended(run.info.run_id)


if __name__ == "__main__":
    main(int(sys.argv[1]))
