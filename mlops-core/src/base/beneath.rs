//! Folders whose entries are opened by name and never through a link: what others made may hold one that leads out.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::sharing::Sharing;
#[cfg(unix)]
use super::sharing::settle;
use crate::error::{Error, Result};

/// An open folder. What stands beneath it is opened from here, one name at a time.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    #[cfg(unix)]
    descriptor: rustix::fd::OwnedFd,
}

/// What an entry has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    File,
    Folder,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    /// And reading.
    Write,
    /// And reading; every write goes behind what is there.
    Append,
}

impl Folder {
    /// Opens the folder that everything else stands beneath. Its own path may lead through links: the caller names it.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn root(path: &Path) -> Result<Self> {
        #[cfg(unix)]
        {
            use rustix::fs::{Mode, OFlags};
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let opened = rustix::fs::open(path, flags, Mode::empty());
            let descriptor = opened.map_err(|e| Error::io("open folder", path, e.into()))?;
            Ok(Self { path: path.into(), descriptor })
        }
        #[cfg(not(unix))]
        path.read_dir().map(|_| Self { path: path.into() }).map_err(|e| Error::io("open folder", path, e))
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in this one; None if there is none.
    ///
    /// # Errors
    /// `Corrupt` if something else stands there, a link among them; `Io`.
    pub(crate) fn folder(&self, name: &Path) -> Result<Option<Self>> {
        let path = self.path.join(name);
        #[cfg(unix)]
        return Ok(self.open(name, Wanted::Folder, Access::Read)?.map(|descriptor| Self { path, descriptor }));
        #[cfg(not(unix))]
        return Ok(self.look(name, Wanted::Folder)?.then_some(Self { path }));
    }

    /// A file in this folder, open for reading; None if there is none.
    ///
    /// # Errors
    /// `Corrupt` if something else stands there, a link among them; `Io`.
    pub(crate) fn file(&self, name: &Path) -> Result<Option<File>> {
        self.open_file(name, Access::Read)
    }

    /// [`file`](Self::file), for writing too.
    pub(super) fn open_file(&self, name: &Path, access: Access) -> Result<Option<File>> {
        #[cfg(unix)]
        return Ok(self.open(name, Wanted::File, access)?.map(File::from));
        #[cfg(not(unix))]
        {
            let path = self.path.join(name);
            if !self.look(name, Wanted::File)? {
                return Ok(None);
            }
            match File::options().read(true).write(access == Access::Write).append(access == Access::Append).open(&path)
            {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                opened => opened.map(Some).map_err(|e| Error::io("open", &path, e)),
            }
        }
    }

    /// The names in this folder, sorted.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn names(&self) -> Result<Vec<OsString>> {
        #[cfg(unix)]
        let found = {
            use std::os::unix::ffi::OsStrExt;
            let name =
                |entry: rustix::fs::DirEntry| std::ffi::OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
            rustix::fs::Dir::read_from(&self.descriptor)
                .and_then(|entries| entries.map(|entry| entry.map(name)).collect::<rustix::io::Result<Vec<_>>>())
                .map_err(std::io::Error::from)
        };
        #[cfg(not(unix))]
        let found = self
            .path
            .read_dir()
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.file_name())).collect());
        let mut names: Vec<OsString> = found.map_err(|e| Error::io("list", &self.path, e))?;
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }

    /// Forces the names in this folder to the disk.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        #[cfg(unix)]
        return Ok(rustix::fs::fsync(&self.descriptor)?);
        #[cfg(not(unix))]
        File::open(&self.path)?.sync_all()
    }

    /// Checks that there is nothing but files and folders beneath, whoever made them.
    ///
    /// # Errors
    /// `Corrupt` with the first that is something else, a link among them; `Io`.
    pub(super) fn check(&self) -> Result<()> {
        self.visit(&|_, _| ())
    }

    /// Gives all files and folders beneath the modes that they should have, where this user may.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    #[cfg(unix)]
    pub(super) fn settle(&self, sharing: Sharing) -> Result<()> {
        self.visit(&|open, is_folder| {
            let mode = if is_folder { sharing.folder_mode() } else { sharing.file_mode() };
            // What another user made is that user's to set.
            let _ = settle(open, mode);
        })
    }

    /// There are no modes to set.
    #[cfg(not(unix))]
    pub(super) fn settle(&self, _: Sharing) -> Result<()> {
        self.check()
    }

    #[cfg(unix)]
    fn visit(&self, visit: &dyn Fn(rustix::fd::BorrowedFd<'_>, bool)) -> Result<()> {
        use rustix::fd::AsFd;
        visit(self.descriptor(), true);
        for name in self.names()? {
            let name = Path::new(&name);
            match self.file(name) {
                Ok(file) => file.iter().for_each(|file| visit(file.as_fd(), false)),
                Err(Error::Corrupt { .. }) => self.folder(name)?.map_or(Ok(()), |inner| inner.visit(visit))?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn visit(&self, visit: &dyn Fn(&Path, bool)) -> Result<()> {
        visit(&self.path, true);
        for name in self.names()? {
            let name = Path::new(&name);
            match self.look(name, Wanted::File) {
                Ok(_) => visit(&self.path.join(name), false),
                Err(_) => self.folder(name)?.map_or(Ok(()), |inner| inner.visit(visit))?,
            }
        }
        Ok(())
    }

    /// The open folder.
    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> rustix::fd::BorrowedFd<'_> {
        use rustix::fd::AsFd;
        self.descriptor.as_fd()
    }

    #[cfg(unix)]
    fn open(&self, name: &Path, wanted: Wanted, access: Access) -> Result<Option<rustix::fd::OwnedFd>> {
        use rustix::fs::{AtFlags, FileType, Mode, OFlags};
        use rustix::io::Errno;
        let path = self.path.join(name);
        let right = |mode: rustix::fs::RawMode| {
            FileType::from_raw_mode(mode)
                == if wanted == Wanted::File { FileType::RegularFile } else { FileType::Directory }
        };
        // Looked at first: opening a device may do something.
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if right(found.st_mode) => {}
            Ok(_) => return Err(misplaced(&path, wanted)),
            Err(Errno::NOENT) => return Ok(None),
            Err(e) => return Err(Error::io("look at", &path, e.into())),
        }
        let kind = if wanted == Wanted::Folder { OFlags::DIRECTORY } else { OFlags::NONBLOCK };
        let access = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
            Access::Append => OFlags::RDWR | OFlags::APPEND,
        };
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind;
        // And once more when it is open: another may have been put there meanwhile.
        let opened = rustix::fs::openat(&self.descriptor, name, flags, Mode::empty())
            .and_then(|opened| Ok((rustix::fs::fstat(&opened)?, opened)));
        match opened {
            Ok((found, opened)) if right(found.st_mode) => Ok(Some(opened)),
            Ok(_) | Err(Errno::LOOP | Errno::NOTDIR) => Err(misplaced(&path, wanted)),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(Error::io("open", &path, e.into())),
        }
    }

    /// True if it is there.
    #[cfg(not(unix))]
    fn look(&self, name: &Path, wanted: Wanted) -> Result<bool> {
        let path = self.path.join(name);
        match path.symlink_metadata() {
            Ok(found) if wanted == Wanted::File && found.is_file() => Ok(true),
            Ok(found) if wanted == Wanted::Folder && found.is_dir() => Ok(true),
            Ok(_) => Err(misplaced(&path, wanted)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("look at", &path, e)),
        }
    }
}

/// Damage: something else stands where a file or folder belongs.
pub(super) fn misplaced(path: &Path, wanted: Wanted) -> Error {
    let wanted = if wanted == Wanted::File { "file" } else { "folder" };
    let way_out = "links and devices are not followed: move it away, then run `mlops fsck`";
    Error::corrupt(path, 0, format!("it is no {wanted}; {way_out}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_beneath_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("inner")).unwrap();
        std::fs::write(root.join("file"), "inside").unwrap();
        std::fs::write(dir.path().join("secret"), "outside").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("link")).unwrap();
        std::os::unix::fs::symlink("..", root.join("out")).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
        assert!(pipe.success());
        let folder = Folder::root(&root).unwrap();
        assert_eq!(folder.names().unwrap(), ["file", "inner", "link", "out", "pipe"]);
        assert!(folder.file(Path::new("file")).unwrap().is_some());
        assert!(folder.folder(Path::new("inner")).unwrap().is_some());
        assert!(
            folder.file(Path::new("none")).unwrap().is_none() && folder.folder(Path::new("none")).unwrap().is_none()
        );
        for name in ["link", "inner", "pipe", "out"] {
            let error = folder.file(Path::new(name)).unwrap_err();
            assert!(matches!(&error, Error::Corrupt { path, .. } if *path == root.join(name)), "{error}");
        }
        for name in ["link", "file", "pipe", "out"] {
            assert!(matches!(folder.folder(Path::new(name)), Err(Error::Corrupt { .. })), "{name}");
        }
    }
}
