//! The index beneath an open journal, what it has not got yet, and what stands in for it when it fails.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;

use super::applied::Applied;
use super::files::Changes;
use super::open;
use crate::base::files::Files;
use crate::base::limits;
use crate::error::{Error, Result};
use crate::storage::{Durability, Entry, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};

/// Changes that are not in the index are brought there when they take more than this, in bytes; or when the journal's own
/// thread looks, twice a second.
const BUFFERED_BYTES: usize = 256 << 10;

/// The index of an open journal. Commits are gathered in memory before they get there, many in one batch: sled 0.34.7 may
/// stop for ever where batches follow each other too fast (its threads wait for a lock whose holder waits for them), and
/// one batch costs it more than the commit costs the journal.
///
/// An index that fails (the disk is full, its files are damaged) is let go, and from then on its entries are kept in
/// memory, made from the journal; the next to open makes it again on the disk.
#[derive(Debug)]
pub(super) struct LiveIndex {
    folder: PathBuf,
    files: Files,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    index: Arc<dyn Storage>,
    /// What it has not got yet, by key; None: the key is gone.
    buffered: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    /// The last commit, if it is in the buffer.
    head: Option<Applied>,
    /// The number of the last commit of both.
    applied: u64,
}

impl LiveIndex {
    /// The index of the journal in `folder`, which has the commits up to `applied`.
    pub(super) fn new(index: Arc<dyn Storage>, applied: u64, folder: PathBuf, files: Files) -> Self {
        let current = Current { index, buffered: BTreeMap::new(), bytes: 0, head: None, applied };
        Self { folder, files, current: RwLock::new(current) }
    }

    /// The name of the engine beneath.
    pub(super) fn engine(&self) -> &'static str {
        self.current.read().index.capabilities().name
    }

    /// The value of a key after all commits.
    ///
    /// # Errors
    /// What the journal gives where the index failed and it had to be read.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.read(|current| match current.buffered.get(key) {
            Some(value) => Ok(value.clone()),
            None => current.index.get(key),
        })
    }

    /// One page of the entries after all commits.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        self.read(|current| current.scan(range, options))
    }

    /// Reads; commits wait meanwhile.
    fn read<T>(&self, ask: impl Fn(&Current) -> Result<T>) -> Result<T> {
        let (asked, index) = {
            let current = self.current.read();
            (ask(&current), current.index.clone())
        };
        asked.or_else(|_| {
            let mut current = self.current.write();
            if Arc::ptr_eq(&current.index, &index) {
                self.stand_in(&mut current)?;
            }
            drop(current);
            ask(&self.current.read())
        })
    }

    /// Adds a commit that the journal has.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) fn apply(&self, applied: Applied, changes: Changes) -> Result<()> {
        let mut current = self.current.write();
        let bytes = size(&changes);
        if current.bytes + bytes > BUFFERED_BYTES {
            // One batch takes no more than a large commit alone.
            self.settle(&mut current)?;
        }
        current.bytes += bytes;
        current.buffered.extend(changes);
        current.applied = applied.head.seq;
        current.head = Some(applied);
        Ok(())
    }

    /// Brings what was gathered into the index.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) fn bring_up(&self) -> Result<()> {
        self.settle(&mut self.current.write())
    }

    /// The same, and forces the index to the disk, which is of use to the next to open, and nothing more.
    pub(super) fn flush(&self) {
        let _ = self.bring_up();
        let index = self.current.read().index.clone();
        let _ = index.flush();
    }

    fn settle(&self, current: &mut Current) -> Result<()> {
        let Some(head) = current.head.take() else { return Ok(()) };
        current.bytes = 0;
        let changes = std::mem::take(&mut current.buffered);
        let index = current.index.clone();
        let brought = head.commit(changes.into_iter().collect()).and_then(|ops| bring(&*index, &ops));
        if brought.is_ok() { Ok(()) } else { self.stand_in(current) }
    }

    fn stand_in(&self, current: &mut Current) -> Result<()> {
        let upto = current.applied;
        let index = Arc::new(open::state_at(&self.folder, &self.files, upto)?);
        let made = Current { index, buffered: BTreeMap::new(), bytes: 0, head: None, applied: upto };
        let failed = std::mem::replace(current, made);
        // What has failed may panic when it is let go.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(failed)));
        Ok(())
    }
}

/// The bytes of what a commit changes.
pub(super) fn size(changes: &Changes) -> usize {
    changes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
}

/// Brings a batch into an index, and waits until it has written it: batches do not queue up in it.
pub(super) fn bring(index: &dyn Storage, ops: &[Op]) -> Result<()> {
    match index.apply(ops, Durability::Full)? {
        Outcome::Applied => Ok(()),
        Outcome::CheckFailed { .. } => Err(Error::internal("a batch without checks failed one")),
    }
}

impl Current {
    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        if self.buffered.is_empty() || range.is_empty() {
            return self.index.scan(range, options);
        }
        let (mut range, mut entries, mut bytes) = (range.clone(), Vec::new(), 0);
        loop {
            let page = self.index.scan(&range, options)?;
            let last = page.entries.last().map(|(key, _)| key.clone()).filter(|_| page.more);
            // What is behind the page's end is the next page's.
            let part = match &last {
                Some(last) if options.reverse => KeyRange { start: last.clone(), end: range.end.clone() },
                Some(last) => KeyRange { start: range.start.clone(), end: Some([last, [0].as_slice()].concat()) },
                None => range.clone(),
            };
            let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = page.entries.into_iter().collect();
            for (key, value) in self.buffered_in(&part) {
                match value {
                    Some(value) => drop(merged.insert(key.clone(), value.clone())),
                    None => drop(merged.remove(key)),
                }
            }
            // Full once the page has an entry more than it takes: only then is it known that there is one.
            let mut full = false;
            let mut add = |(key, value): Entry| {
                full |= entries.len() >= options.limit.max(1) || bytes >= limits::STORAGE_BATCH_BYTES;
                bytes += key.len() + value.len();
                entries.push((key, value));
            };
            if options.reverse {
                merged.into_iter().rev().for_each(&mut add);
            } else {
                merged.into_iter().for_each(&mut add);
            }
            match last {
                Some(last) if !full => range = if options.reverse { range.before(&last) } else { range.after(&last) },
                _ => return Ok(ScanPage::fill(entries.into_iter(), options)),
            }
        }
    }

    fn buffered_in<'a>(
        &'a self,
        range: &'a KeyRange,
    ) -> impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> + use<'a> {
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let bounds = (Bound::Included(range.start.as_slice()), end);
        (!range.is_empty()).then(|| self.buffered.range::<[u8], _>(bounds)).into_iter().flatten()
    }
}
