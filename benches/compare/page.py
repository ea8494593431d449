"""The table, and docs/benchmarks.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from measure import Measured


@dataclass
class Row:
    """One line of the table: times a unit on both sides, or two texts."""

    title: str
    unit: str
    ours: Measured | None = None
    theirs: Measured | None = None
    part: str = ""
    promised: int = 0
    scale: int = 1
    texts: list[str] | None = None

    def times(self, what: str) -> tuple[float | None, float | None]:
        """Our median and MLflow's."""
        ours, theirs = (
            side.median(self.part + what) * self.scale if side else None for side in (self.ours, self.theirs)
        )
        return ours, theirs

    def ratio(self, what: str) -> float | None:
        """How many times ours MLflow's is."""
        ours, theirs = self.times(what)
        return theirs / ours if ours and theirs else None


@dataclass
class Facts:
    """What the page says of the measurement itself."""

    command: str
    repeats: int
    survived: int
    kills: int
    machine: dict[str, str]
    trackers: str
    models: str
    registry: str
    gate: str


UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))


def seconds(time: float | None, *others: float) -> str:
    """A time with three digits, and others in brackets in the same unit."""
    if time is None:
        return ""
    unit, size = next((unit for unit in UNITS if time >= unit[1]), UNITS[-1])
    more = f" ({'–'.join(_digits(other / size) for other in others)})" if others else ""
    return f"{_digits(time / size)} {unit}{more}"


def _digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def _times(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{_digits(ratio)}×" if ratio < 100 else f"{float(f'{ratio:.2g}'):,.0f}×"


def _wall(row: Row, side: Measured) -> str:
    what = row.part + "wall"
    spread = side.spread(what) if len(side.taken) > 1 else ()
    return seconds(side.median(what) * row.scale, *(time * row.scale for time in spread))


def table(rows: list[Row]) -> str:
    """The timed rows, and below them those that are no times."""
    lines = [
        "| work | for each | mlops | MLflow | ratio | mlops, CPU | MLflow, CPU | ratio | counted: mlops, MLflow |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        if row.ours and row.theirs:
            cpu = [seconds(time) for time in row.times("cpu")]
            counted = [f"{side.units:,} × {len(side.taken)}" for side in (row.ours, row.theirs)]
            cells = [row.title, row.unit, _wall(row, row.ours), _wall(row, row.theirs), _times(row.ratio("wall"))]
            lines.append(f"| {' | '.join([*cells, *cpu, _times(row.ratio('cpu')), ', '.join(counted)])} |")
    lines += ["", "| what | mlops | MLflow |", "|---|--:|--:|"]
    lines += [f"| {row.title} | {' | '.join(row.texts)} |" for row in rows if row.texts]
    return "\n".join(lines)


def rust_table(measured: list[tuple[str, float]]) -> str:
    """The same work from Rust."""
    lines = ["| from Rust | median |", "|---|--:|", *(f"| {title} | {seconds(time)} |" for title, time in measured)]
    return "\n".join(lines) if measured else ""


def _promise(row: Row) -> str:
    wall, cpu = row.ratio("wall") or 0.0, row.ratio("cpu") or 0.0
    if min(wall, cpu) >= row.promised:
        verdict = "kept"
    else:
        verdict = "kept on the wall only" if wall >= row.promised else "not kept"
    return f"- {row.title}: {_times(wall)} on the wall, {_times(cpu)} by CPU: {verdict}."


def write(path: Path, rows: list[Row], from_rust: list[tuple[str, float]], run: Facts) -> None:
    """Writes the page."""
    path.write_text(
        TEMPLATE.format(
            table=table(rows),
            trackers=run.trackers,
            models=run.models,
            registry=run.registry,
            gate=run.gate,
            rust=rust_table(from_rust),
            promises="\n".join(_promise(row) for row in rows if row.promised),
            machine="\n".join(f"- {name.capitalize()}: {fact}" for name, fact in run.machine.items()),
            survived=run.survived,
            kills=run.kills,
            repeats=run.repeats,
            command=run.command,
        )
    )


TEMPLATE = """# Benchmarks

The same work on mlops and on MLflow with its default local store (a SQLite file), on one machine in one run:

```sh
{command}
```

`benches/compare/run.py` writes this page. Each figure is the median of {repeats} repetitions (in brackets the smallest
and the largest; imports: 10) that alternate between the two, each in a fresh process on a fresh store. Both sides run
the same Python code, with `import mlops` or `import mlflow`; only arrays are different, see below. What was logged is
read back and compared after every repetition, and every search has to find the right runs in the right order. The CPU
columns count all threads and child processes and, for log calls, what is left to the background and to `end_run`: look
at them where a disk or other processes disturb the wall clock.

{table}

## Beside W&B and Trackio

The same as users of each write it, in the same run: CPU seconds of all threads and helper processes, and in brackets the
wall. A goal is what this library promised itself, by CPU.

{trackers}

- W&B and Trackio have no call that takes an array: their million points are single calls, scaled from 20,000, as MLflow's
  are from 50,000 in its largest batches. A dash: there is no call for it without a server.
- Only what mlops and MLflow acknowledge survives kill -9. MLflow's is on the disk at once, which is most of its wall.
- Opening is the whole life of a new process: the interpreter, the import, finding the run and its data.

## Models, and MLflow's own client over a store

{models}

- `log_model` and `load_model` are those of scikit-learn, each after a first one that loads the libraries. What is on the disk
  is the whole folder of the store.
- Autolog logs params, metrics on the training data, the data set and the model of a `Ridge` on 569 rows, in a run for each fit.
- MLflow over a store of mlops is MLflow's package with `mlflow.set_tracking_uri("mlops:...")`: most of its time is MLflow's.
- The import is the command `mlops import mlflow mlflow.db`, from its start to its end. All of this is done once.

## The model registry

One model with many versions; MLflow's are rows of one that were copied in its database. Finding and promoting are MLflow's
calls, `get_model_version_by_alias` and `transition_model_version_stage`, on both sides.

{registry}

- Every change of mlops is a commit and an event of the log, with who, when and the hash of the event before.
- Sixteen processes wait until all are ready, then each promotes 20 times, twice with 20,000 versions: CPU is that of their
  calls, the wall is of all divided by the calls. All of this is done once.

## The gate

`mlops.gate` with predictions of two models as arrays: from the call to the report, with the digests of all rows.
`scipy.stats.bootstrap` gets the differences of the rows, which it resamples and nothing more. `cargo bench -p mlops-benches
--bench gate` measures the statistics alone.

{gate}

`cargo bench -p mlops-benches` measures the tracking calls from Rust, on a store on the disk:

{rust}

## Promised: at least 100 times MLflow

{promises}

Where it is less, and why:
- `start_run` and `end_run` return when the run is in the store, which is a commit to the journal and to the index: most
  of their time is the index. The points of a run in between cost next to nothing.
- All runs as objects: most of our time is Python making the objects; `search_runs` gives them as a DataFrame in a tenth.
- Forced to the disk: both wait for the same disk.

## What an acknowledged call survives

| | when the call returns | kill -9 | power cut |
|---|---|---|---|
| mlops | the record is in the kernel's page cache, and on the disk within a second or so | survives | may be lost |
| MLflow, SQLite | the transaction is on the disk | survives | survives |

So MLflow's single calls wait for a disk, and ours do not. Two rows of the table take that difference away: "in memory"
puts both stores where forcing costs nothing, and "forced to the disk" has ours flush the whole store after every call.
Kill -9 was verified in the same run: {kills} processes logged metrics and params until they were killed at a random
call; all {survived:,} calls that had returned were read back.

## How to read it

- "Counted" says how much was done, how often. MLflow's single calls and points are fewer than ours and are compared a
  call or a point: its cost for each does not fall with their number.
- A million points: `mlops.log_series` and `mlops.get_metric_series` take and give NumPy arrays. MLflow has no call for
  arrays, so its time includes making `Metric` objects for its largest batches (1,000) and collecting the result.
- The values of these series are a falling curve with noise in all 52 bits, which no compression makes much smaller.
- Single calls leave their records in the spool for an hour after they are in the store, so that a copy of the folder
  that is under way meets no gap; the next open after that removes them.
- The runs that are searched are logged on our side. On MLflow's, where that takes minutes, one run is logged and its
  rows are copied in the database with other values, which gives the same tables. A search runs in a fresh process after
  a small one that is not timed.
- Imports: beyond the bare interpreter; files are in the page cache.
- MLflow's telemetry is off everywhere.

## Machine

{machine}
"""
