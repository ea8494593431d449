"""Finding runs: as a DataFrame, as a list, page by page."""

from __future__ import annotations

import math
from typing import Any

import pandas
import polars
import pyarrow
import pytest

import mlops
from mlops.entities import ViewType
from mlops.exceptions import InvalidArgument, LimitExceeded, MlopsError


@pytest.fixture
def runs() -> list[str]:
    """Five runs, oldest first; the last has no loss."""
    found = []
    for number in range(5):
        with mlops.start_run(run_name=f"run {number}", tags={"parity": "even" if number % 2 == 0 else "odd"}) as run:
            mlops.log_param("number", number)
            if number < 4:
                mlops.log_metric("loss", 1.0 / (number + 1))
        found.append(run.info.run_id)
    return found


def ids(**options: Any) -> list[str]:
    return [run.info.run_id for run in mlops.search_runs(output_format="list", **options)]


def test_runs_are_found_newest_first(runs: list[str]) -> None:
    assert ids() == runs[::-1]
    assert ids(max_results=2) == runs[:2:-1]


def test_filters_and_orders_choose_and_sort(runs: list[str]) -> None:
    assert ids(filter_string="metrics.loss < 0.4") == [runs[3], runs[2]]
    assert ids(filter_string="params.number = '2'") == [runs[2]]
    assert ids(filter_string="tags.parity = 'odd'") == [runs[3], runs[1]]
    assert ids(filter_string="attributes.run_name = 'run 1'") == [runs[1]]
    assert ids(filter_string="status = 'FINISHED' and metrics.loss >= 0.5") == [runs[1], runs[0]]
    assert ids(order_by=["metrics.loss ASC"])[:4] == runs[3::-1]
    assert ids(order_by=["metrics.loss DESC"])[0] == runs[0]
    assert ids(order_by="metrics.loss DESC")[0] == runs[0]


def test_filters_and_orders_look_at_aspects_steps_times_and_patterns(runs: list[str]) -> None:
    with mlops.start_run(run_id=runs[4]):
        for step, value in [(0, 9.0), (100, 7.0), (-1, math.nan)]:
            mlops.log_metric("loss", value, step=step)
    assert ids(filter_string="metrics.loss.max > 8 and metrics.loss@100 = 7") == [runs[4]]
    assert ids(filter_string="metrics.loss.count = 1 and not run_name matches '[01]$'") == [runs[3], runs[2]]
    assert ids(filter_string="run_name ~ '^run [12]$' or params.number !~ '[0-3]'") == [runs[4], runs[2], runs[1]]
    assert ids(filter_string="start_time > now() - 1h and start_time > '2020-01-01' and duration < '1h'") == runs[::-1]
    assert ids(filter_string="start_time < now() - 1h") == []
    assert ids(order_by=["metrics.loss@100", "metrics.loss.min"]) == [runs[4], *runs[3::-1]]
    assert ids(order_by=["metrics.loss.first DESC"])[:2] == [runs[0], runs[1]]
    with pytest.raises(InvalidArgument, match=r"unexpected `'\('` at character 12 .* \(unclosed group\)"):
        mlops.search_runs(filter_string="run_name ~ '('")


def test_a_bad_filter_shows_the_place() -> None:
    for bad in ["metrics.loss <", "loss = ", "metrics.loss ~ 3", "params.a = 3 and", "'"]:
        with pytest.raises(InvalidArgument, match="expected") as caught:
            mlops.search_runs(filter_string=bad)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(InvalidArgument):
        mlops.search_runs(order_by=["metrics.loss SIDEWAYS"])
    with pytest.raises(LimitExceeded, match="65536"):
        mlops.search_runs(filter_string="tags.a = '" + "x" * 70_000 + "'")


def test_a_frame_has_the_columns_and_types_of_mlflow(runs: list[str]) -> None:
    frame = mlops.search_runs(order_by=["metrics.loss DESC"])
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns)[:6] == ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    assert {"metrics.loss", "params.number", "tags.parity", "tags.mlflow.runName"} <= set(frame.columns)
    assert list(frame["run_id"])[0] == runs[0]
    assert frame["metrics.loss"].dtype == "float64" and math.isnan(frame["metrics.loss"].iloc[-1])
    assert list(frame["params.number"]) == ["0", "1", "2", "3", "4"]
    assert str(frame["start_time"].dtype).startswith("datetime64[") and str(frame["start_time"].dtype).endswith("UTC]")
    assert (frame["end_time"] >= frame["start_time"]).all()


def test_a_frame_without_runs_has_the_columns_too() -> None:
    frame = mlops.search_runs()
    assert len(frame) == 0 and {"run_id", "start_time"} <= set(frame.columns)


def test_a_running_run_has_no_end_in_a_frame() -> None:
    with mlops.start_run():
        frame = mlops.search_runs()
    assert frame["status"].tolist() == ["RUNNING"] and frame["end_time"].isna().all()


def test_what_a_run_lacks_is_what_pandas_makes_of_none(runs: list[str]) -> None:
    with mlops.start_run():
        mlops.log_param("other", "x")
    frame = mlops.search_runs()
    expected = pandas.Series(["x", None, None, None, None, None], name="params.other")
    pandas.testing.assert_series_equal(frame["params.other"], expected)
    assert frame["params.other"].isna().tolist() == [False, True, True, True, True, True]


def test_a_search_looks_in_the_active_experiment_or_those_named(runs: list[str]) -> None:
    mlops.set_experiment("other")
    with mlops.start_run() as run:
        pass
    other = run.info.experiment_id
    assert ids() == ids(experiment_ids=[other]) == ids(experiment_ids=other) == [run.info.run_id]
    assert ids(experiment_names=["other"]) == ids(experiment_names="other") == [run.info.run_id]
    assert ids(experiment_ids=["0"]) == ids(experiment_names=["Default"]) == runs[::-1]
    assert len(ids(experiment_ids=["0", other])) == len(ids(search_all_experiments=True)) == 6
    assert ids(experiment_names=["nobody"]) == []
    with pytest.raises(InvalidArgument, match="not both"):
        mlops.search_runs(experiment_ids=["0"], experiment_names=["other"])


def test_pages_follow_each_other_without_gaps(runs: list[str]) -> None:
    client = mlops.MlflowClient()
    found: list[str] = []
    token: str | None = None
    for size in [2, 2, 1]:
        page = client.search_runs(["0"], max_results=2, page_token=token, order_by=["metrics.loss DESC"])
        assert len(page) == size
        found += [run.info.run_id for run in page]
        token = page.token
        # A run that is added meanwhile does not shift the pages.
        with mlops.start_run(experiment_id=mlops.create_experiment(f"other {len(found)}")):
            pass
    assert token is None
    assert found == runs
    with pytest.raises(InvalidArgument, match="page token"):
        client.search_runs(["0"], page_token="nonsense")
    assert client.search_runs([]) == []


@pytest.mark.parametrize(("option", "value"), [
    ("max_results", 0), ("max_results", -1), ("max_results", 1.5), ("max_results", "many"),
    ("output_format", "parquet"), ("run_view_type", 9), ("filter_string", 3),
])  # fmt: skip
def test_a_bad_option_is_an_error(option: str, value: Any) -> None:
    with pytest.raises(MlopsError):
        mlops.search_runs(**{option: value})


def test_deleted_runs_are_found_when_they_are_asked_for(runs: list[str]) -> None:
    mlops.delete_run(runs[0])
    assert len(ids()) == 4
    assert ids(run_view_type=ViewType.DELETED_ONLY) == [runs[0]]
    assert len(ids(run_view_type=ViewType.ALL)) == 5


def test_more_runs_than_a_page_are_found() -> None:
    client = mlops.MlflowClient()
    for number in range(30):
        client.create_run("0", run_name=str(number))
    token, names = None, []
    while True:
        page = client.search_runs(["0"], max_results=7, page_token=token)
        names += [run.info.run_name for run in page]
        token = page.token
        if token is None:
            break
    assert names == [str(number) for number in range(29, -1, -1)]


def test_a_table_has_the_columns_that_are_named(runs: list[str]) -> None:
    frame = mlops.search_runs(columns=["run_id", "metrics.loss.min", "params.number", "start_time", "duration"])
    assert list(frame.columns) == ["run_id", "metrics.loss.min", "params.number", "start_time", "duration"]
    assert list(frame["run_id"]) == runs[::-1] and list(frame["params.number"]) == ["4", "3", "2", "1", "0"]
    assert math.isnan(frame["metrics.loss.min"][0]) and frame["metrics.loss.min"][4] == 1.0
    assert frame["start_time"].dtype == pandas.to_datetime([0], unit="ms", utc=True).dtype and (frame["duration"] >= 0).all()
    frame.loc[0, "metrics.loss.min"] = 5.0  # it belongs to the caller
    assert mlops.search_runs(columns=["run_id"], max_results=2).shape == (2, 1)
    assert mlops.search_runs(filter_string="params.number = 'x'", columns=["run_id"]).shape == (0, 1)
    with pytest.raises(InvalidArgument, match=r"metrics\.loss@"):
        mlops.search_runs(columns=["metrics.loss@"])
    with pytest.raises(InvalidArgument, match="runs in a list are whole"):
        mlops.search_runs(columns=["run_id"], output_format="list")
    with pytest.raises(InvalidArgument, match="max_results is 0"):
        mlops.search_runs(max_results=0)


def test_arrow_and_polars_get_what_pandas_gets(runs: list[str]) -> None:
    mlops.MlflowClient().log_metric(runs[0], "loss", math.nan, step=1)
    frame = mlops.search_runs(order_by=["start_time"])
    arrow = mlops.search_runs(order_by=["start_time"], output_format="arrow")
    assert repr(arrow) == f"<RunTable: 5 runs, {len(frame.columns)} columns>" and len(arrow) == 5
    table = pyarrow.table(arrow)
    assert table.schema.names == list(frame.columns)
    # What is missing is null, and NaN is a number.
    assert table["metrics.loss"].null_count == 1 and math.isnan(table["metrics.loss"][0].as_py())
    assert str(table.schema.field("start_time").type) == "timestamp[us, tz=UTC]"
    found = mlops.search_runs(order_by=["start_time"], output_format="polars")
    assert isinstance(found, polars.DataFrame) and found["run_id"].to_list() == runs
    assert found["params.number"].to_list() == list(frame["params.number"])
    assert found["start_time"].to_list() == [time.to_pydatetime() for time in frame["start_time"]]
    none = mlops.search_runs(filter_string="params.number = 'x'", output_format="polars")
    assert none.height == 0 and none.columns[0] == "run_id"


def test_many_runs_are_found_by_columns_as_they_are_by_their_records(store: Any) -> None:
    for number in range(700):
        with mlops.start_run(run_name=f"run {number}"):
            mlops.log_param("depth", number % 7)
            mlops.log_metric("loss", float(number * 37 % 701))
    order = [number for number in sorted(range(700), key=lambda number: number * 37 % 701)]
    for _ in range(2):
        frame = mlops.search_runs(order_by=["metrics.loss"], columns=["run_name", "params.depth"])
        assert list(frame["run_name"]) == [f"run {number}" for number in order]
        assert list(frame["params.depth"]) == [str(number % 7) for number in order]
        few = mlops.search_runs(filter_string="params.depth = '3' and metrics.loss < 100", order_by=["metrics.loss"])
        assert list(few["tags.mlflow.runName"]) == [
            f"run {number}" for number in order if number % 7 == 3 and number * 37 % 701 < 100
        ]
        # A run that changed since it was folded.
        mlops.MlflowClient().set_tag(few["run_id"][0], "seen", "yes")
        assert len(mlops.search_runs(filter_string="tags.seen = 'yes'")) == 1


def test_tags_that_spell_numbers_are_ordered_as_params_are() -> None:
    for value in ("10", "9", "abc", "2.5"):
        with mlops.start_run(run_name=value):
            mlops.set_tag("k", value)
            mlops.log_param("k", value)
    for field in ("tags.k", "params.k"):
        for direction, expected in (("ASC", ["2.5", "9", "10", "abc"]), ("DESC", ["abc", "10", "9", "2.5"])):
            for page in (100, 2):
                found = mlops.search_runs(order_by=[f"{field} {direction}"], output_format="list", max_results=page)
                assert [run.info.run_name for run in found] == expected[:page]


def test_keys_in_single_quotes_and_numbers_that_no_float_holds_are_taken() -> None:
    with mlops.start_run():
        mlops.set_tag("my tag", "x")
        mlops.log_metric("m", 1.0)
    assert len(mlops.search_runs(filter_string="tags.'my tag' = 'x'", output_format="list")) == 1
    assert len(mlops.search_runs(filter_string="metrics.m < 1e999", output_format="list")) == 1
    assert mlops.search_runs(filter_string="metrics.m > 1e999", output_format="list") == []
