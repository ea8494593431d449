"""The gate, and scipy's bootstrap: pieces of work on one side, in a process of its own: prints what it took as a line of JSON.

    python gate_work.py SIDE WORK FOLDER ROWS"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

RESAMPLES = 2_000
# scipy draws so many at a million rows, and the time is scaled: all of them take minutes.
SCIPY_RESAMPLES = 40


def drawn(rows: int) -> dict[str, Any]:
    """Classes, and what two models say of them."""
    source = numpy.random.default_rng(7)
    targets = (source.random(rows) > 0.6).astype(float)
    ours, theirs = (weight * targets + (1 - weight) * source.random(rows) for weight in (0.32, 0.3))
    return {"targets": targets, "ours": ours, "theirs": theirs, "part": source.integers(0, 64, rows)}


def gated(rows: dict[str, Any], metrics: list[Any], **options: Any) -> Callable[[], None]:
    import mlops

    def judge() -> None:
        result = mlops.gate(rows["ours"], rows["theirs"], targets=rows["targets"], metrics=metrics, record=False, **options)
        assert result.verdict != "error", result.to_text()

    return judge


def worst(names: list[str]) -> list[Any]:
    """The first decides; the others must not get worse."""
    return [names[0], *({"metric": name, "margin": 0.01} for name in names[1:])]


def three(data: dict[str, Any]) -> Callable[[], None]:
    """Accuracy, AUC and log loss by their default methods."""
    return gated(data, worst(["accuracy", "roc_auc", "log_loss"]))


def resampled(data: dict[str, Any]) -> Callable[[], None]:
    """F1 by 2,000 paired resamples."""
    return gated(data, ["f1"], resamples=RESAMPLES)


def sliced(data: dict[str, Any]) -> Callable[[], None]:
    """Accuracy of all rows and of 64 parts."""
    return gated(data, ["accuracy"], data={"part": data["part"]}, slices="part", slice_margin=0.05)


def plain(data: dict[str, Any]) -> Callable[[], None]:
    """Accuracy of all rows, with the same columns."""
    return gated(data, ["accuracy"], data={"part": data["part"]})


def scipy_means(data: dict[str, Any]) -> Callable[[], None]:
    """The means of accuracy and log loss of both models by scipy.stats.bootstrap, paired, percentile."""
    from scipy.stats import bootstrap

    targets = data["targets"]
    right = [((said > 0.5) == (targets > 0.5)).astype(float) for said in (data["ours"], data["theirs"])]
    loss = [-numpy.log(numpy.where(targets > 0.5, said, 1 - said).clip(1e-15)) for said in (data["ours"], data["theirs"])]

    def judge() -> None:
        for ours, theirs in (right, loss):
            bootstrap(
                (ours - theirs,), numpy.mean, vectorized=True, axis=-1, n_resamples=SCIPY_RESAMPLES, batch=1,
                method="percentile", alternative="less", rng=numpy.random.default_rng(7),
            )  # fmt: skip

    return judge


WORK = {"three": three, "resampled": resampled, "sliced": sliced, "plain": plain, "scipy": scipy_means}


def main() -> None:
    """Does it once to load what it needs, with few rows, and once to take the time."""
    _, work, folder, rows = sys.argv[1:]
    os.chdir(Path(folder))
    WORK[work](drawn(1_000))()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = drawn(int(rows))
    judge = WORK[work](data)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    judge()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scale = RESAMPLES / SCIPY_RESAMPLES if work == "scipy" else 1.0
    taken = {"units": 1, "wall": wall * scale, "cpu": cpu * scale, "kib": most - held, "loaded_kib": before}
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
