"""Results of statsmodels, which are pickles: they load from stores that this user trusts."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

from ._flavors import missing, pickles, saving
from ._flavors.source import Source
from .exceptions import InvalidArgument

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo

_FILE = "model.statsmodels"


def log_model(
    statsmodels_model: Any,
    artifact_path: str | None = None,
    *,
    remove_data: bool = False,
    **options: Unpack[LogOptions],
) -> ModelInfo:
    """Logs what ``fit`` returned to the active run; ``remove_data`` leaves out the data that it was fitted on."""
    return saving.log(lambda _: _save(statsmodels_model, remove_data), artifact_path, options)


def save_model(
    statsmodels_model: Any, path: str | os.PathLike[str], *, remove_data: bool = False, **options: Unpack[SaveOptions]
) -> ModelInfo:
    """Saves what ``fit`` returned to a new folder, in the same form."""
    return saving.save(lambda _: _save(statsmodels_model, remove_data), path, options)


def load_model(model_uri: str | os.PathLike[str], dst_path: str | None = None, *, trust: bool = False) -> Any:
    """The results, after their files were verified. See :func:`mlops.models.load_model` for ``trust``."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("statsmodels"))
    with missing.named(source):
        return _load(source)


def _save(model: Any, remove_data: bool) -> saving.Saved:
    import statsmodels

    if not (hasattr(model, "save") and hasattr(model, "predict") and hasattr(model, "model")):
        raise InvalidArgument(f"{type(model).__name__} is no result of statsmodels: expected what fit() returns")
    predict = _Wrapped(model).predict
    if remove_data:
        # statsmodels takes the data out of the object itself: out of a copy, here.
        model = copy.deepcopy(model)
        model.remove_data()
    content, _, modules = pickles.dumps(model)
    return saving.Saved(
        flavor="statsmodels",
        conf={"data": _FILE, "statsmodels_version": statsmodels.__version__},
        pyfunc={"loader_module": "mlflow.statsmodels", "data": _FILE},
        files=[(_FILE, content)],
        modules=modules | {"statsmodels", "numpy", "scipy", "pandas"},
        predict=predict,
    )


def _load(source: Source) -> Any:
    conf = source.flavor("statsmodels")
    return pickles.loads(source, conf.get("data", _FILE), f"statsmodels {conf.get('statsmodels_version', 'unknown')}")


class _Wrapped:
    """Results behind one ``predict``; a time series is asked from ``start`` to ``end``."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        from statsmodels.tsa.base.tsa_model import TimeSeriesModel

        if not isinstance(self.model.model, TimeSeriesModel):
            return self.model.predict(data, **params)
        if list(getattr(data, "columns", [])) != ["start", "end"] or len(data) != 1:
            raise InvalidArgument("a model of a time series predicts for a table of one row with the columns start and end")
        return self.model.predict(start=data["start"].iloc[0], end=data["end"].iloc[0], **params)


def _wrap(model: Any, source: Source) -> _Wrapped:
    return _Wrapped(model)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = ["load_model", "log_model", "save_model"]
