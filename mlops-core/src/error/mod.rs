//! The one error type, and the one table of codes.

mod code;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use code::{Code, CodeRow, TABLE};

/// What every fallible call returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with the value and the way out. [`Error::code`] gives its row of the table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is not what it must be.
    #[error("{what} `{value}` is not valid: expected {expected}")]
    InvalidArgument {
        /// Which argument.
        what: String,
        /// Its value.
        value: String,
        /// What would have been accepted.
        expected: String,
    },
    /// A filter or an order is not in the language.
    #[error("{detail}")]
    InvalidQuery {
        /// `filter`, `order` or `column`.
        what: &'static str,
        /// The whole text.
        text: String,
        /// Where what is unexpected begins, in bytes of the text.
        offset: usize,
        /// How long that is, in bytes; 0 where something is missing at the end.
        length: usize,
        /// What is unexpected at which character and what was expected, then an excerpt with the place marked.
        detail: String,
    },
    /// The named thing does not exist.
    #[error("{what} `{id}` does not exist{hint}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id, name or path.
        id: String,
        /// Empty, or a text that begins with `; ` and says what to do.
        hint: String,
    },
    /// The thing to be created exists.
    #[error("{what} `{id}` already exists{hint}")]
    AlreadyExists {
        /// What kind of thing.
        what: &'static str,
        /// Its id, name or path.
        id: String,
        /// Empty, or a text that begins with `; ` and says what to do.
        hint: String,
    },
    /// The call contradicts what is stored.
    #[error("{detail}")]
    Conflict {
        /// What contradicts what, and what to do.
        detail: String,
    },
    /// The thing is in a state that does not allow the call.
    #[error("{detail}")]
    InvalidState {
        /// Which thing, its state, and what to do.
        detail: String,
    },
    /// Something is larger than its limit.
    #[error("{what} is {size} {unit}, over the limit of {limit}")]
    LimitExceeded {
        /// What is too large.
        what: String,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
        /// The unit of both.
        unit: &'static str,
    },
    /// Another process holds the store and cannot be asked from here.
    #[error("the store at {} is in use by {}{hint}", path.display(), holder(*pid, host))]
    Locked {
        /// The store's folder.
        path: PathBuf,
        /// The holder's process id; 0 if it could not be read.
        pid: u32,
        /// The holder's host name; empty if it could not be read.
        host: String,
        /// A text that begins with `; ` and says what to do.
        hint: String,
    },
    /// The process that owns the store does not answer.
    #[error("{} owns the store at {} and has not answered for {} s{}", holder(*pid, host), path.display(), waited.as_secs_f32(), go_on(*pid))]
    Unanswered {
        /// The store's folder.
        path: PathBuf,
        /// The owner's process id; 0 if it could not be read.
        pid: u32,
        /// The owner's host name; empty if it could not be read.
        host: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// No process owns the store, and this one was opened so that it never does.
    #[error("no process owns the store at {}, and this one was opened with may_own = false; open it elsewhere first, or here without that", path.display())]
    NoOwner {
        /// The store's folder.
        path: PathBuf,
    },
    /// Stored bytes do not match their checksum or their form.
    #[error("{} is damaged{}: {detail}", path.display(), at_byte(*offset))]
    Corrupt {
        /// The file, or what is kept in several.
        path: PathBuf,
        /// Where in the file, in bytes; [`NO_OFFSET`] where that says nothing.
        offset: u64,
        /// What does not match, and what to do.
        detail: String,
    },
    /// The store was written by a newer version.
    #[error("{} has format version {found}, newer than {known}, the newest that this version of mlops reads; upgrade mlops", path.display())]
    NewerFormat {
        /// The file or folder.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version known.
        known: u32,
    },
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `write`, `open`...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Records of a run were dropped because the disk was full, or its end could not be written.
    #[error("{}", dropped(run, *count, *ended))]
    Dropped {
        /// The run.
        run: String,
        /// How many records this end notes in the run's tag.
        count: u64,
        /// The run has ended. False: its end is written as soon as there is room, while this process lives.
        ended: bool,
    },
    /// The store was opened for reading, or its folder does not allow writing.
    #[error("{what} is read-only; {hint}")]
    ReadOnly {
        /// What was to be changed.
        what: String,
        /// What to do.
        hint: String,
    },
    /// Loading would run code from a store that this user has not trusted.
    #[error("{detail}")]
    Untrusted {
        /// What is not trusted, and what to do.
        detail: String,
    },
    /// A policy does not allow it.
    #[error("{detail}")]
    Denied {
        /// What the policy asks for, what is missing, and what to do.
        detail: String,
    },
    /// What it rests on was made of a state that is not the current one any more.
    #[error("{detail}")]
    Stale {
        /// What was found, what is there now, and what to do.
        detail: String,
    },
    /// This build, engine or platform cannot do it.
    #[error("{detail}")]
    Unsupported {
        /// What cannot be done, and what can.
        detail: String,
    },
    /// The thing is used by another thread or process at this moment.
    #[error("{detail}")]
    Busy {
        /// What is busy.
        detail: String,
    },
    /// A bug in mlops, or a dependency that failed.
    #[error("internal error: {detail}")]
    Internal {
        /// What happened.
        detail: String,
    },
}

/// The offset of what is damaged as a whole, or is no file.
pub const NO_OFFSET: u64 = u64::MAX;

fn at_byte(offset: u64) -> String {
    if offset == NO_OFFSET { String::new() } else { format!(" at byte {offset}") }
}

impl Error {
    /// The row of the table that this error belongs to.
    pub fn code(&self) -> Code {
        match self {
            Self::InvalidArgument { .. } | Self::InvalidQuery { .. } => Code::InvalidArgument,
            Self::NotFound { .. } => Code::NotFound,
            Self::AlreadyExists { .. } => Code::AlreadyExists,
            Self::Conflict { .. } => Code::Conflict,
            Self::InvalidState { .. } => Code::InvalidState,
            Self::LimitExceeded { .. } => Code::LimitExceeded,
            Self::Locked { .. } | Self::Unanswered { .. } => Code::Locked,
            Self::NoOwner { .. } => Code::NoOwner,
            Self::Corrupt { .. } => Code::Corrupt,
            Self::NewerFormat { .. } => Code::NewerFormat,
            Self::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::OutOfSpace,
                _ => Code::Io,
            },
            Self::Dropped { .. } => Code::OutOfSpace,
            Self::ReadOnly { .. } => Code::ReadOnly,
            Self::Untrusted { .. } => Code::Untrusted,
            Self::Denied { .. } => Code::Denied,
            Self::Stale { .. } => Code::Stale,
            Self::Unsupported { .. } => Code::Unsupported,
            Self::Busy { .. } => Code::Busy,
            Self::Internal { .. } => Code::Internal,
        }
    }

    /// Wraps an error of the operating system.
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.to_path_buf(), source }
    }

    /// The same error; one of a folder that may not be written says so, and what to do.
    pub(crate) fn in_folder(self, folder: &Path) -> Self {
        match self {
            Self::Io { .. } if self.code() == Code::ReadOnly => Self::ReadOnly {
                what: format!("the folder {}", folder.display()),
                hint: format!("name another store, or get the right to write there ({self})"),
            },
            other => other,
        }
    }

    /// A mismatch in a file.
    pub(crate) fn corrupt(path: &Path, offset: u64, detail: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_path_buf(), offset, detail: detail.into() }
    }

    /// Something that does not exist, without a hint.
    pub(crate) fn not_found(what: &'static str, id: impl Into<String>) -> Self {
        Self::NotFound { what, id: id.into(), hint: String::new() }
    }

    /// A bug.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::Internal { detail: detail.into() }
    }
}

/// What to do about a process that does not answer.
fn go_on(pid: u32) -> String {
    let command = if pid == 0 { String::new() } else { format!(" (kill -CONT {pid})") };
    format!("; if it is stopped let it go on{command}, or end it: another takes over then")
}

/// What became of a run whose disk was full.
fn dropped(run: &str, count: u64, ended: bool) -> String {
    let records = if count == 1 { "record" } else { "records" };
    if ended {
        return format!(
            "{count} {records} of run `{run}` could not be kept because the disk was full; the run has ended, and its tag \
             `mlops.dropped_records` says how many"
        );
    }
    format!(
        "the disk is full: {count} {records} of run `{run}` could not be kept, and its end is written as soon as there is \
         room, while this process lives; free some space"
    )
}

/// Who holds a lock, in words.
fn holder(pid: u32, host: &str) -> String {
    if pid == 0 { "another process".into() } else { format!("process {pid} on host {host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_of_the_table_are_unique_and_sorted() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].number < pair[1].number, "{pair:?}");
            assert_ne!(pair[0].python_class, pair[1].python_class);
        }
    }

    #[test]
    fn a_full_disk_is_its_own_code() {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Error::io("write", Path::new("x"), source).code(), Code::OutOfSpace);
    }
}
