"""``mlops import mlflow``: brings experiments and runs of an MLflow store over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .. import _native, _state
from ..exceptions import InvalidArgument, NotFound
from ._report import Counts, ImportReport
from ._types import Source

__all__ = ["Counts", "ImportReport", "import_mlflow"]


def import_mlflow(
    source: str | os.PathLike[str],
    *,
    store: str | os.PathLike[str] | None = None,
    artifacts: str | os.PathLike[str] | None = None,
    trusted: bool = False,
    progress: Callable[[str], None] | None = None,
) -> ImportReport:
    """Brings experiments, runs with whole metric histories, files, data sets and logged models of an MLflow store over.

    ``source`` is a folder ``mlruns``, an SQLite database (its path, or ``sqlite:///...``), which need no MLflow, or any
    tracking URI, through MLflow. It is only read. Runs keep ids, times and statuses; experiments are matched by name.
    Doing it twice changes nothing, what was cut short goes on the next time, and what the source has got since is
    brought.

    ``store``: where to; default: the store in use. ``artifacts``: the folder where a server kept the files that its database
    calls ``mlflow-artifacts:``. ``trusted``: pickles of these runs load without asking; for a source of your own."""
    from ._write import Writer

    report = ImportReport(source=os.fspath(source))
    opened = _open(os.fspath(source), Path(artifacts) if artifacts is not None else None)
    try:
        to = _state.store() if store is None else _native.Store(os.fspath(store))
        Writer(opened, to, report, trusted, progress or (lambda _: None)).write()
    finally:
        opened.close()
    return report


def _open(source: str, artifacts: Path | None) -> Source:
    from ._database import Database
    from ._folder import Folder, local_path

    scheme = source.partition(":")[0] if "://" in source or source.startswith("mlops:") else ""
    if scheme == "sqlite":
        path = Path(source.removeprefix("sqlite:///"))
    elif scheme in ("", "file"):
        path = local_path(source, Path()) or Path(source)
    else:
        from ._server import Server

        return Server(source)
    if path.is_dir():
        inside = [path, path / "mlruns"]
        # A folder of a project, such as MLflow was started in.
        root = next((one for one in inside if any(one.glob("*/meta.yaml"))), None)
        if root is not None:
            return Folder(root)
        if (path / "mlflow.db").is_file():
            return Database(path / "mlflow.db", artifacts)
        raise InvalidArgument(f"{path} is no folder of MLflow's: it has no experiments, and neither mlruns nor mlflow.db")
    if not path.is_file():
        raise NotFound(f"{path} does not exist: expected a folder mlruns, an SQLite database or a tracking URI")
    return Database(path, artifacts)
