"""What an import found and kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = (
    "experiments", "runs", "params", "tags", "points", "files", "bytes", "datasets", "logged_models",
    "registered_models", "model_versions",
)  # fmt: skip
_MODELS = ("datasets", "logged_models", "registered_models", "model_versions")


@dataclass
class Counts:
    """Counts of one thing."""

    found: int = 0
    """How many the source has."""
    new: int = 0
    """How many of them were brought over now."""
    there: int = 0
    """How many the store had already."""

    @property
    def kept(self) -> int:
        """How many of them the store has now."""
        return self.new + self.there


@dataclass
class ImportReport:
    """What :func:`mlops.import_mlflow`, :func:`mlops.import_tensorboard` or :func:`mlops.import_wandb` found and kept."""

    source: str
    experiments: Counts = field(default_factory=Counts)
    runs: Counts = field(default_factory=Counts)
    params: Counts = field(default_factory=Counts)
    tags: Counts = field(default_factory=Counts)
    points: Counts = field(default_factory=Counts)
    """Points of metrics; the whole histories."""
    files: Counts = field(default_factory=Counts)
    """Artifacts of runs and logged models."""
    bytes: Counts = field(default_factory=Counts)
    """Of these files."""
    datasets: Counts = field(default_factory=Counts)
    """Data sets that runs have as inputs."""
    logged_models: Counts = field(default_factory=Counts)
    registered_models: Counts = field(default_factory=Counts)
    model_versions: Counts = field(default_factory=Counts)
    problems: list[str] = field(default_factory=list)
    """What could not be brought over, and why, a sentence each."""

    @property
    def complete(self) -> bool:
        """True if all that was found is in the store, and there was no problem."""
        return not self.problems and all(getattr(self, kind).found == getattr(self, kind).kept for kind in KINDS)

    def __str__(self) -> str:
        lines = [f"{'':<20}{'found':>12}{'kept':>12}{'new':>12}"]
        for kind in KINDS:
            of: Counts = getattr(self, kind)
            if kind in _MODELS and not of.found:
                # Most sources know none of these.
                continue
            lines.append(f"{kind.replace('_', ' '):<20}{of.found:>12,}{of.kept:>12,}{of.new:>12,}")
        lines += [f"not brought over: {problem}" for problem in self.problems]
        # A file name that is no UTF-8 can be told, too.
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        found = asdict(self)
        for kind in KINDS:
            found[kind]["kept"] = getattr(self, kind).kept
        return {**found, "complete": self.complete}
