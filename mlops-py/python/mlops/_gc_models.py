"""What a gc does with deleted logged models: their files go for good, as ``mlflow gc`` has it."""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Any

from . import _native
from ._logged_models import files_of
from .exceptions import MlopsError, NotFound

_DELETED_ONLY = 2
_MANIFEST = "MLmodel"
_DURATION = re.compile(r"0|(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")


def remove_deleted(store: _native.Store, older_than_us: int, dry_run: bool) -> tuple[int, int]:
    """Removes the files of logged models that were deleted so long ago, also from the runs that made them, and says of how
    many models, and how many bytes they are. What a version of a registered model has stays its own."""
    models = _native.LoggedModels(store)
    until = time.time_ns() // 1000 - older_than_us
    count = size = 0
    for raw in models.list_models([], _DELETED_ONLY):
        model_id = str(raw["model_id"])
        if raw["updated_at"] > until:
            continue
        paths = files_of(models, model_id)
        if not paths:
            continue
        count += 1
        size += sum(models.list_files(model_id, path)[0][2] for path in paths)
        if not dry_run:
            _remove_from_run(store, models, model_id)
            models.delete_files(model_id)
    return count, size


def _remove_from_run(store: _native.Store, models: _native.LoggedModels, model_id: str) -> None:
    """Removes the folder of a run that is this model; by now it may be another's."""
    try:
        text = models.read_file(model_id, _MANIFEST)
        manifest: dict[str, Any] = json.loads(text)
        run_id, path = str(manifest["run_id"]), str(manifest["artifact_path"])
        if path and store.read_artifact(run_id, f"{path}/{_MANIFEST}") == text:
            store.delete_artifacts(run_id, path)
    except (ValueError, KeyError, TypeError, NotFound):
        # MLflow's is no JSON: a run has no copy of it. Or the run is gone.
        pass


def run_before(words: list[str]) -> None:
    """What ``mlops gc --deleted-runs`` does before the rest of the command, which counts what is free then."""
    named = dict(_options(words))
    seconds = _seconds(named.get("--older-than", "10m"))
    if seconds is None:
        # The command itself says what is wrong.
        return
    dry_run = "--yes" not in named
    try:
        store = _native.Store(named.get("--store", ""), dry_run, must_exist=True)
        count, size = remove_deleted(store, seconds * 1_000_000, dry_run)
        store.close()
    except MlopsError:
        return
    if count and "--json" not in named:
        models = "1 deleted logged model" if count == 1 else f"{count} deleted logged models"
        sys.stdout.write(f"the files of {models} ({size:,} bytes) {'would be' if dry_run else 'were'} removed for good\n")
        sys.stdout.flush()


def wanted(words: list[str]) -> bool:
    """True if these arguments of ``mlops`` are a gc of what was deleted, and nothing else: what the command would refuse
    removes nothing before."""
    found = _options(words)
    named = dict(found)
    known = {"", "--store", "--json", "--yes", "--older-than", "--deleted-runs"}
    return named.get("") == "gc" and "--deleted-runs" in named and named.keys() <= known and len(named) == len(found)


def _options(words: list[str]) -> list[tuple[str, str]]:
    """Options with their values, and words without a dash as ``""``."""
    found: list[tuple[str, str]] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            found.append(("", word))
        elif name in ("--store", "--older-than"):
            found.append((name, value if equals else next(rest, "")))
        else:
            # A value that is none of these is not known.
            found.append((word, ""))
    return found


def _seconds(text: str) -> int | None:
    """Seconds of ``1d12h``, as the command reads it; None for what it refuses."""
    found = _DURATION.fullmatch(text) if text else None
    if found is None:
        return None
    return sum(int(part or 0) * size for part, size in zip(found.groups(), (86_400, 3_600, 60, 1)))
