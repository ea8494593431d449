//! Opens a location and hands out the pillars.
use std::path::Path;
use std::sync::Arc;

use crate::base::digests::Digest;
use crate::blob::BlobStore;
use crate::error::Result;
use crate::runs::Runs;
use crate::storage::Storage;

/// How a store is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// A path, `memory:`, or empty: `MLOPS_STORE`, else the nearest `.mlops/` upwards, else a new one here.
    pub uri: String,
    /// Opens for reading only: any number of processes may, also while another writes.
    pub read_only: bool,
    /// With `true` a store that does not exist is an error.
    pub must_exist: bool,
}

/// An open store. Clones share it; it closes with the last.
#[derive(Clone, Debug)]
pub struct Store {
    runs: Arc<Runs>,
}

impl Store {
    /// Opens a location: a path, `memory:`, or empty.
    pub fn open(_uri: &str) -> Result<Self> {
        todo!()
    }
    /// Opens with options.
    pub fn open_with(_options: &OpenOptions) -> Result<Self> {
        todo!()
    }
    /// The absolute path, or `memory:`.
    pub fn uri(&self) -> &str {
        todo!()
    }
    /// The folder; None in memory.
    pub fn path(&self) -> Option<&Path> {
        todo!()
    }
    /// True if opened for reading.
    pub fn is_read_only(&self) -> bool {
        todo!()
    }
    /// Random, made with the store.
    pub fn id(&self) -> uuid::Uuid {
        todo!()
    }
    /// Experiments and runs.
    pub fn runs(&self) -> &Runs {
        &self.runs
    }
    /// Bytes by digest.
    pub fn blobs(&self) -> &Arc<dyn BlobStore> {
        todo!()
    }
    /// The map beneath.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        todo!()
    }
    /// Drains what runs logged and forces everything to the disk.
    pub fn flush(&self) -> Result<()> {
        todo!()
    }
    /// Closes: drains, flushes, releases the lock. Later calls through clones fail with InvalidState.
    pub fn close(&self) -> Result<()> {
        todo!()
    }
    #[doc(hidden)]
    pub fn _digest(&self) -> Digest {
        todo!()
    }
}

/// What [`fsck`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FsckReport {
    /// How many files were read.
    pub files: u64,
    /// How many bytes were checked.
    pub bytes: u64,
    /// What is wrong, one a place; empty if all is well.
    pub findings: Vec<crate::base::findings::Finding>,
}

/// Reads and checks every byte of a closed store; with `repair`, mends what can be mended.
pub fn fsck(_uri: &str, _repair: bool) -> Result<FsckReport> {
    todo!()
}
