"""The result of a search for the tools that people look at data with."""

from __future__ import annotations

from functools import cache
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
    texts = _texts([(name, values) for name, kind, values in columns if kind == "text"], rows)
    for name, kind, values in columns:
        if kind == "text":
            series[name] = texts[name]
        elif kind == "number":
            series[name] = numpy.frombuffer(values, dtype=numpy.float64)
        else:
            # The smallest number is numpy's "no time".
            times = numpy.frombuffer(values, dtype=numpy.int64).view("datetime64[us]")
            series[name] = pandas.Series(times.astype(_time_dtype())).dt.tz_localize("UTC")
    # Copied: what comes from bytes cannot be written to.
    return pandas.DataFrame(series, index=pandas.RangeIndex(rows), copy=True)


def _texts(columns: list[tuple[str, Any]], rows: int) -> dict[str, Any]:
    """Columns of texts. What a run has not is what this pandas makes of None, as in MLflow: None, from version 3 on NaN."""
    import pandas

    # A column without any text has another type; all others are made at once, which costs a fraction of one by one.
    some = [(name, values) for name, values in columns if any(value is not None for value in values)]
    together = pandas.Series([value for _, values in some for value in values], dtype=None if some else object).array
    made = {name: together[at * rows : (at + 1) * rows] for at, (name, _) in enumerate(some)}
    return {name: made[name] if name in made else pandas.Series(values) for name, values in columns}


@cache
def _time_dtype() -> Any:
    """The unit that this pandas gives times: microseconds from version 3 on."""
    import pandas

    return pandas.to_datetime([0], unit="ms").dtype


def polars_frame(table: RunTable) -> Any:
    """A polars DataFrame with a row for each run."""
    try:
        import polars
    except ImportError:
        raise Unsupported("this output needs the package polars; install it, or ask for output_format='arrow'") from None
    return polars.DataFrame(table)
