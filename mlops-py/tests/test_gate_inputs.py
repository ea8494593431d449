"""Bad input of mlops.gate: a clear error, or the verdict error with the reason, and never a pass."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from gate_rows import rows
from interrupting import ends_by_ctrl_c

import mlops
from mlops.exceptions import InvalidArgument, NotFound

TARGETS, OURS, THEIRS = rows(300)


def judged(candidate: Any = OURS, baseline: Any = THEIRS, **options: Any) -> mlops.GateResult:
    options = {"targets": TARGETS, "metrics": "accuracy", "record": False, **options}
    return mlops.gate(candidate, baseline, **options)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
@pytest.mark.parametrize("where", ["candidate", "baseline", "targets"])
def test_a_value_that_is_none_is_an_error(where: str, bad: Any) -> None:
    broken = {"candidate": OURS, "baseline": THEIRS, "targets": TARGETS}
    broken[where] = [*broken[where][:-1], bad]
    result = judged(**broken)
    assert result.verdict == "error" and not result.passed
    assert "300" in result.checks[0].reason


def test_rows_that_are_missing_or_too_many_are_an_error() -> None:
    assert judged(OURS[:-1]).verdict == "error"
    assert judged(OURS, [*THEIRS, 1]).verdict == "error"
    assert judged([], [], targets=[]).verdict == "error"


def test_texts_that_are_missing_are_an_error() -> None:
    names = ["no", "yes"]
    texts = {"targets": [names[one] for one in TARGETS], "candidate": [names[one] for one in OURS]}
    texts["baseline"] = [names[one] for one in THEIRS]
    assert judged(positive="yes", **texts).verdict == "pass"
    texts["candidate"] = [*texts["candidate"][:-1], None]
    assert "1 of 300 predictions of the candidate are missing" in judged(**texts).checks[0].reason


def test_classes_that_are_called_otherwise_are_an_error() -> None:
    result = judged(["yes" if one else "no" for one in OURS], ["yes" if one else "no" for one in THEIRS])
    assert result.verdict == "error" and "no prediction of the candidate is a class of the targets" in result.checks[0].reason


def test_predictions_are_brought_together_by_ids_and_others_are_an_error() -> None:
    ids = [f"row-{row}" for row in range(300)]
    turned = mlops.GatePredictions(OURS[::-1], ids=ids[::-1])
    straight = judged(ids=ids)
    assert judged(turned, ids=ids).json == straight.json
    other = mlops.GatePredictions(OURS, ids=[*ids[:-1], "row-x"])
    result = judged(other, ids=ids)
    assert result.verdict == "error" and "1 of 300 are missing and 1 are too many" in result.checks[0].reason
    assert "such as `row-299`" in result.checks[0].reason
    twice = judged(ids=[*ids[:-1], "row-0"])
    assert twice.verdict == "error" and "stands twice" in twice.checks[0].reason
    assert judged(turned).verdict == "error", "the targets have no ids"


def test_columns_that_are_asked_for_and_not_there_are_an_error() -> None:
    result = judged(data={"country": ["DE"] * 300}, slices="contry", slice_margin=0.1)
    assert result.verdict == "error" and "the column `contry`, which was not handed in" in result.checks[0].reason


def test_metrics_of_which_nothing_is_asked_are_told_and_decide_nothing() -> None:
    result = judged(metrics=["accuracy", "f1", "recall"], guardrails={"recall": 0.05})
    assert result.verdict == judged(metrics="accuracy", guardrails={"recall": 0.05}).verdict
    told, asked = result.check("f1", "guardrail"), result.check("recall", "guardrail")
    assert not told.is_blocking and "how much worse it may be is not said" in told.reason
    assert asked.is_blocking and told.candidate is not None and told.lower is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": None}, "no metric that decides"),
        ({"metrics": "acuracy"}, "acuracy"),
        ({"metrics": 7}, "metrics is 7"),
        ({"metrics": [7]}, "a metric is 7"),
        ({"targets": None}, "no targets"),
        ({"targets": "y"}, "there is no data"),
        ({"data": {"x": [1] * 300}, "targets": "y"}, "no such column: expected one of x"),
        ({"data": {"x": [1] * 299}}, "300 rows, and the data 299"),
        ({"margin": -0.1}, "0 or more"),
        ({"margin": math.nan}, "finite"),
        ({"margin": 0.1, "mode": "superior"}, "no margin"),
        ({"mode": "best"}, "superior"),
        ({"alpha": 0.7}, "below 0.5"),
        ({"resamples": 10}, "999"),
        ({"on_inconclusive": "pass"}, "ask"),
        ({"spend": "all"}, "bonferroni"),
        ({"guardrails": "f1"}, "expected a dict of metrics"),
        ({"guardrails": {"accuracy": 0.1}}, "each metric once"),
        ({"slices": "country", "slice_margin": -0.1, "data": {"country": [1] * 300}}, "slices.margin"),
        ({"metrics": {"accuracy", "f1"}}, "the first of which decides"),
        ({"data_name": 7}, "data_name is 7"),
        ({"measured": {"size_bytes": "x"}}, "size_bytes is 'x'"),
        ({"measured": {"latencies": "ab"}}, "no pair"),
        ({"candidate": [[0.1, 0.9]] * 300, "classes": [1, 1]}, "expected each once"),
        ({"slice_margin": 0.1}, "no slices"),
        ({"budgets": {"latency_p99": 0.1}}, "latency_p99_ratio"),
        ({"definition": {"name": "g", "primary": {"metric": "accuracy"}}, "metrics": None, "margin": 0.1}, "margin: given beside"),
        ({"definition": {"name": "g", "primary": {"metric": "accuracy"}}}, "beside a definition"),
        ({"measured": {"size": 1}}, "'size'"),
        ({"measured": {"latencies": [[1.0]]}}, "no pair"),
        ({"training_data": {"x": [1]}}, "no data to hold it against"),
        ({"candidate": None}, "the candidate is None"),
        ({"candidate": "fraud"}, "fraud@5"),
        ({"baseline": "production"}, "no version of a registered model"),
        ({"baseline": 3}, "'fraud@3'"),
        ({"baseline": None, "baseline_predictions": THEIRS}, "leave one of both out"),
        ({"candidate_predictions": OURS}, "give one of them"),
        ({"candidate": [[0.1, 0.9]] * 300, "classes": [0, 1, 2]}, "2 columns, and there are 3 classes"),
        ({"candidate": {"0": ["a"] * 300}}, "expected numbers"),
        ({"targets": [[1, 2]] * 300}, "several values in a row"),
        ({"targets": 5}, "of type int"),
    ],
)
def test_a_bad_argument_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        judged(**options)
    assert said in str(raised.value), str(raised.value)


def test_what_is_not_there_is_not_found() -> None:
    for options in (
        {"candidate": "fraud@5"},
        {"candidate": "models:/fraud/5"},
        {"candidate": "fraud@champion"},
        {"data": "nothing.csv"},
        {"definition": "nothing.toml", "metrics": None},
    ):
        with pytest.raises(NotFound):
            judged(**options)


def test_predictions_say_what_they_are() -> None:
    with pytest.raises(InvalidArgument, match="neither values nor scores"):
        mlops.GatePredictions()
    assert repr(mlops.GatePredictions(OURS, scores=OURS)) == "<GatePredictions values, scores>"


def test_a_metric_of_probabilities_without_them_is_an_error_with_the_reason() -> None:
    result = judged(metrics="log_loss")
    assert result.verdict == "error" and "`log_loss` needs scores or probabilities" in result.checks[0].reason


def test_what_numpy_masks_is_missing() -> None:
    numpy = pytest.importorskip("numpy")
    masked = numpy.ma.masked_array(OURS, mask=[row == 7 for row in range(300)])
    result = judged(masked)
    assert result.verdict == "error" and "1 of 300 predictions of the candidate" in result.checks[0].reason
    texts = numpy.ma.masked_array([str(one) for one in TARGETS], mask=[row == 7 for row in range(300)])
    assert judged(targets=texts).verdict == "error"


def test_slices_need_no_margin() -> None:
    part = ["a" if row % 2 else "b" for row in range(300)]
    result = judged(data={"part": part}, slices=["part"])
    assert result.verdict == "pass"
    reasons = [check.reason for check in result.checks if check.kind == "slice"]
    assert len(reasons) == 2 and not any("is worse" in reason for reason in reasons)
    # In one part all that the baseline has right is wrong.
    broken = [1 - y if of == "b" else said for y, said, of in zip(TARGETS, OURS, part)]
    worse = judged(broken, data={"part": part}, slices="part", mode="superior")
    assert worse.check("part=b", "slice").verdict == "fail" and "it is worse" in worse.check("part=b", "slice").reason


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    result = judged(data={"land": ["DE"] * 300, "age": [1] * 300}, slices="country")
    assert "`country`" in result.checks[0].reason and "there are `age`, `land`" in result.checks[0].reason


def test_a_positive_class_that_is_none_is_named_with_the_classes() -> None:
    names = ["no", "yes"]
    texts = [[names[one] for one in values] for values in (OURS, THEIRS, TARGETS)]
    result = judged(texts[0], texts[1], targets=texts[2], metrics="f1", positive="Yes")
    assert "no class `Yes`" in result.primary.reason and "`no`, `yes`" in result.primary.reason


def test_groups_and_queries_that_are_missing_are_an_error() -> None:
    for key in ("group", "query"):
        column = [None if row == 4 else row // 2 for row in range(300)]
        result = judged(data={"part": column}, **{key: "part"})
        assert result.verdict == "error" and "has nothing in row 5" in result.checks[0].reason


def test_ctrl_c_ends_a_gate_that_draws(tmp_path: Path) -> None:
    script = """
import random, mlops
print("begun", flush=True)
targets = [row % 2 for row in range(20_000)]
draw = random.Random(7)
ours, theirs = ([y if draw.random() < share else 1 - y for y in targets] for share in (0.9, 0.8))
try:
    mlops.gate(ours, theirs, targets=targets, metrics="f1", resamples=1_000_000, record=False)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    assert ends_by_ctrl_c(script, tmp_path)
