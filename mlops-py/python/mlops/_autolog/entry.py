"""The calls that switch autolog on and off, with MLflow's arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions import InvalidArgument
from .settings import Settings
from .switch import LIBRARIES, Autologging, switch


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    log_traces: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    extra_tags: Mapping[str, Any] | None = None,
    exclude_flavors: Sequence[str] | None = None,
) -> Autologging:
    """Logs what scikit-learn, XGBoost, LightGBM, Lightning and Keras train from now on, without log calls; imported
    libraries and those that are imported later. As a context manager until the end of the block.

    A training logs to the active run, or to one of its own, which ends with it. Settings of one library, such as those of
    :func:`mlops.sklearn.autolog`, count more. No error of tracking stops a training: it is a warning, once a kind.

    ``log_input_examples``: the first rows with the model. ``log_model_signatures``, ``log_models``, ``log_datasets``: what
    they say. ``disable``: off. ``exclusive``: not into runs that you started. ``disable_for_unsupported_versions``: not for
    versions that it is not tested with. ``silent``: no warnings. ``extra_tags``: of runs that it starts.
    ``exclude_flavors``: libraries that are left alone. ``log_traces`` is taken, and means nothing here.

    >>> import mlops
    >>> with mlops.autolog(log_models=False):
    ...     pass
    """
    excluded = [exclude_flavors] if isinstance(exclude_flavors, str) else list(exclude_flavors or [])
    for name in excluded:
        if name not in LIBRARIES:
            raise InvalidArgument(f"exclude_flavors has {name!r}: expected some of {', '.join(LIBRARIES)}")
    settings = _settings(
        log_input_examples, log_model_signatures, log_models, log_datasets, disable, exclusive,
        disable_for_unsupported_versions, silent, extra_tags, None, {},
    )  # fmt: skip
    return switch({name: settings for name in LIBRARIES if name not in excluded}, everything=True)


def sklearn(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    max_tuning_runs: int | None = 5,
    log_post_training_metrics: bool = True,
    serialization_format: str | None = None,
    registered_model_name: str | None = None,
    pos_label: Any = None,
    extra_tags: Mapping[str, Any] | None = None,
    *,
    log_plots: bool = True,
) -> Autologging:
    """Logs every outermost ``fit`` of an estimator of scikit-learn; see :func:`mlops.autolog` for what all have in common.

    ``max_tuning_runs``: how many of the best candidates of a search get a run each, None: all.
    ``log_post_training_metrics``: also what ``score`` and the functions of ``sklearn.metrics`` say of a model that was
    logged. ``serialization_format``: of the model. ``registered_model_name``: registers each model. ``pos_label``: the
    class of which precision, recall and F1 are; None: the mean of all classes, weighted. ``log_plots``: the pictures, which
    take a fifth of a second a fit."""
    count = max_tuning_runs
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise InvalidArgument(f"max_tuning_runs is {max_tuning_runs!r}: expected a whole number from 0 on, or None")
    own = {
        "max_tuning_runs": max_tuning_runs,
        "log_post_training_metrics": log_post_training_metrics,
        "pos_label": pos_label,
        "log_plots": log_plots,
        "model_options": {} if serialization_format is None else {"serialization_format": serialization_format},
    }
    return _one(
        "sklearn", log_input_examples, log_model_signatures, log_models, log_datasets, disable, exclusive,
        disable_for_unsupported_versions, silent, extra_tags, registered_model_name, own,
    )  # fmt: skip


def xgboost(
    importance_types: Sequence[str] | None = None,
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    model_format: str = "ubj",
    extra_tags: Mapping[str, Any] | None = None,
) -> Autologging:
    """Logs ``xgboost.train`` and ``fit`` of the estimators of XGBoost; see :func:`mlops.autolog` for what all have in common.

    ``importance_types``: which feature importances are logged, default ``["weight"]``. ``model_format``: ``ubj`` or
    ``json``."""
    types = ["weight"] if importance_types is None else list(importance_types)
    own = {"importance_types": types, "model_options": {} if model_format == "ubj" else {"model_format": model_format}}
    return _one(
        "xgboost", log_input_examples, log_model_signatures, log_models, log_datasets, disable, exclusive,
        disable_for_unsupported_versions, silent, extra_tags, registered_model_name, own,
    )  # fmt: skip


def lightgbm(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    extra_tags: Mapping[str, Any] | None = None,
) -> Autologging:
    """Logs ``lightgbm.train`` and ``fit`` of the estimators of LightGBM; see :func:`mlops.autolog` for the arguments."""
    return _one(
        "lightgbm", log_input_examples, log_model_signatures, log_models, log_datasets, disable, exclusive,
        disable_for_unsupported_versions, silent, extra_tags, registered_model_name, {},
    )  # fmt: skip


def pytorch(
    log_every_n_epoch: int = 1,
    log_every_n_step: int | None = None,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    extra_tags: Mapping[str, Any] | None = None,
    log_model_signatures: bool = True,
) -> Autologging:
    """Logs ``Trainer.fit`` of Lightning; see :func:`mlops.autolog` for what all have in common.

    ``log_every_n_epoch``: at the end of which epochs metrics are logged. ``log_every_n_step``: also what is logged on
    steps, after so many; None: not."""
    _whole("log_every_n_epoch", log_every_n_epoch)
    if log_every_n_step is not None:
        _whole("log_every_n_step", log_every_n_step)
    own = {"log_every_n_epoch": log_every_n_epoch, "log_every_n_step": log_every_n_step}
    return _one(
        "pytorch", False, log_model_signatures, log_models, log_datasets, disable, exclusive,
        disable_for_unsupported_versions, silent, extra_tags, registered_model_name, own,
    )  # fmt: skip


def keras(
    log_every_epoch: bool = True,
    log_every_n_steps: int | None = None,
    log_models: bool = True,
    log_model_signatures: bool = True,
    save_exported_model: bool = False,
    log_datasets: bool = True,
    log_input_examples: bool = False,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    save_model_kwargs: Mapping[str, Any] | None = None,
    extra_tags: Mapping[str, Any] | None = None,
) -> Autologging:
    """Logs ``fit`` of models of Keras 3; see :func:`mlops.autolog` for what all have in common.

    ``log_every_epoch``, or else ``log_every_n_steps``: when metrics are logged. ``save_model_kwargs``: for Keras'
    ``save``."""
    if log_every_epoch == (log_every_n_steps is not None):
        raise InvalidArgument("metrics are logged on epochs or on steps: with log_every_n_steps set log_every_epoch to False")
    if log_every_n_steps is not None:
        _whole("log_every_n_steps", log_every_n_steps)
    if save_exported_model:
        raise InvalidArgument("save_exported_model is True: models of Keras are kept as .keras only")
    options = {} if save_model_kwargs is None else {"save_model_kwargs": dict(save_model_kwargs)}
    own = {"log_every_n_steps": log_every_n_steps, "model_options": options}
    return _one(
        "keras", log_input_examples, log_model_signatures, log_models, log_datasets, disable, exclusive,
        disable_for_unsupported_versions, silent, extra_tags, registered_model_name, own,
    )  # fmt: skip


def _whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgument(f"{name} is {value!r}: expected a whole number from 1 on")


def _one(library: str, *given: Any) -> Autologging:
    return switch({library: _settings(*given)})


def _settings(
    log_input_examples: bool,
    log_model_signatures: bool,
    log_models: bool,
    log_datasets: bool,
    disable: bool,
    exclusive: bool,
    disable_for_unsupported_versions: bool,
    silent: bool,
    extra_tags: Mapping[str, Any] | None,
    registered_model_name: str | None,
    own: Mapping[str, Any],
) -> Settings | None:
    if extra_tags is not None and not isinstance(extra_tags, Mapping):
        raise InvalidArgument(f"extra_tags is of type {type(extra_tags).__name__}: expected a dict")
    if disable:
        return None
    return Settings(
        log_input_examples, log_model_signatures, log_models, log_datasets, exclusive, disable_for_unsupported_versions,
        silent, dict(extra_tags or {}), registered_model_name, own,
    )  # fmt: skip
