"""MLflow's module of this name: data sets of numpy."""

from . import NumpyDataset, from_numpy

__all__ = ["NumpyDataset", "from_numpy"]
