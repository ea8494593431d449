"""MLflow's module of this name: data sets of polars."""

from . import PolarsDataset, from_polars

__all__ = ["PolarsDataset", "from_polars"]
