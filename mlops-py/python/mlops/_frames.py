"""The result of a search for the tools that people look at data with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exceptions import Unsupported

if TYPE_CHECKING:
    from ._native import RunTable


def runs_frame(columns: list[tuple[str, str, Any]], rows: int, required: bool) -> Any:
    """A pandas DataFrame of the columns of a :class:`RunTable`; None without pandas, unless it is required."""
    try:
        import numpy
        import pandas
    except ImportError:
        if required:
            raise Unsupported("a DataFrame needs the package pandas; install it, or ask for output_format='list'") from None
        return None
    series: dict[str, Any] = {}
    # The unit that this pandas gives times: microseconds from version 3 on.
    unit = pandas.to_datetime([0], unit="ms").dtype
    for name, kind, values in columns:
        if kind == "text":
            # What a run has not is what this pandas makes of None, as in MLflow: None, from version 3 on NaN.
            series[name] = pandas.Series(values)
        elif kind == "number":
            series[name] = numpy.frombuffer(values, dtype=numpy.float64)
        else:
            # The smallest number is numpy's "no time".
            times = numpy.frombuffer(values, dtype=numpy.int64).view("datetime64[us]")
            series[name] = pandas.Series(times.astype(unit)).dt.tz_localize("UTC")
    # Copied: what comes from bytes cannot be written to.
    return pandas.DataFrame(series, index=pandas.RangeIndex(rows), copy=True)


def polars_frame(table: RunTable) -> Any:
    """A polars DataFrame with a row for each run."""
    try:
        import polars
    except ImportError:
        raise Unsupported("this output needs the package polars; install it, or ask for output_format='arrow'") from None
    return polars.DataFrame(table)
