"""Compares what an example prints with what the documentation shows.

    python tests/readme/shown.py PAGE < printed

PAGE is a page of Markdown or the source of a Rust example: its first block of text is what is shown; without one,
nothing may be printed. Then runs the commands that were printed, the indented lines: each must answer.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def blocks(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page or of the comment at the head of a Rust file: language and text."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".rs":
        text = "".join(line[4:] or "\n" for line in text.splitlines(keepends=True) if line.startswith("//!"))
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shown(page: Path) -> str:
    """What a page says that is printed."""
    return next((text for language, text in blocks(page) if language == "text"), "")


def shape(text: str) -> list[str]:
    """A text without what differs between machines: numbers, ids, generated names, times, paths, widths."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r"\b([0-9a-f]{8}|[0-9a-f]{32})\b", "ID", line)
        line = re.sub(r"\b[a-z]+-[a-z]+-\d+\b", "NAME", line)
        line = re.sub(r"[\w.~-]*(/[\w.~-]+)+", "PATH", line)
        line = re.sub(r"\d[\d.:,e+-]*", "N", line)
        lines.append(re.sub(r"\s+", " ", line).strip())
    return [line for line in lines if line]


def main(page: str) -> None:
    """Compares, and runs the commands."""
    printed = sys.stdin.read()
    if shape(printed) != shape(shown(Path(page))):
        sys.exit(f"{page} shows something else than what was printed:\n{shown(Path(page))}")
    for command in re.findall(r"^  (\S*mlops .*)$", printed, re.MULTILINE):
        done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode or not done.stdout:
            sys.exit(f"what was printed does not work: {command}")
        print("   ", command, "->", len(done.stdout.splitlines()), "lines")


if __name__ == "__main__":
    main(*sys.argv[1:])
