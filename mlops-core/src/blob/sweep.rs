//! What a sweep is told and what it says: the removal of blobs that nothing refers to.

use std::collections::HashSet;
use std::ops::AddAssign;
use std::time::Duration;

use serde::Serialize;

use super::SweepLease;
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::error::Result;

/// How long what a sweep removed stays in the trash, so that a reader or a copy of the folder that is under way meets
/// no gap.
pub const TRASH_STAYS: Duration = Duration::from_hours(1);

/// What refers to blobs. Every pillar that names blobs in what it stores says here which: what nobody names is removed.
pub trait Referrer {
    /// Visits every blob that the pillar refers to, some perhaps more than once.
    ///
    /// # Errors
    /// Whatever stands in the way of naming all of them: nothing is removed then.
    fn for_each_blob(&self, visit: &mut dyn FnMut(Digest)) -> Result<()>;
}

/// What is swept.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// Taken before references were collected; without `dry_run` by [`begin_sweep`](super::Leases::begin_sweep).
    pub lease: &'a SweepLease,
    /// What is referred to.
    pub live: &'a HashSet<Digest>,
    /// The time.
    pub now: Timestamp,
    /// What was written or put again within this time stays.
    pub older_than: Duration,
    /// Only counts.
    pub dry_run: bool,
}

impl Sweep<'_> {
    /// True if something that was last written at this time is old enough to go; without an age it always is.
    pub fn is_old(&self, written: Timestamp) -> bool {
        self.now.since(written) >= self.older_than
    }
}

/// How many things, and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Amount {
    /// One thing of a size.
    pub fn one(bytes: u64) -> Self {
        Self { count: 1, bytes }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

/// What a sweep removed, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Large blobs.
    pub large_blobs: Amount,
    /// Small blobs, in packs that were removed or written anew.
    pub small_blobs: Amount,
    /// Blobs that nothing refers to and that stay: they are too young, were put just now, or share a pack with more
    /// that is alive, or with damage.
    pub kept: Amount,
    /// Files that were deleted from the trash.
    pub trash: Amount,
}
