//! Slots: the places that run a version of a model, such as `eu` and `us`. Each has one version in production and a generation
//! that counts its changes; most models have the one slot without a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::keys;
use super::log::Event;
use super::names;
use super::store::LocalRegistry;
use super::types::{ModelRecord, Stage};
use crate::base::stored;
use crate::error::Result;
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

/// What is in production in a slot of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotState {
    /// How often what is in production has changed.
    pub generation: u64,
    /// The version that is in production.
    pub production: Option<u64>,
    /// The version that [`rollback`](LocalRegistry::rollback) goes back to: the one before, until it was gone back to.
    pub previous: Option<u64>,
    /// The number of the event that made it so; 0 if nothing has.
    pub event: u64,
}

pub(super) type Slots = BTreeMap<String, SlotState>;

impl LocalRegistry {
    /// What is in production in a slot of a model; the empty one is the slot that every model has.
    ///
    /// # Errors
    /// `NotFound` for an unknown model; `InvalidArgument` for what cannot be a slot; `Corrupt`, `Io`.
    pub fn slot_state(&self, name: &str, slot: &str) -> Result<SlotState> {
        self.slot(&self.record(name)?, &names::slot(slot)?)
    }

    /// What is in production in a slot, whose name is in lower case.
    pub(super) fn slot(&self, model: &ModelRecord, slot: &str) -> Result<SlotState> {
        match self.storage.get(&keys::slot(model.number, slot))? {
            Some(bytes) => stored::decode("a slot of a registered model", &bytes),
            None if slot.is_empty() && model.generation > 0 => self.slot_before_slots(model),
            None => Ok(SlotState::default()),
        }
    }

    /// All slots that something was in; the one without a name is always there.
    pub(super) fn slots(&self, model: &ModelRecord) -> Result<Slots> {
        let prefix = keys::part(keys::SLOTS, model.number);
        let mut slots = BTreeMap::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix.clone()), |key, value| {
            let name = String::from_utf8_lossy(key.strip_prefix(prefix.as_slice()).unwrap_or_default()).into_owned();
            slots.insert(name, stored::decode("a slot of a registered model", value)?);
            Ok(())
        })?;
        if !slots.contains_key("") {
            slots.insert(String::new(), self.slot(model, "")?);
        }
        Ok(slots)
    }

    /// The only slot of a model whose last change of production was made before there were records of slots.
    fn slot_before_slots(&self, model: &ModelRecord) -> Result<SlotState> {
        let chain = self.chain(&model.name)?;
        let events = chain.own();
        let moves = || events.iter().rev().filter(|event| event.generation.is_some());
        let production = self.latest_in(model.number, Stage::Production)?;
        let promotion = moves().find(|event| event.to.as_deref() == Some(Stage::Production.as_str()));
        let mut previous =
            promotion.and_then(|event| event.archived.first().copied()).filter(|was| production != Some(*was));
        if let Some(was) = previous
            && self.storage.get(&keys::version(model.number, was))?.is_none()
        {
            previous = None;
        }
        let event = moves().next().map_or(0, |event| event.seq);
        Ok(SlotState { generation: model.generation, production, previous, event })
    }

    /// True if a version was in production in a slot.
    pub(super) fn was_in_production(&self, model: &ModelRecord, slot: &str, number: u64) -> Result<bool> {
        if self.storage.get(&keys::was_in_production(model.number, slot, number))?.is_some() {
            return Ok(true);
        }
        // Of a time before there were marks.
        let chain = self.chain(&model.name)?;
        Ok(slot.is_empty()
            && chain
                .own()
                .iter()
                .any(|event| event.version == Some(number) && event.detail.is_none() && is_promotion(event)))
    }
}

/// True for an event that brought a version to production.
pub(super) fn is_promotion(event: &Event) -> bool {
    event.generation.is_some() && event.to.as_deref() == Some(Stage::Production.as_str())
}

impl Change {
    /// Stores what is in production in a slot, and keeps the model's generation in step; the caller stores the model.
    pub(super) fn put_slot(&mut self, model: &mut ModelRecord, slot: &str, state: &SlotState) -> Result<()> {
        if slot.is_empty() {
            model.generation = state.generation;
        }
        self.push(Op::put(keys::slot(model.number, slot), stored::encode(state)?));
        if let Some(number) = state.production {
            let mark = keys::was_in_production(model.number, slot, number);
            self.push(Op::put(mark, stored::encode(&state.event)?));
        }
        Ok(())
    }
}
