//! Many processes, one store.
//!
//! The kernel's lock on `lock` decides who owns journal and index ([`OwnerLock`]). The owner answers the others over a
//! local socket (`server.rs`), where [`Storage`] calls are what travels (`protocol.rs`, `wire.rs`), so that no pillar
//! ever knows ([`Shared`], `peer.rs`). When the owner ends, a peer takes the lock; calls that were in flight are sent
//! again and have one effect (`lanes.rs`).
//!
//! [`Storage`]: super::Storage

mod lanes;
mod layer;
mod lock;
mod peer;
mod protocol;
mod reader;
mod remote;
mod server;
mod socket;
mod wire;

use std::fmt;
use std::sync::Arc;

pub use layer::{Failed, OpenOwned, Shared, SharedOptions};
pub use lock::{OwnerLock, held};
use parking_lot::Mutex;

use super::KeyRange;

/// What the owner does for the store now and then, and when a peer has gone: it looks after what the dead left.
#[derive(Clone, Default)]
pub struct Care(Arc<Mutex<Option<Work>>>);

type Work = Box<dyn Fn() + Send + Sync>;

impl Care {
    /// Says what.
    pub fn set(&self, care: impl Fn() + Send + Sync + 'static) {
        *self.0.lock() = Some(Box::new(care));
    }

    /// Says that it is done no more, and waits for what is being done.
    pub fn end(&self) {
        *self.0.lock() = None;
    }

    fn run(&self) {
        if let Some(care) = &*self.0.lock() {
            care();
        }
    }
}

impl fmt::Debug for Care {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Care").finish_non_exhaustive()
    }
}

/// The part of a range that is not this layer's own, nor that of those beneath.
fn user_range(mut range: KeyRange) -> KeyRange {
    if range.start.first().is_none_or(|first| *first == 0) {
        range.start = vec![1];
    }
    range
}

#[cfg(test)]
mod tests;
