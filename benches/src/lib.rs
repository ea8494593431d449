//! What the benchmarks share: a store on the disk, and runs to log to or to find.

use std::path::Path;
use std::sync::Arc;

use mlops_core::runs::{Batch, MetricPoint, Run, RunOptions, RunStatus};
use mlops_core::{Result, Store};
use tempfile::TempDir;

/// Metrics, and params, of each run of [`fill`].
pub const FIELDS: usize = 20;

/// True if times are taken; false if every benchmark only has to run once, as `cargo test --bench` has it.
pub fn is_measured() -> bool {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    has("--bench") && !has("--test")
}

/// `full` if times are taken, else `small`.
pub fn size(full: usize, small: usize) -> usize {
    if is_measured() { full } else { small }
}

/// A new store in a folder of its own beneath `target`, which is removed with the first of the two.
///
/// # Errors
/// What opening a store gives.
///
/// # Panics
/// If no folder can be made there.
pub fn store(target: &str) -> Result<(TempDir, Store)> {
    let folder = tempfile::tempdir_in(target).expect("the build folder can be written");
    let store = Store::open(path(folder.path()))?;
    Ok((folder, store))
}

fn path(folder: &Path) -> &str {
    folder.to_str().expect("the build folder has a name in UTF-8")
}

/// A new run.
///
/// # Errors
/// What starting a run gives.
pub fn start(store: &Store) -> Result<Arc<dyn Run>> {
    store.runs().start(RunOptions::default())
}

/// Ends a run as FINISHED: what it logged is in storage then.
///
/// # Errors
/// What ending a run gives.
pub fn end(run: &dyn Run) -> Result<()> {
    run.end(RunStatus::Finished)
}

/// Makes `runs` ended runs with [`FIELDS`] params `p0`... and metrics `m0`... each, whose values are spread evenly.
///
/// # Errors
/// What logging gives.
pub fn fill(store: &Store, runs: usize) -> Result<()> {
    for number in 0..runs {
        let run = start(store)?;
        run.log_batch(&Batch {
            params: (0..FIELDS)
                .map(|field| (format!("p{field}"), format!("v{}", spread(number, field) % 10).into()))
                .collect(),
            metrics: (0..FIELDS).map(|field| point(number, field)).collect(),
            tags: Vec::new(),
            ..Batch::default()
        })?;
        end(&*run)?;
    }
    Ok(())
}

fn point(number: usize, field: usize) -> MetricPoint {
    let value = f64::from(spread(number, field)) / f64::from(MODULUS);
    MetricPoint { key: format!("m{field}"), value, step: 0, at: None }
}

const MODULUS: u32 = 10_007;

/// A number below [`MODULUS`] for a run and a field.
fn spread(number: usize, field: usize) -> u32 {
    let mixed = (number + 1) * 7_919 + field * 104_729;
    u32::try_from(mixed % MODULUS as usize).unwrap_or(0)
}
