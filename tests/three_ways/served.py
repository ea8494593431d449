"""Runs programs against `mlflow server` over one kind of store.

python served.py plain|plugin SCRATCH PROGRAM...
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from ways import common, said

# How long a server may take to answer on a machine that is busy with other things, in seconds.
PATIENCE = 180


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(server: subprocess.Popen[bytes], url: str) -> bool:
    """Whether the server answers, asked as any client would."""
    ends = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < ends:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).read()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def main(way: str, scratch: Path, programs: list[Path]) -> int:
    """Starts the server, runs the programs one after the other, and ends the server."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = scratch / f"server.{way}"
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS", "MLFLOW"))}
    environment = {**kept, **common(scratch)}
    place = f"mlops:{folder / 'store'}" if way == "plugin" else f"sqlite:///{folder / 'mlflow.db'}"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", place, "--port", str(port), "--workers", "1"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        if not wait_for(server, url):
            print(f"the server over {place} does not answer:\n{(folder / 'log').read_text()}", file=sys.stderr)
            return 1
        for program in programs:
            started = time.monotonic()
            with said(scratch, program, way, "out").open("wb") as out, said(scratch, program, way, "err").open("wb") as err:
                ended = subprocess.run(
                    [sys.executable, program],
                    cwd=folder,
                    env={**environment, "MLFLOW_TRACKING_URI": url},
                    stdout=out,
                    stderr=err,
                    check=False,
                )
            said(scratch, program, way, "end").write_text(f"{ended.returncode} {time.monotonic() - started:.1f}")
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]]))
