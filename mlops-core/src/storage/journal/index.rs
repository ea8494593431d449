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

    /// The last commit that the index has, as far as that is known without opening it: 0 if there is none.
    fn reaches(&self) -> Option<u64>;

    /// Notes that the index, which was flushed, has the commits up to `seq`. The next [`open`](Self::open) forgets it.
    ///
    /// # Errors
    /// `Io`: then it is not known.
    fn note(&self, seq: u64) -> Result<()>;

    /// The name of the engine; None where nothing is kept, so that there is nothing to open.
    fn engine(&self) -> Option<&'static str>;

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

    fn reaches(&self) -> Option<u64> {
        Some(0)
    }

    fn note(&self, _seq: u64) -> Result<()> {
        Ok(())
    }

    fn engine(&self) -> Option<&'static str> {
        None
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
    use crate::base::sealed;
    use crate::error::Result;
    use crate::storage::Storage;
    use crate::storage::sled::SledStorage;

    /// The index on disk, in a folder of its own. The file `reaches` in it says how far it was brought by who closed it; it
    /// is there only while nobody has opened it since.
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

        fn noted(&self) -> PathBuf {
            self.folder.join("reaches")
        }
    }

    impl Index for SledIndex {
        fn open(&self) -> Result<Arc<dyn Storage>> {
            if self.noted().symlink_metadata().is_ok() {
                self.files.remove(&self.noted())?;
                // It must not come back after a power loss: the index may be further by then.
                self.files.sync_dir(&self.folder)?;
            }
            Ok(Arc::new(SledStorage::open_with(&self.folder, &self.files)?))
        }

        fn reaches(&self) -> Option<u64> {
            if self.folder.symlink_metadata().is_err() {
                return Some(0);
            }
            // Whoever else could read it, because an older version let them, does not have to wait until it is opened.
            self.files.settle_folder(&self.folder).ok()?;
            let bytes = self.files.read(&self.noted()).ok()??;
            sealed::open(&bytes)?.strip_prefix("commit ")?.trim_end().parse().ok()
        }

        fn note(&self, seq: u64) -> Result<()> {
            let (tmp, text) = (self.noted().with_extension("tmp"), sealed::seal(&format!("commit {seq}\n")));
            self.files.remove(&tmp)?;
            // Not forced to the disk: without it, or with half of it, the next to open only takes longer.
            self.files.create_new(&tmp)?.write_at(text.as_bytes(), 0)?;
            self.files.rename(&tmp, &self.noted())
        }

        fn engine(&self) -> Option<&'static str> {
            Some("sled")
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
