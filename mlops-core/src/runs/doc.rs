//! A run as it is stored: one small record, with sections that move to pages of their own when they grow.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::inputs::StoredInput;
use super::section::Section;
use super::series::SegmentRef;
use super::types::{Lifecycle, MetricSummary, Origin, RunInfo};
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};

/// A text: in the record, or in a blob if it is long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StoredText {
    Inline(String),
    Blob(Digest, u64),
}

impl StoredText {
    /// True if storing a text puts a blob, so that a lease is needed.
    pub(crate) fn puts(text: &str) -> bool {
        text.len() > limits::INLINE_VALUE_BYTES
    }

    /// Stores a long text as a blob.
    pub(crate) fn new(blobs: &dyn BlobStore, text: &str) -> Result<Self> {
        if !Self::puts(text) {
            return Ok(Self::Inline(text.into()));
        }
        Ok(Self::Blob(blobs.put(text.as_bytes())?, text.len() as u64))
    }

    pub(crate) fn load(self, blobs: &dyn BlobStore) -> Result<String> {
        match self {
            Self::Inline(text) => Ok(text),
            Self::Blob(digest, _) => String::from_utf8(blobs.get(&digest)?)
                .map_err(|_| Error::internal(format!("the text in blob {digest} is not UTF-8"))),
        }
    }

    /// The blob that the text is in, if it is in one.
    pub(crate) fn blob(&self) -> Option<Digest> {
        match self {
            Self::Inline(_) => None,
            Self::Blob(digest, _) => Some(*digest),
        }
    }
}

/// The value of a param: in the record, or its text in a blob if it is long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum StoredParam {
    Inline(ParamValue),
    Blob(Digest, u64),
}

impl StoredParam {
    /// True if storing a value puts a blob, so that a lease is needed.
    pub(super) fn puts(value: &ParamValue) -> bool {
        matches!(value, ParamValue::Text(text) if StoredText::puts(text))
    }

    pub(super) fn new(blobs: &dyn BlobStore, value: &ParamValue) -> Result<Self> {
        match value {
            ParamValue::Text(text) if Self::puts(value) => {
                Ok(Self::Blob(blobs.put(text.as_bytes())?, text.len() as u64))
            }
            short => Ok(Self::Inline(short.clone())),
        }
    }

    pub(super) fn load(self, blobs: &dyn BlobStore) -> Result<ParamValue> {
        match self {
            Self::Inline(value) => Ok(value),
            Self::Blob(digest, bytes) => Ok(ParamValue::Text(StoredText::Blob(digest, bytes).load(blobs)?)),
        }
    }

    /// The blob that the text is in, if it is in one.
    pub(super) fn blob(&self) -> Option<Digest> {
        match self {
            Self::Inline(_) => None,
            Self::Blob(digest, _) => Some(*digest),
        }
    }

    /// True if both have the same text: what a conflict is decided by.
    pub(super) fn same_text(&self, other: &Self) -> bool {
        self.text_digest() == other.text_digest()
    }

    /// The digest of the text, which stands for it in comparisons.
    pub(super) fn text_digest(&self) -> Digest {
        match self {
            Self::Inline(value) => Digest::of(value.text().as_bytes()),
            Self::Blob(digest, _) => *digest,
        }
    }
}

/// A file among a run's artifacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredArtifact {
    pub(crate) blob: Digest,
    pub(crate) size_bytes: u64,
    pub(crate) at: Timestamp,
}

/// The points that are not sealed: entries `first..next` of the run's tail, and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    pub(super) first: u32,
    pub(super) next: u32,
    pub(super) bytes: u64,
}

/// A change too large for one commit: its blob, and how many of its items are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) blob: Digest,
    pub(super) done: u64,
}

/// A run's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunDoc {
    /// Raised by every change, so that the bytes of two states always differ and a Check sees every change.
    pub(super) version: u64,
    pub(super) info: RunInfo,
    /// The last to start or resume the run.
    pub(super) writer: Option<Uuid>,
    pub(super) params: Section<StoredParam>,
    pub(super) tags: Section<StoredText>,
    pub(super) metrics: Section<MetricSummary>,
    pub(super) artifacts: Section<StoredArtifact>,
    pub(super) segments: Section<SegmentRef>,
    /// Values of params that came second.
    pub(super) conflicts: Section<StoredParam>,
    pub(super) tail: Tail,
    pub(super) pending: Option<Pending>,
    /// A blob with a copy of the record, of a run that ended without points; else the last segment has it.
    pub(super) copy: Option<Digest>,
    pub(super) inputs: Section<StoredInput>,
    /// What the run was forked from.
    pub(super) origin: Option<Origin>,
}

impl RunDoc {
    pub(super) fn new(info: RunInfo) -> Self {
        Self {
            version: 0,
            info,
            writer: None,
            params: Section::default(),
            tags: Section::default(),
            metrics: Section::default(),
            artifacts: Section::default(),
            segments: Section::default(),
            conflicts: Section::default(),
            tail: Tail::default(),
            pending: None,
            copy: None,
            inputs: Section::default(),
            origin: None,
        }
    }

    /// True if all of the run but its points stands in the record.
    pub(super) fn stands_alone(&self) -> bool {
        self.pending.is_none()
            && self.params.is_inline()
            && self.tags.is_inline()
            && self.metrics.is_inline()
            && self.artifacts.is_inline()
            && self.inputs.is_inline()
    }

    /// Refuses to log to a deleted run.
    pub(super) fn check_active(&self) -> Result<()> {
        if self.info.lifecycle == Lifecycle::Active {
            return Ok(());
        }
        Err(deleted(&self.info.run_id))
    }
}

/// That a run is deleted, and what to do.
pub(super) fn deleted(run: &str) -> Error {
    Error::InvalidState { detail: format!("the run `{run}` is deleted; restore it first") }
}
