"""Runs go from store to store, and from experiment to experiment."""

from __future__ import annotations

import io
import math
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression

import mlops
from mlops import _progress
from mlops.exceptions import InvalidArgument, InvalidState, NotFound, Untrusted


def logged(**options: object) -> str:
    with mlops.start_run() as run:
        mlops.log_params({"depth": 6, "rate": 1e-5, **options})
        mlops.log_series("loss", [0.5, math.nan, -math.inf])
        mlops.log_text("notes", "notes.txt")
    return run.info.run_id


def test_a_sync_copies_all_and_the_next_nothing(store: Path, tmp_path: Path) -> None:
    mlops.set_experiment("churn")
    run_id = logged()
    report = mlops.sync(store, tmp_path / "other")
    assert (report.new, report.experiments, report.unchanged, report.dry_run) == ((run_id,), ("churn",), 0, False)
    assert repr(report).startswith("<SyncReport: 1 new, 0 updated, 0 unchanged, ")
    assert mlops.sync(store, tmp_path / "other").unchanged == 1
    other = mlops.MlflowClient(tmp_path / "other")
    here, there = mlops.get_run(run_id), other.get_run(run_id)
    assert (here.data.params, here.data.tags) == (there.data.params, there.data.tags)
    assert (here.info.start_time, here.info.end_time, here.info.status) == (
        there.info.start_time,
        there.info.end_time,
        there.info.status,
    )
    assert [str(point.value) for point in other.get_metric_history(run_id, "loss")] == ["0.5", "nan", "-inf"]
    assert other.get_experiment(there.info.experiment_id).name == "churn"


def test_what_changed_in_both_is_reported_and_decided(store: Path, tmp_path: Path) -> None:
    run_id = logged()
    mlops.sync(store, tmp_path / "other")
    mlops.MlflowClient().set_tag(run_id, "note", "here")
    other = mlops.MlflowClient(tmp_path / "other")
    other.set_tag(run_id, "note", "there")
    report = mlops.sync(store, tmp_path / "other")
    (conflict,) = report.open_conflicts
    assert (conflict.run_id, conflict.differs, conflict.resolution) == (run_id, "tags note", "skip")
    assert f"1 changed in both (skip: {run_id}: tags note)" in repr(report)
    assert mlops.sync(store, tmp_path / "other", on_conflict="ours").open_conflicts == ()
    assert other.get_run(run_id).data.tags["note"] == "there"
    assert mlops.sync(store, tmp_path / "other").ahead == (run_id,)
    assert mlops.sync(tmp_path / "other", store).updated == (run_id,)
    assert mlops.get_run(run_id).data.tags["note"] == "there"
    with pytest.raises(InvalidArgument, match="skip, theirs or ours"):
        mlops.sync(store, tmp_path / "other", on_conflict="mine")  # type: ignore[arg-type]


def test_runs_are_exported_and_imported_by_what_selects_them(tmp_path: Path) -> None:
    first, second = logged(kind="a"), logged(kind="b")
    folder = tmp_path / "carried"
    planned = mlops.export_runs(folder, filter_string="params.kind = 'a'", dry_run=True)
    assert planned.new == (first,) and planned.dry_run and "(dry run)" in repr(planned)
    assert not folder.exists()
    assert mlops.export_runs(folder, run_ids=first).new == (first,)
    assert mlops.export_runs(folder, experiment_names="Default", since=timedelta(days=1)).new == (second,)
    assert mlops.export_runs(folder, since=datetime.now(timezone.utc) + timedelta(days=1)).unchanged == 0
    mlops.set_tracking_uri(tmp_path / "elsewhere")
    assert mlops.import_runs(folder, run_ids=[second]).new == (second,)
    assert set(mlops.import_runs(folder).new) == {first}
    assert len(mlops.search_runs(output_format="list")) == 2


def test_deleted_runs_and_experiments_are_asked_about(tmp_path: Path) -> None:
    run_id = logged()
    mlops.delete_run(run_id)
    assert mlops.export_runs(tmp_path / "carried").new == ()
    named = mlops.export_runs(tmp_path / "carried", run_ids=[run_id])
    assert "include_deleted" in named.skipped[0].reason
    assert mlops.export_runs(tmp_path / "carried", include_deleted=True).new == (run_id,)


def test_bad_arguments_say_what_is_wrong(store: Path, tmp_path: Path) -> None:
    run_id = logged()
    with pytest.raises(InvalidArgument, match="run_ids is empty"):
        mlops.export_runs(tmp_path / "carried", run_ids=[])
    with pytest.raises(InvalidArgument, match="another store"):
        mlops.sync(store, store)
    with pytest.raises(InvalidArgument, match="in memory"):
        mlops.sync("memory:", tmp_path / "carried")
    with pytest.raises(InvalidArgument, match="since is a datetime"):
        mlops.sync(store, tmp_path / "carried", since="yesterday")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="an export or a backup"):
        mlops.import_runs(tmp_path / "nowhere")
    with pytest.raises(NotFound, match="none"):
        mlops.export_runs(tmp_path / "carried", run_ids=["none"])
    with pytest.raises(NotFound, match="99"):
        mlops.MlflowClient().move_runs([run_id], "99")


def test_runs_move_between_experiments() -> None:
    first, second = logged(), logged()
    client = mlops.MlflowClient()
    into = client.create_experiment("baselines")
    assert client.move_runs([first, second], into) == 2
    assert client.move_runs(first, into) == 0
    assert {run.info.run_id for run in client.search_runs([into])} == {first, second}
    assert client.search_runs(["0"]) == []
    client.delete_run(first)
    with pytest.raises(InvalidState, match="restore it first"):
        client.move_runs([first], "0")


def test_a_run_from_a_store_that_is_not_trusted_is_not_trusted_here(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with mlops.start_run():
        info = mlops.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "model")
    theirs = f"runs:/{info.run_id}/model"
    # Another user gets it, who has a store and a model of their own.
    mlops.set_tracking_uri(None)
    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "another-user"))
    mlops.set_tracking_uri(tmp_path / "own")
    with mlops.start_run():
        info = mlops.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), "model")
    own = f"runs:/{info.run_id}/model"
    mlops.import_runs(store)
    assert mlops.load_model(own).predict([[1.0]]) == pytest.approx([2.0])
    with pytest.raises(Untrusted, match="brought in from such a store"):
        mlops.load_model(theirs)
    assert mlops.load_model(theirs, trust=True).predict([[1.0]]) == pytest.approx([1.0])
    # It goes on with the run, also into a store that this user makes.
    mlops.export_runs(tmp_path / "made-here")
    mlops.set_tracking_uri(tmp_path / "made-here")
    assert mlops.load_model(own).predict([[1.0]]) == pytest.approx([2.0])
    with pytest.raises(Untrusted):
        mlops.load_model(theirs)
    # Once the store is trusted where it came from, a sync takes the mark away.
    python("import sys; from mlops._cli import main; sys.argv[1:] = ['trust', sys.argv[1]]; main()", str(store))
    assert mlops.import_runs(store).unchanged == 1
    assert mlops.load_model(theirs).predict([[1.0]]) == pytest.approx([1.0])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_takes_long_shows_a_bar_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        with mlops.start_run():
            mlops.log_text(str(number) * 1_000, "a.txt")
    source, calls = str(tmp_path / ".mlops"), 0

    def bring() -> str:
        nonlocal calls
        calls += 1
        assert len(mlops.sync(source, tmp_path / f"to-{calls}").new) == 3
        return sys.stderr.getvalue()  # type: ignore[attr-defined,no-any-return]

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert bring() == "", "before a second has gone by"
    monkeypatch.setattr(_progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(_progress, "_EVERY", 0.0)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert bring() == "", "no terminal"
    monkeypatch.setattr(sys, "stderr", Terminal())
    lines = bring().split("\r\x1b[K")
    assert lines[0] == lines[-1] == "" and lines[-2].startswith(f"sync [{'#' * 30}] 3/3 runs, "), lines
    monkeypatch.setattr(sys, "stderr", None)
    assert len(mlops.export_runs(tmp_path / "folder").new) == 3
    monkeypatch.setattr(sys, "stderr", Terminal())
    sys.stderr.close()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    mlops.import_runs(tmp_path / "folder")


def test_a_registry_without_runs_is_brought_to_a_place_where_nothing_is(store: Path, tmp_path: Path) -> None:
    client = mlops.MlflowClient()
    client.create_registered_model("fraud")
    client.create_model_version("fraud", "s3://x")
    for place, report in (("synced", mlops.sync(store, tmp_path / "synced")), ("out", mlops.export_runs(tmp_path / "out"))):
        assert not report.dry_run and report.registered_models.new == ("fraud",)
        assert mlops.MlflowClient(tmp_path / place).get_model_version("fraud", 1).source == "s3://x"
