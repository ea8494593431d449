"""Runs, experiments and stores that go while somebody reads them: the consistent whole, or an error that names what is gone."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mlops
from mlops.entities import ViewType
from mlops.exceptions import InvalidState, MlopsError, NotFound

RUNS = 30
FILES = {f"folder/{number}.txt": str(number) * 200 for number in range(5)}
# Enough that they stand in pages of their own, beside the run's record.
METRICS = {f"m{number}": 1.0 for number in range(700)}


def make() -> str:
    with mlops.start_run() as run:
        mlops.log_metrics(METRICS, step=1)
        mlops.log_series("loss", [float(number) for number in range(500)])
        for path, text in FILES.items():
            mlops.log_text(text, path)
    return str(run.info.run_id)


@contextmanager
def removing(ids: list[str]) -> Iterator[threading.Event]:
    """Another thread deletes the runs one by one, removes them for good and collects; the event says that it has begun."""
    begun, failed = threading.Event(), list[BaseException]()

    def remove() -> None:
        try:
            for number, run_id in enumerate(ids):
                mlops.delete_run(run_id)
                if number % 5 == 4:
                    mlops.gc(dry_run=False, deleted_runs=True, older_than=0)
                begun.set()
            mlops.gc(dry_run=False, deleted_runs=True, older_than=0)
        except BaseException as error:
            failed.append(error)
        finally:
            begun.set()

    thread = threading.Thread(target=remove)
    thread.start()
    try:
        yield begun
    finally:
        thread.join()
    assert failed == []


def history(run_id: str, folder: Path) -> None:
    assert [point.value for point in mlops.MlflowClient().get_metric_history(run_id, "loss")] == [float(n) for n in range(500)]


def whole_run(run_id: str, folder: Path) -> None:
    data = mlops.get_run(run_id).data
    assert {key: data.metrics[key] for key in METRICS} == METRICS and len(data.metrics) == len(METRICS) + 1


def download(run_id: str, folder: Path) -> None:
    out = folder / run_id
    try:
        mlops.artifacts.download_artifacts(run_id=run_id, dst_path=out)
    finally:
        # What is there is whole, also when not all is.
        for found in out.rglob("*"):
            if found.is_file():
                assert found.read_text() == FILES[found.relative_to(out).as_posix()]
    assert {found.relative_to(out).as_posix() for found in out.rglob("*.txt")} == set(FILES)


READS: dict[str, Callable[[str, Path], None]] = {"history": history, "run": whole_run, "artifacts": download}


@pytest.mark.parametrize("name", READS)
def test_what_is_read_of_a_run_is_whole_or_an_error(name: str, tmp_path: Path) -> None:
    ids = [make() for _ in range(RUNS)]
    gone = 0
    with removing(ids) as begun:
        begun.wait()
        for _ in range(3):
            for run_id in reversed(ids):
                try:
                    READS[name](run_id, tmp_path / "out")
                except NotFound as error:
                    assert run_id in str(error)
                    gone += 1
    for run_id in ids:
        with pytest.raises(NotFound, match=run_id):
            READS[name](run_id, tmp_path / "out")


def test_a_search_has_whole_runs_and_its_pages_go_on() -> None:
    ids = [make() for _ in range(RUNS)]
    kept = [make() for _ in range(5)]
    client = mlops.MlflowClient()
    with removing(ids):
        for _ in range(4):
            seen: list[str] = []
            token = None
            while True:
                page = client.search_runs(["0"], run_view_type=ViewType.ALL, max_results=4, page_token=token)
                for run in page:
                    assert len(run.data.metrics) == len(METRICS) + 1
                    seen.append(run.info.run_id)
                token = page.token
                if not token:
                    break
            assert len(seen) == len(set(seen)) and set(kept) <= set(seen) <= set(ids + kept)
    assert {run.info.run_id for run in client.search_runs(["0"], run_view_type=ViewType.ALL)} == set(kept)


def test_a_frame_has_whole_rows() -> None:
    ids = [make() for _ in range(RUNS)]
    kept = make()
    with removing(ids):
        for _ in range(4):
            frame = mlops.search_runs(run_view_type=ViewType.ALL)
            rows = frame[[f"metrics.{key}" for key in METRICS]]
            assert (rows == 1.0).all(axis=None) and kept in set(frame["run_id"])


def test_a_table_of_a_run_is_whole_or_an_error() -> None:
    with mlops.start_run() as run:
        mlops.log_table({"a": list(range(300))}, "a.json")
    ids = [run.info.run_id]
    with removing(ids):
        for _ in range(20):
            try:
                assert len(mlops.load_table("a.json", run_ids=ids)) == 300
            except NotFound as error:
                assert run.info.run_id in str(error) or "a.json" in str(error)


def test_an_experiment_that_is_deleted_takes_nothing_more_and_hides_its_runs_at_once() -> None:
    experiment = mlops.create_experiment("churn")
    with mlops.start_run(experiment_id=experiment) as run:
        mlops.log_metric("loss", 1.0)
    stop, refused = threading.Event(), list[BaseException]()

    def log() -> None:
        step = 0
        try:
            while not stop.is_set():
                mlops.log_metrics({"loss": 1.0, "other": 2.0}, step=step, run_id=run.info.run_id)
                step += 1
        except MlopsError as error:
            refused.append(error)

    thread = threading.Thread(target=log)
    thread.start()
    for _ in range(10):
        mlops.delete_experiment(experiment)
        assert mlops.search_runs([experiment], output_format="list") == []
        mlops.restore_experiment(experiment)
        (found,) = mlops.search_runs([experiment], output_format="list")
        assert found.info.run_id == run.info.run_id
    stop.set()
    thread.join()
    assert all(isinstance(error, InvalidState) and "restore it first" in str(error) for error in refused)
    client = mlops.MlflowClient()
    steps = [[point.step for point in client.get_metric_history(run.info.run_id, key)] for key in ("loss", "other")]
    assert sorted(steps[0]) == sorted([0, *steps[1]])


def test_a_run_that_logs_is_removed_and_says_so() -> None:
    run = mlops.start_run()
    mlops.log_metric("loss", 1.0)
    mlops.delete_run(run.info.run_id)
    mlops.gc(dry_run=False, deleted_runs=True, older_than=0)
    for call in [lambda: mlops.log_metric("loss", 2.0), lambda: mlops.log_text("a", "a.txt"), lambda: mlops.end_run()]:
        with pytest.raises((NotFound, InvalidState), match=run.info.run_id):
            call()
    assert mlops.search_runs(run_view_type=ViewType.ALL, output_format="list") == []


def test_a_store_whose_folder_goes_is_an_error_and_none_is_made_in_its_place(store: Path) -> None:
    make()
    client = mlops.MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "loss", 1.0)
    shutil.rmtree(store)
    for call in [
        lambda: client.log_text(run_id, "x" * 100_000, "a.txt"),
        lambda: client.get_run(run_id),
        lambda: client.search_runs(["0"]),
        lambda: client.set_terminated(run_id),
    ]:
        with pytest.raises(MlopsError) as caught:
            call()
        assert str(store) in str(caught.value)
    assert not (store / "format").exists()
