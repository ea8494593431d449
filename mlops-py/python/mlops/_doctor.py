"""What is installed and which store is used, for a person who looks for a fault."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator

from . import _native, _state
from .exceptions import MlopsError

_PACKAGES = ("numpy", "pandas", "pyarrow", "polars", "scikit-learn", "matplotlib", "Pillow", "PyYAML", "mlflow", "mlflow-skinny")
_VARIABLES = ("MLOPS_", "MLFLOW_")


def doctor(mask_envs: bool = False) -> None:
    """Prints versions, the store that calls use and what the environment says; with ``mask_envs`` without the values.

    It makes no store, and changes nothing."""
    for line in _lines(mask_envs):
        print(line)


def _lines(mask_envs: bool) -> Iterator[str]:
    yield f"mlops: {_native.version()} ({os.path.dirname(__file__)})"
    yield f"Python: {platform.python_version()} ({sys.executable})"
    yield f"System: {platform.platform()}"
    yield from _store()
    names = sorted(name for name in os.environ if name.startswith(_VARIABLES))
    yield "Environment:" if names else "Environment: no variable of mlops or MLflow is set"
    for name in names:
        yield f"  {name}: {'***' if mask_envs else os.environ[name]}"
    yield "Packages:"
    for name, version in _versions():
        yield f"  {name}: {version}"


def _store() -> Iterator[str]:
    try:
        location = _state.uri()
    except MlopsError as error:
        yield f"Store: {error}"
        return
    if location != "memory:" and not os.path.isdir(location):
        yield f"Store: {location} (not made yet; the first run makes it)"
        return
    yield f"Store: {location}"
    try:
        # One that this process uses tells of itself; another is only read.
        store = _state.store() if _state.is_open() else _native.Store(location, read_only=True, must_exist=True)
        yield f"  id: {store.id}"
        yield f"  shared: {store.shared}"
        yield f"  trusted: {'yes' if _native.is_trusted(store) else 'no'}"
        experiments, more = store.search_experiments("", [], 1_000, None, 3)
        yield f"  experiments: {'more than ' if more else ''}{len(experiments)}"
    except MlopsError as error:
        yield f"  it cannot be read: {error}"


def _versions() -> Iterator[tuple[str, str]]:
    from importlib.metadata import PackageNotFoundError, version

    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"
