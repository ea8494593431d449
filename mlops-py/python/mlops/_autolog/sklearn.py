"""scikit-learn: every outermost ``fit`` of an estimator."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from . import guard, parts, sklearn_metrics, sklearn_search
from .patches import Patches
from .settings import Settings
from .switch import settings_of
from .training import Training, around

_METHODS = ("fit", "fit_predict", "fit_transform")
_PREDICTIONS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")
# What prepares data is no model; libraries with an autolog of their own log their estimators themselves.
_NO_MODELS = ("sklearn.preprocessing", "sklearn.impute", "sklearn.feature_extraction", "sklearn.feature_selection")
_OTHERS = ("xgboost", "lightgbm")


def install(patches: Patches, module: str) -> None:
    """Replaces what the estimators that are imported train with, and watches for those that are defined later."""
    if module == "sklearn.metrics":
        sklearn_metrics.install(patches, sys.modules[module])
        return
    base = sys.modules[module].BaseEstimator
    waiting = [base]
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            # A class that takes no attributes is left alone.
            guard.attempt("sklearn", "an estimator", True, lambda: _patch(patches, kind))
            waiting += kind.__subclasses__()
    for mixin in ("ClassifierMixin", "RegressorMixin"):
        patches.put(getattr(sys.modules[module], mixin), "score", "sklearn_metrics:score")
    own = vars(base).get("__init_subclass__")

    def watched(cls: type[Any], /, **kwargs: Any) -> None:
        if own is not None:
            own.__func__(cls, **kwargs)
        else:
            super(base, cls).__init_subclass__(**kwargs)
        if settings_of("sklearn") is not None:
            guard.attempt("sklearn", "an estimator", True, lambda: _patch(patches, cls))

    patches.set(base, "__init_subclass__", classmethod(watched))


def _patch(patches: Patches, kind: type) -> None:
    # A class of a script or of a function travels by value in pickles: it stays as it is.
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__ or not _is_model(kind):
        return
    for name in _METHODS:
        if name in vars(kind):
            patches.put(kind, name, "sklearn:fit")
    _patch_predictions(patches, kind)
    for base in kind.__mro__[1:]:
        # A mixin that is no estimator itself, as that of the linear classifiers, of which all of them have `predict`.
        if not hasattr(base, "get_params") and base.__module__ not in ("builtins", "__main__"):
            _patch_predictions(patches, base)


def _patch_predictions(patches: Patches, kind: type) -> None:
    if "score" in vars(kind):
        patches.put(kind, "score", "sklearn_metrics:score")
    for name in _PREDICTIONS:
        if name in vars(kind):
            patches.put(kind, name, "sklearn_metrics:predict")


def _is_model(kind: type) -> bool:
    module = kind.__module__
    if module.partition(".")[0] in _OTHERS:
        return False
    return not module.startswith(_NO_MODELS) and kind.__name__ != "ColumnTransformer"


def fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``fit``."""

    def make(settings: Settings) -> Training | None:
        if not args or not _is_model(type(args[0])) or _is_a_worker():
            return None
        return Fit(settings, function, args[0])

    return around("sklearn", make, function, args, kwargs)


def _is_a_worker() -> bool:
    """Whether this is a part of a fit that scikit-learn has handed to a thread: it knows nothing of the fit itself."""
    if threading.current_thread() is threading.main_thread():
        return False
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") in ("sklearn.utils.parallel", "sklearn.utils.fixes"):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


class Fit(Training):
    """One fit."""

    library = "sklearn"

    def __init__(self, settings: Settings, function: Callable[..., Any], estimator: Any) -> None:
        super().__init__(settings)
        self.function = function
        self.estimator = estimator
        self.features: Any = None
        self.targets: Any = None
        self.weights: Any = None
        self.example: Any = None

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self.attempt("the data", lambda: self._read(args, kwargs))
        self.attempt("tags", lambda: self.log_tags(_tags(self.estimator)))
        deep = not sklearn_search.is_search(self.estimator)
        self.attempt("params", lambda: self.log_params(self.estimator.get_params(deep=deep)))
        if self.settings.log_datasets and self.features is not None:
            self.attempt("the data set", lambda: parts.log_dataset(self, self.features, self.targets, "train"))
        return args, kwargs

    def _read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = list(args[1:])
        self.features = kwargs.get("X", given[0] if given else None)
        self.targets = kwargs.get("y", kwargs.get("Y", given[1] if len(given) > 1 else None))
        self.weights = kwargs.get("sample_weight")
        if self.weights is None and len(given) > 2:
            import inspect

            names = list(inspect.signature(self.function).parameters)[1:]
            at = names.index("sample_weight") if "sample_weight" in names else len(given)
            self.weights = given[at] if at < len(given) else None
        if self.settings.log_models and (self.settings.log_model_signatures or self.settings.log_input_examples):
            self.example = parts.head(self.features)

    def after(self, result: Any) -> None:
        model = self.estimator
        if self.settings.log_models:
            # First, so that metrics are of it.
            self.attempt("the model", lambda: parts.log_model(self, "sklearn", model, self.example, _predict_of(model)))
        if self.features is not None:
            self.attempt("metrics of the training", lambda: sklearn_metrics.log_training(self))
        self.attempt("the picture of the estimator", lambda: self.run.log_bytes("estimator.html", _html(model)))
        if sklearn_search.is_search(model):
            self.attempt("the search", lambda: sklearn_search.log_search(self))
        if self.settings.log_models and sklearn_search.is_search(model) and hasattr(model, "best_estimator_"):
            best = model.best_estimator_
            self.attempt(
                "the best estimator",
                lambda: parts.log_model(self, "sklearn", best, self.example, _predict_of(best), "best_estimator"),
            )
        if self.settings.own.get("log_post_training_metrics", True):
            sklearn_metrics.remember(model, self.store.uri, self.run.id, self.model_id)


def _predict_of(model: Any) -> Callable[[Any], Any] | None:
    found: Callable[[Any], Any] | None = getattr(model, "predict", None) or getattr(model, "transform", None)
    return found


def _tags(estimator: Any) -> dict[str, str]:
    kind = type(estimator)
    return {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__name__}"}


def _html(estimator: Any) -> bytes:
    from sklearn.utils import estimator_html_repr

    head = '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="UTF-8"/></head>\n<body>\n'
    return f"{head}{estimator_html_repr(estimator)}\n</body>\n</html>\n".encode()
