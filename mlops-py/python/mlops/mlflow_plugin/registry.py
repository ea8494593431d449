"""The model registry that MLflow's entry point ``mlflow.model_registry_store`` names.

It is empty until mlops has a registry: what looks for models finds none, and what would make one says so."""

from __future__ import annotations

from typing import Any

from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.abstract_store import AbstractStore

from ._errors import failure, guard, refuse_what_is_missing

_REASON = "the model registry of mlops comes with a later version; set another one with mlflow.set_registry_uri"


class RegistryStore(AbstractStore):  # type: ignore[misc]
    """A registry without models."""

    def __init__(self, store_uri: str | None = None, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)

    def search_registered_models(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)

    def search_model_versions(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)

    def search_prompts(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)

    def list_webhooks(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)

    def get_registered_model(self, name: str) -> Any:
        raise failure(f"Registered Model with name={name} not found", "RESOURCE_DOES_NOT_EXIST")

    def get_latest_versions(self, name: str, stages: Any = None) -> Any:
        raise failure(f"Registered Model with name={name} not found", "RESOURCE_DOES_NOT_EXIST")

    def get_model_version(self, name: str, version: Any) -> Any:
        raise failure(f"Model Version (name={name}, version={version}) not found", "RESOURCE_DOES_NOT_EXIST")

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise failure(_REASON, "NOT_IMPLEMENTED")

    create_registered_model = update_registered_model = rename_registered_model = delete_registered_model = _refuse
    set_registered_model_tag = delete_registered_model_tag = _refuse
    create_model_version = update_model_version = transition_model_version_stage = delete_model_version = _refuse
    set_model_version_tag = delete_model_version_tag = get_model_version_download_uri = _refuse
    set_registered_model_alias = delete_registered_model_alias = get_model_version_by_alias = _refuse


guard(RegistryStore)
refuse_what_is_missing(RegistryStore, _REASON)
