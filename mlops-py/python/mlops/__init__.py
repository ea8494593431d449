"""mlops: experiment tracking and more in one embedded store, with the calls that MLflow users know.

>>> import mlops
>>> mlops.set_tracking_uri("memory:")
>>> with mlops.start_run(run_name="first") as run:
...     _ = mlops.log_param("learning_rate", 0.001)
...     mlops.log_metric("accuracy", 0.94)
>>> mlops.get_run(run.info.run_id).data.metrics
{'accuracy': 0.94}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _native, entities, exceptions
from ._fluent import (
    active_run,
    create,
    create_experiment,
    delete_experiment,
    delete_experiment_tag,
    delete_run,
    delete_tag,
    end_run,
    flush_artifact_async_logging,
    flush_async_logging,
    get_artifact_uri,
    get_experiment,
    get_experiment_by_name,
    get_metric_series,
    get_parent_run,
    get_run,
    get_tracking_uri,
    is_tracking_uri_set,
    last_active_run,
    load_table,
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_image,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    log_series,
    log_stream,
    log_table,
    log_text,
    restore_experiment,
    restore_run,
    search_experiments,
    search_runs,
    set_experiment,
    set_experiment_tag,
    set_experiment_tags,
    set_tag,
    set_tags,
    set_tracking_uri,
    start_run,
)
from ._operations import RunOperations
from ._state import ActiveRun
from .entities import Experiment, Run
from .exceptions import MlflowException, MlopsError

if TYPE_CHECKING:
    from . import artifacts, client, config, data, models, pyfunc, tracking, types, utils
    from . import environment_variables, metrics, stats, store, system_metrics
    from . import catboost, keras, lightgbm, onnx, pytorch, sklearn, statsmodels, xgboost
    from ._autolog.entry import autolog
    from ._client import MlflowClient
    from ._client import MlflowClient as Client
    from ._client import MlflowClient as MlopsClient
    from ._series import Summary, define_metric, fork_run, get_metric_series_by, metric_contexts, note, rewind_run, set_note, summary
    from ._alerts import Alert, alert, alerts, on_alert
    from ._media import Histogram, Image, Media, MediaPoint, Table, Text, log_media, media_history
    from ._backup import BackupReport, backup, restore
    from ._compare import Comparison, compare, report
    from ._console import capture_console, get_console
    from ._gc import GcReport, gc
    from ._active_model import clear_active_model, get_active_model_id
    from ._inputs import log_input, log_inputs
    from ._logged_models_fluent import (
        ActiveModel,
        create_external_model,
        delete_logged_model_tag,
        finalize_logged_model,
        get_logged_model,
        initialize_logged_model,
        last_logged_model,
        log_model_params,
        log_outputs,
        search_logged_models,
        set_active_model,
        set_logged_model_tags,
    )
    from ._doctor import doctor
    from ._evaluate.evaluation import evaluate
    from ._evaluate.thresholds import MetricThreshold, validate_evaluation_results
    from ._system import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        set_system_metrics_node_id,
        set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval,
    )
    from ._log_import import import_tensorboard, import_wandb
    from ._mlflow_import import ImportReport, import_mlflow
    from ._events import EventSubscription
    from ._gate.definition import GateDefinition
    from ._gate.gate import gate
    from ._gate.metrics import GateMetric, gate_metric
    from ._gate.predicting import Predictions as GatePredictions
    from ._gate.result import GateCheck, GateError, GateFailed, GateInconclusive, GateResult
    from ._lineage import Lineage, lineage
    from ._promotions import LogHead, ModelCard, Registry, Why, registry
    from ._registry import (
        register_model,
        search_model_versions,
        search_registered_models,
        set_model_version_tag,
    )
    from ._watch import Watch
    from ._transfer import FilesReport, SyncReport, export_files, export_runs, import_runs, sync
    from ._sweeps import Sweep, Trial, get_sweep, sweep
    from .models import load_model

__version__: str = _native.version()
VERSION = __version__

# Loaded at first use, so that `import mlops` stays fast.
_SUBMODULES = (
    *("artifacts", "client", "config", "data", "models", "pyfunc", "tracking", "types", "utils", "wandb"),
    *("environment_variables", "metrics", "stats", "store", "system_metrics"),
    *("catboost", "keras", "lightgbm", "onnx", "pytorch", "sklearn", "statsmodels", "xgboost"),
)
_LAZY = {
    "EventSubscription": ("_events", "EventSubscription"),
    "GateCheck": ("_gate.result", "GateCheck"),
    "GateDefinition": ("_gate.definition", "GateDefinition"),
    "GateError": ("_gate.result", "GateError"),
    "GateFailed": ("_gate.result", "GateFailed"),
    "GateInconclusive": ("_gate.result", "GateInconclusive"),
    "GateMetric": ("_gate.metrics", "GateMetric"),
    "GatePredictions": ("_gate.predicting", "Predictions"),
    "GateResult": ("_gate.result", "GateResult"),
    "Lineage": ("_lineage", "Lineage"),
    "autolog": ("_autolog.entry", "autolog"),
    "evaluate": ("_evaluate.evaluation", "evaluate"),
    "MetricThreshold": ("_evaluate.thresholds", "MetricThreshold"),
    "lineage": ("_lineage", "lineage"),
    "validate_evaluation_results": ("_evaluate.thresholds", "validate_evaluation_results"),
    "Histogram": ("_media", "Histogram"),
    "Image": ("_media", "Image"),
    "Media": ("_media", "Media"),
    "MediaPoint": ("_media", "MediaPoint"),
    "Table": ("_media", "Table"),
    "Text": ("_media", "Text"),
    "log_media": ("_media", "log_media"),
    "media_history": ("_media", "media_history"),
    "Alert": ("_alerts", "Alert"),
    "alert": ("_alerts", "alert"),
    "alerts": ("_alerts", "alerts"),
    "on_alert": ("_alerts", "on_alert"),
    "Summary": ("_series", "Summary"),
    "define_metric": ("_series", "define_metric"),
    "fork_run": ("_series", "fork_run"),
    "get_metric_series_by": ("_series", "get_metric_series_by"),
    "metric_contexts": ("_series", "metric_contexts"),
    "note": ("_series", "note"),
    "rewind_run": ("_series", "rewind_run"),
    "set_note": ("_series", "set_note"),
    "summary": ("_series", "summary"),
    "MlflowClient": ("_client", "MlflowClient"),
    "MlopsClient": ("_client", "MlflowClient"),
    "Client": ("_client", "MlflowClient"),
    "BackupReport": ("_backup", "BackupReport"),
    "Comparison": ("_compare", "Comparison"),
    "GcReport": ("_gc", "GcReport"),
    "backup": ("_backup", "backup"),
    "compare": ("_compare", "compare"),
    "disable_system_metrics_logging": ("_system", "disable_system_metrics_logging"),
    "doctor": ("_doctor", "doctor"),
    "enable_system_metrics_logging": ("_system", "enable_system_metrics_logging"),
    "report": ("_compare", "report"),
    "set_system_metrics_node_id": ("_system", "set_system_metrics_node_id"),
    "set_system_metrics_samples_before_logging": ("_system", "set_system_metrics_samples_before_logging"),
    "set_system_metrics_sampling_interval": ("_system", "set_system_metrics_sampling_interval"),
    "restore": ("_backup", "restore"),
    "gate": ("_gate.gate", "gate"),
    "gate_metric": ("_gate.metrics", "gate_metric"),
    "gc": ("_gc", "gc"),
    "log_input": ("_inputs", "log_input"),
    "log_inputs": ("_inputs", "log_inputs"),
    "ImportReport": ("_mlflow_import", "ImportReport"),
    "import_mlflow": ("_mlflow_import", "import_mlflow"),
    "import_tensorboard": ("_log_import", "import_tensorboard"),
    "import_wandb": ("_log_import", "import_wandb"),
    "clear_active_model": ("_active_model", "clear_active_model"),
    "get_active_model_id": ("_active_model", "get_active_model_id"),
    "ActiveModel": ("_logged_models_fluent", "ActiveModel"),
    "create_external_model": ("_logged_models_fluent", "create_external_model"),
    "delete_logged_model_tag": ("_logged_models_fluent", "delete_logged_model_tag"),
    "finalize_logged_model": ("_logged_models_fluent", "finalize_logged_model"),
    "get_logged_model": ("_logged_models_fluent", "get_logged_model"),
    "initialize_logged_model": ("_logged_models_fluent", "initialize_logged_model"),
    "last_logged_model": ("_logged_models_fluent", "last_logged_model"),
    "log_model_params": ("_logged_models_fluent", "log_model_params"),
    "log_outputs": ("_logged_models_fluent", "log_outputs"),
    "search_logged_models": ("_logged_models_fluent", "search_logged_models"),
    "set_active_model": ("_logged_models_fluent", "set_active_model"),
    "set_logged_model_tags": ("_logged_models_fluent", "set_logged_model_tags"),
    "LogHead": ("_promotions", "LogHead"),
    "ModelCard": ("_promotions", "ModelCard"),
    "Registry": ("_promotions", "Registry"),
    "Watch": ("_watch", "Watch"),
    "Why": ("_promotions", "Why"),
    "registry": ("_promotions", "registry"),
    "register_model": ("_registry", "register_model"),
    "search_model_versions": ("_registry", "search_model_versions"),
    "search_registered_models": ("_registry", "search_registered_models"),
    "set_model_version_tag": ("_registry", "set_model_version_tag"),
    "SyncReport": ("_transfer", "SyncReport"),
    "FilesReport": ("_transfer", "FilesReport"),
    "export_files": ("_transfer", "export_files"),
    "export_runs": ("_transfer", "export_runs"),
    "import_runs": ("_transfer", "import_runs"),
    "sync": ("_transfer", "sync"),
    "capture_console": ("_console", "capture_console"),
    "get_console": ("_console", "get_console"),
    "Sweep": ("_sweeps", "Sweep"),
    "Trial": ("_sweeps", "Trial"),
    "get_sweep": ("_sweeps", "get_sweep"),
    "sweep": ("_sweeps", "sweep"),
    "load_model": ("models", "load_model"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    if name in _LAZY:
        module, attribute = _LAZY[name]
        return getattr(import_module(f".{module}", __name__), attribute)
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_LAZY})


__all__ = [
    "ActiveModel",
    "ActiveRun",
    "Alert",
    "BackupReport",
    "Client",
    "Comparison",
    "EventSubscription",
    "Experiment",
    "FilesReport",
    "GateCheck",
    "GateDefinition",
    "GateError",
    "GateFailed",
    "GateInconclusive",
    "GateMetric",
    "GatePredictions",
    "GateResult",
    "GcReport",
    "Histogram",
    "Image",
    "ImportReport",
    "Lineage",
    "LogHead",
    "Media",
    "MediaPoint",
    "MetricThreshold",
    "MlflowClient",
    "MlflowException",
    "MlopsClient",
    "MlopsError",
    "ModelCard",
    "Registry",
    "Run",
    "RunOperations",
    "Summary",
    "SyncReport",
    "Table",
    "Text",
    "VERSION",
    "Watch",
    "Why",
    "Sweep",
    "Trial",
    "active_run",
    "alert",
    "alerts",
    "artifacts",
    "autolog",
    "backup",
    "catboost",
    "clear_active_model",
    "client",
    "capture_console",
    "compare",
    "config",
    "create",
    "create_experiment",
    "create_external_model",
    "data",
    "define_metric",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_logged_model_tag",
    "delete_run",
    "delete_tag",
    "disable_system_metrics_logging",
    "doctor",
    "enable_system_metrics_logging",
    "end_run",
    "entities",
    "evaluate",
    "environment_variables",
    "exceptions",
    "export_files",
    "export_runs",
    "finalize_logged_model",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "fork_run",
    "gate",
    "gate_metric",
    "gc",
    "get_active_model_id",
    "get_artifact_uri",
    "get_console",
    "get_experiment",
    "get_experiment_by_name",
    "get_logged_model",
    "get_metric_series",
    "get_metric_series_by",
    "get_parent_run",
    "get_run",
    "get_sweep",
    "get_tracking_uri",
    "import_mlflow",
    "import_runs",
    "import_tensorboard",
    "import_wandb",
    "initialize_logged_model",
    "is_tracking_uri_set",
    "keras",
    "last_active_run",
    "last_logged_model",
    "lightgbm",
    "lineage",
    "load_model",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_media",
    "log_metric",
    "log_metrics",
    "log_model_params",
    "log_outputs",
    "log_param",
    "log_params",
    "log_series",
    "log_stream",
    "log_table",
    "log_text",
    "media_history",
    "metric_contexts",
    "metrics",
    "models",
    "note",
    "onnx",
    "on_alert",
    "pyfunc",
    "pytorch",
    "register_model",
    "registry",
    "report",
    "restore",
    "restore_experiment",
    "restore_run",
    "rewind_run",
    "search_experiments",
    "search_logged_models",
    "search_model_versions",
    "search_registered_models",
    "search_runs",
    "set_active_model",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_logged_model_tags",
    "set_model_version_tag",
    "set_note",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "sklearn",
    "start_run",
    "stats",
    "statsmodels",
    "store",
    "summary",
    "sync",
    "sweep",
    "system_metrics",
    "tracking",
    "types",
    "utils",
    "validate_evaluation_results",
    "xgboost",
]
