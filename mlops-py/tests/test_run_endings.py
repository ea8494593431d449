"""How runs end that nobody ends: by the exit of their process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import mlops
from conftest import python_command
from mlops.exceptions import InvalidArgument, InvalidState, MlopsError

ENDS = {
    "a clean exit": ("pass", 0, "FINISHED"),
    "sys.exit without a status": ("sys.exit()", 0, "FINISHED"),
    "sys.exit(0)": ("sys.exit(0)", 0, "FINISHED"),
    "sys.exit(3)": ("sys.exit(3)", 3, "FAILED"),
    "sys.exit with a text": ("sys.exit('no data')", 1, "FAILED"),
    "an uncaught exception": ("raise ValueError('bad')", 1, "FAILED"),
    "an uncaught KeyboardInterrupt": ("raise KeyboardInterrupt", -signal.SIGINT, "FAILED"),
    "os._exit": ("os._exit(0)", 0, "KILLED"),
    "kill -9": ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, "KILLED"),
    "a signal": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, "KILLED"),
    "an exception that was caught": ("try: raise ValueError\nexcept ValueError: pass", 0, "FINISHED"),
    "an exit that was caught": ("try: sys.exit(3)\nexcept SystemExit: pass", 0, "FINISHED"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_process_ends_its_run(end: str, python: Callable[..., object], only_run: Callable[[], mlops.Run]) -> None:
    statement, exit_status, expected = ENDS[end]
    code = "import mlops, os, signal, sys\nmlops.start_run()\nmlops.log_metric('loss', 0.5)\n"
    python(code + statement, status=exit_status)
    run = only_run()
    assert run.info.status == expected
    assert run.data.metrics == {"loss": 0.5}
    assert run.info.end_time is not None and run.info.end_time >= run.info.start_time


BLOCKS = {
    "an exception": ("raise ValueError", 1, "FAILED"),
    "sys.exit(0)": ("sys.exit(0)", 0, "FINISHED"),
    "sys.exit(3)": ("sys.exit(3)", 3, "FAILED"),
    "a KeyboardInterrupt": ("raise KeyboardInterrupt", -signal.SIGINT, "FAILED"),
}


@pytest.mark.parametrize("end", BLOCKS)
def test_a_block_ends_its_run(end: str, python: Callable[..., object], only_run: Callable[[], mlops.Run]) -> None:
    statement, exit_status, expected = BLOCKS[end]
    python(f"import mlops, sys\nwith mlops.start_run():\n    {statement}", status=exit_status)
    assert only_run().info.status == expected


def test_an_exception_inside_the_block_is_raised() -> None:
    with pytest.raises(KeyError, match="missing"), mlops.start_run() as run:
        raise KeyError("missing")
    assert mlops.get_run(run.info.run_id).info.status == "FAILED"
    assert mlops.active_run() is None


def test_every_run_of_the_stack_ends(python: Callable[..., object]) -> None:
    python("import mlops\nmlops.start_run()\nmlops.start_run(nested=True)\nmlops.log_param('a', 1)\nraise ValueError", status=1)
    runs = mlops.search_runs(output_format="list")
    assert [run.info.status for run in runs] == ["FAILED", "FAILED"]


def test_what_runs_at_exit_still_logs(python: Callable[..., object], only_run: Callable[[], mlops.Run]) -> None:
    python("import atexit, mlops\nmlops.start_run()\natexit.register(mlops.log_metric, 'last', 1.0)")
    run = only_run()
    assert run.info.status == "FINISHED" and run.data.metrics == {"last": 1.0}


def test_the_users_own_excepthook_is_called_too(python: Callable[..., object], only_run: Callable[[], mlops.Run]) -> None:
    done = python(
        """
        import sys, mlops
        sys.excepthook = lambda kind, error, trace: print("mine", kind.__name__)
        mlops.start_run()
        raise KeyboardInterrupt
        """,
        status=-signal.SIGINT,
    )
    assert "mine KeyboardInterrupt" in str(done)
    assert only_run().info.status == "FAILED"


def test_an_error_at_the_prompt_is_no_end(python: Callable[..., object], only_run: Callable[[], mlops.Run]) -> None:
    python("""
        import os, subprocess, sys
        lines = "import mlops\\nmlops.start_run()\\n1 / 0\\nmlops.log_metric('after', 1.0)\\n"
        done = subprocess.run([sys.executable, "-i", "-q"], input=lines, text=True, capture_output=True)
        assert "ZeroDivisionError" in done.stderr, done.stderr
    """)
    run = only_run()
    assert run.data.metrics == {"after": 1.0} and run.info.status == "FINISHED"


COUNTER = """
import mlops
with mlops.start_run():
    step = 0
    while True:
        mlops.log_metric("loss", step / 2, step=step)
        print(step, flush=True)
        step += 1
"""


def test_kill_9_loses_nothing_that_was_acknowledged(only_run: Callable[[], mlops.Run]) -> None:
    with subprocess.Popen(python_command(COUNTER), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(2_000):
            process.stdout.readline()
        process.kill()
        rest = process.stdout.read().split("\n")
    acknowledged = 2_000 + len(rest) - 1
    run = only_run()
    assert run.info.status == "KILLED"
    steps, _, values = mlops.get_metric_series(run.info.run_id, "loss")
    # The call in flight is in or out.
    assert len(steps) in (acknowledged, acknowledged + 1)
    assert list(steps) == list(range(len(steps))) and list(values) == [step / 2 for step in range(len(steps))]


def test_a_run_of_a_living_process_stays_running(python: Callable[..., object]) -> None:
    with mlops.start_run() as run:
        python(
            """
            import mlops, sys
            mlops.set_tracking_uri(sys.argv[1], read_only=True)
            print(mlops.get_run(sys.argv[2]).info.status)
            assert mlops.get_run(sys.argv[2]).info.status == "RUNNING"
            """,
            os.environ["MLOPS_STORE"],
            run.info.run_id,
        )


JOIN = """
import os, sys, mlops
with mlops.start_run(run_id=sys.argv[1]):
    mlops.log_metric("joined", 1)
    if sys.argv[2] == "kill":
        os.kill(os.getpid(), 9)
    if sys.argv[2] == "fail":
        raise ValueError("bad")
"""


@pytest.mark.parametrize("how", ["end", "fail", "kill"])
@pytest.mark.parametrize("child", [True, False])
def test_a_run_that_another_process_joined_is_running_while_one_of_them_holds_it(how: str, child: bool) -> None:
    run = mlops.start_run()
    environment = {key: value for key, value in os.environ.items() if child or key != "MLOPS_PARENT_RUN"}
    command = python_command(JOIN, run.info.run_id, how)
    subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    client = mlops.MlflowClient()
    # What a killed process left is there once another has noticed.
    deadline = time.monotonic() + 30
    while client.get_run(run.info.run_id).data.metrics != {"joined": 1.0}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    mlops.end_run()
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


def test_a_run_whose_first_holder_is_killed_is_killed_though_another_ended_its_part(
    python: Callable[..., object], only_run: Callable[[], mlops.Run]
) -> None:
    code = """
        import mlops, os, subprocess, sys
        run = mlops.start_run()
        subprocess.run([sys.executable, "-c", sys.argv[1], run.info.run_id, "end"], check=True)
        assert mlops.get_run(run.info.run_id).info.status == "RUNNING"
        os.kill(os.getpid(), 9)
    """
    python(code, JOIN, status=-signal.SIGKILL)
    assert only_run().info.status == "KILLED"


def test_an_exception_is_not_hidden_by_a_run_that_cannot_be_ended(store: Path) -> None:
    with pytest.warns(RuntimeWarning, match="could not be ended: InvalidState: .*deleted"):
        with pytest.raises(KeyError, match="mine"), mlops.start_run() as run:
            mlops.delete_run(run.info.run_id)
            raise KeyError("mine")
    assert mlops.active_run() is None
    with pytest.raises(InvalidState, match="deleted"), mlops.start_run() as run:
        mlops.delete_run(run.info.run_id)
    assert mlops.active_run() is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyError, match="mine"), mlops.start_run():
            mlops.log_metric("loss", 1.0)
            shutil.rmtree(store)
            raise KeyError("mine")
    assert mlops.active_run() is None


def test_a_run_whose_store_is_gone_is_given_up_and_another_store_goes_on(store: Path, tmp_path: Path) -> None:
    mlops.start_run()
    mlops.log_metric("loss", 1.0)
    shutil.rmtree(store)
    with pytest.raises(MlopsError, match="deleted"):
        mlops.end_run()
    assert mlops.active_run() is None
    mlops.end_run()
    mlops.set_tracking_uri(tmp_path / "fresh")
    with mlops.start_run():
        mlops.log_metric("loss", 2.0)
    (run,) = mlops.search_runs(output_format="list")
    assert run.info.status == "FINISHED" and run.data.metrics == {"loss": 2.0}


def test_a_status_that_is_none_leaves_the_run_active() -> None:
    with mlops.start_run() as run:
        with pytest.raises(InvalidArgument):
            mlops.end_run("DONE")
        assert mlops.active_run() is run
