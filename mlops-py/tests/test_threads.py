"""Threads and asyncio tasks: whose run a log call goes to."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mlops
from mlops import _native


def in_thread(call: Callable[[], object]) -> None:
    """Runs a call in a thread of its own and raises what it raises."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call).result(30)


def test_a_worker_logs_to_the_run_of_the_main_thread() -> None:
    with mlops.start_run() as run:
        in_thread(lambda: mlops.log_metric("loss", 0.5))
        with mlops.start_run(nested=True) as child:
            in_thread(lambda: mlops.log_metric("inner", 0.25))
        in_thread(lambda: mlops.log_metric("again", 1.0))
    assert mlops.get_run(run.info.run_id).data.metrics == {"loss": 0.5, "again": 1.0}
    assert mlops.get_run(child.info.run_id).data.metrics == {"inner": 0.25}
    assert len(mlops.search_runs(output_format="list")) == 2


def test_a_worker_does_not_end_the_run_of_the_main_thread() -> None:
    with mlops.start_run() as run:
        in_thread(mlops.end_run)
        assert mlops.active_run() is run
        assert mlops.get_run(run.info.run_id).info.status == "RUNNING"


def test_a_worker_can_have_a_run_of_its_own() -> None:
    ids: list[str] = []

    def work(nested: bool) -> None:
        with mlops.start_run(nested=nested) as own:
            ids.append(own.info.run_id)
            mlops.log_metric("loss", 2.0)

    with mlops.start_run() as run:
        in_thread(lambda: work(False))
        in_thread(lambda: work(True))
        mlops.log_metric("loss", 1.0)
    alone, child = (mlops.get_run(run_id) for run_id in ids)
    assert alone.info.parent_run_id is None and child.info.parent_run_id == run.info.run_id
    assert [found.data.metrics["loss"] for found in [alone, child, mlops.get_run(run.info.run_id)]] == [2.0, 2.0, 1.0]


def test_a_run_of_one_worker_is_not_that_of_another() -> None:
    both = threading.Barrier(2, timeout=30)

    def work(name: str) -> str:
        with mlops.start_run(run_name=name) as own:
            both.wait()
            mlops.log_param("name", name)
            both.wait()
            return own.info.run_id

    with ThreadPoolExecutor(2) as pool:
        ids = list(pool.map(work, ["one", "two"]))
    assert [mlops.get_run(run_id).data.params for run_id in ids] == [{"name": "one"}, {"name": "two"}]


def test_tasks_of_asyncio_have_runs_of_their_own() -> None:
    async def work(name: str, here: asyncio.Event, there: asyncio.Event) -> str:
        with mlops.start_run(run_name=name, nested=True) as own:
            here.set()
            await there.wait()
            mlops.log_param("name", name)
            return own.info.run_id

    async def main() -> list[str]:
        one, two = asyncio.Event(), asyncio.Event()
        found = await asyncio.gather(work("one", one, two), work("two", two, one))
        mlops.log_param("name", "parent")
        return list(found)

    with mlops.start_run() as parent:
        ids = asyncio.run(main())
    assert [mlops.get_run(run_id).data.params["name"] for run_id in ids] == ["one", "two"]
    assert {mlops.get_run(run_id).info.parent_run_id for run_id in ids} == {parent.info.run_id}
    assert mlops.get_run(parent.info.run_id).data.params == {"name": "parent"}


def test_eight_threads_log_to_one_run() -> None:
    def work(thread: int) -> None:
        for step in range(500):
            mlops.log_metric("shared", thread, step=step)
            mlops.log_metrics({f"own-{thread}": step, "both": 1.0}, step=step)
        mlops.log_param(f"thread-{thread}", thread)
        mlops.set_tag("last", thread)
        mlops.log_text(str(thread), f"{thread}.txt")

    with mlops.start_run() as run, ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    found = mlops.get_run(run.info.run_id).data
    assert found.summaries["shared"].count == found.summaries["both"].count == 4_000
    assert all(found.metrics[f"own-{thread}"] == 499 for thread in range(8))
    assert len(found.params) == 8 and len(mlops.artifacts.list_artifacts(run_id=run.info.run_id)) == 8
    steps, _, _ = mlops.get_metric_series(run.info.run_id, "own-3")
    assert list(steps) == list(range(500))


def test_threads_that_log_first_share_one_store() -> None:
    all_of_them = threading.Barrier(8, timeout=30)

    def work(number: int) -> str:
        all_of_them.wait()
        with mlops.start_run(run_name=str(number)) as own:
            return own.info.run_id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(work, range(8)))
    assert len(ids) == len(mlops.search_runs(output_format="list")) == 8


def test_the_same_param_from_two_threads_is_set_once() -> None:
    def work(value: int) -> bool:
        try:
            mlops.log_param("depth", value)
        except mlops.exceptions.Conflict:
            return False
        return True

    with mlops.start_run() as run, ThreadPoolExecutor(8) as pool:
        won = [value for value, good in zip(range(8), pool.map(work, range(8))) if good]
    assert [mlops.get_run(run.info.run_id).data.params["depth"]] == [str(value) for value in won]


def test_a_thread_that_outlives_the_block_gets_a_run_of_its_own() -> None:
    go_on = threading.Event()

    def work() -> str:
        assert go_on.wait(30)
        mlops.log_metric("late", 1.0)
        found = mlops.active_run()
        assert found is not None
        mlops.end_run()
        return found.info.run_id

    with ThreadPoolExecutor(1) as pool:
        with mlops.start_run() as run:
            late = pool.submit(work)
        go_on.set()
        other = late.result(30)
    assert other != run.info.run_id
    with pytest.raises(KeyError):
        mlops.get_run(run.info.run_id).data.metrics["late"]


def test_other_threads_go_on_while_a_store_is_let_go(tmp_path: Path) -> None:
    store = _native.Store(str(tmp_path / "other"))
    run = store.start_run()
    run.log_metric("loss", 1.0, 0)
    run.end("FINISHED")
    ended, counted = threading.Event(), [0]

    def count() -> None:
        while not ended.is_set():
            counted[0] += 1

    before = sys.getswitchinterval()
    # A thread that does not let go of the interpreter keeps it for this long.
    sys.setswitchinterval(0.5)
    try:
        thread = threading.Thread(target=count)
        thread.start()
        first = counted[0]
        del run
        del store
        assert counted[0] > first
    finally:
        ended.set()
        sys.setswitchinterval(before)
        thread.join()
