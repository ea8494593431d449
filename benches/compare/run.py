"""Measures mlops beside MLflow on this machine, prints the table and writes docs/benchmarks.md.

    make bench                     builds what it needs and calls this
    python run.py --quick          small sizes, once: does everything work? The page is not written.
    python run.py --full           MLflow's million points are not scaled from fewer"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import gate as gate_beside
import machine
import models as models_beside
import registry as registry_beside
import page
import trackers
import usage
from killed import verify
from measure import SIDES, Bench, Measured, Pair
from page import Row

ROOT = Path(__file__).parents[2]
TMPFS = Path("/dev/shm")


@dataclass(frozen=True)
class Sizes:
    """How much of each work is done: ours, MLflow's."""

    repeats: int = 3
    log_metric: tuple[int, int] = (50_000, 500)
    log_metric_forced: tuple[int, int] = (500, 500)
    log_param: tuple[int, int] = (50_000, 500)
    log_batch: tuple[int, int] = (50_000, 50_000)
    series: tuple[int, int] = (1_000_000, 50_000)
    start_end: tuple[int, int] = (500, 50)
    whole_run: tuple[int, int] = (500, 30)
    log_model: tuple[int, int] = (5, 2)
    runs: int = 10_000
    imports: int = 10
    kills: int = 5


FULL = Sizes(log_metric=(50_000, 5_000), log_param=(50_000, 5_000), series=(1_000_000, 1_000_000))
QUICK = Sizes(
    1, (2_000, 20), (20, 20), (2_000, 20), (2_000, 2_000), (20_000, 2_000), (20, 5), (20, 5), (1, 1), 200, 2, 1
)


def main() -> None:
    """Measures all, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, once; no page")
    parser.add_argument("--full", action="store_true", help="MLflow's work at full size too")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where stores are made")
    options = parser.parse_args()
    sizes = FULL if options.full else QUICK if options.quick else Sizes()

    started, load = time.monotonic(), os.getloadavg()
    bench = Bench(options.folder.resolve())
    bench.prepare()
    rows = [*calls(bench, sizes), *points(bench, sizes), *runs(bench, sizes), *models(bench, sizes)]
    rows += [*imports(sizes), *disk(rows), *packages()]
    say("beside W&B and Trackio")
    beside = trackers.Trackers(bench, trackers.QUICK if options.quick else trackers.Sizes())
    beside.measure()
    say("models, autolog, MLflow over a store")
    with_models = models_beside.Models(bench, models_beside.QUICK if options.quick else models_beside.Sizes())
    with_models.measure()
    say("the model registry")
    with_registry = registry_beside.Registry(bench, registry_beside.QUICK if options.quick else registry_beside.Sizes())
    with_registry.measure()
    say("the gate")
    with_gate = gate_beside.Gate(bench, gate_beside.QUICK if options.quick else gate_beside.Sizes())
    with_gate.measure()
    say("kill -9")
    survived = verify(bench.folder / "killed", sizes.kills)
    facts = machine.facts(bench.folder, load)
    shutil.rmtree(bench.folder)

    minutes = (time.monotonic() - started) / 60
    print(page.table(rows))
    print(beside.table())
    print(with_models.table())
    print(with_registry.table())
    print(with_gate.table())
    print(page.rust_table(rust()))
    print(f"{survived} acknowledged calls of {sizes.kills} killed processes were all read back; {minutes:.1f} minutes")
    if not options.quick:
        command = "python benches/compare/run.py --full" if options.full else "make bench"
        tables = (beside.table(), with_models.table(), with_registry.table(), with_gate.table())
        run = page.Facts(command, sizes.repeats, survived, sizes.kills, facts, *tables)
        page.write(ROOT / "docs" / "benchmarks.md", rows, rust(), run)


def say(what: str) -> None:
    """Tells what is measured now."""
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def compare(bench: Bench, sizes: Sizes, name: str, folder: Path | None = None) -> Pair:
    """A piece of work at its size."""
    say(f"{name} in {folder}" if folder else name)
    ours, theirs = getattr(sizes, name)
    return bench.compare(name, ours, theirs, sizes.repeats, folder)


def calls(bench: Bench, sizes: Sizes) -> list[Row]:
    """Single calls."""
    rows = [
        Row("`log_metric`, single calls", "call", *compare(bench, sizes, "log_metric"), promised=100),
        Row("`log_param`, single calls", "call", *compare(bench, sizes, "log_param"), promised=100),
    ]
    if TMPFS.is_dir():
        # The same without a disk: what remains is the work itself.
        folder = TMPFS / f"mlops-bench-{os.getpid()}"
        try:
            in_memory = compare(bench, sizes, "log_metric", folder)
            rows.append(Row("`log_metric`, both in memory (tmpfs)", "call", *in_memory))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    forced = compare(bench, sizes, "log_metric_forced")
    return [*rows, Row("`log_metric`, both forced to the disk at every call", "call", *forced)]


RUST = {
    "log_metric": ("`log_metric`, a call", 1),
    "log_param": ("`log_param`, a call", 1),
    "log_batch/1000_points": ("`log_batch`, a point of 1,000", 1_000),
    "million_points/log_series": ("`log_series` and `end`, a million points", 1),
    "million_points/metric_history": ("`metric_history`, a million points", 1),
    "search_10000_runs/filter_order_first_100": ("`search`, 10,000 runs: filter, order, first 100", 1),
    "search_10000_runs/order_first_100": ("`search`, 10,000 runs: order, first 100", 1),
    "search_10000_runs/all": ("`search`, 10,000 runs: all of them", 1),
    "registry_20000_versions/watch_current": ("registry, 20,000 versions: which is in production, by a watch", 1),
    "registry_20000_versions/get_by_alias": ("registry, 20,000 versions: find one by its alias", 1),
    "registry_20000_versions/latest_in_production": ("registry, 20,000 versions: the one in Production", 1),
    "registry_20000_versions/search_newest_10": ("registry, 20,000 versions: search, the newest ten", 1),
}


def rust() -> list[tuple[str, float]]:
    """What `cargo bench` measured from Rust: medians in seconds."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = []
    for name, (title, units) in RUST.items():
        result = target / "criterion" / name / "new" / "estimates.json"
        if result.exists():
            median = json.loads(result.read_text())["median"]["point_estimate"]
            found.append((title, median / 1e9 / units))
        else:
            say(f"{name} from Rust is left out: run `cargo bench -p mlops-benches` first")
    return found


def points(bench: Bench, sizes: Sizes) -> list[Row]:
    """Many points."""
    batches = compare(bench, sizes, "log_batch")
    ours, theirs = compare(bench, sizes, "series")
    scaled = "" if sizes.series[0] == sizes.series[1] else ", MLflow's scaled"
    return [
        Row("`log_batch`, 1,000 points a call", "point", *batches),
        Row(f"A million points in, from arrays{scaled}", "million points", ours, theirs, promised=100, scale=10**6),
        Row(f"A million points out, to arrays{scaled}", "million points", ours, theirs, "out_", 100, 10**6),
    ]


def runs(bench: Bench, sizes: Sizes) -> list[Row]:
    """Runs, and searching them."""
    rows = [
        Row("`start_run` and `end_run`", "run", *compare(bench, sizes, "start_end")),
        Row("A run with 20 params and 20 metrics", "run", *compare(bench, sizes, "whole_run")),
    ]
    say(f"search over {sizes.runs} runs")
    bench.fill(sizes.runs)
    titles = {
        "filter": "filter on a metric and a param, order by another metric, first 100",
        "order": "order by a metric, first 100",
        "all": "all of them as objects",
    }
    for which, title in titles.items():
        found = bench.search(which, sizes.runs, sizes.repeats)
        rows.append(Row(f"{sizes.runs:,} runs: {title}", "search", *found))
    return rows


def models(bench: Bench, sizes: Sizes) -> list[Row]:
    """A small model."""
    ours, theirs = compare(bench, sizes, "log_model")
    for taken in (*ours.taken, *theirs.taken):
        # The first is one call, not one a unit.
        taken["first_wall"] *= taken["units"]
        taken["first_cpu"] *= taken["units"]
    return [
        Row("`sklearn.log_model`, first in a process", "model", ours, theirs, "first_"),
        Row("`sklearn.log_model`, again", "model", ours, theirs),
    ]


def imports(sizes: Sizes) -> list[Row]:
    """Imports in fresh processes, after one that reads the files into the page cache."""
    say("import")
    ours, theirs = measured = Measured(1), Measured(1)
    for repetition in range(sizes.imports + 1):
        for side, kept in zip(SIDES, measured):
            taken = usage.imported(side)
            if repetition > 0:
                kept.taken.append(taken)
    modules = [f"{kept.median('modules'):,.0f}" for kept in measured]
    memory = [f"{kept.median('memory') / 2**20:.1f} MiB" for kept in measured]
    return [
        Row("Import in a fresh process", "import", ours, theirs),
        Row("Modules that an import loads", "", texts=modules),
        Row("Memory that an import takes", "", texts=memory),
    ]


def disk(rows: list[Row]) -> list[Row]:
    """Bytes on the disk for each point, from the work that was done above."""
    found = []
    for title in ("`log_metric`, single calls", "`log_batch`", "A million points in"):
        row = next(row for row in rows if row.title.startswith(title))
        assert row.ours is not None and row.theirs is not None
        kept = statistics.median((taken["bytes"] - taken["bytes_spool"]) / taken["units"] for taken in row.ours.taken)
        spool = row.ours.median("bytes_spool")
        ours = f"{kept:.1f} B" + (f" (+ {spool:.0f} B in the spool, removed later)" if spool >= 1 else "")
        texts = [ours, f"{row.theirs.median('bytes'):.0f} B"]
        found.append(Row(f"On the disk for each point: {row.title.split(', MLflow')[0]}", "", texts=texts))
    return found


def packages() -> list[Row]:
    """What is installed."""
    wheels = list((ROOT / "build" / "wheel-release").glob("*.whl"))
    ours, theirs = usage.package_bytes("mlops-embedded"), usage.package_bytes("mlflow")
    texts = [f"{size / 2**20:.1f} MiB in {_packages(number)}" for size, number in (ours, theirs)]
    rows = [Row("Installed, with what it needs", "", texts=texts)]
    if wheels:
        rows.append(Row("Wheel", "", texts=[f"{wheels[0].stat().st_size / 2**20:.1f} MiB", "pure Python"]))
    return rows


def _packages(number: int) -> str:
    return f"{number} package{'s' if number > 1 else ''}"


if __name__ == "__main__":
    main()
