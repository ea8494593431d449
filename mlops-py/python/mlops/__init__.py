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
    from . import artifacts, client, config, data, models, pyfunc, sklearn, tracking, utils
    from ._client import MlflowClient
    from ._client import MlflowClient as Client
    from ._client import MlflowClient as MlopsClient
    from ._backup import BackupReport, backup, restore
    from ._compare import Comparison, compare, report
    from ._console import capture_console, get_console
    from ._gc import GcReport, gc
    from ._inputs import log_input, log_inputs
    from ._doctor import doctor
    from ._images import Image
    from ._system import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        set_system_metrics_node_id,
        set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval,
    )
    from ._sweeps import Sweep, Trial, get_sweep, sweep
    from .models import load_model

__version__: str = _native.version()
VERSION = __version__

# Loaded at first use, so that `import mlops` stays fast.
_SUBMODULES = ("artifacts", "client", "config", "data", "models", "pyfunc", "sklearn", "tracking", "utils")
_LAZY = {
    "MlflowClient": ("_client", "MlflowClient"),
    "MlopsClient": ("_client", "MlflowClient"),
    "Client": ("_client", "MlflowClient"),
    "BackupReport": ("_backup", "BackupReport"),
    "Comparison": ("_compare", "Comparison"),
    "GcReport": ("_gc", "GcReport"),
    "Image": ("_images", "Image"),
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
    "gc": ("_gc", "gc"),
    "log_input": ("_inputs", "log_input"),
    "log_inputs": ("_inputs", "log_inputs"),
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
    "ActiveRun",
    "BackupReport",
    "Client",
    "Comparison",
    "Experiment",
    "GcReport",
    "Image",
    "MlflowClient",
    "MlflowException",
    "MlopsClient",
    "MlopsError",
    "Run",
    "RunOperations",
    "VERSION",
    "Sweep",
    "Trial",
    "active_run",
    "artifacts",
    "backup",
    "client",
    "capture_console",
    "compare",
    "config",
    "create",
    "create_experiment",
    "data",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_run",
    "delete_tag",
    "disable_system_metrics_logging",
    "doctor",
    "enable_system_metrics_logging",
    "end_run",
    "entities",
    "exceptions",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "gc",
    "get_artifact_uri",
    "get_console",
    "get_experiment",
    "get_experiment_by_name",
    "get_metric_series",
    "get_parent_run",
    "get_run",
    "get_sweep",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "last_active_run",
    "load_model",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_series",
    "log_stream",
    "log_table",
    "log_text",
    "models",
    "pyfunc",
    "report",
    "restore",
    "restore_experiment",
    "restore_run",
    "search_experiments",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "sklearn",
    "start_run",
    "sweep",
    "tracking",
    "utils",
]
