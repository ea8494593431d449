"""What XGBoost and LightGBM have in common: rounds with metrics, a best one, importances of features."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any

from . import parts
from .settings import Settings
from .training import Training, around, current


class Data:
    """What a matrix of a library was made of: its first rows, and the data itself while somebody else keeps it."""

    def __init__(self, data: Any, label: Any) -> None:
        self.head = parts.head(data)
        self._data, self._label = _weak(data), _weak(label)

    @property
    def whole(self) -> tuple[Any, Any]:
        """Features and labels; None for what is gone."""
        return self._data(), self._label()


def _weak(value: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: None


_data: weakref.WeakKeyDictionary[Any, Data] = weakref.WeakKeyDictionary()


def made(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for the constructor of a matrix: it is remembered what that was made of."""
    result = function(*args, **kwargs)
    try:
        data = kwargs.get("data", args[1] if len(args) > 1 else None)
        label = kwargs.get("label", args[2] if len(args) > 2 else None)
        if data is not None and not isinstance(data, str):
            _data[args[0]] = Data(data, label)
    except Exception:
        # The model gets no signature then.
        pass
    return result


class Train(Training):
    """One call of ``train``: params, metrics of each round, the best round, importances and the model."""

    # Names of the arguments: what is no param, the training data, the data to evaluate on.
    no_params: frozenset[str] = frozenset()
    matrix = ""

    def __init__(self, settings: Settings, function: Callable[..., Any], log_model: bool = True) -> None:
        super().__init__(settings)
        self.function = function
        self.rounds: list[dict[str, float]] = []
        self.matrix_given: Any = None
        self._with_model = self.makes_model = log_model and settings.log_models

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        given = inspect.signature(self.function).bind(*args, **kwargs)
        every = inspect.signature(self.function).bind(*args, **kwargs)
        every.apply_defaults()
        found = dict(every.arguments)
        params = {key: value for key, value in found.items() if key not in self.no_params}
        self.attempt("params", lambda: self.log_params({**(dict(found.get("params") or {})), **params}))
        self.matrix_given = found.get(self.matrix)
        if self.settings.log_datasets:
            self.attempt("the data set", lambda: self._log_data(found))
        callback = self.attempt("metrics of rounds", self.callback)
        if callback is not None:
            given.arguments["callbacks"] = [*(found.get("callbacks") or []), callback]
        return given.args, given.kwargs

    def _log_data(self, found: dict[str, Any]) -> None:
        self._log_matrix(self.matrix_given, "train", None)
        for matrix, name in self.evaluated(found):
            self._log_matrix(matrix, "eval", name)

    def _log_matrix(self, matrix: Any, context: str, name: str | None) -> None:
        known = _data.get(matrix)
        features, labels = (None, None) if known is None else known.whole
        if features is None:
            # Nobody has what it was made of any more.
            features, labels = self.content(matrix)
        if features is not None:
            parts.log_dataset(self, features, labels, context, name)

    def round(self, step: int, metrics: dict[str, float]) -> None:
        """Logs the metrics of a round."""
        # Signs that filters have another meaning for are written out, as MLflow does.
        metrics = {key.replace("@", "_at_"): float(value) for key, value in metrics.items()}
        self.rounds.append(metrics)
        self.log_point(metrics, step)

    def after(self, result: Any) -> None:
        self.attempt("the best round", lambda: self._log_best(result))
        for kind in self.importance_kinds():
            self.attempt("feature importances", lambda: self._log_importance(result, kind))
        if self._with_model:
            known = _data.get(self.matrix_given)
            example = None if known is None else known.head
            self.attempt("the model", lambda: parts.log_model(self, self.library, result, example, self.predictor(result)))

    def _log_best(self, model: Any) -> None:
        found = self.best(model)
        if found is None:
            return
        best, stopped, results = found
        self.log_metrics({"best_iteration": best, "stopped_iteration": stopped})
        if results is not None:
            self.log_metrics(results, len(self.rounds))

    def _log_importance(self, model: Any, kind: str) -> None:
        names, values = self.importance(model, kind)
        parts.log_importance(self, names, values, kind)

    # --- what differs

    def content(self, matrix: Any) -> tuple[Any, Any]:
        """Features and labels as a matrix has them; None if they are large, or are not to be had."""
        return None, None

    def callback(self) -> Any:
        """What the library calls after each round."""
        raise NotImplementedError

    def evaluated(self, found: dict[str, Any]) -> list[tuple[Any, str | None]]:
        """The matrices that are evaluated on, with names."""
        raise NotImplementedError

    def best(self, model: Any) -> tuple[int, int, dict[str, float] | None] | None:
        """After early stopping: the best round, the last one, and the metrics of the best."""
        raise NotImplementedError

    def importance_kinds(self) -> list[str]:
        """The kinds of importances that are logged."""
        raise NotImplementedError

    def importance(self, model: Any, kind: str) -> tuple[list[str], Any]:
        """Names of features with their importances."""
        raise NotImplementedError

    def predictor(self, model: Any) -> Callable[[Any], Any]:
        """How the model predicts for data as the user has it."""
        raise NotImplementedError


class Fit(Training):
    """One ``fit`` of an estimator: the model; all else is logged by the ``train`` that it calls."""

    def __init__(self, settings: Settings, library: str, estimator: Any) -> None:
        super().__init__(settings)
        self.library = library
        self.estimator = estimator
        self.example: Any = None
        self.trained = False
        self.makes_model = settings.log_models

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self.settings.log_models:
            data = kwargs.get("X", args[1] if len(args) > 1 else None)
            self.example = self.attempt("the example", lambda: parts.head(data))
        return args, kwargs

    def after(self, result: Any) -> None:
        if self.settings.log_models:
            model = self.estimator
            self.attempt("the model", lambda: parts.log_model(self, self.library, model, self.example, model.predict))


def fit(library: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``fit``."""
    return around(library, lambda settings: Fit(settings, library, args[0]), function, args, kwargs)


def train_of_fit(
    kind: type[Train], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What stands for the ``train`` that a ``fit`` calls: it logs to the run of the fit."""
    outer = current.get()
    if not isinstance(outer, Fit) or outer.library != kind.library or outer.trained or not outer.has_run:
        return function(*args, **kwargs)
    outer.trained = True
    inner = kind(outer.settings, function, log_model=False)
    inner._handle, inner.outer = outer.run, outer
    args, kwargs = inner.attempt("what is known before", lambda: inner.before(args, kwargs), (args, kwargs))
    result = function(*args, **kwargs)
    inner.attempt("results", lambda: inner.after(result))
    return result
