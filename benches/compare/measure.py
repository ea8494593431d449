"""Runs pieces of work on both sides in turn and keeps what they took."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from usage import folder_bytes

SIDES = ("mlops", "mlflow")
HERE = Path(__file__).parent


@dataclass
class Measured:
    """The repetitions of one piece of work on one side; numbers are seconds a unit (a call, a point, a run)."""

    units: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)

    def median(self, what: str) -> float:
        """The median a unit."""
        return statistics.median(self._each(what))

    def spread(self, what: str) -> tuple[float, float]:
        """The smallest and the largest a unit."""
        return min(self._each(what)), max(self._each(what))

    def _each(self, what: str) -> list[float]:
        return [taken[what] / taken["units"] for taken in self.taken]


Pair = tuple[Measured, Measured]


class Bench:
    """Folders for the work, and processes that do it."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        # Neither side's own configuration counts, and nothing is sent anywhere while times are taken.
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("MLOPS_", "MLFLOW_"))},
            "MLOPS_CONFIG_DIR": str(folder / "config"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PYTHONWARNINGS": "ignore",
        }
        os.environ["MLOPS_CONFIG_DIR"] = self.environment["MLOPS_CONFIG_DIR"]

    def prepare(self) -> None:
        """Makes an empty store on each side, of which all work gets a copy: MLflow's takes seconds to make."""
        for side in SIDES:
            self.work(side, self._home(side, "prepared"), "prepare", 1)

    def fill(self, count: int) -> None:
        """Makes the runs to search through."""
        for side in SIDES:
            self.work(side, self._copy(side, "filled"), "fill", count)

    def compare(self, name: str, ours: int, theirs: int, repeats: int, folder: Path | None = None) -> Pair:
        """Does the work in turn on both sides, each time in a fresh process on a fresh store, beneath ``folder``."""
        measured = Measured(ours), Measured(theirs)
        for _ in range(repeats):
            for side, kept in zip(SIDES, measured):
                home = self._copy(side, "work", folder)
                taken = self.work(side, home, name, kept.units)
                taken["bytes"] = folder_bytes(home) - taken["bytes_before"]
                taken["bytes_spool"] = folder_bytes(home) - folder_bytes(home, but="spool")
                kept.taken.append(taken)
                shutil.rmtree(home)
        return measured

    def search(self, which: str, count: int, repeats: int) -> Pair:
        """One search in turn on both sides, over the runs of :meth:`fill`."""
        measured = Measured(count), Measured(count)
        for _ in range(repeats):
            for side, kept in zip(SIDES, measured):
                kept.taken.append(self.work(side, self._home(side, "filled"), "search", count, which))
        return measured

    def work(self, side: str, home: Path, name: str, count: int, *rest: str) -> dict[str, Any]:
        """One process that works in ``home``; what it says it took."""
        return self._process("worker.py", side, name, home, count, *rest)

    def run(self, script: str, side: str, home: Path, name: str, count: int) -> dict[str, Any]:
        """The same of another script."""
        return self._process(script, side, name, home, count)

    def in_turn(self, script: str, folder: str, which: str, counts: dict[str, int], repeats: int) -> list[list[dict[str, Any]]]:
        """A piece of work in turn on all sides, each time in a fresh process and folder; 0: the side has none of it."""
        taken: list[list[dict[str, Any]]] = [[] for _ in counts]
        for _ in range(repeats):
            for (side, count), kept in zip(counts.items(), taken):
                if count:
                    home = self.folder / folder / side
                    kept.append(self.run(script, side, home, which, count))
                    shutil.rmtree(home)
        return taken

    def _process(self, script: str, side: str, name: str, home: Path, count: int, *rest: str) -> dict[str, Any]:
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(HERE / script), side, name, str(home), str(count), *rest]
        done = subprocess.run(
            command, cwd=home, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if done.returncode != 0:
            raise SystemExit(f"{side} {name} failed:\n{done.stderr[-4000:]}")
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        return dict(json.loads(lines[-1])) if lines else {}

    def _home(self, side: str, name: str, folder: Path | None = None) -> Path:
        return (folder or self.folder) / name / side

    def _copy(self, side: str, name: str, folder: Path | None = None) -> Path:
        home = self._home(side, name, folder)
        shutil.copytree(self._home(side, "prepared"), home)
        return home
