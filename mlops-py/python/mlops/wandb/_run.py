"""A run as a W&B script sees it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any

from .. import _fluent, _state
from .._convert import whole
from ..exceptions import InvalidArgument, InvalidState, MlopsError, NotFound
from ._absent import sentence
from ._config import Config
from ._guard import Guard
from ._place import ENTITY, GROUP, JOB_TYPE, NOTE, TAGS, Place
from ._summary import Summary
from ._values import Value, prepared

if TYPE_CHECKING:
    from types import TracebackType

_CHANGED = "mlops.config."
_GOALS = {"min": "minimize", "max": "maximize"}


class UsageError(InvalidState):
    """A call that the run is not in the state for."""


class AlertLevel(Enum):
    """How bad it is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Run:
    """One run. ``log`` counts its steps: each call is one, unless ``step`` or ``commit=False`` says otherwise. Threads may
    log to it at once: each call has a step of its own."""

    def __init__(self, place: Place, project: str) -> None:
        self._place = place
        self._project = project
        self._step = 0
        # What waits for its step, looked at and ready to be written.
        self._pending: dict[str, Value] = {}
        self._guard = Guard()
        self._over = False
        self._resumed = False
        self.config = Config(self._put_config, self._guard)
        self.summary = Summary(place, self._guard)

    # --- what it is ----------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The run's id."""
        return self._place.id

    @property
    def name(self) -> str:
        """The run's name."""
        return self._place.name

    @name.setter
    def name(self, name: str) -> None:
        self._place.rename(str(name))

    @property
    def entity(self) -> str:
        """What ``init`` said."""
        return self._place.tag(ENTITY)

    @property
    def start_time(self) -> float:
        """When it began, in seconds since 1970."""
        return self._place.start_time

    @property
    def project(self) -> str:
        """The experiment's name."""
        return self._project

    @property
    def step(self) -> int:
        """The step of the next ``log`` that names none."""
        return self._step

    @property
    def resumed(self) -> bool:
        """True if ``init`` went on with a run that there was."""
        return self._resumed

    @property
    def group(self) -> str:
        """What ``init`` said."""
        return self._place.tag(GROUP)

    @property
    def job_type(self) -> str:
        """What ``init`` said."""
        return self._place.tag(JOB_TYPE)

    @property
    def tags(self) -> tuple[str, ...]:
        """The labels of the run."""
        return tuple(json.loads(self._place.tag(TAGS) or "[]"))

    @tags.setter
    def tags(self, tags: Any) -> None:
        self._place.set_tags({TAGS: json.dumps([str(tag) for tag in tags])})

    @property
    def notes(self) -> str:
        """The note on the run."""
        return self._place.tag(NOTE)

    @notes.setter
    def notes(self, text: str) -> None:
        self._place.set_tags({NOTE: str(text)})

    @property
    def url(self) -> None:
        """There is no page of it on a server; ``mlops report`` makes one."""
        return None

    # --- what is logged ------------------------------------------------------------------------------------------

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """Logs values at a step: numbers as metrics, texts, images, tables and histograms as media. Nested mappings are one,
        keys joined by dots. Steps may come in any order: a lower one is that of its call alone.

        All values are looked at before the first is written: with one that cannot be stored, none is."""
        self._check("log")
        if not isinstance(data, Mapping):
            raise InvalidArgument(f"log takes a mapping of names to values, not {type(data).__name__}")
        if any(not isinstance(key, str) for key in data):
            raise InvalidArgument("the names of what is logged are texts")
        if isinstance(step, bool):
            raise InvalidArgument(f"step is {step!r}: expected a whole number")
        at = None if step is None else whole("step", step)
        values = prepared(data, self._place.kept)
        with self._guard:
            # Another thread may have ended it meanwhile.
            self._check("log")
            if at is not None and at < self._step:
                # The counter does not go back, and what waits for its step goes on waiting.
                self._write(values, at)
                return
            if at is not None and at != self._step:
                self._flush()
                self._step = at
            together = {**self._pending, **values}
            if commit is None or commit:
                # Equal steps are one; they are written as they come, since nothing is lost by that.
                self._write(together, self._step)
                self._pending = {}
                if commit or at is None:
                    self._step += 1
            else:
                self._pending = together

    def _flush(self) -> None:
        self._write(self._pending, self._step)
        self._pending = {}

    def _write(self, values: dict[str, Value], step: int) -> None:
        self._place.log(values, step)
        self.summary._logged(values)

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> None:
        """Says how a metric is summed up, and which other metric is its step."""
        self._check("define_metric")
        parts = [part.strip() for part in summary.split(",")] if summary else []
        # W&B's `best` is the largest unless the goal says otherwise, and it has spellings of its own; its `copy` is the last
        # value beside nothing else.
        wanted = _GOALS.get(goal, goal) if goal else ("maximize" if "best" in parts else None)
        sums = [part for part in parts if part != "copy"] or (["last"] if parts else [])
        self._place.define(str(name), step_metric, sums, wanted, hidden)

    def alert(self, title: str, text: str = "", level: str | AlertLevel | None = None, wait_duration: Any = None) -> None:
        """Raises an alert; the same title is passed over within ``wait_duration`` (seconds, or a timedelta)."""
        self._check("alert")
        name = level.value if isinstance(level, AlertLevel) else (level or "INFO")
        # W&B waits a minute unless it is told otherwise.
        self._place.alert(str(title), str(text), name, 60 if wait_duration is None else wait_duration)

    def save(self, glob_str: str | os.PathLike[str], base_path: Any = None, policy: str = "now") -> list[str]:
        """Logs the files that a pattern names as artifacts."""
        import glob

        self._check("save")
        root = os.fspath(base_path) if base_path is not None else ""
        found = [path for path in sorted(glob.glob(os.fspath(glob_str))) if os.path.isfile(path)]
        for path in found:
            folder = os.path.dirname(os.path.relpath(path, root)) if root else ""
            self._place.log_file(path, folder or None)
        return found

    # --- how it ends ---------------------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Ends the run: FINISHED, or FAILED for an exit code that is not 0."""
        with self._guard:
            if self._over:
                return
            try:
                self._flush()
            except (InvalidState, NotFound):
                # The run is gone, or over: the second call leaves it. A full disk may have room again.
                self._pending = {}
                raise
            self._over = True
        from . import _script

        _script.forget(self)
        self._place.end(failed=bool(exit_code))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        clean = kind is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        self.finish(0 if clean else 1)

    def __repr__(self) -> str:
        name = ""
        # What is printed is the run, not that its store is gone.
        with suppress(MlopsError):
            name = f" {self.name}"
        return f"<wandb run{name} ({self.id}) of {self._project}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(sentence("a run of mlops.wandb", name, "run"))

    # --- beneath -------------------------------------------------------------------------------------------------

    def _check(self, call: str) -> None:
        if self._over:
            raise UsageError(f"the run {self.id} is finished: {call} came after finish(); call init() for a new one")

    def _go_on(self) -> None:
        """Takes up the config and the summary that the run has, and counts on behind its last step."""
        raw = _state.store().get_run(self.id)
        steps = [value[1] for value in raw["metrics"].values() if isinstance(value, tuple)]
        self._step = max(steps, default=-1) + 1
        data = _fluent.get_run(self.id).data
        changed = {key.removeprefix(_CHANGED): text for key, text in data.tags.items() if key.startswith(_CHANGED)}
        self.config._resume({**data.params, **changed})
        self.summary._resume()

    def _put_config(self, new: dict[str, Any], changed: dict[str, Any]) -> None:
        self._check("config")
        self._place.log_config(new, {f"{_CHANGED}{key}": str(value) for key, value in changed.items()})
