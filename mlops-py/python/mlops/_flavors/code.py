"""Code that travels with a model: files and folders beneath ``code/``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..exceptions import InvalidArgument, NotFound

FOLDER = "code"
_SKIPPED = {"__pycache__", ".git", ".mypy_cache", ".pytest_cache", ".ipynb_checkpoints", ".mlops"}


def files(paths: Sequence[str | os.PathLike[str]] | None) -> tuple[list[tuple[str, Path]], set[str]]:
    """The files with their places in the model, and the modules that can be imported from them."""
    if isinstance(paths, (str, os.PathLike)):
        raise InvalidArgument(f"code_paths is {os.fspath(paths)!r}: expected a list of paths")
    found: dict[str, Path] = {}
    modules: set[str] = set()
    for given in map(Path, paths or ()):
        given = given.absolute()
        if not given.exists():
            raise NotFound(f"the code path `{given}` does not exist")
        inner = sorted(path for path in given.rglob("*") if path.is_file()) if given.is_dir() else [given]
        modules.add(given.stem)
        for path in inner:
            place = path.relative_to(given.parent)
            if _SKIPPED.isdisjoint(place.parts) and path.suffix != ".pyc":
                name = f"{FOLDER}/{place.as_posix()}"
                if found.setdefault(name, path) != path:
                    raise InvalidArgument(f"code_paths has two files for `{name}`: {found[name]} and {path}")
    return list(found.items()), modules
