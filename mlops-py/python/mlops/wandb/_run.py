"""A run as a W&B script sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from numbers import Number
from typing import TYPE_CHECKING, Any

from .. import _fluent, _state
from .._client import MlflowClient
from .._convert import whole
from .._state import ActiveRun
from ..exceptions import InvalidArgument, InvalidState
from ._absent import sentence
from ._config import Config
from ._data import pieces, plain
from ._flat import flat
from ._summary import Summary

if TYPE_CHECKING:
    from types import TracebackType

GROUP, JOB_TYPE, TAGS, ENTITY = "mlops.group", "mlops.job_type", "mlops.tags", "mlops.entity"
_CHANGED, _SUMMARY = "mlops.config.", "mlops.summary."
_GOALS = {"min": "minimize", "max": "maximize"}


class UsageError(InvalidState):
    """A call that the run is not in the state for."""


class AlertLevel(Enum):
    """How bad it is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Run:
    """One run. ``log`` counts its steps: each call is one, unless ``step`` or ``commit=False`` says otherwise."""

    def __init__(self, active: ActiveRun, project: str, step: int, enabled: bool = True) -> None:
        self._active = active
        self._project = project
        self._step = step
        self._enabled = enabled
        self._pending: dict[str, Any] = {}
        self._over = False
        self._resumed = False
        self.config = Config(self._put_params, self._change_params)
        self.summary = Summary(self._read_summary, self._put_summary)

    # --- what it is ----------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The run's id."""
        return self._active.info.run_id

    @property
    def name(self) -> str:
        """The run's name."""
        return self._active.info.run_name

    @name.setter
    def name(self, name: str) -> None:
        self._client().set_tag(self.id, "mlflow.runName", str(name))

    @property
    def entity(self) -> str:
        """What ``init`` said."""
        return self._tag(ENTITY)

    @property
    def start_time(self) -> float:
        """When it began, in seconds since 1970."""
        return self._active.info.start_time / 1000

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
        return self._tag(GROUP)

    @property
    def job_type(self) -> str:
        """What ``init`` said."""
        return self._tag(JOB_TYPE)

    @property
    def tags(self) -> tuple[str, ...]:
        """The labels of the run."""
        return tuple(json.loads(self._tag(TAGS) or "[]"))

    @tags.setter
    def tags(self, tags: Any) -> None:
        self._client().set_tag(self.id, TAGS, json.dumps([str(tag) for tag in tags]))

    @property
    def notes(self) -> str:
        """The note on the run."""
        return self._tag("mlflow.note.content")

    @notes.setter
    def notes(self, text: str) -> None:
        self._client().set_tag(self.id, "mlflow.note.content", str(text))

    @property
    def url(self) -> None:
        """There is no page of it on a server; ``mlops report`` makes one."""
        return None

    # --- what is logged ------------------------------------------------------------------------------------------

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """Logs values at a step: numbers as metrics, texts, images, tables and histograms as media. Nested mappings are one,
        keys joined by dots. Steps may come in any order: a lower one is that of its call alone."""
        self._check("log")
        if not isinstance(data, Mapping):
            raise InvalidArgument(f"log takes a mapping of names to values, not {type(data).__name__}")
        if any(not isinstance(key, str) for key in data):
            raise InvalidArgument("the names of what is logged are texts")
        if step is not None:
            if isinstance(step, bool):
                raise InvalidArgument(f"step is {step!r}: expected a whole number")
            at = whole("step", step)
            if at < self._step:
                # The counter does not go back, and what waits for its step goes on waiting.
                self._write(flat(data), at)
                return
            if at != self._step:
                self._flush()
            self._step = at
        self._pending.update(flat(data))
        if commit or (commit is None and step is None):
            self._flush()
            self._step += 1
        elif commit is None:
            # Equal steps are one; they are written as they come, since nothing is lost by that.
            self._flush()

    def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        self._write(pending, self._step)

    def _write(self, data: dict[str, Any], step: int) -> None:
        if not self._enabled:
            return
        from .. import log_media

        numbers: dict[str, float] = {}
        for key, value in data.items():
            if _is_number(value):
                numbers[key] = value
            elif value is not None:
                for end, media in pieces(value):
                    log_media(key + end, media, step=step, run_id=self.id)
        if numbers:
            _fluent.log_metrics(numbers, step=step, run_id=self.id)

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
        from .. import define_metric

        self._check("define_metric")
        parts = [part.strip() for part in summary.split(",")] if summary else None
        # W&B's `best` is the largest unless the goal says otherwise, and it has spellings of its own.
        wanted = _GOALS.get(goal, goal) if goal else ("maximize" if parts and "best" in parts else None)
        if self._enabled:
            define_metric(
                str(name), step_metric=step_metric, summary=parts, goal=wanted, hidden=hidden, run_id=self.id  # type: ignore[arg-type]
            )

    def alert(self, title: str, text: str = "", level: str | AlertLevel | None = None, wait_duration: Any = None) -> None:
        """Raises an alert; the same title is passed over within ``wait_duration`` (seconds, or a timedelta)."""
        from .. import alert

        self._check("alert")
        name = level.value if isinstance(level, AlertLevel) else (level or "INFO")
        if self._enabled:
            # W&B waits a minute unless it is told otherwise.
            alert(str(title), str(text), name, 60 if wait_duration is None else wait_duration, self.id)

    def save(self, glob_str: str, base_path: Any = None, policy: str = "now") -> list[str]:
        """Logs the files that a pattern names as artifacts."""
        import glob
        import os

        self._check("save")
        root = os.fspath(base_path) if base_path is not None else ""
        found = [path for path in sorted(glob.glob(os.fspath(glob_str))) if os.path.isfile(path)]
        for path in found:
            folder = os.path.dirname(os.path.relpath(path, root)) if root else ""
            self._client().log_artifact(self.id, path, folder or None)
        return found

    # --- how it ends ---------------------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Ends the run: FINISHED, or FAILED for an exit code that is not 0."""
        if self._over:
            return
        self._flush()
        self._over = True
        from . import _script

        _script.forget(self)
        if self._enabled:
            self._active.__exit__(*((None, None, None) if not exit_code else (RuntimeError, RuntimeError(), None)))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        clean = kind is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        self.finish(0 if clean else 1)

    def __repr__(self) -> str:
        return f"<wandb run {self.name} ({self.id}) of {self._project}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(sentence("a run of mlops.wandb", name, of_a_run=True))

    # --- beneath -------------------------------------------------------------------------------------------------

    def _check(self, call: str) -> None:
        if self._over:
            raise UsageError(f"the run {self.id} is finished: {call} came after finish(); call init() for a new one")

    def _client(self) -> MlflowClient:
        return MlflowClient()

    def _tag(self, key: str) -> str:
        return str(_fluent.get_run(self.id).data.tags.get(key, ""))

    def _put_params(self, params: dict[str, Any]) -> None:
        self._check("config")
        if self._enabled:
            _fluent.log_params(params, run_id=self.id)

    def _go_on(self) -> None:
        """Takes up the config that the run has, and counts on behind its last step."""
        raw = _state.store().get_run(self.id)
        steps = [value[1] for value in raw["metrics"].values() if isinstance(value, tuple)]
        self._step = max(steps, default=-1) + 1
        data = _fluent.get_run(self.id).data
        changed = {key.removeprefix(_CHANGED): text for key, text in data.tags.items() if key.startswith(_CHANGED)}
        self.config._resume({**data.params, **changed})

    def _change_params(self, params: dict[str, Any]) -> None:
        self._check("config")
        if self._enabled:
            for key, value in params.items():
                self._client().set_tag(self.id, f"{_CHANGED}{key}", str(value))

    def _read_summary(self) -> dict[str, Any]:
        from .. import summary

        if not self._enabled:
            return {}
        found: dict[str, Any] = dict(summary(self.id))
        for key, text in _fluent.get_run(self.id).data.tags.items():
            if key.startswith(_SUMMARY):
                found[key.removeprefix(_SUMMARY)] = json.loads(text)
        return found

    def _put_summary(self, values: dict[str, Any]) -> None:
        if self._enabled:
            for key, value in flat(values).items():
                self._client().set_tag(self.id, f"{_SUMMARY}{key}", json.dumps(plain(value)))


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, int, float)):
        return True
    # A scalar of NumPy or torch; an array of one number is one too.
    return (isinstance(value, Number) and not isinstance(value, complex)) or (
        hasattr(value, "item") and getattr(value, "ndim", None) == 0
    )
