"""MLflow's module of this name: what every data set is."""

from . import Dataset

__all__ = ["Dataset"]
