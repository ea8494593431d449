//! Where a file operation happens: at a path, or beneath the folder of a store, and then never through a link.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::beneath::{Access, Folder, Wanted, misplaced};
use crate::error::{Error, Result};

/// A name, and the folder that holds it where that is beneath a root.
#[derive(Debug)]
pub(super) struct Place<'a> {
    path: &'a Path,
    /// The folder and the name in it; None: the path is used as it is, and links in it are followed.
    beneath: Option<(Folder, &'a Path)>,
}

impl<'a> Place<'a> {
    /// Finds a path; the folders between `root` and it must be real.
    ///
    /// # Errors
    /// `Io`, with the kind `NotFound` if a folder above it is missing; `Corrupt` if something else stands there.
    pub(super) fn find(root: Option<&Path>, path: &'a Path) -> Result<Self> {
        let inner = root.and_then(|root| Some((root, path.strip_prefix(root).ok()?)));
        let (Some((root, inner)), Some(name)) = (inner, path.file_name()) else {
            return Ok(Self { path, beneath: None });
        };
        let Some(above) = inner.parent() else { return Ok(Self { path, beneath: None }) };
        let absent = || Error::io("find", path, io::ErrorKind::NotFound.into());
        let folder = walk(root, above)?.ok_or_else(absent)?;
        Ok(Self { path, beneath: Some((folder, Path::new(name))) })
    }

    /// The folder at a path; None if there is none.
    ///
    /// # Errors
    /// `Corrupt` if something else stands there; `Io`.
    pub(super) fn folder(root: Option<&Path>, path: &Path) -> Result<Option<Folder>> {
        match root.and_then(|root| Some((root, path.strip_prefix(root).ok()?))) {
            Some((root, inner)) => walk(root, inner),
            None => walk(path, Path::new("")),
        }
    }

    /// The folders from `root` to `path`, outermost first; without a root those that are missing.
    pub(super) fn folders_to(root: Option<&Path>, path: &Path) -> Vec<PathBuf> {
        let root = root.filter(|root| path.starts_with(root));
        let wanted = |above: &&Path| match root {
            Some(root) => above.starts_with(root),
            None => !above.as_os_str().is_empty() && !above.is_dir(),
        };
        let mut folders: Vec<PathBuf> = path.ancestors().take_while(wanted).map(Path::to_path_buf).collect();
        folders.reverse();
        folders
    }

    /// Opens a file that exists, never waiting: a pipe in its place would have `open` wait for its other end for ever.
    pub(super) fn open(&self, access: Access) -> Result<File> {
        if let Some((folder, name)) = &self.beneath {
            let opened = folder.open_file(name, access)?;
            return opened.ok_or_else(|| Error::io("open", self.path, io::ErrorKind::NotFound.into()));
        }
        let mut options = File::options();
        options.read(true).write(access == Access::Write).append(access == Access::Append);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        let wanted = |e: io::Error| match e.kind() {
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => misplaced(self.path, Wanted::File),
            _ if is_loop(&e) => misplaced(self.path, Wanted::File),
            _ => Error::io("open", self.path, e),
        };
        let file = options.open(self.path).map_err(wanted)?;
        let found = file.metadata().map_err(|e| Error::io("look at", self.path, e))?;
        if found.is_file() { Ok(file) } else { Err(misplaced(self.path, Wanted::File)) }
    }
}

/// Goes down from a folder by real folders only; None if one is missing.
fn walk(root: &Path, inner: &Path) -> Result<Option<Folder>> {
    let mut folder = match Folder::root(root) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotADirectory || is_loop(&source) => {
            return Err(misplaced(root, Wanted::Folder));
        }
        opened => opened?,
    };
    for part in inner.components() {
        let Component::Normal(name) = part else {
            return Err(Error::internal(format!("{} is no path of a store", root.join(inner).display())));
        };
        match folder.folder(Path::new(name))? {
            Some(next) => folder = next,
            None => return Ok(None),
        }
    }
    Ok(Some(folder))
}

fn is_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::ELOOP);
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

#[cfg(unix)]
mod unix {
    use rustix::fd::BorrowedFd;
    use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags};
    use rustix::io::Errno;

    use super::{Error, File, Place, Result, Wanted, io, misplaced};
    use crate::base::sharing::{bits, settle};

    impl Place<'_> {
        fn at(&self) -> (BorrowedFd<'_>, &std::path::Path) {
            match &self.beneath {
                Some((folder, name)) => (folder.descriptor(), name),
                None => (CWD, self.path),
            }
        }

        /// Makes a new file of a mode.
        pub(in super::super) fn create(&self, mode: u32) -> io::Result<File> {
            let (at, name) = self.at();
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = fs::openat(at, name, flags, bits(mode))?;
            settle(&made, mode)?;
            Ok(made.into())
        }

        /// Makes a folder of a mode; fine if there is one.
        pub(in super::super) fn make_folder(&self, mode: u32) -> Result<()> {
            let (at, name) = self.at();
            let flags = if self.beneath.is_some() { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
            let is_folder = || match fs::statat(at, name, flags) {
                Ok(found) if FileType::from_raw_mode(found.st_mode).is_dir() => Ok(true),
                Err(Errno::NOENT) => Ok(false),
                Ok(_) => Err(misplaced(self.path, Wanted::Folder)),
                Err(e) => Err(Error::io("look at", self.path, e.into())),
            };
            if is_folder()? {
                return Ok(());
            }
            match fs::mkdirat(at, name, bits(mode)) {
                Ok(()) => self.settle_folder(mode).map_err(|e| Error::io("set the mode of", self.path, e)),
                // Another was first, or a link that leads nowhere stands there.
                Err(Errno::EXIST) if is_folder()? => Ok(()),
                Err(Errno::EXIST) => Err(misplaced(self.path, Wanted::Folder)),
                Err(e) => Err(Error::io("create folder", self.path, e.into())),
            }
        }

        /// Gives a folder that was just made its mode. Another may stand in its place by now: no link is followed.
        fn settle_folder(&self, mode: u32) -> io::Result<()> {
            let (at, name) = self.at();
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match fs::openat(at, name, flags | OFlags::RDONLY, Mode::empty()) {
                Ok(made) => settle(&made, mode),
                #[cfg(target_os = "linux")]
                Err(Errno::ACCESS) => {
                    use rustix::fd::AsRawFd;
                    // The umask took the right to read it from its own maker.
                    let made = fs::openat(at, name, flags | OFlags::PATH, Mode::empty())?;
                    Ok(fs::chmod(format!("/proc/self/fd/{}", made.as_raw_fd()), bits(mode))?)
                }
                Err(e) => Err(e.into()),
            }
        }

        /// Gives it another name, replacing what has that.
        pub(in super::super) fn rename(&self, to: &Self) -> io::Result<()> {
            let ((from_at, from), (to_at, to)) = (self.at(), to.at());
            Ok(fs::renameat(from_at, from, to_at, to)?)
        }

        /// Unlinks it; a link itself, not what it leads to.
        pub(in super::super) fn remove(&self) -> io::Result<()> {
            let (at, name) = self.at();
            Ok(fs::unlinkat(at, name, AtFlags::empty())?)
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::{Error, File, Place, Result, Wanted, io, misplaced};

    impl Place<'_> {
        /// Makes a new file.
        pub(in super::super) fn create(&self, _: u32) -> io::Result<File> {
            File::options().read(true).write(true).create_new(true).open(self.path)
        }

        /// Makes a folder; fine if there is one.
        pub(in super::super) fn make_folder(&self, _: u32) -> Result<()> {
            match std::fs::create_dir(self.path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    let found = self.path.symlink_metadata().is_ok_and(|found| found.is_dir());
                    if found || self.beneath.is_none() && self.path.is_dir() {
                        return Ok(());
                    }
                    Err(misplaced(self.path, Wanted::Folder))
                }
                made => made.map_err(|e| Error::io("create folder", self.path, e)),
            }
        }

        /// Gives it another name, replacing what has that.
        pub(in super::super) fn rename(&self, to: &Self) -> io::Result<()> {
            std::fs::rename(self.path, to.path)
        }

        /// Unlinks it.
        pub(in super::super) fn remove(&self) -> io::Result<()> {
            std::fs::remove_file(self.path)
        }
    }
}
