"""What the models cost, where the gate has a budget for it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..exceptions import InvalidArgument
from . import loading
from .models import Side, said_of
from .predicting import called, fitted
from .table import part

# Calls of each model, the first of which are not counted.
_WARM_UP = 20
_CALLS = 200
_KEYS = ("latencies", "size_bytes", "peak_rss_bytes", "load_seconds")


def _number(what: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidArgument(f"{what} is {value!r}: expected a number") from None


class Costs:
    """What was handed in, and what is measured."""

    def __init__(self, budgets: Mapping[str, Any], handed: Mapping[str, Any] | None, on_measuring_host: bool) -> None:
        given = dict(handed or {})
        for key in given:
            if key not in _KEYS:
                raise InvalidArgument(f"measured has {key!r}: expected one of {', '.join(_KEYS)}")
        self._budgets = budgets
        latencies = given.pop("latencies", None)
        self.native: dict[str, Any] = {
            "candidate_latencies": [],
            "baseline_latencies": [],
            "is_measuring_host": bool(on_measuring_host),
            **{key: None if given.get(key) is None else _number(key, given[key]) for key in _KEYS[1:]},
        }
        if isinstance(latencies, Mapping) and set(latencies) == {"candidate", "baseline"}:
            latencies = latencies["candidate"], latencies["baseline"]
        if latencies is not None:
            if isinstance(latencies, (str, Mapping)) or not hasattr(latencies, "__len__") or len(latencies) != 2:
                raise InvalidArgument("the latencies are no pair: expected those of the candidate, and those of the baseline")
            for name, values in zip(("candidate", "baseline"), latencies):
                self.native[f"{name}_latencies"] = [_number(f"a latency of the {name}", value) for value in values]

    def measure(self, candidate: Side, baseline: Side | None, features: Any, rows: int, each: int, show: Callable[[], None]) -> None:
        """What there is a budget for and was not handed in, if it can be measured."""
        wants_latency = any(key.startswith("latency_") for key in self._budgets)
        if wants_latency and not self.native["candidate_latencies"] and baseline is not None and rows:
            self._latencies(candidate, baseline, features, rows, each, show)
        wanted = [key for key in _KEYS[1:] if key in self._budgets and self.native[key] is None]
        if wanted and candidate.failure is None:
            try:
                self._files(candidate, wanted)
            except Exception as error:
                candidate.failure = f"{candidate.what}: what it costs cannot be measured: {said_of(error)}"

    def _latencies(
        self, candidate: Side, baseline: Side, features: Any, rows: int, each: int, show: Callable[[], None]
    ) -> None:
        sides = (candidate, baseline)
        if any(side.model is None or side.failure is not None for side in sides):
            return
        if not 1 <= each <= rows:
            raise InvalidArgument(f"latency_rows is {each}: expected 1 to {rows}, the rows that there are")
        calls = min(max(rows // each, 1), _CALLS)
        both = [[part(fitted(side.model, features), at * each, each) for at in range(calls)] for side in sides]
        taken: list[list[float]] = [[], []]
        for call in range(_WARM_UP + _CALLS):
            show()
            # In turn, so that whatever else runs here disturbs both.
            for side, parts, times in zip(sides, both, taken):
                begun = time.perf_counter()
                called(side.model, parts[call % calls])
                passed = time.perf_counter() - begun
                if call >= _WARM_UP:
                    times.append(passed)
        self.native["candidate_latencies"], self.native["baseline_latencies"] = taken

    def _files(self, candidate: Side, wanted: list[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="mlops-gate-") as place:
            folder = loading.files(candidate, place)
            if folder is None:
                return
            if "size_bytes" in wanted:
                self.native["size_bytes"] = loading.size_of(folder)
            if "peak_rss_bytes" in wanted or "load_seconds" in wanted:
                seconds, most = loading.loaded_alone(candidate, folder)
                measured = {"load_seconds": seconds, "peak_rss_bytes": most}
                self.native.update({key: value for key, value in measured.items() if key in wanted})
