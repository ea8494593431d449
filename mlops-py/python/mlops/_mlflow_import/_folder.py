"""Reads a folder ``mlruns``, as MLflow's file store writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from ..exceptions import Unsupported
from ._types import (
    PROMPT,
    Experiment,
    File,
    Input,
    MlflowSource,
    Model,
    ModelPoint,
    OutOfReach,
    Point,
    RegisteredModel,
    Run,
    Version,
    beneath,
)

_STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_MODEL_STATUSES = {0: "PENDING", 1: "PENDING", 2: "READY", 3: "FAILED"}
# Folders beside those of experiments or runs.
_RESERVED = {".trash", "models", "datasets", "tags", "traces"}


def read_yaml(path: Path) -> dict[str, Any]:
    """A file of YAML; empty if it holds nothing, as MLflow leaves one when it is killed at the wrong moment."""
    try:
        import yaml
    except ImportError:
        raise Unsupported("reading a folder of MLflow's needs PyYAML: pip install pyyaml") from None
    # Its dates are dates and its floats floats, whatever the loader: nothing in it makes objects.
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _texts(folder: Path) -> dict[str, str]:
    """Params or tags: a file each, whose path is the key."""
    # As bytes: line ends are part of a text.
    return {found.path: found.local.read_bytes().decode() for found in beneath(folder)} if folder.is_dir() else {}


def _status(value: Any) -> str:
    return _STATUSES.get(value, "FINISHED") if isinstance(value, int) else str(value)


def local_path(uri: str, base: Path) -> Path | None:
    """The path that a URI of a file names, from ``base`` if it is relative; None for another kind."""
    parsed = urlparse(uri)
    if parsed.scheme == "file":
        return base / unquote(parsed.path)
    return base / uri if parsed.scheme == "" else None


class Folder(MlflowSource):
    """A folder ``mlruns``."""

    def __init__(self, root: Path) -> None:
        self.problems: list[str] = []
        self._root = root
        self._places: dict[str, Path] = {}

    def _experiment_folders(self) -> Iterator[Path]:
        for parent in (self._root, self._root / ".trash"):
            if parent.is_dir():
                for found in sorted(parent.iterdir()):
                    if found.name not in _RESERVED and (found / "meta.yaml").is_file():
                        yield found

    def experiments(self) -> Iterable[Experiment]:
        for folder in self._experiment_folders():
            meta = read_yaml(folder / "meta.yaml")
            if "name" not in meta:
                continue
            number = str(meta.get("experiment_id", folder.name))
            self._places[number] = folder
            yield Experiment(
                id=number,
                name=str(meta["name"]),
                deleted=meta.get("lifecycle_stage") == "deleted" or folder.parent.name == ".trash",
                created=meta.get("creation_time"),
                tags=_texts(folder / "tags"),
            )

    def runs(self, experiment: Experiment) -> Iterable[Run]:
        for folder in sorted(self._places[experiment.id].iterdir()):
            if folder.name in _RESERVED or not (folder / "meta.yaml").is_file():
                continue
            meta = read_yaml(folder / "meta.yaml")
            run_id = str(meta.get("run_id") or meta.get("run_uuid") or "")
            if not run_id:
                continue
            self._places[run_id] = folder
            run = Run(
                id=run_id,
                experiment_id=experiment.id,
                name=str(meta.get("run_name") or meta.get("name") or ""),
                status=_status(meta.get("status", 3)),
                started=int(meta.get("start_time") or 0),
                ended=meta.get("end_time"),
                user=str(meta.get("user_id") or ""),
                deleted=meta.get("lifecycle_stage") == "deleted",
                params=_texts(folder / "params"),
                tags=_texts(folder / "tags"),
            )
            self._links(folder, run)
            yield run

    def _links(self, folder: Path, run: Run) -> None:
        for found in sorted((folder / "inputs").glob("*/meta.yaml")):
            meta = read_yaml(found)
            if meta.get("source_type") == "DATASET":
                run.inputs.extend(self._input(folder.parent, meta))
            elif str(meta.get("destination_type")).endswith("MODEL_INPUT"):
                run.model_inputs.append(str(meta.get("destination_id")))
        for found in sorted((folder / "outputs").glob("*/meta.yaml")):
            meta = read_yaml(found)
            run.model_outputs.append((str(meta.get("destination_id")), int(meta.get("step") or 0)))

    def _input(self, experiment: Path, meta: dict[str, Any]) -> list[Input]:
        place = experiment / "datasets" / str(meta.get("source_id")) / "meta.yaml"
        if not place.is_file():
            return []
        of = read_yaml(place)
        tags = [(str(key), str(value)) for key, value in (meta.get("tags") or {}).items()]
        texts = [str(of.get(key, "")) for key in ("name", "digest", "source_type", "source")]
        name, digest, kind, source = texts
        return [(name, digest, kind, source, of.get("schema"), of.get("profile"), tags)]

    def points(self, run: Run) -> Iterator[tuple[str, list[Point]]]:
        folder = self._places[run.id] / "metrics"
        for found in beneath(folder) if folder.is_dir() else []:
            yield found.path, [point for point, _ in self._lines(found.local)]

    def files(self, run: Run) -> Iterable[File]:
        folder = self._places[run.id]
        # The folder may have been moved since it was written: its own files count, not the path that it notes.
        if (folder / "artifacts").is_dir():
            return beneath(folder / "artifacts")
        uri = str(read_yaml(folder / "meta.yaml").get("artifact_uri") or "")
        place = local_path(uri, self._root.parent)
        if place is None:
            # A run that logged no file has no folder; what a server kept elsewhere is not seen from here.
            raise OutOfReach(uri)
        return beneath(place) if uri and place.is_dir() else []

    def models(self, experiment: Experiment) -> Iterable[Model]:
        for found in sorted((self._places[experiment.id] / "models").glob("*/meta.yaml")):
            meta, folder = read_yaml(found), found.parent
            model_id = str(meta.get("model_id") or folder.name)
            self._places[model_id] = folder
            status = meta.get("status", 2)
            yield Model(
                id=model_id,
                experiment_id=experiment.id,
                name=str(meta.get("name") or model_id),
                status=_MODEL_STATUSES.get(status, "READY") if isinstance(status, int) else str(status),
                created=meta.get("creation_timestamp"),
                deleted=meta.get("lifecycle_stage") == "deleted",
                model_type=meta.get("model_type"),
                source_run_id=meta.get("source_run_id"),
                params=_texts(folder / "params"),
                tags=_texts(folder / "tags"),
                points=list(self._model_points(folder)),
            )

    def model_files(self, model: Model) -> Iterable[File]:
        folder = self._places[model.id] / "artifacts"
        return beneath(folder) if folder.is_dir() else []

    def registered(self) -> Iterable[RegisteredModel]:
        for found in sorted((self._root / "models").glob("*/meta.yaml")):
            meta, folder = read_yaml(found), found.parent
            tags = _texts(folder / "tags")
            if PROMPT in tags:
                continue
            yield RegisteredModel(
                name=str(meta.get("name") or folder.name),
                description=meta.get("description"),
                tags=tags,
                aliases={alias: int(number) for alias, number in _texts(folder / "aliases").items() if number.strip().isdigit()},
                versions=[self._version(place) for place in folder.glob("version-*/meta.yaml")],
            )

    def _version(self, place: Path) -> Version:
        meta = read_yaml(place)
        return Version(
            number=int(meta.get("version") or place.parent.name.removeprefix("version-")),
            source=str(meta.get("source") or ""),
            place=str(meta.get("storage_location") or ""),
            run_id=meta.get("run_id"),
            run_link=meta.get("run_link"),
            model_id=meta.get("model_id"),
            description=meta.get("description"),
            stage=str(meta.get("current_stage") or "None"),
            created=meta.get("creation_timestamp"),
            tags=_texts(place.parent / "tags"),
        )

    def close(self) -> None:
        pass

    def _lines(self, path: Path) -> Iterator[tuple[Point, list[str]]]:
        """Lines of a metric: time, value, step, and what newer versions add. The last may be cut short by a crash."""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            words = line.split()
            try:
                at, value = int(words[0]), float(words[1])
                step = int(words[2]) if len(words) > 2 else 0
            except (IndexError, ValueError):
                self.problems.append(f"{path}, line {number}: {line[:80]!r} is no point of a metric, and is left out")
                continue
            yield (step, at, value), words[3:]

    def _model_points(self, folder: Path) -> Iterator[ModelPoint]:
        # Behind time, value and step stand the run, and name and digest of the data set if there is one.
        for found in beneath(folder / "metrics") if (folder / "metrics").is_dir() else []:
            for (step, at, value), rest in self._lines(found.local):
                name, digest = (rest[1], rest[2]) if len(rest) > 2 else (None, None)
                yield ModelPoint(found.path, value, step, at, rest[0] if rest else "", name, digest)
