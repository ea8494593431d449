//! Making, changing, copying and deleting versions.

use super::change::What;
use super::keys;
use super::log::Action;
use super::models::description;
use super::source;
use super::store::LocalRegistry;
use super::types::{ModelVersion, Stage, VersionInfo, VersionOptions, VersionStatus};
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
            let found = self.source(options)?;
            let number = options.number.unwrap_or(model.next_version);
            if number < model.next_version {
                let detail = format!(
                    "version {number} of `{}` was given before; the next is {}, or any number above",
                    model.name, model.next_version
                );
                return Err(Error::Conflict { detail });
            }
            model.next_version = number + 1;
            let info = VersionInfo {
                description: description.clone(),
                source: options.source.clone(),
                run_id: options.run_id.clone().filter(|id| !id.is_empty()).or(found.run_id),
                run_link: options.run_link.clone(),
                model_id: options.model_id.clone().or(found.model_id),
                status: VersionStatus::Ready,
                status_message: None,
                stage: Stage::None,
                created_by: crate::runs::user(),
                digest: found.digest,
                is_foreign: found.is_foreign,
                created_at: options.created_at.unwrap_or(change.at),
                updated_at: options.created_at.unwrap_or(change.at),
            };
            change.push(Op::put(keys::version(model.number, number), stored::encode(&info)?));
            change.push(Op::put(keys::stage(model.number, Stage::None, number), stored::PRESENT));
            for (key, value) in &options.tags {
                change.push(self.tag_op(keys::version_tag(model.number, number, key), key, value)?);
            }
            change.put_model(&mut model)?;
            let what = What { version: Some(number), to: Some(&info.source), digest: info.digest, ..What::default() };
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
            change.push(Op::put(keys::version(model.number, number), stored::encode(&info)?));
            change.put_model(&mut model)?;
            let what = What { version: Some(number), from: from.as_deref(), to: new.as_deref(), ..What::default() };
            change.event(Action::VersionDescribed, &model.name, what)?;
            Ok(model)
        })?;
        self.version(&model, number)
    }

    pub(super) fn remove_version(&self, name: &str, number: u64) -> Result<()> {
        self.change(|change| {
            let mut model = self.record(name)?;
            let info = self.version_record(&model, number)?;
            change.push(Op::delete(keys::version(model.number, number)));
            change.push(Op::delete(keys::stage(model.number, info.stage, number)));
            for_each_entry(&*self.storage, KeyRange::prefix(keys::version_tag(model.number, number, "")), |key, _| {
                change.push(Op::delete(key));
                Ok(())
            })?;
            let generation = (info.stage == Stage::Production).then(|| (model.generation, model.generation + 1));
            model.generation = generation.map_or(model.generation, |(_, after)| after);
            for entry in self.aliases(model.number)?.into_iter().filter(|entry| entry.version == number) {
                change.drop_alias(&model, &entry)?;
            }
            change.put_model(&mut model)?;
            let from = Some(info.stage.as_str());
            let what = What { version: Some(number), from, digest: info.digest, generation, ..What::default() };
            change.event(Action::VersionDeleted, &model.name, what)
        })
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
