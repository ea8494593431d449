"""Runs side by side, and reports of them."""

from __future__ import annotations

import math
import os
import warnings
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from . import _native, _state
from ._convert import path_text, sequence, text, text_or_none
from .entities import Run
from .exceptions import InvalidArgument


class Comparison:
    """Several runs side by side: :func:`compare` makes it. ``params``, ``metrics`` and ``tags`` hold what differs: by
    key, a value for each run, None where it has none."""

    def __init__(self, runs: list[Run], params: list[str], metrics: list[str], tags: list[str]) -> None:
        self.runs: tuple[Run, ...] = tuple(runs)
        self.params: dict[str, list[str | None]] = {key: [run.data.params.get(key) for run in runs] for key in params}
        self.metrics: dict[str, list[float | None]] = {key: [run.data.metrics.get(key) for run in runs] for key in metrics}
        self.tags: dict[str, list[str | None]] = {key: [run.data.tags.get(key) for run in runs] for key in tags}

    def sections(self) -> list[tuple[str, Mapping[str, list[str | None]]]]:
        """What differs, as text."""
        metrics = {key: [None if value is None else f"{value:.6g}" for value in row] for key, row in self.metrics.items()}
        return [("Params", self.params), ("Metrics", metrics), ("Tags", self.tags)]

    def curve_keys(self) -> list[str]:
        """The metrics that have more than one point."""
        from ._curves import keys_of

        return keys_of(self.runs)

    def plot(self, *keys: str) -> Any:
        """Curves of these metrics, or of all that have several points, a line a run: a figure of plotly or of
        matplotlib, whichever is installed, else a picture that a notebook shows."""
        from ._curves import figure

        return figure(self.runs, keys)

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each run and the columns of :func:`search_runs`, those that differ or not."""
        from ._frames import runs_frame

        return runs_frame(_columns(self.runs), len(self.runs), required=True)

    def __repr__(self) -> str:
        lines = [f"<Comparison of {len(self.runs)} runs: {', '.join(run.info.run_name for run in self.runs)}>"]
        for name, rows in self.sections():
            if rows:
                lines.append(f"{name.lower()}:")
                lines += [f"  {key}: {' | '.join('-' if cell is None else cell for cell in row)}" for key, row in rows.items()]
        return "\n".join(lines if len(lines) > 1 else [f"{lines[0][:-1]}; nothing differs>"])

    def _repr_html_(self) -> str:
        from ._html import comparison_html

        return comparison_html(self)


def compare(runs: Iterable[str | Run]) -> Comparison:
    """Puts runs (ids, or runs) of the store that calls use side by side.

    >>> import mlops
    >>> mlops.set_tracking_uri("memory:")
    >>> for depth in (3, 5):
    ...     with mlops.start_run(run_name=f"depth-{depth}"):
    ...         _ = mlops.log_param("depth", depth)
    >>> mlops.compare(mlops.search_runs(output_format="list", order_by=["run_name ASC"])).params
    {'depth': ['3', '5']}
    """
    raws, params, metrics, tags = _native.compare_runs(_state.store(), _ids(runs))
    return Comparison([Run(raw) for raw in raws], params, metrics, tags)


def report(runs: str | Run | Iterable[str | Run], path: str | os.PathLike[str], *, title: str | None = None) -> None:
    """Writes a report of runs (ids, or runs) to the file ``path``, which is replaced: one page of HTML with curves,
    params, metrics, images and artifacts, that opens in a browser without network.

    What has no place in it, such as images above 4 MiB, is named in it and in a warning."""
    left_out = _native.write_report(_state.store(), _ids(runs), path_text("path", path), text_or_none("title", title))
    if left_out:
        named = "; ".join(f"{what}: {why}" for what, why in left_out[:5])
        more = f"; and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        warnings.warn(f"left out of the report: {named}{more}", RuntimeWarning, stacklevel=2)


def _ids(runs: Any) -> list[str]:
    if isinstance(runs, (str, Run)):
        runs = [runs]
    elif hasattr(runs, "columns") and "run_id" in runs.columns:
        # The DataFrame that search_runs gives.
        runs = list(runs["run_id"])
    found = [
        run.info.run_id if isinstance(run, Run) else text("a run", run) for run in sequence("ids, or runs of a search", runs)
    ]
    if not found:
        raise InvalidArgument("no runs were given: expected ids, or runs of a search")
    return found


def _columns(runs: tuple[Run, ...]) -> list[tuple[str, str, Any]]:
    """What :meth:`RunTable.columns` has of these runs."""
    infos = [run.info._raw for run in runs]

    def times(name: str) -> bytes:
        return array("q", [-(2**63) if info[name] is None else info[name] for info in infos]).tobytes()

    columns: list[tuple[str, str, Any]] = [(name, "text", [info[name] for info in infos]) for name in _TEXTS]
    columns.append(("artifact_uri", "text", [f"runs:/{info['run_id']}" for info in infos]))
    columns += [("start_time", "time", times("started_at")), ("end_time", "time", times("ended_at"))]
    for key in sorted({key for run in runs for key in run.data.metrics}):
        values = array("d", [run.data.metrics.get(key, math.nan) for run in runs])
        columns.append((f"metrics.{key}", "number", values.tobytes()))
    for section in ("params", "tags"):
        found: list[Mapping[str, str]] = [getattr(run.data, section) for run in runs]
        for key in sorted({key for texts in found for key in texts}):
            columns.append((f"{section}.{key}", "text", [texts.get(key) for texts in found]))
    return columns


_TEXTS = ("run_id", "experiment_id", "status")
