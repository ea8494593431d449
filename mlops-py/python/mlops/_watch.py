"""``mlops.registry().watch(...)``: which version is in production, for programs that serve it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from . import _native
from ._convert import seconds, to_call
from .exceptions import InvalidState

# How long a wait goes on before signals are looked at.
_SLICE = 0.2


class Watch:
    """Knows which version is in production, or which one an alias points to, whichever process changes it: within a second.
    A thread of the library looks, one for all watches of a store, until the last of them is closed or forgotten."""

    def __init__(self, native: _native.Watch) -> None:
        self._native = native

    @property
    def current(self) -> int | None:
        """The version that is there; None if there is none. It reads a number."""
        return self._native.current

    @property
    def generation(self) -> int:
        """The generation of the slot, which ``promote`` may expect; 0 for an alias."""
        return self._native.generation

    @property
    def changes(self) -> int:
        """How often it has changed since it is watched."""
        return self._native.changes

    @property
    def age(self) -> float:
        """How many seconds ago the store was last looked at with success: less than one, unless it cannot be reached."""
        return self._native.age

    def changed(self) -> bool:
        """True if it has changed since the last time that this, or ``wait``, was true."""
        return self._native.changed()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for a change, for so many seconds at most; False if the time is over first."""
        until = None if timeout is None else time.monotonic() + seconds("timeout", timeout)
        while True:
            left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
            if self._native.wait(left):
                return True
            if until is not None and time.monotonic() >= until:
                return False

    def on_change(self, callback: Callable[[int | None], object]) -> Callable[[], None]:
        """Has ``callback(version)`` called after each change, in a thread of its own. What this returns ends that, and so does
        ``close``. What the callback raises goes to ``threading.excepthook``, and ends it."""
        to_call("callback", callback)
        ended = threading.Event()
        begun = self.changes

        def tell() -> None:
            seen = begun
            while not ended.is_set():
                try:
                    changes, version = self.changes, self.current
                except InvalidState:
                    return
                if changes != seen:
                    seen = changes
                    callback(version)
                else:
                    ended.wait(_SLICE / 4)

        threading.Thread(target=tell, name="mlops-watch-callback", daemon=True).start()
        return ended.set

    def close(self) -> None:
        """Ends the watch."""
        self._native.close()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        try:
            return f"<mlops.Watch: version {self.current}>"
        except InvalidState:
            return "<mlops.Watch: closed>"
