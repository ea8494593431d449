"""One piece of work on one side, in a process of its own: prints what it took as a line of JSON.

    python worker.py mlops|mlflow WORK FOLDER COUNT [WHICH]"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import fill
import work
from usage import folder_bytes


def main(side: str, name: str, folder: Path, count: int, *rest: str) -> None:
    """Does the work and says what it took."""
    api = importlib.import_module(side)
    location = folder / "store" if side == "mlops" else f"sqlite:///{folder / 'mlflow.db'}"
    api.set_tracking_uri(str(location))
    if name == "prepare":
        # In an experiment of its own, so that the runs of the work are alone in theirs.
        api.set_experiment("warm up")
        work.warm_up(api)
        return
    if name == "fill":
        fill.fill(api, folder, count)
        return
    if name != "search":
        api.set_experiment("work")
    before = folder_bytes(folder)
    taken = getattr(work, name)(api, count, *rest)
    print(json.dumps({**taken, "bytes_before": before}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
