"""Where what a run says goes: to the store, or, in disabled mode, nowhere."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from .. import _fluent, _media, _native, _state
from .._client import MlflowClient
from .._convert import tag_items, text_key
from .._state import ActiveRun
from ..exceptions import NotFound
from ._values import Value

GROUP, JOB_TYPE, TAGS, ENTITY, NOTE = "mlops.group", "mlops.job_type", "mlops.tags", "mlops.entity", "mlflow.note.content"
_NAME, _SUMMARY = "mlflow.runName", "mlops.summary."


class Place(Protocol):
    """What a run needs of the place that it is kept in. ``kept`` is False where nothing is."""

    kept: bool
    id: str
    start_time: float

    @property
    def name(self) -> str: ...
    def rename(self, name: str) -> None: ...
    def tag(self, key: str) -> str: ...
    def set_tags(self, tags: Mapping[str, str]) -> None: ...
    def log_config(self, params: Mapping[str, Any], tags: Mapping[str, str]) -> None: ...
    def log(self, values: Mapping[str, Value], step: int) -> None: ...
    def log_file(self, path: str, folder: str | None) -> None: ...
    def define(self, name: str, step_metric: str | None, summary: list[str], goal: str | None, hidden: bool | None) -> None: ...
    def alert(self, title: str, text: str, level: str, wait: Any) -> None: ...
    def sums(self) -> dict[str, list[tuple[str, Any]]]:
        """What sums up each metric: one ``last``, or what was defined."""
        ...

    def said(self) -> dict[str, Any]:
        """What the script set in the summary, by joined keys."""
        ...

    def say(self, values: Mapping[str, Any]) -> None: ...
    def unsay(self, keys: Iterable[str]) -> None: ...
    def last_texts(self) -> dict[str, str]:
        """The texts that the run has, the last of each key."""
        ...

    def end(self, failed: bool) -> None: ...


class Stored:
    """A run in the store."""

    kept = True

    def __init__(self, active: ActiveRun) -> None:
        self.active = active
        self.id = active.info.run_id
        self.start_time = active.info.start_time / 1000

    @property
    def name(self) -> str:
        """The name that the run has now, whoever gave it."""
        return _fluent.get_run(self.id).info.run_name

    def rename(self, name: str) -> None:
        """Gives the run another name."""
        self.set_tags({_NAME: name})

    def tag(self, key: str) -> str:
        """A tag; empty if the run has none of this name."""
        return str(_fluent.get_run(self.id).data.tags.get(key, ""))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Sets tags, all or none of them."""
        _fluent._handle(self.id).log_batch([], tag_items(tags), [])

    def log_config(self, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Logs params and tags, all or none of them."""
        given = [(text_key("param name", key), value) for key, value in params.items()]
        _fluent._handle(self.id).log_batch(given, tag_items(tags), [])

    def log(self, values: Mapping[str, Value], step: int) -> None:
        """Logs the values of a step. They were looked at before: what fails now is the disk, or the run that is gone."""
        numbers = {key: value.number for key, value in values.items() if value.number is not None}
        if numbers:
            _fluent.log_metrics(numbers, step=step, run_id=self.id)
        if len(numbers) < len(values):
            handle = _fluent._handle(self.id)
            for value in values.values():
                for key, kind, content in value.media:
                    _native.log_media(handle, key, kind, content, step)

    def log_file(self, path: str, folder: str | None) -> None:
        """Logs a file as an artifact."""
        MlflowClient().log_artifact(self.id, path, folder)

    def define(self, name: str, step_metric: str | None, summary: list[str], goal: str | None, hidden: bool | None) -> None:
        """Says how a metric is summed up."""
        from .. import define_metric

        define_metric(name, step_metric=step_metric, summary=summary, goal=goal, hidden=hidden, run_id=self.id)  # type: ignore[arg-type]

    def alert(self, title: str, text: str, level: str, wait: Any) -> None:
        """Raises an alert."""
        from .. import alert

        alert(title, text, level, wait, self.id)

    def sums(self) -> dict[str, list[tuple[str, Any]]]:
        """What sums up each metric."""
        return {key: list(values) for key, values in _native.run_summary(_state.store(), self.id).items()}

    def said(self) -> dict[str, Any]:
        """What the script set: the tags ``mlops.summary.<key>``."""
        tags = _fluent.get_run(self.id).data.tags
        return {key.removeprefix(_SUMMARY): json.loads(text) for key, text in tags.items() if key.startswith(_SUMMARY)}

    def say(self, values: Mapping[str, Any]) -> None:
        """Sets values of the summary, all or none of them."""
        self.set_tags({f"{_SUMMARY}{key}": json.dumps(value) for key, value in values.items()})

    def unsay(self, keys: Iterable[str]) -> None:
        """Removes values of the summary that were set."""
        for key in keys:
            # Another process may have removed it.
            with suppress(NotFound):
                MlflowClient().delete_tag(self.id, f"{_SUMMARY}{key}")

    def last_texts(self) -> dict[str, str]:
        """The texts that the run has, the last of each key, without captions."""
        last = {point.key: point for point in _media.media_history(self.id)}
        return {key: str(point.load()) for key, point in last.items() if point.kind == "text" and not key.endswith(".caption")}

    def end(self, failed: bool) -> None:
        """Ends the run."""
        self.active.__exit__(*((RuntimeError, RuntimeError(), None) if failed else (None, None, None)))


class Nowhere:
    """A run of disabled mode: it is what was said of it, for as long as the script has it, and nothing is stored.

    Of what is logged it keeps the last value of each key, so that it does not grow."""

    kept = False

    def __init__(self, run_id: str | None, name: str | None, tags: Mapping[str, str]) -> None:
        self.id = run_id or uuid.uuid4().hex
        self.start_time = time.time()
        self.name = name or "disabled"
        self._tags = dict(tags)
        self._last: dict[str, Any] = {}
        self._said: dict[str, Any] = {}

    def rename(self, name: str) -> None:
        """Gives the run another name."""
        self.name = name

    def tag(self, key: str) -> str:
        """A tag; empty if there is none of this name."""
        return self._tags.get(key, "")

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Remembers tags."""
        self._tags.update(tags)

    def log_config(self, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Nothing: the config has them."""

    def log(self, values: Mapping[str, Value], step: int) -> None:
        """Remembers the numbers."""
        self._last.update((key, value.said) for key, value in values.items() if value.number is not None)

    def log_file(self, path: str, folder: str | None) -> None:
        """Nothing."""

    def define(self, name: str, step_metric: str | None, summary: list[str], goal: str | None, hidden: bool | None) -> None:
        """Nothing, as in W&B: a summary is the last value."""

    def alert(self, title: str, text: str, level: str, wait: Any) -> None:
        """Nothing."""

    def sums(self) -> dict[str, list[tuple[str, Any]]]:
        """The last value of each metric."""
        return {key: [("last", value)] for key, value in self._last.items()}

    def said(self) -> dict[str, Any]:
        """What the script set in the summary."""
        return dict(self._said)

    def say(self, values: Mapping[str, Any]) -> None:
        """Sets values of the summary."""
        self._said.update(values)

    def unsay(self, keys: Iterable[str]) -> None:
        """Removes values of the summary that were set."""
        for key in keys:
            self._said.pop(key, None)

    def last_texts(self) -> dict[str, str]:
        """None: it goes on with no run."""
        return {}

    def end(self, failed: bool) -> None:
        """Nothing."""
