"""The model registry that MLflow's entry point ``mlflow.model_registry_store`` names."""

from __future__ import annotations

import os
import re
from typing import Any

from mlflow.entities.model_registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry import SEARCH_MODEL_VERSION_MAX_RESULTS_DEFAULT as _VERSIONS
from mlflow.store.model_registry import SEARCH_REGISTERED_MODEL_MAX_RESULTS_DEFAULT as _MODELS
from mlflow.store.model_registry.abstract_store import AbstractStore
from mlflow.utils import validation

from .. import _native
from .._registry import versions_page
from ..exceptions import NotFound
from . import _location
from ._entities import Raw, millis
from ._errors import failure, guard, refuse_what_is_missing

_REASON = "prompts and webhooks are outside of what mlops does"
_PROMPT_TAG = "mlflow.prompt.is_prompt"
_NO_PROMPT = r"tags?\.[`\"]mlflow\.prompt\.is_prompt[`\"]\s*!=\s*['\"]true['\"]"
_FIRST_TEST = re.compile(rf"^\s*{_NO_PROMPT}(\s+AND\s+)?", re.IGNORECASE)
_FURTHER_TEST = re.compile(rf"\s+AND\s+{_NO_PROMPT}", re.IGNORECASE)


def _version(raw: Raw) -> ModelVersion:
    return ModelVersion(
        name=raw["name"],
        version=raw["version"],
        creation_timestamp=millis(raw["created_at"]),
        last_updated_timestamp=millis(raw["updated_at"]),
        description=raw["description"],
        user_id=raw["user_id"],
        current_stage=raw["stage"],
        source=raw["source"],
        run_id=raw["run_id"],
        run_link=raw["run_link"],
        status=raw["status"],
        status_message=raw["status_message"],
        tags=[ModelVersionTag(key, value) for key, value in raw["tags"].items()],
        aliases=raw["aliases"],
        model_id=raw["model_id"],
    )


def _model(raw: Raw) -> RegisteredModel:
    return RegisteredModel(
        name=raw["name"],
        creation_timestamp=millis(raw["created_at"]),
        last_updated_timestamp=millis(raw["updated_at"]),
        description=raw["description"],
        latest_versions=[_version(version) for version in raw["latest_versions"]],
        tags=[RegisteredModelTag(key, value) for key, value in raw["tags"].items()],
        aliases=[RegisteredModelAlias(alias, version) for alias, version in raw["aliases"].items()],
    )


def _pairs(tags: Any) -> list[tuple[str, str]]:
    return [(tag.key, "" if tag.value is None else str(tag.value)) for tag in tags or []]


class RegistryStore(AbstractStore):  # type: ignore[misc]
    """MLflow's registry over the store's."""

    def __init__(self, store_uri: str | None = None, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        self._folder = _native.locate(_location.path_of(store_uri or _location.SCHEME))

    @property
    def _registry(self) -> _native.ModelRegistry:
        # Of this process: what a forked child inherited it cannot use.
        return _native.ModelRegistry(_location.open_store(self._folder))

    def _known(self, name: str) -> Raw:
        validation._validate_model_name(name)
        try:
            return self._registry.get_model(name)
        except NotFound as error:
            raise failure(f"Registered Model with name={name} not found", "RESOURCE_DOES_NOT_EXIST") from error

    def _known_version(self, name: str, version: Any) -> Raw:
        validation._validate_model_name(name)
        # Older versions of MLflow check it, and do not give the number.
        validation._validate_model_version(version)
        try:
            return self._registry.get_version(name, max(int(version), 0))
        except NotFound as error:
            message = f"Model Version (name={name}, version={version}) not found"
            raise failure(message, "RESOURCE_DOES_NOT_EXIST") from error

    # --- models

    def create_registered_model(
        self, name: str, tags: Any = None, description: str | None = None, deployment_job_id: Any = None
    ) -> RegisteredModel:
        validation._validate_model_name(name)
        for tag in tags or []:
            validation._validate_registered_model_tag(tag.key, tag.value)
        if any(tag.key == _PROMPT_TAG for tag in tags or []):
            raise failure(_REASON, "NOT_IMPLEMENTED")
        return _model(self._registry.create_model(name, description, _pairs(tags)))

    def update_registered_model(self, name: str, description: str | None, deployment_job_id: Any = None) -> RegisteredModel:
        self._known(name)
        return _model(self._registry.describe_model(name, description))

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        validation._validate_model_renaming(new_name)
        self._known(name)
        return _model(self._registry.rename_model(name, new_name))

    def delete_registered_model(self, name: str) -> None:
        self._known(name)
        self._registry.delete_model(name)

    def get_registered_model(self, name: str) -> RegisteredModel:
        return _model(self._known(name))

    def get_latest_versions(self, name: str, stages: Any = None) -> list[ModelVersion]:
        self._known(name)
        return [_version(raw) for raw in self._registry.latest_versions(name, list(stages or []))]

    def search_registered_models(
        self, filter_string: str | None = None, max_results: int = _MODELS, order_by: Any = None, page_token: str | None = None
    ) -> PagedList[RegisteredModel]:
        limit = _limit(max_results)
        raws, token = self._registry.search_models(_without_prompts(filter_string), list(order_by or []), limit, page_token or None)
        return PagedList([_model(raw) for raw in raws], token)

    def set_registered_model_tag(self, name: str, tag: RegisteredModelTag) -> None:
        self._known(name)
        validation._validate_registered_model_tag(tag.key, tag.value)
        self._registry.set_tag(name, None, tag.key, str(tag.value))

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._known(name)
        validation._validate_tag_name(key)
        self._registry.delete_tag(name, None, key)

    # --- versions

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Any = None,
        run_link: str | None = None,
        description: str | None = None,
        local_model_path: str | None = None,
        model_id: str | None = None,
    ) -> ModelVersion:
        self._known(name)
        for tag in tags or []:
            validation._validate_model_version_tag(tag.key, tag.value)
        raw = self._registry.create_version(
            name,
            source,
            files=self._files_of(source),
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
            description=description,
            tags=_pairs(tags),
        )
        return _version(raw)

    def _files_of(self, source: str) -> tuple[str, str, str] | None:
        """Whose files an artifact URI names, if they are in this store."""
        try:
            if source.startswith("mlflow-artifacts:") and _location.serves():
                path = source.removeprefix("mlflow-artifacts:").lstrip("/")
            elif source.startswith(_location.SCHEME) and (place := _location.place_of(source)).store == self._folder:
                path = place.path
            else:
                return None
            owner = _location.owner_of(path)
        except ValueError:
            return None
        return None if owner.kind == "version" else owner

    def update_model_version(self, name: str, version: Any, description: str | None) -> ModelVersion:
        found = self._known_version(name, version)
        return _version(self._registry.describe_version(name, found["version"], description))

    def transition_model_version_stage(
        self, name: str, version: Any, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        found = self._known_version(name, version)
        return _version(self._registry.set_stage(name, found["version"], stage, bool(archive_existing_versions)))

    def delete_model_version(self, name: str, version: Any) -> None:
        self._registry.delete_version(name, self._known_version(name, version)["version"])

    def get_model_version(self, name: str, version: Any) -> ModelVersion:
        return _version(self._known_version(name, version))

    def get_model_version_download_uri(self, name: str, version: Any) -> str:
        found = self._known_version(name, version)
        if found["digest"] is None:
            return str(found["source"])
        place = _location.version_place(found["name"], found["version"])
        if _location.serves() and os.environ.get("_MLFLOW_SERVER_SERVE_ARTIFACTS", "").lower() == "true":
            return f"mlflow-artifacts:/{place}"
        return f"{_location.artifact_root(self._folder)}/{place}"

    def search_model_versions(
        self, filter_string: str | None = None, max_results: int = _VERSIONS, order_by: Any = None, page_token: str | None = None
    ) -> PagedList[ModelVersion]:
        limit = _limit(max_results)
        wanted = _without_prompts(filter_string)
        raws, token = versions_page(self._registry, wanted, list(order_by or []), limit, page_token or None)
        return PagedList([_version(raw) for raw in raws], token)

    def set_model_version_tag(self, name: str, version: Any, tag: ModelVersionTag) -> None:
        found = self._known_version(name, version)
        if tag.value is not None:
            validation._validate_model_version_tag(tag.key, tag.value)
        self._registry.set_tag(name, found["version"], tag.key, "" if tag.value is None else str(tag.value))

    def delete_model_version_tag(self, name: str, version: Any, key: str) -> None:
        found = self._known_version(name, version)
        validation._validate_tag_name(key)
        self._registry.delete_tag(name, found["version"], key)

    def copy_model_version(self, src_mv: ModelVersion, dst_name: str) -> ModelVersion:
        validation._validate_model_name(dst_name)
        found = self._known_version(src_mv.name, src_mv.version)
        return _version(self._registry.copy_version(found["name"], found["version"], dst_name))

    # --- aliases

    def set_registered_model_alias(self, name: str, alias: str, version: Any) -> None:
        validation._validate_model_alias_name(alias)
        validation._validate_model_alias_name_reserved(alias)
        self._registry.set_alias(name, alias, self._known_version(name, version)["version"])

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._known(name)
        validation._validate_model_alias_name(alias)
        self._registry.delete_alias(name, alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        self._known(name)
        validation._validate_model_alias_name(alias)
        if alias.lower() == "latest":
            versions = self.get_latest_versions(name)
            if not versions:
                raise failure(f"Latest version not found for model {name}.", "RESOURCE_DOES_NOT_EXIST")
            return max(versions, key=lambda version: int(version.version))
        try:
            return _version(self._registry.get_by_alias(name, alias))
        except NotFound as error:
            raise failure(f"Registered model alias {alias} not found.", "INVALID_PARAMETER_VALUE") from error

    # --- what there is not

    def search_prompts(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)

    def list_webhooks(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)


def _without_prompts(filter_string: str | None) -> str:
    """MLflow asks for models that are no prompts, in its own way: one without that tag is none. Here there are no prompts."""
    return _FIRST_TEST.sub("", _FURTHER_TEST.sub("", filter_string or ""))


def _limit(max_results: Any) -> int:
    if not isinstance(max_results, int) or max_results < 1:
        message = f"Invalid value for max_results. It must be a positive integer, but got {max_results}"
        raise failure(message, "INVALID_PARAMETER_VALUE")
    return max_results


guard(RegistryStore)
refuse_what_is_missing(RegistryStore, _REASON)
