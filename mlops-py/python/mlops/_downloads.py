"""Where a downloaded file or folder stands: directly in the folder that was named, as MLflow puts it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlparse

from ._convert import path_text
from .entities import FileInfo
from .exceptions import Conflict, NotFound


def destination(dst_path: str | os.PathLike[str] | None) -> str:
    """A folder to download to; a new temporary one by default."""
    return tempfile.mkdtemp(prefix="mlops-") if dst_path is None else path_text("dst_path", dst_path)


def into(dst_path: str | os.PathLike[str] | None, path: str | None, download: Callable[[str], object]) -> str:
    """Has ``download`` copy the artifact at ``path`` beneath a folder, and puts it directly into ``dst_path``; returns where.

    ``download`` writes to the whole path beneath the folder that it is given."""
    target = os.path.abspath(destination(dst_path))
    parts = [part for part in (path or "").split("/") if part]
    if len(parts) < 2:
        download(target)
        return os.path.join(target, *parts)
    new = not os.path.isdir(target)
    os.makedirs(target, exist_ok=True)
    # In the same folder, so that files move there in one piece.
    between = tempfile.mkdtemp(prefix=".mlops-", dir=target)
    found = os.path.join(between, *parts)
    done = os.path.join(target, parts[-1])
    try:
        try:
            download(between)
        except Conflict:
            # One file of a folder cannot be written; the others are there.
            _placed(found, done)
            raise
        _placed(found, done)
    finally:
        shutil.rmtree(between, ignore_errors=True)
        if new and not os.listdir(target):
            os.rmdir(target)
    return done


def _placed(found: str, done: str) -> None:
    try:
        if os.path.lexists(found):
            _move(Path(found), Path(done))
    except OSError as error:
        raise Conflict(f"nothing more can be written to {done}: {error}; take another folder, or move what is there") from None


def _move(found: Path, done: Path) -> None:
    if not found.is_dir():
        os.replace(found, done)
        return
    done.mkdir(exist_ok=True)
    for inside in sorted(found.iterdir()):
        _move(inside, done / inside.name)


def local(uri: str | None) -> Path | None:
    """The path that a URI without a scheme or with `file:` names; None for others. It has to be there."""
    if uri is None:
        return None
    parsed = urlparse(uri)
    if parsed.scheme not in ("", "file"):
        return None
    found = Path(unquote(parsed.path) if parsed.scheme else uri).absolute()
    if not found.exists():
        raise NotFound(f"the artifact URI `{uri}` names the path {found}, where nothing is; expected a path, runs:/<run id>/<path> or"
                       " models:/<model>/<path>")  # fmt: skip
    return found


def copied(found: Path, dst_path: str | os.PathLike[str] | None) -> str:
    """A local file or folder: where it is, or its copy if a folder is named."""
    if dst_path is None:
        return os.fspath(found)
    target = Path(path_text("dst_path", dst_path)).absolute()
    done = target / found.name
    if done.resolve() == found.resolve():
        return os.fspath(found)
    target.mkdir(parents=True, exist_ok=True)
    if found.is_dir():
        shutil.copytree(found, done, dirs_exist_ok=True)
    else:
        shutil.copy2(found, done)
    return os.fspath(done)


def listed(found: Path) -> list[FileInfo]:
    """The files and folders directly in a local folder; none of a file."""
    inside = sorted(found.iterdir()) if found.is_dir() else []
    return [FileInfo(one.name, one.is_dir(), None if one.is_dir() else one.stat().st_size, None) for one in inside]
