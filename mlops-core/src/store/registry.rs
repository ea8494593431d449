//! The stores that this process has open: a location is opened once, further handles share it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::Inner;
use crate::base::forked::PerProcess;
use crate::base::hurry;
use crate::base::os;
use crate::error::Result;
use crate::registry::settle_all;
use crate::runs;

/// How long the exit of a process waits for another thread that is opening a store, and for an owner of it that does not
/// answer.
const EXIT_PATIENCE: Duration = Duration::from_secs(5);
/// How long a fork does.
const FORK_PATIENCE: Duration = Duration::from_millis(100);

/// What identifies a folder whatever its name: device and inode.
type FolderId = (u64, u64);

/// A folder, and the store in it if it is open. Locked while it is opened.
type Place = Arc<Mutex<Weak<Inner>>>;

static OPEN: PerProcess<Mutex<HashMap<FolderId, Place>>> = PerProcess::new();

/// The store of a folder, opened by `open` unless this process has it open. Two threads that open the same folder
/// get the same store.
pub(super) fn share(folder: &Path, open: impl Fn() -> Result<Inner>) -> Result<Arc<Inner>> {
    os::at_exit(end_all);
    os::before_fork(before_fork);
    let Some(id) = folder_id(folder) else { return open().map(Arc::new) };
    let place = {
        let mut places = OPEN.get().lock();
        places.retain(|_, place| Arc::strong_count(place) > 1 || place.lock().strong_count() > 0);
        places.entry(id).or_default().clone()
    };
    let mut place = place.lock();
    if let Some(store) = place.upgrade() {
        return Ok(store);
    }
    let store = Arc::new(open()?);
    *place = Arc::downgrade(&store);
    Ok(store)
}

/// Ends the runs that this process started and left open: FINISHED for the exit status 0, else FAILED. It is done when a
/// process exits; for hosts whose exits the system does not tell of, such as the children of Python's
/// `multiprocessing`.
pub fn end_open_runs(exit_status: i32) {
    end_all(Some(exit_status));
}

/// The stores that are open, but for those that another thread keeps locked.
fn open_stores(patience: Duration) -> Vec<Arc<Inner>> {
    let Some(places) = OPEN.get().try_lock_for(patience) else { return Vec::new() };
    let places: Vec<Place> = places.values().cloned().collect();
    places.iter().filter_map(|place| place.try_lock_for(patience)?.upgrade()).collect()
}

/// Ends the runs that are still open, by the exit status of the process, and closes the stores.
fn end_all(exit_status: Option<i32>) {
    runs::end_captures();
    for store in open_stores(EXIT_PATIENCE) {
        // What fails here stands in the spool; the next to open drains it.
        let ended = || store.runs.end_open(exit_status).and_then(|()| store.flush());
        let _ = hurry::within(EXIT_PATIENCE, ended);
    }
    // What is not handed over when the process ends is later, by the next that changes something.
    settle_all(EXIT_PATIENCE);
}

/// Stops the threads that a process without active runs has not, and that a child would miss.
fn before_fork() {
    for store in open_stores(FORK_PATIENCE) {
        store.runs.before_fork();
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
