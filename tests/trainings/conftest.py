"""Starts all trainings at once on one store, waits until they have ended, and reads what they said that they logged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import mlops

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "examples" / "data" / "breast_cancer.csv"
HEAVY = os.environ.get("TRAININGS_SIZE") == "heavy"
# How long all of it may take on a machine that is busy with other things, in seconds.
PATIENCE = 3000 if HEAVY else 600


@dataclass
class Training:
    """A program that trains and logs."""

    name: str
    command: list[str]
    # The experiment that it logs to, and what is best in it: a metric and a direction.
    experiment: str
    metric: str
    direction: str
    status: int = 0
    # The number of calls after which it is killed.
    killed_after: int | None = None
    process: subprocess.Popen[bytes] | None = None


def trainings() -> list[Training]:
    """What is run: the programs of this folder, light or heavy."""

    def python(script: str, *arguments: object) -> list[str]:
        # Of newer Pythons, for every fork of a process with threads.
        quiet = "ignore:This process:DeprecationWarning"
        return [sys.executable, "-W", quiet, str(HERE / script), *map(str, arguments)]

    def built(variable: str) -> str:
        # Empty: there is no compiler, which .ci/trainings has said.
        assert variable in os.environ, f"{variable} does not name the program: run .ci/trainings, which builds it"
        return os.environ[variable]

    cpp = [built("TRAININGS_CPP"), str(DATA)]
    rounds, trees = (400, "40") if HEAVY else (20, "4")
    found = [
        Training("sklearn", python("sklearn_grid.py", rounds // 4), "grid", "accuracy", "DESC"),
        Training("xgboost", python("xgboost_rounds.py", rounds), "xgboost", "test-logloss", "ASC"),
        Training("lightgbm", python("lightgbm_rounds.py", rounds), "lightgbm", "test-l2", "ASC", status=3),
        Training("sweep", python("sweep_workers.py", *((64, 40) if HEAVY else (8, 5))), "sweep", "loss", "ASC"),
        Training("rust", [built("TRAININGS_RUST"), str(DATA), trees, "2", "4", "8"], "forest", "accuracy", "DESC"),
    ]
    if cpp[0]:
        steps = "5000" if HEAVY else "500"
        found += [
            Training("c++", [*cpp, "logistic", steps, "0.01", "0.1", "0.9"], "logistic", "loss", "ASC"),
            Training(
                "c++, killed", [*cpp, "killed", "100000000", "0.5"], "killed", "loss", "ASC", -9, killed_after=20 * rounds
            ),
        ]
    if HEAVY:
        found += [
            Training(
                "torch", python("torch_loop.py", "torch", "fork:20", "spawn:3", "forkserver:3"), "torch", "accuracy", "DESC"
            ),
            Training(
                "torch, killed",
                python("torch_loop.py", "torch killed", "fork:100000"),
                "torch killed",
                "accuracy",
                "DESC",
                -9,
                killed_after=100,
            ),
        ]
    return found


@dataclass
class Said:
    """What a training said of one of its runs."""

    run_id: str
    experiment: str
    parent: str | None
    status: str | None = None
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    points: dict[str, list[tuple[int, float]]] = field(default_factory=dict)


@dataclass
class Outcome:
    """The store after all trainings, and what they said."""

    store: Path
    trainings: list[Training]
    said: dict[str, Said]
    output: dict[str, str]


class Ledger:
    """What was said until now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        self._offset = 0

    def read(self) -> list[dict[str, Any]]:
        """All lines; one that is being written comes the next time."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._offset)
                whole = file.read().rpartition(b"\n")[0]
            if whole:
                self._offset += len(whole) + 1
                self.lines += map(json.loads, whole.split(b"\n"))
        return self.lines


def runs_of(ledger: Ledger) -> dict[str, Said]:
    """All runs that were spoken of; lines of one run may come in any order from several processes."""
    said: dict[str, Said] = {}
    rest = []
    for line in ledger.read():
        if line["kind"] == "begun":
            assert line["run"] not in said, f"the run {line['run']} was begun twice"
            said[line["run"]] = Said(line["run"], line["experiment"], line["parent"])
        elif line["kind"] != "ready":
            rest.append(line)
    for line in rest:
        run = said[line["run"]]
        match line["kind"]:
            case "param":
                run.params[line["key"]] = line
            case "points":
                for key, value in line["values"].items():
                    run.points.setdefault(key, []).append((line["step"], value))
            case "artifact":
                run.artifacts[line["path"]] = line["sha256"]
            case "ended":
                assert run.status is None, f"the run {run.run_id} ended twice"
                run.status = line["status"]
    return said


def eventually(what: Callable[[], bool], failure: Callable[[], str]) -> None:
    """Asks until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, failure()
        time.sleep(0.02)


@pytest.fixture(scope="session")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """All trainings, run once for all tests."""
    folder = tmp_path_factory.mktemp("trainings")
    store, ledger = folder / ".mlops", Ledger(folder / "ledger")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS", "MLFLOW"))}
    environment |= {
        "MLOPS_STORE": str(store),
        "MLOPS_CONFIG_DIR": str(folder / "config"),
        "TRAININGS_LEDGER": str(ledger.path),
        # Two processors are shared by all of them.
        "OMP_NUM_THREADS": "1",
    }
    all_of_them = trainings()
    output = {training.name: folder / f"{training.name}.txt" for training in all_of_them}
    try:
        for training in all_of_them:
            with output[training.name].open("wb") as file:
                training.process = subprocess.Popen(
                    training.command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT
                )
        processes = {training.name: training.process for training in all_of_them if training.process is not None}
        # A training that cannot even begin is found by its exit status.
        eventually(
            lambda: sum(line["kind"] == "ready" for line in ledger.read())
            + sum(process.poll() is not None for process in processes.values())
            >= len(processes),
            lambda: "not all trainings are ready",
        )
        for process in processes.values():
            assert process.stdin is not None
            try:
                process.stdin.write(b"\n")
                process.stdin.close()
            except BrokenPipeError:
                pass
        for training in all_of_them:
            if training.killed_after is not None:
                kill(training, processes[training.name], ledger)
        eventually(
            lambda: all(process.poll() is not None for process in processes.values()),
            lambda: f"not ended: {[name for name, process in processes.items() if process.poll() is None]}",
        )
    finally:
        for training in all_of_them:
            if training.process is not None:
                training.process.kill()
                training.process.wait()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_CONFIG_DIR", str(folder / "config"))
        mlops.set_tracking_uri(store)
        yield Outcome(store, all_of_them, runs_of(ledger), {name: file.read_text() for name, file in output.items()})
        mlops.set_tracking_uri(None)


def kill(training: Training, process: subprocess.Popen[bytes], ledger: Ledger) -> None:
    """Kills a training in the middle: after so many calls of its runs."""

    def calls() -> int:
        said = ledger.read()
        own = {line["run"] for line in said if line["kind"] == "begun" and line["experiment"] == training.experiment}
        return sum(line["kind"] == "points" and line["run"] in own for line in said)

    eventually(
        lambda: process.poll() is not None or calls() >= (training.killed_after or 0),
        lambda: f"{training.name} does not log",
    )
    process.kill()
    process.wait()
