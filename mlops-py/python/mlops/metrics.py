"""MLflow's module of this name: what metrics of one's own are made of. :func:`mlops.evaluate` takes them as ``extra_metrics``."""

from __future__ import annotations

from typing import Any

from ._evaluate.extra import ExtraMetric as EvaluationMetric
from ._evaluate.extra import MetricValue, make_metric

__all__ = ["EvaluationMetric", "MetricValue", "make_metric"]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise AttributeError(
        f"'mlops.metrics' has no attribute {name!r}: ready-made metrics come with a later version of mlops; make_metric takes a function"
    )
