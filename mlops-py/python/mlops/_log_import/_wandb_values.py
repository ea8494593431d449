"""Values of W&B's records: JSON, at a key or at a path of keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ._wire import Malformed

# How W&B writes them in some versions; in others they stand in JSON as Python writes them.
_NAMES = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
# How deep values are nested that are joined.
_DEPTH = 64


def value_of(item: dict[str, Any]) -> Any:
    """The value of an item."""
    text = item.get("value_json", "null")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed(f"a value is no JSON, or too deep: {text[:80]!r}") from None


def path_of(item: dict[str, Any]) -> list[str]:
    """The keys of a nested value."""
    path: list[str] = item["nested_key"] or [item.get("key", "")]
    if len(path) > _DEPTH:
        raise Malformed(f"a value is nested {len(path)} deep: more than {_DEPTH} is not read")
    return path


def seconds(time: dict[str, Any]) -> float:
    """Seconds since 1970 of a timestamp."""
    return float(time.get("seconds", 0)) + float(time.get("nanos", 0)) / 1e9


def put(into: dict[str, Any], path: list[str], value: Any) -> None:
    """Sets a nested value."""
    *folders, last = path
    for key in folders:
        if not isinstance(into.get(key), dict):
            into[key] = {}
        into = into[key]
    into[last] = value


def flat(values: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Nested values by their joined keys, as W&B shows them. What has a type of W&B's is one value, and what is too deep."""
    for key, value in values.items():
        if isinstance(value, dict) and value and "_type" not in value and depth < _DEPTH:
            yield from flat(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def number(value: Any) -> float | None:
    """The value of a metric; None for what is no number."""
    if isinstance(value, str):
        return _NAMES.get(value)
    if not isinstance(value, (bool, int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
