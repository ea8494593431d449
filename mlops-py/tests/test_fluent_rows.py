"""What the fluent calls do at their edges, row by row beside MLflow; docs/guide/mlflow.md lists what differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import mlops
from mlops.entities import Metric, Param, RunTag
from mlops.exceptions import InvalidArgument, InvalidState, NotFound

LOG_CALLS: dict[str, Callable[[], object]] = {
    "log_param": lambda: mlops.log_param("a", 1),
    "log_params": lambda: mlops.log_params({"a": 1}),
    "log_metric": lambda: mlops.log_metric("a", 1),
    "log_metrics": lambda: mlops.log_metrics({"a": 1}),
    "log_series": lambda: mlops.log_series("a", [1.0]),
    "set_tag": lambda: mlops.set_tag("a", 1),
    "set_tags": lambda: mlops.set_tags({"a": 1}),
    "log_text": lambda: mlops.log_text("a", "a.txt"),
    "log_dict": lambda: mlops.log_dict({}, "a.json"),
    "log_table": lambda: mlops.log_table({"a": [1]}, "a.json"),
    "log_image": lambda: mlops.log_image(numpy.zeros((2, 2)), key="a"),
    "get_artifact_uri": lambda: mlops.get_artifact_uri(),
}


@pytest.mark.parametrize("name", LOG_CALLS)
def test_a_log_call_without_a_run_starts_one(name: str, only_run: Callable[[], mlops.Run]) -> None:
    assert mlops.active_run() is None
    LOG_CALLS[name]()
    active = mlops.active_run()
    assert active is not None and active.info.run_id == only_run().info.run_id
    mlops.end_run()
    assert only_run().info.status == "FINISHED"


def test_ending_without_a_run_does_nothing() -> None:
    mlops.end_run()
    mlops.end_run("FAILED")
    assert mlops.search_runs(output_format="list") == []


def test_a_run_of_another_experiment_than_the_active_one_does_not_go_on() -> None:
    with mlops.start_run() as run:
        pass
    mlops.set_experiment("churn")
    with pytest.raises(InvalidArgument, match="belongs to experiment 0, not to 1"):
        mlops.start_run(run_id=run.info.run_id)
    with mlops.start_run(run_id=run.info.run_id, experiment_id="0") as again:
        assert again.info.experiment_id == "0"


def test_a_deleted_run_takes_nothing_and_is_nobodys_parent() -> None:
    client = mlops.MlflowClient()
    with mlops.start_run() as run:
        pass
    run_id = run.info.run_id
    client.delete_run(run_id)
    for call in [
        lambda: client.log_metric(run_id, "a", 1),
        lambda: client.log_batch(run_id, params=[Param("a", "1")]),
        lambda: client.set_tag(run_id, "a", 1),
        lambda: client.log_text(run_id, "a", "a.txt"),
        lambda: mlops.log_metrics({"a": 1}, run_id=run_id),
        lambda: mlops.start_run(run_id=run_id),
        lambda: mlops.start_run(parent_run_id=run_id),
    ]:
        with pytest.raises(InvalidState, match=f"the run `{run_id}` is deleted; restore it first"):
            call()
    assert mlops.get_run(run_id).data.metrics == {}


def test_keys_are_texts_and_no_paths() -> None:
    keys = ["a/b", "a/b/c", "A", "a", "/a", "a//b", "../x", "./a", "a b:c-d.e", "@,()%\\", "ключ"]
    with mlops.start_run() as run:
        for key in keys:
            mlops.log_param(key, key)
            mlops.log_metric(key, 1)
            mlops.set_tag(key, key)
    data = mlops.get_run(run.info.run_id).data
    assert data.params == {key: key for key in keys} and set(data.metrics) == set(keys)
    assert {key: data.tags[key] for key in keys} == data.params


def test_a_param_comes_once_in_a_batch() -> None:
    with mlops.start_run() as run:
        with pytest.raises(InvalidArgument, match="each param once in a batch"):
            mlops.MlflowClient().log_batch(run.info.run_id, params=[Param("a", "1"), Param("a", "1")], tags=[RunTag("t", "1")])
    data = mlops.get_run(run.info.run_id).data
    assert data.params == {} and "t" not in data.tags


def test_a_batch_may_be_larger_than_a_request_of_mlflow() -> None:
    metrics = [Metric(f"m{number % 30}", float(number), 1_700_000_000_000 + number, number) for number in range(3_000)]
    params = [Param(f"p{number}", str(number)) for number in range(500)]
    with mlops.start_run() as run:
        client = mlops.MlflowClient()
        client.log_batch(run.info.run_id, metrics, params, [RunTag(f"t{number}", "x") for number in range(500)])
        bad = [*metrics, Metric("late", "nothing", 0, 0)]  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="metric `late`"):
            client.log_batch(run.info.run_id, bad, [Param("early", "1")])
    data = mlops.get_run(run.info.run_id).data
    assert len(data.params) == 500 and len(data.metrics) == 30 and data.metrics["m29"] == 2_999
    assert len(client.get_metric_history(run.info.run_id, "m3")) == 100


def test_a_metric_goes_to_the_run_that_is_named() -> None:
    with mlops.start_run() as first:
        pass
    model = mlops.initialize_logged_model("tree").model_id
    with mlops.start_run() as second:
        mlops.log_metric("a", 1, step=3, timestamp=5, run_id=first.info.run_id, model_id=model, dataset=None)
        mlops.log_metrics({"b": 2}, run_id=first.info.run_id, timestamp=7)
        mlops.log_params({"c": 3}, run_id=first.info.run_id)
        with pytest.raises(NotFound):
            mlops.log_metric("a", 1, run_id="0" * 32)
        for bad in [-1, "now", 0.5]:
            with pytest.raises(InvalidArgument, match="the timestamp is"):
                mlops.log_metric("a", 1, timestamp=bad)  # type: ignore[arg-type]
    found = mlops.get_run(first.info.run_id).data
    assert (found.metrics, found.params) == ({"a": 1, "b": 2}, {"c": "3"})
    assert mlops.get_run(second.info.run_id).data.metrics == {}
    (point,) = mlops.MlflowClient().get_metric_history(first.info.run_id, "a")
    assert point == Metric("a", 1.0, 5, 3) and (point.model_id, point.run_id) == (model, first.info.run_id)


ASYNC: dict[str, Callable[[mlops.MlflowClient, str], Any]] = {
    "log_param": lambda client, run: mlops.log_param("a", 1, synchronous=False),
    "log_params": lambda client, run: mlops.log_params({"b": 1}, synchronous=False),
    "log_metric": lambda client, run: mlops.log_metric("a", 1, synchronous=False),
    "log_metrics": lambda client, run: mlops.log_metrics({"a": 1}, synchronous=False),
    "set_tag": lambda client, run: mlops.set_tag("a", 1, synchronous=False),
    "set_tags": lambda client, run: mlops.set_tags({"a": 1}, synchronous=False),
    "client.log_param": lambda client, run: client.log_param(run, "c", 1, synchronous=False),
    "client.log_metric": lambda client, run: client.log_metric(run, "a", 1, synchronous=False),
    "client.set_tag": lambda client, run: client.set_tag(run, "a", 1, synchronous=False),
    "client.log_batch": lambda client, run: client.log_batch(run, synchronous=False),
}


@pytest.mark.parametrize("name", ASYNC)
def test_a_call_that_is_not_to_wait_gives_something_to_wait_on(name: str) -> None:
    with mlops.start_run() as run:
        operations = ASYNC[name](mlops.MlflowClient(), run.info.run_id)
        assert isinstance(operations, mlops.RunOperations)
        operations.wait()
        assert mlops.log_metric("a", 1) is mlops.log_metric("a", 1, synchronous=True) is None
        assert mlops.log_param("p", 7) == mlops.log_param("p", 7, synchronous=True) == 7
        mlops.flush_async_logging()
        mlops.flush_artifact_async_logging()


def test_an_error_comes_from_the_call_itself() -> None:
    with mlops.start_run(), pytest.raises(InvalidArgument):
        mlops.log_metric("", 1, synchronous=False)


def test_a_run_that_goes_on_has_no_end_until_it_ends_again() -> None:
    with mlops.start_run() as run:
        pass
    first = mlops.get_run(run.info.run_id).info.end_time
    with mlops.start_run(run_id=run.info.run_id):
        assert mlops.get_run(run.info.run_id).info.end_time is None
    again = mlops.get_run(run.info.run_id).info
    assert first is not None and again.end_time is not None and again.end_time >= first and again.status == "FINISHED"


def test_the_value_of_a_run_may_be_no_number() -> None:
    nan, inf = float("nan"), float("inf")
    with mlops.start_run() as run:
        for step, value in enumerate([1.0, inf, nan]):
            mlops.log_metric("last", value, step=step)
            mlops.log_metric("first", [nan, inf, 1.0][step], step=step)
    data = mlops.get_run(run.info.run_id).data
    assert str(data.metrics["last"]) == "nan" and data.metrics["first"] == 1.0
    assert (data.summaries["last"].min, data.summaries["last"].max) == (1.0, inf)


def test_the_default_experiment_may_be_deleted() -> None:
    with mlops.start_run() as run:
        pass
    mlops.delete_experiment("0")
    with pytest.raises(InvalidState, match="restore it first"):
        mlops.start_run()
    mlops.restore_experiment("0")
    assert mlops.get_run(run.info.run_id).info.lifecycle_stage == "active"


def test_five_megabytes_are_a_value() -> None:
    text = "".join(chr(33 + number % 90) for number in range(5 << 20))
    with mlops.start_run() as run:
        mlops.log_param("long", text)
        mlops.set_tag("long", text)
        mlops.log_params({"also": text})
    data = mlops.get_run(run.info.run_id).data
    assert data.params == {"long": text, "also": text} and data.tags["long"] == text
    (found,) = mlops.search_runs(filter_string="params.long LIKE '!%'", output_format="list")
    assert isinstance(found, mlops.Run) and found.data.params == data.params


def test_a_clock_that_is_set_back_changes_no_time_that_was_given() -> None:
    client = mlops.MlflowClient()
    made = client.create_run("0", start_time=2_000_000_000_000)
    run_id = made.info.run_id
    for step, at in enumerate([2_000_000_000_000, 1_000_000_000_000, 1_500_000_000_000]):
        client.log_metric(run_id, "loss", float(step), timestamp=at, step=step)
    client.set_terminated(run_id, end_time=1_000_000_000_000)
    found = client.get_run(run_id)
    assert found.info.start_time == found.info.end_time == 2_000_000_000_000
    assert found.info.duration is not None and found.info.duration.total_seconds() == 0
    assert found.data.metrics == {"loss": 2.0}
    history = [(point.timestamp, point.step) for point in client.get_metric_history(run_id, "loss")]
    assert history == [(1_000_000_000_000, 1), (1_500_000_000_000, 2), (2_000_000_000_000, 0)]


def measured(run_id: str, key: str) -> list[tuple[object, ...]]:
    points = mlops.MlflowClient().get_metric_history(run_id, key)
    return [(point.value, point.model_id, point.dataset_name, point.dataset_digest) for point in points]


def test_points_keep_the_model_and_the_data_set_they_were_measured_on() -> None:
    train = mlops.data.from_numpy(numpy.zeros((3, 2)), name="train")
    test = mlops.data.from_numpy(numpy.ones((3, 2)), name="test")
    model = mlops.initialize_logged_model("tree").model_id
    with mlops.start_run() as run:
        for step in range(3):
            mlops.log_metric("accuracy", step / 10, step=step, model_id=model, dataset=train)
        mlops.log_metrics({"accuracy": 0.9, "loss": 0.5}, step=3, model_id=model, dataset=test)
        mlops.log_metric("accuracy", 1.0, step=4)
        mlops.log_metric("plain", 1.0)
    run_id = run.info.run_id
    on_train, on_test = (model, "train", train.digest), (model, "test", test.digest)
    assert measured(run_id, "accuracy") == [
        *((step / 10, *on_train) for step in range(3)),
        (0.9, *on_test),
        (1.0, None, None, None),
    ]
    assert measured(run_id, "loss") == [(0.5, *on_test)] and measured(run_id, "plain") == [(1.0, None, None, None)]
    found = mlops.get_run(run_id)
    assert [given.dataset.name for given in found.inputs.dataset_inputs] == ["train", "test"]
    objects = {metric.key: metric for metric in found.data._metric_objs}
    assert objects["loss"].dataset_digest == test.digest and objects["loss"].run_id == run_id
    assert objects["accuracy"].value == 1.0 and objects["accuracy"].model_id is None
    assert mlops.search_runs(filter_string="dataset.name = 'test' AND metrics.loss = 0.5", output_format="list") != []


def test_a_client_says_what_points_were_measured_on() -> None:
    client = mlops.MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "auc", 0.5, timestamp=1_000, dataset_name="train", dataset_digest="1")
    # As an evaluation logs them: one time for all.
    model = client.create_logged_model("0", "tree").model_id
    metrics = [Metric("f1", 0.9, 2_000, 0, model, "train", "1"), Metric("f1", 0.8, 2_000, 0, model, "test", "2")]
    client.log_batch(run_id, [*metrics, Metric("f1", 0.7, 3_000, 1)])
    assert measured(run_id, "auc") == [(0.5, None, "train", "1")]
    assert measured(run_id, "f1") == [(0.9, model, "train", "1"), (0.8, model, "test", "2"), (0.7, None, None, None)]
    assert client.get_metric_history(run_id, "f1")[:2] == metrics
    for bad in ["", "a\nb", 3]:
        with pytest.raises(InvalidArgument):
            client.log_metric(run_id, "auc", 0.5, model_id=bad)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument):
            client.log_batch(run_id, [Metric("auc", 1.0, 0, 0, dataset_name=bad)])  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="no data set"):
        mlops.log_metric("auc", 1.0, run_id=run_id, dataset="train.csv")
    assert len(measured(run_id, "auc")) == 1
