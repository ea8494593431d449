"""``mlops.lineage``: what something was made of, and what was made of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mlops

COMMAND = str(Path(sys.executable).parent / "mlops")


def test_a_version_in_production_knows_its_run_and_data() -> None:
    numpy = pytest.importorskip("numpy")
    with mlops.start_run(run_name="parent") as parent, mlops.start_run(run_name="<b>child", nested=True) as run:
        mlops.log_input(mlops.data.from_numpy(numpy.ones((3, 2)), name="clients"), context="training")
        mlops.log_text("weights", "model/weights.txt")
    made = mlops.register_model(f"runs:/{run.info.run_id}/model", "fraud")
    registry = mlops.registry()
    registry.record_gate_result("fraud", 1, None, "pass", "auc")
    registry.approve("fraud", 1, actor="ada")
    registry.promote("fraud", 1)
    found = mlops.lineage("models:/fraud@production")
    nodes = {node["id"]: node for node in found.json["nodes"]}
    assert found.json["root"] == f"version:fraud/{made.version}" and found.to_dict() is found.json
    assert {f"run:{run.info.run_id}", f"run:{parent.info.run_id}", "stage:fraud/Production/"} <= set(nodes)
    assert [note.split(",")[0] for note in nodes["version:fraud/1"]["notes"]] == [
        "gate `auc`: pass against nothing",
        "approved for Production by ada",
    ]
    assert "dataset clients" in str(found) and repr(found) in str(found)
    html = found._repr_html_()
    assert "&lt;b&gt;child" in html and "<b>" not in html
    assert found.to_mermaid().startswith("flowchart LR\n") and "#60;b#62;child" in found.to_mermaid()
    (data,) = [node for node in nodes.values() if node["kind"] == "dataset"]
    assert f"version:fraud/{made.version}" in {node["id"] for node in mlops.lineage(data["id"]).json["nodes"]}
    done = subprocess.run(
        [COMMAND, "lineage", "fraud@production", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == found.json


def test_what_was_never_there_says_what_to_ask_for() -> None:
    mlops.MlflowClient().create_registered_model("fraud")
    with pytest.raises(mlops.exceptions.NotFound, match="fraud@5"):
        mlops.lineage("nobody")
    with pytest.raises(mlops.exceptions.NotFound):
        mlops.lineage("fraud@1")
