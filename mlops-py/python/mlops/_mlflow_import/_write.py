"""Brings what a source has into a store. Run by run: what a killed import left half done, the next goes on with."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .. import _native
from ..exceptions import MlopsError
from ._registry import RegistryWriter
from ._report import ImportReport
from ._types import Experiment, File, Model, OutOfReach, Piece, Point, Run, Source

# Says that a run is whole, and of which state of the source's run: the last that is written of it.
MARK = "mlops.imported"
_STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_ENDED = ("FINISHED", "FAILED", "KILLED")
# Files that are logged in one call, and bytes of them that are held for it.
_FILES = 200
_BYTES = 8 << 20
# The longest history that is logged with others, and points that are logged in one call.
_SHORT = 1_000
_POINTS = 10_000


class Writer:
    """Brings a source into a store."""

    def __init__(self, source: Source, store: _native.Store, report: ImportReport, trusted: bool, say: Callable[[str], None]) -> None:
        self._source = source
        self._store = store
        self._models = _native.LoggedModels(store)
        self._report = report
        self._trusted = trusted
        self._say = say

    def _micros(self, time: int | None) -> int | None:
        return None if time is None else int(time) * self._source.unit

    def write(self) -> None:
        for experiment in self._source.experiments():
            self._report.experiments.found += 1
            try:
                self._experiment(experiment)
            except MlopsError as error:
                self._report.problems.append(f"experiment {experiment.name!r}: {error}")
        registry = RegistryWriter(self._store, self._report, self._say)
        for model in self._source.registered():
            registry.write(model)
        # What is read twice is told once.
        self._report.problems += dict.fromkeys(self._source.problems)
        self._store.flush()

    # --- experiments

    def _experiment(self, experiment: Experiment) -> None:
        # A deleted one that has work to do is shown for as long as that takes.
        found = self._store.find_experiment(experiment.name)
        if found is None:
            number = self._store.create_experiment(
                experiment.name, list(experiment.tags.items()), self._micros(experiment.created)
            )
            self._report.experiments.new += 1
        else:
            number = str(found["experiment_id"])
            self._report.experiments.there += 1
            missing = [(key, value) for key, value in experiment.tags.items() if key not in found["tags"]]
            if found["lifecycle_stage"] == "deleted" and not experiment.deleted:
                self._report.problems.append(
                    f"experiment {experiment.name!r} is deleted in the store: restore it there to bring its runs over"
                )
                return
            if missing and found["lifecycle_stage"] == "active":
                self._store.set_experiment_tags(number, missing)
        for run in self._source.runs(experiment):
            self._report.runs.found += 1
            self._guarded(f"run {run.id}", partial(self._run, run, number))
        for model in self._source.models(experiment):
            self._report.logged_models.found += 1
            self._guarded(f"logged model {model.id}", partial(self._model, model, number))
        if experiment.deleted and self._store.get_experiment(number)["lifecycle_stage"] == "active":
            self._store.delete_experiment(number)

    def _guarded(self, what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except (MlopsError, OSError) as error:
            # A file may go while it is read.
            self._report.problems.append(f"{what}: {error}")

    def _shown(self, number: str) -> None:
        if self._store.get_experiment(number)["lifecycle_stage"] == "deleted":
            self._store.restore_experiment(number)

    # --- runs

    def _run(self, run: Run, number: str) -> None:
        files = self._files(f"run {run.id}", lambda: list(self._source.files(run)))
        # The points are read twice, and never all held at once.
        digest, points = _digest(run, self._source.points(run), files or [])
        mark = f"{self._source.kind} {digest}"
        found = self._find(run.id)
        if found is not None and any(found["tags"].get(key) != value for key, value in run.identity.items()):
            # Another run of this id, as two projects may have one.
            run.id = f"{run.id}-{_short(run.identity)}"
            found = self._find(run.id)
        self._count("found", run, points, files or [])
        if found is not None and found["tags"].get(MARK) == mark:
            self._report.runs.there += 1
            self._count("there", run, points, files or [])
            return
        self._say(f"run {run.id}")
        if found is None:
            self._shown(number)
            self._store.start_run(
                run_id=run.id,
                experiment_id=number,
                run_name=run.name or run.tags.get("mlflow.runName") or run.id,
                user=run.user,
                tags=list(run.identity.items()),
                started_at=self._micros(run.started),
                bare=True,
                unattended=True,
            )
            self._report.runs.new += 1
            found = self._store.get_run(run.id)
            # Written with the run, they are new.
            found["tags"] = {key: value for key, value in found["tags"].items() if key not in run.identity}
        else:
            self._report.runs.there += 1
            if found["lifecycle_stage"] == "deleted" and not self._source.revives:
                self._report.problems.append(f"run {run.id} is deleted in the store: restore it there to bring what is new")
                return
            if found["lifecycle_stage"] == "deleted":
                self._shown(str(found["experiment_id"]))
                if self._store.get_run(run.id)["lifecycle_stage"] == "deleted":
                    self._store.restore_run(run.id)
        if files and not self._trusted:
            # Before there is anything to load.
            self._store.mark_foreign(run.id)
        handle = self._store.open_run(run.id)
        self._texts(run, handle, found)
        self._points(run, handle, found)
        if run.inputs:
            before = {(one[0], one[1]) for one in found["inputs"]}
            new = [one for one in run.inputs if (one[0], one[1]) not in before]
            handle.log_inputs(run.inputs)
            self._report.datasets.new += len(new)
            self._report.datasets.there += len(run.inputs) - len(new)
        if run.model_inputs or run.model_outputs:
            self._models.link(run.id, run.model_inputs, run.model_outputs)
        self._log_files(files or [], self._files_of(run.id), handle.log_paths, handle.log_files)
        status = run.status if run.status in _STATUSES else "FINISHED"
        if status != "RUNNING" or found["status"] != "RUNNING":
            handle.end(status, self._micros(run.ended if run.ended is not None else run.started if status in _ENDED else None))
        if files is not None:
            handle.set_tag(MARK, mark)
        if run.deleted:
            self._store.delete_run(run.id)

    def _find(self, run_id: str) -> dict[str, Any] | None:
        from ..exceptions import InvalidArgument, NotFound

        try:
            return self._store.get_run(run_id)
        except (NotFound, InvalidArgument):
            return None

    def _texts(self, run: Run, handle: _native.Run, found: dict[str, Any]) -> None:
        texts = {key: _native.param_text(value) for key, value in run.params.items()}
        params = [(key, value) for key, value in run.params.items() if key not in found["params"]]
        differing = [key for key, text in texts.items() if found["params"].get(key, text) != text]
        given = dict(run.tags)
        if self._source.later_params:
            given.update((f"{self._source.later_params}{key}", texts[key]) for key in differing)
        tags = [(key, value) for key, value in given.items() if found["tags"].get(key) != value]
        for key in [] if self._source.later_params else differing:
            self._report.problems.append(f"run {run.id}: the param {key} has another value in the store, which keeps it")
        if params or tags:
            handle.log_batch(list(params), tags, [])
        self._report.params.new += len(params)
        missing = 0 if self._source.later_params else len(differing)
        self._report.params.there += len(run.params) - len(params) - missing
        new = sum(key in run.tags for key, _ in tags)
        self._report.tags.new += new
        self._report.tags.there += len(run.tags) - new

    def _points(self, run: Run, handle: _native.Run, found: dict[str, Any]) -> None:
        unit = self._source.unit
        # Those of short histories, which are most, are logged together.
        batch: list[tuple[str, float, int, int | None]] = []
        for key, history in self._source.points(run):
            new = history
            if key in found["metrics"]:
                steps, times, values = self._store.metric_history(run.id, key)
                columns = zip(memoryview(steps).cast("q"), memoryview(times).cast("q"), memoryview(values).cast("d"))
                had = Counter((step, at // unit, _bits(value)) for step, at, value in columns)
                new = []
                for point in history:
                    of = (point[0], point[1], _bits(point[2]))
                    if had[of]:
                        had[of] -= 1
                    else:
                        new.append(point)
            if len(new) <= _SHORT:
                batch += [(key, value, step, at * unit) for step, at, value in new]
                if len(batch) > _POINTS:
                    handle.log_batch([], [], batch)
                    batch = []
            else:
                handle.log_series(
                    key,
                    array("q", [point[0] for point in new]).tobytes(),
                    array("q", [point[1] * unit for point in new]).tobytes(),
                    array("d", [point[2] for point in new]).tobytes(),
                )
            self._report.points.new += len(new)
            self._report.points.there += len(history) - len(new)
        if batch:
            handle.log_batch([], [], batch)

    # --- files

    def _files(self, what: str, read: Callable[[], list[File]]) -> list[File] | None:
        try:
            return read()
        except OutOfReach as error:
            self._report.problems.append(f"{what}: its files cannot be read from here: {error}")
            return None

    def _files_of(self, run_id: str) -> dict[str, int]:
        return _listed(lambda path: self._store.list_artifacts(run_id, path))

    def _log_files(
        self,
        files: list[File],
        had: dict[str, int],
        log: Callable[[Any], None],
        log_bytes: Callable[[list[tuple[str, bytes]]], None] | None = None,
    ) -> None:
        sizes = {file.path: file.size for file in files}
        new = [file for file in files if had.get(file.path) != sizes[file.path]]
        local = [file for file in files if not isinstance(file, Piece)]
        for first in range(0, len(local), _FILES):
            log([(file.path, file.local) for file in local[first : first + _FILES]])
        if log_bytes is not None:
            for pieces in _batches([file for file in new if isinstance(file, Piece)]):
                log_bytes([(file.path, file.read()) for file in pieces])
        self._report.files.new += len(new)
        self._report.files.there += len(files) - len(new)
        size = sum(sizes[file.path] for file in new)
        self._report.bytes.new += size
        self._report.bytes.there += sum(sizes.values()) - size

    # --- logged models

    def _model(self, model: Model, number: str) -> None:
        from ..exceptions import NotFound

        files = self._files(f"logged model {model.id}", lambda: list(self._source.model_files(model)))
        self._report.files.found += len(files or [])
        self._report.bytes.found += sum(file.size for file in files or [])
        try:
            self._models.get(model.id)
            self._report.logged_models.there += 1
        except NotFound:
            self._shown(number)
            self._models.create(
                experiment_id=number,
                name=model.name,
                model_type=model.model_type,
                source_run_id=model.source_run_id,
                params=list(model.params.items()),
                model_id=model.id,
                created_at=self._micros(model.created),
                # As a run is: what there is nothing to load of may get files here.
                foreign=bool(files) and not self._trusted,
            )
            self._report.logged_models.new += 1
        if files and not self._trusted:
            # Before there is anything to load.
            self._models.mark_foreign(model.id)
        if model.tags:
            self._models.set_tags(model.id, list(model.tags.items()))
        if model.points:
            self._models.log_metrics(
                model.id,
                [(p.key, p.value, p.step, p.at * self._source.unit, p.run_id, p.dataset_name, p.dataset_digest) for p in model.points],
            )
        had = _listed(lambda path: self._models.list_files(model.id, path))
        self._log_files(files or [], had, lambda some: self._models.log_files(model.id, some))
        if self._models.get(model.id)["status"] != model.status:
            self._models.set_status(model.id, model.status)
        if model.deleted:
            self._models.delete(model.id)

    # --- counting

    def _count(self, to: str, run: Run, points: int, files: list[File]) -> None:
        for kind, count in {
            "params": len(run.params),
            "tags": len(run.tags),
            "points": points,
            "datasets": len(run.inputs),
            "files": len(files),
            "bytes": sum(file.size for file in files),
        }.items():
            of = getattr(self._report, kind)
            setattr(of, to, getattr(of, to) + count)


def _bits(value: float) -> bytes:
    # NaN is equal to itself here.
    return array("d", [float("nan") if value != value else value + 0.0]).tobytes()


def _short(identity: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]


def _batches(pieces: list[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    for one in pieces:
        if batch and (len(batch) == _FILES or sum(other.size for other in batch) + one.size > _BYTES):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _listed(read: Callable[[str | None], list[tuple[str, bool, int, str | None]]]) -> dict[str, int]:
    """The size of every file."""
    found, folders = {}, [""]
    while folders:
        for path, is_dir, size, _ in read(folders.pop() or None):
            if is_dir:
                folders.append(path)
            else:
                found[path] = size
    return found


def _digest(run: Run, points: Iterable[tuple[str, list[Point]]], files: list[File]) -> tuple[str, int]:
    """A digest of a state of a run: another says that the source's run has changed since. And how many points it has."""
    digest, count = hashlib.sha256(), 0

    def add(*parts: Any) -> None:
        digest.update(json.dumps(parts, sort_keys=True, default=str).encode() + b"\n")

    add(run.name, run.status, run.started, run.ended, run.deleted, run.params, run.tags)
    add(run.inputs, run.model_inputs, run.model_outputs)
    for key, history in points:
        add(key, len(history))
        count += len(history)
        digest.update(array("q", [number for point in history for number in point[:2]]).tobytes())
        # NaN is equal to itself here, whatever its bits.
        nan = float("nan")
        digest.update(array("d", [nan if point[2] != point[2] else point[2] for point in history]).tobytes())
    for file in files:
        add(file.path, file.size, file.stamp)
    return digest.hexdigest()[:32], count
