"""What W&B keeps on the disk is brought over, whole or damaged, without W&B. `recorded/record_wandb.py` recorded a run."""

from __future__ import annotations

import json
import math
import random
import shutil
import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from recorded.record_wandb import framed, records

import mlops
from mlops._log_import import _records
from mlops._log_import._wandb_records import RECORD
from mlops._log_import._wire import read
from mlops.exceptions import InvalidArgument, NotFound

RUN = "abc12345"
RECORDED = Path(__file__).parent / "recorded" / "wandb"
NAME = f"offline-run-20261127_120000-{RUN}"


@pytest.fixture
def wandb(tmp_path: Path) -> Path:
    """A folder `wandb` with the recorded run, and the links that W&B makes."""
    folder = tmp_path / "project" / "wandb"
    shutil.copytree(RECORDED, folder)
    (folder / "latest-run").symlink_to(NAME)
    (tmp_path / "project" / "extra.txt").write_text("extra")
    (folder / NAME / "files" / "extra.txt").symlink_to(tmp_path / "project" / "extra.txt")
    return folder


def whole() -> list[bytes]:
    """The recorded records."""
    return records((RECORDED / NAME / f"run-{RUN}.wandb").read_bytes())


def offline(folder: Path, given: list[bytes], name: str = "offline-run-20270101_000000-x", run_id: str = "x") -> Path:
    """A run folder with these records."""
    path = folder / "wandb" / name / f"run-{run_id}.wandb"
    path.parent.mkdir(parents=True)
    path.write_bytes(framed(given))
    return path


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: "int | str | bytes | float") -> bytes:
    """A field of a message of protobuf."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & 0xFFFFFFFFFFFFFFFF)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def run_record(run_id: str = "x", project: str = "p", start: int = 1_700_000_000, **config: Any) -> bytes:
    updates = b"".join(field(1, field(1, key) + field(16, json.dumps(value))) for key, value in config.items())
    return field(17, field(1, run_id) + field(3, project) + field(4, updates) + field(17, field(1, start)))


def history(step: int, at: float = 1_700_000_001.5, **values: Any) -> bytes:
    given = {"_step": step, "_timestamp": at + step, **values}
    return field(2, b"".join(field(1, field(2, key) + field(16, json.dumps(value))) for key, value in given.items()))


EXIT = field(18, field(1, 0))


def test_a_run_is_brought_over_as_it_is(wandb: Path) -> None:
    report = mlops.import_wandb(wandb, outside=False)
    run = mlops.get_run(RUN)
    assert mlops.get_experiment(run.info.experiment_id).name == "demo"
    assert (run.info.run_name, run.info.status, run.info.user_id) == ("first", "FAILED", "ada")
    # What was logged last in the config stands; nested keys are joined.
    assert run.data.params == {
        "lr": "0.2", "opt.name": "adam", "opt.betas": "[0.9, 0.99]", "flag": "True", "none": "None", "n": "3",
    }  # fmt: skip
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith(("mlops.alert", "mlops.imported"))}
    assert tags == {
        "mlflow.runName": "first", "mlflow.note.content": "two\nlines", "mlflow.source.name": "train.py", "mlops.entity": "team",
        "mlops.group": "night", "mlops.job_type": "train", "mlops.tags": '["baseline", "x"]', "mlops.wandb.host": "node7",
        "mlops.wandb.exit_code": "3", "mlops.wandb.path": f"team/demo/{RUN}", "mlops.metric.acc": '{"summary":["max"]}',
        "mlops.metric.val/*": '{"step_metric":"epoch"}', "mlops.summary.best": "0.9", "mlops.summary.deep.q": "1",
    }  # fmt: skip
    steps, times, values = mlops.get_metric_series(RUN, "loss")
    assert list(steps) == [*range(80), 100] and values[1] == 0.5 and values[-1] == 0.01
    assert run.info.start_time <= times[0] <= times[-1] <= (run.info.end_time or 0)
    metrics = run.data.metrics
    assert (metrics["nested.a.b"], metrics["val/x"], metrics["true"], metrics["big"]) == (79, 158, 1, 1e30)
    assert math.isnan(metrics["nan"]) and (metrics["inf"], metrics["ninf"]) == (math.inf, -math.inf)
    assert 0 < metrics["_runtime"] and 0 < metrics["system/memory_percent"] < 100
    assert mlops.summary(RUN)["acc"] == 0.8
    (alert,) = mlops.alerts(RUN)
    assert (alert.title, alert.text, alert.level, alert.run_id) == ("watch out", "the loss rises", "WARN", RUN)
    assert run.info.start_time <= alert.at.timestamp() * 1000 <= (run.info.end_time or 0)
    assert mlops.get_console(RUN).startswith("hello from the run\n")
    assert not report.complete and len(report.problems) == 2
    assert "extra.txt is a link" in report.problems[0] and "artifact model/v0: 1 files are not brought" in report.problems[1]


def test_media_stand_at_their_steps_and_files_beside_them(wandb: Path) -> None:
    mlops.import_wandb(wandb)
    found: dict[str, list[Any]] = {}
    for point in mlops.media_history(RUN):
        found.setdefault(point.key, []).append(point.load())
        assert point.step == 80 + (point.key not in ("list", "note"))
    assert [image.image.getpixel((0, 0)) for image in found["imgs"]] == [(0, 0, 0), (255, 255, 255)]
    assert (found["img"][0].size, str(found["img.caption"][0])) == ((4, 4), "a black one")
    assert found["hist"] == [mlops.Histogram(edges=[1, 1.5, 2, 2.5, 3], counts=[1, 0, 2, 1])]
    assert found["tab"] == [mlops.Table(columns=["a", "b"], rows=[[1, "x"], [2.5, None]])]
    assert (str(found["list"][0]), str(found["note"][0])) == ("[1, 2]", "a text")
    path = json.loads(str(found["html"][0]))["path"]
    page = mlops.artifacts.download_artifacts(run_id=RUN, artifact_path=f"wandb/{path}")
    assert "<b>x</b>" in Path(page).read_text()
    folder = Path(mlops.artifacts.download_artifacts(run_id=RUN))
    assert (folder / "requirements.txt").read_text().startswith("numpy")
    about = json.loads((folder / "artifacts" / "model" / "v0.json").read_text())
    assert (about["type"], about["metadata"], about["contents"][0]["path"]) == ("model", {"k": 1}, "extra.txt")
    environment = json.loads((folder / "wandb" / "environment.json").read_text())
    assert (environment["python"], environment["program"]) == ("CPython 3.11.7", "train.py")


def test_what_stands_outside_comes_only_when_that_is_said(wandb: Path, tmp_path: Path) -> None:
    (wandb / NAME / "files" / "folder").symlink_to(tmp_path / "project")
    client = mlops.MlflowClient()
    mlops.import_wandb(wandb / NAME)
    assert not {"extra.txt", "folder"} & {file.path for file in client.list_artifacts(RUN)}
    report = mlops.import_wandb(wandb / NAME, outside=True)
    assert "extra.txt" in {file.path for file in client.list_artifacts(RUN)}
    # W&B's copy of the artifact's file was on the machine that recorded it.
    assert [problem for problem in report.problems if "artifact" in problem] == [
        "run first: artifact model/v0: its file extra.txt is not on this machine any more"
    ]


def test_it_is_found_from_each_place(wandb: Path) -> None:
    places = (wandb.parent, wandb, wandb / NAME, wandb / NAME / f"run-{RUN}.wandb", wandb / "latest-run")
    assert [mlops.import_wandb(place).runs.new for place in places] == [1, 0, 0, 0, 0]
    assert mlops.import_wandb(wandb, experiment="other").runs.new == 0


def test_a_second_import_brings_nothing_and_a_later_one_what_is_new(tmp_path: Path) -> None:
    begin = [run_record(lr=0.1, deep={"a": [1]}), history(0, loss=1.0, text="a"), history(1, loss=0.5)]
    path = offline(tmp_path, begin)
    first = mlops.import_wandb(tmp_path)
    assert (first.runs.new, first.points.new, first.files.new, first.problems) == (1, 2, 1, [])
    # It has not said how it ended: killed, or still under way.
    assert mlops.get_run("x").info.status == "KILLED"
    again = mlops.import_wandb(tmp_path)
    assert [getattr(again, kind).new for kind in ("experiments", "runs", "params", "tags", "points", "files")] == [0] * 6
    changed = field(5, field(1, field(1, "lr") + field(16, "0.5")))
    path.write_bytes(framed([*begin, history(1, loss=0.5), history(2, loss=0.25, text="b"), changed, EXIT]))
    later = mlops.import_wandb(tmp_path)
    assert (later.runs.new, later.points.new, later.files.new, later.problems) == (0, 2, 1, [])
    run = mlops.get_run("x")
    assert (run.info.status, run.info.end_time) == ("FINISHED", 1_700_000_003_500)
    assert len(mlops.MlflowClient().get_metric_history("x", "loss")) == 4
    # A param does not change: what W&B has now is a tag, as `mlops.wandb` keeps it.
    assert (run.data.params, run.data.tags["mlops.config.lr"]) == ({"lr": "0.1", "deep.a": "[1]"}, "0.5")


def test_a_run_that_was_resumed_is_one_run(tmp_path: Path) -> None:
    offline(tmp_path, [run_record(start=1_700_000_000, lr=1), history(0, loss=1.0), field(18, field(1, 1))], "offline-run-2-x")
    offline(tmp_path, [run_record(start=1_700_000_100, lr=1), history(1, loss=0.5), EXIT], "offline-run-1-x")
    for name, said in (("offline-run-2-x", "one\n"), ("offline-run-1-x", "two\n")):
        files = tmp_path / "wandb" / name / "files"
        files.mkdir()
        (files / "output.log").write_text(said)
    report = mlops.import_wandb(tmp_path)
    assert (report.runs.new, report.points.new) == (1, 2)
    run = mlops.get_run("x")
    assert (run.info.status, run.info.start_time) == ("FINISHED", 1_700_000_000_000)
    assert mlops.get_console("x") == "one\ntwo\n"


def test_two_projects_may_have_a_run_of_one_id(tmp_path: Path) -> None:
    with mlops.start_run() as own:
        mlops.log_metric("loss", 9.0)
    for number, project in enumerate(("p", "q")):
        offline(tmp_path, [run_record(own.info.run_id, project), history(0, loss=float(number)), EXIT], f"offline-run-{number}-x")
    for new in (2, 0):
        report = mlops.import_wandb(tmp_path)
        assert (report.runs.found, report.runs.new, report.runs.kept) == (2, new, 2)
    assert mlops.get_run(own.info.run_id).data.metrics == {"loss": 9.0}
    for number, project in enumerate(("p", "q")):
        (run,) = mlops.search_runs(experiment_names=[project], output_format="list")
        assert run.data.metrics == {"loss": float(number)}  # type: ignore[attr-defined]


def test_records_of_any_size_are_put_together(tmp_path: Path) -> None:
    chance = random.Random(3)
    given = [chance.randbytes(chance.choice((0, 1, 10, 700, 32_754, 32_761, 40_000, 100_000))) for _ in range(60)]
    path = tmp_path / "file"
    path.write_bytes(framed(given))
    told: list[str] = []
    assert list(_records.wandb_records(path, told.append)) == given and told == []


def test_of_a_file_that_is_cut_anywhere_all_whole_records_are_read(tmp_path: Path) -> None:
    given = [bytes([number]) * size for number, size in enumerate((40, 1, 32_700, 100, 50))]
    data = framed(given)
    ends = [len(framed(given[:number])) for number in range(len(given) + 1)]
    path = tmp_path / "file"
    near = {at + more for at in (*ends, 32_768) for more in range(-9, 10) if 7 <= at + more <= len(data)}
    for size in sorted(near):
        path.write_bytes(data[:size])
        told: list[str] = []
        found = list(_records.wandb_records(path, told.append))
        assert found == given[: sum(end <= size for end in ends[1:])], size
        assert bool(told) == (size not in ends), size


def test_one_flipped_bit_costs_at_most_a_block_and_is_told(tmp_path: Path) -> None:
    given = [bytes([number]) * 1000 for number in range(100)]
    data, path = framed(given), tmp_path / "file"
    chance = random.Random(5)
    for _ in range(150):
        damaged = bytearray(data)
        at = chance.randrange(7, len(data))
        damaged[at] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        told: list[str] = []
        found = list(_records.wandb_records(path, told.append))
        assert all(one in given for one in found) and found == sorted(found)
        # The zeros at the end of a block are nothing that can be damaged.
        assert told or found == given
        assert len(given) - len(found) <= 35


def test_a_damaged_run_is_brought_as_far_as_it_is_whole(tmp_path: Path) -> None:
    path = offline(tmp_path, [run_record(lr=0.1), *(history(step, loss=float(step), pad="x" * 100) for step in range(600)), EXIT])
    damaged = bytearray(path.read_bytes())
    damaged[40_000] ^= 4
    path.write_bytes(damaged)
    offline(tmp_path, [run_record("y"), history(0, loss=1.0)], "offline-run-3-y", "y")
    (tmp_path / "wandb" / "offline-run-4-z").mkdir()
    (tmp_path / "wandb" / "offline-run-4-z" / "run-z.wandb").write_bytes(b"no such file, but a long text")
    offline(tmp_path, [history(0, loss=1.0), EXIT], "offline-run-5-lost", "lost")
    report = mlops.import_wandb(tmp_path)
    assert (report.runs.kept, report.complete) == (3, False)
    steps, *_ = mlops.get_metric_series("x", "loss")
    assert 400 < len(steps) < 600 and list(steps)[-1] == 599 and mlops.get_run("x").info.status == "FINISHED"
    told = "\n".join(report.problems)
    assert "damaged at byte" in told and "is no file of W&B's" in told
    assert "brought as run lost of the project uncategorized" in told
    assert mlops.get_run("lost").data.metrics == {"loss": 1.0}
    assert mlops.import_wandb(tmp_path).points.new == 0


def test_what_cannot_be_kept_is_told_and_the_rest_is_there(tmp_path: Path) -> None:
    image = {"_type": "image-file", "path": "../../../secret.png"}
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    broken = field(2, field(1, field(2, "loss") + field(16, "{no json")))
    offline(tmp_path, [run_record(**{"a.b": 1, "a": {"b": 2}, "x" * 501: 1}), history(0, loss=1.0, img=image, **{"bad\nkey": 1}), broken,
                       history(1, loss="NaN", huge=10**400, table={"_type": "table-file", "path": "none"}), EXIT])  # fmt: skip
    report = mlops.import_wandb(tmp_path)
    run = mlops.get_run("x")
    assert run.data.params == {"a.b": "1"}
    assert math.isnan(run.data.metrics["loss"]) and run.data.metrics["huge"] == math.inf
    told = "\n".join(report.problems)
    for what in ("is there twice", "more than 500 bytes", "secret.png is not in the folder", "control characters", "is no JSON",
                 "none is not in"):  # fmt: skip
        assert what in told, (what, told)
    assert mlops.media_history("x") == []


def test_what_was_cut_short_goes_on(wandb: Path) -> None:
    code = """
        import os, sys
        from mlops._mlflow_import import _write
        def die(*_):
            os.kill(os.getpid(), 9)
        setattr(_write.Writer, sys.argv[2], die)
        import mlops
        mlops.import_wandb(sys.argv[1])
    """
    for method in ("_texts", "_points", "_log_files"):
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(wandb), method], check=False, timeout=60)
        assert done.returncode == -9
    report = mlops.import_wandb(wandb)
    assert (report.runs.kept, report.points.kept, report.files.kept) == (1, report.points.found, report.files.found)
    assert (mlops.get_run(RUN).info.status, len(mlops.MlflowClient().get_metric_history(RUN, "loss"))) == ("FAILED", 81)


def test_what_is_nothing_of_wandbs_is_refused(tmp_path: Path, store: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        mlops.import_wandb(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidArgument, match="no runs of W&B's"):
        mlops.import_wandb(tmp_path / "empty")
    (tmp_path / "text.wandb").write_text("a text that is no such file")
    with pytest.raises(InvalidArgument, match="does not begin with"):
        mlops.import_wandb(tmp_path / "text.wandb")
    (tmp_path / "new.wandb").write_bytes(framed([])[:6] + b"\x01")
    with pytest.raises(InvalidArgument, match="version 1"):
        mlops.import_wandb(tmp_path / "new.wandb")
    assert not store.exists()


def test_the_command_says_what_was_found_and_kept(wandb: Path, tmp_path: Path) -> None:
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "mlops", *words], capture_output=True, text=True, timeout=60, check=False)

    done = run("import", "wandb", str(wandb), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["runs"]["kept"], told["complete"]) == (1, 1, False), done.stderr
    second = ("--store", str(tmp_path / "second"))
    shown = run(*second, "import", "wandb", str(wandb), "--experiment", "mine", "--outside")
    assert "runs                           1           1           1" in shown.stdout, shown.stdout + shown.stderr
    assert "first" in run(*second, "runs", "list", "--experiment", "mine").stdout
    missing = run("import", "wandb", "none")
    assert (missing.returncode, missing.stderr[:6]) == (2, "error:")
    assert "--outside" in run("import", "wandb", "--help").stdout


def test_a_record_with_fields_of_later_versions_is_read() -> None:
    later = field(500, "new") + field(501, 7) + field(502, 1.5) + history(3, loss=1.0)
    assert read(later, RECORD)["history"]["item"][0]["value_json"] == "3"
    assert [name for record in whole() for name in read(record, RECORD)].count("history") == 83


def test_hostile_values_cost_themselves_only(tmp_path: Path) -> None:
    deep = "[" * 100_000
    nested = b"".join(field(2, "k") for _ in range(5000)) + field(16, "1")
    bins = {"_type": "histogram", "values": [1, 2], "packedBins": {"min": 0, "size": 1, "count": 1e15}}
    bad = {"_type": "histogram", "values": "no", "packedBins": {"min": "x"}}
    dicts: Any = 1
    for _ in range(150):
        dicts = {"d": dicts}
    given = [
        run_record(half="\ud800", deep=dicts), history(0, loss=1.0, bins=bins, bad=bad), field(2, field(1, field(2, "a") + field(16, deep))),
        field(2, field(1, nested)), field(3, field(1, field(1, "sum") + field(16, json.dumps(dicts)))), field(10, field(1, "a" * 70_000)),
        field(8, field(5, "../../x") + field(12, field(4, field(1, "../../../y") + field(6, "/etc/passwd")))), b"\x0b\x0c", b"\xff" * 20, EXIT,
    ]  # fmt: skip
    report = mlops.import_wandb(offline(tmp_path, given), outside=True)
    run = mlops.get_run("x")
    assert (run.info.status, run.data.metrics, run.data.params["half"]) == ("FINISHED", {"loss": 1.0}, "?")
    assert [point.load() for point in mlops.media_history("x")] == [mlops.Histogram(edges=[0, 1, 2], counts=[1, 2])]
    assert {file.path for file in mlops.MlflowClient().list_artifacts("x")} == {"media"}
    assert mlops.import_wandb(tmp_path / "wandb").points.new == 0
    assert len(report.problems) >= 6
