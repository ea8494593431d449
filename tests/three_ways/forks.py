"""Runs programs that use one module, each in a process and a folder of its own.

    python forks.py mlflow|mlops SCRATCH JOBS PROGRAM...

imports the module and what programs use beside it once, which takes seconds, and forks for each program.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

from ways import common, new_database, said, source_of, store, ways_of

# What programs and MLflow import while they run.
BESIDE = (
    "numpy",
    "pandas",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "xgboost",
    "matplotlib.pyplot",
)
OF_MLFLOW = ("mlflow.sklearn", "mlflow.xgboost", "mlflow.pyfunc", "mlflow.store.tracking.sqlalchemy_store")


def make_database(path: Path) -> None:
    """A database of MLflow's with all tables and nothing in it."""
    from mlflow.tracking import MlflowClient

    os.chdir(path.parent)
    MlflowClient(f"sqlite:///{path}.part").search_experiments()
    os.rename(f"{path}.part", path)


def run(program: Path, way: str, scratch: Path) -> int:
    """Runs a program in this process and gives the status that it ends with."""
    folder = scratch / f"{program.stem}.{way}"
    folder.mkdir()
    os.environ.update(store(way, folder, new_database(scratch)))
    os.chdir(folder)
    for stream, ending in ((1, "out"), (2, "err")):
        os.dup2(os.open(said(scratch, program, way, ending), os.O_WRONLY | os.O_CREAT, 0o600), stream)
    started, status = time.monotonic(), 0
    # There, so that nobody finds the repository of this file and notes its commit.
    script = folder / program.name
    script.write_text(source_of(program, way), encoding="utf-8")
    sys.argv = [str(script)]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    said(scratch, program, way, "end").write_text(f"{status} {time.monotonic() - started:.1f}")
    return status


def main(module: str, scratch: Path, jobs: int, programs: list[Path]) -> int:
    """Forks for each program and way, at most ``jobs`` at once. A child leaves this function with its own status."""
    for name in list(os.environ):
        if name.startswith(("MLOPS", "MLFLOW")):
            del os.environ[name]
    os.environ.update(common(scratch))
    for name in (module, *BESIDE, *(OF_MLFLOW if module == "mlflow" else ())):
        import_module(name)
    if module == "mlops":
        # A program that reached MLflow by some other path would prove nothing.
        sys.modules["mlflow"] = None  # type: ignore[assignment]
    else:
        if os.fork() == 0:
            make_database(new_database(scratch))
            return 0
        if os.wait()[1]:
            return 1
    wanted = [(program, way) for program in programs for way in ways_of(program) if (way == "import") == (module == "mlops")]
    running = 0
    for program, way in wanted:
        if running == jobs:
            os.wait()
            running -= 1
        if os.fork() == 0:
            return run(program, way, scratch)
        running += 1
    while running:
        os.wait()
        running -= 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), [Path(name) for name in sys.argv[4:]]))
