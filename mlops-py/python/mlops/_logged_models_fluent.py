"""Logged models without a client: calls that refer to the active run, experiment and model."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _active_model, _fluent, _native, _state
from ._convert import ids, text_or_none, whole
from ._logged_models import IS_EXTERNAL, context_tags, linked_outputs, model_name, texts
from .entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from .exceptions import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from types import TracebackType

    from ._client import MlflowClient


_logger = logging.getLogger("mlops")


def _place(source_run_id: Any) -> tuple[_native.Store, str | None]:
    """The run that a model is of, which is the active one unless another is named, and its store."""
    named = text_or_none("source_run_id", source_run_id)
    if named is not None:
        return _state.store(), named
    handle, store = _fluent._run_and_store(start=False)
    return store, None if handle is None else handle.id


def create(
    store: _native.Store,
    name: str | None,
    run_id: str | None,
    experiment_id: str | None,
    *,
    params: Sequence[tuple[str, str]] = (),
    tags: Sequence[tuple[str, str]] = (),
    model_type: str | None = None,
    model_id: str | None = None,
    status: str | None = None,
    files: Sequence[tuple[str, bytes]] = (),
) -> str:
    """Makes a logged model, PENDING unless another status is given, which is the last one of this thread then; the tags say where it was made."""
    if experiment_id is None:
        experiment_id = store.get_run(run_id)["experiment_id"] if run_id is not None else _state.experiment_id()
    made = _native.LoggedModels(store).create(
        experiment_id=str(experiment_id),
        name=name,
        source_run_id=run_id,
        params=list(params),
        # The caller's come last, and count.
        tags=[*context_tags(), *tags],
        model_type=text_or_none("model_type", model_type),
        model_id=model_id,
        status=status,
        files=files,
    )
    _active_model.remember_last(made)
    return made


def initialize_logged_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Makes a logged model without files, of the active run if there is one: PENDING until a ``log_model`` with its
    ``model_id`` or :func:`finalize_logged_model`. Without a name it gets one like ``swift-otter-412``."""
    given, kept = texts("param", params), texts("tag", tags)
    store, run_id = _place(source_run_id)
    model_id = create(store, model_name(name), run_id, experiment_id, params=given, tags=kept, model_type=model_type)
    return LoggedModel._of(_native.LoggedModels(store).get(model_id))


def create_external_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Makes a logged model whose files are elsewhere, READY at once: params, tags and metrics can be kept for it."""
    given, kept = texts("param", params), [*texts("tag", tags), (IS_EXTERNAL, "true")]
    store, run_id = _place(source_run_id)
    model_id = f"m-{uuid.uuid4().hex}"
    # What MLflow needs to make a version of a registered model.
    manifest = f"artifact_path: models:/{model_id}\nflavors: {{}}\nmodel_id: {model_id}\nmodel_uuid: {model_id}\n"
    create(
        store,
        model_name(name),
        run_id,
        experiment_id,
        params=given,
        tags=kept,
        model_type=model_type,
        model_id=model_id,
        status="READY",
        files=[("MLmodel", manifest.encode())],
    )
    return LoggedModel._of(_native.LoggedModels(store).get(model_id))


def get_logged_model(model_id: str) -> LoggedModel:
    """A logged model as it is now."""
    return _client().get_logged_model(model_id)


def last_logged_model() -> LoggedModel | None:
    """The logged model that this thread made last, as it is now; None if it made none."""
    model_id = _active_model.last_id()
    return None if model_id is None else get_logged_model(model_id)


def finalize_logged_model(model_id: str, status: LoggedModelStatus | str) -> LoggedModel:
    """Says that a logged model is READY, or FAILED."""
    return _client().finalize_logged_model(model_id, status)


def log_model_params(params: Mapping[str, Any], model_id: str | None = None) -> None:
    """Adds params to a logged model (default: the active one), all or none; another value for one that it has is an error."""
    wanted = model_id or _active_model.get_active_model_id()
    if not wanted:
        raise InvalidArgument("log_model_params got no model_id, and no model is active: give one of them")
    _client().log_model_params(wanted, params)


def set_logged_model_tags(model_id: str, tags: Mapping[str, Any]) -> None:
    """Sets tags of a logged model; their values are ``str(value)``."""
    _client().set_logged_model_tags(model_id, tags)


def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Removes a tag of a logged model; one that it has not is an error."""
    _client().delete_logged_model_tag(model_id, key)


class ActiveModel(LoggedModel):
    """The active model of this thread; as a context manager it gives way to the one before when the block ends."""

    def __init__(self, logged_model: LoggedModel, set_by_user: bool = True) -> None:
        super().__init__(**logged_model.to_dictionary())
        self._before = _active_model.activate(self.model_id)

    def __enter__(self) -> ActiveModel:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _active_model.activate(self._before)


def set_active_model(*, name: str | None = None, model_id: str | None = None) -> ActiveModel:
    """Makes a logged model the active one of this thread: metrics that are logged without ``model_id`` are of it.

    Of a ``name`` the newest model of the active experiment counts; if there is none it is made, as
    :func:`create_external_model` does."""
    if model_id is not None:
        found = get_logged_model(model_id)
        if name is not None and found.name != name:
            raise InvalidArgument(f"the logged model `{model_id}` has the name `{found.name}`, not `{name}`: leave one of them out")
        return ActiveModel(found)
    wanted = model_name(name)
    if wanted is None:
        raise InvalidArgument("set_active_model got nothing: give name or model_id")
    # A name has no quotes.
    same: list[LoggedModel] = search_logged_models(filter_string=f"name = '{wanted}'", max_results=2, output_format="list")
    if len(same) > 1:
        _logger.warning("several logged models have the name %r: the newest one becomes active", wanted)
    return ActiveModel(same[0] if same else create_external_model(wanted))


def log_outputs(models: Sequence[LoggedModelOutput] | None = None) -> None:
    """Says that the active run made logged models."""
    handle, store = _fluent._run_and_store()
    assert handle is not None
    logged = _native.LoggedModels(store)
    logged.link(handle.id, [], linked_outputs(logged, models))


def search_logged_models(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str | None = None,
    datasets: Sequence[Mapping[str, Any]] | None = None,
    max_results: int | None = None,
    order_by: Sequence[Mapping[str, Any]] | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
) -> Any:
    """The logged models that match a filter, the newest first, as a DataFrame or a ``list``; without experiments, of the
    active one.

    filter_string: conditions with ``AND`` between them, such as ``metrics.accuracy > 0.9 AND params.depth = '3'``, on ``name``,
    ``model_id``, ``model_type``, ``status``, ``source_run_id``, ``creation_timestamp`` and others, ``params.``, ``tags.`` and
    ``metrics.``, of which any point counts. datasets: what the metrics were measured on, as dicts with ``dataset_name`` and
    perhaps ``dataset_digest``. order_by: dicts with ``field_name``, and perhaps ``ascending``, ``dataset_name``,
    ``dataset_digest``."""
    from ._logged_model_search import search

    if output_format not in ("pandas", "list"):
        raise InvalidArgument(f"output_format is {output_format!r}: expected `pandas` or `list`")
    limit = None if max_results is None else whole("max_results", max_results)
    if limit is not None and limit < 0:
        raise InvalidArgument(f"max_results is {limit}: expected 0 or more")
    places = ids(experiment_ids) or [_state.experiment_id()]
    raws = _native.LoggedModels(_state.store()).list_models(places, 1)
    found = [LoggedModel._of(raw) for raw in search(raws, filter_string, datasets, order_by)[:limit]]
    if output_format == "list":
        return found
    try:
        import pandas
    except ImportError:
        raise Unsupported("a DataFrame needs the package pandas; install it, or ask for output_format='list'") from None
    return pandas.DataFrame([{**one.to_dictionary(), "status": one.status} for one in found])


def _client() -> MlflowClient:
    from ._client import MlflowClient

    return MlflowClient()
