"""Logged models and how runs refer to them, with MLflow's attribute names; ``mlops.entities`` has them."""

from __future__ import annotations

from enum import Enum
from typing import Any

from .entities import Metric, RunTag, _Entity
from .exceptions import InvalidArgument


class LoggedModelStatus(str, Enum):
    """How a logged model stands."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"

    def __str__(self) -> str:
        return self.value

    @staticmethod
    def is_finalized(status: Any) -> bool:
        """True for READY and FAILED."""
        return status in (LoggedModelStatus.READY, LoggedModelStatus.FAILED)

    @classmethod
    def from_int(cls, status_int: int) -> LoggedModelStatus:
        """The status of MLflow's number."""
        every = list(cls)
        if not isinstance(status_int, int) or not 0 <= status_int < len(every):
            raise InvalidArgument(f"the status of a logged model is {status_int!r}: expected 0 to {len(every) - 1}")
        return every[status_int]

    def to_int(self) -> int:
        """MLflow's number."""
        return list(type(self)).index(self)

    @classmethod
    def of(cls, status: Any) -> LoggedModelStatus:
        """A status that a model can have, of itself or its name."""
        try:
            found = cls(status)
        except ValueError:
            found = cls.UNSPECIFIED
        if found is cls.UNSPECIFIED:
            raise InvalidArgument(f"the status of a logged model is {status!r}: expected PENDING, READY or FAILED")
        return found


class LoggedModelTag(RunTag):
    """A tag of a logged model."""

    __slots__ = ()


class LoggedModelParameter(RunTag):
    """A param of a logged model: its value is text."""

    __slots__ = ()


class LoggedModelInput(_Entity):
    """A logged model that a run uses."""

    __slots__ = ("model_id",)
    _shown = ("model_id",)

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id


class LoggedModelOutput(_Entity):
    """A logged model that a run made, and the step at which it did."""

    __slots__ = ("model_id", "step")
    _shown = ("model_id", "step")

    def __init__(self, model_id: str, step: int) -> None:
        self.model_id = model_id
        self.step = step


def _texts(given: Any) -> dict[str, str]:
    return {one.key: one.value for one in given} if isinstance(given, (list, tuple)) else dict(given or {})


class LoggedModel(_Entity):
    """What training made, as it was when it was read: times in milliseconds, params and tags as text.

    ``metrics`` are the points that runs have logged for it, each with the run and what it was measured on."""

    _shown = (
        *("artifact_location", "creation_timestamp", "experiment_id", "last_updated_timestamp", "metrics", "model_id"),
        *("model_type", "model_uri", "name", "params", "source_run_id", "status", "status_message", "tags"),
    )

    def __init__(
        self,
        experiment_id: str,
        model_id: str,
        name: str,
        artifact_location: str,
        creation_timestamp: int,
        last_updated_timestamp: int,
        model_type: str | None = None,
        source_run_id: str | None = None,
        status: LoggedModelStatus | int = LoggedModelStatus.READY,
        status_message: str | None = None,
        tags: list[LoggedModelTag] | dict[str, str] | None = None,
        params: list[LoggedModelParameter] | dict[str, str] | None = None,
        metrics: list[Metric] | None = None,
    ) -> None:
        self.experiment_id = experiment_id
        self.model_id = model_id
        self.name = name
        self.artifact_location = artifact_location
        self.creation_timestamp = creation_timestamp
        self.last_updated_timestamp = last_updated_timestamp
        self.model_type = model_type
        self.source_run_id = source_run_id
        self.status = status if isinstance(status, LoggedModelStatus) else LoggedModelStatus.from_int(status)
        self.status_message = status_message
        self.tags = _texts(tags)
        self.params = _texts(params)
        self.metrics = metrics

    @classmethod
    def _of(cls, raw: dict[str, Any]) -> LoggedModel:
        """One that the store has."""
        model_id = raw["model_id"]
        return LoggedModel(
            experiment_id=raw["experiment_id"],
            model_id=model_id,
            name=raw["name"],
            artifact_location=f"models:/{model_id}",
            creation_timestamp=raw["created_at"] // 1000,
            last_updated_timestamp=raw["updated_at"] // 1000,
            model_type=raw["model_type"],
            source_run_id=raw["source_run_id"],
            status=LoggedModelStatus(raw["status"]),
            status_message=raw["status_message"],
            tags=raw["tags"],
            params=raw["params"],
            metrics=[
                Metric(key, value, at // 1000, step, model_id, dataset_name, dataset_digest, run_id)
                for key, value, step, at, run_id, dataset_name, dataset_digest in raw["metrics"]
            ],
        )

    @property
    def model_uri(self) -> str:
        """What loads it: ``models:/<model id>``."""
        return f"models:/{self.model_id}"

    def to_dictionary(self) -> dict[str, Any]:
        """The attributes by name, the status as MLflow's number, without the URI."""
        found = dict(self)
        found["status"] = self.status.to_int()
        del found["model_uri"]
        return found

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self if name not in ("metrics", "params", "tags"))
        return f"{type(self).__name__}({shown})"
