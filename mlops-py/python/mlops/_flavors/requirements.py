"""What a model needs: the packages of the modules in it, with the versions that are installed. Nothing is resolved."""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..exceptions import InvalidArgument, NotFound

_logger = logging.getLogger("mlops")

# Packages whose name is not that of their module.
_NAMES = {
    "PIL": "pillow",
    "cv2": "opencv-python",
    "mlops": "mlops-embedded",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def inferred(modules: Iterable[str], code: Iterable[str]) -> list[str]:
    """``package==version`` for each module that is of an installed package; ``code`` are the modules that travel along."""
    known = {*sys.stdlib_module_names, "__main__", "__mp_main__", "builtins", *code}
    found, unknown = {}, []
    for top in sorted({module.partition(".")[0] for module in modules} - known):
        package = _package(top)
        if package is None:
            unknown.append(top)
        else:
            found[package[0]] = package[1]
    if unknown:
        _logger.warning(
            "the model needs the modules %s, which no installed package has: pass them as code_paths, so that they"
            " travel with the model",
            ", ".join(unknown),
        )
    return [f"{name}=={version}" for name, version in sorted(found.items(), key=lambda item: item[0].lower())]


@lru_cache(maxsize=256)
def _package(top: str) -> tuple[str, str] | None:
    """Name and version of the package that has a module."""
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    for name in filter(None, (_NAMES.get(top), top)):
        try:
            return name, version(name)
        except PackageNotFoundError:
            continue
    names = packages_distributions().get(top, [])
    return (names[0], version(names[0])) if names else None


def lines(given: Sequence[str] | str | os.PathLike[str] | None) -> list[str] | None:
    """Requirements as a list, from a list or the path of a file; ``-r FILE`` is read in."""
    if given is None:
        return None
    if isinstance(given, (str, os.PathLike)):
        return _read(os.fspath(given))
    done: list[str] = []
    for line in given:
        if not isinstance(line, str):
            raise InvalidArgument(f"a requirement is of type {type(line).__name__}: expected a text such as 'numpy==2.0'")
        line = line.strip()
        done += _read(line[2:].strip()) if line.startswith("-r") else [line]
    return done


def _read(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return [line for raw in file if (line := raw.strip()) and not line.startswith("#")]
    except FileNotFoundError:
        raise NotFound(f"the requirements file `{path}` does not exist") from None


def files(requirements: list[str], conda_env: Mapping[str, Any] | str | None) -> list[tuple[str, bytes]]:
    """``requirements.txt``, and the environments that MLflow's tools read: for conda and for virtualenv."""
    python, pip = platform.python_version(), f"pip=={_pip()}" if _pip() else "pip"
    if isinstance(conda_env, str):
        with open(conda_env, "rb") as file:
            conda = file.read()
    else:
        default = {
            "channels": ["conda-forge"],
            "dependencies": [f"python={python}", pip.replace("==", "<="), {"pip": requirements}],
            "name": "mlflow-env",
        }
        # JSON is YAML.
        conda = json.dumps(dict(conda_env) if conda_env else default, indent=2).encode() + b"\n"
    virtual = {"python": python, "build_dependencies": [pip, "setuptools", "wheel"], "dependencies": ["-r requirements.txt"]}
    return [
        ("requirements.txt", "".join(f"{line}\n" for line in requirements).encode()),
        ("conda.yaml", conda),
        ("python_env.yaml", json.dumps(virtual, indent=2).encode() + b"\n"),
    ]


@lru_cache(maxsize=1)
def _pip() -> str | None:
    found = _package("pip")
    return None if found is None else found[1]
