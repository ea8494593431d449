//! A segment as it is stored: a blob that names the others, one with what every row has, and one a column.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::codec;
use super::super::keys;
use super::super::section::for_each_entry;
use super::super::series::{pack_integers, pack_values, unpack_integers, unpack_values};
use super::super::types::{Lifecycle, MetricSummary, RunStatus};
use crate::base::digests::Digest;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::storage::{KeyRange, Storage};

/// What a column is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(in crate::runs) enum Of {
    Metric,
    Param,
    Tag,
    /// A text that every run has: its name or user.
    Info,
    /// The names, digests or contexts of a run's inputs.
    Input,
}

impl Of {
    /// True if there may be too many keys for a column each.
    pub(super) fn may_be_wide(self) -> bool {
        matches!(self, Self::Metric | Self::Param | Self::Tag)
    }
}

/// The blob that a segment's storage entry names.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Directory {
    /// What every row has.
    pub(super) heads: Digest,
    /// Sorted.
    pub(super) columns: Vec<(Of, String, Digest)>,
    /// Rows, in order, that have keys without a column.
    pub(super) wide: Vec<u32>,
}

/// What every row has, in the order of the runs' ids.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Heads {
    pub(super) ids: Vec<String>,
    pub(super) experiments: Vec<u64>,
    /// None: the run was removed for good, and its row only hides older ones.
    pub(super) states: Vec<Option<RunStatus>>,
    pub(super) lifecycles: Vec<Lifecycle>,
    pub(super) started: Vec<i64>,
    pub(super) ended: Vec<Option<i64>>,
}

/// The rows that have a value, in order; none: all have.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Present(pub(super) Vec<u32>);

impl Present {
    /// Where the value of a row stands among those of the column.
    pub(super) fn position(&self, row: u32) -> Option<usize> {
        if self.0.is_empty() { Some(row as usize) } else { self.0.binary_search(&row).ok() }
    }
}

/// Values that repeat, once each.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::runs) struct Dictionary<T> {
    pub(super) present: Present,
    pub(super) values: Vec<T>,
    pub(super) codes: Vec<u32>,
}

impl<T> Dictionary<T> {
    pub(super) fn get(&self, row: u32) -> Option<&T> {
        self.entry(row).map(|(_, value)| value)
    }

    /// A row's value, and its number among the values.
    pub(in crate::runs) fn entry(&self, row: u32) -> Option<(u32, &T)> {
        let code = *self.codes.get(self.present.position(row)?)?;
        Some((code, self.values.get(code as usize)?))
    }
}

/// The summaries of a metric, a column for each of their parts.
#[derive(Debug, Default)]
pub(in crate::runs) struct Summaries {
    pub(super) present: Present,
    pub(super) last: Vec<f64>,
    pub(super) last_step: Vec<i64>,
    pub(super) last_at: Vec<i64>,
    pub(super) min: Vec<f64>,
    pub(super) max: Vec<f64>,
    pub(super) count: Vec<i64>,
}

impl Summaries {
    pub(super) fn push(&mut self, summary: &MetricSummary) {
        self.last.push(summary.last);
        self.last_step.push(summary.last_step);
        self.last_at.push(summary.last_at.as_micros());
        self.min.push(summary.min);
        self.max.push(summary.max);
        self.count.push(i64::try_from(summary.count).unwrap_or(i64::MAX));
    }

    pub(super) fn get(&self, row: u32) -> Option<MetricSummary> {
        let at = self.present.position(row)?;
        Some(MetricSummary {
            last: *self.last.get(at)?,
            last_step: *self.last_step.get(at)?,
            last_at: Timestamp::from_micros(*self.last_at.get(at)?),
            min: *self.min.get(at)?,
            max: *self.max.get(at)?,
            count: u64::try_from(*self.count.get(at)?).ok()?,
        })
    }

    pub(in crate::runs) fn last(&self, row: u32) -> Option<f64> {
        self.last.get(self.present.position(row)?).copied()
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let parts = [
            pack_values(&self.last)?,
            pack_integers(&self.last_step)?,
            pack_integers(&self.last_at)?,
            pack_values(&self.min)?,
            pack_values(&self.max)?,
            pack_integers(&self.count)?,
        ];
        encode(&(&self.present, parts))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let (present, [last, last_step, last_at, min, max, count]): (Present, [Vec<u8>; 6]) =
            decode("a column of metrics", bytes)?;
        let values = |part: &[u8]| unpack_values(part).ok_or_else(unreadable);
        let integers = |part: &[u8]| unpack_integers(part).ok_or_else(unreadable);
        Ok(Self {
            present,
            last: values(&last)?,
            last_step: integers(&last_step)?,
            last_at: integers(&last_at)?,
            min: values(&min)?,
            max: values(&max)?,
            count: integers(&count)?,
        })
    }

    pub(super) fn size(&self) -> usize {
        self.present.0.len() * 4 + self.last.len() * 48
    }
}

fn unreadable() -> Error {
    Error::internal("a column of metrics cannot be read")
}

/// The format byte of all blobs of columns.
const FORMAT: u8 = 1;

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    codec::encode_as(FORMAT, value, Vec::new())
}

pub(super) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => {
            postcard::from_bytes(rest).map_err(|e| Error::internal(format!("{what} cannot be read: {e}")))
        }
        // Of a later version: the records tell the same.
        _ => Err(Error::corrupt(Path::new("blobs"), 0, format!("{what} has another format"))),
    }
}

/// Reads a blob of a segment.
pub(super) fn read<T: DeserializeOwned>(blobs: &dyn BlobStore, what: &str, blob: &Digest) -> Result<T> {
    decode(what, &blobs.get(blob)?)
}

/// Visits the blobs of all segments. One that cannot be read is made anew by the next fold.
pub(in crate::runs) fn for_each_blob(
    storage: &dyn Storage,
    blobs: &dyn BlobStore,
    visit: &mut dyn FnMut(Digest),
) -> Result<()> {
    for_each_entry(storage, KeyRange::prefix(keys::SEGMENTS), |_, value| {
        let directory_blob: Digest = decode("a segment of columns", value)?;
        visit(directory_blob);
        match read::<Directory>(blobs, "a segment of columns", &directory_blob) {
            Ok(directory) => {
                visit(directory.heads);
                directory.columns.iter().for_each(|(_, _, blob)| visit(*blob));
                Ok(())
            }
            Err(Error::Corrupt { .. } | Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(e),
        }
    })
}
