//! What goes in and out of exports as plain files.

use std::path::PathBuf;

use serde::Serialize;

use crate::runs::{PassedOver, SyncOptions};

/// Which runs are exported, and how.
#[derive(Clone, Debug, Default)]
pub struct ExportFilesOptions<'a> {
    /// Which runs, whether deleted ones too, and who is told how far it is. What is said of conflicts means nothing here.
    pub select: SyncOptions<'a>,
    /// An earlier export at the same place goes when the new one is whole. Default false: it is an error.
    pub overwrite: bool,
}

/// What [`export_files`](super::export_files) wrote; with `dry_run`, which runs it would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExportFilesReport {
    /// Nothing was written; of what there would be, experiments and runs are counted.
    pub dry_run: bool,
    /// The folder, absolute.
    pub path: PathBuf,
    /// Experiments.
    pub experiments: u64,
    /// Runs.
    pub runs: u64,
    /// Points of metrics.
    pub points: u64,
    /// Artifacts of runs.
    pub artifacts: u64,
    /// Logged models.
    pub logged_models: u64,
    /// Versions of registered models.
    pub model_versions: u64,
    /// Files, all but the manifest.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Runs that were named and passed over.
    pub skipped: Vec<PassedOver>,
}
