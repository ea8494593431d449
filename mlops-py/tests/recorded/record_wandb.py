"""Records the folder `wandb` beside this file with W&B itself: `python record_wandb.py`, with wandb==0.31.0, Pillow and NumPy.

What says something about the machine is put in the place of what was recorded; all else is as W&B writes it. The expected
values stand in `test_wandb_import.py`."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

HERE = Path(__file__).parent


def run(folder: Path) -> None:
    """A run that logs what a run can log."""
    import numpy as np
    import wandb

    settings = wandb.Settings(root_dir=str(folder), host="node7", username="ada", email="ada@example.org", disable_git=True,
                              program="train.py", x_stats_sampling_interval=0.5, silent=True)  # fmt: skip
    (folder / "extra.txt").write_text("extra")
    (folder / "train.py").write_text("print('train')\n")
    one = wandb.init(project="demo", entity="team", group="night", job_type="train", name="first", notes="two\nlines",
                     tags=["baseline", "x"], id="abc12345", settings=settings, mode="offline",
                     config={"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}, "flag": True, "none": None, "n": 3})  # fmt: skip
    one.define_metric("acc", summary="max")
    one.define_metric("val/*", step_metric="epoch")
    print("hello from the run")
    for step in range(80):
        one.log({"loss": 1 / (step + 1), "acc": 0.8 - step / 100, "nested": {"a": {"b": step}}, "epoch": step, "val/x": step * 2})
    one.log({"nan": float("nan"), "inf": float("inf"), "ninf": float("-inf"), "true": True, "big": 10**30, "list": [1, 2], "note": "a text"})
    black, white = np.zeros((4, 4, 3), dtype=np.uint8), np.full((4, 4, 3), 255, dtype=np.uint8)
    one.log({
        "img": wandb.Image(black, caption="a black one"), "imgs": [wandb.Image(black), wandb.Image(white)],
        "hist": wandb.Histogram([1, 2, 2, 3], num_bins=4), "html": wandb.Html("<b>x</b>"),
        "tab": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2.5, None]]),
    })  # fmt: skip
    one.log({"loss": 0.01}, step=100)
    one.config.update({"lr": 0.2}, allow_val_change=True)
    one.summary["best"] = 0.9
    one.summary.update({"deep": {"q": 1}})
    one.alert("watch out", "the loss rises", level="WARN")
    one.save(str(folder / "extra.txt"), base_path=str(folder))
    artifact = wandb.Artifact("model", "model", metadata={"k": 1})
    artifact.add_file(str(folder / "extra.txt"))
    one.log_artifact(artifact)
    one.finish(exit_code=3)


def plain(record: "object") -> bool:
    """Takes the machine out of a record; False for one that is about nothing else."""
    kind = record.WhichOneof("record_type")  # type: ignore[attr-defined]
    if kind == "telemetry":
        return False
    if kind == "run":
        record.run.ClearField("telemetry")  # type: ignore[attr-defined]
    if kind == "environment":
        of = record.environment  # type: ignore[attr-defined]
        for name in ("disk", "memory", "cpu", "gpu_nvidia"):
            of.ClearField(name)
        if of.root:
            of.os, of.root, of.executable, of.python = "Linux", "/home/ada/project", "/usr/bin/python3", "CPython 3.11.7"
    if kind == "stats":
        kept = [(item.key, item.value_json) for item in record.stats.item if item.key in ("cpu", "memory_percent")]  # type: ignore[attr-defined]
        del record.stats.item[:]  # type: ignore[attr-defined]
        for key, value in kept:
            record.stats.item.add(key=key, value_json=value)  # type: ignore[attr-defined]
    if kind == "artifact":
        for entry in record.artifact.manifest.contents:  # type: ignore[attr-defined]
            entry.local_path = "/home/ada/.local/share/wandb/artifacts/staging/one"
    return True


def records(data: bytes) -> list[bytes]:
    """The records of a file."""
    found, at, parts = [], 7, b""
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)
        parts += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):
            found.append(parts)
            parts = b""
    return found


def framed(given: list[bytes]) -> bytes:
    """A file of these records, as W&B lays it out."""
    out = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for data in given:
        first = True
        while True:
            left = 32768 - len(out) % 32768
            if left < 7:
                out += bytes(left)
                continue
            part, data = data[: left - 7], data[left - 7 :]
            kind = (1 if not data else 2) if first else (4 if not data else 3)
            out += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
            first = False
            if not data:
                break
    return bytes(out)


def main() -> None:
    """Records, and puts the folder here."""
    from wandb.proto import wandb_internal_pb2

    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        run(Path(folder))
        (source,) = Path(folder, "wandb").glob("offline-run-*")
        kept = []
        for data in records((source / "run-abc12345.wandb").read_bytes()):
            record = wandb_internal_pb2.Record.FromString(data)
            if plain(record):
                kept.append(record.SerializeToString())
        to = HERE / "wandb" / "offline-run-20261127_120000-abc12345"
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(source / "files", to / "files", ignore=shutil.ignore_patterns("extra.txt", "code"))
        for page in (to / "files" / "media" / "html").glob("*.html"):
            # W&B adds a style from its servers.
            page.write_text("<b>x</b>")
        (to / "files" / "requirements.txt").write_text("numpy==2.4.6\nwandb==0.31.0\n")
        (to / "run-abc12345.wandb").write_bytes(framed(kept))


if __name__ == "__main__":
    main()
