"""Logged models."""

from __future__ import annotations

from typing import Any, NamedTuple

from mlflow.entities import LoggedModel, LoggedModelStatus, ViewType
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_LOGGED_MODEL_MAX_RESULTS_DEFAULT
from mlflow.utils.search_utils import SearchLoggedModelsUtils
from mlflow.utils.validation import _validate_logged_model_name

from ..exceptions import InvalidArgument, NotFound
from . import _entities
from ._base import Base
from ._errors import failure


class _Search(SearchLoggedModelsUtils):  # type: ignore[misc]
    """MLflow's search in lists, with what its database makes of a model with several values of a metric: any may match."""

    @classmethod
    def _does_logged_model_match_clause(cls, model: LoggedModel, condition: Any, datasets: Any = None) -> bool:
        matches = super()._does_logged_model_match_clause
        if condition.get("type") != "metric":
            return bool(matches(model, condition, datasets))
        found = model.metrics or []
        return any(matches(_OneMetric([metric]), condition, datasets) for metric in found)


class _OneMetric(NamedTuple):
    """What MLflow looks at for a condition on a metric."""

    metrics: list[Any]


class LoggedModels(Base):
    """Logged models, as MLflow's tracking store has them."""

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Any = None,
        params: Any = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        _validate_logged_model_name(name)
        model_id = self._models.create(
            experiment_id=self._active_experiment(experiment_id)["experiment_id"],
            name=name,
            source_run_id=source_run_id,
            tags=_entities.tags_of(tags),
            params=_entities.tags_of(params),
            model_type=model_type,
        )
        return self.get_logged_model(model_id)

    def _model(self, model_id: str) -> _entities.Raw:
        try:
            return self._models.get(model_id)
        except (NotFound, InvalidArgument) as error:
            raise failure(f"Logged model with ID '{model_id}' not found.", "RESOURCE_DOES_NOT_EXIST") from error

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> LoggedModel:
        raw = self._model(model_id)
        if raw["lifecycle_stage"] != "active" and not allow_deleted:
            raise failure(f"Logged model with ID '{model_id}' not found.", "RESOURCE_DOES_NOT_EXIST")
        return _entities.logged_model(raw, self._location_of(raw["experiment_id"]))

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        self._model(model_id)
        self._models.set_status(model_id, str(status))
        return self.get_logged_model(model_id, allow_deleted=True)

    def log_logged_model_params(self, model_id: str, params: Any) -> None:
        self._model(model_id)
        self._models.log_params(model_id, _entities.tags_of(params))

    def set_logged_model_tags(self, model_id: str, tags: Any) -> None:
        self._model(model_id)
        self._models.set_tags(model_id, _entities.tags_of(tags))

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        if key not in self._model(model_id)["tags"]:
            message = f"No tag with key {key!r} found for model with ID {model_id!r}."
            raise failure(message, "RESOURCE_DOES_NOT_EXIST")
        self._models.delete_tag(model_id, key)

    def delete_logged_model(self, model_id: str) -> None:
        self._model(model_id)
        self._models.delete(model_id)

    def search_logged_models(
        self,
        experiment_ids: list[str],
        filter_string: str | None = None,
        datasets: Any = None,
        max_results: int | None = None,
        order_by: Any = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        if datasets and not all(dataset.get("dataset_name") for dataset in datasets):
            raise failure(
                "`dataset_name` in the `datasets` clause must be specified.", "INVALID_PARAMETER_VALUE"
            )
        locations: dict[str, str] = {}
        models = []
        for raw in self._models.list_models([str(found) for found in experiment_ids] or [""], ViewType.ACTIVE_ONLY):
            number = raw["experiment_id"]
            if number not in locations:
                locations[number] = self._location_of(number)
            models.append(_entities.logged_model(raw, locations[number]))
        matching = _Search.filter_logged_models(models, filter_string, datasets)
        ordered = SearchLoggedModelsUtils.sort(matching, order_by)
        limit = max_results or SEARCH_LOGGED_MODEL_MAX_RESULTS_DEFAULT
        return PagedList(*SearchLoggedModelsUtils.paginate(ordered, page_token, limit))
