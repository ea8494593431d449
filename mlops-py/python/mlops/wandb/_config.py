"""The config of a run: params that a script reads back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from ..exceptions import Conflict, InvalidArgument

Put = Callable[[dict[str, Any]], None]


class ConfigError(Conflict):
    """A value that was set once would change."""


class Config(MutableMapping[str, Any]):
    """The config of a run. A key is set once; ``update(..., allow_val_change=True)`` changes it for the script, and keeps
    the later value as the tag ``mlops.config.<key>``, since a param does not change."""

    def __init__(self, put: Put, change: Put) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_put", put)
        object.__setattr__(self, "_change", change)

    _values: dict[str, Any]
    _put: Put
    _change: Put

    def update(self, values: Any = (), allow_val_change: bool | None = None, **others: Any) -> None:  # type: ignore[override]
        """Sets several values: of a mapping, of an object with attributes (``argparse``), or by name."""
        given = {**as_mapping(values), **others}
        new, changed = {}, {}
        for key, value in given.items():
            if key not in self._values:
                new[str(key)] = value
            elif not _same(self._values[key], value):
                changed[str(key)] = value
        if changed and not allow_val_change:
            key, value = next(iter(changed.items()))
            raise ConfigError(
                f"the config `{key}` is {self._values[key]!r} and would change to {value!r}; "
                "say so with config.update({...}, allow_val_change=True)"
            )
        if new:
            self._put(flat(new))
        if changed:
            self._change(flat(changed))
        self._values.update(new)
        self._values.update(changed)

    def setdefaults(self, values: Any) -> None:
        """Sets those that are not set."""
        self.update({key: value for key, value in as_mapping(values).items() if key not in self._values})

    def as_dict(self) -> dict[str, Any]:
        """A copy, as a dict."""
        return dict(self._values)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        raise ConfigError(f"the config `{key}` cannot be removed: it stands with the run")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            raise AttributeError(f"the config has no `{key}`") from None

    def __setattr__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __repr__(self) -> str:
        return repr(self._values)


def as_mapping(values: Any) -> Mapping[str, Any]:
    """A mapping of what scripts give as config."""
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return values
    if isinstance(values, (str, os.PathLike)):
        raise InvalidArgument(
            f"the config is the text {str(values)!r}: expected a mapping; of a file read it first, "
            "config=yaml.safe_load(open(...))"
        )
    if hasattr(values, "__dict__") and not hasattr(values, "__iter__"):
        return dict(vars(values))
    try:
        return dict(values)
    except (TypeError, ValueError):
        raise InvalidArgument(f"the config is of type {type(values).__name__}: expected a mapping") from None


def flat(values: Mapping[Any, Any], separator: str = ".") -> dict[str, Any]:
    """Nested mappings as one, keys joined."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found.update({f"{key}{separator}{inner}": one for inner, one in flat(value, separator).items()})
        else:
            found[str(key)] = value
    return found


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # arrays, for example, have no single answer
        return repr(one) == repr(other)
