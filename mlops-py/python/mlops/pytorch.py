"""Models of PyTorch: modules as ``torch.save`` writes them, or programs as ``torch.export`` does."""

from __future__ import annotations

import io
import os
import pickle
from typing import TYPE_CHECKING, Any

from ._autolog.entry import pytorch as autolog
from ._flavors import examples, missing, saving
from ._flavors.infer import is_array, is_frame
from ._flavors.source import Source
from .exceptions import InvalidArgument, MlopsError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._flavors.saving import LogOptions, SaveOptions
    from .models import ModelInfo

_FOLDER = "data"
_PICKLED = "model.pth"
_EXPORTED = "model.pt2"
_PICKLER = "pickle_module_info.txt"
# MLflow's name of the pickler that takes classes along.
_CLOUDPICKLE = "mlflow.pytorch.pickle_module"


def log_model(
    pytorch_model: Any,
    artifact_path: str | None = None,
    *,
    serialization_format: str = "pickle",
    **options: Unpack[LogOptions],
) -> ModelInfo:
    """Logs a module of PyTorch to the active run.

    ``pickle`` is ``torch.save`` of the module: made of torch's own layers it loads without running code, with classes
    of your own it is a pickle, for stores that you trust. ``pt2`` is ``torch.export`` of what the module does for the
    ``input_example``, an array: a program that runs anywhere, and cannot be trained further."""
    return saving.log(lambda given: _save(pytorch_model, serialization_format, given), artifact_path, options)


def save_model(
    pytorch_model: Any,
    path: str | os.PathLike[str],
    *,
    serialization_format: str = "pickle",
    **options: Unpack[SaveOptions],
) -> ModelInfo:
    """Saves a module of PyTorch to a new folder, in the same form."""
    return saving.save(lambda given: _save(pytorch_model, serialization_format, given), path, options)


def load_model(
    model_uri: str | os.PathLike[str], dst_path: str | None = None, *, device: Any = "cpu", trust: bool = False
) -> Any:
    """The module, in evaluation mode, on the device, after its files were verified."""
    source = Source(model_uri, trust, dst_path)
    source.add_code(source.flavor("pytorch"))
    with missing.named(source):
        return _load(source, device)


def log_state_dict(state_dict: dict[str, Any], artifact_path: str, **kwargs: Any) -> None:
    """Logs the tensors of a module, without the module, to the active run as ``<artifact_path>/state_dict.pth``."""
    import torch

    from . import _fluent

    buffer = io.BytesIO()
    torch.save(state_dict, buffer, **kwargs)
    buffer.seek(0)
    _fluent.log_stream(buffer, f"{artifact_path}/state_dict.pth")


def load_state_dict(state_dict_uri: str, **kwargs: Any) -> dict[str, Any]:
    """The tensors that :func:`log_state_dict` logged, from ``runs:/<run id>/<artifact path>``; nothing else loads."""
    import torch

    from .artifacts import load_bytes

    content = load_bytes(f"{state_dict_uri.rstrip('/')}/state_dict.pth")
    found: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, **kwargs)
    return found


def _save(model: Any, how: str, options: SaveOptions) -> saving.Saved:
    import torch

    if not isinstance(model, torch.nn.Module):
        raise InvalidArgument(f"{type(model).__name__} is no model of PyTorch: expected a torch.nn.Module")
    if how not in ("pickle", "pt2"):
        raise InvalidArgument(f"the serialization format {how!r} is not valid: expected 'pickle' or 'pt2'")
    files: list[tuple[str, Any]]
    modules = {"torch", "numpy", *(type(part).__module__ for part in model.modules())}
    pickler = "pickle"
    if how == "pt2":
        files = [(f"{_FOLDER}/{_EXPORTED}", _exported(model, options.get("input_example")))]
        modules = {"torch", "numpy"}
    else:
        content, pickler = _pickled(model, modules)
        files = [(f"{_FOLDER}/{_PICKLED}", content), (f"{_FOLDER}/{_PICKLER}", pickler.encode())]
    return saving.Saved(
        flavor="pytorch",
        conf={"model_data": _FOLDER, "pytorch_version": str(torch.__version__)},
        pyfunc={
            "loader_module": "mlflow.pytorch",
            "data": _FOLDER,
            "pickle_module_name": pickler,
            "config": {"device": None},
        },
        files=files,
        modules=modules,
        predict=_Wrapped(model).predict,
    )


def _pickled(model: Any, modules: set[str]) -> tuple[bytes, str]:
    """The module as ``torch.save`` writes it, and the name of the pickler."""
    import torch

    buffer = io.BytesIO()
    if "__main__" not in modules:
        try:
            torch.save(model, buffer)
            return buffer.getvalue(), "pickle"
        except Exception:
            buffer = io.BytesIO()
    from ._flavors import torch_pickle

    modules.add("cloudpickle")
    try:
        torch.save(model, buffer, pickle_module=torch_pickle)
    except Exception as error:
        raise InvalidArgument(f"{type(model).__name__} cannot be pickled: {error}") from error
    return buffer.getvalue(), _CLOUDPICKLE


def _exported(model: Any, example: Any) -> bytes:
    """The program that the module is for inputs like the example, with any number of rows."""
    import torch

    if example is None:
        raise InvalidArgument("serialization_format='pt2' needs an input_example: torch.export follows it through the model")
    tensor = _tensor(examples.split(example)[0])
    if tensor.shape[0] < 2:
        # A first dimension of 1 would be taken for a constant.
        tensor = torch.cat([tensor, tensor])
    training = model.training
    try:
        rows = torch.export.Dim("rows", min=1)
        program = torch.export.export(model.eval(), (tensor,), dynamic_shapes=({0: rows},))
    except Exception as error:
        raise InvalidArgument(f"torch.export cannot follow {type(model).__name__}: {error}") from error
    finally:
        model.train(training)
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    return buffer.getvalue()


def _load(source: Source, device: Any = "cpu") -> Any:
    import torch

    conf = source.flavor("pytorch")
    folder = conf.get("model_data", _FOLDER)
    if source.has(f"{folder}/{_EXPORTED}"):
        return torch.export.load(io.BytesIO(source.read(f"{folder}/{_EXPORTED}"))).module().to(device)
    content = source.read(f"{folder}/{_PICKLED}")
    model = _safely(content, device)
    if model is None:
        source.require_trust("a pickle")
        try:
            model = torch.load(io.BytesIO(content), map_location=device, weights_only=False)
        except Exception as error:
            saved = conf.get("pytorch_version", "unknown")
            raise MlopsError(
                f"the model `{source.uri}` cannot be loaded ({type(error).__name__}: {error}); it was saved with PyTorch"
                f" {saved}, see its requirements.txt"
            ) from error
    return model.eval()


def _safely(content: bytes, device: Any) -> Any:
    """The module if it has nothing but tensors and torch's own layers, which are made without running code; else None."""
    import torch

    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(content))
    except Exception:
        return None
    allowed = []
    for name in names:
        module, _, attribute = name.rpartition(".")
        found = getattr(__import__(module, fromlist=["_"]), attribute, None) if module.startswith("torch.nn.modules.") else None
        if name == "builtins.set":
            found = set
        elif not (isinstance(found, type) and issubclass(found, torch.nn.Module)):
            return None
        allowed.append(found)
    with torch.serialization.safe_globals(allowed):
        try:
            return torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        except pickle.UnpicklingError:
            return None


def _tensor(data: Any, device: Any = None) -> Any:
    import torch

    if isinstance(data, torch.Tensor):
        return data if device is None else data.to(device)
    if is_frame(data):
        data = data.to_numpy()
        data = data.astype("float32") if data.dtype.kind == "f" else data
    if is_array(data):
        return torch.from_numpy(data.copy()).to(device)
    raise InvalidArgument(f"the input is of type {type(data).__name__}: expected an array, a tensor or a table")


class _Wrapped:
    """A module behind one ``predict``: arrays in and out, of a table a table; floats get the module's own width."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        import torch

        first = next(iter(self.model.parameters()), None)
        device = params.pop("device", None) or (None if first is None else first.device)
        tensor = _tensor(data, device)
        if is_frame(data) and first is not None and tensor.is_floating_point() and first.is_floating_point():
            tensor = tensor.to(first.dtype)
        # Programs of torch.export have one mode only.
        training = self.model.training and not isinstance(self.model, torch.fx.GraphModule)
        try:
            if training:
                self.model.eval()
            with torch.no_grad():
                found = self.model(tensor, **params)
        finally:
            if training:
                self.model.train()
        if not isinstance(found, torch.Tensor):
            raise InvalidArgument(f"the model gives {type(found).__name__}: mlops.pyfunc can hand out a tensor")
        done = found.cpu().numpy()
        if is_frame(data):
            import pandas

            return pandas.DataFrame(done, index=data.index)
        return done


def _wrap(model: Any, source: Source) -> _Wrapped:
    return _Wrapped(model)


def __getattr__(name: str) -> Any:
    from ._absent import sentence

    raise AttributeError(sentence(__name__, name))


__all__ = ["autolog", "load_model", "load_state_dict", "log_model", "log_state_dict", "save_model"]
