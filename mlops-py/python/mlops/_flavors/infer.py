"""The schema of examples: MLflow's rules, without pandas or numpy where the example is of neither."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping
from typing import Any

from ..exceptions import InvalidArgument, Unsupported
from ..types.schema import (
    AnyType,
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSchema,
    ParamSpec,
    Property,
    Schema,
    TensorSpec,
    column_name,
)

_SCALARS = {
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.double,
    str: DataType.string,
    bytes: DataType.binary,
    bytearray: DataType.binary,
    datetime.date: DataType.datetime,
    datetime.datetime: DataType.datetime,
}


def schema(data: Any, what: str) -> Schema:
    """The schema of an example: a table, arrays by name, an array, a list, dicts or one value."""
    data = as_pandas(data)
    if is_frame(data):
        return _of_table(data, what)
    if is_series(data):
        return Schema([ColSpec(*_column(data, what, data.name))])
    if is_array(data):
        return Schema([TensorSpec(*_tensor(data))])
    if isinstance(data, list) and not data:
        return Schema([ColSpec(DataType.string)])
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return Schema([_key(data, name, what) for name in dict.fromkeys(key for row in data for key in row)])
    if isinstance(data, Mapping):
        if data and all(is_array(part) for part in data.values()):
            return Schema([TensorSpec(*_tensor(part), name=str(name)) for name, part in data.items()])
        specs = []
        for name, value in data.items():
            if not isinstance(name, str):
                raise InvalidArgument(f"{what} has the key {name!r}: expected texts as keys")
            listed = value if isinstance(value, list) else [value]
            specs.append(ColSpec(_of(value, f"{what} key {name!r}"), name, not any(map(missing, listed))))
        return Schema(specs)
    if isinstance(data, (list, tuple)):
        found = _of(list(data), what)
        assert isinstance(found, Array)
        return Schema([ColSpec(found.dtype)])
    return Schema([ColSpec(_of(data, what))])


def _of_table(table: Any, what: str) -> Schema:
    specs: dict[str | None, ColSpec] = {}
    for at, name in enumerate(table.columns):
        spec = ColSpec(*_column(table.iloc[:, at], f"{what} column {name!r}", "None" if name is None else name))
        if spec.name in specs:
            raise InvalidArgument(f"{what} has two columns with the name {spec.name!r}: rename one, since a signature goes by names")
        specs[spec.name] = spec
    return Schema(list(specs.values()))


def is_row_by_row(output: Any) -> bool:
    """An array with one value for each row?"""
    return is_array(output) and not is_sparse(output) and output.ndim == 1


def schema_of_rows(output: Any) -> Schema:
    """The schema of what a model says of each row of a table: one column without a name, as MLflow has it."""
    values = output.tolist()
    found = _of(values, "the output") if output.dtype.kind == "O" else _dtype(output.dtype, "the output")
    return Schema([ColSpec(found.dtype if isinstance(found, Array) else found, required=not any(map(missing, values)))])


def params_schema(params: Mapping[str, Any]) -> ParamSchema:
    """The schema of params: their types, and what they are as defaults."""
    specs = []
    for name, value in params.items():
        shape = None
        found = _of(plain_number(value), f"param {name!r}")
        if isinstance(found, Array):
            found, shape = found.dtype, (-1,)
        specs.append(ParamSpec(name, found, value, shape))
    return ParamSchema(specs)


def is_frame(data: Any) -> bool:
    """A DataFrame of pandas?"""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def is_series(data: Any) -> bool:
    """A column of pandas?"""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.Series)


def as_pandas(data: Any) -> Any:
    """A table or a column of polars, of Arrow and of others as pandas has it, which is how a model gets it; else the data."""
    if not hasattr(data, "to_pandas") or is_frame(data) or is_series(data):
        return data
    try:
        return data.to_pandas()
    except ImportError as error:
        kind = f"{type(data).__module__}.{type(data).__name__}"
        raise Unsupported(f"a table of the type {kind} needs pandas and pyarrow: {error}") from None


def dense(dtype: Any) -> Any:
    """The type of the values of a column: of a sparse one that of its numbers."""
    return dtype.subtype if type(dtype).__name__ == "SparseDtype" else dtype


def is_sparse_column(column: Any) -> bool:
    """A column of pandas that keeps only what is not its fill value?"""
    return type(column.dtype).__name__ == "SparseDtype"


def is_array(data: Any) -> bool:
    """An array of numpy, or a sparse one of scipy?"""
    numpy = sys.modules.get("numpy")
    return (numpy is not None and isinstance(data, numpy.ndarray)) or is_sparse(data)


def is_sparse(data: Any) -> bool:
    """A sparse matrix of scipy?"""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(data))


def missing(value: Any) -> bool:
    """None, NaN, NaT or pandas' NA?"""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def plain_number(value: Any) -> Any:
    """Numbers of numpy as Python's."""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    return value


def tensor_type(dtype: Any) -> str:
    """numpy's name of a type; texts and bytes without their length."""
    return {"U": "str", "S": "bytes"}.get(dtype.kind, str(dtype))


def _tensor(data: Any) -> tuple[str, list[int]]:
    dtype = data.data.dtype if is_sparse(data) else data.dtype
    return tensor_type(dtype), [-1, *(int(size) for size in data.shape[1:])]


def _column(values: Any, what: str, name: Any) -> tuple[Any, Any, bool]:
    """Type, name and requiredness of a column of pandas."""
    return column_type(values, what), name, not bool(values.isna().any())


def column_type(values: Any, what: str) -> Any:
    """The type of a column of pandas."""
    if str(values.dtype) == "category":
        # Of no value at all they are as of texts.
        return column_type(values.dtype.categories.to_series(), what) if len(values.dtype.categories) else DataType.string
    if values.dtype.kind == "O":
        values = values.infer_objects()
    if values.dtype.kind != "O" or str(values.dtype) in ("str", "string"):
        return _dtype(dense(values.dtype), what)
    found = _of(values.to_list(), what)
    return found.dtype if isinstance(found, Array) else found


def _dtype(dtype: Any, what: str) -> DataType:
    kind, size = dtype.kind, getattr(dtype, "itemsize", 0)
    if str(dtype) in ("str", "string") or kind == "U":
        return DataType.string
    if kind == "b":
        return DataType.boolean
    if kind in "iu" and size <= 4:
        return DataType.long if (kind, size) == ("u", 4) else DataType.integer
    if kind == "i":
        return DataType.long
    if kind == "f" and size <= 8:
        return DataType.float if size <= 4 else DataType.double
    if kind == "S":
        return DataType.binary
    if kind == "M":
        return DataType.datetime
    raise InvalidArgument(f"{what} is of the type {dtype}, which a signature has not: convert it before")


def _key(rows: list[dict[str, Any]], name: str, what: str) -> ColSpec:
    """One key of a list of dicts, as a column."""
    found = _of([row[name] for row in rows if name in row], f"{what} key {name!r}")
    assert isinstance(found, Array)
    return ColSpec(found.dtype, name, all(row.get(name) is not None for row in rows))


def _of(value: Any, what: str) -> Any:
    """The type of one value."""
    if missing(value) or (isinstance(value, (list, dict)) and not value):
        return AnyType()
    if isinstance(value, dict):
        found = {str(key): _of(part, f"{what}[{key!r}]") for key, part in value.items()}
        return Object([Property(key, part, not isinstance(part, AnyType)) for key, part in found.items()])
    if isinstance(value, (list, tuple)) or (is_array(value) and value.ndim):
        merged: Any = AnyType()
        for part in value:
            merged = _merge(merged, _of(part, what), what)
        return Array(merged)
    if type(value) in _SCALARS:
        return _SCALARS[type(value)]
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return _dtype(dtype, what)
    if isinstance(value, datetime.date):
        return DataType.datetime
    raise InvalidArgument(
        f"{what} is of the type {type(value).__name__}, which a signature has not: expected a table, an array, a dict,"
        " a list, a number, a text, bytes or a time"
    )


def _merge(one: Any, other: Any, what: str) -> Any:
    """The type of a list that has both."""
    if isinstance(one, AnyType) or one == other:
        return other
    if isinstance(other, AnyType):
        return one
    if isinstance(one, Array) and isinstance(other, Array):
        return Array(_merge(one.dtype, other.dtype, what))
    if isinstance(one, Map) and isinstance(other, Map):
        return Map(_merge(one.value_type, other.value_type, what))
    if isinstance(one, Object) and isinstance(other, Object):
        return _merge_objects(one, other, what)
    raise InvalidArgument(f"{what} has values of the types {one!r} and {other!r}: expected one type")


def _merge_objects(one: Object, other: Object, what: str) -> Object:
    """The keys of both; what one of them lacks is optional."""
    mine = {part.name: part for part in one.properties}
    theirs = {part.name: part for part in other.properties}
    merged = []
    for name in dict.fromkeys([*mine, *theirs]):
        a, b = mine.get(name), theirs.get(name)
        if a is not None and b is not None:
            merged.append(Property(name, _merge(a.dtype, b.dtype, what), a.required and b.required))
        else:
            merged.append(Property(name, (a or b).dtype, False))  # type: ignore[union-attr]
    return Object(merged)
