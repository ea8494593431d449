"""A sweep over real data: four processes take trials from one store, and what is not worth going on with stops early.

    python examples/python/sweep.py          the store is ./.mlops, or MLOPS_STORE
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

import mlops
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

EPOCHS = 27


def objective(trial: mlops.Trial) -> None:
    """One trial: epochs of gradient descent, as long as they are worth it."""
    features, target = load_digits(return_X_y=True)
    train, test, y_train, y_test = train_test_split(features, target, test_size=0.25, random_state=7)
    scaler = StandardScaler().fit(train)
    model = SGDClassifier(
        loss="log_loss", learning_rate="constant", alpha=trial["alpha"], eta0=trial["eta0"], penalty=trial["penalty"], random_state=7
    )
    for epoch in range(1, EPOCHS + 1):
        model.partial_fit(scaler.transform(train), y_train, classes=range(10))
        accuracy = model.score(scaler.transform(test), y_test)
        if trial.report(accuracy, step=epoch) == "stop":
            break


def main() -> None:
    """Makes the sweep, runs it, and shows the best."""
    space = {
        "alpha": {"min": 1e-6, "max": 1e-1, "log": True},
        "eta0": {"min": 1e-4, "max": 1.0, "log": True},
        "penalty": ["l2", "l1"],
    }
    mlops.set_experiment("digits")
    sweep = mlops.sweep(space, metric="accuracy", goal="maximize", max_trials=16, seed=7, early_stopping="halving", name="digits")
    sweep.run(objective, processes=4)
    best, status = sweep.best, sweep.status()
    assert best is not None and status["finished"] + status["stopped"] == 16, status
    print(f"16 trials, of which {status['stopped']} were stopped early; best accuracy {best['value']:.4f} of trial {best['number']}")
    store = Path(mlops.get_tracking_uri())
    shown = store.relative_to(Path.cwd()) if store.is_relative_to(Path.cwd()) else store
    scripts = Path(sysconfig.get_path("scripts"))
    scripts = scripts.relative_to(Path.cwd()) if scripts.is_relative_to(Path.cwd()) else scripts
    print("Look at it:")
    print(f"  {scripts}/mlops --store {shown} sweeps show digits")


if __name__ == "__main__":
    main()
