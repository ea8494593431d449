"""MLflow's module of this name: data sets of pandas."""

from . import PandasDataset, from_pandas

__all__ = ["PandasDataset", "from_pandas"]
