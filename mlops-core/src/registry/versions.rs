//! Making, changing, copying and deleting versions.

use super::by_run;
use super::change::{Change, What};
use super::keys;
use super::layouts::encode_version;
use super::log::Action;
use super::models::description;
use super::names;
use super::provenance::Origin;
use super::slots::SlotState;
use super::source;
use super::stages::in_slot;
use super::store::LocalRegistry;
use super::tombstones::Tombstone;
use super::types::{ModelRecord, ModelVersion, Stage, VersionInfo, VersionOptions, VersionStatus};
use crate::base::limits;
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

impl LocalRegistry {
    pub(super) fn make_version(&self, name: &str, options: &VersionOptions, with_model: bool) -> Result<ModelVersion> {
        limits::check(|| "the source".into(), options.source.len(), limits::SOURCE_BYTES, "bytes")?;
        for (what, text) in
            [("run", &options.run_id), ("run link", &options.run_link), ("logged model", &options.model_id)]
        {
            let size = text.as_ref().map_or(0, String::len);
            limits::check(|| format!("the {what} of a version"), size, limits::SOURCE_BYTES, "bytes")?;
        }
        let description = description(options.description.as_deref())?;
        let (model, number) = self.change(|change| {
            let mut model = match self.find_record(name)? {
                None if with_model => self.new_model(change, name)?,
                None => self.record(name)?,
                Some(model) => model,
            };
            let must_exist = options.must_exist
                || (!options.external && self.policy(name, Stage::Production)?.policy.require_verified);
            let found = self.source(&VersionOptions { must_exist, ..options.clone() })?;
            let number = options.number.unwrap_or(model.next_version);
            if number < model.next_version {
                let detail = format!(
                    "version {number} of `{}` was given before; the next is {}, or any number above",
                    model.name, model.next_version
                );
                return Err(Error::Conflict { detail });
            }
            model.next_version = number + 1;
            // Who says whose files they are has a name of their own for the source.
            let source = found.source.filter(|_| options.files.is_none()).unwrap_or_else(|| options.source.clone());
            let run_id = options.run_id.clone().filter(|id| !id.is_empty()).or(found.run_id);
            let model_id = options.model_id.clone().or(found.model_id);
            let origin = Origin {
                model: &model.name,
                number,
                source: &source,
                run_id: run_id.as_deref(),
                model_id: model_id.as_deref(),
                files: found.digest,
            };
            let manifest = Some(self.keep_manifest(&origin)?);
            let info = VersionInfo {
                description: description.clone(),
                source,
                run_id,
                run_link: options.run_link.clone(),
                model_id,
                status: VersionStatus::Ready,
                status_message: None,
                stage: Stage::None,
                created_by: crate::runs::user(),
                digest: found.digest,
                is_foreign: found.is_foreign,
                created_at: options.created_at.unwrap_or(change.at),
                updated_at: options.created_at.unwrap_or(change.at),
                manifest,
                event: change.seq() + 1,
            };
            change.push(Op::put(keys::version(model.number, number), encode_version(&info)?));
            by_run::entry(model.number, number, &info).into_iter().for_each(|op| change.push(op));
            change.push(Op::put(keys::stage(model.number, Stage::None, number), stored::PRESENT));
            for (key, value) in &options.tags {
                change.push(self.tag_op(keys::version_tag(model.number, number, key), key, value)?);
            }
            change.put_model(&mut model)?;
            let evidence = info.manifest.iter().map(|digest| format!("manifest:{digest}")).collect();
            let what = What {
                version: Some(number),
                to: Some(&info.source),
                digest: info.digest,
                evidence,
                ..What::default()
            };
            change.event(Action::VersionCreated, &model.name, what)?;
            Ok((model, number))
        })?;
        self.version(&model, number)
    }

    pub(super) fn copy(&self, name: &str, number: u64, to: &str) -> Result<ModelVersion> {
        let original = self.version(&self.record(name)?, number)?;
        let options = VersionOptions {
            source: format!("{}{}/{number}", source::MODELS, original.name),
            run_id: original.info.run_id,
            run_link: original.info.run_link,
            model_id: original.info.model_id,
            description: original.info.description,
            tags: original.tags.into_iter().collect(),
            ..VersionOptions::default()
        };
        self.make_version(to, &options, true)
    }

    pub(super) fn set_version_description(
        &self,
        name: &str,
        number: u64,
        description: Option<&str>,
    ) -> Result<ModelVersion> {
        let new = self::description(description)?;
        let model = self.change(|change| {
            let mut model = self.record(name)?;
            let mut info = self.version_record(&model, number)?;
            if info.description == new {
                return Ok(model);
            }
            let from = std::mem::replace(&mut info.description, new.clone());
            info.updated_at = change.at.max(info.updated_at);
            change.push(Op::put(keys::version(model.number, number), encode_version(&info)?));
            change.put_model(&mut model)?;
            let what = What { version: Some(number), from: from.as_deref(), to: new.as_deref(), ..What::default() };
            change.event(Action::VersionDescribed, &model.name, what)?;
            Ok(model)
        })?;
        self.version(&model, number)
    }

    pub(super) fn remove_version(&self, name: &str, number: u64, force: bool) -> Result<()> {
        self.change(|change| {
            let mut model = self.record(name)?;
            let info = self.version_record(&model, number)?;
            let slots = self.slots(&model)?;
            for (slot, _) in slots.iter().filter(|(_, state)| state.production == Some(number)) {
                self.check_unprotected(change, &model, number, slot, force)?;
            }
            change.push(Op::delete(keys::version(model.number, number)));
            by_run::no_entry(model.number, number, &info).into_iter().for_each(|op| change.push(op));
            change.push(Op::delete(keys::stage(model.number, info.stage, number)));
            for prefix in [
                keys::version_tag(model.number, number, ""),
                keys::of_version(keys::APPROVALS, model.number, number),
                keys::of_version(keys::REQUESTS, model.number, number),
                keys::of_version(keys::GATES, model.number, number),
            ] {
                for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, _| {
                    change.push(Op::delete(key));
                    Ok(())
                })?;
            }
            for entry in self.aliases(model.number)?.into_iter().filter(|entry| entry.version == number) {
                change.drop_alias(&model, &entry)?;
            }
            let event = change.seq() + 1;
            let mut generation = None;
            for (slot, state) in &slots {
                let left = |place: Option<u64>| place.filter(|of| *of != number);
                let mut next =
                    SlotState { production: left(state.production), previous: left(state.previous), ..state.clone() };
                if next.production != state.production {
                    next = SlotState { generation: state.generation + 1, event, ..next };
                    generation = generation.or(Some((state.generation, next.generation)));
                }
                if next != *state {
                    change.put_slot(&mut model, slot, &next)?;
                }
            }
            change.put_model(&mut model)?;
            let from = Some(info.stage.as_str());
            let evidence = info.manifest.iter().map(|digest| format!("manifest:{digest}")).collect();
            let what =
                What { version: Some(number), from, digest: info.digest, generation, evidence, ..What::default() };
            change.event(Action::VersionDeleted, &model.name, what)?;
            let left = Tombstone::new(number, &info, &change.actor().name, change.reason(), change.at, event);
            change.push(Op::put(keys::tombstone(&names::model(&model.name)?, number), stored::encode(&left)?));
            Ok(())
        })
    }

    /// Refuses to take away what is in production, where the policy protects it; by force with a reason only.
    pub(super) fn check_unprotected(
        &self,
        change: &Change,
        model: &ModelRecord,
        number: u64,
        slot: &str,
        force: bool,
    ) -> Result<()> {
        if force && change.reason().is_none() {
            return Err(Error::InvalidArgument {
                what: "reason".into(),
                value: String::new(),
                expected: "why what is in production is deleted by force".into(),
            });
        }
        if force || !self.policy(&model.name, Stage::Production)?.policy.protect_production {
            return Ok(());
        }
        let (name, place) = (&model.name, in_slot(slot));
        let detail = format!(
            "version {number} of `{name}` is in use: it is in production{place}; promote another, roll back or archive it first, \
             or force it with a reason"
        );
        Err(Error::Conflict { detail })
    }

    /// Deletes a version whatever a policy protects; the registry is one [`by`](Self::by) somebody with a reason.
    ///
    /// # Errors
    /// `InvalidArgument` without a reason, if it is in production; as
    /// [`delete_version`](super::ModelRegistry::delete_version).
    pub fn force_delete_version(&self, name: &str, number: u64) -> Result<()> {
        self.remove_version(name, number, true)
    }

    /// Deletes a model whatever a policy protects; the registry is one [`by`](Self::by) somebody with a reason.
    ///
    /// # Errors
    /// `InvalidArgument` without a reason, if a version is in production; as
    /// [`delete_model`](super::ModelRegistry::delete_model).
    pub fn force_delete_model(&self, name: &str) -> Result<()> {
        self.remove_model(name, true)
    }

    /// The number that a text says, as in `models:/name/3`.
    pub(super) fn number_in(text: &str) -> Result<u64> {
        text.parse().ok().filter(|number| *number > 0).ok_or_else(|| Error::InvalidArgument {
            what: "number of a version".into(),
            value: text.into(),
            expected: "a number from 1 on".into(),
        })
    }
}
