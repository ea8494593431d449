"""Data sets that runs use: what they are, where they come from, and a digest of their content.

>>> import mlops, numpy
>>> numbers = mlops.data.from_numpy(numpy.arange(6).reshape(3, 2), name="numbers", source="numbers.npy")
>>> len(numbers.digest), numbers.profile["features_shape"], numbers.source.to_json()
(8, (3, 2), '{"uri": "numbers.npy"}')
"""

from __future__ import annotations

from typing import Any

from ..exceptions import InvalidArgument
from ._arrays import NumpyDataset
from ._base import Dataset, MetaDataset
from ._sources import (
    CodeDatasetSource,
    DatasetSource,
    HTTPDatasetSource,
    LocalArtifactDatasetSource,
    OtherDatasetSource,
    recorded,
)
from ._tables import PandasDataset, PolarsDataset


def from_pandas(
    df: Any,
    source: Any = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> PandasDataset:
    """A data set of a pandas DataFrame. ``source`` is a path, an address or a source; by default the code that runs.

    ``targets`` and ``predictions`` name columns. The digest is of the names, the number of rows and the first 10,000 rows,
    by value: the index does not count, nor how numbers and texts are kept."""
    if not hasattr(df, "iloc") or not hasattr(df, "columns"):
        raise InvalidArgument(f"from_pandas got a {type(df).__name__}: expected a DataFrame of pandas")
    return PandasDataset(df, source, targets, name, digest, predictions)


def from_polars(
    df: Any,
    source: Any = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> PolarsDataset:
    """A data set of a polars DataFrame; the arguments and the digest are those of :func:`from_pandas`."""
    if not hasattr(df, "get_columns") or not hasattr(df, "height"):
        raise InvalidArgument(f"from_polars got a {type(df).__name__}: expected a DataFrame of polars")
    return PolarsDataset(df, source, targets, name, digest, predictions)


def from_numpy(
    features: Any, source: Any = None, targets: Any = None, name: str | None = None, digest: str | None = None
) -> NumpyDataset:
    """A data set of numpy arrays, or of dicts of them. The digest is of the shapes and the first 10,000 elements of each."""
    return NumpyDataset(features, source, targets, name, digest)


def get_source(dataset: Any) -> DatasetSource:
    """The source of a data set: of one at hand, or of one that a run has as an input."""
    dataset = getattr(dataset, "dataset", dataset)
    if isinstance(dataset, Dataset):
        return dataset.source
    try:
        return recorded(dataset.source_type, dataset.source)
    except AttributeError:
        raise InvalidArgument(f"{dataset!r} is no data set and no input of a run") from None


def __getattr__(name: str) -> Any:
    if name in ("dataset", "dataset_source", "numpy_dataset", "pandas_dataset", "polars_dataset"):
        from importlib import import_module

        return import_module(f".{name}", __name__)
    from .._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = [
    "CodeDatasetSource",
    "Dataset",
    "DatasetSource",
    "HTTPDatasetSource",
    "LocalArtifactDatasetSource",
    "MetaDataset",
    "NumpyDataset",
    "OtherDatasetSource",
    "PandasDataset",
    "PolarsDataset",
    "from_numpy",
    "from_pandas",
    "from_polars",
    "get_source",
]
