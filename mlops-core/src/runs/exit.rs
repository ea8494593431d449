//! How runs end that nobody ended: at the exit of their process.

use std::sync::atomic::{AtomicBool, Ordering};

use super::store::Runs;
use super::types::RunStatus;
use crate::error::Result;

static FAILED: AtomicBool = AtomicBool::new(false);

/// Says that this process fails, whatever its exit status will be: runs that it leaves open end as FAILED. For
/// hosts whose exit status does not tell, such as Python after an uncaught `KeyboardInterrupt`.
pub fn mark_process_failed() {
    FAILED.store(true, Ordering::Release);
}

/// How a process with this exit status ends its runs.
fn status_of_exit(exit_status: Option<i32>) -> RunStatus {
    if FAILED.load(Ordering::Acquire) || exit_status.is_some_and(|status| status != 0) {
        RunStatus::Failed
    } else {
        RunStatus::Finished
    }
}

impl Runs {
    /// Ends the runs that this process started and left open, by its exit status.
    pub(crate) fn end_open(&self, exit_status: Option<i32>) -> Result<()> {
        if self.core.check_process().is_err() {
            // A forked child does not end what its parent began.
            return Ok(());
        }
        self.core.monitors.stop_all(false);
        let status = status_of_exit(exit_status);
        self.core.end_all(Some(status)).and(self.core.drain_own())?;
        self.core.fold_the_rest();
        Ok(())
    }
}
