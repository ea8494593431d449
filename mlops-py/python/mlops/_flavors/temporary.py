"""Folders with a model's files that are there as long as somebody needs them, and not until the process ends."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any

# By the digest of what is in them: folders with code that was imported, which later imports read too.
_code: dict[str, Folder] = {}
# Folders of what cannot say when it is gone.
_kept: list[Folder] = []
_lock = threading.Lock()


class Folder:
    """A new temporary folder, which is removed with this object, at the latest when the process ends."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="mlops-model-")
        weakref.finalize(self, _remove, self.path, os.getpid())

    def stay_with(self, owner: Any) -> None:
        """Has the folder stay as long as ``owner`` does."""
        try:
            weakref.finalize(owner, _let_go, self)
        except TypeError:
            _kept.append(self)


def _remove(path: str, process: int) -> None:
    # A forked child has the object too, and the folder is its parent's.
    if os.getpid() == process:
        shutil.rmtree(path, ignore_errors=True)


def _let_go(folder: Folder) -> None:
    """Nothing: whoever is asked to call it keeps the folder until then."""


def code_folder(path: str) -> str:
    """A copy of a folder with code that stays until the process ends, one for the same code however often it is loaded."""
    digest = hashlib.blake2b()
    for file in sorted(found for found in Path(path).rglob("*") if found.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(path).as_posix()}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    key = digest.hexdigest()
    with _lock:
        folder = _code.get(key)
        place = None if folder is None else os.path.join(folder.path, os.path.basename(path))
        if place is None or not os.path.isdir(place):
            folder = _code[key] = Folder()
            place = os.path.join(folder.path, os.path.basename(path))
            shutil.copytree(path, place)
    return place
