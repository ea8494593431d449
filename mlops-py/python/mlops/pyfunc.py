"""Any saved model behind one ``predict``."""

from __future__ import annotations

import os
from typing import Any

from .models import ModelInfo, Source, load_model as _load


class PyFuncModel:
    """A loaded model; ``predict`` is that of the model itself."""

    def __init__(self, model: Any, info: ModelInfo, predict: str) -> None:
        self._model = model
        self._predict = getattr(model, predict)
        self.metadata = info

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """The model's output for ``data``."""
        return self._predict(data, **(params or {}))

    def unwrap_python_model(self) -> Any:
        """The model itself."""
        return self._model

    def __repr__(self) -> str:
        return f"<PyFuncModel {type(self._model).__name__} of {self.metadata.model_uri}>"


def load_model(
    model_uri: str | os.PathLike[str],
    suppress_warnings: bool = False,
    dst_path: str | None = None,
    model_config: dict[str, Any] | None = None,
    *,
    trust: bool = False,
) -> PyFuncModel:
    """Loads a model with one ``predict``, whatever its flavor."""
    source = Source(model_uri, trust)
    predict = source.manifest["flavors"].get("python_function", {}).get("predict_fn", "predict")
    return PyFuncModel(_load(model_uri, trust=trust), ModelInfo(source.manifest, os.fspath(model_uri)), predict)
