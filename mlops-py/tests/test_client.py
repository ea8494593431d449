"""The client: explicit ids, and the attribute names and types of MLflow."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from pathlib import Path

import pandas
import pytest

import mlops
from mlops.entities import Metric, Param, RunStatus, RunTag, SourceType
from mlops.exceptions import Conflict, InvalidArgument


@pytest.fixture
def client() -> mlops.MlflowClient:
    return mlops.MlflowClient()


def test_a_run_is_made_filled_and_ended(client: mlops.MlflowClient, tmp_path: Path) -> None:
    run = client.create_run("0", start_time=1_700_000_000_000, tags={"team": "search", "mlflow.runName": "named"})
    run_id = run.info.run_id
    assert run.info.status == "RUNNING" and run.info.start_time == 1_700_000_000_000 and run.info.run_name == "named"
    assert mlops.active_run() is None
    assert client.log_param(run_id, "depth", 3) == 3
    client.log_metric(run_id, "loss", 0.5, timestamp=1000, step=2)
    client.set_tag(run_id, "a", 1)
    client.set_tag(run_id, "b", 2)
    client.delete_tag(run_id, "b")
    client.log_batch(run_id, [Metric("loss", 0.25, 2000, 3)], [Param("width", 4)], [RunTag("c", "x")])
    (tmp_path / "a.txt").write_text("text")
    client.log_artifact(run_id, tmp_path / "a.txt")
    client.log_artifacts(run_id, tmp_path / "config", "config")
    client.log_text(run_id, "text", "b.txt")
    client.log_dict(run_id, {"a": 1}, "c.json")
    client.set_terminated(run_id, "FAILED")

    found = client.get_run(run_id)
    assert found.info.status == "FAILED" and found.data.params == {"depth": "3", "width": "4"}
    assert found.data.metrics == {"loss": 0.25} and {found.data.tags[key] for key in "ac"} == {"1", "x"}
    history = client.get_metric_history(run_id, "loss")
    assert [(m.key, m.value, m.timestamp, m.step) for m in history] == [("loss", 0.5, 1000, 2), ("loss", 0.25, 2000, 3)]
    assert {"a.txt", "b.txt", "c.json", "config"} == {info.path for info in client.list_artifacts(run_id)}
    assert Path(client.download_artifacts(run_id, "b.txt")).read_text() == "text"


def test_a_run_is_recorded_after_the_fact(client: mlops.MlflowClient) -> None:
    run_id = client.create_run("0", start_time=1_000).info.run_id
    client.set_terminated(run_id, "FAILED", end_time=61_500)
    found = client.get_run(run_id).info
    assert (found.status, found.start_time, found.end_time) == ("FAILED", 1_000, 61_500)
    assert found.duration == timedelta(seconds=60.5)


def test_a_batch_of_the_client_is_wholly_in_or_out(client: mlops.MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_param(run_id, "depth", 3)
    before = client.get_run(run_id)
    with pytest.raises(Conflict):
        client.log_batch(run_id, [Metric("loss", 1.0, 0, 0)], [Param("new", 1), Param("depth", 4)], [RunTag("a", "b")])
    with pytest.raises(InvalidArgument, match="each param once in a batch"):
        client.log_batch(run_id, params=[Param("twice", 1), Param("twice", 1)])
    with pytest.raises(InvalidArgument, match="expected a number"):
        client.log_batch(run_id, [Metric("good", 1.0, 0, 0), Metric("bad", "x", 0, 0)], [Param("new", 1)])  # type: ignore[arg-type]
    assert client.get_run(run_id) == before


def test_a_run_that_ended_still_takes_what_is_logged(client: mlops.MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.set_terminated(run_id)
    client.log_metric(run_id, "late", 1.0)
    found = client.get_run(run_id)
    assert found.info.status == "FINISHED" and found.data.metrics == {"late": 1.0}
    client.update_run(run_id, status="RUNNING", name="again")
    assert client.get_run(run_id).info.status == "RUNNING" and client.get_run(run_id).info.run_name == "again"


def test_parents_are_tags_as_in_mlflow(client: mlops.MlflowClient) -> None:
    parent = client.create_run("0").info.run_id
    child = client.create_run("0", tags={"mlflow.parentRunId": parent}).info.run_id
    found = client.get_parent_run(child)
    assert found is not None and found.info.run_id == parent
    assert client.get_run(child).data.tags["mlflow.parentRunId"] == parent
    children = client.search_runs(["0"], f"tags.mlflow.parentRunId = '{parent}'")
    assert [run.info.run_id for run in children] == [child]


def test_a_client_of_another_store_does_not_touch_the_fluent_one(tmp_path: Path) -> None:
    other = mlops.MlflowClient(tmp_path / "other")
    run_id = other.create_run("0").info.run_id
    other.log_text(run_id, "text", "a.txt")
    other.log_dict(run_id, {"a": 1}, "a.json")
    assert {info.path for info in other.list_artifacts(run_id)} == {"a.txt", "a.json"}
    assert other.tracking_uri == str(tmp_path / "other")
    assert mlops.search_runs(output_format="list") == []


def test_entities_are_values(client: mlops.MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    run = client.get_run(run_id)
    assert run == client.get_run(run_id) and run.info == client.get_run(run_id).info
    assert dict(run.info)["run_id"] == run_id and run.info.run_uuid == run_id
    assert run.to_dictionary()["info"]["status"] == "RUNNING"
    assert Metric("a", 1.0, 0, 0) == Metric("a", 1.0, 0, 0) != Metric("a", 1.0, 0, 1)
    assert dict(Param("a", "b")) == {"key": "a", "value": "b"}
    assert RunStatus.is_terminated("KILLED") and not RunStatus.is_terminated("RUNNING")
    assert RunStatus.to_string(RunStatus.FAILED) == RunStatus.to_string(4) == "FAILED"
    assert (RunStatus.FINISHED, RunStatus.from_string("KILLED"), RunStatus.all_status()) == (3, 5, [1, 2, 3, 4, 5])
    assert RunStatus.is_terminated(3) and not RunStatus.is_terminated(1)
    assert (SourceType.LOCAL, SourceType.to_string(4), SourceType.from_string("JOB")) == (4, "LOCAL", 2)
    for call in (RunStatus.to_string, RunStatus.is_terminated, SourceType.to_string):
        for wrong in (99, 0, True, "DONE", None):
            with pytest.raises(InvalidArgument, match="expected 1 .*, or the text"):
                call(wrong)  # type: ignore[operator]
    assert run.inputs.dataset_inputs == []
    assert client.search_experiments().to_list()[0].name == "Default"


def test_what_was_read_travels_to_other_processes() -> None:
    with mlops.start_run() as active:
        mlops.log_metric("loss", 0.5)
    run = mlops.get_run(active.info.run_id)
    assert pickle.loads(pickle.dumps(run)) == copy.deepcopy(run) == run
    sent = pickle.loads(pickle.dumps(active))
    assert type(sent) is mlops.Run and sent.info.run_id == active.info.run_id
    experiment = mlops.get_experiment("0")
    assert pickle.loads(pickle.dumps(experiment)) == experiment


def test_types_of_mlflow(client: mlops.MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_batch(run_id, [Metric("m", 1, 1, 1)], [Param("p", 1)], [RunTag("t", "x")])
    run = client.get_run(run_id)
    assert [type(value) for value in [run.info.start_time, run.info.status, run.info.experiment_id]] == [int, str, str]
    assert run.info.end_time is None and run.info.ended_at is None and run.info.duration is None
    for section, kind in [(run.data.params, str), (run.data.metrics, float), (run.data.tags, str)]:
        assert type(section) is dict
        assert {type(value) for value in section.values()} == {kind}


def test_a_name_that_is_given_twice_is_one_name_or_an_error(client: mlops.MlflowClient) -> None:
    with pytest.raises(InvalidArgument, match="run_name is 'x', and the tag mlflow.runName is 'y': leave one out"):
        client.create_run("0", run_name="x", tags={"mlflow.runName": "y"})
    assert client.create_run("0", run_name="x", tags={"mlflow.runName": "x"}).info.run_name == "x"
    with mlops.start_run(run_name="x", tags={"mlflow.runName": "y"}) as run:
        assert mlops.get_run(run.info.run_id).info.run_name == "x"
    for resumed in (None, run.info.run_id):
        with pytest.raises(InvalidArgument, match="a description and the tag mlflow.note.content are the same thing"):
            mlops.start_run(resumed, description="x", tags={"mlflow.note.content": "y"})
    assert mlops.active_run() is None and len(client.search_runs(["0"])) == 2


def test_what_mlflow_takes_without_a_word_is_taken(client: mlops.MlflowClient) -> None:
    with mlops.start_run() as run:
        mlops.log_params(pandas.Series({"a": 1, "b": 2.5}))
        mlops.log_metrics(pandas.Series({"m": 0.5}))
        mlops.set_tags(pandas.Series({"t": "x"}))
        for wrong in (5, "a", [("a", 1)], dict):
            with pytest.raises(InvalidArgument, match="expected a dict"):
                mlops.log_params(wrong)  # type: ignore[arg-type]
        mlops.end_run(None)
        data = mlops.get_run(run.info.run_id).data
        assert mlops.get_run(run.info.run_id).info.status == "FINISHED"
    assert (data.params, data.metrics, data.tags["t"]) == ({"a": "1.0", "b": "2.5"}, {"m": 0.5}, "x")
    assert [found.info.run_id for found in client.search_runs(["0"], max_results=None)] == [run.info.run_id]
    for output in ("list", "pandas"):
        assert len(mlops.search_runs(max_results=None, output_format=output)) == 1
