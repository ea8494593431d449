"""The three ways in which a program runs, and where a run of it leaves what it said."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
# Programs that speak HTTP to a server of MLflow.
SERVED = HERE / "served"
# Plain MLflow over a database; MLflow over `mlops:`; mlops in the place of MLflow.
WAYS = ("plain", "plugin", "import")


def ways_of(program: Path) -> list[str]:
    """The ways of a program: all, but where a comment names those that there are, as `# ways: plain plugin`."""
    if program.parent == SERVED:
        return ["plain", "plugin"]
    named = re.search(r"^# ways: (.*)$", program.read_text(encoding="utf-8"), re.MULTILINE)
    ways = named[1].split() if named else list(WAYS)
    unknown = set(ways) - set(WAYS)
    if unknown:
        raise ValueError(f"{program} names ways that are none: {sorted(unknown)}; there are {WAYS}")
    return ways


def source_of(program: Path, way: str) -> str:
    """The text of a program, in the third way with its imports of MLflow changed and nothing else."""
    text = program.read_text(encoding="utf-8")
    if way == "import":
        text = re.sub(r"^import mlflow$", "import mlops as mlflow", text, flags=re.MULTILINE)
        text = re.sub(r"^from mlflow\b", "from mlops", text, flags=re.MULTILINE)
    return text


def store(way: str, folder: Path, new_database: Path) -> dict[str, str]:
    """The variables that give a program a store of its own in ``folder``."""
    if way == "import":
        return {"MLOPS_STORE": str(folder / "store")}
    if way == "plugin":
        return {"MLFLOW_TRACKING_URI": f"mlops:{folder / 'store'}"}
    database = folder / "mlflow.db"
    shutil.copy(new_database, database)
    changed = sqlite3.connect(database)
    with changed:
        # MLflow notes where files of the experiment Default go when it makes a database.
        changed.execute("UPDATE experiments SET artifact_location = ?", (str(folder / "mlruns" / "0"),))
    changed.close()
    return {"MLFLOW_TRACKING_URI": f"sqlite:///{database}"}


def common(scratch: Path) -> dict[str, str]:
    """The variables that every program gets."""
    return {
        "MLOPS_CONFIG_DIR": str(scratch / "config"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "GIT_PYTHON_REFRESH": "quiet",
    }


def new_database(scratch: Path) -> Path:
    """Where the database is that all programs of the way ``plain`` begin with: making one takes seconds."""
    return scratch / "new.db"


def said(scratch: Path, program: Path, way: str, ending: str) -> Path:
    """The file with what a program printed (``out``), said on stderr (``err``), or how it ended (``end``)."""
    return scratch / f"{program.stem}.{way}.{ending}"
