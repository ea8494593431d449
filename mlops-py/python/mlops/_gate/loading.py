"""What loading a model costs, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from .. import _native, _state
from .._registry import download
from ..exceptions import InvalidState
from .models import Side

# In seconds.
_PATIENCE = 600
# The most memory is what the kernel knows of the process; the parent's counts in ru_maxrss, and not in VmHWM.
_PROGRAM = """
import json, sys, time
begun = time.perf_counter()
from mlops import pyfunc
model = pyfunc.load_model(sys.argv[1], trust=True)
taken = time.perf_counter() - begun
try:
    with open("/proc/self/status") as status:
        most = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
except (OSError, StopIteration):
    import resource
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([taken, most]))
"""


def files(side: Side, into: str) -> str | None:
    """A folder with the files of the model; None for one that has none that are known."""
    uri = side.uri
    if uri is not None and uri.startswith("models:"):
        found = download(_state.store(), uri, into)
        if not isinstance(found, str):
            return found[0]
        # A version of what is elsewhere.
        uri = found
    if uri is not None and uri.startswith("runs:"):
        # A copy: a store that nobody else can open is no matter to the process that loads it.
        return os.fspath(_native.download_model(_state.store(), uri, into))
    return None if uri is None else uri.removeprefix("file://")


def size_of(folder: str) -> float:
    """The bytes of all files beneath a folder."""
    found = 0
    for place, _, names in os.walk(folder):
        found += sum(os.lstat(os.path.join(place, name)).st_size for name in names)
    return float(found)


def loaded_alone(side: Side, folder: str) -> tuple[float, float]:
    """Seconds and bytes that loading takes in a fresh process. The model was loaded here before, so that it is trusted."""
    with tempfile.TemporaryDirectory(prefix="mlops-gate-") as place:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, folder],
            capture_output=True, text=True, timeout=_PATIENCE, check=False, cwd=place,
        )  # fmt: skip
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise InvalidState(f"{side.what} cannot be loaded in a process of its own: {said[:300]}")
    taken, most = json.loads(done.stdout.splitlines()[-1])
    return float(taken), float(most)
