//! How far a writer's records are drained.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};

const FORMAT: u8 = 1;
const PREFIX: &[u8] = b"w/";

/// A place between two records of a writer, such as that of everything before it being drained. Places of one writer
/// are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// Which of the writer's log files, counted from 0.
    pub file: u32,
    /// The offset of the next record in it, in bytes; 0: its first.
    pub offset: u64,
    /// The number of the next record.
    pub seq: u64,
}

impl Mark {
    /// The storage key of a writer's mark.
    pub fn key(writer: Uuid) -> Vec<u8> {
        [PREFIX, writer.as_bytes()].concat()
    }

    /// The writer whose mark has this key; None for a key of something else.
    pub fn writer(key: &[u8]) -> Option<Uuid> {
        Uuid::from_slice(key.strip_prefix(PREFIX)?).ok()
    }

    /// The bytes stored under that key.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![FORMAT]).expect("a vector takes all bytes of a plain struct")
    }

    /// Reads the stored bytes.
    ///
    /// # Errors
    /// [`Error::Internal`] if they are not a mark.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
        .ok_or_else(|| Error::internal("a spool mark in storage has an unknown form"))
    }
}
