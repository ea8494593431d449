"""Artifacts: storing, listing, downloading, loading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib
import numpy
import pytest

import mlops
from mlops.exceptions import Conflict, InvalidArgument, NotFound

matplotlib.use("Agg")


def listed(run: mlops.Run, path: str | None = None) -> list[tuple[str, bool, int | None]]:
    found = mlops.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path=path)
    return [(info.path, info.is_dir, info.file_size) for info in found]


def test_files_and_folders_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "data/deep").mkdir(parents=True)
    (tmp_path / "data/a.bin").write_bytes(bytes(range(256)))
    (tmp_path / "data/deep/ä b.txt").write_text("text")
    (tmp_path / "data/empty").write_bytes(b"")
    with mlops.start_run() as run:
        mlops.log_artifacts("data", "all")
        mlops.log_artifact("data/a.bin")
        mlops.log_artifact(tmp_path / "data/deep", "folders")
    assert listed(run) == [("a.bin", False, 256), ("all", True, None), ("folders", True, None)]
    assert listed(run, "all") == [("all/a.bin", False, 256), ("all/deep", True, None), ("all/empty", False, 0)]
    assert listed(run, "folders/deep") == [("folders/deep/ä b.txt", False, 4)]
    target = mlops.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="all", dst_path=tmp_path / "out")
    assert target == str(tmp_path / "out/all")
    assert {path.relative_to(target).as_posix(): path.read_bytes() for path in Path(target).rglob("*") if path.is_file()} == {
        "a.bin": bytes(range(256)),
        "deep/ä b.txt": b"text",
        "empty": b"",
    }


def test_one_file_is_downloaded_to_a_folder_of_its_own_by_default() -> None:
    with mlops.start_run() as run:
        mlops.log_text("text", "texts/a.txt")
    place = mlops.artifacts.download_artifacts(f"runs:/{run.info.run_id}/texts/a.txt")
    assert os.path.basename(place) == "a.txt" and Path(place).read_text() == "text"


def test_the_same_path_is_replaced_and_a_file_is_no_folder() -> None:
    with mlops.start_run() as run:
        mlops.log_text("before", "a.txt")
        mlops.log_text("after", "a.txt")
        with pytest.raises(Conflict, match="a.txt"):
            mlops.log_text("text", "a.txt/b.txt")
    assert mlops.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt") == "after"
    assert listed(run) == [("a.txt", False, 5)]


def test_texts_are_kept_byte_for_byte() -> None:
    text = "ä\r\n\x00\t\N{SNOWMAN}"
    with mlops.start_run() as run:
        mlops.log_text(text, "a.txt")
        for bad in [3, b"bytes", None]:
            with pytest.raises(InvalidArgument, match="expected text"):
                mlops.log_text(bad, "b.txt")  # type: ignore[arg-type]
    assert mlops.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt") == text


VALUE = {"classes": ["stay", "leave"], "weights": {"a": 0.5, "b": None}, "ok": True, "name": "ä"}


@pytest.mark.parametrize("path", ["a.json", "a.yaml", "deep/a.YML", "no-ending"])
def test_a_dict_comes_back(path: str) -> None:
    with mlops.start_run() as run:
        mlops.log_dict(VALUE, path)
    assert mlops.artifacts.load_dict(f"runs:/{run.info.run_id}/{path}") == VALUE
    first = mlops.artifacts.load_text(f"runs:/{run.info.run_id}/{path}").splitlines()[0]
    assert first == ("classes:" if path.lower().endswith(("yaml", "yml")) else "{")


@pytest.mark.parametrize("path", ["a.json", "a.yaml"])
def test_arrays_and_dates_in_a_dict_become_plain(path: str) -> None:
    with mlops.start_run() as run:
        mlops.log_dict({"array": numpy.arange(3), "number": numpy.float32(0.5), "day": numpy.datetime64("2024-01-02").item()}, path)
    value = mlops.artifacts.load_dict(f"runs:/{run.info.run_id}/{path}")
    assert value["array"] == [0, 1, 2] and value["number"] == 0.5 and str(value["day"]) == "2024-01-02"


def test_what_is_not_json_is_refused_before_anything_is_stored() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    with mlops.start_run() as run:
        for bad in [{"object": object()}, circle, {(1, 2): 3}]:
            for path in ["a.json", "a.yaml"]:
                with pytest.raises(InvalidArgument, match=f"the value of `{path}` cannot be stored"):
                    mlops.log_dict(bad, path)
    assert listed(run) == []


def test_a_figure_takes_the_format_of_its_path() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2, 3])
    with mlops.start_run() as run:
        for path in ["plot.png", "plots/plot.svg", "plot.pdf", "plain"]:
            mlops.log_figure(figure, path)
        mlops.log_figure(figure, "large.png", save_kwargs={"dpi": 300})
        with pytest.raises(InvalidArgument, match="cannot store a figure of type str"):
            mlops.log_figure("figure", "bad.png")
    begins = {"plot.png": b"\x89PNG", "plots/plot.svg": b"<?xml", "plot.pdf": b"%PDF", "plain": b"\x89PNG"}
    for path, begin in begins.items():
        assert mlops.artifacts.load_bytes(f"runs:/{run.info.run_id}/{path}").startswith(begin)
    sizes = {path: size for path, _, size in listed(run)}
    assert (sizes["large.png"] or 0) > (sizes["plot.png"] or 0)


def test_an_image_comes_from_pixels() -> None:
    with mlops.start_run() as run:
        mlops.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "black.png")
    assert mlops.artifacts.load_bytes(f"runs:/{run.info.run_id}/black.png").startswith(b"\x89PNG")


def test_an_artifact_uri_names_the_run() -> None:
    with mlops.start_run() as run:
        assert mlops.get_artifact_uri("a.txt") == f"runs:/{run.info.run_id}/a.txt"
        assert run.info.artifact_uri == mlops.get_artifact_uri()
        mlops.log_text("text", "a.txt")
        assert mlops.artifacts.load_text(mlops.get_artifact_uri("a.txt")) == "text"


def test_artifacts_of_another_store_can_be_read(store: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_text("text", "a.txt")
    mlops.set_tracking_uri("memory:")
    uri = f"runs:/{run.info.run_id}/a.txt"
    assert Path(mlops.artifacts.download_artifacts(uri, tracking_uri=str(store))).read_text() == "text"
    (found,) = mlops.artifacts.list_artifacts(run_id=run.info.run_id, tracking_uri=str(store))
    assert found.path == "a.txt"


def test_one_of_two_ways_to_name_an_artifact() -> None:
    for arguments in [{}, {"artifact_uri": "runs:/a/b", "run_id": "a"}]:
        with pytest.raises(InvalidArgument, match="give artifact_uri, or run_id and artifact_path"):
            mlops.artifacts.download_artifacts(**arguments)


def test_a_folder_with_something_that_is_no_file_is_wholly_out(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_text("text")
    (tmp_path / "data/gone.txt").symlink_to("nowhere")
    with mlops.start_run() as run:
        with pytest.raises(NotFound, match="gone.txt"):
            mlops.log_artifacts("data")
        (tmp_path / "data/gone.txt").unlink()
        os.mkfifo(tmp_path / "data/pipe")
        for call in [lambda: mlops.log_artifacts("data"), lambda: mlops.log_artifact("data/pipe")]:
            with pytest.raises(InvalidArgument, match="pipe.*expected a regular file"):
                call()
    assert listed(run) == []


def test_a_link_to_a_file_is_stored_as_the_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "data/link.txt").symlink_to("../a.txt")
    with mlops.start_run() as run:
        mlops.log_artifacts("data")
    assert listed(run) == [("link.txt", False, 4)]


def test_equal_files_are_stored_once(store: Path) -> None:
    content = os.urandom(3_000_000)
    Path("large.bin").write_bytes(content)
    with mlops.start_run():
        for folder in ["a", "b", "c"]:
            mlops.log_artifact("large.bin", folder)
    size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    assert size < 4_500_000
