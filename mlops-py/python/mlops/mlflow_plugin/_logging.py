"""What runs log: params, tags, metrics, data sets; with MLflow's limits."""

from __future__ import annotations

from typing import Any

from mlflow.entities import Metric
from mlflow.entities.metric import MetricWithRunId
from mlflow.store.entities.paged_list import PagedList
from mlflow.utils.search_utils import SearchUtils
from mlflow.utils.validation import (
    _validate_batch_log_data,
    _validate_batch_log_limits,
    _validate_dataset_inputs,
    _validate_metric,
    _validate_param,
    _validate_param_keys_unique,
    _validate_run_id,
    _validate_tag,
)

from .._convert import metric_value, timestamp, whole
from ..exceptions import Conflict, InvalidArgument, NotFound
from . import _entities
from ._base import Base
from ._errors import failure

Point = tuple[int, int, float]


class Logging(Base):
    """What a run logs and has logged, as MLflow's tracking store has it."""

    def log_metric(self, run_id: str, metric: Metric) -> None:
        _validate_metric(metric.key, metric.value, metric.timestamp, metric.step)
        handle = self._store.open_run(run_id)
        of_models = self._by_model(run_id, [metric])
        handle.log_metric(*_point(metric))
        self._log_model_metrics(of_models)
        self._settle()

    def log_param(self, run_id: str, param: Any) -> None:
        param = _validate_param(param.key, param.value)
        try:
            self._store.open_run(run_id).log_param(param.key, str(param.value))
        except Conflict as error:
            raise failure(f"Changing param values is not allowed. {error}", "INVALID_PARAMETER_VALUE") from error
        self._settle()

    def set_tag(self, run_id: str, tag: Any) -> None:
        tag = _validate_tag(tag.key, tag.value)
        self._store.open_run(run_id).set_tag(tag.key, str(tag.value))
        self._settle()

    def delete_tag(self, run_id: str, key: str) -> None:
        try:
            self._store.open_run(run_id).delete_tag(key)
        except NotFound as error:
            if "tag" in error.message:
                message = f"No tag with name: {key} in run with id {run_id}"
                raise failure(message, "RESOURCE_DOES_NOT_EXIST") from error
            raise
        self._settle()

    def log_batch(self, run_id: str, metrics: Any, params: Any, tags: Any) -> None:
        _validate_run_id(run_id)
        metrics, params, tags = _validate_batch_log_data(metrics, params, tags)
        _validate_batch_log_limits(metrics, params, tags)
        _validate_param_keys_unique(params)
        handle = self._store.open_run(run_id)
        points = [_point(metric) for metric in metrics]
        of_models = self._by_model(run_id, metrics)
        try:
            handle.log_batch([(param.key, str(param.value)) for param in params], _entities.tags_of(tags), points)
        except Conflict as error:
            raise failure(f"Changing param values is not allowed. {error}", "INVALID_PARAMETER_VALUE") from error
        self._log_model_metrics(of_models)
        self._settle()

    def _by_model(self, run_id: str, metrics: list[Metric]) -> dict[str, list[Any]]:
        """The points that are of logged models, by model; nothing is logged if one of these does not exist."""
        by_model: dict[str, list[Any]] = {}
        for metric in metrics:
            if metric.model_id is not None:
                key, value, step, at = _point(metric)
                point = (key, value, step, at or 0, run_id, metric.dataset_name, metric.dataset_digest)
                by_model.setdefault(metric.model_id, []).append(point)
        for model_id in by_model.keys() - self._known_models:
            self._models.get(model_id)
            self._known_models.add(model_id)
        return by_model

    def _log_model_metrics(self, by_model: dict[str, list[Any]]) -> None:
        for model_id, points in by_model.items():
            self._models.log_metrics(model_id, points)

    def log_inputs(self, run_id: str, datasets: Any = None, models: Any = None) -> None:
        _validate_run_id(run_id)
        if datasets is not None:
            if not isinstance(datasets, list):
                raise TypeError(f"Argument 'datasets' should be a list, got '{type(datasets)}'")
            _validate_dataset_inputs(datasets)
        # As MLflow has it, a run has a data set once, with the tags that came first.
        known = {(name, digest) for name, digest, *_ in self._active_run(run_id)["inputs"]}
        new = []
        for given in datasets or []:
            found = given.dataset
            if (found.name, found.digest) in known:
                continue
            known.add((found.name, found.digest))
            tags = [(tag.key, str(tag.value)) for tag in given.tags or []]
            new.append((found.name, found.digest, found.source_type, found.source, found.schema, found.profile, tags))
        if new:
            self._store.open_run(run_id).log_inputs(new)
        if models:
            self._models.link(run_id, [model.model_id for model in models], [])
        self._settle()

    def log_outputs(self, run_id: str, models: Any) -> None:
        self._active_run(run_id)
        self._models.link(run_id, [], [(model.model_id, int(model.step)) for model in models])

    # --- reading metrics

    def _points(self, run_id: str, key: str) -> list[Point]:
        try:
            return _entities.points(*self._store.metric_history(run_id, key))
        except (NotFound, InvalidArgument):
            return []

    def get_metric_history(
        self, run_id: str, metric_key: str, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[Metric]:
        found = self._points(run_id, metric_key)
        first = SearchUtils.parse_start_offset_from_page_token(page_token)
        end = len(found) if max_results is None else min(first + max_results, len(found))
        token = SearchUtils.create_page_token(end) if end < len(found) else None
        return PagedList([Metric(metric_key, value, at, step) for at, step, value in found[first:end]], token)

    def get_metric_history_bulk(self, run_ids: list[str], metric_key: str, max_results: int) -> list[MetricWithRunId]:
        found: list[MetricWithRunId] = []
        for run_id in sorted(set(run_ids)):
            left = max_results - len(found)
            found.extend(_of_run(run_id, metric_key, self._points(run_id, metric_key)[: max(left, 0)]))
        return found

    def get_max_step_for_metric(self, run_id: str, metric_key: str) -> int:
        return max((step for _, step, _ in self._points(run_id, metric_key)), default=0)

    def get_metric_history_bulk_interval_from_steps(
        self, run_id: str, metric_key: str, steps: Any, max_results: int
    ) -> list[MetricWithRunId]:
        wanted = set(steps)
        found = sorted((point for point in self._points(run_id, metric_key) if point[1] in wanted), key=_by_step)
        return _of_run(run_id, metric_key, found[:max_results])

    def get_metric_history_bulk_interval(
        self, run_ids: list[str], metric_key: str, max_results: int, start_step: int | None, end_step: int | None
    ) -> list[MetricWithRunId]:
        """Up to ``max_results`` points of each run, evenly spread over all in the range; first and last are among them."""
        if (start_step is None) != (end_step is None):
            raise failure(
                "Both start_step and end_step must be specified together, or neither may be specified.",
                "INVALID_PARAMETER_VALUE",
            )
        limit = max(1, max_results)
        sampled: list[MetricWithRunId] = []
        for run_id in run_ids:
            found = sorted(self._points(run_id, metric_key), key=_by_step)
            if start_step is not None and end_step is not None:
                found = [point for point in found if start_step <= point[1] <= end_step]
            sampled.extend(_of_run(run_id, metric_key, [found[at] for at in _spread(len(found), limit)]))
        return sampled


def _point(metric: Metric) -> tuple[str, float, int, int | None]:
    return metric.key, metric_value(metric.key, metric.value), whole("the step", metric.step or 0), timestamp(metric.timestamp)


def _by_step(point: Point) -> tuple[int, int]:
    return point[1], point[0]


def _of_run(run_id: str, key: str, found: list[Point]) -> list[MetricWithRunId]:
    return [MetricWithRunId(run_id=run_id, metric=Metric(key, value, at, step)) for at, step, value in found]


def _spread(total: int, limit: int) -> list[int]:
    if total <= limit:
        return list(range(total))
    if limit == 1:
        return [total - 1]
    return sorted({round(at * (total - 1) / (limit - 1)) for at in range(limit)})
