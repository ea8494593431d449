"""The rows of a gate: the data, the targets and the ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .. import _native
from ..exceptions import InvalidArgument
from .columns import Column, column, length, rounded, texts
from .definition import GateDefinition
from .table import Table


class Rows:
    """The data, the targets and the ids."""

    def __init__(self, data: Any, targets: Any, ids: Any, features: Sequence[str] | None) -> None:
        self.table = None if data is None else Table(data)
        if targets is None:
            raise InvalidArgument("there are no targets: name the column of data that is true, or give the values")
        self._named = [one for one in (targets, ids) if isinstance(one, str)]
        self.targets = column("the targets", self._values("targets", targets))
        self.ids = None if ids is None else texts("the ids", self._values("ids", ids))
        self.ids_name = ids if isinstance(ids, str) else None
        self._features = features
        if self.table is not None and length(self.targets) != self.table.rows:
            raise InvalidArgument(
                f"the targets have {length(self.targets)} rows, and the data {self.table.rows}: expected as many"
            )
        self._targets_are_apart = not isinstance(targets, str)

    def _values(self, what: str, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if self.table is None:
            raise InvalidArgument(f"{what} is {given!r}, and there is no data: give data=, or the values")
        return self.table.raw(given, what)

    def features(self) -> Any:
        """What models are given."""
        if self.table is None:
            raise InvalidArgument("a model is to be asked, and there is no data: give data=, or predictions")
        names = self._features
        if names is not None:
            for name in names:
                self.table.raw(name, "features")
        elif self.table.names:
            names = [name for name in self.table.names if name not in self._named]
        return self.table.features(names)

    def columns(self, asked: GateDefinition) -> list[tuple[str, Column]]:
        """Those that the gate looks at."""
        if self.table is None:
            return []
        known = [name for name in self.table.names if name != self.ids_name]
        if not set(asked.columns) <= set(known):
            # The report says which there are.
            return self.table.columns(known)
        return self.table.columns(_native.gate_columns(json.dumps(asked.to_dict()), known))

    def digest(self) -> str | None:
        """The digest of what is in them; None where it names nothing: many data have the same targets."""
        found = [] if self.table is None else self.table.columns()
        if all(name in self._named for name, _ in found):
            return None
        if self._targets_are_apart:
            found.append(("(targets)", self.targets))
        return _native.gate_content_digest(found)

    def hashes(self, training: Table) -> tuple[list[int], list[int]]:
        """Hashes of the rows here and there, of the columns that both have, but for the ids."""
        if self.table is None:
            raise InvalidArgument("there is training_data, and no data to hold it against: give data=")
        narrow = {**self.table.narrow(), **training.narrow()}
        mine, theirs = self.table.columns(), training.columns()
        both = {name for name, _ in mine} & {name for name, _ in theirs} - {self.ids_name}
        if not both:
            raise InvalidArgument("training_data and data have no column in common: expected the same names")
        return self._hashed(mine, both, narrow), self._hashed(theirs, both, narrow)

    @staticmethod
    def _hashed(found: list[tuple[str, Column]], names: set[Any], narrow: Mapping[str, Any]) -> list[int]:
        shared = ((name, values) for name, values in found if name in names)
        return _native.gate_content_hashes([(name, rounded(values, narrow.get(name))) for name, values in shared])
