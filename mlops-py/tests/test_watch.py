"""Watches of the registry, also while another process promotes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import mlops
import pytest
from mlops.exceptions import InvalidArgument, InvalidState

LONG = 30.0
PROMOTE = """
import sys, mlops
mlops.set_tracking_uri(sys.argv[1])
for line in sys.stdin:
    mlops.registry().promote("fraud", int(line), actor="other")
    print("done", flush=True)
"""


def version(times: int = 2) -> None:
    client = mlops.MlflowClient()
    client.create_registered_model("fraud")
    for _ in range(times):
        client.create_model_version("fraud", "s3://models/fraud")


def test_a_promotion_of_another_process_is_seen_within_a_second(tmp_path: Path) -> None:
    mlops.set_tracking_uri(str(tmp_path / "store"))
    version()
    other = subprocess.Popen(
        [sys.executable, "-c", PROMOTE, str(tmp_path / "store")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None and other.stdout is not None
    took = []
    with mlops.registry().watch("fraud") as watch:
        assert watch.current is None
        for number in (1, 2, 1, 2):
            other.stdin.write(f"{number}\n")
            other.stdin.flush()
            assert other.stdout.readline() == "done\n"
            began = time.monotonic()
            assert watch.wait(LONG)
            took.append(time.monotonic() - began)
            assert (watch.current, watch.generation) == (number, watch.changes)
        assert watch.age < LONG
    other.stdin.close()
    other.stdout.close()
    assert other.wait() == 0
    # A busy machine may be slow once.
    assert sorted(took)[1] < 1.0, took


def test_an_alias_a_slot_and_a_model_that_is_not_there_yet_are_watched() -> None:
    mlops.set_tracking_uri("memory:")
    registry = mlops.registry()
    watches = [registry.watch("fraud"), registry.watch("fraud", "eu"), registry.watch("fraud", alias="champion")]
    version()
    mlops.MlflowClient().set_registered_model_alias("fraud", "champion", 2)
    registry.promote("fraud", 1, slot="eu")
    registry.promote("fraud", 2)
    assert all(watch.wait(LONG) for watch in watches)
    assert [watch.current for watch in watches] == [2, 1, 2]
    assert [watch.changed() for watch in watches] == [False] * 3
    assert not watches[0].wait(0.01)
    with pytest.raises(InvalidArgument, match="one of the two"):
        registry.watch("fraud", "eu", alias="champion")
    with pytest.raises(InvalidArgument, match="a/b"):
        registry.watch("a/b")


def test_a_callback_is_told_until_it_is_ended_and_a_closed_watch_says_so() -> None:
    mlops.set_tracking_uri("memory:")
    version()
    watch = mlops.registry().watch("fraud")
    told: list[int | None] = []
    was_told = threading.Event()

    def tell(number: int | None) -> None:
        told.append(number)
        was_told.set()

    end = watch.on_change(tell)
    mlops.registry().promote("fraud", 1)
    assert was_told.wait(LONG) and told == [1]
    end()
    watch.close()
    watch.close()
    assert repr(watch) == "<mlops.Watch: closed>"
    with pytest.raises(InvalidState, match="closed"):
        assert watch.current


def test_uris_name_versions_as_the_core_reads_them() -> None:
    mlops.set_tracking_uri("memory:")
    version()
    client = mlops.MlflowClient()
    client.set_registered_model_alias("fraud", "champion", 1)
    for uri, part in [("models:/fraud/best", "models:/fraud@best"), ("models:/fraud/1/2", "models:/<name>@<alias>")]:
        with pytest.raises(InvalidArgument, match=part):
            client.copy_model_version(uri, "copy")
