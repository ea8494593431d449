//! What the callers and the background thread of a journal share.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::files::{Changes, Head};
use super::live::LiveIndex;
use super::totals::Totals;
use super::{StillOwned, SyncBefore};
use crate::base::clock::Clock;
use crate::base::files::Files;
use crate::base::signal::Signal;
use crate::error::{Error, Result};
use crate::log::LogWriter;

pub(super) struct State {
    pub(super) folder: PathBuf,
    pub(super) files: Files,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sync_before: Option<SyncBefore>,
    pub(super) still_owned: Option<StillOwned>,
    pub(super) checkpoint_bytes: u64,
    pub(super) index: LiveIndex,
    pub(super) tail: Mutex<TailState>,
    /// Commits were applied, or something failed, or the background has work.
    pub(super) changed: Signal,
    /// One checkpoint at a time.
    pub(super) checkpointing: Mutex<()>,
}

/// The end of the journal, and what is appended there and not yet applied.
pub(super) struct TailState {
    pub(super) log: LogWriter,
    /// The totals after the last appended commit.
    pub(super) totals: Totals,
    /// Commits that wait for a sync, in order.
    pub(super) waiting: VecDeque<Waiting>,
    /// What the waiting commits change, by key: later checks see it.
    pub(super) overlay: BTreeMap<Vec<u8>, (u64, Option<Vec<u8>>)>,
    /// The last commit that is applied to the index.
    pub(super) applied: u64,
    /// The last commit that is known to be on the disk.
    pub(super) synced: u64,
    /// Somebody forces the journal to the disk for all who wait.
    pub(super) syncing: bool,
    /// Why nothing more is acknowledged.
    pub(super) failed: Option<String>,
    /// The last commit of the newest checkpoint, and its size in bytes.
    pub(super) checkpoint: u64,
    pub(super) checkpoint_size: u64,
    /// Bytes of the commits behind the newest checkpoint.
    pub(super) bytes_behind: u64,
    pub(super) stop: bool,
}

/// A commit that is appended and not applied.
pub(super) struct Waiting {
    /// Its number, and the totals after it.
    pub(super) head: Head,
    pub(super) changes: Changes,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl TailState {
    /// The number of the last appended commit.
    pub(super) fn last(&self) -> u64 {
        self.log.next_seq() - 1
    }

    /// Refuses to go on after a failure that leaves open what is on the disk.
    pub(super) fn check(&self) -> Result<()> {
        match &self.failed {
            None => Ok(()),
            Some(why) => Err(Error::InvalidState {
                detail: format!(
                    "the store stopped after a failure and acknowledges nothing more; open it again ({why})"
                ),
            }),
        }
    }
}

impl State {
    /// Runs what must be on the disk before the journal's commits.
    pub(super) fn run_sync_before(&self) -> Result<()> {
        self.sync_before.as_ref().map_or(Ok(()), |sync| sync())
    }

    /// Refuses to go on once the files belong to another process.
    pub(super) fn check_owned(&self, tail: &mut TailState) -> Result<()> {
        if self.still_owned.as_ref().is_none_or(|owned| owned()) {
            return Ok(());
        }
        tail.failed = Some("its lock file was deleted or replaced, and another process may own it".into());
        self.changed.notify_all();
        tail.check()
    }

    /// Ends the background thread.
    pub(super) fn stop(&self) {
        self.tail.lock().stop = true;
        self.changed.notify_all();
    }

    /// Forces everything that was acknowledged to the disk: the journal, then the index, if it is open or
    /// there is something to bring there: it is a second copy of what the journal has.
    pub(super) fn close(&self) -> Result<()> {
        self.sync()?;
        self.index.close();
        Ok(())
    }

    /// Forces the journal to the disk.
    pub(super) fn sync(&self) -> Result<()> {
        let mut tail = self.tail.lock();
        let last = tail.last();
        while tail.synced < last {
            tail.check()?;
            self.sync_or_wait(&mut tail)?;
        }
        Ok(())
    }
}
