"""Metrics of one's own in a gate: means of rows, and functions that are taken again for each resample."""

from __future__ import annotations

import math
from typing import Any

import pytest
from gate_rows import rows

import mlops
from mlops.exceptions import InvalidArgument

numpy = pytest.importorskip("numpy")


def right(targets: Any, predictions: Any) -> Any:
    return (targets == predictions) * 1.0


def share(targets: Any, predictions: Any) -> float:
    return float((targets == predictions).mean())


def judged(metric: mlops.GateMetric, candidate: float = 0.02, baseline: float = 0.1, **options: Any) -> mlops.GateResult:
    targets, ours, theirs = rows(600, candidate, baseline)
    return mlops.gate(ours, theirs, targets=targets, primary=metric, record=False, **options)


def test_values_of_rows_are_the_metric_as_the_core_has_it() -> None:
    own = judged(mlops.gate_metric(right))
    targets, ours, theirs = rows(600)
    known = mlops.gate(ours, theirs, targets=targets, metrics="accuracy", record=False)
    assert own.verdict == known.verdict == "pass"
    assert own.primary is not None and known.primary is not None
    assert (own.primary.candidate, own.primary.baseline) == (known.primary.candidate, known.primary.baseline)


def test_a_function_is_called_for_each_resample_and_judged_alike() -> None:
    calls = 0

    def counted(targets: Any, predictions: Any) -> float:
        nonlocal calls
        calls += 1
        return share(targets, predictions)

    by_function, by_rows = judged(mlops.gate_metric(counted), resamples=999), judged(mlops.gate_metric(right), resamples=999)
    assert calls >= 2 * 999
    assert (by_function.verdict, by_rows.verdict) == ("pass", "pass")
    one, other = by_function.primary, by_rows.primary
    assert one is not None and other is not None and one.lower is not None and other.lower is not None
    assert one.method == "percentile" and abs(one.lower - other.lower) < 0.01
    assert judged(mlops.gate_metric(counted), resamples=999).json == by_function.json
    assert judged(mlops.gate_metric(counted), 0.1, 0.02, resamples=999).verdict == "fail"


def test_less_is_better_of_a_loss() -> None:
    cost = mlops.gate_metric(lambda y, p: abs(y - p) * 3.0, name="cost", greater_is_better=False)
    assert (str(cost), judged(cost).verdict, judged(cost, 0.1, 0.02).verdict) == ("own_loss:cost", "pass", "fail")


def test_probabilities_are_handed_over_if_they_are_asked_for() -> None:
    targets, ours, theirs = rows(600)
    chances = [{"0": [0.9 - 0.8 * one for one in said], "1": [0.1 + 0.8 * one for one in said]} for said in (ours, theirs)]
    surprise = mlops.gate_metric(
        lambda y, p: -numpy.log(numpy.where(y == 1, p, 1 - p)), name="surprise", greater_is_better=False, takes="probabilities"
    )
    found = mlops.gate(*chances, targets=targets, metrics=[surprise, {"metric": "log_loss", "margin": 0.1}], record=False)
    assert found.verdict == "pass", found.to_text()
    assert math.isclose(found.checks[0].candidate or 0, found.checks[1].candidate or 1)


@pytest.mark.parametrize("per_row", [True, False, None])
def test_what_a_function_raises_is_an_error_with_the_reason(per_row: bool | None) -> None:
    def broken(targets: Any, predictions: Any) -> float:
        raise ValueError("no prices for May")

    result = judged(mlops.gate_metric(broken, per_row=per_row))
    assert result.verdict == "error" and "ValueError: no prices for May" in result.checks[0].reason


def test_what_a_function_raises_for_some_resamples_is_an_error_too() -> None:
    calls = 0

    def tired(targets: Any, predictions: Any) -> float:
        nonlocal calls
        calls += 1
        if calls > 100:
            raise RuntimeError("tired")
        return share(targets, predictions)

    result = judged(mlops.gate_metric(tired))
    assert result.verdict == "error" and "RuntimeError: tired" in result.checks[0].reason


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_is_an_error_and_no_pass(value: float) -> None:
    assert judged(mlops.gate_metric(lambda y, p: value, name="v")).verdict == "error"
    assert judged(mlops.gate_metric(lambda y, p: [value] * len(y), name="v")).verdict == "error"


def test_values_that_are_no_numbers_or_too_few_are_an_error() -> None:
    few = judged(mlops.gate_metric(lambda y, p: [1.0, 2.0], name="few"))
    assert few.verdict == "error" and "2 values for 600 rows" in few.checks[0].reason
    assert judged(mlops.gate_metric(lambda y, p: ["a"] * len(y), name="texts")).verdict == "error"
    assert judged(mlops.gate_metric(lambda y, p: "good", name="text")).verdict == "error"
    assert judged(mlops.gate_metric(lambda y, p: None, name="nothing")).verdict == "error"


def test_ctrl_c_goes_through() -> None:
    calls = 0

    def later(targets: Any, predictions: Any) -> float:
        nonlocal calls
        calls += 1
        if calls > 10:
            raise KeyboardInterrupt
        return share(targets, predictions)

    with pytest.raises(KeyboardInterrupt):
        judged(mlops.gate_metric(later))
    assert calls == 11


def test_a_metric_gets_rows_in_the_order_of_the_targets_whatever_that_of_the_predictions() -> None:
    targets, ours, theirs = rows(600)
    ids = [str(row) for row in range(600)]
    metric = mlops.gate_metric(share)
    turned = mlops.GatePredictions(ours[::-1], ids=ids[::-1])
    options: dict[str, Any] = {"targets": targets, "ids": ids, "primary": metric, "record": False}
    assert mlops.gate(turned, theirs, **options).json == mlops.gate(ours, theirs, **options).json


def test_a_metric_has_a_name_and_is_a_function() -> None:
    assert repr(mlops.gate_metric(share)) == "<GateMetric own:share>"
    assert mlops.gate_metric(share)(numpy.array([1, 0]), numpy.array([1, 1])) == 0.5
    with pytest.raises(InvalidArgument, match="no name"):
        mlops.gate_metric(lambda y, p: 1.0)
    with pytest.raises(InvalidArgument, match="expected a function"):
        mlops.gate_metric("f1")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="probabilities"):
        mlops.gate_metric(share, takes="chances")  # type: ignore[arg-type]
