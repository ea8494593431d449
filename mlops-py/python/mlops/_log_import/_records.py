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
    with path.open("rb") as file:
        head = file.read(7)
        if not head:
            return tell(f"{path}: it is empty")
        if len(head) < 7 or head[:4] != _WANDB or struct.unpack("<H", head[4:6])[0] != _MAGIC:
            raise InvalidArgument(f"{path} is no file of W&B's: it does not begin with `:W&B`")
        if head[6] != 0:
            raise InvalidArgument(f"{path} is of version {head[6]} of W&B's files: this release of mlops reads version 0")
        at, parts, lost = 7, bytearray(), False
        # Within a record whose pieces are being put together.
        inside = False
        block = head + file.read(_BLOCK - 7)
        first = 0
        while block:
            place = at - first
            if len(block) - place < _PIECE.size:
                if len(block) < _BLOCK:
                    if len(block) > place:
                        tell(_cut(path, len(block) - place))
                    elif inside:
                        tell(_cut(path, len(parts)))
                    return
                first += _BLOCK
                at, block = first, file.read(_BLOCK)
                if not block and inside:
                    tell(_cut(path, len(parts)))
                continue
            check, length, kind = _PIECE.unpack_from(block, place)
            data = block[place + _PIECE.size : place + _PIECE.size + length]
            if len(data) < length and len(block) < _BLOCK:
                return tell(_cut(path, len(block) - place))
            if len(data) < length or kind not in (_FULL, _FIRST, _MIDDLE, _LAST) or zlib.crc32(data, zlib.crc32(bytes([kind]))) != check:
                tell(f"{path}: damaged at byte {at}: what stands between it and byte {first + _BLOCK} is left out")
                inside, lost = False, True
                parts.clear()
                first += _BLOCK
                at, block = first, file.read(_BLOCK)
                continue
            at += _PIECE.size + length
            if kind in (_FULL, _FIRST):
                if inside:
                    tell(f"{path}: a record before byte {at} has no end and is left out")
                parts[:], inside = data, kind == _FIRST
            elif inside:
                parts += data
                inside = kind == _MIDDLE
            else:
                # The rest of a record whose beginning was damaged, which was told.
                if not lost:
                    tell(f"{path}: a record before byte {at} has no beginning and is left out")
                continue
            if not inside:
                lost = False
                yield bytes(parts)


def _cut(path: Path, size: int) -> str:
    return (
        f"{path}: the last {size} bytes are no whole record: it is being written, or its process died; what stands before "
        "them is in the store"
    )
