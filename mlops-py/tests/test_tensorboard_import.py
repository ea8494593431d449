"""Log folders of TensorBoard are brought over, whole or damaged, without TensorBoard. tensorboardX writes them."""

from __future__ import annotations

import json
import math
import random
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboardX import SummaryWriter
from tensorboardX.proto import event_pb2, plugin_hparams_pb2, summary_pb2, tensor_pb2
from tensorboardX.proto.summary_pb2 import SummaryMetadata
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboardX.record_writer import RecordWriter

import mlops
from mlops import _state
from mlops._log_import import _crc32c, _events, _records, _tensors
from mlops._log_import._wire import Table
from mlops.exceptions import InvalidArgument, NotFound

pytestmark = pytest.mark.filterwarnings("ignore")


def the_run(name: str) -> mlops.Run:
    (run,) = [one for one in runs() if one.info.run_name == name]
    return run


def runs() -> list[mlops.Run]:
    found = mlops.search_runs(output_format="list", search_all_experiments=True)
    assert isinstance(found, list)
    return found


def history(name: str, key: str) -> list[tuple[int, float, int]]:
    run_id = the_run(name).info.run_id
    return [(point.step, point.value, point.timestamp) for point in mlops.MlflowClient().get_metric_history(run_id, key)]


def event_file(folder: Path, *events: Any, number: int = 1) -> Path:
    """Events as they are, in a file of records."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{1_600_000_000 + number}.node"
    writer = RecordWriter(str(path))
    for event in events:
        writer.write(event if isinstance(event, bytes) else event.SerializeToString())
    writer.close()
    return path


def scalar(step: int, value: float, tag: str = "loss") -> Any:
    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])
    return event_pb2.Event(wall_time=1_600_000_000.25 + step, step=step, summary=summary)


def tensor(step: int, tag: str, plugin: str | None, shape: list[int], **fields: Any) -> Any:
    dims = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in shape])
    of = tensor_pb2.TensorProto(tensor_shape=dims, **fields)
    about = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin)) if plugin else None
    value = summary_pb2.Summary.Value(tag=tag, tensor=of, metadata=about)
    return event_pb2.Event(wall_time=1_600_000_000.0, step=step, summary=summary_pb2.Summary(value=[value]))


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    """A log folder with runs in nested folders, as SummaryWriter writes it."""
    with SummaryWriter(str(tmp_path / "logs" / "lr=0.1" / "train")) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1 / (step + 1), step, walltime=1_600_000_000.123456 + step)
        writer.add_scalar("loss", math.nan, 3, walltime=1_600_000_004)
        writer.add_scalar("loss", math.inf, 4, walltime=1_600_000_005)
        writer.add_scalar("loss", -math.inf, -5, walltime=1_600_000_006)
        writer.add_histogram("weights", np.arange(10), 1, walltime=1_600_000_006)
        writer.add_image("picture", np.zeros((3, 4, 4), dtype=np.uint8), 2, walltime=1_600_000_006)
        writer.add_text("note", "**hi**", 5, walltime=1_600_000_007)
        writer.add_hparams({"lr": 0.1, "opt": "adam", "flag": True}, {"hp/acc": 0.5}, name="h")
    with SummaryWriter(str(tmp_path / "logs" / "lr=0.1" / "val")) as writer:
        writer.add_scalar("loss", 2.0, 7)
    return tmp_path / "logs"


def test_a_log_folder_is_brought_over_as_it_is(logdir: Path) -> None:
    report = mlops.import_tensorboard(logdir)
    assert (report.complete, report.runs.new, report.points.new, report.files.new) == (True, 3, 8, 3), str(report)
    assert {run.info.run_name for run in runs()} == {"lr=0.1/train", "lr=0.1/val", "lr=0.1/train/h"}
    assert mlops.get_experiment_by_name("logs") is not None
    train = the_run("lr=0.1/train")
    assert (train.info.status, train.info.start_time, train.info.end_time) == ("FINISHED", 1_600_000_000_123, 1_600_000_007_000)
    columns = _state.store().metric_history(train.info.run_id, "loss")
    steps, times, values = (memoryview(column).cast(kind) for column, kind in zip(columns, "qqd", strict=True))
    # To the microsecond, and each value as the file has it: of 32 bits.
    assert list(steps) == [0, 1, 2, 3, 4, -5] and list(times)[:2] == [1_600_000_000_123_456, 1_600_000_001_123_456]
    assert list(values)[:3] == [1.0, 0.5, struct.unpack("f", struct.pack("f", 1 / 3))[0]]
    assert math.isnan(values[3]) and list(values)[4:] == [math.inf, -math.inf]
    shown = {point.key: point for point in mlops.media_history(train.info.run_id)}
    assert {key: (point.step, point.kind) for key, point in shown.items()} == {
        "weights": (1, "histogram"), "picture": (2, "image"), "note/text_summary": (5, "text"),
    }  # fmt: skip
    weights: Any = shown["weights"].load()
    assert (sum(weights.counts), weights.edges[0], weights.edges[-1]) == (10, 0, 9)
    assert shown["picture"].load().image.size == (4, 4)  # type: ignore[attr-defined]
    hparams = the_run("lr=0.1/train/h")
    assert hparams.data.params == {"lr": "0.1", "opt": "adam", "flag": "True"}
    assert hparams.data.metrics == {"hp/acc": 0.5}
    assert mlops.search_runs(experiment_names=["logs"], filter_string="params.lr < 0.5", output_format="list") != []


def test_tensors_are_read_as_the_plugin_of_their_tag_says(tmp_path: Path) -> None:
    png = (b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\nx")
    event_file(
        tmp_path / "logs" / "run",
        tensor(0, "f", "scalars", [], dtype=1, float_val=[0.5]),
        # Later values do not say the plugin again.
        tensor(1, "f", None, [], dtype=1, tensor_content=struct.pack("<f", 0.25)),
        tensor(2, "d", "scalars", [], dtype=2, double_val=[1e300]),
        tensor(2, "i", "scalars", [1], dtype=9, int64_val=[-(1 << 40)]),
        tensor(2, "half", "scalars", [], dtype=19, half_val=[0x3800]),
        tensor(2, "brain", "scalars", [], dtype=14, half_val=[0x3FC0]),
        tensor(2, "truth", "scalars", [], dtype=10, bool_val=[True]),
        tensor(3, "h", "histograms", [3, 3], dtype=2, double_val=[0, 0, 0, 0, 1, 4, 1, 2, 6]),
        tensor(3, "equal", "histograms", [1, 3], dtype=1, float_val=[2, 2, 5]),
        tensor(4, "pictures", "images", [4], dtype=7, string_val=[b"1", b"1", *png]),
        tensor(4, "sound", "audio", [1, 2], dtype=7, string_val=[b"RIFFwave", b"label"]),
        tensor(5, "cells", "text", [2, 2], dtype=7, string_val=[b"a", b"b", b"c", "ü".encode()]),
        tensor(5, "lines", "text", [2], dtype=7, string_val=[b"one", b"two"]),
        tensor(6, "curve", "pr_curves", [6, 2], dtype=1, float_val=[0.0]),
        event_pb2.Event(wall_time=1_600_000_000.0, graph_def=b"graph"),
    )
    report = mlops.import_tensorboard(tmp_path / "logs")
    run = the_run("run")
    assert run.data.metrics == {"f": 0.25, "d": 1e300, "i": -(2.0**40), "half": 0.5, "brain": 1.5, "truth": 1.0}
    found = [(point.key, point.step, point.load()) for point in mlops.media_history(run.info.run_id)]
    told = {key: [value for name, _, value in found if name == key] for key, _, _ in found}
    assert told["h"] == [mlops.Histogram(edges=[0, 1, 2], counts=[4, 6])]
    (equal,) = told["equal"]
    assert sum(equal.counts) == 5 and equal.edges[0] < 2 < equal.edges[-1]
    assert [image.encode() for image in told["pictures"]] == list(png)
    assert told["cells"] == [mlops.Table(columns=["0", "1"], rows=[["a", "b"], ["c", "ü"]])]
    assert [str(text) for text in told["lines"]] == ["one", "two"]
    (sound,) = mlops.MlflowClient().list_artifacts(run.info.run_id, "audio/sound")
    assert Path(mlops.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=sound.path)).read_bytes() == b"RIFFwave"
    left = [problem.split(" left out")[0] for problem in report.problems]
    assert left == ["run run: values of the plugin 'pr_curves'", "run run: a graph"]


def test_a_second_import_brings_nothing_and_a_later_one_what_is_new(logdir: Path) -> None:
    mlops.import_tensorboard(logdir)
    again = mlops.import_tensorboard(logdir)
    kinds = ("experiments", "runs", "params", "tags", "points", "files")
    assert [getattr(again, kind).new for kind in kinds] == [0] * 6 and again.points.kept == 8
    # A file that has grown, and another of the same run.
    (old,) = (logdir / "lr=0.1" / "val").glob("*tfevents*")
    more = event_file(logdir / "lr=0.1" / "other", scalar(9, 0.5))
    with old.open("ab") as out:
        out.write(more.read_bytes())
    event_file(logdir / "lr=0.1" / "train", scalar(8, 4.0), number=400_000_000)
    later = mlops.import_tensorboard(logdir)
    assert (later.runs.new, later.points.new, later.files.new) == (1, 3, 0)
    assert [point[:2] for point in history("lr=0.1/val", "loss")] == [(9, 0.5), (7, 2.0)]
    # Moved, it is the same; with another name of the experiment, too.
    moved = logdir.rename(logdir.parent / "moved")
    assert mlops.import_tensorboard(moved, experiment="mine").runs.new == 0


def test_equal_points_and_media_are_all_kept(tmp_path: Path) -> None:
    text = tensor(1, "t", "text", [1], dtype=7, string_val=[b"same"])
    event_file(tmp_path / "logs", scalar(1, 0.5), scalar(1, 0.5), text, text)
    for _ in range(2):
        report = mlops.import_tensorboard(tmp_path / "logs")
        assert (report.points.kept, report.files.kept) == (2, 2)
    assert len(history("logs", "loss")) == 2
    assert len(mlops.media_history(the_run("logs").info.run_id, "t")) == 2


def test_what_was_cut_short_goes_on(logdir: Path) -> None:
    code = """
        import os, sys
        from mlops._mlflow_import import _write
        before, limit = _write.Writer._log_files, int(sys.argv[2])
        calls = 0
        def log(self, *arguments):
            global calls
            calls += 1
            if calls > limit:
                os.kill(os.getpid(), 9)
            return before(self, *arguments)
        _write.Writer._log_files = log
        import mlops
        mlops.import_tensorboard(sys.argv[1])
    """
    for limit in (0, 1, 1):
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(logdir), str(limit)], check=False, timeout=60)
        assert done.returncode == -9
    report = mlops.import_tensorboard(logdir)
    assert (report.runs.kept, report.points.kept, report.files.kept, report.problems) == (3, 8, 3, [])
    assert len(history("lr=0.1/train", "loss")) == 6


def test_of_a_file_that_is_cut_anywhere_all_whole_records_are_read(tmp_path: Path) -> None:
    file = event_file(tmp_path, *(scalar(step, 0.5) for step in range(4)))
    whole = file.read_bytes()
    ends = [at + 16 + len(record) for at, record in _records.tensorboard_records(file, print)]
    assert len(ends) == 4 and ends[-1] == len(whole)
    path = tmp_path / "cut"
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        told: list[str] = []
        found = list(_records.tensorboard_records(path, told.append))
        assert len(found) == sum(end <= size for end in ends)
        assert told == [] if size in (0, *ends) else "is being written, or its process died" in told[0]


def test_one_flipped_bit_costs_one_record_and_is_told(tmp_path: Path) -> None:
    file = event_file(tmp_path, *(scalar(step, 0.5) for step in range(1, 5)))
    whole, expected = file.read_bytes(), [record for _, record in _records.tensorboard_records(file, print)]
    path, chance = tmp_path / "flipped", random.Random(7)
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        told: list[str] = []
        found = [record for _, record in _records.tensorboard_records(path, told.append)]
        assert len(told) == 1 and all(record in expected for record in found)
        # Behind a damaged length nothing says where the next record is.
        assert len(found) == 3 or f"damaged at byte {len(whole) // 4 * (at * 4 // len(whole))}: the rest" in told[0]


def test_damaged_files_do_not_keep_others_from_being_brought(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    path = event_file(logs / "a", scalar(0, 1.0), scalar(1, 2.0), b"\xff\xff no event", scalar(2, 3.0))
    whole = bytearray(path.read_bytes())
    whole[20] ^= 1
    path.write_bytes(whole[:-3])
    event_file(logs / "a", scalar(5, 5.0), number=2)
    event_file(logs / "b", scalar(0, 1.0), scalar(1, 1.0, tag="bad\nname"), scalar(2, 1.0, tag="x" * 501))
    (logs / "c").mkdir()
    (logs / "c" / "events.out.tfevents.1.node").write_bytes(b"text that is no record, and long enough to be one")
    (logs / "d").symlink_to(logs / "b")
    report = mlops.import_tensorboard(logs)
    assert [point[:2] for point in history("a", "loss")] == [(1, 2.0), (5, 5.0)]
    assert the_run("b").data.metrics == {"loss": 1.0}
    assert (report.runs.kept, report.complete) == (2, False)
    for told in ("a/events.out.tfevents.1600000001.node: the record at byte 0 is damaged", "is no event that can be read",
                 "are no whole record", "c/events.out.tfevents.1.node: damaged at byte 0", "c: its event files hold no event",
                 r"'bad\n", "more than 500 bytes", "d is a link"):  # fmt: skip
        assert any(told in problem.replace("\\\\", "\\") for problem in report.problems), (told, report.problems)
    assert mlops.import_tensorboard(logs).points.new == 0


def test_what_is_no_log_folder_is_refused(tmp_path: Path, store: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        mlops.import_tensorboard(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidArgument, match="no event files"):
        mlops.import_tensorboard(tmp_path / "empty")
    with pytest.raises(InvalidArgument, match="is a file"):
        mlops.import_tensorboard(event_file(tmp_path / "logs", scalar(0, 1.0)))
    assert not store.exists()


def test_a_run_that_is_deleted_in_the_store_stays_so(tmp_path: Path) -> None:
    event_file(tmp_path / "logs", scalar(0, 1.0))
    mlops.import_tensorboard(tmp_path / "logs")
    run_id = the_run("logs").info.run_id
    mlops.delete_run(run_id)
    event_file(tmp_path / "logs", scalar(1, 1.0), number=2)
    (problem,) = mlops.import_tensorboard(tmp_path / "logs").problems
    assert "deleted in the store" in problem
    assert mlops.get_run(run_id).info.lifecycle_stage == "deleted"


def test_keys_of_media_come_back_as_they_are(tmp_path: Path) -> None:
    keys = ["a b", "a//b", "..", "x:y", 'k{"s"}', "100%", "ü/é", "a\\b", "./c"]
    logs = tmp_path / "logs"
    event_file(logs, *(tensor(step, key, "text", [1], dtype=7, string_val=[key.encode()]) for step, key in enumerate(keys)))
    report = mlops.import_tensorboard(logs)
    assert report.problems == []
    assert {point.key: str(point.load()) for point in mlops.media_history(the_run("logs").info.run_id)} == {key: key for key in keys}


def test_the_command_says_what_was_found_and_kept(logdir: Path, tmp_path: Path) -> None:
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "mlops", *words], capture_output=True, text=True, timeout=60, check=False)

    done = run("import", "tensorboard", str(logdir), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["runs"]["kept"], told["complete"]) == (0, 3, True), done.stderr
    shown = run("--store", str(tmp_path / "second"), "import", "tensorboard", str(logdir), "--experiment", "mine")
    assert "runs                           3           3           3" in shown.stdout, shown.stdout + shown.stderr
    assert "lr=0.1/val" in run("--store", str(tmp_path / "second"), "runs", "list", "--experiment", "mine").stdout
    missing = run("import", "tensorboard", "none")
    assert (missing.returncode, missing.stderr[:6]) == (2, "error:")
    assert "Examples" in run("import", "tensorboard", "--help").stdout


@pytest.mark.parametrize("size", [0, 1, 8, 31, 2047, 2048, 2049, 5000, 70_001])
def test_the_checksum_is_that_of_the_writers(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorboardX.crc32c import crc32c

    data = random.Random(size).randbytes(size)
    expected = crc32c(data)
    assert _crc32c.crc32c(data) == expected
    monkeypatch.setitem(_crc32c._arrays, "numpy", None)
    assert _crc32c.crc32c(data) == expected
    assert _crc32c.crc32c(b"123456789") == 0xE3069283


def same_fields(table: Table, descriptor: Any, differing: Callable[[str], str] = lambda name: name) -> None:
    """Holds a table against the definition of the messages."""
    kinds = {1: "double", 2: "float", 9: "text", 12: "bytes", 8: "bool"}
    whole = {3, 4, 5, 13, 14}
    for number, field in table.items():
        if field.name in ("uint32_val", "uint64_val") and number not in descriptor.fields_by_number:
            # tensorboardX's definitions are older than these.
            continue
        known = descriptor.fields_by_number[number]
        assert differing(known.name) == field.name
        repeated = known.is_repeated
        assert repeated == field.many, known.full_name
        if field.of is not None:
            same_fields(field.of, known.message_type, differing)
        elif known.message_type is None:
            assert field.kind == kinds.get(known.type, "int" if known.type in whole else None), known.full_name


def test_the_fields_are_those_of_the_definitions() -> None:
    names = {"number_value": "number", "string_value": "text", "bool_value": "truth"}

    def ours(name: str) -> str:
        return names.get(name, name)

    same_fields(_events.EVENT, event_pb2.Event.DESCRIPTOR)
    same_fields(_events.HPARAMS, plugin_hparams_pb2.HParamsPluginData.DESCRIPTOR, ours)
    same_fields(_tensors.TENSOR, tensor_pb2.TensorProto.DESCRIPTOR)


def test_a_folder_that_is_written_to_meanwhile_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    writer = RecordWriter(str(tmp_path / "logs" / "events.out.tfevents.1.node"))
    for step in range(5):
        writer.write(scalar(step, step).SerializeToString())
        writer.flush()
        assert mlops.import_tensorboard(tmp_path / "logs").points.new == 1
    writer.close()
    assert len(history("logs", "loss")) == 5
