"""Models of CatBoost, in its own binary format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._flavors import missing, saving
from ._flavors.source import Source
from .exceptions import InvalidArgument

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo

_FILE = "model.cb"
_CLASSES = ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")


def log_model(
    cb_model: Any, artifact_path: str | None = None, *, format: str = "cbm", **options: Unpack[LogOptions]
) -> ModelInfo:
    """Logs a model of CatBoost to the active run, as binary (``cbm``) or text (``json``)."""
    return saving.log(lambda _: _save(cb_model, format), artifact_path, options)


def save_model(
    cb_model: Any, path: str | os.PathLike[str], *, format: str = "cbm", **options: Unpack[SaveOptions]
) -> ModelInfo:
    """Saves a model of CatBoost to a new folder, in the same form."""
    return saving.save(lambda _: _save(cb_model, format), path, options)


def load_model(model_uri: str | os.PathLike[str], dst_path: str | None = None, *, trust: bool = False) -> Any:
    """The model, after its files were verified."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("catboost"))
    with missing.named(source):
        return _load(source)


def _save(model: Any, file_format: str) -> saving.Saved:
    import catboost

    name = type(model).__name__
    if not isinstance(model, catboost.CatBoost) or name not in _CLASSES:
        raise InvalidArgument(f"{name} is no model of CatBoost: expected one of {', '.join(_CLASSES)}")
    if file_format not in ("cbm", "json"):
        raise InvalidArgument(f"the format {file_format!r} is not valid: expected 'cbm' or 'json'")
    content = saving.temporary(lambda path: model.save_model(path, format=file_format), _FILE)
    return saving.Saved(
        flavor="catboost",
        conf={"data": _FILE, "model_type": name, "save_format": file_format, "catboost_version": catboost.__version__},
        pyfunc={"loader_module": "mlflow.catboost", "data": _FILE},
        files=[(_FILE, content)],
        modules={"catboost", "numpy"},
        predict=_Wrapped(model).predict,
    )


def _load(source: Source) -> Any:
    import catboost

    conf = source.flavor("catboost")
    name = conf.get("model_type", "CatBoost")
    if name not in _CLASSES:
        raise InvalidArgument(f"the model's class is `{name}`: expected one of {', '.join(_CLASSES)}")
    model = getattr(catboost, name)()
    model.load_model(blob=source.read(conf.get("data", _FILE)), format=conf.get("save_format", "cbm"))
    return model


class _Wrapped:
    """A model behind one ``predict``."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        return self.model.predict(data, **params)


def _wrap(model: Any, source: Source) -> _Wrapped:
    return _Wrapped(model)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = ["load_model", "log_model", "save_model"]
