"""Writes signatures.json: what MLflow infers from examples, and what it does to data that is held against a signature.

    pip install mlflow==3.17.2 scikit-learn
    python tests/oracle/signatures.py > tests/oracle/signatures.json

Cases are descriptions, which `build` makes data of, so that a test without MLflow has the same data. What comes out is
described by `describe`: types and values, or that it is an error.
"""

from __future__ import annotations

import datetime
import decimal
import json
import warnings
from typing import Any

import numpy
import pandas

TYPES = ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]

# Columns by name: the type that pandas gets, and the values.
COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "bool": ("bool", [True, False]),
    "int8": ("int8", [1, -2]),
    "int16": ("int16", [1, -2]),
    "int32": ("int32", [1, -2]),
    "int64": ("int64", [3, -2]),
    "int64 of 0 and 1": ("int64", [0, 1]),
    "large int64": ("int64", [2**53 + 1, 1]),
    "uint8": ("uint8", [1, 200]),
    "uint16": ("uint16", [1, 2]),
    "uint32": ("uint32", [1, 2]),
    "uint64": ("uint64", [1, 2]),
    "float16": ("float16", [0.5, 1.5]),
    "float32": ("float32", [0.5, 1.5]),
    "float64": ("float64", [0.5, 1.5]),
    "whole float64": ("float64", [1.0, 2.0]),
    "float64 with NaN": ("float64", [0.5, None]),
    "whole float64 with NaN": ("float64", [1.0, None]),
    "Int64": ("Int64", [1, 2]),
    "Int64 with NA": ("Int64", [1, None]),
    "Int32": ("Int32", [1, 2]),
    "Float64": ("Float64", [0.5, 1.5]),
    "boolean": ("boolean", [True, False]),
    "boolean with NA": ("boolean", [True, None]),
    "texts": ("object", ["a", "b"]),
    "texts with None": ("object", ["a", None]),
    "string": ("string", ["a", "b"]),
    "numbers as texts": ("object", ["1", "2"]),
    "objects that are ints": ("object", [1, 2]),
    "objects that are floats": ("object", [0.5, 1.5]),
    "objects that are bools": ("object", [True, False]),
    "bools with None": ("object", [True, None]),
    "ints with None": ("object", [1, None]),
    "mixed": ("object", ["a", 1]),
    "bytes": ("bytes", ["61", "6262"]),
    "category of texts": ("category", ["a", "b"]),
    "datetime64[ns]": ("datetime64[ns]", ["2026-01-31T12:00:00", "2026-02-01T00:00:00"]),
    "datetime64[us]": ("datetime64[us]", ["2026-01-31T12:00:00", "2026-02-01T00:00:00"]),
    "times with NaT": ("datetime64[ns]", ["2026-01-31T12:00:00", None]),
    "dates": ("date", ["2026-01-31", "2026-02-01"]),
    "decimals": ("decimal", ["1.5", "2.5"]),
    "timedelta": ("timedelta64[ns]", [1, 2]),
}


def column(dtype: str, values: list[Any]) -> Any:
    """A column of pandas."""
    if dtype == "bytes":
        return pandas.Series([bytes.fromhex(value) for value in values], dtype=object)
    if dtype == "date":
        return pandas.Series([datetime.date.fromisoformat(value) for value in values], dtype=object)
    if dtype == "decimal":
        return pandas.Series([decimal.Decimal(value) for value in values], dtype=object)
    return pandas.Series(values, dtype=dtype)


def build(kind: str, content: Any) -> Any:
    """The data that a description describes."""
    if kind == "frame":
        return pandas.DataFrame({name: column(*spec) for name, spec in content})
    if kind == "series":
        name, dtype, values = content
        return column(dtype, values).rename(name)
    if kind == "array":
        dtype, values = content
        return numpy.array(values, dtype=dtype)
    if kind == "arrays":
        return {name: numpy.array(values, dtype=dtype) for name, dtype, values in content}
    if kind == "columns of arrays":
        return pandas.DataFrame({name: [numpy.array(row, dtype=dtype) for row in rows] for name, dtype, rows in content})
    if kind == "sparse":
        from scipy import sparse

        return sparse.csr_matrix(numpy.array(content[1], dtype=content[0]))
    return content


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, numpy.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, numpy.datetime64):
        return plain(pandas.Timestamp(value))
    if value is None or value is pandas.NA or value is pandas.NaT or value != value:
        return None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (datetime.date, pandas.Timestamp)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, pandas.Timedelta)):
        return str(value)
    return value.item() if isinstance(value, numpy.generic) else value


def describe(data: Any) -> Any:
    """Types and values of data."""
    if isinstance(data, pandas.DataFrame):
        return {"frame": [[str(name), str(data[name].dtype), plain(data[name].tolist())] for name in data.columns]}
    if isinstance(data, numpy.ndarray):
        return {"array": [str(data.dtype), list(data.shape), plain(data)]}
    if isinstance(data, dict):
        return {"dict": {str(name): describe(part) for name, part in data.items()}}
    if hasattr(data, "toarray"):
        return {"sparse": describe(data.toarray())}
    return {"value": plain(data)}


def spec(kind: str, name: str | None = None, required: bool = True) -> dict[str, Any]:
    """A column of a schema."""
    named = {} if name is None else {"name": name}
    return {"type": kind, **named, "required": required}


def tensor(dtype: str, shape: list[int], name: str | None = None) -> dict[str, Any]:
    """A tensor of a schema."""
    named = {} if name is None else {"name": name}
    return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}, **named}


def enforced() -> list[tuple[str, list[dict[str, Any]], str, Any]]:
    """The cases of enforcement: name, schema, and data."""
    cases: list[tuple[str, list[dict[str, Any]], str, Any]] = []
    for kind in TYPES:
        for name, given in COLUMNS.items():
            for required in (True, False):
                which = "" if required else "optional "
                cases.append((f"{name} for {which}{kind}", [spec(kind, "x", required)], "frame", [["x", given]]))
    two = [spec("double", "a"), spec("long", "b")]
    a, b, c = ["a", ["float64", [0.5, 1.5]]], ["b", ["int64", [1, 2]]], ["c", ["object", ["x", "y"]]]
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    cases += [
        ("in order", two, "frame", [a, b]),
        ("reordered", two, "frame", [b, a]),
        ("one more column", two, "frame", [c, a, b]),
        ("a missing column", two, "frame", [a]),
        ("another name", two, "frame", [a, ["B", b[1]]]),
        ("a missing optional column", [spec("double", "a"), spec("long", "b", False)], "frame", [a]),
        ("a dict of lists", two, "value", {"b": [1, 2], "a": [0.5, 1.5]}),
        ("a dict of values", two, "value", {"b": 1, "a": 0.5}),
        ("a dict of arrays", two, "arrays", [["b", "int64", [1, 2]], ["a", "float64", [0.5, 1.5]]]),
        ("a dict without a key", two, "value", {"a": [0.5]}),
        ("a dict of texts", [spec("string", "t")], "value", {"t": ["x", "y"]}),
        ("a dict of one text", [spec("string", "t")], "value", {"t": "x"}),
        ("a list of dicts", two, "value", [{"a": 0.5, "b": 1}, {"b": 2, "a": 1.5}]),
        ("a list of numbers for names", two, "value", [0.5, 1.5]),
        ("an array for names", two, "array", ["float64", [[0.5, 1.0]]]),
        ("a column for a name", [spec("double", "a")], "series", ["a", "float64", [0.5, 1.5]]),
        ("a column of another name", [spec("double", "a")], "series", ["b", "float64", [0.5, 1.5]]),
        ("a text for a name", two, "value", "text"),
        ("without names", [spec("double"), spec("double")], "frame", [a, ["z", ["float64", [1.0, 2.0]]], c]),
        ("without names, too few", [spec("double"), spec("double")], "frame", [a]),
        ("without names, an array", [spec("double"), spec("double")], "array", ["float64", [[0.5, 1.0]]]),
        ("without names, another type", [spec("double"), spec("double")], "frame", [a, c]),
        ("without names, a list of texts", [spec("string")], "value", ["a", "b"]),
        ("without names, a text", [spec("string")], "value", "a"),
        ("without names, a number", [spec("double")], "value", 0.5),
        ("a tensor", [tensor("float64", [-1, 3])], "array", ["float64", rows]),
        ("a tensor of another type", [tensor("float64", [-1, 3])], "array", ["float32", rows]),
        ("a tensor of ints", [tensor("float64", [-1, 3])], "array", ["int64", [[1, 2, 3]]]),
        ("a tensor of another width", [tensor("float64", [-1, 2])], "array", ["float64", rows]),
        ("a tensor of fewer dimensions", [tensor("float64", [-1, 3])], "array", ["float64", [1.0, 2.0, 3.0]]),
        ("a tensor of any width", [tensor("float64", [-1, -1])], "array", ["float64", rows]),
        ("a tensor of texts", [tensor("str", [-1])], "array", ["str", ["a", "bc"]]),
        ("anything for object", [tensor("object", [-1])], "array", ["float64", rows]),
        ("a list for a tensor", [tensor("float64", [-1, 3])], "value", rows),
        ("a table for a tensor", [tensor("float64", [-1, 2])], "frame", [a, ["z", ["float64", [1.0, 2.0]]]]),
        ("a table of ints for a tensor", [tensor("float64", [-1, 2])], "frame", [b, ["z", b[1]]]),
        ("a table of another width", [tensor("float64", [-1, 3])], "frame", [a, ["z", ["float64", [1.0, 2.0]]]]),
        ("one column for a tensor", [tensor("float64", [-1])], "frame", [a]),
        ("one column for a column", [tensor("float64", [-1, 1])], "frame", [a]),
        ("one column for a wide tensor", [tensor("float64", [-1, 3])], "frame", [a]),
        ("a sparse tensor", [tensor("float64", [-1, 3])], "sparse", ["float64", rows]),
        ("a sparse tensor of another width", [tensor("float64", [-1, 2])], "sparse", ["float64", rows]),
        ("tensors", [tensor("float64", [-1, 3], "p"), tensor("int64", [-1], "q")], "arrays",
         [["q", "int64", [1, 2]], ["p", "float64", rows]]),
        ("tensors, one of another type", [tensor("float64", [-1, 3], "p")], "arrays", [["p", "int64", [[1, 2, 3]]]]),
        ("tensors, one missing", [tensor("float64", [-1], "p"), tensor("int64", [-1], "q")], "arrays",
         [["p", "float64", [1.0]]]),
        ("tensors, one more", [tensor("float64", [-1], "p")], "arrays", [["p", "float64", [1.0]], ["q", "int64", [1]]]),
        ("an array for tensors", [tensor("float64", [-1], "p"), tensor("float64", [-1], "q")], "array", ["float64", [1.0]]),
        ("lists in columns for tensors", [tensor("float64", [-1, 3], "p")], "frame", [["p", ["object", rows]]]),
        ("lists of another width", [tensor("float64", [-1, 2], "p")], "frame", [["p", ["object", rows]]]),
        ("arrays in columns for tensors", [tensor("float64", [-1, 3], "p")], "columns of arrays", [["p", "float64", rows]]),
        ("arrays of another type", [tensor("float64", [-1, 3], "p")], "columns of arrays", [["p", "float32", rows]]),
    ]
    lists = [{"type": "array", "items": {"type": "long"}, "name": "l", "required": True}]
    texts = [{"type": "array", "items": {"type": "string"}, "name": "l", "required": True}]
    thing = {"type": "object", "properties": {"k": {"type": "string", "required": True}, "o": {"type": "long", "required": False}}}
    things = [{**thing, "name": "o", "required": True}]
    maps = [{"type": "map", "values": {"type": "long"}, "name": "m", "required": True}]
    cases += [
        ("lists", lists, "frame", [["l", ["object", [[1, 2], [3]]]]]),
        ("lists of texts for numbers", lists, "frame", [["l", ["object", [["a"], [3]]]]]),
        ("numbers for lists", lists, "frame", [["l", ["int64", [1, 2]]]]),
        ("lists of texts", texts, "frame", [["l", ["object", [["a", "b"], []]]]]),
        ("None for a list", texts, "frame", [["l", ["object", [["a"], None]]]]),
        ("objects", things, "frame", [["o", ["object", [{"k": "a", "o": 1}, {"k": "b"}]]]]),
        ("objects without a key", things, "frame", [["o", ["object", [{"o": 1}]]]]),
        ("objects with one more key", things, "frame", [["o", ["object", [{"k": "a", "z": 1}]]]]),
        ("objects with another type", things, "frame", [["o", ["object", [{"k": 1}]]]]),
        ("maps", maps, "frame", [["m", ["object", [{"a": 1}, {"b": 2}]]]]),
        ("maps with another type", maps, "frame", [["m", ["object", [{"a": "x"}]]]]),
    ]
    return cases


def params() -> list[tuple[str, dict[str, Any], Any]]:
    """The cases of params: name, a spec, and what is given for it."""
    cases = []
    defaults = {"boolean": True, "integer": 1, "long": 1, "float": 0.5, "double": 0.5, "string": "a", "datetime": "2026-01-31"}
    values = [True, 1, 2**40, 0.5, "a", "2026-01-31T12:00:00", None, [1, 2], [0.5, 1.5], ["a"], [True], [], {"k": 1}]
    for kind, default in defaults.items():
        for value in values:
            cases.append((kind, {"name": "p", "type": kind, "default": default, "shape": None}, {"p": value}))
            cases.append((f"list of {kind}", {"name": "p", "type": kind, "default": [default], "shape": [-1]}, {"p": value}))
        cases.append((f"default of {kind}", {"name": "p", "type": kind, "default": default, "shape": None}, {}))
        cases.append((f"another name than that of {kind}", {"name": "p", "type": kind, "default": default, "shape": None}, {"q": 1}))
    return cases


def examples() -> list[tuple[str, str, Any]]:
    """The cases of inference: name and data."""
    cases: list[tuple[str, str, Any]] = [(name, "frame", [["x", given]]) for name, given in COLUMNS.items()]
    cases += [(f"a column of {name}", "series", ["s", *given]) for name, given in COLUMNS.items()]
    return [
        *cases,
        ("an array", "array", ["float64", [[1.0, 2.0]]]),
        ("an array of floats of 32 bits", "array", ["float32", [1.0]]),
        ("an array of texts", "array", ["str", ["a", "bc"]]),
        ("arrays", "arrays", [["p", "float32", [[1.0]]], ["q", "int64", [1, 2]]]),
        ("a sparse array", "sparse", ["float64", [[1.0, 0.0]]]),
        ("a text", "value", "a"),
        ("a number", "value", 0.5),
        ("an int", "value", 1),
        ("a bool", "value", True),
        ("a list of texts", "value", ["a", "b"]),
        ("a list of lists", "value", [[1.0, 2.0], [3.0]]),
        ("an empty list", "value", []),
        ("a list of ints and floats", "value", [1, 0.5]),
        ("a dict", "value", {"a": 1, "b": ["x", "y"], "c": {"d": 0.5}}),
        ("a dict with None", "value", {"a": None, "b": [1, None]}),
        ("a list of dicts", "value", [{"a": 1, "b": "x"}, {"a": 2}]),
        ("dicts in a list in a dict", "value", {"l": [{"a": 1}, {"a": 2, "b": "x"}]}),
    ]


def main() -> None:
    """Prints all cases with what MLflow says, a case a line."""
    from mlflow.models import infer_signature
    from mlflow.models.utils import _enforce_params_schema, _enforce_schema
    from mlflow.types.schema import ParamSchema, ParamSpec, Schema

    warnings.simplefilter("ignore")

    def attempt(work: Any) -> Any:
        try:
            return work()
        except Exception:
            return "error"

    found: dict[str, list[Any]] = {"enforced": [], "params": [], "inferred": []}
    for name, schema, kind, content in enforced():
        parsed = Schema.from_json(json.dumps(schema))
        done = attempt(lambda: describe(_enforce_schema(build(kind, content), parsed)))  # noqa: B023
        found["enforced"].append([name, schema, kind, content, done])
    for name, given, value in params():
        schema = ParamSchema([ParamSpec.from_json_dict(**given)])
        done = attempt(lambda: plain(_enforce_params_schema(dict(value), schema)))  # noqa: B023
        found["params"].append([name, given, value, done])
    for name, kind, content in examples():
        done = attempt(lambda: infer_signature(build(kind, content)).inputs.to_dict())  # noqa: B023
        found["inferred"].append([name, kind, content, done])
    parts = (f'"{part}": [\n' + ",\n".join(json.dumps(plain(case)) for case in cases) + "\n]" for part, cases in found.items())
    print("{" + ", ".join(parts) + "}")


if __name__ == "__main__":
    main()
