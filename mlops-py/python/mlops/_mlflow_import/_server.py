"""Reads any tracking URI through MLflow, where it is installed: a server, another database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..exceptions import Unsupported
from ._types import Experiment, File, MlflowSource, Model, ModelPoint, OutOfReach, Point, RegisteredModel, Run, Version, beneath

_ALL = 3
_PAGE = 1_000


class Server(MlflowSource):
    """What a tracking URI names."""

    def __init__(self, uri: str) -> None:
        try:
            from mlflow.tracking import MlflowClient
        except ImportError:
            raise Unsupported(
                f"reading `{uri}` needs MLflow: pip install mlflow; a folder mlruns and an SQLite database need it not"
            ) from None
        self.problems: list[str] = []
        self._client = MlflowClient(uri)
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def _pages(self, call: Any, *arguments: Any, **named: Any) -> Iterator[Any]:
        token: str | None = None
        while True:
            page = call(*arguments, page_token=token, **named)
            yield from page
            token = page.token
            if not token:
                return

    def experiments(self) -> Iterable[Experiment]:
        for found in self._pages(self._client.search_experiments, view_type=_ALL, max_results=_PAGE):
            yield Experiment(
                id=found.experiment_id,
                name=found.name,
                deleted=found.lifecycle_stage == "deleted",
                created=found.creation_time,
                tags=dict(found.tags),
            )

    def runs(self, experiment: Experiment) -> Iterable[Run]:
        found = self._pages(self._client.search_runs, [experiment.id], run_view_type=_ALL, max_results=_PAGE)
        for brief in found:
            # A search leaves the models that are inputs out.
            run = self._client.get_run(brief.info.run_id)
            info, inputs, outputs = run.info, run.inputs, getattr(run, "outputs", None)
            yield Run(
                id=info.run_id,
                experiment_id=experiment.id,
                name=info.run_name or "",
                status=info.status,
                started=info.start_time or 0,
                ended=info.end_time,
                user=info.user_id or "",
                deleted=info.lifecycle_stage == "deleted",
                params=dict(run.data.params),
                tags=dict(run.data.tags),
                inputs=[
                    (
                        one.dataset.name, one.dataset.digest, one.dataset.source_type, one.dataset.source,
                        one.dataset.schema, one.dataset.profile, [(tag.key, tag.value) for tag in one.tags or []],
                    )  # fmt: skip
                    for one in (inputs.dataset_inputs if inputs else [])
                ],
                model_inputs=[one.model_id for one in getattr(inputs, "model_inputs", None) or []],
                model_outputs=[(one.model_id, one.step) for one in getattr(outputs, "model_outputs", None) or []],
            )

    def points(self, run: Run) -> Iterator[tuple[str, list[Point]]]:
        for key in sorted(self._client.get_run(run.id).data.metrics):
            history = self._client.get_metric_history(run.id, key)
            yield key, [(int(point.step), int(point.timestamp), float(point.value)) for point in history]

    def _downloaded(self, uri: str) -> Iterable[File]:
        from mlflow.artifacts import download_artifacts, list_artifacts

        # Of one run or model at a time: what the call before gave is not needed any more.
        self.close()
        self._folder = tempfile.TemporaryDirectory(prefix="mlops-import-")
        place = Path(self._folder.name)
        named = {"artifact_uri": uri, "tracking_uri": self._client.tracking_uri}
        try:
            # What has no file has no folder either.
            if not list_artifacts(**named):
                return []
            place = Path(download_artifacts(**named, dst_path=str(place)))
        except Exception as error:
            # Whatever stands behind the server: a bucket without rights, a host that is gone.
            raise OutOfReach(f"{type(error).__name__}: {error}"[:300]) from error
        return beneath(place, by_content=True)

    def files(self, run: Run) -> Iterable[File]:
        return self._downloaded(self._client.get_run(run.id).info.artifact_uri)

    def models(self, experiment: Experiment) -> Iterable[Model]:
        if not hasattr(self._client, "search_logged_models"):
            return
        for found in self._pages(self._client.search_logged_models, [experiment.id]):
            yield Model(
                id=found.model_id,
                experiment_id=experiment.id,
                name=found.name,
                status=str(found.status),
                created=found.creation_timestamp,
                model_type=found.model_type,
                source_run_id=found.source_run_id,
                params=dict(found.params or {}),
                tags=dict(found.tags or {}),
                points=[
                    ModelPoint(
                        one.key, one.value, one.step, one.timestamp, one.run_id or "", one.dataset_name, one.dataset_digest
                    )
                    for one in found.metrics or []
                ],
            )

    def model_files(self, model: Model) -> Iterable[File]:
        return self._downloaded(self._client.get_logged_model(model.id).artifact_location)

    def registered(self) -> Iterable[RegisteredModel]:
        try:
            return [self._registered(found) for found in self._pages(self._client.search_registered_models, max_results=100)]
        except Exception as error:
            self.problems.append(f"the model registry cannot be read: {error}"[:300])
            return []

    def _registered(self, found: Any) -> RegisteredModel:
        name = found.name.replace("'", "''")
        versions = self._pages(self._client.search_model_versions, f"name='{name}'", max_results=1_000)
        return RegisteredModel(
            name=found.name,
            description=found.description or None,
            tags=dict(found.tags or {}),
            aliases={alias: int(number) for alias, number in (found.aliases or {}).items()},
            versions=[
                Version(
                    number=int(of.version),
                    source=of.source or "",
                    place=self._client.get_model_version_download_uri(found.name, of.version) or "",
                    run_id=of.run_id or None,
                    run_link=of.run_link or None,
                    model_id=getattr(of, "model_id", None) or None,
                    description=of.description or None,
                    stage=of.current_stage or "None",
                    created=of.creation_timestamp,
                    tags=dict(of.tags or {}),
                )
                for of in versions
            ],
        )

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
