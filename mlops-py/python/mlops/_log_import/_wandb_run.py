"""One run of W&B's, put together of its records; a run that was resumed has several files of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .._mlflow_import._types import Run
from ..exceptions import MlopsError
from ._pieces import piece, unusable
from ._source import Loaded, micros
from ._wandb_files import Artifacts, Files
from ._wandb_media import shown
from ._wandb_values import flat, number, path_of, put, seconds, value_of

_AGGREGATIONS = ("min", "max", "mean", "best", "last", "first", "none")
_GOALS = {1: "minimize", 2: "maximize"}
_TAGS = {
    "mlops.group": "run_group", "mlops.job_type": "job_type", "mlops.entity": "entity", "mlflow.note.content": "notes",
    "mlops.wandb.sweep": "sweep_id", "mlops.wandb.host": "host",
}  # fmt: skip
# What W&B keeps about itself beside what was logged.
_OWN = ("_step", "_timestamp", "_wandb")


class RunReader:
    """Takes the records of a run, the oldest file first."""

    def __init__(self, run_id: str, identity: dict[str, str], outside: bool) -> None:
        self.loaded = Loaded(Run(id=run_id, experiment_id="", name=run_id, identity=identity, status="KILLED"))
        self.loaded.run.tags.update(identity)
        self._config: dict[str, Any] = {}
        self._summary: dict[str, Any] = {}
        # What was logged last under each key.
        self._last: dict[str, Any] = {}
        self._counts: Counter[tuple[str, int]] = Counter()
        self._stats, self._alerts, self._step = 0, 0, -1
        self._time = 0
        self._lines: list[str] = []
        self._environment: dict[str, Any] = {}
        self._artifacts = Artifacts(self.loaded, outside)
        self._files = Files(self.loaded, outside)
        self._takes: dict[str, Callable[[dict[str, Any]], None]] = {
            "run": self._run, "config": self._update_config, "summary": self._update_summary, "history": self._history,
            "stats": self._system, "metric": self._metric, "output": self._said, "output_raw": self._said,
            "alert": self._alert, "exit": self._exit, "environment": self._environment_of, "artifact": self._artifacts.take,
        }  # fmt: skip

    # --- files

    def begin(self, folder: Path) -> None:
        """The records of another file begin, which stands in this folder."""
        self.loaded.run.status = "KILLED"
        self._lines = []
        self._files.begin(folder / "files")

    def end(self) -> None:
        """The records of a file are over."""
        self._files.end("".join(self._lines).encode("utf-8", "replace"))

    def take(self, record: dict[str, Any]) -> None:
        """Takes a record."""
        for name, value in record.items():
            if name in self._takes:
                self._takes[name](value)

    def _at(self, time: float) -> int:
        run, at = self.loaded.run, micros(time)
        if at:
            self._time = at
            run.started = min(run.started, at) if run.started else at
            run.ended = max(run.ended or 0, at)
        return self._time

    # --- records

    def _run(self, record: dict[str, Any]) -> None:
        loaded = self.loaded
        self._at(seconds(record.get("start_time", {})))
        name = record.get("display_name", "")
        if name and not unusable(name):
            loaded.run.name = name
        for key, field in _TAGS.items():
            loaded.tag(key, record.get(field, ""))
        if record["tags"]:
            loaded.tag("mlops.tags", json.dumps(record["tags"]))
        self._git(record.get("git", {}))
        if "config" in record:
            self._update_config(record["config"])
        if "summary" in record:
            self._update_summary(record["summary"])

    def _git(self, git: dict[str, Any]) -> None:
        self.loaded.tag("mlflow.source.git.commit", git.get("commit", ""))
        self.loaded.tag("mlflow.source.git.repoURL", git.get("remote_url", ""))

    def _updates(self, into: dict[str, Any], record: dict[str, Any]) -> None:
        for item in record["update"]:
            put(into, path_of(item), value_of(item))
        for item in record["remove"]:
            *folders, last = path_of(item)
            place: Any = into
            for key in folders:
                place = place.get(key) if isinstance(place, dict) else None
            if isinstance(place, dict):
                place.pop(last, None)

    def _update_config(self, record: dict[str, Any]) -> None:
        self._updates(self._config, record)

    def _update_summary(self, record: dict[str, Any]) -> None:
        self._updates(self._summary, record)

    def _history(self, record: dict[str, Any]) -> None:
        row: dict[str, Any] = {}
        for item in record["item"]:
            put(row, path_of(item), value_of(item))
        step = row.get("_step", record.get("step", {}).get("num", 0) if "step" in record else self._step + 1)
        self._step = step = int(step) if isinstance(step, (int, float)) and abs(step) < 1 << 62 else self._step + 1
        time = row.get("_timestamp")
        at = self._at(float(time) if isinstance(time, (int, float)) else 0.0)
        for key, value in flat(row):
            if key.split(".")[0] not in _OWN:
                self._logged(key, value, step, at)

    def _logged(self, key: str, value: Any, step: int, at: int) -> None:
        if value is None:
            return
        self._last[key] = value
        found = number(value)
        if found is not None:
            self.loaded.point(key, step, at, found)
            return
        try:
            for made in shown(key, value, step, self._counts, self._files):
                self.loaded.files.append(made)
        except MlopsError as error:
            self.loaded.problem(f"the value of {key!r} at step {step} is left out: {error}")

    def _system(self, record: dict[str, Any]) -> None:
        at = self._at(seconds(record.get("timestamp", {})))
        for item in record["item"]:
            found = number(value_of(item))
            if found is not None:
                self.loaded.point(f"system/{item.get('key', '')}", self._stats, at, found)
        self._stats += 1

    def _metric(self, record: dict[str, Any]) -> None:
        # What W&B makes of a pattern for each name is in the pattern.
        name = record.get("name") or record.get("glob_name", "")
        if not name or record.get("expanded_from_glob"):
            return
        said: dict[str, Any] = {}
        summary = [one for one in _AGGREGATIONS if record.get("summary", {}).get(one)]
        goal = _GOALS.get(record.get("goal", 0)) or ("maximize" if "best" in summary else None)
        if record.get("step_metric") and record["step_metric"] not in _OWN:
            said["step_metric"] = record["step_metric"]
        if summary:
            said["summary"] = summary
        if goal:
            said["goal"] = goal
        if record.get("options", {}).get("hidden"):
            said["hidden"] = True
        if said:
            self.loaded.tag(f"mlops.metric.{name}", json.dumps(said, separators=(",", ":")))

    def _said(self, record: dict[str, Any]) -> None:
        self._at(seconds(record.get("timestamp", {})))
        self._lines.append(record.get("line", ""))

    def _alert(self, record: dict[str, Any]) -> None:
        # W&B does not say when: it was at the time of the records before it.
        level = record.get("level", "").upper()
        said = {
            "title": record.get("title", "") or "alert",
            "text": record.get("text", ""),
            "level": level if level in ("INFO", "WARN", "ERROR") else "INFO",
            "at": self._time,
        }
        name = hashlib.sha256(f"{self._alerts} {said}".encode("utf-8", "replace")).hexdigest()[:8]
        self._alerts += 1
        self.loaded.tag(f"mlops.alert.{self._time:016}-{name}", json.dumps(said, ensure_ascii=False))

    def _exit(self, record: dict[str, Any]) -> None:
        code = record.get("exit_code", 0)
        self.loaded.run.status = "FAILED" if code else "FINISHED"
        if code:
            self.loaded.tag("mlops.wandb.exit_code", str(code))

    def _environment_of(self, record: dict[str, Any]) -> None:
        self._environment.update({key: value for key, value in record.items() if value not in ("", [], {})})
        self._at(seconds(record.get("started_at", {})))
        self.loaded.run.user = record.get("username") or self.loaded.run.user
        self.loaded.tag("mlflow.source.name", record.get("program", ""))
        self._git(record.get("git", {}))

    # --- the whole

    def done(self) -> Loaded:
        """The run, once all files are read."""
        loaded = self.loaded
        config = {key: value for key, value in self._config.items() if key != "_wandb"}
        for key, value in flat(config):
            if key in loaded.run.params and loaded.run.params[key] != value:
                loaded.problem(f"the config {key!r} is there twice, nested and joined: {value!r} is left out")
            else:
                loaded.param(key, value)
        for key, value in self._summary.items():
            if key not in (*_OWN, "_runtime"):
                try:
                    self._summed(key, value)
                except RecursionError:
                    loaded.problem(f"the summary {key!r} is left out: it is nested too deep")
        if self._environment:
            text = json.dumps(self._environment, indent=2, ensure_ascii=False)
            loaded.files.append(piece("wandb/environment.json", text.encode("utf-8", "replace")))
        loaded.files += self._artifacts.done()
        loaded.files += self._files.done()
        return loaded

    def _summed(self, key: str, value: Any) -> None:
        """Keeps what a script sets in the summary; what follows from the points does so here."""
        if key in self._last and json.dumps(self._last[key], sort_keys=True) == json.dumps(value, sort_keys=True):
            return
        if isinstance(value, dict) and value and "_type" not in value:
            if key in self._last and set(value) <= set(_AGGREGATIONS):
                return
            for end, inner in value.items():
                self._summed(f"{key}.{end}", inner)
        else:
            self.loaded.tag(f"mlops.summary.{key}", json.dumps(value, ensure_ascii=False))
