"""Tables, images and histograms with W&B's arguments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import _media
from ..exceptions import InvalidArgument


class Table(_media.Table):
    """Rows of columns: ``Table(columns=["a"], data=[[1]])``, or of a DataFrame. Rows are added until it is logged."""

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        data: Any = None,
        rows: Iterable[Sequence[Any]] | None = None,
        dataframe: Any = None,
        **_: Any,
    ) -> None:
        if dataframe is not None:
            super().__init__(dataframe)
        elif data is None or isinstance(data, (list, tuple)) or hasattr(data, "tolist"):
            cells = data.tolist() if hasattr(data, "tolist") else data
            found = list(cells if cells is not None else rows or [])
            width = len(found[0]) if found else 0
            super().__init__(columns=columns or (["Input", "Output", "Expected"] if not found else range(width)), rows=found)  # type: ignore[arg-type]
        else:
            super().__init__(data)

    def add_data(self, *cells: Any) -> None:
        """Adds a row."""
        if len(cells) != len(self.columns):
            raise InvalidArgument(f"the table has {len(self.columns)} columns, and the row {len(cells)} cells")
        self.rows += _media.Table(columns=self.columns, rows=[cells]).rows

    def add_column(self, name: str, data: Sequence[Any]) -> None:
        """Adds a column."""
        values = list(data)
        if self.rows and len(values) != len(self.rows):
            raise InvalidArgument(f"the table has {len(self.rows)} rows, and the column {len(values)} cells")
        rows = [[*row, value] for row, value in zip(self.rows or [[] for _ in values], values)]
        self.rows = _media.Table(columns=[*self.columns, name], rows=rows).rows
        self.columns = [*self.columns, str(name)]

    def get_column(self, name: str) -> list[Any]:
        """The cells of a column."""
        if name not in self.columns:
            raise InvalidArgument(f"the table has no column {name!r}; it has {', '.join(self.columns)}")
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    @property
    def data(self) -> list[list[Any]]:
        """The rows."""
        return self.rows


class Image(_media.Image):
    """An image: pixels, a Pillow image, a figure, or the path of a file. ``caption`` is kept as a text beside it."""

    def __init__(self, data_or_path: Any, mode: str | None = None, caption: str | None = None, **_: Any) -> None:
        if hasattr(data_or_path, "savefig"):
            super().__init__(_media.media(data_or_path).encode())
        else:
            super().__init__(data_or_path.convert(mode) if mode and hasattr(data_or_path, "convert") else data_or_path)
        self.caption = caption


class Histogram(_media.Histogram):
    """A histogram of numbers, or of ``np_histogram=(counts, edges)``."""

    def __init__(self, sequence: Any = None, np_histogram: tuple[Any, Any] | None = None, num_bins: int = 64) -> None:
        if np_histogram is not None:
            if not isinstance(np_histogram, (tuple, list)) or len(np_histogram) != 2:
                raise InvalidArgument("np_histogram is what numpy.histogram returns: a pair of counts and edges")
            counts, edges = map(_column, np_histogram)
            super().__init__(edges=edges, counts=counts)
        else:
            super().__init__(sequence, bins=num_bins)


def _column(numbers: Any) -> list[float]:
    """The numbers of a list, array or tensor."""
    try:
        return [float(number) for number in numbers]
    except (TypeError, ValueError):
        raise InvalidArgument("the edges and counts of a histogram are numbers") from None


def plain(value: Any) -> Any:
    """A value as JSON has it; what JSON has not is its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(one) for one in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def pieces(value: Any) -> list[tuple[str, Any]]:
    """What a value that is no number is logged as: the ends of keys, and media."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, _media.Media) for one in value):
        return [piece for one in value for piece in pieces(one)]
    if isinstance(value, Image) and value.caption:
        return [("", value), (".caption", _media.Text(value.caption))]
    if isinstance(value, (list, tuple, dict, set)):
        return [("", _media.Text(json.dumps(plain(value), ensure_ascii=False)))]
    return [("", _media.media(value))]
