//! What a journal can stand on: an index that can be thrown away and made again.

use std::fmt::Debug;
use std::sync::Arc;

use crate::error::Result;
use crate::storage::Storage;
use crate::storage::memory::MemoryStorage;

/// Gives the index beneath a journal.
pub trait Index: Send + Sync + Debug {
    /// Opens the index as it is; a new one if there is none.
    ///
    /// # Errors
    /// Any, `Corrupt` and `Io` among them: the journal then puts the index aside and makes it again.
    fn open(&self) -> Result<Arc<dyn Storage>>;

    /// Puts the index out of the way, so that the next [`open`](Self::open) gives a new one.
    ///
    /// # Errors
    /// `Io`.
    fn set_aside(&self) -> Result<()>;
}

/// An index in memory, made anew at every open.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryIndex;

impl Index for MemoryIndex {
    fn open(&self) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(MemoryStorage::default()))
    }

    fn set_aside(&self) -> Result<()> {
        Ok(())
    }
}

#[cfg(feature = "sled")]
pub use on_disk::SledIndex;

#[cfg(feature = "sled")]
mod on_disk {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::Index;
    use crate::base::files::Files;
    use crate::base::ids::IdSource;
    use crate::error::Result;
    use crate::storage::Storage;
    use crate::storage::sled::SledStorage;

    /// The index on disk, in a folder of its own.
    #[derive(Clone, Debug)]
    pub struct SledIndex {
        folder: PathBuf,
        trash: PathBuf,
        files: Files,
        ids: Arc<dyn IdSource>,
    }

    impl SledIndex {
        /// An index in `folder`; what is set aside goes to `trash`.
        pub fn new(folder: PathBuf, trash: PathBuf, files: Files, ids: Arc<dyn IdSource>) -> Self {
            Self { folder, trash, files, ids }
        }
    }

    impl Index for SledIndex {
        fn open(&self) -> Result<Arc<dyn Storage>> {
            Ok(Arc::new(SledStorage::open_with(&self.folder, &self.files)?))
        }

        fn set_aside(&self) -> Result<()> {
            // Not `exists`: a link that leads nowhere stands in the way too.
            if self.folder.symlink_metadata().is_err() {
                return Ok(());
            }
            self.files.create_dir_all(&self.trash)?;
            self.files.rename(&self.folder, &self.trash.join(format!("index-{}", self.ids.next_hex())))
        }
    }
}
