"""Series beyond a key and a step: contexts, definitions and summaries of metrics, forks and rewinds, notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from . import _native, _state
from ._convert import column_out, text_key, times_out, whole
from ._fluent import _handle
from ._state import Durability
from .exceptions import InvalidArgument, InvalidState

if TYPE_CHECKING:
    from .entities import Run

Context = Mapping[str, "str | int | float | bool"]


def series_key(key: str, context: Context | None) -> str:
    """The key of a metric's series with a context: ``loss{subset="train"}``, names sorted."""
    if context is None:
        return text_key("metric name", key)
    if not isinstance(context, Mapping):
        raise InvalidArgument(f"the context is of type {type(context).__name__}: expected a mapping such as {{'subset': 'train'}}")
    pairs = []
    for name, value in context.items():
        plain = value.item() if hasattr(value, "item") else value
        if not isinstance(plain, (str, int, float, bool)):
            raise InvalidArgument(f"{name!r} of the context is of type {type(value).__name__}: expected text, a number or a bool")
        pairs.append((text_key("name in a context", name), plain))
    return _native.series_key(text_key("metric name", key), pairs)


def run_of(run_id: str | None) -> str:
    """The run that is named, else the active one."""
    if run_id is not None:
        return text_key("run id", run_id)
    run = _state.current_run()
    if run is None:
        raise InvalidState("no run is active: give the id of a run, or start one")
    return run.info.run_id


def metric_contexts(run_id: str, key: str) -> list[dict[str, str]]:
    """The contexts that a metric of a run has series of; ``{}`` is the series without a context."""
    return _native.metric_contexts(_state.store(), text_key("run id", run_id), text_key("metric name", key))


def define_metric(
    name: str,
    step_metric: str | None = None,
    summary: str | Iterable[str] | None = None,
    goal: Literal["minimize", "maximize"] | None = None,
    hidden: bool | None = None,
    run_id: str | None = None,
    *,
    durability: Durability | None = None,
) -> None:
    """Says what sums up a metric, or all whose names match ``name`` (``*`` is any text), over what was said before.

    ``summary`` is one or several of ``min``, ``max``, ``mean``, ``last``, ``first``, ``best`` (which follows ``goal``) and
    ``none``; ``step_metric`` is the metric to plot it over; reports do not draw a ``hidden`` one."""
    asked = [summary] if isinstance(summary, str) else list(summary or [])
    step = None if step_metric is None else text_key("step metric", step_metric)
    given = [text_key("summary", one) for one in asked]
    handle = _handle(run_id, durability)
    _native.define_metric(handle, text_key("metric name", name), step, given, None if goal is None else str(goal), bool(hidden))


class Summary(Mapping[str, Any]):
    """What sums up each metric of a run, as it was defined: the value, or a dict where several were asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._values!r})"


def summary_in(store: _native.Store, run_id: str) -> Summary:
    """The summary of a run of a store."""
    found = _native.run_summary(store, run_id)
    return Summary({key: values[0][1] if len(values) == 1 else dict(values) for key, values in found.items()})


def summary(run_id: str | None = None) -> Summary:
    """What sums up each metric of a run as it is now: the last value, or what :func:`define_metric` says. Read-only."""
    return summary_in(_state.store(), run_of(run_id))


def get_metric_series_by(
    run_id: str, key: str, step_metric: str | None = None, *, context: Context | None = None, time_unit: str = "ms"
) -> tuple[Any, Any, Any, Any]:
    """The values of ``step_metric`` (default: what :func:`define_metric` says), steps, timestamps and values of a metric,
    ordered by step and time.

    Beside a point stands the value of the other metric at the largest step that is not above the point's, NaN before its
    first; of several at one step the last that is not later than the point."""
    step = None if step_metric is None else text_key("step metric", step_metric)
    at, steps, times, values = _native.metric_history_by(_state.store(), run_id, series_key(key, context), step)
    return column_out(at, "d"), column_out(steps, "q"), times_out(times, time_unit), column_out(values, "d")


def run_point(what: str, text: Any) -> tuple[str, int | None]:
    """The run and the step of ``RUN``, ``RUN@STEP`` or ``RUN?_step=STEP``."""
    if not isinstance(text, str):
        raise InvalidArgument(f"{what} is of type {type(text).__name__}: expected the text RUN or RUN@STEP")
    return _native.run_point(text)


def fork_run(run_id: str, step: int | None = None, run_name: str | None = None) -> Run:
    """Starts a run that begins with what another has logged, up to ``step``, without making it active."""
    from ._client import MlflowClient

    return MlflowClient().fork_run(run_id, step, run_name)


def rewind_run(run_id: str, step: int) -> None:
    """Removes the points of a run behind ``step``, from series and summaries, in one piece; the rest stays."""
    _native.rewind_run(_state.store(), text_key("run id", run_id), whole("the step", step))


def set_note(text: str, run_id: str | None = None, *, durability: Durability | None = None) -> None:
    """Writes the note of a run, over what it was; an empty text removes it."""
    if not isinstance(text, str):
        raise InvalidArgument(f"the note is of type {type(text).__name__}: expected text")
    handle = _handle(run_id, durability)
    if text:
        handle.set_tag("mlflow.note.content", text)
    else:
        handle.delete_tag("mlflow.note.content")


def note(run_id: str | None = None) -> str | None:
    """The note of a run; None if it has none."""
    found: dict[str, str] = _state.store().get_run(run_of(run_id))["tags"]
    return found.get("mlflow.note.content")
