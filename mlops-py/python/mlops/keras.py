"""Models of Keras 3, in its own format ``.keras``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._autolog.entry import keras as autolog
from ._flavors import missing, saving
from ._flavors.infer import is_frame
from ._flavors.source import Source
from .exceptions import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo

_FOLDER = "data"
_FILE = "model.keras"


def log_model(
    model: Any,
    artifact_path: str | None = None,
    *,
    save_model_kwargs: Mapping[str, Any] | None = None,
    **options: Unpack[LogOptions],
) -> ModelInfo:
    """Logs a model of Keras to the active run; ``save_model_kwargs`` are for Keras' own ``save``."""
    return saving.log(lambda _: _save(model, save_model_kwargs), artifact_path, options)


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    save_model_kwargs: Mapping[str, Any] | None = None,
    **options: Unpack[SaveOptions],
) -> ModelInfo:
    """Saves a model of Keras to a new folder, in the same form."""
    return saving.save(lambda _: _save(model, save_model_kwargs), path, options)


def load_model(
    model_uri: str | os.PathLike[str],
    dst_path: str | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    load_model_kwargs: Mapping[str, Any] | None = None,
    *,
    trust: bool = False,
) -> Any:
    """The model, after its files were verified; a layer that holds Python code (Lambda) loads from a trusted source."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("keras"))
    with missing.named(source):
        return _load(source, custom_objects, load_model_kwargs)


def _save(model: Any, kwargs: Mapping[str, Any] | None) -> saving.Saved:
    import keras

    if not isinstance(model, keras.Model):
        raise InvalidArgument(f"{type(model).__name__} is no model of Keras: expected a keras.Model")
    content = saving.temporary(lambda path: model.save(path, **dict(kwargs or {})), _FILE)
    backend = keras.backend.backend()
    return saving.Saved(
        flavor="keras",
        conf={
            "data": _FOLDER,
            "keras_version": keras.__version__,
            "keras_backend": backend,
            "save_exported_model": False,
        },
        pyfunc={"loader_module": "mlflow.keras"},
        files=[(f"{_FOLDER}/{_FILE}", content), (f"{_FOLDER}/keras_module.txt", b"keras")],
        modules={"keras", "numpy", backend, type(model).__module__},
        predict=_Wrapped(model).predict,
    )


def _load(
    source: Source, custom_objects: Mapping[str, Any] | None = None, kwargs: Mapping[str, Any] | None = None
) -> Any:
    import tempfile

    import keras

    conf = source.flavor("keras")
    if conf.get("save_exported_model"):
        raise Unsupported(f"the model `{source.uri}` is a SavedModel of TensorFlow, which this version does not load")
    content = source.read(f"{conf.get('data', _FOLDER)}/{_FILE}")
    options = {"custom_objects": None if custom_objects is None else dict(custom_objects), **dict(kwargs or {})}
    with tempfile.TemporaryDirectory(prefix="mlops-load-") as folder:
        path = Path(folder, _FILE)
        path.write_bytes(content)
        try:
            return keras.saving.load_model(str(path), **{"safe_mode": True, **options})
        except (ValueError, TypeError) as error:
            if "safe_mode" not in str(error) and "unsafe" not in str(error).lower():
                raise
            source.require_trust("a layer with Python code")
            return keras.saving.load_model(str(path), **{**options, "safe_mode": False})


class _Wrapped:
    """A model behind one ``predict``; of a table comes a table."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        if is_frame(data):
            import pandas

            return pandas.DataFrame(self.model.predict(data.to_numpy(), verbose=0, **params), index=data.index)
        return self.model.predict(data, verbose=0, **params)


def _wrap(model: Any, source: Source) -> _Wrapped:
    return _Wrapped(model)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = ["autolog", "load_model", "log_model", "save_model"]
