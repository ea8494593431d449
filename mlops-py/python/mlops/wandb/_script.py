"""The calls of a script: ``init``, ``log``, ``finish`` and what they share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from .. import _fluent, _state
from ..exceptions import InvalidArgument, MlopsError, NotFound
from ._config import as_mapping
from ._flat import flat
from ._guard import Guard
from ._place import ENTITY, GROUP, JOB_TYPE, NOTE, TAGS, Nowhere, Stored
from ._run import Run, UsageError

# W&B's name for no name.
_NO_PROJECT = "uncategorized"

# W&B's older names of modes.
_MODES = {"dryrun": "offline", "run": "online"}

# Whether a run is active, and the start of one that is not, are one piece; the list has a lock of its own, since a run that
# ends leaves it.
_starting = Guard()
_lock = Guard()
_runs: list[Run] = []


def init(
    project: str | None = None,
    entity: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config: Any = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    anonymous: Any = None,
    reinit: Any = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    magic: Any = None,
    settings: Any = None,
) -> Run:
    """Starts a run in the experiment ``project``, or goes on with one. ``mode="disabled"`` logs nothing, and the run has what
    the script says of it for as long as it lives. While a run is active the same one comes back, unless ``reinit`` says
    otherwise. ``config`` is a mapping or an object with attributes; ``config_include_keys`` and ``config_exclude_keys`` say
    which of its keys count.

    ``dir``, ``allow_val_change``, ``force``, ``anonymous``, ``save_code``, ``tensorboard``, ``sync_tensorboard``,
    ``monitor_gym``, ``magic`` and ``settings`` are taken and not used; an argument that W&B has not is a TypeError."""
    values = _chosen(as_mapping(config), config_include_keys, config_exclude_keys)
    # Two values of one key are an error before there is a run.
    flat(values)
    mode = mode or _said("MODE") or "offline"
    mode = _MODES.get(mode, mode)
    if mode not in ("online", "offline", "disabled", "shared"):
        raise InvalidArgument(f"mode is {mode!r}: expected `online`, `offline` or `disabled`")
    project = project or _said("PROJECT")
    labels = list(tags) if tags is not None else [tag for tag in (_said("TAGS") or "").split(",") if tag]
    said = {
        GROUP: group or _said("RUN_GROUP"),
        JOB_TYPE: job_type or _said("JOB_TYPE"),
        TAGS: _json(labels) if labels else None,
        ENTITY: entity or _said("ENTITY"),
        NOTE: notes or _said("NOTES"),
    }
    about = {key: str(value) for key, value in said.items() if value}
    run_id, name = (str(one) if one else None for one in (id or _said("RUN_ID"), name or _said("NAME")))
    with _starting:
        active = current()
        if active is not None:
            if reinit in (None, False, "return_previous"):
                return active
            if reinit in (True, "finish_previous"):
                active.finish()
        if mode == "disabled":
            run = Run(Nowhere(run_id, name, about), project or _NO_PROJECT)
        else:
            started, resumed = _start(project, run_id, name, about, resume or _said("RESUME"), resume_from, fork_from)
            run = Run(Stored(started), project or _NO_PROJECT)
        with _lock:
            _runs.append(run)
        try:
            if mode != "disabled":
                run._project = _state.store().get_experiment(started.info.experiment_id)["name"]
                run._resumed = resumed
                if resumed or fork_from:
                    run._go_on()
            # What a run has stands as params; a script that goes on with it may say something else, as in W&B.
            run.config.update(values, allow_val_change=run.resumed or fork_from is not None)
        except BaseException:
            # A script that goes on without this run is not to log to it; why it failed is what the script hears.
            with suppress(MlopsError):
                run.finish(1)
            raise
    return run


def _chosen(values: Mapping[str, Any], included: Sequence[str] | None, excluded: Sequence[str] | None) -> dict[str, Any]:
    """The config of the keys that count."""
    return {
        key: value
        for key, value in values.items()
        if (included is None or key in included) and (excluded is None or key not in excluded)
    }


def _said(name: str) -> str | None:
    """What ``WANDB_*`` says."""
    return os.environ.get(f"WANDB_{name}") or None


def _start(
    project: str | None,
    run_id: str | None,
    name: str | None,
    tags: dict[str, str],
    resume: bool | str | None,
    resume_from: str | None,
    fork_from: str | None,
) -> tuple[_state.ActiveRun, bool]:
    """The run, and whether there was one before."""
    store = _state.store()
    options: dict[str, Any] = {"run_name": name, "tags": tags}
    if resume_from:
        return _fluent.start_run(resume_from=resume_from, **options), True
    if fork_from:
        # It stands beside the run that it begins with, unless a project is named.
        place = store.ensure_experiment(project)["experiment_id"] if project else None
        return _fluent.start_run(fork_from=fork_from, experiment_id=place, **options), False
    if resume not in (None, False, True, "allow", "must", "never", "auto"):
        raise InvalidArgument(f"resume is {resume!r}: expected `allow`, `must`, `never` or `auto`")
    known = run_id is not None and _exists(run_id)
    if resume == "must" and not known:
        raise UsageError(f"resume='must', but there is no run {run_id}; leave it out, or say resume='allow'")
    if known and resume in (None, False, "never"):
        raise UsageError(f"there is a run {run_id} already; say resume='allow' to go on with it")
    if known:
        return _fluent.start_run(run_id=run_id, nested=True, **options), True
    experiment = store.ensure_experiment(project or _NO_PROJECT)["experiment_id"]
    if run_id is None:
        return _fluent.start_run(experiment_id=experiment, nested=True, **options), False
    handle = store.start_run(
        run_id=run_id, experiment_id=experiment, run_name=name, tags=list(tags.items())
    )
    return _state.begin(_state.ActiveRun(store.get_run(handle.id), handle, store)), False


def _exists(run_id: str) -> bool:
    try:
        _fluent.get_run(run_id)
    except NotFound:
        return False
    return True


def _json(labels: Sequence[Any]) -> str:
    import json

    return json.dumps([str(label) for label in labels])


def current() -> Run | None:
    """The run that is active, if there is one."""
    with _lock:
        return _runs[-1] if _runs else None


def needed(call: str) -> Run:
    """The run that is active."""
    run = current()
    if run is None:
        raise UsageError(f"no run is active: call init() before {call}")
    return run


def forget(run: Run) -> None:
    """The run is over."""
    with _lock:
        if run in _runs:
            _runs.remove(run)


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """:meth:`Run.log` of the run that is active."""
    needed("log").log(data, step, commit)


def define_metric(name: str, *arguments: Any, **options: Any) -> None:
    """:meth:`Run.define_metric` of the run that is active."""
    needed("define_metric").define_metric(name, *arguments, **options)


def alert(title: str, *arguments: Any, **options: Any) -> None:
    """:meth:`Run.alert` of the run that is active."""
    needed("alert").alert(title, *arguments, **options)


def save(glob_str: str, *arguments: Any, **options: Any) -> list[str]:
    """:meth:`Run.save` of the run that is active."""
    return needed("save").save(glob_str, *arguments, **options)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Ends the run that is active, if there is one."""
    run = current()
    if run is not None:
        run.finish(exit_code, quiet)


def login(
    key: str | None = None,
    relogin: bool | None = None,
    host: str | None = None,
    force: bool | None = None,
    timeout: int | None = None,
    verify: bool | None = None,
    anonymous: Any = None,
    referrer: str | None = None,
    prompt: bool | None = None,
) -> bool:
    """True: there is no account, and no server. Nothing is kept of the key."""
    return True


def setup(*_: Any, **__: Any) -> None:
    """Nothing is to be set up."""


def teardown(exit_code: int | None = None) -> None:
    """Ends the run that is active."""
    finish(exit_code)
