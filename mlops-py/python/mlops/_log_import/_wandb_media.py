"""Values of W&B's history that are no numbers, as media."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .._media import Histogram, Media, Table, Text
from .._mlflow_import._types import Piece
from ..exceptions import InvalidArgument, MlopsError
from ._pieces import media
from ._wandb_files import Files

Counts = Counter[tuple[str, int]]


def shown(key: str, value: Any, step: int, counts: Counts, files: Files) -> Iterator[Piece]:
    """The media that a value is. What W&B keeps a file of stays a file, and its step has the text that names it."""

    def made(name: str, one: Media) -> Piece:
        found = media(name, one.kind, step, counts[name, step], one.encode())
        counts[name, step] += 1
        return found

    kind = value.get("_type") if isinstance(value, dict) else None
    if kind == "image-file":
        yield _image(key, value.get("path"), step, counts, files)
        if value.get("caption"):
            yield made(f"{key}.caption", Text(str(value["caption"])))
    elif kind == "images/separated":
        for path in value.get("filenames") or []:
            yield _image(key, path, step, counts, files)
        captions = value.get("captions")
        if isinstance(captions, list):
            for caption in captions:
                yield made(f"{key}.caption", Text(str(caption)))
    elif kind == "histogram":
        yield made(key, _histogram(value))
    elif kind == "table-file":
        yield made(key, _table(value.get("path"), files))
    else:
        yield made(key, Text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))


def _image(key: str, path: Any, step: int, counts: Counts, files: Files) -> Piece:
    file = files.get(path)
    content = file.read_bytes()
    # Images may be more than memory holds: they are read again when they are logged.
    found = media(key, "image", step, counts[key, step], content, file.read_bytes)
    counts[key, step] += 1
    files.used(path)
    return found


def _histogram(value: dict[str, Any]) -> Histogram:
    packed, counts = value.get("packedBins"), value.get("values")
    if not isinstance(packed, dict):
        return Histogram(edges=value.get("bins"), counts=counts)
    low, width = packed.get("min", 0), packed.get("size", 0)
    if not isinstance(counts, list) or not all(isinstance(number, (int, float)) for number in (low, width)):
        raise InvalidArgument("its bins are no numbers")
    return Histogram(edges=[low + width * at for at in range(len(counts) + 1)], counts=counts)


def _table(path: Any, files: Files) -> Table:
    file = files.get(path)
    try:
        found = json.loads(file.read_bytes())
        return Table(columns=[str(name) for name in found["columns"]], rows=found["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise MlopsError(f"its file {path} is no table: {error}") from None
