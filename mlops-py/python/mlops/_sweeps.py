"""Sweeps: trials of one training over a space of params, taken by any number of processes from one store."""

from __future__ import annotations

import json
import math
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from . import _native, _state
from ._convert import metric_value, text_key, whole
from ._state import ActiveRun
from .exceptions import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from types import TracebackType

# What becomes of an exception in a trial: it goes on its way, or the next trial comes. Its run is FAILED in both cases.
OnError = Literal["raise", "continue"]
# What a trial is told when it reports a value.
Decision = Literal["continue", "stop"]

# The tag with the exception that a trial ended with.
ERROR_TAG = "mlops.error"


def sweep(
    space: Mapping[str, Any],
    method: Literal["grid", "random", "tpe", "given"] = "random",
    metric: str = "loss",
    goal: Literal["minimize", "maximize"] = "minimize",
    max_trials: int | None = None,
    seed: int | None = None,
    early_stopping: str | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    max_attempts: int | None = None,
    on_error: OnError = "raise",
) -> Sweep:
    """Makes a sweep, or joins the one of this ``name`` that is defined in the same way.

    A param of the space is a list, one of which is chosen; ``{"min": 1e-5, "max": 0.1, "log": True}``, a range, of integers
    if both bounds are, with ``"step"`` if it has one; a ``range``; or a plain value. ``early_stopping`` is ``"median"``,
    ``"halving"`` or a dict with ``"rule"`` and its numbers; see docs/guide/sweeps.md. The trials are runs of the experiment
    that is set, nested under the active run if there is one."""
    _check_on_error(on_error)
    if not isinstance(space, Mapping):
        raise InvalidArgument(f"the space is {space!r}: expected a dict of params")
    suggested = method == "tpe"
    if suggested:
        from ._tpe import check

        check()
    parent = _state.current_run()
    store = _state.store()
    definition = {
        "name": None if name is None else text_key("sweep name", name),
        "method": "given" if suggested else method,
        "suggested_by": "tpe" if suggested else None,
        "space": dict(space),
        "metric": metric,
        "goal": goal,
        "max_trials": max_trials,
        "seed": seed,
        "early_stopping": early_stopping if early_stopping is None else _rule(early_stopping),
        "max_attempts": max_attempts,
        "experiment_id": _state.experiment_id(),
        "parent_run_id": parent.info.run_id if parent is not None and parent._store.uri == store.uri else None,
    }
    try:
        text = json.dumps(definition, default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"the sweep cannot be written down: {error}") from None
    return Sweep(_native.ensure_sweep(store, text, _state.source()), store, on_error)


def get_sweep(name: str, on_error: OnError = "raise") -> Sweep:
    """The sweep of this name, to take trials of it in another process or on another day."""
    _check_on_error(on_error)
    store = _state.store()
    return Sweep(_native.get_sweep(store, text_key("sweep name", name), _state.source()), store, on_error)


def _check_on_error(on_error: str) -> None:
    if on_error not in ("raise", "continue"):
        raise InvalidArgument(f"on_error is {on_error!r}: expected `raise` or `continue`")


def _rule(early_stopping: str | Mapping[str, Any]) -> Any:
    return early_stopping if isinstance(early_stopping, str) else dict(early_stopping)


def _plain(value: Any) -> Any:
    """What JSON has for a value of another library or a ``range``."""
    if isinstance(value, range) and value and value.step > 0:
        return {"min": value[0], "max": value[-1], "step": value.step}
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is no value of a param")


def read_number(value: float | str | None) -> float | None:
    """A number of the core's JSON, where NaN and infinities are texts."""
    return None if value is None else float(value)


class Trial:
    """A trial to run: ``params``, and ``run``, which is active until the trial ends. As a context manager it ends with the
    block: FINISHED, or FAILED after an exception."""

    def __init__(self, sweep: Sweep, native: _native.Trial) -> None:
        self.sweep = sweep
        self.params: dict[str, Any] = json.loads(native.params())
        self._native = native
        handle = native.run()
        self.run = _state.begin(ActiveRun(sweep._store.get_run(handle.id), handle, sweep._store))
        self._last: tuple[int, float] | None = None

    @property
    def number(self) -> int:
        """The number in the sweep, from 0."""
        return self._native.number

    @property
    def attempt(self) -> int:
        """1, or more if the processes of earlier attempts were killed."""
        return self._native.attempt

    @property
    def should_stop(self) -> bool:
        """True once a report was answered with ``"stop"``."""
        return self._native.should_stop

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def __repr__(self) -> str:
        return f"<Trial {self.number} of {self.sweep.name!r}: {self.params}>"

    def report(self, value: float, step: int) -> Decision:
        """Logs a value of the sweep's metric; ``"stop"`` if early stopping says that it is not worth going on."""
        number, place = metric_value(self.sweep.metric, value), whole("the step", step)
        stop = self._native.report(number, place)
        if self._last is None or place >= self._last[0]:
            self._last = (place, number)
        return "stop" if stop else "continue"

    def end(self, status: str = "FINISHED") -> None:
        """Ends the trial; fine if it has ended."""
        if not self.run._ended:
            _state.finish(self.run, status)

    def _returned(self, value: Any) -> None:
        """Takes what an objective returned as the value of the trial, unless it was reported."""
        if value is None:
            return
        number = metric_value(self.sweep.metric, value)
        step, last = self._last if self._last is not None else (0, None)
        if number != last and not (last is not None and math.isnan(number) and math.isnan(last)):
            self.run._handle.log_metric(self.sweep.metric, number, step, None)

    def _left(self, error: BaseException | None) -> None:
        clean = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        try:
            if not clean and not self.run._ended:
                text = f"{type(error).__name__}: {error}"[:1000]
                self.run._handle.set_tag(ERROR_TAG, text.encode("utf-8", "replace").decode())
            self.end("FINISHED" if clean else "FAILED")
        except Exception as failed:
            if error is None or isinstance(error, GeneratorExit):
                raise
            _state.warn_of_failed_end(self.run, failed)

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._left(error)
        return isinstance(error, Exception) and self.sweep.on_error == "continue"


class _Current:
    """The trial of a loop."""

    trial: Trial | None = None

    def leave(self, error: BaseException | None) -> None:
        trial, self.trial = self.trial, None
        if trial is not None:
            trial._left(error)


class _Trials(Iterator[Trial]):
    """The trials of a loop, each ended when the next is asked for or the loop is left."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._current = _Current()
        # Goes with this, and this with the loop.
        self._leaving = _native.Leaving(partial(_Current.leave, self._current))

    def __next__(self) -> Trial:
        self._current.leave(None)
        trial = self._current.trial = self._sweep.take()
        if trial is None:
            raise StopIteration
        return trial


class Sweep:
    """A sweep, to take trials from::

        for trial in sweep:
            loss = train(**trial.params)
            trial.report(loss, step=0)
    """

    def __init__(self, native: _native.Sweep, store: _native.Store, on_error: OnError) -> None:
        self._native = native
        self._store = store
        self.on_error = on_error
        self.definition: dict[str, Any] = json.loads(native.definition())

    @property
    def name(self) -> str:
        """The name, by which other processes find it."""
        return str(self.definition["name"])

    @property
    def metric(self) -> str:
        """The metric that counts."""
        return str(self.definition["metric"])

    def __repr__(self) -> str:
        return f"<Sweep {self.name!r}: {self.status()}>"

    def take(self) -> Trial | None:
        """Takes a trial and makes its run active; None if there is none to take."""
        taken = self._native.take()
        if taken is None and self.definition["suggested_by"] == "tpe":
            from ._tpe import suggest

            if self.status()["left"]:
                taken = self._native.take_given(list(suggest(self).items()))
        return None if taken is None else Trial(self, taken)

    def take_given(self, params: Mapping[str, Any]) -> Trial | None:
        """Takes the next trial of a sweep of the method ``"given"``, with these params."""
        taken = self._native.take_given([(text_key("param name", name), value) for name, value in params.items()])
        return None if taken is None else Trial(self, taken)

    def __iter__(self) -> Iterator[Trial]:
        return _Trials(self)

    def run(
        self,
        objective: Callable[[Trial], float | None],
        processes: int = 1,
        *,
        on_error: OnError | None = None,
        start_method: Literal["spawn", "fork", "forkserver"] | None = None,
        progress: bool | None = None,
    ) -> Sweep:
        """Calls ``objective`` for trial after trial until there are none left. What it returns is logged as the value.

        With ``processes`` above 1 it runs in so many processes of its own; they are started by ``start_method``: spawned
        if they can import the objective, else forked. An exception ends its trial FAILED; then ``on_error`` says if the
        sweep goes on. ``progress`` shows a line of progress; by default on a terminal."""
        from ._sweep_processes import Progress, run_in_processes

        on_error = self.on_error if on_error is None else on_error
        _check_on_error(on_error)
        if whole("processes", processes) < 1:
            raise InvalidArgument(f"processes is {processes}: expected 1 or more")
        with Progress(self, progress) as shown:
            if processes > 1:
                run_in_processes(self, objective, processes, on_error, start_method, shown)
            else:
                self._run_here(objective, on_error, shown.update)
        return self

    def _run_here(self, objective: Callable[[Trial], float | None], on_error: OnError, after: Callable[[], object]) -> None:
        while (trial := self.take()) is not None:
            try:
                value = objective(trial)
                if not trial.run._ended:
                    trial._returned(value)
            except BaseException as error:
                trial._left(error)
                if on_error == "raise" or not isinstance(error, Exception):
                    raise
                print(f"mlops: trial {trial.number} failed; the sweep goes on", file=sys.stderr)
                traceback.print_exc()
            trial.end()
            after()

    @property
    def trials(self) -> list[dict[str, Any]]:
        """The trials that were taken: number, attempt, run_id, params, state, value, step, started_at, ended_at."""
        return [_read_trial(trial) for trial in json.loads(self._native.trials())]

    @property
    def best(self) -> dict[str, Any] | None:
        """The best of the trials that ended well, as ``trials`` has it; None if none has a value."""
        found = self._native.best()
        return None if found is None else _read_trial(json.loads(found))

    def status(self) -> dict[str, int]:
        """How many trials are running, finished, stopped, failed, killed, lost and left, of ``max_trials``."""
        found: dict[str, int] = json.loads(self._native.status())
        return found

    def to_pandas(self) -> Any:
        """The trials as a DataFrame, a column ``params.<name>`` for each param."""
        try:
            import pandas
        except ImportError:
            raise Unsupported("a DataFrame needs the package pandas; install it") from None
        rows = []
        for trial in self.trials:
            params = trial.pop("params")
            rows.append({**trial, **{f"params.{name}": value for name, value in params.items()}})
        frame = pandas.DataFrame(rows)
        for column in ("started_at", "ended_at"):
            if column in frame:
                frame[column] = pandas.to_datetime(frame[column], utc=True, format="ISO8601")
        return frame


def _read_trial(trial: dict[str, Any]) -> dict[str, Any]:
    trial["value"] = read_number(trial["value"])
    return trial
