"""Runs: starting, ending, finding them."""

from __future__ import annotations

import json
import sys
from typing import Any

from mlflow.entities import Run, RunInfo, RunStatus, RunTag, ViewType, _DatasetSummary
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_MODELS, MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from mlflow.utils.validation import _validate_tag

from .. import _state
from .._convert import timestamp
from ..exceptions import MlopsError
from . import _entities
from ._base import Base
from ._errors import failure
from ._experiments import checked_limit

_CONTEXT = "mlflow.data.context"
# Most summaries of data sets, as MLflow bounds them.
_SUMMARIES = 1_000


class Runs(Base):
    """Runs, as MLflow's tracking store has them."""

    def create_run(
        self, experiment_id: str, user_id: str | None, start_time: int | None, tags: Any, run_name: str | None
    ) -> Run:
        experiment = self._active_experiment(experiment_id)
        given = dict(_entities.tags_of(tags))
        named = given.get(MLFLOW_RUN_NAME)
        # MLflow takes a number, such as that of a trial, and has its text in the tag.
        run_name = None if run_name is None else str(run_name)
        if run_name and named and run_name != named:
            raise failure(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "
                f"different values (run_name='{run_name}', mlflow.runName='{named}').",
                "INVALID_PARAMETER_VALUE",
            )
        parent = given.get(MLFLOW_PARENT_RUN_ID)
        if parent is not None and self._is_active(parent):
            del given[MLFLOW_PARENT_RUN_ID]
        else:
            # MLflow takes any text for a parent; the store knows runs.
            parent = None
        handle = self._store.start_run(
            experiment_id=experiment["experiment_id"],
            run_name=run_name or named,
            parent_run_id=parent,
            tags=list(given.items()),
            user=user_id or "",
            started_at=timestamp(start_time),
            bare=True,
            unattended=self._serves,
        )
        if not self._serves:
            _state._watch_ends()
        made = self.get_run(handle.id)
        # As of MLflow's own stores: of a new run there are none, not even an empty list.
        return Run(made.info, made.data, made.inputs)

    def _is_active(self, run_id: str) -> bool:
        try:
            return bool(self._store.get_run(run_id)["lifecycle_stage"] == "active")
        except MlopsError:
            return False

    def get_run(self, run_id: str) -> Run:
        raw = self._store.get_run(run_id)
        return _entities.run(raw, self._location_of(raw["experiment_id"]), self._models.links(run_id))

    def update_run_info(
        self, run_id: str, run_status: int | None, end_time: int | None, run_name: str | None
    ) -> RunInfo:
        raw = self._active_run(run_id)
        if run_name:
            self._store.open_run(run_id).set_tag(MLFLOW_RUN_NAME, str(run_name))
        status = raw["status"] if run_status is None else RunStatus.to_string(run_status)
        if status == "RUNNING" and run_status is not None and not self._serves:
            # This process goes on with it, and its end is the run's.
            self._store.resume_run(run_id)
            _state._watch_ends()
        elif run_status is not None or (end_time is not None and raw["ended_at"] is not None):
            if not self._ends_by_itself(status):
                _state.warn_of(self._store.open_run(run_id).end(status, timestamp(end_time)))
        self._settle()
        raw = self._store.get_run(run_id)
        return _entities.run_info(raw, self._location_of(raw["experiment_id"]))

    def _ends_by_itself(self, status: str) -> bool:
        """True while the interpreter exits and MLflow ends what is left: as FINISHED, however the process ends. That is known
        a moment later, and the run gets its status then."""
        if self._serves or status != "FINISHED":
            return False
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_name == "_safe_end_run":
                return True
            frame = frame.f_back  # type: ignore[assignment]
        return False

    def delete_run(self, run_id: str) -> None:
        self._store.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        self._store.restore_run(run_id)

    def _search_runs(
        self,
        experiment_ids: list[str],
        filter_string: str | None,
        run_view_type: int,
        max_results: int | None,
        order_by: list[str] | None,
        page_token: str | None,
    ) -> tuple[list[Run], str | None]:
        limit = checked_limit(max_results, may_be_none=True)
        # No experiment has the id "": without ids nothing is found.
        places = [str(found) for found in experiment_ids or []] or [""]
        raws, token = self._store.search_runs(
            places, filter_string or "", list(order_by or []), limit, page_token or None, run_view_type
        )
        locations: dict[str, str] = {}
        runs = []
        for raw in raws:
            number = raw["experiment_id"]
            if number not in locations:
                locations[number] = self._location_of(number)
            runs.append(_entities.run(raw, locations[number], self._models.links(raw["run_id"])))
        return runs, token

    def search_runs(
        self,
        experiment_ids: list[str],
        filter_string: str | None,
        run_view_type: int,
        max_results: int = SEARCH_MAX_RESULTS_DEFAULT,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        return PagedList(
            *self._search_runs(experiment_ids, filter_string, run_view_type, max_results, order_by, page_token)
        )

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        from mlflow.models import Model

        if not isinstance(mlflow_model, Model):
            raise TypeError(
                f"Argument 'mlflow_model' should be mlflow.models.Model, got '{type(mlflow_model)}'"
            )
        before = self._active_run(run_id)["tags"].get(MLFLOW_LOGGED_MODELS)
        found = [*json.loads(before or "[]"), mlflow_model.get_tags_dict()]
        tag: RunTag = _validate_tag(MLFLOW_LOGGED_MODELS, json.dumps(found))
        self._store.open_run(run_id).set_tag(tag.key, tag.value)
        self._settle()

    def _search_datasets(self, experiment_ids: list[str]) -> list[_DatasetSummary]:
        """The data sets that runs of experiments have as inputs, for the UI."""
        found: dict[tuple[str, str, str, str | None], None] = {}
        token: str | None = None
        places = [str(found) for found in experiment_ids] or [""]
        while len(found) < _SUMMARIES:
            raws, token = self._store.search_runs(
                places, "dataset.name LIKE '%'", [], SEARCH_MAX_RESULTS_DEFAULT, token, ViewType.ALL
            )
            for raw in raws:
                for name, digest, *_, tags in raw["inputs"]:
                    found[(raw["experiment_id"], name, digest, dict(tags).get(_CONTEXT))] = None
            if token is None:
                break
        return [
            _DatasetSummary(experiment_id=experiment, name=name, digest=digest, context=context)
            for experiment, name, digest, context in list(found)[:_SUMMARIES]
        ]

    def _hard_delete_run(self, run_id: str) -> None:
        raise failure("runs are removed for good by `mlops gc --deleted-runs`", "NOT_IMPLEMENTED")

    def _get_deleted_runs(self, older_than: int = 0) -> list[str]:
        raise failure("runs are removed for good by `mlops gc --deleted-runs`", "NOT_IMPLEMENTED")
