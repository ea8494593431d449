//! An open file of the file layer.

use std::fs::{self, File};
use std::io;
use std::io::Write;
#[cfg(not(unix))]
use std::io::{Seek, SeekFrom};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(unix)]
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use super::files::{FileOp, Files};
use crate::base::clock::{Clock, SystemClock};
use crate::base::os;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// A file in use is not touched again before this time.
const TOUCH_AFTER: Duration = Duration::from_mins(1);

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
    /// A file that is open at a path.
    pub(super) fn new(file: File, path: &Path, files: &Files) -> Self {
        Self { file, path: path.into(), files: files.clone(), locked: OnceLock::new() }
    }

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

    /// Says that the file was in use at a time. Of the file of another user only the present can be said.
    pub fn touch_at(&self, at: Timestamp) {
        if self.file.set_modified(UNIX_EPOCH + at.since(Timestamp::default())).is_err() {
            touch_now(&self.file);
        }
    }

    /// Says that the file is in use now, to the minute. The time is the system's, as it is for a file that is written.
    pub fn touch(&self) {
        let now = SystemClock.now();
        if self.modified().is_ok_and(|at| now.since(at) > TOUCH_AFTER) {
            self.touch_at(now);
        }
    }
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

/// Says that a file is in use now, which whoever may write to it may say. Where that is refused, it is taken for older
/// than it is.
#[cfg(unix)]
fn touch_now(file: &File) {
    use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let _ = futimens(file, &Timestamps { last_access: now, last_modification: now });
}

#[cfg(not(unix))]
fn touch_now(_: &File) {}

/// When the file at a path was last written or touched, as far as can be told.
pub(crate) fn modified(path: &Path) -> Option<Timestamp> {
    let modified = fs::symlink_metadata(path).ok()?.modified().ok()?;
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
