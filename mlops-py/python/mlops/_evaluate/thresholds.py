"""Thresholds that metrics must keep, alone or against a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..exceptions import InvalidArgument, InvalidState

if TYPE_CHECKING:
    from .result import EvaluationResult


class MetricThreshold:
    """What a metric must be: at least (or, where less is better, at most) ``threshold``; better than the baseline by
    ``min_absolute_change``, above 0; better by ``min_relative_change``, 0 to 1, of the baseline's magnitude.

    >>> from mlops.models import MetricThreshold
    >>> MetricThreshold(threshold=0.9, greater_is_better=True)
    MetricThreshold(threshold=0.9, greater_is_better=True)
    """

    def __init__(
        self,
        threshold: float | None = None,
        min_absolute_change: float | None = None,
        min_relative_change: float | None = None,
        greater_is_better: bool | None = None,
    ) -> None:
        for name, value in (
            ("threshold", threshold),
            ("min_absolute_change", min_absolute_change),
            ("min_relative_change", min_relative_change),
        ):
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or value != value):
                raise InvalidArgument(f"{name} is {value!r}: expected a number")
        if min_absolute_change is not None and min_absolute_change <= 0:
            raise InvalidArgument(f"min_absolute_change is {min_absolute_change}: expected a number above 0")
        if min_relative_change is not None and not 0 <= min_relative_change <= 1:
            raise InvalidArgument(f"min_relative_change is {min_relative_change}: expected a number from 0 to 1")
        if not isinstance(greater_is_better, bool):
            raise InvalidArgument(f"greater_is_better is {greater_is_better!r}: expected True or False")
        if threshold is None and min_absolute_change is None and min_relative_change is None:
            raise InvalidArgument(
                "the threshold of a metric is empty: give threshold, min_absolute_change or min_relative_change"
            )
        self.threshold = threshold
        self.min_absolute_change = min_absolute_change
        self.min_relative_change = min_relative_change
        self.greater_is_better = greater_is_better

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value is not None)
        return f"MetricThreshold({given})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MetricThreshold) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def failures(self, name: str, value: float | None, baseline: float | None) -> list[str]:
        """What is wrong with a value; NaN keeps no threshold, and a metric that is missing fails."""
        if value is None:
            return [f"{name} is missing from the result"]
        found = []
        side = "least" if self.greater_is_better else "most"
        if self.threshold is not None and not self._reaches(value, self.threshold):
            found.append(f"{name} is {value:g}: expected at {side} {self.threshold:g}")
        if self.min_absolute_change is None and self.min_relative_change is None:
            return found
        if baseline is None:
            return [*found, f"{name} is missing from the result of the baseline, with which it is to be compared"]
        sign = 1 if self.greater_is_better else -1
        values = f"{name} is {value:g}, of the baseline {baseline:g}"
        if self.min_absolute_change is not None:
            bound = baseline + sign * self.min_absolute_change
            if not self._reaches(value, bound):
                found.append(f"{values}: expected at {side} {bound:g}, a change of {self.min_absolute_change:g}")
        if self.min_relative_change is not None:
            # Better than a baseline of 0 at all; and equal to it is no change that is above 0.
            step = self.min_relative_change * abs(baseline) if baseline else (1e-10 if self.min_relative_change else 0.0)
            bound = baseline + sign * step
            if not self._reaches(value, bound):
                found.append(f"{values}: expected at {side} {bound:g}, a change of {self.min_relative_change:g} of it")
        return found

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.greater_is_better else value <= bound


class ModelValidationFailedException(InvalidState):
    """Metrics that do not keep their thresholds: all of them, a line each; ``failures`` has them as a list."""

    error_code = "BAD_REQUEST"

    def __init__(self, message: str = "", error_code: str | None = None) -> None:
        super().__init__(message, error_code)
        self.failures = message.split("\n")[1:]


def validate_evaluation_results(
    validation_thresholds: Mapping[str, MetricThreshold],
    candidate_result: EvaluationResult,
    baseline_result: EvaluationResult | None = None,
) -> None:
    """Raises :class:`ModelValidationFailedException`, which lists every failed check; returns if there is none.

    A metric that the candidate has not is a failure, and so is one that the baseline has not, if it is to be compared."""
    if not isinstance(validation_thresholds, Mapping) or not all(
        isinstance(name, str) and isinstance(one, MetricThreshold) for name, one in validation_thresholds.items()
    ):
        raise InvalidArgument("the thresholds are no dict of names of metrics with a MetricThreshold each")
    candidate = _metrics(candidate_result)
    baseline = {} if baseline_result is None else _metrics(baseline_result)
    failures = [
        failure
        for name, one in validation_thresholds.items()
        for failure in one.failures(name, candidate.get(name), baseline.get(name))
    ]
    if failures:
        count = "1 check" if len(failures) == 1 else f"{len(failures)} checks"
        raise ModelValidationFailedException("\n".join([f"{count} of the evaluation failed:", *failures]))


def _metrics(result: Any) -> Mapping[str, float]:
    found = result if isinstance(result, Mapping) else getattr(result, "metrics", None)
    if not isinstance(found, Mapping):
        what = type(result).__name__
        raise InvalidArgument(f"a {what} is no result of an evaluation: expected what mlops.evaluate returns")
    return found
