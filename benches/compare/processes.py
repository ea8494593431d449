"""Measures single calls from Python beside ``os.write``, MLflow and W&B, and writes docs/benchmarks-processes.md from
that and from what `cargo bench --bench shared` found.

    make bench-processes                        builds what it needs and calls this
    python processes.py SHARED.json [--quick]   --quick: small sizes, once; the page is printed and not written"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import machine
from processes_page import Figure, Figures, render

ROOT = Path(__file__).parents[2]
CALLS = Path(__file__).with_name("calls.py")
SIDES = ("mlops", "mlflow", "wandb")
CONDITIONS = ("idle", "others", "busy")


@dataclass(frozen=True)
class Sizes:
    """Calls of each side under each condition, and how often."""

    repeats: int = 5
    peers_repeats: int = 3
    others: int = 8
    mlops: dict[str, int] = field(default_factory=lambda: {"idle": 20_000, "others": 20_000, "busy": 10_000})
    mlflow: dict[str, int] = field(default_factory=lambda: {"idle": 1_000, "others": 50, "busy": 30})
    wandb: dict[str, int] = field(default_factory=lambda: {"idle": 1_000, "others": 1_000, "busy": 100})

    def of(self, side: str) -> dict[str, int]:
        """The calls of a side."""
        return {"mlops": self.mlops, "mlflow": self.mlflow, "wandb": self.wandb}[side]


QUICK = Sizes(
    1,
    1,
    2,
    {"idle": 200, "others": 200, "busy": 200},
    {"idle": 20, "others": 5, "busy": 5},
    {"idle": 20, "others": 20, "busy": 20},
)


class Calls:
    """Processes that log, in a folder."""

    def __init__(self, folder: Path, sizes: Sizes, record: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder, self.sizes, self.record = folder, sizes, record
        self.figures: Figures = {}
        self.missing: dict[str, str] = {}
        # No configuration counts, and nothing is sent anywhere.
        own = ("MLOPS_", "MLFLOW_", "WANDB_")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(own)},
            "MLOPS_CONFIG_DIR": str(folder / "config"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "WANDB_MODE": "offline",
            "WANDB_SILENT": "true",
            "WANDB_CONSOLE": "off",
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_CONFIG_DIR": str(folder / "config"),
            "WANDB_CACHE_DIR": str(folder / "cache"),
            "WANDB_DATA_DIR": str(folder / "data"),
            "PYTHONWARNINGS": "ignore",
        }

    def measure_all(self) -> None:
        """All sides under all conditions; the first call of each side makes its store and is not counted."""
        sides = []
        for side in SIDES:
            try:
                if side != "mlops" and importlib.util.find_spec(side) is None:
                    raise RuntimeError("it is not installed")
                self.one(side, "idle", 10)
                sides.append(side)
            except RuntimeError as error:
                if side == "mlops":
                    raise
                self.missing[side] = str(error).strip().splitlines()[-1]
                say(f"{side} is left out: {error}")
        for condition in ("idle", "busy"):
            say(f"calls, {condition}")
            for repetition in range(self.sizes.repeats):
                for side in sides:
                    if side == "mlops" or repetition < self.sizes.peers_repeats:
                        self.keep(condition, self.one(side, condition, self.sizes.of(side)[condition]))
        for side in sides:
            say(f"calls, {self.sizes.others} others, {side}")
            with self.crowd(side):
                for _ in range(self.sizes.repeats if side == "mlops" else self.sizes.peers_repeats):
                    self.keep("others", self.one(side, "others", self.sizes.of(side)["others"]))

    def one(self, side: str, condition: str, count: int) -> dict[str, dict[str, float]]:
        """One process that times its calls."""
        command = self.command(side, "measure", condition, str(count), str(self.record))
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"{side}, {condition}: {done.stderr[-4000:]}")
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def keep(self, condition: str, found: dict[str, dict[str, float]]) -> None:
        """Adds a repetition."""
        for side, taken in found.items():
            name = f"python log, {condition}, {side}"
            for name, what in ((name, "median"), (f"{name}, p99.9", "p999")):
                self.add(name, taken[what], int(taken["count"]))

    def add(self, name: str, value: float, counted: int) -> None:
        """Adds a repetition of one figure."""
        figure = self.figures.setdefault(name, Figure())
        figure.values.append(value)
        figure.counted += counted

    @contextmanager
    def crowd(self, side: str) -> Iterator[None]:
        """Other processes that log to the same store meanwhile."""
        pipe = subprocess.PIPE
        crowd = [
            subprocess.Popen(
                self.command(side, "log"), cwd=self.folder, env=self.environment, stdin=pipe, stdout=pipe, text=True
            )
            for _ in range(self.sizes.others)
        ]
        try:
            for process in crowd:
                if process.stdout is None or process.stdout.readline().strip() != "logging":
                    raise RuntimeError(f"another process of {side} did not start")
            started = time.monotonic()
            yield
            taken = time.monotonic() - started
            logged = [int(process.communicate()[0].splitlines()[-1]) for process in crowd]
        finally:
            for process in crowd:
                process.kill()
                process.wait()
        self.add(f"python log, rate of others, {side}", sum(logged) / taken, sum(logged))

    def command(self, side: str, *rest: str) -> list[str]:
        """What makes such a process."""
        return [sys.executable, str(CALLS), side, str(self.folder), *rest]


def say(what: str) -> None:
    """Tells what is measured now."""
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="what the Rust part found")
    parser.add_argument("--quick", action="store_true", help="small sizes, once; the page is printed")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-processes", help="where stores are made")
    options = parser.parse_args()
    load = os.getloadavg()
    figures = {name: Figure(**figure) for name, figure in json.loads(options.shared.read_text()).items()}
    calls = Calls(options.folder.resolve(), QUICK if options.quick else Sizes(), round(figures["log, bytes"].values[0]))
    calls.measure_all()
    facts = machine.facts(calls.folder, load)
    if "wandb" not in calls.missing:
        facts["versions"] += f", W&B {importlib.metadata.version('wandb')}"
    shutil.rmtree(calls.folder)
    page = render({**figures, **calls.figures}, calls.missing, facts)
    if options.quick:
        print(page)
    else:
        (ROOT / "docs" / "benchmarks-processes.md").write_text(page)


if __name__ == "__main__":
    main()
