"""Compact views for notebooks. Everything that was stored is escaped, here or in the core."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .exceptions import Unsupported

if TYPE_CHECKING:
    from ._compare import Comparison
    from .entities import Run, RunInfo

# Curves that a view shows without being asked for more.
CURVES = 6
_CELL = "style='text-align:left;padding:2px 8px'"


def table_html(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """A title and a table of two columns."""
    body = "".join(f"<tr><th {_CELL}>{escape(name)}</th><td {_CELL}>{escape(value)}</td></tr>" for name, value in rows)
    return f"<div><strong>{escape(title)}</strong><table>{body}</table></div>"


def _started(info: RunInfo) -> str:
    try:
        return str(info.started_at)
    except Unsupported:
        return f"{info.start_time} ms"


def run_html(run: Run) -> str:
    """A run: status and times, then params and metrics, folded when they are many."""
    info, data = run.info, run.data
    head = [("id", info.run_id), ("status", info.status), ("started", _started(info))]
    if info.duration is not None:
        head.append(("duration", str(info.duration)))
    parts = [table_html(f"Run {info.run_name}", head)]
    sections = {
        "Metrics": [(key, f"{value:.6g}") for key, value in data.metrics.items()],
        "Params": list(data.params.items()),
        "Tags": [(key, value) for key, value in data.tags.items() if not key.startswith("mlflow.")],
    }
    for name, rows in sections.items():
        if rows:
            shown = "open" if len(rows) <= 12 and name != "Tags" else ""
            parts.append(f"<details {shown}><summary>{name} ({len(rows)})</summary>{table_html('', rows)}</details>")
    from ._curves import drawn, keys_of

    pictures = drawn([run], keys_of([run])[:CURVES])
    if pictures:
        parts.append(f"<details open><summary>Curves</summary>{pictures}</details>")
    return "".join(parts)


def _row(name: str, cells: Sequence[str | None]) -> str:
    shown = "".join(f"<td {_CELL}>{'–' if cell is None else escape(cell)}</td>" for cell in cells)
    return f"<tr><th {_CELL}>{escape(name)}</th>{shown}</tr>"


def comparison_html(comparison: Comparison) -> str:
    """Runs side by side: what differs, then curves."""
    runs = comparison.runs
    head = "".join(f"<th {_CELL}>{escape(run.info.run_name)}</th>" for run in runs)
    body = [_row("id", [run.info.run_id for run in runs]), _row("status", [run.info.status for run in runs])]
    for name, rows in comparison.sections():
        if rows and name != "Tags":
            body.append(f"<tr><td colspan='{len(runs) + 1}' {_CELL}><strong>{name}</strong></td></tr>")
            body += [_row(key, cells) for key, cells in rows.items()]
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    from ._curves import drawn

    return f"<div><strong>What differs between {len(runs)} runs</strong>{table}{drawn(runs, comparison.curve_keys()[:CURVES])}</div>"
