"""Saved models: signature, input example, what was logged, and loading by any flavor."""

from __future__ import annotations

from typing import Any

from .._flavors.python_models import set_model
from ..types.schema import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from .model import Model, ModelInfo, get_model_info, load_model, validate_schema
from .signature import ModelSignature, infer_signature


def __getattr__(name: str) -> Any:
    from .._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = [
    "ColSpec",
    "DataType",
    "Model",
    "ModelInfo",
    "ModelSignature",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "TensorSpec",
    "get_model_info",
    "infer_signature",
    "load_model",
    "set_model",
    "validate_schema",
]
