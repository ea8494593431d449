"""What trainings of several libraries log alike: data sets, examples, signatures, models, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from . import guard
from .training import Training

ROWS = 5


def head(data: Any) -> Any:
    """A copy of the first rows: training may change the data. None for what has no rows in order."""
    if data is None or hasattr(data, "toarray") or isinstance(data, (str, bytes)):
        return None
    if hasattr(data, "iloc"):
        return data.iloc[:ROWS].copy()
    if hasattr(data, "get_columns") and hasattr(data, "head"):
        return data.head(ROWS)
    if hasattr(data, "ndim"):
        return data[:ROWS].copy() if hasattr(data, "copy") else None
    import copy

    return copy.deepcopy(list(data[:ROWS])) if isinstance(data, (list, tuple)) else None


def log_dataset(training: Training, features: Any, targets: Any, context: str, name: str | None = None) -> None:
    """Logs data as an input of the run, if it is of a kind that data sets are made of."""
    from .. import data
    from .._inputs import input_of

    if hasattr(features, "iloc") and hasattr(features, "columns"):
        made: Any = data.from_pandas(features, name=name)
    elif hasattr(features, "get_columns") and hasattr(features, "height"):
        made = data.from_polars(features, name=name)
    elif hasattr(features, "toarray") or not hasattr(features, "__len__"):
        return
    else:
        import numpy

        features = numpy.asarray(features)
        if features.dtype.kind not in "iufb":
            return
        if targets is not None:
            targets = numpy.asarray(targets.to_numpy() if hasattr(targets, "to_numpy") else targets)
            targets = targets if targets.dtype.kind in "iufb" else None
        made = data.from_numpy(features, targets=targets, name=name)
    training.run.log_inputs([input_of(made, context, [])])


def log_model(
    training: Training, flavor: str, model: Any, example: Any, predict: Callable[[Any], Any] | None, name: str = "model"
) -> None:
    """Logs a model with the flavor's own function, if this version has one, with signature and example as settings say."""
    settings = training.settings
    library = import_module(f"mlops.{flavor}")
    log = getattr(library, "log_model", None)
    if log is None:
        guard.tell(flavor, "models", settings.silent, "this version of mlops has no flavor for them")
        return
    options: dict[str, Any] = dict(settings.own.get("model_options", {}))
    if example is not None and settings.log_model_signatures and predict is not None:
        signature = training.attempt("the signature of a model", lambda: _signature(example, predict))
        if signature is not None:
            options["signature"] = signature
    if example is not None and settings.log_input_examples:
        options["input_example"] = example
    if name == "model" and training.model_id is not None:
        from .. import _native

        # It was begun before the run had params.
        known = training.store.get_run(training.run.id)["params"]
        _native.LoggedModels(training.store).log_params(training.model_id, list(known.items()))
        options["model_id"] = training.model_id
    info = log(model, name=name, run_id=training.run.id, **options)
    if name == "model":
        training.model_id = info.model_id
    wanted = settings.registered_model_name
    if wanted is not None and name == "model":
        from .._registry import register_model

        training.attempt("registering the model", lambda: register_model(info.model_uri, wanted))


def _signature(example: Any, predict: Callable[[Any], Any]) -> Any:
    import copy

    from ..models import infer_signature

    return infer_signature(example, predict(copy.deepcopy(example)))


def log_files(training: Training, make: Mapping[str, Callable[[], bytes]]) -> None:
    """Logs files together; one that cannot be made is left out."""
    found = []
    for path, content in make.items():
        made = training.attempt(path, content)
        if made is not None:
            found.append((path, made))
    if found:
        training.run.log_files(found)


def log_importance(training: Training, names: list[str], values: Any, kind: str = "") -> None:
    """Feature importances as JSON and, with matplotlib, as a picture."""
    import json

    from .._evaluate import drawing

    listed = {str(name): float(value) for name, value in zip(names, values)}
    path = f"feature_importance_{kind}" if kind else "feature_importance"
    make: dict[str, Callable[[], bytes]] = {f"{path}.json": lambda: json.dumps(listed, indent=2).encode()}
    if drawing.available() and listed:
        title = f"Feature importance ({kind})" if kind else "Feature importance"
        make[f"{path}.png"] = lambda: drawing.bars(list(listed), list(listed.values()), title)
    log_files(training, make)
