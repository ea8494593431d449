"""Experiments by MLflow's client, over MLflow's own store and over ours."""

from __future__ import annotations

import mlflow
import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


def code_of(call: object, *arguments: object, **named: object) -> str:
    """The code of the error that a call raises."""
    with pytest.raises(MlflowException) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    return str(caught.value.error_code)


def test_a_new_store_has_the_experiment_default(client: MlflowClient) -> None:
    found = client.get_experiment("0")
    assert (found.name, found.experiment_id, found.lifecycle_stage) == ("Default", "0", "active")
    assert client.get_experiment_by_name("Default").experiment_id == "0"
    assert client.get_experiment_by_name("none") is None


def test_experiments_count_up_and_keep_their_tags(client: MlflowClient) -> None:
    first = client.create_experiment("first", tags={"team": "growth"})
    second = client.create_experiment("second")
    assert (first, second) == ("1", "2")
    found = client.get_experiment(first)
    assert found.tags == {"team": "growth"}
    assert found.creation_time == found.last_update_time or found.creation_time < found.last_update_time
    assert found.artifact_location.endswith("/1")
    client.set_experiment_tag(first, "team", "core")
    client.set_experiment_tag(first, "note", "x" * 4000)
    assert client.get_experiment(first).tags == {"team": "core", "note": "x" * 4000}
    client.delete_experiment_tag(first, "note")
    assert client.get_experiment(first).tags == {"team": "core"}
    assert code_of(client.delete_experiment_tag, first, "note") == "RESOURCE_DOES_NOT_EXIST"


def test_a_name_is_given_once_and_stays_with_what_is_deleted(client: MlflowClient) -> None:
    number = client.create_experiment("taken")
    assert code_of(client.create_experiment, "taken") == "RESOURCE_ALREADY_EXISTS"
    client.delete_experiment(number)
    assert client.get_experiment(number).lifecycle_stage == "deleted"
    assert code_of(client.create_experiment, "taken") == "RESOURCE_ALREADY_EXISTS"
    assert code_of(client.delete_experiment, number) == "RESOURCE_DOES_NOT_EXIST"
    assert code_of(client.rename_experiment, number, "other") == "INVALID_STATE"
    assert code_of(client.create_run, number) == "INVALID_PARAMETER_VALUE"
    assert code_of(client.set_experiment_tag, number, "a", "b") == "INVALID_PARAMETER_VALUE"
    client.restore_experiment(number)
    assert code_of(client.restore_experiment, number) == "RESOURCE_DOES_NOT_EXIST"
    client.rename_experiment(number, "free")
    assert client.get_experiment(number).name == "free"
    other = client.create_experiment("other")
    assert code_of(client.rename_experiment, other, "free") == "BAD_REQUEST"


@pytest.mark.parametrize("name", ["", None, 5, "x" * 501])
def test_a_bad_name_is_refused(client: MlflowClient, name: object) -> None:
    assert code_of(client.create_experiment, name) == "INVALID_PARAMETER_VALUE"


def test_an_unknown_experiment_is_no_experiment(client: MlflowClient) -> None:
    for call in (client.get_experiment, client.delete_experiment, client.restore_experiment):
        assert code_of(call, "77") == "RESOURCE_DOES_NOT_EXIST"
    assert code_of(client.create_run, "77") == "RESOURCE_DOES_NOT_EXIST"


def test_deleting_an_experiment_hides_its_runs_and_restoring_shows_them(client: MlflowClient) -> None:
    number = client.create_experiment("with runs")
    run = client.create_run(number)
    client.delete_experiment(number)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    client.restore_experiment(number)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "active"


def test_experiments_are_searched_in_pages(client: MlflowClient) -> None:
    for number in range(6):
        client.create_experiment(f"exp {number}", tags={"parity": str(number % 2)})
    client.delete_experiment("3")
    names = [found.name for found in client.search_experiments()]
    assert names == ["exp 5", "exp 4", "exp 3", "exp 1", "exp 0", "Default"]
    assert [f.name for f in client.search_experiments(view_type=ViewType.DELETED_ONLY)] == ["exp 2"]
    assert len(client.search_experiments(view_type=ViewType.ALL)) == 7
    odd = client.search_experiments(filter_string="tags.parity = '1'", order_by=["name ASC"])
    assert [found.name for found in odd] == ["exp 1", "exp 3", "exp 5"]
    assert [f.name for f in client.search_experiments(filter_string="name ILIKE 'DEF%'")] == ["Default"]
    assert [f.name for f in client.search_experiments(filter_string="name LIKE 'def%'")] == []
    page = client.search_experiments(max_results=4, order_by=["name DESC"])
    assert len(page) == 4 and page.token
    rest = client.search_experiments(max_results=4, order_by=["name DESC"], page_token=page.token)
    assert not rest.token
    assert [f.name for f in [*page, *rest]] == ["exp 5", "exp 4", "exp 3", "exp 1", "exp 0", "Default"]
    assert code_of(client.search_experiments, max_results=0) == "INVALID_PARAMETER_VALUE"
    assert code_of(client.search_experiments, max_results=50_001) == "INVALID_PARAMETER_VALUE"
    assert code_of(client.search_experiments, filter_string="nonsense = 1") == "INVALID_PARAMETER_VALUE"


def test_a_chosen_place_of_files_is_kept(client: MlflowClient, tmp_path: object) -> None:
    place = f"file://{tmp_path}/elsewhere"
    number = client.create_experiment("placed", artifact_location=place)
    assert client.get_experiment(number).artifact_location == place
    assert client.get_experiment(number).tags == {}
    run = client.create_run(number)
    assert run.info.artifact_uri == f"{place}/{run.info.run_id}/artifacts"
    client.log_text(run.info.run_id, "here", "note.txt")
    assert [found.path for found in client.list_artifacts(run.info.run_id)] == ["note.txt"]


def test_set_experiment_makes_or_finds_one(client: MlflowClient) -> None:
    made = mlflow.set_experiment("fluent")
    assert mlflow.set_experiment("fluent").experiment_id == made.experiment_id
    with mlflow.start_run() as run:
        assert run.info.experiment_id == made.experiment_id
    mlflow.set_experiment_tags({"a": 1, "b": "two"})
    assert mlflow.get_experiment(made.experiment_id).tags == {"a": "1", "b": "two"}
    mlflow.delete_experiment(made.experiment_id)
    assert code_of(mlflow.set_experiment, "fluent") == "INVALID_PARAMETER_VALUE"


def test_tags_of_experiments_have_limits(client: MlflowClient) -> None:
    assert code_of(client.set_experiment_tag, "0", "k" * 251, "v") == "INVALID_PARAMETER_VALUE"
    assert code_of(client.set_experiment_tag, "0", "k", "v" * 20_001) == "INVALID_PARAMETER_VALUE"
