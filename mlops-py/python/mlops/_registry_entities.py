"""Registered models and their versions, with MLflow's attribute names; ``mlops.entities`` has them."""

from __future__ import annotations

from typing import Any

from .entities import RunTag, _Entity


class RegisteredModelTag(RunTag):
    """A tag of a registered model."""

    __slots__ = ()


class ModelVersionTag(RunTag):
    """A tag of a version."""

    __slots__ = ()


class RegisteredModelAlias(_Entity):
    """An alias of a registered model: the version that it points to."""

    __slots__ = ("alias", "version")
    _shown = ("alias", "version")

    def __init__(self, alias: str, version: int) -> None:
        self.alias = alias
        self.version = version


class ModelVersion(_Entity):
    """A version of a registered model: times in milliseconds.

    ``digest`` stands for its files; None if the store does not have them, and nobody has verified that they are there.
    ``manifest`` is the digest of all that it is and where it is from, which ``mlops.registry().manifest`` shows."""

    _shown = (
        *("aliases", "creation_timestamp", "current_stage", "description", "last_updated_timestamp", "model_id", "name"),
        *("run_id", "run_link", "source", "status", "status_message", "tags", "user_id", "version"),
    )

    def __init__(self, raw: dict[str, Any]) -> None:
        self.name: str = raw["name"]
        self.version: int = raw["version"]
        self.creation_timestamp: int = raw["created_at"] // 1000
        self.last_updated_timestamp: int = raw["updated_at"] // 1000
        self.description: str | None = raw["description"]
        self.user_id: str = raw["user_id"]
        self.current_stage: str = raw["stage"]
        self.source: str = raw["source"]
        self.run_id: str | None = raw["run_id"]
        self.run_link: str | None = raw["run_link"]
        self.model_id: str | None = raw["model_id"]
        self.status: str = raw["status"]
        self.status_message: str | None = raw["status_message"]
        self.tags: dict[str, str] = raw["tags"]
        self.aliases: list[str] = raw["aliases"]
        self.digest: str | None = raw["digest"]
        self.manifest: str | None = raw["manifest"]


class RegisteredModel(_Entity):
    """A registered model: times in milliseconds; the latest version of each stage; the version of each alias.

    ``generation`` counts the changes of what is in production; ``slots`` has a dict for each slot: ``generation``,
    ``production``, ``previous``, and ``event``, the number of that which made it so. The slot without a name is ``""``."""

    _shown = (
        *("aliases", "creation_timestamp", "description", "last_updated_timestamp", "latest_versions", "name", "tags"),
    )

    def __init__(self, raw: dict[str, Any]) -> None:
        self.name: str = raw["name"]
        self.creation_timestamp: int = raw["created_at"] // 1000
        self.last_updated_timestamp: int = raw["updated_at"] // 1000
        self.description: str | None = raw["description"]
        self.latest_versions = [ModelVersion(version) for version in raw["latest_versions"]]
        self.tags: dict[str, str] = raw["tags"]
        self.aliases: dict[str, int] = raw["aliases"]
        self.generation: int = raw["generation"]
        self.slots: dict[str, dict[str, int | None]] = raw["slots"]
