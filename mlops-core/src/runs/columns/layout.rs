//! A segment as it is stored: a blob that names the others, one with what every row has, and one a column.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::codec;
use super::super::keys;
use super::super::section::for_each_entry;
use super::super::types::{Lifecycle, RunStatus};
use crate::base::digests::Digest;
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
