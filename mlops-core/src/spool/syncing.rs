//! What of a spool is on the disk, and who forces the rest there: one thread for all that wait.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use crate::base::files::{FileHandle, Files};
use crate::error::{Error, Result};
use crate::log::{LogWriter, Unsynced};

/// How far the records of a spool are on the disk.
#[derive(Debug, Default)]
pub(super) struct Syncing {
    /// The number behind the last record that is known to be on the disk.
    pub(super) done: u64,
    /// A thread forces records to the disk, and the lock of the spool is free meanwhile.
    pub(super) at_work: bool,
    /// The end of what `parts` have, or a thread at work has, of the newest file.
    noted: u64,
    /// What is to be forced to the disk, but for the rest of the newest file.
    parts: Vec<Unsynced>,
    /// A file has got its name since the folder was last forced to the disk.
    new_name: bool,
    /// What the last attempt failed with, if none has succeeded since.
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    /// The number behind the last record that the attempt was for.
    upto: u64,
    error: Error,
}

/// What one thread forces to the disk.
#[derive(Debug)]
pub(super) struct Work {
    upto: u64,
    parts: Vec<Unsynced>,
    new_name: bool,
}

impl Syncing {
    /// A file was made, which is the newest from now on; `before` is the one that was.
    pub(super) fn next_file(&mut self, before: Option<&LogWriter>) {
        if let Some(before) = before {
            self.note(before.file(), before.end());
        }
        self.noted = 0;
        self.new_name = true;
    }

    fn note(&mut self, file: Arc<FileHandle>, end: u64) {
        if self.noted < end {
            if !self.parts.last_mut().is_some_and(|last| last.extend(&file, end)) {
                self.parts.push(Unsynced::new(file, self.noted, end));
            }
            self.noted = end;
        }
    }

    /// True if files before the newest are to be forced to the disk.
    pub(super) fn has_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The error of an attempt that was for the record with this number.
    pub(super) fn failure(&self, seq: u64) -> Option<Error> {
        self.failed.as_ref().filter(|failed| seq < failed.upto).map(|failed| again(&failed.error))
    }

    /// Takes all that is to be forced to the disk.
    pub(super) fn begin(&mut self, newest: &LogWriter) -> Work {
        self.at_work = true;
        self.note(newest.file(), newest.end());
        Work {
            upto: newest.next_seq(),
            parts: std::mem::take(&mut self.parts),
            new_name: std::mem::take(&mut self.new_name),
        }
    }

    /// Notes how it went; what is not on the disk is taken by the next attempt.
    pub(super) fn end(&mut self, mut work: Work, outcome: Result<()>) {
        self.at_work = false;
        match outcome {
            Ok(()) => {
                self.done = self.done.max(work.upto);
                self.failed = None;
            }
            Err(error) => {
                work.parts.append(&mut self.parts);
                self.parts = work.parts;
                self.new_name |= work.new_name;
                self.failed = Some(Failed { upto: work.upto, error });
            }
        }
    }
}

impl Work {
    /// Forces it to the disk, in order, after `before`: what the records name.
    pub(super) fn run(&mut self, files: &Files, folder: &Path, before: &impl Fn() -> Result<()>) -> Result<()> {
        before().map_err(|error| in_doubt(folder, error))?;
        for part in &mut self.parts {
            part.sync().map_err(|error| in_doubt(folder, error))?;
        }
        if self.new_name {
            files.sync_dir(folder).map_err(|error| in_doubt(folder, error))?;
        }
        Ok(())
    }
}

/// The error of records that stand in the spool and that a power loss may take, or not. It never says that there is no
/// room: that would be said of a record that is not there.
fn in_doubt(folder: &Path, error: Error) -> Error {
    let source = match error {
        Error::Io { source, .. } if !is_full(&source) => source,
        other => io::Error::other(other.to_string()),
    };
    Error::io("force to the disk what was logged (it is kept unless the power goes) in", folder, source)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// The same error, for another call that waited.
fn again(error: &Error) -> Error {
    match error {
        Error::Io { action, path, source } => {
            let source = match source.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::other(source.to_string()),
            };
            Error::io(action, path, source)
        }
        other => Error::internal(other.to_string()),
    }
}
