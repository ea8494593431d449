"""Libraries that are imported later: their functions are replaced as soon as they are there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_wanted: dict[str, str] = {}
_tell: Callable[[str, str], None] | None = None


def is_imported(module: str) -> bool:
    """Whether a module is there, whole."""
    found = sys.modules.get(module)
    spec = getattr(found, "__spec__", None)
    return found is not None and not getattr(spec, "_initializing", False)


def wait_for(modules: Mapping[str, str], tell: Callable[[str, str], None]) -> None:
    """Calls ``tell`` with module and library when one of these is imported; only these from now on."""
    global _tell
    _tell = tell
    _wanted.clear()
    _wanted.update(modules)
    there = _finder in sys.meta_path
    if _wanted and not there:
        sys.meta_path.insert(0, _finder)
    elif not _wanted and there:
        sys.meta_path.remove(_finder)


class _Finder:
    """Finds nothing itself: lets the others find, and watches the end of the import."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _wanted:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                _watch(spec, name)
                return spec
        return None


def _watch(spec: ModuleSpec, name: str) -> None:
    run = getattr(spec.loader, "exec_module", None)
    if run is None:
        return

    def exec_module(module: ModuleType) -> Any:
        found = run(module)
        library = _wanted.pop(name, None)
        if library is not None and _tell is not None:
            _tell(name, library)
        return found

    try:
        # Of this loader only, which is made anew for each import of a module in a file.
        spec.loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]
    except AttributeError:
        pass


_finder: Any = _Finder()
