"""Reports, comparisons and curves: what people look at."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from test_views import EVIL, Tags

import mlops
from mlops.exceptions import InvalidArgument, NotFound, Unsupported


def runs_of(*depths: int, name: str = "depth") -> list[str]:
    """Runs whose param ``depth`` and metric ``loss`` differ, and whose ``kind`` does not."""
    ids = []
    for depth in depths:
        with mlops.start_run(run_name=f"{name}-{depth}") as run:
            mlops.log_params({"depth": depth, "kind": "tree"})
            mlops.log_series("loss", [3.0, 2.0, 1.0 / depth])
            ids.append(run.info.run_id)
    return ids


def page_data(page: str) -> dict[str, Any]:
    """The data of a report, as its script reads them."""
    found: dict[str, Any] = json.loads(page.split('id="data">')[1].split("</script>")[0])
    return found


@pytest.fixture
def no_plotting(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if neither plotly nor matplotlib were installed."""
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


def test_a_report_is_one_page_of_the_runs_in_the_order_given(tmp_path: Path) -> None:
    first, second = runs_of(3, 5)
    mlops.report([second, first], tmp_path / "report.html", title="A & B")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<title>A &amp; B</title>" in page and "default-src 'none'" in page
    data = page_data(page)
    assert [run["name"] for run in data["runs"]] == ["depth-5", "depth-3"]
    assert data["curves"][0]["values"] == [3.0, 2.0, 0.2]
    # An id, a run and what a search gives are taken too.
    found = mlops.search_runs(output_format="list")
    for runs in (first, found[0], found, mlops.search_runs(output_format="pandas")):
        mlops.report(runs, str(tmp_path / "again.html"))
    assert len(page_data((tmp_path / "again.html").read_text(encoding="utf-8"))["runs"]) == 2


def test_a_report_says_what_it_leaves_out(tmp_path: Path) -> None:
    with mlops.start_run(run_name="first") as run:
        (tmp_path / "broken.png").write_bytes(b"no image")
        mlops.log_artifact(tmp_path / "broken.png")
    with pytest.warns(RuntimeWarning, match="the image broken.png of run first"):
        mlops.report(run, tmp_path / "report.html")


def test_bad_arguments_of_a_report_are_errors_and_write_nothing(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with pytest.raises(InvalidArgument, match="no runs were given"):
        mlops.report([], target)
    with pytest.raises(NotFound):
        mlops.report("nobody", target)
    with pytest.raises(NotFound, match="folder"):
        mlops.report(runs_of(1), tmp_path / "none" / "report.html")
    assert not target.exists()


def test_a_comparison_holds_what_differs() -> None:
    ids = runs_of(3, 5)
    with mlops.start_run(run_name="bare") as run:
        mlops.set_tag("owner", "ada")
    found = mlops.compare([*ids, run])
    assert found.params == {"depth": ["3", "5", None], "kind": ["tree", "tree", None]}
    assert found.metrics == {"loss": [1 / 3, 1 / 5, None]}
    assert found.tags == {"owner": [None, None, "ada"]}
    assert [one.info.run_name for one in found.runs] == ["depth-3", "depth-5", "bare"]
    assert repr(mlops.compare(ids)).splitlines() == [
        "<Comparison of 2 runs: depth-3, depth-5>",
        "params:",
        "  depth: 3 | 5",
        "metrics:",
        "  loss: 0.333333 | 0.2",
    ]
    assert repr(mlops.compare([ids[0], ids[0]])) == "<Comparison of 2 runs: depth-3, depth-3; nothing differs>"
    with pytest.raises(InvalidArgument):
        mlops.compare([])


def test_a_comparison_becomes_a_data_frame() -> None:
    frame = mlops.compare(runs_of(3, 5)).to_pandas()
    assert list(frame["params.depth"]) == ["3", "5"]
    assert list(frame["params.kind"]) == ["tree", "tree"]
    assert list(frame["metrics.loss"]) == [1 / 3, 1 / 5]


def test_a_data_frame_needs_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    found = mlops.compare(runs_of(3, 5))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(Unsupported, match="pandas"):
        found.to_pandas()


def test_views_show_tables_and_curves() -> None:
    ids = runs_of(3, 5)
    page = Tags(mlops.compare(ids)._repr_html_())
    assert {"table", "svg", "polyline"} <= page.seen
    for text in ("depth-3", "depth-5", "loss", "0.333333"):
        assert text in page.text
    assert "kind" not in page.text
    assert {"table", "svg", "polyline"} <= Tags(mlops.get_run(ids[0])._repr_html_()).seen


def test_no_stored_text_becomes_markup_in_a_view(tmp_path: Path, no_plotting: None) -> None:
    ids = []
    for depth in (1, 2):
        with mlops.start_run(run_name=EVIL, tags={EVIL: f"{EVIL}{depth}"}) as run:
            mlops.log_param(EVIL, f"{EVIL}{depth}")
            mlops.log_series(EVIL, [1.0, float("nan"), depth])
            ids.append(run.info.run_id)
    found = mlops.compare(ids)
    views = [found._repr_html_(), mlops.get_run(ids[0])._repr_html_(), run._repr_html_(), found.plot()._repr_html_()]
    for view in views:
        page = Tags(view)
        assert "script" not in page.seen and EVIL in page.text
    mlops.report(ids, tmp_path / "report.html", title=EVIL)
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert written.count("<script") == 2 and "<script>alert" not in written
    assert page_data(written)["runs"][0]["name"] == EVIL


def test_a_view_of_a_run_whose_store_is_not_open_makes_none(tmp_path: Path) -> None:
    (run_id,) = runs_of(3)
    run = mlops.get_run(run_id)
    other = tmp_path / "other"
    mlops.set_tracking_uri(other)
    assert "svg" not in Tags(run._repr_html_()).seen
    assert not other.exists()


def test_curves_are_drawn_by_matplotlib_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib.figure")
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = mlops.compare(runs_of(3, 5, name="$x")).plot("loss")
        drawn.canvas.draw()
    assert isinstance(drawn, matplotlib.Figure)
    (axes,) = drawn.axes
    assert axes.get_title() == "loss" and [list(line.get_ydata()) for line in axes.lines][0] == [3.0, 2.0, 1 / 3]


def test_curves_are_drawn_without_a_plotting_library(no_plotting: None) -> None:
    ids = runs_of(3, 5)
    picture = mlops.compare(ids).plot()
    assert repr(picture) == "<Picture: curves of loss>"
    assert Tags(picture._repr_html_()).seen >= {"svg", "polyline"}
    assert "svg" in Tags(mlops.get_run(ids[0]).plot("loss")._repr_html_()).seen
    with pytest.raises(InvalidArgument, match="expected one of loss"):
        mlops.get_run(ids[0]).plot("gain")


def test_a_run_without_curves_says_so() -> None:
    with mlops.start_run() as run:
        mlops.log_metric("once", 1.0)
    with pytest.raises(InvalidArgument, match="nothing to plot"):
        mlops.get_run(run.info.run_id).plot()
