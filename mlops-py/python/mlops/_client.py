"""The client: the same calls with explicit run ids, as MLflow's ``MlflowClient``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _native, _state
from ._content import artifact_folder, dict_bytes, existing_folder, existing_path, figure_bytes, image_files, log_stream, text_bytes
from ._convert import (
    checked_run_name,
    ids,
    metric_value,
    one_tag,
    path_text,
    sequence,
    tag_items,
    text,
    text_key,
    text_or_none,
    timestamp,
    view,
    whole,
)
from ._operations import RunOperations, done
from ._logged_models import LoggedModelCalls
from ._registry import RegistryCalls
from ._state import Durability
from .entities import DatasetInput, Experiment, FileInfo, Metric, PagedList, Param, Run, RunTag, ViewType
from .exceptions import InvalidArgument, NotFound, Unsupported

_PAGE = 1_000


def checked_limit(max_results: int | None) -> int:
    """How many runs are asked for: 1 or more; None is all."""
    if max_results is None:
        return sys.maxsize
    limit = whole("max_results", max_results)
    if limit < 1:
        raise InvalidArgument(f"max_results is {limit}: expected 1 or more")
    return limit


def search_pages(
    store: _native.Store, places: list[str], filter_string: str, order_by: list[str], max_results: int | None, view_type: int
) -> list[dict[str, Any]]:
    """The first ``max_results`` runs, page by page."""
    limit, wanted, shown = checked_limit(max_results), text("filter_string", filter_string), view("run_view_type", view_type)
    found: list[dict[str, Any]] = []
    token: str | None = None
    while True:
        page, token = store.search_runs(places, wanted, order_by, min(limit - len(found), 10_000), token, shown)
        found.extend(page)
        if token is None or len(found) >= limit:
            return found


def experiment_page(
    store: _native.Store,
    view_type: int,
    max_results: int | None,
    filter_string: str | None,
    order_by: list[str] | None,
    page_token: str | None,
) -> PagedList[Experiment]:
    """One page of the experiments that match a filter."""
    limit = whole("max_results", _PAGE if max_results is None else max_results)
    if limit < 1:
        raise InvalidArgument(f"max_results is {limit}: expected 1 to 50000")
    wanted = text("filter_string", filter_string or "")
    token = text_or_none("page_token", page_token or None)
    raws, token = store.search_experiments(wanted, ids(order_by), limit, token, view("view_type", view_type))
    return PagedList([Experiment(raw) for raw in raws], token)


def list_experiments(
    store: _native.Store, view_type: int, max_results: int | None, filter_string: str | None, order_by: list[str] | None
) -> list[Experiment]:
    """The first ``max_results`` experiments that match a filter, or all."""
    limit = None if max_results is None else whole("max_results", max_results)
    found: list[Experiment] = []
    token: str | None = None
    if limit == 0:
        return found
    while True:
        wanted = _PAGE if limit is None else min(limit - len(found), 10_000)
        page = experiment_page(store, view_type, wanted, filter_string, order_by, token)
        found.extend(page)
        token = page.token
        if token is None or len(found) == limit:
            return found


class MlflowClient(RegistryCalls, LoggedModelCalls):
    """Calls with explicit run ids, on the store at ``tracking_uri`` (default: the one that fluent calls use)."""

    def __init__(self, tracking_uri: str | os.PathLike[str] | None = None, registry_uri: str | None = None) -> None:
        self._own = None if tracking_uri is None else _native.Store(_state.location_text(tracking_uri, "tracking_uri"))
        self._pid = os.getpid()

    @property
    def _store(self) -> _native.Store:
        if self._own is None:
            return _state.store()
        if self._pid != os.getpid():
            # A forked child opens the store anew.
            self._own = _native.Store(self._own.uri)
            self._pid = os.getpid()
        return self._own

    @property
    def tracking_uri(self) -> str:
        """The store's location."""
        return self._store.uri

    def __getattr__(self, name: str) -> Any:
        from ._absent import sentence

        raise AttributeError(sentence(type(self).__name__, name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._own.uri if self._own is not None else _state.uri()}>"

    # --- experiments

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None
    ) -> str:
        """Makes an experiment and returns its id. Artifacts are always kept in the store: a warning says so where
        ``artifact_location`` names another place."""
        _state.warn_of_location(artifact_location, self.tracking_uri)
        return self._store.create_experiment(text_key("experiment name", name), tag_items(tags))

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment with this id."""
        return Experiment(self._store.get_experiment(str(experiment_id)))

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment with this name; None if there is none."""
        raw = self._store.find_experiment(text("name", name))
        return None if raw is None else Experiment(raw)

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = _PAGE,
        filter_string: str | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """One page of the experiments that match a filter, the newest first; ``.token`` leads to the next.

        A filter and an order name ``name``, ``experiment_id``, ``creation_time``, ``last_update_time`` and ``tags.<key>``."""
        return experiment_page(self._store, view_type, max_results, filter_string, order_by, page_token)

    def delete_experiment(self, experiment_id: str) -> None:
        """Hides an experiment with all its runs; it can be restored, and keeps its name until then."""
        self._store.delete_experiment(str(experiment_id))

    def restore_experiment(self, experiment_id: str) -> None:
        """Shows a deleted experiment again, with its runs but those that were deleted by themselves."""
        self._store.restore_experiment(str(experiment_id))

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Gives an experiment another name."""
        self._store.rename_experiment(str(experiment_id), text_key("experiment name", new_name))

    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:
        """Sets a tag of an experiment; its value is ``str(value)``."""
        self._store.set_experiment_tags(str(experiment_id), tag_items({key: value}))

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Removes a tag of an experiment; one that it has not is an error."""
        self._store.delete_experiment_tag(str(experiment_id), text_key("tag name", key))

    # --- runs

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: Mapping[str, Any] | None = None,
        run_name: str | None = None,
        *,
        run_id: str | None = None,
    ) -> Run:
        """Starts a run without making it active; end it with :meth:`set_terminated`. ``run_id``: the id to give, which no run has."""
        given = dict(tag_items(tags))
        named = given.get("mlflow.runName")
        if run_name and named and str(run_name) != named:
            raise InvalidArgument(f"run_name is {run_name!r}, and the tag mlflow.runName is {named!r}: leave one out")
        source_name, source_type = _state.source()
        handle = self._store.start_run(
            run_id=None if run_id is None else text("run_id", run_id),
            experiment_id=str(experiment_id),
            run_name=str(run_name) if run_name else named,
            parent_run_id=given.pop("mlflow.parentRunId", None),
            tags=list(given.items()),
            source_name=source_name,
            source_type=source_type,
            started_at=timestamp(start_time),
        )
        return self.get_run(handle.id)

    def fork_run(self, run_id: str, step: int | None = None, run_name: str | None = None) -> Run:
        """Starts a run that begins with what another has logged, up to ``step`` (None: all), without making it active."""
        source_name, source_type = _state.source()
        handle = _native.fork_run(
            self._store,
            text_key("run id", run_id),
            None if step is None else whole("the step", step),
            run_name=None if run_name is None else str(run_name),
            source_name=source_name,
            source_type=source_type,
        )
        return self.get_run(handle.id)

    def rewind_run(self, run_id: str, step: int) -> None:
        """Removes the points of a run behind ``step``, from series and summaries, in one piece; the rest stays."""
        _native.rewind_run(self._store, text_key("run id", run_id), whole("the step", step))

    def get_run(self, run_id: str) -> Run:
        """A run as it is now."""
        return Run(self._store.get_run(text_key("run id", run_id)), self._store)

    def get_parent_run(self, run_id: str) -> Run | None:
        """The run that a run is nested under; None if it is not."""
        parent = self.get_run(run_id).info.parent_run_id
        return None if parent is None else self.get_run(parent)

    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        """Ends a run: FINISHED, unless another status is given; ``end_time`` in milliseconds, now if it is left out."""
        _state.warn_of(self._run(run_id).end(text("status", status or "FINISHED"), timestamp(end_time)))

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Changes a run's status or name."""
        handle, wanted = self._run(run_id), text_or_none("status", status)
        if name is not None:
            handle.set_tag("mlflow.runName", checked_run_name("name", name))
        if wanted is not None:
            _state.warn_of(handle.end(wanted))

    def delete_run(self, run_id: str) -> None:
        """Hides a run; it can be restored."""
        self._store.delete_run(text("run_id", run_id))

    def restore_run(self, run_id: str) -> None:
        """Shows a deleted run again."""
        self._store.restore_run(text("run_id", run_id))

    def move_runs(self, run_ids: Sequence[str] | str, experiment_id: str) -> int:
        """Moves runs to another experiment; those that are there stay. Returns how many were moved.

        They keep their ids, and may be under way. If one of them does not exist or is deleted, none is moved."""
        return self._store.move_runs(ids(run_ids), str(experiment_id))

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = _PAGE,
        order_by: Iterable[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """One page of the runs that match a filter; ``.token`` leads to the next. Without ``max_results`` it has 50,000."""
        # No experiment has the id "": without ids nothing is found, as in MLflow.
        places = ids(experiment_ids) or [""]
        limit = whole("max_results", 50_000 if max_results is None else max_results)
        if limit < 1:
            raise InvalidArgument(f"max_results is {limit}: expected 1 to 50000")
        page, token = self._store.search_runs(
            places,
            text("filter_string", filter_string or ""),
            ids(order_by),
            limit,
            text_or_none("page_token", page_token or None),
            view("run_view_type", run_view_type),
        )
        return PagedList([Run(raw, self._store) for raw in page], token)

    # --- params, metrics, tags

    def _run(self, run_id: str, durability: Durability | None = None) -> _native.Run:
        return _state.at_level(self._store.open_run(text("run_id", run_id)), durability)

    def log_param(
        self,
        run_id: str,
        key: str,
        value: Any,
        synchronous: bool | None = None,
        *,
        durability: Durability | None = None,
    ) -> Any:
        """Logs a param and returns its value."""
        self._run(run_id, durability).log_param(text_key("param name", key), value)
        return value if synchronous is not False else done(synchronous)

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
        *,
        durability: Durability | None = None,
    ) -> RunOperations | None:
        """Logs one point of a metric; ``timestamp`` in milliseconds. The model and the data set say what it was measured
        on."""
        from ._inputs import subject_of

        place = 0 if step is None else whole("the step", step)
        point = text_key("metric name", key), metric_value(key, value), place, _micros(timestamp)
        subject = subject_of(model_id, dataset_name, dataset_digest)
        handle = self._run(run_id, durability)
        if subject is None:
            handle.log_metric(*point)
        else:
            from ._model_points import log_of

            log_of(self._store, handle, [point], [] if model_id is None else [model_id], subject, [])
        return done(synchronous)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
        *,
        durability: Durability | None = None,
    ) -> RunOperations | None:
        """Logs params, points and tags together, all or none of them."""
        from ._inputs import subject_of

        measured = _entities("metrics", metrics, "Metric", "key", "value", "step", "timestamp")
        points = [
            (text_key("metric name", m.key), metric_value(m.key, m.value), whole("the step", m.step), _micros(m.timestamp))
            for m in measured
        ]
        # Metrics of other packages may have less.
        subjects = [subject_of(*(getattr(m, name, None) for name in _SUBJECT)) for m in measured]
        of_models: dict[str, list[int]] = {}
        for number, subject in enumerate(subjects):
            if subject is not None and subject[0] is not None:
                of_models.setdefault(subject[0], []).append(number)
        handle = self._run(run_id, durability)
        if of_models:
            from . import _model_points

            _model_points.check(self._store, list(of_models))
            at = _model_points.now()
            points = [(key, value, step, at if when is None else when) for key, value, step, when in points]
        handle.log_batch(
            [(text_key("param name", param.key), param.value) for param in _entities("params", params, "Param", "key", "value")],
            [one_tag(tag.key, tag.value) for tag in _entities("tags", tags, "RunTag", "key", "value")],
            points,
            subjects if any(subjects) else [],
        )
        for model_id, numbers in of_models.items():
            _model_points.give(self._store, handle.id, model_id, [(*points[number], subjects[number]) for number in numbers])
        return done(synchronous)

    def set_tag(
        self,
        run_id: str,
        key: str,
        value: Any,
        synchronous: bool | None = None,
        *,
        durability: Durability | None = None,
    ) -> RunOperations | None:
        """Sets a tag; its value is ``str(value)``."""
        self._run(run_id, durability).set_tag(*one_tag(key, value))
        return done(synchronous)

    def delete_tag(self, run_id: str, key: str, *, durability: Durability | None = None) -> None:
        """Removes a tag; one that the run has not is an error."""
        self._run(run_id, durability).delete_tag(text_key("tag name", key))

    def get_metric_history(self, run_id: str, key: str) -> PagedList[Metric]:
        """The points of a metric, ordered by time and step; empty if the run has no such metric."""
        steps, times, values, subjects = self._store.metric_history_of(text("run_id", run_id), text("key", key))
        columns = zip(memoryview(steps).cast("q"), memoryview(times).cast("q"), memoryview(values).cast("d"))
        if not subjects:
            return PagedList([Metric(key, value, at // 1000, step, run_id=run_id) for step, at, value in columns], None)
        nothing = (None, None, None)
        points = zip(columns, subjects)
        return PagedList(
            [Metric(key, value, at // 1000, step, *(of or nothing), run_id) for (step, at, value), of in points], None
        )

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[Any] | None = None,
        *,
        durability: Durability | None = None,
    ) -> None:
        """Logs data sets as inputs of a run, all or none of them. Of one name, digest and context a run keeps the first."""
        from ._inputs import input_of_entity
        from ._logged_models import linked_inputs

        given = [input_of_entity(found) for found in sequence("datasets as a list of DatasetInput", datasets or [])]
        handle, used = self._run(run_id, durability), linked_inputs(self._logged, models)
        if given or not used:
            handle.log_inputs(given)
        if used:
            self._logged.link(handle.id, used, [])

    # --- artifacts

    def log_artifact(
        self,
        run_id: str,
        local_path: str | os.PathLike[str],
        artifact_path: str | None = None,
        *,
        durability: Durability | None = None,
    ) -> None:
        """Stores a file or folder under its own name in the artifact folder ``artifact_path``."""
        path = existing_path(local_path)
        self._run(run_id, durability).log_artifact(path, artifact_folder(artifact_path))

    def log_artifacts(
        self,
        run_id: str,
        local_dir: str | os.PathLike[str],
        artifact_path: str | None = None,
        *,
        durability: Durability | None = None,
    ) -> None:
        """Stores all files beneath a folder, all or none of them."""
        folder = existing_folder(local_dir)
        self._run(run_id, durability).log_artifacts(folder, artifact_folder(artifact_path))

    def log_text(
        self, run_id: str, text: str, artifact_file: str, *, durability: Durability | None = None
    ) -> None:
        """Stores a text as the artifact ``artifact_file``."""
        content = text_bytes(text, f"the text of `{artifact_file}`")
        self._run(run_id, durability).log_bytes(path_text("artifact_file", artifact_file), content)

    def log_dict(
        self, run_id: str, dictionary: Any, artifact_file: str, *, durability: Durability | None = None
    ) -> None:
        """Stores a dict or list as the artifact ``artifact_file``: YAML by its ending, else JSON."""
        path = path_text("artifact_file", artifact_file)
        self._run(run_id, durability).log_bytes(path, dict_bytes(dictionary, path))

    def log_figure(
        self,
        run_id: str,
        figure: Any,
        artifact_file: str,
        *,
        save_kwargs: dict[str, Any] | None = None,
        durability: Durability | None = None,
    ) -> None:
        """Stores a matplotlib or plotly figure."""
        path = path_text("artifact_file", artifact_file)
        self._run(run_id, durability).log_bytes(path, figure_bytes(figure, path, save_kwargs))

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
        *,
        durability: Durability | None = None,
    ) -> None:
        """Stores an image at ``artifact_file``, or under ``images/`` by ``key``, ``step`` and ``timestamp``."""
        files = image_files(image, artifact_file, key, step, timestamp)
        handle = self._run(run_id, durability)
        handle.log_files(files)
        if key is not None:
            handle.set_tag("mlflow.loggedImages", "True")

    def log_stream(
        self, run_id: str, stream: Any, artifact_file: str, *, durability: Durability | None = None
    ) -> None:
        """Stores what a binary stream gives as the artifact ``artifact_file``, in bounded memory."""
        log_stream(self._run(run_id, durability), stream, artifact_file)

    def log_table(
        self, run_id: str, data: Any, artifact_file: str, *, durability: Durability | None = None
    ) -> None:
        """Adds rows to the table ``artifact_file``: a DataFrame, a dict of columns, or a dict of one row."""
        from ._tables import log_table

        log_table(self._store, self._run(run_id, durability), data, artifact_file)

    def load_table(
        self,
        experiment_id: str,
        artifact_file: str,
        run_ids: list[str] | None = None,
        extra_columns: list[str] | None = None,
    ) -> Any:
        """The tables ``artifact_file`` of an experiment's runs in one DataFrame."""
        from ._tables import load_table

        return load_table(self._store, str(experiment_id), artifact_file, run_ids, extra_columns)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """The files and folders directly in an artifact folder."""
        return [
            FileInfo(found, is_dir, None if is_dir else size, digest)
            for found, is_dir, size, digest in self._store.list_artifacts(text("run_id", run_id), text_or_none("path", path))
        ]

    def download_artifacts(self, run_id: str, path: str, dst_path: str | os.PathLike[str] | None = None) -> str:
        """Copies an artifact file or folder into ``dst_path`` (default: a new temporary folder); returns where."""
        from ._downloads import into

        place = text("run_id", run_id), text_or_none("path", path or None)
        return into(dst_path, place[1], lambda folder: self._store.download_artifacts(*place, folder))


def _entities(what: str, given: Any, kind: str, *names: str) -> list[Any]:
    """The entities of a batch, ours or MLflow's."""
    found = sequence(f"{what} as a list of mlops.entities.{kind}", given)
    for one in found:
        if not all(hasattr(one, name) for name in names):
            raise InvalidArgument(f"{what} holds {one!r}, of type {type(one).__name__}: expected mlops.entities.{kind}")
    return found


_micros = timestamp
_SUBJECT = ("model_id", "dataset_name", "dataset_digest")
