"""Only what is better goes to production: models of real data are held against what is in production, on rows that none of them
has seen. A better one passes, one that is as good as that passes once the rows suffice, and a lucky, leaked or broken one does not.

    python examples/python/promote.py          the store is ./.mlops, or MLOPS_STORE
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

import mlops
import numpy
import pandas
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DATA = Path(__file__).parent.parent / "data" / "breast_cancer.csv"
MODEL = "tumours"
# All measurements, and four that say less.
FEW = ["mean_texture", "mean_smoothness", "mean_symmetry", "texture_error"]
# What is asked of whoever wants to production: better, and in no size of tumour worse by more than two points.
BETTER = mlops.GateDefinition(
    "tumour-gate", "accuracy", mode="superior", floor=0.75, slices="size", slice_margin=0.02, resamples=2_000
)
# What is asked of one that was trained again: not worse by more than a point and a half.
AS_GOOD = mlops.GateDefinition("tumour-gate", "accuracy", margin=0.015, floor=0.75)


def rows() -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """The rows to learn from, and those that are held out: every second."""
    data = pandas.read_csv(DATA)
    data["size"] = pandas.cut(data.mean_radius, [0, 12, 15, 99], labels=["small", "middle", "large"]).astype(str)
    held_out = numpy.arange(len(data)) % 2 == 0
    return data[~held_out].reset_index(drop=True), data[held_out].reset_index(drop=True)


def version(train: pandas.DataFrame, features: list[str], strength: float = 1.0) -> int:
    """Trains a model, logs it, and registers it."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, random_state=7, max_iter=1_000))
    with mlops.start_run():
        model.fit(train[features], train.benign)
        info = mlops.sklearn.log_model(model, name="model")
    return int(mlops.register_model(info.model_uri, MODEL).version)


def told(what: str, result: mlops.GateResult) -> None:
    """Says what came out, and why."""
    stopped = [check for check in result.checks if check.verdict != "pass" and check.is_blocking]
    print(f"{what}: {result.verdict}")
    for check in stopped[:1] or result.checks[:1]:
        print(f"  {check.kind} {check.name}: {check.reason}")


def main() -> None:
    """Brings what is better to production."""
    mlops.set_experiment(MODEL)
    registry = mlops.registry()
    train, held_out = rows()
    features = [name for name in train.columns if name not in ("benign", "size")]

    def gate(number: int, definition: mlops.GateDefinition, data: pandas.DataFrame, seen: pandas.DataFrame) -> mlops.GateResult:
        return mlops.gate(
            f"{MODEL}@{number}", data=data, targets="benign", definition=definition, training_data=seen, actor="ada"
        )

    first = version(train, FEW)
    before = registry.at(MODEL)
    if before is not None:
        # That of an earlier run of this program in the same store.
        registry.set_policy(None, MODEL, actor="carol", reason="the example begins again")
        registry.promote(MODEL, before, to="archived", actor="carol", reason="the example begins again")
    told("the first model", gate(first, BETTER, held_out, train))
    registry.promote(MODEL, first, actor="ada", reason="there was none")
    registry.set_policy({"gate": "tumour-gate", "approvals": 1, "self_approval": False}, MODEL, actor="carol", reason="audit")

    # Of a batch of small tumours most labels were swapped: better as a whole, and worse for them.
    swapped = train.copy()
    batch = (swapped["size"] == "small") & (numpy.arange(len(swapped)) % 8 < 5)
    swapped.loc[batch, "benign"] = 1 - swapped.loc[batch, "benign"]
    uneven = version(swapped, features)
    told("better, but not for all", gate(uneven, BETTER, held_out, swapped))

    better = version(train, features)
    told("better", gate(better, BETTER, held_out, train))
    bring(registry, better, "fewer mistakes")

    again = version(train, features, strength=0.4)
    told("trained again, must be better", gate(again, BETTER, held_out, train))
    told("trained again, must be as good, on 120 rows", gate(again, AS_GOOD, held_out[:120], train))
    told(f"trained again, must be as good, on {len(held_out)} rows", gate(again, AS_GOOD, held_out, train))
    bring(registry, again, "trained on newer rows")

    # Rows that it was judged by were among those that it learned from.
    seen = pandas.concat([train, held_out[::2]])
    told("it knew the answers", gate(version(seen, features, strength=100.0), AS_GOOD, held_out, seen))
    # A column that is filled in after the diagnosis: it says all in training, and nothing on the day.
    leaked, on_the_day = train.assign(biopsy=train.benign), held_out.assign(biopsy=numpy.nan)
    told("a column that is empty", gate(version(leaked, [*features, "biopsy"]), AS_GOOD, on_the_day, leaked))

    done = registry.rollback(MODEL, actor="bob", reason="refuses good customers")
    print(f"rolled back to version {done['version']['version']}")
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


def bring(registry: mlops.Registry, number: int, reason: str) -> None:
    """To production, when a colleague has said yes."""
    try:
        registry.promote(MODEL, number, actor="ada", reason=reason)
    except mlops.exceptions.Denied:
        missing = [asked["name"] for asked in registry.status(MODEL, number)["requirements"] if not asked["is_met"]]
        print(f"  ada may not promote version {number} yet; what is missing: {', '.join(missing)}")
    registry.approve(MODEL, number, actor="bob", reason="looked at the report")
    done = registry.promote(MODEL, number, actor="ada", reason=reason)
    print(f"  version {number} is in production, version {done['replaced']} is archived")


if __name__ == "__main__":
    main()
