//! Setting policies: for the store, and for a model, whose fields go before those of the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::change::{Change, What};
use super::keys;
use super::log::{Action, Event};
use super::names;
use super::policy::{Policy, toml_lines};
use super::store::LocalRegistry;
use super::types::Stage;
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

/// What a policy is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyScope {
    /// The model; None: all models of the store.
    pub model: Option<String>,
    /// The stage that a version goes to: Staging or Production.
    pub stage: Stage,
}

/// A policy as it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetPolicy {
    /// What it is for.
    pub scope: PolicyScope,
    /// The fields that were set.
    pub fields: Map<String, Value>,
    /// How often it was set.
    pub version: u64,
    /// The event that set it.
    pub event: u64,
    /// When.
    pub at: Timestamp,
}

/// What holds for a model and a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectivePolicy {
    /// The fields of the model, else of the store, else the lenient ones.
    pub policy: Policy,
    /// Its digest.
    pub digest: Digest,
}

/// What is stored of a policy.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    /// As it was spelled; empty for the store.
    pub(crate) model: String,
    pub(crate) fields: String,
    pub(crate) version: u64,
    pub(crate) event: u64,
    pub(crate) at: Timestamp,
}

/// What is set: the fields of each scope; None takes it away.
pub type PolicyChanges = BTreeMap<PolicyScope, Option<Map<String, Value>>>;

fn fields_of(record: &PolicyRecord) -> Result<Map<String, Value>> {
    serde_json::from_str(&record.fields).map_err(|e| Error::internal(format!("a stored policy cannot be read: {e}")))
}

impl LocalRegistry {
    /// Sets policies, in one commit: what is not named stays. A policy that is what it was is no event.
    ///
    /// # Errors
    /// `InvalidArgument` that names the field or the stage that there is not; `LimitExceeded`, `ReadOnly`, `Io`.
    pub fn set_policies(&self, changes: &PolicyChanges) -> Result<()> {
        for (scope, fields) in changes {
            scope.lower()?;
            if !matches!(scope.stage, Stage::Staging | Stage::Production) {
                return Err(Error::InvalidArgument {
                    what: "stage of a policy".into(),
                    value: scope.stage.as_str().into(),
                    expected: "staging or production".into(),
                });
            }
            Policy::default().with(fields.as_ref().unwrap_or(&Map::new()))?;
        }
        self.change(|change| {
            for (scope, fields) in changes {
                let (lower, name) = (scope.lower()?, scope.model.as_deref().unwrap_or_default());
                let key = keys::policy(&lower, scope.stage);
                let had = self.policy_record(&key)?;
                let text = fields.as_ref().map(|fields| {
                    let mut value = Value::Object(fields.clone());
                    value.sort_all_objects();
                    value.to_string()
                });
                limits::check(
                    || "a policy".into(),
                    text.as_ref().map_or(0, String::len),
                    limits::DESCRIPTION_BYTES,
                    "bytes",
                )?;
                let before = had.as_ref().map(|had| had.fields.clone());
                if before == text {
                    continue;
                }
                let what = What {
                    detail: Some(scope.stage.as_str()),
                    from: before.as_deref(),
                    to: text.as_deref(),
                    ..What::default()
                };
                change.event(Action::PolicySet, name, what)?;
                let version = had.map_or_else(|| self.times_set(&lower, scope.stage), |had| Ok(had.version))? + 1;
                match text {
                    Some(fields) => {
                        let record =
                            PolicyRecord { model: name.into(), fields, version, event: change.seq(), at: change.at };
                        change.push(Op::put(key, stored::encode(&record)?));
                    }
                    None => change.push(Op::delete(key)),
                }
            }
            Ok(())
        })
    }

    /// The policies that were set, the store's first.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn policies(&self) -> Result<Vec<SetPolicy>> {
        let mut found = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::POLICIES), |key, value| {
            let record: PolicyRecord = stored::decode("a policy", value)?;
            let stage = if key.last() == Some(&Stage::Staging.byte()) { Stage::Staging } else { Stage::Production };
            let fields = fields_of(&record)?;
            let PolicyRecord { model, version, event, at, .. } = record;
            let scope = PolicyScope { model: Some(model).filter(|model| !model.is_empty()), stage };
            found.push(SetPolicy { scope, fields, version, event, at });
            Ok(())
        })?;
        found.sort_by(|a, b| a.scope.cmp(&b.scope));
        Ok(found)
    }

    /// What holds for a version of a model that goes to a stage. For other stages than Staging, what holds for Production.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that none can have; `Corrupt`, `Io`.
    pub fn policy(&self, model: &str, stage: Stage) -> Result<EffectivePolicy> {
        let stage = if stage == Stage::Staging { stage } else { Stage::Production };
        let mut policy = Policy::default();
        for lower in [String::new(), names::model(model)?] {
            if let Some(record) = self.policy_record(&keys::policy(&lower, stage))? {
                policy = policy.with(&fields_of(&record)?)?;
            }
        }
        let digest = policy.digest();
        Ok(EffectivePolicy { policy, digest })
    }

    fn policy_record(&self, key: &[u8]) -> Result<Option<PolicyRecord>> {
        self.storage.get(key)?.map(|bytes| stored::decode("a policy", &bytes)).transpose()
    }

    /// The fields of the policy that a name in lower case has for a stage, as JSON with sorted keys.
    pub(super) fn policy_fields(&self, lower: &str, stage: Stage) -> Result<Option<String>> {
        Ok(self.policy_record(&keys::policy(lower, stage))?.map(|record| record.fields))
    }

    /// Has a model keep its policies under another name, where that has none: a name does not lose them, a model neither.
    pub(super) fn policies_follow(&self, change: &mut Change, was: &str, is: &str, name: &str) -> Result<()> {
        for stage in [Stage::Staging, Stage::Production] {
            let Some(record) = self.policy_record(&keys::policy(was, stage))? else { continue };
            let key = keys::policy(is, stage);
            if was == is {
                // In another spelling.
                change.push(Op::put(key, stored::encode(&PolicyRecord { model: name.into(), ..record })?));
            } else if self.policy_record(&key)?.is_none() {
                let version = record.version.max(self.times_set(is, stage)?) + 1;
                let what = What { detail: Some(stage.as_str()), to: Some(&record.fields), ..What::default() };
                change.event(Action::PolicySet, name, what)?;
                let (model, event, at) = (name.into(), change.seq(), change.at);
                let record = PolicyRecord { model, fields: record.fields, version, event, at };
                change.push(Op::put(key, stored::encode(&record)?));
            }
        }
        Ok(())
    }

    /// How often a policy was set that is not there now: one that comes again goes on counting.
    fn times_set(&self, lower: &str, stage: Stage) -> Result<u64> {
        let is_set = |event: &Event| {
            let is_of = event.action == Action::PolicySet && event.detail.as_deref() == Some(stage.as_str());
            is_of && event.to.is_some()
        };
        if !lower.is_empty() {
            return Ok(self.events_of(lower)?.iter().filter(|event| is_set(event)).count() as u64);
        }
        // What is about the store has no history of its own.
        let (mut count, mut after) = (0, 0);
        loop {
            let events = self.read_events(after, 1_000)?;
            let Some(last) = events.last() else { return Ok(count) };
            after = last.seq;
            count += events.iter().filter(|event| event.model.is_empty() && is_set(event)).count() as u64;
        }
    }

    /// The policies as a file that [`parse_policies`] reads.
    ///
    /// # Errors
    /// As [`policies`](Self::policies).
    pub fn policies_as_toml(&self) -> Result<String> {
        let policies = self.policies()?;
        Ok(policies_to_toml(policies.iter().map(|set| (&set.scope, &set.fields))))
    }
}

impl PolicyScope {
    fn lower(&self) -> Result<String> {
        self.model.as_deref().map_or_else(|| Ok(String::new()), names::model)
    }
}

/// Policies as a file that [`parse_policies`] reads.
pub fn policies_to_toml<'a>(policies: impl Iterator<Item = (&'a PolicyScope, &'a Map<String, Value>)>) -> String {
    let tables = policies.map(|(scope, fields)| {
        let stage = scope.stage.as_str().to_ascii_lowercase();
        let of = scope
            .model
            .as_ref()
            .map_or_else(|| "default".into(), |name| format!("model.{}", Value::from(name.as_str())));
        format!("[{of}.{stage}]\n{}", toml_lines(fields))
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// Reads the fields of one policy from JSON, such as `{"approvals": 1}`.
///
/// # Errors
/// `InvalidArgument` for what is no object, or with the name of a field that there is not.
pub fn parse_policy(json: &str) -> Result<Map<String, Value>> {
    let fields: Map<String, Value> = serde_json::from_str(json).map_err(|e| Error::InvalidArgument {
        what: "policy".into(),
        value: json.chars().take(100).collect(),
        expected: format!("a JSON object of fields ({e})"),
    })?;
    Policy::default().with(&fields)?;
    Ok(fields)
}

/// Reads a file of policies: the tables `[default.<stage>]` are for the store, `[model."<name>".<stage>]` for a model.
///
/// ```
/// use mlops_core::registry::{Stage, parse_policies};
/// let text = "[model.\"fraud\".production]\napprovals = 1\napproval_ttl = \"14d\"\n";
/// let policies = parse_policies(text).unwrap();
/// assert_eq!(policies.keys().next().unwrap().stage, Stage::Production);
/// ```
///
/// # Errors
/// `InvalidArgument` with the line of what is no TOML, or the name of a table or field that there is not.
pub fn parse_policies(text: &str) -> Result<PolicyChanges> {
    let refuse = |value: &str, expected: &str| Error::InvalidArgument {
        what: "policy".into(),
        value: value.chars().take(300).collect(),
        expected: expected.into(),
    };
    let document: Value = toml::from_str(text).map_err(|e| {
        refuse(
            text.lines().next().unwrap_or_default(),
            &format!("a file of TOML: {}", e.to_string().trim().replace('\n', " ")),
        )
    })?;
    let mut changes = PolicyChanges::new();
    let mut take = |model: Option<&str>, stages: &Value| -> Result<()> {
        let of = model.map_or_else(|| "default".into(), |name| format!("model.{name}"));
        let stages =
            stages.as_object().ok_or_else(|| refuse(&of, "a table for each stage, such as [default.production]"))?;
        for (stage, fields) in stages {
            let known = stage.parse().ok().filter(|stage| matches!(stage, Stage::Staging | Stage::Production));
            let known = known.ok_or_else(|| refuse(&format!("{of}.{stage}"), "the stage staging or production"))?;
            let fields = fields.as_object().ok_or_else(|| refuse(&format!("{of}.{stage}"), "a table of fields"))?;
            Policy::default().with(fields)?;
            changes.insert(PolicyScope { model: model.map(str::to_owned), stage: known }, Some(fields.clone()));
        }
        Ok(())
    };
    for (key, value) in document.as_object().into_iter().flatten() {
        match key.as_str() {
            "default" => take(None, value)?,
            "model" => {
                let models =
                    value.as_object().ok_or_else(|| refuse("model", "tables such as [model.\"fraud\".production]"))?;
                for (name, stages) in models {
                    take(Some(name), stages)?;
                }
            }
            other => return Err(refuse(other, "tables [default.<stage>] and [model.\"<name>\".<stage>]")),
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_written_back() {
        let text = "[default.production]\napprovals = 1\n\n[model.\"a \\\"b\\\"\".staging]\ngate = \"g\"\nrequire = [\"run\"]\n";
        let read = parse_policies(text).unwrap();
        let written = policies_to_toml(read.iter().filter_map(|(scope, fields)| Some((scope, fields.as_ref()?))));
        assert_eq!(parse_policies(&written).unwrap(), read);
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn what_is_wrong_in_a_file_is_named() {
        for (text, named) in [
            ("approvals = 1", "approvals"),
            ("[default]\napprovals = 1", "default.approvals"),
            ("[default.live]\napprovals = 1", "default.live"),
            ("[default.archived]\napprovals = 1", "default.archived"),
            ("[model.fraud.production]\naproval = 1", "aproval"),
            ("[model.fraud]\nproduction = 1", "model.fraud.production"),
            ("[model]\nfraud = 1", "model.fraud"),
            ("model = 1", "model"),
            ("[default.production\n", "TOML"),
        ] {
            let refused = parse_policies(text).unwrap_err().to_string();
            assert!(refused.contains(named), "{text}: {refused}");
        }
    }
}
