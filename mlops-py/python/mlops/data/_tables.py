"""Tables of pandas and polars."""

from __future__ import annotations

from typing import Any

from .._flavors.infer import column_type
from ..exceptions import InvalidArgument
from ..types.schema import Schema
from ._base import Dataset
from ._digests import MAX_ROWS, frame_digest

_POLARS_TYPES = {
    "Boolean": "boolean",
    "Int8": "integer",
    "Int16": "integer",
    "Int32": "integer",
    "Int64": "long",
    "UInt8": "integer",
    "UInt16": "integer",
    "UInt32": "long",
    "UInt64": "long",
    "Float32": "float",
    "Float64": "double",
    "String": "string",
    "Utf8": "string",
    "Categorical": "string",
    "Enum": "string",
    "Binary": "binary",
    "Date": "datetime",
    "Datetime": "datetime",
}


def _column(name: str, kind: Any, required: bool) -> dict[str, Any]:
    """A column in MLflow's form."""
    return {"name": name, **({"type": kind} if isinstance(kind, str) else kind.to_dict()), "required": required}


class _Table(Dataset):
    """A table with the names of its targets and predictions."""

    def __init__(
        self,
        df: Any,
        source: Any = None,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        for what, column in (("targets", targets), ("predictions", predictions)):
            if column is not None and column not in df.columns:
                has = ", ".join(str(name) for name in list(df.columns)[:20])
                raise InvalidArgument(f"the {what} of the data set are {column!r}: expected one of the columns {has}")
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source, name, digest)

    @property
    def df(self) -> Any:
        """The table itself."""
        return self._df

    @property
    def targets(self) -> str | None:
        """The column of what is to be found."""
        return self._targets

    @property
    def predictions(self) -> str | None:
        """The column of what a model found."""
        return self._predictions

    @property
    def profile(self) -> Any:
        """The number of rows and of elements."""
        rows, columns = self._df.shape
        return {"num_rows": int(rows), "num_elements": int(rows) * int(columns)}

    def _specs(self) -> list[dict[str, Any]]:
        """The columns in MLflow's form; ``any`` for values of a type that it does not name."""
        raise NotImplementedError

    @property
    def schema(self) -> Schema | None:
        """The columns; None of a table without any."""
        specs = self._specs()
        return Schema.of(specs) if specs else None

    def _schema_dict(self) -> dict[str, Any]:
        return {"mlflow_colspec": self._specs()}


class PandasDataset(_Table):
    """A DataFrame of pandas."""

    def _compute_digest(self) -> str:
        head = self._df.head(MAX_ROWS)

        def values(position: int) -> Any:
            column = head.iloc[:, position]
            plain = type(column.dtype).__module__.startswith("numpy") and column.dtype.kind in "biufc"
            return column.to_numpy() if plain else column.tolist()

        return frame_digest(list(head.columns), map(values, range(head.shape[1])), len(self._df))

    def _specs(self) -> list[dict[str, Any]]:
        return [self._spec(position) for position in range(self._df.shape[1])]

    def _spec(self, position: int) -> dict[str, Any]:
        column = self._df.iloc[:, position]
        try:
            kind = column_type(column.head(MAX_ROWS), "")
        except InvalidArgument:
            kind = "any"
        return _column(str(self._df.columns[position]), kind, not bool(column.isna().any()))


class PolarsDataset(_Table):
    """A DataFrame of polars."""

    def _compute_digest(self) -> str:
        head = self._df.head(MAX_ROWS)
        return frame_digest(head.columns, (column.to_list() for column in head.get_columns()), self._df.height)

    def _specs(self) -> list[dict[str, Any]]:
        return [
            _column(column.name, _POLARS_TYPES.get(str(column.dtype.base_type()), "any"), column.null_count() == 0)
            for column in self._df.get_columns()
        ]
