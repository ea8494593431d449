"""Brings what a source has into a store. Run by run: what a killed import left half done, the next goes on with."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from .. import _native
from ..exceptions import InvalidArgument, LimitExceeded, NotFound, Unsupported
from ._reading import Unread, reason
from ._registry import RegistryWriter
from ._report import Counts, ImportReport
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
# What says that it is the item which cannot be kept, and not that nothing can be.
_REFUSED = (InvalidArgument, LimitExceeded, NotFound, UnicodeError, FileNotFoundError, PermissionError)

T = TypeVar("T")


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
        for experiment in self._each("the experiments", self._source.experiments, self._report.experiments):
            self._guarded(f"experiment {experiment.name!r}", partial(self._experiment, experiment))
        registry = RegistryWriter(self._store, self._report, self._say)
        for model in self._each("the registered models", self._source.registered, self._report.registered_models):
            self._guarded(f"registered model {model.name!r}", partial(registry.write, model))
        # What is read twice is told once.
        self._report.problems += dict.fromkeys(self._source.problems)
        self._store.flush()

    # --- experiments

    def _experiment(self, experiment: Experiment) -> None:
        # A deleted one that has work to do is shown for as long as that takes.
        found = self._store.find_experiment(experiment.name)
        if found is None:
            number = self._store.create_experiment(experiment.name, [], self._micros(experiment.created))
            found = self._store.get_experiment(number)
            self._report.experiments.new += 1
        else:
            number = str(found["experiment_id"])
            self._report.experiments.there += 1
            if found["lifecycle_stage"] == "deleted" and not experiment.deleted:
                self._report.problems.append(
                    f"experiment {experiment.name!r} is deleted in the store: restore it there to bring its runs over"
                )
                return
        of = f"of the experiment {experiment.name!r}"
        if found["lifecycle_stage"] == "active":
            missing = [(key, value) for key, value in experiment.tags.items() if key not in found["tags"]]
            self._log(missing, lambda some: self._store.set_experiment_tags(number, some), lambda tag: f"the tag {tag[0]!a} {of}")
        for run in self._each(f"the runs {of}", lambda: self._source.runs(experiment), self._report.runs):
            self._guarded(f"run {run.id}", partial(self._run, run, number))
        for model in self._each(f"the logged models {of}", lambda: self._source.models(experiment), self._report.logged_models):
            self._guarded(f"logged model {model.id}", partial(self._model, model, number))
        if experiment.deleted and self._store.get_experiment(number)["lifecycle_stage"] == "active":
            self._store.delete_experiment(number)

    def _guarded(self, what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Unsupported:
            # A package is missing: so it will be for the others.
            raise
        except Exception as error:
            # A file may go while it is read, and a damaged source holds whatever it likes: the others are brought.
            self._report.problems.append(f"{what}: {reason(error)}")

    def _each(self, what: str, read: Callable[[], Iterable[T | Unread]], of: Counts) -> Iterator[T]:
        """What a source has of a kind, counted; what cannot be read is told."""
        try:
            for found in read():
                of.found += 1
                if isinstance(found, Unread):
                    self._report.problems.append(found.why)
                else:
                    yield found
        except Unsupported:
            raise
        except Exception as error:
            # The pages of a database are damaged, a server is gone.
            self._report.problems.append(f"{what}, or the rest of them: {reason(error)}")

    def _log(self, items: list[T], log: Callable[[list[T]], None], name: Callable[[T], str]) -> list[T]:
        """Logs items in one call, or, if there is one that the store does not take, each by itself; returns those it has."""
        if not items:
            return []
        try:
            log(items)
        except _REFUSED as error:
            if len(items) == 1:
                self._report.problems.append(f"{name(items[0])} is left out: {reason(error)}")
                return []
            return [item for item in items if self._log([item], log, name)]
        return items

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
        problems = len(self._report.problems)
        self._texts(run, handle, found)
        self._points(run, handle, found)
        if run.inputs:
            before = {(one[0], one[1]) for one in found["inputs"]}
            kept = self._log(run.inputs, handle.log_inputs, lambda one: f"run {run.id}: the data set {one[0]!a}")
            new = [one for one in kept if (one[0], one[1]) not in before]
            self._report.datasets.new += len(new)
            self._report.datasets.there += len(kept) - len(new)
        if run.model_inputs or run.model_outputs:
            self._models.link(run.id, run.model_inputs, run.model_outputs)
        self._log_files(f"run {run.id}", files or [], self._files_of(run.id), handle.log_paths, handle.log_files)
        status = run.status if run.status in _STATUSES else "FINISHED"
        if status != "RUNNING" or found["status"] != "RUNNING":
            handle.end(status, self._micros(run.ended if run.ended is not None else run.started if status in _ENDED else None))
        # What the store did not take is told each time.
        if files is not None and len(self._report.problems) == problems:
            handle.set_tag(MARK, mark)
        if run.deleted:
            self._store.delete_run(run.id)

    def _find(self, run_id: str) -> dict[str, Any] | None:
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
        missing = 0 if self._source.later_params else len(differing)
        self._report.params.there += len(run.params) - len(params) - missing
        self._report.tags.there += len(run.tags) - sum(key in run.tags for key, _ in tags)
        # In one record, or, if something in it is not taken, in as many as that needs.
        both = [*((True, *pair) for pair in params), *((False, *pair) for pair in tags)]
        kept = self._log(
            both,
            lambda some: handle.log_batch(
                [(key, value) for is_param, key, value in some if is_param],
                [(key, value) for is_param, key, value in some if not is_param],
                [],
            ),
            lambda one: f"run {run.id}: the {'param' if one[0] else 'tag'} {one[1]!a}",
        )
        self._report.params.new += sum(is_param for is_param, _, _ in kept)
        self._report.tags.new += sum(not is_param and key in run.tags for is_param, key, _ in kept)

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
            self._report.points.there += len(history) - len(new)
            if len(new) <= _SHORT:
                batch += [(key, value, step, at * unit) for step, at, value in new]
                if len(batch) > _POINTS:
                    self._short(run, handle, batch)
                    batch = []
            else:
                kept = self._log([(key, new)], lambda some: _long(handle, some, unit), lambda one: f"run {run.id}: the metric {one[0]!a}")
                self._report.points.new += sum(len(points) for _, points in kept)
        self._short(run, handle, batch)

    def _short(self, run: Run, handle: _native.Run, batch: list[tuple[str, float, int, int | None]]) -> None:
        kept = self._log(
            batch, lambda some: handle.log_batch([], [], some), lambda one: f"run {run.id}: a point of the metric {one[0]!a}"
        )
        self._report.points.new += len(kept)

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
        what: str,
        files: list[File],
        had: dict[str, int],
        log: Callable[[Any], None],
        log_bytes: Callable[[list[tuple[str, bytes]]], None] | None = None,
    ) -> None:
        sizes = {file.path: file.size for file in files}
        local = [file for file in files if not isinstance(file, Piece)]
        pieces = [file for file in files if isinstance(file, Piece)]
        kept: list[File] = [file for file in pieces if had.get(file.path) == sizes[file.path]]

        def name(file: File) -> str:
            return f"{what}: the file {file.path!a}"

        for first in range(0, len(local), _FILES):
            some = local[first : first + _FILES]
            kept += self._log(some, lambda these: log([(file.path, file.local) for file in these]), name)
        if log_bytes is not None:
            for batch in _batches([file for file in pieces if had.get(file.path) != sizes[file.path]]):
                logged = self._log(batch, lambda these: log_bytes([(file.path, file.read()) for file in these]), name)
                kept += logged
        for file in kept:
            counts = "there" if had.get(file.path) == sizes[file.path] else "new"
            for of, count in ((self._report.files, 1), (self._report.bytes, sizes[file.path])):
                setattr(of, counts, getattr(of, counts) + count)

    # --- logged models

    def _model(self, model: Model, number: str) -> None:
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
        of, unit = f"logged model {model.id}", self._source.unit
        self._log(list(model.tags.items()), lambda some: self._models.set_tags(model.id, some), lambda tag: f"{of}: the tag {tag[0]!a}")
        self._log(
            model.points,
            lambda some: self._models.log_metrics(
                model.id, [(p.key, p.value, p.step, p.at * unit, p.run_id, p.dataset_name, p.dataset_digest) for p in some]
            ),
            lambda point: f"{of}: a value of the metric {point.key!a}",
        )
        had = _listed(lambda path: self._models.list_files(model.id, path))
        self._log_files(f"logged model {model.id}", files or [], had, lambda some: self._models.log_files(model.id, some))
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


def _long(handle: _native.Run, series: list[tuple[str, list[Point]]], unit: int) -> None:
    for key, points in series:
        handle.log_series(
            key,
            array("q", [point[0] for point in points]).tobytes(),
            array("q", [point[1] * unit for point in points]).tobytes(),
            array("d", [point[2] for point in points]).tobytes(),
        )


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
