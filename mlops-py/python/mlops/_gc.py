"""Freeing what nothing refers to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from . import _state
from .exceptions import InvalidArgument


@dataclass(frozen=True)
class Amount:
    """How many things, and their size in bytes."""

    count: int
    bytes: int


@dataclass(frozen=True, repr=False)
class GcReport:
    """What :func:`gc` freed, or would."""

    dry_run: bool
    """Nothing was changed."""
    runs: int
    """Deleted runs that were removed for good."""
    models: Amount
    """Deleted logged models that were removed for good, and the size of their files."""
    large_blobs: Amount
    """Blobs that are files of their own, moved to the store's trash."""
    small_blobs: Amount
    """Blobs that share files, moved to the store's trash."""
    trash: Amount
    """Files that were deleted from the trash, an hour or more after they got there."""
    spool: Amount
    """Drained files of the spool that were deleted."""
    journal: Amount
    """Files of the journal that were deleted, because they were not needed any more."""
    kept: Amount
    """Blobs that nothing refers to and that stay by now: they are too young, or share a file with others."""

    @property
    def freed_bytes(self) -> int:
        """Everything that is freed, at once or when the trash is emptied."""
        return sum(part.bytes for part in (self.large_blobs, self.small_blobs, self.trash, self.spool, self.journal))

    def __repr__(self) -> str:
        parts = [f"{'would free' if self.dry_run else 'freed'} {self.freed_bytes:,} bytes"]
        if self.runs:
            parts.append(f"runs={self.runs}")
        for name in ("models", "large_blobs", "small_blobs", "trash", "spool", "journal", "kept"):
            part: Amount = getattr(self, name)
            if part.count:
                parts.append(f"{name}={part.count} ({part.bytes:,} bytes)")
        return f"<GcReport: {', '.join(parts)}>"


def gc(
    *, dry_run: bool = True, older_than: timedelta | float = timedelta(minutes=10), deleted_runs: bool = False
) -> GcReport:
    """Frees what nothing refers to; unless ``dry_run`` is false, only counts it.

    What was written, put again or deleted within ``older_than`` (a timedelta, or seconds) stays. Deleted runs keep what
    they have, so that they can be restored; with ``deleted_runs`` those deleted before that time are removed for good,
    and so are deleted logged models, also from the artifacts of their run. Blobs go to the store's trash first, which the next
    call an hour later empties."""
    try:
        age = older_than if isinstance(older_than, timedelta) else timedelta(seconds=older_than)
    except (TypeError, ValueError, OverflowError):
        age = timedelta(-1)
    if age < timedelta(0):
        raise InvalidArgument(f"older_than is a timedelta or seconds, 0 or more, not {older_than!r}")
    report: dict[str, Any] = json.loads(_state.store().gc(bool(dry_run), age // timedelta(microseconds=1), bool(deleted_runs)))
    fields: dict[str, Any] = {name: Amount(**part) if isinstance(part, dict) else part for name, part in report.items()}
    return GcReport(**fields)
