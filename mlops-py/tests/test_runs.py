"""Runs: starting, nesting, going on with one, ending, deleting."""

from __future__ import annotations

import datetime
import getpass
import os
import subprocess
import sys
from functools import partial

import pytest

import mlops
from conftest import python_command
from mlops.exceptions import AlreadyExists, InvalidArgument, InvalidState, NotFound


def status(run: mlops.Run) -> str:
    return mlops.get_run(run.info.run_id).info.status


def test_a_run_knows_when_where_and_by_whom_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "ada")
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
    with mlops.start_run(run_name="one", description="what it is") as run:
        assert status(run) == "RUNNING"
    info = mlops.get_run(run.info.run_id).info
    assert (info.run_name, info.status, info.experiment_id, info.lifecycle_stage) == ("one", "FINISHED", "0", "active")
    assert isinstance(info.start_time, int) and isinstance(info.end_time, int) and info.start_time <= info.end_time
    assert before < info.started_at <= info.ended_at and info.started_at.tzinfo is datetime.timezone.utc
    assert info.duration == info.ended_at - info.started_at
    assert info.user_id == getpass.getuser() == "ada" and info.host == os.uname().nodename
    tags = mlops.get_run(run.info.run_id).data.tags
    assert tags["mlflow.runName"] == "one" and tags["mlflow.note.content"] == "what it is"
    assert tags["mlflow.source.name"] == sys.argv[0] and tags["mlflow.source.type"] == "LOCAL"


def test_a_user_without_a_variable_has_a_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ["USER", "LOGNAME", "USERNAME", "LNAME"]:
        monkeypatch.delenv(name, raising=False)
    with mlops.start_run() as run:
        assert run.info.user_id == getpass.getuser()


def test_a_second_run_has_to_be_nested() -> None:
    with mlops.start_run() as parent:
        with pytest.raises(InvalidState, match=f"{parent.info.run_id} is active.*nested=True"):
            mlops.start_run()
        with mlops.start_run(nested=True) as child:
            assert mlops.active_run() is child
            with mlops.start_run(nested=True) as grandchild:
                mlops.log_metric("depth", 2)
            assert status(grandchild) == "FINISHED" and status(child) == "RUNNING"
        assert mlops.active_run() is parent
    assert mlops.get_run(child.info.run_id).info.parent_run_id == parent.info.run_id
    assert mlops.get_run(grandchild.info.run_id).data.tags["mlflow.parentRunId"] == child.info.run_id
    found = mlops.get_parent_run(child.info.run_id)
    assert found is not None and found.info.run_id == parent.info.run_id
    assert mlops.get_parent_run(parent.info.run_id) is None
    assert "depth" not in mlops.get_run(parent.info.run_id).data.metrics


def test_nested_without_an_active_run_has_no_parent() -> None:
    with mlops.start_run(nested=True) as run:
        assert run.info.parent_run_id is None


def test_a_parent_can_be_named() -> None:
    with mlops.start_run() as parent:
        pass
    with mlops.start_run(parent_run_id=parent.info.run_id) as child:
        with pytest.raises(InvalidArgument, match=f"the active run is {child.info.run_id}"):
            mlops.start_run(nested=True, parent_run_id=parent.info.run_id)
    assert mlops.get_run(child.info.run_id).info.parent_run_id == parent.info.run_id
    with pytest.raises(NotFound, match="run `nobody` does not exist"):
        mlops.start_run(parent_run_id="nobody")
    mlops.delete_run(parent.info.run_id)
    with pytest.raises(InvalidState, match="is deleted"):
        mlops.start_run(parent_run_id=parent.info.run_id)
    assert mlops.active_run() is None


def test_a_failed_child_does_not_touch_its_parent() -> None:
    with mlops.start_run() as parent:
        with pytest.raises(ZeroDivisionError), mlops.start_run(nested=True) as child:
            raise ZeroDivisionError
        assert status(child) == "FAILED" and status(parent) == "RUNNING"
    assert status(parent) == "FINISHED"


def test_a_run_goes_on_where_it_stopped() -> None:
    with mlops.start_run(run_name="before", tags={"kept": "yes"}) as first:
        mlops.log_param("depth", 3)
    ended = mlops.get_run(first.info.run_id).info
    with mlops.start_run(run_id=first.info.run_id, run_name="after", tags={"more": 1}, description="again") as again:
        assert again.info.status == "RUNNING" and again.info.run_id == first.info.run_id
        assert again.info.start_time == first.info.start_time
        mlops.log_metric("loss", 1.0)
    run = mlops.get_run(first.info.run_id)
    assert run.info.status == "FINISHED" and run.info.run_name == "after"
    assert run.info.end_time is not None and ended.end_time is not None and run.info.end_time >= ended.end_time
    assert run.data.params == {"depth": "3"} and run.data.metrics == {"loss": 1.0}
    assert run.data.tags["kept"] == "yes" and run.data.tags["more"] == "1"
    assert run.data.tags["mlflow.note.content"] == "again"


def test_an_id_of_ones_own_is_a_new_run_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (1, 2):
        with mlops.start_run(run_id="job-4711", create=True, run_name="job", tags={"count": count}) as run:
            assert run.info.run_id == "job-4711"
            mlops.log_metric("loss", 1.0, step=count)
    monkeypatch.setenv("MLOPS_RUN_ID", "job_4712")
    with mlops.start_run(create=True) as run:
        assert run.info.run_id == "job_4712"
    found = mlops.get_run("job-4711")
    assert (found.info.run_name, found.info.status, found.data.tags["count"]) == ("job", "FINISHED", "2")
    assert len(mlops.MlflowClient().get_metric_history("job-4711", "loss")) == 2
    client = mlops.MlflowClient()
    assert client.create_run("0", run_id="mine").info.run_id == "mine"
    with pytest.raises(AlreadyExists, match="mine"):
        client.create_run("0", run_id="mine")
    for call in (mlops.start_run, partial(mlops.start_run, create=True)):
        with pytest.raises((InvalidArgument, NotFound), match="run id|does not exist"):
            call(run_id="no id")
    with pytest.raises(NotFound, match="with create=True it is the id of a new run"):
        mlops.start_run(run_id="job-4713")
    with pytest.raises(InvalidArgument, match="no run_id to create"):
        mlops.start_run(create=True)


def test_processes_that_know_one_id_share_one_run() -> None:
    code = "import mlops, sys\nwith mlops.start_run(run_id='shared', create=True): mlops.log_metric('at', 1.0, step=int(sys.argv[1]))"
    processes = [subprocess.Popen(python_command(code, str(worker))) for worker in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    points = mlops.MlflowClient().get_metric_history("shared", "at")
    assert sorted(point.step for point in points) == [0, 1, 2, 3]
    assert mlops.get_run("shared").info.status == "FINISHED"


def test_what_cannot_go_on_says_why() -> None:
    with pytest.raises(NotFound, match="run `nobody` does not exist"):
        mlops.start_run(run_id="nobody")
    with mlops.start_run() as run:
        pass
    other = mlops.create_experiment("other")
    with pytest.raises(InvalidArgument, match=f"belongs to experiment 0, not to {other}"):
        mlops.start_run(run_id=run.info.run_id, experiment_id=other)
    mlops.delete_run(run.info.run_id)
    with pytest.raises(InvalidState, match="is deleted; restore it first"):
        mlops.start_run(run_id=run.info.run_id)
    assert mlops.active_run() is None


@pytest.mark.parametrize("variable", ["MLOPS_RUN_ID", "MLFLOW_RUN_ID"])
def test_the_environment_names_the_run_once(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with mlops.start_run() as first:
        pass
    monkeypatch.setenv(variable, first.info.run_id)
    with mlops.start_run() as again:
        assert again.info.run_id == first.info.run_id
    with mlops.start_run() as third:
        assert third.info.run_id != first.info.run_id


def test_a_run_ends_with_any_status_and_a_bad_one_changes_nothing() -> None:
    for end in ["FINISHED", "FAILED", "KILLED"]:
        run = mlops.start_run()
        mlops.end_run(end)
        assert status(run) == end and mlops.active_run() is None
    run = mlops.start_run()
    with pytest.raises(InvalidArgument, match="`DONE` is not valid: expected RUNNING"):
        mlops.end_run("DONE")
    assert mlops.active_run() is run and status(run) == "RUNNING"


def test_a_run_that_was_ended_inside_its_block_stays_as_it_is() -> None:
    with mlops.start_run() as run:
        mlops.end_run("KILLED")
    assert status(run) == "KILLED"


def test_the_last_active_run_is_the_newest_of_this_process() -> None:
    with mlops.start_run() as parent:
        with mlops.start_run(nested=True):
            pass
        last = mlops.last_active_run()
        assert last is not None and last.info.run_id == parent.info.run_id
    last = mlops.last_active_run()
    assert last is not None and last.info.run_id == parent.info.run_id
    with mlops.start_run() as second:
        mlops.log_metric("loss", 0.5)
    last = mlops.last_active_run()
    assert last is not None and last.info.run_id == second.info.run_id and last.data.metrics == {"loss": 0.5}


def test_a_deleted_run_is_hidden_until_it_is_restored() -> None:
    with mlops.start_run() as run:
        pass
    mlops.delete_run(run.info.run_id)
    assert mlops.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    assert mlops.search_runs(output_format="list") == []
    deleted = mlops.search_runs(run_view_type=mlops.entities.ViewType.DELETED_ONLY, output_format="list")
    assert [found.info.run_id for found in deleted] == [run.info.run_id]
    with pytest.raises(InvalidState, match="is deleted; restore it first"):
        mlops.log_metric("loss", 1.0, run_id=run.info.run_id)
    mlops.restore_run(run.info.run_id)
    mlops.log_metric("loss", 1.0, run_id=run.info.run_id)
    assert mlops.get_run(run.info.run_id).data.metrics == {"loss": 1.0}


def test_an_active_run_that_is_deleted_is_not_in_the_way_of_the_next() -> None:
    gone = mlops.start_run()
    mlops.delete_run(gone.info.run_id)
    with pytest.raises(InvalidState, match="is deleted; restore it first"):
        mlops.end_run()
    assert mlops.active_run() is None
    with mlops.start_run() as run:
        mlops.log_metric("loss", 0.5)
    assert mlops.get_run(run.info.run_id).data.metrics == {"loss": 0.5}


def test_a_client_names_its_run_and_an_id_is_given_once() -> None:
    store = mlops.MlflowClient()._store
    store.start_run(run_id="my-run_1").end("FINISHED")
    assert mlops.get_run("my-run_1").info.status == "FINISHED"
    with pytest.raises(AlreadyExists, match="run `my-run_1` already exists; resume it"):
        store.start_run(run_id="my-run_1")
    for bad in ["", "-x", "a/b", "a" * 257]:
        with pytest.raises(InvalidArgument, match="run id"):
            store.start_run(run_id=bad)


def test_the_tag_of_the_parent_says_which_it_is_whenever_it_is_set() -> None:
    client = mlops.MlflowClient()
    first, second = (client.create_run("0").info.run_id for _ in range(2))
    with mlops.start_run(tags={"mlflow.parentRunId": first}) as run:
        mlops.log_metric("loss", 1.0)
    child = run.info.run_id
    assert run.info.parent_run_id == first
    found = mlops.get_parent_run(child)
    assert found is not None and found.info.run_id == first
    client.set_tag(child, "mlflow.parentRunId", second)
    for again in (mlops.get_parent_run(child), client.get_parent_run(child)):
        assert again is not None and again.info.run_id == second
    client.set_tag(second, "mlflow.parentRunId", first)
    above = client.get_parent_run(second)
    assert above is not None and above.info.run_id == first
    with mlops.start_run() as outer, mlops.start_run(nested=True, tags={"mlflow.parentRunId": first}) as inner:
        assert inner.info.parent_run_id == first != outer.info.run_id
    with pytest.raises(NotFound, match="nowhere"):
        mlops.start_run(tags={"mlflow.parentRunId": "nowhere"})
    assert mlops.active_run() is None
