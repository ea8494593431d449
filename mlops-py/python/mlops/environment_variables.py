"""MLflow's module of this name: its variables that mean something here, as ``docs/reference/environment.md`` says."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .exceptions import InvalidArgument


class _Variable:
    """A variable of the environment, with the type of its value and what it is where it is not set."""

    def __init__(self, name: str, type_: Callable[[str], Any], default: Any) -> None:
        self.name, self.type, self.default = name, type_, default

    @property
    def defined(self) -> bool:
        """True if the environment has it."""
        return self.name in os.environ

    def is_set(self) -> bool:
        """True if the environment has it."""
        return self.defined

    def get_raw(self) -> str | None:
        """Its text; None if it is not set."""
        return os.environ.get(self.name)

    def get(self) -> Any:
        """Its value."""
        raw = self.get_raw()
        if raw is None:
            return self.default
        try:
            return self.type(raw)
        except ValueError as error:
            raise InvalidArgument(f"the variable {self.name} is {raw!r}: {error}") from None

    def set(self, value: Any) -> None:
        """Sets it for this process and those that it starts."""
        os.environ[self.name] = str(value)

    def unset(self) -> None:
        """Removes it."""
        os.environ.pop(self.name, None)

    def __str__(self) -> str:
        return f"{self.name} (default: {self.default})"

    def __repr__(self) -> str:
        return repr(self.name)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError("expected true or false")
    return text.lower() in ("true", "1")


MLFLOW_ACTIVE_MODEL_ID = _Variable("MLFLOW_ACTIVE_MODEL_ID", str, None)
MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING = _Variable("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", _truth, False)
MLFLOW_EXPERIMENT_ID = _Variable("MLFLOW_EXPERIMENT_ID", str, None)
MLFLOW_EXPERIMENT_NAME = _Variable("MLFLOW_EXPERIMENT_NAME", str, None)
MLFLOW_RUN_ID = _Variable("MLFLOW_RUN_ID", str, None)
MLFLOW_SYSTEM_METRICS_NODE_ID = _Variable("MLFLOW_SYSTEM_METRICS_NODE_ID", str, None)
MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING = _Variable("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", int, 1)
MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL = _Variable("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", float, 10)
MLFLOW_TRACKING_URI = _Variable("MLFLOW_TRACKING_URI", str, None)

__all__ = [
    "MLFLOW_ACTIVE_MODEL_ID",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_ID",
    "MLFLOW_SYSTEM_METRICS_NODE_ID",
    "MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING",
    "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL",
    "MLFLOW_TRACKING_URI",
]
