//! What goes in and out of copying runs between stores.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// What becomes of a run that changed in both stores since they last had the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// The destination keeps its run, and every sync reports it again.
    #[default]
    Skip,
    /// The run becomes what it is in the source; what only the destination has of it is lost there.
    Theirs,
    /// The destination keeps its run, which counts from now on as the newer of the two.
    Ours,
}

impl OnConflict {
    /// `skip`, `theirs` or `ours`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Theirs => "theirs",
            Self::Ours => "ours",
        }
    }
}

impl FromStr for OnConflict {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Skip, Self::Theirs, Self::Ours].into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
            Error::InvalidArgument {
                what: "on_conflict".into(),
                value: text.into(),
                expected: "skip, theirs or ours".into(),
            }
        })
    }
}

/// Which runs are copied, and how. What selects runs is joined by *and*; nothing selects every run.
#[derive(Clone, Default)]
pub struct SyncOptions<'a> {
    /// Only these runs. Default: all.
    pub run_ids: Vec<String>,
    /// Only runs of the experiments of these names. Default: of all.
    pub experiment_names: Vec<String>,
    /// Only runs that match, in the language of searches. Default: every run.
    pub filter: String,
    /// Only runs that ended at this time or later, or run still. Default: whenever they ended.
    pub since: Option<Timestamp>,
    /// Deleted runs too, which are deleted in the destination then. Default false.
    pub include_deleted: bool,
    /// The runs of an experiment that is deleted in the destination are passed over and reported. Default false: that
    /// is an error, before anything is copied.
    pub skip_deleted_experiments: bool,
    /// What becomes of a run that changed in both stores. Default: it is passed over and reported.
    pub on_conflict: OnConflict,
    /// Nothing is written; the report says what would be. Default false.
    pub dry_run: bool,
    /// Called behind every run. Default none.
    pub progress: Option<&'a dyn Fn(SyncProgress)>,
}

impl SyncOptions<'_> {
    /// True if not all runs of the experiments are wanted.
    pub(crate) fn selects_runs(&self) -> bool {
        !self.run_ids.is_empty() || !self.filter.trim().is_empty() || self.since.is_some()
    }

    /// True if the registry comes too: with the whole store only.
    pub(crate) fn takes_registry(&self) -> bool {
        !self.selects_runs() && self.experiment_names.is_empty()
    }
}

impl fmt::Debug for SyncOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run_ids, experiment_names, filter, since, include_deleted, .. } = self;
        f.debug_struct("SyncOptions")
            .field("run_ids", run_ids)
            .field("experiment_names", experiment_names)
            .field("filter", filter)
            .field("since", since)
            .field("include_deleted", include_deleted)
            .field("on_conflict", &self.on_conflict)
            .field("dry_run", &self.dry_run)
            .finish_non_exhaustive()
    }
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncProgress {
    /// Runs that were looked at, and copied where that was to be done.
    pub runs: u64,
    /// Runs that are selected.
    pub of: u64,
    /// Bytes of blobs that were copied.
    pub bytes: u64,
}

/// What a sync did; with `dry_run`, what it would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// Names of experiments that were made in the destination.
    pub experiments: Vec<String>,
    /// Runs that the destination did not have.
    pub new: Vec<String>,
    /// Runs that were brought up to date.
    pub updated: Vec<String>,
    /// How many runs were the same already.
    pub unchanged: u64,
    /// Runs that are newer in the destination, which keeps them.
    pub ahead: Vec<String>,
    /// Runs that changed in both.
    pub conflicts: Vec<SyncConflict>,
    /// Runs that were passed over.
    pub skipped: Vec<PassedOver>,
    /// Runs that are damaged, in the source or here, and were not copied.
    pub failed: Vec<PassedOver>,
    /// What became of logged models: those of the runs and experiments that are selected.
    pub logged_models: ModelsReport,
    /// What became of registered models, which come where no runs are selected: with the whole store.
    pub registered_models: ModelsReport,
    /// Blobs that were copied: those that the destination lacked. 0 with `dry_run`.
    pub blobs: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl SyncReport {
    /// Runs whose conflict stands: the destination has neither taken the source's nor settled for its own.
    pub fn open_conflicts(&self) -> usize {
        self.conflicts.iter().filter(|conflict| conflict.resolution == OnConflict::Skip).count()
    }
}

/// What a sync did with models; with `dry_run`, what it would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelsReport {
    /// Ids of logged models, or names of registered ones, that the destination did not have.
    pub new: Vec<String>,
    /// Those that were brought up to date.
    pub updated: Vec<String>,
    /// How many were the same already.
    pub unchanged: u64,
    /// Those that are newer in the destination, which keeps them.
    pub ahead: Vec<String>,
    /// Those of which both have something of their own: the destination keeps what it has.
    pub kept: Vec<KeptModel>,
    /// What came otherwise than it is in the source: of a registered model, stages and aliases that a policy of the
    /// destination does not let in.
    pub notes: Vec<KeptModel>,
}

/// A model that the destination keeps as it is, or of which something came otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptModel {
    /// The id of a logged model, or the name of a registered one.
    pub model: String,
    /// Why, and what to do.
    pub reason: String,
}

impl ModelsReport {
    pub(crate) fn keep(&mut self, model: &str, reason: impl Into<String>) {
        self.kept.push(KeptModel { model: model.into(), reason: reason.into() });
    }

    pub(crate) fn note(&mut self, model: &str, reasons: Vec<String>) {
        self.notes.extend(reasons.into_iter().map(|reason| KeptModel { model: model.into(), reason }));
    }
}

/// A run that changed in both stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncConflict {
    /// The run.
    pub run_id: String,
    /// What differs, such as `metrics loss, tags note`.
    pub differs: String,
    /// What became of it.
    pub resolution: OnConflict,
}

/// A run that was not copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// The run.
    pub run_id: String,
    /// Why, and what to do.
    pub reason: String,
}
