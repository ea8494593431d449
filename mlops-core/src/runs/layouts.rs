//! How records were stored before: what is read of older stores, and never written. Fields stand in the order of the bytes.

use serde::Deserialize;
use uuid::Uuid;

use super::codec::Stored;
use super::doc::{Pending, RunDoc, StoredArtifact, StoredParam, StoredText, Tail};
use super::record::{Change, RunRecord, Start};
use super::section::Section;
use super::series::{RecordCopy, SegmentRef};
use super::types::{MetricSummary, RunInfo, RunStatus};
use crate::base::digests::Digest;
use crate::base::time::Timestamp;

/// A run's record in format 1: without inputs and origin.
#[derive(Debug, Deserialize)]
pub(super) struct RunDocV1 {
    version: u64,
    info: RunInfo,
    writer: Option<Uuid>,
    params: Section<StoredParam>,
    tags: Section<StoredText>,
    metrics: Section<MetricSummary>,
    artifacts: Section<StoredArtifact>,
    segments: Section<SegmentRef>,
    conflicts: Section<StoredParam>,
    tail: Tail,
    pending: Option<Pending>,
    copy: Option<Digest>,
}

impl From<RunDocV1> for RunDoc {
    fn from(first: RunDocV1) -> Self {
        let RunDocV1 {
            version,
            info,
            writer,
            params,
            tags,
            metrics,
            artifacts,
            segments,
            conflicts,
            tail,
            pending,
            copy,
        } = first;
        Self {
            version,
            writer,
            params,
            tags,
            metrics,
            artifacts,
            segments,
            conflicts,
            tail,
            pending,
            copy,
            ..Self::new(info)
        }
    }
}

impl Stored for RunDoc {
    const FORMAT: u8 = 2;
    type First = RunDocV1;
}

/// The copy of a record in format 1.
#[derive(Debug, Deserialize)]
pub(super) struct RecordCopyV1 {
    doc: RunDocV1,
    experiment: Option<String>,
}

impl From<RecordCopyV1> for RecordCopy {
    fn from(first: RecordCopyV1) -> Self {
        Self { doc: first.doc.into(), experiment: first.experiment }
    }
}

impl Stored for RecordCopy {
    const FORMAT: u8 = 2;
    type First = RecordCopyV1;
}

/// A change in format 1: without inputs.
#[derive(Debug, Deserialize)]
pub(super) struct ChangeV1 {
    run: String,
    at: Timestamp,
    params: Vec<(String, StoredParam)>,
    tags: Vec<(String, Option<StoredText>)>,
    points: Vec<(String, i64, i64, f64)>,
    segments: Vec<SegmentRef>,
    summaries: Vec<(String, MetricSummary)>,
    artifacts: Vec<(String, StoredArtifact)>,
}

impl From<ChangeV1> for Change {
    fn from(first: ChangeV1) -> Self {
        let ChangeV1 { run, at, params, tags, points, segments, summaries, artifacts } = first;
        Self { run, at, params, tags, points, segments, summaries, artifacts, inputs: Vec::new() }
    }
}

impl Stored for Change {
    const FORMAT: u8 = 2;
    type First = ChangeV1;
}

/// A record of the spool in format 1.
#[derive(Debug, Deserialize)]
pub(super) enum RunRecordV1 {
    Start(Box<Start>),
    Change(ChangeV1),
    Large { run: String, at: Timestamp, blob: Digest },
    Status { run: String, at: Timestamp, status: RunStatus },
    Point { run: String, key: String, step: i64, at: i64, value: f64 },
    Lost,
}

impl From<RunRecordV1> for RunRecord {
    fn from(first: RunRecordV1) -> Self {
        match first {
            RunRecordV1::Start(start) => Self::Start(start),
            RunRecordV1::Change(change) => Self::Change(change.into()),
            RunRecordV1::Large { run, at, blob } => Self::Large { run, at, blob },
            RunRecordV1::Status { run, at, status } => Self::Status { run, at, status },
            RunRecordV1::Point { run, key, step, at, value } => Self::Point { run, key, step, at, value },
            RunRecordV1::Lost => Self::Lost,
        }
    }
}

impl Stored for RunRecord {
    const FORMAT: u8 = 2;
    type First = RunRecordV1;
}
