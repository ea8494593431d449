"""Where the store is: given, from the environment, found upwards, or made here."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlops
from mlops.exceptions import InvalidArgument, Unsupported


def test_a_store_is_made_where_the_work_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_STORE")
    (tmp_path / "project/deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    assert not mlops.is_tracking_uri_set()
    assert mlops.get_tracking_uri() == str(tmp_path / "project/.mlops")
    assert not (tmp_path / "project/.mlops").exists()
    with mlops.start_run() as run:
        pass
    assert (tmp_path / "project/.mlops").is_dir()
    mlops.set_tracking_uri(None)
    monkeypatch.chdir(tmp_path / "project/deep")
    assert mlops.get_tracking_uri() == str(tmp_path / "project/.mlops")
    assert mlops.get_run(run.info.run_id).info.status == "FINISHED"


def test_the_working_directory_may_change_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    mlops.set_tracking_uri("here")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with mlops.start_run():
        pass
    assert mlops.get_tracking_uri() == str(tmp_path / "here") and (tmp_path / "here/format").exists()
    assert mlops.is_tracking_uri_set()


def test_a_location_has_many_spellings(tmp_path: Path) -> None:
    with mlops.start_run() as run:
        pass
    for spelling in [tmp_path, tmp_path / ".mlops", f"mlops:{tmp_path}", f"file://{tmp_path}/.mlops", ".", "./.mlops"]:
        mlops.set_tracking_uri(spelling)
        assert mlops.get_run(run.info.run_id).info.run_id == run.info.run_id
        assert mlops.get_tracking_uri() == str(tmp_path / ".mlops")


def test_the_memory_is_a_store_too(tmp_path: Path) -> None:
    mlops.set_tracking_uri("memory:")
    assert mlops.get_tracking_uri() == "memory:"
    with mlops.start_run() as run:
        mlops.log_text("text", "a.txt")
        mlops.log_metric("loss", 0.5)
    assert mlops.get_run(run.info.run_id).data.metrics == {"loss": 0.5}
    assert mlops.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt") == "text"
    assert not (tmp_path / ".mlops").exists()


@pytest.mark.parametrize("uri", ["sqlite:///mlflow.db", "http://localhost:5000", "databricks://x", "s3://bucket"])
def test_other_kinds_of_stores_are_refused_by_name(uri: str) -> None:
    before = mlops.get_tracking_uri()
    with pytest.raises(Unsupported, match=f"{uri}.*{uri.split(':')[0]}.*give a path or `memory:`"):
        mlops.set_tracking_uri(uri)
    assert mlops.get_tracking_uri() == before


def test_a_location_that_is_no_text_is_refused() -> None:
    bad: Any
    for bad in [b"bytes", 3, ["a"], "a\x00b"]:
        with pytest.raises((InvalidArgument, TypeError)):
            mlops.set_tracking_uri(bad)


def test_an_active_run_keeps_its_store() -> None:
    with mlops.start_run() as run:
        mlops.set_tracking_uri("memory:")
        mlops.log_metric("loss", 0.5)
    mlops.set_tracking_uri(None)
    assert mlops.get_run(run.info.run_id).data.metrics == {"loss": 0.5}
    assert mlops.get_run(run.info.run_id).info.status == "FINISHED"


def test_a_store_is_private(store: Path) -> None:
    with mlops.start_run():
        mlops.log_text("text", "a.txt")
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    # The index makes its own files; they are beneath a folder that nobody else may enter.
    ours = [path for path in store.rglob("*") if "index" not in path.relative_to(store).parts]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in ours} == {0}
    assert (store / ".gitignore").read_text() == "*\n"


def test_a_store_can_be_copied_while_it_is_open(
    store: Path, tmp_path: Path, python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("loss", 0.5)
        subprocess.run(["cp", "-r", str(store), str(tmp_path / "copy")], check=True)
        python(
            "import mlops, sys; mlops.set_tracking_uri('copy'); print(mlops.get_run(sys.argv[1]).info.status)",
            run.info.run_id,
        )


def test_a_variable_that_is_no_text_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another store than the one that was meant must not be used in its place.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_STORE", "here-\udcff")
    with pytest.raises(InvalidArgument, match="MLOPS_STORE"):
        mlops.start_run()
    assert not (tmp_path / ".mlops").exists()


def test_the_scheme_alone_is_the_default(store: Path, tmp_path: Path) -> None:
    mlops.set_tracking_uri(str(tmp_path / "other"))
    for spelling in ("mlops:", "mlops://"):
        mlops.set_tracking_uri(spelling)
        assert mlops.get_tracking_uri() == str(store) == mlops.MlflowClient(spelling).tracking_uri
