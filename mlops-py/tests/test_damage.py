"""Damaged bytes, folders that cannot be written, full disks: an error of the right class, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mlops
from mlops.exceptions import Corrupt, InvalidState, OutOfSpace, ReadOnly

CONTENT = random.Random(3).randbytes(2_000_000)


def flip(path: Path, offset: int) -> None:
    """Damages one byte of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 0x40]))


def damage(store: Path, piece: bytes) -> None:
    """Damages the first stored copy of some bytes."""
    for path in (store / "blobs").rglob("*"):
        if path.is_file() and (at := path.read_bytes().find(piece)) >= 0:
            flip(path, at)
            return
    raise AssertionError("the bytes are in no file of the store")


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A mount for the time of a block; skips the test where this user may not make one."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this user may not mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        mlops.set_tracking_uri(None)
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("size", [40_000, len(CONTENT)], ids=["in a pack", "in a file of its own"])
def test_a_flipped_byte_is_never_returned_as_data(size: int, store: Path, tmp_path: Path) -> None:
    content = CONTENT[:size]
    Path("a.bin").write_bytes(content)
    with mlops.start_run() as run:
        mlops.log_artifact("a.bin")
        mlops.log_text("whole", "b.txt")
    mlops.set_tracking_uri(None)
    damage(store, content[size // 2 : size // 2 + 64])

    uri = f"runs:/{run.info.run_id}/a.bin"
    with pytest.raises(Corrupt, match=str(store)) as caught:
        mlops.artifacts.load_bytes(uri)
    assert isinstance(caught.value, OSError) and caught.value.error_code == "INTERNAL_ERROR"
    with pytest.raises(Corrupt):
        mlops.artifacts.download_artifacts(uri, dst_path=tmp_path / "out")
    assert not (tmp_path / "out/a.bin").exists()
    assert mlops.artifacts.load_text(f"runs:/{run.info.run_id}/b.txt") == "whole"
    # Logging the file again heals it.
    with mlops.start_run():
        mlops.log_artifact("a.bin")
        again = mlops.artifacts.load_bytes(mlops.get_artifact_uri("a.bin"))
    assert again == content


def test_a_folder_that_cannot_be_written_says_so(store: Path, tmp_path: Path) -> None:
    with mlops.start_run(run_name="before") as run:
        mlops.log_metric("loss", 0.5)
    run_id = run.info.run_id
    # What holds a run holds its store, and the view would share it.
    del run
    mlops.set_tracking_uri(None)
    with mounted(tmp_path / "view", "--bind", str(store)):
        remounted = subprocess.run(["mount", "-o", "remount,bind,ro", str(tmp_path / "view")], check=False)
        if remounted.returncode != 0:
            pytest.skip("this user may not make a mount read-only")
        mlops.set_tracking_uri(tmp_path / "view")
        with pytest.raises(ReadOnly) as caught:
            mlops.start_run()
        assert isinstance(caught.value, PermissionError) and "view" in str(caught.value)
        assert mlops.active_run() is None
        assert mlops.get_run(run_id).data.metrics == {"loss": 0.5}
        mlops.set_tracking_uri(tmp_path / "view", read_only=True)
        assert mlops.get_run(run_id).data.metrics == {"loss": 0.5}
    assert [found.info.run_name for found in mlops.search_runs(output_format="list")] == ["before"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; the test with a mount covers it")
def test_a_folder_without_permission_says_so(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    mlops.set_tracking_uri(tmp_path / "closed/.mlops")
    with pytest.raises(ReadOnly, match="closed"):
        mlops.start_run()


def fill(folder: Path) -> Path:
    """Takes all the space that is left."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in [65_536, 4_096, 1]:
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return path


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=24m", "tmpfs"):
        mlops.set_tracking_uri(disk / ".mlops")
        with mlops.start_run() as run:
            mlops.log_param("depth", 3)
            filler = fill(disk)
            acknowledged = 0
            with pytest.raises(OutOfSpace) as caught:
                for step in range(100_000):
                    mlops.log_metric("loss", float(step), step=step)
                    acknowledged += 1
            assert isinstance(caught.value, OSError) and caught.value.retryable and str(disk) in str(caught.value)
            # An error told of it: what follows is counted.
            mlops.log_text("x" * 100_000, "large.txt")
            filler.unlink()
            mlops.log_metric("loss", -1.0, step=acknowledged)
            mlops.log_text("small", "small.txt")
            with pytest.warns(RuntimeWarning, match="2 records"):
                mlops.end_run()
        mlops.set_tracking_uri(None)

        mlops.set_tracking_uri(disk / ".mlops")
        found = mlops.get_run(run.info.run_id)
        assert found.info.status == "FINISHED" and found.data.params == {"depth": "3"}
        steps, _, values = mlops.get_metric_series(run.info.run_id, "loss")
        assert list(steps) == list(range(acknowledged + 1))
        assert list(values) == [*map(float, range(acknowledged)), -1.0]
        assert [info.path for info in mlops.artifacts.list_artifacts(run_id=run.info.run_id)] == ["small.txt"]


def test_a_format_file_that_was_changed_is_damage(store: Path) -> None:
    with mlops.start_run():
        pass
    mlops.set_tracking_uri(None)
    text = (store / "format").read_text()
    (store / "format").write_text(text.replace("format 1", "format 9"))
    with pytest.raises(Corrupt, match="format file does not match its checksum; run `mlops fsck --repair`"):
        mlops.start_run()


def test_a_store_that_was_deleted_under_a_process_says_so(store: Path) -> None:
    with mlops.start_run():
        pass
    shutil.rmtree(store)
    for call in [mlops.start_run, mlops.search_runs]:
        with pytest.raises(InvalidState, match=f"{store} was deleted while it was open.*set_tracking_uri"):
            call()
    mlops.set_tracking_uri(None)
    with mlops.start_run() as run:
        pass
    assert mlops.get_run(run.info.run_id).info.status == "FINISHED"
