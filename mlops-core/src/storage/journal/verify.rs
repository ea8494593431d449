//! Checks every file of a journal, and makes one that opens again from what remains.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Index;
use super::checkpoint::CheckpointWriter;
use super::commit::applied;
use super::files::{self, Commit, Head, Listing};
use super::open::choose_base;
use super::totals::Totals;
use crate::base::files::Files;
use crate::base::findings::Finding;
use crate::error::{Error, Result};
use crate::log::{self, LogKind, LogReader};
use crate::storage::{KeyRange, ScanOptions};

/// What a check read and found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// How many files were read.
    pub files: u64,
    /// How many bytes were checked.
    pub bytes: u64,
    /// What is wrong, one a place.
    pub findings: Vec<Finding>,
}

/// Checks every frame of every segment and checkpoint, and that the commits go on without a gap. With `repair`, a
/// journal that does not open is made again: from what is whole, and from the index if that matches what the
/// journal says of it; damaged files go to `trash`, and the findings say what is lost, if anything.
///
/// # Errors
/// `NewerFormat`, `Io`. Damage is a finding.
pub fn verify(folder: &Path, trash: &Path, files: &Files, index: &dyn Index, repair: bool) -> Result<Verified> {
    let listing = Listing::read(files, folder)?;
    let mut verified = Verified::default();
    let mut damaged: Vec<PathBuf> = Vec::new();
    let segments = listing.segments.iter().map(|(_, path)| (path, LogKind::Journal));
    let checkpoints = listing.checkpoints.iter().map(|(_, path)| (path, LogKind::Checkpoint));
    for (path, kind) in segments.chain(checkpoints) {
        verified.files += 1;
        verified.bytes += std::fs::metadata(path).map_or(0, |meta| meta.len());
        let mut found: Vec<(u64, String)> = log::check(files, path, kind, uuid::Uuid::nil(), false)?
            .into_iter()
            .map(|d| (d.offset, d.detail))
            .collect();
        if found.is_empty()
            && kind == LogKind::Checkpoint
            && let Err(Error::Corrupt { offset, detail, .. }) = files::read_checkpoint(files, path, |_| Ok(()))
        {
            found.push((offset, detail));
        }
        if !found.is_empty() {
            damaged.push(path.clone());
        }
        verified.findings.extend(found.into_iter().map(|(offset, problem)| Finding {
            path: path.clone(),
            offset,
            problem,
            repair: None,
        }));
    }
    let opens = match choose_base(files, folder, &listing) {
        Ok(_) => true,
        Err(Error::Corrupt { path, offset, detail }) => {
            if damaged.is_empty() {
                verified.findings.push(Finding { path, offset, problem: detail, repair: None });
            }
            false
        }
        Err(e) => return Err(e),
    };
    if repair && !verified.findings.is_empty() {
        let done = if opens {
            set_aside(files, trash, &damaged)?;
            "set aside; everything in it stands elsewhere".to_owned()
        } else {
            rebuild(folder, trash, files, &listing, index)?
        };
        verified.findings.iter_mut().for_each(|finding| finding.repair = Some(done.clone()));
    }
    Ok(verified)
}

/// Entries by key.
type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What could be read of a journal.
#[derive(Default)]
struct Salvage {
    owner: uuid::Uuid,
    base: Head,
    entries: Entries,
    /// Whole commits behind the base, by number.
    commits: BTreeMap<u64, Commit>,
}

/// Makes a new journal that holds one checkpoint: the best state that can be had. Returns what was done.
fn rebuild(folder: &Path, trash: &Path, files: &Files, listing: &Listing, index: &dyn Index) -> Result<String> {
    let mut salvage = salvage(files, listing)?;
    let last = salvage.commits.keys().next_back().copied().unwrap_or(salvage.base.seq).max(salvage.base.seq);
    let from_index = state_of_index(index, &salvage);
    let (mut entries, mut seq, complete) = match from_index {
        Some((entries, seq)) => (entries, seq, true),
        None => (std::mem::take(&mut salvage.entries), salvage.base.seq, false),
    };
    let mut lost = 0;
    for (number, commit) in std::mem::take(&mut salvage.commits) {
        if number <= seq {
            continue;
        }
        lost += number - seq - 1;
        seq = number;
        for (key, value) in commit.changes {
            match value {
                Some(value) => drop(entries.insert(key, value)),
                None => drop(entries.remove(&key)),
            }
        }
    }
    let mut totals = Totals::default();
    entries.iter().for_each(|(key, value)| totals.add(key, value));
    // A new number: the files of the old journal are out of the way before the new one has its name.
    let head = Head { seq: last.max(seq) + 1, totals };
    let mut writer = CheckpointWriter::create(files, folder, salvage.owner, head)?;
    entries.into_iter().try_for_each(|(key, value)| writer.push(key, Some(value)))?;
    let old: Vec<PathBuf> = listing.segments.iter().chain(&listing.checkpoints).map(|(_, path)| path.clone()).collect();
    writer.finish()?;
    set_aside(files, trash, &old)?;
    Ok(match (complete, lost) {
        (_, 0) if complete => "the journal was made again from the index, which matched it; nothing is lost".to_owned(),
        (_, lost) => format!(
            "the journal was made again from what is whole, the old files are set aside; lost: {lost} commits{}",
            if salvage.base.seq == 0 && !listing.checkpoints.is_empty() {
                " and unreadable parts of the checkpoint"
            } else {
                ""
            }
        ),
    })
}

/// Reads everything that is whole: the newest readable checkpoint (else the whole pages of the newest), and every
/// commit behind it.
fn salvage(files: &Files, listing: &Listing) -> Result<Salvage> {
    let mut salvage = Salvage::default();
    let whole = listing.checkpoints.iter().find(|(_, path)| files::read_checkpoint(files, path, |_| Ok(())).is_ok());
    if let Some((_, path)) = whole {
        salvage.base = files::read_checkpoint(files, path, |entries| {
            salvage.entries.extend(entries);
            Ok(())
        })?;
    } else if let Some((_, path)) = listing.checkpoints.first() {
        for_each_whole_frame(files, path, LogKind::Checkpoint, |owner, _, body, offset| {
            salvage.owner = owner;
            if let Ok(page) = files::decode::<Vec<crate::storage::Entry>>(body, path, offset) {
                salvage.entries.extend(page);
            }
        })?;
    }
    for (_, path) in &listing.segments {
        let base = salvage.base.seq;
        for_each_whole_frame(files, path, LogKind::Journal, |owner, seq, body, offset| {
            salvage.owner = owner;
            if let Ok(commit) = files::decode::<Commit>(body, path, offset)
                && seq > base
            {
                salvage.commits.insert(seq, commit);
            }
        })?;
    }
    Ok(salvage)
}

fn for_each_whole_frame(
    files: &Files,
    path: &Path,
    kind: LogKind,
    mut visit: impl FnMut(uuid::Uuid, u64, &[u8], u64),
) -> Result<()> {
    let Ok(Some(mut log)) = LogReader::open(files, path, kind) else { return Ok(()) };
    loop {
        match log.next_frame() {
            Ok(Ok(frame)) => visit(log.header().owner, frame.seq, &frame.body, frame.offset),
            Ok(Err(_)) => return Ok(()),
            Err(Error::Corrupt { .. }) => {
                if !log.skip_damage()? {
                    return Ok(());
                }
            }
            Err(e) => return Err(e),
        }
    }
}

/// The entries of the index and its last commit, if they match what a whole commit (or the checkpoint) says.
fn state_of_index(index: &dyn Index, salvage: &Salvage) -> Option<(Entries, u64)> {
    let index = index.open().ok()?;
    let seq = applied(&*index).ok()?;
    let expected = if seq == salvage.base.seq {
        Some(salvage.base.totals)
    } else {
        salvage.commits.get(&seq).map(|commit| commit.totals)
    };
    if seq == 0 || expected? != Totals::of(&*index).ok()? {
        return None;
    }
    let mut entries = BTreeMap::new();
    let mut range = super::totals::user_range(&KeyRange::all());
    loop {
        let page = index.scan(&range, &ScanOptions::default()).ok()?;
        let last = page.entries.last().map(|(key, _)| key.clone());
        entries.extend(page.entries);
        match last {
            Some(last) if page.more => range = range.after(&last),
            _ => return Some((entries, seq)),
        }
    }
}

fn set_aside(files: &Files, trash: &Path, paths: &[PathBuf]) -> Result<()> {
    files.create_dir_all(trash)?;
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        let mut target = trash.join(name);
        for number in 1.. {
            if !target.exists() {
                break;
            }
            target = trash.join(format!("{}-{number}", name.to_string_lossy()));
        }
        files.rename(path, &target)?;
    }
    Ok(())
}
