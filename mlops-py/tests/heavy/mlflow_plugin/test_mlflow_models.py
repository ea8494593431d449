"""Files and logged models by MLflow's client, over MLflow's own store and over ours."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelParameter, LoggedModelTag, Metric
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from test_mlflow_experiments import code_of


def test_files_are_logged_listed_downloaded_and_replaced(client: MlflowClient, tmp_path: Path) -> None:
    run_id = client.create_run("0").info.run_id
    local = tmp_path / "local"
    (local / "deep" / "er").mkdir(parents=True)
    (local / "a.txt").write_text("a")
    (local / "deep" / "er" / "b.bin").write_bytes(b"\0b")
    client.log_artifact(run_id, str(local / "a.txt"))
    client.log_artifact(run_id, str(local / "a.txt"), "folder")
    client.log_artifacts(run_id, str(local), "all")
    client.log_text(run_id, "text", "notes/n.txt")
    client.log_dict(run_id, {"k": 1}, "d.json")

    def shown(path: str | None = None) -> list[tuple[str, int | None]]:
        return [(found.path, None if found.is_dir else found.file_size) for found in client.list_artifacts(run_id, path)]

    assert shown() == [("a.txt", 1), ("all", None), ("d.json", 12), ("folder", None), ("notes", None)]
    assert [one[0] for one in shown("all")] == ["all/a.txt", "all/deep"]
    assert [one[0] for one in shown("all/deep/er")] == ["all/deep/er/b.bin"]
    assert shown("none") == [] and shown("a.txt") == []
    got = Path(client.download_artifacts(run_id, "all", str(tmp_path)))
    assert (got / "deep" / "er" / "b.bin").read_bytes() == b"\0b"
    one = Path(client.download_artifacts(run_id, "notes/n.txt"))
    assert one.read_text() == "text"
    client.log_text(run_id, "newer", "notes/n.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/n.txt") == "newer"
    uri = client.get_run(run_id).info.artifact_uri
    assert mlflow.artifacts.load_dict(f"{uri}/d.json") == {"k": 1}
    everything = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=""))
    assert (everything / "folder" / "a.txt").read_text() == "a"
    with pytest.raises(Exception):
        client.download_artifacts(run_id, "none.txt")
    with pytest.raises(FileNotFoundError):
        client.log_artifact(run_id, str(local / "none.txt"))


def test_files_are_deleted_through_their_repository(client: MlflowClient) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    run = client.create_run("0")
    for path in ("a.txt", "folder/b.txt", "folder/c.txt"):
        client.log_text(run.info.run_id, path, path)
    repository = get_artifact_repository(run.info.artifact_uri)
    repository.delete_artifacts("folder")
    assert [found.path for found in repository.list_artifacts()] == ["a.txt"]
    client.set_terminated(run.info.run_id)
    repository.delete_artifacts("a.txt")
    assert repository.list_artifacts() == []


@pytest.mark.parametrize("path", ["../x", "/abs", "a/../../x"])
def test_paths_stay_inside_the_run(client: MlflowClient, tmp_path: Path, path: str) -> None:
    run_id = client.create_run("0").info.run_id
    (tmp_path / "f").write_text("f")
    with pytest.raises(MlflowException):
        client.log_artifact(run_id, str(tmp_path / "f"), path)
    assert client.list_artifacts(run_id) == []


def test_fluent_files_tables_images_and_figures(client: MlflowClient) -> None:
    import matplotlib
    import numpy

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with mlflow.start_run() as run:
        mlflow.log_table({"a": [1, 2], "b": ["x", "y"]}, "t.json")
        mlflow.log_table({"a": [3], "b": ["z"]}, "t.json")
        mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "i.png")
        figure, axes = pyplot.subplots()
        axes.plot([0, 1])
        mlflow.log_figure(figure, "f.png")
    assert list(mlflow.load_table("t.json", run_ids=[run.info.run_id])["a"]) == [1, 2, 3]
    assert mlflow.artifacts.load_image(f"runs:/{run.info.run_id}/i.png").size == (4, 4)
    assert {found.path for found in client.list_artifacts(run.info.run_id)} == {"t.json", "i.png", "f.png"}


def test_a_logged_model_goes_from_pending_to_ready(client: MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    store = client._tracking_client.store
    model = store.create_logged_model(
        "0", "tree", run_id, [LoggedModelTag("t", "1")], [LoggedModelParameter("p", "2")], "Kind"
    )
    assert (model.name, model.source_run_id, model.model_type, str(model.status)) == ("tree", run_id, "Kind", "PENDING")
    assert (model.tags, model.params, model.experiment_id) == ({"t": "1"}, {"p": "2"}, "0")
    assert model.model_id.startswith("m-")
    assert model.artifact_location.endswith(f"/0/models/{model.model_id}/artifacts")
    assert str(client.finalize_logged_model(model.model_id, "READY").status) == "READY"
    client.set_logged_model_tags(model.model_id, {"t": "9", "u": "x"})
    client.delete_logged_model_tag(model.model_id, "u")
    found = client.get_logged_model(model.model_id)
    assert found.tags == {"t": "9"}
    assert found.creation_timestamp <= found.last_updated_timestamp
    assert code_of(client.delete_logged_model_tag, model.model_id, "u") == "RESOURCE_DOES_NOT_EXIST"
    assert code_of(client.get_logged_model, "m-none") == "RESOURCE_DOES_NOT_EXIST"
    client.delete_logged_model(model.model_id)
    assert code_of(client.get_logged_model, model.model_id) == "RESOURCE_DOES_NOT_EXIST"
    assert list(client.search_logged_models(["0"])) == []


def test_metrics_of_models_tell_run_and_data_set(client: MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    store = client._tracking_client.store
    model = store.create_logged_model("0", "m", run_id)
    client.log_metric(run_id, "acc", 0.5, step=1, model_id=model.model_id, dataset_name="d", dataset_digest="1")
    client.log_batch(run_id, [Metric("acc", 0.75, 20, 2, model_id=model.model_id), Metric("other", 1.0, 20, 2)])
    found = client.get_logged_model(model.model_id)
    shown = {(m.key, m.value, m.step, m.run_id, m.dataset_name, m.model_id) for m in found.metrics}
    assert shown == {
        ("acc", 0.5, 1, run_id, "d", model.model_id), ("acc", 0.75, 2, run_id, None, model.model_id),
    }
    assert client.get_run(run_id).data.metrics == {"acc": 0.75, "other": 1.0}
    assert len(client.get_metric_history(run_id, "acc")) == 2


def test_runs_have_models_as_inputs_and_outputs(client: MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    store = client._tracking_client.store
    first, second = (store.create_logged_model("0", name, run_id).model_id for name in ("first", "second"))
    client.log_inputs(run_id, models=[LoggedModelInput(model_id=first)])
    client.log_outputs(run_id, [LoggedModelOutput(model_id=second, step=3), LoggedModelOutput(model_id=first, step=0)])
    run = client.get_run(run_id)
    assert [found.model_id for found in run.inputs.model_inputs] == [first]
    assert {(found.model_id, found.step) for found in run.outputs.model_outputs} == {(second, 3), (first, 0)}
    (again,) = client.search_runs(["0"])
    assert {found.model_id for found in again.outputs.model_outputs} == {first, second}


def test_logged_models_are_searched(client: MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    store = client._tracking_client.store
    made = []
    for number, name in enumerate(["one", "two", "three"]):
        model = store.create_logged_model("0", name, run_id, params=[LoggedModelParameter("n", str(number))])
        client.log_metric(run_id, "acc", number / 10, model_id=model.model_id, dataset_name="d", dataset_digest="1")
        made.append(model.model_id)
    other = client.create_experiment("other")
    store.create_logged_model(other, "four")

    def names(**named: object) -> list[str]:
        return [model.name for model in client.search_logged_models(["0"], **named)]

    assert set(names()) == {"one", "two", "three"}
    assert names(filter_string="name = 'two'") == ["two"]
    assert names(filter_string="metrics.acc > 0.05", order_by=[{"field_name": "metrics.acc", "ascending": False}]) == ["three", "two"]
    assert names(filter_string="params.n = '0'") == ["one"]
    assert names(order_by=[{"field_name": "name"}]) == ["one", "three", "two"]
    assert set(names(datasets=[{"dataset_name": "d"}])) == {"one", "two", "three"}
    assert names(datasets=[{"dataset_name": "none"}], filter_string="metrics.acc >= 0") == []
    # Of several values of a metric any may match.
    client.log_metric(run_id, "acc", 0.9, model_id=made[0], step=1)
    assert set(names(filter_string="metrics.acc > 0.15")) == {"one", "three"}
    assert names(filter_string="metrics.acc < 0.05") == ["one"]
    assert names(datasets=[{"dataset_name": "d"}], filter_string="metrics.acc > 0.5") == []
    page = client.search_logged_models(["0"], max_results=2, order_by=[{"field_name": "name"}])
    rest = client.search_logged_models(["0"], max_results=2, order_by=[{"field_name": "name"}], page_token=page.token)
    assert [model.name for model in [*page, *rest]] == ["one", "three", "two"]
    assert [model.name for model in client.search_logged_models([other])] == ["four"]


def test_a_sklearn_model_is_logged_and_loaded_again(client: MlflowClient) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="model", input_example=[[1.0]])
    assert list(mlflow.sklearn.load_model(info.model_uri).predict([[3.0]])) == [1]
    assert list(mlflow.pyfunc.load_model(info.model_uri).predict([[0.0]])) == [0]
    found = client.get_run(run.info.run_id)
    assert [one.model_id for one in found.outputs.model_outputs] == [info.model_id]
    logged = mlflow.get_logged_model(info.model_id)
    assert (str(logged.status), logged.name, logged.source_run_id) == ("READY", "model", run.info.run_id)
    assert list(mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model").predict([[3.0]])) == [1]


def test_autolog_of_sklearn_fills_a_run(client: MlflowClient) -> None:
    import numpy
    from sklearn.linear_model import LogisticRegression

    mlflow.sklearn.autolog(silent=True)
    try:
        LogisticRegression(C=0.5).fit(numpy.array([[0.0], [1.0], [2.0], [3.0]]), numpy.array([0, 0, 1, 1]))
    finally:
        mlflow.sklearn.autolog(disable=True, silent=True)
    (run,) = client.search_runs(["0"])
    assert run.info.status == "FINISHED"
    assert run.data.params["C"] == "0.5"
    assert run.data.metrics["training_score"] == 1.0
    assert len(run.outputs.model_outputs) == 1
    assert run.inputs.dataset_inputs[0].tags[0].value == "train"
