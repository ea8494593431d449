//! Aliases: words that point to a version.

use super::change::{Change, What};
use super::keys;
use super::log::Action;
use super::names;
use super::stages::Move;
use super::store::{LocalRegistry, check_ready};
use super::types::{AliasEntry, ModelRecord, ModelVersion, Stage};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::storage::Op;

/// What an alias pointed to before it was removed, and the event that removed it.
pub(crate) type RemovedAlias = (u64, u64);

/// The alias that says what is in production: it and the stage say the same.
pub(super) const PRODUCTION: &str = "production";

impl Change {
    pub(super) fn set_alias_entry(
        &mut self,
        model: &ModelRecord,
        alias: &str,
        from: Option<u64>,
        to: u64,
    ) -> Result<()> {
        let entry = AliasEntry { alias: alias.into(), version: to };
        let lower = names::alias(alias)?;
        self.push(Op::put(keys::alias(model.number, &lower), stored::encode(&entry)?));
        self.push(Op::delete(keys::removed_alias(model.number, &lower)));
        let (from, number) = (from.map(|number| number.to_string()), to.to_string());
        let what = What {
            version: Some(to),
            detail: Some(alias),
            from: from.as_deref(),
            to: Some(&number),
            ..What::default()
        };
        self.event(Action::AliasSet, &model.name, what)
    }

    pub(super) fn drop_alias(&mut self, model: &ModelRecord, entry: &AliasEntry) -> Result<()> {
        let lower = names::alias(&entry.alias)?;
        self.push(Op::delete(keys::alias(model.number, &lower)));
        let from = entry.version.to_string();
        let (version, detail) = (Some(entry.version), Some(entry.alias.as_str()));
        self.event(Action::AliasDeleted, &model.name, What { version, detail, from: Some(&from), ..What::default() })?;
        let removed: RemovedAlias = (entry.version, self.seq());
        self.push(Op::put(keys::removed_alias(model.number, &lower), stored::encode(&removed)?));
        Ok(())
    }
}

impl LocalRegistry {
    pub(super) fn find_alias(&self, model: u64, lower: &str) -> Result<Option<AliasEntry>> {
        let bytes = self.storage.get(&keys::alias(model, lower))?;
        bytes.map(|bytes| stored::decode("an alias", &bytes)).transpose()
    }

    pub(super) fn point_alias(&self, name: &str, alias: &str, number: u64) -> Result<()> {
        let lower = names::alias(alias)?;
        self.change(|change| {
            let mut model = self.record(name)?;
            let info = self.version_record(&model, number)?;
            check_ready(&model, number, &info)?;
            let is_a_stage = matches!(lower.as_str(), "staging" | "archived");
            if is_a_stage && self.policy(name, Stage::Production)?.policy.strict_transitions {
                return Err(Error::InvalidArgument {
                    what: "alias".into(),
                    value: alias.into(),
                    expected: "another word: it is the name of a stage, which the policy does not take for an alias".into(),
                });
            }
            let had = self.find_alias(model.number, &lower)?;
            if let Some(other) = had.as_ref().filter(|had| had.alias != alias) {
                let detail = format!(
                    "`{name}` has the alias `{}`, which is the same as `{alias}`; use that spelling, or delete it first",
                    other.alias
                );
                return Err(Error::Conflict { detail });
            }
            let from = had.map(|had| had.version);
            if lower == PRODUCTION && self.slot(&model, "")?.production != Some(number) {
                // Moves the alias along if there is one.
                self.change_stage(change, &mut model, number, Move::to(Stage::Production))?;
                if from.is_none() {
                    change.set_alias_entry(&model, alias, None, number)?;
                }
            } else if from != Some(number) {
                change.set_alias_entry(&model, alias, from, number)?;
                change.put_model(&mut model)?;
            }
            Ok(())
        })
    }

    pub(super) fn remove_alias(&self, name: &str, alias: &str) -> Result<bool> {
        let lower = names::alias(alias)?;
        self.change(|change| {
            let mut model = self.record(name)?;
            if lower == PRODUCTION {
                // Also where a promotion made it: what the alias finds is what it is without.
                let Some(number) = self.find_pointed(&model, &lower)? else { return Ok(false) };
                self.check_unprotected(change, &model, number, "", false)?;
                // Takes the alias along.
                self.change_stage(change, &mut model, number, Move::to(Stage::None))?;
                return Ok(true);
            }
            let Some(entry) = self.find_alias(model.number, &lower)? else { return Ok(false) };
            change.drop_alias(&model, &entry)?;
            change.put_model(&mut model)?;
            Ok(true)
        })
    }

    pub(super) fn version_of_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        let lower = names::found_alias(alias)?;
        let model = self.record(name)?;
        match self.find_pointed(&model, &lower)? {
            Some(number) => self.version(&model, number),
            None if lower == names::LATEST => Err(Error::NotFound {
                what: "model version",
                id: format!("{name}/{lower}"),
                hint: format!(": `{name}` has no version"),
            }),
            None => Err(self.no_alias(&model, alias, &lower)?),
        }
    }

    /// What an alias, in lower case, points to.
    pub(super) fn find_pointed(&self, model: &ModelRecord, lower: &str) -> Result<Option<u64>> {
        Ok(match self.find_alias(model.number, lower)? {
            Some(entry) => Some(entry.version),
            None if lower == names::LATEST => self.newest_number(model)?,
            None if lower == names::PREVIOUS => self.slot(model, "")?.previous,
            None if lower == PRODUCTION => self.slot(model, "")?.production,
            None => None,
        })
    }

    /// That there is no such alias, and what it pointed to if there was one.
    fn no_alias(&self, model: &ModelRecord, alias: &str, lower: &str) -> Result<Error> {
        let name = &model.name;
        let bytes = self.storage.get(&keys::removed_alias(model.number, lower))?;
        let removed: Option<RemovedAlias> = bytes.map(|bytes| stored::decode("a removed alias", &bytes)).transpose()?;
        let hint = match removed {
            Some((version, event)) => {
                let by = self.event(event)?.map_or_else(String::new, |event| format!(" of {}", event.actor.name));
                format!(
                    " of the registered model `{name}`; it pointed to version {version} until event {event}{by} removed it"
                )
            }
            None => format!(" of the registered model `{name}`"),
        };
        Ok(Error::NotFound { what: "alias", id: alias.into(), hint })
    }
}
