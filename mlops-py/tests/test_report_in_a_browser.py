"""A report in a real browser, where one is installed: it draws, complains of nothing, and runs nothing that was stored."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import mlops

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
# Each piece would leave the mark in the page if it ran.
MARK = "document.documentElement.setAttribute('data-ran','1')"
EVIL = f"</script><script>{MARK}</script><img src=x onerror=\"{MARK}\"><svg onload=\"{MARK}\">"
SVG = f'<svg xmlns="s" onload="{MARK}"><script>{MARK}</script></svg>'.replace('"s"', '"http://www.w3.org/2000/svg"')

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser is installed")


def opened(page: Path, folder: Path) -> tuple[str, str]:
    """The page as the browser has it once its script has run, and what the browser says about it."""
    assert BROWSER is not None
    options = ["--headless", "--disable-gpu", "--enable-logging=stderr", "--v=0", f"--user-data-dir={folder}"]
    options += ["--virtual-time-budget=3000", "--dump-dom"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    command = [BROWSER, *options, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def test_a_report_draws_and_runs_nothing_that_was_stored(tmp_path: Path) -> None:
    runs = []
    for depth in (1, 2, 3):
        with mlops.start_run(run_name=f"{EVIL}{depth}", description=EVIL, tags={EVIL: EVIL}) as run:
            mlops.log_params({EVIL: f"{EVIL}{depth}", "depth": depth, "__proto__": depth})
            mlops.log_series(EVIL, [1.0, float("nan"), float("inf"), depth])
            mlops.log_series("loss", [1 / (step + depth) for step in range(100)])
            mlops.log_series("extreme", [1.7e308, -1.7e308, 5e-324])
            mlops.log_text(SVG, "plots/evil.svg")
            runs.append(run)
    mlops.report(runs, tmp_path / "report.html", title=EVIL)
    page, said = opened(tmp_path / "report.html", tmp_path / "profile")
    assert said == ""
    assert "data-ran" not in page.split("<head", maxsplit=1)[0]
    drawn = re.findall(r'<path d="M[^"]*" class="stroke bold', page)
    assert len(drawn) == 9, f"{len(drawn)} curves"
    assert not any("NaN" in path for path in drawn)
    assert page.count('class="stroke thread') == 3, "parallel coordinates"
    assert page.count('src="data:image/svg+xml;base64,') == 3, "images"
    assert "9 points are NaN or infinite" not in page and "6 points are NaN or infinite: gaps." in page
