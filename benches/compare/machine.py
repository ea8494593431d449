"""What the measurements were taken on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
import subprocess
from pathlib import Path

from usage import sync_seconds


def facts(folder: Path, load: tuple[float, float, float]) -> dict[str, str]:
    """The machine, its disk, the versions, and how busy it was before and after."""
    after = os.getloadavg()
    return {
        "processor": f"{_line('/proc/cpuinfo', 'model name') or platform.processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "disk": f"{_file_system(folder)}; forcing 4 KiB to it takes {sync_seconds(folder) * 1e3:.2f} ms (median of 51)",
        "system": f"{_system()}, Linux {platform.release()}" if platform.system() == "Linux" else platform.platform(),
        "versions": ", ".join(
            [
                f"mlops {importlib.metadata.version('mlops-embedded')}",
                f"MLflow {importlib.metadata.version('mlflow')}",
                f"SQLite {sqlite3.sqlite_version}",
                f"Python {platform.python_version()}",
                f"NumPy {importlib.metadata.version('numpy')}",
                f"scikit-learn {importlib.metadata.version('scikit-learn')}",
                _rust(),
            ]
        ),
        "load": f"{load[0]:.1f} before, {after[0]:.1f} after (mean of a minute, {os.cpu_count()} cores)",
    }


def _line(path: str, name: str) -> str:
    if not os.path.exists(path):
        return ""
    lines = Path(path).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _file_system(folder: Path) -> str:
    said = subprocess.run(["df", "--output=fstype", str(folder)], stdout=subprocess.PIPE, text=True).stdout.split()
    return said[-1] if said else "unknown file system"


def _rust() -> str:
    return " ".join(subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True).stdout.split()[:2])
