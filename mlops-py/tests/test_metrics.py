"""Metrics: what counts as a number, and how it comes back."""

from __future__ import annotations

import decimal
import fractions
import math
import time
from typing import Any

import numpy
import pytest

import mlops
from mlops.exceptions import InvalidArgument


def history(run: mlops.Run, key: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in mlops.MlflowClient().get_metric_history(run.info.run_id, key)]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1.7976931348623157e308, 5e-324, -0.0])
def test_every_float_comes_back_as_itself(value: float) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("value", value)
        mlops.log_metrics({"batch": value})
        mlops.log_series("series", [value])
    data = mlops.get_run(run.info.run_id).data
    for key in ["value", "batch", "series"]:
        for back in [data.metrics[key], history(run, key)[0][1]]:
            assert math.isnan(back) if math.isnan(value) else (back == value and str(back) == str(value))


class Tensor:
    """As PyTorch's: the size is a method."""

    def __init__(self, *values: float) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"tensor({list(self.values)})"

    def size(self) -> tuple[int, ...]:
        return (len(self.values),)

    def numel(self) -> int:
        return len(self.values)

    def item(self) -> float:
        if len(self.values) != 1:
            raise RuntimeError(f"a Tensor with {len(self.values)} elements cannot be converted to Scalar")
        return self.values[0]


NUMBERS: list[tuple[Any, float]] = [
    (Tensor(0.5), 0.5),
    (3, 3.0),
    (True, 1.0),
    ("1.5", 1.5),
    ("nan", math.nan),
    (decimal.Decimal("0.25"), 0.25),
    (fractions.Fraction(1, 4), 0.25),
    (numpy.float64(0.5), 0.5),
    (numpy.float32(0.5), 0.5),
    (numpy.longdouble(0.5), 0.5),
    (numpy.int8(-4), -4.0),
    (numpy.uint64(2**63), 2.0**63),
    (numpy.bool_(True), 1.0),
    (numpy.array(2.5), 2.5),
    (numpy.array([2.5]), 2.5),
    (numpy.str_("2.5"), 2.5),
]


@pytest.mark.parametrize(("value", "expected"), NUMBERS, ids=[f"{type(value).__name__} {value}" for value, _ in NUMBERS])
def test_whatever_is_one_number_is_taken(value: Any, expected: float) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("value", value)
    back = mlops.get_run(run.info.run_id).data.metrics["value"]
    assert type(back) is float and (back == expected or (math.isnan(back) and math.isnan(expected)))


NO_NUMBERS: list[Any] = [
    None, "", "abc", b"1.5", 1j, [1.0], {}, object(), 10**400, numpy.array([1.0, 2.0]), numpy.array([]),
    numpy.datetime64("2024-01-01"), numpy.complex128(1j), "x" * 10_000, Tensor(1.0, 2.0),
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with mlops.start_run() as run:
        for call in [
            lambda: mlops.log_metric("bad", value),
            lambda: mlops.log_metrics({"good": 1.0, "bad": value}),
            lambda: mlops.log_series("bad", [1.0, value]),
        ]:
            with pytest.raises(InvalidArgument, match="expected (one|a) number") as caught:
                call()
            assert isinstance(caught.value, ValueError) and len(str(caught.value)) < 200
    assert mlops.get_run(run.info.run_id).data.metrics == {}


def test_steps_are_whole_numbers_of_64_bits_in_any_order() -> None:
    with mlops.start_run() as run:
        for step in [5, -3, 2**63 - 1, -(2**63), numpy.int32(7), True, 2.0, numpy.float32(9.0), Tensor(11)]:
            mlops.log_metric("loss", 1.0, step=step, timestamp=1000)  # type: ignore[arg-type]
    steps = [step for step, _ in history(run, "loss")]
    assert steps == [-(2**63), -3, 1, 2, 5, 7, 9, 11, 2**63 - 1]


@pytest.mark.parametrize("step", [2**63, -(2**63) - 1, 1.5, math.nan, math.inf, "3", [3], 1j, numpy.array([1, 2])], ids=repr)
def test_other_steps_are_refused(step: Any) -> None:
    with mlops.start_run() as run:
        for call in [
            lambda: mlops.log_metric("loss", 1.0, step=step),
            lambda: mlops.log_metrics({"loss": 1.0}, step=step),
            lambda: mlops.log_series("loss", [1.0], steps=[step]),
        ]:
            with pytest.raises(InvalidArgument, match="expected (a whole|whole) number"):
                call()
    assert mlops.get_run(run.info.run_id).data.metrics == {}


def test_the_value_of_a_run_is_that_of_the_largest_step() -> None:
    with mlops.start_run() as run:
        for step, value in [(3, 0.3), (1, 0.1), (2, 0.2)]:
            mlops.log_metric("loss", value, step=step)
        for value in [5.0, 1.0, 3.0]:
            mlops.log_metric("tie", value, timestamp=1000)
    data = mlops.get_run(run.info.run_id).data
    assert data.metrics == {"loss": 0.3, "tie": 5.0}
    summary = data.summaries["loss"]
    assert (summary.last, summary.last_step, summary.min, summary.max, summary.count) == (0.3, 3, 0.1, 0.3, 3)


def test_equal_points_are_all_kept() -> None:
    with mlops.start_run() as run:
        for _ in range(3):
            mlops.log_metric("loss", 0.5, step=1, timestamp=1000)
    assert history(run, "loss") == [(1, 0.5)] * 3


def test_times_are_milliseconds_and_order_the_history() -> None:
    now = int(time.time() * 1000)
    with mlops.start_run() as run:
        mlops.log_metric("loss", 2.0, step=1, timestamp=2000)
        mlops.log_metric("loss", 1.0, step=2, timestamp=1000)
        mlops.log_metric("now", 1.0)
        for bad in [-1, 1.5, "now", 2**60]:
            with pytest.raises(InvalidArgument, match="the timestamp is"):
                mlops.log_metric("loss", 1.0, timestamp=bad)  # type: ignore[arg-type]
    points = mlops.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert [(point.timestamp, point.step, point.value) for point in points] == [(1000, 2, 1.0), (2000, 1, 2.0)]
    assert now <= mlops.MlflowClient().get_metric_history(run.info.run_id, "now")[0].timestamp <= now + 60_000


def test_a_metric_that_nobody_logged_has_an_empty_history() -> None:
    with mlops.start_run() as run:
        pass
    assert history(run, "loss") == []


def test_a_batch_is_wholly_in_or_wholly_out() -> None:
    with mlops.start_run() as run:
        with pytest.raises(InvalidArgument, match="the params are of type list|params is of type list"):
            mlops.log_params([("a", 1)])  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="metrics"):
            mlops.log_metrics(3)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="metric"):
            mlops.log_metrics({"good": 1.0, "": 2.0})
        mlops.log_metrics({})
    assert mlops.get_run(run.info.run_id).data.metrics == {}


def test_a_summary_knows_when_its_last_point_was_logged() -> None:
    with mlops.start_run() as run:
        mlops.log_metric("loss", 0.5, timestamp=1_500)
    summary = mlops.get_run(run.info.run_id).data.summaries["loss"]
    assert summary.last_timestamp == 1_500 and summary.last_at.timestamp() == 1.5
    assert summary.last_at.tzinfo is not None
