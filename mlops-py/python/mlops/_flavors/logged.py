"""The logged model that a ``log_model`` makes: a record with params, tags, metrics and files of its own, beside the folder
among the run's artifacts. Both name the same bytes, which are stored once."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from .. import _active_model, _native
from .._convert import text_or_none, whole
from .._logged_models import context_tags, existing, texts

if TYPE_CHECKING:
    from .saving import LogOptions, Parts

_logger = logging.getLogger("mlops")


def log(store: _native.Store, handle: _native.Run, name: str | None, parts: Parts, options: LogOptions) -> dict[str, Any]:
    """Logs a model to a run, and gives its manifest, which names the logged model, if there is one."""
    step = whole("the step", options.get("step") or 0)
    params, tags = texts("param", options.get("params")), texts("tag", options.get("tags"))
    given = options.get("model_id")
    if given is None:
        # The caller's come last, and count.
        tags = [*context_tags(), *tags]
        path = name or "model"
    else:
        raw = existing(_native.LoggedModels(store), given)
        given, path = str(raw["model_id"]), name or str(raw["name"])
    text, not_made = _native.log_model(
        handle,
        path,
        parts,
        model_id=given,
        model_type=text_or_none("model_type", options.get("model_type")),
        params=params,
        tags=tags,
        step=step,
    )
    if not_made is not None:
        _logger.warning("the model is among the artifacts of the run only, there is no logged model of it: %s", not_made)
    manifest: dict[str, Any] = json.loads(text)
    model_id = manifest.get("model_id")
    if model_id is not None:
        _active_model.remember_last(model_id)
        _active_model.remember_made(handle.id, step, model_id)
    return manifest
