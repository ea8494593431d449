"""What the store hands out: runs, experiments, metrics, with MLflow's attribute names and types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._convert import text
from .exceptions import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from . import _native

_T = TypeVar("_T")


class ViewType:
    """Which runs or experiments a search shows."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3
    _NAMES = {1: "active_only", 2: "deleted_only", 3: "all"}

    @classmethod
    def to_string(cls, view_type: int) -> str:
        """``active_only``, ``deleted_only`` or ``all``."""
        if view_type not in cls._NAMES:
            raise InvalidArgument(f"the view type is {view_type!r}: expected 1, 2 or 3")
        return cls._NAMES[view_type]

    @classmethod
    def from_string(cls, view_str: str) -> int:
        """The number of a name."""
        for number, name in cls._NAMES.items():
            if name == view_str:
                return number
        raise InvalidArgument(f"the view type is {view_str!r}: expected {', '.join(cls._NAMES.values())}")


class RunStatus:
    """How a run stands, as MLflow numbers it; ``run.info.status`` holds the text."""

    RUNNING, SCHEDULED, FINISHED, FAILED, KILLED = range(1, 6)

    @staticmethod
    def to_string(status: int | str) -> str:
        """The text of a status; what is none is an error."""
        return _text_of("run status", _STATUSES, status)

    @staticmethod
    def from_string(status_str: str) -> int:
        """The number of a text; another text is an error."""
        return _STATUSES.index(_text_of("run status", _STATUSES, text("status_str", status_str))) + 1

    @staticmethod
    def all_status() -> list[int]:
        """All statuses."""
        return list(range(1, 6))

    @staticmethod
    def is_terminated(status: int | str) -> bool:
        """True for the statuses that a run ends with, as numbers or as texts."""
        return RunStatus.to_string(status) in ("FINISHED", "FAILED", "KILLED")


class SourceType:
    """Where a run was started from, as MLflow numbers it; the tag ``mlflow.source.type`` holds the text."""

    NOTEBOOK, JOB, PROJECT, LOCAL, UNKNOWN = range(1, 6)

    @staticmethod
    def to_string(status: int | str) -> str:
        """The text of a type; what is none is an error."""
        return _text_of("source type", _SOURCES, status)

    @staticmethod
    def from_string(status_str: str) -> int:
        """The number of a text; another text is an error."""
        return _SOURCES.index(_text_of("source type", _SOURCES, text("status_str", status_str))) + 1


_STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_SOURCES = ("NOTEBOOK", "JOB", "PROJECT", "LOCAL", "UNKNOWN")


def _text_of(what: str, names: tuple[str, ...], given: int | str) -> str:
    """The name that has a number, counted from 1; a name is its own."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 < given <= len(names):
        return names[given - 1]
    if isinstance(given, str) and given in names:
        return given
    shown = ", ".join(f"{number} ({name})" for number, name in enumerate(names, 1))
    raise InvalidArgument(f"the {what} is {given!r}: expected {shown}, or the text")


class LifecycleStage:
    """Deleted or not."""

    ACTIVE = "active"
    DELETED = "deleted"

    @staticmethod
    def is_valid(lifecycle_stage: str) -> bool:
        """True for the two stages."""
        return lifecycle_stage in ("active", "deleted")


class _Entity:
    """Equality, ``repr`` and iteration over public attributes, as MLflow's entities have them."""

    __slots__ = ()
    _shown: tuple[str, ...] = ()

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._shown)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(zip(self._shown, self._values()))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def to_dictionary(self) -> dict[str, Any]:
        """The public attributes by name."""
        return dict(self)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self)
        return f"<{type(self).__name__}: {fields}>"


class Metric(_Entity):
    """One point of a metric: ``timestamp`` in milliseconds, ``step`` an integer."""

    __slots__ = ("key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest", "run_id")
    _shown = ("key", "value", "timestamp", "step")

    def __init__(
        self,
        key: str,
        value: float,
        timestamp: int,
        step: int,
        model_id: str | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        run_id: str | None = None,
    ) -> None:
        self.key = key
        self.value = value
        self.timestamp = timestamp
        self.step = step
        # What the point was measured on.
        self.model_id = model_id
        self.dataset_name = dataset_name
        self.dataset_digest = dataset_digest
        self.run_id = run_id


class Param(_Entity):
    """A param: its value is text."""

    __slots__ = ("key", "value")
    _shown = ("key", "value")

    def __init__(self, key: str, value: Any) -> None:
        self.key = key
        self.value = value


class RunTag(_Entity):
    """A tag of a run."""

    __slots__ = ("key", "value")
    _shown = ("key", "value")

    def __init__(self, key: str, value: str) -> None:
        self.key = key
        self.value = value


class ExperimentTag(RunTag):
    """A tag of an experiment."""

    __slots__ = ()


class FileInfo(_Entity):
    """A file or folder among artifacts: ``file_size`` in bytes, None for a folder. ``digest`` is ours."""

    __slots__ = ("path", "is_dir", "file_size", "digest")
    _shown = ("path", "is_dir", "file_size")

    def __init__(self, path: str, is_dir: bool, file_size: int | None, digest: str | None = None) -> None:
        self.path = path
        self.is_dir = is_dir
        self.file_size = file_size
        self.digest = digest


class MetricSummary(_Entity):
    """What a run keeps of each metric: last, min, max and count of its points."""

    __slots__ = ("last", "last_step", "last_timestamp", "min", "max", "count", "_last_at")
    _shown = ("last", "last_step", "min", "max", "count")

    def __init__(self, last: float, last_step: int, last_at: int, min: float, max: float, count: int) -> None:
        self.last = last
        self.last_step = last_step
        self.last_timestamp = last_at // 1000
        self._last_at = last_at
        self.min = min
        self.max = max
        self.count = count

    @property
    def last_at(self) -> Any:
        """When the last point was logged: an aware datetime in UTC, exact where ``last_timestamp`` has milliseconds."""
        return _datetime(self._last_at)


class RunInfo(_Entity):
    """Identity and status of a run. ``start_time`` and ``end_time`` are milliseconds, as in MLflow;
    ``started_at``, ``ended_at`` and ``duration`` are datetimes in UTC and a timedelta."""

    __slots__ = ("_raw",)
    _shown = (
        "run_id",
        "run_name",
        "experiment_id",
        "status",
        "start_time",
        "end_time",
        "user_id",
        "lifecycle_stage",
        "artifact_uri",
    )

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self._raw["run_id"])

    @property
    def run_uuid(self) -> str:
        """An old name of :attr:`run_id`."""
        return self.run_id

    @property
    def run_name(self) -> str:
        """The run's name."""
        return str(self._raw["run_name"])

    @property
    def experiment_id(self) -> str:
        """The id of its experiment."""
        return str(self._raw["experiment_id"])

    @property
    def status(self) -> str:
        """RUNNING, SCHEDULED, FINISHED, FAILED or KILLED."""
        return str(self._raw["status"])

    @property
    def start_time(self) -> int:
        """Milliseconds since the Unix epoch."""
        return int(self._raw["started_at"]) // 1000

    @property
    def end_time(self) -> int | None:
        """Milliseconds since the Unix epoch; None while it runs."""
        ended = self._raw["ended_at"]
        return None if ended is None else int(ended) // 1000

    @property
    def user_id(self) -> str:
        """Who started it."""
        return str(self._raw["user_id"])

    @property
    def host(self) -> str:
        """Where it was started."""
        return str(self._raw["host"])

    @property
    def lifecycle_stage(self) -> str:
        """``active`` or ``deleted``."""
        return str(self._raw["lifecycle_stage"])

    @property
    def artifact_uri(self) -> str:
        """Names the run's artifacts, for ``artifacts.download_artifacts``."""
        return f"runs:/{self.run_id}"

    @property
    def parent_run_id(self) -> str | None:
        """The run that it is nested under: what the tag ``mlflow.parentRunId`` says now, else what its start said."""
        parent = self._raw["tags"].get("mlflow.parentRunId") or self._raw["parent_run_id"]
        return None if parent is None else str(parent)

    @property
    def started_at(self) -> Any:
        """When it began: an aware datetime in UTC."""
        return _datetime(self._raw["started_at"])

    @property
    def ended_at(self) -> Any:
        """When it ended: an aware datetime in UTC; None while it runs."""
        return _datetime(self._raw["ended_at"])

    @property
    def duration(self) -> Any:
        """How long it ran: a timedelta; None while it runs."""
        ended = self._raw["ended_at"]
        if ended is None:
            return None
        from datetime import timedelta

        return timedelta(microseconds=ended - self._raw["started_at"])


def _datetime(micros: int | None) -> Any:
    if micros is None:
        return None
    from datetime import datetime, timedelta, timezone

    try:
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)
    except OverflowError:
        # Times are kept as they were given, and 64 bits reach further than Python's years do.
        text = f"the time {micros} us since 1970 is beyond the years of a datetime; read it in milliseconds"
        raise Unsupported(text) from None


class RunData(_Entity):
    """What a run logged: ``metrics`` are last values, ``params`` and ``tags`` are text."""

    __slots__ = ("metrics", "params", "tags", "summaries", "param_types", "_subjects", "_hidden", "_run_id")
    _shown = ("metrics", "params", "tags")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.summaries: dict[str, MetricSummary] = {
            key: MetricSummary(*summary) for key, summary in raw["metrics"].items()
        }
        self.metrics: dict[str, float] = {key: summary.last for key, summary in self.summaries.items()}
        self.params: dict[str, str] = raw["params"]
        self.tags: dict[str, str] = raw["tags"]
        self.param_types: dict[str, str] = raw["param_types"]
        self._subjects: dict[str, tuple[str | None, str | None, str | None]] = raw.get("subjects", {})
        self._hidden: list[str] = raw.get("hidden", [])
        self._run_id: str | None = raw.get("run_id")

    @property
    def _metric_objs(self) -> list[Metric]:
        """The last point of each metric, with what it was measured on: as MLflow names it."""
        found = []
        for key, last in self.summaries.items():
            model_id, name, digest = self._subjects.get(key, (None, None, None))
            found.append(Metric(key, last.last, last.last_timestamp, last.last_step, model_id, name, digest, self._run_id))
        return found


class Dataset(_Entity):
    """A data set as runs record it: ``source``, ``schema`` and ``profile`` are JSON."""

    __slots__ = ("name", "digest", "source_type", "source", "schema", "profile")
    _shown = ("name", "digest", "source_type", "source", "schema", "profile")

    def __init__(
        self,
        name: str,
        digest: str,
        source_type: str,
        source: str,
        schema: str | None = None,
        profile: str | None = None,
    ) -> None:
        self.name = name
        self.digest = digest
        self.source_type = source_type
        self.source = source
        self.schema = schema
        self.profile = profile


class InputTag(RunTag):
    """A tag of an input; ``mlflow.data.context`` says what the data set was used for."""

    __slots__ = ()


class DatasetInput(_Entity):
    """A data set as an input of a run, with its tags."""

    __slots__ = ("dataset", "tags")
    _shown = ("dataset", "tags")

    def __init__(self, dataset: Dataset, tags: list[InputTag] | None = None) -> None:
        self.dataset = dataset
        self.tags: list[InputTag] = tags or []

    @property
    def context(self) -> str | None:
        """What the data set was used for; None if nobody told."""
        return next((tag.value for tag in self.tags if tag.key == "mlflow.data.context"), None)

    def to_dictionary(self) -> dict[str, Any]:
        """The data set and its tags as plain dicts."""
        return {"dataset": self.dataset.to_dictionary(), "tags": [tag.to_dictionary() for tag in self.tags]}


class RunInputs(_Entity):
    """The data sets and logged models that a run used, in the order they were logged."""

    __slots__ = ("dataset_inputs", "model_inputs")
    _shown = ("dataset_inputs", "model_inputs")

    def __init__(self, dataset_inputs: list[DatasetInput] | None = None, model_inputs: list[LoggedModelInput] | None = None) -> None:
        self.dataset_inputs: list[DatasetInput] = dataset_inputs or []
        self.model_inputs: list[LoggedModelInput] = model_inputs or []

    def to_dictionary(self) -> dict[str, Any]:
        """The data sets and models as plain dicts."""
        return {
            "model_inputs": [found.to_dictionary() for found in self.model_inputs],
            "dataset_inputs": [found.to_dictionary() for found in self.dataset_inputs],
        }


class RunOutputs(_Entity):
    """The logged models that a run made, each with the step at which it did."""

    __slots__ = ("model_outputs",)
    _shown = ("model_outputs",)

    def __init__(self, model_outputs: list[LoggedModelOutput] | None = None) -> None:
        self.model_outputs: list[LoggedModelOutput] = model_outputs or []

    def to_dictionary(self) -> dict[str, Any]:
        """The models as plain dicts."""
        return {"model_outputs": [found.to_dictionary() for found in self.model_outputs]}


class Run:
    """A run as it was when it was read: ``info``, ``data``, ``inputs`` and ``outputs``."""

    def __init__(self, raw: dict[str, Any], store: _native.Store | None = None) -> None:
        self.info = RunInfo(raw)
        self.data = RunData(raw)
        self._datasets = [
            DatasetInput(Dataset(*fields), [InputTag(key, value) for key, value in tags])
            for *fields, tags in raw["inputs"]
        ]
        # Where its models are read when somebody asks for them: most do not.
        self._origin = store
        self._models: tuple[list[LoggedModelInput], list[LoggedModelOutput]] | None = None

    def _linked(self) -> tuple[list[LoggedModelInput], list[LoggedModelOutput]]:
        if self._models is None:
            from ._logged_models import links_of

            self._models = ([], []) if self._origin is None else links_of(self._origin, self.info.run_id)
        return self._models

    @property
    def inputs(self) -> RunInputs:
        """The data sets and logged models that it used."""
        return RunInputs(self._datasets, self._linked()[0])

    @property
    def outputs(self) -> RunOutputs:
        """The logged models that it made."""
        return RunOutputs(self._linked()[1])

    def __getstate__(self) -> dict[str, Any]:
        # What travels to another process is what was read, not the store.
        self._linked()
        return {**self.__dict__, "_origin": None}

    def to_dictionary(self) -> dict[str, Any]:
        """``info``, ``data``, ``inputs`` and ``outputs`` as plain dicts."""
        return {
            "info": self.info.to_dictionary(),
            "data": self.data.to_dictionary(),
            "inputs": self.inputs.to_dictionary(),
            "outputs": self.outputs.to_dictionary(),
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run) or (self.info, self.data) != (other.info, other.data):
            return False
        return (self.inputs, self.outputs) == (other.inputs, other.outputs)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        info, data = self.info, self.data
        metrics = ", ".join(f"{key}={value:.6g}" for key, value in list(data.metrics.items())[:4])
        inputs = ", ".join(found.dataset.name for found in self._datasets[:4])
        shown = f"{' ' if metrics else ''}{metrics}{' inputs: ' if inputs else ''}{inputs}"
        return f"<{type(self).__name__} {info.run_name!r} {info.run_id} {info.status}{shown}>"

    def _repr_html_(self) -> str:
        from ._html import run_html

        return run_html(self)

    @property
    def summary(self) -> Any:
        """What sums up each metric of the run as it is now, as :func:`mlops.define_metric` says: a read-only mapping."""
        from . import _state
        from ._curves import _store_of
        from ._series import summary_in

        return summary_in(_store_of(self) or _state.store(), self.info.run_id)

    def plot(self, *keys: str) -> Any:
        """Curves of these metrics, or of all that have several points: a figure of plotly or of matplotlib, whichever
        is installed, else a picture that a notebook shows."""
        from ._curves import figure

        return figure([self], keys)


class Experiment(_Entity):
    """A named group of runs; times in milliseconds."""

    __slots__ = (
        "experiment_id",
        "name",
        "lifecycle_stage",
        "creation_time",
        "last_update_time",
        "tags",
        "artifact_location",
    )
    _shown = ("experiment_id", "name", "lifecycle_stage", "creation_time", "last_update_time", "tags")
    DEFAULT_EXPERIMENT_NAME = "Default"

    def __init__(self, raw: dict[str, Any]) -> None:
        self.experiment_id: str = raw["experiment_id"]
        self.name: str = raw["name"]
        self.lifecycle_stage: str = raw["lifecycle_stage"]
        self.creation_time: int = raw["created_at"] // 1000
        self.last_update_time: int = raw["updated_at"] // 1000
        self.tags: dict[str, str] = raw["tags"]
        self.artifact_location = f"experiments:/{self.experiment_id}"

    def _repr_html_(self) -> str:
        from ._html import table_html

        return table_html(f"Experiment {self.name}", [(name, str(value)) for name, value in self])


class PagedList(list[_T], Generic[_T]):
    """A page of results; ``token`` is what to pass for the next, None after the last."""

    def __init__(self, items: list[_T], token: str | None) -> None:
        super().__init__(items)
        self.token = token

    def to_list(self) -> list[_T]:
        """The same as a plain list."""
        return list(self)


from ._registry_entities import (  # noqa: E402
    ModelVersion as ModelVersion,
    ModelVersionTag as ModelVersionTag,
    RegisteredModel as RegisteredModel,
    RegisteredModelAlias as RegisteredModelAlias,
    RegisteredModelTag as RegisteredModelTag,
)
from ._logged_model_entities import (  # noqa: E402
    LoggedModel as LoggedModel,
    LoggedModelInput as LoggedModelInput,
    LoggedModelOutput as LoggedModelOutput,
    LoggedModelParameter as LoggedModelParameter,
    LoggedModelStatus as LoggedModelStatus,
    LoggedModelTag as LoggedModelTag,
)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))
