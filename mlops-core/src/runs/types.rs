//! What goes in and out of the pillar.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::subjects::MetricSubject;
use crate::base::digests::Digest;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// The id of the experiment `Default`, which is made with the store.
pub const DEFAULT_EXPERIMENT_ID: &str = "0";

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunStatus {
    /// It logs.
    Running,
    /// It is planned.
    Scheduled,
    /// It ended well.
    Finished,
    /// It ended with an error.
    Failed,
    /// Its process was killed.
    Killed,
}

impl RunStatus {
    /// MLflow's spelling: `RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED`, `KILLED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// True for the statuses that a run ends with.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Killed)
    }
}

impl std::fmt::Display for RunStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::InvalidArgument {
                what: "run status".into(),
                value: text.into(),
                expected: "RUNNING, SCHEDULED, FINISHED, FAILED or KILLED".into(),
            })
    }
}

/// Whether a run or experiment is deleted; deleted ones can be restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// It is there.
    #[default]
    Active,
    /// It is deleted and hidden from lists that do not ask for it.
    Deleted,
}

impl Lifecycle {
    /// MLflow's spelling: `active` or `deleted`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

/// Which runs or experiments a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Only active ones.
    #[default]
    Active,
    /// Only deleted ones.
    Deleted,
    /// All.
    All,
}

impl View {
    /// True if the view shows a thing in this state.
    pub fn shows(self, lifecycle: Lifecycle) -> bool {
        match self {
            Self::Active => lifecycle == Lifecycle::Active,
            Self::Deleted => lifecycle == Lifecycle::Deleted,
            Self::All => true,
        }
    }
}

/// A named group of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// The id: a number as text, counted up from "0".
    pub experiment_id: String,
    /// The name, unique in the store.
    pub name: String,
    /// Deleted or not.
    pub lifecycle: Lifecycle,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name, tags or lifecycle last changed.
    pub updated_at: Timestamp,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How a run begins.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The id to give; default: a new UUID of version 7 as 32 hex digits.
    pub run_id: Option<String>,
    /// The experiment's id; default: the experiment named by `experiment_name`, else "0".
    pub experiment_id: Option<String>,
    /// The experiment's name, made if it does not exist.
    pub experiment_name: Option<String>,
    /// The run's name; default: a generated one like `swift-otter-412`.
    pub run_name: Option<String>,
    /// The run that this one is nested under.
    pub parent_run_id: Option<String>,
    /// Tags to begin with.
    pub tags: Vec<(String, String)>,
    /// A text about the run, kept as the tag `mlflow.note.content`.
    pub description: Option<String>,
    /// What was started: default: the program's name.
    pub source_name: Option<String>,
    /// `LOCAL`, `NOTEBOOK`, `JOB`...; default `LOCAL`.
    pub source_type: Option<String>,
    /// Who started it; default: the user of the process.
    pub user: Option<String>,
    /// When it began; default: now.
    pub started_at: Option<Timestamp>,
    /// Leaves out the tags that say what was started, by whom and from which commit, for a run that is recorded for
    /// somebody else; default false.
    pub bare: bool,
    /// The run does not depend on this process: it is not KILLED when the process dies, and does not end with it. For
    /// servers, which start runs for programs elsewhere, and for imports; default false.
    pub unattended: bool,
}

/// What identifies a run and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run's id.
    pub run_id: String,
    /// Its experiment's id.
    pub experiment_id: String,
    /// Its name.
    pub run_name: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; None while it runs.
    pub ended_at: Option<Timestamp>,
    /// Who started it.
    pub user: String,
    /// The host it was started on.
    pub host: String,
    /// Deleted or not.
    pub lifecycle: Lifecycle,
    /// The run it is nested under.
    pub parent_run_id: Option<String>,
}

/// What a run says about one metric, without its points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// The value at the largest (step, time, value).
    pub last: f64,
    /// The step of `last`.
    pub last_step: i64,
    /// The time of `last`.
    pub last_at: Timestamp,
    /// The smallest value; NaN only if every value is.
    pub min: f64,
    /// The largest value; NaN only if every value is.
    pub max: f64,
    /// How many points were logged.
    pub count: u64,
}

/// The tag of an input that says what the data set was used for: `training`, `validation`...
pub const DATASET_CONTEXT: &str = "mlflow.data.context";

/// A data set that a run has as an input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DatasetInput {
    /// The name.
    pub name: String,
    /// A digest of the content; with name and context it tells one input from another.
    pub digest: String,
    /// What kind of source it is: `local`, `http`, `s3`...
    pub source_type: String,
    /// Where the data comes from, as JSON: `{"uri": "data/train.csv"}`.
    pub source: String,
    /// Columns and types, as JSON.
    pub schema: Option<String>,
    /// Statistics such as the number of rows, as JSON.
    pub profile: Option<String>,
    /// Tags; [`DATASET_CONTEXT`] is the context.
    pub tags: BTreeMap<String, String>,
}

impl DatasetInput {
    /// What the data set was used for.
    pub fn context(&self) -> Option<&str> {
        self.tags.get(DATASET_CONTEXT).map(String::as_str)
    }

    /// The same data set, used for this.
    #[must_use]
    pub fn with_context(mut self, context: &str) -> Self {
        self.tags.insert(DATASET_CONTEXT.into(), context.into());
        self
    }
}

/// What a run was forked from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The run.
    pub run_id: String,
    /// The last step that both have; None: all steps.
    pub step: Option<i64>,
}

/// A run with everything but its points and files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunData {
    /// Identity and status.
    pub info: RunInfo,
    /// Params as they were given; [`ParamValue::text`] is their text.
    pub params: BTreeMap<String, ParamValue>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Summaries of the metrics.
    pub metrics: BTreeMap<String, MetricSummary>,
    /// The data sets that are its inputs, in the order they were logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<DatasetInput>,
    /// What it was forked from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// The points of one metric, as columns of one length, in the order (time, step, logged).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The steps.
    pub steps: Vec<i64>,
    /// The times in microseconds since the Unix epoch.
    pub times: Vec<i64>,
    /// The values.
    pub values: Vec<f64>,
}

/// One point of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPoint {
    /// The metric.
    pub key: String,
    /// The value; NaN and infinities are kept.
    pub value: f64,
    /// The step.
    pub step: i64,
    /// When; None: now.
    pub at: Option<Timestamp>,
}

/// Params, tags and points that are logged as one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Params; the same key twice is an error.
    pub params: Vec<(String, ParamValue)>,
    /// Tags; of the same key twice the later wins.
    pub tags: Vec<(String, String)>,
    /// Points.
    pub metrics: Vec<MetricPoint>,
    /// What each of the points was measured on; empty: nothing is said of any.
    pub subjects: Vec<Option<MetricSubject>>,
    /// Data sets to log as inputs, such as those that points were measured on.
    pub inputs: Vec<DatasetInput>,
}

/// A file to store as an artifact.
#[derive(Clone, Debug)]
pub struct ArtifactSource<'a> {
    /// Its path among the run's artifacts, parts joined by `/`.
    pub path: String,
    /// Its content.
    pub content: Content<'a>,
}

/// The content of an artifact to be stored.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Bytes in memory.
    Bytes(&'a [u8]),
    /// A local file.
    File(&'a std::path::Path),
    /// What this library has put into the store itself, and holds there.
    Stored(PutContent),
}

/// The content of a file that is in the store, as long as who put it keeps it from a gc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutContent {
    pub(crate) blob: Digest,
    pub(crate) size_bytes: u64,
}

/// One file or folder among a run's artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArtifactInfo {
    /// The path, parts joined by `/`.
    pub path: String,
    /// True for a folder.
    pub is_dir: bool,
    /// Size of a file in bytes; 0 for a folder.
    pub size_bytes: u64,
    /// The digest of a file's content; None for a folder.
    pub digest: Option<Digest>,
}

/// What [`Runs::search_experiments`](super::Runs::search_experiments) looks for.
#[derive(Clone, Debug, Default)]
pub struct ExperimentQuery {
    /// A filter such as `name LIKE 'churn%' AND tags.team = 'growth'`; empty: every experiment.
    pub filter: String,
    /// Order such as `name ASC`; then creation and id, both descending.
    pub order_by: Vec<String>,
    /// Most experiments of a page, 1 to 50,000; 0: 1,000.
    pub max_results: usize,
    /// Where to go on, from the page before.
    pub page_token: Option<String>,
    /// Deleted experiments too?
    pub view: View,
}

/// What [`Runs::search`](super::Runs::search) looks for.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// The experiments to look in; empty: all.
    pub experiment_ids: Vec<String>,
    /// A filter such as `metrics.loss < 0.1 and params.model = 'tree'`; empty: every run.
    pub filter: String,
    /// Order such as `metrics.loss DESC`; then start time descending and run id.
    pub order_by: Vec<String>,
    /// Most runs of a page, 1 to 50,000; 0: 1,000.
    pub max_results: usize,
    /// Where to go on, from the page before.
    pub page_token: Option<String>,
    /// Deleted runs too?
    pub view: View,
}
