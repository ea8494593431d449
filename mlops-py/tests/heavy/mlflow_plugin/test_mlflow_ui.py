"""MLflow's UI over our store, in a real browser: lists, curves, comparisons, files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient
from test_mlflow_server import Server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Shown(NamedTuple):
    server: Server
    experiment: str
    runs: list[str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    server = Server(tmp_path_factory.mktemp("ui"))
    client = MlflowClient(server.url)
    number = client.create_experiment("churn model")
    runs = []
    for depth in (3, 5):
        run_id = client.create_run(number, run_name=f"tree-{depth}").info.run_id
        points = [Metric("loss", depth / (step + 1), 1000 + step, step) for step in range(300)]
        client.log_batch(run_id, points, [Param("depth", str(depth))])
        client.log_text(run_id, "hello", "notes/readme.txt")
        client.set_terminated(run_id)
        runs.append(run_id)
    yield Shown(server, number, runs)
    server.stop()


def page(shown: Shown, path: str, folder: Path) -> str:
    """A page as the browser has it once its scripts have run."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert browser is not None, f"no browser is installed: expected one of {', '.join(BROWSERS)}"
    options = ["--headless", "--disable-gpu", f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=30000"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    command = [browser, *options, "--window-size=1500,1000", "--dump-dom", f"{shown.server.url}/#{path}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout


def test_experiments_are_listed(shown: Shown, tmp_path: Path) -> None:
    assert "churn model" in page(shown, "/experiments", tmp_path)


def test_runs_are_listed(shown: Shown, tmp_path: Path) -> None:
    found = page(shown, f"/experiments/{shown.experiment}/runs", tmp_path)
    assert "tree-3" in found and "tree-5" in found


def test_a_run_shows_params_and_metrics(shown: Shown, tmp_path: Path) -> None:
    found = page(shown, f"/experiments/{shown.experiment}/runs/{shown.runs[0]}", tmp_path)
    assert all(text in found for text in ("tree-3", "depth", "loss", "Finished"))


def test_a_run_shows_its_curves(shown: Shown, tmp_path: Path) -> None:
    found = page(shown, f"/experiments/{shown.experiment}/runs/{shown.runs[0]}/model-metrics", tmp_path)
    # What draws the lines makes one path for each.
    assert "scatterlayer" in found and 'class="js-line"' in found


def test_a_run_shows_its_files(shown: Shown, tmp_path: Path) -> None:
    assert "notes" in page(shown, f"/experiments/{shown.experiment}/runs/{shown.runs[0]}/artifacts", tmp_path)


def test_runs_are_compared(shown: Shown, tmp_path: Path) -> None:
    first, second = shown.runs
    path = f'/compare-runs?runs=["{first}","{second}"]&experiments=["{shown.experiment}"]'
    found = page(shown, path.replace('"', "%22").replace("[", "%5B").replace("]", "%5D"), tmp_path)
    assert "Comparing 2 Runs" in found and first in found and second in found
