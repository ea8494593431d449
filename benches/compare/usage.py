"""What things take: bytes of folders and packages, seconds of processes."""

from __future__ import annotations

import importlib.metadata
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path


def folder_bytes(folder: Path, but: str = "") -> int:
    """The sizes of all files beneath a folder, but for those in folders named ``but``."""
    files = [path for path in folder.rglob("*") if path.is_file() and but not in path.relative_to(folder).parts]
    return sum(path.stat().st_size for path in files)


def package_bytes(name: str) -> tuple[int, int]:
    """Bytes and number of the installed packages that a package needs, itself included."""
    from packaging.requirements import Requirement

    seen: set[str] = set()
    pending = [name]
    total = 0
    while pending:
        package = pending.pop().lower().replace("_", "-")
        if package in seen:
            continue
        seen.add(package)
        found = importlib.metadata.distribution(package)
        files = [str(found.locate_file(file)) for file in found.files or []]
        total += sum(os.path.getsize(file) for file in files if os.path.isfile(file))
        needed = [Requirement(line) for line in found.requires or []]
        pending += [need.name for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})]
    return total, len(seen)


IMPORT = """
import sys, time
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) * 1024
modules, memory, cpu, wall = set(sys.modules), resident(), time.process_time(), time.perf_counter()
import {module}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
loaded = len(set(sys.modules) - modules)
print(wall, cpu, loaded, resident() - memory)
"""


def imported(module: str) -> dict[str, float]:
    """What an import takes in a fresh process: seconds, modules and bytes of memory."""
    command = [sys.executable, "-c", IMPORT.format(module=module)]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()
    return {"units": 1, **{what: float(number) for what, number in zip(("wall", "cpu", "modules", "memory"), said)}}


def sync_seconds(folder: Path) -> float:
    """The median time of forcing 4 KiB to the disk."""
    path, times = folder / "sync", []
    with open(path, "wb") as file:
        for _ in range(51):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(times)
