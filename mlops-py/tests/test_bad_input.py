"""Bad names, ids, paths and texts: the right class, a clear sentence, and nothing half written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlops
from mlops.entities import RunTag
from mlops.exceptions import InvalidArgument, LimitExceeded, NotFound

CALLS: dict[str, Callable[[str], object]] = {
    "log_param": lambda key: mlops.log_param(key, 1),
    "log_params": lambda key: mlops.log_params({"good": 1, key: 2}),
    "log_metric": lambda key: mlops.log_metric(key, 1.0),
    "log_metrics": lambda key: mlops.log_metrics({"good": 1.0, key: 2.0}),
    "log_series": lambda key: mlops.log_series(key, [1.0, 2.0]),
    "set_tag": lambda key: mlops.set_tag(key, "x"),
    "set_tags": lambda key: mlops.set_tags({"good": "x", key: "y"}),
    "delete_tag": lambda key: mlops.delete_tag(key),
    "start_run": lambda key: mlops.start_run(nested=True, tags={key: "x"}),
    "create_experiment": lambda key: mlops.create_experiment(key),
    "set_experiment": lambda key: mlops.set_experiment(key),
}


def refused(call: Callable[[], object], kind: type[Exception], says: str) -> None:
    """The call raises, and the run and the store are as they were."""
    with mlops.start_run() as run:
        before = mlops.get_run(run.info.run_id)
        with pytest.raises(kind, match=says) as caught:
            call()
        assert isinstance(caught.value, (mlops.MlflowException, ValueError))
        assert getattr(caught.value, "error_code") == "INVALID_PARAMETER_VALUE"
        assert mlops.active_run() is run
        assert mlops.get_run(run.info.run_id) == before
    assert len(mlops.search_runs(search_all_experiments=True, output_format="list")) == 1
    assert [experiment.name for experiment in mlops.search_experiments()] == ["Default"]


@pytest.mark.parametrize("call", CALLS)
def test_an_empty_name_is_refused(call: str) -> None:
    refused(lambda: CALLS[call](""), InvalidArgument, "expected 1 to 500 bytes of text")


@pytest.mark.parametrize("call", CALLS)
def test_a_name_over_500_bytes_is_refused(call: str) -> None:
    refused(lambda: CALLS[call]("ä" * 250 + "x"), LimitExceeded, "is 501 bytes, over the limit of 500")


@pytest.mark.parametrize("call", CALLS)
def test_a_control_character_in_a_name_is_refused(call: str) -> None:
    refused(lambda: CALLS[call]("a\x1b[31m"), InvalidArgument, "text without control characters")


@pytest.mark.parametrize("call", CALLS)
def test_a_lone_surrogate_in_a_name_is_refused(call: str) -> None:
    refused(lambda: CALLS[call]("a\udcff"), InvalidArgument, r"a\\udcff.*(UTF-8|no valid text)")


@pytest.mark.parametrize("call", [name for name in CALLS if name != "start_run"])
def test_a_name_that_is_no_text_is_refused(call: str) -> None:
    refused(lambda: CALLS[call](3), InvalidArgument, "3.*is no text")  # type: ignore[arg-type]


def test_500_bytes_are_a_name() -> None:
    longest = "ä" * 250
    mlops.set_experiment(longest)
    with mlops.start_run(run_name=longest) as run:
        mlops.log_param(longest, 1)
        mlops.log_metric(longest, 2.0)
        mlops.set_tag(longest, "x")
    found = mlops.get_run(run.info.run_id)
    assert found.data.params == {longest: "1"} and found.data.metrics == {longest: 2.0}
    assert found.data.tags[longest] == "x" and found.info.run_name == longest


TEXTS: dict[str, Callable[[str], object]] = {
    "the value of a param": lambda text: mlops.log_param("key", text),
    "the text of an object": lambda text: mlops.log_param("key", Path(text)),
    "a batch of params": lambda text: mlops.log_params({"good": 1, "key": text}),
    "the value of a tag": lambda text: mlops.set_tag("key", text),
    "a tag in a batch": lambda text: mlops.set_tags({"good": 1, "key": text}),
    "a text": lambda text: mlops.log_text(text, "a.txt"),
    "an artifact path": lambda text: mlops.log_text("text", text),
    "an artifact folder": lambda text: mlops.log_artifact(__file__, text),
    "a local folder": lambda text: mlops.log_artifacts(text),
    "a local path": lambda text: mlops.log_artifact(text),
    "a run name": lambda text: mlops.start_run(nested=True, run_name=text),
    "a description": lambda text: mlops.start_run(nested=True, description=text),
    "a filter": lambda text: mlops.search_runs(filter_string=text),
    "an order": lambda text: mlops.search_runs(order_by=[text]),
    "an experiment's name": lambda text: mlops.get_experiment_by_name(text),
    "a run id": lambda text: mlops.get_run(text),
    "a location": lambda text: mlops.set_tracking_uri(text),
    "a client's location": lambda text: mlops.MlflowClient(text),
    "a status": lambda text: mlops.MlflowClient().set_terminated(mlops.active_run().info.run_id, text),  # type: ignore[union-attr]
}


@pytest.mark.parametrize("place", TEXTS)
def test_a_lone_surrogate_is_refused_everywhere(place: str) -> None:
    with mlops.start_run() as run:
        before = mlops.get_run(run.info.run_id)
        with pytest.raises((InvalidArgument, NotFound)) as caught:
            TEXTS[place]("a\udcff")
        str(caught.value).encode()
        assert mlops.get_run(run.info.run_id) == before
    assert mlops.artifacts.list_artifacts(run_id=run.info.run_id) == []


def test_an_unknown_run_is_not_found() -> None:
    client = mlops.MlflowClient()
    calls: list[Callable[[], object]] = [
        lambda: mlops.get_run("0123"),
        lambda: mlops.log_metric("a", 1.0, run_id="0123"),
        lambda: mlops.log_text("a", "a.txt", run_id="0123"),
        lambda: mlops.get_metric_series("0123", "a"),
        lambda: mlops.artifacts.list_artifacts(run_id="0123"),
        lambda: mlops.artifacts.download_artifacts("runs:/0123/a"),
        lambda: mlops.load_model("runs:/0123/model"),
        lambda: mlops.delete_run("0123"),
        lambda: client.log_param("0123", "a", 1),
        lambda: client.get_metric_history("0123", "a"),
        lambda: client.set_terminated("0123"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="run `0123` does not exist") as caught:
            call()
        assert isinstance(caught.value, LookupError) and caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "a\\b", ".", "..", "", "c:/x", "a\nb", "./x"])
def test_a_path_that_leaves_the_artifacts_is_refused(path: str, tmp_path: Path) -> None:
    Path("file.txt").write_text("text")
    with mlops.start_run() as run:
        calls: list[Callable[[], object]] = [
            lambda: mlops.log_text("text", path),
            lambda: mlops.log_dict({}, path),
        ]
        if path:
            calls.append(lambda: mlops.log_artifact("file.txt", path))
            calls.append(lambda: mlops.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path))
            calls.append(lambda: mlops.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path=path))
        for call in calls:
            with pytest.raises(InvalidArgument, match="artifact path"):
                call()
    assert mlops.artifacts.list_artifacts(run_id=run.info.run_id) == []
    assert sorted(found.name for found in tmp_path.iterdir()) == [".mlops", "config", "file.txt"]


def test_a_local_file_that_is_missing_is_named() -> None:
    with mlops.start_run() as run:
        with pytest.raises(NotFound, match="nowhere.txt"):
            mlops.log_artifact("nowhere.txt")
        with pytest.raises(NotFound, match="nowhere"):
            mlops.log_artifacts("nowhere")
    assert mlops.artifacts.list_artifacts(run_id=run.info.run_id) == []


def test_an_artifact_that_is_missing_is_named(tmp_path: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_text("text", "folder/a.txt")
    for path in ["b.txt", "folder/b.txt", "fold"]:
        uri = f"runs:/{run.info.run_id}/{path}"
        with pytest.raises(NotFound, match=path):
            mlops.artifacts.load_text(uri)
        with pytest.raises(NotFound, match=path):
            mlops.artifacts.download_artifacts(uri, dst_path=tmp_path / "out")
    with pytest.raises(InvalidArgument, match="expected runs:/"):
        mlops.artifacts.load_text("s3://bucket/a.txt")


# Calls with an argument of a wrong type, and what they say: which argument, what was given, of which type.
TYPES: dict[str, tuple[Callable[[Any], object], str]] = {
    "search_runs": (lambda run: mlops.search_runs(filter_string=5), "filter_string is 5, of type int: expected text"),  # type: ignore[arg-type]
    "a view": (lambda run: mlops.search_runs(run_view_type="x"), "run_view_type is 'x', of type str: expected 1"),  # type: ignore[arg-type]
    "client.search_runs": (lambda run: CLIENT.search_runs(["0"], 5), "filter_string is 5, of type int"),  # type: ignore[arg-type]
    "client.search_runs, view": (lambda run: CLIENT.search_runs(["0"], run_view_type=None), "run_view_type is None, of type NoneType"),  # type: ignore[arg-type]
    "client.search_experiments": (lambda run: CLIENT.search_experiments(view_type="x"), "view_type is 'x', of type str"),  # type: ignore[arg-type]
    "page_token": (lambda run: CLIENT.search_runs(["0"], page_token=5), "page_token is 5, of type int"),  # type: ignore[arg-type]
    "order_by": (lambda run: mlops.search_runs(order_by=5.5), "5.5 is of type float: expected a list of texts"),  # type: ignore[arg-type]
    "client.log_param": (lambda run: CLIENT.log_param(None, "a", 1), "run_id is None, of type NoneType: expected text"),  # type: ignore[arg-type]
    "get_metric_series": (lambda run: mlops.get_metric_series(run, 5), "key is 5, of type int"),  # type: ignore[arg-type]
    "update_run": (lambda run: CLIENT.update_run(run, status=3), "status is 3, of type int: expected text"),  # type: ignore[arg-type]
    "set_terminated": (lambda run: CLIENT.set_terminated(run, 3), "status is 3, of type int"),  # type: ignore[arg-type]
    "delete_run": (lambda run: mlops.delete_run(None), "run_id is None, of type NoneType"),  # type: ignore[arg-type]
    "log_text": (lambda run: mlops.log_text("1", None), "artifact_file is None, of type NoneType: expected a path"),  # type: ignore[arg-type]
    "log_dict": (lambda run: mlops.log_dict({}, 5), "artifact_file is 5, of type int"),  # type: ignore[arg-type]
    "log_artifact": (lambda run: mlops.log_artifact(None), "local_path is None, of type NoneType: expected a path"),  # type: ignore[arg-type]
    "log_artifacts": (lambda run: mlops.log_artifacts(None), "local_dir is None, of type NoneType"),  # type: ignore[arg-type]
    "artifact_path": (lambda run: mlops.log_artifact(__file__, 5), "artifact_path is 5, of type int"),  # type: ignore[arg-type]
    "load_text": (lambda run: mlops.artifacts.load_text(None), "artifact_uri is None, of type NoneType"),  # type: ignore[arg-type]
    "log_table": (lambda run: mlops.log_table({}, None), "path of a table is None, of type NoneType"),  # type: ignore[arg-type]
    "a column of two types": (lambda run: mlops.log_table({"a": [1, "x"]}, "t.parquet"), "`t.parquet` cannot be stored as Parquet.*json takes any"),
    "report": (lambda run: mlops.report(None, "r.html"), "None is of type NoneType: expected ids, or runs of a search"),  # type: ignore[arg-type]
    "report of ids": (lambda run: mlops.report([5], "r.html"), "a run is 5, of type int"),  # type: ignore[list-item]
    "report, path": (lambda run: mlops.report(run, None), "path is None, of type NoneType"),  # type: ignore[arg-type]
    "sync": (lambda run: mlops.sync(None, "a"), "the source is None, of type NoneType"),  # type: ignore[arg-type]
    "export_runs": (lambda run: mlops.export_runs("e", filter_string=5), "filter_string is 5, of type int"),  # type: ignore[arg-type]
    "backup": (lambda run: mlops.backup(5), "the destination is 5, of type int"),  # type: ignore[arg-type]
    "set_tracking_uri": (lambda run: mlops.set_tracking_uri(5), "the tracking URI is 5, of type int"),  # type: ignore[arg-type]
    "a client's": (lambda run: mlops.MlflowClient(5), "tracking_uri is 5, of type int"),  # type: ignore[arg-type]
    "get_experiment_by_name": (lambda run: mlops.get_experiment_by_name(None), "name is None, of type NoneType"),  # type: ignore[arg-type]
    "create_experiment": (lambda run: mlops.create_experiment(5), "the experiment name 5 is no text: it is of type int"),  # type: ignore[arg-type]
    "set_tags": (lambda run: mlops.set_tags(None), "tags is of type NoneType: expected a dict"),  # type: ignore[arg-type]
    "a batch of None": (lambda run: CLIENT.log_batch(run, metrics=None), "None is of type NoneType: expected metrics as a list of"),  # type: ignore[arg-type]
    "a batch of a dict": (lambda run: CLIENT.log_batch(run, metrics={"m": 1}), "of type dict: expected metrics as a list of mlops.entities.Metric"),  # type: ignore[arg-type]
    "a batch of tuples": (lambda run: CLIENT.log_batch(run, params=[("m", 1)]), "params holds .*, of type tuple: expected mlops.entities.Param"),  # type: ignore[list-item]
}
CLIENT = mlops.MlflowClient()


@pytest.mark.parametrize("call", TYPES)
def test_a_wrong_type_is_an_error_that_names_the_argument_and_the_type(call: str) -> None:
    does, says = TYPES[call]
    with mlops.start_run() as run:
        mlops.log_param("good", 1)
        before = mlops.get_run(run.info.run_id)
        with pytest.raises(InvalidArgument, match=says):
            does(run.info.run_id)
        assert mlops.get_run(run.info.run_id) == before


@pytest.mark.parametrize("name", ["", "a\nb", "a\x9b", "ä" * 251])
def test_a_run_is_renamed_only_to_what_is_a_name(name: str) -> None:
    with mlops.start_run(run_name="good") as run:
        calls: list[Callable[[], object]] = [
            lambda: CLIENT.update_run(run.info.run_id, name=name),
            lambda: CLIENT.set_tag(run.info.run_id, "mlflow.runName", name),
            lambda: CLIENT.log_batch(run.info.run_id, tags=[RunTag("mlflow.runName", name)]),
            lambda: mlops.set_tag("mlflow.runName", name),
            lambda: mlops.set_tags({"mlflow.runName": name}),
        ]
        for call in calls:
            with pytest.raises((InvalidArgument, LimitExceeded), match="500"):
                call()
        mlops.set_tag("mlflow.note.content", "a\nb")
        CLIENT.update_run(run.info.run_id, name="ä" * 250)
    assert mlops.get_run(run.info.run_id).info.run_name == "ä" * 250


def test_an_empty_page_token_is_none() -> None:
    with mlops.start_run() as run:
        pass
    assert [found.info.run_id for found in CLIENT.search_runs(["0"], page_token="")] == [run.info.run_id]
