"""Logged models: made by log_model or by themselves, measured, tagged, loaded, registered, deleted."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from sklearn.linear_model import LinearRegression

import mlops
from mlops import _native, _state
from mlops._gc import Amount
from mlops.entities import LoggedModel, LoggedModelInput, LoggedModelOutput, LoggedModelStatus, Metric
from mlops.exceptions import Conflict, InvalidArgument, InvalidState, NotFound, Unsupported, Untrusted

LINE = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
OTHER = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])


def metrics(model_id: str) -> list[tuple[str, float, int]]:
    found = mlops.get_logged_model(model_id).metrics
    assert found is not None and all(metric.model_id == model_id for metric in found)
    return [(metric.key, metric.value, metric.step) for metric in found]


def predicted(uri: str) -> float:
    return float(mlops.load_model(uri).predict([[1.0]])[0])


@pytest.fixture
def client() -> mlops.MlflowClient:
    return mlops.MlflowClient()


def test_log_model_makes_a_logged_model_with_what_the_run_has() -> None:
    with mlops.start_run() as run:
        mlops.log_param("alpha", 1)
        mlops.log_metrics({"early": 0.5})
        mlops.log_metric("loss", 0.25, step=5)
        info = mlops.sklearn.log_model(
            LINE, name="line", params={"q": 1, "alpha": "mine"}, tags={"team": 2}, step=5, model_type="reg"
        )
        mlops.log_metric("late", 1.0, step=5)
        mlops.log_metrics({"other": 1.0}, step=6)
        assert run.outputs.model_outputs == [LoggedModelOutput(str(info.model_id), 5)]
    assert info.model_id is not None and info.model_uri == f"models:/{info.model_id}" and info.run_id == run.info.run_id
    model = mlops.get_logged_model(info.model_id)
    assert (model.name, model.model_type, model.status) == ("line", "reg", LoggedModelStatus.READY)
    assert model.status == "READY" and str(model.status) == "READY"
    assert model.source_run_id == run.info.run_id and model.experiment_id == run.info.experiment_id
    # What the run says counts, as in MLflow.
    assert model.params == {"alpha": "1", "q": "1"} == info.params
    assert model.tags["team"] == "2" and model.tags["mlflow.source.type"] == "LOCAL"
    assert metrics(info.model_id) == [("loss", 0.25, 5), ("late", 1.0, 5)]
    assert (info.name, info.creation_timestamp) == ("line", model.creation_timestamp)
    assert mlops.get_run(run.info.run_id).outputs == run.outputs
    (last,) = [mlops.last_logged_model()]
    assert last is not None and last.model_id == info.model_id


def test_each_log_is_a_model_of_its_own_and_the_run_shows_the_last_of_a_name() -> None:
    with mlops.start_run() as run:
        first = mlops.sklearn.log_model(LINE, name="model")
        second = mlops.sklearn.log_model(OTHER, name="model", step=1)
    assert predicted(first.model_uri) == pytest.approx(1.0) and predicted(second.model_uri) == pytest.approx(2.0)
    assert predicted(f"runs:/{run.info.run_id}/model") == pytest.approx(2.0)
    assert mlops.models.get_model_info(f"runs:/{run.info.run_id}/model").model_id == second.model_id
    assert mlops.models.get_model_info(first.model_uri).model_id == first.model_id
    assert mlops.pyfunc.load_model(first.model_uri).model_id == first.model_id
    assert [one.step for one in mlops.get_run(run.info.run_id).outputs.model_outputs] == [0, 1]


def test_a_logged_model_loads_in_a_fresh_process(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    with mlops.start_run():
        info = mlops.sklearn.log_model(LINE, name="line")
    mlops.set_tracking_uri(None)
    done = python("import sys, mlops; print(mlops.load_model(sys.argv[1]).predict([[1.0]])[0])", info.model_uri)
    assert float(done.stdout) == pytest.approx(1.0)


def test_files_of_a_model_are_artifacts_too(tmp_path: Path) -> None:
    with mlops.start_run():
        info = mlops.sklearn.log_model(LINE, name="line")
    listed = mlops.artifacts.list_artifacts(info.model_uri)
    assert [file.path for file in listed] == ["MLmodel", "conda.yaml", "model.pkl", "python_env.yaml", "requirements.txt"]
    assert "scikit-learn==" in mlops.artifacts.load_text(f"{info.model_uri}/requirements.txt")
    place = mlops.artifacts.download_artifacts(info.model_uri, dst_path=tmp_path / "all")
    assert sorted(os.listdir(place)) == [file.path for file in listed]
    assert predicted(place) == pytest.approx(1.0)
    one = mlops.artifacts.download_artifacts(f"{info.model_uri}/MLmodel", dst_path=tmp_path / "one")
    assert Path(one).read_bytes() == mlops.artifacts.load_bytes(f"{info.model_uri}/MLmodel")
    mlops.register_model(info.model_uri, "line")
    assert mlops.artifacts.load_bytes("models:/line/1/MLmodel") == Path(one).read_bytes()
    assert mlops.artifacts.load_text("models:/line/latest/requirements.txt").startswith("numpy==")
    for bad in (info.model_uri, f"{info.model_uri}/nothing", "models:/m-none/MLmodel"):
        with pytest.raises(NotFound):
            mlops.artifacts.load_bytes(bad)


def test_a_model_is_begun_first_and_gets_its_files_later(client: mlops.MlflowClient) -> None:
    model = mlops.initialize_logged_model("tree", params={"depth": 3}, tags={"k": "v"}, model_type="classifier")
    assert (model.status, model.source_run_id, model.params) == (LoggedModelStatus.PENDING, None, {"depth": "3"})
    with pytest.raises(NotFound, match="has no files: log them with log_model"):
        mlops.load_model(model.model_uri)
    with mlops.start_run() as run:
        with pytest.raises(Conflict):
            mlops.sklearn.log_model(LINE, model_id=model.model_id, params={"depth": 4})
        options: dict[str, Any] = {"params": {"rate": 1}, "tags": {"k": "w"}}
        info = mlops.sklearn.log_model(LINE, model_id=model.model_id, input_example=numpy.zeros((1, 1)), **options)
        assert info.params == {"depth": "3", "rate": "1"} and info.tags is not None and info.tags["k"] == "w"
        assert (info.model_id, info.artifact_path, info.name) == (model.model_id, "tree", "tree")
    assert mlops.get_logged_model(model.model_id).status is LoggedModelStatus.READY
    assert predicted(model.model_uri) == pytest.approx(1.0) == predicted(f"runs:/{run.info.run_id}/tree")
    # Again, with fewer files: the model has those of the last time.
    with mlops.start_run():
        mlops.sklearn.log_model(OTHER, model_id=model.model_id)
    assert predicted(model.model_uri) == pytest.approx(2.0)
    assert "input_example.json" not in [file.path for file in client.list_logged_model_artifacts(model.model_id)]
    mlops.delete_run(run.info.run_id)
    with pytest.raises(InvalidState, match="is deleted"):
        mlops.sklearn.log_model(LINE, run_id=run.info.run_id)
    assert len(mlops.search_logged_models(output_format="list")) == 1
    with mlops.start_run() as third, pytest.raises(NotFound):
        mlops.sklearn.log_model(LINE, model_id="m-none")
    assert client.list_artifacts(third.info.run_id) == []


def test_a_model_that_cannot_be_logged_has_failed_and_says_why(client: mlops.MlflowClient) -> None:
    with mlops.start_run() as run:
        mlops.log_text("a file of this name", "line")
        with pytest.raises(Conflict, match="`line` is a file"):
            mlops.sklearn.log_model(LINE, name="line")
    (found,) = mlops.search_logged_models(output_format="list")
    assert found.status is LoggedModelStatus.FAILED
    assert str(found.status_message).startswith("Conflict: cannot log the artifact `line/MLmodel`: `line` is a file")
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["line"]


def test_without_the_store_at_hand_a_run_keeps_the_model(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    log_model = _native.log_model

    def away(*given: Any, **named: Any) -> Any:
        manifest = json.loads(log_model(*given, **named)[0])
        return json.dumps({key: value for key, value in manifest.items() if key != "model_id"}), "nobody owns it"

    with mlops.start_run() as run:
        monkeypatch.setattr(_native, "log_model", away)
        info = mlops.sklearn.log_model(LINE, name="line")
        assert "among the artifacts of the run only" in caplog.text and "nobody owns it" in caplog.text
    assert (info.model_uri, info.model_id) == (f"runs:/{run.info.run_id}/line", None)
    assert predicted(info.model_uri) == pytest.approx(1.0)


def test_what_is_wrong_is_said_before_anything_is_logged(client: mlops.MlflowClient) -> None:
    with mlops.start_run() as run:
        for options, message in (
            ({"name": "a", "artifact_path": "b"}, "give one"),
            ({"params": [1]}, "params is of type list: expected a dict"),
            ({"tags": {1: "x"}}, "is no text"),
            ({"step": 0.5}, "the step is 0.5"),
            ({"model_type": 3}, "model_type is 3"),
            ({"model_id": ""}, "model_id is ''"),
        ):
            with pytest.raises(InvalidArgument, match=message):
                mlops.sklearn.log_model(LINE, **options)  # type: ignore[arg-type]
    assert client.list_artifacts(run.info.run_id) == [] == mlops.search_logged_models(output_format="list")
    for name in ("", "a/b", "a:b", "a.b", "50%", "it's", 'say "a"'):
        with pytest.raises(InvalidArgument, match="the name of a logged model is"):
            mlops.initialize_logged_model(name)
    with pytest.raises(NotFound):
        mlops.initialize_logged_model("a", source_run_id="0" * 32)
    with pytest.raises(NotFound):
        client.create_logged_model("77")


def test_params_and_tags_are_changed_as_in_mlflow(client: mlops.MlflowClient) -> None:
    model_id = mlops.initialize_logged_model("a").model_id
    mlops.log_model_params({"depth": 3, "rate": 0.5}, model_id)
    mlops.log_model_params({"depth": 3}, model_id)
    with pytest.raises(Conflict, match="`depth`"):
        client.log_model_params(model_id, {"new": 1, "depth": 4})
    mlops.set_logged_model_tags(model_id, {"a": 1, "b": 2})
    mlops.delete_logged_model_tag(model_id, "a")
    found = client.get_logged_model(model_id)
    assert found.params == {"depth": "3", "rate": "0.5"} and {"a": "1"}.items() - found.tags.items() and found.tags["b"] == "2"
    with pytest.raises(NotFound) as missing:
        mlops.delete_logged_model_tag(model_id, "a")
    assert missing.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    # MLflow's code for these.
    for call in (lambda: mlops.set_logged_model_tags("m-none", {"a": 1}), lambda: mlops.log_model_params({"a": 1}, "m-none")):
        with pytest.raises(mlops.MlflowException) as wrong:
            call()
        assert wrong.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(InvalidArgument, match="no model is active"):
        mlops.log_model_params({"a": 1})
    for bad in ("", None, 3):
        with pytest.raises(InvalidArgument, match="model_id is"):
            mlops.get_logged_model(bad)  # type: ignore[arg-type]


def test_a_model_is_finalized_deleted_and_restored(client: mlops.MlflowClient) -> None:
    model_id = client.create_logged_model("0", "a", tags={"x": 1}).model_id
    assert mlops.finalize_logged_model(model_id, "FAILED").status is LoggedModelStatus.FAILED
    assert client.finalize_logged_model(model_id, LoggedModelStatus.READY).status is LoggedModelStatus.READY
    for bad in ("DONE", "UNSPECIFIED", None, 2):
        with pytest.raises(InvalidArgument, match="expected PENDING, READY or FAILED"):
            mlops.finalize_logged_model(model_id, bad)  # type: ignore[arg-type]
    client.delete_logged_model(model_id)
    client.delete_logged_model(model_id)
    for call in (
        lambda: mlops.get_logged_model(model_id),
        lambda: mlops.load_model(f"models:/{model_id}"),
        lambda: mlops.finalize_logged_model(model_id, "READY"),
        lambda: client.delete_logged_model("m-none"),
    ):
        with pytest.raises(NotFound):
            call()
    assert mlops.search_logged_models(output_format="list") == []
    client.restore_logged_model(model_id)
    assert mlops.get_logged_model(model_id).tags["x"] == "1"


def test_a_model_whose_files_are_elsewhere_is_measured_and_registered() -> None:
    model = mlops.create_external_model("agent", params={"llm": "x"}, model_type="agent")
    assert (model.status, model.tags["mlflow.model.isExternal"]) == (LoggedModelStatus.READY, "true")
    for load in (mlops.load_model, mlops.pyfunc.load_model):
        with pytest.raises(Unsupported, match="is elsewhere"):
            load(model.model_uri, trust=True)
    version = mlops.register_model(model.model_uri, "agents")
    assert (version.model_id, version.version) == (model.model_id, 1)
    assert mlops.get_logged_model(model.model_id).tags["mlflow.modelVersions"] == '[{"name": "agents", "version": 1}]'
    with mlops.start_run():
        mlops.sklearn.log_model(LINE, model_id=model.model_id)
    assert "mlflow.model.isExternal" not in mlops.get_logged_model(model.model_id).tags
    assert predicted(model.model_uri) == pytest.approx(1.0)


def test_metrics_with_a_model_are_the_runs_and_the_models(client: mlops.MlflowClient) -> None:
    first, second = (mlops.initialize_logged_model(name).model_id for name in "ab")
    data = mlops.data.from_numpy(numpy.zeros((3, 2)), name="test")
    with mlops.start_run() as run:
        mlops.log_metric("accuracy", 0.5, step=1, model_id=first, dataset=data)
        mlops.log_metrics({"loss": 2.0, "f1": 1.0}, model_id=second, timestamp=1_000)
        with pytest.raises(NotFound, match="m-none"):
            mlops.log_metric("lost", 1.0, model_id="m-none")
    run_id = run.info.run_id
    client.log_metric(run_id, "later", 3.0, model_id=first)
    both = [Metric("x", 1.0, 5, 0, first), Metric("x", 2.0, 6, 1, second, "d", "1"), Metric("y", 1.0, 5, 0)]
    client.log_batch(run_id, both)
    with pytest.raises(NotFound):
        client.log_batch(run_id, [Metric("y", 1.0, 5, 0), Metric("z", 1.0, 5, 0, "m-none")])
    assert sorted(metrics(first)) == [("accuracy", 0.5, 1), ("later", 3.0, 0), ("x", 1.0, 0)]
    assert sorted(metrics(second)) == [("f1", 1.0, 0), ("loss", 2.0, 0), ("x", 2.0, 1)]
    (point,) = [one for one in mlops.get_logged_model(first).metrics or [] if one.key == "accuracy"]
    assert (point.dataset_name, point.dataset_digest, point.run_id) == ("test", data.digest, run_id)
    (same,) = client.get_metric_history(run_id, "accuracy")
    assert (same.timestamp, same.model_id) == (point.timestamp, first)
    found = mlops.get_run(run_id)
    assert found.inputs.model_inputs == [LoggedModelInput(first), LoggedModelInput(second)]
    assert set(found.data.metrics) == {"accuracy", "loss", "f1", "later", "x", "y"}


def test_runs_say_which_models_they_made_and_used(client: mlops.MlflowClient) -> None:
    model_id = mlops.initialize_logged_model("a").model_id
    with mlops.start_run() as run:
        mlops.log_outputs([LoggedModelOutput(model_id, 3)])
        with pytest.raises(NotFound):
            mlops.log_outputs([LoggedModelOutput("m-none", 0)])
        with pytest.raises(InvalidArgument, match="expected a mlops.entities.LoggedModelOutput"):
            mlops.log_outputs([object()])  # type: ignore[list-item]
    client.log_outputs(run.info.run_id, [LoggedModelOutput(model_id, 4)])
    found = client.get_run(run.info.run_id)
    assert found.outputs.model_outputs == [LoggedModelOutput(model_id, 3), LoggedModelOutput(model_id, 4)]
    assert found.to_dictionary()["outputs"] == {"model_outputs": [{"model_id": model_id, "step": step} for step in (3, 4)]}
    (listed,) = client.search_runs(["0"])
    sent = pickle.loads(pickle.dumps(listed))
    assert sent == found and sent.outputs == found.outputs and sent._origin is None


def test_the_active_model_is_that_of_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mlops.get_active_model_id() is None
    with mlops.set_active_model(name="agent") as active, mlops.start_run() as run:
        assert isinstance(active, mlops.ActiveModel) and isinstance(active, LoggedModel)
        assert mlops.get_active_model_id() == active.model_id and active.tags["mlflow.model.isExternal"] == "true"
        mlops.log_metric("z", 1.0)
        mlops.log_metrics({"y": 2.0}, step=1)
        mlops.log_model_params({"p": 1})
        inner = mlops.initialize_logged_model("inner")
        with mlops.set_active_model(model_id=inner.model_id):
            mlops.log_metric("x", 3.0)
        heard: list[str | None] = []
        thread = threading.Thread(target=lambda: heard.append(mlops.get_active_model_id()))
        thread.start()
        thread.join()
        assert heard == [None] and mlops.get_active_model_id() == active.model_id
    assert mlops.get_active_model_id() is None
    assert metrics(active.model_id) == [("z", 1.0, 0), ("y", 2.0, 1)] and metrics(inner.model_id) == [("x", 3.0, 0)]
    assert {metric.key: metric.model_id for metric in mlops.get_run(run.info.run_id).data._metric_objs} == {
        "z": active.model_id, "y": active.model_id, "x": inner.model_id
    }  # fmt: skip
    assert mlops.set_active_model(name="agent").model_id == active.model_id
    mlops.clear_active_model()
    for call, message in (
        (lambda: mlops.set_active_model(), "give name or model_id"),
        (lambda: mlops.set_active_model(model_id=active.model_id, name="other"), "has the name `agent`"),
        (lambda: mlops.set_active_model(name="a/b"), "the name of a logged model"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            call()
    with pytest.raises(NotFound):
        mlops.set_active_model(model_id="m-none")
    assert mlops.get_active_model_id() is None


def test_the_environment_names_the_active_model(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    model_id = mlops.initialize_logged_model("a").model_id
    mlops.set_tracking_uri(None)
    code = "import mlops; mlops.log_metric('m', 1.0); print(mlops.get_active_model_id()); mlops.clear_active_model(); mlops.log_metric('n', 1.0)"
    assert python(code, MLFLOW_ACTIVE_MODEL_ID=model_id).stdout.strip() == model_id
    assert metrics(model_id) == [("m", 1.0, 0)]


def test_a_client_stores_files_of_a_model(client: mlops.MlflowClient, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "a.txt").write_text("a")
    (tmp_path / "deep" / "er" / "b.txt").write_text("b")
    model_id = client.create_logged_model("0").model_id
    client.log_model_artifacts(model_id, tmp_path / "deep")
    client.log_model_artifact(model_id, tmp_path / "deep" / "a.txt", "copy/")
    assert [file.path for file in client.list_logged_model_artifacts(model_id)] == ["a.txt", "copy", "er"]
    assert mlops.artifacts.load_text(f"models:/{model_id}/er/b.txt") == "b"
    assert mlops.artifacts.load_text(f"models:/{model_id}/copy/a.txt") == "a"
    for call in (
        lambda: client.log_model_artifact(model_id, tmp_path / "none"),
        lambda: client.log_model_artifacts(model_id, tmp_path / "none"),
        lambda: client.log_model_artifacts("m-none", tmp_path / "deep"),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_model_without_a_run_loads_if_it_was_made_here_and_asks_if_it_was_brought_in(
    tmp_path: Path, client: mlops.MlflowClient
) -> None:
    mlops.sklearn.save_model(LINE, tmp_path / "saved")
    model_id = client.create_logged_model("0", "made").model_id
    client.log_model_artifacts(model_id, tmp_path / "saved")
    models = _native.LoggedModels(_state.store())
    assert predicted(f"models:/{model_id}") == pytest.approx(1.0) and not models.is_foreign(model_id)
    brought = models.create(experiment_id="0", name="brought", foreign=True)
    client.log_model_artifacts(brought, tmp_path / "saved")
    models.mark_foreign(model_id)
    for uri in (f"models:/{brought}", f"models:/{model_id}"):
        with pytest.raises(Untrusted, match="nothing in this store says that the model was made here"):
            mlops.load_model(uri)
        assert mlops.load_model(uri, trust=True).predict([[1.0]])[0] == pytest.approx(1.0)
    mlops.register_model(f"models:/{brought}", "brought")
    with pytest.raises(Untrusted):
        mlops.load_model("models:/brought/1")
    with pytest.raises(NotFound):
        models.is_foreign("m-none")


def test_what_mlflow_logs_to_a_store_is_found_under_the_run_too(client: mlops.MlflowClient, tmp_path: Path) -> None:
    # It keeps the files with the logged model only.
    mlops.sklearn.save_model(LINE, tmp_path / "saved")
    with mlops.start_run() as run:
        model = mlops.initialize_logged_model("line")
        client.log_model_artifacts(model.model_id, tmp_path / "saved")
        mlops.log_outputs([LoggedModelOutput(model.model_id, 0)])
    uri = f"runs:/{run.info.run_id}/line"
    assert predicted(uri) == pytest.approx(1.0) and mlops.models.get_model_info(uri).model_id == model.model_id
    assert "MLmodel" in [file.path for file in mlops.artifacts.list_artifacts(uri)]
    assert mlops.artifacts.load_text(f"{uri}/requirements.txt").startswith("numpy==")
    with pytest.raises(NotFound):
        mlops.artifacts.load_text(f"runs:/{run.info.run_id}/none/requirements.txt")


def test_a_gc_removes_deleted_models_for_good(client: mlops.MlflowClient) -> None:
    with mlops.start_run() as run:
        gone = mlops.sklearn.log_model(LINE, name="gone", params={"depth": 3})
        kept = mlops.sklearn.log_model(OTHER, name="kept", registered_model_name="kept")
        mlops.log_text("mine", "gone/notes.txt")
    client.delete_logged_model(str(gone.model_id))
    assert mlops.gc(dry_run=False, older_than=0).models.count == 0
    assert mlops.gc(deleted_runs=True).models.count == 0
    counted = mlops.gc(deleted_runs=True, older_than=0)
    size = sum(file.file_size or 0 for file in client.list_logged_model_artifacts(str(gone.model_id)))
    assert counted.models == Amount(1, size) and f"models=1 ({size:,} bytes)" in repr(counted)
    assert sorted(file.path for file in client.list_artifacts(run.info.run_id)) == ["gone", "kept"]
    done = mlops.gc(dry_run=False, deleted_runs=True, older_than=0)
    assert (done.models, done.small_blobs, done.large_blobs) == (counted.models, counted.small_blobs, counted.large_blobs)
    # What else is in the folder is the user's.
    assert [file.path for file in client.list_artifacts(run.info.run_id, "gone")] == ["gone/notes.txt"]
    with pytest.raises(NotFound):
        client.restore_logged_model(str(gone.model_id))
    assert [one.model_id for one in mlops.get_run(run.info.run_id).outputs.model_outputs] == [kept.model_id]
    assert predicted(kept.model_uri) == pytest.approx(2.0)
    client.delete_logged_model(str(kept.model_id))
    mlops.set_tracking_uri(None)
    command = [str(Path(sys.executable).parent / "mlops"), "gc", "--deleted-runs", "--older-than", "0"]
    refused = subprocess.run([*command, "--yes", "--wrong"], capture_output=True, text=True, check=False)
    looked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert refused.returncode == 2 and looked.stdout.startswith("1 deleted logged model (")
    done_json = subprocess.run([*command, "--yes", "--json"], capture_output=True, text=True, check=True)
    assert "would be removed for good" in looked.stdout and json.loads(done_json.stdout)["models"]["count"] == 1
    assert [file.path for file in client.list_artifacts(run.info.run_id, "kept")] == []
    assert predicted("models:/kept/1") == pytest.approx(2.0)


def test_one_deleted_model_is_removed_by_its_id(client: mlops.MlflowClient) -> None:
    with mlops.start_run():
        model_id = str(mlops.sklearn.log_model(LINE, name="line").model_id)
    models = _native.LoggedModels(_state.store())
    with pytest.raises(InvalidState, match="is not deleted; delete it first"):
        models.remove(model_id)
    client.delete_logged_model(model_id)
    assert models.remove(model_id) > 100
    with pytest.raises(NotFound):
        models.remove(model_id)


def test_many_points_of_one_step_are_the_models_up_to_a_bound() -> None:
    with mlops.start_run():
        mlops.log_series("loss", numpy.arange(3_000.0), numpy.zeros(3_000, dtype=int), numpy.arange(3_000))
        mlops.log_series("curve", numpy.arange(100.0))
        info = mlops.sklearn.log_model(LINE, name="line", step=0)
    found = metrics(str(info.model_id))
    assert [value for key, value, _ in found if key == "loss"] == list(numpy.arange(2_000.0, 3_000.0))
    assert [one for one in found if one[0] == "curve"] == [("curve", 0.0, 0)]


def test_a_store_that_two_processes_use_has_the_models_of_both(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    mine = mlops.initialize_logged_model("mine")
    code = """
    import mlops
    from sklearn.linear_model import LinearRegression
    with mlops.start_run():
        print(mlops.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), name="theirs").model_uri)
    """
    uri = python(code).stdout.strip()
    assert predicted(uri) == pytest.approx(1.0)
    assert {found.name for found in mlops.search_logged_models(output_format="list")} == {"mine", "theirs"}
    assert _native.LoggedModels(_state.store()).get(mine.model_id)["status"] == "PENDING"
