"""Tests against MLflow itself, to be run with the oldest and the newest version that the plugin is for. They need mlflow,
scikit-learn, pandas, matplotlib and a browser; what is missing is a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """MLflow and what it imports warn of one another; that is not ours to mend."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of MLflow's with all tables and nothing in it: making one takes seconds."""
    folder = tmp_path_factory.mktemp("database")
    before = Path.cwd()
    # It notes where files of the experiment Default go: beneath the working directory of this moment.
    os.chdir(folder)
    try:
        MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").search_experiments()
    finally:
        os.chdir(before)
    return folder / "mlflow.db"


@pytest.fixture(params=["sqlite", "mlops"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, new_database: Path) -> str:
    """The URI of a new store: MLflow's own, and ours. What passes for one passes for the other."""
    if request.param == "mlops":
        return f"mlops:{tmp_path / 'store'}"
    shutil.copy(new_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def client(uri: str) -> Iterator[MlflowClient]:
    """A client of that store, which the fluent calls use too."""
    mlflow.set_tracking_uri(uri)
    mlflow.tracking.fluent._active_experiment_id = None
    yield MlflowClient(uri)
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.tracking.fluent._active_experiment_id = None
    mlflow.set_tracking_uri(None)


@pytest.fixture
def ours(uri: str) -> bool:
    """True where the store is ours, for the exceptions that docs/guide/mlflow.md lists."""
    return uri.startswith("mlops:")
