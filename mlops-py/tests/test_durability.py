"""When a call is acknowledged, and what becomes of what a full disk does not take."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from test_damage import fill, mounted

import mlops
from mlops.exceptions import InvalidArgument, OutOfSpace

Python = Callable[..., "subprocess.CompletedProcess[str]"]
DROPPED = "mlops.dropped_records"


def everything(durability: str | None) -> None:
    level: dict[str, str] = {} if durability is None else {"durability": durability}
    mlops.log_metric("loss", 0.5, **level)
    mlops.log_metrics({"loss": 0.4, "accuracy": 0.9}, step=1, **level)
    mlops.log_series("curve", [0.1, 0.2], **level)
    mlops.log_param("depth", 3, **level)
    mlops.log_params({"width": 4}, **level)
    mlops.set_tag("owner", "ada", **level)
    mlops.set_tags({"team": "x"}, **level)
    mlops.delete_tag("team", **level)
    mlops.log_text("text", "text.txt", **level)
    mlops.log_dict({"a": 1}, "a.json", **level)
    Path("file.txt").write_text("content")
    mlops.log_artifact("file.txt", **level)


@pytest.mark.parametrize("durability", [None, "fast", "full"])
def test_every_log_call_takes_a_durability(durability: str | None) -> None:
    with mlops.start_run() as run:
        everything(durability)
    data = mlops.get_run(run.info.run_id).data
    assert data.metrics == {"loss": 0.4, "accuracy": 0.9, "curve": 0.2}
    assert data.params == {"depth": "3", "width": "4"} and data.tags["owner"] == "ada" and "team" not in data.tags


def test_the_client_takes_it_too() -> None:
    client = mlops.MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "loss", 0.5, durability="full")
    client.log_param(run_id, "depth", 3, durability="full")
    client.set_tag(run_id, "owner", "ada", durability="full")
    client.log_batch(run_id, [mlops.entities.Metric("loss", 0.4, 0, 1)], durability="full")
    client.log_text(run_id, "text", "text.txt", durability="full")
    client.set_terminated(run_id)
    assert client.get_run(run_id).data.metrics == {"loss": 0.4}


def test_a_level_that_there_is_not_is_named() -> None:
    with mlops.start_run():
        for call in (
            lambda: mlops.log_metric("loss", 0.5, durability="fsync"),  # type: ignore[arg-type]
            lambda: mlops.set_tracking_uri(None, durability="fsync"),  # type: ignore[arg-type]
        ):
            with pytest.raises(InvalidArgument, match=r"fsync.*expected `fast` or `full`"):
                call()
        mlops.log_metric("loss", 0.5)


def test_the_environment_gives_the_default_and_a_wrong_value_is_an_error(
    python: Python, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_DURABILITY", "full")
    with mlops.start_run():
        everything(None)
    mlops.set_tracking_uri(None)
    monkeypatch.setenv("MLOPS_DURABILITY", "fsync")
    with pytest.raises(InvalidArgument, match="MLOPS_DURABILITY `fsync` is not valid: expected `fast` or `full`"):
        mlops.start_run()
    mlops.set_tracking_uri(None, durability="full")
    with mlops.start_run():
        everything("fast")


@pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's")
@pytest.mark.parametrize(
    ("how", "syncs"),
    [
        ('mlops.log_metric("loss", 0.5, step=step)', False),
        ('mlops.log_metric("loss", 0.5, step=step, durability="full")', True),
        ('mlops.log_param(f"p{step}", "x" * 10_000, durability="full")', True),
    ],
)
def test_a_full_call_is_forced_to_the_disk_before_it_returns(how: str, syncs: bool, tmp_path: Path) -> None:
    code = f"""
import os, mlops
run = mlops.start_run()
for step in range(100):
    {how}
os._exit(0)
"""
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-c", "-e", "trace=fdatasync", "-o", str(trace), sys.executable, "-c", code]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody trace")
    calls = [line.split() for line in trace.read_text().splitlines() if line.endswith("fdatasync")]
    count = int(calls[0][3]) if calls else 0
    assert count >= 100 if syncs else count < 50, trace.read_text()


def test_a_full_disk_stops_nobody_and_the_end_says_what_is_missing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=24m", "tmpfs"):
        mlops.set_tracking_uri(disk / ".mlops")
        run = mlops.start_run()
        filler = fill(disk)
        with pytest.raises(OutOfSpace):
            for step in range(100_000):
                mlops.log_metric("loss", 1.0, step=step)
        for step in range(50):
            mlops.log_metric("loss", 1.0, step=step)
        mlops.log_text("x" * 100_000, "large.txt")
        with pytest.raises(OutOfSpace):
            mlops.log_metric("loss", 1.0, durability="full")
        filler.unlink()
        with pytest.warns(RuntimeWarning, match="53 records of run .* could not be kept because the disk was full"):
            mlops.end_run()
        assert mlops.active_run() is None
        mlops.set_tracking_uri(None)
        mlops.set_tracking_uri(disk / ".mlops")
        found = mlops.get_run(run.info.run_id)
        assert found.info.status == "FINISHED" and found.data.tags[DROPPED] == "53"
        mlops.set_tracking_uri(None)


def test_a_process_that_ends_by_itself_notes_what_is_missing(tmp_path: Path, python: Python) -> None:
    disk = tmp_path / "disk"
    code = """
        import sys, mlops
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from test_damage import fill
        disk = Path(sys.argv[1])
        mlops.set_tracking_uri(disk / ".mlops")
        run = mlops.start_run(run_name="alone")
        filler = fill(disk)
        try:
            for step in range(100_000):
                mlops.log_metric("loss", 1.0, step=step)
        except mlops.exceptions.OutOfSpace:
            pass
        mlops.log_metric("loss", 1.0)
        filler.unlink()
    """
    with mounted(disk, "-t", "tmpfs", "-o", "size=24m", "tmpfs"):
        python(code, str(disk), str(Path(__file__).parent))
        mlops.set_tracking_uri(disk / ".mlops")
        [found] = mlops.search_runs(output_format="list")
        assert found.data.tags[DROPPED] == "2" and found.info.status == "FINISHED"
        mlops.set_tracking_uri(None)


def test_an_end_without_room_is_a_warning_too(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=24m", "tmpfs"):
        mlops.set_tracking_uri(disk / ".mlops")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with mlops.start_run() as run:
                filler = fill(disk)
                with pytest.raises(OutOfSpace):
                    for step in range(100_000):
                        mlops.log_metric("loss", 1.0, step=step)
        assert "its end is written as soon as there is room" in str(caught[-1].message)
        filler.unlink()
        mlops.set_tracking_uri(None)
        mlops.set_tracking_uri(disk / ".mlops")
        found = mlops.get_run(run.info.run_id)
        assert found.info.status == "FINISHED" and found.data.tags[DROPPED] == "1"
        mlops.set_tracking_uri(None)
