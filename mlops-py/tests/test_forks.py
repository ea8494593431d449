"""Forked children and the children of multiprocessing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

import mlops
from mlops import _state

Read = Callable[[], mlops.Run]


@pytest.mark.parametrize("end", ["sys.exit(0)", "sys.exit(3)", "os._exit(0)", "raise ValueError"])
def test_a_forked_child_that_ends_does_not_end_the_run(end: str, python: Callable[..., object], only_run: Read) -> None:
    python(f"""
        import mlops, os, sys
        with mlops.start_run() as run:
            mlops.log_metric("before", 1.0)
            child = os.fork()
            if child == 0:
                os.close(2)
                {end}
            os.waitpid(child, 0)
            assert mlops.get_run(run.info.run_id).info.status == "RUNNING"
            mlops.log_metric("after", 2.0)
    """)
    run = only_run()
    assert run.info.status == "FINISHED" and run.data.metrics == {"before": 1.0, "after": 2.0}


def test_a_child_that_outlives_its_fork_without_a_run_exits(python: Callable[..., object]) -> None:
    python("""
        import mlops, os, sys
        mlops.get_experiment("0")
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
    """)


def test_a_forked_child_logs_to_its_parents_run_or_to_its_own(python: Callable[..., object]) -> None:
    python("""
        import mlops, os
        run = mlops.start_run(run_name="parent")
        client = mlops.MlflowClient(mlops.get_tracking_uri())
        mlops.log_metric("parent", 1.0)
        children = []
        for number in range(3):
            children.append(os.fork())
            if children[-1] == 0:
                status = 1
                try:
                    assert mlops.active_run() is None
                    mlops.end_run()
                    mlops.log_metric(f"child {number}", number)
                    client.log_metric(run.info.run_id, "all", number, step=number)
                    assert mlops.get_run(run.info.run_id).data.metrics[f"child {number}"] == number
                    with mlops.start_run(run_name=f"own {number}", nested=True):
                        mlops.log_metric("own", number)
                    status = 0
                finally:
                    os._exit(status)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        mlops.log_metric("parent", 2.0, step=1)
        assert sorted(point.step for point in client.get_metric_history(run.info.run_id, "all")) == [0, 1, 2]
    """)
    runs = {run.info.run_name: run for run in mlops.search_runs(output_format="list")}
    assert sorted(runs) == ["own 0", "own 1", "own 2", "parent"]
    parent = runs.pop("parent")
    metrics = parent.data.metrics
    assert metrics.pop("all") in (0.0, 1.0, 2.0)
    assert metrics == {"parent": 2.0, "child 0": 0.0, "child 1": 1.0, "child 2": 2.0}
    for number in range(3):
        own = runs[f"own {number}"]
        assert own.data.metrics == {"own": number} and own.info.parent_run_id == parent.info.run_id
    assert {run.info.status for run in [parent, *runs.values()]} == {"FINISHED"}


def test_a_forked_child_can_use_a_store_of_its_own(python: Callable[..., object]) -> None:
    python("""
        import mlops, os
        with mlops.start_run(run_name="parent"):
            child = os.fork()
            if child == 0:
                mlops.set_tracking_uri("child")
                with mlops.start_run(run_name="child"):
                    mlops.log_metric("loss", 1.0)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    """)
    assert [run.info.run_name for run in mlops.search_runs(output_format="list")] == ["parent"]
    mlops.set_tracking_uri("child")
    (run,) = mlops.search_runs(output_format="list")
    assert (run.info.run_name, run.info.status, run.data.metrics) == ("child", "FINISHED", {"loss": 1.0})


WORKERS = """
import multiprocessing, sys
import mlops

def work(end):
    mlops.set_tracking_uri(end)
    mlops.start_run()
    mlops.log_metric("loss", 1.0)
    if end == "raises":
        raise ValueError("bad")
    if end == "exits":
        sys.exit(3)

if __name__ == "__main__":
    with mlops.start_run():
        context = multiprocessing.get_context(sys.argv[1])
        workers = [context.Process(target=work, args=(end,)) for end in ["returns", "raises", "exits"]]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert [worker.exitcode for worker in workers] == [0, 1, 3], [worker.exitcode for worker in workers]
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_ends_its_runs(method: str, python: Callable[..., object]) -> None:
    with open("workers.py", "w", encoding="utf-8") as file:
        file.write(WORKERS)
    python("import runpy, sys; sys.argv.pop(0); runpy.run_path('workers.py', run_name='__main__')", "workers.py", method)
    for end, expected in [("returns", "FINISHED"), ("raises", "FAILED"), ("exits", "FAILED")]:
        mlops.set_tracking_uri(end)
        (run,) = mlops.search_runs(output_format="list")
        assert (run.info.status, run.data.metrics) == (expected, {"loss": 1.0}), end


def test_a_pool_of_workers_does_not_hang(python: Callable[..., object], only_run: Read) -> None:
    with open("pool.py", "w", encoding="utf-8") as file:
        file.write("""
import multiprocessing
import mlops

def square(number):
    return number * number

if __name__ == "__main__":
    with mlops.start_run():
        for method in ["fork", "spawn"]:
            with multiprocessing.get_context(method).Pool(2) as pool:
                mlops.log_metric(method, sum(pool.map(square, range(10))))
""")
    python("import runpy, sys; sys.argv.pop(0); runpy.run_path('pool.py', run_name='__main__')", "pool.py")
    assert only_run().data.metrics == {"fork": 285.0, "spawn": 285.0}


POOL = """
import multiprocessing, os, sys
import mlops

def square(number):
    mlops.log_metric("squares", number * number, step=number)
    return os.getpid()

if __name__ == "__main__":
    with mlops.start_run():
        with multiprocessing.get_context(sys.argv[1]).Pool(4) as pool:
            workers = set(pool.map(square, range(100), chunksize=1))
        assert os.getpid() not in workers
    assert "MLOPS_PARENT_RUN" not in os.environ
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_of_workers_logs_to_the_run_of_its_maker(method: str, python: Callable[..., object]) -> None:
    with open("pool.py", "w", encoding="utf-8") as file:
        file.write(POOL)
    python("import runpy, sys; sys.argv.pop(0); runpy.run_path('pool.py', run_name='__main__')", "pool.py", method)
    (run,) = mlops.search_runs(output_format="list")
    points = mlops.MlflowClient().get_metric_history(run.info.run_id, "squares")
    assert sorted((point.step, point.value) for point in points) == [(n, float(n * n)) for n in range(100)]


SERVER = """
import mlops, multiprocessing, os, subprocess, sys

def child(name):
    mlops.log_metric(name, 1.0)

def grandchild(name):
    subprocess.run([sys.executable, "-c", f"import mlops; mlops.log_metric({name!r}, 1.0)"], check=True)
    with mlops.start_run(run_name="own"):
        pass
    mlops.log_metric(name + " again", 1.0)

def start(target, name):
    process = multiprocessing.get_context("forkserver").Process(target=target, args=(name,))
    process.start()
    process.join()
    assert process.exitcode == 0

if __name__ == "__main__":
    with mlops.start_run(run_name="first"):
        start(child, "a")
        with mlops.start_run(run_name="nested", nested=True):
            start(child, "b")
        start(child, "c")
    with mlops.start_run(run_name="second"):
        start(child, "d")
        start(grandchild, "e")
    start(child, "f")
"""


def test_children_of_a_fork_server_log_to_the_run_of_their_own_start(python: Callable[..., object]) -> None:
    with open("server.py", "w", encoding="utf-8") as file:
        file.write(SERVER)
    python("import runpy; runpy.run_path('server.py', run_name='__main__')")
    found = {run.info.run_name: sorted(run.data.metrics) for run in mlops.search_runs(output_format="list")}
    # The last one began a run of its own: none was active.
    (alone,) = (name for name in found if name not in ("first", "nested", "second", "own"))
    assert found == {"first": ["a", "c"], "nested": ["b"], "second": ["d", "e", "e again"], "own": [], alone: ["f"]}


def test_a_program_that_a_run_starts_logs_to_it(python: Callable[..., object], only_run: Read) -> None:
    python("""
        import mlops, os, subprocess, sys
        os.environ["MLOPS_PARENT_RUN"] = "before"
        child = [sys.executable, "-c", "import mlops; mlops.log_metric('child', 1.0)"]
        with mlops.start_run() as outer:
            with mlops.start_run(nested=True):
                assert os.environ["MLOPS_PARENT_RUN"].split()[0] == mlops.active_run().info.run_id
            assert os.environ["MLOPS_PARENT_RUN"].split() == [outer.info.run_id, mlops.get_tracking_uri()]
            os.makedirs("elsewhere")
            subprocess.run(child, check=True, cwd="elsewhere", env={**os.environ, "MLOPS_STORE": ""})
            mlops.delete_run(mlops.search_runs(order_by=["start_time DESC"], output_format="list")[0].info.run_id)
        assert os.environ["MLOPS_PARENT_RUN"] == "before"
    """)
    assert only_run().data.metrics == {"child": 1.0}



def test_a_run_that_another_thread_ends_is_named_to_no_child() -> None:
    mlops.start_run()
    assert "MLOPS_PARENT_RUN" in os.environ
    run = mlops.active_run()
    assert run is not None
    ending = threading.Thread(target=_state.finish, args=(run, "FINISHED"))
    ending.start()
    ending.join()
    assert "MLOPS_PARENT_RUN" not in os.environ
    mlops.log_metric("loss", 1.0)
    other = mlops.active_run()
    assert other is not None and other.info.run_id != run.info.run_id


def test_a_forked_child_finds_the_run_where_its_parent_began_it(python: Callable[..., object]) -> None:
    python("""
        import mlops, os
        run = mlops.start_run()
        here = mlops.get_tracking_uri()
        mlops.set_tracking_uri("elsewhere")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                mlops.log_metric("child", 1.0)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        client = mlops.MlflowClient(here)
        import time
        deadline = time.monotonic() + 30
        while client.get_run(run.info.run_id).data.metrics != {"child": 1.0}:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    """)


def test_a_fork_beside_a_thread_that_opens_a_store_does_not_hang(python: Callable[..., object]) -> None:
    python("""
        import mlops, os, threading
        from mlops import _state
        mlops.start_run()
        inside = threading.Event()
        leave = threading.Event()
        def hold():
            with _state._lock:
                inside.set()
                leave.wait()
        thread = threading.Thread(target=hold)
        thread.start()
        inside.wait()
        _state._own.set(())
        child = os.fork()
        if child == 0:
            status = 1
            try:
                mlops.log_metric("child", 1.0)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        leave.set()
        thread.join()
    """)
