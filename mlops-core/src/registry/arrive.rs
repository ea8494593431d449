//! Where the versions of a model go that another store brings and this one lacks: where they were, unless a policy here has
//! something to say to that. Nobody has approved here, and no gate has looked: what a policy asks for is done here.

use std::collections::{BTreeMap, BTreeSet};

use super::aliases::PRODUCTION;
use super::change::{Change, What};
use super::keys;
use super::log::Action;
use super::merge::Coming;
use super::names;
use super::slots::{SlotState, Slots, is_promotion};
use super::store::LocalRegistry;
use super::types::{AliasEntry, ModelRecord, Stage, VersionInfo, VersionStatus};
use crate::base::stored;
use crate::error::Result;
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

/// What a model has in the store that it is from, beside its versions.
#[derive(Debug)]
pub(super) struct Arriving {
    pub(super) tags: BTreeMap<String, String>,
    aliases: Vec<AliasEntry>,
    slots: Slots,
    /// The slots and the versions that were in production in them.
    were: BTreeSet<(String, u64)>,
    has_policy: bool,
}

/// What of it comes.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The stages of the versions; None of those that are not here.
    pub(super) stages: BTreeMap<u64, Stage>,
    slots: Slots,
    were: BTreeSet<(String, u64)>,
    aliases: Vec<AliasEntry>,
    /// What came otherwise than it was, and why.
    pub(super) notes: Vec<String>,
}

impl Arriving {
    pub(super) fn read(from: &LocalRegistry, model: &ModelRecord, versions: &[(u64, VersionInfo)]) -> Result<Self> {
        let is_whole =
            |number: u64| versions.iter().any(|(known, info)| *known == number && info.status == VersionStatus::Ready);
        let mut slots = Slots::new();
        for (slot, state) in from.slots(model)? {
            let whole = |number: Option<u64>| number.filter(|number| is_whole(*number));
            let (production, previous) = (whole(state.production), whole(state.previous));
            slots.insert(names::slot(&slot)?, SlotState { production, previous, ..state });
        }
        let mut were = from.productions(model)?;
        were.extend(slots.iter().flat_map(|(slot, state)| {
            state.production.into_iter().chain(state.previous).map(|number| (slot.clone(), number))
        }));
        were.retain(|(_, number)| is_whole(*number));
        let tags = from.tags(&keys::part(keys::MODEL_TAGS, model.number))?;
        let lower = names::model(&model.name)?;
        let mut aliases = from.aliases(model.number)?;
        aliases.retain(|entry| is_whole(entry.version));
        let is_of = |name: &str| name.to_ascii_lowercase() == lower;
        let has_policy = from.policies()?.iter().any(|set| set.scope.model.as_deref().is_some_and(is_of));
        Ok(Self { tags, aliases, slots, were, has_policy })
    }
}

impl LocalRegistry {
    /// The slots of a model and the versions that are noted to have been in production in them.
    fn productions(&self, model: &ModelRecord) -> Result<BTreeSet<(String, u64)>> {
        let prefix = keys::part(keys::WERE_IN_PRODUCTION, model.number);
        let mut found = BTreeSet::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix.clone()), |key, _| {
            let rest = key.strip_prefix(prefix.as_slice()).unwrap_or_default();
            let slot = rest.split(|byte| *byte == 0).next().unwrap_or_default();
            let slot = names::slot(&String::from_utf8_lossy(slot))?;
            found.extend(keys::last_number(key).map(|number| (slot, number)));
            Ok(())
        })?;
        // Of a time before there were marks.
        let chain = self.chain(&model.name)?;
        let promoted = chain.own().iter().filter(|event| is_promotion(event) && event.detail.is_none());
        found.extend(promoted.filter_map(|event| Some((String::new(), event.version?))));
        Ok(found)
    }

    /// Where versions go in a model that is new here.
    pub(super) fn places(&self, name: &str, arriving: &Arriving, versions: &[(u64, VersionInfo)]) -> Result<Places> {
        let Arriving { aliases, slots, were, has_policy, .. } = arriving;
        let (staging, production) = (self.policy(name, Stage::Staging)?, self.policy(name, Stage::Production)?);
        let asks = |stage: Stage| match stage {
            Stage::Staging => staging.policy.asks(),
            Stage::Production => production.policy.asks(),
            Stage::None | Stage::Archived => Vec::new(),
        };
        let mut places = Places::default();
        let mut held: BTreeMap<Stage, Vec<String>> = BTreeMap::new();
        for (number, info) in versions {
            let wanted = match info.stage {
                _ if info.status != VersionStatus::Ready => Stage::None,
                _ if slots.values().any(|slot| slot.production == Some(*number)) => Stage::Production,
                // Of no slot it is not in production, whatever it says.
                Stage::Production => Stage::None,
                stage => stage,
            };
            if asks(wanted).is_empty() {
                places.stages.insert(*number, wanted);
            } else {
                held.entry(wanted).or_default().push(number.to_string());
            }
        }
        for (stage, numbers) in held {
            let (of, asks) = (stage.as_str(), asks(stage).join(", "));
            places.notes.push(format!(
                "version {} was in {of} there and is in None here: the policy here asks for {asks}; `mlops models status` says \
                 what is missing, and then promote it here",
                numbers.join(", "),
            ));
        }
        if asks(Stage::Production).is_empty() {
            places.slots.clone_from(slots);
            places.were.clone_from(were);
        }
        let strict = production.policy.strict_transitions;
        for entry in aliases {
            let (lower, alias) = (names::alias(&entry.alias)?, &entry.alias);
            let live = places.slots.get("").and_then(|slot| slot.production);
            if strict && matches!(lower.as_str(), "staging" | "archived") {
                let what = "the policy here does not take the name of a stage for an alias (strict_transitions)";
                places.notes.push(format!("the alias `{alias}` did not come: {what}"));
            } else if lower != PRODUCTION || live == Some(entry.version) {
                places.aliases.push(entry.clone());
            }
        }
        if *has_policy {
            let what = "its policies there did not come: who brings models does not say what holds here; `mlops models \
                        policy set` does";
            places.notes.push(what.into());
        }
        Ok(places)
    }
}

impl Places {
    /// Moves a version that was just added to where it goes.
    pub(super) fn put_version(
        &self,
        change: &mut Change,
        model: &mut ModelRecord,
        coming: &Coming,
        stage: Stage,
    ) -> Result<()> {
        let Coming { number, info, .. } = coming;
        let moved = |from: Stage| What {
            version: Some(*number),
            from: Some(from.as_str()),
            to: Some(stage.as_str()),
            digest: info.digest,
            ..What::default()
        };
        if stage != Stage::Production {
            let has_moved = stage != Stage::None;
            return if has_moved {
                change.event(Action::StageChanged, &model.name, moved(Stage::None))
            } else {
                Ok(())
            };
        }
        let mut from = Stage::None;
        for (slot, state) in self.slots.iter().filter(|(_, state)| state.production == Some(*number)) {
            let generation = state.generation.max(1);
            let state = SlotState { generation, event: change.seq() + 1, ..state.clone() };
            change.put_slot(model, slot, &state)?;
            let detail = Some(slot.as_str()).filter(|slot| !slot.is_empty());
            let what = What { detail, generation: Some((0, generation)), ..moved(from) };
            change.event(Action::StageChanged, &model.name, what)?;
            from = Stage::Production;
        }
        Ok(())
    }

    /// Notes what is left when the versions are there: slots that are empty, what was in them, and the aliases.
    pub(super) fn put_rest(&self, change: &mut Change, model: &mut ModelRecord) -> Result<()> {
        let event = change.seq();
        for (slot, state) in self.slots.iter().filter(|(_, state)| state.production.is_none() && state.generation > 0) {
            change.put_slot(model, slot, &SlotState { event, ..state.clone() })?;
        }
        let is_live =
            |slot: &str, number: u64| self.slots.get(slot).is_some_and(|state| state.production == Some(number));
        for (slot, number) in self.were.iter().filter(|(slot, number)| !is_live(slot, *number)) {
            let mark = keys::was_in_production(model.number, slot, *number);
            change.push(Op::put(mark, stored::encode(&event)?));
        }
        for entry in &self.aliases {
            change.set_alias_entry(model, &entry.alias, None, entry.version)?;
        }
        Ok(())
    }
}
