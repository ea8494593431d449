//! New blobs in memory over a store that is only read.

use std::io::{Read, Write};
use std::sync::Arc;

use super::memory::MemoryBlobs;
use super::{BlobStats, BlobStore, Leases, Sweep, Swept};
use crate::base::digests::Digest;
use crate::error::{Error, Result};

/// Keeps what is put in memory, and reads the rest from the store beneath, which never changes. For read-only
/// opening: what the spool holds is applied without writing anything.
#[derive(Debug)]
pub struct OverlayBlobs {
    above: MemoryBlobs,
    beneath: Arc<dyn BlobStore>,
}

impl OverlayBlobs {
    /// An empty layer over a store.
    pub fn over(beneath: Arc<dyn BlobStore>) -> Self {
        Self { above: MemoryBlobs::default(), beneath }
    }

    fn holder(&self, digest: &Digest) -> Result<&dyn BlobStore> {
        Ok(if self.above.size(digest)?.is_some() { &self.above } else { &*self.beneath })
    }
}

impl BlobStore for OverlayBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest> {
        self.above.put(bytes)
    }

    fn put_reader(&self, reader: &mut dyn Read) -> Result<(Digest, u64)> {
        self.above.put_reader(reader)
    }

    fn keep(&self, digest: &Digest) -> Result<bool> {
        Ok(self.holder(digest)?.size(digest)?.is_some())
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        self.holder(digest)?.get(digest)
    }

    fn read_to(&self, digest: &Digest, out: &mut dyn Write) -> Result<u64> {
        self.holder(digest)?.read_to(digest, out)
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.holder(digest)?.size(digest)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn verify(&self, report: &mut dyn FnMut(Error)) -> Result<BlobStats> {
        self.beneath.verify(report)
    }

    fn leases(&self) -> &Arc<Leases> {
        self.above.leases()
    }

    fn sweep(&self, sweep: &Sweep<'_>) -> Result<Swept> {
        self.beneath.sweep(sweep)
    }
}
