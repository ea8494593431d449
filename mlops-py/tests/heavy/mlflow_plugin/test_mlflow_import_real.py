"""What MLflow itself wrote is brought over whole: read again through MLflow, it is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import LoggedModelParameter, ViewType
from mlflow.tracking import MlflowClient

import mlops


def fill(uri: str, root: Path) -> None:
    """A store with something of everything."""
    import pandas
    from sklearn.linear_model import LogisticRegression

    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    number = client.create_experiment("churn", tags={"team": "growth"})
    gone = client.create_experiment("gone")
    mlflow.set_experiment("churn")
    with mlflow.start_run(run_name="parent", tags={"k": "v"}) as parent:
        mlflow.log_params({"depth": 3, "text": "two\nlines", "long": "x" * 5000})
        for step in range(50):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metric("odd/name", float("nan"), step=-1)
        mlflow.log_text("note", "deep/note.txt")
        mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"a": [1, 2]}), name="train"), context="training")
        model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
        mlflow.sklearn.log_model(model, name="model")
        with mlflow.start_run(nested=True, run_name="child"):
            mlflow.log_param("p", 1)
    made = client._tracking_client.store.create_logged_model(number, "external", parent.info.run_id, params=[LoggedModelParameter("a", "b")])
    client.log_metric(parent.info.run_id, "acc", 0.5, model_id=made.model_id, dataset_name="d", dataset_digest="1")
    dead = client.create_run(number, run_name="deleted")
    client.log_metric(dead.info.run_id, "m", 1.0)
    client.delete_run(dead.info.run_id)
    failed = client.create_run(number, start_time=1000, run_name="failed")
    client.set_terminated(failed.info.run_id, "FAILED", end_time=2000)
    client.create_run(gone)
    client.delete_experiment(gone)
    mlflow.set_tracking_uri(None)
    mlflow.tracking.fluent._active_experiment_id = None


def content(client: MlflowClient) -> dict[str, Any]:
    """All that a client shows of a store, but for where files are."""
    found: dict[str, Any] = {}
    for experiment in client.search_experiments(view_type=ViewType.ALL):
        runs = {}
        for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL):
            run = client.get_run(run.info.run_id)
            info = run.info
            tags = {key: value for key, value in run.data.tags.items() if not key.startswith("mlops.")}
            histories = {}
            for key in run.data.metrics:
                points = client.get_metric_history(info.run_id, key)
                # MLflow's file store has them in the order of its file, and equal ones more than once.
                histories[key] = sorted({(p.timestamp, p.step, str(p.value)) for p in points})
            inputs = sorted(
                (one.dataset.name, one.dataset.digest, one.dataset.source_type, one.dataset.source, one.dataset.schema,
                 one.dataset.profile, tuple(sorted((tag.key, tag.value) for tag in one.tags)))
                for one in run.inputs.dataset_inputs
            )  # fmt: skip
            outputs = sorted((one.model_id, one.step) for one in run.outputs.model_outputs)
            runs[info.run_id] = (
                info.run_name, info.status, info.start_time, info.end_time, info.user_id, info.lifecycle_stage,
                run.data.params, tags, histories, inputs, outputs, files(client, run),
            )  # fmt: skip
        models = {}
        for model in client.search_logged_models([experiment.experiment_id]):
            points = sorted((m.key, m.value, m.step, m.run_id, m.dataset_name) for m in model.metrics or [])
            models[model.model_id] = (
                model.name, str(model.status), model.source_run_id, model.params, model.tags, points, model.creation_timestamp
            )
        found[experiment.name] = (experiment.lifecycle_stage, experiment.tags, runs, models)
    return found


def files(client: MlflowClient, run: Any) -> dict[str, bytes]:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    found, folders = {}, [None]
    if run.info.lifecycle_stage == "deleted":
        return {}
    repository = get_artifact_repository(run.info.artifact_uri)
    while folders:
        for one in repository.list_artifacts(folders.pop()):
            if one.is_dir:
                folders.append(one.path)
            else:
                found[one.path] = Path(repository.download_artifacts(one.path)).read_bytes()
    return found


@pytest.fixture(params=["sqlite", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """The tracking URI of a filled store, and its path."""
    import shutil

    (tmp_path / "old").mkdir()
    monkeypatch.chdir(tmp_path / "old")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    if request.param == "sqlite":
        path = tmp_path / "old" / "mlflow.db"
        shutil.copy(new_database, path)
        uri = f"sqlite:///{path}"
    else:
        path = tmp_path / "old" / "mlruns"
        uri = path.as_uri()
    fill(uri, path)
    return uri, path


def test_all_that_mlflow_wrote_is_there(source: tuple[str, Path], tmp_path: Path) -> None:
    uri, path = source
    report = mlops.import_mlflow(path, store=tmp_path / "store")
    assert report.problems == [] and report.complete, str(report)
    assert report.runs.new == 5 and report.logged_models.new == 2 and report.datasets.new == 1
    theirs, ours = content(MlflowClient(uri)), content(MlflowClient(f"mlops:{tmp_path / 'store'}"))
    assert set(theirs) == set(ours)
    for name in theirs:
        assert theirs[name][:2] == ours[name][:2], name
        for run_id, run in theirs[name][2].items():
            for mine, other in zip(ours[name][2][run_id], run, strict=True):
                assert mine == other, (name, run_id)
        assert theirs[name][3] == ours[name][3], name
    again = mlops.import_mlflow(path, store=tmp_path / "store")
    assert (again.runs.new, again.points.new, again.files.new, again.params.new, again.tags.new) == (0, 0, 0, 0, 0)
    assert again.complete


def test_an_imported_model_loads_with_mlflow(source: tuple[str, Path], tmp_path: Path) -> None:
    mlops.import_mlflow(source[1], store=tmp_path / "store")
    mlflow.set_tracking_uri(f"mlops:{tmp_path / 'store'}")
    try:
        number = mlflow.get_experiment_by_name("churn").experiment_id
        found = [model for model in MlflowClient().search_logged_models([number]) if model.name == "model"]
        assert list(mlflow.sklearn.load_model(f"models:/{found[0].model_id}").predict([[1.0]])) == [1]
    finally:
        mlflow.set_tracking_uri(None)


def test_a_tracking_uri_is_read_through_mlflow(source: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops._mlflow_import import _server

    uri, path = source
    # As a server would be: nothing but calls of MLflow's client.
    monkeypatch.setattr("mlops._mlflow_import._open", lambda source, artifacts: _server.Server(uri))
    report = mlops.import_mlflow("http://localhost", store=tmp_path / "store")
    assert report.problems == [] and report.complete, str(report)
    assert report.runs.new == 5
    marks = [run.data.tags["mlops.imported"] for run in MlflowClient(f"mlops:{tmp_path / 'store'}").search_runs(["1"])]
    again = mlops.import_mlflow("http://localhost", store=tmp_path / "store")
    assert (again.runs.new, again.points.new, again.files.new, again.complete) == (0, 0, 0, True)
    assert marks == [run.data.tags["mlops.imported"] for run in MlflowClient(f"mlops:{tmp_path / 'store'}").search_runs(["1"])]
    direct = content(MlflowClient(f"mlops:{tmp_path / 'store'}"))
    theirs = content(MlflowClient(uri))
    for name in theirs:
        for run_id, run in theirs[name][2].items():
            assert direct[name][2][run_id] == run, (name, run_id)
