//! Forks and rewinds.

use crate::boundary::export;
use crate::runs::{mlops_run, mlops_run_options};
use crate::store::mlops_store;
use crate::text::mlops_str;

/// Every point, where a step says the last that counts.
pub const MLOPS_STEP_ALL: i64 = i64::MAX;

export! {
    /// Starts a run that begins with what another has logged: params, tags, artifacts, and the points up to `step`
    /// (`MLOPS_STEP_ALL`: all). Files are shared. Without an experiment in `options` it is that of the other.
    ///
    /// `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
    pub fn mlops_run_fork(
        store: *const mlops_store,
        run_id: mlops_str,
        step: i64,
        options: *const mlops_run_options,
        out: *mut *mut mlops_run,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts and tags live for this call.
        let options = unsafe { options.read() }?;
        let step = (step != MLOPS_STEP_ALL).then_some(step);
        out.give(mlops_run::new(store.store.runs().fork(run_id, step, options)?));
        Ok(())
    }

    /// Removes the points of a run behind `step`, from series and summaries, in one commit that is on the disk when this
    /// returns. Params, tags and artifacts stay, but for texts, images, tables and histograms of later steps.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_rewind(store: *const mlops_store, run_id: mlops_str, step: i64) -> mlops_status {
        store.store.runs().rewind(run_id, step)
    }
}
