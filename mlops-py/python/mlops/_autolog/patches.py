"""Functions of other libraries, replaced and put back."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

_MARK = "__mlops_autolog__"


class Patches:
    """What was replaced for one library, so that it can be put back as it was, identically."""

    def __init__(self) -> None:
        # Owner, name, what stood there, what stands there now.
        self._done: list[tuple[Any, str, Any, Any]] = []

    def put(self, owner: Any, name: str, spot: str) -> None:
        """Replaces ``owner.name``, a function or method that the owner itself has, by one that calls ``spot``:
        ``"module:function"`` of this package, with the original, the positional and the named arguments."""
        before = vars(owner).get(name)
        function = before
        if before is None or _is_ours(before):
            return
        if isinstance(before, (staticmethod, classmethod, property)):
            return
        if not callable(function) or isinstance(function, type):
            # A descriptor of scikit-learn that has the function inside, for methods that only some objects have.
            function = getattr(before, "fn", None)
            if not callable(function):
                return
            now = copy.copy(before)
            now.fn = replacement(function, spot)
            setattr(now, _MARK, True)
        else:
            now = replacement(function, spot)
        self.set(owner, name, now)

    def set(self, owner: Any, name: str, now: Any) -> None:
        """Replaces ``owner.name`` by something that was made for it; puts it there if the owner has it not itself."""
        self._done.append((owner, name, vars(owner).get(name, _ABSENT), now))
        setattr(owner, name, now)

    def restore(self) -> None:
        """Puts everything back. What somebody else has replaced since stays, and passes calls through."""
        while self._done:
            owner, name, before, now = self._done.pop()
            if vars(owner).get(name) is not now:
                continue
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


_ABSENT = object()


def _is_ours(found: Any) -> bool:
    return bool(getattr(found, _MARK, False)) and not isinstance(found, type)


def replacement(function: Callable[..., Any], spot: str) -> Callable[..., Any]:
    """A function with the name, docstring and signature of another, which goes through ``spot``."""

    # No state but two names: where it is pickled by value, it works again, and calls the original.
    @functools.wraps(function)
    def patched(*args: Any, **kwargs: Any) -> Any:
        return _through(spot, function, args, kwargs)

    setattr(patched, _MARK, True)
    return patched


_spots: dict[str, Callable[..., Any]] = {}


def _through(spot: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = _spots.get(spot)
    if found is None:
        module, _, name = spot.partition(":")
        found = _spots[spot] = getattr(import_module(f"{__package__}.{module}"), name)
    return found(function, args, kwargs)
