//! The per-process log of the hot path: what a run logs is acknowledged here, and drained into storage later.
//!
//! A writer is one process that logs. It has a lock file, whose lock says that it lives and whose modification
//! time is its heartbeat, and one or more log files with its records in order. The pillar that owns the records
//! reads them with [`SpoolReader`] and commits their effect together with a [`Mark`] of how far it got, so that
//! draining twice changes nothing.

mod files;
mod mark;
mod reader;
mod syncing;
mod writer;

pub use files::{DRAINED_STAYS, WriterFiles, list_writers};
pub use mark::Mark;
pub use reader::{Record, SpoolReader};
pub use writer::{Spool, SpoolOptions};

#[cfg(test)]
mod tests;
