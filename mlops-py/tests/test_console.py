"""What a process says is kept with its run, whoever says it, and is still shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Python, python_command

import mlops

Only = Callable[[], mlops.Run]


def said(only_run: Only) -> str:
    return mlops.get_console(only_run().info.run_id)


def test_what_python_the_system_children_and_c_say_is_kept_in_order_and_shown(python: Python, only_run: Only) -> None:
    done = python(
        """
        import ctypes, os, subprocess, sys, mlops
        with mlops.start_run(log_console=True):
            print("python")
            sys.stdout.flush()
            os.write(1, b"system\\n")
            subprocess.run(["echo", "child"])
            subprocess.run("echo error-of-a-child >&2", shell=True)
            libc = ctypes.CDLL(None)
            libc.printf(b"c library\\n")
            libc.fflush(None)
            libc.printf(b"c library, held back\\n")
        print("after")
        """
    )
    lines = ["python", "system", "child", "c library", "c library, held back"]
    assert done.stdout.splitlines() == [*lines, "after"]
    assert done.stderr == "error-of-a-child\n"
    kept = said(only_run).splitlines()
    # The two streams have pipes of their own here, so only the lines of each are in order.
    assert [line for line in kept if line != "error-of-a-child"] == lines
    assert "error-of-a-child" in kept


def test_the_order_of_both_streams_is_exact_where_they_lead_to_one_place(tmp_path: Path, only_run: Only) -> None:
    code = """
        import os, mlops
        with mlops.start_run(log_console=True):
            for n in range(500):
                os.write(1 + n % 2, f"{n}\\n".encode())
        """
    done = subprocess.run(python_command(code), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    expected = "".join(f"{n}\n" for n in range(500))
    assert done.stdout == expected
    assert said(only_run) == expected


def test_of_a_progress_bar_the_last_state_is_kept_and_all_is_shown(python: Python, only_run: Only) -> None:
    done = python(
        """
        import sys, mlops
        with mlops.start_run(log_console=True):
            for n in range(101):
                sys.stderr.write(f"\\r{n:3}%|{'#' * (n // 10):10}|")
                sys.stderr.flush()
            sys.stderr.write("\\n")
            print("done")
        """
    )
    assert done.stderr.count("%") == 101
    assert said(only_run) == "100%|##########|\ndone\n" or said(only_run) == "done\n100%|##########|\n"


def test_ten_megabytes_at_once_are_kept_and_shown(python: Python, only_run: Only) -> None:
    done = python(
        """
        import os, mlops
        line = b"x" * 99 + b"\\n"
        with mlops.start_run(log_console=True):
            for _ in range(1_000):
                os.write(1, line * 100)
        """
    )
    assert len(done.stdout) == 10_000_000
    # What could not be kept would be a warning, and that an error in this process.
    assert only_run().info.status == "FINISHED"
    assert (said(only_run) == done.stdout) is True


def test_forked_children_say_it_into_their_parents_capture(python: Python, only_run: Only) -> None:
    done = python(
        """
        import os, mlops
        with mlops.start_run(log_console=True):
            print("parent", flush=True)
            for n in range(3):
                if (pid := os.fork()) == 0:
                    print("child", n, flush=True)
                    os._exit(0)
                os.waitpid(pid, 0)
            print("end", flush=True)
        """
    )
    assert done.stdout == "parent\nchild 0\nchild 1\nchild 2\nend\n" == said(only_run)


def test_a_child_that_goes_on_behind_the_end_is_still_shown(python: Python, only_run: Only) -> None:
    done = python(
        """
        import subprocess, mlops
        with mlops.start_run(log_console=True):
            child = subprocess.Popen(["sh", "-c", "read line; echo late"], stdin=subprocess.PIPE)
            print("inside", flush=True)
        child.communicate(b"go\\n")
        """
    )
    assert done.stdout == "inside\nlate\n"
    assert said(only_run) == "inside\n"


def test_a_child_that_captures_for_a_run_of_its_own_is_heard_by_both(python: Python) -> None:
    python(
        """
        import os, mlops
        with mlops.start_run(run_name="outer", log_console=True):
            if (pid := os.fork()) == 0:
                with mlops.start_run(run_name="inner", log_console=True):
                    print("from the child", flush=True)
                mlops.end_run()
                os._exit(0)
            os.waitpid(pid, 0)
        """
    )
    runs = mlops.search_runs(output_format="list", search_all_experiments=True)
    assert {run.info.run_name: mlops.get_console(run.info.run_id) for run in runs} == {
        "outer": "from the child\n",
        "inner": "from the child\n",
    }


def test_an_exception_restores_the_descriptors_and_its_traceback_is_kept(python: Python, only_run: Only) -> None:
    done = python(
        """
        import os, mlops
        before = os.fstat(1).st_ino, os.fstat(2).st_ino
        try:
            with mlops.start_run(log_console=True):
                print("so far")
                raise ValueError("the loss is NaN")
        except ValueError:
            assert (os.fstat(1).st_ino, os.fstat(2).st_ino) == before
        print("behind")
        """
    )
    assert done.stdout == "so far\nbehind\n"
    assert said(only_run).startswith("so far\nTraceback") and said(only_run).endswith("ValueError: the loss is NaN\n")
    assert only_run().info.status == "FAILED"


def test_what_a_killed_process_said_some_seconds_ago_is_kept(tmp_path: Path, only_run: Only) -> None:
    code = """
        import sys, time, mlops
        from mlops import _console
        _console.FLUSH_EVERY = 0.05
        mlops.start_run(log_console=True)
        print("the first words", flush=True)
        sys.stdin.readline()
        """
    child = subprocess.Popen(python_command(code), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    try:
        while not (found := mlops.search_runs(output_format="list")) or not mlops.get_console(found[0].info.run_id):
            assert time.monotonic() < deadline and child.poll() is None
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert said(only_run) == "the first words\n"


@pytest.mark.parametrize("end", ["", "import sys; sys.exit(3)", "raise SystemExit"])
def test_a_run_that_nobody_ends_keeps_all_that_was_said(python: Python, only_run: Only, end: str) -> None:
    code = f'import mlops; mlops.start_run(log_console=True); print("to the end"); {end}'
    done = python(code, status=3 if "3" in end else 0)
    assert done.stdout == "to the end\n" == said(only_run)


def test_children_of_multiprocessing_keep_what_they_say(python: Python, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "import mlops\ndef work(n):\n    mlops.start_run(run_name=str(n), log_console=True)\n    print('worker', n)\n"
    )
    python(
        """
        import multiprocessing, work
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=work.work, args=(n,)) for n in range(2)]
        [child.start() for child in children]
        [child.join() for child in children]
        """,
        PYTHONPATH=str(tmp_path),
    )
    runs = mlops.search_runs(output_format="list", search_all_experiments=True)
    assert sorted(mlops.get_console(run.info.run_id) for run in runs) == ["worker 0\n", "worker 1\n"]


def test_nested_runs_each_keep_what_is_said_while_they_last(python: Python) -> None:
    done = python(
        """
        import mlops
        with mlops.start_run(run_name="outer", log_console=True):
            print("one")
            with mlops.start_run(run_name="inner", nested=True, log_console=True):
                print("two")
            print("three")
        """
    )
    assert done.stdout == "one\ntwo\nthree\n"
    runs = mlops.search_runs(output_format="list", search_all_experiments=True)
    kept = {run.info.run_name: mlops.get_console(run.info.run_id) for run in runs}
    assert kept == {"outer": "one\ntwo\nthree\n", "inner": "two\n"}


def test_the_environment_asks_for_it_and_the_call_has_the_last_word(python: Python) -> None:
    code = """
        import mlops
        with mlops.start_run(run_name="asked"): print("kept")
        with mlops.start_run(run_name="not", log_console=False): print("shown")
        """
    python(code, MLOPS_LOG_CONSOLE="1")
    runs = mlops.search_runs(output_format="list", search_all_experiments=True)
    assert {run.info.run_name: mlops.get_console(run.info.run_id) for run in runs} == {"asked": "kept\n", "not": ""}


def test_in_pytest_what_is_printed_and_what_is_written_is_kept_and_pytest_has_it_too(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with mlops.start_run() as run, mlops.capture_console():
        print("printed")
        sys.stdout.flush()
        os.write(1, b"written\n")
        os.write(2, b"error\n")
    print("behind")
    assert sorted(mlops.get_console(run.info.run_id).splitlines()) == ["error", "printed", "written"]
    shown = capfd.readouterr()
    assert sorted(shown.out.splitlines()) == ["behind", "printed", "written"] and shown.err == "error\n"


def test_a_stream_that_is_no_descriptor_is_heard_and_given_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sys.stdout
    with mlops.start_run(log_console=True) as run:
        print("in a notebook", end="")
        assert sys.stdout.encoding == before.encoding
        sys.stdout.writelines(["\n", "caf\u00e9\n"])
    assert sys.stdout is before
    assert mlops.get_console(run.info.run_id) == "in a notebook\ncaf\u00e9\n"
    assert capsys.readouterr().out.startswith("in a notebook\n")


def test_a_process_whose_standard_output_is_closed_is_captured_all_the_same(python: Python, only_run: Only) -> None:
    done = python(
        """
        import os, sys, mlops
        os.close(1)
        with mlops.start_run(log_console=True):
            os.write(2, b"only this\\n")
        os.write(2, b"end\\n")
        os._exit(0) if os.write(2, b"!") else None
        """
    )
    assert done.stderr == "only this\nend\n!"
    assert said(only_run) == "only this\n"


def test_what_a_second_process_resumes_is_kept_behind_what_the_first_said(python: Python, only_run: Only) -> None:
    for word in ["first", "second"]:
        code = "import mlops, sys\nwith mlops.start_run(run_id=sys.argv[1] or None, log_console=True): print(sys.argv[2])"
        found = mlops.search_runs(output_format="list")
        python(code, found[0].info.run_id if found else "", word)
    assert said(only_run) == "first\nsecond\n"


def test_a_fork_keeps_what_is_said_behind_what_its_run_said(python: Python) -> None:
    python(
        """
        import mlops
        with mlops.start_run(run_name="first", log_console=True) as first:
            print("one")
        with mlops.start_run(run_name="fork", fork_from=first.info.run_id, log_console=True):
            print("two")
        """
    )
    runs = mlops.search_runs(output_format="list", search_all_experiments=True)
    kept = {run.info.run_name: mlops.get_console(run.info.run_id) for run in runs}
    assert kept == {"first": "one\n", "fork": "one\ntwo\n"}
