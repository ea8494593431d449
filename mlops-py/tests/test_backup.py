"""A store is copied while it is written to, and made again from the copy."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression

import mlops
from mlops.exceptions import AlreadyExists, Corrupt, InvalidArgument, NotFound, Unsupported, Untrusted


def test_a_backup_made_while_threads_log_holds_what_was_acknowledged(tmp_path: Path) -> None:
    done = threading.Event()
    logged = 0
    with mlops.start_run(run_name="under way") as run:

        def log() -> None:
            nonlocal logged
            while not done.is_set() and logged < 20_000:
                mlops.log_metric("loss", logged, step=logged)
                logged += 1

        thread = threading.Thread(target=log)
        thread.start()
        reports = []
        for number in range(3):
            before = logged
            reports.append((mlops.backup(tmp_path / f"backup-{number}"), before))
        done.set()
        thread.join()
    for report, before in reports:
        mlops.set_tracking_uri(report.path, read_only=True)
        copied = mlops.get_run(run.info.run_id)
        assert copied.info.status == "KILLED"
        steps, _, _ = mlops.get_metric_series(run.info.run_id, "loss")
        assert list(steps) == list(range(len(steps))) and len(steps) >= before
        assert report.findings == report.lost == ()


def test_a_backup_is_restored_where_no_store_is(store: Path, tmp_path: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_text("hello", "notes/a.txt")
    report = mlops.backup(str(tmp_path / "backup"))
    assert (report.path, report.files > 3, report.bytes > 0) == (str(tmp_path / "backup"), True, True)
    with pytest.raises(AlreadyExists, match="empty or does not exist"):
        mlops.restore(tmp_path / "backup")
    mlops.set_tracking_uri(None)
    shutil.rmtree(store)
    restored = mlops.restore(tmp_path / "backup")
    assert (restored.path, restored.store_id) == (str(store), report.store_id)
    assert mlops.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
    mlops.restore(tmp_path / "backup", tmp_path / "other")
    mlops.set_tracking_uri(tmp_path / "other")
    assert mlops.get_run(run.info.run_id).info.status == "FINISHED"


def test_damage_is_an_error_that_names_the_file_or_is_reported(store: Path, tmp_path: Path) -> None:
    with mlops.start_run():
        mlops.log_text("x" * 100_000, "large.txt")
    (large,) = [path for path in (store / "blobs/objects").rglob("*") if path.is_file()]
    large.write_bytes(large.read_bytes()[:-1] + b"y")
    with pytest.raises(Corrupt, match=f"{large.name}.*keep_going"):
        mlops.backup(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    report = mlops.backup(tmp_path / "backup", keep_going=True)
    assert [finding.path for finding in report.findings] == [str(large)]
    assert "large.txt" in report.lost[0]


def test_bad_places_are_refused(store: Path, tmp_path: Path) -> None:
    with mlops.start_run():
        pass
    with pytest.raises(InvalidArgument, match="outside of"):
        mlops.backup(store / "backup")
    for bad in ["", b"bytes"]:
        with pytest.raises(InvalidArgument):
            mlops.backup(bad)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="mlops backup"):
        mlops.restore(tmp_path / "none", tmp_path / "other")
    mlops.set_tracking_uri("memory:")
    with pytest.raises(Unsupported):
        mlops.backup(tmp_path / "backup")


def test_a_restored_store_is_not_trusted_by_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mlops.start_run():
        info = mlops.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "model")
    mlops.backup(tmp_path / "backup")
    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "another-user"))
    mlops.restore(tmp_path / "backup", tmp_path / "other")
    mlops.set_tracking_uri(tmp_path / "other")
    with pytest.raises(Untrusted):
        mlops.load_model(info.model_uri)
    assert mlops.load_model(info.model_uri, trust=True).predict([[1.0]]) == pytest.approx([1.0])
