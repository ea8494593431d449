"""Reads messages of protobuf by a table of the fields that are wanted; all others are passed over.

TensorBoard and W&B write their logs as such messages, whose field numbers never change. Reading them needs neither of the
two, which are large, and no compiled definitions, which come in a version for every version of protobuf. A test holds the
tables against the definitions that the two bring along."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FIXED64, _FIXED32 = struct.Struct("<d"), struct.Struct("<f")
_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5


class Malformed(ValueError):
    """Bytes that are no such message."""


@dataclass(frozen=True)
class Field:
    """A field that is wanted: what it is called, and what it holds."""

    name: str
    kind: str
    """``int``, ``bool``, ``double``, ``float``, ``text``, ``bytes`` or ``message``."""
    many: bool = False
    of: "Mapping[int, Field] | None" = None


Table = Mapping[int, Field]


def one(name: str, kind: str | Table) -> Field:
    """A field that has one value."""
    return Field(name, kind) if isinstance(kind, str) else Field(name, "message", of=kind)


def many(name: str, kind: str | Table) -> Field:
    """A field that has a list of values."""
    return Field(name, kind, True) if isinstance(kind, str) else Field(name, "message", True, kind)


def entries(name: str, value: Table) -> Field:
    """A field that is a mapping of texts to messages: a list of ``key`` and ``value``."""
    return many(name, {1: one("key", "text"), 2: one("value", value)})


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        if shift > 63:
            raise Malformed("a number has more than 64 bits")
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def read(data: bytes, table: Table) -> dict[str, Any]:
    """The wanted fields that a message has. A field with several values is a list, empty if it has none."""
    try:
        return _read(data, table)
    except (IndexError, struct.error):
        raise Malformed("a message ends within a field") from None


def _read(data: bytes, table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {field.name: [] for field in table.values() if field.many}
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        wire, field = tag & 7, table.get(tag >> 3)
        if wire == _VARINT:
            number, at = _varint(data, at)
            if field is not None:
                _put(found, field, _plain(field, number))
        elif wire == _BYTES:
            size, at = _varint(data, at)
            if at + size > end:
                raise IndexError
            if field is not None:
                _parts(found, field, data[at : at + size])
            at += size
        elif wire == _LONG:
            if field is not None:
                # Whole numbers of fixed size are in no message that is read here.
                _put(found, field, _FIXED64.unpack_from(data, at)[0])
            at += 8
        elif wire == _SHORT:
            if field is not None:
                _put(found, field, _FIXED32.unpack_from(data, at)[0])
            at += 4
        else:
            raise Malformed(f"a field is of the unknown type {wire}")
    if at != end:
        raise IndexError
    return found


def _plain(field: Field, number: int) -> Any:
    if field.kind == "bool":
        return bool(number)
    if field.kind == "int":
        return _signed(number)
    raise Malformed(f"the field {field.name} holds a whole number instead of {field.kind}")


def _parts(found: dict[str, Any], field: Field, data: bytes) -> None:
    """A field with a length: text, bytes, a message, or numbers that are packed."""
    if field.kind == "text":
        _put(found, field, data.decode("utf-8", "replace"))
    elif field.kind == "bytes":
        _put(found, field, data)
    elif field.of is not None:
        _put(found, field, _read(data, field.of))
    elif field.kind in ("double", "float"):
        width = 8 if field.kind == "double" else 4
        numbers = struct.unpack(f"<{len(data) // width}{field.kind[0]}", data)
        if field.many:
            found[field.name].extend(numbers)
        elif numbers:
            found[field.name] = numbers[-1]
    else:
        at = 0
        while at < len(data):
            number, at = _varint(data, at)
            _put(found, field, _plain(field, number))


def _put(found: dict[str, Any], field: Field, value: Any) -> None:
    if field.many:
        found[field.name].append(value)
    else:
        found[field.name] = value
