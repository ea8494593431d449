"""Pictures of curves, matrices and importances, by matplotlib; its state and backend stay as the user has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

# Most classes or features of which names or numbers can be read.
_READABLE = 15
_BARS = 60

Table = dict[str, list[Any]]


def available() -> bool:
    """Whether matplotlib can be imported."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def png(draw: Callable[[Any], Any], width: float = 5.0, height: float = 4.0) -> bytes:
    """The picture that ``draw`` makes on the axes it is given. Works in any thread: pyplot is not used."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    draw(figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def _plain(text: Any) -> str:
    # `$` would begin a formula.
    return str(text).replace("$", r"\$")


def confusion(matrix: Any, classes: Sequence[Any]) -> bytes:
    """A confusion matrix, each row as parts of its class, with the counts in the cells."""

    def draw(axes: Any) -> None:
        import numpy

        sums = matrix.sum(axis=1, keepdims=True)
        parts = numpy.divide(matrix, sums, out=numpy.zeros(matrix.shape), where=sums != 0)
        axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.set_title("Confusion matrix")
        if len(classes) <= _READABLE:
            names = [_plain(name)[:20] for name in classes]
            long = max(map(len, names)) > 4
            axes.set_xticks(range(len(names)), names, rotation=45 if long else 0)
            axes.set_yticks(range(len(names)), names)
            for row in range(len(names)):
                for column in range(len(names)):
                    colour = "white" if parts[row, column] > 0.5 else "black"
                    axes.text(column, row, f"{matrix[row, column]:g}", ha="center", va="center", color=colour, fontsize=8)

    return png(draw)


def curve(
    lines: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    x: str,
    y: str,
    title: str,
    guide: str | None = None,
    marker: str = "",
) -> bytes:
    """Lines by name in one plot; ``guide`` is what chance, or a perfect model, would give: ``diagonal`` or ``one``."""

    def draw(axes: Any) -> None:
        for name, across, up in lines:
            axes.plot(across, up, label=_plain(name)[:40], marker=marker)
        if guide is not None:
            axes.plot([0, 1], [0, 1] if guide == "diagonal" else [1, 1], linestyle=":", color="grey")
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.set_title(title)
        axes.grid(alpha=0.3)
        if len(lines) > 1 or lines[0][0]:
            axes.legend(fontsize="small")

    return png(draw)


def bars(names: Sequence[str], values: Any, title: str) -> bytes:
    """A bar for each of the names with the largest values, the largest on top."""
    import numpy

    values = numpy.asarray(values, dtype=float)
    order = numpy.argsort(numpy.abs(values))[-_BARS:]

    def draw(axes: Any) -> None:
        axes.barh(range(len(order)), values[order])
        axes.set_yticks(range(len(order)), [_plain(names[at])[:30] for at in order], fontsize=8)
        axes.set_xlabel("importance")
        axes.set_title(title)
        axes.figure.subplots_adjust(left=0.3)

    return png(draw, 6.4, max(3.0, 0.18 * len(order) + 1))
