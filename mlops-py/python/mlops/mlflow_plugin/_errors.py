"""Errors of the store as MLflow's."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import ErrorCode

from ..exceptions import InvalidState, MlopsError

_Class = TypeVar("_Class", bound=type)


def failure(message: str, code: str) -> Exception:
    """An error of MLflow."""
    number = ErrorCode.Value(code) if code in ErrorCode.keys() else ErrorCode.Value("INTERNAL_ERROR")
    error: Exception = MlflowException(message, error_code=number)
    return error


def translated(error: MlopsError) -> Exception:
    """The error that MLflow's own store raises for the same. To log to what is deleted is a bad argument there."""
    code = "INVALID_PARAMETER_VALUE" if isinstance(error, InvalidState) else error.error_code
    return failure(error.message, code)


def _guarded(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except MlopsError as error:
            raise translated(error) from error

    return guarded


def guard(cls: _Class) -> _Class:
    """Has all methods of a class, those of its bases in this package too, raise MLflow's errors."""
    for base in reversed(cls.__mro__):
        if base.__module__.startswith(f"{__package__}."):
            for name, found in list(vars(base).items()):
                if inspect.isfunction(found):
                    setattr(cls, name, _guarded(found))
    return cls


def refuse_what_is_missing(cls: _Class, reason: str) -> _Class:
    """Has methods that MLflow's base classes leave open answer "not implemented", which its server and UI understand."""
    for base in cls.__mro__:
        if not base.__module__.startswith("mlflow.store."):
            continue
        for name, found in list(vars(base).items()):
            if inspect.isfunction(found) and not name.startswith("__") and getattr(cls, name) is found:
                setattr(cls, name, _refusing(found, reason))
    return cls


def _refusing(call: Callable[..., Any], reason: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def refusing(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except NotImplementedError as error:
            raise failure(f"{call.__name__}: {reason}", "NOT_IMPLEMENTED") from error

    return refusing
