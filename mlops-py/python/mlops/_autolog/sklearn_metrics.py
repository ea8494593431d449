"""Metrics of scikit-learn: those of a training, and those that a program computes of a model that was logged."""

from __future__ import annotations

import inspect
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from . import guard, parts
from .patches import Patches
from .switch import settings_of
from .training import current

if TYPE_CHECKING:
    from .sklearn import Fit

_PREFIX = "training_"


def log_training(fit: Fit) -> None:
    """Logs how well an estimator does on what it was trained with, with MLflow's names, and pictures of it."""
    import numpy

    from .._evaluate import charts, drawing
    from .._evaluate import metrics_of_classes as of_classes
    from .._evaluate.classes import answers
    from .._evaluate.metrics_of_numbers import of_numbers

    model, features, weights = fit.estimator, fit.features, fit.weights
    if fit.targets is None:
        return
    kind = _kind(model)
    truth = numpy.asarray(fit.targets.to_numpy() if hasattr(fit.targets, "to_numpy") else fit.targets)
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth[:, 0]
    weights = None if weights is None else numpy.asarray(weights, dtype=float)
    found: dict[str, float] = {}
    if kind == "classifier" and truth.ndim == 1 and hasattr(model, "predict"):
        label = fit.settings.own.get("pos_label")
        chances = numpy.asarray(model.predict_proba(features)) if hasattr(model, "predict_proba") else None
        classes = getattr(model, "classes_", None)
        given = answers(truth, model.predict(features), chances, weights, label, None, classes)
        matrix = of_classes.confusion_matrix(given.truth, given.predicted, len(given.classes), weights)
        average = "weighted" if label is None else "binary"
        precision, recall, f1 = of_classes.precision_recall_f1(matrix, average, given.positive)
        found.update(precision_score=precision, recall_score=recall, f1_score=f1)
        found["accuracy_score"] = of_classes.accuracy(given.truth, given.predicted, weights)
        if given.probabilities is not None:
            found["log_loss"] = of_classes.log_loss(given.truth, given.probabilities, weights)
            if given.binary:
                found["roc_auc"] = of_classes.roc_auc((given.truth == 1).astype(float), given.probabilities[:, 1], weights)
            elif len(given.classes) > 2:
                found["roc_auc"] = of_classes.roc_auc_of_many(given.truth, given.probabilities, weights, pairs=True)
        if drawing.available() and fit.settings.own.get("log_plots", True):
            lines = ("roc_curve", "precision_recall_curve") if given.binary else ("",)
            _, pictures = charts.of_classes(given, lines)
            named = {f"{_PREFIX}{name.removesuffix('_plot')}.png": draw for name, draw in pictures.items()}
            fit.attempt("plots", lambda: parts.log_files(fit, named))
    elif kind == "regressor" and truth.ndim == 1 and hasattr(model, "predict"):
        every = of_numbers(truth, numpy.asarray(model.predict(features)).reshape(len(truth)), weights)
        wanted = ("mean_squared_error", "mean_absolute_error", "r2_score", "root_mean_squared_error")
        found = {name: every[name] for name in wanted}
    usual = _usual_score(model)
    if usual in found:
        # What it would give is known: no second prediction.
        found["score"] = found[usual]
    elif hasattr(model, "score"):
        scored = fit.attempt("the score of the training", lambda: _score(model, features, fit.targets, weights))
        if scored is not None:
            found["score"] = scored
    fit.log_metrics({f"{_PREFIX}{name}": value for name, value in found.items()})
    values = getattr(model, "feature_importances_", None)
    if values is not None:
        names = getattr(model, "feature_names_in_", None)
        listed = [f"feature_{at}" for at in range(len(values))] if names is None else [str(name) for name in names]
        fit.attempt("feature importances", lambda: parts.log_importance(fit, listed, values))


def _kind(model: Any) -> str | None:
    from sklearn.base import is_classifier, is_regressor

    return "classifier" if is_classifier(model) else "regressor" if is_regressor(model) else None


def _usual_score(model: Any) -> str:
    """The metric that ``score`` is, if the estimator has it from scikit-learn's base classes."""
    from sklearn import base

    score = getattr(type(model), "score", None)
    return {base.ClassifierMixin.score: "accuracy_score", base.RegressorMixin.score: "r2_score"}.get(score, "")


def _score(model: Any, features: Any, targets: Any, weights: Any) -> float:
    if weights is not None and "sample_weight" in inspect.signature(model.score).parameters:
        return float(model.score(features, targets, sample_weight=weights))
    return float(model.score(features, targets))


# --- after the training -----------------------------------------------------------------------------------------

_lock = threading.Lock()
# Store, run and id of a model that was logged; and, of its predictions, the name of the data they are for.
Of = tuple[str, str, "str | None"]
_models: dict[int, tuple[Any, Of]] = {}
_outputs: dict[int, tuple[Any, tuple[Of, str]]] = {}
# How often a run has a metric already: a program may compute it again.
_counts: dict[tuple[str, str], int] = {}
# The data that a run has under one name: another under the same name has a number.
_data: dict[tuple[str, str], list[Callable[[Any], bool]]] = {}
T = TypeVar("T")


def remember(model: Any, store: str, run_id: str, model_id: str | None) -> None:
    """Has later scores and predictions of a model belong to a run, and to a logged model."""
    _keep(_models, model, (store, run_id, model_id))


def _keep(known: dict[int, tuple[Any, T]], thing: Any, of: T) -> None:
    number = id(thing)

    def gone(_: Any) -> None:
        known.pop(number, None)

    try:
        known[number] = weakref.ref(thing, gone), of
    except TypeError:
        # A list cannot be watched.
        pass


def _of(known: dict[int, tuple[Any, T]], thing: Any) -> T | None:
    found = known.get(id(thing))
    return None if found is None or found[0]() is not thing else found[1]


# Whether a call is a part of another that is counted.
_inner: ContextVar[bool] = ContextVar("mlops_inner_metric", default=False)


def _called(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, bool]:
    """The result of a call, and whether it counts: no training and no other metric has asked for it."""
    if current.get() is not None or _inner.get():
        return function(*args, **kwargs), False
    token = _inner.set(True)
    try:
        return function(*args, **kwargs), True
    finally:
        _inner.reset(token)


def predict(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``predict``: its output is remembered as that of the model's run."""
    result, counts = _called(function, args, kwargs)
    if counts and args:
        of = _of(_models, args[0])
        if of is not None:
            frame = sys._getframe(3)
            guard.attempt("sklearn", "predictions", True, lambda: _keep(_outputs, result, (of, _name(_given(args, kwargs), of, frame))))
    return result


def score(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for ``score``: its value is a metric of the model's run."""
    result, counts = _called(function, args, kwargs)
    if counts and args:
        of = _of(_models, args[0])
        if of is not None:
            frame = sys._getframe(3)
            _log(f"{type(args[0]).__name__}_score", lambda: _name(_given(args, kwargs), of, frame), result, of)
    return result


def metric(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What stands for a function of ``sklearn.metrics``: its value is a metric of the run whose predictions it is given."""
    result, counts = _called(function, args, kwargs)
    if counts and _outputs:
        said = next((found for one in (*args, *kwargs.values()) if (found := _of(_outputs, one)) is not None), None)
        if said is not None and not isinstance(result, str):
            of, data = said
            _log(function.__name__, lambda: data, result, of)
    return result


def _given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The data of a call of ``predict`` or ``score``: the first argument behind the model, whatever its name."""
    return args[1] if len(args) > 1 else next(iter(kwargs.values()), None)


def _name(data: Any, of: Of, frame: Any) -> str:
    """The variable that has the data, of the caller or, where it is passed on, of who passed it; as MLflow names it."""
    named = "unknown_dataset"
    at = frame
    while data is not None and at is not None:
        code, local = at.f_code, at.f_locals
        count = code.co_argcount + code.co_kwonlyargcount
        flags = (code.co_flags & inspect.CO_VARARGS, code.co_flags & inspect.CO_VARKEYWORDS)
        passed = [local.get(name) for name in code.co_varnames[:count]]
        rest = list(code.co_varnames[count : count + sum(map(bool, flags))])
        if flags[0]:
            passed += local.get(rest.pop(0), ())
        if flags[1]:
            passed += local.get(rest.pop(0), {}).values()
        if not any(one is data for one in passed):
            named = next((name for name, one in local.items() if one is data), named)
            break
        at = at.f_back
    if named == "unknown_dataset":
        # Of a temporary nobody can say whether it was there before.
        return named
    with _lock:
        known = _data.setdefault((of[1], named), [])
        place = next((at for at, same in enumerate(known) if same(data)), len(known))
        if place == len(known):
            known.append(_same(data))
    return named if place == 0 else f"{named}-{place + 1}"


def _same(data: Any) -> Callable[[Any], bool]:
    """Says later whether something is the same object, without keeping it alive."""
    try:
        seen = weakref.ref(data)
    except TypeError:
        # A list cannot be watched.
        number = id(data)
        return lambda other: id(other) == number
    return lambda other: seen() is other


def _log(name: str, data: Callable[[], str], value: Any, of: Of) -> None:
    settings = settings_of("sklearn")
    if settings is None or not settings.own.get("log_post_training_metrics", True):
        return
    guard.attempt("sklearn", "a metric after the training", settings.silent, lambda: _log_now(name, data, value, of))


def _log_now(name: str, data: Callable[[], str], value: Any, of: Of) -> None:
    import numbers

    from .. import _model_points, _state

    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return
    store, run_id, model_id = of
    if _state.uri() != store:
        return
    called = data()
    with _lock:
        count = _counts[(run_id, name)] = _counts.get((run_id, name), 0) + 1
    # As MLflow: a number behind the name of a metric that the run has, whatever the data.
    key = f"{name}_{called}" if count == 1 else f"{name}-{count}_{called}"
    active = _state.own_run()
    handle = active._handle if active is not None and active.info.run_id == run_id else _state.store().open_run(run_id)
    models = [] if model_id is None else [model_id]
    _model_points.log(_state.store(), handle, [(key, float(value), 0, None)], models)


def install(patches: Patches, module: Any) -> None:
    """Replaces the functions of ``sklearn.metrics`` that compute something of predictions."""
    for name in getattr(module, "__all__", ()):
        function = getattr(module, name, None)
        if not inspect.isfunction(function):
            continue
        if not {"y_pred", "y_score", "y_prob", "y_proba"}.isdisjoint(inspect.signature(function).parameters):
            patches.put(module, name, "sklearn_metrics:metric")
