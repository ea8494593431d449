//! What is shown of the registry, as JSON: the command line prints it, and the bindings hand it on.

use serde_json::{Map, Value, json};

use super::approvals::{Approval, ApprovalState, PendingApproval, Said};
use super::gate_results::GateResult;
use super::policies::{EffectivePolicy, SetPolicy};
use super::promote::{Promotion, VersionStanding};
use super::requirements::Requirement;
use super::slots::SlotState;
use super::tombstones::Tombstone;
use super::types::{ModelVersion, RegisteredModel};

impl RegisteredModel {
    /// The model as JSON: times as text, of each stage the number of its latest version.
    pub fn to_json(&self) -> Value {
        let latest = self.latest_versions.iter().map(|found| (found.info.stage.as_str().into(), found.version.into()));
        let slots = self.slots.iter().map(|(slot, state)| (slot.clone(), state.to_json()));
        json!({
            "name": self.name,
            "description": self.description,
            "tags": self.tags,
            "aliases": self.aliases,
            "latest_versions": latest.collect::<Map<String, Value>>(),
            "generation": self.generation,
            "slots": slots.collect::<Map<String, Value>>(),
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
        })
    }
}

impl ModelVersion {
    /// The version as JSON, times and digests as text.
    pub fn to_json(&self) -> Value {
        let info = &self.info;
        json!({
            "name": self.name,
            "version": self.version,
            "stage": info.stage.as_str(),
            "status": info.status.as_str(),
            "aliases": self.aliases,
            "source": info.source,
            "run_id": info.run_id,
            "model_id": info.model_id,
            "description": info.description,
            "tags": self.tags,
            "digest": info.digest.map(|digest| digest.to_string()),
            "manifest": info.manifest.map(|digest| digest.to_string()),
            "created_by": info.created_by,
            "created_at": info.created_at.to_string(),
            "updated_at": info.updated_at.to_string(),
        })
    }
}

impl SlotState {
    /// The slot as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "generation": self.generation,
            "production": self.production,
            "previous": self.previous,
            "event": Some(self.event).filter(|event| *event > 0),
        })
    }
}

impl Promotion {
    /// What was done, as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "changed": self.changed,
            "version": self.version.to_json(),
            "replaced": self.replaced,
            "slot": self.slot,
            "generation": self.generation,
            "event": self.event,
        })
    }
}

impl Approval {
    /// What was said, as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "version": self.version,
            "target": self.target.as_str(),
            "decision": self.decision.as_str(),
            "actor": self.actor.name,
            "actor_from": self.actor.name_from,
            "uid": self.actor.uid,
            "reason": self.reason,
            "subject": self.subject.to_string(),
            "gate": self.gate,
            "policy": self.policy.to_string(),
            "at": self.at.to_string(),
            "expires_at": self.expires_at.map(|at| at.to_string()),
        })
    }
}

/// Fields with one more.
fn with(value: Value, key: &str, more: Value) -> Value {
    let mut fields = match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.insert(key.into(), more);
    Value::Object(fields)
}

impl ApprovalState {
    /// What was said and why it does not count, as JSON.
    pub fn to_json(&self) -> Value {
        with(self.approval.to_json(), "void", json!(self.void))
    }
}

impl Said {
    /// What stands now, as JSON.
    pub fn to_json(&self) -> Value {
        with(self.approval.to_json(), "changed", self.changed.into())
    }
}

impl PendingApproval {
    /// What is waited for, as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "model": self.model,
            "version": self.version,
            "target": self.target.as_str(),
            "request": self.request.to_json(),
            "approvals": self.approvals,
            "needed": self.needed,
            "rejected_by": self.rejected_by,
        })
    }
}

impl GateResult {
    /// The result as JSON, its report as JSON too.
    pub fn to_json(&self) -> Value {
        let report: Option<Value> = self.report.as_deref().and_then(|report| serde_json::from_str(report).ok());
        json!({
            "id": self.id,
            "version": self.version,
            "gate": self.gate,
            "baseline": self.baseline,
            "verdict": self.verdict.as_str(),
            "why": self.why,
            "data": self.data,
            "rules": self.rules,
            "policy": self.policy.to_string(),
            "report": report,
            "actor": self.actor.name,
            "at": self.at.to_string(),
        })
    }
}

impl Requirement {
    /// The requirement as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "is_met": self.is_met,
            "is_stale": self.is_stale,
            "detail": self.detail,
            "evidence": self.evidence,
        })
    }
}

impl EffectivePolicy {
    /// All fields and the digest, as JSON.
    pub fn to_json(&self) -> Value {
        with(Value::Object(self.policy.to_json()), "digest", self.digest.to_string().into())
    }
}

impl SetPolicy {
    /// What was set, as JSON; `model` is null for the store.
    pub fn to_json(&self) -> Value {
        json!({
            "model": self.scope.model,
            "stage": self.scope.stage.as_str(),
            "fields": self.fields,
            "version": self.version,
            "event": self.event,
            "at": self.at.to_string(),
        })
    }
}

impl VersionStanding {
    /// How the version stands, as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "version": self.version.to_json(),
            "target": self.target.as_str(),
            "slot": self.slot,
            "production": self.production,
            "can_promote": self.can_promote(),
            "policy": self.policy.to_json(),
            "requirements": self.requirements.iter().map(Requirement::to_json).collect::<Vec<_>>(),
            "approvals": self.approvals.iter().map(ApprovalState::to_json).collect::<Vec<_>>(),
            "gates": self.gates.iter().map(GateResult::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Tombstone {
    /// What is left, as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "version": self.version,
            "digest": self.digest.map(|digest| digest.to_string()),
            "manifest": self.manifest.map(|digest| digest.to_string()),
            "stage": self.stage.as_str(),
            "actor": self.actor,
            "reason": self.reason,
            "at": self.at.to_string(),
            "event": self.event,
        })
    }
}
