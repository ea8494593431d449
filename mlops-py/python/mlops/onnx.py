"""Models in the format ONNX; ``mlops.pyfunc`` runs them by onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._flavors import missing, saving
from ._flavors.infer import is_array, is_frame
from ._flavors.source import Source
from .exceptions import InvalidArgument

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo

_FILE = "model.onnx"
_PROVIDERS = ("CPUExecutionProvider",)


def log_model(
    onnx_model: Any,
    artifact_path: str | None = None,
    *,
    onnx_execution_providers: Sequence[str] | None = None,
    **options: Unpack[LogOptions],
) -> ModelInfo:
    """Logs a model of ONNX to the active run; the providers are those that onnxruntime runs it on, by default the CPU."""
    return saving.log(lambda _: _save(onnx_model, onnx_execution_providers), artifact_path, options)


def save_model(
    onnx_model: Any,
    path: str | os.PathLike[str],
    *,
    onnx_execution_providers: Sequence[str] | None = None,
    **options: Unpack[SaveOptions],
) -> ModelInfo:
    """Saves a model of ONNX to a new folder, in the same form."""
    return saving.save(lambda _: _save(onnx_model, onnx_execution_providers), path, options)


def load_model(model_uri: str | os.PathLike[str], dst_path: str | None = None, *, trust: bool = False) -> Any:
    """The model, after its files were verified and onnx checked it."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("onnx"))
    with missing.named(source):
        return _load(source)


def _save(model: Any, providers: Sequence[str] | None) -> saving.Saved:
    import onnx

    if not isinstance(model, onnx.ModelProto):
        raise InvalidArgument(f"{type(model).__name__} is no model of ONNX: expected an onnx.ModelProto")
    try:
        content = model.SerializeToString()
    except ValueError as error:
        raise InvalidArgument(f"the model cannot be written as one file: {error}; ONNX allows 2 GiB") from None
    chosen = list(providers or _PROVIDERS)
    return saving.Saved(
        flavor="onnx",
        conf={"data": _FILE, "onnx_version": onnx.__version__, "providers": chosen, "onnx_session_options": None},
        pyfunc={"loader_module": "mlflow.onnx", "data": _FILE},
        files=[(_FILE, content)],
        modules={"onnx", "onnxruntime", "numpy"},
        predict=lambda data, params: _Wrapped(content, chosen).predict(data, params),
    )


def _load(source: Source) -> Any:
    import onnx

    model = onnx.load_model_from_string(source.read(source.flavor("onnx").get("data", _FILE)))
    onnx.checker.check_model(model)
    return model


class _Wrapped:
    """A session of onnxruntime behind one ``predict``: arrays by name come out, of a table a table."""

    def __init__(self, content: bytes, providers: Sequence[str]) -> None:
        import onnxruntime

        there = onnxruntime.get_available_providers()
        chosen = [name for name in providers if name in there] or list(_PROVIDERS)
        self.session = onnxruntime.InferenceSession(content, providers=chosen)

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        import numpy

        inputs = {part.name: part.type for part in self.session.get_inputs()}
        names = [part.name for part in self.session.get_outputs()]
        if isinstance(data, Mapping):
            feed = dict(data)
        elif is_frame(data):
            feed = {name: data[name].to_numpy() for name in inputs} if len(inputs) > 1 else {next(iter(inputs)): data.to_numpy()}
        elif is_array(data) and len(inputs) == 1:
            feed = {next(iter(inputs)): data}
        else:
            raise InvalidArgument(f"the input is of type {type(data).__name__}: expected a table or a dict of {', '.join(inputs)}")
        for name, kind in inputs.items():
            # Models of 32 bits get what Python has, 64.
            if kind == "tensor(float)" and feed[name].dtype == numpy.float64:
                feed[name] = feed[name].astype(numpy.float32)
        found = dict(zip(names, self.session.run(names, feed), strict=True))
        if is_frame(data):
            import pandas

            return pandas.DataFrame({name: numpy.asarray(part).reshape(-1) for name, part in found.items()})
        return found


def _wrap(model: Any, source: Source) -> _Wrapped:
    conf = source.flavor("onnx")
    return _Wrapped(model.SerializeToString(), conf.get("providers") or _PROVIDERS)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = ["load_model", "log_model", "save_model"]
