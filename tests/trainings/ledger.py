"""What a training says that it logged: a line of JSON for each call, written when the call has returned.

The lines of all trainings stand in one file, which tests compare with the store. A line is one write, so that those of
many processes do not mix, and what a killed process said stays.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any


def say(kind: str, run_id: str, **what: Any) -> None:
    """Writes a line."""
    line = json.dumps({"kind": kind, "run": run_id, "process": os.getpid(), **what}) + "\n"
    file = os.open(os.environ["TRAININGS_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def ready() -> None:
    """Says that the training is about to log, and waits until all are: then they log at once."""
    say("ready", "", program=os.path.basename(sys.argv[0]))
    sys.stdin.readline()


def begun(run_id: str, experiment: str, params: Mapping[str, Any], parent: str | None = None) -> None:
    """A run was started and its params were logged."""
    say("begun", run_id, experiment=experiment, parent=parent)
    for key, value in params.items():
        # The text of a param is that of Python, and only numbers are compared as numbers.
        number = isinstance(value, int | float) and not isinstance(value, bool)
        say("param", run_id, key=key, text=str(value), number=value if number else None)


def points(run_id: str, values: Mapping[str, float], step: int) -> None:
    """Metrics of a step were logged in one call."""
    say("points", run_id, values=dict(values), step=step)


def artifact(run_id: str, path: str, content: bytes) -> None:
    """A file was logged."""
    import hashlib

    say("artifact", run_id, path=path, sha256=hashlib.sha256(content).hexdigest())


def ended(run_id: str, status: str = "FINISHED") -> None:
    """A run ended so, or will when its process ends."""
    say("ended", run_id, status=status)
