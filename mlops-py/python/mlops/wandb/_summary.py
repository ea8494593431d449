"""The summary of a run: one value a metric."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from ._flat import joined, leaves, nested
from ._guard import Guard
from ._place import Place
from ._values import Value, element, plain


class Summary(MutableMapping[str, Any]):
    """What was said last of each key: the last value that was logged, or what ``define_metric`` says, or what a script set.
    A value is an item or an attribute: ``summary["best"]``, ``summary.best``; nested ones are ``summary["val"]["loss"]``."""

    def __init__(self, place: Place, guard: Guard) -> None:
        object.__setattr__(self, "_place", place)
        object.__setattr__(self, "_guard", guard)
        object.__setattr__(self, "_paths", {})
        object.__setattr__(self, "_texts", {})
        object.__setattr__(self, "_said", set())
        object.__setattr__(self, "_resumed", False)

    _place: Place
    _guard: Guard
    # Where the keys that were given nested stand; the texts and lists that were logged; the keys of what the script set.
    _paths: dict[str, tuple[str, ...]]
    _texts: dict[str, Any]
    _said: set[str]
    # True until the texts of the run that this one goes on with were read.
    _resumed: bool

    def update(self, values: Any = (), **others: Any) -> None:  # type: ignore[override]
        """Sets several values."""
        self._set({**dict(values), **others})

    def __getitem__(self, key: str) -> Any:
        with self._guard:
            values, shown = self._values()
        # The key of a nested value may be written as that of its metric, and the other way round.
        for found in (shown, values):
            if key in found:
                return self._part(found[key], (key,))
        return self._part(nested(values)[key], (key,))

    def __setitem__(self, key: str, value: Any) -> None:
        self._set({key: value})

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"the summary `{key}` cannot be removed: it stands with the run")

    def __getattr__(self, key: str) -> Any:
        # What Python looks for by itself is no value: `copy` and `pickle` do before there is anything to read.
        if not key.startswith("_"):
            with suppress(KeyError):
                return self[key]
        raise AttributeError(f"the summary has no `{key}`")

    def __setattr__(self, key: str, value: Any) -> None:
        self._set({key: value})

    def __delattr__(self, key: str) -> None:
        del self[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown())

    def __len__(self) -> int:
        return len(self._shown())

    def __repr__(self) -> str:
        return repr(self._shown())

    # --- what was said last ------------------------------------------------------------------------------------------

    def _set(self, given: Mapping[str, Any], above: tuple[str, ...] = ()) -> None:
        found = joined(leaves(given, above))
        values = {key: plain(element(value)) for key, (_, value) in found.items()}
        # A value replaces all that stood beneath its key.
        beneath = tuple(f"{'.'.join((*above, str(key)))}." for key in given)
        with self._guard:
            self._place.say(values)
            self._forget(key for key in self._said if key.startswith(beneath) and key not in values)
            self._said.update(values)
            object.__setattr__(
                self, "_texts", {key: text for key, text in self._texts.items() if key not in values and not key.startswith(beneath)}
            )
            object.__setattr__(self, "_paths", {key: path for key, path in self._paths.items() if not key.startswith(beneath)})
            self._stand({key: path for key, (path, _) in found.items()})

    def _logged(self, values: Mapping[str, Value]) -> None:
        """Takes note of what was logged: it stands before what the script set."""
        if self._said:
            self._forget(key for key, value in values.items() if value.said is not None and key in self._said)
        for key, value in values.items():
            if value.number is None and value.said is not None:
                self._texts[key] = value.said
            else:
                self._texts.pop(key, None)
        self._stand({key: value.path for key, value in values.items()})

    def _resume(self) -> None:
        """Begins with what a run has."""
        self._said.update(self._place.said())
        object.__setattr__(self, "_resumed", True)

    def _forget(self, keys: Iterable[str]) -> None:
        gone = list(keys)
        self._place.unsay(gone)
        self._said.difference_update(gone)

    def _stand(self, places: Mapping[str, tuple[str, ...]]) -> None:
        """Takes note of where keys stand: what is no mapping stands where one of its key did."""
        if self._paths:
            gone = {path[0] for path in self._paths.values()}.intersection(key for key, path in places.items() if len(path) == 1)
            if gone:
                object.__setattr__(self, "_paths", {key: path for key, path in self._paths.items() if path[0] not in gone})
        self._paths.update((key, path) for key, path in places.items() if len(path) > 1)

    # --- what is shown -----------------------------------------------------------------------------------------------

    def _shown(self) -> dict[str, Any]:
        with self._guard:
            shown = self._values()[1]
        return {key: self._part(value, (key,)) for key, value in shown.items()}

    def _values(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values by their joined keys, and as they are shown."""
        found = self._place.sums()
        if self._resumed:
            # Of a key that has numbers too, nothing says which was last.
            for key, text in self._place.last_texts().items():
                if key not in found:
                    self._texts.setdefault(key, _read(text))
            object.__setattr__(self, "_resumed", False)
        values: dict[str, Any] = {}
        for key, sums in found.items():
            # What follows from a definition has its name, as in W&B; the last value, which all have without one, has none.
            values[key] = sums[0][1] if [name for name, _ in sums] == ["last"] else dict(sums)
        values.update(self._texts)
        values.update(self._place.said())
        shown = {key: value for key, value in values.items() if key not in self._paths}
        for key, path in self._paths.items():
            if key in values:
                at = shown
                for folder in path[:-1]:
                    at[folder] = dict(at[folder]) if isinstance(at.get(folder), dict) else {}
                    at = at[folder]
                at[path[-1]] = values[key]
        return values, shown

    def _part(self, value: Any, path: tuple[str, ...]) -> Any:
        """A value as scripts see it: of a mapping one that can be set."""
        if not isinstance(value, dict):
            return value
        return Part({key: self._part(inner, (*path, key)) for key, inner in value.items()}, lambda given: self._set(given, path))


class Part(dict[str, Any]):
    """A nested value of a summary: a dict whose keys are attributes too. What is set in it is set in the summary."""

    def __init__(self, values: Mapping[str, Any], put: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(values)
        object.__setattr__(self, "_put", put)

    _put: Callable[[dict[str, Any]], None]

    def __getattr__(self, key: str) -> Any:
        if key not in self:
            raise AttributeError(f"the summary has no `{key}` here; it has {', '.join(self) or 'nothing'}")
        return self[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __setattr__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def update(self, values: Any = (), **others: Any) -> None:  # type: ignore[override]
        """Sets several values."""
        given = {**dict(values), **others}
        self._put(given)
        super().update(given)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is set if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"the summary `{key}` cannot be removed: it stands with the run")

    def pop(self, key: str, *_: Any) -> Any:
        """An error: a summary stands with the run."""
        del self[key]

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy, or what travels to another process, is a dict.
        return dict, (dict(self),)


def _read(text: str) -> Any:
    """A list is logged as its JSON."""
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return text
