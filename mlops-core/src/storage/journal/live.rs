//! The index beneath an open journal, what it has not got yet, and what stands in for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::applied::Applied;
use super::files::Changes;
use super::merged::{self, Changed};
use super::source::Source;
use crate::base::limits;
use crate::error::{Error, Result};
use crate::storage::{Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};

/// Changes that are not in the index are brought there when they take more than this, in bytes; or when the journal's own
/// thread looks, twice a second.
const BUFFERED_BYTES: usize = 256 << 10;
/// How often an index that is opened behind the work is brought up before commits wait for it.
const ROUNDS: usize = 8;

/// The index of an open journal. Commits are gathered in memory before they get there, many in one batch: sled 0.34.7 may
/// stop for ever where batches follow each other too fast (its threads wait for a lock whose holder waits for them), and
/// one batch costs it more than the commit costs the journal.
///
/// An index that is not opened yet is stood in for by a [`Snapshot`](super::Snapshot) of the journal: opening it, and
/// comparing all that it has, takes longer than most processes want to wait, and who only reads never needs it. The
/// journal's own thread opens it behind the first commits. So is an index that fails (the disk is full, its files are
/// damaged): the next to open makes it again on the disk.
#[derive(Debug)]
pub(super) struct LiveIndex {
    source: Source,
    current: RwLock<Current>,
    /// The index is to be opened, which one thread does.
    unopened: Mutex<bool>,
    /// It had not got all commits when the journal was opened.
    is_behind: bool,
}

/// Whether a journal was opened without its index.
#[derive(Clone, Copy, Debug)]
pub(super) enum StandsIn {
    /// What is there is the index.
    No,
    /// A snapshot stands in for it; on the disk it has the commits up to `reaches`.
    For { reaches: u64 },
}

#[derive(Debug)]
struct Current {
    index: Arc<dyn Storage>,
    /// What it has not got yet, by key; None: the key is gone.
    buffered: Changed,
    bytes: usize,
    /// The last commit, if it is in the buffer.
    head: Option<Applied>,
    /// The number of the last commit of both.
    applied: u64,
    /// What stands in for an index that is to be opened: it is not brought to the disk meanwhile.
    stands_in: bool,
    /// The index is the one on the disk.
    opened: bool,
}

impl LiveIndex {
    /// What `index` is and has: the commits up to `applied`. One that only stands in is replaced by the index on the disk
    /// when that is opened.
    pub(super) fn new(source: Source, index: Arc<dyn Storage>, applied: u64, stands_in: StandsIn) -> Self {
        let (stands_in, is_behind) = match stands_in {
            StandsIn::No => (false, false),
            StandsIn::For { reaches } => (true, reaches < applied),
        };
        let unopened = stands_in && source.index.engine().is_some();
        let current = Current {
            index,
            buffered: Changed::new(),
            bytes: 0,
            head: None,
            applied,
            stands_in: unopened,
            opened: !stands_in,
        };
        Self { source, current: RwLock::new(current), unopened: unopened.into(), is_behind }
    }

    /// The name of the engine beneath.
    pub(super) fn engine(&self) -> &'static str {
        self.source.index.engine().unwrap_or("memory")
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
        self.read(|current| merged::scan(|range| current.index.scan(range, options), &current.buffered, range, options))
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

    /// Brings what was gathered into the index, which is opened first.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) fn bring_up(&self) -> Result<()> {
        self.open()?;
        self.settle(&mut self.current.write())
    }

    /// The same, and forces the index to the disk, which is of use to the next to open, and nothing more.
    pub(super) fn flush(&self) {
        let _ = self.bring_up();
        let _ = self.flushed();
    }

    /// Flushes the index if it was opened, or has not got all commits, and notes what it has for the next to open.
    pub(super) fn close(&self) {
        let is_behind = {
            let current = self.current.read();
            current.opened || current.head.is_some() || self.is_behind
        };
        if is_behind && self.bring_up().is_ok() && self.flushed() {
            let current = self.current.read();
            if current.opened {
                // Without the note the next to open looks at the index before anything else.
                let _ = self.source.index.note(current.applied);
            }
        }
    }

    fn flushed(&self) -> bool {
        let index = self.current.read().index.clone();
        index.flush().is_ok()
    }

    fn settle(&self, current: &mut Current) -> Result<()> {
        if current.stands_in {
            return Ok(());
        }
        let Some(head) = current.head.take() else { return Ok(()) };
        current.bytes = 0;
        let changes = std::mem::take(&mut current.buffered);
        let index = current.index.clone();
        let brought = head.commit(changes.into_iter().collect()).and_then(|ops| bring_all(&*index, ops));
        if brought.is_ok() { Ok(()) } else { self.stand_in(current) }
    }

    fn stand_in(&self, current: &mut Current) -> Result<()> {
        let index = Arc::new(self.source.state_at(current.applied)?);
        let failed = std::mem::replace(&mut current.index, index);
        current.opened = false;
        if !current.stands_in {
            current.buffered.clear();
            current.bytes = 0;
            current.head = None;
        }
        // What has failed may panic when it is let go.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(failed)));
        Ok(())
    }

    /// Opens the index that something stands in for. Reads and commits go on.
    fn open(&self) -> Result<()> {
        let mut unopened = self.unopened.lock();
        if !std::mem::take(&mut *unopened) {
            return Ok(());
        }
        let mut index = None;
        for round in 0..=ROUNDS {
            let upto = {
                let mut current = self.current.write();
                if index.is_some() && (round == ROUNDS || current.bytes <= BUFFERED_BYTES) {
                    break;
                }
                current.absorb()?;
                current.applied
            };
            match self.source.open_up_to(index.take(), upto) {
                Ok(opened) => index = Some(opened),
                // What stands in is all there is.
                Err(_) => break,
            }
        }
        let mut current = self.current.write();
        current.stands_in = false;
        match index {
            Some(index) => {
                current.index = index;
                current.opened = true;
                Ok(())
            }
            None => current.absorb(),
        }
    }
}

impl Current {
    /// Brings what was gathered into what stands in for the index.
    fn absorb(&mut self) -> Result<()> {
        self.bytes = 0;
        self.head = None;
        let changes = std::mem::take(&mut self.buffered);
        let ops = changes.into_iter().map(|(key, value)| match value {
            Some(value) => Op::Put { key, value },
            None => Op::Delete { key },
        });
        bring_all(&*self.index, ops)
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

/// The same for what may be more than one batch. Only the last has all: before it the index matches no commit.
fn bring_all(index: &dyn Storage, ops: impl IntoIterator<Item = Op>) -> Result<()> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for op in ops {
        if bytes + op.size() > limits::STORAGE_BATCH_BYTES {
            bring(index, &std::mem::take(&mut batch))?;
            bytes = 0;
        }
        bytes += op.size();
        batch.push(op);
    }
    bring(index, &batch)
}
