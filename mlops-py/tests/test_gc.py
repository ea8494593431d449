"""Freeing what nothing refers to."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import mlops

COMMAND = str(Path(sys.executable).parent / "mlops")


def deleted_run(size: int = 100_000) -> str:
    with mlops.start_run() as run:
        mlops.log_text("x" * size, "large.txt")
    mlops.delete_run(run.info.run_id)
    return str(run.info.run_id)


def test_it_only_counts_unless_told() -> None:
    run_id = deleted_run()
    report = mlops.gc(deleted_runs=True, older_than=0)
    assert report.dry_run and report.runs == 1 and report.large_blobs.bytes == 100_000
    assert repr(report).startswith("<GcReport: would free 100,") and "large_blobs=1 (100,000 bytes)" in repr(report)
    mlops.restore_run(run_id)
    assert mlops.artifacts.load_text(f"runs:/{run_id}/large.txt") == "x" * 100_000


def test_deleted_runs_go_for_good_when_they_are_old() -> None:
    run_id = deleted_run()
    assert mlops.gc(dry_run=False, deleted_runs=True).runs == 0
    assert mlops.gc(dry_run=False, deleted_runs=True, older_than=timedelta(days=1)).runs == 0
    report = mlops.gc(dry_run=False, deleted_runs=True, older_than=timedelta(0))
    assert (report.runs, report.large_blobs.count) == (1, 1) and report.freed_bytes >= 100_000
    assert repr(report).startswith("<GcReport: freed ")
    with pytest.raises(mlops.exceptions.NotFound):
        mlops.restore_run(run_id)
    assert mlops.gc(older_than=0).freed_bytes == 0


@pytest.mark.parametrize("wrong", [-1, timedelta(seconds=-1), "soon", float("nan"), float("inf"), None])
def test_a_wrong_time_is_refused(wrong: object) -> None:
    with pytest.raises(mlops.exceptions.InvalidArgument, match="older_than"):
        mlops.gc(older_than=wrong)  # type: ignore[arg-type]


def test_what_is_read_only_is_only_counted(tmp_path: Path) -> None:
    deleted_run()
    here = mlops.get_tracking_uri()
    mlops.set_tracking_uri(here, read_only=True)
    assert mlops.gc(deleted_runs=True, older_than=0).runs == 1
    with pytest.raises(mlops.exceptions.ReadOnly):
        mlops.gc(dry_run=False)


def test_another_process_looks_and_frees_while_the_store_is_open() -> None:
    deleted_run()

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([COMMAND, "gc", *arguments], capture_output=True, text=True, timeout=60, check=False)

    looked = command("--deleted-runs", "--older-than", "0", "--json")
    assert looked.returncode == 0 and json.loads(looked.stdout)["runs"] == 1
    freed = command("--deleted-runs", "--older-than", "0", "--yes", "--json")
    assert freed.returncode == 0 and json.loads(freed.stdout)["runs"] == 1, freed.stderr
    assert not mlops.search_runs(run_view_type=3, output_format="list")
