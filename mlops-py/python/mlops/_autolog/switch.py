"""For which libraries autolog is on, and how: calls, and blocks that undo themselves."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from importlib import import_module
from types import TracebackType

from . import guard, waiting
from .patches import Patches
from .settings import Settings

# Each library with the modules that have something to replace, each as soon as it is imported, and the versions that it is
# tested with, from and below.
LIBRARIES: dict[str, tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]] = {
    "sklearn": (("sklearn.base", "sklearn.metrics"), (1, 2), (2,)),
    "xgboost": (("xgboost",), (1, 7), (4,)),
    "lightgbm": (("lightgbm",), (3, 3), (5,)),
    "pytorch": (("lightning.pytorch", "pytorch_lightning"), (2,), (3,)),
    "keras": (("keras",), (3,), (4,)),
}

Change = Mapping[str, "Settings | None"]

_lock = threading.RLock()
# What calls and blocks said, oldest first; a block that ends takes its own away. Of a library the last one counts.
_layers: list[_Layer] = []
# What the layers below said that are there for good, and of which libraries by name.
_ground: dict[str, Settings | None] = {}
_named: set[str] = set()
_effective: dict[str, Settings] = {}
_patches: dict[tuple[str, str], Patches] = {}


def _after_fork() -> None:
    # Another thread of the parent may have held it.
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _Layer:
    def __init__(self, change: Change, everything: bool) -> None:
        self.change = change
        # Whether it was said of all libraries at once: then it does not overrule what was said of one.
        self.everything = everything
        self.of: weakref.ref[Autologging] | None = None

    def is_for_good(self) -> bool:
        """Whether nobody can end it any more."""
        return self.of is None or self.of() is None


class Autologging:
    """What a call of ``autolog`` has switched; as a context manager it switches back at the end of the block."""

    def __init__(self, layer: _Layer) -> None:
        self._layer = layer
        layer.of = weakref.ref(self)

    def __enter__(self) -> Autologging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _lock:
            if self._layer in _layers:
                _layers.remove(self._layer)
                _apply()

    def __repr__(self) -> str:
        on = [name for name, settings in self._layer.change.items() if settings is not None]
        return f"<Autologging of {', '.join(on) or 'nothing'}>"


def switch(change: Change, everything: bool = False) -> Autologging:
    """Has a change count from now on."""
    with _lock:
        _tidy()
        layer = _Layer(change, everything)
        made = Autologging(layer)
        _layers.append(layer)
        _apply()
    return made


def _tidy() -> None:
    # What nobody can take away any more becomes the ground: a loop that calls autolog makes no heap.
    while _layers and _layers[0].is_for_good():
        _add(_layers.pop(0), _ground, _named)


def _add(layer: _Layer, found: dict[str, Settings | None], named: set[str]) -> None:
    for library, settings in layer.change.items():
        if layer.everything and settings is not None and library in named and found.get(library) is not None:
            continue
        found[library] = settings
        if not layer.everything:
            named.add(library)


def _fold() -> dict[str, Settings]:
    found, named = dict(_ground), set(_named)
    for layer in _layers:
        _add(layer, found, named)
    return {library: settings for library, settings in found.items() if settings is not None}


def _apply() -> None:
    """Replaces functions of what is on and imported, and puts back those of what is off."""
    global _effective
    # A new one: other threads that train look it up meanwhile.
    _effective = _fold()
    for library, module in list(_patches):
        if library not in _effective:
            _patches.pop((library, module)).restore()
    missing: dict[str, str] = {}
    for library, settings in _effective.items():
        for module in LIBRARIES[library][0]:
            if (library, module) in _patches:
                continue
            if waiting.is_imported(module):
                guard.attempt(library, "its patches", settings.silent, lambda: _install(library, module, settings))
            else:
                missing[module] = library
    waiting.wait_for(missing, _arrived)


def _install(library: str, module: str, settings: Settings) -> None:
    if settings.disable_for_unsupported_versions and not is_tested(library, module):
        return
    done = _patches[(library, module)] = Patches()
    try:
        import_module(f".{library}", __package__).install(done, module)
    except BaseException:
        done.restore()
        raise


def _arrived(module: str, library: str) -> None:
    with _lock:
        settings = _effective.get(library)
        if settings is not None and (library, module) not in _patches:
            guard.attempt(library, "its patches", settings.silent, lambda: _install(library, module, settings))


def is_tested(library: str, module: str) -> bool:
    """Whether the version of a library is one that autolog is tested with."""
    import re
    import sys

    found = sys.modules[module.partition(".")[0]]
    numbers = tuple(int(one) for one in re.findall(r"\d+", str(getattr(found, "__version__", "0")))[:3])
    _, first, below = LIBRARIES[library]
    return first <= numbers < below


def settings_of(library: str) -> Settings | None:
    """How autolog is set up for a library; None: it is off."""
    return _effective.get(library)
