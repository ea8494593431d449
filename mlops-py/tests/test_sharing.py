"""Many processes and one store: forks of every kind, pools, owners that end in every way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import mlops
from conftest import python_command

Read = Callable[[], mlops.Run]
Python = Callable[..., "subprocess.CompletedProcess[str]"]


def started(code: str, **environment: str) -> subprocess.Popen[str]:
    """A process that says something when it is ready, and goes on."""
    process = subprocess.Popen(
        python_command(code), stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}, start_new_session=True
    )
    assert process.stdout is not None and process.stdout.readline()
    return process


def ended(process: subprocess.Popen[str]) -> None:
    """Ends a process and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


OWNER = """
import mlops, os, subprocess, sys, time
mlops.log_metric("loss", 0.5)
{rest}
"""
ENDS = {
    "is killed": "print('ready', flush=True); time.sleep(600)",
    "is killed, its forked child sleeps on": """
if os.fork() == 0:
    time.sleep(600)
print('ready', flush=True)
time.sleep(600)
""",
    "is killed, a grandchild sleeps on": """
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)
print('ready', flush=True)
time.sleep(600)
""",
    "is killed, a program that it started goes on": """
subprocess.Popen(["sleep", "600"], close_fds=False)
print('ready', flush=True)
time.sleep(600)
""",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_peer_takes_over_when_the_owner(end: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else it says so.
    monkeypatch.setenv("MLOPS_OWNER_WAIT", "20")
    owner = started(OWNER.format(rest=ENDS[end]))
    try:
        (theirs,) = mlops.search_runs(output_format="list")
        run = mlops.start_run()
        os.kill(owner.pid, signal.SIGKILL)
        mlops.log_metric("own", 1.0)
        assert mlops.get_run(run.info.run_id).data.metrics == {"own": 1.0}
        mlops.end_run()
        owner.wait()
        until(lambda: mlops.get_run(theirs.info.run_id).info.status == "KILLED")
        assert mlops.get_run(theirs.info.run_id).data.metrics == {"loss": 0.5}
    finally:
        ended(owner)


@pytest.mark.parametrize(
    "rest",
    ["", "sys.exit(3)", "os._exit(0)", "os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)'])"],
    ids=["returns", "exits", "exits at once", "becomes another program"],
)
def test_a_peer_takes_over_from_an_owner_that_leaves(rest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_OWNER_WAIT", "20")
    code = OWNER.format(rest=f"print('ready', flush=True)\nsys.stdin.readline()\n{rest}")
    owner = subprocess.Popen(
        python_command(code), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert owner.stdout is not None and owner.stdin is not None and owner.stdout.readline()
        run = mlops.start_run()
        owner.stdin.write("\n")
        owner.stdin.close()
        until(lambda: owner.poll() is not None or "exec" in rest)
        for step in range(200):
            mlops.log_metric("own", step, step=step)
            if step % 20 == 0:
                assert mlops.get_run(run.info.run_id).data.metrics["own"] == step
        mlops.end_run()
        assert len(mlops.MlflowClient().get_metric_history(run.info.run_id, "own")) == 200
    finally:
        ended(owner)


def fsck(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("mlops")), "--store", str(folder), "fsck", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_threads_log_while_others_fork(python: Python, only_run: Read) -> None:
    python("""
        import mlops, os, threading
        with mlops.start_run() as run:
            stop = threading.Event()
            counts = [0] * 4
            def log(number):
                while not stop.is_set():
                    mlops.log_metric(f"thread {number}", counts[number], step=counts[number], run_id=run.info.run_id)
                    counts[number] += 1
            threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for number in range(25):
                child = os.fork()
                if child == 0:
                    status = 1
                    try:
                        mlops.log_metric("children", number, step=number)
                        mlops.log_param(f"child {number}", number)
                        status = 0
                    finally:
                        os._exit(status)
                assert os.waitpid(child, 0)[1] == 0
            stop.set()
            for thread in threads:
                thread.join()
        client = mlops.MlflowClient()
        for number, count in enumerate(counts):
            points = client.get_metric_history(run.info.run_id, f"thread {number}")
            assert [point.step for point in points] == list(range(count)), number
    """)
    run = only_run()
    assert run.data.params == {f"child {number}": str(number) for number in range(25)}
    points = mlops.MlflowClient().get_metric_history(run.info.run_id, "children")
    assert sorted(point.step for point in points) == list(range(25))


def test_the_workers_of_a_server_that_forks_before_it_serves(python: Python, only_run: Read) -> None:
    python("""
        import mlops, os, signal, time
        with mlops.start_run() as run:
            mlops.log_param("workers", 4)
            def worker(number):
                for step in range(50):
                    mlops.log_metric(f"worker {number}", step, step=step)
                with mlops.start_run(run_name=f"own {number}", nested=True):
                    mlops.set_tag("worker", number)
                # A worker serves until it is told to stop.
                os.write(ready[1], b".")
                signal.pause()
            ready = os.pipe()
            workers = []
            for number in range(4):
                workers.append(os.fork())
                if workers[-1] == 0:
                    try:
                        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
                        worker(number)
                    finally:
                        os._exit(1)
            for _ in workers:
                os.read(ready[0], 1)
            for pid in workers:
                os.kill(pid, signal.SIGTERM)
                assert os.waitpid(pid, 0)[1] == 0
            runs = mlops.search_runs(output_format="list", filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
            assert sorted(run.info.run_name for run in runs) == [f"own {number}" for number in range(4)]
            assert {run.info.status for run in runs} == {"FINISHED"}
            for child in runs:
                mlops.delete_run(child.info.run_id)
    """)
    assert only_run().data.metrics == {f"worker {number}": 49.0 for number in range(4)}


def test_joblib_logs_to_the_run_of_its_maker(python: Python, only_run: Read) -> None:
    pytest.importorskip("joblib")
    python("""
        import os
        import joblib, mlops
        def work(number):
            import mlops
            mlops.log_metric("work", number, step=number)
            return os.getpid()
        with mlops.start_run():
            pids = set(joblib.Parallel(n_jobs=2)(joblib.delayed(work)(number) for number in range(20)))
            assert os.getpid() not in pids
    """)
    points = mlops.MlflowClient().get_metric_history(only_run().info.run_id, "work")
    assert sorted(point.step for point in points) == list(range(20))


def newer_pythons() -> list[str]:
    """Interpreters that warn when a process with threads forks."""
    names = ["python3.12", "python3.13", "python3.14"]
    paths = [path for name in names if (path := shutil.which(name))]
    paths += sorted(map(str, Path.home().glob(".pyenv/versions/3.1[2-9].*/bin/python")))
    # The command of a version manager may stand for a version that is not there.
    found = [path for path in paths if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0]
    return found or ([sys.executable] if sys.version_info >= (3, 12) else [])


@pytest.mark.skipif(not newer_pythons(), reason="no Python of version 3.12 or newer is installed")
@pytest.mark.parametrize("interpreter", newer_pythons())
def test_a_peer_forks_without_a_warning(interpreter: str, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "mlops").symlink_to(Path(mlops.__file__).parent)
    code = """
        import mlops, os
        def forked(number):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    mlops.log_metric("children", number, step=number)
                    status = 0
                finally:
                    os._exit(status)
            assert os.waitpid(child, 0)[1] == 0
        mlops.get_experiment("0")
        with mlops.start_run() as run:
            for number in range(20):
                mlops.log_metric("loss", number, step=number)
                forked(number)
        child = os.fork()
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    """
    # This process owns the store: only the owner keeps threads while no run is active.
    mlops.get_experiment("0")
    command = [interpreter, "-W", "error", "-c", "\n".join(line[8:] for line in code.splitlines())]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(packages)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    (run,) = mlops.search_runs(output_format="list")
    points = mlops.MlflowClient().get_metric_history(run.info.run_id, "children")
    assert sorted(point.step for point in points) == list(range(20))
    assert run.info.status == "FINISHED" and run.data.metrics["loss"] == 19.0


@pytest.mark.parametrize("namespace", ["--pid", "--net"])
def test_a_container_that_cannot_reach_the_owner_is_told_so(namespace: str, store: Path) -> None:
    unshare = ["unshare", namespace, "--fork", "--mount-proc"] if namespace == "--pid" else ["unshare", namespace]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user makes no namespaces")
    mlops.log_metric("loss", 0.5)
    code = """
        import mlops
        try:
            mlops.start_run()
        except mlops.exceptions.Locked as error:
            print(error)
        mlops.set_tracking_uri(mlops.get_tracking_uri(), read_only=True)
        print(len(mlops.search_runs(output_format="list")))
    """
    done = subprocess.run([*unshare, *python_command(code)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    text, runs = done.stdout.splitlines()
    assert f"process {os.getpid()} on host" in text and "a database URI" in text and runs == "1"


def test_a_copy_of_the_folder_in_use_is_a_store(store: Path, tmp_path: Path) -> None:
    # This process owns the store.
    mlops.get_experiment("0")
    writer = started("""
        import itertools, mlops
        with mlops.start_run():
            for step in itertools.count():
                mlops.log_metric("loss", step, step=step)
                if step % 50 == 0:
                    mlops.log_text("x" * 1000 + str(step), f"files/{step}.txt")
                if step == 500:
                    print("ready", flush=True)
    """)
    try:
        (theirs,) = mlops.search_runs(output_format="list")
        with mlops.start_run() as run:
            for number in range(3):
                mlops.log_metric("copies", number, step=number)
                copy = tmp_path / f"copy-{number}"
                shutil.copytree(store, copy)
                client = mlops.MlflowClient(str(copy))
                assert client.get_run(run.info.run_id).data.metrics == {"copies": float(number)}
                points = client.get_metric_history(theirs.info.run_id, "loss")
                assert [point.step for point in points] == list(range(len(points))) and len(points) > 500
                assert client.get_run(theirs.info.run_id).info.status == "KILLED"
                assert fsck(copy).returncode == 0
        # The locks of this process were not let go by who read its files.
        refused = fsck(store, "--repair")
        assert refused.returncode == 3 and f"process {os.getpid()}" in refused.stderr
        # What is in use can be checked.
        checked = fsck(store)
        assert checked.returncode == 0, checked.stdout
    finally:
        ended(writer)


def test_a_process_that_may_not_own_logs_without_an_owner(store: Path, python: Python) -> None:
    with mlops.start_run(run_name="before"):
        mlops.log_metric("loss", 0.5)
    mlops.set_tracking_uri(None)  # closes it: nobody owns the store from here on
    guest = python(
        """
        import mlops
        with mlops.start_run(run_name="parent", tags={"of": "guest"}) as parent:
            with mlops.start_run(run_name="child", nested=True) as child:
                mlops.log_param("lr", 0.1)
                mlops.log_metrics({"loss": 0.25, "accuracy": 0.75}, step=3)
                mlops.log_text("text", "notes/a.txt")
        data = mlops.get_run(child.info.run_id).data
        assert data.params == {"lr": "0.1"} and data.metrics == {"loss": 0.25, "accuracy": 0.75}, data
        assert mlops.get_parent_run(child.info.run_id).data.tags["of"] == "guest"
        client = mlops.MlflowClient()
        made = client.create_run("0", run_name="by the client")
        client.log_metric(made.info.run_id, "loss", 1.0)
        client.set_terminated(made.info.run_id)
        names = {run.info.run_name for run in mlops.search_runs(output_format="list")}
        assert names == {"before", "parent", "child", "by the client"}, names
        try:
            mlops.create_experiment("new")
        except mlops.MlopsError as error:
            print(type(error).__name__)
        """,
        MLOPS_MAY_OWN="0",
        MLOPS_STORE=str(store),
    )
    assert (guest.returncode, guest.stdout.strip()) == (0, "NoOwner"), guest.stderr
    mlops.set_tracking_uri(store)
    found = {run.info.run_name: run for run in mlops.search_runs(output_format="list")}
    assert {run.info.status for run in found.values()} == {"FINISHED"} and len(found) == 4
    assert found["child"].data.metrics == {"loss": 0.25, "accuracy": 0.75}
    assert mlops.artifacts.load_text(f"runs:/{found['child'].info.run_id}/notes/a.txt") == "text"
