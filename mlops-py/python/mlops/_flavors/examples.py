"""Input examples: JSON in MLflow's form, beside the model."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping
from typing import Any

from ..exceptions import InvalidArgument
from ..types.schema import column_name
from .infer import as_pandas, is_array, is_frame, is_series, is_sparse

FILE = "input_example.json"
SERVING_FILE = "serving_input_example.json"
_ROWS = 5


def plain(value: Any) -> Any:
    """A value that JSON has: numbers and arrays of numpy as Python's, times and bytes as texts."""
    if value is None or isinstance(value, (str, bool, int, float)) and type(value).__module__ == "builtins":
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(bytes(value)).decode()
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, datetime.date):
        return value.isoformat()
    if getattr(getattr(value, "dtype", None), "kind", "") == "M":
        return plain(value.astype("datetime64[us]").tolist())
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise InvalidArgument(f"a value of type {type(value).__name__} cannot be stored as JSON")


def _no_nan(value: Any) -> Any:
    """NaN is no JSON: null."""
    if isinstance(value, list):
        return [_no_nan(part) for part in value]
    if isinstance(value, dict):
        return {key: _no_nan(part) for key, part in value.items()}
    return None if isinstance(value, float) and value != value else value


def head(data: Any) -> Any:
    """The first rows of a table or an array: what is kept of a large one."""
    if is_frame(data):
        return data.head(_ROWS)
    if is_array(data) and data.ndim > 1:
        return data[:_ROWS]
    return data


def split(example: Any) -> tuple[Any, dict[str, Any] | None]:
    """An example and the params beside it: ``(data, params)`` or just the data. A table is one of pandas, as models get it."""
    data, params = example if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], dict) else (example, None)
    return as_pandas(data), params


def files(example: Any) -> tuple[list[tuple[str, bytes]], dict[str, Any]]:
    """The files of an example, and what the manifest says of it."""
    data, params = split(example)
    if is_series(data):
        data = data.to_frame()
    data = head(data)
    info: dict[str, Any] = {"artifact_path": FILE, "serving_input_path": SERVING_FILE}
    if is_frame(data):
        content: Any = {"columns": [plain(name) for name in data.columns], "data": plain(data.to_numpy(object))}
        info.update(type="dataframe", pandas_orient="split")
        serving: dict[str, Any] = {"dataframe_split": content}
    elif is_sparse(data):
        kind = "csc" if data.format == "csc" else "csr"
        rows = data.asformat(kind)
        content = {part: plain(getattr(rows, part)) for part in ("data", "indices", "indptr", "shape")}
        info["type"] = f"sparse_matrix_{kind}"
        serving = {"inputs": plain(data.toarray())}
    else:
        arrays = is_array(data) or (isinstance(data, Mapping) and bool(data) and all(map(is_array, data.values())))
        content = plain(data)
        info["type"] = "ndarray" if arrays else "json_object"
        serving = {"inputs": content}
    if params:
        info["params"] = "true"
        content = {"inputs": content, "params": plain(params)}
        serving["params"] = plain(params)
    texts = [(FILE, json.dumps(_no_nan(content))), (SERVING_FILE, json.dumps(_no_nan(serving), indent=2))]
    return [(path, text.encode()) for path, text in texts], info


def load(info: Mapping[str, Any], text: bytes, schema: Any) -> Any:
    """The example that was saved; of its types only what JSON and the schema know."""
    content = json.loads(text)
    if info.get("params"):
        content = content["inputs"]
    kind = info.get("type")
    if kind == "dataframe":
        import pandas

        columns = content.get("columns")
        # A name of several levels is a list in JSON.
        columns = columns and [tuple(name) if isinstance(name, list) else name for name in columns]
        table = pandas.DataFrame(content["data"], columns=columns)
        if schema is not None and not schema.is_tensor_spec():
            names = {column_name(name): name for name in table.columns}
            for spec in schema.inputs:
                name, kind = names.get(spec.name), str(spec.type)
                if name is not None and kind in ("integer", "long", "float", "double", "datetime", "boolean"):
                    if not (table[name].isna().any() and kind in ("integer", "long", "boolean")):
                        table[name] = table[name].astype(spec.type.to_numpy())
        return table
    if kind == "ndarray":
        import numpy

        types = {} if schema is None or not schema.is_tensor_spec() else schema.input_types_dict()
        if isinstance(content, dict):
            return {name: numpy.asarray(part, dtype=types.get(name)) for name, part in content.items()}
        return numpy.asarray(content, dtype=types.get(0))
    if kind in ("sparse_matrix_csc", "sparse_matrix_csr"):
        from scipy import sparse

        make = sparse.csc_matrix if kind.endswith("csc") else sparse.csr_matrix
        return make((content["data"], content["indices"], content["indptr"]), shape=tuple(content["shape"]))
    return content
