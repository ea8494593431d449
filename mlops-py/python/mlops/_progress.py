"""A bar on what takes longer than a second: on a terminal, and gone when it is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

# Before this nothing is shown, and it is drawn no more often than that, in seconds.
_PATIENCE = 1.0
_EVERY = 0.2
_WIDTH = 30


class Bar:
    """Shows how many runs of how many are done, on standard error if that is a terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = sys.stderr
        self._begun = time.monotonic()
        self._next = self._begun + _PATIENCE
        self._drawn = False
        self.wanted = self._stream is not None and self._stream.isatty()

    def show(self, done: int, of: int, size: int) -> None:
        """Draws the bar, unless it is too early."""
        self._draw(done, of, lambda: f"{done}/{of} runs, {size:,} bytes")

    def tell(self, step: str, done: int, of: int) -> None:
        """Draws the bar of a step of the work, unless it is too early or nobody looks."""
        if self.wanted:
            self._draw(done, of, lambda: step)

    def _draw(self, done: int, of: int, said: Callable[[], str]) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY
        full = _WIDTH * done // of if of else _WIDTH
        bar = "#" * full + "-" * (_WIDTH - full)
        self._write(f"{self._what} [{bar}] {said()}")
        self._drawn = True

    def _write(self, line: str) -> None:
        try:
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()
        except (OSError, ValueError):
            # A terminal that is gone is no reason to stop.
            pass

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._drawn:
            self._write("")
