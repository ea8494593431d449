//! Moving versions from stage to stage.

use super::aliases::PRODUCTION;
use super::change::{Change, What};
use super::keys;
use super::layouts::encode_version;
use super::log::Action;
use super::slots::{SlotState, Slots};
use super::store::{LocalRegistry, check_ready};
use super::types::{ModelRecord, ModelVersion, Stage, StageOptions, VersionInfo};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

/// How a version is moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move<'a> {
    pub(super) stage: Stage,
    /// The slot of production, in lower case.
    pub(super) slot: &'a str,
    /// The generation that the slot has to have.
    pub(super) expect: Option<u64>,
    /// Who is in Staging leaves it.
    pub(super) archives_staging: bool,
    /// Where who leaves production by it goes.
    pub(super) displaced: Stage,
    pub(super) is_rollback: bool,
    /// Nothing may be left in production.
    pub(super) leaves_empty: bool,
}

impl Move<'_> {
    pub(super) const fn to(stage: Stage) -> Self {
        Self {
            stage,
            slot: "",
            expect: None,
            archives_staging: false,
            displaced: Stage::Archived,
            is_rollback: false,
            leaves_empty: false,
        }
    }
}

/// What a move did.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) changed: bool,
    /// Who left the slot of production for it.
    pub(super) replaced: Option<u64>,
    /// Of the slot.
    pub(super) generation: u64,
    pub(super) event: Option<u64>,
}

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
        let how = Move { expect: options.expect, archives_staging: options.archive_existing, ..Move::to(stage) };
        let model = self.change(|change| {
            let mut model = self.record(name)?;
            self.change_stage(change, &mut model, number, how)?;
            Ok(model)
        })?;
        self.version(&model, number)
    }

    /// Moves a version, and who has to leave; the alias `production` follows what is in the slot without a name.
    pub(super) fn change_stage(
        &self,
        change: &mut Change,
        model: &mut ModelRecord,
        number: u64,
        how: Move<'_>,
    ) -> Result<Moved> {
        let info = self.version_record(model, number)?;
        check_ready(model, number, &info)?;
        let slots = self.slots(model)?;
        let slot = slots.get(how.slot).cloned().unwrap_or_default();
        if let Some(expect) = how.expect.filter(|expect| *expect != slot.generation) {
            return Err(self.other_generation(model, how.slot, &slot, expect)?);
        }
        let is_production = how.stage == Stage::Production;
        let others = self.leave_staging(model, number, how)?;
        if is_there(number, &info, &slot, how) && others.is_empty() {
            return Ok(Moved { changed: false, replaced: None, generation: slot.generation, event: None });
        }
        let evidence = self.check_move(change, model, number, &info, &slots, how)?;
        let action = if how.is_rollback { Action::RolledBack } else { Action::StageChanged };
        let (from, to) = (Some(info.stage.as_str()), Some(how.stage.as_str()));
        let mut what = What { version: Some(number), from, to, digest: info.digest, evidence, ..What::default() };
        self.put_stage(change, model, number, how.stage)?;
        let mut moved = Moved { changed: true, replaced: None, generation: slot.generation, event: None };
        if is_production {
            moved.replaced = slot.production;
            moved.generation = slot.generation + 1;
            let next = SlotState {
                generation: moved.generation,
                production: Some(number),
                previous: previous_of(&slot, number, how),
                event: change.seq() + 1,
            };
            let leaves = slot.production.filter(|was| !is_elsewhere(&slots, how.slot, *was));
            let mut rests_on = Vec::new();
            if let Some(was) = leaves {
                if how.displaced != Stage::Archived {
                    // A policy is for who comes to Staging this way, too.
                    let (mut after, info) = (slots.clone(), self.version_record(model, was)?);
                    after.insert(how.slot.into(), next.clone());
                    rests_on = self.check_move(change, model, was, &info, &after, Move::to(how.displaced))?;
                }
                self.put_stage(change, model, was, how.displaced)?;
                what.archived.extend(Some(was).filter(|_| how.displaced == Stage::Archived));
            }
            what.detail = Some(how.slot).filter(|slot| !slot.is_empty());
            what.generation = Some((slot.generation, moved.generation));
            change.put_slot(model, how.slot, &next)?;
            change.event(action, &model.name, what)?;
            moved.event = Some(change.seq());
            if let Some(was) = leaves.filter(|_| how.displaced != Stage::Archived) {
                let (from, to) = (Some(Stage::Production.as_str()), Some(how.displaced.as_str()));
                let what = What { version: Some(was), from, to, evidence: rests_on, ..What::default() };
                change.event(action, &model.name, what)?;
            }
        } else {
            for other in &others {
                self.put_stage(change, model, *other, Stage::Archived)?;
            }
            what.archived = others;
            moved.event = Some(change.seq() + 1);
            Self::leave_slots(change, model, number, &slots, action, what)?;
        }
        change.push(Op::delete(keys::request(model.number, number, how.stage)));
        change.put_model(model)?;
        self.alias_follows(change, model, number, how)?;
        Ok(moved)
    }

    /// Appends the event of a version that goes to another stage than production, one for each slot that it leaves.
    fn leave_slots(
        change: &mut Change,
        model: &mut ModelRecord,
        number: u64,
        slots: &Slots,
        action: Action,
        what: What<'_>,
    ) -> Result<()> {
        let left = slots.iter().filter(|(_, state)| state.production == Some(number)).collect::<Vec<_>>();
        let to = what.to;
        let mut what = Some(what);
        for (slot, state) in left {
            let generation = state.generation + 1;
            let next = SlotState { generation, production: None, event: change.seq() + 1, ..state.clone() };
            change.put_slot(model, slot, &next)?;
            let first = what.take().unwrap_or_else(|| What {
                version: Some(number),
                from: Some(Stage::Production.as_str()),
                to,
                ..What::default()
            });
            let detail = Some(slot.as_str()).filter(|slot| !slot.is_empty());
            change.event(
                action,
                &model.name,
                What { detail, generation: Some((state.generation, generation)), ..first },
            )?;
        }
        what.map_or(Ok(()), |what| change.event(action, &model.name, what))
    }

    fn alias_follows(&self, change: &mut Change, model: &ModelRecord, number: u64, how: Move<'_>) -> Result<()> {
        let to_production = how.stage == Stage::Production;
        if to_production && !how.slot.is_empty() {
            return Ok(());
        }
        match self.find_alias(model.number, PRODUCTION)? {
            Some(entry) if to_production && entry.version != number => {
                change.set_alias_entry(model, &entry.alias, Some(entry.version), number)
            }
            Some(entry) if !to_production && entry.version == number => change.drop_alias(model, &entry),
            _ => Ok(()),
        }
    }

    fn put_stage(&self, change: &mut Change, model: &ModelRecord, number: u64, stage: Stage) -> Result<()> {
        let mut info = self.version_record(model, number)?;
        change.push(Op::delete(keys::stage(model.number, info.stage, number)));
        change.push(Op::put(keys::stage(model.number, stage, number), stored::PRESENT));
        info.stage = stage;
        info.updated_at = change.at.max(info.updated_at);
        change.push(Op::put(keys::version(model.number, number), encode_version(&info)?));
        Ok(())
    }

    /// The others in Staging that leave it for a version.
    pub(super) fn leave_staging(&self, model: &ModelRecord, number: u64, how: Move<'_>) -> Result<Vec<u64>> {
        let is_staged = how.stage == Stage::Staging && how.archives_staging;
        if is_staged { self.others_in(model, how.stage, number) } else { Ok(Vec::new()) }
    }

    pub(super) fn others_in(&self, model: &ModelRecord, stage: Stage, number: u64) -> Result<Vec<u64>> {
        let mut others = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::in_stage(model.number, stage)), |key, _| {
            others.extend(keys::last_number(key).filter(|other| *other != number));
            Ok(())
        })?;
        Ok(others)
    }

    fn other_generation(&self, model: &ModelRecord, slot: &str, state: &SlotState, expect: u64) -> Result<Error> {
        let by = match self.event(state.event)? {
            Some(event) => format!(", by event {} of {}", event.seq, event.actor.name),
            None => String::new(),
        };
        let now = match state.production {
            Some(number) => format!("version {number} is"),
            None => "nothing is".into(),
        };
        let place = in_slot(slot);
        let (name, generation) = (&model.name, state.generation);
        let detail = format!(
            "`{name}` is at generation {generation}, not {expect}: {now} in production{place}{by}; look at it and try again"
        );
        Ok(Error::Conflict { detail })
    }
}

/// True if a version is where a move brings it.
pub(super) fn is_there(number: u64, info: &VersionInfo, slot: &SlotState, how: Move<'_>) -> bool {
    if how.stage == Stage::Production { slot.production == Some(number) } else { info.stage == how.stage }
}

/// What an error adds that is about a slot with a name.
pub(super) fn in_slot(slot: &str) -> String {
    if slot.is_empty() { String::new() } else { format!(" in the slot `{slot}`") }
}

/// True if a version is in production in another slot.
fn is_elsewhere(slots: &Slots, slot: &str, number: u64) -> bool {
    slots.iter().any(|(name, state)| name != slot && state.production == Some(number))
}

/// What a rollback goes back to after a version has come to production. After a rollback nothing: going on by itself could
/// only lead back to what was gone away from.
fn previous_of(slot: &SlotState, number: u64, how: Move<'_>) -> Option<u64> {
    let before = if how.is_rollback { None } else { slot.production.or(slot.previous) };
    before.filter(|before| *before != number)
}
