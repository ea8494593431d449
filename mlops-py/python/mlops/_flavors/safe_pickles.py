"""Estimators: by skops, which runs no code, where it is installed and knows all their types; else as a pickle."""

from __future__ import annotations

import io
import json
import os
import zipfile
from importlib import import_module
from typing import Any

from ..exceptions import InvalidArgument, MlopsError
from . import pickles
from .source import Source

# What skops calls the description of all objects in an archive.
_SCHEMA = "schema.json"
# Modules whose own classes are data of fitted estimators, and which skops does not know by itself.
_SAFE_MODULES = frozenset("""
    lightgbm.sklearn
    scipy.interpolate._bsplines
    scipy.sparse._csc
    scipy.sparse._csr
    sklearn._loss._loss
    sklearn._loss.link
    sklearn._loss.loss
    sklearn.cluster._bisect_k_means
    sklearn.gaussian_process.kernels
    sklearn.linear_model._sgd_fast
    sklearn.metrics._dist_metrics
    sklearn.neural_network._stochastic_optimizers
""".split())
_SAFE_CLASSES = frozenset("""
    collections.OrderedDict
    collections.defaultdict
    lightgbm.basic.Booster
    numpy.dtype
    sklearn.calibration._CalibratedClassifier
    sklearn.calibration._SigmoidCalibration
    sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace
""".split())
# Data too, and no code runs when it is loaded; but scikit-learn follows the indices in it without a check, so that a
# file made for it reads beyond the memory of the model: from a source that is trusted.
_UNCHECKED_CLASSES = frozenset("""
    sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor
    sklearn.neighbors._ball_tree.BallTree
    sklearn.neighbors._ball_tree.BallTree32
    sklearn.neighbors._ball_tree.BallTree64
    sklearn.neighbors._kd_tree.KDTree
    sklearn.neighbors._kd_tree.KDTree32
    sklearn.neighbors._kd_tree.KDTree64
    sklearn.tree._tree.Tree
""".split())


def is_safe(name: str) -> bool:
    """Is it the full name of a class that only holds data? Of a module, only what it defines itself."""
    if name in _SAFE_CLASSES:
        return True
    module, _, attribute = name.rpartition(".")
    if module not in _SAFE_MODULES:
        return False
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__ == module


def dumps(model: Any, how: str | None, trusted_types: list[str] | None) -> tuple[bytes, dict[str, Any], set[str]]:
    """Bytes, what the loader needs to know of them, and the modules of what is in the model."""
    if how in (None, "skops"):
        done = _by_skops(model, trusted_types, asked=how == "skops")
        if done is not None:
            content, types = done
            _, _, modules = pickles.dumps(model)
            conf = {"serialization_format": "skops", "skops_trusted_types": types or None}
            return content, conf, modules | {"skops"}
    content, made, modules = pickles.dumps(model, how)
    return content, {"serialization_format": made}, modules


def _by_skops(model: Any, trusted_types: list[str] | None, asked: bool) -> tuple[bytes, list[str]] | None:
    """The model by skops, with the types that it has to be told are safe; None if it cannot hold the model."""
    try:
        from skops import io as skops
    except ImportError:
        if asked:
            raise InvalidArgument("the serialization format 'skops' needs the package skops: install it") from None
        return None
    try:
        content = _reproducible(skops.dumps(model))
        types: list[str] = skops.get_untrusted_types(data=content)
    except Exception as error:
        if asked:
            raise InvalidArgument(f"skops cannot write {type(model).__name__}: {error}") from error
        return None
    unknown = {name for name in types if not is_safe(name)} - _UNCHECKED_CLASSES - set(trusted_types or ())
    if unknown and asked:
        raise InvalidArgument(
            f"skops does not know that the types {', '.join(sorted(unknown))} are safe: pass them as"
            " skops_trusted_types if they are, or take another serialization_format"
        )
    return None if unknown else (content, sorted(types))


def _reproducible(content: bytes) -> bytes:
    """The same archive with names in the order in which they come, and without a time: skops takes where objects are in
    memory, and the same model would have another digest each time."""
    old = zipfile.ZipFile(io.BytesIO(content))
    numbers: dict[int, int] = {}
    files: dict[str, str] = {}

    def renamed(node: Any) -> Any:
        if isinstance(node, list):
            return [renamed(part) for part in node]
        if not isinstance(node, dict):
            return node
        found = {}
        for key, value in node.items():
            if key == "__id__" and isinstance(value, int):
                value = numbers.setdefault(value, len(numbers))
            elif key == "file" and isinstance(value, str):
                value = files.setdefault(value, f"{len(files)}{os.path.splitext(value)[1]}")
            found[key] = renamed(value)
        return found

    schema = json.dumps(renamed(json.loads(old.read(_SCHEMA))), indent=2)
    if files.keys() | {_SCHEMA} != set(old.namelist()):
        # Another layout than is known here: better as it is.
        return content
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as new:
        for name in sorted(files, key=lambda name: int(files[name].split(".")[0])):
            new.writestr(zipfile.ZipInfo(files[name]), old.read(name), old.getinfo(name).compress_type)
        new.writestr(zipfile.ZipInfo(_SCHEMA), schema, old.getinfo(_SCHEMA).compress_type)
    return written.getvalue()


def loads(source: Source, path: str, conf: dict[str, Any], made_with: str) -> Any:
    """The estimator of a file."""
    if conf.get("serialization_format") != "skops":
        return pickles.loads(source, path, made_with)
    try:
        from skops import io as skops
    except ImportError:
        raise MlopsError(f"the model `{source.uri}` was written by skops: install the package skops to load it") from None
    content = source.read(path)
    types = set(skops.get_untrusted_types(data=content))
    unknown = {name for name in types if not is_safe(name)}
    if unknown - _UNCHECKED_CLASSES:
        source.require_trust(f"the types {', '.join(sorted(unknown - _UNCHECKED_CLASSES))}")
    if unknown:
        source.require_trust(", ".join(sorted(unknown)), "follows without a check what is in")
    try:
        return skops.loads(content, trusted=sorted(types))
    except Exception as error:
        raise MlopsError(
            f"the model `{source.uri}` cannot be loaded ({type(error).__name__}: {error}); it was saved with {made_with},"
            " see its requirements.txt"
        ) from error
