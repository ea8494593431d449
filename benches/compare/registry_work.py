"""The registry: the same work on mlops and on MLflow over SQLite, in a process of its own: prints what it took as a line of
JSON.

    python registry_work.py SIDE WORK FOLDER COUNT..."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from models_work import opened
from work import Taken, check

NAME = "fraud"
PROCESSES = 16
# How often a call is made on each side: MLflow's take up to a second with many versions.
CALLS = {"mlops": 500, "mlflow": 20}


def filled(api: Any, folder: Path, count: int) -> dict[str, float]:
    """A model with ``count`` versions, the first in Production under an alias. On MLflow's side one is made and its row copied."""
    client = api.MlflowClient()
    client.create_registered_model(NAME)
    client.create_model_version(NAME, "s3://models/fraud")
    client.set_registered_model_alias(NAME, "champion", 1)
    client.transition_model_version_stage(NAME, 1, "Production")
    if api.__name__ == "mlops":
        for _ in range(count - 1):
            client.create_model_version(NAME, "s3://models/fraud")
    else:
        with sqlite3.connect(folder / "mlflow.db") as database:
            database.row_factory = sqlite3.Row
            (pattern,) = database.execute("SELECT * FROM model_versions")
            columns = ", ".join(pattern.keys())
            marks = ", ".join("?" * len(pattern))
            rows = (tuple({**dict(pattern), "version": number, "current_stage": "None"}.values()) for number in range(2, count + 1))
            database.executemany(f"INSERT INTO model_versions ({columns}) VALUES ({marks})", rows)
    check(int(client.get_latest_versions(NAME, ["Production"])[0].version) == 1, "production")
    return {"units": count}


def calls(api: Any, folder: Path, count: int) -> dict[str, float]:
    """The calls of who makes, finds and promotes versions, one after the other."""
    client, times = api.MlflowClient(), CALLS[api.__name__]
    made, found, promoted, latest = Taken(), Taken(), Taken(), Taken()
    client.get_model_version_by_alias(NAME, "champion")
    for number in range(times):
        with found:
            client.get_model_version_by_alias(NAME, "champion")
        with made:
            version = client.create_model_version(NAME, "s3://models/fraud")
        with promoted:
            client.transition_model_version_stage(NAME, version.version, "Production", archive_existing_versions=True)
        with latest:
            (live,) = client.get_latest_versions(NAME, ["Production"])
        check(int(live.version) == int(version.version), f"promotion {number}")
    parts = {"made": made, "found": found, "promoted": promoted, "latest": latest}
    of = {f"{name}_{what}": getattr(taken, what) for name, taken in parts.items() for what in ("wall", "cpu")}
    return {"units": times, **of}


def crowd(api: Any, folder: Path, each: int) -> dict[str, float]:
    """Sixteen processes that promote at once, so many times each, from when all are ready: the wall of all, and the CPU of their calls."""
    side = "mlops" if api.__name__ == "mlops" else "mlflow"
    children = [
        subprocess.Popen(
            [sys.executable, __file__, side, "promoting", folder, str(number), str(each)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(1, PROCESSES + 1)
    ]
    for child in children:
        assert child.stdout is not None
        check(child.stdout.readline() == "ready\n", "a process")
    begun = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    done = [json.loads(child.communicate()[0].splitlines()[-1]) for child in children]
    wall = time.perf_counter() - begun
    live = api.MlflowClient().search_model_versions(f"name='{NAME}'", max_results=200)
    check(sum(version.current_stage == "Production" for version in live) <= 1, "one production")
    failed = sum(one["failed"] for one in done)
    return {
        "units": PROCESSES * each,
        "wall": wall,
        "cpu": sum(one["cpu"] for one in done),
        "failed": failed,
        "slowest": max(one["slowest"] for one in done),
    }


def promoting(api: Any, folder: Path, number: int, each: int) -> dict[str, float]:
    """One of the sixteen."""
    client = api.MlflowClient()
    client.get_model_version(NAME, number)
    print("ready", flush=True)
    sys.stdin.readline()
    taken, slowest, failed = Taken(), 0.0, 0
    for turn in range(each):
        begun = time.perf_counter()
        with taken:
            try:
                version = (number + turn * PROCESSES) % 100 + 1
                client.transition_model_version_stage(NAME, version, "Production", archive_existing_versions=True)
            except Exception:
                failed += 1
        slowest = max(slowest, time.perf_counter() - begun)
    return {"units": each, "wall": taken.wall, "cpu": taken.cpu, "failed": failed, "slowest": slowest}


def main(side: str, which: str, folder: Path, *counts: int) -> None:
    """Does one piece of work."""
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(globals()[which](opened(side, folder), folder, *counts)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *map(int, sys.argv[4:]))
