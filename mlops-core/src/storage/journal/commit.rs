//! Commits: checked, appended, synced in groups, applied in order.

use std::collections::BTreeMap;

use parking_lot::MutexGuard;

use super::applied::Applied;
use super::files::{self, Commit, Head};
use super::state::{State, TailState, Waiting};
use super::totals::Totals;
use crate::error::Result;
use crate::storage::types::SHARED_PREFIX;
use crate::storage::{Durability, Op, Outcome, check_batch, check_key};

/// What a batch does to each key that it names: the last operation on it.
type ByKey = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

impl State {
    pub(super) fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        ops.iter().filter(|op| !op.key().starts_with(SHARED_PREFIX)).try_for_each(|op| check_key(op.key()))?;
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
        let mut changes = ByKey::new();
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
        let body = files::encode(&commit)?;
        let appended = tail.log.append(&body)?;
        tail.totals = totals;
        tail.bytes_behind += appended.end - appended.offset;
        let waiting = Waiting { head: Head { seq: appended.seq, totals }, changes: commit.changes };
        if durability == Durability::Fast && tail.waiting.is_empty() {
            self.apply_to_index(&mut tail, waiting)?;
            self.check_owned(&mut tail)?;
            // The background forces it to the disk within a second; it is awake if something waits for that already.
            if tail.synced + 1 == appended.seq {
                self.changed.notify_all();
            }
            return Ok(Outcome::Applied);
        }
        for (key, value) in &waiting.changes {
            tail.overlay.insert(key.clone(), (waiting.head.seq, value.clone()));
        }
        tail.waiting.push_back(waiting);
        while tail.applied < appended.seq {
            tail.check()?;
            self.sync_or_wait(&mut tail)?;
        }
        self.check_owned(&mut tail)?;
        Ok(Outcome::Applied)
    }

    /// The value of a key after all appended commits.
    fn current(&self, tail: &TailState, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match tail.overlay.get(key) {
            Some((_, value)) => Ok(value.clone()),
            None => self.index.get(key),
        }
    }

    fn totals_after(&self, tail: &TailState, changes: &ByKey) -> Result<Totals> {
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
        let applied = Applied { owner: tail.log.header().owner, head: commit.head };
        if let Err(e) = self.index.apply(applied, commit.changes) {
            // The commit stands in the journal; the next to open makes the index again.
            tail.failed = Some(format!("the index failed: {e}"));
            self.changed.notify_all();
            return Err(e);
        }
        tail.applied = applied.head.seq;
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
        self.synced(tail, upto, synced)
    }

    /// Notes that the journal was forced to the disk up to a commit, or that this failed, and applies the commits that
    /// waited for it.
    pub(super) fn synced(&self, tail: &mut TailState, upto: u64, synced: Result<()>) -> Result<()> {
        self.changed.notify_all();
        if let Err(e) = synced {
            // After a failed sync nobody knows what is on the disk, also not a later sync.
            tail.failed = Some(format!("the journal could not be forced to the disk: {e}"));
            return Err(e);
        }
        tail.synced = tail.synced.max(upto);
        while let Some(commit) = tail.waiting.pop_front_if(|commit| commit.head.seq <= upto) {
            self.apply_to_index(tail, commit)?;
        }
        tail.overlay.retain(|_, (seq, _)| *seq > upto);
        Ok(())
    }
}
