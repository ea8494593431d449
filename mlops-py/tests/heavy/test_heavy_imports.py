"""Logs of torch, TensorBoard and W&B as they write them here and now, beside what TensorBoard itself reads of them, and the
definitions of the messages that they bring along. `make test-heavy` runs this; a library that is missing is a failure."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlops
from mlops._log_import import _events, _tensors, _wandb_records
from mlops._log_import._wire import Table

Python = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.filterwarnings("ignore")

TORCH = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy, torch
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter(sys.argv[1] + "/train") as writer:
    for step in range(20):
        writer.add_scalar("old", 1 / (step + 1), step)
        writer.add_scalar("new", 1 / (step + 1), step, new_style=True)
        writer.add_scalar("double", 1 / (step + 1), step, new_style=True, double_precision=True)
    writer.add_scalar("old", float("nan"), 20)
    writer.add_scalar("old", float("inf"), 21)
    writer.add_histogram("weights", torch.arange(100.0), 3)
    writer.add_image("picture", torch.zeros(3, 8, 8), 4)
    writer.add_images("pictures", torch.zeros(2, 3, 8, 8), 4)
    writer.add_text("note", "**hi**", 5)
    writer.add_audio("sound", torch.zeros(1, 1000), 6, sample_rate=8000)
    writer.add_graph(torch.nn.Linear(2, 1), torch.zeros(1, 2))
    writer.add_hparams({"lr": 0.1, "opt": "adam", "flag": True}, {"acc": 0.5}, run_name="h")
"""

TENSORBOARD = """
import sys, warnings
warnings.simplefilter("ignore")
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tensorboard.data_compat import make_summary, migrate_value
from tensorboard.plugins.text import metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
writer = EventFileWriter(sys.argv[1])
for step in range(5):
    histogram = HistogramProto(min=0, max=9, bucket_limit=[1, 5, 1e308], bucket=[2, 3, step + 1])
    text = metadata.create_summary_metadata(display_name="note", description="")
    for made in (
        # In the style with tensors, as TensorFlow 2 and Keras write them.
        migrate_value(Summary.Value(tag="loss", simple_value=1 / (step + 1))),
        migrate_value(Summary.Value(tag="weights", histo=histogram)),
        make_summary("note", text, f"step {step}".encode()),
    ):
        writer.add_event(Event(wall_time=1_600_000_000.5 + step, step=step, summary=Summary(value=[made])))
writer.close()
"""


def history(run_id: str, key: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in mlops.MlflowClient().get_metric_history(run_id, key)]


def the_run(name: str) -> mlops.Run:
    found = mlops.search_runs(output_format="list", search_all_experiments=True)
    (run,) = [one for one in found if one.info.run_name == name]  # type: ignore[union-attr]
    return run


def accumulated(folder: Path) -> Any:
    """What TensorBoard reads of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0, "scalars": 0, "histograms": 0, "images": 0})
    found.Reload()
    return found


def numbers(known: Any, key: str) -> list[tuple[int, float]]:
    """A series as TensorBoard has it, whichever of its two kinds it is of."""
    from tensorboard.util import tensor_util

    if key in known.Tags()["scalars"]:
        return [(event.step, event.value) for event in known.Scalars(key)]
    return [(event.step, float(tensor_util.make_ndarray(event.tensor_proto))) for event in known.Tensors(key)]


def same(one: list[tuple[int, float]], other: list[tuple[int, float]]) -> bool:
    return [(step, "nan" if math.isnan(value) else value) for step, value in one] == [
        (step, "nan" if math.isnan(value) else value) for step, value in other
    ]


def test_what_torch_writes_is_what_tensorboard_reads_of_it(tmp_path: Path, python: Python) -> None:
    python(TORCH, str(tmp_path / "logs"))
    report = mlops.import_tensorboard(tmp_path / "logs")
    run = the_run("train")
    known = accumulated(tmp_path / "logs" / "train")
    for key, count in (("old", 22), ("new", 20), ("double", 20)):
        found = history(run.info.run_id, key)
        assert len(found) == count and same(sorted(found), sorted(numbers(known, key))), key
    shown = {point.key: point for point in mlops.media_history(run.info.run_id)}
    assert {key: (point.step, point.kind) for key, point in shown.items()} == {
        "weights": (3, "histogram"), "picture": (4, "image"), "pictures": (4, "image"), "note/text_summary": (5, "text"),
    }  # fmt: skip
    weights: Any = shown["weights"].load()
    assert (sum(weights.counts), weights.edges[0], weights.edges[-1]) == (100, 0, 99)
    (image,) = known.Images("picture")
    assert shown["picture"].load().encode() == image.encoded_image_string
    (sound,) = mlops.MlflowClient().list_artifacts(run.info.run_id, "audio/sound")
    wave = Path(mlops.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=sound.path)).read_bytes()
    assert wave == known.Audio("sound")[0].encoded_audio_string
    hparams = the_run("train/h")
    # torch writes a truth value as a number.
    assert (hparams.data.params, hparams.data.metrics) == ({"lr": "0.1", "opt": "adam", "flag": "1.0"}, {"acc": 0.5})
    assert {problem.partition(" left out")[0] for problem in report.problems} == {"run train: a graph", "run train: metadata of a profile"}
    assert mlops.import_tensorboard(tmp_path / "logs").points.new == 0


def test_what_tensorboard_writes_is_what_it_reads_of_it(tmp_path: Path, python: Python) -> None:
    python(TENSORBOARD, str(tmp_path / "logs"))
    report = mlops.import_tensorboard(tmp_path / "logs")
    run = the_run("logs")
    assert same(sorted(history(run.info.run_id, "loss")), numbers(accumulated(tmp_path / "logs"), "loss"))
    texts = mlops.media_history(run.info.run_id, "note")
    assert [str(point.load()) for point in texts] == [f"step {step}" for step in range(5)]
    counts = [sum(point.load().counts) for point in mlops.media_history(run.info.run_id, "weights")]  # type: ignore[attr-defined]
    assert counts == [6.0, 7.0, 8.0, 9.0, 10.0] and report.problems == []


def test_what_wandb_records_here_and_now_is_brought_over(tmp_path: Path) -> None:
    recorder = Path(__file__).parents[1] / "recorded" / "record_wandb.py"
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['run'](__import__('pathlib').Path(sys.argv[2]))"
    environment = {**os.environ, "HOME": str(tmp_path), "WANDB_SILENT": "true"}
    done = subprocess.run([sys.executable, "-c", code, str(recorder), str(tmp_path)], env=environment, timeout=120, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = mlops.import_wandb(tmp_path / "wandb", outside=True)
    assert report.complete, str(report)
    run = mlops.get_run("abc12345")
    assert (run.info.status, run.data.params["lr"], run.data.params["opt.name"]) == ("FAILED", "0.2", "adam")
    steps, _, values = mlops.get_metric_series("abc12345", "loss")
    assert list(steps) == [*range(80), 100] and values[-1] == 0.01
    assert len(mlops.media_history("abc12345", "imgs")) == 2
    folder = Path(mlops.artifacts.download_artifacts(run_id="abc12345"))
    assert (folder / "artifacts" / "model" / "v0" / "extra.txt").read_text() == (folder / "extra.txt").read_text() == "extra"
    assert json.loads((folder / "artifacts" / "model" / "v0.json").read_text())["metadata"] == {"k": 1}
    again = mlops.import_wandb(tmp_path / "wandb", outside=True)
    assert (again.runs.new, again.points.new, again.files.new) == (0, 0, 0)


def same_fields(table: Table, descriptor: Any, names: "dict[str, str] | None" = None) -> None:
    """Holds a table against the definition of the messages."""
    kinds = {1: "double", 2: "float", 9: "text", 12: "bytes", 8: "bool"}
    for number, field in table.items():
        known = descriptor.fields_by_number[number]
        assert (names or {}).get(known.name, known.name) == field.name
        assert known.is_repeated == field.many, known.full_name
        if field.of is not None:
            same_fields(field.of, known.message_type, names)
        elif known.message_type is None:
            assert field.kind == kinds.get(known.type, "int"), known.full_name


def test_the_fields_are_those_of_the_definitions() -> None:
    from tensorboard.compat.proto import event_pb2, tensor_pb2
    from tensorboard.plugins.hparams import plugin_data_pb2
    from wandb.proto import wandb_internal_pb2

    same_fields(_wandb_records.RECORD, wandb_internal_pb2.Record.DESCRIPTOR)
    same_fields(_events.EVENT, event_pb2.Event.DESCRIPTOR)
    same_fields(_tensors.TENSOR, tensor_pb2.TensorProto.DESCRIPTOR)
    names = {"number_value": "number", "string_value": "text", "bool_value": "truth"}
    same_fields(_events.HPARAMS, plugin_data_pb2.HParamsPluginData.DESCRIPTOR, names)
