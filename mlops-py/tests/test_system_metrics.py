"""The machine, measured while a run is under way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

import mlops
from mlops.exceptions import InvalidArgument

NAMES = {
    "system/cpu_utilization_percentage",
    "system/system_memory_usage_megabytes",
    "system/system_memory_usage_percentage",
    "system/disk_usage_megabytes",
    "system/disk_usage_percentage",
    "system/disk_available_megabytes",
    "system/network_receive_megabytes",
    "system/network_transmit_megabytes",
}


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    yield
    from mlops import _system

    _system._enabled = _system._interval = _system._samples = _system._node_id = None


def measured(run: mlops.Run) -> set[str]:
    return {key for key in mlops.get_run(run.info.run_id).data.metrics if key.startswith("system/")}


def wait_for(run: mlops.Run, key: str, points: int) -> None:
    until = monotonic() + 30
    while len(mlops.MlflowClient().get_metric_history(run.info.run_id, key)) < points:
        assert monotonic() < until, f"{key} does not come"
        sleep(0.005)


def test_a_run_measures_the_machine_when_it_is_told_to() -> None:
    with mlops.start_run() as plain:
        pass
    with mlops.start_run(log_system_metrics=True) as run:
        mlops.log_metric("loss", 0.5)
    assert measured(plain) == set() and measured(run) >= NAMES
    found = mlops.get_run(run.info.run_id).data
    assert found.metrics["loss"] == 0.5 and 0 < found.metrics["system/system_memory_usage_percentage"] <= 100


def test_it_is_turned_on_and_off_for_all_runs() -> None:
    mlops.enable_system_metrics_logging()
    mlops.set_system_metrics_sampling_interval(0.005)
    mlops.set_system_metrics_samples_before_logging(2)
    mlops.set_system_metrics_node_id("node-7")
    key = "system/node-7/disk_usage_percentage"
    with mlops.start_run() as run:
        wait_for(run, key, 3)
        with mlops.start_run(nested=True, log_system_metrics=False) as child:
            pass
    mlops.disable_system_metrics_logging()
    with mlops.start_run() as after:
        pass
    assert measured(child) == measured(after) == set()
    history = mlops.MlflowClient().get_metric_history(run.info.run_id, key)
    assert [point.step for point in history] == list(range(len(history)))
    # A run that goes on counts on.
    with mlops.start_run(run_id=run.info.run_id, log_system_metrics=True):
        pass
    assert mlops.MlflowClient().get_metric_history(run.info.run_id, key)[-1].step == len(history)


@pytest.mark.parametrize("prefix", ["MLOPS", "MLFLOW"])
def test_the_environment_turns_it_on(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{prefix}_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    monkeypatch.setenv(f"{prefix}_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.01")
    monkeypatch.setenv(f"{prefix}_SYSTEM_METRICS_NODE_ID", "n")
    with mlops.start_run() as run:
        wait_for(run, "system/n/cpu_utilization_percentage", 2)
    with mlops.start_run(log_system_metrics=False) as quiet:
        pass
    assert measured(quiet) == set()
    monkeypatch.setenv(f"{prefix}_ENABLE_SYSTEM_METRICS_LOGGING", "perhaps")
    with pytest.raises(InvalidArgument, match=f"{prefix}_ENABLE_SYSTEM_METRICS_LOGGING is 'perhaps'"):
        mlops.start_run()
    assert mlops.active_run() is None


def test_settings_out_of_range_are_refused() -> None:
    for bad in [0, -1, "soon", float("nan")]:
        with pytest.raises(InvalidArgument):
            mlops.set_system_metrics_sampling_interval(bad)  # type: ignore[arg-type]
    for bad in [0, -1, 1.5, "x"]:
        with pytest.raises(InvalidArgument):
            mlops.set_system_metrics_samples_before_logging(bad)  # type: ignore[arg-type]


GPU = """#!/bin/sh
echo "$@" > asked
echo "0, 37, 1024, 4096, 75.50, 300.00"
echo "1, [N/A], 2048, 4096, [Not Supported], [N/A]"
"""


def nvidia_smi(folder: Path, text: str) -> str:
    (folder / "bin").mkdir()
    program = folder / "bin/nvidia-smi"
    program.write_text(text)
    program.chmod(0o755)
    return f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"


CODE = """
import time, mlops
mlops.set_system_metrics_sampling_interval(0.02)
with mlops.start_run(log_system_metrics=True) as run:
    until = time.monotonic() + 30
    while mlops.get_run(run.info.run_id).data.metrics.get("system/disk_usage_percentage") is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    began = time.monotonic()
assert time.monotonic() - began < 4, "the end waits for nvidia-smi"
"""


def test_graphics_cards_are_those_that_nvidia_smi_tells_of(
    tmp_path: Path, python: Callable[..., Any], only_run: Callable[[], mlops.Run]
) -> None:
    python(CODE, PATH=nvidia_smi(tmp_path, GPU))
    metrics = only_run().data.metrics
    assert {key: metrics[key] for key in metrics if "gpu" in key} == {
        "system/gpu_0_utilization_percentage": 37,
        "system/gpu_0_memory_usage_megabytes": 1073.7,
        "system/gpu_0_memory_usage_percentage": 25,
        "system/gpu_0_power_usage_watts": 75.5,
        "system/gpu_0_power_usage_percentage": 25.2,
        "system/gpu_1_memory_usage_megabytes": 2147.5,
        "system/gpu_1_memory_usage_percentage": 50,
    }
    assert "--format=csv,noheader,nounits" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 9\n", "#!/bin/sh\necho broken\n", "no program"])
def test_an_nvidia_smi_that_fails_leaves_the_rest(
    text: str, tmp_path: Path, python: Callable[..., Any], only_run: Callable[[], mlops.Run]
) -> None:
    python(CODE, PATH=nvidia_smi(tmp_path, text))
    run = only_run()
    assert run.info.status == "FINISHED" and measured(run) == NAMES


def test_a_process_that_forks_is_measured_on(python: Callable[..., Any], only_run: Callable[[], mlops.Run]) -> None:
    python(
        """
        import os, mlops
        mlops.set_system_metrics_sampling_interval(0.01)
        mlops.start_run(log_system_metrics=True)
        for step in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
            mlops.log_metric("loss", step, step=step)
        # Nobody ends the run.
        """
    )
    run = only_run()
    assert run.info.status == "FINISHED" and measured(run) == NAMES
