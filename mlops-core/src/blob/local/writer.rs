//! The one writer of this process's open pack, and the closing of packs whose writer died.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::objects::absent_is_none;
use super::pack::{
    Entry, FIRST_SEQ, Found, PACK_BYTES, PackScan, encode_footer, pack_header, pack_id, pack_path, read_trailer,
};
use super::temp::{self, TempFile};
use crate::base::digests::Digest;
use crate::base::files::{FileHandle, Files};
use crate::base::ids::IdSource;
use crate::error::{Error, Result};
use crate::log::{Appended, HEADER_BYTES, LogWriter, Unsynced};

/// Appends small blobs to packs.
#[derive(Debug)]
pub(super) struct PackWriter {
    pub(super) files: Files,
    pub(super) folder: PathBuf,
    pub(super) tmp: PathBuf,
    pub(super) ids: Arc<dyn IdSource>,
    open: Option<OpenPack>,
    unsynced: Vec<Unsynced>,
    /// The packs that this process made.
    own: HashSet<Uuid>,
    /// Packs of others that hold what was put here: nobody knows whether they are forced to the disk.
    found: BTreeSet<Uuid>,
}

/// The pack that grows.
#[derive(Debug)]
struct OpenPack {
    id: Uuid,
    log: LogWriter,
    entries: Vec<Entry>,
    /// The descriptor that holds the lock for as long as this process may append.
    _lock: Arc<FileHandle>,
    /// A forked child has its parent's pack open, which it must not write to.
    process: u32,
}

/// Syncs and removes one after the other; what remains after an error is still to be synced.
pub(super) fn sync_all(
    files: &Files,
    folder: &Path,
    (unsynced, found): &mut (Vec<Unsynced>, BTreeSet<Uuid>),
) -> Result<()> {
    if !found.is_empty() || unsynced.iter().any(|part| part.from() == HEADER_BYTES) {
        // A new pack: its name is to be kept too.
        files.sync_dir(folder)?;
    }
    while let Some(part) = unsynced.last_mut() {
        part.sync()?;
        unsynced.pop();
    }
    while let Some(pack) = found.first() {
        // One that is gone was written anew by a sweep, which syncs what it writes.
        absent_is_none(files.open_write(&pack_path(folder, *pack)))?.map_or(Ok(()), |file| file.sync())?;
        found.pop_first();
    }
    Ok(())
}

impl PackWriter {
    pub(super) fn new(files: Files, folder: PathBuf, tmp: PathBuf, ids: Arc<dyn IdSource>) -> Self {
        let (own, found) = (HashSet::new(), BTreeSet::new());
        Self { files, folder, tmp, ids, open: None, unsynced: Vec::new(), own, found }
    }

    /// Appends one blob; returns the pack, the entry and where the frame went.
    pub(super) fn append(&mut self, digest: Digest, bytes: &[u8]) -> Result<(Uuid, Entry, Appended)> {
        self.let_go_after_fork();
        if self.open.is_none() {
            let pack = self.create()?;
            self.own.insert(pack.id);
            self.open = Some(pack);
        }
        let Some(pack) = &mut self.open else { return Err(Error::internal("no pack is open after it was made")) };
        let at = pack.log.append_parts(&[digest.as_bytes(), bytes])?;
        let entry = Entry::new(digest, at.offset, bytes.len());
        let entry = entry.ok_or_else(|| Error::internal("a pack has grown over 4 GiB"))?;
        pack.entries.push(entry);
        let id = pack.id;
        let file = pack.log.file();
        self.note_unsynced(file, at);
        if at.end >= PACK_BYTES {
            self.close();
        }
        Ok((id, entry, at))
    }

    fn note_unsynced(&mut self, file: Arc<FileHandle>, at: Appended) {
        if !self.unsynced.last_mut().is_some_and(|last| last.extend(&file, at.end)) {
            self.unsynced.push(Unsynced::new(file, at.offset, at.end));
        }
    }

    /// Makes a pack in the temporary folder, locks it and moves it to its place, so that nobody ever sees an
    /// open pack without a lock.
    fn create(&self) -> Result<OpenPack> {
        let (id, locked, temp) = create_temp_pack(&self.files, &self.tmp, &self.ids)?;
        let path = pack_path(&self.folder, id);
        temp.rename(&path)?;
        let log = LogWriter::resume(&self.files, &path, pack_header(id), HEADER_BYTES, FIRST_SEQ)?;
        Ok(OpenPack { id, log, entries: Vec::new(), _lock: locked.file(), process: std::process::id() })
    }

    /// Ends the open pack if what it holds is such.
    pub(super) fn close_if(&mut self, such: impl FnOnce(&FileHandle, &[Entry]) -> bool) {
        self.let_go_after_fork();
        if self.open.as_ref().is_some_and(|pack| such(&pack.log.file(), &pack.entries)) {
            self.close();
        }
    }

    /// Ends the open pack with its footer. Without a footer (a full disk) the next to open the store writes it.
    pub(super) fn close(&mut self) {
        self.let_go_after_fork();
        let Some(mut pack) = self.open.take() else { return };
        if pack.entries.is_empty() {
            let _ = self.files.remove(pack.log.path());
        } else if let Ok(at) = append_footer(&mut pack.log, &pack.entries) {
            self.note_unsynced(pack.log.file(), at);
        }
    }

    fn let_go_after_fork(&mut self) {
        if self.open.as_ref().is_some_and(|pack| pack.process != std::process::id()) {
            self.open = None;
            self.unsynced.clear();
            self.own.clear();
        }
    }

    /// Takes what is to be synced, so that it can be synced without holding the writer.
    pub(super) fn take_unsynced(&mut self) -> (Vec<Unsynced>, BTreeSet<Uuid>) {
        self.let_go_after_fork();
        (std::mem::take(&mut self.unsynced), std::mem::take(&mut self.found))
    }

    /// Gives back what could not be synced.
    pub(super) fn put_back(&mut self, (mut unsynced, mut found): (Vec<Unsynced>, BTreeSet<Uuid>)) {
        unsynced.append(&mut self.unsynced);
        self.unsynced = unsynced;
        self.found.append(&mut found);
    }

    /// Notes which packs hold a blob that is not put again.
    pub(super) fn note_found(&mut self, packs: impl Iterator<Item = Uuid>) {
        self.let_go_after_fork();
        self.found.extend(packs.filter(|pack| !self.own.contains(pack)));
    }
}

/// A new pack with nothing but its header, under a temporary name and locked.
pub(super) fn create_temp_pack(
    files: &Files,
    tmp: &Path,
    ids: &Arc<dyn IdSource>,
) -> Result<(Uuid, LogWriter, TempFile)> {
    let ((id, log), temp) = TempFile::create(files, tmp, ids, temp::PACK, |path| {
        let id = pack_id(path).ok_or_else(|| Error::internal("a temporary pack is not named by its id"))?;
        let log = LogWriter::create(files, path, pack_header(id))?;
        let file = log.file();
        Ok(((id, log), file))
    })?;
    Ok((id, log, temp))
}

pub(super) fn append_footer(log: &mut LogWriter, entries: &[Entry]) -> Result<Appended> {
    let footer = encode_footer(entries, log.end(), log.next_seq());
    log.append(&footer)
}

/// Closes the packs whose writer died: cuts a torn tail, writes the footer. A pack that cannot be closed now (it is
/// locked, damaged, or the disk is full) is read frame by frame instead.
pub(super) fn close_dead_packs(files: &Files, folder: &Path) -> Result<()> {
    let mut closed = false;
    for path in files.list(folder)? {
        if let Some(id) = pack_id(&path)
            && matches!(read_trailer(files, &path), Ok(None))
        {
            closed |= matches!(close_dead_pack(files, &path, id), Ok(true));
        }
    }
    if closed {
        let _ = files.sync_dir(folder);
    }
    Ok(())
}

fn close_dead_pack(files: &Files, path: &Path, id: Uuid) -> Result<bool> {
    let lock = files.open_write(path)?;
    // Who had the lock until now may have closed it.
    if !matches!(lock.try_lock(), Ok(true)) || read_trailer(files, path)?.is_some() {
        return Ok(false);
    }
    let Some(mut scan) = PackScan::open(files, path, id)?.filter(|scan| scan.header_damage.is_none()) else {
        return Ok(false);
    };
    let mut entries = Vec::new();
    loop {
        match scan.next()? {
            Found::Blob { entry, .. } => entries.push(entry),
            Found::Footer { .. } | Found::Damage { .. } => return Ok(false),
            Found::End(_) => break,
        }
    }
    if entries.is_empty() {
        return files.remove(path).map(|()| true);
    }
    let (end, next_seq) = (scan.reader.offset(), scan.reader.next_seq());
    let mut log = LogWriter::resume(files, path, pack_header(id), end, next_seq)?;
    append_footer(&mut log, &entries)?;
    log.sync()?;
    Ok(true)
}
