"""The exceptions are those of the core's table of errors."""

from __future__ import annotations

import builtins
import copy
import inspect
import pickle

import pytest

import mlops
from mlops import _native, exceptions
from mlops.exceptions import MlflowException, MlopsError, NotFound

TABLE = _native.error_table()
NAMES = [name for _, name, *_ in TABLE]


def test_the_module_has_the_classes_of_the_table_and_no_other() -> None:
    found = [
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and issubclass(value, MlopsError) and value is not MlopsError
    ]
    assert found == NAMES


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_class_is_as_its_row_says(row: tuple[int, str, str, str, bool, str]) -> None:
    number, name, base, mlflow_code, retryable, text = row
    kind: type[MlopsError] = getattr(exceptions, name)
    assert issubclass(kind, MlflowException) and issubclass(kind, getattr(builtins, base))
    assert (kind.code, kind.error_code, kind.retryable, kind.__doc__) == (number, mlflow_code, retryable, text)


@pytest.mark.parametrize("name", [*NAMES, "MlopsError"])
def test_an_error_survives_pickle_and_copy(name: str) -> None:
    error: MlopsError = getattr(exceptions, name)("what is wrong")
    error.__notes__ = ["a note"]
    for again in [pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)]:
        assert type(again) is type(error)
        assert str(again) == again.message == "what is wrong"
        assert again.args == ("what is wrong",) and again.error_code == error.error_code


def test_a_code_of_ones_own_is_kept() -> None:
    error = MlflowException("what is wrong", error_code="CUSTOM")
    assert pickle.loads(pickle.dumps(error)).error_code == "CUSTOM"
    assert error.get_http_status_code() == 500
    assert exceptions.NotFound("gone").get_http_status_code() == 404


def test_errors_of_the_core_are_caught_by_every_base() -> None:
    for kind in [exceptions.NotFound, MlopsError, mlops.MlflowException, LookupError, Exception]:
        with pytest.raises(kind, match="run `nobody` does not exist"):
            mlops.get_run("nobody")


def test_messages_begin_lower_and_end_without_a_stop() -> None:
    for call in [lambda: mlops.get_run("nobody"), lambda: mlops.log_metric("a", None), lambda: mlops.set_experiment()]:  # type: ignore[arg-type]
        with pytest.raises(MlopsError) as caught:
            call()
        text = str(caught.value)
        assert text[0].islower() and not text.endswith(".")


def test_an_error_of_the_core_says_what_was_handled_when_it_was_raised() -> None:
    first = KeyError("first")
    with pytest.raises(NotFound) as caught:
        try:
            raise first
        except KeyError:
            mlops.get_run("nowhere")
    assert caught.value.__context__ is first and not caught.value.__suppress_context__
    with pytest.raises(NotFound) as caught:
        mlops.get_run("nowhere")
    assert caught.value.__context__ is None
