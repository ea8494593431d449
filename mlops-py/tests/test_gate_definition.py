"""mlops.GateDefinition: all of gate.toml, in Python and back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mlops
from mlops.exceptions import InvalidArgument, NotFound


def profit(targets: object, predictions: object) -> float:
    return 1.0


def full() -> mlops.GateDefinition:
    return mlops.GateDefinition(
        "fraud-gate",
        "roc_auc",
        margin=0.005,
        floor=0.8,
        floor_on="lb",
        guardrails={
            "log_loss": 0.01,
            "accuracy": {"mode": "superior"},
            "f1": mlops.MetricThreshold(threshold=0.5, min_relative_change=0.01, greater_is_better=True),
            mlops.gate_metric(profit): 0.5,
        },
        slices={"columns": ["country", "age"], "metric": "accuracy", "margin": 0.02, "min_rows": 30, "max": 10},
        group="user",
        time={"order": "day", "horizon": 7},
        fairness=[
            {"column": "sex", "measure": "equalized_odds_difference", "margin": 0.02, "ceiling": 0.1},
            {"column": "sex", "measure": "worst_group", "floor": 0.7},
        ],
        budgets={"latency_p99_ratio": {"limit": 0.2, "action": "block"}, "latency_p50_ratio": 0.1, "size_bytes": 1000},
        alpha=0.1,
        resamples=999,
        on_inconclusive="ask",
        spend="bonferroni",
        spend_uses=10,
        positive="yes",
        cutoff=0.4,
        query="session",
    )


def test_all_of_the_file_can_be_said_and_is_read_again(tmp_path: Path) -> None:
    asked = full()
    assert asked.metrics == ["roc_auc", "log_loss", "accuracy", "f1", "own:profit"]
    text = asked.to_toml()
    for again in (
        mlops.GateDefinition.from_toml(text),
        mlops.GateDefinition.from_dict(asked.to_dict()),
        mlops.GateDefinition.from_dict(json.loads(json.dumps(asked.to_dict()))),
    ):
        assert again == asked and again.rules == asked.rules and hash(again) == hash(asked)
        assert again.to_toml() == text
    asked.save(tmp_path / "gate.toml")
    assert mlops.GateDefinition.load(tmp_path / "gate.toml") == asked
    assert mlops.GateDefinition("fraud-gate", "roc_auc") != asked


def test_the_command_reads_the_file_and_gives_the_same_digest(tmp_path: Path) -> None:
    full().save(tmp_path / "gate.toml")
    command = [sys.executable, "-m", "mlops", "gate", "check", "gate.toml", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert (said["rules"], said["mode"], said["name"]) == (full().rules, full().mode, "fraud-gate")


def test_what_is_not_said_is_better_at_all_and_the_report_says_that_nobody_said_so() -> None:
    plain = mlops.GateDefinition("g", "accuracy")
    said = mlops.GateDefinition("g", "accuracy", mode="superior")
    assert plain == said and plain.mode != said.mode
    assert repr(plain) == f"<GateDefinition g: {plain.mode}>"
    assert mlops.GateDefinition.from_dict(plain.to_dict()).mode == plain.mode


def test_the_short_forms_are_the_long_ones() -> None:
    long = mlops.GateDefinition("g", {"metric": "f1", "margin": 0.1}, slices={"columns": ["a"], "margin": 0.2}, time={})
    assert long == mlops.GateDefinition("g", "f1", margin=0.1, slices="a", slice_margin=0.2, time=True)
    by_column = mlops.GateDefinition("g", "f1", time="day").to_dict()
    assert by_column["blocks"] == {"order": "day"}
    assert mlops.GateDefinition("g", "f1", positive=True).to_dict()["positive"] == "1"
    assert mlops.GateDefinition("g", "f1", time=False) == mlops.GateDefinition("g", "f1")


def test_numbers_of_numpy_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    asked = mlops.GateDefinition("g", "f1", margin=numpy.float64(0.25), resamples=numpy.int64(1_000))
    assert asked == mlops.GateDefinition("g", "f1", margin=0.25, resamples=1_000)


def test_a_key_that_there_is_not_names_the_nearest() -> None:
    with pytest.raises(InvalidArgument, match="`margin`"):
        mlops.GateDefinition("g", {"metric": "f1", "margn": 0.1})
    with pytest.raises(InvalidArgument, match="TOML"):
        mlops.GateDefinition.from_toml("name = ")
    with pytest.raises(NotFound, match="definition of a gate"):
        mlops.GateDefinition.load("nowhere.toml")


def test_metrics_of_ones_own_are_given_beside_a_file_that_names_them() -> None:
    text = 'name = "g"\n[primary]\nmetric = "own:profit"\n'
    assert mlops.GateDefinition.from_toml(text, metrics=[mlops.gate_metric(profit)]).metrics == ["own:profit"]
    with pytest.raises(InvalidArgument, match="does not name the metric `own_loss:profit`"):
        mlops.GateDefinition.from_toml(text, metrics=[mlops.gate_metric(profit, greater_is_better=False)])
    with pytest.raises(InvalidArgument, match="gate_metric"):
        mlops.GateDefinition.from_toml(text, metrics=["accuracy"])  # type: ignore[list-item]
    with pytest.raises(InvalidArgument, match="two metrics of your own"):
        mlops.GateDefinition("g", mlops.gate_metric(profit), guardrails={mlops.gate_metric(profit): 0.1})
