"""Pickles run code: they load from stores that this user made or trusts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression

import mlops
from mlops._flavors.source import Source
from mlops.exceptions import Untrusted


@pytest.fixture
def foreign(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a model in a copy of a store that another user made."""
    with mlops.start_run():
        info = mlops.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "model")
        mlops.log_text("text", "a.txt")
    mlops.set_tracking_uri(None)
    shutil.copytree(store, tmp_path / "copy")
    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "another-user"))
    mlops.set_tracking_uri(tmp_path / "copy")
    return info.model_uri


def test_a_copied_store_is_not_trusted(foreign: str, tmp_path: Path) -> None:
    for load in [mlops.load_model, mlops.sklearn.load_model, mlops.pyfunc.load_model]:
        with pytest.raises(Untrusted, match=f"mlops trust {tmp_path}/copy.*trust=True") as caught:
            load(foreign)
        assert isinstance(caught.value, PermissionError)


def test_trust_can_be_given_for_one_call(foreign: str) -> None:
    for load in [mlops.load_model, mlops.sklearn.load_model, mlops.pyfunc.load_model]:
        assert load(foreign, trust=True).predict([[1.0]]) == pytest.approx([1.0])
    with pytest.raises(Untrusted):
        mlops.load_model(foreign)


def test_what_is_read_comes_from_the_store_that_was_trusted(foreign: str) -> None:
    source = Source(foreign, trust=True)
    mlops.set_tracking_uri("memory:")
    assert source.read_code("model.pkl")


def test_trust_can_be_given_to_a_store(
    foreign: str, tmp_path: Path, python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    mlops.set_tracking_uri(None)
    python("import sys; from mlops._cli import main; sys.argv[1:] = ['trust', sys.argv[1]]; main()", str(tmp_path / "copy"))
    mlops.set_tracking_uri(tmp_path / "copy")
    assert mlops.load_model(foreign).predict([[1.0]]) == pytest.approx([1.0])


def test_what_runs_no_code_is_read_without_trust(foreign: str) -> None:
    assert mlops.models.get_model_info(foreign).flavors["sklearn"]["pickled_model"] == "model.pkl"
    assert mlops.artifacts.load_text(f"runs:/{mlops.models.get_model_info(foreign).run_id}/a.txt") == "text"


def test_a_folder_is_trusted_by_naming_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlops.sklearn.save_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), tmp_path / "saved")
    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "another-user"))
    assert mlops.load_model(tmp_path / "saved").predict([[1.0]]) == pytest.approx([1.0])
