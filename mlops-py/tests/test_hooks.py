"""Events of the registry reach commands and callables: each at least once and in order, whoever is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlops
from conftest import Python, python_command

PATIENCE = 60
COMMAND = str(Path(sys.executable).parent / "mlops")


def until(true: Callable[[], object], what: str) -> None:
    """Waits for something that other processes do."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def command(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 or not check, done.stderr
    return done


def hook(tmp_path: Path, script: str, name: str = "tell", on: str = '"*"', more: str = "") -> Path:
    """A hook of the user's that runs a line of Python with the event as ``event`` and a file ``told`` to write to."""
    told = tmp_path / f"{name}.told"
    code = f"import json, os, sys, time; event = json.load(sys.stdin); told = open({str(told)!r}, 'a'); {script}"
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    with (config / "config.toml").open("a") as file:
        words = json.dumps([sys.executable, "-c", code])
        file.write(f"[hooks.{name}]\non = {on}\ncommand = {words}\n{more}\n")
    return told


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def version(model: str = "fraud") -> int:
    client = mlops.MlflowClient()
    try:
        client.create_registered_model(model)
    except mlops.exceptions.MlopsError:
        pass
    return int(client.create_model_version(model, "s3://models/fraud").version)


def test_a_command_gets_the_event_and_the_environment_and_no_shell(tmp_path: Path, store: Path) -> None:
    names = "MLOPS_HOOK MLOPS_EVENT MLOPS_EVENT_SEQ MLOPS_MODEL MLOPS_VERSION MLOPS_STORE"
    script = f"print(json.dumps([event, *(os.environ[name] for name in {names.split()!r})]), file=told)"
    told = hook(tmp_path, script, on='["promoted", "rolled_back"]', more='model = "fraud"')
    version(), version(), version("other")
    registry = mlops.registry()
    registry.promote("other", 1)
    done = registry.promote("fraud", 1, reason="better; touch $(hostname) `id`")
    until(lambda: len(lines(told)) == 1, "the hook is not run")
    event, name, action, seq, model, number, uri = json.loads(lines(told)[0])
    assert (event["seq"], event["reason"]) == (done["event"], "better; touch $(hostname) `id`")
    assert (name, action, int(seq), model, number, uri) == ("tell", "stage_changed", done["event"], "fraud", "1", str(store))
    assert event in registry.history("fraud")


def test_a_process_that_ends_after_its_change_has_told_it(tmp_path: Path, python: Python) -> None:
    told = hook(tmp_path, "time.sleep(0.3); print(event['seq'], file=told)")
    python("""
        import mlops
        mlops.MlflowClient().create_registered_model("fraud")
    """)
    assert lines(told) == ["1"]
    command("models", "alias", "fraud", "none", "--delete")
    assert lines(told) == ["1"], "nothing changed"


def test_a_hook_that_fails_stops_no_change_and_is_tried_again(tmp_path: Path) -> None:
    flag = tmp_path / "works"
    script = f"os.path.exists({str(flag)!r}) or sys.exit('no network'); print(event['seq'], file=told)"
    told = hook(tmp_path, script)
    mlops.MlflowClient().create_registered_model("fraud")
    version()

    def state() -> Any:
        return json.loads(command("models", "hooks", "list", "--json").stdout)["hooks"][0]["state"]

    until(lambda: state()["failures"] >= 2, "it is not tried again")
    assert (state()["seq"], state()["why"]) == (0, "it ended with 1: no network")
    assert "no network" in command("models", "hooks", "list").stdout
    tried = command("models", "hooks", "test", "tell", "--event", "1", check=False)
    assert tried.returncode != 0 and "no network" in tried.stderr
    flag.touch()
    until(lambda: lines(told) == ["1", "2"], "it is not tried again")
    assert state()["failures"] == 0
    assert json.loads(command("models", "hooks", "test", "tell", "--json").stdout)["ok"] is True
    assert state()["seq"] == 2 and lines(told)[-1] == "2"


def test_an_event_that_a_hook_does_not_take_can_be_left_out(tmp_path: Path) -> None:
    told = hook(tmp_path, "event['seq'] == 1 and sys.exit(7); print(event['seq'], file=told)")
    mlops.MlflowClient().create_registered_model("fraud")
    version()
    until(lambda: json.loads(command("models", "hooks", "list", "--json").stdout)["hooks"][0]["state"]["failures"], "?")
    failed = command("models", "hooks", "run", check=False)
    assert failed.returncode != 0 and "it ended with 7" in failed.stderr and "hooks skip tell" in failed.stderr
    assert json.loads(command("models", "hooks", "skip", "tell", "--json").stdout)["seq"] == 1
    command("models", "hooks", "run")
    until(lambda: lines(told) == ["2"], "it does not go on")


def test_a_hook_that_hangs_is_killed_and_one_that_is_wrong_is_named(tmp_path: Path) -> None:
    hook(tmp_path, "time.sleep(600)", more="timeout = 0.2")
    mlops.MlflowClient().create_registered_model("fraud")

    def why() -> Any:
        state = json.loads(command("models", "hooks", "list", "--json").stdout)["hooks"][0]["state"]
        return state["why"]

    until(why, "it is not killed")
    assert why() == "it took longer than 0.2 s and was killed"
    hook(tmp_path, "pass", name="wrong", on='"promotd"')
    version()
    wrong = command("models", "hooks", "list", check=False)
    assert wrong.returncode == 2 and "promotd" in wrong.stderr


def test_a_hook_may_change_the_registry_and_other_hooks_are_told(tmp_path: Path) -> None:
    change = f"import subprocess; subprocess.run([{COMMAND!r}, 'models', 'alias', 'fraud', 'seen', '1'], check=True)"
    made = hook(tmp_path, f"{change}; print(event['seq'], file=told)", name="z", on='"registered"')
    told = hook(tmp_path, "print(event['detail'], file=told)", name="a", on='"alias_set"')
    version()
    until(lambda: lines(told) == ["seen"], "the other hook is not told")
    assert lines(made) == ["2"]


def test_a_killed_deliverer_leaves_out_no_event(tmp_path: Path, store: Path) -> None:
    told = hook(tmp_path, "time.sleep(0.02); print(event['seq'], file=told, flush=True); time.sleep(0.02)")
    other = {**os.environ, "MLOPS_CONFIG_DIR": str(tmp_path / "nobody")}
    mlops.registry().head()
    command("models", "hooks", "run")
    making = python_command("""
        import mlops
        for number in range(60):
            mlops.MlflowClient().create_registered_model(f"model {number}")
    """)
    subprocess.run(making, env=other, check=True, timeout=PATIENCE)
    follow = [COMMAND, "models", "hooks", "run", "--follow"]
    for round in range(1, 7):
        process = subprocess.Popen(follow, stdout=subprocess.DEVNULL, start_new_session=True)
        until(lambda: len(lines(told)) >= round * 6, "it does not deliver")
        process.send_signal(signal.SIGKILL)
        process.wait()
    command("models", "hooks", "run")
    seen = [int(line) for line in lines(told)]
    assert sorted(set(seen)) == list(range(1, 61))
    # What was under way at the kill may come again; nothing comes before what is before it.
    highest = 0
    for seq in seen:
        assert seq <= highest + 1
        highest = max(highest, seq)


def test_a_killed_listener_is_called_again_with_what_it_had_not_done(tmp_path: Path) -> None:
    told = tmp_path / "told"
    listening = python_command("""
        import sys, time
        import mlops
        def listen(event):
            with open(sys.argv[1], "a") as file:
                file.write(f"{event['seq']}\\n")
            time.sleep(0.01)
        with mlops.registry().on("*", listen, name="listener", after=0):
            time.sleep(600)
    """, str(told))
    for number in range(40):
        mlops.MlflowClient().create_registered_model(f"model {number}")
    for round in range(1, 6):
        process = subprocess.Popen(listening)
        until(lambda: len(lines(told)) >= round * 8, "it is not called")
        process.kill()
        process.wait()
    process = subprocess.Popen(listening)
    until(lambda: "40" in lines(told), "it does not catch up")
    process.kill()
    process.wait()
    assert sorted({int(line) for line in lines(told)}) == list(range(1, 41))
    assert len(lines(told)) <= 40 + 6, "only what was under way comes again"


def test_a_callable_is_called_in_order_and_again_if_it_raises(capfd: pytest.CaptureFixture[str]) -> None:
    registry = mlops.registry()
    calls: list[tuple[str, int | None]] = []

    def listen(event: dict[str, Any]) -> None:
        calls.append((event["action"], event["version"]))
        if len(calls) == 1:
            raise RuntimeError("not yet")

    with registry.on(["registered", "promoted"], listen, model="Fraud") as subscription:
        version(), version("other"), version()
        registry.promote("fraud", 2)
        until(lambda: len(calls) == 4, "it is not called")
        assert repr(subscription) == "<EventSubscription: under way>"
    assert calls == [("version_created", 1), ("version_created", 1), ("version_created", 2), ("stage_changed", 2)]
    version()
    assert "RuntimeError: not yet" in capfd.readouterr().err
    assert len(calls) == 4
    with pytest.raises(mlops.exceptions.InvalidArgument, match="promotd"):
        registry.on("promotd", listen)
    with pytest.raises(mlops.exceptions.InvalidArgument, match="something to call"):
        registry.on("promoted", "print")  # type: ignore[arg-type]


def test_what_happened_while_nobody_listened_comes_under_a_name() -> None:
    registry = mlops.registry()
    first: list[int] = []
    with registry.on("*", lambda event: first.append(event["seq"]), name="billing"):
        version()
        until(lambda: first == [1, 2], "it is not called")
    version()
    second: list[int] = []
    with registry.on("*", lambda event: second.append(event["seq"]), name="billing"):
        until(lambda: second == [3], "it does not catch up")


def test_events_are_followed_across_processes(store: Path) -> None:
    version()
    follow = [COMMAND, "models", "events", "--follow", "--json", "--after", "1"]
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["action"] == "version_created"
        mlops.registry().promote("fraud", 1)
        assert json.loads(process.stdout.readline())["to"] == "Production"
        process.kill()
    told = command("models", "events", "--on", "promoted", "--model", "FRAUD").stdout
    assert told.startswith("fraud event 3, ") and told.count("\n") == 1


def test_a_gate_is_noted_by_the_command_line(tmp_path: Path) -> None:
    version(), version()
    mlops.registry().promote("fraud", 1)
    report = tmp_path / "report.json"
    report.write_text('{"slices": []}')
    words = ["models", "gate", "record", "fraud", "2", "auc", "pass", "--against", "production", "--metric", "auc=0.9"]
    noted = json.loads(command(*words, "--report", str(report), "--data", "blake3:4f", "--json").stdout)
    assert (noted["verdict"], noted["baseline"], noted["report"], noted["data"]) == ("pass", 1, {"slices": []}, "blake3:4f")
    said = command("models", "gate", "record", "fraud", "2", "auc", "pass", "--metric", "auc=nan").stdout
    assert said == "version 2 of `fraud` at the gate `auc` against nothing: error: the metric `auc` is NaN\n"
    assert command("models", "gate", "record", "fraud", "2", "auc", "maybe", check=False).returncode == 2
