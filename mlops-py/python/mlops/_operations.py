"""What a log call with ``synchronous=False`` returns."""

from __future__ import annotations

from typing import Any


class RunOperations:
    """Log calls that are done: there is nothing to wait for, since a call returns when what it logs would survive the
    process, and raises its error itself."""

    def __init__(self, operation_futures: list[Any] | None = None) -> None:
        self._operation_futures = operation_futures or []

    def wait(self) -> None:
        """Returns at once."""


_DONE = RunOperations()


def done(synchronous: bool | None) -> RunOperations | None:
    """Something to wait on, for who asked for it."""
    return _DONE if synchronous is False else None
