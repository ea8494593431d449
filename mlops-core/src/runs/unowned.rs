//! Reading in a process that may not own the store, while nobody does: what it logged waits in its spool, and is read from
//! there.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::core::Core;
use super::store::Runs;
use crate::error::{Error, Result};
use crate::spool::Mark;

/// How old what is read may be; what this process logged is always in it.
const FRESH_FOR: Duration = Duration::from_millis(500);

/// Opens the store for reading, with what every spool holds.
#[derive(Clone)]
pub(crate) struct OpenForReading(pub(crate) Arc<dyn Fn() -> Result<Runs> + Send + Sync>);

impl fmt::Debug for OpenForReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenForReading").finish_non_exhaustive()
    }
}

/// The store as it is opened for reading, for as long as that is what this process would read.
#[derive(Debug)]
pub(super) struct Unowned {
    open: Option<OpenForReading>,
    last: Mutex<Option<Seen>>,
}

#[derive(Debug)]
struct Seen {
    core: Arc<Core>,
    /// How far this process had logged.
    logged: Mark,
    at: Instant,
}

impl Unowned {
    pub(super) fn new(open: Option<OpenForReading>) -> Self {
        Self { open, last: Mutex::default() }
    }

    /// What is read by a process that has logged up to a place; `error` where there is nothing to open.
    pub(super) fn read(&self, logged: Mark, error: Error) -> Result<Arc<Core>> {
        let Some(OpenForReading(open)) = &self.open else { return Err(error) };
        let mut last = self.last.lock();
        if let Some(seen) = last.as_ref().filter(|seen| seen.logged == logged && seen.at.elapsed() < FRESH_FOR) {
            return Ok(seen.core.clone());
        }
        let (at, core) = (Instant::now(), open()?.core.clone());
        *last = Some(Seen { core: core.clone(), logged, at });
        Ok(core)
    }
}
