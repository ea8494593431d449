//! Aliases: words that point to a version.

use super::change::{Change, What};
use super::keys;
use super::log::Action;
use super::names;
use super::store::{LocalRegistry, check_ready};
use super::types::{AliasEntry, ModelRecord, ModelVersion, Stage, StageOptions};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::storage::Op;

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
        self.push(Op::put(keys::alias(model.number, &names::alias(alias)?), stored::encode(&entry)?));
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
        self.push(Op::delete(keys::alias(model.number, &names::alias(&entry.alias)?)));
        let from = entry.version.to_string();
        let (version, detail) = (Some(entry.version), Some(entry.alias.as_str()));
        self.event(Action::AliasDeleted, &model.name, What { version, detail, from: Some(&from), ..What::default() })
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
            let had = self.find_alias(model.number, &lower)?;
            if let Some(other) = had.as_ref().filter(|had| had.alias != alias) {
                let detail = format!(
                    "`{name}` has the alias `{}`, which is the same as `{alias}`; use that spelling, or delete it first",
                    other.alias
                );
                return Err(Error::Conflict { detail });
            }
            let from = had.map(|had| had.version);
            if lower == PRODUCTION && info.stage != Stage::Production {
                // Moves the alias along if there is one.
                self.change_stage(change, &mut model, number, Stage::Production, StageOptions::default())?;
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
            let Some(entry) = self.find_alias(model.number, &lower)? else { return Ok(false) };
            if lower == PRODUCTION {
                // Takes the alias along.
                self.change_stage(change, &mut model, entry.version, Stage::None, StageOptions::default())?;
            } else {
                change.drop_alias(&model, &entry)?;
                change.put_model(&mut model)?;
            }
            Ok(true)
        })
    }

    pub(super) fn version_of_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        let lower = names::alias(alias)?;
        let model = self.record(name)?;
        let missing = || Error::NotFound {
            what: "alias",
            id: alias.into(),
            hint: format!(" of the registered model `{}`", model.name),
        };
        let entry = self.find_alias(model.number, &lower)?.ok_or_else(missing)?;
        self.version(&model, entry.version)
    }
}
