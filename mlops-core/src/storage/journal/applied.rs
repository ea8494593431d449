//! What an index says of itself: which commit it has, and what its entries add up to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::files::{Changes, Head};
use super::totals::Totals;
use crate::error::{Error, Result};
use crate::storage::types::APPLIED_KEY;
use crate::storage::{Op, Storage};

/// Stands in the index in the same batch as the entries of every commit, so that an index can be trusted, or not,
/// also where the journal's own record of the commit is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Applied {
    /// The store that the index belongs to.
    pub(super) owner: Uuid,
    /// The last commit that the index has, and the totals after it.
    pub(super) head: Head,
}

impl Applied {
    /// What an index says; that of a new one: no commit, no entries.
    ///
    /// # Errors
    /// What the index gives; `Internal` if it cannot be read.
    pub(super) fn read(index: &dyn Storage, owner: Uuid) -> Result<Self> {
        let Some(bytes) = index.get(APPLIED_KEY)? else { return Ok(Self { owner, head: Head::default() }) };
        postcard::from_bytes(&bytes).map_err(|_| Error::internal("the index does not say what it has"))
    }

    /// The operation that writes it.
    pub(super) fn op(&self) -> Result<Op> {
        let bytes = postcard::to_allocvec(self);
        Ok(Op::put(APPLIED_KEY, bytes.map_err(|e| Error::internal(format!("cannot encode: {e}")))?))
    }

    /// The operations that bring a commit into an index.
    pub(super) fn commit(&self, changes: Changes) -> Result<Vec<Op>> {
        let changes = changes.into_iter().map(|(key, value)| match value {
            Some(value) => Op::Put { key, value },
            None => Op::Delete { key },
        });
        Ok(changes.chain([self.op()?]).collect())
    }

    /// True if the entries of the index are what it says of them.
    pub(super) fn holds(&self, index: &dyn Storage) -> Result<bool> {
        Ok(Totals::of(index)? == self.head.totals)
    }
}
