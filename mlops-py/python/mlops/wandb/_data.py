"""Tables, images and histograms with W&B's arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .. import _media
from .._images import numpy
from ..exceptions import InvalidArgument
from ._absent import sentence


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

    def add_row(self, *row: Any) -> None:
        """The same as :meth:`add_data`."""
        self.add_data(*row)

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        """The cells of a column: a list, or with ``convert_to="numpy"`` an array."""
        if convert_to not in (None, "numpy"):
            raise InvalidArgument(f"convert_to is {convert_to!r}: expected `numpy` or nothing")
        if name not in self.columns:
            raise InvalidArgument(f"the table has no column {name!r}; it has {', '.join(self.columns)}")
        at = self.columns.index(name)
        cells = [row[at] for row in self.rows]
        return cells if convert_to is None else numpy("columns as arrays").array(cells)

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """The rows, each with its number."""
        return enumerate(self.rows)

    def get_dataframe(self) -> Any:
        """The table as a DataFrame of pandas."""
        return self.to_pandas()

    @property
    def data(self) -> list[list[Any]]:
        """The rows."""
        return self.rows

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(sentence("a table of mlops.wandb", name, "value"))


class Image(_media.Image):
    """An image: pixels, a Pillow image, a figure, or the path of a file. ``caption`` is kept as a text beside it."""

    def __init__(self, data_or_path: Any, mode: str | None = None, caption: str | None = None, **_: Any) -> None:
        if hasattr(data_or_path, "savefig"):
            super().__init__(_media.media(data_or_path).encode())
        else:
            super().__init__(data_or_path.convert(mode) if mode and hasattr(data_or_path, "convert") else data_or_path)
        self.caption = caption

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in ("image", "size"):
                return super().__getattr__(name)
            raise AttributeError(sentence("an image of mlops.wandb", name, "value"))


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

    @property
    def histogram(self) -> list[float]:
        """How many numbers are in each bin."""
        return self.counts

    @property
    def bins(self) -> list[float]:
        """The edges of the bins, one more than there are counts."""
        return self.edges

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(sentence("a histogram of mlops.wandb", name, "value"))


def _column(numbers: Any) -> list[float]:
    """The numbers of a list, array or tensor."""
    try:
        return [float(number) for number in numbers]
    except (TypeError, ValueError):
        raise InvalidArgument("the edges and counts of a histogram are numbers") from None
