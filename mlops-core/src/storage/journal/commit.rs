//! Commits: checked, appended, synced in groups, applied in order.

use std::collections::BTreeMap;

use parking_lot::MutexGuard;

use super::files::{self, Commit};
use super::state::{State, TailState, Waiting};
use super::totals::Totals;
use crate::error::{Error, Result};
use crate::storage::types::APPLIED_KEY;
use crate::storage::{Durability, Op, Outcome, Storage, check_batch};

/// What a batch does to each key that it names: the last operation on it.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

impl State {
    pub(super) fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        check_batch(ops)?;
        let mut tail = self.tail.lock();
        tail.check()?;
        for (index, op) in ops.iter().enumerate() {
            if let Op::Check { key, expected } = op
                && self.current(&tail, key)? != *expected
            {
                return Ok(Outcome::CheckFailed { op: index });
            }
        }
        let mut changes = Changes::new();
        for op in ops {
            match op {
                Op::Put { key, value } => drop(changes.insert(key.clone(), Some(value.clone()))),
                Op::Delete { key } => drop(changes.insert(key.clone(), None)),
                Op::Check { .. } => {}
            }
        }
        if changes.is_empty() {
            return Ok(Outcome::Applied);
        }
        let totals = self.totals_after(&tail, &changes)?;
        let commit = Commit { totals, changes: changes.into_iter().collect() };
        let body = files::encode(&commit, Vec::new())?;
        let appended = tail.log.append(&body)?;
        tail.totals = totals;
        tail.bytes_behind += appended.end - appended.offset;
        let waiting = Waiting { seq: appended.seq, changes: commit.changes };
        if durability == Durability::Fast && tail.waiting.is_empty() {
            self.apply_to_index(&mut tail, waiting)?;
            // The background forces it to the disk within a second.
            self.changed.notify_all();
            return Ok(Outcome::Applied);
        }
        for (key, value) in &waiting.changes {
            tail.overlay.insert(key.clone(), (waiting.seq, value.clone()));
        }
        tail.waiting.push_back(waiting);
        while tail.applied < appended.seq {
            tail.check()?;
            self.sync_or_wait(&mut tail)?;
        }
        Ok(Outcome::Applied)
    }

    /// The value of a key after all appended commits.
    fn current(&self, tail: &TailState, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match tail.overlay.get(key) {
            Some((_, value)) => Ok(value.clone()),
            None => self.index.get(key),
        }
    }

    fn totals_after(&self, tail: &TailState, changes: &Changes) -> Result<Totals> {
        let mut totals = tail.totals;
        for (key, value) in changes {
            if let Some(old) = self.current(tail, key)? {
                totals.remove(key, &old);
            }
            if let Some(new) = value {
                totals.add(key, new);
            }
        }
        Ok(totals)
    }

    /// Applies one commit to the index, with its number in the same batch.
    fn apply_to_index(&self, tail: &mut TailState, commit: Waiting) -> Result<()> {
        let seq = commit.seq;
        if let Err(e) = self.index.apply(&index_ops(commit), Durability::Fast) {
            // The commit stands in the journal; the next to open makes the index again.
            tail.failed = Some(format!("the index failed: {e}"));
            self.changed.notify_all();
            return Err(e);
        }
        tail.applied = seq;
        Ok(())
    }

    /// Forces the journal to the disk for all who wait, and applies their commits; or waits for who does it.
    pub(super) fn sync_or_wait(&self, tail: &mut MutexGuard<'_, TailState>) -> Result<()> {
        if tail.syncing {
            self.changed.wait(tail);
            return Ok(());
        }
        tail.syncing = true;
        let (upto, file) = (tail.last(), tail.log.file());
        let synced = MutexGuard::unlocked(tail, || self.run_sync_before().and_then(|()| file.sync()));
        tail.syncing = false;
        self.changed.notify_all();
        if let Err(e) = synced {
            // After a failed sync nobody knows what is on the disk, also not a later sync.
            tail.failed = Some(format!("the journal could not be forced to the disk: {e}"));
            return Err(e);
        }
        tail.synced = tail.synced.max(upto);
        while let Some(commit) = tail.waiting.pop_front_if(|commit| commit.seq <= upto) {
            self.apply_to_index(tail, commit)?;
        }
        tail.overlay.retain(|_, (seq, _)| *seq > upto);
        Ok(())
    }
}

/// The operations that bring a commit into an index.
pub(super) fn index_ops(commit: Waiting) -> Vec<Op> {
    let changes = commit.changes.into_iter().map(|(key, value)| match value {
        Some(value) => Op::Put { key, value },
        None => Op::Delete { key },
    });
    changes.chain([Op::put(APPLIED_KEY, commit.seq.to_le_bytes())]).collect()
}

/// The last commit that an index has; 0 for a new one.
pub(super) fn applied(index: &dyn Storage) -> Result<u64> {
    match index.get(APPLIED_KEY)? {
        None => Ok(0),
        Some(bytes) => {
            let bytes = bytes.as_slice().try_into().map_err(|_| Error::internal("the index has no commit number"))?;
            Ok(u64::from_le_bytes(bytes))
        }
    }
}
