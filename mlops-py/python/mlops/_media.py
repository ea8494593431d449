"""Texts, images, tables and histograms at a step: what can be logged, and read back and shown."""

from __future__ import annotations

import base64
import io
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from . import _images, _native, _state
from ._content import figure_bytes
from ._convert import text_key, whole
from ._fluent import _handle
from ._html import _CELL
from ._series import Context, series_key
from ._state import Durability
from .exceptions import InvalidArgument, Unsupported

# Rows of a table that a notebook shows.
_SHOWN = 50


class Media:
    """A value of a series that is no number."""

    kind: str

    def encode(self) -> bytes:
        """The bytes that are stored."""
        raise NotImplementedError

    @classmethod
    def decode(cls, content: bytes) -> Media:
        """The value of stored bytes."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Media) and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash((self.kind, self.encode()))


class Text(Media):
    """A text."""

    kind = "text"

    def __init__(self, text: str) -> None:
        self.text = text_key("text", text)

    def encode(self) -> bytes:
        """The text in UTF-8."""
        try:
            return self.text.encode()
        except UnicodeEncodeError as error:
            raise InvalidArgument(f"the text cannot be written in UTF-8: {error.reason} at character {error.start}") from None

    @classmethod
    def decode(cls, content: bytes) -> Text:
        """The value of stored bytes."""
        return cls(content.decode())

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Text({self.text!r})"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.text)}</pre>"


class Image(_images.Image, Media):
    """An image: an array or list of pixels, a Pillow image, the path of a file, or the bytes of a PNG, JPEG, GIF, WebP or
    SVG file.

    Integers are 0 to 255, floats 0 to 1, shaped ``(height, width)`` or ``(height, width, 1, 3 or 4)``. Bytes are logged as
    they are, all else as PNG."""

    kind = "image"

    def __init__(self, image: Any) -> None:
        self._content: bytes | None = None
        if isinstance(image, (bytes, bytearray, memoryview)):
            _native.check_media("image", bytes(image))
            self._content = bytes(image)
            return
        try:
            super().__init__(image.detach().cpu().numpy() if hasattr(image, "detach") else image)
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidArgument):
                raise
            raise InvalidArgument(f"no image can be made of a {type(image).__name__}: {error}") from None

    def __getattr__(self, name: str) -> Any:
        # What is made of bytes is read when somebody asks for pixels.
        if name not in ("image", "size") or self.__dict__.get("_content") is None:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        if self._type == "svg+xml":
            raise Unsupported("an SVG has no pixels of its own: write it to a file with save()")
        self.image = _images.pillow().open(io.BytesIO(self.encode()))
        self.image.load()
        self.size = self.image.size
        return getattr(self, name)

    def encode(self) -> bytes:
        """The bytes of the file."""
        if self._content is None:
            self._content = _images.encoded(self.image, "png")
        return self._content

    @classmethod
    def decode(cls, content: bytes) -> Image:
        """The value of stored bytes."""
        return cls(content)

    def resize(self, size: tuple[int, int]) -> Image:
        """A copy of another size: width and height in pixels."""
        return Image(self.image.resize(size))

    def save(self, path: Any, format: str | None = None) -> None:
        """Writes the image to a file, in the format of its ending; where that is its own, the bytes as they are."""
        ending = os.path.splitext(os.fspath(path))[1].lower().lstrip(".") if not hasattr(path, "write") else ""
        if format is None and {"jpg": "jpeg", "svg": "svg+xml"}.get(ending, ending) == self._type:
            with open(path, "wb") as file:
                file.write(self.encode())
        else:
            super().save(path, format)

    @property
    def _type(self) -> str:
        begins = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
        return next((name for begin, name in begins.items() if self.encode().startswith(begin)), "svg+xml")

    def __repr__(self) -> str:
        return f"<Image: {self._type}, {len(self.encode())} bytes>"

    def _repr_html_(self) -> str:
        return f"<img src='data:image/{self._type};base64,{base64.b64encode(self.encode()).decode()}' style='max-width:100%'>"


class Table(Media):
    """A table: a DataFrame, a mapping of columns, rows as mappings, or ``columns`` and ``rows``.

    Cells are JSON: text, numbers, truth values, None, lists and dicts of them; other values become their text. In JSON NaN
    and infinities are the texts ``NaN``, ``Infinity`` and ``-Infinity``, which in a column of numbers are read as numbers;
    in lists and dicts NaN is None, and infinities are texts."""

    kind = "table"

    def __init__(self, data: Any = None, columns: Sequence[str] | None = None, rows: Iterable[Sequence[Any]] | None = None) -> None:
        if data is not None and rows is not None:
            raise InvalidArgument("a table takes data, or columns and rows, not both")
        names, cells = _cells(data, columns) if data is not None else (list(columns or []), [list(row) for row in rows or []])
        self.columns = [str(name) for name in names]
        self.rows = [[_cell(value) for value in row] for row in cells]
        self.encode()

    def encode(self) -> bytes:
        """JSON: ``columns`` and ``rows``."""
        rows = [[_stored(value) for value in row] for row in self.rows]
        content = json.dumps({"columns": self.columns, "rows": rows}, ensure_ascii=False, allow_nan=False).encode()
        _native.check_media("table", content)
        return content

    @classmethod
    def decode(cls, content: bytes) -> Table:
        """The value of stored bytes."""
        found = json.loads(content)
        return cls(columns=found["columns"], rows=_numbers_back(found["rows"]))

    def to_pandas(self) -> Any:
        """The table as a DataFrame."""
        try:
            import pandas
        except ImportError:
            raise Unsupported("a DataFrame needs the package pandas; install it") from None
        return pandas.DataFrame(self.rows, columns=self.columns)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Table: {len(self.rows)} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        def line(tag: str, cells: Iterable[Any]) -> str:
            return "".join(f"<{tag} {_CELL}>{'–' if cell is None or cell != cell else escape(str(cell))}</{tag}>" for cell in cells)

        body = "".join(f"<tr>{line('td', row)}</tr>" for row in self.rows[:_SHOWN])
        more = f"<p>{len(self.rows) - _SHOWN} more rows</p>" if len(self.rows) > _SHOWN else ""
        return f"<table><thead><tr>{line('th', self.columns)}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cells(data: Any, columns: Sequence[str] | None) -> tuple[list[Any], list[Any]]:
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        return list(data.columns), data.to_numpy(dtype=object).tolist()
    if hasattr(data, "columns") and hasattr(data, "rows"):
        # polars
        return list(data.columns), [list(row) for row in data.rows()]
    if isinstance(data, Mapping):
        values = [list(column) for column in data.values()]
        if len({len(column) for column in values}) > 1:
            raise InvalidArgument(f"the columns of a table have {sorted({len(c) for c in values})} values: expected one length")
        return list(data), [list(row) for row in zip(*values)]
    given = list(data)
    if given and all(isinstance(row, Mapping) for row in given):
        names = list(columns or dict.fromkeys(name for row in given for name in row))
        return names, [[row.get(name) for name in names] for row in given]
    if columns is None:
        raise InvalidArgument(f"a table cannot be made of a {type(data).__name__} without columns")
    return list(columns), [list(row) for row in given]


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(name): _inner(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_inner(inner) for inner in value]
    if value is getattr(sys.modules.get("pandas"), "NaT", value) and "pandas" in sys.modules:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _inner(value: Any) -> Any:
    """A value in a list or dict: nothing tells the texts of infinities from numbers there."""
    cell = _cell(value)
    return None if isinstance(cell, float) and math.isnan(cell) else _stored(cell)


# What JSON says of numbers that it has no word for.
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _stored(cell: Any) -> Any:
    if not isinstance(cell, float) or math.isfinite(cell):
        return cell
    return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"


def _numbers_back(rows: list[list[Any]]) -> list[list[Any]]:
    """Rows whose columns of numbers have NaN and infinities again."""
    columns = [list(column) for column in zip(*rows)]
    for at, column in enumerate(columns):
        texts = [cell for cell in column if isinstance(cell, str)]
        if texts and all(text in _NUMBERS for text in texts) and not any(isinstance(cell, (bool, list, dict)) for cell in column):
            columns[at] = [_NUMBERS[cell] if isinstance(cell, str) else cell for cell in column]
    return [list(row) for row in zip(*columns)] if columns else rows


class Histogram(Media):
    """A histogram: of ``values``, in ``bins`` of one width, or of ``edges`` and ``counts``, one edge more than counts.

    Values that are not finite are not counted."""

    kind = "histogram"

    def __init__(
        self,
        values: Any = None,
        *,
        edges: Iterable[float] | None = None,
        counts: Iterable[float] | None = None,
        bins: int = 64,
    ) -> None:
        if (values is None) == (edges is None or counts is None):
            raise InvalidArgument("a histogram takes values, or edges and counts")
        found = _count(values, bins) if values is not None else (edges, counts)
        try:
            self.edges, self.counts = ([float(number) for number in (() if column is None else column)] for column in found)
        except (TypeError, ValueError):
            raise InvalidArgument("the edges and counts of a histogram are numbers") from None
        self.encode()

    def encode(self) -> bytes:
        """JSON: ``edges`` and ``counts``."""
        try:
            content = json.dumps({"edges": self.edges, "counts": self.counts}, allow_nan=False).encode()
        except ValueError:
            raise InvalidArgument("the edges and counts of a histogram are finite numbers") from None
        _native.check_media("histogram", content)
        return content

    @classmethod
    def decode(cls, content: bytes) -> Histogram:
        """The value of stored bytes."""
        found = json.loads(content)
        return cls(edges=found["edges"], counts=found["counts"])

    def __repr__(self) -> str:
        return f"<Histogram: {sum(self.counts):g} values from {self.edges[0]:g} to {self.edges[-1]:g} in {len(self.counts)} bins>"

    def _repr_html_(self) -> str:
        width, height, most = 320.0, 120.0, max(self.counts) or 1.0
        first, span = self.edges[0], self.edges[-1] - self.edges[0]
        bars = []
        for low, high, count in zip(self.edges, self.edges[1:], self.counts):
            x, bar = (low - first) / span * width, count / most * height
            title = f"{low:g} to {high:g}: {count:g}"
            bars.append(
                f"<rect x='{x:.2f}' y='{height - bar:.2f}' width='{(high - low) / span * width:.2f}' height='{bar:.2f}'"
                f" fill='#3b82f6' stroke='#fff' stroke-width='0.5'><title>{title}</title></rect>"
            )
        picture = f"<svg viewBox='0 0 {width:g} {height:g}' width='{width:g}' height='{height:g}'>{''.join(bars)}</svg>"
        return f"<div>{picture}<div>{escape(repr(self)[1:-1])}</div></div>"


def _count(values: Any, bins: int) -> tuple[list[float], list[float]]:
    number = whole("bins", bins)
    if not 1 <= number <= 100_000:
        raise InvalidArgument(f"bins is {number}: expected 1 to 100000")
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    if hasattr(values, "__array__") or "numpy" in sys.modules:
        import numpy

        try:
            array = numpy.asarray(values, dtype=numpy.float64).ravel()
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"the values of a histogram are numbers: {error}") from None
        finite = array[numpy.isfinite(array)]
        if finite.size == 0:
            raise InvalidArgument("a histogram needs a finite value")
        counts, edges = numpy.histogram(finite, bins=number)
        return edges.tolist(), counts.tolist()
    try:
        plain = [value for value in map(float, values) if math.isfinite(value)]
    except (TypeError, ValueError):
        raise InvalidArgument("the values of a histogram are numbers") from None
    if not plain:
        raise InvalidArgument("a histogram needs a finite value")
    low, high = min(plain), max(plain)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = [low + (high - low) * at / number for at in range(number)] + [high]
    counts = [0.0] * number
    for value in plain:
        counts[min(int((value - low) / (high - low) * number), number - 1)] += 1
    return edges, counts


_KINDS: dict[str, type[Media]] = {one.kind: one for one in (Text, Image, Table, Histogram)}


def media(value: Any) -> Media:
    """The value that is meant by a text, image, figure, DataFrame, array or list of numbers."""
    if isinstance(value, Media):
        return value
    if isinstance(value, str):
        return Text(value)
    if hasattr(value, "savefig"):
        return Image(figure_bytes(value, "figure.png", None))
    if hasattr(value, "columns") and (hasattr(value, "iloc") or hasattr(value, "rows")):
        return Table(value)
    if isinstance(value, (bytes, bytearray, memoryview)) or _images.is_image(value):
        return Image(value.to_pil() if isinstance(value, _images.Image) else value)
    dimensions = getattr(value, "ndim", None)
    if dimensions in (2, 3):
        return Image(value)
    if dimensions == 1 or (isinstance(value, (list, tuple)) and all(isinstance(one, (int, float)) for one in value)):
        return Histogram(value)
    raise InvalidArgument(
        f"no text, image, table or histogram can be made of a {type(value).__name__}: give one of mlops.Text, mlops.Image,"
        " mlops.Table and mlops.Histogram"
    )


@dataclass(frozen=True)
class MediaPoint:
    """One value of a series that is no number; :meth:`load` reads it."""

    run_id: str
    key: str
    step: int
    kind: str
    path: str
    size_bytes: int
    at: datetime

    def load(self) -> Media:
        """The value."""
        return _KINDS[self.kind].decode(_native.read_media(_state.store(), self.run_id, self.path))


def log_media(
    key: str,
    value: Any,
    step: int | None = None,
    run_id: str | None = None,
    *,
    context: Context | None = None,
    durability: Durability | None = None,
) -> str:
    """Logs a text, image, table or histogram of a series at a step (default: 0), and returns the path of the artifact that
    has it. A step may have several.

    ``value`` is a :class:`Text`, :class:`Image`, :class:`Table` or :class:`Histogram`, or what one is made of: a text, a PIL
    image, an array of pixels, a matplotlib figure, a DataFrame, numbers."""
    made = media(value)
    place = 0 if step is None else whole("the step", step)
    return _native.log_media(_handle(run_id, durability), series_key(key, context), made.kind, made.encode(), place)


def media_history(
    run_id: str, key: str | None = None, kind: str | None = None, *, context: Context | None = None
) -> list[MediaPoint]:
    """The values of a series (None: of all) that are no numbers, by step and then as they were logged."""
    from .entities import _datetime

    name = None if key is None else series_key(key, context)
    found = _native.media_history(_state.store(), text_key("run id", run_id), name, kind)
    return [MediaPoint(run_id, name, step, kind, path, size, _datetime(at)) for name, step, kind, path, size, at in found]
