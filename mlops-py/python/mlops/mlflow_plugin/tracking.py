"""The tracking store that MLflow's entry point ``mlflow.tracking_store`` names."""

from __future__ import annotations

from typing import Any

from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking.abstract_store import AbstractStore

from ._errors import guard, refuse_what_is_missing
from ._experiments import Experiments
from ._logged_models import LoggedModels
from ._logging import Logging
from ._runs import Runs


class TrackingStore(Experiments, Runs, Logging, LoggedModels, AbstractStore):  # type: ignore[misc]
    """MLflow's tracking over a store of mlops.

    ``store_uri`` is ``mlops:`` and a location; ``artifact_uri`` is where MLflow was told to keep files, if it was."""

    def __init__(self, store_uri: str | None = None, artifact_uri: str | None = None) -> None:
        self._open(store_uri or "mlops:", artifact_uri)
        super().__init__()

    # --- what mlops has not: the UI asks, and is told that there is none

    def search_traces(self, *args: Any, **kwargs: Any) -> tuple[list[Any], None]:
        return [], None

    def query_trace_metrics(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)

    def _none(self, *args: Any, **kwargs: Any) -> list[Any]:
        return []

    def _no_page(self, *args: Any, **kwargs: Any) -> PagedList[Any]:
        return PagedList([], None)

    batch_get_traces = batch_get_trace_infos = find_completed_sessions = _none
    list_scorers = list_scorers_across_experiments = list_scorer_versions = _none
    get_online_scoring_configs = get_active_online_scorers = _none
    list_secret_infos = list_gateway_model_definitions = list_gateway_endpoints = _none
    list_endpoint_bindings = list_gateway_guardrails = list_endpoint_guardrail_configs = _none
    list_budget_policies = list_label_schemas = _no_page
    list_review_queues = list_review_queue_items = search_issues = search_datasets = _no_page
    search_mcp_servers = search_mcp_server_versions = search_mcp_access_endpoints = _no_page


guard(TrackingStore)
refuse_what_is_missing(
    TrackingStore, "a store of mlops has no traces, prompts, scorers or gateways; use another backend store for them"
)
