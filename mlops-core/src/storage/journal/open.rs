//! Opening: the newest whole checkpoint, the commits behind it, and an index that matches them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::applied::Applied;
use super::checkpoint::create_segment;
use super::files::{self, Head, Listing};
use super::live::{self, LiveIndex};
use super::state::{State, TailState};
use super::totals::Totals;
use super::verify::{self, VerifyOptions};
use super::{Index, JournalOptions};
use crate::base::files::Files;
use crate::base::signal::Signal;
use crate::error::{Error, Result};
use crate::log::LogWriter;
use crate::storage::memory::MemoryStorage;
use crate::storage::{Op, Storage};

/// Bytes of one batch while an index is made again.
const LOAD_BYTES: usize = 256 << 10;

pub(super) fn open(options: JournalOptions) -> Result<State> {
    let JournalOptions { folder, trash, files, owner, clock, index, sync_before, accept, .. } = options;
    let JournalOptions { still_owned, new_segment, checkpoint_bytes, .. } = options;
    files.create_dir_all(&folder)?;
    remove_half_made(&files, &folder)?;
    let verify = VerifyOptions {
        folder: &folder,
        trash: &trash,
        files: &files,
        owner,
        index: &*index,
        accept: &*accept,
        // Damage is told, not mended.
        again: &|_, _| false,
        repair: true,
    };
    let Opened { base, end, index, totals } = match look(&verify)? {
        Some(opened) => opened,
        None => {
            // The journal's end is gone and the index has it: the journal is made again from the index.
            verify::rebuild(&verify, &Listing::read(&files, &folder)?)?;
            look(&verify)?.ok_or_else(|| Error::internal("the index is ahead of the journal that was made from it"))?
        }
    };
    // Files behind the last that was used: a header is cut short, or the making of one failed.
    for (_, path) in Listing::read(&files, &folder)?.segments {
        if end.segment.as_ref().is_none_or(|((last, _), _)| *last < path) {
            files.remove(&path)?;
        }
    }
    let (log, created) = match &end.segment {
        Some(((path, header), valid)) if !new_segment => {
            (LogWriter::resume(&files, path, *header, *valid, end.next_seq)?, false)
        }
        _ => {
            files.remove(&files::segment_path(&folder, end.next_seq))?;
            (create_segment(&files, &folder, owner, end.next_seq)?, true)
        }
    };
    let checkpoint_size = std::fs::metadata(files::checkpoint_path(&folder, base.seq)).map_or(0, |meta| meta.len());
    let tail = TailState {
        totals,
        waiting: std::collections::VecDeque::new(),
        overlay: BTreeMap::new(),
        applied: end.next_seq - 1,
        // What stands in the file may not be on the disk yet, unless the file is new.
        synced: if created { end.next_seq - 1 } else { log.header().first_seq.saturating_sub(1).min(end.next_seq - 1) },
        syncing: false,
        failed: None,
        checkpoint: base.seq,
        checkpoint_size,
        bytes_behind: bytes_behind(&files, &folder, base.seq)?,
        stop: false,
        log,
    };
    let index = LiveIndex::new(index, end.next_seq - 1, folder.clone(), files.clone());
    Ok(State {
        folder,
        files,
        clock,
        sync_before,
        still_owned,
        checkpoint_bytes,
        index,
        tail: tail.into(),
        changed: Signal::default(),
        checkpointing: parking_lot::Mutex::new(()),
    })
}

/// The size of the segments behind a checkpoint: more than one if a process was killed while it made the next.
fn bytes_behind(files: &Files, folder: &Path, seq: u64) -> Result<u64> {
    let listing = Listing::read(files, folder)?;
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    Ok(listing.segments_behind(seq).iter().map(|(_, path)| size(path)).sum())
}

/// A journal and the index that matches it.
struct Opened {
    base: Head,
    end: files::End,
    index: Arc<dyn Storage>,
    totals: Totals,
}

/// Reads the journal and brings its index up to it; None if the index is whole and ahead of the journal.
fn look(options: &VerifyOptions<'_>) -> Result<Option<Opened>> {
    let VerifyOptions { folder, files, owner, .. } = *options;
    let listing = Listing::read(files, folder)?;
    let (base, end) = choose_base(files, folder, &listing)?;
    let source = Source { files, folder, listing: &listing, owner, base, next_seq: end.next_seq };
    let matched = source.match_index(options.index, options.accept)?;
    Ok(matched.map(|(index, totals)| Opened { base, end, index, totals }))
}

/// Opens the journal in a folder as it is, without changing anything: its state in memory. A commit cut short by the
/// end of the file was never acknowledged.
///
/// # Errors
/// `Corrupt` with file and offset; `NewerFormat`; `Io`.
pub fn read(folder: &Path, files: &Files) -> Result<MemoryStorage> {
    state_at(folder, files, u64::MAX)
}

/// The state after commit `upto`, in memory; after the last if there are not so many.
pub(super) fn state_at(folder: &Path, files: &Files, upto: u64) -> Result<MemoryStorage> {
    let listing = Listing::read(files, folder)?;
    // The newest checkpoint may be behind it: another is then the base.
    let mut before = listing.clone();
    before.checkpoints.retain(|(seq, _)| *seq <= upto);
    let (base, _) = choose_base(files, folder, &before)?;
    let mut map = BTreeMap::new();
    if base.seq > 0 {
        files::read_checkpoint(files, &files::checkpoint_path(folder, base.seq), |entries| {
            map.extend(entries);
            Ok(())
        })?;
    }
    let mut expected = base.totals;
    files::read_commits(files, folder, &listing, base.seq, |seq, commit| {
        if seq > upto {
            return Ok(());
        }
        expected = commit.totals;
        for (key, value) in commit.changes {
            match value {
                Some(value) => drop(map.insert(key, value)),
                None => drop(map.remove(&key)),
            }
        }
        Ok(())
    })?;
    let mut totals = Totals::default();
    map.iter().for_each(|(key, value)| totals.add(key, value));
    if totals != expected {
        return Err(Error::corrupt(folder, 0, "the entries do not match the journal's totals; run `mlops fsck`"));
    }
    Ok(MemoryStorage::from_entries(map))
}

/// Removes files that were never given their name.
fn remove_half_made(files: &Files, folder: &Path) -> Result<()> {
    let half_made =
        files.list(folder)?.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "tmp"));
    half_made.into_iter().try_for_each(|path| files.remove(&path))
}

/// The newest checkpoint that is whole and that the commits go on behind; without one, the beginning.
pub(super) fn choose_base(files: &Files, folder: &Path, listing: &Listing) -> Result<(Head, files::End)> {
    let mut first_error = None;
    let beginning = [(0, std::path::PathBuf::new())];
    for (seq, path) in listing.checkpoints.iter().chain(&beginning) {
        let head = if *seq == 0 {
            // The beginning serves only if the commits go back to it.
            if listing.checkpoints.is_empty() || listing.segments.first().is_some_and(|(first, _)| *first == 1) {
                Ok(Head::default())
            } else {
                continue;
            }
        } else {
            files::read_checkpoint(files, path, |_| Ok(()))
        };
        let found = head.and_then(|head| {
            let end = files::read_commits(files, folder, listing, head.seq, |_, _| Ok(()))?;
            Ok((head, end))
        });
        match found {
            Ok(found) => return Ok(found),
            Err(e @ Error::Corrupt { .. }) => drop(first_error.get_or_insert(e)),
            Err(e) => return Err(e),
        }
    }
    Err(first_error
        .unwrap_or_else(|| Error::corrupt(folder, 0, "no whole checkpoint and no first commit; run `mlops fsck`")))
}

/// What an index is compared with, and made from.
struct Source<'a> {
    files: &'a Files,
    folder: &'a Path,
    listing: &'a Listing,
    owner: uuid::Uuid,
    /// The checkpoint that the commits go on behind.
    base: Head,
    /// The commit behind the last.
    next_seq: u64,
}

/// An index, and the totals after the last commit.
type Matched = (Arc<dyn Storage>, Totals);

impl Source<'_> {
    /// Opens the index and compares it with what the journal says; makes it again if it does not match. None if it is
    /// whole and ahead of the journal, and `accept` takes it.
    fn match_index(
        &self,
        source: &dyn Index,
        accept: &dyn Fn(&dyn Storage) -> Result<bool>,
    ) -> Result<Option<Matched>> {
        let matched = source.open().and_then(|index| {
            let has = Applied::read(&*index, self.owner)?;
            if has.owner != self.owner || !has.holds(&*index)? {
                return Err(self.mismatch());
            }
            if has.head.seq < self.next_seq {
                return self.bring_up(index, &has).map(Some);
            }
            if accept(&*index)? { Ok(None) } else { Err(self.mismatch()) }
        });
        if let Ok(matched) = matched {
            return Ok(matched);
        }
        // Whatever is wrong with it: it is only an index.
        source.set_aside()?;
        let index = source.open()?;
        self.load(&*index)?;
        self.bring_up(index, &Applied { owner: self.owner, head: self.base }).map(Some)
    }

    /// Checks an index against the totals of the commit that it has, and applies the commits behind.
    fn bring_up(&self, index: Arc<dyn Storage>, has: &Applied) -> Result<Matched> {
        let mut matches = has.head == self.base;
        let mut totals = self.base.totals;
        let mut gathered = BTreeMap::new();
        let (mut bytes, mut last) = (0, None);
        let bring = |gathered: &mut BTreeMap<_, _>, head| {
            let changes = std::mem::take(gathered).into_iter().collect();
            live::bring(&*index, &Applied { owner: self.owner, head }.commit(changes)?)
        };
        files::read_commits(self.files, self.folder, self.listing, self.base.seq, |seq, commit| {
            let head = Head { seq, totals: commit.totals };
            matches |= head == has.head;
            totals = commit.totals;
            if seq > has.head.seq {
                if !matches {
                    return Err(self.mismatch());
                }
                let more = live::size(&commit.changes);
                if bytes + more > LOAD_BYTES
                    && let Some(last) = last.take()
                {
                    bring(&mut gathered, last)?;
                    bytes = 0;
                }
                bytes += more;
                gathered.extend(commit.changes);
                last = Some(head);
            }
            Ok(())
        })?;
        if let Some(head) = last {
            bring(&mut gathered, head)?;
        }
        if matches { Ok((index, totals)) } else { Err(self.mismatch()) }
    }

    fn mismatch(&self) -> Error {
        Error::corrupt(self.folder, 0, "the index does not match the journal")
    }

    /// Fills a new index with a checkpoint.
    fn load(&self, index: &dyn Storage) -> Result<()> {
        if self.base.seq == 0 {
            return Ok(());
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        let write = |batch: &mut Vec<Op>| -> Result<()> { live::bring(index, &std::mem::take(batch)) };
        files::read_checkpoint(self.files, &files::checkpoint_path(self.folder, self.base.seq), |entries| {
            for (key, value) in entries {
                bytes += key.len() + value.len();
                batch.push(Op::Put { key, value });
                if bytes > LOAD_BYTES {
                    write(&mut batch)?;
                    bytes = 0;
                }
            }
            Ok(())
        })?;
        batch.push(Applied { owner: self.owner, head: self.base }.op()?);
        write(&mut batch)
    }
}
