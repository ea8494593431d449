"""Exports as plain files: other tools read them, and they come back as they were."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars
import pyarrow.parquet as pq
import pytest

import mlops
from mlops.exceptions import AlreadyExists, Corrupt, Denied, InvalidArgument


def logged() -> str:
    mlops.set_experiment("churn")
    with mlops.start_run(run_name="größe", description="a note") as run:
        mlops.log_params({"depth": 6, "rate": 1e-5, "name": "", "flag": True, "none": None})
        mlops.log_series("loss", [0.5, math.nan, -math.inf, math.inf])
        mlops.log_metric("acc", 0.25, step=7)
        mlops.log_text("notes", "folder/notes.txt")
        mlops.set_tag("team", "growth")
    return run.info.run_id


def test_pyarrow_reads_the_tables(tmp_path: Path) -> None:
    run_id = logged()
    report = mlops.export_files(tmp_path / "plain")
    assert (report.runs, report.points, report.artifacts, report.dry_run) == (1, 5, 1, False)
    assert Path(report.path) == tmp_path / "plain"
    runs = pq.read_table(tmp_path / "plain/runs.parquet").to_pylist()
    assert [(run["run_id"], run["experiment"], run["name"], run["status"], run["notes"]) for run in runs] == [
        (run_id, "churn", "größe", "FINISHED", "a note")
    ]
    assert runs[0]["started_at"] == mlops.get_run(run_id).info.started_at
    params = {row["key"]: row for row in pq.read_table(tmp_path / "plain/params.parquet").to_pylist()}
    assert {key: row["value"] for key, row in params.items()} == mlops.get_run(run_id).data.params
    assert (params["rate"]["number"], params["rate"]["type"], params["none"]["number"]) == (1e-5, "float", None)
    loss = pq.read_table(tmp_path / "plain/metrics.parquet", filters=[("key", "=", "loss")])
    values = loss["value"].to_pylist()
    assert loss["value"].null_count == 0 and math.isnan(values[1]) and values[2:] == [-math.inf, math.inf]
    assert loss["step"].to_pylist() == [0, 1, 2, 3]
    artifact = pq.read_table(tmp_path / "plain/artifacts.parquet").to_pylist()[0]
    assert (tmp_path / "plain" / artifact["file"]).read_text() == "notes"
    manifest = json.loads((tmp_path / "plain/manifest.json").read_text())
    assert manifest["format"] == 1 and manifest["counts"]["metrics"] == 5
    names = {file["path"] for file in manifest["files"]}
    there = {path.relative_to(tmp_path / "plain").as_posix() for path in (tmp_path / "plain").rglob("*") if path.is_file()}
    assert names | {"manifest.json"} == there


def test_polars_reads_the_tables(tmp_path: Path) -> None:
    run_id = logged()
    mlops.export_files(tmp_path / "plain")
    metrics = polars.read_parquet(tmp_path / "plain/metrics.parquet")
    assert metrics.filter(polars.col("key") == "acc").select("run_id", "step", "value").rows() == [(run_id, 7, 0.25)]
    assert metrics["value"].is_nan().sum() == 1 and metrics["value"].null_count() == 0
    assert str(metrics.schema["timestamp"]) == "Datetime(time_unit='us', time_zone='UTC')"
    for file in (tmp_path / "plain").glob("*.parquet"):
        assert polars.read_parquet(file).height == pq.read_table(file).num_rows, file.name


def test_models_are_folders_and_rows(tmp_path: Path) -> None:
    run_id = logged()
    client = mlops.MlflowClient()
    client.create_registered_model("fraud")
    client.create_model_version("fraud", f"runs:/{run_id}/folder", run_id)
    client.set_registered_model_alias("fraud", "champion", "1")
    report = mlops.export_files(tmp_path / "plain")
    assert report.model_versions == 1
    assert (tmp_path / "plain/registered_models/fraud/1/notes.txt").read_text() == "notes"
    aliases = pq.read_table(tmp_path / "plain/registered_model_aliases.parquet").to_pylist()
    assert [(row["name"], row["alias"], row["version"]) for row in aliases] == [("fraud", "champion", 1)]
    mlops.set_tracking_uri(tmp_path / "other")
    again = mlops.import_runs(tmp_path / "plain")
    assert again.registered_models.new == ("fraud",) and "registered models: 1 new" in repr(again)
    assert mlops.MlflowClient().get_model_version_by_alias("fraud", "champion").run_id == run_id


def test_runs_come_back_as_they_were(tmp_path: Path) -> None:
    run_id = logged()
    before = mlops.get_run(run_id)
    history = mlops.MlflowClient().get_metric_history(run_id, "loss")
    mlops.export_files(tmp_path / "plain", experiment_names=["churn"])
    mlops.set_tracking_uri(tmp_path / "other")
    assert mlops.import_runs(tmp_path / "plain", dry_run=True).new == (run_id,)
    assert mlops.import_runs(tmp_path / "plain").new == (run_id,)
    after = mlops.get_run(run_id)
    assert (after.data.params, after.data.tags, after.info.status) == (
        before.data.params,
        before.data.tags,
        before.info.status,
    )
    again = mlops.MlflowClient().get_metric_history(run_id, "loss")
    assert repr([(point.step, point.timestamp, point.value) for point in again]) == repr(
        [(point.step, point.timestamp, point.value) for point in history]
    )
    assert mlops.import_runs(tmp_path / "plain").unchanged == 1


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    logged()
    mlops.export_files(tmp_path / "plain")
    with pytest.raises(AlreadyExists, match="overwrite"):
        mlops.export_files(tmp_path / "plain")
    assert mlops.export_files(tmp_path / "plain", overwrite=True).runs == 1
    with pytest.raises(InvalidArgument, match="run_ids is empty"):
        mlops.export_files(tmp_path / "other", run_ids=[])
    damaged = tmp_path / "plain/params.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    mlops.set_tracking_uri(tmp_path / "new")
    with pytest.raises(Corrupt, match="params.parquet"):
        mlops.import_runs(tmp_path / "plain")
    assert mlops.search_runs(search_all_experiments=True, output_format="list") == []


def governed(monkeypatch: pytest.MonkeyPatch) -> mlops.Registry:
    monkeypatch.setenv("MLOPS_ACTOR", "ada")
    client, registry = mlops.MlflowClient(), mlops.registry()
    client.create_registered_model("fraud")
    for _ in range(3):
        client.create_model_version("fraud", "s3://models/fraud")
    registry.set_policy({"approvals": 1, "self_approval": False, "gate": "auc"}, "fraud")
    registry.record_gate_result("fraud", 1, None, "pass", "auc", report={"metrics": {"auc": 0.9}})
    registry.approve("fraud", 1, actor="bob")
    registry.promote("fraud", 1)
    registry.request_approval("fraud", 2)
    registry.delete_version("fraud", 3, reason="a mistake")
    return registry


def answers(registry: mlops.Registry) -> list[object]:
    versions = [
        (registry.status("fraud", number), registry.card("fraud", number).json, str(registry.why("fraud", number)))
        for number in (1, 2)
    ]
    log = [registry.head(), registry.verify(registry.head()), list(registry.events())]
    return [versions, log, registry.pending(), registry.deleted_versions("fraud"), registry.policies_toml()]


def test_a_registry_with_rules_comes_back_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    was = answers(governed(monkeypatch))
    logged()
    mlops.export_files(tmp_path / "plain")
    policies = pq.read_table(tmp_path / "plain/registry_policies.parquet").to_pylist()
    assert [(row["model"], row["stage"]) for row in policies] == [("fraud", "Production")]
    assert json.loads(policies[0]["fields"])["approvals"] == 1
    approvals = pq.read_table(tmp_path / "plain/model_version_approvals.parquet").to_pylist()
    assert [(row["version"], row["decision"], row["actor"]) for row in approvals] == [
        (1, "approved", "bob"),
        (2, "requested", "ada"),
    ]
    mlops.set_tracking_uri(str(tmp_path / "again"))
    report = mlops.import_runs(tmp_path / "plain")
    assert (report.registered_models.new, report.registered_models.notes) == (("fraud",), ())
    assert answers(mlops.registry()) == was


def test_no_policy_is_gone_around_by_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    governed(monkeypatch)
    logged()
    mlops.export_files(tmp_path / "plain")
    mlops.set_tracking_uri(str(tmp_path / "guarded"))
    registry = mlops.registry()
    registry.set_policy({"approvals": 1, "self_approval": False})
    report = mlops.import_runs(tmp_path / "plain")
    reasons = [note.reason for note in report.registered_models.notes if note.model == "fraud"]
    assert "approvals" in reasons[0] and "policies there did not come" in reasons[1]
    assert registry.status("fraud", 1)["version"]["stage"] == "None"
    with pytest.raises(Denied, match="made the version"):
        registry.approve("fraud", 1, actor="ada")
