//! Large blobs: one file each, `objects/ab/<64 hex digits>`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::temp::{self, TempFile};
use crate::base::digests::{Digest, DigestHasher};
use crate::base::files::{FileHandle, Files};
use crate::base::ids::IdSource;
use crate::blob::Leases;
use crate::error::{Error, Result};

/// How much is read or written at a time, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// The files of large blobs.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) files: Files,
    pub(super) folder: PathBuf,
    pub(super) tmp: PathBuf,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) leases: Arc<Leases>,
}

impl Objects {
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_hex();
        self.folder.join(hex.get(..2).unwrap_or_default()).join(hex)
    }

    fn open(&self, digest: &Digest) -> Result<Option<FileHandle>> {
        absent_is_none(self.files.open_read(&self.path(digest)))
    }

    pub(super) fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.open(digest)?.map(|file| file.len()).transpose()
    }

    /// The bytes of a blob, checked; None if there is no such file.
    pub(super) fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.open(digest)? else { return Ok(None) };
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        if Digest::of(&bytes) == *digest { Ok(Some(bytes)) } else { Err(damaged(file.path())) }
    }

    /// Writes the bytes of a blob to `out` and checks them; None if there is no such file.
    pub(super) fn read_to(&self, digest: &Digest, out: &mut dyn Write) -> Result<Option<u64>> {
        self.open(digest)?.map(|file| copy_checked(&file, digest, out)).transpose()
    }

    pub(super) fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        let _lease = self.leases.hold()?;
        self.leases.renew(digest)?;
        if self.holds(digest, bytes.len() as u64)? {
            return Ok(());
        }
        let (file, temp) = self.create_temp()?;
        file.write_at(bytes, 0)?;
        self.keep(digest, &file, temp)
    }

    /// Stores `begin` and then what `reader` gives, in pieces.
    pub(super) fn put_reader(&self, begin: Vec<u8>, reader: &mut dyn Read) -> Result<(Digest, u64)> {
        let (file, temp) = self.create_temp()?;
        let mut hasher = DigestHasher::new();
        let mut chunk = begin;
        let mut size = 0;
        while !chunk.is_empty() {
            hasher.update(&chunk);
            file.write_at(&chunk, size)?;
            size += chunk.len() as u64;
            read_chunk(reader, &mut chunk, CHUNK_BYTES)?;
        }
        let digest = hasher.finish();
        // Not before: to read all of it may take long.
        let _lease = self.leases.hold()?;
        self.leases.renew(&digest)?;
        if !self.holds(&digest, size)? {
            self.keep(&digest, &file, temp)?;
        }
        Ok((digest, size))
    }

    /// True if the blob is there and undamaged, so that it need not be written again. This reads the whole file:
    /// that costs less than writing it, and a put never answers for bytes that are not there.
    fn holds(&self, digest: &Digest, size: u64) -> Result<bool> {
        if self.size(digest)? != Some(size) || !matches!(self.read_to(digest, &mut std::io::sink()), Ok(Some(_))) {
            return Ok(false);
        }
        if let Some(file) = self.open(digest)? {
            file.touch();
        }
        // Whoever renamed it may have died or failed before this.
        self.files.sync_parent(&self.path(digest))?;
        self.files.sync_dir(&self.folder)?;
        Ok(true)
    }

    /// True if the blob is there and undamaged; a lease is held, and the put noted.
    pub(super) fn keep_existing(&self, digest: &Digest) -> Result<bool> {
        self.size(digest)?.map_or(Ok(false), |size| self.holds(digest, size))
    }

    fn create_temp(&self) -> Result<(Arc<FileHandle>, TempFile)> {
        TempFile::create(&self.files, &self.tmp, &self.ids, temp::OBJECT, |path| {
            let file = Arc::new(self.files.create_new(path)?);
            Ok((file.clone(), file))
        })
    }

    fn keep(&self, digest: &Digest, file: &FileHandle, temp: TempFile) -> Result<()> {
        file.sync()?;
        let path = self.path(digest);
        if let Some(shard) = path.parent().filter(|shard| !shard.exists()) {
            self.files.create_dir_all(shard)?;
            self.files.sync_dir(&self.folder)?;
        }
        temp.rename(&path)?;
        self.files.sync_parent(&path)
    }
}

/// Fills `chunk` with the next bytes of `reader`, at most `limit`; empty at its end.
pub(super) fn read_chunk(reader: &mut dyn Read, chunk: &mut Vec<u8>, limit: usize) -> Result<()> {
    chunk.clear();
    let read = reader.take(limit as u64).read_to_end(chunk);
    read.map(drop).map_err(|e| Error::io("read", Path::new("the stream to be stored"), e))
}

/// Writes the content of a blob's file to `out` and checks it; returns its size.
pub(super) fn copy_checked(file: &FileHandle, digest: &Digest, out: &mut dyn Write) -> Result<u64> {
    let mut hasher = DigestHasher::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    loop {
        let read = file.read_at(&mut chunk, offset)?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        out.write_all(bytes).map_err(|e| Error::io("copy the content of", file.path(), e))?;
        offset += read as u64;
    }
    if hasher.finish() == *digest { Ok(offset) } else { Err(damaged(file.path())) }
}

/// The digest that a file is named by.
pub(super) fn digest_in_name(path: &Path) -> Option<Digest> {
    path.file_name()?.to_str().and_then(Digest::from_hex)
}

/// A missing file as None.
pub(super) fn absent_is_none<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn damaged(path: &Path) -> Error {
    let detail = "the content does not match the digest in its name; store the same bytes again, or restore a backup";
    Error::corrupt(path, 0, detail)
}
