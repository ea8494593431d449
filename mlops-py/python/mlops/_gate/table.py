"""The rows of a gate: features for the models, and columns for the gate, of whatever library they are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions import InvalidArgument
from .columns import Column, column
from .files import read

Array = Any


class Table:
    """Rows of a DataFrame (pandas, polars, pyarrow), a dict of columns, an array, or of a file of CSV or Parquet."""

    def __init__(self, data: Any) -> None:
        if isinstance(data, (str, os.PathLike)):
            data = read(os.fspath(data))
        elif type(data).__module__.startswith("mlops.data."):
            # A data set: what it was made of.
            data = data.df if hasattr(data, "df") else data.features
        if isinstance(data, Mapping):
            data = _frame_of(data)
        elif type(data).__module__.partition(".")[0] == "pyarrow" and hasattr(data, "column_names"):
            data = _frame_of_arrow(data)
        elif isinstance(data, (list, tuple)):
            data = _array_of(data)
        self.data = data
        self.names = _names(data)
        self.rows = _rows(data)

    def raw(self, name: str, what: str = "the column") -> Any:
        """A column as the library has it."""
        if name not in self.names:
            known = ", ".join(self.names[:30]) or "none: it is an array"
            raise InvalidArgument(f"{what} is {name!r}, and the data has no such column: expected one of {known}")
        if isinstance(self.data, Mapping):
            return self.data[name]
        return self.data[self._own_names()[self.names.index(name)]]

    def column(self, name: str) -> Column:
        """A column as the core takes it."""
        return column(f"the values of {name!r}", self.raw(name))

    def columns(self, names: Sequence[str] | None = None) -> list[tuple[str, Column]]:
        """Those columns, or all; an array's are called by their number."""
        if not self.names and hasattr(self.data, "ndim"):
            wide = self.data.reshape(self.rows, -1)
            return [(str(at), column("the data", wide[:, at])) for at in range(wide.shape[1])]
        return [(name, self.column(name)) for name in (self.names if names is None else names)]

    def narrow(self) -> dict[str, str]:
        """The columns of floats of fewer than 8 bytes, each with its type: ``float32``."""
        if not self.names and hasattr(self.data, "ndim"):
            kinds = {str(at): self.data.dtype for at in range(self.data.reshape(self.rows, -1).shape[1])}
        else:
            kinds = {name: getattr(self.raw(name), "dtype", None) for name in self.names}
        found = {name: str(kind).lower() for name, kind in kinds.items()}
        return {name: kind for name, kind in found.items() if kind in ("float16", "float32")}

    def features(self, names: Sequence[str] | None) -> Any:
        """What a model is given: these columns, or all."""
        if names is None or not self.names:
            return self.data
        if isinstance(self.data, Mapping):
            return {name: self.data[name] for name in names}
        own = dict(zip(self.names, self._own_names()))
        return self.data[[own[name] for name in names]]

    def _own_names(self) -> list[Any]:
        # Names of pandas may be no texts.
        return list(self.data.columns)


def part(data: Any, start: int, rows: int) -> Any:
    """Some rows of features, as the library has them."""
    if hasattr(data, "iloc"):
        return data.iloc[start : start + rows]
    if type(data).__module__.partition(".")[0] == "polars":
        return data.slice(start, rows)
    if isinstance(data, Mapping):
        return {name: values[start : start + rows] for name, values in data.items()}
    return data[start : start + rows]


def _names(data: Any) -> list[str]:
    if isinstance(data, Mapping):
        return [str(name) for name in data]
    columns = getattr(data, "columns", None)
    return [] if columns is None or callable(columns) else [str(name) for name in columns]


def _rows(data: Any) -> int:
    if isinstance(data, Mapping):
        lengths = {len(values) for values in data.values()}
        if len(lengths) > 1:
            raise InvalidArgument(f"the columns of the data have {sorted(lengths)} rows: expected as many in each")
        return next(iter(lengths), 0)
    if hasattr(data, "shape"):
        return int(data.shape[0])
    if hasattr(data, "__len__"):
        return len(data)
    raise InvalidArgument(f"data is a {type(data).__name__}: expected a table, an array, or the path of a file")


def _frame_of(data: Mapping[str, Any]) -> Any:
    """A dict of columns as a DataFrame of pandas, which models know; as it is without pandas."""
    try:
        import pandas
    except ImportError:
        return {str(name): values for name, values in data.items()}
    try:
        return pandas.DataFrame(dict(data))
    except ValueError as error:
        raise InvalidArgument(f"the columns of the data make no table: {error}") from error


def _frame_of_arrow(data: Any) -> Any:
    try:
        return data.to_pandas()
    except ImportError:
        return {name: data.column(name) for name in data.column_names}


def _array_of(data: Sequence[Any]) -> Any:
    try:
        import numpy
    except ImportError:
        return data
    return numpy.asarray(data)
