"""The active model of a thread, and the models that runs made: whose metrics those are that are logged without a model."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import _native

# The variables that name it where no call does, the first that is set counts.
_VARIABLES = ("MLOPS_ACTIVE_MODEL_ID", "MLFLOW_ACTIVE_MODEL_ID", "_MLFLOW_ACTIVE_MODEL_ID")
# Runs that are remembered.
_MOST = 1_000


class _Active(threading.local):
    def __init__(self) -> None:
        # What the environment says counts in each thread until a call says something else.
        self.model_id: str | None = next((found for name in _VARIABLES if (found := os.environ.get(name))), None)
        self.last: str | None = None


_active = _Active()
# The models that runs of this process made, by run and step.
_made: dict[str, dict[int, list[str]]] = {}


def get_active_model_id() -> str | None:
    """The id of this thread's active model: the one that :func:`set_active_model` chose, else the one that
    ``MLOPS_ACTIVE_MODEL_ID`` or ``MLFLOW_ACTIVE_MODEL_ID`` names; None if there is none."""
    return _active.model_id


def clear_active_model() -> None:
    """Has this thread have no active model, whatever a call or the environment said."""
    for name in _VARIABLES:
        # As in MLflow, threads that begin later have none either.
        os.environ.pop(name, None)
    _active.model_id = None


def activate(model_id: str | None) -> str | None:
    """Makes a model the active one of this thread, and gives the one before."""
    before, _active.model_id = _active.model_id, model_id
    return before


def remember_last(model_id: str | None) -> None:
    """Has ``last_logged_model`` give this one, in this thread."""
    _active.last = model_id


def last_id() -> str | None:
    """The id of the model that this thread made last."""
    return _active.last


def remember_made(run_id: str, step: int, model_id: str) -> None:
    """Has later metrics of this run and step be of a model too."""
    if len(_made) >= _MOST:
        _made.clear()
    known = _made.setdefault(run_id, {}).setdefault(step, [])
    if model_id not in known:
        known.append(model_id)
        # Of more a metric is of the last ones: each takes a commit.
        del known[:-10]


def models_at(run: _native.Run, step: int) -> list[str]:
    """The models that metrics of this step are of, where nobody names one: the active one, else those made at it."""
    if _active.model_id is not None:
        return [_active.model_id]
    return _made.get(run.id, {}).get(step, []) if _made else []
