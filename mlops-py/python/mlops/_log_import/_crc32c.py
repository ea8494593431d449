"""CRC-32C, which the records of TensorBoard are checked with. Python has only the other CRC of 32 bits."""

from __future__ import annotations

import sys
from typing import Any

_POLYNOMIAL = 0x82F63B78
# From here on NumPy is worth its calls, where there is one.
_LARGE = 2048


def _table() -> list[int]:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        found.append(byte)
    return found


_TABLE = _table()
_arrays: dict[str, Any] = {}


def masked(data: bytes) -> int:
    """The CRC as it is written: turned by 15 bits, and a number added, since it is stored beside what it covers."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """The CRC of bytes."""
    if len(data) >= _LARGE and (numpy := _numpy()) is not None:
        return _large(numpy, data)
    return _plain(0xFFFFFFFF, data) ^ 0xFFFFFFFF


def _plain(state: int, data: bytes) -> int:
    table = _TABLE
    for byte in data:
        state = table[(state ^ byte) & 255] ^ state >> 8
    return state


def _numpy() -> Any:
    if "numpy" not in _arrays:
        try:
            import numpy
        except ImportError:
            numpy = None  # type: ignore[assignment, unused-ignore]
        _arrays["numpy"] = numpy
        if numpy is not None:
            _arrays["table"] = numpy.array(_TABLE, dtype=numpy.uint32)
    return _arrays["numpy"]


def _large(numpy: Any, data: bytes) -> int:
    """Rows of equal length, all at once, a column at a time; then the rows are put together.

    The state behind `a + b` is that of `a`, moved on by as many zeros as `b` has bytes, xor that of `b` begun at 0."""
    width = max(64, int(len(data) ** 0.5))
    rows = len(data) // width
    table = _arrays["table"]
    columns = numpy.frombuffer(data, dtype=numpy.uint8, count=rows * width).reshape(rows, width).T
    states = numpy.zeros(rows, dtype=numpy.uint32)
    states[0] = 0xFFFFFFFF
    for column in numpy.ascontiguousarray(columns):
        states = table[(states ^ column) & 255] ^ states >> 8
    moved = _moves(width)
    state = int(states[0])
    for row in states[1:].tolist():
        state = moved[0][state & 255] ^ moved[1][state >> 8 & 255] ^ moved[2][state >> 16 & 255] ^ moved[3][state >> 24] ^ row
    return _plain(state, data[rows * width :]) ^ 0xFFFFFFFF


def _moves(width: int) -> list[list[int]]:
    """What a state becomes behind `width` zeros, for each of its four bytes: a state is the xor of its bits."""
    key = f"moves of {sys.intern(str(width))}"
    if key not in _arrays:
        bits = [_plain(1 << bit, bytes(width)) for bit in range(32)]
        _arrays[key] = [
            [_joined(bits[8 * part : 8 * part + 8], byte) for byte in range(256)] for part in range(4)
        ]
        if len(_arrays) > 40:
            # Records of all sizes: what is held stays small.
            for old in [name for name in _arrays if name.startswith("moves") and name != key]:
                del _arrays[old]
    found: list[list[int]] = _arrays[key]
    return found


def _joined(bits: list[int], byte: int) -> int:
    found = 0
    for number, bit in enumerate(bits):
        if byte >> number & 1:
            found ^= bit
    return found
