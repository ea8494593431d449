"""Making a store: private, or a group's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression

import mlops
from mlops.exceptions import AlreadyExists, InvalidArgument, Untrusted


def modes(root: Path) -> set[tuple[bool, int]]:
    """Whether it is a folder, and the mode, of everything in a store."""
    paths = [root, *root.rglob("*")]
    return {(path.is_dir(), stat.S_IMODE(path.lstat().st_mode)) for path in paths}


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> object:
    before = os.umask(request.param)
    yield
    os.umask(before)


def log_model() -> str:
    with mlops.start_run():
        mlops.log_metric("loss", 0.5)
        mlops.log_text("x" * 100_000, "large.txt")
        return str(mlops.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "model").model_uri)


@pytest.mark.usefixtures("umask")
def test_a_store_is_private(tmp_path: Path) -> None:
    mlops.create(tmp_path / "made")
    assert mlops.get_tracking_uri() == str(tmp_path / "made")
    assert mlops.load_model(log_model()).predict([[1.0]]) == pytest.approx([1.0])
    mlops.set_tracking_uri(None)
    assert modes(tmp_path / "made") == {(True, 0o700), (False, 0o600)}


@pytest.mark.usefixtures("umask")
def test_a_groups_store_is_for_its_group_and_not_trusted(tmp_path: Path) -> None:
    mlops.create(tmp_path / "made", shared="group")
    uri = log_model()
    with pytest.raises(Untrusted, match="group of the store .*/made can change it; .* pass trust=True"):
        mlops.load_model(uri)
    assert mlops.load_model(uri, trust=True).predict([[1.0]]) == pytest.approx([1.0])
    mlops.set_tracking_uri(None)
    assert modes(tmp_path / "made") == {(True, 0o2770), (False, 0o660)}
    # From now on the folder says it.
    mlops.set_tracking_uri(tmp_path / "made")
    with mlops.start_run():
        mlops.log_text("x", "a.txt")
    mlops.set_tracking_uri(None)
    assert modes(tmp_path / "made") == {(True, 0o2770), (False, 0o660)}


def test_a_store_that_exists_is_not_made_and_the_one_in_use_stays(store: Path, tmp_path: Path) -> None:
    mlops.create()
    assert mlops.get_tracking_uri() == str(store)
    with mlops.start_run() as run:
        pass
    with pytest.raises(AlreadyExists, match=str(store)):
        mlops.create()
    mlops.create("other")
    with pytest.raises(AlreadyExists):
        mlops.create(store)
    assert mlops.get_tracking_uri() == str(tmp_path / "other")
    mlops.set_tracking_uri(None)
    assert mlops.get_run(run.info.run_id).info.status == "FINISHED"


def test_without_a_name_it_is_made_here_whatever_stands_upwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlops.create()
    monkeypatch.delenv("MLOPS_STORE")
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    mlops.create()
    assert mlops.get_tracking_uri() == str(tmp_path / "inner/.mlops")


def test_another_kind_of_sharing_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="group"):
        mlops.create(tmp_path / "made", shared="everybody")  # type: ignore[arg-type]
    assert not (tmp_path / "made").exists()
