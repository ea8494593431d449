"""Experiments: making, choosing, listing."""

from __future__ import annotations

import pytest

import mlops
from mlops.exceptions import AlreadyExists, InvalidArgument, LimitExceeded, NotFound, Unsupported


def test_every_store_begins_with_the_default_experiment() -> None:
    (found,) = mlops.search_experiments()
    assert (found.experiment_id, found.name, found.lifecycle_stage) == ("0", "Default", "active")
    assert isinstance(found.creation_time, int) and found.tags == {}


def test_later_runs_go_to_the_experiment_that_was_set() -> None:
    first = mlops.set_experiment("churn")
    assert first.name == "churn" and mlops.set_experiment("churn") == first
    with mlops.start_run() as run:
        assert run.info.experiment_id == first.experiment_id == "1"
    assert mlops.set_experiment(experiment_id="0").name == "Default"
    with mlops.start_run() as run:
        assert run.info.experiment_id == "0"
    with mlops.start_run(experiment_id="1") as run:
        assert run.info.experiment_id == "1"


def test_experiments_are_made_once_and_counted_up() -> None:
    assert [mlops.create_experiment(name) for name in ["a", "b"]] == ["1", "2"]
    with pytest.raises(AlreadyExists, match="experiment `a` already exists"):
        mlops.create_experiment("a")
    assert mlops.create_experiment("c", tags={"team": 3}) == "3"
    assert mlops.get_experiment("3").tags == {"team": "3"}
    assert [found.name for found in mlops.search_experiments()] == ["c", "b", "a", "Default"]
    assert [found.name for found in mlops.search_experiments(max_results=1)] == ["c"]


def test_what_is_unknown_is_not_found() -> None:
    assert mlops.get_experiment_by_name("nobody") is None
    for call in [
        lambda: mlops.get_experiment("99"),
        lambda: mlops.set_experiment(experiment_id="99"),
        lambda: mlops.start_run(experiment_id="99"),
    ]:
        with pytest.raises(NotFound, match="experiment `99` does not exist"):
            call()
    assert mlops.active_run() is None


def test_one_of_a_name_and_an_id() -> None:
    for arguments in [{}, {"experiment_name": "a", "experiment_id": "0"}]:
        with pytest.raises(InvalidArgument, match="give one of experiment_name and experiment_id"):
            mlops.set_experiment(**arguments)


def test_what_is_not_offered_says_so() -> None:
    with pytest.raises(Unsupported, match="filter the list"):
        mlops.search_experiments(filter_string="name = 'a'")
    with pytest.raises(LimitExceeded, match="tag `long` is 5000 bytes, over the limit of 4096"):
        mlops.create_experiment("a", tags={"long": "x" * 5_000})
    assert mlops.get_experiment_by_name("a") is None


@pytest.mark.parametrize("prefix", ["MLOPS", "MLFLOW"])
def test_the_environment_names_the_experiment(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{prefix}_EXPERIMENT_NAME", "from outside")
    with mlops.start_run() as run:
        assert mlops.get_experiment(run.info.experiment_id).name == "from outside"
    monkeypatch.delenv(f"{prefix}_EXPERIMENT_NAME")
    monkeypatch.setenv(f"{prefix}_EXPERIMENT_ID", run.info.experiment_id)
    with mlops.start_run() as again:
        assert again.info.experiment_id == run.info.experiment_id


def test_another_store_begins_anew() -> None:
    mlops.set_experiment("churn")
    mlops.set_tracking_uri("memory:")
    with mlops.start_run() as run:
        assert run.info.experiment_id == "0"
