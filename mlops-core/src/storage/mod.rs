//! The ordered map of bytes beneath every pillar, and its engines and layers.
//!
//! The local store is [`shared`] over [`journal`] over [`sled`]: the lock, the truth and the index.
//! Every engine and stack of layers passes the suite in `tests/conformance/`.

mod bytes;
#[cfg(any(test, feature = "testing"))]
pub mod fault;
pub mod journal;
pub mod memory;
pub mod shared;
#[cfg(feature = "sled")]
pub mod sled;
pub(crate) mod types;

use std::fmt::Debug;

pub use crate::base::durability::Durability;
pub(crate) use types::Filling;
pub use types::{Capabilities, Entry, KeyRange, Op, Outcome, ScanOptions, ScanPage, check_batch, check_key};

use crate::error::Result;

/// An ordered map from byte keys to byte values.
///
/// Guarantees that every implementation gives:
/// - Keys compare as bytes; they have 1 to 1,024 bytes and never begin with a zero byte, which layers keep for
///   themselves. Values have at most 64 KiB, a batch at most 1 MiB. Above a limit is
///   [`Error::LimitExceeded`](crate::Error::LimitExceeded) before anything changes.
/// - [`apply`](Self::apply) is all or nothing, also over a crash, and concurrent calls behave as one sequence.
/// - What `apply` acknowledged is seen by every later `get` and `scan`, from any thread.
/// - One page of a scan is a consistent cut; pages of one scan may differ in time.
pub trait Storage: Send + Sync + Debug {
    /// The value of `key`; None if it is absent.
    ///
    /// # Errors
    /// `Io`, `Corrupt`, and what the engine says.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// One page of the entries in `range`, in key order (or reversed).
    ///
    /// # Errors
    /// `Io`, `Corrupt`, and what the engine says.
    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage>;

    /// Applies a batch, if every [`Op::Check`] in it holds against the state before the batch; later operations
    /// on the same key win over earlier ones.
    ///
    /// # Errors
    /// `InvalidArgument` or `LimitExceeded` before anything changes, `ReadOnly`, `Io`, `OutOfSpace`. A check that does
    /// not hold is no error but [`Outcome::CheckFailed`].
    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome>;

    /// Forces all that was acknowledged to the disk.
    ///
    /// # Errors
    /// `Io`; nobody knows then what is on the disk, and the engine acknowledges nothing more.
    fn flush(&self) -> Result<()>;

    /// What this engine promises.
    fn capabilities(&self) -> Capabilities;
}
