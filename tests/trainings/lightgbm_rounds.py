"""Rounds of lightgbm on the diabetes data, logged by a callback: lightgbm_rounds.py ROUNDS"""

from __future__ import annotations

import sys

import lightgbm
import mlops
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import ledger

EXPERIMENT = "lightgbm"
# The round at which the third training breaks.
BREAKS_AT = 5


class Broken(Exception):
    """What goes wrong in a training."""


def train(run: mlops.ActiveRun, leaves: int, rounds: int, breaks: bool) -> None:
    """Trains a model in the active run."""
    features, target = load_diabetes(return_X_y=True)
    train, test, y_train, y_test = train_test_split(features, target, test_size=0.25, random_state=7)
    params = {"num_leaves": leaves, "learning_rate": 0.05, "objective": "regression", "metric": ["l2", "l1"], "num_threads": 1}
    logged = {**params, "bagging": True}
    mlops.log_params(logged)
    ledger.begun(run.info.run_id, EXPERIMENT, logged)

    def track(env: lightgbm.callback.CallbackEnv) -> None:
        values = {f"{data}-{name}": value for data, name, value, _ in env.evaluation_result_list}
        mlops.log_metrics(values, step=env.iteration)
        ledger.points(run.info.run_id, values, env.iteration)
        if breaks and env.iteration == BREAKS_AT:
            raise Broken

    known = lightgbm.Dataset(train, y_train, params={"verbosity": -1})
    held_out = known.create_valid(test, y_test)
    lightgbm.train(
        {**params, "verbosity": -1}, known, rounds, valid_sets=[known, held_out], valid_names=["train", "test"], callbacks=[track]
    )


if __name__ == "__main__":
    ledger.ready()
    mlops.set_experiment(EXPERIMENT)
    for leaves, breaks in ((4, False), (16, False), (64, True)):
        try:
            with mlops.start_run(run_name=f"{leaves} leaves") as run:
                train(run, leaves, int(sys.argv[1]), breaks)
        except Broken:
            ledger.ended(run.info.run_id, "FAILED")
        else:
            ledger.ended(run.info.run_id)
    # A script that gives up without `with`: its run fails with it.
    run = mlops.start_run(run_name="given up")
    train(run, 8, int(sys.argv[1]), breaks=False)
    ledger.ended(run.info.run_id, "FAILED")
    sys.exit(3)
