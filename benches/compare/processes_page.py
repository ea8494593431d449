"""The tables, and the text, of docs/benchmarks-processes.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from page import seconds

SIZES = (1_000, 20_000, 500_000)
CONDITIONS = {"idle": "nothing else", "others": "8 other processes logging", "busy": "a busy second Python thread"}
TRACKERS = {"mlflow": "MLflow", "wandb": "W&B"}


@dataclass
class Figure:
    """The repetitions of one figure, and how much was done for all of them."""

    values: list[float] = field(default_factory=list)
    counted: int = 0

    @property
    def median(self) -> float:
        """The median of the repetitions."""
        return statistics.median(self.values)


Figures = dict[str, Figure]
Missing = dict[str, str]


@dataclass(frozen=True)
class Goal:
    """What was aimed at, and whether it was reached."""

    title: str
    wanted: str
    found: str
    kept: bool

    def line(self) -> str:
        """The line of the list."""
        return f"- {self.title}: {self.found}; {self.wanted}: {'kept' if self.kept else 'not kept'}."


def number(value: float) -> str:
    """A number with three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(figures: Figures, ours: str, theirs: str) -> float:
    """How many times theirs ours is."""
    return figures[ours].median / figures[theirs].median


def times(value: float) -> str:
    """A ratio."""
    return f"{number(value)}×"


def time(figure: Figure) -> str:
    """A time with its spread."""
    spread = (min(figure.values), max(figure.values)) if len(figure.values) > 1 else ()
    return seconds(figure.median, *spread)


def rate(figure: Figure) -> str:
    """A number a second with its spread."""
    return f"{number(figure.median)} ({number(min(figure.values))}–{number(max(figure.values))})"


def mebibytes(figure: Figure) -> str:
    """An amount of memory."""
    return f"{figure.median / 2**20:.1f} MiB"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def logging(figures: Figures) -> str:
    """Our calls beside plain writes."""
    rows = []
    for prefix, title, plain in (("", "Rust", "`write`"), ("python ", "Python", "`os.write`")):
        for condition, meanwhile in CONDITIONS.items():
            ours, theirs = (f"{prefix}log, {condition}, {side}" for side in ("mlops", "write"))
            if ours in figures:
                cells = [
                    f"{time(figures[side])}; {seconds(figures[f'{side}, p99.9'].median)}" for side in (ours, theirs)
                ]
                counted = f"{figures[ours].counted:,}, {figures[theirs].counted:,}"
                rows.append([f"{title}, {plain}: {meanwhile}", *cells, times(ratio(figures, ours, theirs)), counted])
    return table(
        ["from, beside: meanwhile", "`log_metric`: median; p99.9", "write: median; p99.9", "ratio", "calls"], rows
    )


def trackers(figures: Figures, missing: Missing) -> str:
    """Our calls beside those of others."""
    sides = {side: title for side, title in TRACKERS.items() if side not in missing}
    rows = []
    for condition, meanwhile in CONDITIONS.items():
        cells = [meanwhile]
        ours = f"python log, {condition}, mlops"
        cells.append(f"{time(figures[ours])}; {seconds(figures[f'{ours}, p99.9'].median)}")
        for side in sides:
            theirs = f"python log, {condition}, {side}"
            figure, worst = figures[theirs], figures[f"{theirs}, p99.9"]
            cells += [
                f"{time(figure)}; {seconds(worst.median)}",
                times(ratio(figures, theirs, ours)),
                f"{figure.counted:,}",
            ]
        rows.append(cells)
    others = [f"{title}: median; p99.9 | to ours | calls" for title in sides.values()]
    head = ["meanwhile", "mlops: median; p99.9", *" | ".join(others).split(" | ")] if others else ["meanwhile", "mlops"]
    return table(head, rows)


def commits(figures: Figures) -> str:
    """Commits beside the disk, and many beside one."""
    durable, disk = "commit, durable, mlops", "commit, durable, fdatasync"
    rows = [
        [
            "durable, of the owner",
            time(figures[durable]),
            "one append and `fdatasync` of as many bytes",
            time(figures[disk]),
            times(ratio(figures, durable, disk)),
        ],
        [
            "the same, p99.9",
            time(figures[f"{durable}, p99.9"]),
            "",
            time(figures[f"{disk}, p99.9"]),
            times(ratio(figures, f"{durable}, p99.9", f"{disk}, p99.9")),
        ],
    ]
    many = [
        (
            "64 threads of the owner, commits a second",
            "commits, owner, many",
            "one thread of it",
            "commits, owner, one",
        ),
        (
            "16 peers with 4 threads each, commits a second",
            "commits, peers, many",
            "one thread of a peer",
            "commits, peers, one",
        ),
    ]
    for title, ours, beside, theirs in many:
        rows.append([title, rate(figures[ours]), beside, rate(figures[theirs]), times(ratio(figures, ours, theirs))])
    rows.append(["fast, of the owner, CPU of all threads", time(figures["commit, fast, cpu"]), "", "", ""])
    rows.append(["fast, of the owner, wall clock", time(figures["commit, fast, wall"]), "", "", ""])
    return table(["commits", "mlops", "beside", "", "ratio"], rows)


def trips(figures: Figures) -> str:
    """A peer's calls."""
    rows = []
    for name, title in {
        "get": "`get` of 100 bytes",
        "scan": "`scan` of 1,000 entries of 100 bytes",
        "fast": "a fast commit of a check and two values",
    }.items():
        peer, pair, own = (f"trip, {name}, {who}" for who in ("peer", "pair", "owner"))
        cells = [time(figures[peer]), time(figures[pair]), times(ratio(figures, peer, pair)), time(figures[own])]
        rows.append([title, *cells, f"{figures[peer].counted:,} of each"])
    return table(["call", "peer", "socket pair", "ratio", "in the owner itself", "calls"], rows)


def takeover(figures: Figures) -> str:
    """What depends on how much is stored."""
    rows = []
    for size in SIZES:
        found: Callable[[str], Figure] = lambda what, size=size: figures[f"{size}, {what}"]  # type: ignore[misc]
        timed = [time(found(what)) for what in ("take-over", "opening", "checkpoint")]
        share = times(ratio(figures, f"{size}, take-over", f"{size}, opening"))
        memory = [mebibytes(found(f"{who}, bytes")) for who in ("owner", "peer")]
        rows.append([f"{size:,}", *timed[:2], share, timed[2], *memory])
    return table(
        ["entries", "take-over", "opening alone", "ratio", "checkpoint", "memory of the owner", "of a peer"], rows
    )


def goals(figures: Figures) -> list[Goal]:
    """What was aimed at."""
    found = []

    def at_most(title: str, value: float, most: float, beside: str) -> None:
        found.append(Goal(title, f"at most {number(most)} times wanted", f"{times(value)} {beside}", value <= most))

    for condition in ("idle", "others"):
        value = ratio(figures, f"log, {condition}, mlops", f"log, {condition}, write")
        at_most(f"`log_metric` from Rust, {CONDITIONS[condition]}", value, 3, "a `write` of as many bytes")
    for condition in ("idle", "others"):
        ours, plain = (figures[f"python log, {condition}, {side}"].median for side in ("mlops", "write"))
        more = f"{(ours - plain) * 1e6:.2f} µs more than `os.write`"
        title = f"`log_metric` from Python, {CONDITIONS[condition]}"
        found.append(Goal(title, "less than 2 µs wanted", more, ours - plain < 2e-6))
    value = ratio(figures, "commit, durable, mlops", "commit, durable, fdatasync")
    at_most("A durable commit", value, 1.5, "an append and `fdatasync`")
    for title, who in (("64 threads of the owner", "owner"), ("16 peers with 4 threads each", "peers")):
        value = ratio(figures, f"commits, {who}, many", f"commits, {who}, one")
        more = f"{times(value)} the commits of one a second"
        found.append(Goal(title, "at least 4 times wanted, 10 aimed at", more, value >= 4))
    cpu = figures["commit, fast, cpu"].median
    found.append(Goal("A fast commit in the owner", "less than 30 µs wanted", f"{seconds(cpu)} of CPU", cpu < 30e-6))
    at_most("A peer's `get`", ratio(figures, "trip, get, peer", "trip, get, pair"), 2.5, "a message over a socket pair")
    return found


def render(figures: Figures, missing: Missing, machine: dict[str, str]) -> str:
    """The page."""
    crowds = [
        f"{title} {number(figures[f'python log, rate of others, {side}'].median)}"
        for side, title in {"mlops": "mlops", **TRACKERS}.items()
        if side not in missing
    ]
    left_out = "".join(
        f"\n- {TRACKERS[side]} is left out, because it could not be run here: {why}" for side, why in missing.items()
    )
    return TEMPLATE.format(
        logging=logging(figures),
        trackers=trackers(figures, missing),
        commits=commits(figures),
        trips=trips(figures),
        takeover=takeover(figures),
        goals="\n".join(goal.line() for goal in goals(figures)),
        point_bytes=round(figures["log, bytes"].median),
        commit_bytes=round(figures["commit, bytes"].median),
        crowds=", ".join(crowds),
        left_out=left_out,
        machine="\n".join(f"- {name.capitalize()}: {fact}" for name, fact in machine.items()),
    )


TEMPLATE = """# Benchmarks: many processes, one store

What it takes that many processes share a store, beside what the kernel takes for the same work and beside the tools a
user would take instead, on one machine in one run:

```sh
make bench-processes
```

`benches/compare/processes.py` writes this page, from `benches/rust/shared.rs` and `benches/compare/calls.py`. The
alternatives have their turns in one run, a few calls each. A figure is the median of the repetitions' medians, with the
smallest and the largest of them in brackets; p99.9 is what one call in a thousand takes longer than. What was written
is read back and counted after every repetition.

## One `log_metric` call

A point takes {point_bytes} bytes in the spool; a write of as many bytes goes to a file in the same folder.

{logging}

The same call from Python, beside others:

{trackers}

## Commits

A decision: a check and two values of 100 bytes, {commit_bytes} bytes in the journal.

{commits}

## A peer asks the owner

Another process owns the store. A message of the same sizes goes to another process over a socket pair, and back.

{trips}

## The owner is killed

Entries of 100 bytes. A peer calls in a loop while the owner is killed with kill -9; the take-over lasts from the signal
until the peer's call returns. Beside it, a new process opens what a killed owner left, with nobody waiting.

{takeover}

## Goals

{goals}

## How to read it

- The run of the Rust rows is in the process that owns the store, that of the Python rows beside others in a peer: no
  call waits for the owner.
- Each of the 8 other processes logs a point every millisecond, or as fast as it goes. Points a second of all of them
  from Python: {crowds}. There the alternatives have their turns one after the other, each with its own crowd.
- A busy Python thread that gets the interpreter keeps it for 5 ms. `os.write` lets go of it at every call, and MLflow
  and W&B often in each; `log_metric` does not.
- Where fewer than a thousand calls are made, p99.9 is the longest of them.
- A call of MLflow returns when the point is on the disk; one of mlops when it is in the page cache; one of W&B when it
  is on its way to its own process. W&B runs offline: it writes a file, and nothing is sent.
- A peer's scan and commit do what the owner does for them, so the column of the owner itself belongs to them: the rest
  is the way there and back.
- CPU of a fast commit: all threads of the process, until all is on the disk, the index and checkpoints included.
- A checkpoint merges a thousand changed entries with the last one, forces the new one to the disk and reads it back.
- Memory is what the process has in use (VmRSS), the program itself included.{left_out}

## Machine

{machine}
"""
