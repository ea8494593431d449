"""Params are set once, tags may change; both are text."""

from __future__ import annotations

import enum
import pathlib
from typing import Any

import numpy
import pytest

import mlops
from mlops.exceptions import Conflict, InvalidArgument, LimitExceeded, NotFound


class Color(enum.IntEnum):
    RED = 1


VALUES: list[tuple[Any, str, str]] = [
    (0.001, "0.001", "float"),
    (1e-5, "1e-05", "float"),
    (1e16, "1e+16", "float"),
    (float("inf"), "inf", "float"),
    (float("nan"), "nan", "float"),
    (3, "3", "int"),
    (2**63 - 1, str(2**63 - 1), "int"),
    (2**70, str(2**70), "text"),
    (True, "True", "bool"),
    (None, "None", "none"),
    ("text", "text", "text"),
    ("", "", "text"),
    ("line\nline\t\x00", "line\nline\t\x00", "text"),
    ([1, "a"], "[1, 'a']", "text"),
    (pathlib.PurePosixPath("a/b"), "a/b", "text"),
    (Color.RED, str(Color.RED), "text"),
    (numpy.int64(3), "3", "int"),
    (numpy.bool_(False), "False", "bool"),
    (numpy.float64(0.1), "0.1", "float"),
    (numpy.float32(0.1), "0.1", "float"),
    (numpy.array([1, 2]), "[1 2]", "text"),
]


@pytest.mark.parametrize(("value", "text", "kind"), VALUES, ids=[f"{type(v).__name__} {t[:9]!r}" for v, t, _ in VALUES])
def test_a_param_is_the_text_of_its_value(value: Any, text: str, kind: str) -> None:
    with mlops.start_run() as run:
        assert mlops.log_param("one", value) is value
        mlops.log_params({"two": value})
        mlops.log_param("one", value)
        mlops.log_param("one", text)
    data = mlops.get_run(run.info.run_id).data
    assert data.params == {"one": text, "two": text}
    assert str(value) == text and data.param_types["two"] == kind


def test_another_value_is_a_conflict_and_changes_nothing() -> None:
    with mlops.start_run() as run:
        mlops.log_param("depth", 3)
        for call in [
            lambda: mlops.log_param("depth", 4),
            lambda: mlops.log_params({"new": 1, "depth": "4"}),
            lambda: mlops.MlflowClient().log_param(run.info.run_id, "depth", 4),
        ]:
            with pytest.raises(Conflict, match=f"param `depth` of run `{run.info.run_id}` is already `3` and cannot change to `4`"):
                call()
    assert mlops.get_run(run.info.run_id).data.params == {"depth": "3"}


def test_a_conflict_is_seen_by_later_processes_too() -> None:
    with mlops.start_run() as run:
        mlops.log_param("depth", 3)
    mlops.set_tracking_uri(None)
    with mlops.start_run(run_id=run.info.run_id), pytest.raises(Conflict, match="already `3`"):
        mlops.log_param("depth", 4)


def test_long_values_are_kept_whole() -> None:
    long = "ä" * 1_000_000
    with mlops.start_run(tags={"start": long}) as run:
        mlops.log_param("long", long)
        mlops.set_tag("long", long)
    data = mlops.get_run(run.info.run_id).data
    assert data.params == {"long": long} and data.tags["long"] == data.tags["start"] == long


def test_values_above_the_limit_are_refused() -> None:
    huge = "x" * (16 * 1024 * 1024 + 1)
    with mlops.start_run() as run:
        for call in [
            lambda: mlops.log_param("huge", huge),
            lambda: mlops.set_tag("huge", huge),
            lambda: mlops.set_tags({"good": 1, "huge": huge}),
        ]:
            with pytest.raises(LimitExceeded, match="16777217 bytes, over the limit of 16777216"):
                call()
    data = mlops.get_run(run.info.run_id).data
    assert data.params == {} and not {"good", "huge"} & set(data.tags)


def test_tags_change_and_go() -> None:
    with mlops.start_run(tags={"stage": "draft"}) as run:
        mlops.set_tag("stage", "final")
        mlops.set_tags({"a": 1, "b": None, "c": [1]})
        mlops.delete_tag("a")
        with pytest.raises(NotFound, match=f"tag `never there` does not exist in run `{run.info.run_id}`"):
            mlops.delete_tag("never there")
        with pytest.raises(mlops.MlflowException) as raised:
            mlops.MlflowClient().delete_tag(run.info.run_id, "a")
        assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    tags = mlops.get_run(run.info.run_id).data.tags
    assert {key: tags[key] for key in tags if not key.startswith("mlflow.")} == {"stage": "final", "b": "None", "c": "[1]"}


def test_the_name_and_its_tag_are_one() -> None:
    with mlops.start_run(run_name="before") as run:
        mlops.set_tag("mlflow.runName", "after")
        assert mlops.get_run(run.info.run_id).info.run_name == "after"
        mlops.MlflowClient().update_run(run.info.run_id, name="third")
    found = mlops.get_run(run.info.run_id)
    assert found.info.run_name == found.data.tags["mlflow.runName"] == "third"


def test_what_has_no_keys_is_refused() -> None:
    with mlops.start_run():
        for bad in [["a"], "a", 3]:
            with pytest.raises(InvalidArgument, match="expected a dict"):
                mlops.set_tags(bad)  # type: ignore[arg-type]
            with pytest.raises(InvalidArgument, match="expected a dict"):
                mlops.log_params(bad)  # type: ignore[arg-type]


def test_a_value_that_has_no_text_raises_its_own_error() -> None:
    class Shy:
        def __str__(self) -> str:
            raise ZeroDivisionError("no text")

    with mlops.start_run() as run, pytest.raises(ZeroDivisionError, match="no text"):
        mlops.log_param("shy", Shy())
    assert mlops.get_run(run.info.run_id).data.params == {}
