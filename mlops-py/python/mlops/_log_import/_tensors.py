"""The values of a tensor in an event file, without NumPy: numbers and texts."""

from __future__ import annotations

import math
import struct
from typing import Any

from ._wire import Malformed, Table, many, one

_DIM: Table = {1: one("size", "int")}
_SHAPE: Table = {2: many("dim", _DIM)}
TENSOR: Table = {
    1: one("dtype", "int"),
    2: one("tensor_shape", _SHAPE),
    4: one("tensor_content", "bytes"),
    5: many("float_val", "float"),
    6: many("double_val", "double"),
    7: many("int_val", "int"),
    8: many("string_val", "bytes"),
    10: many("int64_val", "int"),
    11: many("bool_val", "bool"),
    13: many("half_val", "int"),
    16: many("uint32_val", "int"),
    17: many("uint64_val", "int"),
}

_STRING, _HALF, _BFLOAT16 = 7, 19, 14
# How a type is laid out in bytes, and in which field it stands otherwise.
_TYPES = {
    1: ("f", "float_val"), 2: ("d", "double_val"), 3: ("i", "int_val"), 4: ("B", "int_val"), 5: ("h", "int_val"),
    6: ("b", "int_val"), 9: ("q", "int64_val"), 10: ("?", "bool_val"), _BFLOAT16: ("H", "half_val"),
    17: ("H", "int_val"), _HALF: ("e", "half_val"), 22: ("I", "uint32_val"), 23: ("Q", "uint64_val"),
}  # fmt: skip


def shape(tensor: dict[str, Any]) -> list[int]:
    """The lengths of its dimensions; empty for one value."""
    return [dim.get("size", 0) for dim in tensor.get("tensor_shape", {}).get("dim", [])]


def is_text(tensor: dict[str, Any]) -> bool:
    """Whether it holds texts or bytes."""
    return bool(tensor.get("dtype") == _STRING)


def texts(tensor: dict[str, Any]) -> list[bytes]:
    """Its texts, row by row."""
    found: list[bytes] = tensor["string_val"]
    return found


def numbers(tensor: dict[str, Any]) -> list[float]:
    """Its numbers, row by row."""
    kind = tensor.get("dtype", 0)
    if kind not in _TYPES:
        raise Malformed(f"a tensor holds no numbers, but the type {kind}")
    code, name = _TYPES[kind]
    content = tensor.get("tensor_content", b"")
    if content:
        width = struct.calcsize(f"<{code}")
        found = list(struct.unpack(f"<{len(content) // width}{code}", content[: len(content) // width * width]))
    else:
        found = list(tensor[name])
        if kind == _HALF:
            found = [struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0] for bits in found]
    if kind == _BFLOAT16:
        found = [struct.unpack("<f", struct.pack("<I", (bits & 0xFFFF) << 16))[0] for bits in found]
    size = math.prod(shape(tensor))
    if found and len(found) < size <= 1 << 20:
        # Equal values at the end are written once.
        found += found[-1:] * (size - len(found))
    return [float(value) for value in found]
