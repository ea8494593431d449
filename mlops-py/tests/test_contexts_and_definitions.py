"""Contexts of series, definitions of metrics and their summaries, notes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mlops
from conftest import Python


def test_a_context_makes_a_series_of_its_own() -> None:
    with mlops.start_run() as run:
        mlops.log_metric("loss", 1.0, step=0)
        mlops.log_metric("loss", 2.0, step=0, context={"subset": "train"})
        mlops.log_metrics({"loss": 3.0, "acc": 0.5}, step=1, context={"subset": "val", "fold": np.int64(3), "aug": True})
        mlops.log_series("loss", [5.0, 6.0], context={"subset": "series"})
    run_id = run.info.run_id
    metrics = mlops.get_run(run_id).data.metrics
    assert metrics['loss{subset="train"}'] == 2.0 and metrics["loss"] == 1.0
    assert metrics['loss{aug="True",fold="3",subset="val"}'] == 3.0
    assert list(mlops.get_metric_series(run_id, "loss", context={"subset": "train"})[2]) == [2.0]
    assert list(mlops.get_metric_series(run_id, "loss", context={"subset": "series"})[2]) == [5.0, 6.0]
    assert len(mlops.get_metric_series(run_id, "loss", context={"subset": "none"})[2]) == 0
    contexts = mlops.metric_contexts(run_id, "loss")
    assert {} in contexts and {"subset": "train"} in contexts and len(contexts) == 4
    assert mlops.metric_contexts(run_id, "none") == []
    found = mlops.search_runs(filter_string="metrics.`loss{subset=\"train\"}` = 2", output_format="list")
    assert [run.info.run_id for run in found] == [run_id]
    assert run._repr_html_() and "loss{subset=&quot;train&quot;}" in mlops.get_run(run_id)._repr_html_()


def test_a_context_that_cannot_be_is_told() -> None:
    with mlops.start_run():
        for wrong in ({"a b": "x"}, {"": "x"}, {"a": None}, {"a": [1]}, "train", {"a": "x" * 500}, {1: "a"}):
            with pytest.raises((mlops.exceptions.InvalidArgument, mlops.exceptions.LimitExceeded)):
                mlops.log_metric("loss", 1.0, context=wrong)  # type: ignore[arg-type]
        mlops.log_metric("loss", 1.0, context={"a": "quote \" and \n line"})


def test_a_summary_says_what_was_defined() -> None:
    with mlops.start_run() as run:
        mlops.define_metric("loss", summary=["min", "best"], goal="minimize")
        mlops.define_metric("val/*", summary="max", step_metric="epoch", hidden=True)
        mlops.define_metric("epoch", summary="none")
        for step, value in enumerate([3.0, 1.0, 2.0]):
            mlops.log_metrics({"loss": value, "val/acc": value, "epoch": float(step), "other": value}, step=step * 10)
            assert dict(run.summary)["other"] == value, "as it is now"
    run_id = run.info.run_id
    summary = mlops.summary(run_id)
    assert dict(summary) == {"loss": {"min": 1.0, "best": 1.0}, "val/acc": 3.0, "other": 2.0}
    assert mlops.get_run(run_id).summary["other"] == 2.0 and "Summary" in repr(summary)
    with pytest.raises(TypeError):
        summary["other"] = 5.0  # type: ignore[index]
    fork = mlops.fork_run(run_id)
    assert dict(fork.summary) == dict(summary)
    at, steps, times, values = mlops.get_metric_series_by(run_id, "val/acc")
    assert (list(at), list(steps), list(values), len(times)) == ([0.0, 1.0, 2.0], [0, 10, 20], [3.0, 1.0, 2.0], 3)
    assert math.isnan(mlops.get_metric_series_by(run_id, "loss", "none")[0][0])
    mlops.MlflowClient().set_terminated(fork.info.run_id)


def test_a_definition_that_cannot_be_is_told() -> None:
    with mlops.start_run() as run:
        mlops.log_metric("x", 1.0)
        for wrong in ({"summary": "median"}, {"summary": "best"}, {"goal": "up"}, {"summary": ["none", "min"]}, {"summary": [1]}):
            with pytest.raises(mlops.exceptions.InvalidArgument):
                mlops.define_metric("x", **wrong)  # type: ignore[arg-type]
    with pytest.raises(mlops.exceptions.InvalidState, match="define_metric"):
        mlops.get_metric_series_by(run.info.run_id, "x")
    with pytest.raises(mlops.exceptions.InvalidState):
        mlops.summary()


def test_a_note_is_written_over_and_removed() -> None:
    with mlops.start_run(description="first") as run:
        assert mlops.note() == "first"
        mlops.set_note("second\nline")
    assert mlops.note(run.info.run_id) == "second\nline"
    mlops.set_note("", run_id=run.info.run_id)
    assert mlops.note(run.info.run_id) is None
    with pytest.raises(mlops.exceptions.InvalidArgument):
        mlops.set_note(5)  # type: ignore[arg-type]


def test_a_command_shows_a_note(python: Python) -> None:
    with mlops.start_run() as run:
        mlops.set_note("kept")
    code = "import sys, mlops._native as n; sys.exit(n.cli_main(['mlops', 'runs', 'note', sys.argv[1]]))"
    assert python(code, run.info.run_id).stdout == "kept\n"
