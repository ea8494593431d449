"""Models of scikit-learn."""

from __future__ import annotations

import json
import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

from . import _fluent, _native
from .exceptions import InvalidArgument, MlopsError, NotFound, Unsupported
from .models import ModelInfo, ModelSignature, Source, infer_signature

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = "model.pkl"
_EXAMPLE = "input_example.json"
_PACKAGES = ("scikit-learn", "numpy", "scipy", "pandas", "cloudpickle")


def log_model(
    sk_model: Any,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    metadata: Mapping[str, Any] | None = None,
    pip_requirements: list[str] | None = None,
    registered_model_name: str | None = None,
    run_id: str | None = None,
) -> ModelInfo:
    """Logs a fitted estimator to the active run as the artifact folder ``name`` (``artifact_path`` in older code),
    all of it or nothing. With an ``input_example`` and no ``signature``, the signature is inferred from both."""
    if registered_model_name is not None:
        raise Unsupported("registered models come with a later version; log the model without registered_model_name")
    path = name or artifact_path or "model"
    parts = _parts(sk_model, signature, input_example, metadata, pip_requirements)
    handle = _fluent._handle(run_id)
    manifest = json.loads(_native.log_model(handle, path, parts))
    return ModelInfo(manifest, f"runs:/{handle.id}/{path}")


def save_model(
    sk_model: Any,
    path: str | os.PathLike[str],
    *,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    metadata: Mapping[str, Any] | None = None,
    pip_requirements: list[str] | None = None,
) -> ModelInfo:
    """Saves a fitted estimator to a new folder, in the same form."""
    parts = _parts(sk_model, signature, input_example, metadata, pip_requirements)
    return ModelInfo(json.loads(_native.save_model(os.fspath(path), parts)), os.fspath(path))


def load_model(model_uri: str | os.PathLike[str], *, trust: bool = False) -> Any:
    """The estimator, after its files were verified. See :func:`mlops.models.load_model` for ``trust``."""
    return load(Source(model_uri, trust))


def load(source: Source) -> Any:
    """Unpickles the estimator of a source."""
    flavor = source.flavor("sklearn")
    content = source.read_code(flavor["pickled_model"])
    try:
        return pickle.loads(content)
    except Exception as error:
        saved = flavor.get("sklearn_version", "unknown")
        raise MlopsError(
            f"the model `{source.uri}` cannot be unpickled ({type(error).__name__}: {error}); it was saved with"
            f" scikit-learn {saved}, see its requirements.txt"
        ) from error


def _parts(
    model: Any,
    signature: ModelSignature | None,
    example: Any,
    metadata: Mapping[str, Any] | None,
    requirements: list[str] | None,
) -> tuple[str, str | None, str | None, str | None, list[tuple[str, bytes]]]:
    if isinstance(model, type):
        raise InvalidArgument(f"{model.__name__} is a class: expected an estimator made from it")
    if not (hasattr(model, "get_params") and hasattr(model, "fit")):
        raise InvalidArgument(f"{type(model).__name__} is no scikit-learn estimator: it lacks get_params or fit")
    if signature is not None and not isinstance(signature, ModelSignature):
        raise InvalidArgument(f"signature is of type {type(signature).__name__}: expected what infer_signature returns")
    content, serialization = _pickle(model)
    versions = _versions()
    files = [(_FILE, content), ("requirements.txt", "\n".join(requirements or _requirements(versions)).encode() + b"\n")]
    python = ".".join(str(part) for part in sys.version_info[:3])
    flavors = {
        "sklearn": {
            "pickled_model": _FILE,
            "serialization_format": serialization,
            "sklearn_version": versions.get("scikit-learn"),
            "libraries": versions,
            "model_class": f"{type(model).__module__}.{type(model).__qualname__}",
            "code": None,
        },
        "python_function": {
            "loader_module": "mlops.sklearn",
            "model_path": _FILE,
            "predict_fn": "predict" if hasattr(model, "predict") else "transform",
            "python_version": python,
        },
    }
    info = None
    if example is not None:
        text, info = _example(example)
        files.append((_EXAMPLE, text))
        if signature is None:
            signature = infer_signature(example, _predict(model, example))
    return (
        json.dumps(flavors),
        None if signature is None else json.dumps(signature.to_dict()),
        None if metadata is None else _json("the metadata", dict(metadata)),
        None if info is None else json.dumps(info),
        files,
    )


def _predict(model: Any, example: Any) -> Any:
    try:
        return model.predict(example)
    except Exception:
        # An estimator that is not fitted, or that only transforms: its output is not in the signature then.
        return None


def _pickle(model: Any) -> tuple[bytes, str]:
    try:
        content = pickle.dumps(model, protocol=5)
        if b"__main__" not in content:
            return content, "pickle"
    except Exception:
        pass
    # Lambdas, and what a notebook or script defines, have to travel with the model: another process cannot import them.
    try:
        import cloudpickle
    except ImportError:
        # Older versions of joblib, which scikit-learn needs, bring it along.
        from joblib.externals import cloudpickle
    try:
        return cloudpickle.dumps(model, protocol=5), "cloudpickle"
    except Exception as error:
        raise InvalidArgument(f"{type(model).__name__} cannot be pickled: {error}") from error


def _versions() -> dict[str, str]:
    """The versions of what is installed, without resolving anything."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    if "scikit-learn" not in found:
        raise NotFound("the package scikit-learn is not installed")
    return found


def _requirements(versions: dict[str, str]) -> list[str]:
    return [f"{package}=={number}" for package, number in versions.items()]


def _example(example: Any) -> tuple[bytes, dict[str, Any]]:
    """The example as JSON in MLflow's form, and what it is."""
    if hasattr(example, "to_dict") and hasattr(example, "columns"):
        head = example.head(5)
        data: Any = {"columns": [str(name) for name in head.columns], "data": head.values.tolist()}
        info = {"artifact_path": _EXAMPLE, "type": "dataframe", "pandas_orient": "split"}
    elif hasattr(example, "tolist"):
        data = {"inputs": example[:5].tolist()}
        info = {"artifact_path": _EXAMPLE, "type": "ndarray", "format": "tf-serving"}
    else:
        data = example
        info = {"artifact_path": _EXAMPLE, "type": "json_object"}
    return _json("the input example", data, default=str).encode(), info


def _json(what: str, value: Any, default: Any = None) -> str:
    try:
        return json.dumps(value, default=default)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{what} cannot be stored as JSON: {error}") from None


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))
