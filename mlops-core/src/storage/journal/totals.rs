//! What the journal says of the whole state: how many entries, and a sum over their hashes.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::storage::types::SHARED_PREFIX;
use crate::storage::{KeyRange, ScanOptions, Storage};

/// Count and hash of all entries; two states with the same totals are the same, but for one chance in 2^128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) count: u64,
    /// The sum, modulo 2^128, of the first 16 bytes of BLAKE3 over key length, key and value of each entry.
    sum: u128,
}

impl Totals {
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash(key, value));
    }

    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(hash(key, value));
    }

    /// The totals of what an index holds, by one scan.
    pub(super) fn of(index: &dyn Storage) -> Result<Self> {
        let mut totals = Self::default();
        let mut range = user_range(&KeyRange::all());
        loop {
            let page = index.scan(&range, &ScanOptions { limit: 4_096, reverse: false })?;
            page.entries.iter().for_each(|(key, value)| totals.add(key, value));
            match page.entries.last() {
                Some((last, _)) if page.more => range = range.after(last),
                _ => return Ok(totals),
            }
        }
    }
}

fn hash(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(value);
    let mut first = [0; 16];
    hasher.finalize_xof().fill(&mut first);
    u128::from_le_bytes(first)
}

/// The part of a range that is above this layer: what it keeps for itself stands before the rest.
pub(super) fn user_range(range: &KeyRange) -> KeyRange {
    let mut range = range.clone();
    if range.start.as_slice() < SHARED_PREFIX {
        range.start = SHARED_PREFIX.to_vec();
    }
    range
}
