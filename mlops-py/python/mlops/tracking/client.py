"""MLflow's module of this name: the client."""

from .._client import MlflowClient

__all__ = ["MlflowClient"]
