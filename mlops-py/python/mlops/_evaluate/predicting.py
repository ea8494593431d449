"""What a model predicts: of any library, by URI, or any function."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..exceptions import InvalidArgument, NotFound
from .inputs import Inputs, array, need_numpy

Array = Any


@dataclass
class Predicted:
    """Predictions of a model; of a classifier also probabilities and the classes that they are of, if it tells."""

    values: Array
    probabilities: Array | None = None
    classes: Array | None = None


def loaded(model: Any, model_config: dict[str, Any] | None = None) -> Any:
    """The model behind a URI or a path; a model as it is."""
    if isinstance(model, (str, os.PathLike)):
        from .. import pyfunc

        return pyfunc.load_model(model, model_config=model_config)
    return model


def model_of(model: Any, model_id: str | None) -> str | None:
    """The logged model that metrics are of: the one that is named, else the one that was loaded, else the active one."""
    from .._active_model import get_active_model_id
    from ..pyfunc import PyFuncModel

    found = model.model_id if isinstance(model, PyFuncModel) else None
    if model_id is not None and found is not None and model_id != found:
        raise InvalidArgument(f"model_id is `{model_id}`, but the model is `{found}`: leave model_id out")
    if model_id is None and found is not None:
        from .. import _native, _state
        from .._logged_models import existing

        try:
            existing(_native.LoggedModels(_state.store()), found)
        except (InvalidArgument, NotFound):
            # A version of a registered model outlives what it was made of.
            found = None
    return model_id or found or get_active_model_id()


def predict(model: Any, inputs: Inputs, classifier: bool, params: dict[str, Any] | None = None) -> Predicted:
    """The predictions for the features; without a model those that came with the data."""
    if model is None:
        if inputs.predictions is None and inputs.probabilities is None:
            raise InvalidArgument("evaluate got neither a model nor predictions: give one of them")
        given = inputs.predictions if inputs.predictions is not None else inputs.probabilities
        return _read(given, inputs, classifier)
    native = _native(model)
    flavor = _flavor_of(native)
    if flavor is not None:
        output = _of_flavor(flavor, native, inputs.features, params)
    elif native is not model:
        # A pyfunc: what it is told to call may give probabilities itself.
        output = model.predict(inputs.features, params=params) if params else model.predict(inputs.features)
    elif hasattr(model, "predict"):
        output = model.predict(inputs.features, **(params or {}))
    elif callable(model):
        output = model(inputs.features, **(params or {}))
    else:
        raise InvalidArgument(
            f"a {type(model).__name__} is no model: expected one with predict, a function, a URI, or None with predictions"
        )
    found = _read(output, inputs, classifier)
    if classifier and found.probabilities is None and hasattr(native, "predict_proba"):
        found.probabilities = need_numpy().asarray(native.predict_proba(inputs.features))
        found.classes = getattr(native, "classes_", None)
    return found


def _native(model: Any) -> Any:
    """The library's own model behind a pyfunc."""
    for name in ("get_raw_model", "unwrap_python_model"):
        unwrap = getattr(model, name, None)
        if callable(unwrap):
            return unwrap()
    return model


def _flavor_of(model: Any) -> str | None:
    """The module that knows how models predict that take no table or array as they are."""
    for kind in type(model).__mro__:
        package = kind.__module__.partition(".")[0]
        if kind.__name__ == "Booster" and package in ("xgboost", "lightgbm"):
            return package
        if kind.__name__ == "Module" and package == "torch":
            return "pytorch"
        if kind.__name__ == "Model" and package == "keras":
            return "keras"
    return None


def _of_flavor(flavor: str, model: Any, features: Any, params: dict[str, Any] | None) -> Any:
    numpy = need_numpy()
    if flavor == "pytorch" and isinstance(features, numpy.ndarray) and features.dtype == numpy.float64:
        # As wide as the module's own numbers are.
        first = next(iter(model.parameters()), None)
        if first is not None and str(first.dtype) == "torch.float32":
            features = features.astype(numpy.float32)
    return import_module(f"mlops.{flavor}")._wrap(model, None).predict(features, dict(params or {}))


def _read(output: Any, inputs: Inputs, classifier: bool) -> Predicted:
    """Labels or numbers as they are; of rows with a score for each class the best, and scores that are probabilities."""
    numpy = need_numpy()
    if hasattr(output, "detach") and hasattr(output, "cpu"):
        output = output.detach().cpu().numpy()
    found = numpy.asarray(output.to_numpy() if hasattr(output, "to_numpy") else output)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if len(found) != len(inputs):
        raise InvalidArgument(f"the model gives {len(found)} predictions for {len(inputs)} rows: expected one for each row")
    if not classifier:
        return Predicted(array("the predictions", found))
    chances = inputs.probabilities
    if chances is None and (found.ndim == 2 or _may_be_of_positives(found, inputs.targets)):
        chances = found
    if chances is None:
        return Predicted(array("the predictions", found))
    names = numpy.unique(inputs.targets)
    if chances.ndim == 1:
        if len(names) > 2:
            raise InvalidArgument(f"each row has one probability, of {len(names)} classes: expected a column for each class")
        chances = numpy.column_stack([1 - chances, chances])
    if len(names) < chances.shape[1] and inputs.targets.dtype.kind in "iub" and names.max() < chances.shape[1]:
        # Not every class occurs: labels that count up from 0 are columns.
        names = numpy.arange(chances.shape[1])
    if len(names) != chances.shape[1]:
        raise InvalidArgument(
            f"the predictions have {chances.shape[1]} columns, and there are {len(names)} classes among the targets:"
            " expected a column for each"
        )
    same = inputs.probabilities is not None and inputs.predictions is not None
    values = array("the predictions", found) if same else names[chances.argmax(axis=1)]
    within = bool(((chances >= 0) & (chances <= 1)).all()) and numpy.allclose(chances.sum(axis=1), 1, atol=1e-3)
    return Predicted(values, chances if within else None, names)


def _may_be_of_positives(found: Array, targets: Array) -> bool:
    """Whether numbers are probabilities of the positive class of two, and not labels."""
    if found.dtype.kind != "f" or targets.dtype.kind == "f":
        return False
    between = bool(((found >= 0) & (found <= 1)).all()) and not bool(((found == 0) | (found == 1)).all())
    return between and len(need_numpy().unique(targets)) <= 2
