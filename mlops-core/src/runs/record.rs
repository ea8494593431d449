//! What stands in the spool: the records of runs, in the order they were made.

use serde::{Deserialize, Serialize};

use super::codec;
use super::doc::{StoredArtifact, StoredParam, StoredText};
use super::inputs::StoredInput;
use super::series::SegmentRef;
use super::types::{MetricSummary, RunStatus};
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::error::Result;

/// One record of the spool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum RunRecord {
    /// A run starts or goes on.
    Start(Box<Start>),
    /// Anything that is logged, but for single points.
    Change(Change),
    /// A change that is kept in a blob, because it is too large for a record or for a commit.
    Large { run: String, at: Timestamp, blob: Digest },
    /// A run's status changes.
    Status { run: String, at: Timestamp, status: RunStatus },
    /// One point: the hot path.
    Point { run: String, key: String, step: i64, at: i64, value: f64 },
    /// Stands where a record was lost.
    Lost,
}

impl RunRecord {
    /// Reads a record; zeros, or nothing, stand where a repair found one damaged.
    pub(super) fn decode(body: &[u8]) -> Result<Self> {
        if body.iter().all(|byte| *byte == 0) {
            return Ok(Self::Lost);
        }
        codec::decode("a record of the spool", body)
    }

    /// Visits the blobs that the record names itself.
    pub(super) fn blobs(&self, visit: &mut dyn FnMut(Digest)) {
        match self {
            Self::Start(start) => start.tags.iter().filter_map(|(_, value)| value.blob()).for_each(visit),
            Self::Change(change) => change.blobs(visit),
            Self::Large { blob, .. } => visit(*blob),
            Self::Status { .. } | Self::Point { .. } | Self::Lost => {}
        }
    }
}

/// [`RunRecord::Point`] without copies, for writing.
#[derive(Debug, Serialize)]
pub(super) enum PointRef<'a> {
    #[expect(dead_code, reason = "the variants before Point give it the number that RunRecord::Point has")]
    Start,
    #[expect(dead_code, reason = "as above")]
    Change,
    #[expect(dead_code, reason = "as above")]
    Large,
    #[expect(dead_code, reason = "as above")]
    Status,
    Point {
        run: &'a str,
        key: &'a str,
        step: i64,
        at: i64,
        value: f64,
    },
}

/// How a run starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) run: String,
    pub(super) at: Timestamp,
    /// None: the run exists and goes on.
    pub(super) create: Option<Create>,
    pub(super) tags: Vec<(String, StoredText)>,
}

/// What a new run is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Create {
    pub(super) experiment: ExperimentRef,
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) user: String,
    pub(super) host: String,
    pub(super) status: RunStatus,
}

/// An experiment by id, or by the name under which the drain finds or makes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ExperimentRef {
    Id(String),
    Name(String),
}

/// Params, tags, points, files and inputs that are logged together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) run: String,
    pub(super) at: Timestamp,
    pub(super) params: Vec<(String, StoredParam)>,
    /// None removes the tag.
    pub(super) tags: Vec<(String, Option<StoredText>)>,
    /// (key, step, time, value)
    pub(super) points: Vec<(String, i64, i64, f64)>,
    /// Points that are sealed already; their summaries follow.
    pub(super) segments: Vec<SegmentRef>,
    pub(super) summaries: Vec<(String, MetricSummary)>,
    pub(super) artifacts: Vec<(String, StoredArtifact)>,
    /// By what tells them from others; their numbers are given when they are applied.
    pub(super) inputs: Vec<(String, StoredInput)>,
}

impl Change {
    pub(super) fn new(run: &str, at: Timestamp) -> Self {
        Self {
            run: run.into(),
            at,
            params: Vec::new(),
            tags: Vec::new(),
            points: Vec::new(),
            segments: Vec::new(),
            summaries: Vec::new(),
            artifacts: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// Visits what the change names that is kept in a blob.
    pub(super) fn blobs(&self, visit: &mut dyn FnMut(Digest)) {
        self.values_in_blobs(visit);
        self.artifacts.iter().for_each(|(_, artifact)| visit(artifact.blob));
    }

    /// The same but for artifacts: that without which the run cannot be read.
    pub(super) fn values_in_blobs(&self, visit: &mut dyn FnMut(Digest)) {
        // Every field is named, so that who adds one comes by here.
        let Self { run: _, at: _, params, tags, points: _, segments, summaries: _, artifacts: _, inputs } = self;
        params.iter().filter_map(|(_, value)| value.blob()).for_each(&mut *visit);
        tags.iter().filter_map(|(_, value)| value.as_ref()?.blob()).for_each(&mut *visit);
        segments.iter().for_each(|segment| visit(segment.blob));
        inputs.iter().flat_map(|(_, input)| input.blobs()).for_each(visit);
    }

    /// How many items a change has that are applied one by one: all but points and segments.
    pub(super) fn items(&self) -> u64 {
        let Self { run: _, at: _, params, tags, points: _, segments: _, summaries, artifacts, inputs } = self;
        (params.len() + tags.len() + summaries.len() + artifacts.len() + inputs.len()) as u64
    }

    /// The items from `from` on, at most `count`, as a change of their own.
    pub(super) fn slice(&self, from: u64, count: u64) -> Self {
        fn part<T: Clone>(items: &[T], skip: &mut u64, left: &mut u64) -> Vec<T> {
            let start = usize::try_from(*skip).unwrap_or(usize::MAX).min(items.len());
            let take = usize::try_from(*left).unwrap_or(usize::MAX).min(items.len() - start);
            *skip -= start as u64;
            *left -= take as u64;
            items.iter().skip(start).take(take).cloned().collect()
        }
        let (mut skip, mut left) = (from, count);
        Self {
            params: part(&self.params, &mut skip, &mut left),
            tags: part(&self.tags, &mut skip, &mut left),
            summaries: part(&self.summaries, &mut skip, &mut left),
            artifacts: part(&self.artifacts, &mut skip, &mut left),
            inputs: part(&self.inputs, &mut skip, &mut left),
            ..Self::new(&self.run, self.at)
        }
    }
}
