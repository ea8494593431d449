"""Nested mappings as the keys of params, and back."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..exceptions import InvalidArgument


def leaves(values: Mapping[Any, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The values of nested mappings, each with the keys that lead to it. An empty mapping is a value."""
    for key, value in values.items():
        path = (*above, str(key))
        if isinstance(value, Mapping) and value:
            yield from leaves(value, path)
        else:
            yield path, value


def joined(found: Iterable[tuple[tuple[str, ...], Any]], separator: str = ".") -> dict[str, tuple[tuple[str, ...], Any]]:
    """Values and where they stand, by their joined keys. Two values that would have one key are an error, unless they are
    the same."""
    by_name: dict[str, tuple[tuple[str, ...], Any]] = {}
    for path, value in found:
        name = separator.join(path)
        if name in by_name and not same(by_name[name][1], value):
            raise InvalidArgument(
                f"`{name}` is given twice, as {by_name[name][1]!r} and as {value!r}: nested keys are joined by dots; rename one"
            )
        by_name[name] = path, value
    return by_name


def flat(values: Mapping[Any, Any], separator: str = ".") -> dict[str, Any]:
    """Nested mappings as one, keys joined."""
    return {name: value for name, (_, value) in joined(leaves(values), separator).items()}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The mappings that :func:`flat` made these keys of. A key that has no place in them stays as it is."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        *folders, last = key.split(".")
        place: Any = found
        for folder in folders:
            place = place.setdefault(folder, {}) if isinstance(place, dict) else None
        if isinstance(place, dict) and last not in place:
            place[last] = value
        else:
            found[key] = value
    return found


def value_of(text: str) -> Any:
    """The number, truth value, None or list that has this text, else the text."""
    if text in ("True", "False", "None"):
        return {"True": True, "False": False}.get(text)
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) == text:
            return value
    if text[:1] in ("[", "(", "{"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                literal = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return text
        if str(literal) == text:
            return literal
    return text


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, arrays too."""
    try:
        return bool(one == other)
    except Exception:  # arrays, for example, have no single answer
        return repr(one) == repr(other)
