//! A process that never owns, while nobody does: it reads what stands in the files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lock;
use crate::base::files::{Files, modified};
use crate::base::time::Timestamp;
use crate::error::Result;
use crate::storage::Storage;

/// The state of the store at a moment, for as long as nobody changes it.
#[derive(Debug)]
pub(super) struct Reader {
    folder: PathBuf,
    files: Files,
    storage: Arc<dyn Storage>,
    seen: Seen,
}

/// What changes when the journal does: its files, with their sizes and times.
type Seen = Vec<(PathBuf, u64, Option<Timestamp>)>;

impl Reader {
    pub(super) fn open(
        folder: &Path,
        files: &Files,
        read: &Arc<dyn Fn() -> Result<Arc<dyn Storage>> + Send + Sync>,
    ) -> Result<Self> {
        let seen = look(folder, files);
        Ok(Self { folder: folder.to_path_buf(), files: files.clone(), storage: read()?, seen })
    }

    pub(super) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// True if still nobody owns the store, and nobody did since it was read.
    pub(super) fn is_current(&self) -> bool {
        lock::is_free(&self.folder, &self.files) && look(&self.folder, &self.files) == self.seen
    }
}

fn look(folder: &Path, files: &Files) -> Seen {
    let paths = files.list(&folder.join("journal")).unwrap_or_default();
    let size = |path: &PathBuf| path.metadata().map_or(0, |found| found.len());
    paths.into_iter().map(|path| (path.clone(), size(&path), modified(&path))).collect()
}
