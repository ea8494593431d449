"""Texts, images, tables and histograms at a step."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlops
from mlops.exceptions import Unsupported

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def test_every_kind_comes_back_by_step_and_is_shown() -> None:
    with mlops.start_run() as run:
        mlops.log_media("samples", "a <text>", step=10)
        mlops.log_media("samples", mlops.Image(PNG), step=9)
        mlops.log_media("samples", pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]}), step=10)
        mlops.log_media("samples", [1.0, 2.0, 2.5, float("nan")], step=-1)
        mlops.log_media("samples", mlops.Text("val"), context={"subset": "val"})
    run_id = run.info.run_id
    found = mlops.media_history(run_id, "samples")
    assert [(point.step, point.kind) for point in found] == [(-1, "histogram"), (9, "image"), (10, "text"), (10, "table")]
    histogram, image, text, table = (point.load() for point in found)
    assert isinstance(histogram, mlops.Histogram) and sum(histogram.counts) == 3 and histogram.edges[0] == 1.0
    assert isinstance(image, mlops.Image) and image.encode() == PNG
    assert isinstance(text, mlops.Text) and text == mlops.Text("a <text>") and str(text) == "a <text>"
    assert isinstance(table, mlops.Table) and repr(table.rows) == "[[1, 0.5], [2, nan]]" and list(table.to_pandas()["a"]) == [1, 2]
    assert "&lt;text&gt;" in text._repr_html_() and "data:image/png;base64" in image._repr_html_()
    assert "<th" in table._repr_html_() and "<svg" in histogram._repr_html_()
    assert [point.kind for point in mlops.media_history(run_id, "samples", kind="text")] == ["text"]
    assert len(mlops.media_history(run_id)) == 5
    (other,) = mlops.media_history(run_id, "samples", context={"subset": "val"})
    assert other.key == 'samples{subset="val"}' and other.at.tzinfo is not None and other.size_bytes == 3
    report = Path("report.html")
    mlops.report([run_id], report)
    assert "samples/000000000009-" in report.read_text()


def test_an_image_is_made_of_pixels_and_gives_them_back(tmp_path: Path) -> None:
    from PIL import Image as pillow

    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    image = mlops.Image(pixels)
    assert (image.to_array() == pixels).all() and image.to_list()[1] == (3, 4, 5)
    assert mlops.Image(pillow.fromarray(pixels)) == image == mlops.Image(pixels.tolist())
    assert image.to_pil().size == image.size == (4, 4) and mlops.Image(image.encode()).size == (4, 4)
    assert image.resize((2, 2)).size == (2, 2)
    assert mlops.Image(np.array([[0.0, 1.0]])).to_list() == [0, 255]
    assert mlops.Image(np.array([[[True], [False]]])).to_list() == [255, 0]
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "a.jpg")
    assert (tmp_path / "a.png").read_bytes() == image.encode()
    assert mlops.Image((tmp_path / "a.jpg").read_bytes()).to_pil().format == "JPEG"
    svg = mlops.Image(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(mlops.exceptions.Unsupported):
        svg.to_pil()
    for wrong in (np.zeros((2, 2, 5)), np.array([[300]]), np.zeros(0), b"no image", [[1, [2]]], np.array([["a"]])):
        with pytest.raises(mlops.exceptions.InvalidArgument):
            mlops.Image(wrong)


def test_a_figure_and_an_array_are_logged_as_images() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    with mlops.start_run() as run:
        mlops.log_media("figure", figure)
        mlops.log_media("array", np.zeros((2, 2)), step=1)
        mlops.log_media("counts", np.array([1, 2, 3]))
    kinds = {point.key: point.kind for point in mlops.media_history(run.info.run_id)}
    assert kinds == {"figure": "image", "array": "image", "counts": "histogram"}


def test_tables_are_made_of_what_users_have() -> None:
    table = mlops.Table(columns=["a", "b"], rows=[[1, "x"], [2, None]])
    assert mlops.Table({"a": [1, 2], "b": ["x", None]}) == table
    assert mlops.Table([{"a": 1, "b": "x"}, {"a": 2}]) == table
    assert len(table) == 2 and "2 rows of a, b" in repr(table)
    odd = mlops.Table({"x": [np.float64("inf"), pd.Timestamp("2026-11-01"), pd.NaT, np.int8(3), {"k": (1, np.nan)}]})
    assert odd.rows == [[float("inf")], ["2026-11-01T00:00:00"], [None], [3], [{"k": [1, None]}]]
    for wrong in ({"columns": ["a"], "rows": [[1, 2]]}, {"data": {"a": [1], "b": []}}, {"columns": ["a", "a"], "rows": []}, {"data": [1]}):
        with pytest.raises(mlops.exceptions.InvalidArgument):
            mlops.Table(**wrong)  # type: ignore[arg-type]


def test_a_histogram_counts_and_is_checked() -> None:
    histogram = mlops.Histogram([0.0, 0.1, 1.0], bins=2)
    assert (histogram.edges, histogram.counts) == ([0.0, 0.5, 1.0], [2.0, 1.0])
    assert mlops.Histogram(edges=[0, 0.5, 1], counts=[2, 1]) == histogram and "3 values" in repr(histogram)
    assert mlops.Histogram([5.0, 5.0], bins=4).counts == [0, 0, 2, 0]
    wrong = ({"edges": [0, 1], "counts": [1, 2]}, {"edges": [1, 1], "counts": [1]}, {"edges": [0, 1], "counts": [-1]}, {},
             {"edges": [0, float("nan")], "counts": [1]}, {"values": []}, {"values": ["a"]}, {"values": [1.0], "bins": 0})
    for given in wrong:
        with pytest.raises(mlops.exceptions.InvalidArgument):
            mlops.Histogram(**given)  # type: ignore[arg-type]


def test_what_is_no_such_value_is_told() -> None:
    with mlops.start_run():
        for wrong in (None, 5, object(), {"a": 1}):
            with pytest.raises(mlops.exceptions.InvalidArgument, match="mlops.Histogram"):
                mlops.log_media("x", wrong)
        with pytest.raises(mlops.exceptions.InvalidArgument):
            mlops.log_media("x", "text", step=1.5)  # type: ignore[arg-type]
        with pytest.raises(mlops.exceptions.InvalidArgument):
            mlops.media_history(mlops.active_run().info.run_id, kind="video")  # type: ignore[union-attr]


def test_numbers_that_are_not_finite_come_back_as_they_went_into_a_table() -> None:
    numbers = [1.5, math.inf, -math.inf, math.nan, None]
    texts = ["a", "Infinity", "NaN", None, "b"]
    with mlops.start_run() as run:
        mlops.log_media("t", mlops.Table({"x": numbers, "y": texts, "z": [[math.inf, math.nan]] * 5}))
        mlops.log_media("t", mlops.Table(columns=["x"], rows=[[math.nan], [math.inf]]), step=1)
    first, second = (point.load() for point in mlops.media_history(run.info.run_id, "t"))
    assert isinstance(first, mlops.Table) and isinstance(second, mlops.Table)
    assert repr([row[0] for row in first.rows]) == repr(numbers)
    assert [row[1] for row in first.rows] == texts
    assert first.rows[0][2] == ["Infinity", None]
    assert repr(second.rows) == "[[nan], [inf]]"
    assert first == mlops.Table({"x": numbers, "y": texts, "z": [[math.inf, math.nan]] * 5})
    assert "–" in first._repr_html_() and "nan" not in first._repr_html_()


def test_what_needs_numpy_or_pandas_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    table, sweep = mlops.Table(columns=["a"], rows=[[1]]), mlops.sweep({"a": [1]}, metric="m", method="grid", name="s")
    with mlops.start_run():
        mlops.log_media("i", mlops.Image([[0, 255]]))
        [point] = mlops.media_history(mlops.active_run().info.run_id)  # type: ignore[union-attr]
        monkeypatch.setitem(sys.modules, "numpy", None)
        monkeypatch.setitem(sys.modules, "pandas", None)
        for call in (lambda: mlops.log_image([[0, 1]], "i.png"), lambda: mlops.Image([[0, 1]]), lambda: point.load().to_array()):  # type: ignore[attr-defined]
            with pytest.raises(Unsupported, match="need the package numpy; install it"):
                call()
        for frame in (table.to_pandas, sweep.to_pandas, lambda: mlops.search_logged_models(output_format="pandas")):
            with pytest.raises(Unsupported, match="a DataFrame needs the package pandas; install it"):
                frame()
