//! Blobs from one store to another: those that it lacks, verified.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::base::digests::Digest;
use crate::blob::BlobStore;
use crate::error::{Error, Result};

/// Larger blobs are copied in pieces, in bytes.
const WHOLE_BYTES: u64 = 1 << 20;
/// How many pieces wait to be written.
const PIECES: usize = 4;

/// Copies blobs while a lease of the destination is held.
#[derive(Debug)]
pub(crate) struct Copier<'a> {
    from: &'a dyn BlobStore,
    to: &'a dyn BlobStore,
    /// What was put under this lease.
    put: HashSet<Digest>,
    pub(crate) blobs: u64,
    pub(crate) bytes: u64,
}

impl<'a> Copier<'a> {
    pub(crate) fn new(from: &'a dyn BlobStore, to: &'a dyn BlobStore) -> Self {
        Self { from, to, put: HashSet::new(), blobs: 0, bytes: 0 }
    }

    /// Has the destination hold a blob of the source.
    ///
    /// # Errors
    /// `Corrupt` if it is damaged or missing in the source; what putting gives.
    pub(crate) fn copy(&mut self, blob: Digest) -> Result<()> {
        if self.put.contains(&blob) {
            return Ok(());
        }
        if !self.to.keep(&blob)? {
            self.bytes += put(self.from, self.to, blob)?;
            self.blobs += 1;
        }
        self.put.insert(blob);
        Ok(())
    }

    /// A new lease is held: what was put under the one before may be gone if nothing names it.
    pub(crate) fn under_new_lease(&mut self) {
        self.put.clear();
    }
}

fn put(from: &dyn BlobStore, to: &dyn BlobStore, blob: Digest) -> Result<u64> {
    let size = from.size(&blob)?;
    if size.is_none_or(|size| size <= WHOLE_BYTES) {
        let bytes = from.get(&blob)?;
        to.put(&bytes)?;
        return Ok(bytes.len() as u64);
    }
    let (sender, receiver) = sync_channel(PIECES);
    let (read, written) = thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut out = Sender(sender);
            let read = from.read_to(&blob, &mut out);
            if read.is_err() {
                // So that what came until now is not taken for all.
                let _ = out.0.send(Err(()));
            }
            read
        });
        let mut pieces = Pieces { receiver, piece: Vec::new(), at: 0 };
        let written = to.put_reader(&mut pieces);
        drop(pieces);
        (reading.join(), written)
    });
    let read = read.map_err(|_| Error::internal("the thread that reads a blob has panicked"))?;
    match (read, written) {
        (Ok(_), Ok((stored, size))) if stored == blob => Ok(size),
        (Ok(_), Ok((stored, _))) => Err(Error::internal(format!("{blob} came over as {stored}"))),
        // What failed first is what is wrong: a writer that fails leaves the reader without an end to write to.
        (Err(error), Err(Error::Io { action: "read", .. }) | Ok(_)) | (_, Err(error)) => Err(error),
    }
}

/// The end that what is read is written to.
struct Sender(SyncSender<Result<Vec<u8>, ()>>);

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(Ok(bytes.to_vec())).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end that is read by who stores it.
struct Pieces {
    receiver: Receiver<Result<Vec<u8>, ()>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.receiver.recv() {
                Ok(Ok(piece)) => (self.piece, self.at) = (piece, 0),
                Ok(Err(())) => return Err(io::Error::other("the blob cannot be read in the source")),
                Err(_) => return Ok(0),
            }
        }
        let read = self.piece.get(self.at..).unwrap_or_default().read(out)?;
        self.at += read;
        Ok(read)
    }
}
