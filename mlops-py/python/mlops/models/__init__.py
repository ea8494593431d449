"""Saved models: signature, input example, what was logged, and loading by any flavor."""

from __future__ import annotations

from typing import Any

from .._evaluate.evaluation import evaluate, make_metric
from .._evaluate.result import EvaluationArtifact, EvaluationResult
from .._evaluate.thresholds import MetricThreshold, ModelValidationFailedException, validate_evaluation_results
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
    "EvaluationArtifact",
    "EvaluationResult",
    "MetricThreshold",
    "Model",
    "ModelInfo",
    "ModelSignature",
    "ModelValidationFailedException",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "TensorSpec",
    "evaluate",
    "get_model_info",
    "infer_signature",
    "load_model",
    "make_metric",
    "set_model",
    "validate_evaluation_results",
    "validate_schema",
]
