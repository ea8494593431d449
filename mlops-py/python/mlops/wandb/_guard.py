"""A lock that is open again in a forked child, whose threads but one are gone."""

from __future__ import annotations

import os
import threading
import weakref
from types import TracebackType


class Guard:
    """A lock that the thread which has it may take again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _guards.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()


_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


def _after_fork() -> None:
    # Another thread of the parent may have held one.
    for guard in list(_guards):
        guard._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
