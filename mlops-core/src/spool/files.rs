//! The names of a writer's files, and which writers there are.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::mark::Mark;
use crate::base::files::{FileHandle, Files, modified};
use crate::base::os;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// How long a drained log file stays, so that a reader or a copy of the folder that is under way meets no gap.
pub const DRAINED_STAYS: Duration = Duration::from_hours(1);

/// Where one writer's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterFiles {
    /// The folder that holds them.
    pub folder: PathBuf,
    /// The writer.
    pub writer: Uuid,
}

impl WriterFiles {
    /// The file whose lock says that the writer lives.
    pub fn lock_path(&self) -> PathBuf {
        self.folder.join(format!("{}.lock", self.writer.simple()))
    }

    /// The `number`th log file.
    pub fn log_path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{}-{number:06}.log", self.writer.simple()))
    }

    /// The numbers of the log files that exist, in order.
    ///
    /// # Errors
    /// `Io`.
    pub fn log_numbers(&self, files: &Files) -> Result<Vec<u32>> {
        let prefix = format!("{}-", self.writer.simple());
        let number =
            |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix(&prefix)?.strip_suffix(".log")?.parse().ok();
        Ok(files.list(&self.folder)?.iter().filter_map(number).collect())
    }

    /// A place that no record before this call is behind.
    ///
    /// # Errors
    /// `Io`.
    pub fn end(&self, files: &Files) -> Result<Mark> {
        let Some(file) = self.log_numbers(files)?.pop() else { return Ok(Mark::default()) };
        let offset = std::fs::metadata(self.log_path(file)).map_or(0, |meta| meta.len());
        Ok(Mark { file, offset, seq: 0 })
    }

    /// Takes the lock of a writer that is dead. None if it lives, another process drains it, or nothing of it is left.
    ///
    /// # Errors
    /// `Io`.
    pub fn lock_if_dead(&self, files: &Files) -> Result<Option<FileHandle>> {
        let path = self.lock_path();
        loop {
            let file = match files.open_write(&path) {
                Err(e) if is_kind(&e, ErrorKind::NotFound) => {
                    if self.log_numbers(files)?.is_empty() {
                        return Ok(None);
                    }
                    // A crash between the unlink of the lock and that of the last log: nobody can be alive.
                    match files.create_new(&path) {
                        Err(e) if is_kind(&e, ErrorKind::AlreadyExists) => continue,
                        made => made?,
                    }
                }
                opened => opened?,
            };
            if !file.try_lock().map_err(|e| Error::io("lock", &path, e))? {
                return Ok(None);
            }
            // Who had it until now may have drained and removed all, and another made it again.
            if file.is_at_its_path()? {
                return Ok(Some(file));
            }
        }
    }

    /// True if the writer lives, as far as can be told without changing anything.
    ///
    /// # Errors
    /// `Io`.
    pub fn is_alive(&self, files: &Files) -> Result<bool> {
        match files.open_read(&self.lock_path()) {
            Ok(lock) => Ok(os::is_locked(lock.file())),
            Err(e) if is_kind(&e, ErrorKind::NotFound) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// When the writer last said that it lives; None if it left no lock file.
    pub fn heartbeat(&self) -> Option<Timestamp> {
        modified(&self.lock_path())
    }

    /// When the newest log file was last written.
    ///
    /// # Errors
    /// `Io`.
    pub fn last_write(&self, files: &Files) -> Result<Option<Timestamp>> {
        Ok(self.log_numbers(files)?.last().and_then(|number| modified(&self.log_path(*number))))
    }
}

fn is_kind(error: &Error, kind: ErrorKind) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == kind)
}

/// The writers that have files in `folder`, oldest first.
///
/// # Errors
/// `Io`.
pub fn list_writers(files: &Files, folder: &Path) -> Result<Vec<WriterFiles>> {
    let writer = |path: &PathBuf| Uuid::try_parse(path.file_name()?.to_str()?.get(..32)?).ok();
    let mut writers: Vec<Uuid> = files.list(folder)?.iter().filter_map(writer).collect();
    writers.dedup();
    Ok(writers.into_iter().map(|writer| WriterFiles { folder: folder.to_path_buf(), writer }).collect())
}
