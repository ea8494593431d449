"""What W&B keeps on the disk as a source: runs, each with a file of records and a folder of files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..exceptions import InvalidArgument, MlopsError, NotFound
from ._pieces import unusable
from ._records import wandb_records
from ._source import Loaded, LogSource
from ._wandb_records import RECORD
from ._wandb_run import RunReader
from ._wandb_values import seconds
from ._wire import Malformed, read

# The names that W&B and `mlops.wandb` have for no project.
_NO_PROJECT = "uncategorized"
_PATH = "mlops.wandb.path"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,240}")
# Records before that of the run: few, in any version.
_EARLY = 50


@dataclass(frozen=True)
class _Key:
    """Which run a file is of."""

    project: str
    entity: str
    run_id: str


class WandbFolder(LogSource):
    """A folder ``wandb``, one of its run folders, or a file ``run-*.wandb``."""

    kind = "wandb"
    later_params = "mlops.config."

    def __init__(self, path: Path, experiment: str | None = None, outside: bool = False) -> None:
        super().__init__()
        self._experiment = experiment
        self._outside = outside
        # The files of each run, with the time at which they begin.
        self._found: dict[_Key, list[tuple[float, Path]]] = {}
        for file in _files_of(path):
            try:
                key, start = self._run_of(file)
            except InvalidArgument as error:
                if file == path:
                    raise
                self.problems.append(str(error))
            except OSError as error:
                self.problems.append(f"{file} cannot be read: {error}")
            else:
                self._found.setdefault(key, []).append((start, file))

    def _run_of(self, file: Path) -> tuple[_Key, float]:
        for number, record in enumerate(wandb_records(file, lambda _: None)):
            try:
                run = read(record, RECORD).get("run")
            except Malformed:
                continue
            if run is not None and run.get("run_id"):
                key = _Key(run.get("project") or _NO_PROJECT, run.get("entity", ""), run["run_id"])
                return key, seconds(run.get("start_time", {}))
            if number == _EARLY:
                break
        run_id = file.stem.removeprefix("run-")
        self.problems.append(
            f"{file}: the record that says which run it is is not there or damaged: it is brought as run {run_id} of the "
            f"project {_NO_PROJECT}"
        )
        return _Key(_NO_PROJECT, "", run_id), 0.0

    def _name_of(self, key: _Key) -> str:
        return self._experiment or (key.project if not unusable(key.project) else _NO_PROJECT)

    def _names(self) -> Iterable[str]:
        return list(dict.fromkeys(map(self._name_of, self._found)))

    def _runs(self, experiment: str) -> Iterator[Loaded]:
        for key, files in self._found.items():
            if self._name_of(key) == experiment:
                yield self._run(key, sorted(files))

    def _run(self, key: _Key, files: list[tuple[float, Path]]) -> Loaded:
        path = f"{key.entity}/{key.project}/{key.run_id}"
        run_id = key.run_id if _RUN_ID.fullmatch(key.run_id) else hashlib.sha256(path.encode()).hexdigest()[:32]
        reader = RunReader(run_id, {_PATH: path}, self._outside)
        for _, file in files:
            reader.begin(file.parent)
            try:
                for record in wandb_records(file, self.problems.append):
                    try:
                        reader.take(read(record, RECORD))
                    except (Malformed, MlopsError, RecursionError) as error:
                        self.problems.append(f"{file}: a record cannot be read and is left out: {error}")
            except OSError as error:
                self.problems.append(f"{file} cannot be read to its end: {error}")
            reader.end()
        return reader.done()


def _files_of(path: Path) -> list[Path]:
    if not path.exists():
        raise NotFound(f"{path} does not exist: expected a folder `wandb`, a run folder in it or a file `run-*.wandb`")
    if path.is_file():
        return [path]
    for pattern in ("*.wandb", "*run-*/*.wandb", "wandb/*run-*/*.wandb"):
        # `latest-run` is a link to one of the others.
        found = [file for file in sorted(path.glob(pattern)) if not file.is_symlink() and not file.parent.is_symlink()]
        found = found or [file for file in sorted(path.glob(pattern)) if pattern == "*.wandb" and not file.is_symlink()]
        if found:
            return found
    raise InvalidArgument(f"{path} has no runs of W&B's: neither `run-*.wandb` nor folders `offline-run-*` or `run-*` with one")
