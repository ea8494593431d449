//! Checks every file of a journal, and makes one that opens again from what remains.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::Index;
use super::applied::Applied;
use super::checkpoint::CheckpointWriter;
use super::files::{self, Changes, Commit, Head, Listing, Page};
use super::open::choose_base;
use super::pages;
use super::totals::Totals;
use crate::base::files::Files;
use crate::base::findings::Finding;
use crate::error::{Error, Result};
use crate::log::{self, LogHeader, LogKind, LogReader};
use crate::storage::{KeyRange, ScanOptions, Storage};

/// What [`verify`] checks, and what it mends with.
#[derive(Clone, Copy)]
pub struct VerifyOptions<'a> {
    /// The folder of the journal's files.
    pub folder: &'a Path,
    /// Where damaged files go.
    pub trash: &'a Path,
    /// The file layer.
    pub files: &'a Files,
    /// The store that the files belong to.
    pub owner: Uuid,
    /// What gives the index.
    pub index: &'a dyn Index,
    /// Looks at an index that has what cannot be read of the journal.
    pub accept: &'a dyn Fn(&dyn Storage) -> Result<bool>,
    /// Says of a commit that stands behind a damaged one, and of the state before that, whether what it did is done
    /// again from elsewhere, if the journal ends before the damage. After a power loss that is so: what was not forced to
    /// the disk may be torn, and what stands behind builds on it.
    pub again: &'a dyn Fn(&Entries, &Changes) -> bool,
    /// Mends what can be mended.
    pub repair: bool,
}

impl std::fmt::Debug for VerifyOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyOptions")
            .field("folder", &self.folder)
            .field("repair", &self.repair)
            .finish_non_exhaustive()
    }
}

/// What a check read and found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// How many files were read.
    pub files: u64,
    /// How many bytes were checked.
    pub bytes: u64,
    /// What is wrong, one a place.
    pub findings: Vec<Finding>,
    /// True if a repair could not bring back all that the journal had.
    pub lost: bool,
}

/// Checks every frame of every segment and checkpoint, and that the commits go on without a gap. With `repair`, a
/// journal that does not open is made again: from what is whole, and from the index if that matches what the
/// journal says of it; damaged files go to `trash`, and the findings say what is lost, if anything.
///
/// # Errors
/// `NewerFormat`, `Io`. Damage is a finding.
pub fn verify(options: &VerifyOptions<'_>) -> Result<Verified> {
    let VerifyOptions { folder, trash, files, repair, .. } = *options;
    let listing = Listing::read(files, folder)?;
    let mut verified = Verified::default();
    let mut damaged: Vec<PathBuf> = Vec::new();
    let segments = listing.segments.iter().map(|(_, path)| (path, LogKind::Journal));
    let checkpoints = listing.checkpoints.iter().map(|(_, path)| (path, LogKind::Checkpoint));
    for (path, kind) in segments.chain(checkpoints) {
        verified.files += 1;
        verified.bytes += std::fs::metadata(path).map_or(0, |meta| meta.len());
        let mut found: Vec<(u64, String)> =
            log::check(files, path, kind, options.owner, false)?.into_iter().map(|d| (d.offset, d.detail)).collect();
        if found.is_empty()
            && kind == LogKind::Checkpoint
            && let Err(Error::Corrupt { offset, detail, .. }) = pages::read_checkpoint(files, path, |_| Ok(()))
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
        Ok((_, end)) => {
            let cut = cut_end(options, &listing, end.next_seq);
            let whole = cut.is_none();
            verified.findings.extend(cut);
            whole
        }
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
            let (done, lost) = rebuild(options, &listing)?;
            verified.lost = lost;
            done
        };
        verified.findings.iter_mut().for_each(|finding| finding.repair = Some(done.clone()));
    }
    Ok(verified)
}

/// The finding that the journal ends before the index, which is whole, does.
fn cut_end(options: &VerifyOptions<'_>, listing: &Listing, next_seq: u64) -> Option<Finding> {
    let index = options.index.open().ok()?;
    let has = Applied::read(&*index, options.owner).ok()?;
    let ahead = has.owner == options.owner && has.head.seq >= next_seq;
    if !ahead || !has.holds(&*index).ok()? || !(options.accept)(&*index).ok()? {
        return None;
    }
    let path = listing.segments.last().map_or(options.folder, |(_, path)| path);
    let offset = std::fs::metadata(path).map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 });
    let (ends, has) = (next_seq - 1, has.head.seq);
    let problem = format!("the journal ends with commit {ends}, and the index, which is whole, has commit {has}");
    Some(Finding { path: path.to_path_buf(), offset, problem, repair: None })
}

/// Entries by key.
pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What could be read of a journal.
#[derive(Default)]
struct Salvage {
    base: Head,
    entries: Entries,
    /// Whole commits behind the base, by number.
    commits: BTreeMap<u64, Commit>,
    /// Something that cannot be read stands behind the last of them.
    unread_end: bool,
}

/// Makes a new journal that holds one checkpoint: the best state that can be had. Returns what was done, and true if
/// something is lost.
pub(super) fn rebuild(options: &VerifyOptions<'_>, listing: &Listing) -> Result<(String, bool)> {
    let VerifyOptions { folder, trash, files, owner, .. } = *options;
    let mut salvage = salvage(files, listing)?;
    let last_whole = salvage.commits.keys().next_back().copied().unwrap_or_default().max(salvage.base.seq);
    let from_index = state_of_index(options, &salvage);
    let complete = from_index.is_some();
    let (mut entries, mut seq) = from_index.unwrap_or_else(|| (std::mem::take(&mut salvage.entries), salvage.base.seq));
    // Behind the last whole commit stands at least one more, which the index may have.
    let mut lost = u64::from(salvage.unread_end && seq <= last_whole);
    let mut again = 0;
    let mut commits = std::mem::take(&mut salvage.commits).split_off(&(seq + 1));
    while let Some((number, commit)) = commits.pop_first() {
        let mut behind = std::iter::once(&commit).chain(commits.values());
        if number > seq + 1 && behind.all(|commit| (options.again)(&entries, &commit.changes)) {
            again = number - seq + commits.len() as u64;
            break;
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
    let head = Head { seq: last_whole.max(seq) + 1, totals };
    files.create_dir_all(folder)?;
    let mut writer = CheckpointWriter::create(files, folder, owner, head)?;
    entries.into_iter().try_for_each(|(key, value)| writer.push(key, Some(value)))?;
    let old: Vec<PathBuf> = listing.segments.iter().chain(&listing.checkpoints).map(|(_, path)| path.clone()).collect();
    writer.finish()?;
    set_aside(files, trash, &old)?;
    let source = if complete { "from the index, which is whole" } else { "from what is whole" };
    let mut is_lost = true;
    let lost = match (lost, salvage.unread_end, salvage.base.seq == 0 && !listing.checkpoints.is_empty() && !complete) {
        (_, _, true) => format!("lost: unreadable parts of the checkpoint and {lost} commits"),
        (0, _, false) => {
            is_lost = false;
            "nothing is lost".to_owned()
        }
        (_, true, false) => format!("lost: {lost} commits or more"),
        (_, false, false) => format!("lost: {lost} commits"),
    };
    let again = match again {
        0 => String::new(),
        count => format!("; {count} commits from the damage on are made again from what runs logged"),
    };
    let done = format!("the journal was made again {source}, the old files are set aside; {lost}{again}");
    Ok((done, is_lost))
}

/// Reads everything that is whole: the newest readable checkpoint (else the whole pages of the newest), and every
/// commit behind it.
fn salvage(files: &Files, listing: &Listing) -> Result<Salvage> {
    let mut salvage = Salvage::default();
    let whole = listing.checkpoints.iter().find(|(_, path)| pages::read_checkpoint(files, path, |_| Ok(())).is_ok());
    if let Some((_, path)) = whole {
        salvage.base = pages::read_checkpoint(files, path, |entries| {
            salvage.entries.extend(entries);
            Ok(())
        })?;
    } else if let Some((_, path)) = listing.checkpoints.first() {
        for_each_whole_frame(files, path, LogKind::Checkpoint, 0, |_, body, offset| {
            if let Ok(Page(page)) = files::decode(body, path, offset) {
                salvage.entries.extend(page);
            }
        })?;
    }
    for (first_seq, path) in &listing.segments {
        let base = salvage.base.seq;
        salvage.unread_end = !for_each_whole_frame(files, path, LogKind::Journal, *first_seq, |seq, body, offset| {
            if let Ok(commit) = files::decode::<Commit>(body, path, offset)
                && seq > base
            {
                salvage.commits.insert(seq, commit);
            }
        })?;
    }
    Ok(salvage)
}

/// Visits every frame that is whole; false if something that cannot be read stands behind the last.
fn for_each_whole_frame(
    files: &Files,
    path: &Path,
    kind: LogKind,
    first_seq: u64,
    mut visit: impl FnMut(u64, &[u8], u64),
) -> Result<bool> {
    let mut log = match LogReader::open(files, path, kind) {
        Ok(Some(log)) => log,
        Ok(None) => return Ok(true),
        // All that a header says is known without it.
        Err(Error::Corrupt { .. }) => {
            LogReader::open_with_header(files, path, LogHeader { kind, owner: Uuid::nil(), first_seq })?
        }
        Err(e) => return Err(e),
    };
    loop {
        match log.next_frame() {
            Ok(Ok(frame)) => visit(frame.seq, &frame.body, frame.offset),
            Ok(Err(_)) => return Ok(true),
            Err(Error::Corrupt { .. }) => {
                if !log.skip_damage()? {
                    return Ok(false);
                }
            }
            Err(e) => return Err(e),
        }
    }
}

/// The entries of the index and its last commit, if it is whole and belongs to the journal: what it says of itself is
/// so, and what a whole commit of that number says is the same.
fn state_of_index(options: &VerifyOptions<'_>, salvage: &Salvage) -> Option<(Entries, u64)> {
    let index = options.index.open().ok()?;
    let Applied { owner, head } = Applied::read(&*index, options.owner).ok()?;
    let of_journal = salvage.commits.get(&head.seq).map(|commit| commit.totals);
    let of_journal = of_journal.or_else(|| (head.seq == salvage.base.seq).then_some(salvage.base.totals));
    let known = owner == options.owner && head.seq > 0 && head.seq >= salvage.base.seq;
    if !known || of_journal.is_some_and(|totals| totals != head.totals) || head.totals != Totals::of(&*index).ok()? {
        return None;
    }
    if of_journal.is_none() && !(options.accept)(&*index).ok()? {
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
            _ => return Some((entries, head.seq)),
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
