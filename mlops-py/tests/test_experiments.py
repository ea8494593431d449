"""Experiments: making, choosing, listing."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import mlops
from mlops.entities import ViewType
from mlops.exceptions import AlreadyExists, InvalidArgument, InvalidState, LimitExceeded, NotFound


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


def named(**query: Any) -> list[str]:
    return [found.name for found in mlops.search_experiments(**query)]


def test_experiments_are_filtered_ordered_and_paged() -> None:
    for name in ["beta", "alpha", "gamma"]:
        mlops.create_experiment(name, tags={"team": name[0]})
    assert named() == ["gamma", "alpha", "beta", "Default"]
    assert named(filter_string="name LIKE '%a' AND tags.team != 'g'", order_by=["name"]) == ["alpha", "beta"]
    assert named(filter_string="attribute.experiment_id = '2'") == ["alpha"]
    assert named(order_by=["experiment_id DESC"], max_results=2) == ["gamma", "alpha"]
    assert named(filter_string=f"creation_time > {2**42}", max_results=0) == named(max_results=0) == []
    client = mlops.MlflowClient()
    first = client.search_experiments(max_results=3, order_by=["name ASC"])
    assert [found.name for found in first] == ["Default", "alpha", "beta"] and first.token
    rest = client.search_experiments(max_results=3, order_by=["name ASC"], page_token=first.token)
    assert [found.name for found in rest] == ["gamma"] and rest.token is None
    with pytest.raises(InvalidArgument, match="page token"):
        client.search_experiments(page_token=first.token)
    for bad in ["metrics.loss < 1", "status = 'RUNNING'", "name"]:
        with pytest.raises(InvalidArgument):
            mlops.search_experiments(filter_string=bad)
    with pytest.raises(InvalidArgument, match="max_results"):
        client.search_experiments(max_results=0)


def test_a_deleted_experiment_takes_its_runs_with_it_and_brings_them_back() -> None:
    experiment = mlops.create_experiment("churn")
    with mlops.start_run(experiment_id=experiment) as kept:
        mlops.log_metric("loss", 0.5)
    with mlops.start_run(experiment_id=experiment) as deleted:
        pass
    mlops.delete_run(deleted.info.run_id)
    mlops.delete_experiment(experiment)
    assert named() == ["Default"] and named(view_type=ViewType.DELETED_ONLY) == ["churn"]
    assert mlops.get_experiment(experiment).lifecycle_stage == "deleted"
    assert mlops.get_run(kept.info.run_id).info.lifecycle_stage == "deleted"
    assert mlops.search_runs([experiment], output_format="list") == []
    client = mlops.MlflowClient()
    for refused in [
        lambda: mlops.start_run(experiment_id=experiment),
        lambda: mlops.start_run(run_id=kept.info.run_id),
        lambda: mlops.set_experiment("churn"),
        lambda: mlops.set_experiment(experiment_id=experiment),
        lambda: client.log_metric(kept.info.run_id, "loss", 1),
        lambda: client.restore_run(kept.info.run_id),
        lambda: client.rename_experiment(experiment, "other"),
        lambda: client.set_experiment_tag(experiment, "a", "b"),
        lambda: client.delete_experiment_tag(experiment, "a"),
    ]:
        with pytest.raises(InvalidState, match="deleted; restore it first"):
            refused()
    with pytest.raises(AlreadyExists, match="it is deleted, and keeps its name"):
        mlops.create_experiment("churn")
    mlops.restore_experiment(experiment)
    assert mlops.get_run(kept.info.run_id).info.lifecycle_stage == "active"
    assert mlops.get_run(deleted.info.run_id).info.lifecycle_stage == "deleted"
    client.log_metric(kept.info.run_id, "loss", 0.25)


def test_errors_of_experiments_have_the_codes_of_mlflow() -> None:
    client = mlops.MlflowClient()
    experiment = mlops.create_experiment("churn")
    mlops.delete_experiment(experiment)
    codes = {
        "RESOURCE_DOES_NOT_EXIST": [
            lambda: mlops.delete_experiment(experiment),
            lambda: mlops.delete_experiment("99"),
            lambda: mlops.restore_experiment("0"),
            lambda: mlops.restore_experiment("99"),
            lambda: client.rename_experiment("99", "x"),
            lambda: client.delete_experiment_tag("0", "never there"),
        ],
        "RESOURCE_ALREADY_EXISTS": [lambda: mlops.create_experiment("churn"), lambda: mlops.create_experiment("Default")],
        "INVALID_STATE": [lambda: client.rename_experiment(experiment, "x")],
        "INVALID_PARAMETER_VALUE": [lambda: mlops.create_experiment(" "), lambda: mlops.create_experiment("x" * 501)],
    }
    for code, calls in codes.items():
        for call in calls:
            with pytest.raises(mlops.MlflowException) as raised:
                call()
            assert raised.value.error_code == code


def test_an_experiment_is_renamed() -> None:
    client = mlops.MlflowClient()
    experiment = mlops.create_experiment("before")
    before = mlops.get_experiment(experiment)
    client.rename_experiment(experiment, "after")
    after = mlops.get_experiment(experiment)
    assert after.name == "after" and after.last_update_time >= before.last_update_time
    assert mlops.get_experiment_by_name("before") is None
    with pytest.raises(AlreadyExists):
        client.rename_experiment(experiment, "Default")


def test_tags_of_the_active_experiment() -> None:
    experiment = mlops.set_experiment("churn")
    mlops.set_experiment_tag("team", 3)
    mlops.set_experiment_tags({"note": "x" * 20_000, "gone": None})
    mlops.delete_experiment_tag("gone")
    mlops.MlflowClient().set_experiment_tag("0", "other", "y")
    assert mlops.get_experiment(experiment.experiment_id).tags == {"team": "3", "note": "x" * 20_000}
    assert mlops.get_experiment("0").tags == {"other": "y"}
    with pytest.raises(NotFound, match="tag `gone` does not exist in experiment `churn`"):
        mlops.delete_experiment_tag("gone")
    with pytest.raises(LimitExceeded, match="all tags of the experiment `churn` is .* over the limit of 49152"):
        mlops.set_experiment_tags({"good": 1, "huge": "x" * 40_000})
    assert "good" not in mlops.get_experiment(experiment.experiment_id).tags


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


def test_a_place_for_artifacts_that_is_not_used_is_said(store: Path, tmp_path: Path) -> None:
    for number, create in enumerate([mlops.create_experiment, mlops.MlflowClient().create_experiment]):
        with pytest.warns(UserWarning, match="artifact_location=.*aloc' is not used: artifacts are kept in the store, ") as said:
            created = create(f"e{number}", artifact_location=str(tmp_path / "aloc"))
        assert str(store) in str(said[0].message) and said[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            create(f"f{number}", mlops.get_experiment(created).artifact_location)
