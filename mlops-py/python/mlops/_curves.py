"""Curves of runs: figures of the plotting library that is installed, else pictures that the core draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import _native, _state
from .exceptions import InvalidArgument, MlopsError

if TYPE_CHECKING:
    from .entities import Run


def keys_of(runs: Sequence[Run]) -> list[str]:
    """The metrics that are curves: some run has more than one point, and none has defined it as hidden."""
    hidden = {key for run in runs for key in run.data._hidden}
    return sorted({key for run in runs for key, found in run.data.summaries.items() if found.count > 1} - hidden)


def _store_of(run: Run) -> _native.Store | None:
    """The store that is open: a view makes none, and looks into no other."""
    store = getattr(run, "_store", None)
    return store if isinstance(store, _native.Store) else _state._store


def drawn(runs: Sequence[Run], keys: Sequence[str]) -> str:
    """The curves as HTML with SVG in it; empty if their store is not open, or does not have the runs."""
    store = _store_of(runs[0]) if runs and keys else None
    if store is None:
        return ""
    try:
        pictures = [_native.metric_svg(store, [run.info.run_id for run in runs], key) for key in keys]
    except MlopsError:
        # A view of what was read shows that, whatever became of the store.
        return ""
    shown = "".join(f"<div style='max-width:560px'>{picture}</div>" for picture in pictures)
    return f"<div style='display:flex;flex-wrap:wrap;gap:12px'>{shown}</div>"


class Picture:
    """Curves that a notebook shows, drawn without a plotting library."""

    def __init__(self, html: str, keys: Sequence[str]) -> None:
        self._html = html
        self.keys = tuple(keys)

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return f"<Picture: curves of {', '.join(self.keys)}>"


def figure(runs: Sequence[Run], keys: Sequence[str]) -> Any:
    """Curves of these metrics, or of all, a plot a metric and a line a run: plotly's, else matplotlib's, else our own."""
    known = keys_of(runs)
    logged = {key for run in runs for key in run.data.summaries}
    for key in keys:
        if key not in logged:
            raise InvalidArgument(f"no run has the metric {key!r}: expected one of {', '.join(sorted(logged)[:20]) or 'none'}")
    chosen = list(keys) or known
    if not chosen:
        raise InvalidArgument("there is nothing to plot: no metric that is not hidden has more than one point; name one")
    for draw in (_plotly, _matplotlib):
        try:
            return draw(runs, chosen)
        except ImportError:
            continue
    return Picture(drawn(runs, chosen), chosen)


def _points(run: Run, key: str) -> tuple[Any, Any]:
    from ._convert import column_out

    store = _store_of(run) or _state.store()
    steps, _, values = store.metric_history(run.info.run_id, key)
    pairs = sorted(zip(column_out(steps, "q"), column_out(values, "d")), key=lambda pair: pair[0])
    return [int(step) for step, _ in pairs], [float(value) for _, value in pairs]


def _plotly(runs: Sequence[Run], keys: Sequence[str]) -> Any:
    import plotly.graph_objects as graphs
    from plotly.subplots import make_subplots

    # plotly reads a few tags of HTML in titles and names.
    from html import escape

    made = make_subplots(rows=len(keys), cols=1, subplot_titles=[escape(key) for key in keys])
    for row, key in enumerate(keys, start=1):
        for at, run in enumerate(runs):
            if key in run.data.summaries:
                steps, values = _points(run, key)
                name = escape(run.info.run_name)
                line = graphs.Scatter(x=steps, y=values, name=name, legendgroup=str(at), showlegend=row == 1, mode="lines")
                made.add_trace(line, row=row, col=1)
        made.update_xaxes(title_text="step", row=row, col=1)
    made.update_layout(height=320 * len(keys), showlegend=len(runs) > 1)
    return made


def _matplotlib(runs: Sequence[Run], keys: Sequence[str]) -> Any:
    # A figure of its own: pyplot's state, and the backend that the user chose, stay as they are.
    from matplotlib.figure import Figure

    made = Figure(figsize=(7, 3 * len(keys)), layout="constrained")
    plots = made.subplots(len(keys), 1, squeeze=False)
    for (axes,), key in zip(plots, keys):
        for run in runs:
            if key in run.data.summaries:
                # `$` would begin a formula.
                axes.plot(*_points(run, key), label=run.info.run_name.replace("$", r"\$"), marker="." if run.data.summaries[key].count == 1 else "")
        axes.set_title(key.replace("$", r"\$"))
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        if len(runs) > 1:
            axes.legend(fontsize="small")
    return made
