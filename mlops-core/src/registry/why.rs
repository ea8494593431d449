//! Why a version is where it is: the event, what the event rests on, and where the version is from.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::approvals::Approval;
use super::gate_results::GateResult;
use super::keys;
use super::log::{Action, Event};
use super::store::LocalRegistry;
use super::types::{ModelRecord, ModelVersion};
use crate::base::stored;
use crate::base::text::one_line;
use crate::error::Result;

/// Why a version is where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The version.
    pub version: ModelVersion,
    /// The slots that it is in production in.
    pub slots: Vec<String>,
    /// The event that put it where it is; that which made it if it was never moved.
    pub event: Option<Event>,
    /// The result of a gate that the event rests on.
    pub gate: Option<GateResult>,
    /// The approvals that it rests on.
    pub approvals: Vec<Approval>,
    /// Where the version is from; None for one that was made before there were manifests.
    pub manifest: Option<Value>,
}

impl LocalRegistry {
    /// Why a version is where it is: event, gate, approvals, run, commit, data sets.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Io`.
    pub fn why(&self, name: &str, number: u64) -> Result<Why> {
        let model = self.record(name)?;
        let version = self.version(&model, number)?;
        let manifest = self.manifest(&version.info)?;
        let slots = self.slots(&model)?.into_iter();
        let slots = slots.filter(|(_, state)| state.production == Some(number)).map(|(slot, _)| slot).collect();
        let event = self.last_move(&model, number)?;
        let (mut gate, mut approvals) = (None, Vec::new());
        for evidence in event.iter().flat_map(|event| &event.evidence) {
            match evidence.split_once(':').map(|(kind, id)| (kind, id.parse::<u64>())) {
                Some(("gate", Ok(id))) => {
                    gate = self.gate_results(name, number)?.into_iter().find(|result| result.id == id);
                }
                Some(("approval", Ok(id))) => {
                    let bytes = self.storage.get(&keys::said(keys::APPROVALS, model.number, number, id))?;
                    approvals.extend(bytes.map(|bytes| stored::decode::<Approval>("an approval", &bytes)).transpose()?);
                }
                _ => {}
            }
        }
        Ok(Why { version, slots, event, gate, approvals, manifest })
    }

    /// The last event that moved a version, else the one that made it.
    fn last_move(&self, model: &ModelRecord, number: u64) -> Result<Option<Event>> {
        let moved = |event: &Event| {
            let is_move = matches!(event.action, Action::StageChanged | Action::RolledBack | Action::VersionCreated);
            is_move && (event.version == Some(number) || event.archived.contains(&number))
        };
        Ok(self.chain(&model.name)?.events.into_iter().rev().find(moved))
    }
}

impl Why {
    /// The chain as JSON.
    pub fn to_json(&self) -> Value {
        let of = |key: &str| self.manifest.as_ref().map_or(Value::Null, |manifest| manifest[key].clone());
        json!({
            "version": self.version.to_json(),
            "slots": self.slots,
            "event": self.event.as_ref().map(Event::to_json),
            "gate": self.gate.as_ref().map(GateResult::to_json),
            "approvals": self.approvals.iter().map(Approval::to_json).collect::<Vec<_>>(),
            "run": of("run"),
            "code": of("code"),
            "data": of("data"),
            "environment": of("environment"),
        })
    }

    /// The chain for people, a line each: what was stored is one line wherever it stands.
    pub fn to_text(&self) -> String {
        let ModelVersion { name, version, info, .. } = &self.version;
        let named: Vec<_> = self.slots.iter().filter(|slot| !slot.is_empty()).map(String::as_str).collect();
        let slots = if named.is_empty() { String::new() } else { format!(" (slots: {})", named.join(", ")) };
        let mut text = format!("`{}` version {version} is in {}{slots}\n", one_line(name), info.stage.as_str());
        if let Some(event) = &self.event {
            let _ = writeln!(text, "  {}", event.to_line());
        }
        if let Some(GateResult { gate, baseline, verdict, id, data, .. }) = &self.gate {
            let against = baseline.map_or_else(|| "nothing".to_owned(), |baseline| format!("version {baseline}"));
            let data = data.as_ref().map_or_else(String::new, |data| format!(" on {data}"));
            let line = format!("gate `{gate}`: {} against {against}{data}, event {id}", verdict.as_str());
            let _ = writeln!(text, "    {}", one_line(&line));
        }
        for Approval { actor, reason, id, .. } in &self.approvals {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            let line = format!("approved by {}, event {id}{reason}", actor.name);
            let _ = writeln!(text, "    {}", one_line(&line));
        }
        match &self.manifest {
            None => text.push_str("  made before there were manifests: where it is from is not known\n"),
            Some(manifest) => text.push_str(&origin_text(manifest)),
        }
        text
    }
}

/// Where a version is from, as lines.
fn origin_text(manifest: &Value) -> String {
    let mut text = String::new();
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), one_line);
    match &manifest["run"] {
        Value::Null => text.push_str("  no run is known\n"),
        run if run["is_known"] != true => {
            let _ = writeln!(text, "  run {}, which this store does not have", word(&run["id"]));
        }
        run => {
            let (id, name, user) = (word(&run["id"]), word(&run["name"]), word(&run["user"]));
            let _ = writeln!(text, "  run {id} ({name}) of {user}, {}", word(&run["started_at"]));
        }
    }
    let code = &manifest["code"];
    if code["commit"].is_string() {
        let tree = match code["dirty"].as_bool() {
            Some(false) => "clean",
            Some(true) => "changed since",
            None => "nobody knows whether changed since",
        };
        let _ = writeln!(text, "    commit {}, {tree}", word(&code["commit"]));
    }
    for data in manifest["data"].as_array().into_iter().flatten() {
        let used = data["context"].as_str().map_or_else(String::new, |context| format!(" ({})", one_line(context)));
        let rows = data["rows"].as_u64().map_or_else(String::new, |rows| format!(", {rows} rows"));
        let _ = writeln!(text, "    data {} {}{used}{rows}", word(&data["name"]), word(&data["digest"]));
    }
    text
}
