"""The gate beside scipy's bootstrap: the table of docs/benchmarks.md."""

from __future__ import annotations

from dataclasses import dataclass

from measure import Bench
from page import seconds
from trackers import Taken, median


@dataclass(frozen=True)
class Sizes:
    """How many rows, and how often all is done."""

    repeats: int = 3
    rows: int = 1_000_000


QUICK = Sizes(1, 10_000)
# What is done, what it is called, and what it may take.
WORK = (
    ("three", "accuracy, AUC and log loss, by their default methods", ""),
    ("resampled", "F1, 2,000 resamples", "15 s"),
    ("scipy", "`scipy.stats.bootstrap`: two means of differences, 2,000 resamples each, scaled from 40", ""),
    ("plain", "accuracy", ""),
    ("sliced", "accuracy, and in 64 slices", ""),
)


class Gate:
    """Measures and keeps what it took."""

    def __init__(self, bench: Bench, sizes: Sizes) -> None:
        self.bench, self.sizes = bench, sizes
        self.rows: list[tuple[str, list[Taken], str]] = []

    def measure(self) -> None:
        """All of it, in turn."""
        kept: dict[str, list[Taken]] = {work: [] for work, _, _ in WORK}
        for _ in range(self.sizes.repeats):
            for work, taken in kept.items():
                side = "scipy" if work == "scipy" else "mlops"
                taken.append(self.bench.run("gate_work.py", side, self.bench.folder / "gate" / work, work, self.sizes.rows))
        self.rows = [(title, kept[work], goal) for work, title, goal in WORK]

    def table(self) -> str:
        """The section of the page."""
        lines = [f"| {self.sizes.rows:,} rows | CPU | wall | memory beside the arrays | goal |", "|---|--:|--:|--:|--:|"]
        for title, taken, goal in self.rows:
            cpu, wall = (median(taken, lambda one, what=what: one[what]) for what in ("cpu", "wall"))
            memory = median(taken, lambda one: one["kib"]) / 1024
            lines.append(f"| {title} | {seconds(cpu)} | {seconds(wall)} | {memory:,.0f} MiB | {goal} |")
        return "\n".join(lines)
