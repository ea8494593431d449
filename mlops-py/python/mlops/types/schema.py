"""What goes into a model and comes out: columns with types, or tensors; and the params of a prediction.

Each class has MLflow's names and writes MLflow's form, ``to_dict``."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from ..exceptions import InvalidArgument


# numpy's name and Python's type of each.
_TYPES: dict[str, tuple[str, Any]] = {
    "boolean": ("bool", bool),
    "integer": ("int32", int),
    "long": ("int64", int),
    "float": ("float32", float),
    "double": ("float64", float),
    "string": ("str", str),
    "binary": ("bytes", bytes),
    "datetime": ("datetime64[ns]", datetime.date),
}


class DataType(Enum):
    """The type of a column."""

    boolean = 1
    integer = 2
    long = 3
    float = 4
    double = 5
    string = 6
    binary = 7
    datetime = 8

    def __repr__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name

    def to_numpy(self) -> Any:
        """numpy's type."""
        import numpy

        return numpy.dtype(_TYPES[self.name][0])

    def to_pandas(self) -> Any:
        """The type of a column of pandas."""
        import numpy

        return numpy.dtype(object) if self.name in ("string", "binary") else self.to_numpy()

    def to_python(self) -> Any:
        """Python's type."""
        return _TYPES[self.name][1]

    @classmethod
    def all_types(cls) -> list[DataType]:
        """All types."""
        return list(cls)

    def to_dict(self) -> dict[str, Any]:
        """``{"type": name}``."""
        return {"type": self.name}


class _Type:
    """What types with parts have in common: they are what their form is."""

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Type) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def __repr__(self) -> str:
        return _show_type(self.to_dict())


class AnyType(_Type):
    """Any value, also none."""

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        return {"type": "any"}


class Array(_Type):
    """A list of values of one type."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = data_type(dtype)

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        return {"type": "array", "items": self.dtype.to_dict()}


class Map(_Type):
    """A dict with any texts as keys and values of one type."""

    def __init__(self, value_type: Any) -> None:
        self.value_type = data_type(value_type)

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        return {"type": "map", "values": self.value_type.to_dict()}


class Property(_Type):
    """One key of an object."""

    def __init__(self, name: str, dtype: Any, required: bool = True) -> None:
        self.name = name
        self.dtype = data_type(dtype)
        self.required = required

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        return {self.name: {**self.dtype.to_dict(), "required": self.required}}


class Object(_Type):
    """A dict whose keys are known."""

    def __init__(self, properties: Sequence[Property]) -> None:
        names = [found.name for found in properties]
        if len(set(names)) != len(names):
            raise InvalidArgument(f"an object has the keys {', '.join(names)}: expected every key once")
        self.properties = list(properties)

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        found = {key: spec for part in sorted(self.properties, key=lambda part: part.name) for key, spec in part.to_dict().items()}
        return {"type": "object", "properties": found}


def data_type(given: Any) -> Any:
    """A type from itself, its name or its form."""
    if isinstance(given, (DataType, _Type)):
        return given
    if isinstance(given, str) and given in DataType.__members__:
        return DataType[given]
    if isinstance(given, Mapping):
        kind = given.get("type")
        if kind == "array":
            return Array(given["items"])
        if kind == "map":
            return Map(given["values"])
        if kind == "object":
            return Object([
                Property(name, {key: value for key, value in spec.items() if key != "required"}, spec.get("required", True))
                for name, spec in given["properties"].items()
            ])
        if kind == "any":
            return AnyType()
        if isinstance(kind, str) and kind in DataType.__members__:
            return DataType[kind]
    known = ", ".join(DataType.__members__)
    raise InvalidArgument(f"the type {given!r} is not valid: expected {known}, or Array, Object, Map or AnyType")


def column_name(name: Any) -> str | None:
    """The name of a column as a signature has it: a text, also of a number or of the levels of pandas' MultiIndex."""
    if name is None or type(name) is str:
        return name
    if isinstance(name, (list, tuple)):
        return str(tuple(getattr(part, "item", lambda part=part: part)() for part in name))
    return str(name)


class ColSpec:
    """A column of a table: type, name, and whether it has to be there. A name that is no text becomes one."""

    def __init__(self, type: Any, name: Any = None, required: bool = True) -> None:
        self.type = data_type(type)
        self.name = column_name(name)
        self.required = required

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        named = {} if self.name is None else {"name": self.name}
        return {**self.type.to_dict(), **named, "required": self.required}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColSpec) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return show(self.to_dict())


class TensorSpec:
    """A tensor: numpy's type, shape (-1: any size), and a name where there are several."""

    def __init__(self, type: Any, shape: Iterable[int], name: str | None = None) -> None:
        self._dtype = str(type)
        self.shape = tuple(int(size) for size in shape)
        self.name = name
        self.required = True

    @property
    def type(self) -> Any:
        """numpy's type."""
        import numpy

        return numpy.dtype(self._dtype)

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        spec = {"type": "tensor", "tensor-spec": {"dtype": self._dtype, "shape": list(self.shape)}}
        return spec if self.name is None else {"name": self.name, **spec}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return show(self.to_dict())


class Schema:
    """The columns of a table, or tensors."""

    def __init__(self, inputs: Sequence[ColSpec | TensorSpec]) -> None:
        if not inputs:
            raise InvalidArgument("a schema has no columns: expected at least one ColSpec or TensorSpec")
        if len({isinstance(spec, TensorSpec) for spec in inputs}) != 1:
            raise InvalidArgument("a schema has columns and tensors: expected one or the other")
        named = [spec.name for spec in inputs if spec.name is not None]
        if named and len(named) != len(inputs):
            raise InvalidArgument("a schema has names for some of its columns: expected names for all, or for none")
        if isinstance(inputs[0], TensorSpec) and len(inputs) > 1 and not named:
            raise InvalidArgument("a schema has several tensors without names: expected a name for each")
        self.inputs = list(inputs)

    @classmethod
    def of(cls, specs: Sequence[Mapping[str, Any]]) -> Schema:
        """From MLflow's form."""
        found: list[ColSpec | TensorSpec] = []
        for spec in specs:
            name = spec.get("name")
            if spec.get("type") == "tensor":
                found.append(TensorSpec(spec["tensor-spec"]["dtype"], spec["tensor-spec"]["shape"], name))
            else:
                required = spec.get("required", not spec.get("optional", False))
                found.append(ColSpec({key: value for key, value in spec.items() if key != "name"}, name, required))
        return cls(found)

    @classmethod
    def from_json(cls, json_str: str) -> Schema:
        """From the JSON of MLflow's form."""
        return cls.of(json.loads(json_str))

    def to_dict(self) -> list[dict[str, Any]]:
        """MLflow's form."""
        return [spec.to_dict() for spec in self.inputs]

    def to_json(self) -> str:
        """The JSON of MLflow's form."""
        return json.dumps(self.to_dict())

    def is_tensor_spec(self) -> bool:
        """True for tensors."""
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """True if columns or tensors have names."""
        return self.inputs[0].name is not None

    def input_names(self) -> list[Any]:
        """The names; without names the places, 0 and up."""
        return [spec.name for spec in self.inputs] if self.has_input_names() else list(range(len(self.inputs)))

    def required_input_names(self) -> list[Any]:
        """The names of what has to be there."""
        return [name for name, spec in zip(self.input_names(), self.inputs, strict=True) if spec.required]

    def optional_input_names(self) -> list[Any]:
        """The names of what may be missing."""
        return [name for name, spec in zip(self.input_names(), self.inputs, strict=True) if not spec.required]

    def input_types(self) -> list[Any]:
        """The types, in order."""
        return [spec.type for spec in self.inputs]

    def input_types_dict(self) -> dict[str, Any]:
        """The types by name."""
        return dict(zip(self.input_names(), self.input_types(), strict=True))

    def input_dict(self) -> dict[str, ColSpec | TensorSpec]:
        """The columns or tensors by name."""
        return dict(zip(self.input_names(), self.inputs, strict=True))

    def numpy_types(self) -> list[Any]:
        """numpy's types, in order."""
        return [kind.to_numpy() if isinstance(kind, DataType) else kind for kind in self.input_types()]

    def pandas_types(self) -> list[Any]:
        """The types of pandas' columns, in order."""
        return [kind.to_pandas() if isinstance(kind, DataType) else kind for kind in self.input_types()]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "[" + ", ".join(show(spec) for spec in self.to_dict()) + "]"


class ParamSpec:
    """A param of a prediction: type, default, and whether it is a list (``shape=(-1,)``)."""

    def __init__(self, name: str, dtype: Any, default: Any, shape: Sequence[int] | None = None) -> None:
        self.name = str(name)
        self.dtype = data_type(dtype)
        self.shape = None if shape is None else tuple(shape)
        if self.dtype is DataType.binary or not isinstance(self.dtype, (DataType, Object)):
            raise InvalidArgument(f"param {self.name!r} has the type {self.dtype!r}: params are no bytes, lists or maps")
        if self.shape not in (None, (-1,)):
            raise InvalidArgument(f"param {self.name!r} has the shape {self.shape}: expected None, or (-1,) for a list")
        from .._flavors.enforce import enforce_params

        self.default = default
        self.default = enforce_params(ParamSchema([self]), {self.name: default})[self.name]

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        from .._flavors.examples import plain

        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "default": plain(self.default), "shape": shape, **self.dtype.to_dict()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSpec) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shape = "" if self.shape is None else f" (shape: {self.shape})"
        return f"{self.name!r}: {self.dtype!r} (default: {self.default}){shape}"


class ParamSchema:
    """The params of a prediction."""

    def __init__(self, params: Sequence[ParamSpec]) -> None:
        names = [spec.name for spec in params]
        if not names or len(set(names)) != len(names):
            raise InvalidArgument(f"params have the names {', '.join(names) or '(none)'}: expected one or more, every name once")
        self.params = list(params)

    @classmethod
    def of(cls, specs: Sequence[Mapping[str, Any]]) -> ParamSchema:
        """From MLflow's form."""
        found = []
        for spec in specs:
            kind = {"type": spec.get("type") or spec.get("dtype"), "properties": spec.get("properties")}
            found.append(ParamSpec(spec["name"], kind, spec["default"], spec.get("shape")))
        return cls(found)

    @classmethod
    def from_json(cls, json_str: str) -> ParamSchema:
        """From the JSON of MLflow's form."""
        return cls.of(json.loads(json_str))

    def to_dict(self) -> list[dict[str, Any]]:
        """MLflow's form."""
        return [spec.to_dict() for spec in self.params]

    def to_json(self) -> str:
        """The JSON of MLflow's form."""
        return json.dumps(self.to_dict())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSchema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.params)


def show(spec: Mapping[str, Any]) -> str:
    """A column, a tensor or a type on one line, as MLflow shows it."""
    name = "" if spec.get("name") is None else f"{spec['name']!r}: "
    if "tensor-spec" in spec:
        return f"{name}Tensor({spec['tensor-spec']['dtype']!r}, {tuple(spec['tensor-spec']['shape'])})"
    return name + _show_type(spec) + _show_required(spec)


def _show_type(spec: Mapping[str, Any]) -> str:
    kind = spec.get("type")
    if kind == "array":
        return f"Array({_show_type(spec['items'])})"
    if kind == "map":
        return f"Map(str -> {_show_type(spec['values'])})"
    if kind == "object":
        parts = (f"{key}: {_show_type(part)}{_show_required(part)}" for key, part in spec["properties"].items())
        return "{" + ", ".join(parts) + "}"
    return "Any" if kind == "any" else str(spec.get("type", spec))


def _show_required(spec: Mapping[str, Any]) -> str:
    return " (required)" if spec.get("required", True) else " (optional)"
