"""``mlops.evaluate``: a model held against targets, and what is logged of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions import InvalidArgument, Unsupported
from . import charts, drawing, slices as parts
from .classes import answers, of_classes
from .extra import ExtraMetric, Metrics, Rows, make_metric, named
from .extra import of_rows as of_own
from .inputs import Inputs, need_numpy, read
from .metrics_of_numbers import of_numbers
from .predicting import Predicted, loaded, model_of, predict
from .result import EvaluationArtifact, EvaluationResult
from .thresholds import MetricThreshold, validate_evaluation_results

Array = Any

_CONFIG = ("pos_label", "average", "sample_weights", "metric_prefix", "log_plots")
_EXPLAINING = ("log_explainer", "log_model_explainability")


def evaluate(
    model: Any = None,
    data: Any = None,
    targets: Any = None,
    model_type: str | None = None,
    *,
    predictions: Any = None,
    probabilities: Any = None,
    sample_weights: Any = None,
    pos_label: Any = None,
    extra_metrics: Any = None,
    slices: Any = None,
    thresholds: Mapping[str, MetricThreshold] | None = None,
    baseline_result: EvaluationResult | None = None,
    feature_names: Sequence[str] | None = None,
    evaluators: Any = None,
    evaluator_config: Mapping[str, Any] | None = None,
    custom_artifacts: Any = None,
    model_config: dict[str, Any] | None = None,
    inference_params: dict[str, Any] | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
) -> EvaluationResult:
    """Holds what a model predicts against the targets, and logs it to the active run, or to one of its own.

    ``model`` is a model of any library, its URI, a function of the data, or None with ``predictions``. ``data`` is a table
    of pandas or polars, an array, a dict of columns, rows, or a data set of :mod:`mlops.data`; ``targets``, ``predictions``,
    ``probabilities`` and ``sample_weights`` are names of its columns, or values. ``model_type`` is ``"classifier"`` or
    ``"regressor"``; without it a model of scikit-learn says what it is, else texts, truth values and whole numbers are
    classes.

    ``extra_metrics`` are functions, also by name in a dict, or of :func:`make_metric`. ``slices`` are columns, dicts and
    functions, see the guide. ``thresholds`` that fail raise, after all was logged,
    :class:`mlops.models.ModelValidationFailedException`. ``evaluator_config`` may have ``pos_label``, ``average``,
    ``sample_weights``, ``metric_prefix`` and ``log_plots``. Metrics are of the logged model that ``model`` is or ``model_id``
    names, else of the active one.

    >>> import mlops
    >>> mlops.set_tracking_uri("memory:")
    >>> found = mlops.evaluate(None, [[1], [2], [3], [4]], [0, 0, 1, 1], "classifier", predictions=[0, 1, 1, 1])
    >>> found.metrics["accuracy_score"], found.metrics["recall_score"], found.tables["confusion_matrix"].shape
    (0.75, 1.0, (2, 3))
    """
    if custom_artifacts is not None:
        raise Unsupported("custom_artifacts come with a later version of mlops; log them with mlops.log_artifact")
    if evaluators not in (None, "default", ["default"]):
        raise Unsupported(f"evaluators is {evaluators!r}: this version has the evaluator `default` only")
    config = dict(evaluator_config or {})
    if set(config) == {"default"}:
        config = dict(config["default"])
    for name, value in list(config.items()):
        if name in _EXPLAINING and not value:
            # Scripts of MLflow's switch off what is not here.
            del config[name]
        elif name not in _CONFIG:
            raise InvalidArgument(f"evaluator_config has {name!r}: expected {', '.join(_CONFIG)}")
    if sample_weights is None:
        sample_weights = config.get("sample_weights")
    if data is None and model is None and predictions is not None and not isinstance(predictions, str):
        # Only predictions and targets: there is nothing else to look at.
        data = need_numpy().zeros((len(predictions), 0))
    if data is None:
        raise InvalidArgument("evaluate got no data")
    inputs = read(data, targets, predictions, probabilities, sample_weights, feature_names)
    known = loaded(model, model_config)
    of_model = model_of(known, model_id)
    kind = _kind(model_type, known, inputs)
    found = predict(known, inputs, kind == "classifier", inference_params)
    if kind == "classifier":
        label = config.get("pos_label") if pos_label is None else pos_label
        given = answers(
            inputs.targets, found.values, found.probabilities, inputs.weights, label, config.get("average"), found.classes
        )
        metrics = of_classes(given)
        tables, pictures = charts.of_classes(given)

        def of_rows(chosen: Array) -> Metrics:
            return of_classes(given.rows(chosen))

    else:
        _check_numbers(inputs, found)
        metrics = of_numbers(inputs.targets, found.values, inputs.weights)
        tables, pictures = charts.of_numbers(inputs.targets, found.values)

        def of_rows(chosen: Array) -> Metrics:
            weights = None if inputs.weights is None else inputs.weights[chosen]
            return of_numbers(inputs.targets[chosen], found.values[chosen], weights)

    extra = named(extra_metrics)
    everything = need_numpy().ones(len(inputs), dtype=bool)
    scores: dict[str, list[Any]] = {}
    metrics.update(of_own(extra, Rows(inputs, found, everything), metrics, scores))
    if scores:
        tables["eval_results_table"] = {**_columns(inputs, found), **scores}
    if slices is not None:
        masks = parts.masks(slices, inputs, inputs.recorded["data"])

        def of_slice(chosen: Array) -> Metrics:
            if inputs.weights is not None and not inputs.weights[chosen].sum() > 0:
                return {}
            values = of_rows(chosen)
            return {**values, **of_own(extra, Rows(inputs, found, chosen), values)}

        tables["slices"] = parts.table(masks, of_slice, metrics)
    prefix = config.get("metric_prefix") or ""
    metrics = {f"{prefix}{name}": value for name, value in metrics.items()}
    drawn = {}
    if drawing.available() and config.get("log_plots", True):
        drawn = {name: draw() for name, draw in pictures.items()}
    result = _log(metrics, tables, drawn, inputs, prefix, run_id, of_model)
    if thresholds is not None:
        validate_evaluation_results(thresholds, result, baseline_result)
    return result


def _kind(given: str | None, model: Any, inputs: Inputs) -> str:
    if given is not None:
        if given not in ("classifier", "regressor"):
            raise InvalidArgument(f"model_type is {given!r}: expected 'classifier' or 'regressor'")
        return given
    kind = getattr(model, "_estimator_type", None)
    if kind in ("classifier", "regressor"):
        return str(kind)
    if hasattr(model, "predict_proba"):
        return "classifier"
    return "regressor" if inputs.targets.dtype.kind == "f" else "classifier"


def _check_numbers(inputs: Inputs, found: Predicted) -> None:
    for what, values in (("target", inputs.targets), ("prediction", found.values)):
        if values.dtype.kind not in "iufb":
            raise InvalidArgument(f"a {what} of a regressor is of type {values.dtype}: expected numbers")
        if bool(need_numpy().isnan(values.astype(float)).any()):
            raise InvalidArgument(f"a {what} is missing (NaN): expected a number for each row")
    inputs.targets, found.values = inputs.targets.astype(float), found.values.astype(float)


def _columns(inputs: Inputs, found: Predicted) -> dict[str, list[Any]]:
    """The data beside the scores of its rows, as MLflow has it."""
    columns = {name: values.tolist() for name, values in inputs.columns.items()}
    if not isinstance(inputs.recorded.get("targets"), str):
        columns["target"] = inputs.targets.tolist()
    if "predictions" not in inputs.recorded:
        columns["outputs"] = found.values.tolist()
    return columns


def _log(
    metrics: Metrics,
    tables: dict[str, dict[str, list[Any]]],
    pictures: dict[str, bytes],
    inputs: Inputs,
    prefix: str,
    run_id: str | None,
    model_id: str | None,
) -> EvaluationResult:
    from .. import _fluent, _model_points, _state
    from .._inputs import input_of, subject_of
    from .._tables import log_table

    own = run_id is None and _state.current_run() is None and _state.inherited_run() is None
    run = _fluent.start_run() if own else None
    try:
        handle, store = _fluent._run_and_store(run_id)
        assert handle is not None
        dataset = _dataset(inputs.recorded)
        used = None if dataset is None else input_of(dataset, "eval", [])
        if used is not None:
            handle.log_inputs([used])
        models = [] if model_id is None else [model_id]
        # Metrics of a logged model say which data they were measured on.
        subject = None if model_id is None else subject_of(model_id, *(used or (None, None))[:2])
        _model_points.log_of(store, handle, [(name, value, 0, None) for name, value in metrics.items()], models, subject, [])
        if models:
            _model_points.link(store, handle.id, models)
        if pictures:
            handle.log_files([(f"{prefix}{name}.png", content) for name, content in pictures.items()])
        for name, columns in tables.items():
            log_table(store, handle, columns, f"{prefix}{name}.json")
    except BaseException:
        if run is not None:
            _state.finish(run, "FAILED")
        raise
    if run is not None:
        _state.finish(run, "FINISHED")
    where = f"runs:/{handle.id}/{prefix}"
    artifacts = {name: EvaluationArtifact(f"{where}{name}.png", content) for name, content in pictures.items()}
    for name, columns in tables.items():
        artifacts.setdefault(name, EvaluationArtifact(f"{where}{name}.json", columns))
    return EvaluationResult(metrics, artifacts, handle.id, tables)


def _dataset(recorded: Mapping[str, Any]) -> Any:
    from .. import data as sets

    if "dataset" in recorded:
        return recorded["dataset"]
    data = recorded["data"]
    targets = recorded.get("targets")
    named = targets if isinstance(targets, str) else None
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        return sets.from_pandas(data, targets=named)
    if hasattr(data, "get_columns") and hasattr(data, "height"):
        return sets.from_polars(data, targets=named)
    if hasattr(data, "flat") and data.size and data.dtype.kind in "iufb":
        return sets.from_numpy(data, targets=targets if hasattr(targets, "flat") else None)
    return None


__all__ = ["ExtraMetric", "evaluate", "make_metric"]
