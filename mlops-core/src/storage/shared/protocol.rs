//! What a peer asks the owner, and what it gets for an answer.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::storage::{Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage};

/// The version of all of this; the greeting says it, in a form that stays.
pub(super) const PROTOCOL: u32 = 1;

/// A call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Notes the lane of this connection, before its first commit.
    Lane,
    Get(#[serde(with = "serde_bytes")] Vec<u8>),
    Scan(KeyRange, ScanOptions),
    /// A batch, with the number of the lane's commit before it, and its own.
    Apply {
        before: u64,
        this: u64,
        ops: Vec<Op>,
        durability: Durability,
    },
    Flush,
}

/// Its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Done,
    Value(#[serde(with = "serde_bytes")] Option<Vec<u8>>),
    Page(ScanPage),
    Outcome(Outcome),
    /// The owner does not know the lane any more: whether its last commit had an effect cannot be told.
    LaneForgotten,
    Failed(Failure),
}

/// An error on its way.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    Io { path: PathBuf, os: Option<i32>, text: String },
    Corrupt { path: PathBuf, offset: u64, detail: String },
    ReadOnly { what: String, hint: String },
    InvalidState { detail: String },
    Internal { detail: String },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Io { path, source, .. } => Self::Io { path, os: source.raw_os_error(), text: source.to_string() },
            Error::Corrupt { path, offset, detail } => Self::Corrupt { path, offset, detail },
            Error::ReadOnly { what, hint } => Self::ReadOnly { what, hint },
            Error::InvalidState { detail } => Self::InvalidState { detail },
            Error::Internal { detail } => Self::Internal { detail },
            other => Self::Internal { detail: other.to_string() },
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Io { path, os, text } => {
                let source = os.map_or_else(|| io::Error::other(text), io::Error::from_raw_os_error);
                Self::Io { action: "use", path, source }
            }
            Failure::Corrupt { path, offset, detail } => Self::Corrupt { path, offset, detail },
            Failure::ReadOnly { what, hint } => Self::ReadOnly { what, hint },
            Failure::InvalidState { detail } => Self::InvalidState { detail },
            Failure::Internal { detail } => Self::Internal { detail },
        }
    }
}
