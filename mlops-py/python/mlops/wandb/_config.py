"""The config of a run: params that a script reads back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from ..exceptions import Conflict, InvalidArgument
from ._flat import flat, nested, same, value_of
from ._guard import Guard

# Keeps what is new and what has changed, all or none of it.
Put = Callable[[dict[str, Any], dict[str, Any]], None]


class ConfigError(Conflict):
    """A value that was set once would change."""


class Config(MutableMapping[str, Any]):
    """The config of a run. A key is set once; ``update(..., allow_val_change=True)`` changes it for the script, and keeps
    the later value as the tag ``mlops.config.<key>``, since a param does not change."""

    def __init__(self, put: Put, guard: Guard) -> None:
        object.__setattr__(self, "_given", {})
        object.__setattr__(self, "_earlier", {})
        object.__setattr__(self, "_kept", {})
        object.__setattr__(self, "_put", put)
        object.__setattr__(self, "_guard", guard)

    # What the script gave; the texts that a run was resumed with and that it has not given again, by their joined keys; and
    # all values by their joined keys.
    _given: dict[str, Any]
    _earlier: dict[str, str]
    _kept: dict[str, Any]
    _put: Put
    _guard: Guard

    def update(self, values: Any = (), allow_val_change: bool | None = None, **others: Any) -> None:  # type: ignore[override]
        """Sets several values: of a mapping, of an object with attributes (``argparse``), or by name."""
        given = {**as_mapping(values), **others}
        joined = flat(given)
        given = {str(key): value for key, value in given.items()}
        # What is checked is to be so until it is set, whatever other threads set.
        with self._guard:
            if not allow_val_change:
                self._check(given, joined)
            new = {key: value for key, value in joined.items() if key not in self._kept}
            changed = {key: value for key, value in joined.items() if key in self._kept and not self._stands(key, value)}
            if new or changed:
                self._put(new, changed)
            self._given.update(given)
            self._kept.update(joined)
            for key in joined:
                self._earlier.pop(key, None)

    def _check(self, given: dict[str, Any], joined: dict[str, Any]) -> None:
        values = self._values
        was = {key: values[key] for key, value in given.items() if key in values and not self._is(key, values[key], value)}
        # A key that was joined before is that of a nested one now, or the other way round.
        was.update(
            (key, self._kept[key]) for key, value in joined.items() if key in self._kept and not self._stands(key, value)
        )
        for key, value in was.items():
            raise ConfigError(
                f"the config `{key}` is {value!r} and would change to {(given if key in given else joined)[key]!r}; "
                "say so with config.update({...}, allow_val_change=True)"
            )

    def _stands(self, key: str, value: Any) -> bool:
        return same(self._kept[key], value) or self._earlier.get(key) == str(value)

    def _is(self, key: str, old: Any, value: Any) -> bool:
        if same(old, value):
            return True
        if key in self._given or not isinstance(value, Mapping):
            return key not in self._given and self._earlier.get(key) == str(value)
        return {end: str(one) for end, one in flat({key: value}).items()} == {
            end: text for end, text in self._earlier.items() if end == key or end.startswith(f"{key}.")
        }

    def _resume(self, texts: Mapping[str, str]) -> None:
        """Begins with what a run has."""
        self._earlier.update(texts)
        self._kept.update((key, value_of(text)) for key, text in texts.items())

    @property
    def _values(self) -> dict[str, Any]:
        return {**nested({key: self._kept[key] for key in self._earlier}), **self._given} if self._earlier else self._given

    def setdefaults(self, values: Any) -> None:
        """Sets those that are not set."""
        with self._guard:
            self.update({key: value for key, value in as_mapping(values).items() if key not in self})

    def as_dict(self) -> dict[str, Any]:
        """A copy, as a dict."""
        return dict(self._values)

    def __getitem__(self, key: str) -> Any:
        values = self._values
        # The key of a nested value may be written as that of its param.
        return values[key] if key in values else self._kept[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        raise ConfigError(f"the config `{key}` cannot be removed: it stands with the run")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, key: str) -> Any:
        # `copy` and `pickle` ask for names before there is anything to read.
        if "_kept" not in self.__dict__ or key not in self:
            raise AttributeError(f"the config has no `{key}`")
        return self[key]

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
