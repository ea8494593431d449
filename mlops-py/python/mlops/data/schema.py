"""The schema of arrays, with MLflow's name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..exceptions import InvalidArgument
from ..types.schema import Schema


class TensorDatasetSchema:
    """What features and targets of a data set of arrays are; targets may be None."""

    def __init__(self, features: Schema, targets: Schema | None = None) -> None:
        for what, given in (("features", features), ("targets", targets)):
            if not isinstance(given, Schema) and not (what == "targets" and given is None):
                raise InvalidArgument(f"{what} is of type {type(given).__name__}: expected Schema")
        self.features = features
        self.targets = targets

    def to_dict(self) -> dict[str, Any]:
        """MLflow's form."""
        targets = None if self.targets is None else self.targets.to_json()
        return {"mlflow_tensorspec": {"features": self.features.to_json(), "targets": targets}}

    @classmethod
    def from_dict(cls, schema_dict: Mapping[str, Any]) -> TensorDatasetSchema:
        """From MLflow's form."""
        try:
            parts = schema_dict["mlflow_tensorspec"]
            features, targets = json.loads(parts["features"]), parts.get("targets")
        except (KeyError, TypeError, ValueError):
            raise InvalidArgument(f"the schema {schema_dict!r} is not valid: expected the key 'mlflow_tensorspec'") from None
        return cls(Schema.of(features), None if targets is None else Schema.of(json.loads(targets)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorDatasetSchema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"features:\n  {self.features!r}\ntargets:\n  {self.targets!r}\n"
