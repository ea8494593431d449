//! Stored values of pillars whose layouts are the first or second: a format byte, then postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The format that is written and read; a later layout takes the next number.
const FORMAT: u8 = 1;

/// The format of values whose layout is the second.
const SECOND: u8 = 2;

/// The value of an entry that says all by its key.
pub(crate) const PRESENT: &[u8] = &[FORMAT];

/// The bytes of a value.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_extend(value, vec![FORMAT]).map_err(|e| Error::internal(format!("cannot encode what is stored: {e}")))
}

/// Reads a stored value; `what` names it in the error.
pub(crate) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    decode_layout::<T, T>(what, bytes, FORMAT)
}

/// The bytes of a value whose layout is the second.
pub(crate) fn encode_second<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_extend(value, vec![SECOND]).map_err(|e| Error::internal(format!("cannot encode what is stored: {e}")))
}

/// Reads a stored value that is written by [`encode_second`] and was of the layout `First` before.
pub(crate) fn decode_second<First: DeserializeOwned, T: DeserializeOwned + From<First>>(
    what: &str,
    bytes: &[u8],
) -> Result<T> {
    match bytes.split_first() {
        Some((&SECOND, rest)) => read(what, rest),
        _ => decode_layout::<First, T>(what, bytes, SECOND),
    }
}

fn decode_layout<First: DeserializeOwned, T: From<First>>(what: &str, bytes: &[u8], known: u8) -> Result<T> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => read::<First>(what, rest).map(T::from),
        Some((&found, _)) if found > known => {
            let path = format!("{what} in storage").into();
            Err(Error::NewerFormat { path, found: found.into(), known: known.into() })
        }
        _ => Err(Error::internal(format!("{what} in storage has no format"))),
    }
}

fn read<T: DeserializeOwned>(what: &str, rest: &[u8]) -> Result<T> {
    postcard::from_bytes(rest).map_err(|e| Error::internal(format!("{what} in storage cannot be read: {e}")))
}
