//! Stored values: a format byte, then postcard.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::series::Head;
use super::types::Experiment;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// The first version of everything that the pillar stores.
const FIRST: u8 = 1;

/// The value of an index entry, which says all by its key.
pub(super) const PRESENT: &[u8] = &[FIRST];

/// What is stored, in the layout that this version writes. A layout that changes takes the next number and is read in
/// the layouts before, too: those stand in `layouts.rs`.
pub(super) trait Stored: Serialize + DeserializeOwned + From<Self::First> {
    /// The format byte of the type's own layout.
    const FORMAT: u8;
    /// The layout of format 1; the type itself if that did not change.
    type First: DeserializeOwned;
}

/// Types whose layout is still the first.
macro_rules! first_layout {
    ($($type:ty),* $(,)?) => {
        $(impl $crate::runs::codec::Stored for $type {
            const FORMAT: u8 = 1;
            type First = Self;
        })*
    };
}
pub(super) use first_layout;

first_layout!(String, u64, Timestamp, Experiment, Head);

/// The pages of sections.
impl<T: Serialize + DeserializeOwned> Stored for BTreeMap<String, T> {
    const FORMAT: u8 = FIRST;
    type First = Self;
}

pub(super) fn encode<T: Stored>(value: &T) -> Result<Vec<u8>> {
    encode_as(T::FORMAT, value, Vec::new())
}

/// Encodes what is read as a type with this format byte, into a buffer that is reused.
pub(super) fn encode_as<T: Serialize>(format: u8, value: &T, mut buffer: Vec<u8>) -> Result<Vec<u8>> {
    buffer.clear();
    buffer.push(format);
    postcard::to_extend(value, buffer).map_err(|e| Error::internal(format!("cannot encode a record: {e}")))
}

/// How many bytes a part of a value takes.
pub(super) fn size_of<T: Serialize>(part: &T) -> Result<usize> {
    encode_as(FIRST, part, Vec::new()).map(|bytes| bytes.len())
}

/// Reads a stored value; `what` names it in the error.
pub(super) fn decode<T: Stored>(what: &str, bytes: &[u8]) -> Result<T> {
    let read = match bytes.split_first() {
        Some((&FIRST, rest)) => postcard::from_bytes::<T::First>(rest).map(T::from),
        Some((&found, rest)) if found == T::FORMAT => postcard::from_bytes(rest),
        Some((&found, _)) if found > T::FORMAT => {
            return Err(Error::NewerFormat {
                path: format!("{what} in storage").into(),
                found: found.into(),
                known: T::FORMAT.into(),
            });
        }
        _ => return Err(Error::internal(format!("{what} in storage has no format"))),
    };
    read.map_err(|e| Error::internal(format!("{what} in storage cannot be read: {e}")))
}
