"""Ctrl-C to a program that draws resamples."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


def ends_by_ctrl_c(script: str, folder: Path) -> bool:
    """Whether a script that prints ``begun``, and ``interrupted`` where it catches KeyboardInterrupt, ends by one."""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=folder) as running:
        assert running.stdout is not None and running.stdout.readline() == "begun\n"
        while running.poll() is None:
            # Whatever it does by now: it ends by the first that comes while rows are drawn.
            running.send_signal(signal.SIGINT)
            try:
                running.wait(timeout=1)
            except subprocess.TimeoutExpired:
                continue
        said = running.stdout.read()
    return said == "interrupted\n" or running.returncode == -signal.SIGINT
