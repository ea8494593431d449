"""Data as a signature wants it. The core says what fits and what has to be done; this module does it to Python's data."""

from __future__ import annotations

import datetime
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import _native
from ..exceptions import InvalidArgument
from ..types.schema import column_name
from .examples import plain
from .infer import as_pandas, dense, is_array, is_frame, is_series, is_sparse, is_sparse_column, missing, plain_number, tensor_type

if TYPE_CHECKING:
    from ..types.schema import ParamSchema, Schema, TensorSpec

_logger = logging.getLogger("mlops")


def enforce_params(schema: ParamSchema | None, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """The params of a prediction: of the types of the schema, with its defaults."""
    if params is not None and not isinstance(params, Mapping):
        raise InvalidArgument(f"params are of type {type(params).__name__}: expected a dict")
    given = {str(name): value for name, value in (params or {}).items()}
    if schema is None:
        if given:
            _logger.warning("the model's signature has no params: %s left out", ", ".join(given))
        return {}
    # The specs by hand: a spec that is being made has no default yet that could be written.
    specs = [
        {"name": spec.name, **spec.dtype.to_dict(), "default": None, "shape": None if spec.shape is None else [-1]}
        for spec in schema.params
    ]
    text, ignored = _native.enforce_params(json.dumps(specs), json.dumps({name: plain(value) for name, value in given.items()}))
    if ignored:
        _logger.warning("the model's signature has no params %s: left out", ", ".join(ignored))
    found = json.loads(text)
    done: dict[str, Any] = {}
    for spec in schema.params:
        if spec.name not in given:
            done[spec.name] = spec.default
        elif str(spec.dtype) == "datetime":
            listed = found[spec.name]
            done[spec.name] = [_time(spec.name, text) for text in listed] if spec.shape else _time(spec.name, listed)
        else:
            done[spec.name] = found[spec.name]
    return done


def _time(name: str, text: str | None) -> datetime.date | None:
    try:
        if text is None:
            return None
        return datetime.date.fromisoformat(text) if len(text) == 10 else datetime.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(f"param `{name}` is {text!r}: expected a time as in 2026-01-31T12:00:00") from None


def enforce_schema(data: Any, schema: Schema) -> Any:
    """The data as the schema wants it: columns checked, put in order and widened; tensors checked."""
    if is_series(data):
        data = data.to_frame()
    if schema.is_tensor_spec():
        return _tensors(data, schema)
    return _columns(_frame(data, schema), schema)


def _frame(data: Any, schema: Schema) -> Any:
    """A table of what somebody wants a prediction for."""
    if is_frame(data):
        return data
    import pandas

    data = as_pandas(data)
    if is_frame(data) or is_series(data):
        return data.to_frame() if is_series(data) else data
    try:
        if isinstance(data, Mapping):
            nested = any(spec.to_dict()["type"] in ("array", "object") for spec in schema.inputs)
            one = all(_is_one(value) for value in data.values())
            texts = all(isinstance(value, str) or _is_texts(value) for value in data.values())
            if nested or one or texts:
                return pandas.DataFrame([data])
            return pandas.DataFrame({name: _listed(value) for name, value in data.items()})
        if isinstance(data, (list, tuple)) or is_array(data):
            return pandas.DataFrame(data.toarray() if is_sparse(data) else list(data) if isinstance(data, tuple) else data)
        if _is_one(data):
            return pandas.DataFrame([data])
    except (ValueError, TypeError) as error:
        raise InvalidArgument(f"the input of type {type(data).__name__} cannot become a table: {error}") from None
    raise InvalidArgument(f"the input is of type {type(data).__name__}: expected a table with the columns {schema}")


def _is_one(value: Any) -> bool:
    return value is None or not (hasattr(value, "__len__") and not isinstance(value, (str, bytes)))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _listed(value: Any) -> Any:
    return value.tolist() if is_array(value) and value.ndim > 1 else value


def _columns(table: Any, schema: Schema) -> Any:
    import pandas

    columns = [table.iloc[:, at] for at in range(table.shape[1])]
    # A column of objects that are all numbers is one of numbers.
    columns = [_inferred(column) for column in columns]
    given = [
        (_name(name), _dtype(column), _has_no_place(column) and bool(column.isna().any()))
        for name, column in zip(table.columns, columns, strict=True)
    ]
    plan = _native.enforce_columns(schema.to_json(), given)
    extra = len(columns) - len(plan)
    if extra > 0 and schema.has_input_names():
        used = {source for source, *_ in plan}
        names = ", ".join(name for at, (name, *_) in enumerate(given) if at not in used)
        _logger.warning("columns that the model's signature has not are left out: %s", names)
    named = schema.input_dict() if schema.has_input_names() else dict(zip(table.columns, schema.inputs, strict=False))
    done = {}
    for source, cast, largest, nested in plan:
        name, column = table.columns[source], columns[source]
        kind = column.dtype.kind
        if cast is None and kind in "biuf" and not is_sparse_column(column) and type(column.dtype).__module__.startswith("pandas"):
            # Nullable types of pandas: models know numpy's.
            cast = given[source][1]
        if cast is not None:
            column = _cast(name, column, cast, largest)
        if nested:
            spec = json.dumps({**named[name if name in named else _name(name)].to_dict(), "name": _name(name)})
            for value in column:
                _native.check_value(spec, json.dumps(plain(value)))
        done[name] = column
    return pandas.DataFrame(done, index=table.index)


def _has_no_place(column: Any) -> bool:
    """Is a missing value none of the column's own type?"""
    return column.dtype != object and str(column.dtype) != "category"


def _name(name: Any) -> str:
    return str(column_name(name))


def _inferred(column: Any) -> Any:
    if column.dtype != object:
        return column
    found = column.infer_objects()
    return found if found.dtype.kind in "biufM" else column


def _dtype(column: Any) -> str:
    """The core's name of a column's type."""
    if str(column.dtype) == "category":
        # Of no value at all they are as of texts.
        return _dtype(column.dtype.categories.to_series()) if len(column.dtype.categories) else "str"
    dtype = dense(column.dtype)
    kind = dtype.kind
    if kind in "biuf":
        return f"{ {'b': 'bool', 'i': 'int', 'u': 'uint', 'f': 'float'}[kind] }{'' if kind == 'b' else dtype.itemsize * 8}"
    if kind == "U" or str(dtype) in ("str", "string") or type(dtype).__name__ == "StringDtype":
        return "str"
    if kind == "O" and len(column):
        present = [value for value in column if not missing(value)]
        if present and all(isinstance(value, str) for value in present):
            return "str"
        if present and type(present[0]).__name__ == "Decimal":
            return "decimal"
    return {"S": "bytes", "M": "datetime64", "O": "object"}.get(kind, str(dtype))


def _cast(name: Any, column: Any, to: str, largest: int | None) -> Any:
    import numpy

    if str(column.dtype) == "category":
        # It stays categorical, as the model knows it.
        column = column.cat.remove_unused_categories()
        cast = _cast(name, column.cat.categories.to_series(), to, largest)
        return column.cat.rename_categories(cast.to_numpy())
    try:
        if is_sparse_column(column):
            done = column.astype(type(column.dtype)(to, column.dtype.fill_value))
        elif to.startswith("float") and not str(column.dtype).startswith("float"):
            done = column.astype(object).where(column.notna(), numpy.nan).astype(to)
        elif to.startswith("datetime64"):
            if getattr(column.dtype, "tz", None) is not None:
                raise ValueError("its times have a time zone; remove it, as in column.dt.tz_convert(None)")
            done = column.astype(to)
        else:
            done = column.astype(to)
    except (ValueError, TypeError) as error:
        raise InvalidArgument(f"column `{name}` of the type {column.dtype} cannot become {to}: {error}") from None
    if largest is not None:
        present = column.dropna()
        beyond = present[(present > largest) | (present < -largest) if present.dtype.kind == "i" else present > largest]
        if len(beyond):
            raise InvalidArgument(
                f"column `{name}` is {column.dtype} and has to be {to}: the value {beyond.iloc[0]} may change by that;"
                " convert the column before predicting if that is wanted"
            )
    return done


def _tensors(data: Any, schema: Schema) -> Any:
    specs: list[TensorSpec] = schema.inputs  # type: ignore[assignment]
    if not schema.has_input_names():
        return _tensor(_unnamed(data, specs[0]), specs[0])
    if not (isinstance(data, Mapping) or is_frame(data)):
        raise InvalidArgument(f"the input is of type {type(data).__name__}: expected a dict of the arrays {schema}")
    missing = [spec.name for spec in specs if spec.name not in data]
    if missing:
        raise InvalidArgument(f"the input has no {', '.join(str(name) for name in missing)}: expected {schema}")
    found = {}
    for spec in specs:
        part = data[spec.name]
        if is_series(part):
            part = _stacked(part, spec)
        elif not is_array(part):
            raise InvalidArgument(f"the input {spec.name!r} is of type {type(part).__name__}: expected an array of numpy")
        found[spec.name] = _tensor(part, spec)
    return found


def _unnamed(data: Any, spec: TensorSpec) -> Any:
    if is_array(data):
        return data
    if not is_frame(data):
        raise InvalidArgument(f"the input is of type {type(data).__name__}: expected an array of numpy, {spec}")
    if data.empty:
        raise InvalidArgument(f"the input is a table without rows: expected {spec}")
    return _stacked(data.iloc[:, 0], spec) if data.shape[1] == 1 else data.to_numpy()


def _stacked(column: Any, spec: TensorSpec) -> Any:
    """The tensor whose rows are the values of a column: numbers, lists or arrays."""
    import numpy

    first = column.iloc[0] if len(column) else None
    try:
        if isinstance(first, (list, numpy.ndarray)):
            rows = numpy.stack([numpy.asarray(value) for value in column]).reshape(spec.shape)
            if len(rows) != len(column):
                raise ValueError(f"{len(column)} rows become {len(rows)}")
            # Lists do not say what type they are of.
            return rows.astype(spec.type) if isinstance(first, list) else rows
        return numpy.array(column, dtype=spec.type).reshape(spec.shape)
    except ValueError as error:
        raise InvalidArgument(f"column `{column.name}` cannot become {spec}: {error}") from None


def _tensor(data: Any, spec: TensorSpec) -> Any:
    dtype = data.data.dtype if is_sparse(data) else data.dtype
    _native.check_tensor(json.dumps(spec.to_dict()), tensor_type(dtype), [int(size) for size in data.shape])
    return data


__all__ = ["enforce_params", "enforce_schema", "plain_number"]
