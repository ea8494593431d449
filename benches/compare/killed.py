"""What was acknowledged survives kill -9: a child logs and says so after every call, is killed, and the store is read.

    python killed.py FOLDER        is the child"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

from work import check, loss


def verify(folder: Path, rounds: int) -> int:
    """Kills ``rounds`` children at random calls and returns how many acknowledged calls were read back."""
    import mlops

    total = 0
    chance = random.Random(7)
    for number in range(rounds):
        store = folder / f"store-{number}"
        child = subprocess.Popen([sys.executable, __file__, str(store)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        lines = [child.stdout.readline() for _ in range(chance.randrange(1, 20_000))]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines()
        child.wait()
        acknowledged = int(lines[-1]) + 1

        mlops.set_tracking_uri(store)
        steps, _, values = mlops.get_metric_series(run_id, "loss")
        params = mlops.get_run(run_id).data.params
        check(len(values) >= acknowledged and len(params) >= acknowledged, "acknowledged calls after kill -9")
        check(list(steps) == list(range(len(values))), "steps after kill -9")
        check(all(value == loss(step) for step, value in zip(steps, values)), "values after kill -9")
        check(all(params[f"param_{step}"] == str(step) for step in range(acknowledged)), "params after kill -9")
        total += 2 * acknowledged
    return total


def log_until_killed(store: str) -> None:
    """Logs a point and a param, says so, and goes on."""
    import mlops

    mlops.set_tracking_uri(store)
    os.write(1, f"{mlops.start_run().info.run_id}\n".encode())
    for step in count():
        mlops.log_metric("loss", loss(step), step=step)
        mlops.log_param(f"param_{step}", step)
        os.write(1, b"%d\n" % step)


if __name__ == "__main__":
    log_until_killed(sys.argv[1])
