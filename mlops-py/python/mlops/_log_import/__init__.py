"""``mlops import tensorboard`` and ``mlops import wandb``: bring runs of log files over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .. import _native, _state
from .._mlflow_import import ImportReport
from ._source import LogSource

__all__ = ["import_tensorboard", "import_wandb"]


def import_tensorboard(
    source: str | os.PathLike[str],
    *,
    experiment: str | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> ImportReport:
    """Brings the runs of a log folder of TensorBoard's over: scalars, histograms, images, texts, audio and hyperparameters.

    Each folder with event files is a run, whose name is the path beneath ``source``; they stand in the experiment
    ``experiment``, which is called as the folder if nothing is said. TensorBoard is not needed. The folder is only read, and
    may be written to meanwhile. Doing it twice changes nothing, and what the folder has got since is brought. Of damaged
    files all that is whole is brought; the report says what is not.

    ``store``: where to; default: the store in use."""
    from ._tensorboard import LogFolder

    report = ImportReport(source=os.fspath(source))
    return _bring(LogFolder(Path(source), experiment), report, store, progress)


def import_wandb(
    source: str | os.PathLike[str],
    *,
    experiment: str | None = None,
    store: str | os.PathLike[str] | None = None,
    outside: bool = False,
    progress: Callable[[str], None] | None = None,
) -> ImportReport:
    """Brings runs over that W&B keeps on the disk: config, history, summary, system metrics, media, files, console, alerts.

    ``source`` is a folder ``wandb``, one of the run folders in it, or a file ``run-*.wandb``; W&B is not needed. The project is
    the experiment, unless ``experiment`` names another. It is only read. Doing it twice changes nothing, and what it has
    got since is brought. Of damaged files all that is whole is brought; the report says what is not.

    ``store``: where to; default: the store in use. ``outside``: bring files that stand elsewhere on this machine, too: what
    links lead to, as `wandb.save` makes them, and W&B's staged artifacts; for a folder that your own runs wrote."""
    from ._wandb import WandbFolder

    report = ImportReport(source=os.fspath(source))
    return _bring(WandbFolder(Path(source), experiment, outside), report, store, progress)


def _bring(
    opened: LogSource,
    report: ImportReport,
    store: str | os.PathLike[str] | None,
    progress: Callable[[str], None] | None,
) -> ImportReport:
    from .._mlflow_import._write import Writer

    try:
        to = _state.store() if store is None else _native.Store(os.fspath(store))
        Writer(opened, to, report, False, progress or (lambda _: None)).write()
    finally:
        opened.close()
    return report
