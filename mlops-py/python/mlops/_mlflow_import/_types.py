"""What is read of a source of runs, whichever kind it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ._reading import Unread

# Name, digest, source type, source, schema, profile, tags.
Input = tuple[str, str, str, str, "str | None", "str | None", list[tuple[str, str]]]
# Step, time in units of the source, value.
Point = tuple[int, int, float]


@dataclass
class Experiment:
    """An experiment; times in milliseconds."""

    id: str
    name: str
    deleted: bool = False
    created: int | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Run:
    """A run without its points and files; times in units of the source."""

    id: str
    experiment_id: str
    name: str = ""
    status: str = "FINISHED"
    started: int = 0
    ended: int | None = None
    user: str = ""
    deleted: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    identity: dict[str, str] = field(default_factory=dict)
    """Tags that say which run it is, where an id is not unique: a run of the store that has others is another run."""
    inputs: list[Input] = field(default_factory=list)
    model_inputs: list[str] = field(default_factory=list)
    model_outputs: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class ModelPoint:
    """A value of a metric that a run gave a logged model."""

    key: str
    value: float
    step: int
    at: int
    run_id: str
    dataset_name: str | None = None
    dataset_digest: str | None = None


@dataclass
class Model:
    """A logged model without its files; times in milliseconds."""

    id: str
    experiment_id: str
    name: str
    status: str = "READY"
    created: int | None = None
    deleted: bool = False
    model_type: str | None = None
    source_run_id: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[ModelPoint] = field(default_factory=list)


@dataclass
class Version:
    """A version of a registered model; times in milliseconds."""

    number: int
    source: str
    place: str = ""
    """Where MLflow says its files are, if that is not the source."""
    run_id: str | None = None
    run_link: str | None = None
    model_id: str | None = None
    description: str | None = None
    stage: str = "None"
    created: int | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def deleted(self) -> bool:
        """MLflow keeps what was deleted, and gives its number to no other."""
        return self.stage == "Deleted_Internal"


@dataclass
class RegisteredModel:
    """A registered model with its versions, those too that were deleted: of them only the numbers count."""

    name: str
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)


# The tag of what MLflow keeps among registered models and is none.
PROMPT = "mlflow.prompt.is_prompt"


@dataclass(frozen=True)
class File:
    """An artifact and where its bytes are."""

    path: str
    local: Path
    stamp: str
    """What is another when the file has changed."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.local.stat().st_size


@dataclass(frozen=True)
class Piece(File):
    """An artifact that is no file of its own, but made when it is logged."""

    read: Callable[[], bytes]
    length: int

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.length


class Source(Protocol):
    """Where runs are read from."""

    kind: str
    """What it is, in a word."""
    unit: int
    """Microseconds of a unit of its times: 1000 where they are milliseconds."""
    later_params: str
    """The beginning of tags for params that have another value in the store, which stands; empty: it is a problem."""
    revives: bool
    """Whether it says which runs are deleted: one that is only deleted in the store is then active again."""
    problems: list[str]
    """What could not be read, a sentence each."""

    def experiments(self) -> Iterable[Experiment | Unread]:
        """All experiments, deleted ones too."""

    def runs(self, experiment: Experiment) -> Iterable[Run | Unread]:
        """The runs of an experiment, deleted ones too."""

    def points(self, run: Run) -> Iterator[tuple[str, list[Point]]]:
        """The whole history of each metric of a run."""

    def files(self, run: Run) -> Iterable[File]:
        """The artifacts of a run; those that are out of reach raise an error that says so."""

    def models(self, experiment: Experiment) -> Iterable[Model | Unread]:
        """The logged models of an experiment."""

    def model_files(self, model: Model) -> Iterable[File]:
        """The files of a logged model."""

    def registered(self) -> Iterable[RegisteredModel | Unread]:
        """The registered models, without prompts."""

    def close(self) -> None:
        """Lets go of what it holds."""


class MlflowSource:
    """What sources of MLflow's have in common."""

    kind = "mlflow"
    unit = 1000
    later_params = ""
    revives = True


class OutOfReach(Exception):
    """Files that cannot be read from here."""


def beneath(folder: Path, by_content: bool = False) -> list[File]:
    """The files beneath a folder; links are not followed. ``by_content``: their times say nothing, they were just copied."""
    found = []
    for local in sorted(folder.rglob("*")):
        if local.is_file() and not local.is_symlink():
            stamp = _content(local) if by_content else str(local.stat().st_mtime_ns)
            found.append(File(local.relative_to(folder).as_posix(), local, stamp))
    return found


def _content(local: Path) -> str:
    digest = hashlib.sha256()
    with local.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
