//! The file layer: every write, sync, rename and unlink of the store goes through [`Files`], so that
//! tests can fail, tear or record each of them.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::io::{Read, Write};
#[cfg(not(unix))]
use std::io::{Seek, SeekFrom};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use crate::base::clock::{Clock, SystemClock};
use crate::base::os;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// A file in use is not touched again before this time.
const TOUCH_AFTER: Duration = Duration::from_mins(1);

/// One operation that changes the disk, as a [`FileHook`] sees it before it happens.
#[derive(Clone, Copy, Debug)]
pub enum FileOp<'a> {
    /// A new file is made.
    Create(&'a Path),
    /// Bytes are written at an offset.
    Write(&'a Path, u64, &'a [u8]),
    /// A file's bytes are forced to the disk.
    Sync(&'a Path),
    /// A folder's entries are forced to the disk.
    SyncDir(&'a Path),
    /// A file is cut (or extended with zeros) to a length.
    SetLen(&'a Path, u64),
    /// A file or folder takes another name.
    Rename(&'a Path, &'a Path),
    /// A file is unlinked.
    Remove(&'a Path),
}

/// Sees every operation before it happens, and may let it fail. For tests: fault injection, recording.
pub trait FileHook: Send + Sync + Debug {
    /// Called before `op`. `Err` fails it; for a write, `Ok(Some(n))` writes only the first `n` bytes and then fails.
    ///
    /// # Errors
    /// What the operation is to fail with.
    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>>;
}

/// The operating system's files, seen through an optional hook. Folders are made 0700, files 0600.
#[derive(Clone, Debug, Default)]
pub struct Files {
    hook: Option<Arc<dyn FileHook>>,
}

impl Files {
    /// Files whose every change `hook` sees.
    pub fn with_hook(hook: Arc<dyn FileHook>) -> Self {
        Self { hook: Some(hook) }
    }

    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        self.hook.as_ref().map_or(Ok(None), |hook| hook.before(op))
    }

    /// Makes a folder and those above it; fine if it exists.
    ///
    /// # Errors
    /// `Io`.
    pub fn create_dir_all(&self, path: &Path) -> Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(0o700);
        builder.create(path).map_err(|e| Error::io("create folder", path, e))
    }

    /// Makes a new file for reading and writing; fails if it exists.
    ///
    /// # Errors
    /// `Io`, with the kind `AlreadyExists` if there is one.
    pub fn create_new(&self, path: &Path) -> Result<FileHandle> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        self.before(&FileOp::Create(path))
            .and_then(|_| options.open(path))
            .map(|file| self.handle(file, path))
            .map_err(|e| Error::io("create", path, e))
    }

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    /// `Io`, with the kind `NotFound` if there is none; `Corrupt` if a folder, a pipe or the like stands there.
    pub fn open_write(&self, path: &Path) -> Result<FileHandle> {
        open_existing(OpenOptions::new().read(true).write(true), path).map(|file| self.handle(file, path))
    }

    /// Opens an existing file for reading.
    ///
    /// # Errors
    /// `Io`, with the kind `NotFound` if there is none; `Corrupt` if a folder, a pipe or the like stands there.
    pub fn open_read(&self, path: &Path) -> Result<FileHandle> {
        open_existing(OpenOptions::new().read(true), path).map(|file| self.handle(file, path))
    }

    /// Opens a file for reading and appending, by any number of processes at once; made if it is absent.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if a folder, a pipe or the like stands there.
    pub fn open_append(&self, path: &Path) -> Result<FileHandle> {
        loop {
            match open_existing(OpenOptions::new().read(true).append(true), path) {
                Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                opened => return opened.map(|file| self.handle(file, path)),
            }
            match self.create_new(path) {
                Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
                // Opened again, to append.
                Ok(_) => {}
            }
        }
    }

    /// A file that was opened otherwise, such as beneath a folder.
    pub(crate) fn handle(&self, file: File, path: &Path) -> FileHandle {
        FileHandle { file, path: path.into(), files: self.clone(), locked: OnceLock::new() }
    }

    /// Reads a whole file; None if there is none.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if a folder, a pipe or the like stands there.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        match open_existing(OpenOptions::new().read(true), path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(|e| Error::io("read", path, e))?;
                Ok(Some(bytes))
            }
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Replaces `path` by `bytes` so that at any instant it is wholly the old or wholly the new, also
    /// after power loss: a temporary file in `tmp`, sync, rename, sync of the folder.
    ///
    /// # Errors
    /// `Io`; `path` is then what it was, unless only the last sync failed.
    pub fn write_atomic(&self, path: &Path, tmp: &Path, bytes: &[u8]) -> Result<()> {
        let written = self.create_new(tmp).and_then(|file| {
            file.write_at(bytes, 0)?;
            file.sync()
        });
        if let Err(e) = written.and_then(|()| self.rename(tmp, path)) {
            let _ = fs::remove_file(tmp);
            return Err(e);
        }
        self.sync_parent(path)
    }

    /// Renames a file or folder, replacing what has the new name.
    ///
    /// # Errors
    /// `Io`.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.before(&FileOp::Rename(from, to))
            .and_then(|_| fs::rename(from, to))
            .map_err(|e| Error::io("rename", from, e))
    }

    /// Unlinks a file; fine if there is none.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove(&self, path: &Path) -> Result<()> {
        match self.before(&FileOp::Remove(path)).and_then(|_| fs::remove_file(path)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, e)),
            _ => Ok(()),
        }
    }

    /// Forces a folder's entries to the disk.
    ///
    /// # Errors
    /// `Io`.
    pub fn sync_dir(&self, path: &Path) -> Result<()> {
        let synced = self.before(&FileOp::SyncDir(path)).and_then(|_| File::open(path)).and_then(|dir| dir.sync_all());
        synced.map_err(|e| Error::io("sync folder", path, e))
    }

    /// Forces the entries of the folder that holds `path` to the disk.
    ///
    /// # Errors
    /// `Io`.
    pub fn sync_parent(&self, path: &Path) -> Result<()> {
        path.parent().map_or(Ok(()), |parent| self.sync_dir(parent))
    }

    /// The files and folders in `path`, sorted by name; empty if there is no such folder.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if no folder stands there.
    pub fn list(&self, path: &Path) -> Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(misplaced("list", path, e)),
        };
        let mut paths = entries
            .map(|entry| entry.map(|e| e.path()))
            .collect::<io::Result<Vec<_>>>()
            .map_err(|e| Error::io("list", path, e))?;
        paths.sort();
        Ok(paths)
    }
}

/// Opens a file that exists, never waiting: a pipe in its place would have `open` wait for its other end for ever.
fn open_existing(options: &mut OpenOptions, path: &Path) -> Result<File> {
    #[cfg(unix)]
    options.custom_flags(libc::O_NONBLOCK);
    let file = options.open(path).map_err(|e| misplaced("open", path, e))?;
    let found = file.metadata().map_err(|e| Error::io("look at", path, e))?;
    if found.is_file() { Ok(file) } else { Err(misplaced("open", path, io::ErrorKind::IsADirectory.into())) }
}

#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The same as far as can be told.
#[cfg(not(unix))]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    one.created().ok() == other.created().ok()
}

/// Damage, if something else stands where a file or folder belongs; other errors as they are.
fn misplaced(action: &'static str, path: &Path, error: io::Error) -> Error {
    #[cfg(unix)]
    let is_loop = error.raw_os_error() == Some(libc::ELOOP);
    #[cfg(not(unix))]
    let is_loop = false;
    match error.kind() {
        io::ErrorKind::IsADirectory => Error::corrupt(path, 0, "this is no file; move it away, then run `mlops fsck`"),
        io::ErrorKind::NotADirectory => {
            Error::corrupt(path, 0, "no folder stands there; move away what does, then run `mlops fsck`")
        }
        _ if is_loop => Error::corrupt(path, 0, "this is a link to itself; remove it, then run `mlops fsck`"),
        _ => Error::io(action, path, error),
    }
}

/// An open file whose changes the hook sees.
#[derive(Debug)]
pub struct FileHandle {
    file: File,
    path: Arc<Path>,
    files: Files,
    /// How often the process had forked when it locked the file, and what has a forked child let go of the lock.
    locked: OnceLock<(usize, os::NotForChildren)>,
}

impl FileHandle {
    /// Where the file was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Takes an exclusive lock on the file without waiting; it ends with the handle. True if it was taken, false if
    /// another handle has it, in this process or another.
    ///
    /// # Errors
    /// What the operating system says when it cannot lock on this file system.
    pub fn try_lock(&self) -> io::Result<bool> {
        let taken = os::try_lock(&self.file)?;
        if taken {
            self.note_lock();
        }
        Ok(taken)
    }

    /// True if the file still stands where it was opened: not deleted, moved or replaced. A lock on a file that does not
    /// keeps nobody out who opens the path now.
    ///
    /// # Errors
    /// `Io`.
    pub fn is_at_its_path(&self) -> Result<bool> {
        let look = |e| Error::io("look at", &self.path, e);
        let open = self.file.metadata().map_err(look)?;
        match fs::symlink_metadata(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            found => found.map(|found| is_same(&open, &found)).map_err(look),
        }
    }

    /// Says that the file is locked, now or later, in a way of its user's own: the lock ends with the handle, and a forked
    /// child does not keep it.
    pub fn note_lock(&self) {
        #[cfg(unix)]
        self.locked.get_or_init(|| (os::forks(), os::not_for_children(self.file.as_fd())));
        #[cfg(not(unix))]
        self.locked.get_or_init(|| (os::forks(), os::NotForChildren::default()));
    }

    /// Gives the file another name; errors name it by that from now on.
    ///
    /// # Errors
    /// `Io`; it keeps its name then.
    pub fn rename(&mut self, to: &Path) -> Result<()> {
        self.files.rename(&self.path, to)?;
        self.path = to.into();
        Ok(())
    }

    /// The length in bytes.
    ///
    /// # Errors
    /// `Io`.
    pub fn len(&self) -> Result<u64> {
        self.file.metadata().map(|m| m.len()).map_err(|e| Error::io("look at", &self.path, e))
    }

    /// True if the file has no bytes.
    ///
    /// # Errors
    /// `Io`.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Writes all of `bytes` at `offset`. On an error some of them may be written.
    ///
    /// # Errors
    /// `Io`.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let written = match self.files.before(&FileOp::Write(&self.path, offset, bytes)) {
            Ok(None) => write_all_at(&self.file, bytes, offset),
            Ok(Some(n)) => write_all_at(&self.file, bytes.get(..n).unwrap_or(bytes), offset)
                .and(Err(io::Error::other("write torn by a test"))),
            Err(e) => Err(e),
        };
        written.map_err(|e| Error::io("write", &self.path, e))
    }

    /// Writes all of `bytes` behind what is in a file that was opened with [`Files::open_append`], whoever else appends
    /// to it. On an error some of them may be written.
    ///
    /// # Errors
    /// `Io`.
    pub fn append(&self, bytes: &[u8]) -> Result<()> {
        let mut file = &self.file;
        let written = match self.files.before(&FileOp::Write(&self.path, self.len()?, bytes)) {
            Ok(None) => file.write_all(bytes),
            Ok(Some(n)) => {
                file.write_all(bytes.get(..n).unwrap_or(bytes)).and(Err(io::Error::other("write torn by a test")))
            }
            Err(e) => Err(e),
        };
        written.map_err(|e| Error::io("write", &self.path, e))
    }

    /// Forces the bytes to the disk (fdatasync).
    ///
    /// # Errors
    /// `Io`; nobody knows then what is on the disk.
    pub fn sync(&self) -> Result<()> {
        let synced = self.files.before(&FileOp::Sync(&self.path)).and_then(|_| self.file.sync_data());
        synced.map_err(|e| Error::io("sync", &self.path, e))
    }

    /// Cuts the file to `len` bytes.
    ///
    /// # Errors
    /// `Io`.
    pub fn set_len(&self, len: u64) -> Result<()> {
        let cut = self.files.before(&FileOp::SetLen(&self.path, len)).and_then(|_| self.file.set_len(len));
        cut.map_err(|e| Error::io("cut", &self.path, e))
    }

    /// Reads into `buffer` from `offset` until it is full or the file ends; returns how many bytes were read.
    ///
    /// # Errors
    /// `Io`.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        read_full_at(&self.file, buffer, offset).map_err(|e| Error::io("read", &self.path, e))
    }

    /// When the file was last written or touched.
    ///
    /// # Errors
    /// `Io`.
    pub fn modified(&self) -> Result<Timestamp> {
        let modified = self.file.metadata().and_then(|meta| meta.modified());
        let modified = modified.map_err(|e| Error::io("look at", &self.path, e))?;
        Ok(modified.duration_since(UNIX_EPOCH).map(Timestamp::after_epoch).unwrap_or_default())
    }

    /// Says that the file was in use at a time. Where that is refused, it is taken for older than it is.
    pub fn touch_at(&self, at: Timestamp) {
        let _ = self.file.set_modified(UNIX_EPOCH + at.since(Timestamp::default()));
    }

    /// Says that the file is in use now, to the minute. The time is the system's, as it is for a file that is written.
    pub fn touch(&self) {
        let now = SystemClock.now();
        if self.modified().is_ok_and(|at| now.since(at) > TOUCH_AFTER) {
            self.touch_at(now);
        }
    }
}

/// When the file at a path was last written or touched, as far as can be told.
pub(crate) fn modified(path: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    modified.duration_since(UNIX_EPOCH).ok().map(Timestamp::after_epoch)
}

impl Drop for FileHandle {
    fn drop(&mut self) {
        // Noted no more before the number is free for another. In a forked child the lock is its parent's.
        if self.locked.take().is_some_and(|(forks, _)| forks == os::forks()) {
            os::unlock(&self.file);
        }
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(bytes, offset)
}

#[cfg(not(unix))]
fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(unix)]
fn read_full_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + read as u64) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(read)
}

#[cfg(not(unix))]
fn read_full_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            n => read += n,
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_with_its_handle_though_a_child_inherited_the_descriptor() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let files = Files::default();
        let held = files.create_new(&path).unwrap();
        assert!(held.try_lock().unwrap());
        // What a child has between fork and exec: the same open file.
        let _inherited = held.file().try_clone().unwrap();
        let other = files.open_write(&path).unwrap();
        assert!(!other.try_lock().unwrap());
        drop(held);
        assert!(other.try_lock().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_damage_and_nobody_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, pipe, link) = (dir.path().join("folder"), dir.path().join("pipe"), dir.path().join("link"));
        fs::create_dir(&folder).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        std::os::unix::fs::symlink("link", &link).unwrap();
        let files = Files::default();
        for path in [&folder, &pipe, &link, &link.join("inside")] {
            let named = |e: Error| matches!(&e, Error::Corrupt { path: found, .. } if found == path);
            assert!(files.open_read(path).is_err_and(named), "{}", path.display());
            assert!(files.open_write(path).is_err_and(named), "{}", path.display());
            assert!(files.read(path).is_err_and(named), "{}", path.display());
        }
        for path in [&pipe, &link] {
            assert!(matches!(files.list(path), Err(Error::Corrupt { .. })), "{}", path.display());
        }
    }
}
