//! Experiments, runs, metric series and artifacts.
//!
//! [`Runs`] is the way in: it makes and finds experiments and runs and hands out [`Run`]. What a run logs goes
//! through this process's spool and is drained into [`Storage`](crate::storage::Storage) in the background.

mod again;
mod alerts;
mod apply;
pub(crate) mod artifacts;
mod background;
mod codec;
mod columns;
mod console;
mod contradicted;
mod core;
mod cut;
mod dead;
mod definitions;
mod doc;
mod drain;
mod dropped;
mod editing;
mod exit;
mod experiments;
mod ext;
mod facts;
mod fork;
mod gc;
mod given;
mod handle;
mod holders;
mod inputs;
mod keys;
mod layouts;
mod media;
mod moving;
mod point;
mod read;
mod record;
mod redrain;
mod references;
mod rewind;
mod search;
mod section;
mod series;
mod source;
mod start;
mod store;
mod subjects;
mod system;
pub mod tags;
mod transfer;
mod types;
mod unlog;
mod unowned;

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;

pub use alerts::{Alert, AlertLevel, AlertSubscription, RaisedAlert, on_alert};
pub(crate) use console::end_captures;
pub use console::{ConsoleCapture, ConsoleOptions, ConsoleStream};
pub(crate) use dead::Drainer;
pub use definitions::{Aggregation, Goal, MetricDefinition, MetricDefinitions, SteppedSeries, SummaryValues};
pub(crate) use doc::{StoredArtifact, StoredText};
pub use exit::mark_process_failed;
pub use ext::RunExt;
pub use fork::ForkOptions;
pub(crate) use gc::RunBlobs;
pub(crate) use given::{Given, GivenPoint};
#[cfg(feature = "files")]
pub(crate) use media::media_at;
pub use media::{Histogram, ImageFormat, MediaKind, MediaPoint, MediaValue, Table};
pub use point::RunPoint;
pub(crate) use redrain::comes_again;
pub(crate) use references::{Reference, references_hold};
pub use search::{ColumnData, RunTable, TableColumn, TextColumn};
pub(crate) use section::for_each_entry;
pub(crate) use source::{git_user, user};
pub use store::{Runs, RunsOptions};
pub use subjects::{MetricSubject, MetricSubjects};
pub use system::SystemMetricsOptions;
pub(crate) use transfer::{Copier, Ends, Synced};
#[cfg(feature = "files")]
pub(crate) use transfer::{FlatRun, ParamsOf, RunBuilder, Seen};
pub use transfer::{
    KeptModel, ModelsReport, OnConflict, PassedOver, SyncConflict, SyncOptions, SyncProgress, SyncReport,
};
pub use types::*;
pub(crate) use unowned::OpenForReading;

use crate::base::durability::Durability;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::error::Result;

/// One run, to log to. Handles are shared: every method takes `&self` from any thread.
/// [`RunExt`] has the conveniences.
///
/// A log call is acknowledged when it is in the kernel's page cache: it survives the death of the process at once, and
/// power loss after at most a second. With [`Durability::Full`], of the handle or of the store's opening, it is
/// acknowledged when it is on the disk, with all that was logged before it. A batch is one record: wholly in or wholly
/// out.
///
/// On a full disk the first log call fails with `OutOfSpace`; those after it are counted and succeed, until one is kept:
/// training goes on. `Full` calls always fail. [`end`](Self::end) tells the count.
pub trait Run: Send + Sync + Debug {
    /// The run's id.
    fn id(&self) -> &str;

    /// When a call of this handle is acknowledged.
    fn durability(&self) -> Durability;

    /// The experiments and runs that it is one of, with the durability of this handle.
    fn runs(&self) -> Runs;

    /// A handle to the same run whose calls are acknowledged with this durability: kept for many calls, or for one.
    fn with_durability(&self, durability: Durability) -> Arc<dyn Run>;

    /// Logs params, tags, points and inputs as one record.
    ///
    /// # Errors
    /// `InvalidArgument` or `LimitExceeded` for a bad key or value, `Conflict` if a param has another value already;
    /// nothing of the batch is stored then.
    fn log_batch(&self, batch: &Batch) -> Result<()>;

    /// Logs one param.
    ///
    /// # Errors
    /// As [`log_batch`](Self::log_batch).
    fn log_param(&self, key: &str, value: ParamValue) -> Result<()>;

    /// Logs one point of a metric; its time is now if `at` is None.
    ///
    /// # Errors
    /// `InvalidArgument` or `LimitExceeded` for a bad key, `InvalidState` for a deleted run, `ReadOnly`, `Io`,
    /// `OutOfSpace`.
    fn log_metric(&self, key: &str, value: f64, step: i64, at: Option<Timestamp>) -> Result<()>;

    /// Logs many points of one metric as one record, in the order given. `steps` and `times` (microseconds) have
    /// the length of `values` or are empty: then steps count up from 0 and the time is now.
    ///
    /// # Errors
    /// As [`log_metric`](Self::log_metric); `InvalidArgument` for columns of other lengths.
    fn log_series(&self, key: &str, steps: &[i64], times: &[i64], values: &[f64]) -> Result<()>;

    /// Removes a tag.
    ///
    /// # Errors
    /// `NotFound` if the run has no such tag; as [`log_metric`](Self::log_metric).
    fn delete_tag(&self, key: &str) -> Result<()>;

    /// Stores files as artifacts, all or nothing, replacing those of the same path.
    ///
    /// # Errors
    /// `InvalidArgument` for a path that leaves the artifacts, `Conflict` if a file would be a folder too, `NotFound` for
    /// a local file that is not there; as [`log_metric`](Self::log_metric).
    fn log_files(&self, files: &[ArtifactSource<'_>]) -> Result<()>;

    /// Logs data sets as inputs of the run, as one record. Of one name, digest and context the run keeps the first.
    ///
    /// # Errors
    /// `InvalidArgument` or `LimitExceeded` for a bad name, digest, source type or tag; as
    /// [`log_metric`](Self::log_metric). Nothing is stored then.
    fn log_inputs(&self, inputs: &[DatasetInput]) -> Result<()>;

    /// Logs a text, image, table or histogram of a series at a step, as an artifact, and returns its path. A step may have
    /// several. [`Runs::media_history`] finds them.
    ///
    /// # Errors
    /// `InvalidArgument` or `LimitExceeded` for a bad key; as [`log_files`](Self::log_files).
    fn log_media(&self, key: &str, value: &MediaValue, step: i64) -> Result<String>;

    /// Raises an alert: it is recorded in the run and handed to the callbacks of [`on_alert`] and to the user's command,
    /// whose failures the run does not notice. False if one of the same title was raised within its `wait`: then nothing
    /// is done.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty title, `LimitExceeded` for a long title or text; as
    /// [`log_batch`](Self::log_batch).
    fn alert(&self, alert: &Alert) -> Result<bool>;

    /// Ends the run and waits, bounded, until what it logged is in the store.
    ///
    /// # Errors
    /// `Conflict` if another process had set a param to another value that nobody was told of yet: the run has ended;
    /// [`Error::Dropped`](crate::Error::Dropped), whose code is `OutOfSpace`, if records of the run were dropped: it has
    /// ended all the same, and its tag [`DROPPED_RECORDS`](tags::DROPPED_RECORDS) counts them. The error says if there
    /// is no room for the end: that is written later, while this process lives. `InvalidState` for a deleted run,
    /// `ReadOnly`, `Io`.
    fn end(&self, status: RunStatus) -> Result<()>;

    /// As [`end`](Self::end), with the time at which the run ended, for runs that are recorded after the fact; a time
    /// before the start counts as the start.
    ///
    /// # Errors
    /// Those of [`end`](Self::end).
    fn end_at(&self, status: RunStatus, at: Timestamp) -> Result<()>;
}
