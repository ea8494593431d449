//! Stores with open runs, kept alive: the interpreter drops its objects before the process exits, and the core ends
//! open runs only then, when the exit status is known.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use mlops_core::Store;

static HELD: LazyLock<Mutex<HashMap<String, Store>>> = LazyLock::new(Mutex::default);

/// Keeps a store until the run ends.
pub(crate) fn hold(run_id: &str, store: &Store) {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).insert(run_id.to_owned(), store.clone());
}

/// Lets go of the store of a run that ended.
pub(crate) fn release(run_id: &str) {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(run_id);
    // Outside of the lock: the last handle of a store closes it.
    drop(held);
}

/// Lets go of everything that a forked child inherited: its parent ends those runs.
pub(crate) fn forget_inherited() {
    // Another thread may have been inside at the fork; then the child keeps what it cannot reach.
    if let Ok(mut held) = HELD.try_lock() {
        held.clear();
    }
}
