"""The fluent API: calls that refer to the active run, with MLflow's names and arguments."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _active_model, _native, _state, _system
from ._content import artifact_folder, dict_bytes, existing_folder, existing_path, figure_bytes, image_files, text_bytes
from ._content import log_stream as _log_stream
from ._convert import (
    column,
    column_out,
    ids,
    items,
    metric_value,
    one_tag,
    path_text,
    tag_items,
    text,
    text_key,
    time_column,
    times_out,
    timestamp,
    view,
    whole,
)
from ._operations import _DONE, RunOperations, done
from ._state import ActiveRun, Durability
from .entities import Experiment, Run, ViewType
from .exceptions import AlreadyExists, InvalidArgument, InvalidState, NotFound

if TYPE_CHECKING:
    from ._series import Context

SEARCH_MAX_RESULTS = 100_000


# --- the store -----------------------------------------------------------------------------------------------


def set_tracking_uri(
    uri: str | os.PathLike[str] | None, *, read_only: bool = False, durability: Durability | None = None
) -> None:
    """Uses the store at ``uri`` from the next call on: a path, ``mlops:path``, ``memory:``, or None for the default.

    With ``read_only`` the store is shown as it is when it is opened, also while another process writes to it, and
    nothing in it can be changed. ``durability`` says when log calls return: ``"fast"`` when what they log survives the
    death of the process, ``"full"`` when it is on the disk; by default as ``MLOPS_DURABILITY`` says, else ``"fast"``."""
    _state.set_uri(uri, read_only, durability)


def create(uri: str | os.PathLike[str] | None = None, shared: Literal["group"] | None = None) -> None:
    """Makes a store at ``uri`` (a path, or None: ``MLOPS_STORE``, else ``.mlops`` here) and uses it from the next call on.

    A store that exists is an error; without this call the first run that is logged makes one. It is private to its user;
    with ``shared="group"`` all users of its folder's group may read and write it, and models of it that may run code are
    loaded with ``trust=True`` only."""
    _state.create(uri, shared)


def get_tracking_uri() -> str:
    """The store that calls use: an absolute path, or ``memory:``. It need not exist yet."""
    return _state.uri()


def is_tracking_uri_set() -> bool:
    """True if a store was named, by :func:`set_tracking_uri` or in the environment."""
    return _state.is_uri_set()


# --- experiments -----------------------------------------------------------------------------------------------


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None, trace_location: Any = None
) -> Experiment:
    """Has later runs start in this experiment, which is made if there is none of that name."""
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidArgument("set_experiment takes a name or an id: give one of experiment_name and experiment_id")
    store = _state.store()
    if experiment_name is not None:
        raw = store.ensure_experiment(text_key("experiment name", experiment_name))
    else:
        raw = store.get_experiment(str(experiment_id))
        if raw["lifecycle_stage"] == "deleted":
            raise InvalidState(f"the experiment `{raw['name']}` is deleted; restore it first")
    _state.set_experiment(raw["experiment_id"])
    return Experiment(raw)


def create_experiment(
    name: str,
    artifact_location: str | None = None,
    tags: Mapping[str, Any] | None = None,
    trace_location: Any = None,
) -> str:
    """Makes an experiment and returns its id. Artifacts are always kept in the store: a warning says so where
    ``artifact_location`` names another place."""
    _state.warn_of_location(artifact_location, _state.uri())
    return _state.store().create_experiment(text_key("experiment name", name), tag_items(tags))


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment with this id."""
    return Experiment(_state.store().get_experiment(str(experiment_id)))


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment with this name; None if there is none."""
    raw = _state.store().find_experiment(text("name", name))
    return None if raw is None else Experiment(raw)


def search_experiments(
    view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: list[str] | None = None,
) -> list[Experiment]:
    """The experiments that match a filter, the newest first unless ``order_by`` says otherwise.

    A filter and an order name ``name``, ``experiment_id``, ``creation_time``, ``last_update_time`` and ``tags.<key>``."""
    from ._client import list_experiments

    return list_experiments(_state.store(), view_type, max_results, filter_string, order_by)


def delete_experiment(experiment_id: str) -> None:
    """Hides an experiment with all its runs; it can be restored, and keeps its name until then."""
    _state.store().delete_experiment(str(experiment_id))


def restore_experiment(experiment_id: str) -> None:
    """Shows a deleted experiment again, with its runs but those that were deleted by themselves."""
    _state.store().restore_experiment(str(experiment_id))


def set_experiment_tag(key: str, value: Any) -> None:
    """Sets a tag of the active experiment; its value is ``str(value)``."""
    set_experiment_tags({key: value})


def set_experiment_tags(tags: Mapping[str, Any]) -> None:
    """Sets tags of the active experiment, all or none of them."""
    items("tags", tags)
    given = tag_items(tags)
    _state.store().set_experiment_tags(_state.experiment_id(), given)


def delete_experiment_tag(key: str) -> None:
    """Removes a tag of the active experiment; one that it has not is an error."""
    _state.store().delete_experiment_tag(_state.experiment_id(), text_key("tag name", key))


# --- runs ------------------------------------------------------------------------------------------------------


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
    *,
    create: bool = False,
    durability: Durability | None = None,
    fork_from: str | None = None,
    resume_from: str | None = None,
    log_console: bool | None = None,
) -> ActiveRun:
    """Starts a run, or goes on with ``run_id``, and makes it active. As a context manager it ends with the block:
    FINISHED, or FAILED after an exception. ``durability`` is that of all calls that log to the active run.

    With ``create`` a ``run_id`` that there is not yet is the id of a new run: processes that know one id, such as that of their
    job, share one run, whichever comes first. It has 1 to 256 letters, digits, `-` and `_`, and begins with none of the two.

    With ``log_system_metrics`` the machine is measured until the run ends; None: as
    :func:`enable_system_metrics_logging` and the environment say. With ``log_console`` what the process says is kept with
    the run; None: as ``MLOPS_LOG_CONSOLE`` says.

    ``fork_from`` has the new run begin with what another has logged, and ``resume_from`` goes on with a run at an earlier
    step, behind which its points are removed: both are ``RUN@STEP``, ``RUN?_step=STEP`` or ``RUN``."""
    own = _state.own_run()
    if own is not None and not nested:
        raise InvalidState(
            f"the run {own.info.run_id} is active; end it with mlops.end_run() first, or start a child with nested=True"
        )
    said = tag_items(tags)
    if description and "mlflow.note.content" in dict(said):
        raise InvalidArgument("a description and the tag mlflow.note.content are the same thing: leave one of them out")
    measured = _system.settings(log_system_metrics)
    store = _state.store()
    if sum(given is not None for given in (run_id, fork_from, resume_from)) > 1:
        raise InvalidArgument("give one of run_id, fork_from and resume_from: each says which run to begin with")
    rewind_to: int | None = None
    if resume_from is not None:
        from ._series import run_point

        run_id, rewind_to = run_point("resume_from", resume_from)
    elif fork_from is None:
        run_id = run_id or os.environ.pop("MLOPS_RUN_ID", None) or os.environ.pop("MLFLOW_RUN_ID", None)
    if create and run_id is None:
        raise InvalidArgument("create is True, but there is no run_id to create: give run_id, or leave create out for a new id")
    raw = None if run_id is None else _existing(store, str(run_id), create)
    if run_id is not None and raw is not None:
        expected = _state.set_experiment_id() if experiment_id is None else str(experiment_id)
        if expected is not None and raw["experiment_id"] != expected:
            raise InvalidArgument(
                f"the run `{run_id}` belongs to experiment {raw['experiment_id']}, not to {expected}; give experiment_id"
            )
        if rewind_to is not None:
            _native.rewind_run(store, str(run_id), rewind_to)
        handle = store.resume_run(str(run_id), durability)
        changed = said
        if run_name is not None:
            changed.append(("mlflow.runName", str(run_name)))
        if description is not None:
            changed.append(("mlflow.note.content", str(description)))
        if changed:
            handle.log_batch([], changed, [])
        return _begin(handle, store, measured, log_console)
    given = dict(said)
    if run_name is not None:
        # As in MLflow, the argument stands before the tag.
        given.pop("mlflow.runName", None)
    named = given.pop("mlflow.parentRunId", None)
    if parent_run_id is None and named is not None:
        parent_run_id = named
    elif parent_run_id is None and nested:
        parent = _state.current_run()
        parent_run_id = parent.info.run_id if parent is not None else _state.forked_run_id()
    elif parent_run_id is not None and own is not None and own.info.run_id != parent_run_id:
        raise InvalidArgument(
            f"parent_run_id is {parent_run_id}, but the active run is {own.info.run_id}; end it first, or leave it out"
        )
    source_name, source_type = _state.source()
    if fork_from is not None:
        from ._series import run_point

        handle = _native.fork_run(
            store,
            *run_point("fork_from", fork_from),
            experiment_id=None if experiment_id is None else str(experiment_id),
            run_name=None if run_name is None else str(run_name),
            parent_run_id=parent_run_id,
            tags=list(given.items()),
            description=description,
            source_name=source_name,
            source_type=source_type,
            durability=durability,
        )
        return _begin(handle, store, measured, log_console)
    try:
        handle = store.start_run(
            run_id=None if run_id is None else str(run_id),
            experiment_id=str(experiment_id) if experiment_id is not None else _state.experiment_id(),
            run_name=None if run_name is None else str(run_name),
            parent_run_id=parent_run_id,
            tags=list(given.items()),
            description=description,
            source_name=source_name,
            source_type=source_type,
            durability=durability,
        )
    except AlreadyExists:
        # Another process was faster.
        assert run_id is not None
        handle = store.resume_run(str(run_id), durability)
    return _begin(handle, store, measured, log_console)


def _existing(store: _native.Store, run_id: str, create: bool) -> dict[str, Any] | None:
    try:
        return store.get_run(run_id)
    except NotFound as error:
        if create:
            return None
        raise NotFound(f"{error}; with create=True it is the id of a new run") from None


def _begin(
    handle: _native.Run, store: _native.Store, measured: tuple[int, int, str | None] | None, log_console: bool | None
) -> ActiveRun:
    run = _state.begin(ActiveRun(store.get_run(handle.id), handle, store), log_console)
    _system.start(store, handle.id, measured)
    return run


def end_run(status: str | None = "FINISHED", *, durability: Durability | None = None) -> None:
    """Ends the active run of this thread; without one it does nothing.

    A ``status`` of None is FINISHED. A ``RuntimeWarning`` says how many records were dropped, if the disk was full; so does the run's tag
    ``mlops.dropped_records``."""
    run = _state.own_run()
    if run is not None:
        _state.finish(run, "FINISHED" if status is None else str(status), durability)


def active_run() -> ActiveRun | None:
    """The active run that log calls go to; None if there is none."""
    return _state.current_run()


def last_active_run() -> Run | None:
    """The active run, else the run that was started last in this process, as it is now."""
    run_id = _state.last_run_id()
    return None if run_id is None else get_run(run_id)


def get_run(run_id: str) -> Run:
    """A run as it is now."""
    store = _state.store()
    return Run(store.get_run(text_key("run id", run_id)), store)


def get_parent_run(run_id: str) -> Run | None:
    """The run that a run is nested under; None if it is not."""
    parent = get_run(run_id).info.parent_run_id
    return None if parent is None else get_run(parent)


def delete_run(run_id: str) -> None:
    """Hides a run; it can be restored."""
    _state.store().delete_run(text("run_id", run_id))


def restore_run(run_id: str) -> None:
    """Shows a deleted run again."""
    _state.store().restore_run(text("run_id", run_id))


def _handle(run_id: str | None = None, durability: Durability | None = None) -> _native.Run:
    """The run to log to: the one named, else the active one, else a new one."""
    if durability is not None:
        return _state.at_level(_handle(run_id), durability)
    if run_id is not None:
        return _state.store().open_run(text_key("run id", run_id))
    run = _state.current_run()
    if run is None:
        inherited = _state.inherited_run()
        if inherited is not None:
            return inherited
        run = start_run()
    return run._handle


def _store_of(run_id: str | None) -> _native.Store:
    """The store of the run that :func:`_handle` gives."""
    run = None if run_id is not None else _state.current_run()
    return _state.store() if run is None else run._store


def _run_and_store(run_id: str | None = None, start: bool = True) -> tuple[_native.Run | None, _native.Store]:
    """The run that log calls go to and its store; without ``start`` None, if there is no run."""
    run = None if run_id is not None else _state.current_run()
    if run is not None:
        return run._handle, run._store
    if run_id is not None or start:
        handle = _handle(run_id)
        # One may have been started now.
        return handle, _store_of(run_id) if run_id is not None or _state.current_run() is not None else _state.inherited_store()
    handle_or_none = _state.inherited_run()
    return handle_or_none, _state.store() if handle_or_none is None else _state.inherited_store()


def _series_key(key: str, context: Context | None) -> str:
    from ._series import series_key

    return series_key(key, context)


# --- params, metrics, tags -------------------------------------------------------------------------------------


def log_param(
    key: str, value: Any, synchronous: bool | None = None, *, durability: Durability | None = None
) -> Any:
    """Logs a param and returns its value. Another value for the same key is an error.

    With ``synchronous=False`` it returns something to ``wait`` on, as the other log calls do; it is done all the same."""
    _handle(None, durability).log_param(key if type(key) is str else text_key("param name", key), value)
    return _DONE if synchronous is False else value


def log_params(
    params: Mapping[str, Any],
    synchronous: bool | None = None,
    run_id: str | None = None,
    *,
    durability: Durability | None = None,
) -> RunOperations | None:
    """Logs params, all or none of them."""
    given = [(text_key("param name", key), value) for key, value in items("params", params)]
    _handle(run_id, durability).log_batch(given, [], [])
    return done(synchronous)


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Any = None,
    *,
    context: Context | None = None,
    durability: Durability | None = None,
) -> RunOperations | None:
    """Logs one point of a metric. ``step`` is 0 if it is left out, ``timestamp`` (milliseconds) now. A ``context`` such as
    ``{"subset": "train"}`` makes it a point of a series of its own, ``loss{subset="train"}``. ``model_id`` and ``dataset``
    say what it was measured on: it is a metric of the logged model too, and the data set becomes an input of the run. Without
    ``model_id`` it is of the active model, else of the models that the run made at this step."""
    if context is not None:
        key = _series_key(key, context)
    number = value if type(value) is float else metric_value(key, value)
    at = None if timestamp is None else _at(timestamp)
    place = 0 if step is None else step if type(step) is int and -(2**63) <= step < 2**63 else whole("the step", step)
    handle = _handle(run_id, durability)
    models = [model_id] if model_id is not None else _active_model.models_at(handle, place)
    if models or dataset is not None:
        from . import _model_points

        point = text_key("metric name", key), number, place, at
        _model_points.log(_run_and_store(run_id)[1], handle, [point], models, dataset)
        return done(synchronous)
    handle.log_metric(key if type(key) is str else text_key("metric name", key), number, place, at)
    return _DONE if synchronous is False else None


_at = timestamp


def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: Any = None,
    *,
    context: Context | None = None,
    durability: Durability | None = None,
) -> RunOperations | None:
    """Logs a point of each metric, all or none of them, in this context if there is one; ``model_id`` and ``dataset`` say what
    they were measured on, as for :func:`log_metric`."""
    place = 0 if step is None else whole("the step", step)
    at = _at(timestamp)
    given = items("metrics", metrics)
    if context is not None:
        given = [(_series_key(key, context), value) for key, value in given]
    points = [(text_key("metric name", key), metric_value(key, value), place, at) for key, value in given]
    handle = _handle(run_id, durability)
    models = [model_id] if model_id is not None else _active_model.models_at(handle, place)
    if not models and dataset is None:
        handle.log_batch([], [], points)
        return done(synchronous)
    from . import _model_points

    _model_points.log(_run_and_store(run_id)[1], handle, points, models, dataset)
    return done(synchronous)


def log_series(
    key: str,
    values: Any,
    steps: Any = None,
    timestamps: Any = None,
    run_id: str | None = None,
    *,
    time_unit: str = "ms",
    context: Context | None = None,
    durability: Durability | None = None,
) -> None:
    """Logs many points of a metric at once, all or none: arrays or sequences of one length. Without ``steps`` they
    count up from 0. ``timestamps`` count from 1970 in ``time_unit``, ``"ms"`` or ``"us"``; now if they are left out."""
    columns = column("steps", steps, "q"), time_column(timestamps, time_unit), column("values", values, "d")
    _handle(run_id, durability).log_series(_series_key(key, context), *columns)


def get_metric_series(
    run_id: str, key: str, *, context: Context | None = None, time_unit: str = "ms"
) -> tuple[Any, Any, Any]:
    """Steps, timestamps and values of a metric, ordered by time and step: numpy arrays if numpy is imported, else arrays
    of the standard library. Timestamps count from 1970 in ``time_unit``: whole ``"ms"``, or ``"us"``, which is what is
    stored. Empty if the run has no such metric."""
    name = key if context is None else _series_key(key, context)
    steps, times, values = _state.store().metric_history(text("run_id", run_id), text("key", name))
    return column_out(steps, "q"), times_out(times, time_unit), column_out(values, "d")


def set_tag(
    key: str, value: Any, synchronous: bool | None = None, *, durability: Durability | None = None
) -> RunOperations | None:
    """Sets a tag; its value is ``str(value)``."""
    _handle(None, durability).set_tag(*one_tag(key, value))
    return done(synchronous)


def set_tags(
    tags: Mapping[str, Any], synchronous: bool | None = None, *, durability: Durability | None = None
) -> RunOperations | None:
    """Sets tags, all or none of them."""
    items("tags", tags)
    _handle(None, durability).log_batch([], tag_items(tags), [])
    return done(synchronous)


def delete_tag(key: str, *, durability: Durability | None = None) -> None:
    """Removes a tag of the active run; one that it has not is an error."""
    _handle(None, durability).delete_tag(text_key("tag name", key))


def flush_async_logging() -> None:
    """Does nothing: a log call returns when what it logs would survive the process, whatever ``synchronous`` says."""


def flush_artifact_async_logging() -> None:
    """Does nothing: an artifact is stored when its call returns."""


# --- artifacts -------------------------------------------------------------------------------------------------


def log_artifact(
    local_path: str | os.PathLike[str],
    artifact_path: str | None = None,
    run_id: str | None = None,
    *,
    durability: Durability | None = None,
) -> None:
    """Stores a file or folder under its own name in the artifact folder ``artifact_path``."""
    _handle(run_id, durability).log_artifact(existing_path(local_path), artifact_folder(artifact_path))


def log_artifacts(
    local_dir: str | os.PathLike[str],
    artifact_path: str | None = None,
    run_id: str | None = None,
    *,
    durability: Durability | None = None,
) -> None:
    """Stores all files beneath a folder, all or none of them."""
    folder = existing_folder(local_dir)
    _handle(run_id, durability).log_artifacts(folder, artifact_folder(artifact_path))


def log_text(
    text: str, artifact_file: str, run_id: str | None = None, *, durability: Durability | None = None
) -> None:
    """Stores a text as the artifact ``artifact_file``."""
    content = text_bytes(text, f"the text of `{artifact_file}`")
    _handle(run_id, durability).log_bytes(path_text("artifact_file", artifact_file), content)


def log_dict(
    dictionary: Any, artifact_file: str, run_id: str | None = None, *, durability: Durability | None = None
) -> None:
    """Stores a dict or list as the artifact ``artifact_file``: YAML if it ends in .yml or .yaml, else JSON."""
    path = path_text("artifact_file", artifact_file)
    content = dict_bytes(dictionary, path)
    _handle(run_id, durability).log_bytes(path, content)


def log_figure(
    figure: Any,
    artifact_file: str,
    *,
    save_kwargs: dict[str, Any] | None = None,
    run_id: str | None = None,
    durability: Durability | None = None,
) -> None:
    """Stores a matplotlib or plotly figure; the ending of ``artifact_file`` gives the format."""
    path = path_text("artifact_file", artifact_file)
    content = figure_bytes(figure, path, save_kwargs)
    _handle(run_id, durability).log_bytes(path, content)


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = None,
    *,
    run_id: str | None = None,
    durability: Durability | None = None,
) -> None:
    """Stores an image: an array of pixels ``(height, width)`` or ``(height, width, 1, 3 or 4)``, a Pillow image or
    :class:`mlops.Image`; at ``artifact_file``, or under ``images/`` by ``key``, ``step`` and ``timestamp``
    (milliseconds), with a small copy beside it. It is there when the call returns."""
    files = image_files(image, artifact_file, key, step, timestamp)
    handle = _handle(run_id, durability)
    handle.log_files(files)
    if key is not None:
        handle.set_tag("mlflow.loggedImages", "True")


def log_stream(
    stream: Any, artifact_file: str, run_id: str | None = None, *, durability: Durability | None = None
) -> None:
    """Stores what a binary stream gives as the artifact ``artifact_file``, in bounded memory."""
    _log_stream(_handle(run_id, durability), stream, artifact_file)


def log_table(
    data: Any, artifact_file: str, run_id: str | None = None, *, durability: Durability | None = None
) -> None:
    """Adds rows to the table ``artifact_file``, which ends in .json or .parquet: a DataFrame of pandas or polars, a dict
    of columns, or a dict of values for one row. Images are stored beside it."""
    from ._tables import log_table

    handle = _handle(run_id, durability)
    log_table(_store_of(run_id), handle, data, artifact_file)


def load_table(
    artifact_file: str, run_ids: list[str] | None = None, extra_columns: list[str] | None = None
) -> Any:
    """The tables ``artifact_file`` of the active experiment's runs, or of those in ``run_ids``, in one DataFrame.
    ``extra_columns`` are columns of :func:`search_runs` to add, such as ``run_id`` or ``params.model``."""
    from ._tables import load_table

    return load_table(_state.store(), _state.experiment_id(), artifact_file, run_ids, extra_columns)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Names an artifact of the active run, for ``mlops.artifacts``."""
    uri = f"runs:/{_handle().id}"
    return f"{uri}/{artifact_path}" if artifact_path else uri


# --- search ----------------------------------------------------------------------------------------------------


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = SEARCH_MAX_RESULTS,
    order_by: Iterable[str] | None = None,
    output_format: str | None = None,
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
    *,
    columns: Sequence[str] | None = None,
) -> Any:
    """The runs that match a filter, as a DataFrame (``pandas``, the default where it is installed), a ``list`` of runs, a
    ``polars`` DataFrame, or ``arrow``: an object that pyarrow, polars, pandas and DuckDB take as it is.

    ``columns`` names those of a table (``["run_id", "metrics.loss.min", "params.lr"]``); by default it has MLflow's: ids,
    status, times, and every metric, param and tag. Without experiments it looks in the active one. ``docs/guide/search.md`` is the language of filters and orders: that
    of MLflow with ``OR``, ``NOT``, parentheses, ``~``, ``metrics.loss.min``, ``metrics.loss@100``, ``now() - 7d``..."""
    from ._client import checked_limit, search_pages

    if output_format not in (None, "pandas", "list", "polars", "arrow"):
        raise InvalidArgument(f"output_format is {output_format!r}: expected `pandas`, `polars`, `arrow` or `list`")
    if columns is not None and output_format == "list":
        raise InvalidArgument("columns are those of a table; runs in a list are whole")
    store = _state.store()
    if experiment_ids and experiment_names:
        raise InvalidArgument("give experiment_ids or experiment_names, not both")
    wanted, shown = text("filter_string", filter_string or ""), view("run_view_type", run_view_type)
    if experiment_names:
        found = [store.find_experiment(name) for name in ids(experiment_names)]
        # No experiment has the id "", so that names that nobody has find nothing.
        places = [raw["experiment_id"] for raw in found if raw is not None] or [""]
    elif experiment_ids:
        places = ids(experiment_ids)
    else:
        places = [] if search_all_experiments else [_state.experiment_id()]
    if output_format != "list":
        from ._frames import polars_frame, runs_frame

        limit = checked_limit(max_results)
        table = store.search_table(places, wanted, ids(order_by), limit, shown, ids(columns))
        if output_format == "arrow":
            return table
        if output_format == "polars":
            return polars_frame(table)
        frame = runs_frame(table.columns(), len(table), required=output_format == "pandas" or columns is not None)
        if frame is not None:
            return frame
    return [Run(raw, store) for raw in search_pages(store, places, wanted, ids(order_by), max_results, shown)]
