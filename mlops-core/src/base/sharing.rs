//! Who may use the files of a store, and the modes that say so.

use std::path::Path;

use crate::error::{Error, Result};

/// Who may use the files of a store. It is chosen when the store is made; from then on the mode of its folder says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Its user alone: folders are 0700, files 0600.
    #[default]
    Private,
    /// The group of the folder: folders are 2770, so that what is made in them is the group's too, files 0660. Not on
    /// Windows.
    Group,
}

impl Sharing {
    /// What the folder of a store says; private if it cannot be looked at.
    pub fn of(folder: &Path) -> Self {
        const GROUP: u32 = 0o2070;
        if mode(folder).is_some_and(|mode| mode & GROUP == GROUP) { Self::Group } else { Self::Private }
    }

    /// What is called `private` or `group`.
    ///
    /// # Errors
    /// `InvalidArgument` for anything else.
    pub fn named(name: &str) -> Result<Self> {
        [Self::Private, Self::Group].into_iter().find(|one| one.name() == name).ok_or_else(|| Error::InvalidArgument {
            what: "shared".into(),
            value: name.escape_debug().to_string(),
            expected: "`group`, or nothing for a private store".into(),
        })
    }

    /// `private` or `group`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
        }
    }

    /// The mode of a folder.
    pub(crate) fn folder_mode(self) -> u32 {
        match self {
            Self::Private => 0o700,
            Self::Group => 0o2770,
        }
    }

    /// The mode of a file.
    pub(crate) fn file_mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Group => 0o660,
        }
    }
}

/// True if nobody but this user may put files into a folder, as far as modes say.
pub(crate) fn is_own(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let found = folder.metadata();
        found.is_ok_and(|found| found.mode() & 0o022 == 0 && found.uid() == rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    folder.is_dir()
}

/// The mode of a file or folder, without its kind; None where there are none.
fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        path.metadata().ok().map(|found| found.mode() & 0o7777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// The bits of a mode, in the type that the system has for them.
#[cfg(unix)]
pub(crate) fn bits(mode: u32) -> rustix::fs::Mode {
    #[cfg_attr(target_os = "linux", expect(clippy::useless_conversion, reason = "elsewhere the type is a smaller one"))]
    rustix::fs::Mode::from_raw_mode(mode.try_into().unwrap_or_default())
}

/// Gives an open file or folder its mode, whatever the umask took. A file system without modes, and one's right to
/// set that of another user's file, are none of its concern.
#[cfg(unix)]
pub(crate) fn settle(open: impl rustix::fd::AsFd, mode: u32) -> std::io::Result<()> {
    use rustix::fs::{Mode, fchmod, fstat};
    use rustix::io::Errno;
    if Mode::from_raw_mode(fstat(&open)?.st_mode) & bits(0o7777) == bits(mode) {
        return Ok(());
    }
    match fchmod(&open, bits(mode)) {
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) | Ok(()) => Ok(()),
        Err(e) => Err(e.into()),
    }
}
