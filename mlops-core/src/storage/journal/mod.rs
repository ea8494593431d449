//! The durable, checked layer: every commit is appended to a journal and then applied to an index beneath.
//!
//! The journal is the truth, and the index (sled, or memory) can always be made again: from the last checkpoint,
//! which is merged from the one before it and the journal, and the commits behind it. `spec/storage.md` gives the
//! rules, `docs/FORMAT.md` the bytes.

mod applied;
mod background;
mod checkpoint;
mod commit;
mod files;
mod index;
mod live;
mod merged;
mod open;
mod pages;
mod snapshot;
mod source;
mod state;
mod totals;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use uuid::Uuid;

pub use files::Changes;
#[cfg(feature = "sled")]
pub use index::SledIndex;
pub use index::{Index, MemoryIndex};
pub use open::read;
pub use snapshot::Snapshot;
pub use verify::{Entries, Verified, VerifyOptions, verify};

use super::types::SHARED_PREFIX;
use super::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};
use crate::base::clock::Clock;
use crate::base::files::Files;
use crate::error::Result;
use state::State;

/// What runs before the journal is forced to the disk: blobs that its commits name must be there first.
pub type SyncBefore = Arc<dyn Fn() -> Result<()> + Send + Sync>;

/// Says whether the files still belong to this process: another may own them once the lock on them was deleted.
pub type StillOwned = Arc<dyn Fn() -> bool + Send + Sync>;

/// Says of a state that only the index has whether it may be taken for the truth: all that it refers to is there.
pub type Accept = Arc<dyn Fn(&dyn Storage) -> Result<bool> + Send + Sync>;

/// How a journal is opened.
pub struct JournalOptions {
    /// The folder of the journal's files.
    pub folder: PathBuf,
    /// Where files go that a repair replaces.
    pub trash: PathBuf,
    /// The file layer.
    pub files: Files,
    /// The store that the files belong to.
    pub owner: Uuid,
    /// The time, for how long old files stay.
    pub clock: Arc<dyn Clock>,
    /// What gives the index.
    pub index: Box<dyn Index>,
    /// Runs before the journal is forced to the disk.
    pub sync_before: Option<SyncBefore>,
    /// Looks at an index that is ahead of the journal.
    pub accept: Accept,
    /// Looked at between every commit and its acknowledgement, and before files are made or removed.
    pub still_owned: Option<StillOwned>,
    /// Goes on in a new file, because another process may still write to the last one.
    pub new_segment: bool,
    /// The journal is merged into a checkpoint when its commits take more than this, in bytes, and more than half of
    /// the last checkpoint.
    pub checkpoint_bytes: u64,
}

impl std::fmt::Debug for JournalOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JournalOptions").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The usual size of a journal between two checkpoints, in bytes.
pub const CHECKPOINT_BYTES: u64 = 4 << 20;

/// A journal over an index.
#[derive(Debug)]
pub struct Journal {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the journal in a folder: checks what is there, repairs what loses nothing (a damaged index or newest
    /// checkpoint), and applies the commits that the index has not.
    ///
    /// # Errors
    /// `Corrupt` with file and offset if a commit that is needed is damaged; `NewerFormat`; `Io`.
    pub fn open(options: JournalOptions) -> Result<Self> {
        let state = Arc::new(open::open(options)?);
        let thread = background::start(&state);
        Ok(Self { state, thread })
    }

    /// Merges the journal into a new checkpoint now, whatever its size.
    ///
    /// # Errors
    /// `InvalidState` after an earlier failure, `Corrupt`, `Io`: nothing is lost then, the journal only grows.
    pub fn checkpoint(&self) -> Result<()> {
        self.state.checkpoint()
    }

    /// True after a failure that leaves open what is on the disk: it acknowledges nothing more, and is to be opened anew.
    pub fn has_failed(&self) -> bool {
        self.state.tail.lock().failed.is_some()
    }

    /// Removes the files that nobody needs any more, an hour after they were last written, or with `dry_run` counts
    /// them. Returns how many files and bytes.
    ///
    /// # Errors
    /// `Io`; the rest goes with the next call.
    pub fn remove_unneeded(&self, dry_run: bool) -> Result<(u64, u64)> {
        self.state.remove_all_unneeded(dry_run)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.state.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was its own end.
            let _ = thread.join();
        }
        // The thread gets to it a while after a commit: processes that end before that would never make one, and every
        // opening would read a longer journal than the last.
        if self.state.wants_checkpoint() {
            let _ = self.state.checkpoint();
        }
        // What cannot be flushed now is applied from the journal by the next to open.
        let _ = self.state.close();
    }
}

impl Storage for Journal {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        // What the layers keep for themselves is nobody's.
        if key.first() == Some(&0) && !key.starts_with(SHARED_PREFIX) { Ok(None) } else { self.state.index.get(key) }
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        let range = totals::user_range(range);
        self.state.index.scan(&range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        self.state.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        // The journal is the truth: the index can be made again.
        self.state.sync()
    }

    fn capabilities(&self) -> Capabilities {
        let name = if self.state.index.engine() == "sled" { "journal over sled" } else { "journal over memory" };
        Capabilities { name, durable: true, shared: false, read_only: false }
    }
}

#[cfg(test)]
mod tests;
