"""What MLflow has and mlops has not: an AttributeError that says so."""

from __future__ import annotations

import pytest

import mlops

LATER = "prophet tensorflow".split()
NEVER = "trace start_span genai openai load_prompt projects run gateway deployments log_feedback".split()


@pytest.mark.parametrize("name", LATER)
def test_what_comes_later_says_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'mlops' has no attribute '{name}': .* comes? with a later version"):
        getattr(mlops, name)


def test_ready_made_metrics_come_later_and_what_they_are_made_of_is_there() -> None:
    assert mlops.metrics.make_metric is mlops.models.make_metric
    with pytest.raises(AttributeError, match="'mlops.metrics' has no attribute 'toxicity': ready-made metrics come"):
        mlops.metrics.toxicity


@pytest.mark.parametrize("name", NEVER)
def test_what_does_not_come_says_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'mlops' has no attribute '{name}': .* outside of what mlops does"):
        getattr(mlops, name)


@pytest.mark.parametrize("name", ["search_prompts", "search_traces"])
def test_the_client_says_so_too(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'MlflowClient' has no attribute '{name}': "):
        getattr(mlops.MlflowClient(), name)


@pytest.mark.parametrize("name", ["log_metrik", "runs", "__wrapped__", "metric"])
def test_a_name_that_nobody_has_is_only_missing(name: str) -> None:
    for owner in [mlops, mlops.MlflowClient()]:
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'$"):
            getattr(owner, name)
        assert not hasattr(owner, name)


def test_modules_that_scripts_import_from_mlflow_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops.data.dataset import Dataset
    from mlops.data.dataset_source import DatasetSource
    from mlops.data.numpy_dataset import NumpyDataset, from_numpy
    from mlops.data.pandas_dataset import PandasDataset, from_pandas
    from mlops.data.polars_dataset import PolarsDataset, from_polars
    from mlops.environment_variables import MLFLOW_RUN_ID, MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL
    from mlops.store.entities import PagedList
    from mlops.store.entities.paged_list import PagedList as Same
    from mlops.system_metrics import enable_system_metrics_logging

    assert {Dataset, NumpyDataset, PandasDataset, PolarsDataset, DatasetSource} <= {
        getattr(mlops.data, name) for name in mlops.data.__all__
    }
    assert (from_numpy, from_pandas, from_polars) == (mlops.data.from_numpy, mlops.data.from_pandas, mlops.data.from_polars)
    assert PagedList is Same is mlops.entities.PagedList
    assert enable_system_metrics_logging is mlops.enable_system_metrics_logging
    assert mlops.data.pandas_dataset.PandasDataset is PandasDataset and mlops.store.entities.PagedList is PagedList
    with mlops.start_run() as run:
        assert run.outputs.model_outputs == []
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    assert MLFLOW_RUN_ID.defined and MLFLOW_RUN_ID.get() == run.info.run_id and MLFLOW_RUN_ID.name == "MLFLOW_RUN_ID"
    MLFLOW_RUN_ID.unset()
    assert not MLFLOW_RUN_ID.is_set() and MLFLOW_RUN_ID.get() is None
    assert MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL.get() == 10
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "x")
    with pytest.raises(mlops.exceptions.InvalidArgument, match="MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL is 'x'"):
        MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL.get()


def test_what_can_be_asked_for_optionally_is_simply_absent() -> None:
    assert getattr(mlops, "import_checkpoints", None) is None
    with pytest.raises(ImportError):
        exec("from mlops import import_checkpoints")
