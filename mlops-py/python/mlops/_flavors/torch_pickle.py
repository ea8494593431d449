"""What ``torch.save`` pickles with where classes of a script have to travel along."""

from __future__ import annotations

from pickle import HIGHEST_PROTOCOL, PickleError, PicklingError, Unpickler, UnpicklingError, load, loads
from typing import Any

from .pickles import cloudpickle

Pickler: Any = cloudpickle().Pickler
dump: Any = cloudpickle().dump
dumps: Any = cloudpickle().dumps

__all__ = [
    "HIGHEST_PROTOCOL",
    "PickleError",
    "Pickler",
    "PicklingError",
    "Unpickler",
    "UnpicklingError",
    "dump",
    "dumps",
    "load",
    "loads",
]
