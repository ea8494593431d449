"""Metrics of logged models: what a run measures of one is a point of both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from . import _native
from ._inputs import Input, Subject, measured_on
from ._logged_models import existing

# Key, value, step, microseconds.
Point = tuple[str, float, int, "int | None"]
_MOST = 10_000

# What is known to be so, by store: that a model exists; that a run has it as an input or output.
_known: set[tuple[str, str]] = set()
_linked: set[tuple[str, str, str]] = set()


def now() -> int:
    """Microseconds since 1970: points of a run and of a model have one time."""
    return time.time_ns() // 1000


def check(store: _native.Store, model_ids: Sequence[str]) -> None:
    """Fails for a model that the store has not."""
    for model_id in model_ids:
        if (store.id, model_id) not in _known:
            existing(_native.LoggedModels(store), model_id)
            _add(_known, (store.id, model_id))


def link(store: _native.Store, run_id: str, model_ids: Sequence[str]) -> None:
    """Has a run have these models as inputs, but those that it made."""
    new = [model_id for model_id in model_ids if (store.id, run_id, model_id) not in _linked]
    if not new:
        return
    models = _native.LoggedModels(store)
    inputs, outputs = models.links(run_id)
    had = {*inputs, *(model_id for model_id, _ in outputs)}
    wanted = [model_id for model_id in new if model_id not in had]
    if wanted:
        models.link(run_id, wanted, [])
    for model_id in new:
        _add(_linked, (store.id, run_id, model_id))


def _add(known: set[Any], one: Any) -> None:
    if len(known) >= _MOST:
        known.clear()
    known.add(one)


def log(
    store: _native.Store, handle: _native.Run, points: Sequence[Point], model_ids: Sequence[str], dataset: Any = None
) -> None:
    """Logs points to a run and to models, which become inputs of the run. Nothing is logged if one does not exist."""
    first = model_ids[0] if model_ids else None
    subject, inputs = measured_on(first, dataset)
    log_of(store, handle, points, model_ids, subject, inputs)
    if model_ids:
        link(store, handle.id, model_ids)


def log_of(
    store: _native.Store,
    handle: _native.Run,
    points: Sequence[Point],
    model_ids: Sequence[str],
    subject: Subject | None,
    inputs: list[Input],
) -> None:
    """The same with what they were measured on as a native call takes it."""
    if not model_ids:
        handle.log_batch([], [], list(points), [subject] * len(points), inputs)
        return
    check(store, model_ids)
    at = now()
    timed = [(key, value, step, at if when is None else when) for key, value, step, when in points]
    handle.log_batch([], [], list(timed), [subject] * len(timed), inputs)
    for model_id in model_ids:
        give(store, handle.id, model_id, [(*point, subject) for point in timed])


def give(store: _native.Store, run_id: str, model_id: str, points: Sequence[Any]) -> None:
    """Gives a model points that a run has logged: key, value, step, microseconds, and what they were measured on."""
    given = []
    for key, value, step, at, subject in points:
        _, name, digest = subject or (None, None, None)
        given.append((key, value, step, at, run_id, name, digest))
    _native.LoggedModels(store).log_metrics(model_id, given)
