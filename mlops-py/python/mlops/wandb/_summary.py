"""The summary of a run: one value a metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any


class Summary(MutableMapping[str, Any]):
    """The last value of each metric, or what ``define_metric`` says; what a script sets itself stands before that. A value is
    an item or an attribute: ``summary["best"]``, ``summary.best``."""

    def __init__(self, read: Callable[[], dict[str, Any]], put: Callable[[dict[str, Any]], None]) -> None:
        object.__setattr__(self, "_read", read)
        object.__setattr__(self, "_put", put)

    _read: Callable[[], dict[str, Any]]
    _put: Callable[[dict[str, Any]], None]

    def update(self, values: Any = (), **others: Any) -> None:  # type: ignore[override]
        """Sets several values."""
        self._put({**dict(values), **others})

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._put({key: value})

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"the summary `{key}` cannot be removed: it stands with the run")

    def __getattr__(self, key: str) -> Any:
        # What Python looks for by itself is no value: `copy` and `pickle` do before there is anything to read.
        found = {} if key.startswith("_") else self._read()
        if key not in found:
            raise AttributeError(f"the summary has no `{key}`")
        return found[key]

    def __setattr__(self, key: str, value: Any) -> None:
        self._put({key: value})

    def __delattr__(self, key: str) -> None:
        del self[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())
