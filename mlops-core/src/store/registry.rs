//! The stores that this process has open: a location is opened once, further handles share it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Inner;
use crate::base::os;
use crate::error::{Error, Result};

/// How long the exit of a process waits for another thread that is opening a store.
const EXIT_PATIENCE: Duration = Duration::from_secs(5);
/// How long opening waits for another thread that is closing the same store, and how often it looks.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What identifies a folder whatever its name: device and inode.
type FolderId = (u64, u64);

/// Open stores by folder, and how often the process had forked when they were opened.
type OpenStores = HashMap<(FolderId, usize), Weak<Inner>>;

static OPEN: LazyLock<Mutex<OpenStores>> = LazyLock::new(Mutex::default);

/// The store of a folder, opened by `open` unless this process has it open. Two threads that open the same folder
/// get the same store.
pub(super) fn share(folder: &Path, open: impl Fn() -> Result<Inner>) -> Result<Arc<Inner>> {
    let mut stores = OPEN.lock();
    stores.retain(|_, store| store.strong_count() > 0);
    if let Some(store) = folder_id(folder).and_then(|id| stores.get(&(id, os::forks()))).and_then(Weak::upgrade) {
        return Ok(store);
    }
    let store = Arc::new(open_when_closed(open)?);
    if let Some(id) = folder_id(folder) {
        stores.insert((id, os::forks()), Arc::downgrade(&store));
    }
    os::at_exit(end_all);
    Ok(store)
}

/// Ends the runs that this process started and left open: FINISHED for the exit status 0, else FAILED. It is done when a
/// process exits; for hosts whose exits the system does not tell of, such as the children of Python's
/// `multiprocessing`.
pub fn end_open_runs(exit_status: i32) {
    end_all(Some(exit_status));
}

/// Opens a store that this process may be closing at this moment: its last handle is gone, its lock not yet.
fn open_when_closed(open: impl Fn() -> Result<Inner>) -> Result<Inner> {
    let began = Instant::now();
    loop {
        match open() {
            Err(Error::Locked { pid, .. }) if pid == std::process::id() && began.elapsed() < CLOSE_PATIENCE => {
                std::thread::sleep(LOOK_EVERY);
            }
            opened => return opened,
        }
    }
}

/// Ends the runs that are still open, by the exit status of the process, and closes the stores.
fn end_all(exit_status: Option<i32>) {
    let Some(stores) = OPEN.try_lock_for(EXIT_PATIENCE) else { return };
    let open: Vec<_> = stores.values().filter_map(Weak::upgrade).collect();
    drop(stores);
    for store in open {
        // What fails here stands in the spool; the next to open drains it.
        let _ = store.runs.end_open(exit_status).and_then(|()| store.flush());
    }
}

#[cfg(unix)]
fn folder_id(folder: &Path) -> Option<FolderId> {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().ok().map(|meta| (meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn folder_id(folder: &Path) -> Option<FolderId> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    folder.canonicalize().ok()?.hash(&mut hasher);
    Some((0, hasher.finish()))
}
