"""What the store holds after real trainings in many processes and three languages at once is what they logged."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import mlops
from conftest import Outcome, Said, Training, eventually


def runs() -> dict[str, mlops.Run]:
    """All runs of the store, by id."""
    found = mlops.search_runs(search_all_experiments=True, output_format="list")
    return {run.info.run_id: run for run in found}


def is_killed(outcome: Outcome, said: Said) -> bool:
    return said.status is None and any(t.killed_after and t.experiment == said.experiment for t in outcome.trainings)


def command(outcome: Outcome, *arguments: str) -> Any:
    """What the command ``mlops`` answers."""
    full = [sys.executable, "-m", "mlops", "--store", str(outcome.store), *arguments]
    done = subprocess.run(full, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def stored(run_id: str, key: str) -> list[tuple[int, float]]:
    history = mlops.MlflowClient().get_metric_history(run_id, key)
    return [(point.step, point.value) for point in history]


def test_every_training_ends_as_it_should_and_is_heard_of(outcome: Outcome) -> None:
    for training in outcome.trainings:
        assert training.process is not None
        said = f"{training.name} said:\n{outcome.output[training.name]}"
        # A library that is missing ends here, too.
        assert training.process.returncode == training.status, said
        assert training.killed_after or "Warning" not in said, said
        assert any(said.experiment == training.experiment for said in outcome.said.values()), training.name


def test_there_is_every_run_and_no_other(outcome: Outcome) -> None:
    names = {experiment.experiment_id: experiment.name for experiment in mlops.search_experiments()}
    found = {run_id: names[run.info.experiment_id] for run_id, run in runs().items()}
    assert found == {said.run_id: said.experiment for said in outcome.said.values()}


def test_every_run_has_ended_as_its_training_said_and_the_killed_are_killed(outcome: Outcome) -> None:
    expected = {said.run_id: said.status or ("KILLED" if is_killed(outcome, said) else "?") for said in outcome.said.values()}

    def statuses() -> dict[str, str]:
        return {run_id: run.info.status for run_id, run in runs().items()}

    eventually(lambda: "RUNNING" not in statuses().values(), lambda: "a run of a process that is gone is still running")
    assert statuses() == expected
    assert all(run.info.start_time <= run.info.end_time for run in runs().values())


def test_every_param_is_there_with_its_type(outcome: Outcome) -> None:
    for run_id, run in runs().items():
        said = outcome.said[run_id]
        assert run.data.params == {key: param["text"] for key, param in said.params.items()}, said
    numbers = Counter((key, param["number"]) for said in outcome.said.values() for key, param in said.params.items())
    for (key, number), count in numbers.items():
        if number is not None:
            clause = f"params.`{key}` = {number!r}"
            found = mlops.search_runs(search_all_experiments=True, filter_string=clause, output_format="list")
            assert len(found) == count, clause


def test_every_point_is_there_and_no_other(outcome: Outcome) -> None:
    count = 0
    for run_id, run in runs().items():
        said = outcome.said[run_id]
        if is_killed(outcome, said):
            continue
        assert sorted(run.data.metrics) == sorted(said.points), said.run_id
        for key, points in said.points.items():
            assert sorted(stored(run_id, key)) == sorted(points), (said.experiment, key)
            assert run.data.metrics[key] == max(points)[1]
            count += len(points)
    assert count > 1000


def test_a_killed_run_has_all_that_was_acknowledged_and_at_most_the_calls_in_flight(outcome: Outcome) -> None:
    killed = [said for said in outcome.said.values() if is_killed(outcome, said)]
    assert len(killed) == sum(training.killed_after is not None for training in outcome.trainings)
    for said in killed:
        more: Counter[int] = Counter()
        for key, points in said.points.items():
            beyond = Counter(stored(said.run_id, key))
            missing = Counter(points) - beyond
            assert not missing, (said.experiment, key, missing)
            beyond.subtract(points)
            more.update(step for step, _ in beyond.elements())
        # A call of each process, that is the points of one step: torch has two workers.
        assert len(more) <= 3, (said.experiment, more)


def test_nested_runs_have_their_parents(outcome: Outcome) -> None:
    found = {run_id: run.info.parent_run_id for run_id, run in runs().items()}
    assert found == {said.run_id: said.parent for said in outcome.said.values()}
    assert len(set(found.values())) >= 4


def test_every_file_is_there_as_it_was(outcome: Outcome) -> None:
    for said in outcome.said.values():
        for path, digest in said.artifacts.items():
            local = Path(mlops.artifacts.download_artifacts(run_id=said.run_id, artifact_path=path))
            assert hashlib.sha256(local.read_bytes()).hexdigest() == digest, (said.experiment, path)
    assert sum(len(said.artifacts) for said in outcome.said.values()) >= 3


def best(outcome: Outcome, training: Training) -> float:
    """The best last value of the training's metric, by what was said."""
    last = [
        max(said.points[training.metric])[1]
        for said in outcome.said.values()
        if said.experiment == training.experiment and training.metric in said.points
    ]
    return max(last) if training.direction == "DESC" else min(last)


def test_a_search_finds_the_best_of_each_training(outcome: Outcome) -> None:
    for training in outcome.trainings:
        if training.killed_after is None:
            found = mlops.search_runs(
                experiment_names=[training.experiment],
                order_by=[f"metrics.`{training.metric}` {training.direction}"],
                max_results=1,
                output_format="list",
            )
            assert found[0].data.metrics[training.metric] == best(outcome, training), training.name


def test_the_models_have_learned(outcome: Outcome) -> None:
    reached = {training.name: best(outcome, training) for training in outcome.trainings}
    assert reached["sklearn"] > 0.9 and reached["rust"] > 0.9
    assert reached["xgboost"] < 0.3 and reached["lightgbm"] < 5000 and reached["sweep"] < 0.3
    assert reached.get("c++", 0) < 0.1 and reached.get("torch", 1) > 0.9


def test_the_command_line_lists_every_run(outcome: Outcome) -> None:
    listed: list[str] = []
    for training in outcome.trainings:
        answer = command(outcome, "runs", "list", "--experiment", training.experiment, "--limit", "1000", "--json")
        listed += [run["run_id"] for run in answer["runs"]]
    assert sorted(listed) == sorted(outcome.said)
    shown = command(outcome, "sweeps", "best", "wines", "--json")
    assert shown["best"]["value"] == best(outcome, next(training for training in outcome.trainings if training.name == "sweep"))


def test_the_check_finds_no_damage(outcome: Outcome) -> None:
    found = command(outcome, "fsck", "--json")
    assert found["findings"] == [] and found["lost"] == [], found


def test_a_report_of_all_is_made(outcome: Outcome, tmp_path: Path) -> None:
    everything = list(runs().values())[:200]
    mlops.report(everything, tmp_path / "report.html", title="All trainings")
    text = (tmp_path / "report.html").read_text()
    assert all(run.info.run_name in text for run in everything)
    command(outcome, "report", "--experiment", "grid", "-o", str(tmp_path / "grid.html"))
    assert (tmp_path / "grid.html").stat().st_size > 10_000
