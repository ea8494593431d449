//! Points of metrics in blobs: columns of steps, times and values, compressed by key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::codec;
use super::doc::RunDoc;
use super::types::{MetricSummary, Series};
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};

/// Columns shorter than this are kept as they are: the compressor's own header would cost more.
const PLAIN_BELOW: usize = 32;
/// Most points of one segment, so that building and reading one is bounded in memory.
pub(super) const SEGMENT_POINTS: usize = 1 << 20;

/// What a segment begins with; the last byte is the version.
const MAGIC: &[u8] = b"mlseg\0\0\x01";

/// Points by key, in the order they were logged.
pub(super) type Points = BTreeMap<String, Series>;

/// A segment that a run refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SegmentRef {
    pub(super) blob: Digest,
    pub(super) points: u64,
}

/// The head of a segment's blob; the columns follow.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    run: String,
    /// The run's record when the segment was sealed at its end, so that a lost record can be made again.
    record: Option<Vec<u8>>,
    keys: Vec<KeyHead>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeyHead {
    key: String,
    points: u64,
    /// Where the key's three columns begin behind the head, and their lengths, in bytes.
    offset: u64,
    lengths: [u64; 3],
}

/// What a run's last segment says of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordCopy {
    /// The record, without what is sealed with it.
    pub(super) doc: RunDoc,
    /// The name of the run's experiment.
    pub(super) experiment: Option<String>,
}

impl Series {
    pub(super) fn push(&mut self, step: i64, at: i64, value: f64) {
        self.steps.push(step);
        self.times.push(at);
        self.values.push(value);
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.steps.append(&mut other.steps);
        self.times.append(&mut other.times);
        self.values.append(&mut other.values);
    }

    /// How many points.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if there are no points.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The points as (step, time, value).
    pub fn points(&self) -> impl Iterator<Item = (i64, i64, f64)> + '_ {
        self.steps.iter().zip(&self.times).zip(&self.values).map(|((step, at), value)| (*step, *at, *value))
    }

    /// Orders by (time, step), keeping the order in which equal ones were logged.
    pub(super) fn sorted(self) -> Self {
        let in_order = self
            .times
            .windows(2)
            .zip(self.steps.windows(2))
            .all(|(at, step)| (at.first(), step.first()) <= (at.last(), step.last()));
        if in_order {
            return self;
        }
        let mut points: Vec<_> = self.points().collect();
        points.sort_by_key(|(step, at, _)| (*at, *step));
        let mut sorted = Self::default();
        for (step, at, value) in points {
            sorted.push(step, at, value);
        }
        sorted
    }

    /// The summary of the points; None if there are none.
    pub(super) fn summary(&self) -> Option<MetricSummary> {
        let mut points =
            self.points().map(|(step, at, value)| MetricSummary::of(value, step, Timestamp::from_micros(at)));
        let first = points.next()?;
        Some(points.fold(first, |sum, point| sum.merge(&point)))
    }
}

impl MetricSummary {
    /// The summary of one point.
    pub(super) fn of(value: f64, step: i64, at: Timestamp) -> Self {
        Self { last: value, last_step: step, last_at: at, min: value, max: value, count: 1 }
    }

    /// The summary of the points of both.
    pub(super) fn merge(&self, other: &Self) -> Self {
        let rank = |s: &Self| (s.last_step, s.last_at);
        let later = match rank(other).cmp(&rank(self)) {
            std::cmp::Ordering::Equal if other.last >= self.last || self.last.is_nan() => other,
            std::cmp::Ordering::Greater => other,
            _ => self,
        };
        Self {
            last: later.last,
            last_step: later.last_step,
            last_at: later.last_at,
            // f64::min and max pass over NaN unless both are.
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            count: self.count.saturating_add(other.count),
        }
    }
}

/// Writes points into blobs. `record` is the run's record if the run ends with them.
pub(super) fn seal(blobs: &dyn BlobStore, run: &str, record: Option<Vec<u8>>, points: &Points) -> Result<SegmentRef> {
    let mut head = Head { run: run.into(), record, keys: Vec::with_capacity(points.len()) };
    let mut columns = Vec::new();
    for (key, series) in points {
        let offset = columns.len() as u64;
        let mut length = |column: Vec<u8>| {
            columns.extend_from_slice(&column);
            column.len() as u64
        };
        let lengths = [
            length(pack_integers(&series.steps)?),
            length(pack_integers(&series.times)?),
            length(pack_values(&series.values)?),
        ];
        head.keys.push(KeyHead { key: key.clone(), points: series.len() as u64, offset, lengths });
    }
    let count = points.values().map(|series| series.len() as u64).sum();
    let head = codec::encode(&head)?;
    let mut bytes = Vec::with_capacity(8 + head.len() + columns.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&columns);
    Ok(SegmentRef { blob: blobs.put(&bytes)?, points: count })
}

/// Reads the points of one key (None: of every key) from a segment.
pub(super) fn open(blobs: &dyn BlobStore, segment: &SegmentRef, key: Option<&str>) -> Result<Points> {
    let bytes = blobs.get(&segment.blob)?;
    unpack(&bytes, key).ok_or_else(|| Error::internal(format!("the metric segment {} cannot be read", segment.blob)))
}

/// Where a segment belongs.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) run: String,
    /// The run as it ended with the segment; None: it went on.
    pub(super) record: Option<RecordCopy>,
    pub(super) points: u64,
}

/// True if bytes begin as a segment does; there may be too few to tell.
pub(super) fn may_be_segment(begin: &[u8]) -> bool {
    begin.iter().zip(MAGIC).all(|(found, expected)| found == expected)
}

/// What a blob is, if it is a segment.
pub(super) fn identify(bytes: &[u8]) -> Option<Sealed> {
    let (head, _) = split(bytes)?;
    let copy = |record: Vec<u8>| {
        // The first stores have the record alone.
        let alone = |_| codec::decode("a record", &record).map(|doc| RecordCopy { doc, experiment: None });
        codec::decode("a record", &record).or_else(alone).ok().filter(|copy| copy.doc.info.run_id == head.run)
    };
    let points = head.keys.iter().map(|key| key.points).sum();
    Some(Sealed { record: head.record.and_then(copy), run: head.run, points })
}

fn split(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let (head, columns) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    Some((codec::decode("a metric segment", head).ok()?, columns))
}

fn unpack(bytes: &[u8], key: Option<&str>) -> Option<Points> {
    let (head, columns) = split(bytes)?;
    let mut points = Points::new();
    for found in head.keys.into_iter().filter(|found| key.is_none_or(|key| key == found.key)) {
        let mut at = usize::try_from(found.offset).ok()?;
        let mut column = |length: u64| {
            let end = at.checked_add(usize::try_from(length).ok()?)?;
            let column = columns.get(at..end)?;
            at = end;
            Some(column)
        };
        let [steps, times, values] = found.lengths;
        let series = Series {
            steps: unpack_integers(column(steps)?)?,
            times: unpack_integers(column(times)?)?,
            values: unpack_values(column(values)?)?,
        };
        points.insert(found.key, series);
    }
    Some(points)
}

const PLAIN: u8 = 0;
const PACKED: u8 = 1;

pub(super) fn pack_integers(column: &[i64]) -> Result<Vec<u8>> {
    if column.len() < PLAIN_BELOW {
        // Differences are small where the numbers are not, and small numbers take one byte.
        let mut last = 0_i64;
        let differences: Vec<i64> =
            column.iter().map(|value| value.wrapping_sub(std::mem::replace(&mut last, *value))).collect();
        return postcard::to_extend(&differences, vec![PLAIN]).map_err(pack_error);
    }
    packed(column)
}

pub(super) fn unpack_integers(bytes: &[u8]) -> Option<Vec<i64>> {
    match bytes.split_first()? {
        (&PLAIN, rest) => {
            let differences: Vec<i64> = postcard::from_bytes(rest).ok()?;
            let sum = |last: &mut i64, difference: i64| {
                *last = last.wrapping_add(difference);
                Some(*last)
            };
            Some(differences.into_iter().scan(0, sum).collect())
        }
        (_, rest) => pco::standalone::simple_decompress(rest).ok(),
    }
}

pub(super) fn pack_values(column: &[f64]) -> Result<Vec<u8>> {
    if column.len() < PLAIN_BELOW {
        let plain = column.iter().flat_map(|value| value.to_bits().to_le_bytes());
        return Ok(std::iter::once(PLAIN).chain(plain).collect());
    }
    packed(column)
}

pub(super) fn unpack_values(bytes: &[u8]) -> Option<Vec<f64>> {
    match bytes.split_first()? {
        (&PLAIN, rest) => {
            Some(rest.as_chunks::<8>().0.iter().map(|bits| f64::from_bits(u64::from_le_bytes(*bits))).collect())
        }
        (_, rest) => pco::standalone::simple_decompress(rest).ok(),
    }
}

fn packed<T: pco::data_types::Number>(column: &[T]) -> Result<Vec<u8>> {
    let config = pco::ChunkConfig::default().with_compression_level(4);
    let mut bytes = pco::standalone::simple_compress(column, &config).map_err(pack_error)?;
    bytes.insert(0, PACKED);
    Ok(bytes)
}

fn pack_error(e: impl std::fmt::Display) -> Error {
    Error::internal(format!("cannot compress a metric series: {e}"))
}
