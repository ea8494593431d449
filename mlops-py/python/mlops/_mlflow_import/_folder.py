"""Reads a folder ``mlruns``, as MLflow's file store writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from ..exceptions import Unsupported
from ._reading import Damaged, Unread, decoded, each, is_text, reason, texts, whole
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
    """A file of YAML. One that holds nothing, as MLflow leaves it when it is killed at the wrong moment, is damaged."""
    try:
        import yaml
    except ImportError:
        raise Unsupported("reading a folder of MLflow's needs PyYAML: pip install pyyaml") from None
    # Its dates are dates and its floats floats, whatever the loader: nothing in it makes objects.
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeError) as error:
        raise Damaged(f"{path} is no YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict):
        raise Damaged(f"{path} is empty" if found is None else f"{path} has no keys and values")
    return found


def _things(parent: Path, *parts: str) -> list[Path]:
    """The folders of experiments or runs in a folder; also those whose ``meta.yaml`` is gone, if they have one of the parts."""
    folders = [found for found in sorted(parent.iterdir()) if found.name not in _RESERVED and found.is_dir()]
    return [found for found in folders if (found / "meta.yaml").is_file() or any(any(found.glob(part)) for part in parts)]


def _time(meta: dict[str, Any], key: str) -> int | None:
    found = meta.get(key)
    return None if found is None else whole(found)


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

    def _texts(self, folder: Path) -> dict[str, str]:
        """Params or tags: a file each, whose path is the key."""
        # As bytes: line ends are part of a text.
        found = ((one.path, decoded(one.local.read_bytes())) for one in beneath(folder)) if folder.is_dir() else ()
        return texts(found, str(folder), self.problems)

    def experiments(self) -> Iterator[Experiment | Unread]:
        parents = [parent for parent in (self._root, self._root / ".trash") if parent.is_dir()]
        folders = [found for parent in parents for found in _things(parent, "*/meta.yaml")]
        return each(folders, self._experiment, lambda folder: f"experiment {folder.name}, and all that is in it")

    def _experiment(self, folder: Path) -> Experiment:
        meta = read_yaml(folder / "meta.yaml")
        if "name" not in meta:
            raise Damaged(f"{folder / 'meta.yaml'} has no name")
        number = str(meta.get("experiment_id", folder.name))
        self._places[number] = folder
        return Experiment(
            id=number,
            name=str(meta["name"]),
            deleted=meta.get("lifecycle_stage") == "deleted" or folder.parent.name == ".trash",
            created=_time(meta, "creation_time"),
            tags=self._texts(folder / "tags"),
        )

    def runs(self, experiment: Experiment) -> Iterator[Run | Unread]:
        folders = _things(self._places[experiment.id], "params", "metrics", "tags", "artifacts")
        return each(folders, lambda folder: self._run(experiment, folder), lambda folder: f"run {folder.name}")

    def _run(self, experiment: Experiment, folder: Path) -> Run:
        meta = read_yaml(folder / "meta.yaml")
        run_id = str(meta.get("run_id") or meta.get("run_uuid") or "")
        if not run_id:
            raise Damaged(f"{folder / 'meta.yaml'} has no run_id")
        self._places[run_id] = folder
        run = Run(
            id=run_id,
            experiment_id=experiment.id,
            name=str(meta.get("run_name") or meta.get("name") or ""),
            status=_status(meta.get("status", 3)),
            started=_time(meta, "start_time") or 0,
            ended=_time(meta, "end_time"),
            user=str(meta.get("user_id") or ""),
            deleted=meta.get("lifecycle_stage") == "deleted",
            params=self._texts(folder / "params"),
            tags=self._texts(folder / "tags"),
        )
        for links in ("inputs", "outputs"):
            for found in sorted((folder / links).glob("*/meta.yaml")):
                try:
                    self._link(folder, run, read_yaml(found), links)
                except (Damaged, OSError) as error:
                    self.problems.append(f"run {run.id}: one of its {links} is left out: {reason(error)}")
        return run

    def _link(self, folder: Path, run: Run, meta: dict[str, Any], links: str) -> None:
        if links == "outputs":
            run.model_outputs.append((str(meta.get("destination_id")), whole(meta.get("step") or 0)))
        elif meta.get("source_type") == "DATASET":
            run.inputs.extend(self._input(folder.parent, meta))
        elif str(meta.get("destination_type")).endswith("MODEL_INPUT"):
            run.model_inputs.append(str(meta.get("destination_id")))

    def _input(self, experiment: Path, meta: dict[str, Any]) -> list[Input]:
        place = experiment / "datasets" / str(meta.get("source_id")) / "meta.yaml"
        of = read_yaml(place)
        tags = [(str(key), str(value)) for key, value in (meta.get("tags") or {}).items()]
        texts = [str(of.get(key, "")) for key in ("name", "digest", "source_type", "source")]
        name, digest, kind, source = texts
        return [(name, digest, kind, source, of.get("schema"), of.get("profile"), tags)]

    def points(self, run: Run) -> Iterator[tuple[str, list[Point]]]:
        folder = self._places[run.id] / "metrics"
        for found in beneath(folder) if folder.is_dir() else []:
            if is_text(found.path):
                yield found.path, [point for point, _ in self._lines(found.local)]
            else:
                self.problems.append(f"run {run.id}: the metric {found.path!a} is left out, since its name is no UTF-8")

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

    def models(self, experiment: Experiment) -> Iterator[Model | Unread]:
        found = sorted((self._places[experiment.id] / "models").glob("*/meta.yaml"))
        return each(found, lambda place: self._model(experiment, place), lambda place: f"logged model {place.parent.name}")

    def _model(self, experiment: Experiment, place: Path) -> Model:
        meta, folder = read_yaml(place), place.parent
        model_id = str(meta.get("model_id") or folder.name)
        self._places[model_id] = folder
        status = meta.get("status", 2)
        return Model(
            id=model_id,
            experiment_id=experiment.id,
            name=str(meta.get("name") or model_id),
            status=_MODEL_STATUSES.get(status, "READY") if isinstance(status, int) else str(status),
            created=_time(meta, "creation_timestamp"),
            deleted=meta.get("lifecycle_stage") == "deleted",
            model_type=meta.get("model_type"),
            source_run_id=meta.get("source_run_id"),
            params=self._texts(folder / "params"),
            tags=self._texts(folder / "tags"),
            points=list(self._model_points(folder)),
        )

    def model_files(self, model: Model) -> Iterable[File]:
        folder = self._places[model.id] / "artifacts"
        return beneath(folder) if folder.is_dir() else []

    def registered(self) -> Iterator[RegisteredModel | Unread]:
        found = sorted((self._root / "models").glob("*/meta.yaml"))
        return each(found, self._registered, lambda place: f"registered model {place.parent.name!r}")

    def _registered(self, place: Path) -> RegisteredModel | None:
        meta, folder = read_yaml(place), place.parent
        tags = self._texts(folder / "tags")
        if PROMPT in tags:
            return None
        name = str(meta.get("name") or folder.name)
        versions = []
        for version in each(sorted(folder.glob("version-*/meta.yaml")), self._version, lambda of: f"{of.parent.name} of {name!r}"):
            if isinstance(version, Unread):
                self.problems.append(f"registered model {name!r}: {version.why}")
            else:
                versions.append(version)
        return RegisteredModel(
            name=name,
            description=meta.get("description"),
            tags=tags,
            aliases={alias: int(number) for alias, number in self._texts(folder / "aliases").items() if number.strip().isdigit()},
            versions=versions,
        )

    def _version(self, place: Path) -> Version:
        meta = read_yaml(place)
        return Version(
            number=whole(meta.get("version") or place.parent.name.removeprefix("version-")),
            source=str(meta.get("source") or ""),
            place=str(meta.get("storage_location") or ""),
            run_id=meta.get("run_id"),
            run_link=meta.get("run_link"),
            model_id=meta.get("model_id"),
            description=meta.get("description"),
            stage=str(meta.get("current_stage") or "None"),
            created=_time(meta, "creation_timestamp"),
            tags=self._texts(place.parent / "tags"),
        )

    def close(self) -> None:
        pass

    def _lines(self, path: Path) -> Iterator[tuple[Point, list[str]]]:
        """Lines of a metric: time, value, step, and what newer versions add. The last may be cut short by a crash."""
        for number, raw in enumerate(path.read_bytes().splitlines(), 1):
            line = decoded(raw)
            words = line.split()
            try:
                at, value = whole(words[0]), float(words[1])
                step = whole(words[2]) if len(words) > 2 else 0
            except (Damaged, IndexError, ValueError):
                self.problems.append(f"{path}, line {number}: {line[:80]!r} is no point of a metric, and is left out")
                continue
            yield (step, at, value), words[3:]

    def _model_points(self, folder: Path) -> Iterator[ModelPoint]:
        # Behind time, value and step stand the run, and name and digest of the data set if there is one.
        for found in beneath(folder / "metrics") if (folder / "metrics").is_dir() else []:
            for (step, at, value), rest in self._lines(found.local):
                name, digest = (rest[1], rest[2]) if len(rest) > 2 else (None, None)
                yield ModelPoint(found.path, value, step, at, rest[0] if rest else "", name, digest)
