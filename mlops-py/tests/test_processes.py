"""Several processes and one store: one writes, any number read."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mlops
from conftest import python_command
from mlops.exceptions import Locked, NotFound, ReadOnly

HOLDER = """
import mlops, sys
run = mlops.start_run(run_name="theirs")
mlops.log_metric("loss", 0.5)
print(run.info.run_id, flush=True)
sys.stdin.readline()
mlops.log_metric("loss", 0.25, step=1)
print("logged", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store open for writing."""
    with subprocess.Popen(python_command(HOLDER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def eventually(what: Callable[[], bool]) -> None:
    """What other processes log is seen within a second; a busy machine may take longer."""
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_second_process_shares_the_store(holder: subprocess.Popen[str], store: Path) -> None:
    run_id = line(holder)
    eventually(lambda: mlops.get_run(run_id).data.metrics == {"loss": 0.5})
    with mlops.start_run() as run:
        mlops.log_metric("own", 1.0)
        mlops.log_metric("from the other", 2.0, run_id=run_id)
    assert sorted(mlops.get_run(run_id).data.metrics) == ["from the other", "loss"]
    holder.kill()
    holder.wait()
    # This process takes over.
    assert mlops.get_run(run.info.run_id).data.metrics == {"own": 1.0}
    eventually(lambda: mlops.get_run(run_id).info.status == "KILLED")


def is_stopped(thread: Path) -> bool:
    return thread.read_text().rpartition(")")[2].split()[0] == "T"


def test_an_owner_that_is_stopped_is_named(
    holder: subprocess.Popen[str], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = line(holder)
    monkeypatch.setenv("MLOPS_OWNER_WAIT", "0.3")
    assert mlops.get_run(run_id).info.status == "RUNNING"
    run = mlops.start_run()
    holder.send_signal(signal.SIGSTOP)
    try:
        # The signal is on its way; a call before it arrives is answered.
        eventually(lambda: all(is_stopped(thread) for thread in Path(f"/proc/{holder.pid}/task").glob("*/stat")))
        with pytest.raises(Locked) as caught:
            mlops.get_run(run_id)
        text = str(caught.value)
        assert f"process {holder.pid} on host {socket.gethostname()}" in text and str(store) in text
        assert f"kill -CONT {holder.pid}" in text and caught.value.retryable
        # Training goes on.
        for step in range(100):
            mlops.log_metric("loss", step, step=step)
    finally:
        holder.send_signal(signal.SIGCONT)
    mlops.end_run()
    assert len(mlops.MlflowClient().get_metric_history(run.info.run_id, "loss")) == 100
    assert mlops.get_run(run.info.run_id).info.status == "FINISHED"


def test_readers_see_what_the_writer_logs(holder: subprocess.Popen[str], store: Path) -> None:
    run_id = line(holder)
    mlops.set_tracking_uri(store, read_only=True)
    assert mlops.get_run(run_id).data.metrics == {"loss": 0.5}
    go_on(holder)
    assert line(holder) == "logged"
    mlops.set_tracking_uri(store, read_only=True)
    assert mlops.get_run(run_id).data.metrics == {"loss": 0.25}
    assert [run.info.status for run in mlops.search_runs(output_format="list")] == ["RUNNING"]


def test_the_store_is_free_when_its_holder_is_gone(holder: subprocess.Popen[str]) -> None:
    run_id = line(holder)
    holder.kill()
    holder.wait()
    assert mlops.get_run(run_id).info.status == "KILLED"
    with mlops.start_run():
        mlops.log_metric("loss", 1.0, run_id=run_id)
    assert mlops.get_run(run_id).data.metrics == {"loss": 1.0}


def test_what_is_open_for_reading_refuses_every_change(store: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("loss", 0.5)
    run_id = run.info.run_id
    # What holds a run holds its store open for writing.
    del run
    mlops.set_tracking_uri(store, read_only=True)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    changes: list[Callable[[], object]] = [
        mlops.start_run,
        lambda: mlops.start_run(run_id=run_id),
        lambda: mlops.log_metric("loss", 1.0, run_id=run_id),
        lambda: mlops.log_text("text", "a.txt", run_id=run_id),
        lambda: mlops.set_experiment("new"),
        lambda: mlops.create_experiment("new"),
        lambda: mlops.delete_run(run_id),
        lambda: mlops.MlflowClient().set_tag(run_id, "a", 1),
    ]
    for change in changes:
        with pytest.raises(ReadOnly, match="read-only; open the store without read_only to change it"):
            change()
    assert mlops.get_run(run_id).data.metrics == {"loss": 0.5}
    mlops.set_tracking_uri(None)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_reading_makes_no_store(tmp_path: Path) -> None:
    mlops.set_tracking_uri(tmp_path / "nowhere", read_only=True)
    with pytest.raises(NotFound, match=f"store `{tmp_path}/nowhere` does not exist"):
        mlops.search_runs()
    assert not (tmp_path / "nowhere").exists()


def test_two_clients_of_one_process_share_the_store(store: Path) -> None:
    with mlops.start_run() as run:
        other = mlops.MlflowClient(str(store))
        other.log_metric(run.info.run_id, "loss", 0.5)
    assert mlops.get_run(run.info.run_id).data.metrics == {"loss": 0.5}
    assert os.path.samefile(other.tracking_uri, mlops.get_tracking_uri())
