"""`mlflow server` over our store: its REST API, files that it serves, and more than one worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient
from test_mlflow_experiments import code_of
from test_mlflow_search import dataset

import mlops


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """A server over a store, with two workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        command = [
            sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"mlops:{self.store}",
            "--port", str(self.port), "--workers", "2",
        ]  # fmt: skip
        with self.log.open("wb") as out:
            environment = {**os.environ, "MLOPS_CONFIG_DIR": str(folder / "config"), "MLFLOW_DISABLE_TELEMETRY": "true"}
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=out, env=environment, start_new_session=True
            )
        # Waits for what the server says, as any client would.
        ends = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).read()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < ends, self.log.read_text()
                time.sleep(0.2)

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)

    def ask(self, path: str, **body: Any) -> dict[str, Any]:
        """What the REST API answers."""
        request = urllib.request.Request(
            f"{self.url}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=60) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"))
    yield made
    made.stop()


@pytest.fixture
def remote(server: Server) -> Iterator[MlflowClient]:
    mlflow.set_tracking_uri(server.url)
    yield MlflowClient(server.url)
    mlflow.set_tracking_uri(None)


def test_a_run_is_the_same_from_every_worker(server: Server, remote: MlflowClient) -> None:
    number = remote.create_experiment("workers")
    for round_ in range(10):
        run_id = remote.create_run(number, run_name=f"r{round_}").info.run_id
        for step in range(5):
            remote.log_metric(run_id, "m", step / 10, step=step)
        remote.log_batch(run_id, [Metric("b", 1.0, 1, 1)], [Param("p", "v")])
        remote.set_tag(run_id, "t", round_)
        found = remote.get_run(run_id)
        assert found.data.metrics == {"m": 0.4, "b": 1.0}
        assert (found.data.params, found.data.tags["t"]) == ({"p": "v"}, str(round_))
        assert [point.step for point in remote.get_metric_history(run_id, "m")] == list(range(5))
        assert code_of(remote.log_param, run_id, "p", "other") == "INVALID_PARAMETER_VALUE"
        remote.set_terminated(run_id)
        assert remote.get_run(run_id).info.status == "FINISHED"
    assert len(remote.search_runs([number], "metrics.m = 0.4")) == 10


def test_files_go_through_the_server_into_the_store(server: Server, remote: MlflowClient, tmp_path: Path) -> None:
    run = remote.create_run("0")
    run_id = run.info.run_id
    assert run.info.artifact_uri == f"mlflow-artifacts:/0/{run_id}/artifacts"
    (tmp_path / "a.txt").write_text("a")
    remote.log_artifact(run_id, str(tmp_path / "a.txt"), "folder/deep")
    remote.log_text(run_id, "top", "top.txt")
    assert [found.path for found in remote.list_artifacts(run_id)] == ["folder", "top.txt"]
    assert [found.path for found in remote.list_artifacts(run_id, "folder/deep")] == ["folder/deep/a.txt"]
    assert Path(remote.download_artifacts(run_id, "folder/deep/a.txt")).read_text() == "a"
    assert server.get(f"get-artifact?path=top.txt&run_uuid={run_id}") == b"top"
    # It is in the store, and nowhere else.
    assert mlops.MlflowClient(str(server.store)).list_artifacts(run_id)[1].path == "top.txt"
    assert not (server.folder / "mlartifacts").exists() and not (server.folder / "mlruns").exists()
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    get_artifact_repository(run.info.artifact_uri).delete_artifacts("folder")
    assert [found.path for found in remote.list_artifacts(run_id)] == ["top.txt"]


def test_a_run_of_the_server_outlives_a_worker_and_is_not_called_killed(tmp_path: Path) -> None:
    first = Server(tmp_path)
    run_id = MlflowClient(first.url).create_run("0").info.run_id
    first.stop()
    second = Server(tmp_path)
    client = MlflowClient(second.url)
    assert client.get_run(run_id).info.status == "RUNNING"
    client.log_metric(run_id, "m", 1.0)
    client.set_terminated(run_id)
    second.stop()
    found = mlops.MlflowClient(str(second.store)).get_run(run_id)
    assert (found.info.status, found.data.metrics) == ("FINISHED", {"m": 1.0})


def test_a_model_is_logged_and_loaded_through_the_server(server: Server, remote: MlflowClient) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(model, name="model")
    assert list(mlflow.sklearn.load_model(info.model_uri).predict([[3.0]])) == [1]
    assert [found.model_id for found in remote.search_logged_models(["0"])] == [info.model_id]


def test_what_the_ui_asks_for_is_answered(server: Server, remote: MlflowClient) -> None:
    run = remote.create_run("0")
    run_id = run.info.run_id
    remote.log_batch(run_id, [Metric("m", float(step), step, step) for step in range(1000)])
    api = "ajax-api/2.0/mlflow"
    found = json.loads(server.get(f"{api}/metrics/get-history-bulk-interval?run_ids={run_id}&metric_key=m&max_results=320"))
    assert 300 <= len(found["metrics"]) <= 330
    found = json.loads(server.get(f"{api}/metrics/get-history-bulk?run_id={run_id}&metric_key=m"))
    assert len(found["metrics"]) == 1000
    remote.log_inputs(run_id, [dataset("train", "d1", "training")])
    (summary,) = server.ask(f"{api}/experiments/search-datasets", experiment_ids=["0"])["dataset_summaries"]
    assert (summary["name"], summary["digest"], summary["context"]) == ("train", "d1", "training")
    assert server.ask(f"{api}/runs/search", experiment_ids=["0"], max_results=1)["runs"]
    assert "error_code" not in server.ask(f"{api}/logged-models/search", experiment_ids=["0"])
    assert server.ask("ajax-api/3.0/mlflow/traces/search", locations=[]).get("traces", []) == []
    assert json.loads(server.get(f"{api}/registered-models/search?max_results=10")).get("registered_models", []) == []
    assert json.loads(server.get(f"{api}/model-versions/search?max_results=10")).get("model_versions", []) == []
    assert server.ask(f"{api}/registered-models/create", name="m")["registered_model"]["name"] == "m"
    found = json.loads(server.get(f"{api}/registered-models/search?max_results=10"))["registered_models"]
    assert [model["name"] for model in found] == ["m"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.ask(f"{api}/registered-models/create", name="m")
    assert json.loads(caught.value.read())["error_code"] == "RESOURCE_ALREADY_EXISTS"


def test_a_model_is_registered_and_loaded_through_the_server(server: Server, remote: MlflowClient) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(model, name="model", registered_model_name="fraud")
    remote.set_registered_model_alias("fraud", "champion", "1")
    assert remote.get_model_version("fraud", "1").run_id == run.info.run_id
    assert list(mlflow.sklearn.load_model("models:/fraud@champion").predict([[3.0]])) == [1]
    # The files are the version's own.
    assert mlops.MlflowClient(str(server.store)).get_model_version("fraud", 1).digest is not None


def test_errors_come_with_mlflows_code_and_status(server: Server) -> None:
    for path, status, code in [
        ("api/2.0/mlflow/runs/get?run_id=" + "f" * 32, 404, "RESOURCE_DOES_NOT_EXIST"),
        ("api/2.0/mlflow/experiments/get?experiment_id=77", 404, "RESOURCE_DOES_NOT_EXIST"),
    ]:
        with pytest.raises(urllib.error.HTTPError) as caught:
            server.get(path)
        assert (caught.value.code, json.loads(caught.value.read())["error_code"]) == (status, code)
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.ask("api/2.0/mlflow/runs/search", experiment_ids=["0"], filter="nonsense")
    answer = json.loads(caught.value.read())
    assert (caught.value.code, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
