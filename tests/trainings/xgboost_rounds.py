"""Rounds of xgboost on the breast cancer data, logged by a callback: xgboost_rounds.py ROUNDS"""

from __future__ import annotations

import io
import sys
from typing import Any

import mlops
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import ledger

EXPERIMENT = "xgboost"


class Track(xgboost.callback.TrainingCallback):
    """Logs what is measured after each round to the active run."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, list[float]]]) -> bool:
        """Logs the round; False: training goes on."""
        values = {f"{data}-{name}": log[-1] for data, scores in evals_log.items() for name, log in scores.items()}
        mlops.log_metrics(values, step=epoch)
        ledger.points(self.run_id, values, epoch)
        return False


def train(run_id: str, depth: int, rounds: int) -> None:
    """Trains a model in the active run."""
    features, target = load_breast_cancer(return_X_y=True)
    split = train_test_split(features, target, test_size=0.25, random_state=7)
    known, held_out = (xgboost.DMatrix(rows, label) for rows, label in zip(split[:2], split[2:], strict=True))
    params = {"max_depth": depth, "eta": 0.1, "objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "nthread": 1}
    logged = {**params, "rounds": rounds, "early_stopping": False, "base_score": None}
    mlops.log_params(logged)
    ledger.begun(run_id, EXPERIMENT, logged)
    model = xgboost.train(
        params,
        known,
        rounds,
        evals=[(known, "train"), (held_out, "test")],
        callbacks=[Track(run_id)],
        verbose_eval=False,
    )
    content = bytes(model.save_raw("json"))
    mlops.log_stream(io.BytesIO(content), "model/model.json")
    ledger.artifact(run_id, "model/model.json", content)


if __name__ == "__main__":
    ledger.ready()
    mlops.set_experiment(EXPERIMENT)
    for depth in (2, 4):
        with mlops.start_run(run_name=f"depth {depth}") as run:
            train(run.info.run_id, depth, int(sys.argv[1]))
        ledger.ended(run.info.run_id)
    # A script without `with`: the run ends as the process does.
    run = mlops.start_run(run_name="depth 6")
    train(run.info.run_id, 6, int(sys.argv[1]))
    ledger.ended(run.info.run_id)
