"""Runs by MLflow's client and fluent calls, over MLflow's own store and over ours."""

from __future__ import annotations

import math
import time

import mlflow
import numpy as np
import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from test_mlflow_experiments import code_of


def new(client: MlflowClient, **named: object) -> str:
    return str(client.create_run("0", **named).info.run_id)


def test_a_run_begins_with_what_it_is_given_and_nothing_else(client: MlflowClient) -> None:
    run = client.create_run("0", start_time=1_700_000_000_123, tags={"a": "b"}, run_name="named")
    found = client.get_run(run.info.run_id)
    info = found.info
    assert (info.run_name, info.status, info.lifecycle_stage, info.experiment_id) == ("named", "RUNNING", "active", "0")
    assert (info.start_time, info.end_time) == (1_700_000_000_123, None)
    assert found.data.tags == {"a": "b", "mlflow.runName": "named"}
    assert (found.data.params, found.data.metrics) == ({}, {})
    assert info.artifact_uri.endswith(f"/0/{info.run_id}/artifacts")
    assert len(info.run_id) == 32
    assert run.info.run_name == "named"


def test_name_and_tag_of_the_name_stay_in_step(client: MlflowClient) -> None:
    run_id = new(client)
    assert client.get_run(run_id).info.run_name == client.get_run(run_id).data.tags["mlflow.runName"]
    client.set_tag(run_id, "mlflow.runName", "by tag")
    assert client.get_run(run_id).info.run_name == "by tag"
    client.update_run(run_id, name="by call")
    assert client.get_run(run_id).data.tags["mlflow.runName"] == "by call"
    assert client.create_run("0", tags={"mlflow.runName": "tagged"}).info.run_name == "tagged"
    with mlflow.start_run(run_name=123) as run:  # type: ignore[arg-type]
        pass
    assert client.get_run(run.info.run_id).info.run_name == "123"


def test_a_run_ends_with_status_and_time(client: MlflowClient) -> None:
    run_id = new(client, start_time=1000)
    client.set_terminated(run_id, "FAILED", end_time=2000)
    info = client.get_run(run_id).info
    assert (info.status, info.end_time) == ("FAILED", 2000)
    client.log_metric(run_id, "after", 1.0)
    client.log_param(run_id, "after", 1)
    assert client.get_run(run_id).data.metrics == {"after": 1.0}
    client.update_run(run_id, status="KILLED")
    assert client.get_run(run_id).info.status == "KILLED"
    with pytest.raises(Exception):
        client.set_terminated(run_id, "DONE")


def test_fluent_runs_end_by_how_their_block_ends(client: MlflowClient) -> None:
    with mlflow.start_run() as good:
        pass
    with pytest.raises(ValueError, match="oh"):
        with mlflow.start_run() as bad:
            raise ValueError("oh")
    assert client.get_run(good.info.run_id).info.status == "FINISHED"
    assert client.get_run(bad.info.run_id).info.status == "FAILED"
    assert client.get_run(good.info.run_id).info.end_time >= good.info.start_time


def test_fluent_runs_are_nested_and_resumed(client: MlflowClient) -> None:
    with mlflow.start_run() as parent, mlflow.start_run(nested=True) as child:
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert mlflow.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    with mlflow.start_run(run_id=parent.info.run_id) as again:
        assert client.get_run(again.info.run_id).info.status == "RUNNING"
        assert again.info.start_time == parent.info.start_time
        mlflow.log_param("late", 1)
    assert client.get_run(parent.info.run_id).data.params == {"late": "1"}
    assert code_of(mlflow.start_run, run_id="f" * 32) == "RESOURCE_DOES_NOT_EXIST"
    client.delete_run(parent.info.run_id)
    with pytest.raises(MlflowException):
        mlflow.start_run(run_id=parent.info.run_id)


def test_a_run_is_deleted_and_restored(client: MlflowClient) -> None:
    run_id = new(client)
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs(["0"]) == []
    assert len(client.search_runs(["0"], run_view_type=ViewType.DELETED_ONLY)) == 1
    for call in (
        lambda: client.log_metric(run_id, "m", 1.0),
        lambda: client.log_param(run_id, "p", 1),
        lambda: client.set_tag(run_id, "t", 1),
        lambda: client.log_batch(run_id, [Metric("m", 1.0, 1, 1)]),
        lambda: client.update_run(run_id, status="FINISHED"),
    ):
        assert code_of(call) == "INVALID_PARAMETER_VALUE"
    client.restore_run(run_id)
    client.log_metric(run_id, "m", 1.0)
    assert code_of(client.delete_run, "f" * 32) == "RESOURCE_DOES_NOT_EXIST"
    assert code_of(client.get_run, "f" * 32) == "RESOURCE_DOES_NOT_EXIST"


def test_params_are_text_and_do_not_change(client: MlflowClient) -> None:
    run_id = new(client)
    for key, value in {"int": 3, "float": 1e-5, "none": None, "bool": True, "list": [1, 2], "empty": ""}.items():
        client.log_param(run_id, key, value)
    client.log_param(run_id, "int", 3)
    client.log_param(run_id, "int", "3")
    assert client.get_run(run_id).data.params == {
        "int": "3", "float": "1e-05", "none": "None", "bool": "True", "list": "[1, 2]", "empty": "",
    }
    assert code_of(client.log_param, run_id, "int", 4) == "INVALID_PARAMETER_VALUE"
    with pytest.raises(MlflowException, match="Changing param values is not allowed"):
        client.log_batch(run_id, params=[Param("int", "4")])
    assert code_of(client.log_batch, run_id, params=[Param("x", "1"), Param("x", "1")]) == "INVALID_PARAMETER_VALUE"
    client.log_param(run_id, "long", "x" * 6001)
    assert len(client.get_run(run_id).data.params["long"]) == 6000
    assert code_of(client.log_param, run_id, "k" * 251, "v") == "INVALID_PARAMETER_VALUE"


def test_tags_are_text_and_may_change(client: MlflowClient) -> None:
    run_id = new(client, run_name="n")
    client.set_tag(run_id, "number", 5)
    client.set_tag(run_id, "number", 6)
    client.log_batch(run_id, tags=[RunTag("a", "1"), RunTag("a", "2"), RunTag("b", "3")])
    assert client.get_run(run_id).data.tags == {"number": "6", "a": "2", "b": "3", "mlflow.runName": "n"}
    client.delete_tag(run_id, "a")
    assert code_of(client.delete_tag, run_id, "a") == "RESOURCE_DOES_NOT_EXIST"
    client.set_tag(run_id, "long", "x" * 8001)
    assert len(client.get_run(run_id).data.tags["long"]) == 8000


@pytest.mark.parametrize("key", ["a/b", "a.b-c d_e", "Ünïcode", "a:b"])
def test_keys_may_have_these_signs(client: MlflowClient, key: str) -> None:
    run_id = new(client)
    client.log_metric(run_id, key, 1.0)
    client.log_param(run_id, key, 1)
    client.set_tag(run_id, key, 1)
    data = client.get_run(run_id).data
    assert (data.metrics[key], data.params[key], data.tags[key]) == (1.0, "1", "1")


@pytest.mark.parametrize("key", ["", "/a", "./a", "a//b", "../x", "a@b", "a,b", "a%b", "a\\b"])
def test_keys_may_not_be_these(client: MlflowClient, key: str) -> None:
    run_id = new(client)
    for call in (client.log_metric, client.log_param, client.set_tag):
        assert code_of(call, run_id, key, 1) == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    ("given", "kept"),
    [(1, 1.0), (1.5, 1.5), (True, 1.0), (np.float32(0.5), 0.5), (np.int64(3), 3.0), (np.array(2.5), 2.5), (np.array([4.0]), 4.0)],
)
def test_metrics_are_numbers(client: MlflowClient, given: object, kept: float) -> None:
    run_id = new(client)
    client.log_metric(run_id, "m", given)
    assert client.get_run(run_id).data.metrics == {"m": kept}


@pytest.mark.parametrize("given", [None, "abc", np.array([1.0, 2.0])])
def test_other_things_are_no_metrics(client: MlflowClient, given: object) -> None:
    assert code_of(client.log_metric, new(client), "m", given) == "INVALID_PARAMETER_VALUE"


def test_nan_is_kept_and_infinities_are_true_in_ours(client: MlflowClient, ours: bool) -> None:
    run_id = new(client)
    for key, value in {"nan": math.nan, "plus": math.inf, "minus": -math.inf}.items():
        client.log_metric(run_id, key, value)
    metrics = client.get_run(run_id).data.metrics
    assert math.isnan(metrics["nan"])
    largest = math.inf if ours else 1.7976931348623157e308
    assert (metrics["plus"], metrics["minus"]) == (largest, -largest)


def test_the_history_of_a_metric_has_each_point_once_in_order(client: MlflowClient) -> None:
    run_id = new(client)
    points = [(0.5, 30, 3), (0.25, 10, 1), (0.125, 20, 2), (0.5, 30, 3), (0.75, 30, 3), (math.nan, 40, 4)]
    for value, at, step in points:
        client.log_metric(run_id, "loss", value, timestamp=at, step=step)
    client.log_batch(run_id, [Metric("loss", 0.5, 30, 3), Metric("loss", -1.0, 5, -7), Metric("loss", -1.0, 5, -7)])
    found = [(point.timestamp, point.step, point.value) for point in client.get_metric_history(run_id, "loss")]
    assert [point[:2] for point in found] == [(5, -7), (10, 1), (20, 2), (30, 3), (30, 3), (40, 4)]
    assert [point[2] for point in found[:5]] == [-1.0, 0.25, 0.125, 0.5, 0.75]
    assert math.isnan(found[5][2])
    assert client.get_metric_history(run_id, "none") == []
    assert client.get_metric_history("f" * 32, "loss") == []


def test_the_latest_value_is_that_of_the_largest_step_time_and_value(client: MlflowClient) -> None:
    run_id = new(client)
    for step in (3, 1, 2):
        client.log_metric(run_id, "steps", float(step * 10), step=step, timestamp=1)
    for value in (5.0, 1.0, 3.0):
        client.log_metric(run_id, "ties", value, step=0, timestamp=7)
    data = client.get_run(run_id).data
    assert data.metrics == {"steps": 30.0, "ties": 5.0}


def test_a_batch_has_limits(client: MlflowClient) -> None:
    run_id = new(client)
    store = client._tracking_client.store
    metrics = [Metric(f"m{n}", float(n), n, n) for n in range(1001)]
    assert code_of(store.log_batch, run_id, metrics, [], []) == "INVALID_PARAMETER_VALUE"
    params = [Param(f"p{n}", "v") for n in range(101)]
    assert code_of(store.log_batch, run_id, [], params, []) == "INVALID_PARAMETER_VALUE"
    client.log_batch(run_id, metrics, params)
    data = client.get_run(run_id).data
    assert (len(data.metrics), len(data.params)) == (1001, 101)


def test_a_batch_with_a_bad_part_stores_nothing(client: MlflowClient) -> None:
    run_id = new(client, run_name="n")
    client.log_param(run_id, "p", 1)
    for batch in (
        {"params": [Param("p", "2"), Param("q", "1")], "metrics": [Metric("m", 1.0, 1, 1)], "tags": [RunTag("t", "1")]},
        {"params": [Param("q", "1")], "tags": [RunTag("", "1")]},
        {"params": [Param("q", "1")], "metrics": [Metric("m", "x", 1, 1)]},
    ):
        with pytest.raises(MlflowException):
            client._tracking_client.store.log_batch(run_id, batch.get("metrics", []), batch["params"], batch.get("tags", []))
    data = client.get_run(run_id).data
    assert (data.params, data.metrics, data.tags) == ({"p": "1"}, {}, {"mlflow.runName": "n"})


def test_fluent_calls_log_to_the_active_run(client: MlflowClient) -> None:
    with mlflow.start_run(run_name="fluent", tags={"x": "y"}, description="why") as run:
        assert mlflow.log_param("p", 1) == 1
        mlflow.log_params({"q": 2, "r": "s"})
        mlflow.log_metric("m", 0.5, step=3)
        mlflow.log_metrics({"a": 1, "b": 2}, step=1)
        mlflow.set_tags({"t": 1})
        mlflow.delete_tag("x")
        mlflow.log_metric("async", 1.0, synchronous=False).wait()
    found = client.get_run(run.info.run_id)
    assert found.data.params == {"p": "1", "q": "2", "r": "s"}
    assert found.data.metrics == {"m": 0.5, "a": 1.0, "b": 2.0, "async": 1.0}
    assert found.data.tags["mlflow.note.content"] == "why" and "x" not in found.data.tags
    for key in ("mlflow.user", "mlflow.source.name", "mlflow.source.type"):
        assert key in found.data.tags


def test_a_call_without_a_run_starts_one(client: MlflowClient) -> None:
    mlflow.log_param("p", 1)
    run = mlflow.active_run()
    assert run is not None
    with pytest.raises(Exception, match="already active"):
        mlflow.start_run()
    mlflow.end_run()
    assert client.get_run(run.info.run_id).info.status == "FINISHED"
    assert mlflow.last_active_run().info.run_id == run.info.run_id


def test_the_times_of_points_are_now_if_they_are_not_given(client: MlflowClient) -> None:
    run_id = new(client)
    before = int(time.time() * 1000) - 1
    client.log_metric(run_id, "m", 1.0)
    (point,) = client.get_metric_history(run_id, "m")
    assert before <= point.timestamp <= int(time.time() * 1000) + 1
    assert point.step == 0


def test_histories_are_paged_and_sampled_for_the_ui(client: MlflowClient) -> None:
    store = client._tracking_client.store
    first, second = sorted([new(client), new(client)])
    for run_id in (first, second):
        client.log_batch(run_id, [Metric("m", float(step), step, step) for step in range(1000)])
    page = store.get_metric_history(first, "m", max_results=400)
    assert len(page) == 400 and page.token
    rest = store.get_metric_history(first, "m", max_results=700, page_token=page.token)
    assert [point.step for point in [*page, *rest]] == list(range(1000)) and not rest.token
    bulk = store.get_metric_history_bulk([second, first], "m", 1500)
    assert [(point.run_id, point.step) for point in bulk] == [
        *((first, step) for step in range(1000)), *((second, step) for step in range(500)),
    ]
    sampled = store.get_metric_history_bulk_interval([first, second], "m", 10, None, None)
    for run_id in (first, second):
        steps = [point.step for point in sampled if point.run_id == run_id]
        assert 10 <= len(steps) <= 13 and steps[0] == 0 and steps[-1] == 999 and steps == sorted(steps)
    some = store.get_metric_history_bulk_interval([first], "m", 500, 100, 110)
    assert [point.step for point in some][:3] == [100, 101, 102]
    assert store.get_metric_history_bulk_interval([first], "none", 10, None, None) == []
