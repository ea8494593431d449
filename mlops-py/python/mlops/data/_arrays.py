"""Arrays of numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._flavors.infer import schema as _schema
from ..exceptions import InvalidArgument
from ..types.schema import Schema
from ._base import Dataset
from ._digests import array_digest
from .schema import TensorDatasetSchema


def _each(given: Any, of: Callable[[Any], Any]) -> Any:
    """What a function gives for an array, or for each of a dict of them."""
    return {name: of(array) for name, array in given.items()} if isinstance(given, Mapping) else of(given)


def _specs(given: Any) -> Schema:
    if not isinstance(given, Mapping):
        return _schema(given, "a data set")
    parts = [(str(name), spec) for name, array in given.items() for spec in _schema(array, "a data set").to_dict()]
    return Schema.of([{"name": name, **spec} for name, spec in parts])


class NumpyDataset(Dataset):
    """Features, and targets if there are some: each an array or a dict of arrays."""

    def __init__(
        self, features: Any, source: Any = None, targets: Any = None, name: str | None = None, digest: str | None = None
    ) -> None:
        for what, given in (("features", features), ("targets", targets)):
            arrays = given.values() if isinstance(given, Mapping) else [given]
            if not all(hasattr(array, "dtype") and hasattr(array, "flat") for array in arrays if array is not None):
                raise InvalidArgument(f"the {what} of the data set are no array of numpy, and no dict of them")
        if features is None:
            raise InvalidArgument("the data set has no features: expected an array of numpy or a dict of them")
        self._features = features
        self._targets = targets
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return array_digest({"features": self._features, "targets": self._targets})

    @property
    def features(self) -> Any:
        """What a model is given."""
        return self._features

    @property
    def targets(self) -> Any:
        """What it is to find; None if there are none."""
        return self._targets

    @property
    def profile(self) -> Any:
        """Shapes, numbers of elements and bytes."""
        found: dict[str, Any] = {}
        for what, given in (("features", self._features), ("targets", self._targets)):
            if given is not None:
                found[f"{what}_shape"] = _each(given, lambda array: tuple(int(size) for size in array.shape))
                found[f"{what}_size"] = _each(given, lambda array: int(array.size))
                found[f"{what}_nbytes"] = _each(given, lambda array: int(array.nbytes))
        return found

    @property
    def schema(self) -> TensorDatasetSchema:
        """What the arrays are."""
        return TensorDatasetSchema(_specs(self._features), None if self._targets is None else _specs(self._targets))

    def _schema_dict(self) -> dict[str, Any]:
        return self.schema.to_dict()
