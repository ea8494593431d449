//! What holds in a registry and what was said in it, as plain values: slots, approvals, results of gates, policies and what is
//! left of what was deleted.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::aliases::RemovedAlias;
use super::approvals::Approval;
use super::flat::RegistryBuilder;
use super::gate_results::{GateData, GateRecord};
use super::keys;
use super::names;
use super::policies::PolicyRecord;
use super::policy::Policy;
use super::slots::SlotState;
use super::store::LocalRegistry;
use super::tombstones::Tombstone;
use super::types::{Stage, VersionInfo};
use crate::base::names as base_names;
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::{StoredText, for_each_entry};
use crate::storage::{KeyRange, Op};

impl LocalRegistry {
    /// What stands behind a prefix, with the rest of the key.
    fn behind<T: DeserializeOwned>(&self, what: &'static str, prefix: &[u8]) -> Result<Vec<(Vec<u8>, T)>> {
        let mut found = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, value| {
            let rest = key.strip_prefix(prefix).unwrap_or_default().to_vec();
            found.push((rest, stored::decode(what, value)?));
            Ok(())
        })?;
        Ok(found)
    }

    /// The slots that are noted, with their names.
    pub(crate) fn slot_records(&self, model: u64) -> Result<Vec<(String, SlotState)>> {
        let found = self.behind("a slot of a registered model", &keys::part(keys::SLOTS, model))?;
        Ok(found.into_iter().map(|(slot, state)| (text(&slot), state)).collect())
    }

    /// The versions that were in production: the slot, the version, the last event that brought it there.
    pub(crate) fn production_records(&self, model: u64) -> Result<Vec<(String, u64, u64)>> {
        let found = self.behind("a mark of production", &keys::part(keys::WERE_IN_PRODUCTION, model))?;
        let of = |(rest, event): (Vec<u8>, u64)| {
            let slot = rest.split(|byte| *byte == 0).next().unwrap_or_default();
            (text(slot), keys::last_number(&rest).unwrap_or_default(), event)
        };
        Ok(found.into_iter().map(of).collect())
    }

    pub(crate) fn approval_records(&self, model: u64, version: u64) -> Result<Vec<Approval>> {
        let found = self.behind("an approval", &keys::of_version(keys::APPROVALS, model, version))?;
        Ok(found.into_iter().map(|(_, approval)| approval).collect())
    }

    /// The stages that somebody wants a version approved for.
    pub(crate) fn requested_stages(&self, model: u64, version: u64) -> Result<Vec<Stage>> {
        let mut found = Vec::new();
        for stage in [Stage::Staging, Stage::Production] {
            let is_asked = self.storage.get(&keys::request(model, version, stage))?.is_some();
            found.extend(Some(stage).filter(|_| is_asked));
        }
        Ok(found)
    }

    /// The results of gates for a version, with their reports.
    pub(crate) fn gate_records(&self, model: u64, version: u64) -> Result<Vec<(GateRecord, Option<String>)>> {
        let found = self.behind("a result of a gate", &keys::of_version(keys::GATES, model, version))?;
        let with_report = |(_, mut record): (Vec<u8>, GateRecord)| {
            let report = record.report.take().map(|text| text.load(self.blobs())).transpose()?;
            Ok((record, report))
        };
        found.into_iter().map(with_report).collect()
    }

    /// What the newest result of each gate was made on, and its event.
    pub(crate) fn gate_data_records(&self, model: u64) -> Result<Vec<(String, GateData)>> {
        let found = self.behind("the data of a gate", &keys::part(keys::GATE_DATA, model))?;
        Ok(found.into_iter().map(|(gate, data)| (text(&gate), data)).collect())
    }

    /// The aliases that were removed, in lower case, with the version and the event.
    pub(crate) fn removed_aliases(&self, model: u64) -> Result<Vec<(String, RemovedAlias)>> {
        let found = self.behind("a removed alias", &keys::part(keys::REMOVED_ALIASES, model))?;
        Ok(found.into_iter().map(|(alias, removed)| (text(&alias), removed)).collect())
    }

    pub(crate) fn policy_records(&self) -> Result<Vec<(Stage, PolicyRecord)>> {
        let found = self.behind("a policy", keys::POLICIES)?;
        let stage =
            |key: &[u8]| if key.last() == Some(&Stage::Staging.byte()) { Stage::Staging } else { Stage::Production };
        Ok(found.into_iter().map(|(key, record)| (stage(&key), record)).collect())
    }

    /// What is left of versions that were deleted, with the name of their model in lower case.
    pub(crate) fn tombstone_records(&self) -> Result<Vec<(String, Tombstone)>> {
        let found = self.behind("what is left of a version", keys::TOMBSTONES)?;
        let name = |rest: Vec<u8>| text(rest.split(|byte| *byte == 0).next().unwrap_or_default());
        let mut left: Vec<_> = found.into_iter().map(|(rest, tombstone)| (name(rest), tombstone)).collect();
        left.extend(self.unburied()?);
        Ok(left)
    }

    /// The manifest of a version as it is stored.
    pub(crate) fn manifest_text(&self, info: &VersionInfo) -> Result<Option<String>> {
        let Some(digest) = info.manifest else { return Ok(None) };
        let text = String::from_utf8(self.blobs().get(&digest)?);
        text.map(Some).map_err(|_| Error::internal("the manifest of a model version is no text"))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Refuses a stage that no policy is for.
fn guarded(stage: Stage) -> Result<Stage> {
    if matches!(stage, Stage::Staging | Stage::Production) {
        return Ok(stage);
    }
    Err(Error::InvalidArgument {
        what: "stage".into(),
        value: stage.as_str().into(),
        expected: "Staging or Production".into(),
    })
}

impl RegistryBuilder<'_> {
    pub(crate) fn slot(&mut self, model: u64, slot: &str, state: &SlotState) -> Result<()> {
        self.push(Op::put(keys::slot(model, &names::slot(slot)?), stored::encode(state)?))
    }

    pub(crate) fn was_in_production(&mut self, model: u64, slot: &str, version: u64, event: u64) -> Result<()> {
        self.push(Op::put(keys::was_in_production(model, &names::slot(slot)?, version), stored::encode(&event)?))
    }

    pub(crate) fn approval(&mut self, model: u64, approval: &Approval) -> Result<()> {
        guarded(approval.target)?;
        let key = keys::said(keys::APPROVALS, model, approval.version, approval.id);
        self.push(Op::put(key, stored::encode(approval)?))
    }

    pub(crate) fn request(&mut self, model: u64, version: u64, stage: Stage) -> Result<()> {
        self.push(Op::put(keys::request(model, version, guarded(stage)?), stored::PRESENT))
    }

    pub(crate) fn gate(&mut self, model: u64, record: GateRecord, report: Option<&str>) -> Result<()> {
        base_names::check_key("name of a gate", &record.gate)?;
        let report = report.map(|text| StoredText::new(self.blobs(), text)).transpose()?;
        let key = keys::said(keys::GATES, model, record.version, record.id);
        self.push(Op::put(key, stored::encode(&GateRecord { report, ..record })?))
    }

    pub(crate) fn gate_data(&mut self, model: u64, gate: &str, data: &GateData) -> Result<()> {
        base_names::check_key("name of a gate", gate)?;
        self.push(Op::put(keys::gate_data(model, gate), stored::encode(data)?))
    }

    pub(crate) fn removed_alias(&mut self, model: u64, alias: &str, removed: RemovedAlias) -> Result<()> {
        self.push(Op::put(keys::removed_alias(model, &names::alias(alias)?), stored::encode(&removed)?))
    }

    /// A policy, whose fields have to be such as a policy has.
    pub(crate) fn policy(&mut self, stage: Stage, record: &PolicyRecord) -> Result<()> {
        let fields: Option<Map<String, Value>> = serde_json::from_str(&record.fields).ok();
        Policy::default().with(&fields.ok_or_else(|| Error::internal("`fields` is no object of JSON"))?)?;
        let lower = if record.model.is_empty() { String::new() } else { names::model(&record.model)? };
        self.push(Op::put(keys::policy(&lower, guarded(stage)?), stored::encode(record)?))
    }

    pub(crate) fn tombstone(&mut self, name: &str, tombstone: &Tombstone) -> Result<()> {
        self.push(Op::put(keys::tombstone(&names::model(name)?, tombstone.version), stored::encode(tombstone)?))
    }
}
