"""Sweeps from Python: the loop, processes, early stopping, TPE, and what came out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Python

import mlops
from mlops.exceptions import Conflict, InvalidArgument, NotFound, Unsupported

SPACE = {"x": {"min": 0.0, "max": 1.0}, "n": range(1, 5), "kind": ["a", "b"], "fixed": 3}


def loss(trial: mlops.Trial) -> float:
    return float((trial["x"] - 0.3) ** 2)


def test_every_trial_of_a_loop_is_an_active_run_beneath_the_run_that_is_active() -> None:
    with mlops.start_run() as parent:
        sweep = mlops.sweep(SPACE, max_trials=3, seed=1)
        for trial in sweep:
            run = mlops.active_run()
            assert run is not None and run.info.run_id == trial.run.info.run_id != parent.info.run_id
            mlops.log_metric("loss", trial["x"], step=1)
            assert set(trial.params) == {"x", "n", "kind", "fixed"} and trial["n"] in range(1, 5)
        assert mlops.active_run() is parent
    assert [trial["state"] for trial in sweep.trials] == ["finished"] * 3
    found = mlops.get_run(sweep.trials[1]["run_id"])
    assert found.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (found.data.tags["mlops.sweep"], found.data.tags["mlops.trial"]) == (sweep.name, "1")
    assert found.data.params["kind"] == sweep.trials[1]["params"]["kind"]
    best = sweep.best
    assert best is not None and best["value"] == min(trial["value"] for trial in sweep.trials)


def test_a_loop_that_is_left_by_a_break_finishes_its_trial_and_by_an_exception_fails_it() -> None:
    sweep = mlops.sweep({"x": [1, 2, 3]}, method="grid")
    for trial in sweep:
        break
    with pytest.raises(ZeroDivisionError):
        for trial in sweep:
            trial.report(1 / 0, step=0)
    with pytest.raises(SystemExit):
        for trial in sweep:
            sys.exit(0)
    assert mlops.active_run() is None
    assert [trial["state"] for trial in sweep.trials] == ["finished", "failed", "finished"]
    assert mlops.get_run(sweep.trials[1]["run_id"]).data.tags["mlops.error"].startswith("ZeroDivisionError")


def test_an_exception_in_the_block_of_a_trial_ends_it_and_the_sweep_goes_on_if_told() -> None:
    sweep = mlops.sweep({"x": [1, 2, 3]}, method="grid", on_error="continue")
    for trial in sweep:
        with trial:
            if trial["x"] == 2:
                raise ValueError("two")
            trial.report(trial["x"], step=0)
    assert [(trial["state"], trial["value"]) for trial in sweep.trials] == [
        ("finished", 1.0),
        ("failed", None),
        ("finished", 3.0),
    ]


def test_the_same_seed_gives_the_same_trials_and_a_sweep_is_joined_by_name() -> None:
    first = mlops.sweep(SPACE, max_trials=4, seed=7, name="one").run(loss)
    second = mlops.sweep(SPACE, max_trials=4, seed=7, name="two").run(loss)
    assert [trial["params"] for trial in first.trials] == [trial["params"] for trial in second.trials]
    assert mlops.get_sweep("one").definition == first.definition
    assert mlops.sweep(SPACE, max_trials=4, name="one").take() is None
    with pytest.raises(Conflict):
        mlops.sweep(SPACE, max_trials=5, name="one")
    with pytest.raises(NotFound):
        mlops.get_sweep("three")


def test_early_stopping_tells_a_trial_to_stop() -> None:
    sweep = mlops.sweep({"x": [1, 2, 3]}, "grid", early_stopping={"rule": "median", "min_trials": 1, "after": 2})
    steps = []
    for trial in sweep:
        for step in range(1, 6):
            if trial.report(trial["x"], step=step) == "stop":
                break
        steps.append(step)
        assert trial.should_stop == (step < 5)
    assert steps == [5, 2, 2]
    assert [trial["state"] for trial in sweep.trials] == ["finished", "stopped", "stopped"]
    assert mlops.get_run(sweep.trials[1]["run_id"]).data.tags["mlops.stopped_early"] == "2"


def test_what_an_objective_returns_is_its_value_and_nan_does_not_win() -> None:
    values = iter([float("nan"), 2.0, None, 1.0])
    sweep = mlops.sweep({"x": [1, 2, 3, 4]}, "grid", goal="maximize").run(lambda trial: next(values))
    assert [trial["value"] is None for trial in sweep.trials] == [False, False, True, False]
    best = sweep.best
    assert best is not None and best["number"] == 1


def test_an_objective_that_fails_stops_the_sweep_or_not() -> None:
    def objective(trial: mlops.Trial) -> float:
        if trial["x"] == 1:
            raise ValueError("no")
        return 1.0

    sweep = mlops.sweep({"x": [1, 2]}, "grid", name="stops")
    with pytest.raises(ValueError, match="no"):
        sweep.run(objective)
    assert sweep.status()["left"] == 1
    sweep = mlops.sweep({"x": [1, 2]}, "grid", name="goes on").run(objective, on_error="continue")
    assert [trial["state"] for trial in sweep.trials] == ["failed", "finished"]


def test_four_processes_do_every_trial_once_also_if_one_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(
        "import os, signal, mlops\n"
        "def objective(trial):\n"
        "    if trial.number == 7 and trial.attempt == 1:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return (trial['x'] - 0.3) ** 2\n"
        "if __name__ == '__main__':\n"
        "    sweep = mlops.sweep({'x': {'min': 0.0, 'max': 1.0}}, max_trials=200, seed=1, name='many')\n"
        "    sweep.run(objective, processes=4)\n"
    )
    subprocess.run([sys.executable, str(script)], check=True, cwd=tmp_path, timeout=120)
    sweep = mlops.get_sweep("many")
    assert [(trial["number"], trial["state"]) for trial in sweep.trials] == [(n, "finished") for n in range(200)]
    assert [trial["number"] for trial in sweep.trials if trial["attempt"] > 1] == [7]
    runs = mlops.search_runs(filter_string="status = 'FINISHED'", output_format="list")
    assert len(runs) == 200


def test_an_error_in_a_process_is_raised_here_with_its_traceback(python: Python, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("def objective(trial):\n    raise ValueError(trial['x'])\n")
    done = python(
        """
        import mlops, work
        sweep = mlops.sweep({"x": [1, 2, 3, 4]}, "grid")
        try:
            sweep.run(work.objective, processes=2)
        except mlops.exceptions.InvalidState as error:
            print(error, error.__cause__)
        """,
        PYTHONPATH=str(tmp_path),
    )
    assert "failed: ValueError: " in done.stdout and "Traceback" in done.stdout


def test_a_function_of_a_notebook_runs_in_forked_processes(python: Python) -> None:
    done = python(
        """
        import mlops
        sweep = mlops.sweep({"x": [1, 2, 3, 4]}, "grid")
        sweep.run(lambda trial: trial["x"], processes=2)
        print(sweep.best["params"], len(sweep.trials))
        """
    )
    assert done.stdout == "{'x': 1} 4\n"


def test_progress_is_shown_when_it_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    mlops.sweep({"x": [1, 2]}, "grid", name="shown").run(lambda trial: trial["x"], progress=True)
    shown = capsys.readouterr().err
    assert shown.endswith("shown [####################] 2/2, best loss 1 (trial 0)\n") and "\r" in shown
    mlops.sweep({"x": [1, 2]}, "grid", name="quiet").run(lambda trial: trial["x"])
    assert not capsys.readouterr().err


def test_the_trials_as_a_table() -> None:
    pandas = pytest.importorskip("pandas")
    sweep = mlops.sweep(SPACE, max_trials=2, seed=1).run(loss)
    frame = sweep.to_pandas()
    assert list(frame["params.fixed"]) == [3, 3] and frame["value"].tolist() == [t["value"] for t in sweep.trials]
    assert isinstance(frame["started_at"].dtype, pandas.DatetimeTZDtype)


def test_params_that_the_caller_suggests() -> None:
    sweep = mlops.sweep({"x": {"min": 0, "max": 9}}, "given", max_trials=2)
    assert sweep.take() is None
    trial = sweep.take_given({"x": 4})
    assert trial is not None and trial.params == {"x": 4}
    trial.end()
    with pytest.raises(InvalidArgument, match="space: x"):
        sweep.take_given({"y": 4})


def test_tpe_learns_from_the_trials_of_the_store() -> None:
    pytest.importorskip("optuna")
    space = {"x": {"min": 1e-3, "max": 1.0, "log": True}, "n": range(1, 9, 2), "kind": ["a", "b"], "fixed": True}
    sweep = mlops.sweep(space, "tpe", max_trials=25, seed=3, name="tpe")

    def objective(trial: mlops.Trial) -> float | None:
        if trial.number == 2:
            return None
        return float((trial["x"] - 0.1) ** 2 + (trial["kind"] == "b") + trial["n"] % 2 - 1)

    sweep.run(objective)
    again = mlops.sweep({**space}, "tpe", max_trials=25, seed=3, name="again").run(objective)
    assert [trial["params"] for trial in again.trials] == [trial["params"] for trial in sweep.trials]
    late = [trial["params"]["kind"] for trial in sweep.trials[12:]]
    assert late.count("a") > late.count("b"), "it learns which is better"
    assert all(trial["params"]["n"] in (1, 3, 5, 7) and trial["params"]["fixed"] is True for trial in sweep.trials)
    # Another process joins without being told more than the name.
    assert mlops.get_sweep("tpe").definition["suggested_by"] == "tpe"


def test_without_optuna_tpe_names_the_package(python: Python) -> None:
    code = """
        import sys, mlops
        sys.modules["optuna"] = None
        try:
            mlops.sweep({"x": [1]}, "tpe", max_trials=1)
        except mlops.exceptions.Unsupported as error:
            print(error)
        """
    assert "pip install optuna" in python(code).stdout
    assert issubclass(Unsupported, NotImplementedError)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"space": {"x": {"min": 2, "max": 1}}}, "param `x`"),
        ({"space": {"x": object()}}, "no value of a param"),
        ({"space": {"x": float("nan")}}, "cannot be written"),
        ({"space": []}, "a dict of params"),
        ({"space": {}, "method": "magic"}, "given"),
        ({"space": {}, "on_error": "ignore"}, "on_error"),
        ({"space": {}, "max_trials": None}, "max_trials"),
        ({"space": {}, "early_stopping": "soon"}, "median"),
    ],
)
def test_what_cannot_be_a_sweep_is_named(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidArgument, match=named):
        mlops.sweep(**{"max_trials": 1, **arguments})  # type: ignore[arg-type]


def test_a_store_in_memory_has_one_process(tmp_path: Path) -> None:
    mlops.set_tracking_uri("memory:")
    sweep = mlops.sweep({"x": [1]}, "grid")
    with pytest.raises(InvalidArgument, match="memory"):
        sweep.run(loss, processes=2)
    assert sweep.run(lambda trial: 1.0).status()["finished"] == 1


def test_workers_that_cannot_start_say_why(tmp_path: Path) -> None:
    script = tmp_path / "bad.py"
    script.write_text("import mlops\nmlops.sweep({'x': [1, 2]}, 'grid', name='s').run(print, processes=2, start_method='spawn')\n")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and '__name__ == "__main__"' in done.stderr


