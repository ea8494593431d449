//! Blobs in memory, for stores at `memory:` and for tests.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;

use super::{Amount, BlobStats, BlobStore, Leases, Sweep, Swept, not_found};
use crate::base::digests::Digest;
use crate::error::{Error, Result};

/// Blobs in this process's memory; they end with it.
#[derive(Debug, Default)]
pub struct MemoryBlobs {
    blobs: RwLock<HashMap<Digest, Arc<[u8]>>>,
    leases: Arc<Leases>,
}

impl MemoryBlobs {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn find(&self, digest: &Digest) -> Result<Arc<[u8]>> {
        self.blobs.read().get(digest).cloned().ok_or_else(|| not_found(digest))
    }
}

impl BlobStore for MemoryBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        self.leases.renew(&digest)?;
        self.blobs.write().entry(digest).or_insert_with(|| bytes.into());
        Ok(digest)
    }

    fn put_reader(&self, reader: &mut dyn Read) -> Result<(Digest, u64)> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|e| Error::io("read", Path::new("the stream to be stored"), e))?;
        Ok((self.put(&bytes)?, bytes.len() as u64))
    }

    fn keep(&self, digest: &Digest) -> Result<bool> {
        self.leases.renew(digest)?;
        Ok(self.blobs.read().contains_key(digest))
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        Ok(self.find(digest)?.to_vec())
    }

    fn read_to(&self, digest: &Digest, out: &mut dyn Write) -> Result<u64> {
        let bytes = self.find(digest)?;
        out.write_all(&bytes).map_err(|e| Error::io("copy a blob to", Path::new("its destination"), e))?;
        Ok(bytes.len() as u64)
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        Ok(self.blobs.read().get(digest).map(|bytes| bytes.len() as u64))
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn verify(&self, _report: &mut dyn FnMut(Error)) -> Result<BlobStats> {
        let blobs = self.blobs.read();
        Ok(BlobStats { count: blobs.len() as u64, bytes: blobs.values().map(|bytes| bytes.len() as u64).sum() })
    }

    fn leases(&self) -> &Arc<Leases> {
        &self.leases
    }

    /// No other process can be about to name a blob: nothing stays for its age.
    fn sweep(&self, sweep: &Sweep<'_>) -> Result<Swept> {
        let mut swept = Swept::default();
        let dead: Vec<Digest> = self.blobs.read().keys().filter(|blob| !sweep.live.contains(*blob)).copied().collect();
        for blob in dead {
            let size = |bytes: &Arc<[u8]>| Amount::one(bytes.len() as u64);
            let removed = if sweep.dry_run {
                self.blobs.read().get(&blob).map(size)
            } else {
                sweep
                    .lease
                    .portion()?
                    .unless_covered(std::iter::once(blob), || self.blobs.write().remove(&blob))
                    .flatten()
                    .as_ref()
                    .map(size)
            };
            swept.small_blobs += removed.unwrap_or_default();
        }
        Ok(swept)
    }
}
