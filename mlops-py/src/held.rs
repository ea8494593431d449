//! Stores with open runs, kept alive: the interpreter drops its objects before the process exits, and the core ends
//! open runs only then, when the exit status is known.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mlops_core::Store;
use mlops_core::base::forked::PerProcess;

// A forked child has none of its parent's: the parent ends those runs.
static HELD: PerProcess<Mutex<HashMap<String, Store>>> = PerProcess::new();

/// Keeps a store until the run ends.
pub(crate) fn hold(run_id: &str, store: &Store) {
    HELD.get().lock().unwrap_or_else(PoisonError::into_inner).insert(run_id.to_owned(), store.clone());
}

/// Lets go of the store of a run that ended.
pub(crate) fn release(run_id: &str) {
    let held = HELD.get().lock().unwrap_or_else(PoisonError::into_inner).remove(run_id);
    // Outside of the lock: the last handle of a store closes it.
    drop(held);
}
