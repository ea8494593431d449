"""Processes that add rows to one table of one run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import mlops
from conftest import python_command

ADD = """
import sys
import mlops

run, name = sys.argv[1:]
client = mlops.MlflowClient()
for row in range(15):
    client.log_table(run, {"who": [name], "row": [row]}, "rows.json")
client.log_table(run, {"who": [name]}, f"{name}.json")
"""


def test_no_row_is_lost_that_processes_add_to_one_table(store: Path) -> None:
    with mlops.start_run() as run:
        command = python_command(ADD)
        names = ["a", "b", "c"]
        children = [subprocess.Popen([*command, run.info.run_id, name]) for name in names]
        assert [child.wait(timeout=120) for child in children] == [0, 0, 0]
    rows = mlops.load_table("rows.json", [run.info.run_id])
    assert sorted(zip(rows["who"], rows["row"])) == sorted((name, row) for name in names for row in range(15))
    for name in names:
        assert list(mlops.load_table(f"{name}.json", [run.info.run_id])["who"]) == [name]
