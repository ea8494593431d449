"""The exceptions of mlops: one base, one class for each row of the core's table of errors.

Every class also derives from the builtin exception that fits, so ``except LookupError`` works too.
``tests/test_exceptions.py`` holds this module against the table.
"""

from __future__ import annotations

import sys

class MlopsError(Exception):
    """The base of all errors of mlops. MLflow's name for it is :data:`MlflowException`.

    ``error_code`` is the code that MLflow's clients expect, ``code`` the stable number of the row.
    """

    code: int = 16
    error_code: str = "INTERNAL_ERROR"
    retryable: bool = False

    def __init__(self, message: str = "", error_code: str | None = None) -> None:
        super().__init__(message)
        # Python chains what is raised in Python; errors of the core are raised natively.
        self.__context__ = sys.exc_info()[1]
        self.message = message
        if error_code is not None:
            self.error_code = error_code

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type[MlopsError], tuple[str, str]]:
        return type(self), (self.message, self.error_code)

    @classmethod
    def invalid_parameter_value(cls, message: str) -> InvalidArgument:
        """An error that says that an argument is not what it must be."""
        return InvalidArgument(message)

    def serialize_as_json(self) -> str:
        """Code and message, as MLflow's server answers with them."""
        import json

        return json.dumps({"error_code": self.error_code, "message": self.message})

    def get_http_status_code(self) -> int:
        """The HTTP status that MLflow's server answers with for this error."""
        return {
            "INVALID_PARAMETER_VALUE": 400,
            "RESOURCE_ALREADY_EXISTS": 400,
            "INVALID_STATE": 500,
            "PERMISSION_DENIED": 403,
            "RESOURCE_DOES_NOT_EXIST": 404,
            "NOT_IMPLEMENTED": 501,
            "TEMPORARILY_UNAVAILABLE": 503,
        }.get(self.error_code, 500)


MlflowException = MlopsError
# What MLflow raises for a server's answer, and for what a project lacks.
RestException = MlopsError
MissingConfigException = MlopsError
ExecutionException = MlopsError

# MLflow's codes, as ``error_code`` has them.
ALREADY_EXISTS = "ALREADY_EXISTS"
BAD_REQUEST = "BAD_REQUEST"
INTERNAL_ERROR = "INTERNAL_ERROR"
INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"
INVALID_STATE = "INVALID_STATE"
NOT_FOUND = "NOT_FOUND"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
PERMISSION_DENIED = "PERMISSION_DENIED"
RESOURCE_ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"
RESOURCE_DOES_NOT_EXIST = "RESOURCE_DOES_NOT_EXIST"
RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"


class ErrorCode:
    """MLflow's names of codes: codes are their own names here."""

    @staticmethod
    def Name(number: str) -> str:
        """The name of a code."""
        return number

    @staticmethod
    def Value(name: str) -> str:
        """The code of a name."""
        return name


class InvalidArgument(MlopsError, ValueError):
    """An argument is not what it must be."""

    code = 1
    error_code = "INVALID_PARAMETER_VALUE"


class NotFound(MlopsError, LookupError):
    """The named thing does not exist."""

    code = 2
    error_code = "RESOURCE_DOES_NOT_EXIST"


class AlreadyExists(MlopsError, ValueError):
    """The thing to be created exists."""

    code = 3
    error_code = "RESOURCE_ALREADY_EXISTS"


class Conflict(MlopsError, ValueError):
    """The call contradicts what is stored."""

    code = 4
    error_code = "INVALID_PARAMETER_VALUE"


class InvalidState(MlopsError, RuntimeError):
    """The thing is in a state that does not allow the call."""

    code = 5
    error_code = "INVALID_STATE"


class LimitExceeded(MlopsError, ValueError):
    """Something is larger than its limit."""

    code = 6
    error_code = "INVALID_PARAMETER_VALUE"


class Locked(MlopsError, OSError):
    """Another process holds the store and does not answer, or cannot be asked from here."""

    code = 7
    error_code = "TEMPORARILY_UNAVAILABLE"
    retryable = True


class Corrupt(MlopsError, OSError):
    """Stored bytes do not match their checksum or their form."""

    code = 8
    error_code = "INTERNAL_ERROR"


class NewerFormat(MlopsError, RuntimeError):
    """The store was written by a newer version."""

    code = 9
    error_code = "INVALID_STATE"


class Io(MlopsError, OSError):
    """The operating system refused a file operation."""

    code = 10
    error_code = "IO_ERROR"


class OutOfSpace(MlopsError, OSError):
    """The disk or the quota is full."""

    code = 11
    error_code = "RESOURCE_EXHAUSTED"
    retryable = True


class ReadOnly(MlopsError, PermissionError):
    """The store or its folder does not allow writing."""

    code = 12
    error_code = "PERMISSION_DENIED"


class Untrusted(MlopsError, PermissionError):
    """Loading would run code that this user has not trusted."""

    code = 13
    error_code = "PERMISSION_DENIED"


class Unsupported(MlopsError, NotImplementedError):
    """This build, engine or platform cannot do it."""

    code = 14
    error_code = "NOT_IMPLEMENTED"


class Busy(MlopsError, RuntimeError):
    """The thing is used by another thread or process at this moment."""

    code = 15
    error_code = "TEMPORARILY_UNAVAILABLE"
    retryable = True


class Internal(MlopsError, RuntimeError):
    """A bug in mlops, or a dependency that failed."""

    code = 16
    error_code = "INTERNAL_ERROR"


class NoOwner(MlopsError, OSError):
    """No process owns the store, and this one may not."""

    code = 17
    error_code = "TEMPORARILY_UNAVAILABLE"
    retryable = True


class Denied(MlopsError, PermissionError):
    """A policy does not allow it: an approval, a gate or what it asks for is missing, or the actor may not."""

    code = 18
    error_code = "PERMISSION_DENIED"


class Stale(MlopsError, RuntimeError):
    """What it rests on was made of a state that is not the current one any more."""

    code = 19
    error_code = "INVALID_STATE"
