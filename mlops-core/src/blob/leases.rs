//! Which blobs somebody has just put and not named yet: a sweep leaves those alone, whatever the clock says.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::digests::Digest;

/// The puts of this process are counted; each blob remembers the number of its last put. A call that puts blobs and
/// then names them holds a [`Lease`] from before its first put: every number since the oldest lease is kept.
#[derive(Debug, Default)]
pub struct Leases {
    state: Mutex<State>,
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
#[derive(Debug)]
pub struct Lease {
    leases: Arc<Leases>,
    from: u64,
}

impl Leases {
    /// Taken before the first put of a call that names its blobs later.
    pub fn hold(self: &Arc<Self>) -> Lease {
        let mut state = self.state.lock();
        let from = state.next;
        state.hold(from);
        Lease { leases: self.clone(), from }
    }

    /// Taken before references are collected: covers all puts from now on and those of calls that are under way. What
    /// was put before belongs to calls that have named it already.
    pub fn begin_sweep(self: &Arc<Self>) -> Lease {
        let mut state = self.state.lock();
        let from = state.held.keys().next().copied().unwrap_or(state.next);
        state.hold(from);
        Lease { leases: self.clone(), from }
    }

    /// Notes a put. It comes before the look at whether the blob is there: then either a sweep sees the put and leaves
    /// the blob, or the put sees that the blob is gone and stores it anew.
    pub(super) fn renew(&self, digest: &Digest) {
        let mut state = self.state.lock();
        let put = state.next;
        state.next += 1;
        if !state.held.is_empty() {
            state.puts.insert(*digest, put);
            state.forget();
        }
    }
}

impl Lease {
    /// Removes blobs with `remove`, unless one of them is covered; no put gets in between. None if one is.
    pub(super) fn unless_covered<T>(
        &self,
        mut blobs: impl Iterator<Item = Digest>,
        remove: impl FnOnce() -> T,
    ) -> Option<T> {
        let state = self.leases.state.lock();
        let covered = blobs.any(|blob| state.puts.get(&blob).is_some_and(|put| *put >= self.from));
        (!covered).then(remove)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.leases.state.lock();
        if let Some(count) = state.held.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                state.held.remove(&self.from);
            }
        }
        state.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(sweep: &Lease, blob: Digest) -> bool {
        sweep.unless_covered(std::iter::once(blob), || ()).is_some()
    }

    #[test]
    fn what_was_put_since_the_sweep_began_stays() {
        let leases = Arc::new(Leases::default());
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        leases.renew(&old);
        let sweep = leases.begin_sweep();
        leases.renew(&new);
        assert!(removed(&sweep, old));
        assert!(!removed(&sweep, new));
        leases.renew(&old);
        assert!(!removed(&sweep, old));
    }

    #[test]
    fn what_a_call_under_way_put_stays_though_it_ends_during_the_sweep() {
        let leases = Arc::new(Leases::default());
        let blob = Digest::of(b"blob");
        let call = leases.hold();
        leases.renew(&blob);
        let sweep = leases.begin_sweep();
        drop(call);
        assert!(!removed(&sweep, blob));
        drop(sweep);
        assert!(removed(&leases.begin_sweep(), blob));
    }

    #[test]
    fn nothing_is_remembered_when_nobody_asks_for_it() {
        let leases = Arc::new(Leases::default());
        let mut lease = leases.hold();
        for number in 0..5_000_u32 {
            leases.renew(&Digest::of(&number.to_le_bytes()));
            // Overlapping, so that some lease is always held.
            lease = leases.hold();
        }
        assert!(leases.state.lock().puts.len() <= 1_025);
        drop(lease);
        assert!(leases.state.lock().puts.is_empty());
    }
}
