//! The state of a journal without an index: the newest checkpoint, read where it is asked for, and what the commits
//! behind it changed.

use std::path::{Path, PathBuf};

use parking_lot::RwLock;

use super::files::{self, End, Head, Listing};
use super::merged::{self, Changed};
use super::open;
use super::pages::Pages;
use super::totals::Totals;
use crate::base::files::Files;
use crate::error::{Error, Result};
use crate::storage::memory::MemoryStorage;
use crate::storage::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage, check_batch};

/// The state of a journal as it was at one moment. What is applied to it changes the memory of the process only.
#[derive(Debug)]
pub struct Snapshot {
    folder: PathBuf,
    files: Files,
    /// The last commit of the checkpoint.
    seq: u64,
    base: RwLock<Base>,
    changed: RwLock<Changed>,
}

#[derive(Debug)]
enum Base {
    Pages(Box<Pages>),
    Memory(MemoryStorage),
}

/// A snapshot, the checkpoint that it stands on, the totals after its last commit, and where the journal ends.
pub(super) struct Found {
    pub(super) snapshot: Snapshot,
    pub(super) base: Head,
    pub(super) totals: Totals,
    pub(super) end: End,
}

impl Snapshot {
    /// The state after the last commit. None where the newest checkpoint has no directory, or something is damaged: then
    /// all is to be read, to find what else there is.
    ///
    /// # Errors
    /// `NewerFormat`, `Io`.
    pub(super) fn find(files: &Files, folder: &Path, listing: &Listing) -> Result<Option<Found>> {
        match Self::look(files, folder, listing) {
            Err(Error::Corrupt { .. }) => Ok(None),
            found => found,
        }
    }

    fn look(files: &Files, folder: &Path, listing: &Listing) -> Result<Option<Found>> {
        let (base, entries) = match listing.checkpoints.first() {
            Some((_, path)) => match Pages::open(files, path)? {
                Some((head, pages)) => (head, Base::Pages(pages.into())),
                None => return Ok(None),
            },
            None if listing.segments.first().is_none_or(|(first, _)| *first == 1) => {
                (Head::default(), Base::Memory(MemoryStorage::default()))
            }
            None => return Ok(None),
        };
        let mut totals = base.totals;
        let mut changed = Changed::new();
        let end = files::read_commits(files, folder, listing, base.seq, |_, commit| {
            totals = commit.totals;
            changed.extend(commit.changes);
            Ok(())
        })?;
        let snapshot = Self {
            folder: folder.into(),
            files: files.clone(),
            seq: base.seq,
            base: entries.into(),
            changed: changed.into(),
        };
        if base.seq == 0 && Totals::of(&snapshot)? != totals {
            return Ok(None);
        }
        Ok(Some(Found { snapshot, base, totals, end }))
    }

    /// The state of entries in memory.
    pub(super) fn of(files: &Files, folder: &Path, entries: MemoryStorage) -> Self {
        let (folder, files) = (folder.into(), files.clone());
        Self { folder, files, seq: 0, base: Base::Memory(entries).into(), changed: RwLock::default() }
    }

    /// Asks the checkpoint. Where it is damaged the state is made from the one before it, and the commits since.
    fn ask<T>(&self, ask: impl Fn(&Base) -> Result<T>) -> Result<T> {
        let asked = ask(&self.base.read());
        let Err(Error::Corrupt { .. }) = asked else { return asked };
        let mut base = self.base.write();
        if matches!(*base, Base::Pages(_)) {
            *base = Base::Memory(open::state_at(&self.folder, &self.files, self.seq)?);
        }
        ask(&base)
    }
}

impl Base {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Pages(pages) => pages.get(key),
            Self::Memory(entries) => entries.get(key),
        }
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        match self {
            Self::Pages(pages) => pages.scan(range, options),
            Self::Memory(entries) => entries.scan(range, options),
        }
    }
}

impl Storage for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.changed.read().get(key) {
            Some(value) => Ok(value.clone()),
            None => self.ask(|base| base.get(key)),
        }
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        let changed = self.changed.read();
        merged::scan(|range| self.ask(|base| base.scan(range, options)), &changed, range, options)
    }

    fn apply(&self, ops: &[Op], _durability: Durability) -> Result<Outcome> {
        check_batch(ops)?;
        let mut changed = self.changed.write();
        for (index, op) in ops.iter().enumerate() {
            if let Op::Check { key, expected } = op {
                let current = match changed.get(key) {
                    Some(value) => value.clone(),
                    None => self.ask(|base| base.get(key))?,
                };
                if current != *expected {
                    return Ok(Outcome::CheckFailed { op: index });
                }
            }
        }
        for op in ops {
            match op {
                Op::Put { key, value } => drop(changed.insert(key.clone(), Some(value.clone()))),
                Op::Delete { key } => drop(changed.insert(key.clone(), None)),
                Op::Check { .. } => {}
            }
        }
        Ok(Outcome::Applied)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "snapshot", durable: false, shared: false, read_only: false }
    }
}
