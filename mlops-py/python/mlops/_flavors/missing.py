"""A library that a model needs and that is not here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..exceptions import NotFound, Unsupported

if TYPE_CHECKING:
    from .source import Source


class MissingLibrary(Unsupported, ModuleNotFoundError):
    """A library that a model needs is not installed."""


@contextmanager
def named(source: Source) -> Iterator[None]:
    """Has a missing library say what was recorded when the model was logged, and what to install."""
    try:
        yield
    except MissingLibrary:
        raise
    except ModuleNotFoundError as error:
        recorded = _recorded(source)
        library = (error.name or str(error)).partition(".")[0]
        if recorded:
            install = " ".join(f"'{line}'" for line in recorded)
            way = f"it was logged with {', '.join(recorded)}: pip install {install}"
        else:
            way = "what it was logged with was not recorded"
        missing = MissingLibrary(f"the model `{source.uri}` needs `{library}`, which is not installed; {way}")
        missing.name = error.name
        raise missing from error


def _recorded(source: Source) -> list[str]:
    try:
        lines = source.read("requirements.txt").decode().splitlines()
    except (NotFound, OSError, UnicodeDecodeError):
        return []
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
