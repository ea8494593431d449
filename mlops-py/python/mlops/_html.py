"""Compact views for notebooks. Everything that was stored is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .exceptions import Unsupported

if TYPE_CHECKING:
    from .entities import Run, RunInfo

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
    return "".join(parts)
