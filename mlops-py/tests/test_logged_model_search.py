"""Finding logged models: MLflow's filters, data sets, orders and pages."""

from __future__ import annotations

from typing import Any

import pytest

import mlops
from mlops.entities import LoggedModelStatus
from mlops.exceptions import InvalidArgument


@pytest.fixture(autouse=True)
def models() -> dict[str, str]:
    made = {}
    with mlops.start_run():
        for name, accuracy, depth in (("oak", 0.5, 1), ("elm", 0.9, 2), ("Ash", None, 3)):
            model = mlops.initialize_logged_model(name, params={"depth": depth}, tags={"my kind": name.upper()}, model_type="tree")
            made[name] = model.model_id
            if accuracy is not None:
                data = {"dataset_name": name, "dataset_digest": str(depth)}
                client, run = mlops.MlflowClient(), mlops.active_run()
                assert run is not None
                client.log_metric(run.info.run_id, "accuracy", accuracy, timestamp=1_000, model_id=model.model_id, **data)
    mlops.finalize_logged_model(made["elm"], "READY")
    return made


def found(filter_string: str | None = None, **options: Any) -> list[str]:
    return [model.name for model in mlops.search_logged_models(None, filter_string, output_format="list", **options)]


@pytest.mark.parametrize(
    "filter_string, names",
    [
        (None, "Ash elm oak"),
        ("", "Ash elm oak"),
        ("name = 'oak'", "oak"),
        ('name = "oak"', "oak"),
        ("attributes.name != 'oak'", "Ash elm"),
        ("name LIKE 'a%'", ""),
        ("name ILIKE 'a%'", "Ash"),
        ("name like '_l%'", "elm"),
        ("name IN ('oak', 'elm')", "elm oak"),
        ("name NOT IN ('oak')", "Ash elm"),
        ("metrics.accuracy > 0.5", "elm"),
        ("metrics.accuracy >= 0.5 AND params.depth = '1'", "oak"),
        ("metrics.`accuracy` != 7", "elm oak"),
        ("params.depth = 3", "Ash"),
        ("params.missing != 'x'", ""),
        ("tags.`my kind` = 'ELM' and model_type = 'tree'", "elm"),
        ("tags.'my kind' = 'ELM' and params.\"depth\" = '2'", "elm"),
        ("tags.mlflow.source.type = 'LOCAL'", "Ash elm oak"),
        ("status = 'READY'", "elm"),
        ("creation_time > 5 AND last_updated_timestamp > 5 AND creation_timestamp < 99999999999999", "Ash elm oak"),
        ("source_run_id = 'none'", ""),
        ("experiment_id = '0'", "Ash elm oak"),
    ],
)
def test_a_filter_finds(filter_string: str | None, names: str) -> None:
    assert found(filter_string) == names.split()


@pytest.mark.parametrize(
    "filter_string, message",
    [
        ("name > 'a'", "compares name by `>`: expected one of =, !=, LIKE, ILIKE, IN, NOT IN"),
        ("metrics.accuracy LIKE 'a'", "by `LIKE`: expected one of =, !=, <"),
        ("metrics.accuracy = 'x'", "expected a number without quotes"),
        ("colour = 'red'", "has no attribute `colour`"),
        ("run.x = 'a'", "expected attributes, metrics, params or tags"),
        ("name = 'a' OR name = 'b'", "has `OR` where AND or the end"),
        ("name", "has its end where a comparison of `name`"),
        ("name = 'a", "cannot be read from `'a` on"),
        ("name = 'a' AND", "has its end where a name"),
        ("name IN 'a'", "where a list behind IN"),
        ("name IN ()", "where a quoted text"),
        ("= 'a'", "has `=` where a name"),
    ],
)
def test_a_wrong_filter_is_said(filter_string: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message.replace("(", "\\(")) as wrong:
        found(filter_string)
    assert wrong.value.error_code == "INVALID_PARAMETER_VALUE"


def test_data_sets_choose_the_metrics_that_count() -> None:
    assert found(datasets=[{"dataset_name": "oak"}]) == ["oak"]
    assert found("metrics.accuracy > 0.1", datasets=[{"dataset_name": "oak"}, {"dataset_name": "elm"}]) == ["elm", "oak"]
    assert found("metrics.accuracy > 0.1", datasets=[{"dataset_name": "elm", "dataset_digest": "1"}]) == []
    for bad in ([{"dataset_digest": "1"}], ["oak"], "oak"):
        with pytest.raises(InvalidArgument, match="dataset"):
            found(datasets=bad)


def test_orders_put_what_is_missing_last() -> None:
    assert found(order_by=[{"field_name": "name"}]) == ["Ash", "elm", "oak"]
    assert found(order_by=[{"field_name": "name", "ascending": False}]) == ["oak", "elm", "Ash"]
    assert found(order_by=[{"field_name": "creation_time"}]) == ["oak", "elm", "Ash"]
    assert found(order_by=[{"field_name": "metrics.accuracy"}]) == ["oak", "elm", "Ash"]
    assert found(order_by=[{"field_name": "metrics.accuracy", "ascending": False}]) == ["elm", "oak", "Ash"]
    of_oak = {"field_name": "metrics.accuracy", "dataset_name": "oak", "dataset_digest": "1"}
    assert found(order_by=[of_oak]) == ["oak", "Ash", "elm"]
    for bad in (
        ["name"], [{}], "name", [{"field_name": "params.depth"}], [{"field_name": "colour"}],
        [{"field_name": "name", "ascending": "yes"}], [{"field_name": "metrics.accuracy", "dataset_digest": "1"}],
    ):  # fmt: skip
        with pytest.raises(InvalidArgument):
            found(order_by=bad)


def test_pages_do_not_shift_when_models_are_made() -> None:
    client = mlops.MlflowClient()
    first = client.search_logged_models(["0"], max_results=2)
    client.create_logged_model("0", "new")
    assert first.token is not None
    rest = client.search_logged_models(["0"], max_results=2, page_token=first.token)
    assert ([model.name for model in [*first, *rest]], rest.token) == (["Ash", "elm", "oak"], None)
    with pytest.raises(InvalidArgument, match="of another search"):
        client.search_logged_models(["0"], "name = 'oak'", page_token=first.token)
    for bad in ("xx", "e30="):
        with pytest.raises(InvalidArgument, match="is not one that a search"):
            client.search_logged_models(["0"], page_token=bad)
    for limit in (0, -1, "two"):
        with pytest.raises(InvalidArgument):
            client.search_logged_models(["0"], max_results=limit)  # type: ignore[arg-type]
    assert client.search_logged_models([]) == []


def test_a_table_has_mlflows_columns(models: dict[str, str]) -> None:
    table = mlops.search_logged_models()
    assert list(table.columns) == (
        "artifact_location creation_timestamp experiment_id last_updated_timestamp metrics model_id model_type name params"
        " source_run_id status status_message tags"
    ).split()
    assert list(table["name"]) == ["Ash", "elm", "oak"] and table["status"][1] == LoggedModelStatus.READY
    assert table["model_id"][2] == models["oak"]
    assert mlops.search_logged_models(filter_string="name = 'none'").shape == (0, 0)
    assert found(max_results=2) == ["Ash", "elm"] and found(max_results=0) == []
    for bad in ({"max_results": -1}, {"output_format": "csv"}):
        with pytest.raises(InvalidArgument):
            mlops.search_logged_models(**bad)


def test_experiments_have_their_own_models() -> None:
    mlops.set_experiment("other")
    assert found() == []
    mlops.initialize_logged_model("pine")
    assert found() == ["pine"]
    experiment = mlops.get_experiment_by_name("other")
    assert experiment is not None
    both = mlops.search_logged_models(["0", experiment.experiment_id], output_format="list")
    assert [model.name for model in both] == ["pine", "Ash", "elm", "oak"]
