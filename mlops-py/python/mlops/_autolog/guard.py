"""Errors of tracking are told once a kind, in one line, and never reach the training."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

_logger = logging.getLogger("mlops.autolog")
_T = TypeVar("_T")
_told: set[tuple[str, str, str]] = set()


def attempt(library: str, what: str, silent: bool, call: Callable[[], _T], otherwise: Any = None) -> _T | Any:
    """What ``call`` gives; after an error ``otherwise``, and a warning if there was none of its kind before."""
    try:
        return call()
    except Exception as error:
        tell(library, what, silent, error)
        return otherwise


def tell(library: str, what: str, silent: bool, error: Exception | str) -> None:
    """Warns that something is not logged, and why; of each kind of error once in a process."""
    kind = error if isinstance(error, str) else type(error).__name__
    if silent or (library, what, kind) in _told:
        return
    _told.add((library, what, kind))
    try:
        why = error if isinstance(error, str) else f"{kind}: {error}"
        _logger.warning("autolog of %s goes on without %s: %s", library, what, " ".join(why.split())[:500])
    except Exception:
        # A handler of the user's, or an error without a text.
        pass


def forget() -> None:
    """Has every kind of error be told again."""
    _told.clear()
