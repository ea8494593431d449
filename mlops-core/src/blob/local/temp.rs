//! Files under a temporary name: locked while their writer lives, renamed when whole, removed otherwise.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::files::{FileHandle, Files};
use crate::base::ids::IdSource;
use crate::base::os;
use crate::error::Result;

/// What the names of temporary files of this module end with.
pub(super) const OBJECT: &str = "blob";
pub(super) const PACK: &str = "pack";

/// Unlinks the file unless it was renamed.
#[derive(Debug)]
pub(super) struct TempFile {
    files: Files,
    path: PathBuf,
    renamed: bool,
}

impl TempFile {
    /// Makes a file with `make` at a new name in `tmp` and locks it, so that nobody takes it for a leftover.
    pub(super) fn create<T>(
        files: &Files,
        tmp: &Path,
        ids: &Arc<dyn IdSource>,
        extension: &str,
        make: impl Fn(&Path) -> Result<(T, Arc<FileHandle>)>,
    ) -> Result<(T, Self)> {
        loop {
            let path = tmp.join(format!("{}.{extension}", ids.next_hex()));
            let _no_forks = os::no_forks();
            let (made, handle) = make(&path)?;
            let temp = Self { files: files.clone(), path, renamed: false };
            // Between its creation and the lock, somebody who opens the store may have removed it.
            if !matches!(handle.try_lock(), Ok(false)) && handle.is_at_its_path()? {
                return Ok((made, temp));
            }
        }
    }

    /// Gives the file its final name.
    pub(super) fn rename(mut self, to: &Path) -> Result<()> {
        self.files.rename(&self.path, to)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if !self.renamed {
            // What stays is removed by the next to open the store.
            let _ = self.files.remove(&self.path);
        }
    }
}

/// True if a file in `tmp` is one of this module, locked while its writer lives.
pub(super) fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == OBJECT || extension == PACK)
}

/// Removes what dead writers left in `tmp`. What cannot be removed now stays for the next to open.
pub(super) fn remove_leftovers(files: &Files, tmp: &Path) -> Result<()> {
    for path in files.list(tmp)? {
        let dead = |file: FileHandle| matches!(file.try_lock(), Ok(true)).then_some(file);
        if is_ours(&path)
            && let Some(_lock) = files.open_write(&path).ok().and_then(dead)
        {
            let _ = files.remove(&path);
        }
    }
    Ok(())
}
