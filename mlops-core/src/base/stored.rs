//! Stored values of pillars whose layouts are all the first: a format byte, then postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The format that is written and read; a later layout takes the next number.
const FORMAT: u8 = 1;

/// The value of an entry that says all by its key.
pub(crate) const PRESENT: &[u8] = &[FORMAT];

/// The bytes of a value.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_extend(value, vec![FORMAT]).map_err(|e| Error::internal(format!("cannot encode what is stored: {e}")))
}

/// Reads a stored value; `what` names it in the error.
pub(crate) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => {
            postcard::from_bytes(rest).map_err(|e| Error::internal(format!("{what} in storage cannot be read: {e}")))
        }
        Some((&found, _)) if found > FORMAT => {
            let path = format!("{what} in storage").into();
            Err(Error::NewerFormat { path, found: found.into(), known: FORMAT.into() })
        }
        _ => Err(Error::internal(format!("{what} in storage has no format"))),
    }
}
