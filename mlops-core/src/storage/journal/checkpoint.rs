//! Merges the journal into a sorted, checked file, never reading the index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_bytes::ByteBuf;

use super::files::{self, Head, Listing, Page};
use super::pages::{self, Directory};
use super::state::State;
use super::totals::Totals;
use crate::base::files::{Files, modified};
use crate::error::{Error, Result};
use crate::log::{LogHeader, LogKind, LogWriter};

/// Entries of one page of a checkpoint, in bytes.
const PAGE_BYTES: usize = if cfg!(test) { 512 } else { 16 << 10 };
/// How long files that are no longer needed stay, so that a copy of the folder that is under way meets no gap.
const UNNEEDED_STAY: Duration = Duration::from_hours(1);

impl State {
    /// True if the commits behind the last checkpoint are many.
    pub(super) fn wants_checkpoint(&self) -> bool {
        let tail = self.tail.lock();
        tail.failed.is_none() && tail.bytes_behind > self.checkpoint_bytes.max(tail.checkpoint_size / 2)
    }

    /// Merges all commits so far into a new checkpoint, and removes what is not needed any more.
    pub(super) fn checkpoint(&self) -> Result<()> {
        let _one = self.checkpointing.lock();
        let (base, head, owner, behind) = {
            let mut tail = self.tail.lock();
            tail.check()?;
            self.check_owned(&mut tail)?;
            while !tail.waiting.is_empty() || tail.syncing {
                self.sync_or_wait(&mut tail)?;
                tail.check()?;
            }
            if tail.last() == tail.checkpoint {
                return Ok(());
            }
            let owner = tail.log.header().owner;
            if tail.log.next_seq() > tail.log.header().first_seq {
                let (next, last) = (tail.log.next_seq(), tail.last());
                tail.log.settle()?;
                // A later sync reaches the new segment only.
                let synced = self.run_sync_before().and_then(|()| tail.log.sync());
                self.synced(&mut tail, last, synced)?;
                tail.log = create_segment(&self.files, &self.folder, owner, next)?;
            }
            let behind = std::mem::take(&mut tail.bytes_behind);
            (tail.checkpoint, Head { seq: tail.last(), totals: tail.totals }, owner, behind)
        };
        // Commits go on from here, in the new segment.
        self.index.flush();
        let merged = merge(&self.files, &self.folder, owner, base, head);
        let mut tail = self.tail.lock();
        match merged {
            Ok(size) => tail.checkpoint_size = size,
            Err(e) => {
                tail.bytes_behind += behind;
                return Err(e);
            }
        }
        tail.checkpoint = head.seq;
        self.check_owned(&mut tail)?;
        drop(tail);
        self.remove_unneeded(base, head.seq)
    }

    /// Removes checkpoints before the previous one, and segments that it covers and nobody reads any more.
    fn remove_unneeded(&self, previous: u64, newest: u64) -> Result<()> {
        self.unneeded(previous, newest)?.iter().try_for_each(|path| self.files.remove(path))
    }

    /// The same without a new checkpoint, or with `dry_run` only counted; returns how many files and bytes.
    pub(super) fn remove_all_unneeded(&self, dry_run: bool) -> Result<(u64, u64)> {
        let _one = self.checkpointing.lock();
        let newest = self.tail.lock().checkpoint;
        let checkpoints = Listing::read(&self.files, &self.folder)?.checkpoints;
        let previous = checkpoints.iter().map(|(seq, _)| *seq).filter(|seq| *seq < newest).max().unwrap_or(0);
        let (mut count, mut bytes) = (0, 0);
        for path in self.unneeded(previous, newest)? {
            count += 1;
            bytes += path.metadata().map_or(0, |found| found.len());
            if !dry_run {
                self.files.remove(&path)?;
            }
        }
        Ok((count, bytes))
    }

    fn unneeded(&self, previous: u64, newest: u64) -> Result<Vec<PathBuf>> {
        let listing = Listing::read(&self.files, &self.folder)?;
        let now = self.clock.now();
        let old = |path: &Path| modified(path).is_some_and(|at| now.since(at) > UNNEEDED_STAY);
        let mut unneeded: Vec<&PathBuf> = Vec::new();
        unneeded.extend(
            listing.checkpoints.iter().filter(|(seq, _)| *seq < previous && *seq < newest).map(|(_, path)| path),
        );
        for pair in listing.segments.windows(2) {
            // A segment ends where the next begins.
            if let [(_, path), (next_first, _)] = pair
                && *next_first <= previous + 1
            {
                unneeded.push(path);
            }
        }
        Ok(unneeded.into_iter().filter(|path| old(path)).cloned().collect())
    }
}

/// Makes an empty segment, on the disk under its name before it is used; on an error there is none.
pub(super) fn create_segment(files: &Files, folder: &Path, owner: uuid::Uuid, first_seq: u64) -> Result<LogWriter> {
    let path = files::segment_path(folder, first_seq);
    let tmp = path.with_extension("tmp");
    files.remove(&tmp)?;
    let header = LogHeader { kind: LogKind::Journal, owner, first_seq };
    let log = LogWriter::create_renamed(files, &tmp, &path, header)?;
    let synced = log.sync().and_then(|()| files.sync_dir(folder));
    if synced.is_err() {
        let _ = files.remove(&path);
    }
    synced.map(|()| log)
}

/// Writes the checkpoint `head` from the one that ends with commit `base` and the commits behind it. Returns its size.
fn merge(files: &Files, folder: &Path, owner: uuid::Uuid, base: u64, head: Head) -> Result<u64> {
    let listing = Listing::read(files, folder)?;
    let mut changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    files::read_commits(files, folder, &listing, base, |seq, commit| {
        if seq <= head.seq {
            changes.extend(commit.changes);
        }
        Ok(())
    })?;
    let mut writer = CheckpointWriter::create(files, folder, owner, head)?;
    let mut changes = changes.into_iter().peekable();
    if base > 0 {
        pages::read_checkpoint(files, &files::checkpoint_path(folder, base), |entries| {
            for (key, value) in entries {
                // Changes before the entry come first; one of the same key replaces it.
                while let Some((changed, new)) = changes.next_if(|(changed, _)| *changed < key) {
                    writer.push(changed, new)?;
                }
                match changes.next_if(|(changed, _)| *changed == key) {
                    Some((_, new)) => writer.push(key, new)?,
                    None => writer.push(key, Some(value))?,
                }
            }
            Ok(())
        })?;
    }
    changes.try_for_each(|(key, new)| writer.push(key, new))?;
    writer.finish()
}

/// Writes a checkpoint page by page.
pub(super) struct CheckpointWriter {
    files: Files,
    path: PathBuf,
    tmp: PathBuf,
    log: LogWriter,
    head: Head,
    totals: Totals,
    page: Page,
    page_bytes: usize,
    directory: Directory,
}

impl CheckpointWriter {
    pub(super) fn create(files: &Files, folder: &Path, owner: uuid::Uuid, head: Head) -> Result<Self> {
        let path = files::checkpoint_path(folder, head.seq);
        let tmp = path.with_extension("tmp");
        files.remove(&tmp)?;
        let mut log = LogWriter::create(files, &tmp, LogHeader { kind: LogKind::Checkpoint, owner, first_seq: 0 })?;
        log.append(&pages::encode_head(&head)?)?;
        Ok(Self {
            files: files.clone(),
            path,
            tmp,
            log,
            head,
            totals: Totals::default(),
            page: Page::default(),
            page_bytes: 0,
            directory: Directory::default(),
        })
    }

    /// Adds the next entry in key order; None: the key is gone.
    pub(super) fn push(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<()> {
        let Some(value) = value else { return Ok(()) };
        self.totals.add(&key, &value);
        self.page_bytes += key.len() + value.len();
        self.page.0.push((key, value));
        if self.page_bytes >= PAGE_BYTES { self.write_page() } else { Ok(()) }
    }

    fn write_page(&mut self) -> Result<()> {
        if let Some((first, _)) = self.page.0.first() {
            let appended = self.log.append(&files::encode(&self.page)?)?;
            self.directory.pages.push((ByteBuf::from(first.clone()), appended.offset));
        }
        self.page.0.clear();
        self.page_bytes = 0;
        Ok(())
    }

    /// Puts the file under its name, after it was forced to the disk, and reads it back. Returns its size.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.write_page()?;
        if self.totals != self.head.totals {
            // The journal's own record of the state and the state do not match: never to be written as truth.
            self.files.remove(&self.tmp)?;
            return Err(Error::corrupt(
                &self.path,
                0,
                "the merged entries do not match the journal's totals; run `mlops fsck`",
            ));
        }
        self.log.append(&self.directory.encode(self.log.next_seq(), self.log.end())?)?;
        self.log.sync()?;
        self.files.rename(&self.tmp, &self.path)?;
        self.files.sync_parent(&self.path)?;
        let read = pages::read_checkpoint(&self.files, &self.path, |_| Ok(()))?;
        if read != self.head {
            return Err(Error::corrupt(&self.path, 0, "the checkpoint reads back otherwise than it was written"));
        }
        Ok(self.log.end())
    }
}
