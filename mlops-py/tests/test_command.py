"""The command `mlops` that the wheel installs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import mlops

COMMAND = str(Path(sys.executable).parent / "mlops")


def mlops_command(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def run() -> str:
    """The id of a run with something of everything."""
    with mlops.start_run(run_name="first") as active:
        mlops.log_param("depth", 3)
        mlops.log_metrics({"loss": 0.5, "bad": float("nan")})
        mlops.log_text("text", "texts/a.txt")
    run_id = active.info.run_id
    del active
    mlops.set_tracking_uri(None)
    return run_id


def test_the_runs_are_listed(run: str) -> None:
    text = mlops_command("runs", "list").stdout
    assert "first" in text and "FINISHED" in text and "loss" in text
    (listed,) = json.loads(mlops_command("runs", "list", "--json").stdout)["runs"]
    assert listed["run_id"] == run and listed["status"] == "FINISHED"
    assert json.loads(mlops_command("--json", "runs", "list", "--filter", "metrics.loss > 1").stdout)["runs"] == []


def test_a_run_is_shown_by_the_beginning_of_its_id(run: str) -> None:
    shown = json.loads(mlops_command("runs", "show", run[:14], "--json").stdout)
    assert json.dumps(shown).count(run) >= 1 and "depth" in json.dumps(shown)
    assert '"NaN"' in mlops_command("runs", "metrics", run, "--json").stdout
    assert "texts" in mlops_command("runs", "artifacts", run).stdout


def test_the_module_is_the_command_too(run: str) -> None:
    done = subprocess.run([sys.executable, "-m", "mlops", "runs", "list"], capture_output=True, text=True, check=True)
    assert done.stdout == mlops_command("runs", "list").stdout
    assert mlops.__version__ in mlops_command("--version").stdout


def test_errors_are_one_line_and_an_exit_code(run: str, tmp_path: Path) -> None:
    for arguments, status, says in [
        (["runs", "show", "nobody"], 2, "nobody"),
        (["runs", "lisst"], 2, "lisst"),
        (["runs", "list", "--filter", "metrics.loss <"], 2, "expected"),
        (["--store", str(tmp_path / "nowhere"), "runs", "list"], 2, "nowhere"),
        (["--store", "sqlite:///a.db", "runs", "list"], 7, "sqlite"),
        (["runs", "show", os.fsdecode(b"\xff\xfe")], 2, "\N{REPLACEMENT CHARACTER}"),
    ]:
        done = mlops_command(*arguments, status=status)
        assert done.stdout == "" and done.stderr.startswith("error: ") and says in done.stderr
    error = json.loads(mlops_command("runs", "show", "nobody", "--json", status=2).stderr)["error"]
    assert error["name"] == "NotFound" and error["mlflow_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_fsck_finds_damage_and_exits_with_4(run: str, store: Path) -> None:
    mlops_command("fsck")
    (journal,) = [path for path in (store / "journal").iterdir() if path.stat().st_size > 500][:1]
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 1
    journal.write_bytes(bytes(content))
    assert journal.name in mlops_command("fsck", status=4).stdout


@pytest.fixture
def long_answer() -> list[str]:
    """A command that prints more than a pipe holds."""
    with mlops.start_run() as active:
        mlops.log_series("loss", [0.5] * 50_000)
    run_id = active.info.run_id
    del active
    mlops.set_tracking_uri(None)
    return [COMMAND, "runs", "metrics", run_id, "loss", "--points"]


def test_a_reader_that_has_seen_enough_is_no_error(long_answer: list[str]) -> None:
    line = f"'{COMMAND}' {' '.join(long_answer[1:])} | head -2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "" and done.stdout.splitlines()[-1] == "0" and len(done.stdout.splitlines()) == 3


def test_the_command_reads_while_a_run_is_logging() -> None:
    with mlops.start_run(run_name="busy"):
        mlops.log_metric("loss", 0.5)
        assert "busy" in mlops_command("runs", "list").stdout
        assert "in use" in mlops_command("fsck", "--repair", status=3).stderr


def test_ctrl_c_ends_the_command_without_a_traceback(long_answer: list[str]) -> None:
    with subprocess.Popen(long_answer, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline()
        # It waits now, or soon, for somebody who reads on.
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (-signal.SIGINT, "")
