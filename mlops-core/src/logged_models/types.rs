//! What goes in and out of the pillar.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::{ArtifactSource, Lifecycle};

/// How a logged model stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LoggedModelStatus {
    /// It is being made.
    #[default]
    Pending,
    /// It is whole.
    Ready,
    /// It could not be made.
    Failed,
}

impl LoggedModelStatus {
    /// MLflow's spelling: `PENDING`, `READY`, `FAILED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
        }
    }
}

impl FromStr for LoggedModelStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Pending, Self::Ready, Self::Failed].into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Error::InvalidArgument {
                what: "status of a logged model".into(),
                value: text.into(),
                expected: "PENDING, READY or FAILED".into(),
            }
        })
    }
}

/// How a logged model is made.
#[derive(Clone, Debug, Default)]
pub struct LoggedModelOptions {
    /// The id to give; default: `m-` and a new UUID of version 7 as 32 hex digits.
    pub model_id: Option<String>,
    /// The experiment's id.
    pub experiment_id: String,
    /// The name; default: a generated one like `swift-otter-412`.
    pub name: Option<String>,
    /// What kind it is, such as `Agent`.
    pub model_type: Option<String>,
    /// The run that made it.
    pub source_run_id: Option<String>,
    /// Params to begin with.
    pub params: Vec<(String, String)>,
    /// Tags to begin with.
    pub tags: Vec<(String, String)>,
    /// How it stands; default `Pending`.
    pub status: LoggedModelStatus,
    /// What is said about that.
    pub status_message: Option<String>,
    /// It was brought in from elsewhere: what of it runs code when it is loaded asks first. Default false.
    pub foreign: bool,
    /// When it was made; default: now.
    pub created_at: Option<Timestamp>,
}

/// What a logged model gets in one go, beside what [`LoggedModelOptions`] has.
#[derive(Clone, Debug, Default)]
pub struct LoggedModelParts<'a> {
    /// Its files.
    pub files: Vec<ArtifactSource<'a>>,
    /// Values of metrics.
    pub points: Vec<ModelPoint>,
    /// The run that has it as an output then, and the step.
    pub output_of: Option<(String, i64)>,
}

/// What identifies a logged model and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// The id.
    pub model_id: String,
    /// Its experiment's id.
    pub experiment_id: String,
    /// Its name; several may have one.
    pub name: String,
    /// What kind it is.
    pub model_type: Option<String>,
    /// The run that made it.
    pub source_run_id: Option<String>,
    /// How it stands.
    pub status: LoggedModelStatus,
    /// What is said about the status.
    pub status_message: Option<String>,
    /// Deleted or not.
    pub lifecycle: Lifecycle,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its status or lifecycle last changed.
    pub updated_at: Timestamp,
}

/// A value of a metric that a run gave a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelPoint {
    /// The metric.
    pub key: String,
    /// The value; NaN and infinities are kept.
    pub value: f64,
    /// The step.
    pub step: i64,
    /// When.
    pub at: Timestamp,
    /// The run that measured it.
    pub run_id: String,
    /// Name of the data set that it was measured on.
    pub dataset_name: Option<String>,
    /// Its digest.
    pub dataset_digest: Option<String>,
}

/// A logged model with all but its files.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedModelData {
    /// Identity and status.
    pub model: LoggedModel,
    /// Params.
    pub params: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// All points, ordered by time, step and metric.
    pub points: Vec<ModelPoint>,
}

/// The logged models that a run used and made, each in the order in which that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelLinks {
    /// Ids of its inputs.
    pub inputs: Vec<String>,
    /// Ids of its outputs, with the step.
    pub outputs: Vec<(String, i64)>,
}
