//! How often data were used to judge candidates: each use says a little about the data, and the next candidate may be picked
//! for that.

use serde::{Deserialize, Serialize};

use super::keys;
use super::store::Gates;
use crate::base::digests::{Digest, DigestHasher};
use crate::base::limits;
use crate::base::stored;
use crate::error::Result;
use crate::storage::{Durability, Op, Outcome};

/// How often data were used.
#[derive(Debug, Serialize, Deserialize)]
struct Uses {
    /// The digest of the data, as it was given.
    data: String,
    count: u64,
}

impl Gates {
    /// Counts a use of data by a candidate at a gate, and says which it is, from 1. The same candidate, gate and data are
    /// counted once, however often they are judged, and by whichever process.
    ///
    /// # Errors
    /// `LimitExceeded` for a digest that is too long; `ReadOnly`, `Io`.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = mlops_core::Store::open("memory:")?;
    /// let gates = store.gates();
    /// assert_eq!(gates.count_use("holdout@7", "blake3:one", "fraud-gate")?, 1);
    /// assert_eq!(gates.count_use("holdout@7", "blake3:two", "fraud-gate")?, 2);
    /// assert_eq!(gates.count_use("holdout@7", "blake3:one", "fraud-gate")?, 1, "it was counted");
    /// assert_eq!(gates.uses("holdout@7")?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn count_use(&self, data: &str, candidate: &str, gate: &str) -> Result<u64> {
        for (what, text) in [("the digest of the data of a gate", data), ("the digest of a candidate", candidate)] {
            limits::check(|| what.into(), text.len(), limits::KEY_BYTES, "bytes")?;
        }
        let digest = Digest::of(data.as_bytes());
        let (count_key, mark_key) = (keys::uses(digest), keys::used(digest, subject(candidate, gate)));
        loop {
            if let Some(bytes) = self.storage.get(&mark_key)? {
                return stored::decode("a use of data", &bytes);
            }
            let before = self.storage.get(&count_key)?;
            let count = before.as_deref().map(read).transpose()?.map_or(0, |uses| uses.count) + 1;
            let uses = Uses { data: data.into(), count };
            let ops = [
                Op::check(count_key.clone(), before),
                Op::check_absent(mark_key.clone()),
                Op::put(count_key.clone(), stored::encode(&uses)?),
                Op::put(mark_key.clone(), stored::encode(&count)?),
            ];
            // Another was faster: it is counted after that one.
            if self.storage.apply(&ops, Durability::Full)? == Outcome::Applied {
                return Ok(count);
            }
        }
    }

    /// How often data were used.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn uses(&self, data: &str) -> Result<u64> {
        let bytes = self.storage.get(&keys::uses(Digest::of(data.as_bytes())))?;
        Ok(bytes.as_deref().map(read).transpose()?.map_or(0, |uses| uses.count))
    }
}

fn read(bytes: &[u8]) -> Result<Uses> {
    stored::decode("the uses of data", bytes)
}

fn subject(candidate: &str, gate: &str) -> Digest {
    let mut hasher = DigestHasher::new();
    hasher.update(candidate.as_bytes());
    hasher.update(&[0]);
    hasher.update(gate.as_bytes());
    hasher.finish()
}
