"""Files of a run of W&B's: what stands in its folder `files`, its console, and its artifacts."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from .._mlflow_import._types import File, beneath
from ..exceptions import MlopsError
from ._pieces import piece, unusable_path
from ._source import Loaded

_CONSOLE = "output.log"
_ELSEWHERE = "it stands outside of the folder: `--outside` (Python: outside=True) brings it, for runs of your own"


class Files:
    """The files of a run, those of a later folder in the place of those of an earlier one."""

    def __init__(self, loaded: Loaded, outside: bool) -> None:
        self._loaded = loaded
        self._outside = outside
        self._kept: dict[str, File] = {}
        self._here: dict[str, Path] = {}
        self._part = 0

    def begin(self, folder: Path) -> None:
        """Another folder."""
        self._part += 1
        self._here = {}
        if not folder.is_dir():
            return
        found = beneath(folder)
        links = [path for path in sorted(folder.rglob("*")) if path.is_symlink()]
        for path in links:
            inside = path.relative_to(folder).as_posix()
            if not self._outside:
                self._loaded.problem(f"files/{inside} is a link to {os.readlink(path)}, which is not followed: {_ELSEWHERE}")
            elif path.is_dir():
                found += [File(f"{inside}/{one.path}", one.local, one.stamp) for one in beneath(path.resolve())]
            elif path.is_file():
                found.append(File(inside, path.resolve(), str(path.stat().st_mtime_ns)))
            else:
                self._loaded.problem(f"files/{inside} is a link to {os.readlink(path)}, where there is nothing")
        for file in found:
            self._here[file.path] = file.local
            # `media/` and `console/` are names of ours; W&B's console is kept as ours is.
            own = file.path.split("/")[0] in ("media", "console")
            path_in_run = f"wandb/{file.path}" if own else file.path
            problem = unusable_path(path_in_run)
            if problem:
                self._loaded.problem(f"files/{file.path} is left out: {problem}")
            elif file.path != _CONSOLE:
                self._kept[path_in_run] = File(path_in_run, file.local, file.stamp)

    def get(self, path: Any) -> Path:
        """A file that a value names."""
        if not isinstance(path, str) or path not in self._here:
            raise MlopsError(f"its file {path} is not in the folder `files`")
        return self._here[path]

    def used(self, path: str) -> None:
        """The file is brought as what it shows."""
        self._kept.pop(f"wandb/{path}", None)

    def end(self, said: bytes) -> None:
        """The folder is over; ``said`` is what its records have of the console."""
        name = f"console/{self._part:06}.log"
        local = self._here.get(_CONSOLE)
        if local is not None and local.stat().st_size > 0:
            self._kept[name] = File(name, local, str(local.stat().st_mtime_ns))
        elif said:
            self._kept[name] = piece(name, said)

    def done(self) -> list[File]:
        """All that are brought."""
        return [self._kept[path] for path in sorted(self._kept)]


class Artifacts:
    """The artifacts that a run logs. Their files wait in a folder of W&B's until they are uploaded."""

    def __init__(self, loaded: Loaded, outside: bool) -> None:
        self._loaded = loaded
        self._outside = outside
        self._counts: Counter[str] = Counter()
        self._files: list[File] = []

    def take(self, record: dict[str, Any]) -> None:
        """Takes the record of an artifact."""
        name, kind = record.get("name", "artifact"), record.get("type", "")
        if kind == "run_table":
            # A table of the history, which is among the files.
            return
        version = f"{name}/v{self._counts[name]}"
        self._counts[name] += 1
        contents = record.get("manifest", {}).get("contents", [])
        try:
            metadata = json.loads(record.get("metadata") or "{}")
        except ValueError:
            metadata = record["metadata"]
        about = {
            "name": name, "type": kind, "aliases": record["aliases"], "tags": record["tags"],
            "description": record.get("description", ""), "metadata": metadata, "digest": record.get("digest", ""),
            "contents": [{key: value for key, value in entry.items() if key != "local_path"} for entry in contents],
        }  # fmt: skip
        text = json.dumps(about, indent=2, ensure_ascii=False).encode("utf-8", "replace")
        if self._usable(f"artifacts/{version}.json", version):
            self._files.append(piece(f"artifacts/{version}.json", text))
        elsewhere = 0
        for entry in contents:
            path, local = f"artifacts/{version}/{entry.get('path', '')}", entry.get("local_path", "")
            if entry.get("ref") or not self._usable(path, version):
                continue
            if not self._outside:
                elsewhere += 1
            elif local and Path(local).is_file():
                self._files.append(File(path, Path(local), str(Path(local).stat().st_mtime_ns)))
            else:
                self._loaded.problem(f"artifact {version}: its file {entry.get('path', '')} is not on this machine any more")
        if elsewhere:
            self._loaded.problem(f"artifact {version}: {elsewhere} files are not brought: {_ELSEWHERE}")

    def _usable(self, path: str, version: str) -> bool:
        problem = unusable_path(path)
        if problem:
            self._loaded.problem(f"artifact {version}: {path} is left out: {problem}")
        return problem is None

    def done(self) -> list[File]:
        """All files, the last of a path."""
        return list({file.path: file for file in self._files}.values())
