"""The model registry: the calls of ``MlflowClient``, those without a client, and ``models:/`` URIs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from . import _native, _state
from ._convert import ids, path_text, tag_items, text, text_key, text_or_none, whole
from .entities import ModelVersion, PagedList, RegisteredModel
from .exceptions import InvalidArgument, NotFound

SCHEME = "models:"
# The most versions on a page: what MLflow's REST API asks for when it is not told.
_LONGEST = 200_000
STAGES = ("none", "staging", "production", "archived")


def number_of(version: Any) -> int:
    """The number of a version, which may be text."""
    given = version.strip() if isinstance(version, str) else version
    number = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given
    if isinstance(number, str) or whole("the version", number) < 1:
        raise InvalidArgument(f"the version is {version!r}: expected a number from 1 on")
    return whole("the version", number)


def logged_model_of(uri: str) -> str | None:
    """The logged model of ``models:/<id>``; None for the URI of a registered model."""
    rest = uri.removeprefix(SCHEME).strip("/")
    return rest if rest and "/" not in rest and "@" not in rest else None


def version_of(store: _native.Store, uri: str) -> dict[str, Any]:
    """The version that ``models:/<name>/<number, stage or latest>`` or ``models:/<name>@<alias>`` names."""
    return _native.ModelRegistry(store).version_of_uri(uri)


def download(store: _native.Store, uri: str, place: str) -> tuple[str, bool] | str:
    """Copies the files of a ``models:/`` URI to a folder, and says whether they came from a store that was not trusted; for a
    version whose files are not in the store, where they are from."""
    passed: set[str] = set()
    while (logged := logged_model_of(uri)) is None:
        version = version_of(store, uri)
        if version["digest"] is not None:
            break
        # Of a version of a version, as older versions of mlops made them, the other one says it.
        passed.add(uri)
        uri = str(version["source"])
        if not uri.startswith(SCHEME) or uri in passed:
            return uri
    if logged is not None:
        from ._logged_models import existing

        models = _native.LoggedModels(store)
        existing(models, logged)
        return os.fspath(models.download_files(logged, None, place)), models.is_foreign(logged)
    folder = _native.ModelRegistry(store).download_files(version["name"], version["version"], None, place)
    return os.fspath(folder), bool(version["is_foreign"])


def register_model(
    model_uri: str,
    name: str,
    await_registration_for: int | None = None,
    *,
    tags: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Makes a version of a registered model of what was logged, and the model if there is none, in one commit.

    model_uri: ``runs:/<run>/<path>``, ``models:/<logged model>`` or a version, such as ``models:/<name>/1`` or
    ``models:/<name>@<alias>``. The version keeps its files, also when the run is gone."""
    store = _state.store()
    uri = path_text("model_uri", model_uri)
    registry = _native.ModelRegistry(store)
    name = text_key("name of a registered model", name)
    made = registry.create_version(name, uri, with_model=True, must_exist=True, tags=tag_items(tags))
    return _noted(store, made)


def _noted(store: _native.Store, raw: dict[str, Any]) -> ModelVersion:
    """A version that was made, which the logged model that it was made of knows now."""
    if raw["model_id"] is not None:
        from ._logged_models import note_version

        note_version(store, raw["model_id"], raw["name"], int(raw["version"]))
    return ModelVersion(raw)


class RegistryCalls:
    """The part of ``MlflowClient`` that is about registered models."""

    @property
    def _store(self) -> _native.Store:
        raise NotImplementedError

    @property
    def _registry(self) -> _native.ModelRegistry:
        return _native.ModelRegistry(self._store)

    def create_registered_model(
        self, name: str, tags: Mapping[str, Any] | None = None, description: str | None = None
    ) -> RegisteredModel:
        """Makes a registered model without versions."""
        name = text_key("name of a registered model", name)
        return RegisteredModel(self._registry.create_model(name, text_or_none("description", description), tag_items(tags)))

    def get_registered_model(self, name: str) -> RegisteredModel:
        """A registered model; its name is the same in upper and lower case."""
        return RegisteredModel(self._registry.get_model(text("name", name)))

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Gives a registered model another name; its versions keep their numbers, and its policies go along."""
        new_name = text_key("name of a registered model", new_name)
        return RegisteredModel(self._registry.rename_model(text("name", name), new_name))

    def update_registered_model(self, name: str, description: str | None = None) -> RegisteredModel:
        """Replaces the description of a registered model."""
        return RegisteredModel(self._registry.describe_model(text("name", name), text_or_none("description", description)))

    def delete_registered_model(self, name: str) -> None:
        """Deletes a registered model with its versions, whose numbers are not given again."""
        self._registry.delete_model(text("name", name))

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """One page of the registered models that match a filter, by name; ``.token`` leads to the next.

        A filter and an order name ``name``, ``creation_timestamp``, ``last_updated_timestamp`` and ``tags.<key>``."""
        raws, token = self._registry.search_models(filter_string or "", ids(order_by), _limit(max_results), page_token or None)
        return PagedList([RegisteredModel(raw) for raw in raws], token)

    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[ModelVersion]:
        """The latest version of each stage, or of those given."""
        return [ModelVersion(raw) for raw in self._registry.latest_versions(text("name", name), ids(stages))]

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Sets a tag of a registered model; its value is ``str(value)``."""
        self._registry.set_tag(text("name", name), None, text_key("tag name", key), str(value))

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Removes a tag of a registered model, if it has it."""
        self._registry.delete_tag(text("name", name), None, text_key("tag name", key))

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: int | None = None,
        *,
        model_id: str | None = None,
        external: bool = False,
    ) -> ModelVersion:
        """Makes a version of a registered model. Of a source that this store does not have nothing is verified:
        ``digest`` is None. Where a policy takes verified sources only, ``external`` says that it is meant."""
        raw = self._registry.create_version(
            text("name", name),
            path_text("source", source),
            run_id=text_or_none("run_id", run_id),
            run_link=text_or_none("run_link", run_link),
            model_id=text_or_none("model_id", model_id),
            description=text_or_none("description", description),
            tags=tag_items(tags),
            external=bool(external),
        )
        return _noted(self._store, raw)

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Makes a version of another registered model, which is made if there is none, of the version that
        ``models:/<name>/<version>`` or ``models:/<name>@<alias>`` names."""
        if not text("src_model_uri", src_model_uri).startswith(SCHEME):
            raise InvalidArgument(f"src_model_uri is `{src_model_uri}`: expected models:/<name>/<version> or models:/<name>@<alias>")
        found = version_of(self._store, src_model_uri)
        return ModelVersion(self._registry.copy_version(found["name"], found["version"], text("dst_name", dst_name)))

    def get_model_version(self, name: str, version: int | str) -> ModelVersion:
        """A version by its number."""
        return ModelVersion(self._registry.get_version(text("name", name), number_of(version)))

    def update_model_version(self, name: str, version: int | str, description: str | None = None) -> ModelVersion:
        """Replaces the description of a version."""
        description = text_or_none("description", description)
        return ModelVersion(self._registry.describe_version(text("name", name), number_of(version), description))

    def transition_model_version_stage(
        self, name: str, version: int | str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Moves a version to None, Staging, Production or Archived. At most one is in Production: who comes there archives
        who was."""
        number, stage = number_of(version), text("stage", stage)
        return ModelVersion(self._registry.set_stage(text("name", name), number, stage, bool(archive_existing_versions)))

    def get_model_version_stages(self, name: str, version: int | str) -> list[str]:
        """The stages that there are."""
        self.get_model_version(name, version)
        return ["None", "Staging", "Production", "Archived"]

    def delete_model_version(self, name: str, version: int | str) -> None:
        """Deletes a version and the aliases that point to it; its number is not given again."""
        self._registry.delete_version(text("name", name), number_of(version))

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """One page of the versions that match a filter, by name, the highest first; ``.token`` leads to the next.

        A filter and an order name ``name``, ``version_number``, ``run_id``, ``source_path``, ``current_stage``,
        ``creation_timestamp``, ``last_updated_timestamp`` and ``tags.<key>``."""
        raws, token = versions_page(self._registry, filter_string or "", ids(order_by), _limit(max_results), page_token or None)
        return PagedList([ModelVersion(raw) for raw in raws], token)

    def get_model_version_download_uri(self, name: str, version: int | str) -> str:
        """Where the files of a version are: in the registry itself, ``models:/<name>/<version>``, if the store has them; else
        its source."""
        found = self._registry.get_version(text("name", name), number_of(version))
        return str(found["source"]) if found["digest"] is None else f"{SCHEME}/{found['name']}/{found['version']}"

    def set_model_version_tag(
        self, name: str, version: int | str | None = None, key: str | None = None, value: Any = None, stage: str | None = None
    ) -> None:
        """Sets a tag of a version, or of the latest one in a stage; its value is ``str(value)``."""
        self._registry.set_tag(text("name", name), self._which(name, version, stage), text_key("tag name", key), str(value))

    def delete_model_version_tag(
        self, name: str, version: int | str | None = None, key: str | None = None, stage: str | None = None
    ) -> None:
        """Removes a tag of a version, or of the latest one in a stage, if it has it."""
        self._registry.delete_tag(text("name", name), self._which(name, version, stage), text_key("tag name", key))

    def _which(self, name: str, version: int | str | None, stage: str | None) -> int:
        if (version is None) == (stage is None):
            raise InvalidArgument("give either version or stage")
        if stage is None:
            return number_of(version)
        found = self._registry.latest_versions(text("name", name), [text("stage", stage)])
        if not found:
            raise NotFound(f"the registered model `{name}` has no version in `{stage}`")
        return int(found[0]["version"])

    def set_registered_model_alias(self, name: str, alias: str, version: int | str) -> None:
        """Points an alias to a version, whichever it pointed to before. The alias ``production`` is a promotion."""
        self._registry.set_alias(text("name", name), text("alias", alias), number_of(version))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Removes an alias, if there is one of this name. Without ``production``, what was there is in no stage."""
        self._registry.delete_alias(text("name", name), text("alias", alias))

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points to; ``latest`` is that with the highest number."""
        return ModelVersion(self._registry.get_by_alias(text("name", name), text("alias", alias)))


def _limit(max_results: int) -> int:
    limit = whole("max_results", max_results)
    if limit < 1:
        raise InvalidArgument(f"max_results is {limit}: expected 1 to 50000")
    return limit


def versions_page(
    registry: _native.ModelRegistry, filter_string: str, order_by: list[str], limit: int, page_token: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of versions, which may be as long as MLflow's, 200,000: the core's are put together."""
    if limit > _LONGEST:
        raise InvalidArgument(f"max_results is {limit}: expected 1 to {_LONGEST}; more come page by page")
    found: list[dict[str, Any]] = []
    token = page_token
    while True:
        raws, token = registry.search_versions(filter_string, order_by, min(limit - len(found), 50_000), token)
        found.extend(raws)
        if token is None or len(found) == limit:
            return found, token


def _all(call: Any, max_results: int | None, filter_string: str | None, order_by: Sequence[str] | None) -> list[Any]:
    limit = None if max_results is None else _limit(max_results)
    found: list[Any] = []
    token: str | None = None
    while True:
        wanted = 1_000 if limit is None else min(limit - len(found), 1_000)
        page = call(filter_string=filter_string, max_results=wanted, order_by=order_by, page_token=token)
        found.extend(page)
        token = page.token
        if token is None or len(found) == limit:
            return found


def search_registered_models(
    max_results: int | None = None, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[RegisteredModel]:
    """The first ``max_results`` registered models that match a filter, or all."""
    from ._client import MlflowClient

    return _all(MlflowClient().search_registered_models, max_results, filter_string, order_by)


def search_model_versions(
    max_results: int | None = None, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[ModelVersion]:
    """The first ``max_results`` versions of registered models that match a filter, or all."""
    from ._client import MlflowClient

    return _all(MlflowClient().search_model_versions, max_results, filter_string, order_by)


def set_model_version_tag(name: str, version: int | str | None = None, key: str | None = None, value: Any = None) -> None:
    """Sets a tag of a version of a registered model; its value is ``str(value)``."""
    from ._client import MlflowClient

    MlflowClient().set_model_version_tag(name, version, key, value)
