"""Whole series of a metric at once: arrays in, arrays out."""

from __future__ import annotations

from array import array
from typing import Any

import numpy
import pandas
import pytest

import mlops
from mlops.exceptions import InvalidArgument


def test_100_000_points_come_back() -> None:
    count = 100_000
    random = numpy.random.default_rng(5)
    values, steps = random.normal(size=count), numpy.arange(count)
    values[::1000] = numpy.nan
    values[1::1000] = numpy.inf
    times = 1_700_000_000_000 + numpy.arange(count)
    with mlops.start_run() as run:
        mlops.log_series("loss", values, steps, times)
    back = mlops.get_metric_series(run.info.run_id, "loss")
    assert [column.dtype for column in back] == [numpy.int64, numpy.int64, numpy.float64]
    numpy.testing.assert_array_equal(back[0], steps)
    numpy.testing.assert_array_equal(back[1], times)
    numpy.testing.assert_array_equal(back[2], values)
    summary = mlops.get_run(run.info.run_id).data.summaries["loss"]
    assert (summary.count, summary.last, summary.min) == (count, values[-1], numpy.nanmin(values))


def test_times_have_the_unit_that_was_asked_for() -> None:
    with mlops.start_run() as run:
        mlops.log_series("fine", [1.0, 2.0], timestamps=[1_700_000_000_000_001, 1_700_000_000_000_999], time_unit="us")
        mlops.log_series("coarse", [1.0], timestamps=[1_700_000_000_001])
        with pytest.raises(InvalidArgument, match="`ms` or `us`"):
            mlops.log_series("fine", [3.0], time_unit="s")
    run_id = run.info.run_id
    assert list(mlops.get_metric_series(run_id, "fine")[1]) == [1_700_000_000_000] * 2
    assert list(mlops.get_metric_series(run_id, "fine", time_unit="us")[1])[1] == 1_700_000_000_000_999
    assert list(mlops.get_metric_series(run_id, "coarse")[1]) == [1_700_000_000_001]
    with pytest.raises(InvalidArgument, match="`ms` or `us`"):
        mlops.get_metric_series(run_id, "fine", time_unit="ns")


COLUMNS: dict[str, tuple[Any, Any]] = {
    "lists": ([1.0, 2.0, 3.0], [10, 20, 30]),
    "tuples": ((1, 2, 3), (10, 20, 30)),
    "a generator": ((float(number) for number in [1, 2, 3]), range(10, 31, 10)),
    "array.array": (array("d", [1, 2, 3]), array("q", [10, 20, 30])),
    "small array.array": (array("f", [1, 2, 3]), array("i", [10, 20, 30])),
    "numpy": (numpy.array([1.0, 2.0, 3.0]), numpy.array([10, 20, 30])),
    "small numpy": (numpy.array([1, 2, 3], dtype=numpy.float32), numpy.array([10, 20, 30], dtype=numpy.uint8)),
    "every second": (numpy.array([1.0, 0, 2.0, 0, 3.0])[::2], numpy.array([30, 20, 10])[::-1]),
    "big-endian": (numpy.array([1, 2, 3], dtype=">f8"), numpy.array([10, 20, 30], dtype=">i4")),
    "whole floats": (numpy.array([1, 2, 3]), numpy.array([10.0, 20.0, 30.0])),
    "pandas": (pandas.Series([1.0, 2.0, 3.0]), pandas.Series([10, 20, 30])),
    "objects": ([numpy.float32(1), "2", numpy.array(3)], [numpy.int8(10), 20.0, 30]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_are_taken_as_they_come(kind: str) -> None:
    values, steps = COLUMNS[kind]
    with mlops.start_run() as run:
        mlops.log_series("loss", values, steps)
    found, _, back = mlops.get_metric_series(run.info.run_id, "loss")
    assert (list(found), list(back)) == ([10, 20, 30], [1.0, 2.0, 3.0])


def test_steps_count_up_by_themselves_and_series_add_up() -> None:
    with mlops.start_run() as run:
        mlops.log_series("loss", [3.0, 2.0])
        mlops.log_series("loss", [1.0], steps=[2])
        mlops.log_series("loss", [])
        mlops.log_metric("loss", 0.5, step=3)
    steps, times, values = mlops.get_metric_series(run.info.run_id, "loss")
    assert (list(steps), list(values)) == ([0, 1, 2, 3], [3.0, 2.0, 1.0, 0.5])
    assert list(times) == sorted(times)


BAD: dict[str, dict[str, Any]] = {
    "lengths that differ": {"values": [1.0, 2.0], "steps": [1]},
    "too many times": {"values": [1.0], "timestamps": [1, 2]},
    "a matrix": {"values": numpy.zeros((2, 2))},
    "a matrix of one column": {"values": numpy.zeros((2, 1))},
    "a number": {"values": 1.0},
    "a text": {"values": "123"},
    "texts": {"values": numpy.array(["a", "b"])},
    "complex numbers": {"values": numpy.array([1j])},
    "objects": {"values": numpy.array([1.0, None], dtype=object)},
    "half steps": {"values": [1.0], "steps": numpy.array([0.5])},
    "a step that is no number": {"values": [1.0], "steps": numpy.array([numpy.nan])},
    "an endless step": {"values": [1.0], "steps": numpy.array([numpy.inf])},
    "a step above 64 bits": {"values": [1.0], "steps": numpy.array([2**63], dtype=numpy.uint64)},
    "a float step above 64 bits": {"values": [1.0], "steps": numpy.array([2.0**63])},
    "a negative time": {"values": [1.0], "timestamps": [-1]},
    "a time beyond all years": {"values": [1.0], "timestamps": numpy.array([2**62])},
    "no values": {"values": None, "steps": [1]},
}


@pytest.mark.parametrize("case", BAD)
def test_bad_columns_are_refused_whole(case: str) -> None:
    with mlops.start_run() as run:
        with pytest.raises(InvalidArgument):
            mlops.log_series("loss", **BAD[case])
    assert mlops.get_run(run.info.run_id).data.metrics == {}


def test_a_bad_series_starts_no_run() -> None:
    for call in [
        lambda: mlops.log_series("loss", "123"),
        lambda: mlops.log_metric("loss", "abc"),  # type: ignore[arg-type]
        lambda: mlops.log_metric("loss", 1.0, step=1.5),  # type: ignore[arg-type]
        lambda: mlops.log_dict(object(), "a.json"),
        lambda: mlops.log_figure("figure", "a.png"),
    ]:
        with pytest.raises(InvalidArgument):
            call()
    assert mlops.active_run() is None


def test_a_series_nobody_logged_is_empty() -> None:
    with mlops.start_run() as run:
        pass
    assert [len(column) for column in mlops.get_metric_series(run.info.run_id, "loss")] == [0, 0, 0]
