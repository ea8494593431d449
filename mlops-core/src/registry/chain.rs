//! The history of a model over all names that it had.

use std::collections::BTreeSet;

use super::log::{Action, Event};
use super::names;
use super::store::LocalRegistry;
use crate::error::Result;

/// The events of the model that has a name, in order, under all names that it had.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) events: Vec<Event>,
    /// The events that gave the model its next name. Other renames are of models that had one of the names before.
    along: BTreeSet<u64>,
}

/// The names, in lower case, that a model had and has; None for an event that is none, or changes the case only.
fn renamed(event: &Event) -> Option<(String, String)> {
    let (from, to) = (event.from.as_deref()?, event.to.as_deref()?);
    let is_other = event.action == Action::ModelRenamed && !from.eq_ignore_ascii_case(to);
    is_other.then(|| (from.to_ascii_lowercase(), to.to_ascii_lowercase()))
}

impl Chain {
    /// True for an event that takes a model away from the name whose history this is: what was there is not any more.
    pub(super) fn is_left_by(&self, event: &Event) -> bool {
        renamed(event).is_some() && !self.along.contains(&event.seq)
    }

    /// The numbers of the versions that the model had when it was last called otherwise than this name, in lower case, after
    /// it had it.
    pub(super) fn made_until_it_left(&self, lower: &str) -> BTreeSet<u64> {
        let left = self
            .events
            .iter()
            .rev()
            .find(|event| self.along.contains(&event.seq) && renamed(event).is_some_and(|(from, _)| from == lower));
        let until = left.map_or(0, |event| event.seq);
        let made = self.own().iter().filter(|event| event.action == Action::VersionCreated && event.seq < until);
        made.filter_map(|event| event.version).collect()
    }

    /// The names, in lower case, that the model had before.
    pub(super) fn earlier_names(&self) -> BTreeSet<String> {
        let along = self.events.iter().filter(|event| self.along.contains(&event.seq));
        along.filter_map(|event| Some(renamed(event)?.0)).collect()
    }

    /// The events of the model itself: without those of others that had its first name before.
    pub(super) fn own(&self) -> &[Event] {
        let ends = |event: &Event| event.action == Action::ModelDeleted || self.is_left_by(event);
        let begin = self.events.iter().rposition(ends).map_or(0, |place| place + 1);
        self.events.get(begin..).unwrap_or_default()
    }
}

impl LocalRegistry {
    /// The history of the model that has a name, or that had it last.
    pub(super) fn chain(&self, name: &str) -> Result<Chain> {
        let mut lower = names::model(name)?;
        let mut along = BTreeSet::new();
        let mut parts = vec![self.events_of(&lower)?];
        while let Some(last) = parts.last_mut() {
            let came = last.iter().rposition(|event| renamed(event).is_some_and(|(_, to)| to == lower));
            let Some(place) = came else { break };
            // What was before under the name was of others.
            last.drain(..place);
            let Some((event, (from, _))) = last.first().and_then(|event| Some((event.seq, renamed(event)?))) else {
                break;
            };
            along.insert(event);
            let mut before = self.events_of(&from)?;
            before.retain(|other| other.seq < event);
            parts.push(before);
            lower = from;
        }
        parts.reverse();
        Ok(Chain { events: parts.into_iter().flatten().collect(), along })
    }
}
