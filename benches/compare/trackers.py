"""Experiment tracking beside MLflow, W&B offline and Trackio: the table of docs/benchmarks.md with a column for each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import usage
from measure import Bench
from page import seconds

SIDES = ("mlops", "mlflow", "wandb", "trackio")
Taken = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much of each work is done on each side; 0: the side has no call for it."""

    repeats: int = 3
    log: tuple[int, ...] = (50_000, 500, 20_000, 20_000)
    series: tuple[int, ...] = (1_000_000, 50_000, 20_000, 20_000)
    runs: tuple[int, ...] = (2_000, 30, 5, 100)
    found: int = 10_000
    many: int = 100_000


QUICK = Sizes(1, (2_000, 20, 200, 200), (20_000, 2_000, 200, 200), (20, 5, 1, 3), 200, 400)


class Trackers:
    """Measures and keeps what each side took."""

    def __init__(self, bench: Bench, sizes: Sizes) -> None:
        self.bench, self.sizes = bench, sizes
        self.rows: list[tuple[str, list[str], str]] = []

    def each(self, which: str, counts: tuple[int, ...]) -> list[list[Taken]]:
        """A piece of work in turn on all sides, each time in a fresh process and folder."""
        return self.bench.in_turn("trackers_work.py", "trackers", which, dict(zip(SIDES, counts)), self.sizes.repeats)

    def row(self, title: str, taken: list[list[Taken]], goal: str, part: str = "", scale: float = 1) -> None:
        """A line: CPU, and the wall in brackets, for each side."""
        self.rows.append((title, [times(kept, part, scale) for kept in taken], goal))

    def measure(self) -> None:
        """All of it."""
        sizes = self.sizes
        self.row("`log_metric`, one call", self.each("log", sizes.log), "3 µs, survives kill -9")
        series = self.each("series", sizes.series)
        self.row("a million points in", series, "0.3 s", scale=1e6)
        self.rows.append(("bytes a point on the disk", [per_point(kept) for kept in series], "16"))
        self.row("a million points out, as arrays", series, "0.03 s", "out_", 1e6)
        self.row("a run with 20 params and 20 metrics", self.each("runs", sizes.runs), "0.2 ms")
        self.searches(sizes.found, f"{sizes.found:,}", ("mlops", "mlflow"), "5 ms", "0.2 s")
        home = self.searches(sizes.many, f"{sizes.many:,}", ("mlops",), "50 ms", None)
        self.imports()
        self.openings(home)

    def searches(self, count: int, number: str, sides: tuple[str, ...], order: str, frame: str | None) -> Path:
        """Searches over runs that each side made."""
        for side in sides:
            home = self.bench.folder / f"found-{count}" / side
            self.bench.run("trackers_work.py", side, home, "filled", count)
        for which, title, goal in (("order", "order by a metric, first 100", order), ("frame", "all as a DataFrame", frame)):
            if goal is not None:
                taken: list[list[Taken]] = [[] for _ in SIDES]
                for _ in range(self.sizes.repeats):
                    for side in sides:
                        home = self.bench.folder / f"found-{count}" / side
                        found = self.bench.run("trackers_work.py", side, home, which, count)
                        taken[SIDES.index(side)].append(found)
                self.row(f"{number} runs: {title}", taken, goal)
        return self.bench.folder / f"found-{count}" / "mlops" / "store"

    def imports(self) -> None:
        """Fresh processes; the first is not counted."""
        taken = [[usage.imported(side) for _ in range(self.sizes.repeats + 1)][1:] for side in SIDES]
        self.row("`import`", taken, "0.1 s")
        memory = [f"{statistics.median(one['memory'] for one in kept) / 2**20:.1f} MiB" for kept in taken]
        self.rows.append(("memory of the import", memory, "30 MiB"))

    def openings(self, store: Path) -> None:
        """A store of many runs, opened by a new process that shows one of them: alone, and while another has it open."""
        listed = self.shell(["mlops", "--store", str(store), "--json", "runs", "list", "--limit", "1"])
        run_id = run_id_of(listed)
        shown = ["mlops", "--store", str(store), "runs", "show", run_id]
        asked = [sys.executable, "-c", SHOW, str(store), run_id]
        count = f"{self.sizes.many:,}"
        for title, command in (("`mlops runs show`", shown), ("`mlops.get_run` in Python", asked)):
            self.opening(f"{count} runs: open and show one, {title}", command)
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.bench.environment
        )
        assert holder.stdout is not None and holder.stdin is not None
        holder.stdout.readline()
        for title, command in (("`mlops runs show`", shown), ("`mlops.get_run` in Python", asked)):
            self.opening(f"the same while another process has it open, {title}", command)
        holder.communicate(b"\n")

    def opening(self, title: str, command: list[str]) -> None:
        """The whole life of a process."""
        taken: list[Taken] = []
        for _ in range(self.sizes.repeats + 1):
            before, wall = os.times(), time.perf_counter()
            self.shell(command)
            wall, after = time.perf_counter() - wall, os.times()
            cpu = after.children_user + after.children_system - before.children_user - before.children_system
            taken.append({"units": 1, "wall": wall, "cpu": cpu})
        self.row(title, [taken[1:], [], [], []], "0.3 s")

    def shell(self, command: list[str]) -> str:
        """What a command prints."""
        program = [str(Path(sys.executable).parent / command[0]), *command[1:]] if command[0] == "mlops" else command
        done = subprocess.run(program, stdout=subprocess.PIPE, env=self.bench.environment, text=True, check=True)
        return done.stdout

    def table(self) -> str:
        """The section of the page."""
        lines = [
            "| CPU (wall) | mlops | MLflow | W&B offline | Trackio | goal |",
            "|---|--:|--:|--:|--:|--:|",
        ]
        lines += [f"| {title} | {' | '.join(cells)} | {goal} |" for title, cells, goal in self.rows]
        return "\n".join(lines)


SHOW = """
import sys, mlops
mlops.set_tracking_uri(sys.argv[1])
assert mlops.get_run(sys.argv[2]).data.metrics
"""

HOLD = """
import sys, mlops
mlops.set_tracking_uri(sys.argv[1])
mlops.start_run()
print("open", flush=True)
sys.stdin.readline()
mlops.end_run()
"""


def run_id_of(listed: str) -> str:
    """The id in the first line that has one."""
    import json

    found = json.loads(listed.splitlines()[0])
    return str((found["runs"][0] if "runs" in found else found)["run_id"])


def median(kept: list[Taken], of: Callable[[Taken], float]) -> float:
    """The median of the repetitions."""
    return statistics.median(of(one) for one in kept)


def times(kept: list[Taken], part: str, scale: float) -> str:
    """CPU, and the wall in brackets."""
    if not kept or f"{part}cpu" not in kept[0]:
        return "–"
    cpu, wall = (median(kept, lambda one: one[part + what] / one["units"] * scale) for what in ("cpu", "wall"))
    return f"{seconds(cpu)} ({seconds(wall)})"


def per_point(kept: list[Taken]) -> str:
    """Bytes for each."""
    return f"{median(kept, lambda one: one['bytes'] / one['units']):.1f}" if kept else "–"
