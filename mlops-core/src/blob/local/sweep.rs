//! Removes what nothing refers to. Large blobs and packs go to the trash by a rename, and from there an hour later; a
//! pack that is more than half dead is written anew with its living blobs first.
//!
//! Other processes put blobs meanwhile. All that takes time is done beside them; they wait only while a portion of
//! files is renamed, and what they have put since the sweep began stays.
//!
//! Nothing here needs to be undone after a crash: a living blob is on the disk in its new pack before the old one
//! goes, and what is only half removed is as dead as before.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::LocalBlobs;
use super::check::object_files;
use super::objects::{absent_is_none, copy_checked, digest_in_name};
use super::pack::{Entry, Found, PackScan, pack_id, pack_path, read_footer};
use super::writer::{append_footer, close_dead_packs, create_temp_pack};
use crate::base::digests::Digest;
use crate::base::files::{FileHandle, Files};
use crate::blob::leases::Portion;
use crate::blob::{Amount, BlobStore, Sweep, Swept, TRASH_STAYS};
use crate::error::{Error, Result};

/// Does what [`BlobStore::sweep`](crate::blob::BlobStore::sweep) says.
pub(super) fn sweep(blobs: &LocalBlobs, sweep: &Sweep<'_>) -> Result<Swept> {
    let mut swept = Swept::default();
    if !sweep.dry_run {
        blobs.writer.lock().close_if(|file, entries| {
            let (live, dead) = divide(sweep, entries);
            is_worth(&live, &dead) && file.modified().is_ok_and(|written| sweep.is_old(written))
        });
        // Other processes may live for long, and nobody opens the store.
        close_dead_packs(&blobs.options.files, &blobs.packs)?;
    }
    sweep_objects(blobs, sweep, &mut swept)?;
    let packs = sweep_packs(blobs, sweep, &mut swept);
    if !sweep.dry_run {
        // Under the writer's lock, since what it appends next is noted in the index that holds all before it.
        let _writer = blobs.writer.lock();
        *blobs.index.write() = super::Index::default();
    }
    packs?;
    empty_trash(blobs, sweep, &mut swept)?;
    Ok(swept)
}

/// A large blob that is to go.
#[derive(Debug)]
struct DeadObject {
    path: PathBuf,
    digest: Digest,
    amount: Amount,
}

fn sweep_objects(blobs: &LocalBlobs, sweep: &Sweep<'_>, swept: &mut Swept) -> Result<()> {
    let files = &blobs.options.files;
    let mut dead = Vec::new();
    for path in object_files(files, &blobs.objects)? {
        // A file whose name is no digest is for `fsck`.
        let named = digest_in_name(&path).filter(|digest| blobs.objects.path(digest) == path);
        let Some(digest) = named.filter(|digest| !sweep.live.contains(digest)) else { continue };
        let Some(file) = absent_is_none(files.open_read(&path))? else { continue };
        let amount = Amount::one(file.len()?);
        if !sweep.is_old(file.modified()?) {
            swept.kept += amount;
        } else if sweep.dry_run {
            swept.large_blobs += amount;
        } else {
            dead.push(DeadObject { path, digest, amount });
        }
    }
    let mut dead = dead.into_iter().peekable();
    while dead.peek().is_some() {
        let mut portion = sweep.lease.portion()?;
        while let Some(object) = dead.next_if(|_| !portion.is_over()) {
            let removed = remove_object(blobs, sweep, &mut portion, &object)?;
            *(if removed { &mut swept.large_blobs } else { &mut swept.kept }) += object.amount;
        }
    }
    Ok(())
}

/// Moves a large blob to the trash. False if it is to stay: it was put again, or is gone.
fn remove_object(
    blobs: &LocalBlobs,
    sweep: &Sweep<'_>,
    portion: &mut Portion<'_>,
    DeadObject { path, digest, .. }: &DeadObject,
) -> Result<bool> {
    let files = &blobs.options.files;
    let Some(file) = absent_is_none(files.open_read(path))? else { return Ok(false) };
    if !sweep.is_old(file.modified()?) {
        return Ok(false);
    }
    let moved = portion.unless_covered(std::iter::once(*digest), || {
        file.touch_at(sweep.now);
        files.rename(path, &trashed_object(&blobs.options.trash, digest))
    });
    Ok(moved.transpose()?.is_some())
}

fn sweep_packs(blobs: &LocalBlobs, sweep: &Sweep<'_>, swept: &mut Swept) -> Result<()> {
    let files = &blobs.options.files;
    for path in files.list(&blobs.packs)? {
        let Some(id) = pack_id(&path) else { continue };
        let Some(file) = absent_is_none(files.open_read(&path))? else { continue };
        let entries = match read_footer(files, &path, id)? {
            Some(entries) => entries,
            None => read_frames(files, &path, id)?,
        };
        let (live, dead) = divide(sweep, &entries);
        if dead.is_empty() {
            continue;
        }
        let removed = is_worth(&live, &dead)
            && sweep.is_old(file.modified()?)
            && (sweep.dry_run || remove_pack(blobs, sweep, &path, &live, &dead)?);
        *(if removed { &mut swept.small_blobs } else { &mut swept.kept }) += size(&dead);
    }
    Ok(())
}

/// The living and the dead.
fn divide(sweep: &Sweep<'_>, entries: &[Entry]) -> (Vec<Entry>, Vec<Entry>) {
    entries.iter().partition(|entry| sweep.live.contains(&entry.digest))
}

/// True if the pack goes: writing the living half of it anew frees more than it writes.
fn is_worth(live: &[Entry], dead: &[Entry]) -> bool {
    !dead.is_empty() && (live.is_empty() || size(dead).bytes > size(live).bytes)
}

/// The blobs in a pack that has no footer: somebody writes to it, or it is damaged. None where it is damaged: what it
/// holds is for `fsck`.
fn read_frames(files: &Files, path: &Path, id: uuid::Uuid) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let Some(mut scan) = PackScan::open(files, path, id)? else { return Ok(entries) };
    loop {
        match scan.next()? {
            Found::Blob { entry, .. } => entries.push(entry),
            Found::Footer { .. } | Found::End(_) => return Ok(entries),
            Found::Damage { .. } => return Ok(Vec::new()),
        }
    }
}

/// Moves a pack to the trash, after its living blobs are in a new one. False if it is to stay: another writes to it, a
/// blob of it was put again, or a living one is damaged.
fn remove_pack(blobs: &LocalBlobs, sweep: &Sweep<'_>, path: &Path, live: &[Entry], dead: &[Entry]) -> Result<bool> {
    let files = &blobs.options.files;
    let Some(old) = absent_is_none(files.open_write(path))? else { return Ok(false) };
    let closed = pack_id(path).map(|id| read_footer(files, path, id)).transpose()?.flatten().is_some();
    if !closed || !matches!(old.try_lock(), Ok(true)) {
        return Ok(false);
    }
    let anew = match (!live.is_empty()).then(|| write_anew(blobs, &old, live)).transpose() {
        Err(Error::Corrupt { .. }) => return Ok(false),
        other => other?,
    };
    let moved = move_pack(blobs, sweep, &old, dead);
    if let (Ok(false) | Err(_), Some(anew)) = (&moved, anew) {
        // Written in vain; what it holds stands in the old one too.
        files.remove(&anew)?;
    }
    moved
}

/// Moves a pack to the trash, unless one of its dead was put again.
fn move_pack(blobs: &LocalBlobs, sweep: &Sweep<'_>, old: &FileHandle, dead: &[Entry]) -> Result<bool> {
    let aside = blobs.options.trash.join(old.path().file_name().unwrap_or_default());
    let mut portion = sweep.lease.portion()?;
    if !sweep.is_old(old.modified()?) {
        return Ok(false);
    }
    let moved = portion.unless_covered(dead.iter().map(|entry| entry.digest), || {
        old.touch_at(sweep.now);
        blobs.options.files.rename(old.path(), &aside)
    });
    Ok(moved.transpose()?.is_some())
}

/// Makes a pack with the living blobs of another: whole and on the disk before anything of the other goes.
fn write_anew(blobs: &LocalBlobs, old: &FileHandle, live: &[Entry]) -> Result<PathBuf> {
    let options = &blobs.options;
    let (id, mut log, temp) = create_temp_pack(&options.files, &options.tmp, &options.ids)?;
    let mut entries = Vec::with_capacity(live.len());
    for blob in live {
        let mut bytes = vec![0; blob.size as usize];
        old.read_at(&mut bytes, Entry::content(blob.offset))?;
        if Digest::of(&bytes) != blob.digest {
            return Err(Error::corrupt(old.path(), u64::from(blob.offset), "a blob does not match its digest"));
        }
        let at = log.append_parts(&[blob.digest.as_bytes(), &bytes])?;
        entries.extend(Entry::new(blob.digest, at.offset, bytes.len()));
    }
    append_footer(&mut log, &entries)?;
    log.sync()?;
    let path = pack_path(&blobs.packs, id);
    temp.rename(&path)?;
    options.files.sync_dir(&blobs.packs)?;
    Ok(path)
}

fn size(entries: &[Entry]) -> Amount {
    Amount { count: entries.len() as u64, bytes: entries.iter().map(|entry| u64::from(entry.size)).sum() }
}

/// Deletes what sweeps moved here an hour ago or before. What a repair set aside is the user's. What is referred to
/// after all and is nowhere else goes back: a plain copy of the folder that was made during a sweep may have it so.
fn empty_trash(blobs: &LocalBlobs, sweep: &Sweep<'_>, swept: &mut Swept) -> Result<()> {
    let files = &blobs.options.files;
    for path in files.list(&blobs.options.trash)? {
        if pack_id(&path).is_none() && trashed_digest(&path).is_none() {
            continue;
        }
        let Some(file) = absent_is_none(files.open_read(&path))? else { continue };
        if let Some(place) = needed_at(blobs, sweep, &path)? {
            if !sweep.dry_run {
                place.parent().map_or(Ok(()), |folder| files.create_dir_all(folder))?;
                files.rename(&path, &place)?;
            }
        } else if sweep.now.since(file.modified()?) >= TRASH_STAYS {
            swept.trash += Amount::one(file.len()?);
            if !sweep.dry_run {
                files.remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Where a file of the trash belongs, if something of it is referred to and stands nowhere else.
fn needed_at(blobs: &LocalBlobs, sweep: &Sweep<'_>, path: &Path) -> Result<Option<PathBuf>> {
    let lost = |digest: &Digest| match blobs.size(digest) {
        Ok(size) => Ok(size.is_none()),
        Err(Error::Corrupt { .. }) => Ok(true),
        Err(e) => Err(e),
    };
    let (held, place) = match (trashed_digest(path), pack_id(path)) {
        (Some(digest), _) => (vec![digest], blobs.objects.path(&digest)),
        (None, Some(id)) => {
            let entries = read_footer(&blobs.options.files, path, id)?.unwrap_or_default();
            (entries.iter().map(|entry| entry.digest).collect(), pack_path(&blobs.packs, id))
        }
        (None, None) => return Ok(None),
    };
    for digest in held.iter().filter(|digest| sweep.live.contains(digest)) {
        if lost(digest)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

fn trashed_object(trash: &Path, digest: &Digest) -> PathBuf {
    trash.join(format!("{}.blob", digest.to_hex()))
}

fn trashed_digest(path: &Path) -> Option<Digest> {
    if path.extension()? == "blob" { digest_in_name(&path.with_extension("")) } else { None }
}

/// Writes a blob that a sweep has moved to the trash to `out`, for a reader that was under way; None if it is not there.
pub(super) fn read_trashed(blobs: &LocalBlobs, digest: &Digest, out: &mut dyn Write) -> Result<Option<u64>> {
    let (files, trash) = (&blobs.options.files, &blobs.options.trash);
    if let Some(file) = absent_is_none(files.open_read(&trashed_object(trash, digest)))? {
        return copy_checked(&file, digest, out).map(Some);
    }
    for path in files.list(trash)? {
        let Some(id) = pack_id(&path) else { continue };
        let entries = read_footer(files, &path, id)?.unwrap_or_default();
        let Some(entry) = entries.into_iter().find(|entry| entry.digest == *digest) else { continue };
        let Some(file) = absent_is_none(files.open_read(&path))? else { continue };
        let mut bytes = vec![0; entry.size as usize];
        let read = file.read_at(&mut bytes, Entry::content(entry.offset))?;
        if read == bytes.len() && Digest::of(&bytes) == *digest {
            out.write_all(&bytes).map_err(|e| Error::io("copy a blob to", Path::new("its destination"), e))?;
            return Ok(Some(bytes.len() as u64));
        }
    }
    Ok(None)
}
