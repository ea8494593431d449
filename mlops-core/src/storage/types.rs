//! What goes in and out of [`Storage`](super::Storage).

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::error::{Error, Result};

/// One operation of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// The batch applies only if the key holds exactly these bytes, or is absent for None.
    Check {
        /// The key.
        #[serde(with = "serde_bytes")]
        key: Vec<u8>,
        /// The bytes it must hold; None: it must be absent.
        #[serde(with = "serde_bytes")]
        expected: Option<Vec<u8>>,
    },
    /// Sets a key.
    Put {
        /// The key.
        #[serde(with = "serde_bytes")]
        key: Vec<u8>,
        /// Its new value.
        #[serde(with = "serde_bytes")]
        value: Vec<u8>,
    },
    /// Removes a key; fine if it is absent.
    Delete {
        /// The key.
        #[serde(with = "serde_bytes")]
        key: Vec<u8>,
    },
}

impl Op {
    /// A [`Op::Check`].
    pub fn check(key: impl Into<Vec<u8>>, expected: Option<impl Into<Vec<u8>>>) -> Self {
        Self::Check { key: key.into(), expected: expected.map(Into::into) }
    }

    /// A [`Op::Check`] that the key is absent.
    pub fn check_absent(key: impl Into<Vec<u8>>) -> Self {
        Self::Check { key: key.into(), expected: None }
    }

    /// A [`Op::Put`].
    pub fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self::Put { key: key.into(), value: value.into() }
    }

    /// A [`Op::Delete`].
    pub fn delete(key: impl Into<Vec<u8>>) -> Self {
        Self::Delete { key: key.into() }
    }

    /// The key of the operation.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Check { key, .. } | Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    /// Bytes of key and value, what counts towards the limit of a batch.
    pub fn size(&self) -> usize {
        match self {
            Self::Check { key, expected } => key.len() + expected.as_ref().map_or(0, Vec::len),
            Self::Put { key, value } => key.len() + value.len(),
            Self::Delete { key } => key.len(),
        }
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a failed check means that nothing was applied"]
pub enum Outcome {
    /// It was applied.
    Applied,
    /// The check at this position did not hold; nothing was applied.
    CheckFailed {
        /// Position of the first failed [`Op::Check`] in the batch.
        op: usize,
    },
}

/// The keys from `start` (inclusive; empty: from the first) to `end` (exclusive; None: to the last).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    /// The first key.
    #[serde(with = "serde_bytes")]
    pub start: Vec<u8>,
    /// The key behind the last.
    #[serde(with = "serde_bytes")]
    pub end: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self::default()
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        let start = prefix.into();
        let mut end = start.clone();
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                return Self { start, end: Some(end) };
            }
        }
        Self { start, end: None }
    }

    /// The same range from behind `key` on.
    pub fn after(mut self, key: &[u8]) -> Self {
        self.start = [key, &[0]].concat();
        self
    }

    /// The same range up to `key`, exclusive.
    pub fn before(mut self, key: &[u8]) -> Self {
        self.end = Some(key.to_vec());
        self
    }

    /// True if no key can be in the range.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// True if `key` is in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start.as_slice() && self.end.as_ref().is_none_or(|end| key < end.as_slice())
    }
}

/// How a page is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanOptions {
    /// Most entries of the page; at least 1. A page ends earlier, with [`ScanPage::more`], when it has 1 MiB.
    pub limit: usize,
    /// From the last key to the first.
    pub reverse: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { limit: 1_000, reverse: false }
    }
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// One page of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanPage {
    /// The entries, in the order asked for.
    #[serde(with = "super::bytes::entries")]
    pub entries: Vec<Entry>,
    /// True if the range may hold more behind the last entry; go on with [`KeyRange::after`] it (or
    /// [`KeyRange::before`] when reversed).
    pub more: bool,
}

impl ScanPage {
    /// Takes the page's entries from an iterator over the range.
    pub(crate) fn fill(entries: impl Iterator<Item = Entry>, options: &ScanOptions) -> Self {
        let mut filling = Filling::new(options);
        for entry in entries {
            if filling.add(entry) {
                break;
            }
        }
        filling.page()
    }
}

/// A page that is being filled.
#[derive(Debug)]
pub(crate) struct Filling {
    page: ScanPage,
    limit: usize,
    bytes: usize,
}

impl Filling {
    pub(crate) fn new(options: &ScanOptions) -> Self {
        Self { page: ScanPage::default(), limit: options.limit.max(1), bytes: 0 }
    }

    /// Adds the next entry. True once the page is full, which is known only when there was one too many.
    pub(crate) fn add(&mut self, (key, value): Entry) -> bool {
        if self.page.entries.len() == self.limit || self.bytes >= limits::STORAGE_BATCH_BYTES {
            self.page.more = true;
        } else {
            self.bytes += key.len() + value.len();
            self.page.entries.push((key, value));
        }
        self.page.more
    }

    pub(crate) fn page(self) -> ScanPage {
        self.page
    }
}

/// What an engine promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The name of the engine or the stack of layers, for people.
    pub name: &'static str,
    /// What was acknowledged survives the death of the process.
    pub durable: bool,
    /// Other processes may use it at the same time.
    pub shared: bool,
    /// `apply` is refused.
    pub read_only: bool,
}

/// Where the journal keeps, in the index beneath it, which commit was applied last.
pub(crate) const APPLIED_KEY: &[u8] = b"\0applied";

/// What the layer of many processes keeps in the journal beneath it begins so: behind the journal's own key, which is not
/// among what the journal counts.
pub(crate) const SHARED_PREFIX: &[u8] = b"\0s";

/// Checks a key against the contract: 1 to 1,024 bytes, not beginning with a zero byte.
/// Layers above an engine keep keys that begin with a zero byte for themselves.
///
/// # Errors
/// `InvalidArgument`, `LimitExceeded`.
pub fn check_key(key: &[u8]) -> Result<()> {
    if key.first().is_none_or(|first| *first == 0) {
        return Err(Error::InvalidArgument {
            what: "storage key".into(),
            value: key.escape_ascii().to_string(),
            expected: "1 to 1024 bytes, the first not zero".into(),
        });
    }
    limits::check(|| "storage key".into(), key.len(), limits::STORAGE_KEY_BYTES, "bytes")
}

/// Checks a batch against the contract, and lets the layers' own keys pass.
///
/// # Errors
/// `InvalidArgument`, `LimitExceeded`.
pub fn check_batch(ops: &[Op]) -> Result<()> {
    for op in ops {
        if op.key() != APPLIED_KEY && !op.key().starts_with(SHARED_PREFIX) {
            check_key(op.key())?;
        }
        if let Op::Put { value, .. } = op {
            limits::check(|| "storage value".into(), value.len(), limits::STORAGE_VALUE_BYTES, "bytes")?;
        }
    }
    // What layers add to a batch does not count.
    let size = ops.iter().filter(|op| op.key().first() != Some(&0)).map(Op::size).sum();
    limits::check(|| "storage batch".into(), size, limits::STORAGE_BATCH_BYTES, "bytes")
}
