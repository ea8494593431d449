"""The signature of a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..exceptions import InvalidArgument
from ..types.schema import ParamSchema, Schema


class ModelSignature:
    """What goes into a model, what comes out, and what may be said beside the input when predicting."""

    def __init__(
        self, inputs: Schema | None = None, outputs: Schema | None = None, params: ParamSchema | None = None
    ) -> None:
        for part, kind, name in [(inputs, Schema, "inputs"), (outputs, Schema, "outputs"), (params, ParamSchema, "params")]:
            if part is not None and not isinstance(part, kind):
                raise InvalidArgument(f"{name} is of type {type(part).__name__}: expected {kind.__name__}")
        self.inputs = inputs
        self.outputs = outputs
        self.params = params

    def to_dict(self) -> dict[str, str | None]:
        """MLflow's form: each part as JSON text."""
        parts = {"inputs": self.inputs, "outputs": self.outputs, "params": self.params}
        return {name: None if part is None else part.to_json() for name, part in parts.items()}

    @classmethod
    def from_dict(cls, signature_dict: Mapping[str, str | None]) -> ModelSignature:
        """From MLflow's form."""
        parts = {name: json.loads(text) for name, text in signature_dict.items() if text is not None}
        inputs, outputs, params = (parts.get(name) for name in ("inputs", "outputs", "params"))
        return cls(
            None if inputs is None else Schema.of(inputs),
            None if outputs is None else Schema.of(outputs),
            None if not params else ParamSchema.of(params),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelSignature) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # MLflow's form, the last line end too.
        return f"inputs: \n  {self.inputs!r}\noutputs: \n  {self.outputs!r}\nparams: \n  {self.params!r}\n"


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """The signature of examples of a model's input, its output, and its params with their defaults.

    >>> found = infer_signature({"age": [1, 2], "name": ["a", None]}, 0.5, {"temperature": 0.7})
    >>> found.inputs, found.outputs, found.params
    (['age': Array(long) (required), 'name': Array(string) (optional)], [double (required)], ['temperature': double (default: 0.7)])
    """
    from .._flavors import infer

    return ModelSignature(
        None if model_input is None else infer.schema(model_input, "the input"),
        None if model_output is None else infer.schema(model_output, "the output"),
        None if not params else infer.params_schema(params),
    )
