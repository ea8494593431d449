"""Which store, which experiment, which run: what fluent calls without ids refer to."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

from . import _console, _native
from ._convert import path_text
from .entities import Run
from .exceptions import Corrupt, InvalidArgument, InvalidState, NotFound

if TYPE_CHECKING:
    from types import TracebackType

    from ._console import Capture
    from .entities import LoggedModelInput, LoggedModelOutput

# When a call is acknowledged; docs/guide/durability.md says what each promises.
Durability = Literal["fast", "full"]

# The variables that name the store where no call does, the first that is set counts.
_NAMES_OF_THE_STORE = ("MLOPS_STORE", "MLOPS_TRACKING_URI", "MLFLOW_TRACKING_URI")

_lock = threading.RLock()
_uri: str | None = None
_read_only = False
_durability: Durability | None = None
_store: _native.Store | None = None
_experiment: str | None = None
_last_run_id: str | None = None
# In a forked child: the run that was active at the fork, and its store.
_forked_run: tuple[str, str] | None = None

# The runs that this thread or asyncio task started, innermost last. A tuple, since a task inherits its
# maker's value and must not change it.
_own: ContextVar[tuple[ActiveRun, ...]] = ContextVar("mlops_own_runs", default=())
# The variable that names the active run of the main thread to processes that this one starts, by id and store; what it
# said before, while it does; and the run that it named to this process.
PARENT_RUN = "MLOPS_PARENT_RUN"
_outer_parent: tuple[str | None] | None = None
_parent_run: tuple[str, _native.Run] | None = None
# The runs started in the main thread: log calls of threads without a run of their own go to the newest.
_main: list[ActiveRun] = []


class ActiveRun(Run):
    """A run that is being logged to; as a context manager it ends with the block."""

    def __init__(self, raw: dict[str, Any], handle: _native.Run, store: _native.Store) -> None:
        super().__init__(raw, store)
        self._handle = handle
        self._store = store
        self._ended = False
        self._pid = os.getpid()
        self._console: Capture | None = None

    def __enter__(self) -> ActiveRun:
        return self

    def _linked(self) -> tuple[list[LoggedModelInput], list[LoggedModelOutput]]:
        # What it has by now.
        from ._logged_models import links_of

        return links_of(self._store, self.info.run_id)

    def __reduce__(self) -> tuple[type[Run], tuple[dict[str, Any]]]:
        # What travels to another process is the run as it was, not the right to log to it.
        return Run, (self.info._raw,)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid != os.getpid():
            # A forked child that leaves the block: the run is its parent's.
            return
        clean = kind is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        if self._ended:
            return
        try:
            if error is not None and not clean and self._console is not None:
                self._console.note(error)
            finish(self, "FINISHED" if clean else "FAILED")
        except Exception as failed:
            if error is None:
                raise
            warn_of_failed_end(self, failed)


def uri() -> str:
    """The location of the store that calls use, without opening it."""
    with _lock:
        return _store.uri if _store is not None else _native.locate(_uri or "")


def is_uri_set() -> bool:
    """True if a location was given, in a call or in the environment."""
    return _uri is not None or any(os.environ.get(name) for name in _NAMES_OF_THE_STORE)


def set_uri(
    location: str | os.PathLike[str] | None, read_only: bool = False, durability: Durability | None = None
) -> None:
    """Uses another store from the next call on; None or empty: the default."""
    global _uri, _read_only, _durability, _store, _experiment
    text = location_text(location)
    if durability not in (None, "fast", "full"):
        raise InvalidArgument(f"durability is {durability!r}: expected `fast` or `full`")
    with _lock:
        # Absolute from now on: the working directory may change before the store is opened.
        _uri = _native.locate(text) if text else None
        _read_only = read_only
        _durability = durability
        _store = None
        _experiment = None


def create(location: str | os.PathLike[str] | None, shared: str | None) -> None:
    """Makes a store, and uses it from the next call on."""
    global _uri, _read_only, _store, _experiment
    text = location_text(location)
    with _lock:
        # What is in use stays so until the new one is made.
        made = _native.Store(text, must_be_new=True, shared=shared)
        _uri = made.uri
        _read_only = False
        _store = made
        _experiment = None


def location_text(location: str | os.PathLike[str] | None, what: str = "the tracking URI") -> str:
    """A location as text; empty for the default, which is ``mlops:`` too, as MLflow's plugin has it."""
    text = "" if location is None else path_text(what, location)
    return "" if text.strip() in ("mlops:", "mlops://") else text


def store() -> _native.Store:
    """The store that calls use, opened at the first of them."""
    global _store
    # Another thread may say at any moment that a different one is to be used.
    opened = _store
    if opened is None:
        with _lock:
            if _store is None:
                _store = _native.Store(_uri or "", _read_only, durability=_durability)
            opened = _store
    elif _is_gone(opened):
        raise InvalidState(
            f"the store {opened.uri} was deleted while it was open; to begin a new one call mlops.set_tracking_uri(None)"
        )
    return opened


def _is_gone(opened: _native.Store) -> bool:
    return opened.uri != "memory:" and not os.path.isdir(opened.uri)


def is_open() -> bool:
    """True if calls of this process have opened their store."""
    return _store is not None


def warn_of_location(artifact_location: Any, location: str) -> None:
    """Says that files of an experiment are not kept elsewhere."""
    if artifact_location is not None and not str(artifact_location).startswith("experiments:/"):
        warnings.warn(
            f"artifact_location={str(artifact_location)!r} is not used: artifacts are kept in the store, {location}; to keep them"
            " elsewhere, put the store there with mlops.set_tracking_uri, or copy them with mlops.artifacts.download_artifacts",
            UserWarning,
            stacklevel=3,
        )


def set_experiment(experiment_id: str) -> None:
    """Has later runs start in this experiment."""
    global _experiment
    _experiment = experiment_id


def set_experiment_id() -> str | None:
    """The experiment that was set in this process; None if none was."""
    return _experiment


def experiment_id() -> str:
    """The experiment of runs that name none: the one that was set, else from the environment, else ``0``."""
    if _experiment is not None:
        return _experiment
    for prefix in ("MLOPS_", "MLFLOW_"):
        if name := os.environ.get(f"{prefix}EXPERIMENT_NAME"):
            return str(store().ensure_experiment(name)["experiment_id"])
        if number := os.environ.get(f"{prefix}EXPERIMENT_ID"):
            return number
    return "0"


def own_run() -> ActiveRun | None:
    """This thread's or task's own innermost run."""
    for run in reversed(_own.get()):
        if not run._ended:
            return run
    return None


def current_run() -> ActiveRun | None:
    """The run of a log call without an id: the own innermost, else the newest of the main thread."""
    run = own_run()
    if run is None and _main:
        with _lock:
            run = next((run for run in reversed(_main) if not run._ended), None)
    return run


def begin(run: ActiveRun, log_console: bool | None = None) -> ActiveRun:
    """Makes a run the innermost of this thread or task; keeps what the process says with it, if that is wanted."""
    global _last_run_id
    _own.set((*(run for run in _own.get() if not run._ended), run))
    with _lock:
        _last_run_id = run.info.run_id
        if threading.current_thread() is threading.main_thread():
            _main.append(run)
            _tell_children()
    _watch_ends()
    if _console.is_wanted(log_console):
        run._console = _console.Capture(run._store, run.info.run_id)
    return run


def finish(run: ActiveRun, status: str, durability: Durability | None = None) -> None:
    """Ends a run. One that was deleted meanwhile, or whose store was, cannot be ended, but is not in the way of the next."""
    try:
        if run._console is not None:
            run._console.end()
        dropped = at_level(run._handle, durability).end(status)
    except (InvalidState, NotFound, Corrupt):
        _forget(run)
        raise
    except Exception:
        # A full disk may have room again, and a wrong status be right the next time.
        if _is_gone(run._store):
            _forget(run)
        raise
    _forget(run)
    warn_of(dropped)


def at_level(handle: _native.Run, durability: Durability | None) -> _native.Run:
    """The handle whose calls are acknowledged as ``durability`` says; None: as they are."""
    return handle if durability is None else handle.with_durability(durability)


def warn_of(dropped: str | None) -> None:
    """Says that a run has ended without all that it logged: no reason to stop what comes after it."""
    if dropped is not None:
        warnings.warn(dropped, RuntimeWarning, stacklevel=3)


def warn_of_failed_end(run: ActiveRun, failed: Exception) -> None:
    """Says that a run could not be ended, while an exception that says more is on its way out of the block."""
    # A filter may make the warning an error too.
    with contextlib.suppress(Warning):
        text = f"the run {run.info.run_id} could not be ended: {type(failed).__name__}: {failed}"
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def _forget(run: ActiveRun) -> None:
    global _last_run_id
    run._ended = True
    _own.set(tuple(other for other in _own.get() if other is not run))
    with _lock:
        _last_run_id = run.info.run_id
        if run in _main:
            _main.remove(run)
            _tell_children()


def last_run_id() -> str | None:
    """The run that is active, else the one that was active last in this process: of nested ones the outer."""
    run = current_run()
    return run.info.run_id if run is not None else _last_run_id


def _tell_children() -> None:
    """Says in the environment which run is active, for processes that this one starts; and restores what was there."""
    global _outer_parent
    run = next((run for run in reversed(_main) if not run._ended and run._store.uri != "memory:"), None)
    if run is not None:
        if _outer_parent is None:
            _outer_parent = (os.environ.get(PARENT_RUN),)
        os.environ[PARENT_RUN] = f"{run.info.run_id} {run._store.uri}"
    elif _outer_parent is not None:
        (before,) = _outer_parent
        _outer_parent = None
        if before is None:
            os.environ.pop(PARENT_RUN, None)
        else:
            os.environ[PARENT_RUN] = before
    _tell_fork_server_children()


def _tell_fork_server_children() -> None:
    # A fork server keeps the environment that it was started with. What multiprocessing gives to each child that is made
    # from here on says what the environment says now.
    config = getattr(_this_process(), "_config", None)
    if config is not None:
        config[PARENT_RUN] = os.environ.get(PARENT_RUN, "")


def _hear_from_parent(_: object = None) -> None:
    # In a child of a fork server the environment becomes what it was where the child was made.
    process = sys.modules.get("multiprocessing.process")
    parent = process.parent_process() if process is not None else None
    if parent is None or parent.pid == os.getppid():
        return
    named = getattr(_this_process(), "_config", {}).get(PARENT_RUN)
    if named:
        os.environ[PARENT_RUN] = named
    elif named is not None:
        os.environ.pop(PARENT_RUN, None)


def _this_process() -> Any:
    process = sys.modules.get("multiprocessing.process")
    return None if process is None else process.current_process()


def _watch_beginning() -> None:
    # What a child imports before it knows who it is hears of its parent when it begins, the rest now.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_hear_from_parent, _hear_from_parent)
        _hear_from_parent()


_watch_beginning()


def parent_run() -> _native.Run | None:
    """The run that was active in the process that started this one, as the environment names it."""
    global _parent_run
    named = os.environ.get(PARENT_RUN)
    if not named:
        return None
    run_id, _, location = named.partition(" ")
    if not location or (is_uri_set() and _native.locate(_uri or "") != location):
        # This process was told to use another store.
        return None
    if _parent_run is None or _parent_run[0] != named:
        try:
            # One that was moved away is not made again.
            handle = _native.Store(location, must_exist=True).open_run(run_id)
        except (NotFound, InvalidState):
            return None
        _parent_run = (named, handle)
    return _parent_run[1]


def forked_run_id() -> str | None:
    """In a forked child: the run that was active at the fork, if it is in the store that calls use."""
    return _forked_run[0] if _forked_run is not None and _forked_run[1] == uri() else None


def inherited_run() -> _native.Run | None:
    """The run of the parent that log calls of this process go to, if it has none of its own."""
    if _forked_run is not None:
        run_id, location = _forked_run
        handle: _native.Run | None = (store() if location == uri() else _native.Store(location)).open_run(run_id)
    else:
        handle = parent_run()
    if handle is not None:
        # A child of multiprocessing brings what it logged into the store when it ends.
        _watch_ends()
    return handle


def inherited_store() -> _native.Store:
    """The store of the run that :func:`inherited_run` gives."""
    if _forked_run is not None:
        location = _forked_run[1]
    else:
        location = os.environ.get(PARENT_RUN, "").partition(" ")[2]
    return store() if not location or location == uri() else _native.Store(location)


def _after_fork() -> None:
    # The child shares neither the open store nor the runs of its parent; what it logs needs a store of its own.
    global _lock, _store, _forked_run, _watching, _outer_parent, _parent_run
    # Another thread of the parent may have held it.
    _lock = threading.RLock()
    run = current_run()
    if run is not None:
        # What is in memory is the parent's alone.
        _forked_run = None if run._store.uri == "memory:" else (run.info.run_id, run._store.uri)
    _store = None
    _watching = False
    _own.set(())
    _main.clear()
    _outer_parent = _parent_run = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_watching = False
_interrupted = False


def _watch_ends() -> None:
    # The exit status tells the core how a process ended, but for the ends below.
    global _watching
    if _watching:
        return
    _watching = True
    import atexit

    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _interrupted
        # At an interactive prompt an error is no end.
        if not hasattr(sys, "ps1"):
            _native.mark_process_failed()
            _interrupted = issubclass(kind, KeyboardInterrupt)
        before(kind, error, trace)

    sys.excepthook = hook
    atexit.register(_end_interrupted)
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, _end_child, exitpriority=-100)


def _end_interrupted() -> None:
    # After an uncaught KeyboardInterrupt Python kills itself by SIGINT: nothing else sees that it ends.
    _console.end_all()
    if _interrupted:
        _native.end_open_runs(1)


def _end_child() -> None:
    # A child of multiprocessing ends by os._exit, after it has called this while its error is on the way.
    _console.end_all()
    error = sys.exc_info()[1]
    clean = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
    _native.end_open_runs(0 if clean else 1)


def source() -> tuple[str, str]:
    """Name and type of what runs: a notebook, or a file."""
    kernel = sys.modules.get("ipykernel")
    if kernel is not None:
        name = os.environ.get("JPY_SESSION_NAME") or "notebook"
        return name, "NOTEBOOK"
    return (sys.argv[0] if sys.argv and sys.argv[0] else sys.executable), "LOCAL"
