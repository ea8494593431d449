"""Models of scikit-learn."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._autolog.entry import sklearn as autolog
from ._flavors import missing, safe_pickles, saving
from ._flavors.source import Source
from .exceptions import InvalidArgument

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo

SERIALIZATION_FORMAT_PICKLE = "pickle"
SERIALIZATION_FORMAT_CLOUDPICKLE = "cloudpickle"
SERIALIZATION_FORMAT_SKOPS = "skops"


def log_model(
    sk_model: Any,
    artifact_path: str | None = None,
    *,
    serialization_format: str | None = None,
    pyfunc_predict_fn: str = "predict",
    skops_trusted_types: list[str] | None = None,
    **options: Unpack[LogOptions],
) -> ModelInfo:
    """Logs a fitted estimator to the active run as the artifact folder ``name``, all of it or nothing.

    By default it is written by skops if that is installed and knows all types of the model, else it is a pickle, and
    cloudpickle's where functions or classes of a script have to travel along. ``pyfunc_predict_fn`` is the method that
    ``mlops.pyfunc`` calls. :class:`LogOptions` says what else there is."""
    how = serialization_format, pyfunc_predict_fn, skops_trusted_types
    return saving.log(lambda _: _save(sk_model, *how), artifact_path, options)


def save_model(
    sk_model: Any,
    path: str | os.PathLike[str],
    *,
    serialization_format: str | None = None,
    pyfunc_predict_fn: str = "predict",
    skops_trusted_types: list[str] | None = None,
    **options: Unpack[SaveOptions],
) -> ModelInfo:
    """Saves a fitted estimator to a new folder, in the same form."""
    how = serialization_format, pyfunc_predict_fn, skops_trusted_types
    return saving.save(lambda _: _save(sk_model, *how), path, options)


def load_model(model_uri: str | os.PathLike[str], dst_path: str | None = None, *, trust: bool = False) -> Any:
    """The estimator, after its files were verified. See :func:`mlops.models.load_model` for ``trust``."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("sklearn"))
    with missing.named(source):
        return _load(source)


def _save(model: Any, how: str | None, predict_fn: str, trusted_types: list[str] | None) -> saving.Saved:
    if isinstance(model, type):
        raise InvalidArgument(f"{model.__name__} is a class: expected an estimator made from it")
    if not (hasattr(model, "get_params") and hasattr(model, "fit")):
        raise InvalidArgument(f"{type(model).__name__} is no scikit-learn estimator: it lacks get_params or fit")
    from importlib.metadata import version

    content, conf, modules = safe_pickles.dumps(model, how, trusted_types)
    file = "model.skops" if conf["serialization_format"] == "skops" else "model.pkl"
    return saving.Saved(
        flavor="sklearn",
        conf={
            "pickled_model": file,
            "sklearn_version": version("scikit-learn"),
            "model_class": f"{type(model).__module__}.{type(model).__qualname__}",
            **conf,
        },
        pyfunc={"loader_module": "mlflow.sklearn", "model_path": file, "predict_fn": predict_fn},
        files=[(file, content)],
        modules=modules | {"sklearn", "numpy", "scipy"},
        predict=_Wrapped(model, predict_fn).predict,
    )


def _load(source: Source) -> Any:
    conf = source.flavor("sklearn")
    return safe_pickles.loads(source, conf["pickled_model"], conf, f"scikit-learn {conf.get('sklearn_version', 'unknown')}")


class _Wrapped:
    """An estimator behind one ``predict``; one without it transforms."""

    def __init__(self, model: Any, predict_fn: str) -> None:
        self.model = model
        self._predict = getattr(model, predict_fn, None) or getattr(model, "transform", None)

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        if self._predict is None:
            raise InvalidArgument(f"{type(self.model).__name__} has neither predict nor transform")
        return self._predict(data, **params)


def _wrap(model: Any, source: Source) -> _Wrapped:
    return _Wrapped(model, source.manifest["flavors"].get("python_function", {}).get("predict_fn", "predict"))


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = [
    "SERIALIZATION_FORMAT_CLOUDPICKLE",
    "SERIALIZATION_FORMAT_PICKLE",
    "SERIALIZATION_FORMAT_SKOPS",
    "autolog",
    "load_model",
    "log_model",
    "save_model",
]
