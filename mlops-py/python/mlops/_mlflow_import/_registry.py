"""Brings registered models and their versions into a store, when the runs and logged models are there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .. import _native
from ..exceptions import MlopsError, NotFound
from ._report import ImportReport
from ._types import RegisteredModel, Version

# What MLflow's URIs of files end with: those of a run or of a logged model keep their ids here.
_OF_MODEL = re.compile(r"/models/(?P<id>m-[0-9A-Za-z]+)/artifacts(?:/(?P<path>.*))?$")
_OF_RUN = re.compile(r"/(?P<id>[0-9a-f]{32})/artifacts(?:/(?P<path>.*))?$")


def files_of(uri: str) -> tuple[str, str, str] | None:
    """Whose files a URI of MLflow's names: the kind, the id, the path."""
    for kind, pattern in (("model", _OF_MODEL), ("run", _OF_RUN)):
        found = pattern.search(uri)
        if found:
            return kind, found["id"], (found["path"] or "").strip("/")
    return None


class RegistryWriter:
    """Brings registered models into a store."""

    def __init__(self, store: _native.Store, report: ImportReport, say: Callable[[str], None]) -> None:
        self._registry = _native.ModelRegistry(store, reason=f"brought over from {report.source}")
        self._report = report
        self._say = say

    def write(self, model: RegisteredModel) -> None:
        self._report.model_versions.found += sum(not version.deleted for version in model.versions)
        self._model(model)

    def _model(self, model: RegisteredModel) -> None:
        try:
            found = self._registry.get_model(model.name)
        except NotFound:
            self._say(f"registered model {model.name}")
            found = self._registry.create_model(model.name, model.description, list(model.tags.items()))
            self._report.registered_models.new += 1
        else:
            if found["name"] != model.name:
                self._report.problems.append(
                    f"registered model {model.name!r}: the store has {found['name']!r}, and names are the same in upper and"
                    " lower case; rename one"
                )
                return
            self._report.registered_models.there += 1
            for key, value in model.tags.items():
                if key not in found["tags"]:
                    self._registry.set_tag(model.name, None, key, value)
        live = max((version.number for version in model.versions if version.stage == "Production"), default=None)
        why = f"version {live} is in Production too, and one version is at a time"
        pointed = next((number for alias, number in model.aliases.items() if alias.lower() == "production"), None)
        if pointed is not None and not any(alias.lower() == "production" for alias in found["aliases"]):
            live, why = pointed, f"the alias production points to version {pointed}, and here that is what is in Production"
        for version in sorted(model.versions, key=lambda version: version.number):
            what = f"version {version.number} of the registered model {model.name!r}"
            try:
                if version.deleted:
                    self._registry.note_deleted(model.name, version.number)
                else:
                    self._version(model.name, version, live, why, what)
            except MlopsError as error:
                self._report.problems.append(f"{what}: {error}")
        for alias, number in model.aliases.items():
            if alias in found["aliases"]:
                continue
            try:
                self._registry.set_alias(model.name, alias, number)
            except MlopsError as error:
                self._report.problems.append(f"the alias {alias!r} of the registered model {model.name!r}: {error}")

    def _version(self, name: str, version: Version, live: int | None, why: str, what: str) -> None:
        try:
            self._registry.get_version(name, version.number)
        except NotFound:
            pass
        else:
            self._report.model_versions.there += 1
            return
        made = self._create(name, version, what)
        self._report.model_versions.new += 1
        stage = version.stage
        if stage == "Production" and version.number != live:
            self._report.problems.append(f"{what}: it is archived, since {why}")
            stage = "Archived"
        elif stage != "Production" and version.number == live:
            self._report.problems.append(f"{what}: it was in {stage} and is in Production, since {why}")
            stage = "Production"
        if stage != made["stage"]:
            self._registry.set_stage(name, version.number, stage)

    def _create(self, name: str, version: Version, what: str) -> dict[str, Any]:
        made = self._registry.create_version(
            name,
            version.source,
            files=files_of(version.place) or files_of(version.source),
            run_id=version.run_id,
            run_link=version.run_link,
            model_id=version.model_id,
            description=version.description,
            tags=list(version.tags.items()),
            created_at=None if version.created is None else int(version.created) * 1000,
            number=version.number,
        )
        if made["digest"] is None:
            self._report.problems.append(f"{what}: its files are not in the store: {version.source}")
        return made
