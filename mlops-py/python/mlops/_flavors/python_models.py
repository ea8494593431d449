"""Python code as a model: a class, a function, a script, or a module that loads it."""

from __future__ import annotations

import inspect
import os
import runpy
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..exceptions import InvalidArgument, NotFound
from . import pickles, temporary
from .saving import Saved
from .source import Source

_FILE = "python_model.pkl"
_ARTIFACTS = "artifacts"


class PythonModelContext:
    """What a model finds when it is loaded: the paths of its artifacts by name, and its configuration."""

    def __init__(self, artifacts: dict[str, str], model_config: dict[str, Any]) -> None:
        self.artifacts = artifacts
        self.model_config = model_config


class PythonModel:
    """A model in Python: write ``predict``, and ``load_context`` to prepare what it needs.

    ``predict`` takes ``(self, model_input)``, ``(self, context, model_input)`` under whatever names, or one of them with
    ``params``."""

    def load_context(self, context: PythonModelContext) -> None:
        """Called once after loading, before the first prediction."""

    @property
    def predict_type_hints(self) -> Any:
        """What MLflow asks of a model before it predicts: here, nothing is said by type hints."""
        return SimpleNamespace(input=None, output=None)

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """The output for an input."""
        raise NotImplementedError(f"{type(self).__name__} has no predict")


class Runner:
    """A Python model behind one ``predict``."""

    def __init__(self, model: Any, context: PythonModelContext) -> None:
        self.model = model
        self.context = context

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        function = self.model.predict if hasattr(self.model, "predict") else self.model
        return self._call(function, data, params)

    def predict_stream(self, data: Any, params: dict[str, Any]) -> Any:
        return self._call(self.model.predict_stream, data, params)

    def _call(self, function: Callable[..., Any], data: Any, params: dict[str, Any]) -> Any:
        parameters = inspect.signature(function).parameters
        given = {"params": params or None} if "params" in parameters else {}
        if _takes_context(parameters):
            return function(self.context, data, **given)
        return function(data, **given)


def _takes_context(parameters: Mapping[str, inspect.Parameter]) -> bool:
    """True for ``(context, model_input)``, whatever the two are called."""
    if "context" in parameters:
        return next(iter(parameters)) == "context"
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [one for name, one in parameters.items() if name != "params" and one.kind in kinds and one.default is one.empty]
    return len(needed) == 2


def save(
    model: Any,
    loader_module: str | None,
    data_path: str | os.PathLike[str] | None,
    artifacts: Mapping[str, str | os.PathLike[str]] | None,
    config: Mapping[str, Any] | None,
) -> Saved:
    """A Python model as files."""
    if (model is None) == (loader_module is None):
        raise InvalidArgument("give python_model, or loader_module with data_path")
    pyfunc: dict[str, Any] = {"config": dict(config)} if config else {}
    if loader_module is not None:
        files, place = _data(data_path)
        conf = {"loader_module": loader_module, **({"data": place} if place else {}), **pyfunc}
        return Saved(None, {}, conf, files, {loader_module})
    files, found, folders = _artifacts(artifacts)
    pyfunc |= {"loader_module": "mlflow.pyfunc.model", "artifacts": found, "streamable": False}
    if isinstance(model, (str, os.PathLike)):
        script = Path(model)
        if not script.is_file():
            raise NotFound(f"the script `{script}` of the model does not exist")
        pyfunc |= {"model_code_path": script.name, "python_model": None}
        files.append((script.name, script.absolute()))
        return Saved(None, {}, pyfunc, files, {"mlops", *_imports(script)}, folders=folders)
    if isinstance(model, type) or not (hasattr(model, "predict") or callable(model)):
        shown = model.__name__ if isinstance(model, type) else type(model).__name__
        raise InvalidArgument(f"python_model is {shown}: expected a PythonModel, a function or the path of a script")
    if not hasattr(model, "predict"):
        model = _Function(model)
    content, _, modules = pickles.dumps(model, "cloudpickle")
    pyfunc |= {"python_model": _FILE, "cloudpickle_version": pickles.cloudpickle().__version__}
    files.append((_FILE, content))
    return Saved(None, {}, pyfunc, files, modules, _predicting(model, artifacts, config), folders=folders)


class _Function(PythonModel):
    """A function as a model."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        names = list(inspect.signature(self.function).parameters)
        return self.function(model_input, params) if len(names) > 1 and "params" in names else self.function(model_input)


def _predicting(
    model: Any, artifacts: Mapping[str, str | os.PathLike[str]] | None, config: Mapping[str, Any] | None
) -> Callable[[Any, dict[str, Any]], Any]:
    """How the model predicts before it is saved: a copy of it, so that what loading does to it is not done to this one."""

    def predict(data: Any, params: dict[str, Any]) -> Any:
        import copy

        local = {name: os.fspath(path) for name, path in (artifacts or {}).items()}
        context = PythonModelContext(local, dict(config or {}))
        twin = copy.deepcopy(model)
        if hasattr(twin, "load_context"):
            twin.load_context(context)
        return Runner(twin, context).predict(data, params)

    return predict


def _data(path: str | os.PathLike[str] | None) -> tuple[list[tuple[str, Any]], str | None]:
    if path is None:
        return [], None
    return _tree(Path(path), "data")


def _artifacts(
    artifacts: Mapping[str, str | os.PathLike[str]] | None,
) -> tuple[list[tuple[str, Any]], dict[str, Any], list[temporary.Folder]]:
    """The files with their places, what the loader needs, and the folders that have to stay until the files are saved."""
    files: list[tuple[str, Any]] = []
    found = {}
    folders: list[temporary.Folder] = []
    for name, given in (artifacts or {}).items():
        uri = os.fspath(given)
        local = uri.removeprefix("file://")
        if uri.startswith("runs:"):
            from ..artifacts import download_artifacts

            folders.append(temporary.Folder())
            local = download_artifacts(uri, dst_path=folders[-1].path)
        inner, place = _tree(Path(local), f"{_ARTIFACTS}/{name}")
        files += inner
        found[name] = {"path": place, "uri": uri}
    return files, found, folders


def _tree(path: Path, beneath: str) -> tuple[list[tuple[str, Any]], str]:
    """The files of a file or a folder with their places in the model, and the place of the whole."""
    path = path.absolute()
    if not path.exists():
        raise NotFound(f"`{path}` does not exist: expected a file or a folder that the model needs")
    place = f"{beneath}/{path.name}"
    inner = sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]
    return [(place if found == path else f"{place}/{found.relative_to(path).as_posix()}", found) for found in inner], place


def _imports(script: Path) -> set[str]:
    """The modules that a script imports at its top."""
    import ast

    found: set[str] = set()
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


# What a script said is its model.
_set: list[Any] = []


def set_model(model: Any) -> None:
    """Says which object of a script is the model: a :class:`PythonModel` or a function."""
    _set[:] = [model]


def load(source: Source, conf: dict[str, Any], config: dict[str, Any]) -> tuple[Any, Runner]:
    """The Python model of a source, prepared, and what runs it."""
    artifacts = {
        name: os.path.join(source.folder(), found["path"]) for name, found in (conf.get("artifacts") or {}).items()
    }
    context = PythonModelContext(artifacts, config)
    script = conf.get("model_code_path")
    if script:
        source.require_trust("the script that makes it")
        _set.clear()
        runpy.run_path(os.path.join(source.folder(), os.path.basename(script)), run_name="mlops_model")
        if not _set:
            raise InvalidArgument(f"the script {script} of the model `{source.uri}` calls no mlops.models.set_model(...)")
        model = _set.pop()
        model = model if hasattr(model, "predict") else _Function(model)
    else:
        model = pickles.loads(source, conf["python_model"], f"Python {conf.get('python_version', 'unknown')}")
    # Either may read the files later, and be kept without what else was made of them.
    for made in (model, context):
        source.stay_with(made)
    if hasattr(model, "load_context"):
        model.load_context(context)
    return model, Runner(model, context)


def load_by_module(source: Source, conf: dict[str, Any], loader: str) -> Any:
    """What a module of the caller's own gives for the data of a model."""
    source.require_trust(f"the module `{loader}`")
    if loader.partition(".")[0] == "mlflow" and "mlflow" not in sys.modules:
        try:
            import_module("mlflow")
        except ImportError:
            raise InvalidArgument(f"the model `{source.uri}` is loaded by `{loader}`: install MLflow to load it") from None
    data = os.path.join(source.folder(), conf["data"]) if conf.get("data") else source.folder()
    model = import_module(loader)._load_pyfunc(data)
    source.stay_with(model)
    return _WithParams(model)


class _WithParams:
    """Something with ``predict``, which may not know params."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: dict[str, Any]) -> Any:
        names = inspect.signature(self.model.predict).parameters
        return self.model.predict(data, params=params) if "params" in names else self.model.predict(data)
