"""The scheme ``mlops:``: which store it names, and where in it the files of a run are."""

from __future__ import annotations

import os
import threading
from typing import NamedTuple
from urllib.parse import quote, unquote

from .. import _native
from ..exceptions import InvalidArgument

SCHEME = "mlops:"
# What MLflow's server tells its workers, and where it would keep files if nobody says where.
_BACKEND = "_MLFLOW_SERVER_FILE_STORE"
_DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
_DEFAULT_DESTINATION = "./mlartifacts"
# Between the store's folder and what is in it, in the URI of an artifact.
_INSIDE = "/experiments/"
# Beside the experiments, whose ids are numbers.
_REGISTRY = "registry"

_lock = threading.Lock()
_opened: dict[tuple[int, str], _native.Store] = {}


def path_of(uri: str) -> str:
    """The location that ``mlops:./store``, ``mlops:/abs/store`` or ``mlops:///abs/store`` names; empty: the default."""
    if not uri.startswith(SCHEME):
        raise InvalidArgument(f"the URI `{uri}` does not begin with `mlops:`")
    rest = uri[len(SCHEME) :]
    return rest[2:] if rest.startswith("//") else rest


def open_store(location: str) -> _native.Store:
    """The store at a location, opened once in a process."""
    found = _native.locate(location)
    key = (os.getpid(), found)
    with _lock:
        if key not in _opened or not os.path.isdir(found):
            # What a forked child inherited, it cannot use.
            _opened[key] = _native.Store(found)
        return _opened[key]


def serves() -> bool:
    """True in a worker of ``mlflow server``: it starts and ends runs for programs elsewhere."""
    return os.environ.get(_BACKEND, "").startswith(SCHEME)


def serve_artifacts_from_the_store() -> None:
    """Has a server that was not told where to keep the files of runs keep them in its store.

    Left to itself it would make a folder ``mlartifacts`` beside it."""
    backend = os.environ.get(_BACKEND, "")
    if backend.startswith(SCHEME) and os.environ.get(_DESTINATION) == _DEFAULT_DESTINATION:
        os.environ[_DESTINATION] = artifact_root(_native.locate(path_of(backend)))


def artifact_root(folder: str) -> str:
    """The URI beneath which the files of a store's runs and models are."""
    return f"{SCHEME}{quote(folder)}{_INSIDE.rstrip('/')}"


class Place(NamedTuple):
    """What an artifact URI names: a store, and a path such as ``0/<run>/artifacts/plots``."""

    store: str
    path: str


def place_of(uri: str) -> Place:
    """Takes an artifact URI apart; one of a store alone names all that is in it."""
    location = path_of(uri)
    at = location.find(_INSIDE)
    while at >= 0:
        folder = unquote(location[:at])
        if os.path.isfile(os.path.join(folder, "format")):
            return Place(folder, location[at + len(_INSIDE) :].strip("/"))
        at = location.find(_INSIDE, at + 1)
    ending = _INSIDE.rstrip("/")
    return Place(_native.locate(unquote(location.removesuffix(ending)) if location.endswith(ending) else location), "")


class Owner(NamedTuple):
    """Whose file a path in a store is."""

    kind: str
    id: str
    path: str


def version_place(name: str, version: int) -> str:
    """The path in a store of the files of a registered model's version."""
    return f"{_REGISTRY}/{quote(name, safe='')}/{version}/artifacts"


def owner_of(path: str) -> Owner:
    """The run, logged model or version, and the rest, of ``<experiment>/<run>/artifacts/...``,
    ``<experiment>/models/<model>/artifacts/...`` or ``registry/<name>/<version>/artifacts/...``."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 4 and parts[0] == _REGISTRY and parts[2].isdigit() and parts[3] == "artifacts":
        return Owner("version", f"{unquote(parts[1])}/{parts[2]}", "/".join(parts[4:]))
    if len(parts) >= 4 and parts[1] == "models" and parts[3] == "artifacts":
        return Owner("model", parts[2], "/".join(parts[4:]))
    if len(parts) >= 3 and parts[2] == "artifacts":
        return Owner("run", parts[1], "/".join(parts[3:]))
    raise InvalidArgument(
        f"the path `{path}` names no run: expected <experiment>/<run>/artifacts/... or <experiment>/models/<model>/artifacts/..."
    )
