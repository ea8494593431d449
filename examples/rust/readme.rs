//! The snippet of `README.md`; a test compares the two.

use mlops_core::Store;
use mlops_core::runs::{RunOptions, RunStatus};

fn main() -> mlops_core::Result<()> {
    let store = Store::open("")?;
    let run = store.runs().start(RunOptions::default())?;
    run.log_param("learning_rate", 0.001.into())?;
    run.log_metric("accuracy", 0.94, 0, None)?;
    run.end(RunStatus::Finished)
}
