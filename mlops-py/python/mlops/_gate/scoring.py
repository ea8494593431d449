"""What candidate and baseline say of the rows, and what they cost: all that the core is handed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._progress import Bar
from ..exceptions import InvalidArgument
from .columns import Column, values_of
from .costs import Costs
from .definition import GateDefinition
from .metrics import GateMetric, Scored
from .predicting import Asker, Said, handed
from .rows import Rows
from .versions import Versions


class Progress:
    """How far a gate is."""

    def __init__(self, bar: Bar, calls: int) -> None:
        self._bar, self._calls, self._done, self._step = bar, max(2 * calls, 1), 0, ""

    def next(self, step: str) -> None:
        """Another step begins."""
        self._step, self._done = step, 0
        self._bar.tell(step, 0, 1)

    def drawn(self, resamples: int) -> None:
        """So many resamples have been drawn."""
        self._bar.tell(f"{self._step}, {resamples:,} resamples", min(self._done, self._calls), self._calls)

    def show(self) -> None:
        """One call more."""
        self._done += 1
        self._bar.tell(self._step, min(self._done, self._calls), self._calls)


def scored(
    asked: GateDefinition,
    versions: Versions,
    rows: Rows,
    classes: Sequence[Any] | None,
    costs: Costs,
    latency_rows: int,
    trust: bool,
    progress: Progress,
) -> dict[str, Any]:
    """What both say of the rows, and what they cost."""
    takes = {takes for _, takes in asked._metrics if takes != "own"}
    takes |= {"probabilities" for metric in asked._own.values() if metric.takes == "probabilities"}
    fractions = [name for name, kind in asked._metrics if kind == "probabilities" or kind == "own"]
    asker = Asker(takes, fractions, rows.targets)
    sides = [one for one in (versions.candidate, versions.baseline) if one is not None]
    said: list[Said | None] = []
    for one in sides:
        progress.next(one.what)
        if one.predictions is not None:
            said.append(handed(one, classes, rows.targets, rows.ids_name))
            continue
        features = rows.features()
        one.load(trust)
        said.append(None if one.failure is not None else asker.ask(one, features))
    progress.next("what they cost")
    is_asked = all(one is not None for one in said)
    if is_asked and rows.table is not None:
        features = rows.features()
        costs.measure(versions.candidate, versions.baseline, features, rows.table.rows, latency_rows, progress.show)
    failure = next((one.failure for one in sides if one.failure is not None), None)
    own: list[tuple[str, Column, Column | None]] = []
    functions: list[tuple[str, Any]] = []
    progress.next("your metrics")
    if failure is None:
        for metric in asked._own.values():
            scored = _by(metric, asked, rows, [one for one in said if one is not None], progress)
            if scored.values is not None:
                own.append((metric.name, scored.values[0], scored.values[1] if len(scored.values) > 1 else None))
            else:
                functions.append((metric.name, scored))
    natives = [(one or Said()).native() for one in said]
    return {
        "targets": rows.targets,
        "candidate": natives[0],
        "baseline": natives[1] if len(natives) > 1 else None,
        "ids": rows.ids,
        "columns": rows.columns(asked),
        "own": own,
        "own_functions": functions,
        "data_digest": None,
        "row_hashes": [],
        "training_hashes": [],
        "unlabelled": None,
        "measured": costs.native,
        "failure": failure,
    }


def _by(metric: GateMetric, asked: GateDefinition, rows: Rows, said: list[Said], progress: Progress) -> Scored:
    """A metric of one's own for both, by rows in the order of the targets."""
    positive = asked.to_dict().get("positive", "1")
    found = []
    for one in said:
        try:
            found.append(one.aligned(rows.ids).of_metric(metric.takes, positive))
        except InvalidArgument as error:
            raise InvalidArgument(f"`{metric}`: {error}") from error
    return Scored(metric, values_of(rows.targets), found[0], found[1] if len(found) > 1 else None, progress.show)
