"""Searching runs by MLflow's client, over MLflow's own store and over ours."""

from __future__ import annotations

import math

import mlflow
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag, ViewType
from mlflow.tracking import MlflowClient

from test_mlflow_experiments import code_of


@pytest.fixture
def runs(client: MlflowClient) -> dict[str, str]:
    """Five runs, by name."""
    made = {}
    for number, name in enumerate(["alpha", "beta", "gamma", "delta", "omega"]):
        run = client.create_run("0", start_time=1000 + number, run_name=name)
        run_id = run.info.run_id
        made[name] = run_id
        client.log_param(run_id, "model", "tree" if number % 2 else "Linear")
        client.log_param(run_id, "depth", number)
        client.set_tag(run_id, "team name", f"team {number}")
        if name != "omega":
            client.log_metric(run_id, "loss", math.nan if name == "delta" else number / 10)
            client.log_metric(run_id, "a/b", number)
        client.set_terminated(run_id, "FAILED" if name == "beta" else "FINISHED", end_time=2000 + number)
    return made


@pytest.mark.parametrize(
    ("filter_string", "names"),
    [
        ("", "omega delta gamma beta alpha"),
        # MLflow's own store keeps NaN as 0, and finds it where it looks for 0.
        ("metrics.loss < 0.15 and metrics.loss > 0.05", "beta"),
        ("metrics.loss >= 0.1 and params.model = 'Linear'", "gamma"),
        ("metrics.loss != 0.1", "delta gamma alpha"),
        ("metrics.`a/b` > 1 AND metric.`a/b` <= 2", "gamma"),
        ('metrics."a/b" = 3', "delta"),
        ("params.model != 'tree'", "omega gamma alpha"),
        ("param.model LIKE 'l%'", ""),
        ("params.model ILIKE 'l%'", "omega gamma alpha"),
        ("params.depth = '3'", "delta"),
        ("tags.`team name` = 'team 2'", "gamma"),
        ("tag.mlflow.runName LIKE '%eta'", "beta"),
        ("attributes.status = 'FAILED'", "beta"),
        ("status != 'FAILED' and attribute.run_name LIKE '%a%a%'", "gamma alpha"),
        ("run_name = 'omega'", "omega"),
        ("`run name` = 'omega'", "omega"),
        ("start_time > 1003", "omega"),
        ("end_time <= 2001 and attr.start_time >= 1001", "beta"),
        ("metrics.none > 0", ""),
        ("params.none != 'x'", ""),
    ],
)
def test_filters_find_what_they_say(
    client: MlflowClient, runs: dict[str, str], filter_string: str, names: str
) -> None:
    found = client.search_runs(["0"], filter_string)
    assert sorted(run.info.run_name for run in found) == sorted(names.split())


def test_run_ids_are_in_a_list(client: MlflowClient, runs: dict[str, str]) -> None:
    ids = f"'{runs['alpha']}', '{runs['beta']}'"
    assert {run.info.run_name for run in client.search_runs(["0"], f"run_id IN ({ids})")} == {"alpha", "beta"}
    assert len(client.search_runs(["0"], f"attributes.run_id NOT IN ({ids})")) == 3


@pytest.mark.parametrize(
    ("order_by", "names"),
    [
        ([], "omega delta gamma beta alpha"),
        (["metrics.loss"], "alpha beta gamma delta omega"),
        (["metrics.loss ASC"], "alpha beta gamma delta omega"),
        (["metrics.loss DESC"], "gamma beta alpha delta omega"),
        (["params.model DESC", "start_time ASC"], "beta delta alpha gamma omega"),
        (["attributes.start_time ASC"], "alpha beta gamma delta omega"),
        (["attribute.end_time DESC"], "omega delta gamma beta alpha"),
        (["run_name"], "alpha beta delta gamma omega"),
        (["status ASC", "tags.`team name` DESC"], "beta omega delta gamma alpha"),
    ],
)
def test_orders_put_nan_behind_numbers_and_missing_last(
    client: MlflowClient, runs: dict[str, str], order_by: list[str], names: str
) -> None:
    assert [run.info.run_name for run in client.search_runs(["0"], order_by=order_by)] == names.split()


@pytest.mark.parametrize(
    "filter_string",
    ["metrics.loss = 'x'", "loss < 1", "metrics.loss", "metrics.loss <", "foo.bar = 'x'", "metrics.loss ~ 3"],
)
def test_a_filter_that_cannot_be_read_is_an_error(client: MlflowClient, filter_string: str) -> None:
    assert code_of(client.search_runs, ["0"], filter_string) == "INVALID_PARAMETER_VALUE"


def test_our_filters_are_more_than_mlflows(client: MlflowClient, runs: dict[str, str], ours: bool) -> None:
    for filter_string in ("params.depth > 2", "run_name IN ('delta', 'omega')", "run_name = 'delta' OR run_name = 'omega'"):
        if ours:
            assert {run.info.run_name for run in client.search_runs(["0"], filter_string)} == {"delta", "omega"}
        else:
            assert code_of(client.search_runs, ["0"], filter_string) == "INVALID_PARAMETER_VALUE"
    found = {run.info.run_name for run in client.search_runs(["0"], "metrics.loss < 0.05")}
    # Some versions of MLflow's own store take NaN for 0.
    assert found == {"alpha"} or not ours


def test_an_order_that_cannot_be_read_is_an_error(client: MlflowClient) -> None:
    for order in ("attributes.nonsense", "metrics.loss SIDEWAYS"):
        assert code_of(client.search_runs, ["0"], order_by=[order]) == "INVALID_PARAMETER_VALUE"


def test_results_come_in_pages(client: MlflowClient, runs: dict[str, str]) -> None:
    page = client.search_runs(["0"], max_results=2, order_by=["run_name"])
    names = [run.info.run_name for run in page]
    while page.token:
        page = client.search_runs(["0"], max_results=2, order_by=["run_name"], page_token=page.token)
        names += [run.info.run_name for run in page]
    assert names == ["alpha", "beta", "delta", "gamma", "omega"]
    for bad in (0, -1, 50_001):
        assert code_of(client.search_runs, ["0"], max_results=bad) == "INVALID_PARAMETER_VALUE"


def test_experiments_bound_what_is_found(client: MlflowClient, runs: dict[str, str]) -> None:
    other = client.create_experiment("other")
    run = client.create_run(other)
    assert [found.info.run_id for found in client.search_runs([other])] == [run.info.run_id]
    assert len(client.search_runs(["0", other])) == 6
    assert client.search_runs(["77"]) == []
    assert client.search_runs([]) == []
    assert len(client.search_runs(["0", other], run_view_type=ViewType.ALL)) == 6


def test_the_data_frame_has_mlflows_columns(client: MlflowClient, runs: dict[str, str]) -> None:
    frame = mlflow.search_runs(["0"], order_by=["start_time ASC"])
    assert list(frame["tags.mlflow.runName"]) == ["alpha", "beta", "gamma", "delta", "omega"]
    assert {"run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"} <= set(frame.columns)
    assert list(frame["params.depth"]) == ["0", "1", "2", "3", "4"]
    assert math.isnan(frame["metrics.loss"][4])
    assert mlflow.search_runs(["77"]).empty


def dataset(name: str, digest: str, context: str) -> DatasetInput:
    made = Dataset(name=name, digest=digest, source_type="local", source='{"uri": "x"}', schema="{}", profile=None)
    return DatasetInput(dataset=made, tags=[InputTag("mlflow.data.context", context)])


def test_data_sets_are_inputs_and_are_searched(client: MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_inputs(run_id, [dataset("train", "d1", "training"), dataset("train", "d1", "again")])
    client.log_inputs(run_id, [dataset("train", "d1", "other"), dataset("test", "d2", "eval")])
    found = client.get_run(run_id).inputs.dataset_inputs
    shown = {(one.dataset.name, one.dataset.digest, one.tags[0].value) for one in found}
    assert shown == {("train", "d1", "training"), ("test", "d2", "eval")}
    one = next(one.dataset for one in found if one.dataset.name == "train")
    assert (one.source_type, one.source, one.schema, one.profile) == ("local", '{"uri": "x"}', "{}", None)
    for filter_string, count in [
        ("dataset.name = 'train'", 1),
        ("datasets.digest IN ('d2', 'd9')", 1),
        ("dataset.context LIKE 'tr%'", 1),
        ("dataset.name = 'none'", 0),
    ]:
        assert len(client.search_runs(["0"], filter_string)) == count
    summaries = client._tracking_client.store._search_datasets(["0"])
    assert {(one.name, one.digest, one.context) for one in summaries} == {
        ("train", "d1", "training"), ("test", "d2", "eval"),
    }
    assert client._tracking_client.store._search_datasets(["77"]) == []


def test_a_data_frame_is_logged_as_a_data_set(client: MlflowClient) -> None:
    import pandas

    data = mlflow.data.from_pandas(pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}), source="x.csv", name="frame", targets="b")
    with mlflow.start_run() as run:
        mlflow.log_input(data, context="training", tags={"k": "v"})
    (found,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert found.dataset.name == "frame" and '"num_rows": 2' in found.dataset.profile
    assert {tag.key: tag.value for tag in found.tags} == {"mlflow.data.context": "training", "k": "v"}
