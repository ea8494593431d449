"""Runs to search through. On our side they are logged; on MLflow's, where that takes minutes, one run is logged and
its rows are copied in the database with other values, which gives the same tables."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from typing import Any

from work import make_run, metrics_of, params_of

TABLES = ("params", "metrics", "latest_metrics", "tags")
Rows = list[dict[str, Any]]


def fill(api: Any, folder: Path, count: int) -> None:
    """Makes ``count`` runs in the experiment that searches look in by default."""
    if api.__name__ == "mlops":
        for number in range(count):
            make_run(api, number)
        return
    make_run(api, 0)
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.row_factory = sqlite3.Row
        (pattern,) = database.execute("SELECT * FROM runs WHERE name = 'run-0'")
        rows = {table: _rows(database, table, pattern["run_uuid"]) for table in TABLES}
        for number in range(1, count):
            _copy(database, pattern, rows, number)


def _rows(database: sqlite3.Connection, table: str, run: str) -> Rows:
    return [dict(row) for row in database.execute(f"SELECT * FROM {table} WHERE run_uuid = ?", (run,))]


def _copy(database: sqlite3.Connection, pattern: sqlite3.Row, rows: dict[str, Rows], number: int) -> None:
    name, run = f"run-{number}", uuid.uuid4().hex
    params, metrics = params_of(number), metrics_of(number)
    new: list[dict[str, Any]] = [params, metrics, metrics, {"mlflow.runName": name}]
    values = dict(zip(TABLES, new))
    times = {"start_time": pattern["start_time"] + number, "end_time": pattern["end_time"] + number}
    uri = pattern["artifact_uri"].replace(pattern["run_uuid"], run)
    _insert(database, "runs", {**dict(pattern), **times, "run_uuid": run, "name": name, "artifact_uri": uri})
    for table, originals in rows.items():
        for row in originals:
            value = values[table].get(row["key"], row["value"])
            _insert(database, table, {**row, "run_uuid": run, "value": value})


def _insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
