//! What stays of versions that were deleted, and of models whose parts are not all gone yet.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::by_run;
use super::change::What;
use super::keys;
use super::layouts::decode_version;
use super::log::{Action, Event};
use super::names;
use super::store::LocalRegistry;
use super::types::{Stage, VersionInfo};
use crate::base::digests::Digest;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op, Outcome};

/// What is left of a version that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Its number.
    pub version: u64,
    /// The digest of its list of files.
    pub digest: Option<Digest>,
    /// The digest of its manifest.
    pub manifest: Option<Digest>,
    /// The stage that it was in.
    pub stage: Stage,
    /// Who deleted it.
    pub actor: String,
    /// Why, if it was said.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The event: of the version, or of its model.
    pub event: u64,
}

/// What is stored of a model that was deleted until its parts are gone: its name in lower case, and the event.
pub(super) type Grave = (String, u64);

impl Tombstone {
    pub(super) fn new(
        version: u64,
        info: &VersionInfo,
        actor: &str,
        reason: Option<&str>,
        at: Timestamp,
        event: u64,
    ) -> Self {
        let VersionInfo { digest, manifest, stage, .. } = *info;
        Self { version, digest, manifest, stage, actor: actor.into(), reason: reason.map(str::to_owned), at, event }
    }
}

impl LocalRegistry {
    /// What is left of the versions that were deleted under a name, by number; of the model that has it also those that were
    /// deleted under a name that it had before.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that none can have; `Corrupt`, `Io`.
    pub fn deleted_versions(&self, name: &str) -> Result<Vec<Tombstone>> {
        let mut found = self.left_under(&names::model(name)?)?;
        found.extend(self.left_before(name)?);
        found.sort_by_key(|left| (left.version, left.event));
        Ok(found)
    }

    fn left_under(&self, lower: &str) -> Result<Vec<Tombstone>> {
        let mut found = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::tombstones(lower)), |_, value| {
            found.push(stored::decode("what is left of a version", value)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// What is left of the versions that a model deleted under the names that it had before.
    fn left_before(&self, name: &str) -> Result<Vec<Tombstone>> {
        let (chain, lower) = (self.chain(name)?, names::model(name)?);
        let own = chain.own().iter().filter(|event| event.action == Action::VersionDeleted);
        let own: BTreeSet<u64> = own.map(|event| event.seq).collect();
        let mut found = Vec::new();
        for earlier in chain.earlier_names().into_iter().filter(|earlier| *earlier != lower && !own.is_empty()) {
            found.extend(self.left_under(&earlier)?.into_iter().filter(|left| own.contains(&left.event)));
        }
        Ok(found)
    }

    /// Notes that a version was deleted where a model is from, so that its number is not given again here. False, and nothing is
    /// noted, if it was given here.
    ///
    /// ```
    /// use mlops_core::Store;
    /// use mlops_core::registry::{ModelRegistry, VersionOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let registry = store.registry();
    /// registry.create_model("fraud", None, &[])?;
    /// assert!(registry.note_deleted("fraud", 4)?);
    /// assert_eq!(registry.create_version("fraud", &VersionOptions::default())?.version, 5);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotFound` for an unknown model; `ReadOnly`, `Io`.
    pub fn note_deleted(&self, name: &str, number: u64) -> Result<bool> {
        self.change(|change| {
            let mut model = self.record(name)?;
            if number < model.next_version {
                return Ok(false);
            }
            model.next_version = number.saturating_add(1);
            change.put_model(&mut model)?;
            let from = Some(Stage::None.as_str());
            change.event(
                Action::VersionDeleted,
                &model.name,
                What { version: Some(number), from, ..What::default() },
            )?;
            let left = Tombstone {
                version: number,
                digest: None,
                manifest: None,
                stage: Stage::None,
                actor: change.actor().name.clone(),
                reason: change.reason().map(str::to_owned),
                at: change.at,
                event: change.seq(),
            };
            change.push(Op::put(keys::tombstone(&names::model(&model.name)?, number), stored::encode(&left)?));
            Ok(true)
        })
    }

    /// That a version does not exist, and who deleted it.
    pub(super) fn no_version(&self, name: &str, number: u64, was_given: bool) -> Result<Error> {
        let bytes = self.storage.get(&keys::tombstone(&names::model(name)?, number))?;
        let mut tombstone: Option<Tombstone> =
            bytes.map(|bytes| stored::decode("what is left of a version", &bytes)).transpose()?;
        if tombstone.is_none() && was_given {
            tombstone = self.left_before(name)?.into_iter().find(|left| left.version == number);
        }
        let hint = match tombstone {
            Some(left) => {
                let why = left.reason.map_or_else(String::new, |reason| format!(": {reason}"));
                format!("; it was deleted by {}, event {}{why}", left.actor, left.event)
            }
            None if was_given => "; it was deleted".into(),
            None => String::new(),
        };
        Ok(Error::NotFound { what: "model version", id: format!("{name}/{number}"), hint })
    }

    /// What will be left of the versions of models that were deleted and whose parts are not all gone yet, with the names in
    /// lower case: who copies the registry has them as if they were gone.
    pub(super) fn unburied(&self) -> Result<Vec<(String, Tombstone)>> {
        let mut graves = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::GRAVES), |key, _| {
            graves.extend(keys::last_number(key));
            Ok(())
        })?;
        let mut left = Vec::new();
        for model in graves {
            let Some((lower, event)) = self.buried(model)? else { continue };
            for_each_entry(&*self.storage, KeyRange::prefix(keys::part(keys::VERSIONS, model)), |key, value| {
                left.push((lower.clone(), tombstone(key, value, &event)?));
                Ok(())
            })?;
        }
        Ok(left)
    }

    /// The name in lower case of a model whose parts are not all gone yet, and the event that deleted it.
    fn buried(&self, model: u64) -> Result<Option<(String, Event)>> {
        let Some(bytes) = self.storage.get(&keys::grave(model))? else { return Ok(None) };
        let (lower, event): Grave = stored::decode("a deleted model", &bytes)?;
        Ok(self.event(event)?.map(|event| (lower, event)))
    }

    /// Removes what stands under the number of a model that is deleted, and leaves a tombstone of each version.
    pub(super) fn remove_parts(&self, model: u64) -> Result<()> {
        let grave = self.buried(model)?;
        let mut ops = Vec::new();
        for part in keys::PARTS {
            for_each_entry(&*self.storage, KeyRange::prefix(keys::part(part, model)), |key, value| {
                if let (true, Some(number)) = (part == keys::VERSIONS, keys::last_number(key)) {
                    ops.extend(by_run::no_entry(model, number, &decode_version(value)?));
                }
                if let (Some((lower, event)), true) = (&grave, part == keys::VERSIONS) {
                    let left = tombstone(key, value, event)?;
                    ops.push(Op::put(keys::tombstone(lower, left.version), stored::encode(&left)?));
                }
                ops.push(Op::delete(key));
                Ok(())
            })?;
        }
        // The last, so that a process that is killed on the way leaves it for the next.
        ops.push(Op::delete(keys::grave(model)));
        for some in ops.chunks(500) {
            let _: Outcome = self.storage.apply(some, self.runs.durability())?;
        }
        Ok(())
    }
}

fn tombstone(key: &[u8], value: &[u8], event: &Event) -> Result<Tombstone> {
    let number = keys::last_number(key).unwrap_or_default();
    let info = decode_version(value)?;
    Ok(Tombstone::new(number, &info, &event.actor.name, event.reason.as_deref(), event.at, event.seq))
}
