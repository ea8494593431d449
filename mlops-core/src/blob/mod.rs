//! Immutable bytes named by their digest.
//!
//! [`local`] keeps them in a folder: large blobs as files, small ones in packs. [`memory`] keeps them in memory.
//! What nothing refers to is swept: `leases.rs` keeps what was just put, in this process and (`lease_files.rs`) in others;
//! `sweep.rs` has what a sweep is told.
//! Every implementation passes the suite in `tests/conformance/blobs.rs`.

mod lease_files;
mod leases;
pub mod local;
pub mod memory;
pub mod overlay;
mod sweep;

use std::fmt::Debug;
use std::io::{Read, Write};
use std::sync::Arc;

pub use leases::{Lease, Leases, SweepLease};
pub use sweep::{Amount, Referrer, Sweep, Swept, TRASH_STAYS};

use crate::base::digests::Digest;
use crate::error::{Error, Result};

/// A store of immutable bytes, each named by its BLAKE3 digest.
///
/// Guarantees that every implementation gives:
/// - A put is all or nothing; when it returns, the blob survives the death of the process.
/// - Putting bytes that exist stores nothing again and returns the same digest.
/// - What a read returns matches its digest; damaged bytes are [`Error::Corrupt`], never data.
/// - A put that returned after a sweep began is not undone by it, also where the bytes existed.
pub trait BlobStore: Send + Sync + Debug {
    /// Stores bytes and returns their digest.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Io`]; nothing is stored then, and later puts may succeed.
    fn put(&self, bytes: &[u8]) -> Result<Digest>;

    /// Stores what `reader` gives until its end, without holding it in memory; returns digest and size in bytes.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Error::Io`] also if `reader` fails.
    fn put_reader(&self, reader: &mut dyn Read) -> Result<(Digest, u64)>;

    /// Puts a blob that exists without its bytes, as [`put`](Self::put) would. False if there is no undamaged copy of it:
    /// then nothing is put.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn keep(&self, digest: &Digest) -> Result<bool>;

    /// The bytes of a blob.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Corrupt`] if it is damaged, or not found while a damaged place
    /// may have held it, [`Error::Io`].
    fn get(&self, digest: &Digest) -> Result<Vec<u8>>;

    /// Writes the bytes of a blob to `out` without holding them in memory; returns the size in bytes. The digest is
    /// known only at the end: on an error what was written must be thrown away.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`Error::Io`] also if `out` fails.
    fn read_to(&self, digest: &Digest, out: &mut dyn Write) -> Result<u64>;

    /// The size in bytes of a blob; None if there is none. The bytes are not read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is not found while a damaged place may have held it, [`Error::Io`].
    fn size(&self, digest: &Digest) -> Result<Option<u64>>;

    /// Forces all that was put to the disk.
    ///
    /// # Errors
    /// [`Error::Io`]; what was put may then not survive power loss until a later flush succeeds.
    fn flush(&self) -> Result<()>;

    /// Reads and checks every blob; what is damaged goes to `report` as an error, one a place.
    ///
    /// # Errors
    /// [`Error::Io`] if something cannot be read; damage is no error of this call.
    fn verify(&self, report: &mut dyn FnMut(Error)) -> Result<BlobStats>;

    /// Who puts blobs and names them later holds a lease of these meanwhile.
    fn leases(&self) -> &Arc<Leases>;

    /// Removes the blobs that are not among the living, or with `dry_run` counts them. What a crash or an error leaves
    /// half done, the next sweep does.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] without `dry_run`; [`Error::Busy`] if another process puts blobs without a pause;
    /// [`Error::Io`]: every living blob is still there.
    fn sweep(&self, sweep: &Sweep<'_>) -> Result<Swept>;
}

/// What a blob store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobStats {
    /// How many blobs.
    pub count: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

fn not_found(digest: &Digest) -> Error {
    Error::not_found("blob", digest.to_string())
}
