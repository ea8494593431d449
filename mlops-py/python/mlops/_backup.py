"""Copies of a store that are whole: backup and restore."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from . import _native, _state
from ._convert import path_text


@dataclass(frozen=True)
class Damage:
    """A damaged place of a file."""

    path: str
    offset: int
    problem: str


@dataclass(frozen=True)
class BackupReport:
    """What was copied. ``findings`` and ``lost`` are empty, but with ``keep_going``."""

    path: str
    """The folder of the copy, absolute."""
    store_id: str
    """The id of the store, which the copy keeps."""
    files: int
    bytes: int
    findings: tuple[Damage, ...]
    lost: tuple[str, ...]
    """What runs refer to and is damaged or missing."""


def backup(dest: str | os.PathLike[str], *, keep_going: bool = False) -> BackupReport:
    """Copies the store that calls use to the folder ``dest``, which is made, while this process and others write to it.

    The copy holds all that was acknowledged before the call and is a store itself. Every byte is checked; what is
    damaged or missing raises Corrupt, or with ``keep_going`` is reported, and damaged files are copied as they are."""
    return _report(_native.backup(_state.uri(), _text("destination", dest), keep_going))


def restore(
    source: str | os.PathLike[str], dest: str | os.PathLike[str] | None = None, *, keep_going: bool = False
) -> BackupReport:
    """Makes a store at ``dest`` from the backup in the folder ``source``; None: where calls without a location look.

    There must be no store yet. It keeps its id, and is trusted only if that is on this user's list."""
    location = "" if dest is None else _text("destination", dest)
    return _report(_native.restore(_text("backup", source), location, keep_going))


def _text(what: str, path: str | os.PathLike[str]) -> str:
    return path_text(f"the {what}", path)


def _report(text: str) -> BackupReport:
    raw = json.loads(text)
    findings = tuple(Damage(one["path"], one["offset"], one["problem"]) for one in raw["findings"])
    store_id = raw["id"].replace("-", "")
    return BackupReport(raw["path"], store_id, raw["files"], raw["bytes"], findings, tuple(raw["lost"]))
