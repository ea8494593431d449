"""How a model becomes a folder: what every library's ``log_model`` and ``save_model`` have in common."""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .. import _fluent, _native
from ..exceptions import InvalidArgument
from . import code, examples, infer, requirements
from .temporary import Folder

if TYPE_CHECKING:
    from pathlib import Path

    from ..models import ModelInfo, ModelSignature

_logger = logging.getLogger("mlops")


class SaveOptions(TypedDict, total=False):
    """What every ``save_model`` and ``log_model`` takes beside the model.

    signature: what goes in and comes out; default: inferred from the input example, ``False``: none.
    input_example: data that the model predicts for, or ``(data, params)``; kept as JSON, of tables and arrays 5 rows.
    pip_requirements: a list or the path of a file, instead of what is inferred. extra_pip_requirements: beside it.
    conda_env: a dict or the path of a file, kept as conda.yaml.
    code_paths: files and folders that travel with the model, and can be imported when it is loaded.
    metadata: a dict, kept with the model."""

    signature: ModelSignature | Literal[False] | None
    input_example: Any
    pip_requirements: Sequence[str] | str | None
    extra_pip_requirements: Sequence[str] | str | None
    conda_env: Mapping[str, Any] | str | None
    code_paths: Sequence[str | os.PathLike[str]] | None
    metadata: Mapping[str, Any] | None


class LogOptions(SaveOptions, total=False):
    """What every ``log_model`` takes beside the model.

    name: of the logged model, and the folder among the run's artifacts; ``artifact_path`` in older code. run_id: the run;
    default: the active one. params, tags, model_type: of the logged model, which gets the params of the run too. step: at which
    it was made; metrics of the run at this step are the model's. model_id: a logged model that is there already, such as one of
    :func:`mlops.initialize_logged_model`. registered_model_name: registers the model, as :func:`mlops.register_model`.
    await_registration_for: takes no effect, since a version is whole when it is there."""

    name: str | None
    run_id: str | None
    params: Mapping[str, Any] | None
    tags: Mapping[str, Any] | None
    step: int | None
    model_type: str | None
    model_id: str | None
    registered_model_name: str | None
    await_registration_for: int | None


@dataclass
class Saved:
    """A model of a library as files."""

    # The name of the flavor, and what its loader needs; None: only a python_function.
    flavor: str | None
    conf: dict[str, Any]
    # What the loader of python_function needs; None: it has none.
    pyfunc: dict[str, Any] | None
    files: list[tuple[str, bytes | Path]]
    # The modules that the model needs.
    modules: set[str]
    # How it predicts, for the signature.
    predict: Callable[[Any, dict[str, Any]], Any] | None = None
    # More that the code of the caller brings along.
    code: set[str] = field(default_factory=set)
    # Where some of the files are, while this object is there.
    folders: list[Folder] = field(default_factory=list)


def log(make: Callable[[SaveOptions], Saved], artifact_path: str | None, options: LogOptions) -> ModelInfo:
    """Logs a model to a run, all its files or nothing, and makes a logged model of it."""
    from ..models import ModelInfo
    from . import logged

    check(options, LogOptions)
    if options.get("name") is not None and artifact_path is not None:
        raise InvalidArgument(f"the model has the name {options.get('name')!r} and the artifact_path {artifact_path!r}: give one")
    saved = make(options)
    parts = _parts(saved, options)
    handle, store = _fluent._run_and_store(options.get("run_id"))
    assert handle is not None
    manifest = logged.log(store, handle, options.get("name") or artifact_path, parts, options)
    model_id = manifest.get("model_id")
    if model_id is None:
        return ModelInfo(manifest, f"runs:/{handle.id}/{manifest['artifact_path']}")
    info = ModelInfo(manifest, f"models:/{model_id}", model_id=model_id)
    registered = options.get("registered_model_name")
    if registered is not None:
        from .._registry import register_model

        info.registered_model_version = register_model(info.model_uri, registered).version
    return info


def save(make: Callable[[SaveOptions], Saved], path: str | os.PathLike[str], options: SaveOptions) -> ModelInfo:
    """Saves a model to a new folder, in the same form."""
    from ..models import ModelInfo

    check(options, SaveOptions)
    saved = make(options)
    parts = _parts(saved, options)
    return ModelInfo(json.loads(_native.save_model(os.fspath(path), parts)), os.fspath(path))


def check(options: Mapping[str, Any], kind: Any) -> None:
    """Fails for an option that there is not."""
    known = kind.__annotations__ | SaveOptions.__annotations__
    for name in options:
        if name not in known:
            raise TypeError(f"unexpected argument {name!r}: expected one of {', '.join(known)}")


Parts = tuple[str, str | None, str | None, str | None, list[tuple[str, "bytes | str | os.PathLike[str]"]]]


def _parts(saved: Saved, options: SaveOptions) -> Parts:
    files: list[tuple[str, Any]] = list(saved.files)
    code_files, code_modules = code.files(options.get("code_paths"))
    files += code_files
    folder = code.FOLDER if code_files else None
    needed = requirements.lines(options.get("pip_requirements"))
    if needed is None:
        needed = requirements.inferred(saved.modules, code_modules | saved.code)
    needed += [line for line in requirements.lines(options.get("extra_pip_requirements")) or [] if line not in needed]
    files += requirements.files(needed, options.get("conda_env"))
    signature, info = _signature(saved, options, files)
    flavors: dict[str, Any] = {}
    if saved.flavor is not None:
        flavors[saved.flavor] = {**saved.conf, "code": folder}
    if saved.pyfunc is not None:
        flavors["python_function"] = {
            **saved.pyfunc,
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "python_version": platform.python_version(),
            **({"code": folder} if folder else {}),
        }
    metadata = options.get("metadata")
    return (
        json.dumps(flavors),
        None if signature is None else json.dumps(signature.to_dict()),
        None if metadata is None else _json("the metadata", dict(metadata)),
        None if info is None else json.dumps(info),
        files,
    )


def _signature(
    saved: Saved, options: SaveOptions, files: list[tuple[str, Any]]
) -> tuple[ModelSignature | None, dict[str, Any] | None]:
    """The signature that was given, or that of the example; adds the files of the example."""
    from ..models import ModelSignature, infer_signature

    signature, example = options.get("signature"), options.get("input_example")
    if signature not in (None, False) and not isinstance(signature, ModelSignature):
        raise InvalidArgument(f"signature is of type {type(signature).__name__}: expected what infer_signature returns")
    info = None
    if example is not None:
        found, info = examples.files(example)
        files += found
    if signature is None and example is not None:
        data, params = examples.split(example)
        output = None
        if saved.predict is not None:
            try:
                output = saved.predict(data, params or {})
            except Exception as error:
                # An estimator that is not fitted, or that only transforms: its output is not in the signature then.
                _logger.debug("the model does not predict for its input example: %s", error)
        try:
            signature = infer_signature(data, output, params)
            if signature.inputs is not None and not signature.inputs.is_tensor_spec() and infer.is_row_by_row(output):
                signature.outputs = infer.schema_of_rows(output)
        except InvalidArgument as error:
            _logger.warning("the model has no signature, since none can be inferred from its input example: %s", error)
    return signature or None, info


def _json(what: str, value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{what} cannot be stored as JSON: {error}") from None


def temporary(write: Callable[[str], Any], name: str) -> bytes:
    """What a library writes only to a path."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="mlops-save-") as folder:
        path = Path(folder, name)
        write(str(path))
        return path.read_bytes()
