//! The file layer: every write, sync, rename and unlink of the store goes through [`Files`], so that
//! tests can fail, tear or record each of them.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::beneath::Access;
#[cfg(unix)]
use super::beneath::Folder;
pub use super::handle::FileHandle;
pub(crate) use super::handle::modified;
use super::place::Place;
use super::sharing::Sharing;
#[cfg(unix)]
use super::sharing::settle;
use crate::error::{Error, Result};

/// How much is copied at a time, in bytes.
const COPY_BYTES: usize = 1 << 20;

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

/// The operating system's files, seen through an optional hook. Whatever the umask, folders are made 0700 and files
/// 0600; 2770 and 0660 for a [group](Sharing::Group).
///
/// [Beneath](Self::beneath) the folder of a store no link is followed: whoever may write there could have put one in the
/// place of a file or folder, and it may lead anywhere.
#[derive(Clone, Debug, Default)]
pub struct Files {
    hook: Option<Arc<dyn FileHook>>,
    /// What stands beneath is found from here, by real folders.
    root: Option<Arc<Path>>,
    sharing: Sharing,
}

impl Files {
    /// Files whose every change `hook` sees.
    pub fn with_hook(hook: Arc<dyn FileHook>) -> Self {
        Self { hook: Some(hook), ..Self::default() }
    }

    /// The same files, made for others to use or not.
    #[must_use]
    pub fn with_sharing(&self, sharing: Sharing) -> Self {
        Self { sharing, ..self.clone() }
    }

    /// The same files for the store in the folder `root`: shared as the mode of that folder says, and no link in it is
    /// followed. The folder itself may be reached through links.
    #[must_use]
    pub fn beneath(&self, root: &Path) -> Self {
        Self { hook: self.hook.clone(), root: Some(root.into()), sharing: Sharing::of(root) }
    }

    /// Who may use what is made.
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }

    pub(super) fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        self.hook.as_ref().map_or(Ok(None), |hook| hook.before(op))
    }

    fn find<'a>(&self, path: &'a Path) -> Result<Place<'a>> {
        Place::find(self.root.as_deref(), path)
    }

    /// Makes a folder and those above it; fine if it exists.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if something else stands there.
    pub fn create_dir_all(&self, path: &Path) -> Result<()> {
        let folders = Place::folders_to(self.root.as_deref(), path);
        folders.iter().try_for_each(|folder| self.find(folder)?.make_folder(self.sharing.folder_mode()))
    }

    /// Makes a new file for reading and writing; fails if it exists.
    ///
    /// # Errors
    /// `Io`, with the kind `AlreadyExists` if there is one; `Corrupt` if it would stand behind a link.
    pub fn create_new(&self, path: &Path) -> Result<FileHandle> {
        let place = self.find(path)?;
        self.before(&FileOp::Create(path))
            .and_then(|_| place.create(self.sharing.file_mode()))
            .map(|file| self.handle(file, path))
            .map_err(|e| Error::io("create", path, e))
    }

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    /// `Io`, with the kind `NotFound` if there is none; `Corrupt` if a folder, a link, a pipe or the like stands there.
    pub fn open_write(&self, path: &Path) -> Result<FileHandle> {
        self.find(path)?.open(Access::Write).map(|file| self.handle(file, path))
    }

    /// Opens an existing file for reading.
    ///
    /// # Errors
    /// `Io`, with the kind `NotFound` if there is none; `Corrupt` if a folder, a link, a pipe or the like stands there.
    pub fn open_read(&self, path: &Path) -> Result<FileHandle> {
        self.find(path)?.open(Access::Read).map(|file| self.handle(file, path))
    }

    /// Opens a file for reading and appending, by any number of processes at once; made if it is absent.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if a folder, a link, a pipe or the like stands there.
    pub fn open_append(&self, path: &Path) -> Result<FileHandle> {
        loop {
            match self.find(path)?.open(Access::Append) {
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
        FileHandle::new(file, path, self)
    }

    /// Reads a whole file; None if there is none.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if a folder, a link, a pipe or the like stands there.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        match self.find(path).and_then(|place| place.open(Access::Read)) {
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
            self.discard(tmp);
            return Err(e);
        }
        self.sync_parent(path)
    }

    /// Renames a file or folder, replacing what has the new name.
    ///
    /// # Errors
    /// `Io`.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (old, new) = (self.find(from)?, self.find(to)?);
        self.before(&FileOp::Rename(from, to)).and_then(|_| old.rename(&new)).map_err(|e| Error::io("rename", from, e))
    }

    /// Has two files or folders of one file system change places in one step. False where the system cannot.
    ///
    /// # Errors
    /// `Io`.
    pub fn exchange(&self, one: &Path, other: &Path) -> Result<bool> {
        self.before(&FileOp::Rename(one, other)).map_err(|e| Error::io("rename", one, e))?;
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{CWD, RenameFlags};
            use rustix::io::Errno;
            match rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
                Ok(()) => Ok(true),
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
                Err(e) => Err(Error::io("rename", one, e.into())),
            }
        }
        #[cfg(not(target_os = "linux"))]
        Ok(false)
    }

    /// Copies a file to a new one.
    ///
    /// # Errors
    /// `Io`, with the kind `AlreadyExists` if there is one; what [`open_read`](Self::open_read) gives.
    pub fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (self.open_read(from)?, self.create_new(to)?);
        let mut chunk = vec![0; COPY_BYTES];
        let mut offset = 0;
        loop {
            let read = from.read_at(&mut chunk, offset)?;
            if read == 0 {
                return Ok(());
            }
            to.write_at(chunk.get(..read).unwrap_or_default(), offset)?;
            offset += read as u64;
        }
    }

    /// Unlinks a file; fine if there is none.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove(&self, path: &Path) -> Result<()> {
        let place = match self.find(path) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        match self.before(&FileOp::Remove(path)).and_then(|_| place.remove()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, e)),
            _ => Ok(()),
        }
    }

    /// Unlinks a file that was not finished, if that can be done; no hook sees it.
    pub fn discard(&self, path: &Path) {
        let _ = self.find(path).map(|place| place.remove());
    }

    /// Forces a folder's entries to the disk.
    ///
    /// # Errors
    /// `Io`.
    pub fn sync_dir(&self, path: &Path) -> Result<()> {
        let failed = |e| Error::io("sync folder", path, e);
        self.before(&FileOp::SyncDir(path)).map_err(failed)?;
        let folder = Place::folder(self.root.as_deref(), path)?;
        let folder = folder.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        folder.sync().map_err(failed)
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
        let Some(folder) = Place::folder(self.root.as_deref(), path)? else { return Ok(Vec::new()) };
        Ok(folder.names()?.into_iter().map(|name| path.join(name)).collect())
    }

    /// Checks that a folder has nothing in it but files and folders, for what is opened by others than this layer.
    ///
    /// # Errors
    /// `Corrupt` with the first that is something else, a link among them; `Io`.
    pub fn check_folder(&self, path: &Path) -> Result<()> {
        Place::folder(self.root.as_deref(), path)?.map_or(Ok(()), |folder| folder.check())
    }

    /// Gives all that is in a folder its mode, for what is made by others than this layer.
    ///
    /// # Errors
    /// As [`check_folder`](Self::check_folder).
    pub fn settle_folder(&self, path: &Path) -> Result<()> {
        Place::folder(self.root.as_deref(), path)?.map_or(Ok(()), |folder| folder.settle(self.sharing))
    }

    /// Gives a folder that exists its mode, where this user may; a link to it is followed.
    ///
    /// # Errors
    /// `Io`.
    pub fn settle_new(&self, path: &Path) -> Result<()> {
        #[cfg(unix)]
        Folder::root(path).and_then(|folder| {
            let settled = settle(folder.descriptor(), self.sharing.folder_mode());
            settled.map_err(|e| Error::io("set the mode of", path, e))
        })?;
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    /// True if a real folder stands there.
    pub fn is_folder(&self, path: &Path) -> bool {
        matches!(Place::folder(self.root.as_deref(), path), Ok(Some(_)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
