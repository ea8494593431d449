"""Very many series: bounded in memory and time, and all of them there. MLOPS_TEST_LARGE logs a million."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

import pytest

import mlops

LARGE = bool(os.environ.get("MLOPS_TEST_LARGE"))
COUNT = 1_000_000 if LARGE else 20_000

LOG = """
import hashlib, resource, sys, mlops
count, order = int(sys.argv[1]), sys.argv[2]
run = mlops.start_run()
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
for number in range(count):
    key = f"loss/{number}" if order == "counted" else hashlib.md5(str(number).encode()).hexdigest()
    mlops.log_metric(key, float(number))
if count == 1_000_000:
    for call in [lambda: mlops.log_metric("one more", 1), lambda: mlops.log_metrics({"one more": 1})]:
        try:
            call()
        except mlops.exceptions.LimitExceeded as error:
            assert "is 1000001 series, over the limit of 1000000" in str(error), error
        else:
            raise SystemExit("a series too many was taken")
mlops.end_run()
print(run.info.run_id, peak() - before)
"""


@pytest.mark.parametrize("order", ["counted", "random"])
def test_a_metric_with_very_many_suffixes(order: str, python: Callable[..., Any]) -> None:
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", LOG, str(COUNT), order], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run_id, kib = done.stdout.split()
    assert int(kib) < (500 << 10 if LARGE else 80 << 10), "KiB"
    data = mlops.get_run(run_id).data
    assert len(data.metrics) == COUNT
    key = "loss/777" if order == "counted" else hashlib.md5(b"777").hexdigest()
    assert data.metrics[key] == 777.0
    assert [point.value for point in mlops.MlflowClient().get_metric_history(run_id, key)] == [777.0]
    for filter_string, found in [(f"metrics.`{key}` = 777", 1), (f"metrics.`{key}` < 777", 0), ("metrics.none = 1", 0)]:
        assert len(mlops.search_runs(filter_string=filter_string, output_format="list")) == found
    mlops.delete_run(run_id)
    assert mlops.gc(dry_run=False, deleted_runs=True, older_than=0).runs == 1
    assert mlops.search_runs(output_format="list") == []


def test_runs_with_very_many_series_beside_small_ones() -> None:
    wide = {f"w{number}": float(number) for number in range(COUNT // 10)}
    ids = []
    for number in range(3):
        with mlops.start_run() as run:
            mlops.log_metrics({**wide, "loss": float(number)})
        ids.append(run.info.run_id)
    client = mlops.MlflowClient()
    for number in range(1_100):
        small = client.create_run("0")
        client.log_metric(small.info.run_id, "loss", float(number))
        client.set_terminated(small.info.run_id)
    for _ in range(2):
        found = mlops.search_runs(filter_string="metrics.w7 = 7", order_by=["metrics.loss"], output_format="list")
        assert [run.info.run_id for run in found] == ids
        frame = mlops.search_runs(filter_string="metrics.loss = 2", columns=["run_id", "metrics.w9", "metrics.loss"])
        assert sorted(frame["metrics.w9"].dropna()) == [9.0] and len(frame) == 2
