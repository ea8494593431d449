"""Models, autolog, the plugin and imports beside MLflow: the table of docs/benchmarks.md with a column for each."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from measure import Bench
from trackers import Taken, times

# mlops; MLflow's client over a store of mlops; MLflow over SQLite.
SIDES = ("mlops", "plugin", "mlflow")


@dataclass(frozen=True)
class Sizes:
    """How much of each work is done on each side; 0: not at all."""

    repeats: int = 1
    models: tuple[int, ...] = (50, 5, 3)
    kept: tuple[int, ...] = (10, 10, 10)
    fits: tuple[int, ...] = (20, 3, 3)
    metrics: tuple[int, ...] = (50_000, 20_000, 500)
    found: int = 10_000


QUICK = Sizes(1, (3, 1, 1), (2, 2, 2), (2, 1, 1), (1_000, 500, 20), 200)


class Models:
    """Measures and keeps what each side took."""

    def __init__(self, bench: Bench, sizes: Sizes) -> None:
        self.bench, self.sizes = bench, sizes
        self.rows: list[tuple[str, list[str], str]] = []

    def each(self, which: str, counts: tuple[int, ...]) -> list[list[Taken]]:
        """A piece of work in turn on all sides, each time in a fresh process and folder."""
        return self.bench.in_turn("models_work.py", "models", which, dict(zip(SIDES, counts)), self.sizes.repeats)

    def row(self, title: str, taken: list[list[Taken]], goal: str = "", part: str = "") -> None:
        """A line: CPU, and the wall in brackets, for each side."""
        self.rows.append((title, [times(kept, part, 1) for kept in taken], goal))

    def measure(self) -> None:
        """All of it."""
        sizes = self.sizes
        models = self.each("logged", sizes.models)
        self.row("`log_model` of a logistic regression", models, "50 ms")
        self.row("`load_model` of it", models, part="load_")
        kept = self.each("kept", sizes.kept)
        self.rows.append(("on the disk: once", [size(one, "bytes_once") for one in kept], ""))
        self.rows.append((f"on the disk: {sizes.kept[0]} times", [size(one, "bytes") for one in kept], ""))
        self.row("what autolog adds to a `fit`, with the model", self.each("autolog", sizes.fits))
        self.row("`log_metric`, one call", self.each("metric", sizes.metrics))
        self.searches()
        self.row(f"import of a database with {sizes.found:,} runs", [self.imports(), [], []])

    def searches(self) -> None:
        """One search over runs that each side has."""
        taken: list[list[Taken]] = [[] for _ in SIDES]
        homes = [self.bench.folder / "models-found" / side for side in SIDES]
        for side, home in zip(SIDES, homes):
            self.bench.run("models_work.py", side, home, "filled", self.sizes.found)
        for _ in range(self.sizes.repeats):
            for side, home, kept in zip(SIDES, homes, taken):
                kept.append(self.bench.run("models_work.py", side, home, "search", self.sizes.found))
        self.row(f"{self.sizes.found:,} runs: `search_runs`, order by a metric, first 100", taken)

    def imports(self) -> list[Taken]:
        """Once: it takes a while to make what is imported."""
        home = self.bench.folder / "models-import"
        return [self.bench.run("models_work.py", "mlflow", home, "imported", self.sizes.found)]

    def table(self) -> str:
        """The section of the page."""
        lines = ["| CPU (wall) | mlops | MLflow over a store of mlops | MLflow | goal |", "|---|--:|--:|--:|--:|"]
        lines += [f"| {title} | {' | '.join(cells)} | {goal} |" for title, cells, goal in self.rows]
        return "\n".join(lines)


def size(kept: list[Taken], what: str) -> str:
    """The median, in KiB."""
    middle: Any = statistics.median(one[what] for one in kept)
    return f"{middle / 1024:,.1f} KiB"
