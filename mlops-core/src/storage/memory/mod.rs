//! The engine in memory: nothing survives the process, unless a journal stands above it.

use std::collections::BTreeMap;
use std::ops::Bound;

use parking_lot::RwLock;

use super::{Capabilities, Durability, Entry, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage, check_batch};
use crate::error::Result;

/// An ordered map in memory.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    map: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryStorage {
    /// Makes a map of sorted entries.
    pub(crate) fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { map: RwLock::new(entries.into_iter().collect()) }
    }
}

impl Storage for MemoryStorage {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.map.read().get(key).cloned())
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        if range.is_empty() {
            return Ok(ScanPage::default());
        }
        let map = self.map.read();
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let entries = map.range::<[u8], _>((Bound::Included(range.start.as_slice()), end));
        let entries = entries.map(|(key, value)| (key.clone(), value.clone()));
        Ok(if options.reverse { ScanPage::fill(entries.rev(), options) } else { ScanPage::fill(entries, options) })
    }

    fn apply(&self, ops: &[Op], _durability: Durability) -> Result<Outcome> {
        check_batch(ops)?;
        let mut map = self.map.write();
        for (index, op) in ops.iter().enumerate() {
            if let Op::Check { key, expected } = op
                && map.get(key) != expected.as_ref()
            {
                return Ok(Outcome::CheckFailed { op: index });
            }
        }
        for op in ops {
            match op {
                Op::Put { key, value } => drop(map.insert(key.clone(), value.clone())),
                Op::Delete { key } => drop(map.remove(key)),
                Op::Check { .. } => {}
            }
        }
        Ok(Outcome::Applied)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "memory", durable: false, shared: false, read_only: false }
    }
}
