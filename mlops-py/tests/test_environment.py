"""What the environment says, and what tells of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlops
from mlops.exceptions import Unsupported


@pytest.mark.parametrize("variable", ["MLOPS_TRACKING_URI", "MLFLOW_TRACKING_URI"])
@pytest.mark.parametrize("scheme", ["{}", "file://{}", "mlops:{}"])
def test_a_tracking_uri_that_is_a_folder_is_the_store(
    variable: str, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, scheme.format(tmp_path / "other"))
    # Our own name counts first.
    assert mlops.get_tracking_uri() == os.environ["MLOPS_STORE"]
    monkeypatch.delenv("MLOPS_STORE")
    assert mlops.is_tracking_uri_set() and mlops.get_tracking_uri() == str(tmp_path / "other")
    with mlops.start_run():
        mlops.log_metric("loss", 1)
    assert (tmp_path / "other/format").is_file()


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "sqlite:///mlflow.db", "databricks", "databricks://profile", "postgresql://a/b"])
def test_a_tracking_uri_that_is_elsewhere_says_what_to_do(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_STORE")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(Unsupported, match=f"MLFLOW_TRACKING_URI is `{uri}`, which is no store of mlops: unset it, or name a folder"):
        mlops.start_run()
    assert list(Path().iterdir()) == []


def test_the_doctor_tells_and_makes_nothing(store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "secret")
    mlops.doctor(mask_envs=True)
    told = capsys.readouterr().out
    assert f"mlops: {mlops.__version__} (" in told and f"Python: {sys.version.split()[0]}" in told
    assert f"Store: {store} (not made yet" in told and "MLFLOW_RUN_ID: ***" in told and "secret" not in told
    assert not store.exists()
    monkeypatch.delenv("MLFLOW_RUN_ID")
    with mlops.start_run():
        mlops.doctor()
    told = capsys.readouterr().out
    assert f"Store: {store}\n  id: " in told and "trusted: yes" in told and "experiments: 1" in told
    assert "numpy: " in told and f"MLOPS_STORE: {store}" in told
    mlops.set_tracking_uri(None)
    mlops.doctor()
    assert "experiments: 1" in capsys.readouterr().out
    monkeypatch.setenv("MLOPS_STORE", "ftp://nowhere")
    mlops.doctor()
    assert "Store: the store `ftp://nowhere` cannot be opened" in capsys.readouterr().out


def test_names_that_scripts_import() -> None:
    from mlops.client import MlflowClient
    from mlops.config import enable_async_logging
    from mlops.entities import (
        Experiment,
        ExperimentTag,
        FileInfo,
        LifecycleStage,
        Metric,
        Param,
        Run,
        RunData,
        RunInfo,
        RunStatus,
        RunTag,
        SourceType,
        ViewType,
    )
    from mlops.exceptions import RESOURCE_DOES_NOT_EXIST, ErrorCode, MlflowException, RestException
    from mlops.tracking import MlflowClient as tracked
    from mlops.tracking.client import MlflowClient as again
    from mlops.tracking.fluent import start_run
    from mlops.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
    from mlops.utils.time import get_current_time_millis

    assert MlflowClient is tracked is again is mlops.MlflowClient and start_run is mlops.start_run
    enable_async_logging()
    with mlops.start_run(run_name="named") as run, mlops.start_run(nested=True) as child:
        pass
    found = mlops.get_run(run.info.run_id)
    assert isinstance(found, Run) and isinstance(found.info, RunInfo) and isinstance(found.data, RunData)
    assert found.data.tags[MLFLOW_RUN_NAME] == "named"
    assert mlops.get_run(child.info.run_id).data.tags[MLFLOW_PARENT_RUN_ID] == run.info.run_id
    assert abs(get_current_time_millis() - found.info.start_time) < 600_000
    assert RunStatus.is_terminated(RunStatus.from_string(found.info.status)) and LifecycleStage.is_valid(found.info.lifecycle_stage)
    assert ViewType.from_string("all") == ViewType.ALL and ViewType.to_string(2) == "deleted_only"
    assert SourceType.from_string(SourceType.to_string(SourceType.LOCAL)) == SourceType.LOCAL
    assert mlops.get_experiment("0").name == Experiment.DEFAULT_EXPERIMENT_NAME
    assert [type(one).__name__ for one in (ExperimentTag("a", "b"), RunTag("a", "b"), Param("a", "b"), FileInfo("a", False, 1))]
    assert Metric("a", 1.0, 2, 3).key == "a"
    with pytest.raises(RestException) as raised:
        mlops.get_run("0" * 32)
    assert raised.value.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST)
    assert MlflowException.invalid_parameter_value("no").error_code == "INVALID_PARAMETER_VALUE"
    assert '"RESOURCE_DOES_NOT_EXIST"' in raised.value.serialize_as_json()


@pytest.mark.parametrize("name", ["SpanType", "GatewayEndpoint", "Webhook", "MCPServer"])
def test_entities_that_are_not_here_say_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'mlops.entities' has no attribute '{name}': "):
        getattr(mlops.entities, name)


def test_the_page_of_variables_names_those_that_are_read(python: Callable[..., Any]) -> None:
    page = Path(__file__).resolve().parents[2] / "docs/reference/environment.md"
    text = page.read_text(encoding="utf-8")
    for name in ["STORE", "TRACKING_URI", "DURABILITY", "MAY_OWN", "OWNER_WAIT", "CONFIG_DIR", "EXPERIMENT_NAME", "EXPERIMENT_ID"]:
        assert f"`MLOPS_{name}`" in text
    for name in ["RUN_ID", "PARENT_RUN", "ENABLE_SYSTEM_METRICS_LOGGING", "SYSTEM_METRICS_SAMPLING_INTERVAL", "SYSTEM_METRICS_NODE_ID"]:
        assert f"`MLOPS_{name}`" in text
