"""MLflow's module of this name: the client and where runs are tracked."""

from .._client import MlflowClient
from .._fluent import get_tracking_uri, is_tracking_uri_set, set_tracking_uri

__all__ = ["MlflowClient", "get_tracking_uri", "is_tracking_uri_set", "set_tracking_uri"]
