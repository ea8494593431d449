"""The records of a log file: TensorBoard's, and W&B's. What is damaged is told, and what is whole is read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ..exceptions import InvalidArgument
from ._crc32c import masked

Tell = Callable[[str], None]

# A record of TensorBoard's: length, its CRC, the bytes, their CRC.
_HEAD, _TAIL = struct.Struct("<QI"), struct.Struct("<I")
# W&B's files are those of LevelDB: blocks with records that go on in the next one where they do not fit.
_BLOCK, _PIECE = 32768, struct.Struct("<IHB")
_WANDB = b":W&B"
_MAGIC = 0xBEE1
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CUT, _DAMAGED = -1, -2


def tensorboard_records(path: Path, tell: Tell) -> Iterator[tuple[int, bytes]]:
    """Place and bytes of each record of an event file. One with a wrong CRC is left out, and the next is read; behind a
    length with a wrong CRC nothing says where the next one is."""
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                return tell(_cut(path, size - at))
            length, check = _HEAD.unpack(head)
            if masked(head[:8]) != check:
                return tell(f"{path}: damaged at byte {at}: the rest of it, {size - at} bytes, is left out")
            if length > size - at - _HEAD.size - _TAIL.size:
                return tell(_cut(path, size - at))
            data, tail = file.read(length), file.read(_TAIL.size)
            if len(data) < length or len(tail) < _TAIL.size:
                return tell(_cut(path, size - at))
            if masked(data) == _TAIL.unpack(tail)[0]:
                yield at, data
            else:
                tell(f"{path}: the record at byte {at} is damaged (its CRC is wrong) and left out; those behind it are read")
            at += _HEAD.size + length + _TAIL.size


def tensorboard_record(path: Path, at: int) -> bytes:
    """The bytes of one record, which was read before."""
    with path.open("rb") as file:
        file.seek(at)
        length, _ = _HEAD.unpack(file.read(_HEAD.size))
        data: bytes = file.read(length)
        return data


def wandb_records(path: Path, tell: Tell) -> Iterator[bytes]:
    """Each record of a file ``run-*.wandb``. A damaged one is left out, and reading goes on with the next block."""
    parts = bytearray()
    # Within a record whose pieces are being put together; behind damage, where the rest of a record may stand.
    inside, lost = False, False
    for kind, data in _pieces(path, tell):
        if kind == _DAMAGED:
            parts.clear()
            inside, lost = False, True
        elif kind == _CUT:
            if size := len(data) + (len(parts) if inside else 0):
                tell(_cut(path, size))
        elif kind in (_MIDDLE, _LAST) and not inside:
            if not lost:
                tell(f"{path}: a record has no beginning and is left out")
        else:
            if kind in (_FULL, _FIRST):
                if inside:
                    tell(f"{path}: a record has no end and is left out")
                parts.clear()
            parts += data
            inside, lost = kind in (_FIRST, _MIDDLE), False
            if not inside:
                yield bytes(parts)


def _pieces(path: Path, tell: Tell) -> Iterator[tuple[int, bytes]]:
    """Kind and bytes of each piece of a record; at the end what is no whole piece, as cut."""
    with path.open("rb") as file:
        head = file.read(7)
        if not head:
            tell(f"{path}: it is empty")
            return
        if len(head) < 7 or head[:4] != _WANDB or struct.unpack("<H", head[4:6])[0] != _MAGIC:
            raise InvalidArgument(f"{path} is no file of W&B's: it does not begin with `:W&B`")
        if head[6] != 0:
            raise InvalidArgument(f"{path} is of version {head[6]} of W&B's files: this release of mlops reads version 0")
        block, first, at = head + file.read(_BLOCK - 7), 0, 7
        while True:
            if len(block) - at < _PIECE.size:
                if len(block) < _BLOCK:
                    yield _CUT, block[at:]
                    return
                first, at, block = first + _BLOCK, 0, file.read(_BLOCK)
                continue
            check, length, kind = _PIECE.unpack_from(block, at)
            data = block[at + _PIECE.size : at + _PIECE.size + length]
            if len(data) < length and len(block) < _BLOCK:
                yield _CUT, block[at:]
                return
            whole = len(data) == length and kind in (_FULL, _FIRST, _MIDDLE, _LAST)
            if whole and zlib.crc32(data, zlib.crc32(bytes([kind]))) == check:
                yield kind, data
                at += _PIECE.size + length
            else:
                end = first + len(block)
                tell(f"{path}: damaged at byte {first + at}: what stands between it and byte {end} is left out")
                yield _DAMAGED, b""
                at = len(block)


def _cut(path: Path, size: int) -> str:
    return (
        f"{path}: the last {size} bytes are no whole record: it is being written, or its process died; what stands before "
        "them is in the store"
    )
