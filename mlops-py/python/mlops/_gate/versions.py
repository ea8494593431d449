"""What the registry knows of candidate and baseline."""

from __future__ import annotations

import numbers
from typing import Any

from .. import _native, _state
from ..exceptions import InvalidArgument
from .models import Side, of_version, side


class Versions:
    """Candidate and baseline, and what the registry knows of them."""

    def __init__(self, candidate: Any, baseline: Any, of_candidate: Any, of_baseline: Any, slot: str) -> None:
        self.candidate = side("the candidate", candidate, of_candidate)
        self.slot = slot
        self._against: str | None = None
        self._scored: int | None = None
        self.baseline = self._baseline(baseline, of_baseline)

    @property
    def registered(self) -> tuple[str, int] | None:
        """Name and number, if the gate is about a version beside another of its model, or beside nothing."""
        return self.candidate.version if self._against is not None else None

    def _baseline(self, given: Any, predictions: Any) -> Side | None:
        version = self.candidate.version
        if given is None:
            if predictions is not None:
                raise InvalidArgument("baseline is None, and there are predictions of it: leave one of both out")
            if version is not None and _native.gate_baseline(_state.store(), version[0], "production", self.slot) is None:
                # It is that of the first model: there is nothing in production.
                self._against = "production"
            return None
        if isinstance(given, str) and given == "production":
            if version is None:
                raise InvalidArgument(
                    "the candidate is no version of a registered model, so that nobody knows what is in production: give"
                    " baseline= a version, a model or predictions, or None if there is none"
                )
            self._against = "production"
            self._scored = _native.gate_baseline(_state.store(), version[0], "production", self.slot)
            if self._scored is None:
                return None
            return self._predicted(of_version("the baseline", version[0], self._scored), predictions)
        if isinstance(given, numbers.Integral) and not isinstance(given, bool):
            given = int(given)
            if version is None:
                raise InvalidArgument(f"baseline is {given}: expected a version such as 'fraud@{given}', since the candidate is none")
            given = f"{version[0]}@{given}"
        found = side("the baseline", given, predictions)
        if found.version is not None and version is not None and found.version[0] == version[0]:
            self._against, self._scored = str(found.version[1]), found.version[1]
        return found

    @staticmethod
    def _predicted(found: Side, predictions: Any) -> Side:
        found.predictions = predictions
        return found

    def native(self, record: bool, actor: str | None, reason: str | None) -> Any:
        """What the core is told of the versions."""
        if self.registered is None or self._against is None:
            return None
        name, number = self.registered
        return name, number, self._against, self._scored, self.slot, record, actor, reason

    def names(self) -> tuple[str | None, str | None]:
        """What they are called."""
        return self.candidate.name, None if self.baseline is None else self.baseline.name

    def entity(self) -> Any:
        """The version that the result is noted with."""
        from .._registry_entities import ModelVersion

        assert self.registered is not None
        return ModelVersion(_native.ModelRegistry(_state.store()).get_version(*self.registered))
