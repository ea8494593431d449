"""A model on its way to production: three versions are trained on real data and registered, a colleague approves them, the
best goes to production, is found wanting and rolled back, and the log tells who did what, and why.

    python examples/python/registry.py          the store is ./.mlops, or MLOPS_STORE
"""

from __future__ import annotations

import csv
import sysconfig
from pathlib import Path

import mlops
import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

DATA = Path(__file__).parent.parent / "data" / "breast_cancer.csv"
MODEL = "breast-cancer"


def rows() -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Features and classes to learn from, and those that are held out: every fourth row."""
    with DATA.open(encoding="utf-8") as file:
        data = numpy.array([[float(cell) for cell in row] for row in list(csv.reader(file))[1:]])
    held_out = numpy.arange(len(data)) % 4 == 0
    train, test = data[~held_out], data[held_out]
    return train[:, :-1], train[:, -1], test[:, :-1], test[:, -1]


def version(strength: float) -> int:
    """Trains, logs the model with its accuracy, and registers it; the number of the version."""
    train, y_train, test, y_test = rows()
    model: Pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=strength, random_state=7))
    with mlops.start_run(run_name=f"C={strength}"):
        model.fit(train, y_train)
        accuracy = model.score(test, y_test)
        mlops.log_param("C", strength)
        mlops.log_metric("accuracy", accuracy)
        info = mlops.sklearn.log_model(model, name="model")
    made = mlops.register_model(info.model_uri, MODEL)
    print(f"version {made.version} of {MODEL}: accuracy {accuracy:.4f} with C={strength}")
    return made.version


def main() -> None:
    """Brings versions to production and back."""
    mlops.set_experiment(MODEL)
    poor, good, best = (version(strength) for strength in (0.0001, 0.01, 1.0))
    registry = mlops.registry()
    if registry.policy(MODEL)["approvals"]:
        # That of an earlier run of this program in the same store.
        registry.set_policy(None, MODEL, actor="carol", reason="the example begins again")
    registry.promote(MODEL, good, actor="ada", reason="the first that is good enough")

    # Nothing goes to production that a colleague has not approved.
    registry.set_policy({"approvals": 1, "self_approval": False}, MODEL, actor="carol", reason="audit")
    try:
        registry.promote(MODEL, best, actor="ada")
    except mlops.exceptions.Denied:
        missing = [asked["name"] for asked in registry.status(MODEL, best)["requirements"] if not asked["is_met"]]
        print(f"ada may not promote version {best} yet; what is missing: {', '.join(missing)}")
    registry.request_approval(MODEL, best, actor="ada")
    assert best in [asked["version"] for asked in registry.pending()]
    registry.approve(MODEL, best, actor="bob", reason="looked at the mistakes")
    registry.promote(MODEL, best, actor="ada", reason="fewer mistakes")

    _, _, test, y_test = rows()
    right = int((mlops.load_model(f"models:/{MODEL}/Production").predict(test) == y_test).sum())
    print(f"models:/{MODEL}/Production is version {best}; {right} of {len(test)} held-out rows are right")
    # The chain goes on with the run, the commit and the data sets.
    print("\n".join(str(registry.why(MODEL, "production")).splitlines()[:3]))

    done = registry.rollback(MODEL, actor="bob", reason="refuses good customers")
    print(f"rolled back to version {done['version']['version']}, and version {best} is archived")
    mlops.MlflowClient().transition_model_version_stage(MODEL, poor, "Archived")
    print("what happened to production:")
    for event in registry.history(MODEL):
        if event["action"] in ("stage_changed", "rolled_back") and event["generation"]:
            print(f"  event {event['seq']}: version {event['version']} -> {event['to']} by {event['actor']} ({event['reason']})")
    print(f"the log of {registry.verify().seq} events hangs together")

    store = Path(mlops.get_tracking_uri())
    shown = store.relative_to(Path.cwd()) if store.is_relative_to(Path.cwd()) else store
    scripts = Path(sysconfig.get_path("scripts"))
    scripts = scripts.relative_to(Path.cwd()) if scripts.is_relative_to(Path.cwd()) else scripts
    print("Look at it:")
    print(f"  {scripts}/mlops --store {shown} models why {MODEL}@production")


if __name__ == "__main__":
    main()
