"""What logs of TensorBoard and W&B have in common as a source of runs."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._mlflow_import._types import Experiment, File, Model, Point, RegisteredModel, Run
from ..exceptions import MlopsError
from ._pieces import unusable

# Which times a store takes, in microseconds.
_LATEST = 1 << 62
# The longest text of a param or tag, `VALUE_BYTES` of the core.
_TEXT_BYTES = 16 << 20


@dataclass
class Loaded:
    """A run that was read: its points as columns, and its files."""

    run: Run
    series: dict[str, tuple[array[int], array[int], array[float]]] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    problems: dict[str, int] = field(default_factory=dict)
    """What is left out, and how often."""

    def point(self, key: str, step: int, at: int, value: float) -> None:
        """Adds a point; ``at`` is in microseconds."""
        columns = self.series.get(key)
        if columns is None:
            problem = unusable(key)
            if problem:
                self.problem(f"a value is left out, since {problem}")
                return
            columns = self.series[key] = array("q"), array("q"), array("d")
        columns[0].append(step)
        columns[1].append(at)
        columns[2].append(value)

    def param(self, key: str, value: object) -> None:
        """Adds a param."""
        problem = unusable(key)
        if problem:
            self.problem(f"a param is left out, since {problem}")
        elif isinstance(value, str):
            self._text(self.run.params, "param", key, value)
        else:
            self.run.params[key] = value

    def tag(self, key: str, value: str) -> None:
        """Adds a tag, if it says something."""
        problem = unusable(key)
        if problem:
            self.problem(f"a tag is left out, since {problem}")
        elif value:
            self._text(self.run.tags, "tag", key, value)

    def _text(self, into: dict[str, Any], what: str, key: str, value: str) -> None:
        # JSON may have halves of signs that no UTF-8 has.
        encoded = value.encode("utf-8", "replace")
        if len(encoded) > _TEXT_BYTES:
            self.problem(f"the {what} {key!r} is left out, since its {len(encoded)} bytes are over the limit of {_TEXT_BYTES}")
        else:
            into[key] = encoded.decode()

    def problem(self, what: str) -> None:
        """Notes what is left out; of equal notes, how many they are."""
        self.problems[what] = self.problems.get(what, 0) + 1

    def told(self) -> list[str]:
        """What is left out, a sentence each."""
        name = self.run.name or self.run.id
        return [f"run {name}: {what}" + (f" ({count} times)" if count > 1 else "") for what, count in self.problems.items()]


class LogSource:
    """Runs of logs: one at a time is held."""

    kind = ""
    unit = 1
    later_params = ""
    revives = False

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._loaded: Loaded | None = None

    def _names(self) -> Iterable[str]:
        """The names of the experiments."""
        raise NotImplementedError

    def _runs(self, experiment: str) -> Iterator[Loaded]:
        """The runs of an experiment, read one after the other."""
        raise NotImplementedError

    def experiments(self) -> Iterable[Experiment]:
        for name in self._names():
            yield Experiment(id=name, name=name)

    def runs(self, experiment: Experiment) -> Iterable[Run]:
        for loaded in self._runs(experiment.id):
            self._loaded = loaded
            self.problems += loaded.told()
            yield loaded.run
        self._loaded = None

    def _of(self, run: Run) -> Loaded:
        if self._loaded is None or self._loaded.run is not run:
            raise MlopsError(f"run {run.id} is not the one that was read last")
        return self._loaded

    def points(self, run: Run) -> Iterator[tuple[str, list[Point]]]:
        series = self._of(run).series
        for key in sorted(series):
            yield key, list(zip(*series[key], strict=True))

    def files(self, run: Run) -> Iterable[File]:
        return self._of(run).files

    def models(self, experiment: Experiment) -> Iterable[Model]:
        return []

    def model_files(self, model: Model) -> Iterable[File]:
        return []

    def registered(self) -> Iterable[RegisteredModel]:
        return []

    def close(self) -> None:
        self._loaded = None


def micros(seconds: float) -> int:
    """Microseconds of seconds; 0 for what is no time."""
    found = round(seconds * 1e6) if abs(seconds) < 1e13 else 0
    return found if 0 <= found < _LATEST else 0
