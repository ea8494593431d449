"""Alerts are recorded, and told to callbacks and a command of the user's."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import mlops
from conftest import Python


def test_an_alert_is_kept_and_told_once_within_its_wait() -> None:
    told: list[mlops.Alert] = []
    end = mlops.on_alert(told.append)
    with mlops.start_run() as run:
        assert mlops.alert("loss is NaN", "at step 5", level="warn", wait=60)
        assert not mlops.alert("loss is NaN", wait=timedelta(minutes=1))
        assert mlops.alert("loss is NaN")
        assert mlops.alert("another")
        end()
        assert mlops.alert("untold", run_id=run.info.run_id)
    assert [alert.title for alert in told] == ["loss is NaN", "loss is NaN", "another"]
    assert told[0] == mlops.alerts(run.info.run_id)[0]
    first = told[0]
    assert (first.run_id, first.text, first.level, first.at.tzinfo is not None) == (run.info.run_id, "at step 5", "WARN", True)
    assert len(mlops.alerts(run.info.run_id)) == 4
    end()


def test_a_callback_that_fails_is_shown_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", shown.append)

    def fail(alert: mlops.Alert) -> None:
        raise ValueError(alert.title)

    told: list[mlops.Alert] = []
    ends = [mlops.on_alert(fail), mlops.on_alert(told.append)]
    try:
        with mlops.start_run():
            assert mlops.alert("t")
    finally:
        for end in ends:
            end()
    assert len(told) == 1 and isinstance(shown[0].exc_value, ValueError)


def test_what_is_no_alert_is_told() -> None:
    with mlops.start_run():
        for wrong in ({"title": ""}, {"title": "t", "level": "LOUD"}, {"title": "t", "wait": -1}, {"title": "t", "wait": "1h"}):
            with pytest.raises(mlops.exceptions.InvalidArgument):
                mlops.alert(**wrong)  # type: ignore[arg-type]
        with pytest.raises(mlops.exceptions.LimitExceeded):
            mlops.alert("t", "x" * 70_000)
        with pytest.raises(mlops.exceptions.InvalidArgument):
            mlops.on_alert("no callable")  # type: ignore[arg-type]
        assert mlops.alerts() == []


def test_the_users_command_gets_the_alert_and_cannot_hurt_the_run(python: Python, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = json.dumps(["sh", "-c", f"cat > '{out}.tmp'; mv '{out}.tmp' '{out}'; exit 3"])
    code = """
        import mlops
        with mlops.start_run() as run:
            assert mlops.alert("loss is NaN", "text")
        import os, time
        until = time.monotonic() + 50
        while not os.path.exists(OUT) and time.monotonic() < until:
            time.sleep(0.01)
        print(run.info.run_id)
    """.replace("OUT", repr(str(out)))
    run_id = python(code, MLOPS_ALERT_COMMAND=command).stdout.strip()
    found = json.loads(out.read_text())
    assert (found["title"], found["text"], found["level"], found["run_id"]) == ("loss is NaN", "text", "INFO", run_id)
    out.unlink()
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    (config / "config.toml").write_text(f"[alerts]\ncommand = {command}\n")
    run_id = python(code).stdout.strip()
    assert json.loads(out.read_text())["run_id"] == run_id
    out.unlink()
    # One that is not there, and one that a store brings along.
    (config / "config.toml").unlink()
    (tmp_path / ".mlops" / "config.toml").write_text(f"[alerts]\ncommand = {command}\n")
    python("import mlops\nwith mlops.start_run(): assert mlops.alert('t')", MLOPS_ALERT_COMMAND="/no/such/program")
    python("import mlops\nwith mlops.start_run(): assert mlops.alert('t')")
    assert not out.exists()
