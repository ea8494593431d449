"""Single ``log_metric`` calls, each timed alone, while something else goes on, in a process of its own.

    python calls.py SIDE FOLDER measure CONDITION COUNT BYTES    what they took, as a line of JSON
    python calls.py SIDE FOLDER log                              one of a crowd: a point every millisecond until its
                                                                 input ends; prints how many were read back

On our side ``os.write`` of BYTES bytes to a file has its turn too, in the same process."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from work import check

TURNS = 20
PACE = 0.001
Call = Callable[[int], object]


class Mlops:
    """A run of ours."""

    def __init__(self, folder: Path) -> None:
        import mlops

        mlops.set_tracking_uri(folder / "store")
        self.api: Any = mlops
        self.run = mlops.start_run()

    def log(self, step: int) -> None:
        """Logs a point."""
        self.api.log_metric("loss", 0.5, step=step)

    def end(self) -> int:
        """Ends the run; how many points there are."""
        self.api.end_run()
        return len(self.api.MlflowClient().get_metric_history(self.run.info.run_id, "loss"))


class Mlflow(Mlops):
    """The same on MLflow."""

    def __init__(self, folder: Path) -> None:
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        self.api = mlflow
        self.run = mlflow.start_run()


class Wandb:
    """The same on W&B, which writes a file of each run and needs no network for that."""

    def __init__(self, folder: Path) -> None:
        import wandb

        self.run = wandb.init(project="bench", dir=str(folder), mode="offline")

    def log(self, step: int) -> None:
        """Logs a point."""
        self.run.log({"loss": 0.5}, step=step)

    def end(self) -> int:
        """Ends the run; how many points stand in its file."""
        import wandb
        from wandb.proto.wandb_internal_pb2 import Record

        folder = Path(self.run.dir).parent
        self.run.finish()
        # Its own process writes the file, and has when it is gone.
        wandb.teardown()
        records = (Record.FromString(data) for data in wandb_records(next(folder.glob("*.wandb")).read_bytes()))
        return sum(record.WhichOneof("record_type") == "history" for record in records)


def wandb_records(data: bytes) -> Iterator[bytes]:
    """The records of a file of W&B: LevelDB's log format, in blocks of 32 KiB, behind a header of 7 bytes."""
    at, record = 7, b""
    while at + 7 <= len(data):
        if (left := -at % 32_768) in range(1, 7):
            at += left
            continue
        length, part = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if part in (1, 4):  # whole, or the last part
            yield record
            record = b""


SIDES: dict[str, type[Mlops] | type[Wandb]] = {"mlops": Mlops, "mlflow": Mlflow, "wandb": Wandb}


def measure(side: str, folder: Path, condition: str, count: int, size: int) -> None:
    """Times ``count`` calls and says what they took."""
    run = SIDES[side](folder)
    run.log(0)
    with busy_thread() if condition == "busy" else nothing():
        if side == "mlops":
            ours, plain = in_turn(
                run.log, folder / f"plain-{os.getpid()}", count, min(count, plain_calls(condition)), size
            )
            found = {"mlops": ours, "write": plain}
        else:
            found = {side: timed(run.log, range(1, count + 1))}
    check(run.end() == count + 1, f"the points of {side}")
    print(json.dumps({name: summary(times) for name, times in found.items()}), flush=True)


def plain_calls(condition: str) -> int:
    """``os.write`` lets go of the interpreter, and may wait milliseconds for the busy thread to give it back."""
    return 2_000 if condition == "busy" else sys.maxsize


def in_turn(log: Call, path: Path, count: int, plain: int, size: int) -> tuple[list[int], list[int]]:
    """Our calls and plain writes in turn."""
    record, ours, theirs = b"x" * size, [], []
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND)
    for turn in range(TURNS):
        ours += timed(log, range(1 + count * turn // TURNS, 1 + count * (turn + 1) // TURNS))
        theirs += timed(lambda _: os.write(file, record), range(plain * turn // TURNS, plain * (turn + 1) // TURNS))
    check(os.fstat(file).st_size == len(theirs) * size, "the bytes of a file")
    os.close(file)
    path.unlink()
    return ours, theirs


def timed(call: Call, steps: range) -> list[int]:
    """Nanoseconds of each call."""
    times, now = [], time.perf_counter_ns
    for step in steps:
        started = now()
        call(step)
        times.append(now() - started)
    return times


def summary(times: list[int]) -> dict[str, float]:
    """The median, and what one in a thousand takes longer than; of fewer it is the longest."""
    times = sorted(times)
    return {"median": times[len(times) // 2] / 1e9, "p999": times[len(times) * 999 // 1000] / 1e9, "count": len(times)}


@contextmanager
def busy_thread() -> Iterator[None]:
    """A second thread that computes in Python and never waits."""
    stop = threading.Event()

    def compute() -> None:
        number = 0
        while not stop.is_set():
            for _ in range(1000):
                number = (number * 31 + 7) % 1_000_003

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def nothing() -> Iterator[None]:
    """Nothing goes on beside."""
    yield


def log(side: str, folder: Path) -> None:
    """Logs at a steady pace until the input ends."""
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    run, step = SIDES[side](folder), 0
    print("logging", flush=True)
    while not ended.is_set():
        run.log(step)
        step += 1
        time.sleep(PACE)
    check(run.end() == step > 0, f"the points of another process of {side}")
    print(step, flush=True)


if __name__ == "__main__":
    if sys.argv[3] == "log":
        log(sys.argv[1], Path(sys.argv[2]))
    else:
        measure(sys.argv[1], Path(sys.argv[2]), sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
