"""Alerts: recorded in the run, and handed to callbacks and to the user's command."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import _native, _state
from ._convert import text_key
from ._fluent import _handle
from ._series import run_of
from ._state import Durability
from .exceptions import InvalidArgument


@dataclass(frozen=True)
class Alert:
    """An alert of a run, as it was raised."""

    run_id: str
    title: str
    text: str
    level: str
    at: datetime


def _alert(raw: tuple[str, str, str, str, int]) -> Alert:
    from .entities import _datetime

    return Alert(*raw[:4], _datetime(raw[4]))


_callbacks: list[Callable[[Alert], object]] = []
# The process that told the core of them: a forked child tells it anew.
_told: int | None = None


def _call(*raw: Any) -> None:
    alert = _alert(raw)
    errors = []
    for callback in list(_callbacks):
        try:
            callback(alert)
        except Exception as error:
            errors.append(error)
    if errors:
        # The core shows it, and the run goes on.
        raise errors[0]


def on_alert(callback: Callable[[Alert], object]) -> Callable[[], None]:
    """Has ``callback`` called with every alert that this process raises from now on, after it was recorded, in the thread
    that raises it. Returns a function that ends this. What the callback raises is shown, and the run does not notice."""
    if not callable(callback):
        raise InvalidArgument(f"the callback is of type {type(callback).__name__}: expected something to call")
    _callbacks.append(callback)

    def end() -> None:
        if callback in _callbacks:
            _callbacks.remove(callback)

    return end


def alert(
    title: str,
    text: str = "",
    level: str = "INFO",
    wait: float | timedelta = 0,
    run_id: str | None = None,
    *,
    durability: Durability | None = None,
) -> bool:
    """Raises an alert: it is recorded in the run and handed to the callbacks of :func:`on_alert` and to the user's command.

    ``level`` is ``INFO``, ``WARN`` or ``ERROR``. Within ``wait`` (seconds, or a timedelta) after one of the same title in
    the same run it is not raised: then False comes back."""
    global _told
    seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e12:
        raise InvalidArgument(f"wait is {wait!r}: expected seconds, not negative, or a timedelta")
    if _callbacks and _told != os.getpid():
        _native.on_alert(_call)
        _told = os.getpid()
    level = str(getattr(level, "value", level)).upper()
    handle = _handle(run_id, durability)
    return _native.raise_alert(handle, text_key("title", title), text_key("text", text), level, int(seconds * 1e6))


def alerts(run_id: str | None = None) -> list[Alert]:
    """The alerts of a run, the oldest first."""
    return [_alert(raw) for raw in _native.run_alerts(_state.store(), run_of(run_id))]
