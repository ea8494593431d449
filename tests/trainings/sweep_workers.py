"""A sweep over the wines in four processes: sweep_workers.py TRIALS EPOCHS"""

from __future__ import annotations

import os
import sys

import mlops
import numpy
from sklearn.datasets import load_wine
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import ledger

EXPERIMENT = "sweep"
SPACE = {
    "alpha": {"min": 1e-6, "max": 1e-1, "log": True},
    "eta0": {"min": 1e-3, "max": 1.0, "log": True},
    "batches": {"min": 1, "max": 4},
    "penalty": ["l2", "l1"],
}


def objective(trial: mlops.Trial) -> None:
    """One trial, in one of the processes."""
    features, target = load_wine(return_X_y=True)
    train, test, y_train, y_test = train_test_split(features, target, test_size=0.25, random_state=7)
    scaler = StandardScaler().fit(train)
    run_id = trial.run.info.run_id
    ledger.begun(run_id, EXPERIMENT, trial.params, os.environ["TRAININGS_SWEEP_RUN"])
    params = {name: trial[name] for name in ("alpha", "eta0", "penalty")}
    model = SGDClassifier(loss="log_loss", learning_rate="constant", random_state=7, **params)
    for epoch in range(int(sys.argv[2])):
        for rows in numpy.array_split(numpy.arange(len(train)), trial["batches"]):
            model.partial_fit(scaler.transform(train[rows]), y_train[rows], classes=range(3))
        loss = float(log_loss(y_test, model.predict_proba(scaler.transform(test))))
        trial.report(loss, step=epoch)
        ledger.points(run_id, {"loss": loss}, epoch)
    ledger.ended(run_id)


if __name__ == "__main__":
    ledger.ready()
    mlops.set_experiment(EXPERIMENT)
    with mlops.start_run(run_name="sweep") as run:
        ledger.begun(run.info.run_id, EXPERIMENT, {})
        os.environ["TRAININGS_SWEEP_RUN"] = run.info.run_id
        sweep = mlops.sweep(SPACE, metric="loss", max_trials=int(sys.argv[1]), seed=7, name="wines")
        sweep.run(objective, processes=4)
        best = sweep.best
        assert best is not None
        mlops.log_metric("best loss", best["value"])
        ledger.points(run.info.run_id, {"best loss": best["value"]}, 0)
    ledger.ended(run.info.run_id)
