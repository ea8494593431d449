"""Forked children and the children of multiprocessing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import mlops
from mlops.exceptions import Locked

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


def test_a_forked_child_that_logs_learns_who_holds_the_store(python: Callable[..., object], only_run: Read) -> None:
    python("""
        import mlops, os
        run = mlops.start_run()
        child = os.fork()
        if child == 0:
            try:
                assert mlops.active_run() is None
                mlops.end_run()
                for call in [lambda: mlops.log_metric("a", 1.0), lambda: mlops.start_run(nested=True)]:
                    try:
                        call()
                        os._exit(2)
                    except mlops.exceptions.Locked as error:
                        assert f"process {os.getppid()}" in str(error), error
                mlops.set_tracking_uri(os.environ["MLOPS_STORE"], read_only=True)
                assert mlops.get_run(run.info.run_id).info.status == "RUNNING"
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
    """)
    assert only_run().info.status == "FINISHED"


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


def test_a_store_that_another_process_writes_is_locked(python: Callable[..., object]) -> None:
    with mlops.start_run():
        python("""
            import mlops
            try:
                mlops.start_run()
            except mlops.exceptions.Locked:
                raise SystemExit(0)
            raise SystemExit("no error")
        """)
    assert issubclass(Locked, OSError)
