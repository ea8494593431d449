"""Experiments."""

from __future__ import annotations

from typing import Any

from mlflow.entities import Experiment, ViewType
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT, SEARCH_MAX_RESULTS_THRESHOLD
from mlflow.utils.validation import (
    _validate_experiment_artifact_location_length,
    _validate_experiment_name,
    _validate_experiment_tag,
)

from ..exceptions import AlreadyExists, InvalidState
from . import _entities
from ._base import Base
from ._errors import failure


def checked_limit(max_results: int | None, may_be_none: bool = False) -> int:
    """How many results a page has, as MLflow bounds it."""
    if max_results is None and may_be_none:
        return int(SEARCH_MAX_RESULTS_THRESHOLD)
    if max_results is None or max_results < 1:
        raise failure(
            f"Invalid value {max_results} for parameter 'max_results' supplied. It must be a positive integer",
            "INVALID_PARAMETER_VALUE",
        )
    if max_results > SEARCH_MAX_RESULTS_THRESHOLD:
        raise failure(
            f"Invalid value {max_results} for parameter 'max_results' supplied. "
            f"It must be at most {SEARCH_MAX_RESULTS_THRESHOLD}",
            "INVALID_PARAMETER_VALUE",
        )
    return max_results


class Experiments(Base):
    """Experiments, as MLflow's tracking store has them."""

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = SEARCH_MAX_RESULTS_DEFAULT,
        filter_string: str | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        limit = checked_limit(max_results)
        raws, token = self._store.search_experiments(
            filter_string or "", list(order_by or []), limit, page_token or None, view_type
        )
        return PagedList([_entities.experiment(raw, self.artifact_root_uri) for raw in raws], token)

    def create_experiment(self, name: str, artifact_location: str | None = None, tags: Any = None) -> str:
        _validate_experiment_name(name)
        given = _entities.tags_of(tags)
        for tag in tags or []:
            _validate_experiment_tag(tag.key, tag.value)
        if artifact_location:
            _validate_experiment_artifact_location_length(artifact_location)
            given.append((_entities.LOCATION_TAG, artifact_location))
        elif self._root_is_chosen:
            given.append((_entities.ROOT_TAG, self.artifact_root_uri))
        try:
            return self._store.create_experiment(name, given)
        except AlreadyExists as error:
            raise failure(f"Experiment(name={name}) already exists. Error: {error}", "RESOURCE_ALREADY_EXISTS") from error

    def get_experiment(self, experiment_id: str) -> Experiment:
        return _entities.experiment(self._experiment(experiment_id), self.artifact_root_uri)

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        raw = self._store.find_experiment(experiment_name)
        return None if raw is None else _entities.experiment(raw, self.artifact_root_uri)

    def delete_experiment(self, experiment_id: str) -> None:
        self._store.delete_experiment(self._experiment(experiment_id)["experiment_id"])

    def restore_experiment(self, experiment_id: str) -> None:
        self._store.restore_experiment(self._experiment(experiment_id)["experiment_id"])

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        _validate_experiment_name(new_name)
        found = self._experiment(experiment_id)
        try:
            self._store.rename_experiment(found["experiment_id"], new_name)
        except InvalidState as error:
            raise failure("Cannot rename a non-active experiment.", "INVALID_STATE") from error
        except AlreadyExists as error:
            # The text of a database, and this code, is what MLflow's store answers.
            raise failure(error.message, "BAD_REQUEST") from error

    def set_experiment_tag(self, experiment_id: str, tag: Any) -> None:
        _validate_experiment_tag(tag.key, tag.value)
        found = self._active_experiment(experiment_id)
        self._store.set_experiment_tags(found["experiment_id"], [(tag.key, str(tag.value))])

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._store.delete_experiment_tag(self._active_experiment(experiment_id)["experiment_id"], key)

    def filter_active_experiment_ids(self, experiment_ids: list[str]) -> list[str]:
        wanted = {str(int(found)) for found in experiment_ids}
        page, token = self._store.search_experiments("", [], SEARCH_MAX_RESULTS_THRESHOLD, None, ViewType.ACTIVE_ONLY)
        return [raw["experiment_id"] for raw in page if raw["experiment_id"] in wanted]
