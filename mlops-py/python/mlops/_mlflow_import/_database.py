"""Reads MLflow's SQLite database, of any version: tables and columns that it lacks are taken for empty."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlparse

from ..exceptions import InvalidArgument
from ._folder import local_path
from ._reading import Damaged, Unread, decoded, each, is_text, texts, whole
from ._types import (
    PROMPT,
    Experiment,
    File,
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

_MODEL_STATUSES = {1: "PENDING", 2: "READY", 3: "FAILED"}
# Points that are held at once.
_ROWS = 100_000


class Database(MlflowSource):
    """A database of MLflow's."""

    def __init__(self, path: Path, artifacts: Path | None = None) -> None:
        self.problems: list[str] = []
        self._path = path
        self._artifacts = artifacts
        self._connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        self._connection.row_factory = sqlite3.Row
        self._connection.text_factory = decoded
        try:
            tables = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        except sqlite3.DatabaseError as error:
            raise InvalidArgument(f"{path} is no SQLite database: {error}") from None
        self._tables = {row["name"] for row in tables}
        if not {"experiments", "runs"} <= self._tables:
            raise InvalidArgument(f"{path} is no database of MLflow's: it has no tables `experiments` and `runs`")
        self._uris: dict[str, str] = {}

    def _rows(self, table: str, where: str = "", *values: Any) -> Iterator[dict[str, Any]]:
        if table not in self._tables:
            return
        # The names of tables are ours, never from the database.
        cursor = self._connection.execute(f"SELECT * FROM {table} {where}", values)
        while page := cursor.fetchmany(_ROWS):
            for row in page:
                yield dict(row)

    def _texts(self, table: str, owner: str, of: Any, key: str = "key", value: str = "value") -> dict[str, str]:
        found = self._rows(table, f"WHERE {owner} = ?", of)
        pairs = ((str(row[key]), _text(row[value])) for row in found)
        return texts(pairs, f"the table {table}, {of}", self.problems)

    def experiments(self) -> Iterator[Experiment | Unread]:
        rows = self._rows("experiments", "ORDER BY experiment_id")
        return each(rows, self._experiment, lambda row: f"experiment {row['experiment_id']}, and all that is in it")

    def _experiment(self, row: dict[str, Any]) -> Experiment:
        number = whole(row["experiment_id"])
        return Experiment(
            id=str(number),
            name=str(row["name"]),
            deleted=row.get("lifecycle_stage") == "deleted",
            created=_time(row, "creation_time"),
            tags=self._texts("experiment_tags", "experiment_id", number),
        )

    def runs(self, experiment: Experiment) -> Iterator[Run | Unread]:
        rows = self._rows("runs", "WHERE experiment_id = ? ORDER BY start_time, run_uuid", int(experiment.id))
        return each(rows, lambda row: self._run(experiment, row), lambda row: f"run {row['run_uuid']}")

    def _run(self, experiment: Experiment, row: dict[str, Any]) -> Run:
        run_id = row["run_uuid"]
        self._uris[run_id] = row.get("artifact_uri") or ""
        run = Run(
            id=run_id,
            experiment_id=experiment.id,
            name=row.get("name") or "",
            status=row.get("status") or "FINISHED",
            started=_time(row, "start_time") or 0,
            ended=_time(row, "end_time"),
            user=row.get("user_id") or "",
            deleted=row.get("lifecycle_stage") == "deleted",
            params=self._texts("params", "run_uuid", run_id),
            tags=self._texts("tags", "run_uuid", run_id),
        )
        self._links(run)
        return run

    def _links(self, run: Run) -> None:
        for row in self._rows("inputs", "WHERE destination_type = 'RUN' AND destination_id = ?", run.id):
            tags = self._texts("input_tags", "input_uuid", row["input_uuid"], "name", "value")
            for of in self._rows("datasets", "WHERE dataset_uuid = ?", row["source_id"]):
                texts = [of["name"], of["digest"], of["dataset_source_type"], of["dataset_source"]]
                name, digest, kind, source = (str(text or "") for text in texts)
                schema, profile = of.get("dataset_schema"), of.get("dataset_profile")
                run.inputs.append((name, digest, kind, source, schema, profile, sorted(tags.items())))
        for row in self._rows("inputs", "WHERE source_type = 'RUN_INPUT' AND source_id = ?", run.id):
            run.model_inputs.append(row["destination_id"])
        for row in self._rows("inputs", "WHERE source_type = 'RUN_OUTPUT' AND source_id = ?", run.id):
            run.model_outputs.append((row["destination_id"], whole(row.get("step") or 0)))

    def points(self, run: Run) -> Iterator[tuple[str, list[Point]]]:
        if "metrics" not in self._tables:
            return
        columns = {row["name"] for row in self._connection.execute("PRAGMA table_info(metrics)")}
        # The first versions had neither.
        step, is_nan = ("step" if "step" in columns else "0"), ("is_nan" if "is_nan" in columns else "0")
        # One pass by the run alone, which MLflow's tables have an index for; as columns, since there may be millions.
        cursor = self._connection.cursor()
        cursor.row_factory = None
        rows = cursor.execute(f"SELECT key, {step}, timestamp, value, {is_nan} FROM metrics WHERE run_uuid = ?", (run.id,))
        found: dict[str, tuple[array[int], array[int], array[float]]] = {}
        left: dict[Any, list[str]] = {}
        for key, place, at, value, missing in rows:
            if type(place) is not int or type(at) is not int or type(value) is not float or missing:
                try:
                    place, at, value = self._point(run, key, place, at, value, missing)
                except Damaged as error:
                    left.setdefault(key, []).append(str(error))
                    continue
            columns_of = found.get(key)
            if columns_of is None:
                columns_of = found[key] = array("q"), array("q"), array("d")
            columns_of[0].append(place)
            columns_of[1].append(at)
            columns_of[2].append(value)
        for key in [key for key in found if not isinstance(key, str) or not is_text(key)]:
            left[key] = ["its name is no UTF-8"] * len(found.pop(key)[0])
        for key, why in left.items():
            self.problems.append(f"run {run.id}: {len(why)} points of the metric {key!a} are left out: {why[0]}")
        for key in sorted(found):
            yield key, sorted(zip(*found.pop(key), strict=True), key=lambda point: (point[1], point[0]))

    def _point(self, run: Run, key: Any, step: Any, at: Any, value: Any, missing: Any) -> Point:
        """A point of which something is not what the table says, which SQLite lets pass."""
        place = whole(step or 0)
        if isinstance(step, float) and step != place:
            self.problems.append(f"run {run.id}: the step {step} of metric {key} is no whole number; it is kept as {place}")
        # SQLite keeps NaN as NULL.
        return place, whole(at), _number(None if missing else value)

    def _beneath(self, uri: str) -> Iterable[File]:
        """The files that an artifact URI names, where they were or beside the database."""
        if not uri:
            return []
        place = local_path(uri, self._path.parent)
        if place is not None:
            inside = Path(*place.parts[-3:])
            places = [place, self._path.parent / "mlruns" / inside, self._path.parent / "mlartifacts" / inside]
            places += [self._artifacts / inside] if self._artifacts else []
            found = next((one for one in places if one.is_dir()), None)
            # A run that logged no file has no folder.
            return [] if found is None else beneath(found)
        parsed = urlparse(uri)
        if parsed.scheme in ("mlflow-artifacts", "http", "https"):
            inside = Path(parsed.path.partition("/artifacts/")[2] if parsed.scheme != "mlflow-artifacts" else parsed.path.strip("/"))
            roots = [self._artifacts] if self._artifacts else [self._path.parent / "mlartifacts"]
            for root in roots:
                if root.is_dir():
                    return beneath(root / inside) if (root / inside).is_dir() else []
        raise OutOfReach(uri)

    def files(self, run: Run) -> Iterable[File]:
        return self._beneath(self._uris[run.id])

    def models(self, experiment: Experiment) -> Iterator[Model | Unread]:
        rows = self._rows("logged_models", "WHERE experiment_id = ?", int(experiment.id))
        return each(rows, lambda row: self._model(experiment, row), lambda row: f"logged model {row['model_id']}")

    def _model(self, experiment: Experiment, row: dict[str, Any]) -> Model:
        model_id = row["model_id"]
        self._uris[model_id] = row.get("artifact_location") or ""
        return Model(
            id=model_id,
            experiment_id=experiment.id,
            name=row["name"],
            status=_MODEL_STATUSES.get(row.get("status") or 0, "PENDING"),
            created=_time(row, "creation_timestamp_ms"),
            deleted=row.get("lifecycle_stage") == "deleted",
            model_type=row.get("model_type"),
            source_run_id=row.get("source_run_id"),
            params=self._texts("logged_model_params", "model_id", model_id, "param_key", "param_value"),
            tags=self._texts("logged_model_tags", "model_id", model_id, "tag_key", "tag_value"),
            points=list(self._model_points(model_id)),
        )

    def _model_points(self, model_id: str) -> Iterator[ModelPoint]:
        rows = self._rows("logged_model_metrics", "WHERE model_id = ?", model_id)
        name = f"logged model {model_id}: a value of a metric is left out"
        for point in each(rows, _model_point, lambda _: name):
            if isinstance(point, Unread):
                self.problems.append(point.why)
            else:
                yield point

    def model_files(self, model: Model) -> Iterable[File]:
        uri = self._uris[model.id]
        place = local_path(uri, self._path.parent)
        if uri and place is not None and not place.is_dir():
            # <experiment>/models/<model>/artifacts
            inside = Path(*place.parts[-4:])
            roots = [self._path.parent / "mlruns", self._path.parent / "mlartifacts", *([self._artifacts] if self._artifacts else [])]
            found = next((root / inside for root in roots if (root / inside).is_dir()), None)
            return [] if found is None else beneath(found)
        return self._beneath(uri)

    def registered(self) -> Iterator[RegisteredModel | Unread]:
        rows = self._rows("registered_models", "ORDER BY name")
        return each(rows, self._registered, lambda row: f"registered model {row['name']!r}")

    def _registered(self, row: dict[str, Any]) -> RegisteredModel | None:
        name = row["name"]
        tags = self._texts("registered_model_tags", "name", name)
        if PROMPT in tags:
            return None
        versions = []
        rows = self._rows("model_versions", "WHERE name = ? ORDER BY version", name)
        for version in each(rows, self._version, lambda of: f"version {of['version']} of the registered model {name!r}"):
            if isinstance(version, Unread):
                self.problems.append(version.why)
            else:
                versions.append(version)
        aliases = self._rows("registered_model_aliases", "WHERE name = ?", name)
        return RegisteredModel(
            name=name,
            description=row.get("description"),
            tags=tags,
            aliases={of["alias"]: whole(of["version"]) for of in aliases},
            versions=versions,
        )

    def _version(self, of: dict[str, Any]) -> Version:
        number = whole(of["version"])
        tags = self._rows("model_version_tags", "WHERE name = ? AND version = ?", of["name"], of["version"])
        return Version(
            number=number,
            source=of.get("source") or "",
            place=of.get("storage_location") or "",
            run_id=of.get("run_id"),
            run_link=of.get("run_link"),
            description=of.get("description"),
            stage=of.get("current_stage") or "None",
            created=_time(of, "creation_time"),
            tags=texts(((tag["key"], _text(tag["value"])) for tag in tags), f"version {number} of {of['name']!r}", self.problems),
        )

    def close(self) -> None:
        self._connection.close()


def _text(value: Any) -> str:
    return "" if value is None else decoded(value) if isinstance(value, bytes) else str(value)


def _time(row: dict[str, Any], key: str) -> int | None:
    found = row.get(key)
    return None if found is None else whole(found)


def _number(value: Any) -> float:
    if value is None:
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Damaged(f"{value!a:.80} is no number") from None


def _model_point(of: dict[str, Any]) -> ModelPoint:
    return ModelPoint(
        of["metric_name"],
        _number(of["metric_value"]),
        whole(of["metric_step"]),
        whole(of["metric_timestamp_ms"]),
        of["run_id"],
        of.get("dataset_name"),
        of.get("dataset_digest"),
    )
