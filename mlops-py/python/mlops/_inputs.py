"""Logging data sets as inputs of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _native
from ._convert import tag_items, text_key
from ._fluent import _handle, _run_and_store
from ._logged_models import linked_inputs
from ._state import Durability
from .entities import DatasetInput
from .exceptions import InvalidArgument

_CONTEXT = "mlflow.data.context"

# Name, digest, source type, source, schema, profile, tags.
Input = tuple[str, str, str, str, "str | None", "str | None", list[tuple[str, str]]]


def input_of(dataset: Any, context: str | None, tags: list[tuple[str, str]]) -> Input:
    """What is recorded of a data set: of ours, of MLflow's, or of an entity."""
    as_dict = getattr(dataset, "to_dict", None) or getattr(dataset, "to_dictionary", None)
    found = as_dict() if callable(as_dict) else None
    if not isinstance(found, Mapping) or not {"name", "digest", "source", "source_type"} <= set(found):
        raise InvalidArgument(
            f"a {type(dataset).__name__} is no data set: make one of it with mlops.data.from_pandas, from_numpy or from_polars"
        )
    if context:
        tags = [*(tag for tag in tags if tag[0] != _CONTEXT), (_CONTEXT, text_key("context", context))]
    texts = [text_key(f"{name} of a data set", found[name]) for name in ("name", "digest", "source_type", "source")]
    name, digest, source_type, source = texts
    return name, digest, source_type, source, found.get("schema"), found.get("profile"), tags


Subject = tuple["str | None", "str | None", "str | None"]


def subject_of(model_id: str | None, name: str | None, digest: str | None) -> Subject | None:
    """What a point was measured on, as the native calls take it."""
    named = zip(("model_id of a metric", "name of a data set", "digest of a data set"), (model_id, name, digest))
    model, of, content = [None if one is None else text_key(what, one) for what, one in named]
    return None if (model, of, content) == (None, None, None) else (model, of, content)


def measured_on(model_id: str | None, dataset: Any) -> tuple[Subject | None, list[Input]]:
    """What points were measured on, and the inputs that it makes of the run."""
    if dataset is None:
        return subject_of(model_id, None, None), []
    found = input_of(dataset, None, [])
    return subject_of(model_id, found[0], found[1]), [found]


def input_of_entity(given: DatasetInput) -> Input:
    """The same of an entity with tags."""
    if not hasattr(given, "dataset"):
        raise InvalidArgument(f"a {type(given).__name__} is no input: expected a mlops.entities.DatasetInput")
    tags = [(text_key("tag name", tag.key), str(tag.value)) for tag in given.tags or []]
    return input_of(given.dataset, None, tags)


def log_input(
    dataset: Any = None,
    context: str | None = None,
    tags: Mapping[str, Any] | None = None,
    model: Any = None,
    *,
    durability: Durability | None = None,
) -> None:
    """Logs a data set as an input of the active run; ``context`` says what it was used for, such as ``"training"``.
    ``model`` is a :class:`mlops.entities.LoggedModelInput`: a logged model that the run uses.

    Of one name, digest and context a run keeps the first."""
    if dataset is None and model is None:
        raise InvalidArgument("log_input got no data set, and no model")
    found = [] if dataset is None else [input_of(dataset, context, tag_items(tags))]
    _log(found, [] if model is None else [model], durability)


def log_inputs(
    datasets: Sequence[Any] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, Any] | None] | None = None,
    models: Sequence[Any] | None = None,
    *,
    durability: Durability | None = None,
) -> None:
    """Logs data sets as inputs of the active run, all or none of them. The first three lists have one length; one that is
    left out stands for a list of None. ``models`` are logged models that the run uses, of any number."""
    given = list(datasets or [])
    rest = [[None] * len(given) if one is None else list(one) for one in (contexts, tags_list)]
    lengths = [len(given), *map(len, rest)]
    if len(set(lengths)) != 1:
        of = ", ".join(f"{name} {length}" for name, length in zip(("datasets", "contexts", "tags_list"), lengths))
        raise InvalidArgument(f"the lists of log_inputs have the lengths {of}: expected one length")
    found = [input_of(dataset, context, tag_items(tags)) for dataset, context, tags in zip(given, *rest)]
    _log(found, [model for model in models or [] if model is not None], durability)


def _log(found: list[Input], models: Sequence[Any], durability: Durability | None) -> None:
    handle = _handle(None, durability)
    if not models:
        handle.log_inputs(found)
        return
    logged = _native.LoggedModels(_run_and_store()[1])
    ids = linked_inputs(logged, models)
    if found:
        handle.log_inputs(found)
    logged.link(handle.id, ids, [])
