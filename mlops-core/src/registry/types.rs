//! What goes in and out of the pillar.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::slots::SlotState;
use super::source::FilesOf;
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// How a version stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VersionStatus {
    /// It is being made.
    PendingRegistration,
    /// It could not be made.
    FailedRegistration,
    /// It is whole.
    #[default]
    Ready,
}

impl VersionStatus {
    /// MLflow's spelling: `PENDING_REGISTRATION`, `FAILED_REGISTRATION`, `READY`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingRegistration => "PENDING_REGISTRATION",
            Self::FailedRegistration => "FAILED_REGISTRATION",
            Self::Ready => "READY",
        }
    }
}

/// Where in its life a version is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Nowhere yet.
    #[default]
    None,
    /// It is tried.
    Staging,
    /// It is in use; one version of a model is.
    Production,
    /// It is kept.
    Archived,
}

impl Stage {
    /// All stages.
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    /// MLflow's spelling: `None`, `Staging`, `Production`, `Archived`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::None => b'n',
            Self::Staging => b's',
            Self::Production => b'p',
            Self::Archived => b'a',
        }
    }
}

impl FromStr for Stage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            Error::InvalidArgument {
                what: "stage".into(),
                value: text.into(),
                expected: "None, Staging, Production or Archived, in any case".into(),
            }
        })
    }
}

/// A registered model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegisteredModel {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The version that each of its aliases points to.
    pub aliases: BTreeMap<String, u64>,
    /// The latest version of each stage that has one.
    pub latest_versions: Vec<ModelVersion>,
    /// How often what is in production has changed, in the slot without a name.
    pub generation: u64,
    /// What is in production in each slot; the one without a name is always there.
    pub slots: BTreeMap<String, SlotState>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or its versions last changed.
    pub updated_at: Timestamp,
}

/// A version of a registered model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelVersion {
    /// The name of the model.
    pub name: String,
    /// Its number.
    pub version: u64,
    /// What is noted of it.
    #[serde(flatten)]
    pub info: VersionInfo,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The aliases that point to it.
    pub aliases: Vec<String>,
}

/// What is noted of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionInfo {
    /// What it is.
    pub description: Option<String>,
    /// Where it is from, as it was given: `runs:/<run>/<path>`, `models:/<logged model>` or another URI.
    pub source: String,
    /// The run that made it.
    pub run_id: Option<String>,
    /// A link to that run where it is elsewhere.
    pub run_link: Option<String>,
    /// The logged model that it was made of.
    pub model_id: Option<String>,
    /// How it stands.
    pub status: VersionStatus,
    /// Why.
    pub status_message: Option<String>,
    /// Where in its life it is.
    pub stage: Stage,
    /// Who made it.
    pub created_by: String,
    /// The digest of the list of its files, which is the same for the same files; None if the store does not have them: nobody
    /// has verified that they are there.
    pub digest: Option<Digest>,
    /// Its run came from a store that was not trusted: what runs code asks before it is loaded.
    pub is_foreign: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The digest of its manifest: what it is and where it is from, which never changes. None for one that was made before
    /// there were manifests.
    pub manifest: Option<Digest>,
    /// The event that made it; 0 for one that was made before there were manifests.
    pub event: u64,
}

impl VersionInfo {
    /// What approvals and results of gates are bound to.
    pub(super) fn subject(&self, model: u64, number: u64) -> Digest {
        self.manifest
            .unwrap_or_else(|| Digest::of(format!("{model}/{number} {:?} {}", self.digest, self.source).as_bytes()))
    }
}

/// How a version is made.
#[derive(Clone, Debug, Default)]
pub struct VersionOptions {
    /// Where it is from. The files of `runs:/<run>/<path>`, `models:/<logged model>` and `models:/<name>/<number>` belong to the
    /// version from then on.
    pub source: String,
    /// Whose files they are, if the source does not say it. Default: what the source says.
    pub files: Option<FilesOf>,
    /// Fails if this store does not have the files. Default false: the version has none then.
    pub must_exist: bool,
    /// The run that made it. Default: that of the source.
    pub run_id: Option<String>,
    /// A link to that run where it is elsewhere.
    pub run_link: Option<String>,
    /// The logged model that it was made of. Default: that of the source.
    pub model_id: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// When it was made, for one that comes from elsewhere. Default now.
    pub created_at: Option<Timestamp>,
    /// Its number, for one that comes from elsewhere. Default: the next one.
    pub number: Option<u64>,
    /// Makes it of what this store does not have where a policy asks for verified sources. Default false.
    pub external: bool,
}

/// How a version is moved to a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageOptions {
    /// Archives the others in the stage, in the same commit; for Staging and Production. Default false.
    pub archive_existing: bool,
    /// Fails with `Conflict` if the model has another [`generation`](RegisteredModel::generation). Default: any will do.
    pub expect: Option<u64>,
}

/// What models or versions are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelQuery {
    /// The filter. Models have `name`, `creation_timestamp`, `last_updated_timestamp` and tags; versions in addition
    /// `version_number`, `run_id`, `source_path`, `current_stage`.
    pub filter: String,
    /// The keys to order by.
    pub order_by: Vec<String>,
    /// The most on one page; 0 is 1,000.
    pub max_results: usize,
    /// What the page before gave.
    pub page_token: Option<String>,
}

/// The stored record of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelRecord {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) next_version: u64,
    pub(crate) generation: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// What is stored of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NameEntry {
    /// The model that has it.
    pub(super) model: Option<u64>,
    /// The highest number of a version that was given under it when it was last let go.
    pub(super) used: u64,
}

/// What is stored of an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AliasEntry {
    /// As it was spelled.
    pub(crate) alias: String,
    pub(crate) version: u64,
}
