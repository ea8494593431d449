"""A sweep in processes of its own, and the line that says how far it is."""

from __future__ import annotations

import pickle
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing import connection, get_all_start_methods, get_context
from typing import TYPE_CHECKING, Any

from . import _state
from .exceptions import InvalidArgument, InvalidState

if TYPE_CHECKING:
    from types import TracebackType

    from ._sweeps import OnError, Sweep, Trial

# How often the line of progress is drawn, and how long a sweep waits until it is known how the trials of a worker that was
# killed ended, in seconds.
DRAW_EVERY = 0.5
KILLED_PATIENCE = 10.0


class Progress:
    """One line on standard error, if that is a terminal."""

    def __init__(self, sweep: Sweep, wanted: bool | None) -> None:
        self._sweep = sweep
        self._stream = sys.stderr
        self._shown = wanted if wanted is not None else self._stream is not None and self._stream.isatty()
        self._width = 0

    def update(self) -> None:
        """Draws the line."""
        if not self._shown:
            return
        status = self._sweep.status()
        total = status["max_trials"]
        done = status["finished"] + status["stopped"] + status["failed"] + status["lost"]
        filled = done * 20 // total
        parts = [f"{self._sweep.name} [{'#' * filled}{'.' * (20 - filled)}] {done}/{total}"]
        parts += [f"{status[name]} {name}" for name in ("running", "stopped", "failed", "killed", "lost") if status[name]]
        best = self._sweep.best
        if best is not None:
            parts.append(f"best {self._sweep.metric} {best['value']:.6g} (trial {best['number']})")
        line = ", ".join(parts)
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def __enter__(self) -> Progress:
        self.update()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self.update()
            self._stream.write("\n")


def run_in_processes(
    sweep: Sweep,
    objective: Callable[[Trial], float | None],
    processes: int,
    on_error: OnError,
    start_method: str | None,
    progress: Progress,
) -> None:
    """Runs the trials that are left in so many processes; those of a worker that was killed are begun again."""
    uri = sweep._store.uri
    if uri == "memory:":
        raise InvalidArgument("a store in memory is of one process: set another with mlops.set_tracking_uri, or leave processes out")
    context: Any = get_context(start_method or _start_method(objective))
    attempts = -1
    while True:
        killed = _round(sweep, (uri, sweep.name, objective, on_error), context, processes, progress)
        if not killed:
            return
        _wait_for_the_dead(sweep)
        before, attempts = attempts, sum(trial["attempt"] for trial in sweep.trials)
        if before == attempts:
            raise InvalidState(f"{killed} processes of the sweep `{sweep.name}` were killed before they took a trial")


def _round(sweep: Sweep, work: tuple[Any, ...], context: Any, processes: int, progress: Progress) -> int:
    """Runs workers until all have ended; how many of them were killed."""
    stop = context.Event()
    errors, errors_in = context.Pipe(duplex=False)
    # More than there is to do would only start and end.
    status = sweep.status()
    count = min(processes, status["left"] + status["killed"])
    workers = [context.Process(target=_work, args=(*work, stop, errors_in), name=f"mlops-sweep-{n}") for n in range(count)]
    try:
        for worker in workers:
            worker.start()
        # From here on only workers have the other end.
        errors_in.close()
        alive = workers
        while alive:
            connection.wait([worker.sentinel for worker in alive], timeout=DRAW_EVERY)
            alive = [worker for worker in alive if worker.exitcode is None]
            progress.update()
    except BaseException:
        stop.set()
        for worker in workers:
            if worker.pid is not None:
                worker.join()
        raise
    if errors.poll():
        try:
            number, error, text = errors.recv()
        except EOFError:
            pass
        else:
            failed = InvalidState(f"trial {number} of the sweep `{sweep.name}` failed: {error}")
            failed.__cause__ = _Remote(text)
            raise failed
    failed_to_start = [worker.name for worker in workers if (worker.exitcode or 0) > 0]
    if failed_to_start:
        raise InvalidState(
            f"{', '.join(failed_to_start)} could not run; what they said is on standard error. A script that calls sweep.run "
            'does it beneath `if __name__ == "__main__":`'
        )
    return sum(1 for worker in workers if (worker.exitcode or 0) < 0)


class _Remote(Exception):
    """The traceback of another process."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def _wait_for_the_dead(sweep: Sweep) -> None:
    """The store knows within a second or so that a process died."""
    deadline = time.monotonic() + KILLED_PATIENCE
    while sweep.status()["running"] and time.monotonic() < deadline:
        time.sleep(0.05)


def _start_method(objective: Callable[..., Any]) -> str:
    main = sys.modules.get("__main__")
    importable = getattr(objective, "__module__", None) != "__main__" or getattr(main, "__file__", None) is not None
    try:
        pickle.dumps(objective)
    except Exception:
        importable = False
    if importable or "fork" not in get_all_start_methods():
        return "spawn"
    return "fork"


def _work(
    uri: str, name: str, objective: Callable[[Trial], float | None], on_error: OnError, stop: Any, errors: Any
) -> None:
    """A worker: takes trials until there are none left or it is told to stop."""
    from ._sweeps import get_sweep

    _state.set_uri(uri)
    sweep = get_sweep(name)
    number: int | None = None

    def watched(trial: Trial) -> float | None:
        nonlocal number
        number = trial.number
        return objective(trial)

    class Stop(Exception):
        pass

    def check() -> None:
        if stop.is_set():
            raise Stop

    try:
        check()
        sweep._run_here(watched, on_error, check)
    except Stop:
        pass
    except Exception as error:
        stop.set()
        errors.send((number, f"{type(error).__name__}: {error}", traceback.format_exc()))
    except KeyboardInterrupt:
        # The parent was interrupted, too, and says it.
        stop.set()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


__all__ = ["Progress", "run_in_processes"]
