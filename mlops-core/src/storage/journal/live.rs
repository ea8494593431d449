//! The index beneath an open journal, and what stands in for it when it fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;

use super::applied::Applied;
use super::files::Changes;
use super::open;
use crate::base::files::Files;
use crate::error::Result;
use crate::storage::{Durability, Outcome, Storage};

/// The index of an open journal. One that fails (the disk is full, its files are damaged) is let go, and from then on
/// its entries are kept in memory, made from the journal; the next to open makes it again on the disk.
#[derive(Debug)]
pub(super) struct LiveIndex {
    folder: PathBuf,
    files: Files,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    index: Arc<dyn Storage>,
    /// The last commit that it has.
    applied: u64,
}

impl LiveIndex {
    /// The index of the journal in `folder`, which has the commits up to `applied`.
    pub(super) fn new(index: Arc<dyn Storage>, applied: u64, folder: PathBuf, files: Files) -> Self {
        Self { folder, files, current: RwLock::new(Current { index, applied }) }
    }

    /// Reads from the index.
    ///
    /// # Errors
    /// What the journal gives where the index failed and it had to be read.
    pub(super) fn read<T>(&self, ask: impl Fn(&dyn Storage) -> Result<T>) -> Result<T> {
        let index = self.current.read().index.clone();
        ask(&*index).or_else(|_| {
            let mut current = self.current.write();
            if Arc::ptr_eq(&current.index, &index) {
                let applied = current.applied;
                self.stand_in(&mut current, applied)?;
            }
            let index = current.index.clone();
            drop(current);
            ask(&*index)
        })
    }

    /// Brings a commit that the journal has into the index.
    ///
    /// # Errors
    /// What the journal gives where the index failed and it had to be read.
    pub(super) fn apply(&self, applied: Applied, changes: Changes) -> Result<()> {
        let ops = applied.commit(changes)?;
        let mut current = self.current.write();
        match current.index.apply(&ops, Durability::Fast) {
            Ok(Outcome::Applied) => current.applied = applied.head.seq,
            Ok(Outcome::CheckFailed { .. }) | Err(_) => self.stand_in(&mut current, applied.head.seq)?,
        }
        Ok(())
    }

    /// Forces the index to the disk, which is of use to the next to open, and nothing more.
    pub(super) fn flush(&self) {
        let index = self.current.read().index.clone();
        let _ = index.flush();
    }

    fn stand_in(&self, current: &mut Current, upto: u64) -> Result<()> {
        let made = Current { index: Arc::new(open::state_at(&self.folder, &self.files, upto)?), applied: upto };
        let failed = std::mem::replace(current, made);
        // What has failed may panic when it is let go.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(failed)));
        Ok(())
    }
}
