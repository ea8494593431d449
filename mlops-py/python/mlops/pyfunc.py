"""Any saved model behind one ``predict``, and Python code as a model."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._flavors import NATIVE, missing, python_models, saving
from ._flavors.enforce import enforce_params, enforce_schema
from ._flavors.python_models import PythonModel, PythonModelContext
from ._flavors.source import Source
from .exceptions import InvalidArgument, Unsupported
from .models import Model

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo
    from .types.schema import Schema

FLAVOR_NAME = "python_function"


def log_model(
    artifact_path: str | None = None,
    loader_module: str | None = None,
    data_path: str | os.PathLike[str] | None = None,
    *,
    python_model: PythonModel | Callable[..., Any] | str | os.PathLike[str] | None = None,
    artifacts: Mapping[str, str | os.PathLike[str]] | None = None,
    model_config: Mapping[str, Any] | None = None,
    **options: Unpack[LogOptions],
) -> ModelInfo:
    """Logs Python code as a model to the active run.

    ``python_model`` is a :class:`PythonModel`, a function of the input, or the path of a script that calls
    ``mlops.models.set_model``. ``artifacts`` are files and folders by name, local or ``runs:/...``, that the model
    finds in its context. Or ``loader_module`` names a module of ``code_paths`` whose ``_load_pyfunc(data_path)`` gives
    something with ``predict``."""
    how = python_model, loader_module, data_path, artifacts, model_config
    return saving.log(lambda _: python_models.save(*how), artifact_path, options)


def save_model(
    path: str | os.PathLike[str],
    loader_module: str | None = None,
    data_path: str | os.PathLike[str] | None = None,
    *,
    python_model: PythonModel | Callable[..., Any] | str | os.PathLike[str] | None = None,
    artifacts: Mapping[str, str | os.PathLike[str]] | None = None,
    model_config: Mapping[str, Any] | None = None,
    **options: Unpack[SaveOptions],
) -> ModelInfo:
    """Saves Python code as a model to a new folder, in the same form."""
    how = python_model, loader_module, data_path, artifacts, model_config
    return saving.save(lambda _: python_models.save(*how), path, options)


class PyFuncModel:
    """A loaded model with one ``predict``, which holds data against the model's signature."""

    def __init__(self, model: Any, implementation: Any, metadata: Model, uri: str, config: dict[str, Any]) -> None:
        self._model = model
        self._implementation = implementation
        self._uri = uri
        self.metadata = metadata
        self.model_config = config

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """The model's output for ``data``.

        With a signature, columns are put in its order, others left out, and numbers widened where none changes; what
        is missing or of another type is an error. ``params`` are those of the signature, or their defaults."""
        return self._implementation.predict(*self._checked(data, params))

    def predict_stream(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """The model's output for ``data``, one part after the other."""
        stream = getattr(self._implementation, "predict_stream", None)
        if stream is None:
            raise Unsupported(f"the model {self._uri} has no predict_stream: call predict")
        return stream(*self._checked(data, params))

    def _checked(self, data: Any, params: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        schema = self.input_schema
        if schema is not None:
            data = enforce_schema(data, schema)
        return data, enforce_params(self.metadata.get_params_schema(), params)

    @property
    def input_schema(self) -> Schema | None:
        """What goes in, None without a signature."""
        return self.metadata.get_input_schema()

    @property
    def model_id(self) -> str | None:
        """The id of the logged model that it was loaded from; None if it is none."""
        return self.metadata.model_id

    @property
    def loader_module(self) -> str | None:
        """The module that loads the model for MLflow."""
        found: str | None = self.metadata.flavors.get(FLAVOR_NAME, {}).get("loader_module")
        return found

    def unwrap_python_model(self) -> Any:
        """The model itself."""
        return self._model

    get_raw_model = unwrap_python_model

    def __repr__(self) -> str:
        return f"<PyFuncModel {type(self._model).__name__} of {self._uri}>"


def load_model(
    model_uri: str | os.PathLike[str],
    suppress_warnings: bool = False,
    dst_path: str | None = None,
    model_config: dict[str, Any] | None = None,
    *,
    trust: bool = False,
) -> PyFuncModel:
    """Loads a model with one ``predict``, whatever its flavor. See :func:`mlops.models.load_model` for ``trust``."""
    return load(Source(model_uri, trust, dst_path), model_config)


def load(source: Source, model_config: dict[str, Any] | None = None) -> PyFuncModel:
    """The model of a source, behind one ``predict``."""
    with missing.named(source):
        return _load(source, model_config)


def _load(source: Source, model_config: dict[str, Any] | None) -> PyFuncModel:
    flavors = source.manifest["flavors"]
    conf = flavors.get(FLAVOR_NAME, {})
    source.add_code(conf)
    config = {**(conf.get("config") or {}), **(model_config or {})}
    loader = str(conf.get("loader_module", ""))
    package, _, module = loader.partition(".")
    native = next((name for name in NATIVE if name in flavors), None)
    if native is not None and (not loader or (package in ("mlflow", "mlops") and module == native)):
        library = import_module(f"mlops.{native}")
        model = library._load(source)
        implementation = library._wrap(model, source)
    elif loader in ("mlflow.pyfunc.model", "mlops.pyfunc"):
        model, implementation = python_models.load(source, conf, config)
    elif conf:
        model = implementation = python_models.load_by_module(source, conf, loader)
    elif not flavors:
        raise Unsupported(f"the model `{source.uri}` has no files to load: it is elsewhere, as create_external_model says")
    else:
        raise InvalidArgument(f"the model `{source.uri}` has the flavors {', '.join(flavors)}, none of which predicts in Python")
    return PyFuncModel(model, implementation, Model(source.manifest, source), source.uri, config)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = ["PyFuncModel", "PythonModel", "PythonModelContext", "load_model", "log_model", "save_model"]
