//! What was appended and may not be on the disk yet.

use std::sync::Arc;

use crate::base::files::FileHandle;
use crate::error::{Error, Result};

/// Bytes of a file that are to be forced to the disk.
#[derive(Debug)]
pub struct Unsynced {
    file: Arc<FileHandle>,
    from: u64,
    to: u64,
    /// After a failed sync the system may take the bytes for written, so they must be written again.
    failed: bool,
}

impl Unsynced {
    /// The bytes from `from` up to `to`, which nobody changes any more.
    pub fn new(file: Arc<FileHandle>, from: u64, to: u64) -> Self {
        Self { file, from, to, failed: false }
    }

    /// Where the bytes begin.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// Takes the bytes behind these up to `to` too. False if they are of another file, or a sync of these failed.
    pub fn extend(&mut self, file: &Arc<FileHandle>, to: u64) -> bool {
        let fits = Arc::ptr_eq(&self.file, file) && !self.failed;
        if fits {
            self.to = to;
        }
        fits
    }

    /// Forces the bytes to the disk; after a failure they are written again first, so that a later success is true.
    ///
    /// # Errors
    /// `Io`; nobody knows then what is on the disk. `Corrupt` if the file was cut by somebody else.
    pub fn sync(&mut self) -> Result<()> {
        if self.failed {
            self.write_again()?;
        }
        let synced = self.file.sync();
        self.failed = synced.is_err();
        synced
    }

    fn write_again(&self) -> Result<()> {
        let mut chunk = vec![0; 1 << 20];
        let mut at = self.from;
        while at < self.to {
            let rest = usize::try_from(self.to - at).unwrap_or(usize::MAX);
            let read = self.file.read_at(&mut chunk, at)?.min(rest);
            if read == 0 {
                return Err(Error::corrupt(self.file.path(), at, "the file was cut while it was written to"));
            }
            self.file.write_at(chunk.get(..read).unwrap_or_default(), at)?;
            at += read as u64;
        }
        Ok(())
    }
}
