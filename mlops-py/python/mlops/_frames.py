"""Runs as a DataFrame, with MLflow's columns."""

from __future__ import annotations

from typing import Any

from .exceptions import Unsupported


def runs_frame(raws: list[dict[str, Any]], required: bool) -> Any:
    """A DataFrame with a row for each run; None without pandas, unless it is required."""
    try:
        import pandas
    except ImportError:
        if required:
            raise Unsupported("a DataFrame needs the package pandas; install it, or ask for output_format='list'") from None
        return None
    columns: dict[str, Any] = {
        "run_id": [raw["run_id"] for raw in raws],
        "experiment_id": [raw["experiment_id"] for raw in raws],
        "status": [raw["status"] for raw in raws],
        "artifact_uri": [f"runs:/{raw['run_id']}/" for raw in raws],
        "start_time": _times(pandas, [raw["started_at"] for raw in raws]),
        "end_time": _times(pandas, [raw["ended_at"] for raw in raws]),
    }
    for section, missing in (("metrics", float("nan")), ("params", None), ("tags", None)):
        for key in sorted({key for raw in raws for key in raw[section]}):
            found = [raw[section].get(key, missing) for raw in raws]
            if section == "metrics":
                columns[f"metrics.{key}"] = [value[0] if isinstance(value, tuple) else value for value in found]
            else:
                columns[f"{section}.{key}"] = pandas.Series(found, dtype=object)
    return pandas.DataFrame(columns)


def _times(pandas: Any, micros: list[int | None]) -> Any:
    return pandas.to_datetime(pandas.Series(micros, dtype="Int64"), unit="us", utc=True)
