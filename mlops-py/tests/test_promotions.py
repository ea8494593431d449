"""What the registry guarantees beyond MLflow's calls."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import mlops
from mlops.exceptions import Conflict, Corrupt, Denied, InvalidArgument, NotFound, Stale


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> mlops.Registry:
    monkeypatch.setenv("MLOPS_ACTOR", "ada")
    client = mlops.MlflowClient()
    client.create_registered_model("fraud")
    for _ in range(3):
        client.create_model_version("fraud", "s3://models/fraud")
    return mlops.registry()


def live(slot: str = "") -> int | None:
    return mlops.MlflowClient().get_registered_model("fraud").slots[slot]["production"]


def test_a_version_is_promoted_and_gone_back_from(registry: mlops.Registry) -> None:
    first = registry.promote("fraud", 1, reason="it is the first")
    assert (first["changed"], first["generation"], first["replaced"]) == (True, 1, None)
    assert registry.promote("fraud", 1)["changed"] is False
    with pytest.raises(Conflict, match="version 1 is in production, by event 5 of ada"):
        registry.promote("fraud", 2, expect=0)
    assert registry.promote("fraud", "2", expect=1)["replaced"] == 1
    client = mlops.MlflowClient()
    assert client.get_model_version_by_alias("fraud", "previous").version == 1
    assert client.get_registered_model("fraud").aliases == {}, "as in MLflow"
    with pytest.raises(InvalidArgument):
        client.set_registered_model_alias("fraud", "previous", 3)
    with pytest.raises(InvalidArgument, match="reason"):
        registry.rollback("fraud")
    assert registry.rollback("fraud", reason="worse")["version"]["version"] == 1
    with pytest.raises(NotFound):
        registry.rollback("fraud", reason="worse")
    assert registry.rollback("fraud", to=2, reason="the other was worse")["replaced"] == 1
    registry.promote("fraud", 3, slot="eu")
    assert (live(), live("eu")) == (2, 3)
    with pytest.raises(NotFound, match="version 1|fraud/1"):
        registry.rollback("fraud", slot="eu", to=1, reason="no")


def test_a_policy_is_a_dict_or_a_file(registry: mlops.Registry, tmp_path: Path) -> None:
    registry.set_policy({"approvals": 1, "self_approval": False}, "fraud", reason="audit")
    assert registry.policy("fraud")["approvals"] == 1 and registry.policy("other")["approvals"] == 0
    text = registry.policies_toml()
    assert text == '[model."fraud".production]\napprovals = 1\nself_approval = false\n'
    (tmp_path / "policies.toml").write_text(text.replace("1", "2"))
    registry.set_policy(tmp_path / "policies.toml")
    assert registry.policy("fraud")["approvals"] == 2
    registry.set_policy(text)
    assert registry.policy("fraud")["approvals"] == 1
    assert [(found["model"], found["version"]) for found in registry.policy()] == [("fraud", 3)]
    for wrong, named in [({"aprovals": 1}, "aprovals"), ({"approvals": "x"}, "approvals"), ({"require": ["x"]}, "require")]:
        with pytest.raises(InvalidArgument, match=named):
            registry.set_policy(wrong, "fraud")
    with pytest.raises(InvalidArgument, match="staging or production"):
        registry.set_policy({}, "fraud", stage="archived")
    with pytest.raises(InvalidArgument):
        registry.set_policy({"approvals": object()})
    registry.set_policy(None, "fraud")
    assert registry.policy() == []


def test_another_has_to_approve(registry: mlops.Registry) -> None:
    registry.set_policy({"approvals": 1, "self_approval": False, "approval_ttl": "14d"}, "fraud")
    with pytest.raises(Denied, match="0 of 1 approvals") as refused:
        registry.promote("fraud", 1)
    assert isinstance(refused.value, PermissionError) and refused.value.error_code == "PERMISSION_DENIED"
    registry.request_approval("fraud", 1, reason="more data")
    with pytest.raises(Denied, match="ada made the version"):
        registry.approve("fraud", 1)
    assert registry.history("fraud")[-1]["action"] == "approval_denied"
    assert [(asked["version"], asked["needed"]) for asked in registry.pending()] == [(1, 1)]
    with pytest.raises(InvalidArgument, match="reason"):
        registry.reject("fraud", 1, actor="bob")
    registry.reject("fraud", 1, reason="too slow", actor="bob")
    assert registry.approve("fraud", 1, actor="cy")["expires_at"] is not None
    with pytest.raises(Denied, match="bob has rejected"):
        registry.promote("fraud", 1)
    registry.withdraw("fraud", 1, actor="bob")
    status = registry.status("fraud", 1)
    assert status["can_promote"] and [said["void"] is None for said in status["approvals"]] == [True, False, True, True]
    registry.promote("fraud", 1)
    with pytest.raises(Conflict, match="roll back"):
        registry.reject("fraud", 1, reason="late", actor="bob")
    with pytest.raises(Denied):
        mlops.MlflowClient().transition_model_version_stage("fraud", 2, "Production")
    assert live() == 1


def test_a_gate_counts_against_the_production_of_now(registry: mlops.Registry) -> None:
    registry.set_policy({"gate": "auc"}, "fraud")
    with pytest.raises(Denied, match="has no result"):
        registry.promote("fraud", 1)
    noted = registry.record_gate_result("fraud", 1, None, "pass", "auc", {"auc": float("nan")}, data="blake3:00")
    assert (noted["verdict"], noted["why"]) == ("error", "the metric `auc` is NaN")
    noted = registry.record_gate_result("fraud", 1, None, "pass", "auc", metrics={"loss": float("nan")})
    assert noted["verdict"] == "error"
    with pytest.raises(Denied, match="says error"):
        registry.promote("fraud", 1)
    registry.record_gate_result("fraud", 1, None, "pass", "auc", {"metrics": {"auc": 0.9}, "slices": [{"age": "<30", "auc": 0.8}]})
    registry.record_gate_result("fraud", 2, None, "pass", "auc")
    registry.promote("fraud", 1)
    with pytest.raises(Stale, match="gate baseline nothing, production v1"):
        registry.promote("fraud", 2)
    registry.record_gate_result("fraud", 2, "production", "pass", "auc")
    registry.promote("fraud", 2)
    with pytest.raises(InvalidArgument, match="verdict"):
        registry.record_gate_result("fraud", 2, None, "maybe", "auc")  # type: ignore[arg-type]
    card = registry.card("fraud", 1)
    assert card.json["evaluation"] == {"auc": 0.9} and "| &lt;30 | 0.8 |" in card.markdown


def test_the_log_is_asked_exported_and_checked(registry: mlops.Registry, tmp_path: Path) -> None:
    head = registry.head()
    registry.promote("fraud", 1)
    then = datetime.now(timezone.utc)
    registry.promote("fraud", 2)
    assert (registry.at("fraud"), registry.at("fraud", time=then - timedelta(days=1))) == (2, None)
    assert registry.at("fraud", time="2020-01-01T00:00:00Z") is None
    assert registry.at("fraud", stage="archived") == 1
    for wrong in (datetime.now(), "yesterday"):
        with pytest.raises(InvalidArgument):
            registry.at("fraud", time=wrong)
    assert registry.verify(head) == registry.head() == registry.verify()
    with pytest.raises(Corrupt, match="cut off"):
        registry.verify((99, head.hash))
    assert registry.export(tmp_path / "events.jsonl", since=head.seq) == 2
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [(line["action"], line["generation"]) for line in lines] == [("stage_changed", [0, 1]), ("stage_changed", [1, 2])]
    assert [event["seq"] for event in registry.events(head.seq)] == [5, 6]


def test_a_version_says_where_it_is_from(registry: mlops.Registry) -> None:
    evil = "<script>alert(1)</script>"
    with mlops.start_run() as run:
        mlops.log_param("lr", 0.1)
        mlops.log_metric("auc", 0.75)
        mlops.log_text("locked", "uv.lock")
        mlops.pyfunc.log_model("model", python_model=lambda model_input: model_input)
    version = mlops.register_model(f"runs:/{run.info.run_id}/model", "fraud").version
    client = mlops.MlflowClient()
    client.set_model_version_tag("fraud", version, "mlops.intendedUse", evil)
    manifest = registry.manifest("fraud", version)
    assert manifest is not None and manifest["params"] == {"lr": "0.1"} and manifest["metrics"] == {"auc": 0.75}
    assert manifest["run"]["id"] == run.info.run_id and manifest["environment"]["lock"]["path"] == "uv.lock"
    assert manifest["environment"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert client.get_model_version("fraud", version).manifest is not None
    registry.promote("fraud", version, reason=evil)
    card = registry.card("fraud", version)
    assert card.json["intended_use"] == evil and card.json["lineage"]["run"]["id"] == run.info.run_id
    assert evil not in card.markdown and evil not in card._repr_html_() and "auc" in card._repr_html_()
    why = registry.why("fraud", "production")
    assert "stage_changed" in str(why) and run.info.run_id in str(why) and why.json["event"]["reason"] == evil


def test_what_is_in_production_is_deleted_by_force_only(registry: mlops.Registry) -> None:
    client = mlops.MlflowClient()
    registry.promote("fraud", 1)
    registry.set_policy({"protect_production": True, "require_verified": True})
    with pytest.raises(Conflict, match="in use"):
        client.delete_model_version("fraud", 1)
    with pytest.raises(Conflict, match="in use"):
        client.delete_registered_model("fraud")
    with pytest.raises(NotFound):
        client.create_model_version("fraud", "s3://elsewhere")
    assert client.create_model_version("fraud", "s3://elsewhere", external=True).digest is None
    with pytest.raises(InvalidArgument, match="reason"):
        registry.delete_version("fraud", 1, "")
    registry.delete_version("fraud", 1, "it leaks")
    with pytest.raises(NotFound, match="deleted by ada, event .*: it leaks"):
        client.get_model_version("fraud", 1)
    registry.delete_model("fraud", "over")
    assert [left["reason"] for left in registry.deleted_versions("fraud")] == ["it leaks", "over", "over", "over"]
    assert client.create_registered_model("fraud").name == "fraud"
    assert client.create_model_version("fraud", "s3://elsewhere", external=True).version == 5


def test_a_protected_name_is_given_up_with_a_reason_only(registry: mlops.Registry) -> None:
    registry.promote("fraud", 1)
    registry.set_policy({"protect_production": True}, "fraud")
    client = mlops.MlflowClient()
    with pytest.raises(Conflict, match="version 1 of `fraud` is in use"):
        client.rename_registered_model("fraud", "claims")
    registry.rename_model("fraud", "claims", "the team has another name")
    assert (registry.at("claims"), registry.at("fraud")) == (1, None)
    assert registry.history("claims")[-1]["action"] == "policy_set", "the policy came along"
    client.create_registered_model("other")
    client.create_model_version("other", "s3://models/other")
    with pytest.raises(Conflict, match="versions up to 3 were given under that name before"):
        client.rename_registered_model("other", "fraud")


def test_who_acts_is_said_or_found(registry: mlops.Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def last() -> dict[str, Any]:
        return registry.history("fraud")[-1]

    registry.promote("fraud", 1, actor="bob")
    assert (last()["actor"], last()["actor_from"]) == ("bob", "argument")
    registry.promote("fraud", 2)
    assert (last()["actor"], last()["actor_from"]) == ("ada", "MLOPS_ACTOR")
    monkeypatch.delenv("MLOPS_ACTOR")
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CIRCLE_USERNAME", "BUILD_REQUESTEDFOR", "BITBUCKET_STEP_TRIGGERER_UUID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_ACTOR", "octo")
    registry.promote("fraud", 3)
    assert (last()["actor"], last()["actor_from"]) == ("octo", "ci")


def test_a_card_has_what_was_measured_after_the_model_was_registered() -> None:
    with mlops.start_run() as run:
        mlops.log_metric("auc", 0.5, step=0)
        mlops.pyfunc.log_model(name="m", python_model=lambda model_input: model_input, registered_model_name="late")
        mlops.log_metric("auc", 0.9, step=1)
        mlops.log_metric("recall", 0.8)
    card = mlops.registry().card("late", 1)
    assert card.json["metrics"] == {"auc": 0.9, "recall": 0.8} and card.json["metrics_registered"] == {"auc": 0.5}
    assert "| auc | 0.9 (0.5 when it was registered) |" in card.markdown and "| recall | 0.8 |" in card.markdown
    assert card.json["lineage"]["run"]["id"] == run.info.run_id
