//! Commits that have one effect, also when they are sent again.
//!
//! A peer numbers the commits of each of its lanes, one in flight at a time. The newest number of a lane stands in the
//! same batch as the commit, so that whoever owns the store when it is sent again knows it. A lane is forgotten when its
//! peer closes the connection, which it does only when it will not send anything again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::storage::types::SHARED_PREFIX;
use crate::storage::{Durability, KeyRange, Op, Outcome, ScanOptions, Storage};

/// How long a lane that an owner left behind is kept for its peer to come back.
const KEPT: Duration = Duration::from_hours(1);

/// One lane of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub(super) client: Uuid,
    pub(super) number: u32,
}

impl Lane {
    fn prefix() -> Vec<u8> {
        [SHARED_PREFIX, b"l"].concat()
    }

    fn key(self) -> Vec<u8> {
        [Self::prefix().as_slice(), self.client.as_bytes(), &self.number.to_be_bytes()].concat()
    }

    fn of_key(key: &[u8]) -> Option<Self> {
        let rest = key.strip_prefix(Self::prefix().as_slice())?;
        let (client, number) = rest.split_at_checked(16)?;
        Some(Self { client: Uuid::from_slice(client).ok()?, number: u32::from_be_bytes(number.try_into().ok()?) })
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Outcome(Outcome),
    /// The lane is not known any more.
    Forgotten,
}

/// Applies a commit of a lane, unless it was before.
pub(super) fn apply(
    storage: &dyn Storage,
    lane: Lane,
    (before, this): (u64, u64),
    mut ops: Vec<Op>,
    durability: Durability,
) -> Result<Applied> {
    let own = ops.len();
    ops.insert(0, Op::check(lane.key(), Some(before.to_be_bytes())));
    ops.push(Op::put(lane.key(), this.to_be_bytes()));
    let outcome = storage.apply(&ops, durability)?;
    let Outcome::CheckFailed { op } = outcome else { return Ok(Applied::Outcome(outcome)) };
    if op > 0 {
        return Ok(Applied::Outcome(Outcome::CheckFailed { op: op.min(own) - 1 }));
    }
    let stored = storage.get(&lane.key())?;
    if stored.as_deref() != Some(&this.to_be_bytes()) {
        return Ok(Applied::Forgotten);
    }
    if durability == Durability::Full {
        // The first time may not have waited for it.
        storage.flush()?;
    }
    Ok(Applied::Outcome(Outcome::Applied))
}

/// The lanes that commits were made on, and who still may come back for them.
#[derive(Debug)]
pub(super) struct Lanes {
    since: Instant,
    /// Of an owner before this one, and not seen again.
    left: Mutex<BTreeSet<Lane>>,
}

impl Lanes {
    /// Reads those that owners before this one left.
    pub(super) fn read(storage: &dyn Storage) -> Result<Self> {
        let mut left = BTreeSet::new();
        let mut range = KeyRange::prefix(Lane::prefix());
        loop {
            let page = storage.scan(&range, &ScanOptions::default())?;
            left.extend(page.entries.iter().filter_map(|(key, _)| Lane::of_key(key)));
            match page.entries.last() {
                Some((last, _)) if page.more => range = range.after(last),
                _ => return Ok(Self { since: Instant::now(), left: left.into() }),
            }
        }
    }

    /// How many they left.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.left.lock().len()
    }

    /// A peer is there with its lane.
    pub(super) fn seen(&self, lane: Lane) {
        self.left.lock().remove(&lane);
    }

    /// Notes a new lane; fine if it is there.
    pub(super) fn add(storage: &dyn Storage, lane: Lane) -> Result<()> {
        let outcome = storage
            .apply(&[Op::check_absent(lane.key()), Op::put(lane.key(), 0_u64.to_be_bytes())], Durability::Fast)?;
        match outcome {
            Outcome::Applied | Outcome::CheckFailed { .. } => Ok(()),
        }
    }

    /// Forgets a lane whose peer closed it.
    pub(super) fn forget(storage: &dyn Storage, lane: Lane) -> Result<()> {
        match storage.apply(&[Op::delete(lane.key())], Durability::Fast)? {
            Outcome::Applied => Ok(()),
            Outcome::CheckFailed { .. } => Err(Error::internal("a batch without checks failed one")),
        }
    }

    /// Forgets the lanes of peers that did not come back.
    pub(super) fn forget_old(&self, storage: &dyn Storage) -> Result<()> {
        if self.since.elapsed() < KEPT {
            return Ok(());
        }
        for lane in std::mem::take(&mut *self.left.lock()) {
            Self::forget(storage, lane)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::memory::MemoryStorage;

    #[test]
    fn a_commit_that_is_sent_again_has_one_effect() {
        let storage = MemoryStorage::default();
        let lane = Lane { client: Uuid::from_u128(7), number: 3 };
        let commit = |numbers, ops: &[Op]| apply(&storage, lane, numbers, ops.to_vec(), Durability::Full).unwrap();
        let add = [Op::check_absent("a"), Op::put("a", "1")];
        assert_eq!(commit((0, 1), &add), Applied::Forgotten, "no lane was noted");
        Lanes::add(&storage, lane).unwrap();
        Lanes::add(&storage, lane).unwrap();
        let applied = Applied::Outcome(Outcome::Applied);
        assert_eq!(commit((0, 1), &add), applied);
        // Its own check would fail now.
        assert_eq!(commit((0, 1), &add), applied);
        assert_eq!(commit((1, 2), &add), Applied::Outcome(Outcome::CheckFailed { op: 0 }));
        let second = [Op::put("b", "1"), Op::check("a", Some("2"))];
        assert_eq!(commit((1, 2), &second), Applied::Outcome(Outcome::CheckFailed { op: 1 }));
        assert_eq!(storage.get(b"b").unwrap(), None);
        let left = Lanes::read(&storage).unwrap();
        assert_eq!(left.left.lock().iter().copied().collect::<Vec<_>>(), [lane]);
        Lanes::forget(&storage, lane).unwrap();
        assert_eq!(commit((1, 2), &[Op::put("c", "1")]), Applied::Forgotten);
    }
}
