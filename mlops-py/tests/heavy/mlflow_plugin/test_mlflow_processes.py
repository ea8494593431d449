"""Programs of MLflow's over our store: how they end, where the store is, many at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient

import mlops


def started(tmp_path: Path, code: str) -> subprocess.Popen[str]:
    begin = "import mlflow, os, sys\nmlflow.set_tracking_uri('mlops:./store')\n"
    return subprocess.Popen([sys.executable, "-c", begin + code], cwd=tmp_path, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", "FINISHED"),
        ("sys.exit(0)", "FINISHED"),
        ("sys.exit(3)", "FAILED"),
        ("raise ValueError('oh')", "FAILED"),
        ("os._exit(0)", "KILLED"),
        ("os.kill(os.getpid(), 9)", "KILLED"),
        ("mlflow.end_run()", "FINISHED"),
        ("mlflow.end_run('FAILED')", "FAILED"),
    ],
)
def test_a_status_says_how_the_process_ended(tmp_path: Path, end: str, status: str) -> None:
    done = started(tmp_path, f"mlflow.start_run()\nmlflow.log_metric('m', 1.0)\n{end}")
    done.communicate(timeout=120)
    (run,) = mlops.MlflowClient(str(tmp_path / "store")).search_runs(["0"])
    assert (run.info.status, run.data.metrics) == (status, {"m": 1.0})
    assert run.info.end_time is not None


def test_many_programs_log_to_one_store(tmp_path: Path) -> None:
    code = "with mlflow.start_run():\n  for step in range(200): mlflow.log_metric('m', step / 100, step=step)\n"
    running = [started(tmp_path, code) for _ in range(4)]
    assert [one.wait(180) for one in running] == [0] * 4
    runs = MlflowClient(f"mlops:{tmp_path / 'store'}").search_runs(["0"])
    assert [(run.info.status, run.data.metrics["m"]) for run in runs] == [("FINISHED", 1.99)] * 4
    client = MlflowClient(f"mlops:{tmp_path / 'store'}")
    assert all(len(client.get_metric_history(run.info.run_id, "m")) == 200 for run in runs)


@pytest.mark.parametrize("name", ["with space", "100%20", "a#b?c", "experiments", "ünï"])
def test_a_store_may_be_called_anything(tmp_path: Path, name: str) -> None:
    client = MlflowClient(f"mlops:{tmp_path / name}")
    run = client.create_run("0")
    client.log_text(run.info.run_id, "t", "experiments/5/x y%20.txt")
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/experiments/5/x y%20.txt") == "t"
    assert [f.path for f in client.list_artifacts(run.info.run_id, "experiments/5")] == ["experiments/5/x y%20.txt"]
    assert (tmp_path / name / "format").is_file()


def test_a_relative_store_stays_where_it_was_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MlflowClient("mlops:./here")
    run = client.create_run("0")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    client.log_text(run.info.run_id, "t", "t.txt")
    assert mlops.MlflowClient(str(tmp_path / "here")).list_artifacts(run.info.run_id)[0].path == "t.txt"


def test_the_environment_names_the_store(tmp_path: Path) -> None:
    code = "import mlflow\nwith mlflow.start_run(): mlflow.log_param('p', 1)\n"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"mlops:///{str(tmp_path / 'store').lstrip('/')}"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, timeout=120, check=True)
    (run,) = mlops.MlflowClient(str(tmp_path / "store")).search_runs(["0"])
    assert run.data.params == {"p": "1"}
    assert not (tmp_path / "mlflow.db").exists() and not (tmp_path / "mlruns").exists()


def test_the_scheme_alone_is_the_default_store(tmp_path: Path, store: Path) -> None:
    code = "import mlflow\nmlflow.set_tracking_uri('mlops:')\nwith mlflow.start_run(): mlflow.log_param('p', 1)\n"
    environment = {name: value for name, value in os.environ.items() if name != "MLOPS_STORE"}
    (tmp_path / "deep").mkdir()
    mlops.MlflowClient(str(tmp_path / ".mlops")).create_run("0")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "deep", env=environment, timeout=120, check=True)
    assert len(mlops.MlflowClient(str(tmp_path / ".mlops")).search_runs(["0"])) == 2


def test_what_mlops_logs_mlflow_reads_and_the_other_way_round(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ours = mlops.MlflowClient(str(store))
    with_ours = ours.create_run("0", run_name="ours")
    ours.log_metric(with_ours.info.run_id, "m", 0.5, step=2)
    ours.log_text(with_ours.info.run_id, "t", "t.txt")
    theirs = MlflowClient(f"mlops:{store}")
    found = theirs.get_run(with_ours.info.run_id)
    assert (found.data.metrics, found.info.run_name) == ({"m": 0.5}, "ours")
    assert [f.path for f in theirs.list_artifacts(found.info.run_id)] == ["t.txt"]
    theirs.log_param(found.info.run_id, "p", 1)
    assert ours.get_run(found.info.run_id).data.params == {"p": "1"}


def test_the_store_may_be_moved_with_its_files(tmp_path: Path) -> None:
    code = "with mlflow.start_run(run_id=None): mlflow.log_text('t', 't.txt')\n"
    assert started(tmp_path, code).wait(120) == 0
    (tmp_path / "store").rename(tmp_path / "moved")
    client = MlflowClient(f"mlops:{tmp_path / 'moved'}")
    (run,) = client.search_runs(["0"])
    assert Path(client.download_artifacts(run.info.run_id, "t.txt")).read_text() == "t"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_logs_to_a_run_of_its_own(tmp_path: Path) -> None:
    code = """
with mlflow.start_run() as run:
    mlflow.log_metric('parent', 1.0)
    child = os.fork()
    if child == 0:
        with mlflow.start_run(nested=True): mlflow.log_metric('child', 2.0)
        os._exit(0)
    os.waitpid(child, 0)
"""
    assert started(tmp_path, code).wait(120) == 0
    runs = MlflowClient(f"mlops:{tmp_path / 'store'}").search_runs(["0"])
    assert sorted((sorted(run.data.metrics), run.info.status) for run in runs) == [
        (["child"], "FINISHED"), (["parent"], "FINISHED"),
    ]
