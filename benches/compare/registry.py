"""The model registry beside MLflow: the table of docs/benchmarks.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from measure import SIDES, Bench
from trackers import Taken, median, seconds, times


@dataclass(frozen=True)
class Sizes:
    """How many versions the model has, and how often all is done."""

    repeats: int = 1
    # With how many promotions by each of many processes: MLflow's take seconds with many versions.
    versions: tuple[tuple[int, int], ...] = ((1_000, 20), (20_000, 2))


QUICK = Sizes(1, ((120, 2),))
# What is measured of the calls, what it is called, and what it may take in CPU.
CALLS = (
    ("made_", "make a version", "0.5 ms"),
    ("found_", "find a version by its alias", "20 µs"),
    ("promoted_", "promote to Production, archive who was there", "1 ms, and a durable commit"),
    ("latest_", "the version in Production", ""),
)


class Registry:
    """Measures and keeps what each side took."""

    def __init__(self, bench: Bench, sizes: Sizes) -> None:
        self.bench, self.sizes = bench, sizes
        self.rows: list[tuple[str, list[str], str]] = []

    def measure(self) -> None:
        """All of it."""
        for count, each in self.sizes.versions:
            homes = [self.bench.folder / f"registry-{count}" / side for side in SIDES]
            for side, home in zip(SIDES, homes):
                self.bench.run("registry_work.py", side, home, "filled", count)
            taken = {work: self._each(homes, work, each) for work in ("calls", "crowd")}
            for part, title, goal in CALLS:
                cells = [times(kept, part, 1) for kept in taken["calls"]]
                self.rows.append((f"{count:,} versions: {title}", cells, goal))
            title = f"{count:,} versions: promote, 16 processes at once"
            self.rows.append((title, [times(kept, "", 1) for kept in taken["crowd"]], ""))
            self.rows.append((f"{title}: slowest call; failed", [_worst(kept) for kept in taken["crowd"]], "0 failed"))

    def _each(self, homes: list[Path], work: str, each: int) -> list[list[Taken]]:
        taken: list[list[Taken]] = [[] for _ in SIDES]
        for _ in range(self.sizes.repeats):
            for side, home, kept in zip(SIDES, homes, taken):
                kept.append(self.bench.run("registry_work.py", side, home, work, each))
        return taken

    def table(self) -> str:
        """The section of the page."""
        lines = ["| CPU (wall) of a call | mlops | MLflow | goal |", "|---|--:|--:|--:|"]
        lines += [f"| {title} | {' | '.join(cells)} | {goal} |" for title, cells, goal in self.rows]
        return "\n".join(lines)


def _worst(kept: list[Taken]) -> str:
    slowest = median(kept, lambda one: one["slowest"])
    return f"{seconds(slowest)}; {median(kept, lambda one: one['failed']):.0f}"
