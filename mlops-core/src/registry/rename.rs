//! Giving a model another name. A name has rules of its own, which a model that comes there keeps: numbers that were given under
//! it are not given again, and its policy says what may be in use under it.

use super::change::{Change, What};
use super::keys;
use super::log::Action;
use super::names;
use super::requirements::Candidate;
use super::slots::SlotState;
use super::stages::{Move, in_slot};
use super::store::LocalRegistry;
use super::types::{ModelRecord, NameEntry, RegisteredModel, Stage};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

impl LocalRegistry {
    pub(super) fn rename(&self, name: &str, to: &str) -> Result<RegisteredModel> {
        let (was, is) = (names::model(name)?, names::model(to)?);
        let record = self.change(|change| {
            let mut model = self.record(name)?;
            if model.name == to {
                return Ok(model);
            }
            let entry = self.name_entry(&is)?;
            let mut evidence = Vec::new();
            if was != is {
                if let Some(taken) = self.find_record(to)? {
                    let hint = "; choose another name".into();
                    return Err(Error::AlreadyExists { what: "registered model", id: taken.name, hint });
                }
                self.check_numbers(&model, &is, to, entry.used)?;
                self.check_policies(&model, &is, to)?;
                self.check_served(change, &model)?;
                evidence = self.check_places(change, &model, to)?;
                // Both names keep their count.
                let used = model.next_version - 1;
                change.push(Op::put(keys::name(&was), stored::encode(&NameEntry { model: None, used })?));
                model.next_version = model.next_version.max(entry.used + 1);
            }
            let new = NameEntry { model: Some(model.number), used: entry.used };
            change.push(Op::put(keys::name(&is), stored::encode(&new)?));
            let from = std::mem::replace(&mut model.name, to.into());
            change.put_model(&mut model)?;
            let what = What { from: Some(&from), to: Some(to), evidence, ..What::default() };
            change.event(Action::ModelRenamed, to, what)?;
            change.about(&from)?;
            self.policies_follow(change, &was, &is, to)?;
            Ok(model)
        })?;
        self.model(record)
    }

    /// Refuses versions whose numbers were given to others under a name.
    fn check_numbers(&self, model: &ModelRecord, is: &str, to: &str, used: u64) -> Result<()> {
        let mut numbers = Vec::new();
        let versions = KeyRange::prefix(keys::part(keys::VERSIONS, model.number));
        for_each_entry(
            &*self.storage,
            versions.before(&keys::version(model.number, used.saturating_add(1))),
            |key, _| {
                numbers.extend(keys::last_number(key));
                Ok(())
            },
        )?;
        if numbers.is_empty() {
            return Ok(());
        }
        // Those that the model itself had when it let the name go are the same versions.
        let own = self.chain(&model.name)?.made_until_it_left(is);
        let Some(other) = numbers.into_iter().find(|number| !own.contains(number)) else { return Ok(()) };
        let name = &model.name;
        let detail = format!(
            "`{name}` cannot be called `{to}`: versions up to {used} were given under that name before, and version {other} of \
             `{name}` would be another under the same number; numbers are not given again, choose another name"
        );
        Err(Error::Conflict { detail })
    }

    /// Refuses to lose the policy of one of two names that are to be one.
    fn check_policies(&self, model: &ModelRecord, is: &str, to: &str) -> Result<()> {
        let was = names::model(&model.name)?;
        for stage in [Stage::Staging, Stage::Production] {
            let own = self.policy_fields(&was, stage)?;
            let Some(there) = self.policy_fields(is, stage)? else { continue };
            if let Some(own) = own.filter(|own| *own != there) {
                let (name, stage) = (&model.name, stage.as_str());
                let detail = format!(
                    "`{name}` cannot be called `{to}`: the policies of both names for {stage} are not the same, {own} and \
                     {there}; take one of them away, or set both to the same, and rename it then"
                );
                return Err(Error::Conflict { detail });
            }
        }
        Ok(())
    }

    /// Refuses to take away the name under which what is in production is asked for, where a policy protects it; with a reason
    /// it is meant.
    fn check_served(&self, change: &Change, model: &ModelRecord) -> Result<()> {
        if change.reason().is_some() || !self.policy(&model.name, Stage::Production)?.policy.protect_production {
            return Ok(());
        }
        for (slot, state) in self.slots(model)? {
            if let Some(number) = state.production {
                let (name, place) = (&model.name, in_slot(&slot));
                let detail = format!(
                    "version {number} of `{name}` is in use: it is in production{place}, and who serves it asks for it by this \
                     name; rename it with a reason, or archive it first"
                );
                return Err(Error::Conflict { detail });
            }
        }
        Ok(())
    }

    /// Refuses what may not be where it is under another name, or says what it rests on.
    fn check_places(&self, change: &Change, model: &ModelRecord, to: &str) -> Result<Vec<String>> {
        let slots = self.slots(model)?;
        let mut evidence = Vec::new();
        for stage in [Stage::Staging, Stage::Production] {
            let (before, rules) = (self.policy(&model.name, stage)?, self.policy(to, stage)?);
            // Without a policy of its own the new name has that of the model.
            if before.digest == rules.digest || self.policy_fields(&names::model(to)?, stage)?.is_none() {
                continue;
            }
            let mut places = Vec::new();
            if stage == Stage::Production {
                places.extend(slots.iter().filter_map(|(slot, state)| Some((state.production?, slot.as_str()))));
            } else {
                places.extend(self.others_in(model, stage, 0)?.into_iter().map(|number| (number, "")));
            }
            for (number, slot) in places {
                let (info, state) = (self.version_record(model, number)?, slots.get(slot).cloned());
                let state = state.unwrap_or_else(SlotState::default);
                let of =
                    Candidate { model, number, info: &info, to: stage, slot: &state, rules: &rules, now: change.at };
                let how = Move { slot, ..Move::to(stage) };
                let asked = self.requirements(of, &slots, how, Some(change.reason().is_some()))?;
                let (name, stage) = (&model.name, stage.as_str());
                let refused = format!(
                    "`{name}` cannot be called `{to}`: version {number} is in {stage}{}, where the policy of `{to}` does not let \
                     it come (archive it, rename the model, and promote it there)",
                    in_slot(slot)
                );
                evidence.extend(super::requirements::evidence(asked, &refused)?);
            }
            evidence.push(format!("policy:{}", rules.digest));
        }
        Ok(evidence)
    }
}
