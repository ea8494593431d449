"""Models of LightGBM: boosters as its own text, its estimators by skops or as a pickle."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._autolog.entry import lightgbm as autolog
from ._flavors import missing, safe_pickles, saving
from ._flavors.source import Source
from .exceptions import InvalidArgument

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo

_BOOSTER = "lightgbm.basic.Booster"


def log_model(
    lgb_model: Any,
    artifact_path: str | None = None,
    *,
    serialization_format: str | None = None,
    skops_trusted_types: list[str] | None = None,
    **options: Unpack[LogOptions],
) -> ModelInfo:
    """Logs a Booster or an estimator of LightGBM to the active run.

    A Booster is kept as text, which loads without running code; ``serialization_format`` is for estimators, as in
    :func:`mlops.sklearn.log_model`."""
    return saving.log(lambda _: _save(lgb_model, serialization_format, skops_trusted_types), artifact_path, options)


def save_model(
    lgb_model: Any,
    path: str | os.PathLike[str],
    *,
    serialization_format: str | None = None,
    skops_trusted_types: list[str] | None = None,
    **options: Unpack[SaveOptions],
) -> ModelInfo:
    """Saves a Booster or an estimator to a new folder, in the same form."""
    return saving.save(lambda _: _save(lgb_model, serialization_format, skops_trusted_types), path, options)


def load_model(model_uri: str | os.PathLike[str], dst_path: str | None = None, *, trust: bool = False) -> Any:
    """The Booster or the estimator, after its files were verified."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("lightgbm"))
    with missing.named(source):
        return _load(source)


def _save(model: Any, how: str | None, trusted_types: list[str] | None) -> saving.Saved:
    import lightgbm

    if not isinstance(model, (lightgbm.Booster, lightgbm.LGBMModel)):
        raise InvalidArgument(f"{type(model).__name__} is no model of LightGBM: expected a Booster or one of its estimators")
    modules = {"lightgbm", "numpy", "scipy"}
    conf: dict[str, Any]
    if isinstance(model, lightgbm.Booster):
        file, content, conf = "model.lgb", model.model_to_string().encode(), {}
        name = _BOOSTER
    else:
        content, conf, found = safe_pickles.dumps(model, how, trusted_types)
        file = "model.skops" if conf["serialization_format"] == "skops" else "model.pkl"
        modules |= found | {"sklearn"}
        name = f"{type(model).__module__}.{type(model).__qualname__}"
    return saving.Saved(
        flavor="lightgbm",
        conf={"data": file, "model_class": name, "lgb_version": lightgbm.__version__, **conf},
        pyfunc={"loader_module": "mlflow.lightgbm", "data": file},
        files=[(file, content)],
        modules=modules,
        predict=_Wrapped(model).predict,
    )


def _load(source: Source) -> Any:
    conf = source.flavor("lightgbm")
    if conf.get("model_class", _BOOSTER) == _BOOSTER:
        import lightgbm

        return lightgbm.Booster(model_str=source.read(conf["data"]).decode())
    return safe_pickles.loads(source, conf["data"], conf, f"LightGBM {conf.get('lgb_version', 'unknown')}")


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


__all__ = ["autolog", "load_model", "log_model", "save_model"]
