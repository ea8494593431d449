"""Saved models: signature, input example, what was logged, and loading by any flavor."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from . import _native, _state
from .exceptions import InvalidArgument, NotFound, Unsupported, Untrusted

_NUMPY_TYPES = {
    "bool": "boolean",
    "int8": "integer",
    "int16": "integer",
    "int32": "integer",
    "uint8": "integer",
    "uint16": "integer",
    "int64": "long",
    "uint32": "long",
    "uint64": "long",
    "float16": "float",
    "float32": "float",
    "float64": "double",
}
_PYTHON_TYPES = {bool: "boolean", int: "long", float: "double", str: "string", bytes: "binary"}


class ModelSignature:
    """What goes in and comes out of a model: column names and types, or tensors of a type and shape.

    ``inputs`` and ``outputs`` are lists of column or tensor specs in MLflow's form, or None."""

    def __init__(self, inputs: Any = None, outputs: Any = None, params: Any = None) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.params = params

    def to_dict(self) -> dict[str, str | None]:
        """MLflow's form: each part as JSON text."""
        parts = {"inputs": self.inputs, "outputs": self.outputs, "params": self.params}
        return {name: None if part is None else json.dumps(part) for name, part in parts.items()}

    @classmethod
    def from_dict(cls, signature: Mapping[str, str | None]) -> ModelSignature:
        """From MLflow's form."""
        return cls(**{
            name: None if signature.get(name) is None else json.loads(str(signature[name]))
            for name in ("inputs", "outputs", "params")
        })

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelSignature) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        def show(specs: Any) -> str:
            if specs is None:
                return "None"
            return "[" + ", ".join(_show_spec(spec) for spec in specs) + "]"

        return f"ModelSignature(inputs={show(self.inputs)}, outputs={show(self.outputs)})"


def _show_spec(spec: dict[str, Any]) -> str:
    if "tensor-spec" in spec:
        return f"Tensor({spec['tensor-spec']['dtype']}, {tuple(spec['tensor-spec']['shape'])})"
    optional = "" if spec.get("required", True) else " (optional)"
    return f"{spec['name']}: {spec['type']}{optional}" if spec.get("name") else f"{spec['type']}{optional}"


def _column(name: str | None, kind: str, required: bool = True) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": kind, "required": required}
    if name is not None:
        spec = {"name": name, **spec}
    return spec


def _column_type(values: Any, what: str) -> tuple[str, bool]:
    """MLflow's type of a pandas column or a list, and whether a value is missing."""
    dtype = str(getattr(values, "dtype", "object"))
    kind = _NUMPY_TYPES.get(dtype.lower())
    if kind is not None:
        return kind, bool(values.isna().any()) if hasattr(values, "isna") else False
    if dtype.startswith("datetime64"):
        return "datetime", bool(values.isna().any())
    present = [value for value in values if value is not None and value == value]
    kinds = {_PYTHON_TYPES.get(type(value), "") for value in present}
    if dtype in ("string", "str", "category") or not present:
        kinds = {"string"}
    if kinds == {"long", "double"}:
        kinds = {"double"}
    if len(kinds) != 1 or "" in kinds:
        found = sorted({type(value).__name__ for value in present})
        raise InvalidArgument(f"{what} has values of the types {', '.join(found)}: expected one type that a signature knows")
    return kinds.pop(), len(present) < len(values)


def _schema(data: Any, what: str) -> Any:
    if data is None:
        return None
    if hasattr(data, "columns") and hasattr(data, "dtypes"):
        specs = []
        for name in data.columns:
            kind, missing = _column_type(data[name], f"{what} column {name!r}")
            specs.append(_column(str(name), kind, not missing))
        return specs
    if hasattr(data, "name") and hasattr(data, "dtype") and hasattr(data, "index"):
        kind, missing = _column_type(data, what)
        return [_column(None if data.name is None else str(data.name), kind, not missing)]
    if hasattr(data, "dtype") and hasattr(data, "shape"):
        shape = [-1, *(int(size) for size in data.shape[1:])]
        return [{"type": "tensor", "tensor-spec": {"dtype": str(data.dtype), "shape": shape}}]
    if isinstance(data, Mapping):
        specs = []
        for name, values in data.items():
            listed = values if isinstance(values, (list, tuple)) or hasattr(values, "dtype") else [values]
            kind, missing = _column_type(listed, f"{what} column {name!r}")
            specs.append(_column(str(name), kind, not missing))
        return specs
    if isinstance(data, (list, tuple)):
        if data and isinstance(data[0], (list, tuple)):
            numbers = {type(value) for row in data for value in row}
            if numbers <= {int, float, bool}:
                dtype = "float64" if float in numbers else "int64"
                return [{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, len(data[0])]}}]
        return [_column(None, _column_type(data, what)[0])]
    if type(data) in _PYTHON_TYPES:
        return [_column(None, _PYTHON_TYPES[type(data)])]
    raise InvalidArgument(f"{what} of type {type(data).__name__} has no signature: expected a table, an array, a dict or a list")


def infer_signature(model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None) -> ModelSignature:
    """The signature of examples of a model's input and output."""
    specs = None
    if params is not None:
        specs = []
        for name, value in params.items():
            listed = isinstance(value, (list, tuple))
            kind = _column_type(value if listed else [value], f"param {name!r}")[0]
            specs.append({"name": name, "type": kind, "default": value, "shape": [-1] if listed else None})
    return ModelSignature(_schema(model_input, "the input"), _schema(model_output, "the output"), specs)


class ModelInfo:
    """A model that was logged or saved: ``model_uri`` loads it."""

    def __init__(self, manifest: dict[str, Any], model_uri: str) -> None:
        self.model_uri = model_uri
        self.artifact_path: str | None = manifest.get("artifact_path")
        self.flavors: dict[str, Any] = manifest["flavors"]
        self.run_id: str | None = manifest.get("run_id")
        self.model_uuid: str | None = manifest.get("model_uuid")
        self.utc_time_created: str | None = manifest.get("utc_time_created")
        self.metadata: Any = manifest.get("metadata")
        self.files: dict[str, dict[str, Any]] = manifest["files"]
        self.digest: str = manifest["digest"]
        self.saved_input_example_info: Any = manifest.get("saved_input_example_info")
        found = manifest.get("signature")
        self.signature = None if found is None else ModelSignature.from_dict(found)

    def __repr__(self) -> str:
        return f"<ModelInfo {self.model_uri} {'/'.join(self.flavors)} {self.digest[:19]}...>"


class Source:
    """Where a model's files are: a run's artifacts, or a local folder."""

    def __init__(self, uri: str | os.PathLike[str], trust: bool) -> None:
        self.uri = os.fspath(uri)
        # What is trusted and what is read is one store, whatever later calls use.
        self._store = _state.store() if self.uri.startswith("runs:") else None
        if self.uri.startswith("models:"):
            raise Unsupported(f"`{self.uri}` names a registered model, which this version has not; use runs:/<run id>/<path>")
        if self._store is not None:
            self.manifest: dict[str, Any] = json.loads(_native.model_manifest(self._store, self.uri))
            self._trusted = trust or _native.is_trusted(self._store, self.uri)
        else:
            if not os.path.isdir(self.uri):
                raise NotFound(f"model `{self.uri}` does not exist: expected runs:/<run id>/<path> or the path of a model folder")
            self.manifest = json.loads(_native.open_model_folder(self.uri))
            # Somebody who names a folder means that folder.
            self._trusted = True

    def read(self, path: str) -> bytes:
        """The bytes of a file, verified against their digest."""
        if self._store is not None:
            return _native.model_file(self._store, self.uri, path)
        if path not in self.manifest["files"]:
            raise NotFound(f"model `{self.uri}` has no file `{path}`")
        with open(os.path.join(self.uri, path), "rb") as file:
            return file.read()

    def read_code(self, path: str) -> bytes:
        """The bytes of a file that runs code when it is loaded: only from a store that this user trusts."""
        if self._store is not None and not self._trusted:
            store = self._store.uri
            if self._store.shared == "group":
                why = f"whoever is in the group of the store {store} can change it; if you trust them, pass trust=True"
            else:
                why = (
                    f"the store {store} is not in your list of trusted stores, or others may write to it, or the run was"
                    f" brought in from such a store; if you trust it, run `mlops trust {store}` or pass trust=True"
                )
            raise Untrusted(f"loading `{self.uri}` runs code from a pickle, and {why}")
        return self.read(path)

    def flavor(self, name: str) -> dict[str, Any]:
        """What a flavor needs to load the model."""
        try:
            found: dict[str, Any] = self.manifest["flavors"][name]
        except KeyError:
            has = ", ".join(self.manifest["flavors"])
            raise InvalidArgument(f"the model `{self.uri}` has no flavor `{name}`; it has {has}") from None
        return found


def get_model_info(model_uri: str) -> ModelInfo:
    """What is known of a saved model, without loading it."""
    return ModelInfo(Source(model_uri, trust=True).manifest, model_uri)


def load_model(model_uri: str | os.PathLike[str], *, trust: bool = False) -> Any:
    """The model itself, by the flavor that it was saved with.

    Every file is verified against its digest first. A pickle loads only from a store that this user made or trusts
    (``mlops trust PATH``), or with ``trust=True``."""
    source = Source(model_uri, trust)
    if "sklearn" in source.manifest["flavors"]:
        from .sklearn import load

        return load(source)
    has = ", ".join(source.manifest["flavors"])
    raise Unsupported(f"the model `{model_uri}` has the flavors {has}, none of which this version loads in Python")
