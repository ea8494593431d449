"""Everything in README.md and the guides that a reader can copy does what it says.

The Rust snippet is an example that tests/docs.rs compares; those in C and C++ are compiled in mlops-ffi/tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shown import blocks, shape, shown

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [
    *("tracking", "models", "logged-models", "registry", "gate", "autolog", "series", "search", "sweeps", "report", "moving", "processes"),
    *("durability", "mlflow", "wandb", "c"),
]
PAGES = ["README.md", *(f"docs/guide/{guide}.md" for guide in GUIDES)]
# The two commands that take minutes: CI runs the second, and the first is what the text block shows.
LONG = {"make quickstart", "make test"}
ELSEWHERE = {"rust", "c", "cpp"}


def run(command: list[str], folder: Path, text: str | None = None) -> str:
    """Runs a command in a folder with a store of its own and gives what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS", "MLFLOW"))}
    environment["MLFLOW_DISABLE_TELEMETRY"] = "true"
    environment["MLOPS_STORE"] = str(folder / ".mlops")
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    done = subprocess.run(command, cwd=folder, env=environment, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def python(session: str, folder: Path) -> None:
    """Runs a session. Warnings are errors, but MLflow's of what it imports itself."""
    warnings = "ignore" if re.search(r"^import mlflow$", session, re.MULTILINE) else "error"
    run([sys.executable, "-W", warnings, "-"], folder, session)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_can_be_copied(page: str, tmp_path: Path) -> None:
    found = blocks(ROOT / page)
    assert found, f"{page} has no blocks"
    # A reader types the blocks one after the other into one session; it begins again after a command.
    session, waiting = "", False
    for language, text in found:
        if language == "python":
            session, waiting = session + text, True
        elif language in {"sh", "bash"}:
            if waiting:
                python(session, tmp_path)
                waiting = False
            for line in text.splitlines():
                if line in LONG:
                    assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
                else:
                    assert run(["sh", "-c", line], tmp_path), f"{line} prints nothing"
        else:
            assert language in ELSEWHERE | {"text"}, f"{page}: nobody runs {language!r}"
    if waiting:
        python(session, tmp_path)


def test_the_readme_shows_what_the_quickstart_prints(tmp_path: Path) -> None:
    printed = run([sys.executable, str(ROOT / "examples/python/quickstart.py")], tmp_path)
    assert shape(shown(ROOT / "README.md")) == shape(printed), f"README.md shows something else than:\n{printed}"


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), f"{page.relative_to(ROOT)}: {link}"
