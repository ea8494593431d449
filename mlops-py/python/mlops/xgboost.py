"""Models of XGBoost: boosters and its estimators, in its own format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._autolog.entry import xgboost as autolog
from ._flavors import missing, saving
from ._flavors.source import Source, imported
from .exceptions import InvalidArgument

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo


def log_model(
    xgb_model: Any, artifact_path: str | None = None, *, model_format: str = "ubj", **options: Unpack[LogOptions]
) -> ModelInfo:
    """Logs a Booster or an estimator of XGBoost to the active run, as binary (``ubj``) or text (``json``)."""
    return saving.log(lambda _: _save(xgb_model, model_format), artifact_path, options)


def save_model(
    xgb_model: Any, path: str | os.PathLike[str], *, model_format: str = "ubj", **options: Unpack[SaveOptions]
) -> ModelInfo:
    """Saves a Booster or an estimator to a new folder, in the same form."""
    return saving.save(lambda _: _save(xgb_model, model_format), path, options)


def load_model(model_uri: str | os.PathLike[str], dst_path: str | None = None, *, trust: bool = False) -> Any:
    """The Booster or the estimator, after its files were verified."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("xgboost"))
    with missing.named(source):
        return _load(source)


def _save(model: Any, model_format: str) -> saving.Saved:
    import xgboost

    if not isinstance(model, (xgboost.Booster, xgboost.XGBModel)):
        raise InvalidArgument(f"{type(model).__name__} is no model of XGBoost: expected a Booster or one of its estimators")
    if model_format not in ("ubj", "json"):
        raise InvalidArgument(f"the model format {model_format!r} is not valid: expected 'ubj' or 'json'")
    file = f"model.{model_format}"
    return saving.Saved(
        flavor="xgboost",
        conf={
            "data": file,
            "model_class": f"{type(model).__module__}.{type(model).__qualname__}",
            "model_format": model_format,
            "xgb_version": xgboost.__version__,
        },
        pyfunc={"loader_module": "mlflow.xgboost", "data": file},
        files=[(file, saving.temporary(model.save_model, file))],
        modules={"xgboost", "numpy", "scipy", *(("sklearn",) if isinstance(model, xgboost.XGBModel) else ())},
        predict=_Wrapped(model).predict,
    )


def _load(source: Source) -> Any:
    conf = source.flavor("xgboost")
    name = conf.get("model_class", "xgboost.core.Booster")
    if not name.startswith("xgboost."):
        # An estimator of the caller's own: its class is code.
        source.require_trust(f"the class `{name}`")
    model = imported(name, name.partition(".")[0])()
    model.load_model(bytearray(source.read(conf["data"])))
    return model


class _Wrapped:
    """A model behind one ``predict``: boosters want their own matrices."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        import xgboost

        if isinstance(self.model, xgboost.Booster) and not isinstance(data, xgboost.DMatrix):
            data = xgboost.DMatrix(data)
        return self.model.predict(data, **params)


def _wrap(model: Any, source: Source) -> _Wrapped:
    return _Wrapped(model)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = ["autolog", "load_model", "log_model", "save_model"]
