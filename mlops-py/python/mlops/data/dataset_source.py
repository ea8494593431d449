"""MLflow's module of this name: where data comes from."""

from . import DatasetSource

__all__ = ["DatasetSource"]
