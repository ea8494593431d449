"""Every test has a store, a configuration and a working directory of its own, and leaves no run behind."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mlops
from mlops import _active_model, _state

if "site-packages" not in Path(mlops.__file__).parts:
    raise RuntimeError(f"the tests are for the installed wheel, not for {mlops.__file__}")

Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder of this test's own store, which calls use without being told."""
    if "heavy" not in request.path.parts:
        # MLflow brings skops along; these tests are of pickles, heavy/ has those of skops.
        monkeypatch.setitem(sys.modules, "skops", None)
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "without"))
    for name in [name for name in os.environ if name.startswith(("MLOPS", "MLFLOW"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / ".mlops"
    monkeypatch.setenv("MLOPS_STORE", str(folder))
    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    forget()
    yield folder
    forget()


def forget() -> None:
    """Puts the fluent calls back to where a new process begins."""
    while mlops.active_run() is not None:
        run = mlops.active_run()
        mlops.end_run()
        if mlops.active_run() is run:
            # The store went away under it.
            _state._main.clear()
            break
    _state._last_run_id = None
    _active_model.activate(None)
    _active_model.remember_last(None)
    mlops.set_tracking_uri(None)


def python_command(code: str, *arguments: str) -> list[str]:
    """The command of a fresh process that runs ``code``; warnings are errors in it, but that of newer Pythons for every
    fork of a process with threads."""
    quiet = "ignore:This process:DeprecationWarning"
    return [sys.executable, "-W", "error", "-W", quiet, "-c", textwrap.dedent(code), *arguments]


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Runs code in a fresh process, in this test's folder, with this test's store."""

    def run(code: str, *arguments: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        command = python_command(code, *arguments)
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def only_run() -> Callable[[], mlops.Run]:
    """Reads the one run that the store has."""

    def read() -> mlops.Run:
        (run,) = mlops.search_runs(output_format="list", search_all_experiments=True)
        assert isinstance(run, mlops.Run)
        return run

    return read
