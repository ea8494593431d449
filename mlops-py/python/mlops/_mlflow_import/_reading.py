"""Reading of what may be damaged: what is whole is read, and what is not is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ..exceptions import MlopsError, Unsupported

T = TypeVar("T")
R = TypeVar("R")

_WHOLE = range(-(1 << 63), 1 << 63)
# Sizes of the whole numbers of numpy and C.
_SIZES = (1, 2, 4, 8)


class Damaged(Exception):
    """A file or a row that holds something else than it should; the text is a sentence."""


@dataclass
class Unread:
    """One of the things of a source that cannot be read."""

    why: str


def reason(error: Exception) -> str:
    """Why something is left out."""
    return str(error) if isinstance(error, (MlopsError, Damaged)) else f"{type(error).__name__}: {error}"[:300]


def each(items: Iterable[T], read: Callable[[T], R | None], name: Callable[[T], str]) -> Iterator[R | Unread]:
    """What ``read`` makes of each item; an item that it cannot read is told, and the next is read."""
    for item in items:
        try:
            found = read(item)
        except Unsupported:
            # A package is missing: so it will be for every item.
            raise
        except Exception as error:
            # Whatever a damaged source makes of numbers, texts and names that code reckons with.
            yield Unread(f"{name(item)}: {reason(error)}")
        else:
            if found is not None:
                yield found


def whole(value: Any) -> int:
    """A whole number as MLflow's clients left it; one of numpy is bytes in SQLite."""
    if isinstance(value, bytes) and len(value) in _SIZES:
        return int.from_bytes(value, "little", signed=True)
    try:
        number = int(value)
    except (ArithmeticError, TypeError, ValueError):
        raise Damaged(f"{str(value)[:80]!r} is no whole number") from None
    if number not in _WHOLE:
        raise Damaged(f"{number} has more than 64 bits")
    return number


def decoded(raw: bytes) -> str:
    """A text; bytes that are no UTF-8 stay what they are, as halves of signs that :func:`is_text` sees."""
    return raw.decode("utf-8", "surrogateescape")


def is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


def texts(found: Iterable[tuple[str, str]], what: str, problems: list[str]) -> dict[str, str]:
    """Keys and values of params or tags; those that are no UTF-8 are left out and told."""
    kept = {}
    for key, value in found:
        if is_text(key) and is_text(value):
            kept[key] = value
        else:
            raw = value.encode("utf-8", "surrogateescape")[:80]
            problems.append(f"{what}: {key!a} or its value is no UTF-8, and is left out: {raw!r}")
    return kept
