"""Artifacts: storing, listing, downloading, loading."""

from __future__ import annotations

import io
import json
import os
import pickle
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy
import pandas
import pytest
from PIL import Image

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


def test_an_artifact_uri_is_continued_with_a_slash(tmp_path: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_text("text", "a.txt")
        mlops.log_dict({"a": 1}, "deep/a.json")
        uris = [run.info.artifact_uri, mlops.get_artifact_uri(), f"runs:/{run.info.run_id}/"]
    uris += [mlops.compare([run.info.run_id]).to_pandas()["artifact_uri"][0]]
    for uri in uris:
        assert mlops.artifacts.load_text(uri + "/a.txt") == "text"
        assert mlops.artifacts.load_dict(uri + "/deep/a.json") == {"a": 1}
        assert Path(mlops.artifacts.download_artifacts(uri + "/a.txt", dst_path=tmp_path)).read_text() == "text"
        assert [found.path for found in mlops.artifacts.list_artifacts(uri)] == ["a.txt", "deep"]
        assert [found.path for found in mlops.artifacts.list_artifacts(uri + "/deep")] == ["deep/a.json"]


def test_artifacts_of_another_store_can_be_read(store: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_text("text", "a.txt")
    mlops.set_tracking_uri("memory:")
    uri = f"runs:/{run.info.run_id}/a.txt"
    assert Path(mlops.artifacts.download_artifacts(uri, tracking_uri=str(store))).read_text() == "text"
    (found,) = mlops.artifacts.list_artifacts(run_id=run.info.run_id, tracking_uri=str(store))
    assert found.path == "a.txt"


@pytest.mark.parametrize("how", ["run_id", "uri", "client"])
def test_what_is_downloaded_stands_directly_in_the_folder(how: str, tmp_path: Path) -> None:
    with mlops.start_run() as run:
        for path in ("a/sub/b.txt", "a/sub/deep/c.txt", "d.txt"):
            mlops.log_text(path, path)

    def get(path: str, folder: Path) -> Path:
        if how == "client":
            return Path(mlops.MlflowClient().download_artifacts(run.info.run_id, path, folder))
        if how == "uri":
            return Path(mlops.artifacts.download_artifacts(f"runs:/{run.info.run_id}/{path}", dst_path=folder))
        return Path(mlops.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path, dst_path=folder))

    # As MLflow: the name alone, whatever stands above it.
    for path, name in (("a/sub/b.txt", "b.txt"), ("a/sub", "sub"), ("a", "a"), ("d.txt", "d.txt"), ("", "")):
        folder = tmp_path / f"to {name}"
        assert get(path, folder) == folder / name
        inside = {"b.txt": ["b.txt"], "sub": ["sub/b.txt", "sub/deep/c.txt"], "a": ["a/sub/b.txt", "a/sub/deep/c.txt"]}
        inside |= {"d.txt": ["d.txt"], "": ["a/sub/b.txt", "a/sub/deep/c.txt", "d.txt"]}
        assert sorted(found.relative_to(folder).as_posix() for found in folder.rglob("*") if found.is_file()) == inside[name]
    # Into what is there, and again.
    (folder := tmp_path / "to sub").joinpath("sub", "mine").write_text("mine")
    assert get("a/sub", folder).joinpath("mine").read_text() == "mine"
    (tmp_path / "taken" / "b.txt").mkdir(parents=True)
    with pytest.raises(Conflict, match="take another folder"):
        get("a/sub/b.txt", tmp_path / "taken")
    with pytest.raises(NotFound):
        get("a/none/b.txt", tmp_path / "none")
    assert not (tmp_path / "none").exists() and sorted(found.name for found in (tmp_path / "taken").iterdir()) == ["b.txt"]


def test_a_local_path_is_an_artifact_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a b.txt").write_text("text")
    Path("here.txt").write_text("here")
    assert mlops.artifacts.download_artifacts("./here.txt") == str(Path("here.txt").absolute())
    uri = (tmp_path / "in" / "a b.txt").as_uri()
    assert mlops.artifacts.download_artifacts(uri) == str(tmp_path / "in" / "a b.txt")
    assert Path(mlops.artifacts.download_artifacts(uri, dst_path=tmp_path / "out")) == tmp_path / "out" / "a b.txt"
    assert Path(mlops.artifacts.download_artifacts(str(tmp_path / "in"), dst_path=tmp_path / "out"), "a b.txt").is_file()
    assert mlops.artifacts.load_text(uri) == "text"
    assert [found.path for found in mlops.artifacts.list_artifacts(str(tmp_path / "in"))] == ["a b.txt"]
    with pytest.raises(NotFound, match="expected a path, runs:/"):
        mlops.artifacts.download_artifacts("nothing/here.txt")


def test_one_of_two_ways_to_name_an_artifact() -> None:
    for arguments in [{}, {"artifact_uri": "runs:/a/b", "run_id": "a"}]:
        with pytest.raises(InvalidArgument, match="give artifact_uri, or run_id and artifact_path"):
            mlops.artifacts.download_artifacts(**arguments)


def test_a_local_file_that_is_missing_is_found_missing_in_both_ways(tmp_path: Path) -> None:
    with mlops.start_run() as run:
        for call in (mlops.log_artifact, mlops.log_artifacts, partial(mlops.MlflowClient().log_artifact, run.info.run_id)):
            for kind in (NotFound, FileNotFoundError):
                with pytest.raises(kind, match="`missing` does not exist"):
                    call("missing")
        with pytest.raises(FileNotFoundError) as caught:
            mlops.log_artifact("missing")
        again = pickle.loads(pickle.dumps(caught.value))
        assert (type(again), str(again)) == (type(caught.value), str(caught.value))


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


def test_a_stream_is_stored_whole() -> None:
    large = os.urandom(1 << 20) * 9
    with mlops.start_run() as run:
        mlops.log_stream(io.BytesIO(b"small"), "deep/small.bin")
        mlops.log_stream(io.BytesIO(), "empty")
        mlops.log_stream(io.BytesIO(large), "large.bin", run_id=run.info.run_id)
        mlops.MlflowClient().log_stream(run.info.run_id, io.BufferedReader(io.BytesIO(b"raw")), "raw")  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="the stream gives str: expected bytes"):
            mlops.log_stream(io.StringIO("text"), "bad")
        with pytest.raises(InvalidArgument, match="cannot read a stream of type int"):
            mlops.log_stream(3, "bad")
    uri = f"runs:/{run.info.run_id}"
    assert mlops.artifacts.load_bytes(f"{uri}/deep/small.bin") == b"small"
    assert mlops.artifacts.load_bytes(f"{uri}/large.bin") == large
    assert {path for path, _, _ in listed(run)} == {"deep", "empty", "large.bin", "raw"}


def test_a_stream_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            if self.tell() > 9:
                raise OSError("the line is dead")
            self.at += 1
            return bytes(1 << 20)

        at = 0

        def tell(self) -> int:
            return self.at

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with mlops.start_run() as run, pytest.raises(OSError, match="the line is dead"):
        mlops.log_stream(Broken(), "a.bin")
    assert listed(run) == [] and list(tmp_path.glob("mlops-*")) == []


def test_a_large_sparse_file_needs_little_memory(python: Callable[..., Any], tmp_path: Path) -> None:
    place = tmp_path / "large.bin"
    with open(place, "wb") as file:
        file.truncate(3 << 30 if os.environ.get("MLOPS_TEST_LARGE") else 400 << 20)
    done = python(
        """
        import resource, mlops
        with mlops.start_run():
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            mlops.log_artifact("large.bin")
            with open("large.bin", "rb") as stream:
                mlops.log_stream(stream, "streamed.bin")
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    assert int(done.stdout) < 80 << 10, "KiB"


def test_a_table_grows_with_every_call() -> None:
    with mlops.start_run() as run:
        mlops.log_table({"a": [1, 2], "b": ["x", "y"]}, "deep/t.json")
        mlops.log_table({"a": 3, "b": "z"}, artifact_file="deep/t.json")
        mlops.log_table(pandas.DataFrame({"c": [0.5, float("nan")]}), "deep/t.json", run_id=run.info.run_id)
    stored = mlops.artifacts.load_dict(f"runs:/{run.info.run_id}/deep/t.json")
    rows = [[1, "x", None], [2, "y", None], [3, "z", None], [None, None, 0.5], [None, None, None]]
    assert stored == {"columns": ["a", "b", "c"], "data": rows}
    assert mlops.get_run(run.info.run_id).data.tags["mlflow.loggedArtifacts"] == '[{"path": "deep/t.json", "type": "table"}]'


def test_a_table_may_come_from_polars() -> None:
    polars = pytest.importorskip("polars")
    with mlops.start_run() as run:
        mlops.log_table(polars.DataFrame({"a": [1, None], "b": ["x", "y"]}), "t.json")
    stored = mlops.artifacts.load_dict(f"runs:/{run.info.run_id}/t.json")
    assert stored == {"columns": ["a", "b"], "data": [[1, "x"], [None, "y"]]}


def test_tables_of_runs_come_in_one_frame() -> None:
    mlops.set_experiment("tables")
    runs = []
    for number in range(3):
        with mlops.start_run() as run:
            mlops.log_param("depth", number)
            if number:
                mlops.log_table({"text": ["1", "é"], "depth": [number, number]}, "t.json")
        runs.append(run.info.run_id)
    frame = mlops.load_table("t.json", extra_columns=["run_id", "params.depth", "text"][:2])
    assert list(frame.columns) == ["text", "depth", "run_id", "params.depth"]
    assert sorted(zip(frame["run_id"], frame["params.depth"], frame["text"])) == sorted(
        [(runs[1], "1", "1"), (runs[1], "1", "é"), (runs[2], "2", "1"), (runs[2], "2", "é")]
    )
    assert len(mlops.load_table("t.json", run_ids=[runs[1]])) == 2
    assert len(mlops.MlflowClient().load_table("1", "t.json")) == 4
    for missing in [lambda: mlops.load_table("u.json"), lambda: mlops.load_table("t.json", run_ids=[runs[0]])]:
        with pytest.raises(NotFound, match="no run of experiment 1 has the table"):
            missing()
    with pytest.raises(InvalidArgument, match="no column 'metrics.x' to add"):
        mlops.load_table("t.json", extra_columns=["metrics.x"])


def test_what_is_no_table_is_refused() -> None:
    with mlops.start_run() as run:
        mlops.log_text("text", "text.json")
        for call, says in [
            (lambda: mlops.log_table({"a": [1]}, "t.csv"), "ends in .json or .parquet"),
            (lambda: mlops.log_table([1], "t.json"), "expected a dict or a DataFrame"),
            (lambda: mlops.log_table({"a": [1], "b": [1, 2]}, "t.json"), "different lengths"),
            (lambda: mlops.log_table({"a": [object()]}, "t.json"), "cannot hold a value of type object"),
            (lambda: mlops.log_table({"a": [1]}, "text.json"), "is no table"),
        ]:
            with pytest.raises(InvalidArgument, match=says):
                call()
    assert [path for path, _, _ in listed(run)] == ["text.json"]


def test_images_stand_beside_their_table() -> None:
    picture = Image.new("RGB", (512, 16), "red")
    with mlops.start_run() as run:
        mlops.log_table({"name": ["a", "b"], "image": [picture, mlops.Image(numpy.zeros((2, 2)))]}, "t.json")
    stored = mlops.artifacts.load_dict(f"runs:/{run.info.run_id}/t.json")["data"]
    for _, cell in stored:
        assert cell["type"] == "image" and cell["filepath"].startswith("table_images/t/")
    small = mlops.artifacts.load_image(f"runs:/{run.info.run_id}/{stored[0][1]['compressed_filepath']}")
    assert small.size == (256, 8) and small.format == "WEBP"


def test_threads_add_to_one_table() -> None:
    with mlops.start_run() as run:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: mlops.log_table({"n": [number]}, "t.json", run_id=run.info.run_id), range(24)))
    rows = mlops.artifacts.load_dict(f"runs:/{run.info.run_id}/t.json")["data"]
    assert sorted(row[0] for row in rows) == list(range(24))


def test_an_image_by_key_and_step_can_be_listed_at_once() -> None:
    with mlops.start_run() as run:
        mlops.log_image(Image.new("L", (300, 600)), key="dogs/one", step=3, timestamp=1_700_000_000_000)
        mlops.MlflowClient().log_image(run.info.run_id, numpy.zeros((4, 4, 1)), key="dogs/one")
        names = sorted(path for path, _, _ in listed(run, "images"))
    full, small = [name for name in names if "+step+3+timestamp+1700000000000+" in name]
    assert full.startswith("images/dogs~one+step+3") and {full[-4:], small[-4:]} == {".png", "webp"} and len(names) == 4
    assert mlops.get_run(run.info.run_id).data.tags["mlflow.loggedImages"] == "True"
    pictures = [mlops.artifacts.load_image(f"runs:/{run.info.run_id}/{name}") for name in (full, small)]
    assert sorted(picture.size for picture in pictures) == [(128, 256), (300, 600)]


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (numpy.full((4, 4), 300), "300 to 300: expected 0 to 255"),
        (numpy.full((4, 4), numpy.nan), "not all finite"),
        (numpy.zeros((4, 4, 7)), "the shape"),
        (numpy.zeros((0, 4)), "the shape"),
        (numpy.zeros(4), "the shape"),
        (numpy.zeros((4, 4), dtype=complex), "the type complex128"),
        ("picture.png", "an image of type str"),
    ],
)
def test_what_is_no_image_is_refused(pixels: Any, says: str) -> None:
    with mlops.start_run() as run, pytest.raises(InvalidArgument, match=says):
        mlops.log_image(pixels, "a.png")
    assert listed(run) == []


def test_an_image_has_one_place() -> None:
    pixels = numpy.zeros((2, 2))
    with mlops.start_run():
        for arguments in [{}, {"artifact_file": "a.png", "key": "a"}, {"artifact_file": "a.png", "step": 1}]:
            with pytest.raises(InvalidArgument):
                mlops.log_image(pixels, **arguments)
        with pytest.raises(InvalidArgument, match="the key of an image is"):
            mlops.log_image(pixels, key="a+b")
        with pytest.raises(InvalidArgument, match="as `xyz`"):
            mlops.log_image(pixels, "a.xyz")


def test_an_image_is_made_of_pixels_files_and_lists(tmp_path: Path) -> None:
    image = mlops.Image([[0, 255], [128, 1]])
    image.save(tmp_path / "a.png")
    again = mlops.Image(str(tmp_path / "a.png"))
    assert again.size == (2, 2) and again.to_array().tolist() == [[0, 255], [128, 1]] and again.to_list() == [0, 255, 128, 1]
    assert again.resize((4, 4)).to_pil().size == (4, 4)
    assert mlops.Image(numpy.array([[True, False]])).to_list() == [255, 0]
    assert mlops.Image(numpy.array([[0.0, 1.0]])).to_list() == [0, 255]
    with pytest.warns(UserWarning, match="are scaled to 0 to 1"):
        assert mlops.Image(numpy.array([[-1.0, 1.0]])).to_list() == [0, 255]


def test_what_cannot_be_read_says_so() -> None:
    with mlops.start_run() as run:
        mlops.log_text("{", "a.json")
        mlops.log_stream(io.BytesIO(b"\xff"), "a.bin")
    uri = f"runs:/{run.info.run_id}"
    with pytest.raises(InvalidArgument, match="cannot be read as JSON"):
        mlops.artifacts.load_dict(f"{uri}/a.json")
    with pytest.raises(InvalidArgument, match="no text in UTF-8"):
        mlops.artifacts.load_text(f"{uri}/a.bin")
    with pytest.raises(InvalidArgument, match="no image that Pillow can read"):
        mlops.artifacts.load_image(f"{uri}/a.json")


def test_links_that_go_round_are_an_error_and_nothing_is_stored(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_text("text")
    (tmp_path / "data/b").symlink_to("c")
    (tmp_path / "data/c").symlink_to("b")
    with mlops.start_run() as run, pytest.raises(mlops.MlopsError, match="data/b"):
        mlops.log_artifacts("data")
    assert listed(run) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_folder_with_a_file_that_may_not_be_read_is_wholly_out(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_text("text")
    (tmp_path / "data/b.txt").write_text("text")
    (tmp_path / "data/b.txt").chmod(0)
    with mlops.start_run() as run, pytest.raises(mlops.MlopsError, match="b.txt"):
        mlops.log_artifacts("data")
    assert listed(run) == []


@pytest.mark.parametrize("path", ["t.json", "t.parquet"])
def test_a_table_keeps_numbers_that_are_not_finite(path: str) -> None:
    numbers, texts = [1.5, float("inf"), float("-inf"), float("nan")], ['Infinity "x"', "NaN", "\\", "Infinity"]
    with mlops.start_run() as run:
        for _ in range(2):
            mlops.log_table({"x": numbers, "y": texts, "none": [float("nan")] * 4}, path)
    frame = mlops.load_table(path)
    assert frame["x"].dtype == "float64" and frame["none"].dtype == "float64"
    assert repr(frame["x"].tolist()) == repr(numbers * 2)
    assert frame["y"].tolist() == texts * 2
    if path == "t.json":
        stored = mlops.artifacts.load_text(f"runs:/{run.info.run_id}/{path}")

        def refuse(word: str) -> None:
            raise AssertionError(word)

        json.loads(stored, parse_constant=refuse)
        pandas.testing.assert_frame_equal(pandas.read_json(io.StringIO(stored), orient="split"), frame, check_dtype=False)
