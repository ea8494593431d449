"""MLflow's module of this name: what holds for the whole process."""

from ._fluent import get_tracking_uri, is_tracking_uri_set, set_tracking_uri
from ._system import (
    disable_system_metrics_logging,
    enable_system_metrics_logging,
    set_system_metrics_node_id,
    set_system_metrics_samples_before_logging,
    set_system_metrics_sampling_interval,
)

__all__ = [
    "disable_system_metrics_logging",
    "enable_async_logging",
    "enable_system_metrics_logging",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tracking_uri",
]


def enable_async_logging(enable: bool = True) -> None:
    """Does nothing: a log call returns in microseconds, when what it logs would survive the process."""
