//! Which blobs somebody has just put and not named yet: a sweep leaves those alone, whatever the clock says.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::lease_files::{Exclusive, LeaseFiles};
use crate::base::digests::Digest;
use crate::base::os;
use crate::error::Result;

/// A portion of a sweep ends after so many removals or so long, so that nobody waits for long.
const PORTION: usize = 128;
const PORTION_TIME: Duration = Duration::from_millis(40);

/// The puts of this process are counted; each blob remembers the number of its last put. A call that puts blobs and
/// then names them holds a [`Lease`] from before its first put: every number since the oldest lease is kept. Where other
/// processes may have the same blobs, `lease_files.rs` does the same across them.
#[derive(Debug, Default)]
pub struct Leases {
    state: Mutex<State>,
    /// None if no other process is concerned: in memory, and for a reader.
    files: Option<LeaseFiles>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// The last put of each blob, of those that a lease or a sweep may still ask for.
    puts: HashMap<Digest, u64>,
    /// How many leases begin at a number.
    held: BTreeMap<u64, usize>,
    /// `puts` is looked through when it has grown to this.
    look_at: usize,
}

impl State {
    fn hold(&mut self, from: u64) {
        *self.held.entry(from).or_default() += 1;
    }

    fn let_go(&mut self, from: u64) {
        if let Some(count) = self.held.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&from);
            }
        }
        self.forget();
    }

    /// Forgets puts that no lease covers. Costs nothing most of the time, and the map stays as small as what is covered.
    fn forget(&mut self) {
        let Some(oldest) = self.held.keys().next().copied() else {
            self.puts.clear();
            return;
        };
        if self.puts.len() >= self.look_at {
            self.puts.retain(|_, put| *put >= oldest);
            self.look_at = (self.puts.len() * 2).max(1_024);
        }
    }
}

/// Blobs that are put while it is held stay until it is dropped, and those that were named by then are referred to.
///
/// A thread that has one never waits for a gc, which may wait for it; further ones of the same process cost nothing.
#[derive(Debug)]
pub struct Lease {
    leases: Arc<Leases>,
    from: u64,
    /// How often the process had forked: in a child the lease is its parent's.
    forks: usize,
}

/// What a sweep is covered by, taken before references are collected: all puts from then on and those of calls that are
/// under way, in whatever process. What was put before belongs to calls that have named it already.
#[derive(Debug)]
pub struct SweepLease {
    leases: Arc<Leases>,
    from: u64,
    /// What other processes have noted, and how far their notes are read. None if others are not asked.
    noted: Option<Mutex<(HashSet<Digest>, u64)>>,
}

/// A time in which no other process puts blobs or names what it has put.
#[derive(Debug)]
pub(super) struct Portion<'a> {
    lease: &'a SweepLease,
    _others: Option<Exclusive<'a>>,
    began: Instant,
    removals: usize,
}

impl Leases {
    /// Leases that other processes see, by files in a folder.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn across(files: LeaseFiles) -> Self {
        Self { state: Mutex::default(), files: Some(files) }
    }

    /// Taken before the first put of a call that names its blobs later. Waits while a gc of another process moves files,
    /// for some milliseconds.
    ///
    /// # Errors
    /// `Busy` if that process does not go on, `Io`.
    pub fn hold(self: &Arc<Self>) -> Result<Lease> {
        let forks = self.files.as_ref().map_or_else(|| Ok(os::forks()), LeaseFiles::share)?;
        let mut state = self.state.lock();
        let from = state.next;
        state.hold(from);
        Ok(Lease { leases: self.clone(), from, forks })
    }

    /// Begins a sweep: the only one of the store. Waits until the calls of other processes that are under way have
    /// named what they put.
    ///
    /// # Errors
    /// `Busy` if another process sweeps, or stores files without a pause; `Io`.
    pub fn begin_sweep(self: &Arc<Self>) -> Result<SweepLease> {
        self.files.as_ref().map_or(Ok(()), LeaseFiles::begin)?;
        Ok(self.begin(self.files.as_ref().map(|_| Mutex::default())))
    }

    /// Begins a sweep that only counts: other processes are not asked.
    pub fn begin_count(self: &Arc<Self>) -> SweepLease {
        self.begin(None)
    }

    fn begin(self: &Arc<Self>, noted: Option<Mutex<(HashSet<Digest>, u64)>>) -> SweepLease {
        let mut state = self.state.lock();
        let from = state.held.keys().next().copied().unwrap_or(state.next);
        state.hold(from);
        SweepLease { leases: self.clone(), from, noted }
    }

    /// Notes a put; a lease is held. It comes before the look at whether the blob is there: then either a sweep sees the
    /// put and leaves the blob, or the put sees that the blob is gone and stores it anew.
    ///
    /// # Errors
    /// `Io` if a sweep of another process cannot be told.
    pub(super) fn renew(&self, digest: &Digest) -> Result<()> {
        {
            let mut state = self.state.lock();
            let put = state.next;
            state.next += 1;
            if !state.held.is_empty() {
                state.puts.insert(*digest, put);
                state.forget();
            }
        }
        self.files.as_ref().map_or(Ok(()), |files| files.note(digest))
    }
}

impl SweepLease {
    /// Keeps the puts of other processes out until what it returns is dropped, which is soon.
    ///
    /// # Errors
    /// `Busy` if another process stores files without a pause, `Corrupt` if its notes are damaged, `Io`.
    pub(super) fn portion(&self) -> Result<Portion<'_>> {
        let mut others = None;
        if let (Some(files), Some(noted)) = (&self.leases.files, &self.noted) {
            let exclusive = files.exclude()?;
            let mut noted = noted.lock();
            let (new, upto) = exclusive.notes(noted.1)?;
            noted.0.extend(new);
            noted.1 = upto;
            others = Some(exclusive);
        }
        Ok(Portion { lease: self, _others: others, began: Instant::now(), removals: 0 })
    }
}

impl Portion<'_> {
    /// True if others have waited long enough.
    pub(super) fn is_over(&self) -> bool {
        self.removals >= PORTION || self.began.elapsed() >= PORTION_TIME
    }

    /// Removes blobs with `remove`, unless one of them is covered; no put gets in between. None if one is.
    pub(super) fn unless_covered<T>(
        &mut self,
        blobs: impl Iterator<Item = Digest>,
        remove: impl FnOnce() -> T,
    ) -> Option<T> {
        self.removals += 1;
        let noted = self.lease.noted.as_ref().map(Mutex::lock);
        let is_noted = |blob: &Digest| noted.as_ref().is_some_and(|noted| noted.0.contains(blob));
        let state = self.lease.leases.state.lock();
        let is_put = |blob: &Digest| state.puts.get(blob).is_some_and(|put| *put >= self.lease.from);
        let mut blobs = blobs;
        let covered = blobs.any(|blob| is_put(&blob) || is_noted(&blob));
        (!covered).then(remove)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.forks != os::forks() {
            return;
        }
        // In this process first: a sweep that others may begin at once looks at what is named already.
        self.leases.state.lock().let_go(self.from);
        if let Some(files) = &self.leases.files {
            files.unshare(self.forks);
        }
    }
}

impl Drop for SweepLease {
    fn drop(&mut self) {
        self.leases.state.lock().let_go(self.from);
        if let (Some(files), Some(_)) = (&self.leases.files, &self.noted) {
            files.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(sweep: &SweepLease, blob: Digest) -> bool {
        sweep.portion().unwrap().unless_covered(std::iter::once(blob), || ()).is_some()
    }

    #[test]
    fn what_was_put_since_the_sweep_began_stays() {
        let leases = Arc::new(Leases::default());
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        leases.renew(&old).unwrap();
        let sweep = leases.begin_sweep().unwrap();
        leases.renew(&new).unwrap();
        assert!(removed(&sweep, old));
        assert!(!removed(&sweep, new));
        leases.renew(&old).unwrap();
        assert!(!removed(&sweep, old));
    }

    #[test]
    fn what_a_call_under_way_put_stays_though_it_ends_during_the_sweep() {
        let leases = Arc::new(Leases::default());
        let blob = Digest::of(b"blob");
        let call = leases.hold().unwrap();
        leases.renew(&blob).unwrap();
        let sweep = leases.begin_sweep().unwrap();
        drop(call);
        assert!(!removed(&sweep, blob));
        drop(sweep);
        assert!(removed(&leases.begin_sweep().unwrap(), blob));
    }

    #[test]
    fn nothing_is_remembered_when_nobody_asks_for_it() {
        let leases = Arc::new(Leases::default());
        let mut lease = leases.hold().unwrap();
        for number in 0..5_000_u32 {
            leases.renew(&Digest::of(&number.to_le_bytes())).unwrap();
            // Overlapping, so that some lease is always held.
            lease = leases.hold().unwrap();
        }
        assert!(leases.state.lock().puts.len() <= 1_025);
        drop(lease);
        assert!(leases.state.lock().puts.is_empty());
    }
}
