//! Who holds a run that several processes have started or gone on with: it runs until the last of them has ended it.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::codec;
use super::keys;
use super::section::for_each_entry;
use crate::error::Result;
use crate::storage::{KeyRange, Op, Storage};

/// The holders of the runs that a commit starts or ends. A run that one process alone holds has no entries.
#[derive(Debug, Default)]
pub(super) struct Holders {
    runs: BTreeMap<String, Held>,
}

#[derive(Debug)]
struct Held {
    stored: BTreeSet<Uuid>,
    now: BTreeSet<Uuid>,
}

impl Holders {
    /// `writer` goes on with a run that `before` holds.
    pub(super) fn join(&mut self, storage: &dyn Storage, run: &str, before: Uuid, writer: Uuid) -> Result<()> {
        self.of(storage, run)?.now.extend([before, writer]);
        Ok(())
    }

    /// Of a run that several hold: whether `writer` is one of them. None for any other.
    pub(super) fn has(&mut self, storage: &dyn Storage, run: &str, writer: Uuid) -> Result<Option<bool>> {
        let now = &self.of(storage, run)?.now;
        Ok((!now.is_empty()).then(|| now.contains(&writer)))
    }

    /// `writer` ends a run. Another that holds it still, if it was one of several; else it is over for all of them.
    pub(super) fn leave(&mut self, storage: &dyn Storage, run: &str, writer: Uuid) -> Result<Option<Uuid>> {
        let held = self.of(storage, run)?;
        let other = if held.now.remove(&writer) { held.now.last().copied() } else { None };
        if other.is_none() || held.now.len() == 1 {
            held.now.clear();
        }
        Ok(other)
    }

    /// The operations that store all changes.
    pub(super) fn finish(self, ops: &mut Vec<Op>) {
        for (run, Held { stored, now }) in self.runs {
            ops.extend(stored.difference(&now).map(|writer| Op::delete(keys::holder(&run, *writer))));
            ops.extend(now.difference(&stored).map(|writer| Op::put(keys::holder(&run, *writer), codec::PRESENT)));
        }
    }

    fn of(&mut self, storage: &dyn Storage, run: &str) -> Result<&mut Held> {
        if !self.runs.contains_key(run) {
            let stored = stored(storage, run)?;
            self.runs.insert(run.into(), Held { now: stored.clone(), stored });
        }
        Ok(self.runs.entry(run.into()).or_insert_with(|| Held { stored: BTreeSet::new(), now: BTreeSet::new() }))
    }
}

/// The holders of a run that several hold.
fn stored(storage: &dyn Storage, run: &str) -> Result<BTreeSet<Uuid>> {
    let prefix = keys::holders(run);
    let mut found = BTreeSet::new();
    for_each_entry(storage, KeyRange::prefix(prefix.clone()), |key, _| {
        let writer = key.strip_prefix(prefix.as_slice()).and_then(|writer| Uuid::from_slice(writer).ok());
        found.extend(writer);
        Ok(())
    })?;
    Ok(found)
}

/// Adds the removal of all that says who holds a run.
pub(super) fn remove(storage: &dyn Storage, run: &str, ops: &mut Vec<Op>) -> Result<()> {
    for writer in stored(storage, run)? {
        ops.extend([Op::delete(keys::holder(run, writer)), Op::delete(keys::live_run(writer, run))]);
    }
    Ok(())
}
