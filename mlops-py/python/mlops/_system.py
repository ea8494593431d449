"""Measuring the machine while runs are under way: what is set for the process, and what the environment says."""

from __future__ import annotations

import os
import warnings
from typing import Any

from . import _native
from ._convert import whole
from .exceptions import InvalidArgument, MlopsError

_enabled: bool | None = None
_interval: float | None = None
_samples: int | None = None
_node_id: str | None = None


def enable_system_metrics_logging() -> None:
    """Has every run that starts from now on measure the machine: ``system/cpu_utilization_percentage`` and others."""
    global _enabled
    _enabled = True


def disable_system_metrics_logging() -> None:
    """Has runs that start from now on not measure the machine, unless they are told to."""
    global _enabled
    _enabled = False


def set_system_metrics_sampling_interval(interval: float | None) -> None:
    """The seconds between two samples; None: 10."""
    global _interval
    _interval = None if interval is None else _seconds("the sampling interval", interval)


def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """How many samples one point is the mean of; None: 1."""
    global _samples
    _samples = None if samples is None else _count("samples_before_logging", samples)


def set_system_metrics_node_id(node_id: str | None) -> None:
    """What this machine is called between ``system/`` and the rest of a metric's name; None: nothing."""
    global _node_id
    _node_id = None if node_id is None else str(node_id)


def settings(wanted: bool | None) -> tuple[int, int, str | None] | None:
    """How a run that is to start measures the machine: microseconds, samples, name of the machine; None: not at all."""
    if not (_is_enabled() if wanted is None else wanted):
        return None
    interval = _of_environment("SYSTEM_METRICS_SAMPLING_INTERVAL", _seconds) if _interval is None else _interval
    samples = _of_environment("SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", _count) if _samples is None else _samples
    node_id = _node_id or _variable("SYSTEM_METRICS_NODE_ID")[1]
    return int((interval or 10) * 1e6), samples or 1, node_id


def start(store: _native.Store, run_id: str, how: tuple[int, int, str | None] | None) -> None:
    """Measures the machine for a run. One that cannot be measured goes on."""
    if how is None:
        return
    try:
        store.log_system_metrics(run_id, *how)
    except MlopsError as error:
        warnings.warn(f"the machine is not measured: {error}", RuntimeWarning, stacklevel=4)


def _is_enabled() -> bool:
    if _enabled is not None:
        return _enabled
    name, text = _variable("ENABLE_SYSTEM_METRICS_LOGGING")
    if text is None:
        return False
    if text.lower() not in ("true", "false", "1", "0"):
        raise InvalidArgument(f"{name} is {text!r}: expected true or false")
    return text.lower() in ("true", "1")


def _variable(name: str) -> tuple[str, str | None]:
    """What the environment says, and under which name."""
    for prefix in ("MLOPS_", "MLFLOW_"):
        if text := os.environ.get(prefix + name):
            return prefix + name, text
    return name, None


def _of_environment(name: str, read: Any) -> Any:
    known, text = _variable(name)
    return None if text is None else read(known, text)


def _seconds(what: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0.001 <= seconds <= 1e9:
        raise InvalidArgument(f"{what} is {value!r}: expected seconds, 0.001 or more")
    return seconds


def _count(what: str, value: Any) -> int:
    count = whole(what, int(value) if isinstance(value, str) and value.isdecimal() else value)
    if not 1 <= count < 2**32:
        raise InvalidArgument(f"{what} is {value!r}: expected 1 or more")
    return count
