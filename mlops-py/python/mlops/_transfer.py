"""Runs from store to store, and as plain files: sync, export, import."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from . import _native, _state
from ._convert import ids, path_text, text
from ._progress import Bar
from .exceptions import InvalidArgument

OnConflict = Literal["skip", "theirs", "ours"]


@dataclass(frozen=True)
class SyncConflict:
    """A run that changed in both stores since they last had the same."""

    run_id: str
    differs: str
    """What differs, such as ``metrics loss; tags note``."""
    resolution: OnConflict
    """What became of it."""


@dataclass(frozen=True)
class PassedOver:
    """A run that was not copied, and why."""

    run_id: str
    reason: str


@dataclass(frozen=True)
class KeptModel:
    """A model that the destination keeps as it is, or of which something came otherwise, and why."""

    model: str
    """The id of a logged model, or the name of a registered one."""
    reason: str


@dataclass(frozen=True)
class ModelsReport:
    """What became of models: ids of logged ones, names of registered ones."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: int
    ahead: tuple[str, ...]
    """Those that are newer in the destination, which keeps them."""
    kept: tuple[KeptModel, ...]
    notes: tuple[KeptModel, ...]
    """What came otherwise than it is in the source, such as a stage that a policy of the destination does not let in."""


@dataclass(frozen=True, repr=False)
class SyncReport:
    """What :func:`sync`, :func:`export_runs` or :func:`import_runs` did, or with ``dry_run`` would do."""

    dry_run: bool
    experiments: tuple[str, ...]
    """Names of experiments that were made in the destination."""
    new: tuple[str, ...]
    """Runs that the destination did not have."""
    updated: tuple[str, ...]
    """Runs that were brought up to date."""
    unchanged: int
    """How many runs were the same already."""
    ahead: tuple[str, ...]
    """Runs that are newer in the destination, which keeps them."""
    conflicts: tuple[SyncConflict, ...]
    skipped: tuple[PassedOver, ...]
    failed: tuple[PassedOver, ...]
    """Runs that are damaged, in the source or here, and were not copied."""
    logged_models: ModelsReport
    """Those of the runs and experiments that are selected."""
    registered_models: ModelsReport
    """Those of the registry, which comes where nothing is selected."""
    blobs: int
    """Files and sealed points that were copied, since the destination lacked them; 0 for a dry run."""
    bytes: int

    @property
    def open_conflicts(self) -> tuple[SyncConflict, ...]:
        """Those that stand: the destination has neither taken the source's run nor settled for its own."""
        return tuple(one for one in self.conflicts if one.resolution == "skip")

    def __repr__(self) -> str:
        parts = [f"{len(self.new)} new", f"{len(self.updated)} updated", f"{self.unchanged} unchanged"]
        for count, what in [(len(self.ahead), "newer there"), (len(self.skipped), "passed over"), (len(self.failed), "damaged")]:
            if count:
                parts.append(f"{count} {what}")
        if self.conflicts:
            first = self.conflicts[0]
            more = f", and {len(self.conflicts) - 1} more" if len(self.conflicts) > 1 else ""
            parts.append(f"{len(self.conflicts)} changed in both ({first.resolution}: {first.run_id}: {first.differs}{more})")
        for what, models in [("logged", self.logged_models), ("registered", self.registered_models)]:
            if models.new or models.updated or models.kept:
                kept = f", {len(models.kept)} kept as they are" if models.kept else ""
                parts.append(f"{what} models: {len(models.new)} new, {len(models.updated)} updated{kept}")
        if self.blobs:
            parts.append(f"{self.bytes:,} bytes in {self.blobs} blobs")
        return f"<SyncReport{' (dry run)' if self.dry_run else ''}: {', '.join(parts)}>"


@dataclass(frozen=True)
class FilesReport:
    """What :func:`export_files` wrote; with ``dry_run``, how many experiments and runs it would."""

    dry_run: bool
    path: str
    """The folder, absolute."""
    experiments: int
    runs: int
    points: int
    """Points of metrics."""
    artifacts: int
    logged_models: int
    model_versions: int
    files: int
    """All but the manifest."""
    bytes: int
    skipped: tuple[PassedOver, ...]
    """Runs that were named and passed over."""


def sync(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    run_ids: Sequence[str] | str | None = None,
    experiment_names: Sequence[str] | str | None = None,
    filter_string: str | None = None,
    dry_run: bool = False,
    on_conflict: OnConflict = "skip",
    *,
    since: datetime | timedelta | None = None,
    include_deleted: bool = False,
    skip_deleted_experiments: bool = False,
) -> SyncReport:
    """Brings runs of the store at ``src`` into that at ``dst``, which is made if there is none: what it lacks, and what has
    changed in ``src`` since. Doing it twice changes nothing, and what was cut short goes on the next time.

    ``src`` is only read: a backup, a folder on read-only media, a store that another process writes to. Runs keep their
    ids, experiments are matched by name. Nothing selects all runs; what selects is joined by *and*. ``since``: runs that
    ended at that time (or so long ago) or later, or run still. A run that changed in both is passed over and reported,
    or becomes what it is in ``src`` (``theirs``), or stays for good as it is in ``dst`` (``ours``)."""
    options = _options(
        run_ids, experiment_names, filter_string, since, include_deleted, skip_deleted_experiments, on_conflict, dry_run
    )
    with Bar("sync") as bar:
        return _report(_native.sync_stores(_text("source", src), _text("destination", dst), options, _show(bar)))


def export_runs(
    dest: str | os.PathLike[str],
    run_ids: Sequence[str] | str | None = None,
    experiment_names: Sequence[str] | str | None = None,
    filter_string: str | None = None,
    dry_run: bool = False,
    on_conflict: OnConflict = "skip",
    *,
    since: datetime | timedelta | None = None,
    include_deleted: bool = False,
) -> SyncReport:
    """Brings runs of the store that calls use into a store at the folder ``dest``, made if there is none: a folder to carry
    away that holds nothing else, and no path of this computer but what runs say themselves. See :func:`sync`."""
    options = _options(run_ids, experiment_names, filter_string, since, include_deleted, False, on_conflict, dry_run)
    with Bar("export") as bar:
        return _report(_native.export_runs(_state.store(), _text("destination", dest), options, _show(bar)))


def export_files(
    dest: str | os.PathLike[str],
    run_ids: Sequence[str] | str | None = None,
    experiment_names: Sequence[str] | str | None = None,
    filter_string: str | None = None,
    dry_run: bool = False,
    *,
    since: datetime | timedelta | None = None,
    include_deleted: bool = False,
    overwrite: bool = False,
) -> FilesReport:
    """Writes runs of the store that calls use as plain files into the folder ``dest``, for tools that know nothing of this one:
    tables in Parquet (``runs.parquet``, ``params.parquet``, ``metrics.parquet``, ...), artifacts and models as they are, and
    ``manifest.json`` with the digest of each. :func:`import_runs` brings them back as they were.

    The folder appears when it is whole. One that is there has to be empty, or with ``overwrite`` an earlier export, which
    goes then. Nothing selects all runs, and the model registry with them."""
    options = _options(run_ids, experiment_names, filter_string, since, include_deleted, False, "skip", dry_run)
    with Bar("export") as bar:
        answer = _native.export_files(_state.store(), _text("destination", dest), options, bool(overwrite), _show(bar))
    raw: dict[str, Any] = json.loads(answer)
    raw["skipped"] = tuple(PassedOver(**one) for one in raw["skipped"])
    return FilesReport(**raw)


def import_runs(
    source: str | os.PathLike[str],
    run_ids: Sequence[str] | str | None = None,
    experiment_names: Sequence[str] | str | None = None,
    filter_string: str | None = None,
    dry_run: bool = False,
    on_conflict: OnConflict = "skip",
    *,
    since: datetime | timedelta | None = None,
    include_deleted: bool = False,
    skip_deleted_experiments: bool = False,
) -> SyncReport:
    """Brings the runs of the store in the folder ``source``, which is only read, into the store that calls use. What
    :func:`export_files` wrote is one as well: every file of it is checked before anything is brought.

    Models that came from a store that this user does not trust load pickles with ``trust=True`` only. See :func:`sync`."""
    options = _options(
        run_ids, experiment_names, filter_string, since, include_deleted, skip_deleted_experiments, on_conflict, dry_run
    )
    with Bar("import") as bar:
        return _report(_native.import_runs(_text("source", source), _state.store(), options, _show(bar)))


def _show(bar: Bar) -> Callable[[int, int, int], None] | None:
    return bar.show if bar.wanted else None


def _options(
    run_ids: Any,
    experiment_names: Any,
    filter_string: str | None,
    since: Any,
    include_deleted: bool,
    skip_deleted_experiments: bool,
    on_conflict: str,
    dry_run: bool,
) -> _native._SyncOptions:
    for what, given in [("run_ids", run_ids), ("experiment_names", experiment_names)]:
        # None is all; a list that came out empty was not meant to be.
        if given is not None and not ids(given):
            raise InvalidArgument(f"{what} is empty: name at least one, or leave it out for all")
    return (
        ids(run_ids),
        ids(experiment_names),
        text("filter_string", filter_string or ""),
        _micros(since),
        bool(include_deleted),
        bool(skip_deleted_experiments),
        str(on_conflict),
        bool(dry_run),
    )


def _micros(since: Any) -> int | None:
    if since is None:
        return None
    if isinstance(since, timedelta):
        since = datetime.now(timezone.utc) - since
    if not isinstance(since, datetime):
        raise InvalidArgument(f"since is a datetime or a timedelta, not {since!r}")
    # Without a zone it is local time, as everywhere in Python.
    return (since.astimezone(timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def _text(what: str, path: str | os.PathLike[str]) -> str:
    return path_text(f"the {what}", path)


def _report(text: str) -> SyncReport:
    raw: dict[str, Any] = json.loads(text)
    for name in ("experiments", "new", "updated", "ahead"):
        raw[name] = tuple(raw[name])
    raw["conflicts"] = tuple(SyncConflict(**one) for one in raw["conflicts"])
    for name in ("skipped", "failed"):
        raw[name] = tuple(PassedOver(**one) for one in raw[name])
    for name in ("logged_models", "registered_models"):
        raw[name] = _models(raw[name])
    return SyncReport(**raw)


def _models(raw: dict[str, Any]) -> ModelsReport:
    for name in ("new", "updated", "ahead"):
        raw[name] = tuple(raw[name])
    for name in ("kept", "notes"):
        raw[name] = tuple(KeptModel(**one) for one in raw[name])
    return ModelsReport(**raw)
