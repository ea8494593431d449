//! Reads every byte of packs and objects, and mends what can be mended.

use std::collections::HashSet;
use std::io::sink;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::objects::{Objects, absent_is_none, digest_in_name};
use super::pack::{Entry, Found, PackScan, footer_entries, pack_id, pack_path, read_trailer};
use super::writer::{append_footer, close_dead_packs, create_temp_pack};
use super::{BlobStats, LocalBlobOptions};
use crate::base::digests::Digest;
use crate::base::files::Files;
use crate::base::findings::Finding;
use crate::error::{Error, Result};
use crate::log::Tail;
use crate::log::Trailer;

/// What is wrong at a place: offset and problem.
type Problem = (u64, String);

/// What a pack holds.
#[derive(Debug, Default)]
struct PackCheck {
    /// The blobs that match their digests.
    blobs: Vec<Entry>,
    problems: Vec<Problem>,
}

/// Reads and checks everything; what is wrong goes to `report`, one error a place.
pub(super) fn verify(
    files: &Files,
    packs: &Path,
    objects: &Objects,
    report: &mut dyn FnMut(Error),
) -> Result<BlobStats> {
    let mut seen: HashSet<Digest> = HashSet::new();
    let mut stats = BlobStats::default();
    let mut count = |digest: Digest, size: u64| {
        if seen.insert(digest) {
            stats.count += 1;
            stats.bytes += size;
        }
    };
    for path in files.list(packs)? {
        let check = check_pack_file(files, &path)?;
        check.blobs.iter().for_each(|blob| count(blob.digest, u64::from(blob.size)));
        check.problems.into_iter().for_each(|(offset, problem)| report(Error::corrupt(&path, offset, problem)));
    }
    for path in object_files(files, objects)? {
        match check_object(objects, &path)? {
            Ok(Some((digest, size))) => count(digest, size),
            Ok(None) => {}
            Err(problem) => report(Error::corrupt(&path, 0, problem)),
        }
    }
    Ok(stats)
}

/// Does what [`LocalBlobs::repair`](super::LocalBlobs::repair) says. No pack of this process is open.
pub(super) fn repair(options: &LocalBlobOptions, packs: &Path, objects: &Objects) -> Result<Vec<Finding>> {
    let files = &options.files;
    close_dead_packs(files, packs)?;
    let mut findings = Vec::new();
    for path in files.list(packs)? {
        let check = check_pack_file(files, &path)?;
        if !check.problems.is_empty() {
            let repair = repair_pack(options, packs, &path, &check)?;
            findings.extend(check.problems.into_iter().map(|problem| finding(&path, problem, repair.clone())));
        }
    }
    for path in object_files(files, objects)? {
        if let Err(problem) = check_object(objects, &path)? {
            let aside = set_aside(options, &path)?;
            let repair = format!("set aside as {}; storing the same bytes again brings it back", aside.display());
            findings.push(finding(&path, (0, problem), Some(repair)));
        }
    }
    Ok(findings)
}

fn finding(path: &Path, (offset, problem): Problem, repair: Option<String>) -> Finding {
    Finding { path: path.into(), offset, problem, repair }
}

/// Writes the undamaged blobs to a new pack and sets the old one aside. None if another process writes to it.
fn repair_pack(options: &LocalBlobOptions, packs: &Path, path: &Path, check: &PackCheck) -> Result<Option<String>> {
    let files = &options.files;
    let old = files.open_write(path)?;
    if matches!(old.try_lock(), Ok(false)) {
        return Ok(None);
    }
    if !check.blobs.is_empty() {
        let (id, mut log, temp) = create_temp_pack(files, &options.tmp, &options.ids)?;
        let mut entries = Vec::with_capacity(check.blobs.len());
        for blob in &check.blobs {
            let mut bytes = vec![0; blob.size as usize];
            old.read_at(&mut bytes, Entry::content(blob.offset))?;
            if Digest::of(&bytes) != blob.digest {
                return Err(Error::corrupt(path, u64::from(blob.offset), "a blob changed between two reads of it"));
            }
            let at = log.append_parts(&[blob.digest.as_bytes(), &bytes])?;
            entries.extend(Entry::new(blob.digest, at.offset, bytes.len()));
        }
        append_footer(&mut log, &entries)?;
        log.sync()?;
        temp.rename(&pack_path(packs, id))?;
        files.sync_dir(packs)?;
    }
    let aside = set_aside(options, path)?;
    let kept = check.blobs.len();
    Ok(Some(format!("{kept} undamaged blobs written to a new pack; the old one set aside as {}", aside.display())))
}

fn set_aside(options: &LocalBlobOptions, path: &Path) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = options.trash.join(format!("{}-{name}", options.ids.next_hex()));
    options.files.create_dir_all(&options.trash)?;
    options.files.rename(path, &aside)?;
    options.files.sync_dir(&options.trash)?;
    options.files.sync_parent(path)?;
    Ok(aside)
}

fn check_pack_file(files: &Files, path: &Path) -> Result<PackCheck> {
    match pack_id(path) {
        Some(id) => check_pack(files, path, id),
        None => Ok(PackCheck {
            problems: vec![(0, "the file's name is not that of a pack; its content is not used".into())],
            ..PackCheck::default()
        }),
    }
}

fn check_pack(files: &Files, path: &Path, id: Uuid) -> Result<PackCheck> {
    let mut check = PackCheck::default();
    let Some(mut scan) = PackScan::open(files, path, id)? else {
        if path.exists() {
            check.problems.push((0, "the file is cut short within its header".into()));
        }
        return Ok(check);
    };
    check.problems.extend(scan.header_damage.take().map(|detail| (0, detail)));
    if scan.reader.header().owner != id {
        check.problems.push((0, "the file's header belongs to another pack".into()));
    }
    let mut frames = Vec::new();
    let mut footer = None;
    loop {
        match scan.next()? {
            Found::Blob { entry, bytes } => {
                frames.push(entry);
                if Digest::of(&bytes) == entry.digest {
                    check.blobs.push(entry);
                } else {
                    check
                        .problems
                        .push((u64::from(entry.offset), format!("{} does not match its digest", entry.digest)));
                }
            }
            Found::Footer { offset, entries } => {
                let end = Trailer { seq: scan.reader.next_seq() - 1, offset, len: scan.reader.offset() };
                let whole = check.problems.is_empty();
                if entries.is_none() || whole && entries != footer_entries(&frames) {
                    check.problems.push((offset, "the footer does not match the frames".into()));
                }
                footer = Some(end);
            }
            Found::Damage { offset, detail, more } => {
                check.problems.push((offset, detail));
                if !more {
                    break;
                }
            }
            // Without a footer, a torn tail is what a killed writer leaves: it was never acknowledged.
            Found::End(tail) => {
                if footer.is_some() && tail == Tail::Torn {
                    check.problems.push((scan.reader.offset(), "bytes stand behind the footer".into()));
                }
                break;
            }
        }
    }
    if let Some(end) = footer
        && check.problems.is_empty()
        && read_trailer(files, path)? != Some(end)
    {
        check.problems.push((end.offset, "the footer is not at the end of the file".into()));
    }
    Ok(check)
}

/// Every file under `objects/`, whatever its name.
pub(super) fn object_files(files: &Files, objects: &Objects) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in files.list(&objects.folder)? {
        if files.is_folder(&path) {
            found.extend(files.list(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// The blob in a file, None if the file is gone, or what is wrong with it.
fn check_object(objects: &Objects, path: &Path) -> Result<std::result::Result<Option<(Digest, u64)>, String>> {
    let Some(digest) = digest_in_name(path).filter(|digest| objects.path(digest) == path) else {
        return Ok(Err("the file's name is not the digest of a blob; its content is not used".into()));
    };
    match objects.read_to(&digest, &mut sink()) {
        Ok(size) => Ok(Ok(size.map(|size| (digest, size)))),
        Err(Error::Corrupt { detail, .. }) => Ok(Err(detail)),
        Err(e) => absent_is_none(Err(e)).map(|_: Option<()>| Ok(None)),
    }
}
