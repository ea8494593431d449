//! Stored values: a format byte, then postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The version of everything that the pillar stores; a later layout takes the next number.
const FORMAT: u8 = 1;

/// The value of an index entry, which says all by its key.
pub(super) const PRESENT: &[u8] = &[FORMAT];

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    encode_into(value, Vec::new())
}

/// Encodes into a buffer that is reused.
pub(super) fn encode_into<T: Serialize>(value: &T, mut buffer: Vec<u8>) -> Result<Vec<u8>> {
    buffer.clear();
    buffer.push(FORMAT);
    postcard::to_extend(value, buffer).map_err(|e| Error::internal(format!("cannot encode a record: {e}")))
}

/// Reads a stored value; `what` names it in the error.
pub(super) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => {
            postcard::from_bytes(rest).map_err(|e| Error::internal(format!("{what} in storage cannot be read: {e}")))
        }
        Some((&found, _)) if found > FORMAT => Err(Error::NewerFormat {
            path: format!("{what} in storage").into(),
            found: found.into(),
            known: FORMAT.into(),
        }),
        _ => Err(Error::internal(format!("{what} in storage has no format"))),
    }
}
