"""What an evaluation found."""

from __future__ import annotations

import json
import os
from typing import Any

from ..exceptions import InvalidArgument


class EvaluationArtifact:
    """A file of an evaluation: ``content`` as it was made, ``uri`` where the run keeps it, None without a run."""

    def __init__(self, uri: str | None, content: Any) -> None:
        self.uri = uri
        self.content = content

    def __repr__(self) -> str:
        return f"<EvaluationArtifact {self.uri or type(self.content).__name__}>"


class EvaluationResult:
    """Metrics by name, artifacts by name, tables by name, and the run that they were logged to."""

    def __init__(
        self,
        metrics: dict[str, float],
        artifacts: dict[str, EvaluationArtifact],
        run_id: str | None = None,
        columns: dict[str, dict[str, list[Any]]] | None = None,
    ) -> None:
        self.metrics = metrics
        self.artifacts = artifacts
        self.run_id = run_id
        self._columns = columns or {}

    @property
    def tables(self) -> dict[str, Any]:
        """The tables as pandas DataFrames, without pandas as dicts of columns."""
        try:
            import pandas
        except ImportError:
            return dict(self._columns)
        return {name: pandas.DataFrame(columns) for name, columns in self._columns.items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes metrics and tables to a folder, for :meth:`load`."""
        os.makedirs(path, exist_ok=True)
        for name, content in (("metrics.json", self.metrics), ("tables.json", self._columns)):
            with open(os.path.join(path, name), "w", encoding="utf-8") as file:
                json.dump(content, file, default=str)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> EvaluationResult:
        """Reads what :meth:`save` wrote."""
        found = []
        for name in ("metrics.json", "tables.json"):
            try:
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    found.append(json.load(file))
            except (FileNotFoundError, NotADirectoryError):
                raise InvalidArgument(f"{os.fspath(path)!r} is no folder of a saved evaluation: it lacks {name}") from None
        return cls(found[0], {}, None, found[1])

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {value:.4g}" for name, value in list(self.metrics.items())[:4])
        return f"<EvaluationResult {shown}, {len(self.metrics)} metrics, {len(self._columns)} tables>"
