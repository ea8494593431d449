"""What the store gives, as MLflow's entities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlflow.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    ExperimentTag,
    InputTag,
    LoggedModel,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunTag,
)
from mlflow.utils.uri import append_to_uri_path

# Tags that say where MLflow was told to keep the files of an experiment; not shown.
LOCATION_TAG = "mlops.artifactLocation"
ROOT_TAG = "mlops.artifactRoot"
# What mlops notes of the points of a metric; MLflow has that with logged models.
_SUBJECTS = "mlops.metricOf."

Raw = dict[str, Any]


def millis(at: int | None) -> int | None:
    """Milliseconds from microseconds."""
    return None if at is None else at // 1000


def artifact_location(raw: Raw, root: str) -> str:
    """Where the files of an experiment's runs are: where it was told to keep them, else beneath ``root``."""
    tags = raw["tags"]
    if LOCATION_TAG in tags:
        return str(tags[LOCATION_TAG])
    return str(append_to_uri_path(tags.get(ROOT_TAG, root), raw["experiment_id"]))


def experiment(raw: Raw, root: str) -> Experiment:
    """An experiment."""
    shown = {key: value for key, value in raw["tags"].items() if key not in (LOCATION_TAG, ROOT_TAG)}
    return Experiment(
        experiment_id=raw["experiment_id"],
        name=raw["name"],
        artifact_location=artifact_location(raw, root),
        lifecycle_stage=raw["lifecycle_stage"],
        tags=[ExperimentTag(key, value) for key, value in shown.items()],
        creation_time=millis(raw["created_at"]),
        last_update_time=millis(raw["updated_at"]),
    )


def run_info(raw: Raw, location: str) -> RunInfo:
    """What identifies a run and how it stands; ``location`` is its experiment's."""
    return RunInfo(
        run_id=raw["run_id"],
        experiment_id=raw["experiment_id"],
        user_id=raw["user_id"],
        status=raw["status"],
        start_time=millis(raw["started_at"]),
        end_time=millis(raw["ended_at"]),
        lifecycle_stage=raw["lifecycle_stage"],
        artifact_uri=append_to_uri_path(location, raw["run_id"], "artifacts"),
        run_name=raw["run_name"],
    )


def run(raw: Raw, location: str, links: tuple[list[str], list[tuple[str, int]]]) -> Run:
    """A run with all but its points and files."""
    data = RunData(
        metrics=[Metric(key, last[0], millis(last[2]), last[1]) for key, last in raw["metrics"].items()],
        params=[Param(key, value) for key, value in raw["params"].items()],
        tags=[RunTag(key, value) for key, value in raw["tags"].items() if not key.startswith(_SUBJECTS)],
    )
    inputs, outputs = links
    return Run(
        run_info(raw, location),
        data,
        RunInputs(
            dataset_inputs=[_dataset_input(found) for found in raw["inputs"]],
            model_inputs=[LoggedModelInput(model_id=model) for model in inputs],
        ),
        RunOutputs([LoggedModelOutput(model_id=model, step=step) for model, step in outputs]),
    )


def _dataset_input(raw: tuple[str, str, str, str, str | None, str | None, list[tuple[str, str]]]) -> DatasetInput:
    name, digest, source_type, source, schema, profile, tags = raw
    dataset = Dataset(
        name=name, digest=digest, source_type=source_type, source=source, schema=schema, profile=profile
    )
    return DatasetInput(dataset=dataset, tags=[InputTag(key, value) for key, value in tags])


def logged_model(raw: Raw, location: str) -> LoggedModel:
    """A logged model; ``location`` is its experiment's."""
    return LoggedModel(
        experiment_id=raw["experiment_id"],
        model_id=raw["model_id"],
        name=raw["name"],
        artifact_location=append_to_uri_path(location, "models", raw["model_id"], "artifacts"),
        creation_timestamp=millis(raw["created_at"]) or 0,
        last_updated_timestamp=millis(raw["updated_at"]) or 0,
        model_type=raw["model_type"],
        source_run_id=raw["source_run_id"],
        status=LoggedModelStatus(raw["status"]),
        status_message=raw["status_message"],
        tags=raw["tags"],
        params=raw["params"],
        metrics=[
            Metric(
                key=key,
                value=value,
                timestamp=millis(at),
                step=step,
                model_id=raw["model_id"],
                dataset_name=dataset_name,
                dataset_digest=dataset_digest,
                run_id=run_id,
            )
            for key, value, step, at, run_id, dataset_name, dataset_digest in raw["metrics"]
        ],
    )


def points(steps: bytes, times: bytes, values: bytes) -> list[tuple[int, int, float]]:
    """Points as (milliseconds, step, value), each once, in MLflow's order: NaN stands where 0 does."""
    columns = zip(memoryview(times).cast("q"), memoryview(steps).cast("q"), memoryview(values).cast("d"))
    found = {}
    for at, step, value in columns:
        # NaN is not equal to itself.
        is_nan = value != value
        found[(at // 1000, step, 0.0 if is_nan else value, is_nan)] = value
    return [(at, step, found[key]) for key in sorted(found) for at, step, *_ in (key,)]


def tags_of(given: Iterable[Any] | None) -> list[tuple[str, str]]:
    """Tags as pairs."""
    return [(tag.key, str(tag.value)) for tag in given or []]
