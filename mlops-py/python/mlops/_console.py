"""What the process says on standard output and error, kept with a run."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

from . import _native

if TYPE_CHECKING:
    from types import TracebackType

# How soon what was said is kept with the run, in seconds.
FLUSH_EVERY = 3.0

_captures: list[Capture] = []


class Capture:
    """Keeps what is said with a run, until it ends; as a context manager with the block."""

    def __init__(self, store: _native.Store, run_id: str) -> None:
        _flush()
        self._native = _native.capture_console(store, run_id, os.name == "posix", FLUSH_EVERY)
        self._pid = os.getpid()
        self._ended = False
        _captures.append(self)
        _wrap()

    def end(self) -> None:
        """Ends the capture; what was said before is kept. Fine if it has ended."""
        if self._ended or self._pid != os.getpid():
            return
        self._ended = True
        _flush()
        if self in _captures:
            _captures.remove(self)
        if not _captures:
            _unwrap()
        dropped = self._native.end()
        if dropped:
            warnings.warn(f"{dropped} bytes of console output could not be kept", RuntimeWarning, stacklevel=2)

    def note(self, error: BaseException) -> None:
        """Adds the traceback of an exception, which is shown only after the capture has ended."""
        if self._pid == os.getpid() and not self._ended:
            _flush()
            self._native.settle()
            text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            self._native.write(True, text.encode("utf-8", "replace"))

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class _Heard:
    """A stream that is not the process's own, such as a notebook's: what it is told is kept too."""

    def __init__(self, inner: Any, is_error: bool) -> None:
        self._inner = inner
        self._is_error = is_error

    def write(self, text: str) -> int:
        written: int = self._inner.write(text)
        for capture in tuple(_captures):
            if capture._pid == os.getpid():
                capture._native.write(self._is_error, text.encode("utf-8", "replace"))
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __iter__(self) -> Any:
        return iter(self._inner)


def _reaches(stream: Any, descriptor: int) -> bool:
    """True if what the stream is told comes to the process's descriptor, where the core hears it."""
    try:
        return os.name == "posix" and bool(stream.fileno() == descriptor)
    except (AttributeError, OSError, ValueError):
        return False


def _wrap() -> None:
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Heard) and not _reaches(stream, descriptor):
            setattr(sys, name, _Heard(stream, descriptor == 2))


def _unwrap() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # Somebody may have put another in its place meanwhile, which is theirs to take away.
        if isinstance(stream, _Heard):
            setattr(sys, name, stream._inner)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # There is none, or nobody reads it.
            pass


def is_wanted(log_console: bool | None) -> bool:
    """What the caller says, else ``MLOPS_LOG_CONSOLE``."""
    if log_console is not None:
        return bool(log_console)
    return os.environ.get("MLOPS_LOG_CONSOLE", "").strip().lower() in ("1", "true", "yes", "on")


def end_all() -> None:
    """Ends what is captured, as the process ends."""
    for capture in reversed(_captures):
        if capture._pid == os.getpid():
            capture.end()


def capture_console(run_id: str | None = None) -> Capture:
    """Keeps what the process and its children say on standard output and error with a run, the active one if none is
    named, until the block ends; it is still shown where it went before. ``mlops.get_console`` reads it."""
    from . import _fluent, _state

    run_id = _fluent._handle().id if run_id is None else str(run_id)
    run = _state.current_run()
    store = run._store if run is not None and run.info.run_id == run_id else _state.store()
    return Capture(store, run_id)


def get_console(run_id: str) -> str:
    """What the process of a run said while it was captured; empty if nothing was."""
    from . import _state

    return _native.read_console(_state.store(), str(run_id)).decode("utf-8", "replace")
