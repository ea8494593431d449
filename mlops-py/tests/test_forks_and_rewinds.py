"""A run is forked, or rewound and gone on with, at a step."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import mlops
from conftest import Python, python_command


def trained(steps: int = 10) -> str:
    with mlops.start_run(tags={"team": "blue"}, description="a note") as run:
        mlops.log_param("lr", 0.1)
        mlops.log_text("hello", "notes/a.txt")
        for step in range(steps):
            mlops.log_metric("loss", 1 / (step + 1), step=step)
    return run.info.run_id


def steps(run_id: str, key: str = "loss") -> list[int]:
    return list(mlops.get_metric_series(run_id, key)[0])


def test_a_fork_goes_on_from_a_step_of_another_run() -> None:
    parent = trained()
    mlops.set_experiment("another")
    for spelling in (f"{parent}@4", f"{parent}?_step=4"):
        with mlops.start_run(fork_from=spelling, run_name="again", tags={"team": "red"}) as run:
            mlops.log_metric("loss", 0.0, step=5)
        found = mlops.get_run(run.info.run_id)
        assert found.info.run_name == "again" and found.info.status == "FINISHED"
        assert found.info.experiment_id == "0", "that of the run it comes from"
        assert found.data.params == {"lr": "0.1"}
        assert found.data.tags["team"] == "red" and found.data.tags["mlflow.note.content"] == "a note"
        assert found.data.tags["mlops.forkedFrom"] == f"{parent}@4"
        assert steps(run.info.run_id) == [0, 1, 2, 3, 4, 5]
        assert found.data.metrics == {"loss": 0.0}
    assert steps(parent) == list(range(10))
    whole = mlops.MlflowClient().fork_run(parent, run_name="whole")
    assert whole.info.status == "RUNNING" and mlops.active_run() is None
    assert whole.data.metrics == mlops.get_run(parent).data.metrics
    assert mlops.artifacts.load_text(f"runs:/{whole.info.run_id}/notes/a.txt") == "hello"
    assert mlops.fork_run(parent, step=-1).data.metrics == {}
    mlops.MlflowClient().set_terminated(whole.info.run_id)


def test_a_run_is_rewound_and_goes_on() -> None:
    run_id = trained()
    with mlops.start_run(resume_from=f"{run_id}@2") as run:
        assert run.info.run_id == run_id
        mlops.log_metric("loss", 9.0, step=3)
    found = mlops.get_run(run_id)
    assert steps(run_id) == [0, 1, 2, 3]
    assert found.data.metrics == {"loss": 9.0} and found.data.summaries["loss"].count == 4
    assert found.data.tags["mlops.rewoundTo"] == "2" and found.data.params == {"lr": "0.1"}
    assert [run.info.run_id for run in mlops.search_runs(filter_string="metrics.loss.count = 4", output_format="list")] == [run_id]
    mlops.rewind_run(run_id, 0)
    mlops.MlflowClient().rewind_run(run_id, 0)
    assert steps(run_id) == [0] and mlops.get_run(run_id).info.status == "FINISHED"
    with mlops.start_run(resume_from=run_id):
        pass
    assert steps(run_id) == [0]


def test_what_cannot_be_forked_or_rewound_is_told() -> None:
    run_id = trained(2)
    for given in ({"fork_from": run_id, "resume_from": run_id}, {"run_id": run_id, "fork_from": run_id}):
        with pytest.raises(mlops.exceptions.InvalidArgument, match="give one of"):
            mlops.start_run(**given)  # type: ignore[arg-type]
    for wrong in (f"{run_id}@x", "@1", "", 5):
        with pytest.raises(mlops.exceptions.InvalidArgument):
            mlops.start_run(fork_from=wrong)  # type: ignore[arg-type]
    with pytest.raises(mlops.exceptions.NotFound):
        mlops.start_run(fork_from="none@1")
    with pytest.raises(mlops.exceptions.NotFound):
        mlops.rewind_run("none", 1)
    with pytest.raises(mlops.exceptions.InvalidArgument):
        mlops.rewind_run(run_id, 1.5)  # type: ignore[arg-type]
    assert mlops.active_run() is None


def test_a_child_process_logs_into_the_run_while_it_is_rewound(tmp_path: object) -> None:
    run_id = trained(1)
    code = """
        import sys
        import mlops
        client = mlops.MlflowClient()
        print("ready", flush=True)
        sys.stdin.readline()
        for step in range(400):
            client.log_metric(sys.argv[1], "loss", float(step), step=step)
            client.log_metric(sys.argv[1], "other", float(step), step=1000 + step)
    """
    child = subprocess.Popen(
        python_command(code, run_id), env=os.environ.copy(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("go\n")
    child.stdin.flush()
    rewinds = 0
    while child.poll() is None:
        mlops.rewind_run(run_id, 100)
        rewinds += 1
    child.stdin.close()
    child.stdout.close()
    assert child.returncode == 0 and rewinds > 0
    mlops.rewind_run(run_id, 100)
    found = mlops.get_run(run_id)
    # Of each point all or nothing is there, and nothing that was not behind the step is gone.
    assert sorted(steps(run_id)) == sorted([0, *range(101)])
    assert found.data.summaries["loss"].count == 102 and "other" not in found.data.summaries


def test_a_rewind_that_is_killed_is_whole_or_nothing(python: Python) -> None:
    run_id = trained(50)
    code = """
        import os, signal, sys, threading, mlops
        threading.Timer(float(sys.argv[2]), os.kill, (os.getpid(), signal.SIGKILL)).start()
        while True:
            mlops.rewind_run(sys.argv[1], 20)
            mlops.MlflowClient().log_metric(sys.argv[1], "loss", 1.0, step=30)
    """
    if sys.platform == "win32":
        pytest.skip("there is no SIGKILL")
    mlops.set_tracking_uri(None)
    for delay in ("0.05", "0.2", "0.4"):
        python(code, run_id, delay, status=-9)
        data = mlops.get_run(run_id).data
        found = steps(run_id)
        assert data.summaries["loss"].count == len(found) and set(range(21)) <= set(found)
        assert set(found) <= {*range(21), 30} or found == list(range(50))
        mlops.set_tracking_uri(None)
