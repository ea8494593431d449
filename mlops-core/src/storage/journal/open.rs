//! Opening: the newest whole checkpoint, the commits behind it, and an index that matches them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::JournalOptions;
use super::checkpoint::create_segment;
use super::files::{self, Head, Listing};
use super::live::{LiveIndex, StandsIn};
use super::pages;
use super::snapshot::{Found, Snapshot};
use super::source::{Source, Wanted};
use super::state::{State, TailState};
use super::totals::Totals;
use super::verify::{self, VerifyOptions};
use crate::base::files::Files;
use crate::base::signal::Signal;
use crate::error::{Error, Result};
use crate::log::LogWriter;
use crate::storage::Storage;
use crate::storage::memory::MemoryStorage;

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
    let opened = match without_index(&verify)? {
        Some(opened) => Some(opened),
        None => look(&verify)?,
    };
    let Opened { base, end, index: current, totals, stands_in } = match opened {
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
    let source = Source { folder: folder.clone(), files: files.clone(), owner, index };
    let index = LiveIndex::new(source, current, end.next_seq - 1, stands_in);
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
    stands_in: StandsIn,
}

/// Opens the journal alone, where it is known without opening it that the index is not ahead; None where all is to be read.
fn without_index(options: &VerifyOptions<'_>) -> Result<Option<Opened>> {
    let VerifyOptions { folder, files, index, .. } = *options;
    let Some(reaches) = index.reaches() else { return Ok(None) };
    let found = Snapshot::find(files, folder, &Listing::read(files, folder)?)?;
    let opened = found.map(|Found { snapshot, base, totals, end }| {
        let index: Arc<dyn Storage> = Arc::new(snapshot);
        Opened { base, end, index, totals, stands_in: StandsIn::For { reaches } }
    });
    Ok(opened.filter(|opened| reaches < opened.end.next_seq))
}

/// Reads the journal and brings its index up to it; None if the index is whole and ahead of the journal.
fn look(options: &VerifyOptions<'_>) -> Result<Option<Opened>> {
    let VerifyOptions { folder, files, owner, .. } = *options;
    let listing = Listing::read(files, folder)?;
    let (base, end) = choose_base(files, folder, &listing)?;
    let wanted = Wanted { files, folder, listing: &listing, owner, base, upto: end.next_seq - 1 };
    let matched = wanted.match_index(options.index, options.accept)?;
    Ok(matched.map(|(index, totals)| Opened { base, end, index, totals, stands_in: StandsIn::No }))
}

/// Opens the journal in a folder as it is, without changing anything. A commit cut short by the end of the file was never
/// acknowledged. Reads the commits behind the newest checkpoint, and of that what is asked for.
///
/// # Errors
/// `Corrupt` with file and offset; `NewerFormat`; `Io`.
pub fn read(folder: &Path, files: &Files) -> Result<Snapshot> {
    match Snapshot::find(files, folder, &Listing::read(files, folder)?)? {
        Some(found) => Ok(found.snapshot),
        None => Ok(Snapshot::of(files, folder, state_at(folder, files, u64::MAX)?)),
    }
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
        pages::read_checkpoint(files, &files::checkpoint_path(folder, base.seq), |entries| {
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
            pages::read_checkpoint(files, path, |_| Ok(()))
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
