"""How often models are promoted, by rule: the table of docs/guide/gate.md, which this writes.

    python gate_points.py                      200 simulations of each cell, and the page
    python gate_points.py --times 20           fewer; the page is not written

A model that is right for 85 % of the rows is in production. The candidate differs from it in 10 % of them, and is truly better by
so many points. Asked are the two modes of the gate, and beside them "the new number is larger" and a relative change of 1 %, which
is what ``MetricThreshold(min_relative_change=0.01)`` asks for. The same rows are shown to all four."""

from __future__ import annotations

import argparse
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import mlops
import numpy

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "gate.md"
BEGIN, END = "<!-- gate_points.py writes this: -->\n", "<!-- to here -->\n"
ROWS = (200, 1_000, 5_000, 20_000)
POINTS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
RIGHT, DIFFERENT, MARGIN, ALPHA = 0.85, 0.1, 0.005, 0.05
TIMES = 200
RULES = ("new > old", "relative change of 1 %", 'mode = "superior"', "margin = 0.005")


def promoted(rows: int, points: float, seed: int) -> tuple[bool, bool, bool, bool]:
    """Whether each rule promotes the candidate, for one draw of rows."""
    better = points / 100
    ours, theirs = (DIFFERENT + better) / 2, (DIFFERENT - better) / 2
    both = RIGHT - theirs
    drawn = numpy.random.default_rng([seed, rows, round(points * 10) + 1_000]).random(rows)
    only_ours, only_theirs = drawn < ours, (drawn >= ours) & (drawn < ours + theirs)
    right = (drawn >= ours + theirs) & (drawn < ours + theirs + both)
    candidate, baseline = (only_ours | right).astype(float), (only_theirs | right).astype(float)
    old, new = float(baseline.mean()), float(candidate.mean())
    relative = mlops.MetricThreshold(min_relative_change=0.01, greater_is_better=True)
    truth = numpy.ones(rows)
    asked = {"targets": truth, "metrics": "accuracy", "record": False}
    superior = mlops.gate(candidate, baseline, mode="superior", **asked).passed
    as_good = mlops.gate(candidate, baseline, margin=MARGIN, **asked).passed
    return new > old, not relative.failures("accuracy", new, old), superior, as_good


def cell(rows: int, points: float, times: int) -> list[float]:
    """The share of promotions by each rule."""
    found = numpy.array([promoted(rows, points, seed) for seed in range(times)])
    return [float(share) for share in found.mean(axis=0)]


def main() -> None:
    """Simulates, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=TIMES)
    options = parser.parse_args()
    cells = [(rows, points) for rows in ROWS for points in POINTS]
    with ProcessPoolExecutor() as pool:
        tasks = [pool.submit(cell, rows, points, options.times) for rows, points in cells]
        shares = [task.result() for task in tasks]
    lines = [f"| rows | truly better by | {' | '.join(f'`{rule}`' if '=' in rule else rule for rule in RULES)} |"]
    lines.append("|--:|--:|--:|--:|--:|--:|")
    for (rows, points), of in zip(cells, shares):
        lines.append(f"| {rows:,} | {points:+g} points | {' | '.join(f'{share:.1%}' for share in of)} |")
    table = "\n".join(lines) + "\n"
    print(table)
    most = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / options.times)
    false = max(of[2] for (_, points), of in zip(cells, shares) if points <= 0)
    print(f'the largest share of models that are no better and pass `mode = "superior"`: {false:.1%}; at most {most:.1%} is aimed at')
    if options.times >= TIMES:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, tail = rest.partition(END)
        PAGE.write_text(f"{head}{BEGIN}{table}{END}{tail}", encoding="utf-8")
    if false > most:
        sys.exit("more than that")


if __name__ == "__main__":
    main()
