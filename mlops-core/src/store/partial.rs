//! A folder that is not whole yet: beside its final place, under a name that nobody takes for it.

use std::path::{Path, PathBuf};

use super::backup::taken;
use crate::base::files::{FileHandle, Files};
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::error::{Error, Result};

/// Locked while the folder is being filled: one whose lock is free was left by a process that died.
const LOCK: &str = "lock";

/// Is removed with all that is in it unless it is finished.
#[derive(Debug)]
pub(super) struct Partial {
    files: Files,
    path: PathBuf,
    _lock: FileHandle,
}

impl Partial {
    /// Makes the folder that is to become `dest`, and removes what killed processes left of the same.
    pub(super) fn create(files: &Files, dest: &Path) -> Result<Self> {
        let (parent, name) = (dest.parent().unwrap_or(dest), dest.file_name().unwrap_or_default());
        let prefix = format!(".{}.partial-", name.display());
        remove_left_behind(files, parent, &prefix);
        let path = parent.join(prefix + &TimeOrderedIds.next_hex());
        files.create_dir_all(&path)?;
        match files.create_new(&path.join(LOCK)) {
            Ok(lock) => {
                // On a file system without locks, what is left behind stays.
                let _ = lock.try_lock();
                Ok(Self { files: files.clone(), path, _lock: lock })
            }
            Err(e) => {
                let _ = std::fs::remove_dir_all(&path);
                Err(e)
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name, for good.
    pub(super) fn finish(self, dest: &Path) -> Result<()> {
        use std::io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
        match self.files.rename(&self.path, dest) {
            // Somebody put something there meanwhile.
            Err(Error::Io { source, .. })
                if matches!(source.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory) =>
            {
                return Err(taken(dest));
            }
            renamed => renamed?,
        }
        // Whoever opens the folder makes its own; without the removal nothing is wrong.
        let _ = self.files.remove(&dest.join(LOCK));
        self.files.sync_parent(dest)
    }

    /// Gives the folder the name of one that is there, which goes: at any moment one of them has it.
    #[cfg(feature = "files")]
    pub(super) fn replace(self, dest: &Path) -> Result<()> {
        let _ = self.files.remove(&self.path.join(LOCK));
        if !self.files.exchange(&self.path, dest)? {
            // Two steps, where one cannot be had. What a crash leaves between them stands beside the place.
            let aside = self.path.with_extension("replaced");
            self.files.rename(dest, &aside)?;
            if let Err(error) = self.files.rename(&self.path, dest) {
                self.files.rename(&aside, dest)?;
                return Err(error);
            }
            std::fs::remove_dir_all(&aside).map_err(|e| Error::io("remove", &aside, e))?;
        }
        self.files.sync_parent(dest)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone after `finish`. What cannot be removed now is removed by the next to copy to the same place.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn remove_left_behind(files: &Files, parent: &Path, prefix: &str) {
    for path in files.list(parent).unwrap_or_default() {
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
        if !ours || !path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            continue;
        }
        let lock = files.open_write(&path.join(LOCK));
        if lock.is_ok_and(|lock| matches!(lock.try_lock(), Ok(true))) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}
