//! Many processes, one store: the layer where the store's lock is held.
//!
//! The kernel's lock on `lock` decides who owns journal and index. By now the owner is the only process that may
//! open the store for writing; the owner's answers to peers come in here, as [`Storage`] calls over a local socket,
//! so that no pillar ever knows.

mod lock;

use std::sync::Arc;

pub use lock::OwnerLock;

use super::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};
use crate::base::os;
use crate::error::Result;

/// The storage of the process that owns the store.
#[derive(Debug)]
pub struct Shared {
    // Dropped before the lock: nobody else may open what is still being closed.
    storage: Arc<dyn Storage>,
    /// How often the process had forked when it took the lock.
    forks: usize,
    _lock: OwnerLock,
}

impl Shared {
    /// Holds the lock for as long as the storage is used.
    pub fn new(storage: Arc<dyn Storage>, lock: OwnerLock) -> Self {
        Self { storage, forks: os::forks(), _lock: lock }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if os::forks() != self.forks {
            // A forked child lets go of the lock only: what closing does (stop threads, flush) is its parent's, and
            // would wait here for locks and threads that no longer run.
            std::mem::forget(self.storage.clone());
        }
    }
}

impl Storage for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.storage.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        self.storage.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        self.storage.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.storage.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.storage.capabilities()
    }
}
