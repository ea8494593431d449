//! The one writer of this process's open pack, and the closing of packs whose writer died.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::pack::{
    Entry, FIRST_SEQ, Found, PACK_BYTES, PackScan, encode_footer, pack_header, pack_id, pack_path, read_trailer,
};
use super::temp::{self, TempFile};
use crate::base::digests::Digest;
use crate::base::files::{FileHandle, Files};
use crate::base::ids::IdSource;
use crate::error::{Error, Result};
use crate::log::{Appended, HEADER_BYTES, LogWriter};

/// Appends small blobs to packs.
#[derive(Debug)]
pub(super) struct PackWriter {
    pub(super) files: Files,
    pub(super) folder: PathBuf,
    pub(super) tmp: PathBuf,
    pub(super) ids: Arc<dyn IdSource>,
    open: Option<OpenPack>,
    unsynced: Vec<Unsynced>,
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

/// Bytes of a pack that may not be on the disk yet.
#[derive(Debug)]
pub(super) struct Unsynced {
    file: Arc<FileHandle>,
    from: u64,
    to: u64,
    /// After a failed sync the system may take the bytes for written, so they must be written again.
    failed: bool,
}

impl Unsynced {
    fn sync(&mut self) -> Result<()> {
        if self.failed {
            self.write_again()?;
        }
        let synced = self.file.sync();
        self.failed = synced.is_err();
        synced
    }

    fn write_again(&self) -> Result<()> {
        let mut chunk = vec![0; 1 << 20];
        let mut at = self.from;
        while at < self.to {
            let rest = usize::try_from(self.to - at).unwrap_or(usize::MAX);
            let read = self.file.read_at(&mut chunk, at)?.min(rest);
            if read == 0 {
                return Err(Error::corrupt(self.file.path(), at, "the pack was cut while it was written to"));
            }
            self.file.write_at(chunk.get(..read).unwrap_or_default(), at)?;
            at += read as u64;
        }
        Ok(())
    }
}

/// Syncs and removes one after the other; what remains after an error is still to be synced.
pub(super) fn sync_all(files: &Files, folder: &Path, unsynced: &mut Vec<Unsynced>) -> Result<()> {
    if unsynced.iter().any(|part| part.from == HEADER_BYTES) {
        // A new pack: its name is to be kept too.
        files.sync_dir(folder)?;
    }
    while let Some(part) = unsynced.last_mut() {
        part.sync()?;
        unsynced.pop();
    }
    Ok(())
}

impl PackWriter {
    pub(super) fn new(files: Files, folder: PathBuf, tmp: PathBuf, ids: Arc<dyn IdSource>) -> Self {
        Self { files, folder, tmp, ids, open: None, unsynced: Vec::new() }
    }

    /// Appends one blob; returns the pack, the entry and where the frame went.
    pub(super) fn append(&mut self, digest: Digest, bytes: &[u8]) -> Result<(Uuid, Entry, Appended)> {
        self.let_go_after_fork();
        if self.open.is_none() {
            self.open = Some(self.create()?);
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
        match self.unsynced.last_mut() {
            Some(last) if Arc::ptr_eq(&last.file, &file) => last.to = at.end,
            _ => self.unsynced.push(Unsynced { file, from: at.offset, to: at.end, failed: false }),
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
        }
    }

    /// Takes what is to be synced, so that it can be synced without holding the writer.
    pub(super) fn take_unsynced(&mut self) -> Vec<Unsynced> {
        self.let_go_after_fork();
        std::mem::take(&mut self.unsynced)
    }

    /// Gives back what could not be synced.
    pub(super) fn put_back(&mut self, mut unsynced: Vec<Unsynced>) {
        unsynced.append(&mut self.unsynced);
        self.unsynced = unsynced;
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
