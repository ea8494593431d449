//! Moving versions from stage to stage.

use super::aliases::PRODUCTION;
use super::change::{Change, What};
use super::keys;
use super::log::Action;
use super::store::{LocalRegistry, check_ready};
use super::types::{ModelRecord, ModelVersion, Stage, StageOptions};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

impl LocalRegistry {
    pub(super) fn move_to_stage(
        &self,
        name: &str,
        number: u64,
        stage: Stage,
        options: StageOptions,
    ) -> Result<ModelVersion> {
        if options.archive_existing && !matches!(stage, Stage::Staging | Stage::Production) {
            return Err(Error::InvalidArgument {
                what: "archive_existing_versions".into(),
                value: "true".into(),
                expected: format!("false where the stage is {}: it is for Staging and Production", stage.as_str()),
            });
        }
        let model = self.change(|change| {
            let mut model = self.record(name)?;
            self.change_stage(change, &mut model, number, stage, options)?;
            Ok(model)
        })?;
        self.version(&model, number)
    }

    /// Moves a version, and archives who has to leave; the alias `production` follows.
    pub(super) fn change_stage(
        &self,
        change: &mut Change,
        model: &mut ModelRecord,
        number: u64,
        stage: Stage,
        options: StageOptions,
    ) -> Result<()> {
        let info = self.version_record(model, number)?;
        check_ready(model, number, &info)?;
        if let Some(expect) = options.expect.filter(|expect| *expect != model.generation) {
            return Err(self.other_generation(model, expect)?);
        }
        let archives = stage == Stage::Production || options.archive_existing;
        let others = if archives { self.others_in(model, stage, number)? } else { Vec::new() };
        if info.stage == stage && others.is_empty() {
            return Ok(());
        }
        let was = info.stage;
        self.put_stage(change, model, number, stage)?;
        for other in &others {
            self.put_stage(change, model, *other, Stage::Archived)?;
        }
        let is_about_production = was != stage && [was, stage].contains(&Stage::Production);
        let generation = is_about_production.then(|| (model.generation, model.generation + 1));
        model.generation = generation.map_or(model.generation, |(_, after)| after);
        change.put_model(model)?;
        let what = What {
            version: Some(number),
            from: Some(was.as_str()),
            to: Some(stage.as_str()),
            archived: others,
            digest: info.digest,
            generation,
            ..What::default()
        };
        change.event(Action::StageChanged, &model.name, what)?;
        match self.find_alias(model.number, PRODUCTION)? {
            Some(entry) if stage == Stage::Production && entry.version != number => {
                change.set_alias_entry(model, &entry.alias, Some(entry.version), number)
            }
            Some(entry) if stage != Stage::Production && entry.version == number => change.drop_alias(model, &entry),
            _ => Ok(()),
        }
    }

    fn put_stage(&self, change: &mut Change, model: &ModelRecord, number: u64, stage: Stage) -> Result<()> {
        let mut info = self.version_record(model, number)?;
        change.push(Op::delete(keys::stage(model.number, info.stage, number)));
        change.push(Op::put(keys::stage(model.number, stage, number), stored::PRESENT));
        info.stage = stage;
        info.updated_at = change.at.max(info.updated_at);
        change.push(Op::put(keys::version(model.number, number), stored::encode(&info)?));
        Ok(())
    }

    fn others_in(&self, model: &ModelRecord, stage: Stage, number: u64) -> Result<Vec<u64>> {
        let mut others = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::in_stage(model.number, stage)), |key, _| {
            others.extend(keys::last_number(key).filter(|other| *other != number));
            Ok(())
        })?;
        Ok(others)
    }

    fn other_generation(&self, model: &ModelRecord, expect: u64) -> Result<Error> {
        let events = self.events_of(&model.name)?;
        let last = events.iter().rev().find(|event| event.generation.is_some());
        let by = last.map_or_else(String::new, |event| format!(", by event {} of {}", event.seq, event.actor.name));
        let now = match self.latest_in(model.number, Stage::Production)? {
            Some(number) => format!("version {number} is"),
            None => "nothing is".into(),
        };
        let (name, generation) = (&model.name, model.generation);
        let detail = format!(
            "`{name}` is at generation {generation}, not {expect}: {now} in production{by}; look at it and try again"
        );
        Ok(Error::Conflict { detail })
    }
}
