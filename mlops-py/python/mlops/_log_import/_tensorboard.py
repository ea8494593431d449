"""A log folder of TensorBoard's as a source: each folder with event files is a run."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from .._mlflow_import._types import Piece, Run
from ..exceptions import InvalidArgument, MlopsError, NotFound
from ._events import Left, Point, Session, Shown, checked, values
from ._pieces import media, sound
from ._records import tensorboard_record, tensorboard_records
from ._source import Loaded, LogSource, micros
from ._wire import Malformed

# What the plugin for hyperparameters calls a failure.
_FAILURE = 2
_GROUP = "mlops.group"


class LogFolder(LogSource):
    """A log folder, and all folders beneath it."""

    kind = "tensorboard"

    def __init__(self, root: Path, experiment: str | None = None) -> None:
        super().__init__()
        if not root.exists():
            raise NotFound(f"{root} does not exist: expected a folder with event files of TensorBoard's (`*tfevents*`)")
        if not root.is_dir():
            raise InvalidArgument(f"{root} is a file: expected the folder that it stands in, which is the run")
        self._root = root
        self._name = experiment or root.resolve().name or "tensorboard"
        self._found: dict[Path, list[Path]] = {}
        for place, folders, names in os.walk(root, onerror=self._unread):
            folders.sort()
            here = Path(place)
            for name in sorted([*folders, *names]):
                if (here / name).is_symlink() and (name in folders or "tfevents" in name):
                    self.problems.append(f"{here / name} is a link, which is not followed: import what it leads to by itself")
            files = [here / name for name in sorted(names) if "tfevents" in name and not (here / name).is_symlink()]
            if files:
                self._found[here] = files
        if not self._found:
            raise InvalidArgument(
                f"{root} has no event files of TensorBoard's (`events.out.tfevents.*`), nor has a folder beneath it"
            )

    def _unread(self, error: OSError) -> None:
        self.problems.append(f"{error.filename} cannot be read: {error.strerror}")

    def _names(self) -> Iterable[str]:
        return [self._name]

    def _runs(self, experiment: str) -> Iterator[Loaded]:
        for folder, files in self._found.items():
            reader = _Reader(self._name_of(folder), self._id_of(folder, files), self.problems.append)
            for file in files:
                try:
                    reader.read(file)
                except OSError as error:
                    self.problems.append(f"{file} cannot be read: {error}")
            if reader.events:
                yield reader.done()
            else:
                self.problems.append(f"{folder}: its event files hold no event that can be read")

    def _name_of(self, folder: Path) -> str:
        inside = folder.relative_to(self._root).as_posix()
        return self._name_of_root() if inside == "." else inside

    def _name_of_root(self) -> str:
        return self._root.resolve().name or "."

    def _id_of(self, folder: Path, files: list[Path]) -> str:
        """The name of the first file says time, host and mostly process, and the folder's tells runs of one process apart:
        so a log folder may be moved, and two folders of one name are no one run."""
        inside = folder.relative_to(self._root).as_posix()
        return hashlib.sha256(f"tensorboard\n{inside}\n{files[0].name}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


class _Reader:
    """Reads the files of a run."""

    def __init__(self, name: str, run_id: str, tell: Callable[[str], None]) -> None:
        self._loaded = Loaded(Run(id=run_id, experiment_id="", name=name))
        self._tell = tell
        self._plugins: dict[str, str] = {}
        self._counts: Counter[tuple[str, int]] = Counter()
        self._timed = False
        self.events = 0

    def read(self, path: Path) -> None:
        """Reads a file."""
        run = self._loaded.run
        for at, record in tensorboard_records(path, self._tell):
            try:
                event = checked(record)
                found = list(values(event, self._plugins))
            except (Malformed, MlopsError) as error:
                self._tell(f"{path}: the record at byte {at} is no event that can be read, and is left out: {error}")
                continue
            time, step = micros(event.get("wall_time", 0.0)), event.get("step", 0)
            self.events += 1
            if found or run.ended is None:
                # What a file begins with says when it was opened; what was logged may say another time.
                first = run.ended is None or not self._timed
                run.started = time if first else min(run.started, time)
                run.ended = time if first else max(run.ended or 0, time)
                self._timed = bool(found)
            shown = 0
            for one in found:
                if isinstance(one, Point):
                    self._loaded.point(one.tag, step, time, one.value)
                elif isinstance(one, Shown):
                    self._shown(one, step, path, at, shown)
                    shown += 1
                elif isinstance(one, Session):
                    self._session(one)
                elif isinstance(one, Left):
                    self._loaded.problem(f"{one.what} left out: mlops has no place for them")

    def _shown(self, value: Shown, step: int, path: Path, at: int, number: int) -> None:
        def again() -> bytes:
            # Media may be more than memory holds: they are read again when they are logged.
            found = [one for one in values(checked(tensorboard_record(path, at)), self._plugins) if isinstance(one, Shown)]
            return found[number].content

        key = (value.tag, step)
        try:
            if value.kind == "audio":
                made: Piece = sound(value.tag, step, self._counts[key], value.content, again)
            else:
                made = media(value.tag, value.kind, step, self._counts[key], value.content, again)
        except MlopsError as error:
            self._loaded.problem(f"{value.kind} of the tag {value.tag!r} is left out: {error}")
            return
        self._counts[key] += 1
        self._loaded.files.append(made)

    def _session(self, session: Session) -> None:
        for key, value in session.params.items():
            self._loaded.param(key, value)
        if session.group:
            self._loaded.tag(_GROUP, session.group)
        if session.status == _FAILURE:
            self._loaded.run.status = "FAILED"

    def done(self) -> Loaded:
        """What was read."""
        return self._loaded
