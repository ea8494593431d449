//! Copies of a store that are whole: backup, and restore.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use uuid::Uuid;

use super::copy::Copier;
use super::format;
use super::fsck::{self, FsckReport};
use super::local::{self, Layout};
use super::location::{self, Location};
use super::partial::Partial;
use crate::base::files::Files;
use crate::base::findings::Finding;
use crate::error::{Error, Result};

/// How a store is backed up or restored.
#[derive(Clone, Default)]
pub struct BackupOptions<'a> {
    /// What is damaged or missing is reported and does not stand in the way: damaged files are copied as they are.
    /// Default false: the first such place is an error and no copy is made.
    pub keep_going: bool,
    /// Called every megabyte or more often with how many files and bytes are copied. Default none.
    pub progress: Option<&'a dyn Fn(u64, u64)>,
    /// The file layer, for tests that let it fail. Default: the operating system's files.
    pub files: Files,
}

impl fmt::Debug for BackupOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupOptions").field("keep_going", &self.keep_going).finish_non_exhaustive()
    }
}

/// What [`backup`] or [`restore`] copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The folder of the copy, absolute.
    pub path: PathBuf,
    /// The id of the store, which the copy keeps.
    pub id: Uuid,
    /// How many files were copied and checked.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// What is damaged, one a place of the source. Empty but with [`keep_going`](BackupOptions::keep_going).
    pub findings: Vec<Finding>,
    /// What runs refer to and is damaged or missing, a line each. Empty but with
    /// [`keep_going`](BackupOptions::keep_going).
    pub lost: Vec<String>,
}

/// Copies the store at `uri` to the folder `dest`, which is made, while this process and others write to it. The copy
/// holds all that was acknowledged before the call; it is a store itself, which opens as it is. Every byte of it is
/// checked. `dest` appears when the copy is whole and on the disk, or not at all.
///
/// ```
/// use mlops_core::{BackupOptions, Store, backup, restore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = |name: &str| dir.path().join(name).display().to_string();
/// let store = Store::open(&path("store"))?;
/// let report = backup(&path("store"), &path("backup"), &BackupOptions::default())?;
/// assert_eq!(report.id, store.id());
/// restore(&path("backup"), &path("again"), &BackupOptions::default())?;
/// assert_eq!(Store::open(&path("again"))?.id(), store.id());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `NotFound` if there is no store; `AlreadyExists` if `dest` is anything but an empty folder; `InvalidArgument` if it
/// lies inside the store; `Corrupt` with file and offset for what is damaged, missing or no file (a link, a device);
/// `NewerFormat`; `Busy` if files go away faster than they are copied; `Unsupported` for a store in memory; `Io`,
/// `OutOfSpace`, `ReadOnly`.
pub fn backup(uri: &str, dest: &str, options: &BackupOptions<'_>) -> Result<BackupReport> {
    let source = folder(uri, "a store in memory has no files to copy")?;
    check_exists(&source, "store", "name another, or log a run there, which makes it")?;
    if dest.is_empty() || dest.contains('\0') {
        return Err(no_folder("destination", dest));
    }
    let dest = std::path::absolute(dest).map_err(|e| Error::io("find", Path::new(dest), e))?;
    copy(&source, &dest, options)
}

/// Makes a store at `dest` from the backup `source`, as [`backup`] makes a copy. The store keeps its id; it is trusted
/// only if that id is on this user's list already. A `source` is never followed out of its folder.
///
/// `dest` is a location as [`Store::open`](super::Store::open) takes it; empty: where that finds or makes a store.
///
/// # Errors
/// As [`backup`].
pub fn restore(source: &str, dest: &str, options: &BackupOptions<'_>) -> Result<BackupReport> {
    if source.trim().is_empty() {
        return Err(no_folder("backup", source));
    }
    let source = folder(source, "a backup is a folder, not a store in memory")?;
    check_exists(&source, "backup", "name the folder that `mlops backup` made")?;
    let dest = folder(dest, "a store in memory cannot be restored to; name a folder")?;
    copy(&source, &dest, options)
}

fn copy(source: &Path, dest: &Path, options: &BackupOptions<'_>) -> Result<BackupReport> {
    let dest = free_place(source, dest, &options.files)?;
    let partial = Partial::create(&options.files, &dest)?;
    let mut copier = Copier::new(options, source, partial.path())?;
    copier.copy()?;
    // What is wrong with the copy is wrong with what it was made from.
    let in_source = |path: PathBuf| path.strip_prefix(partial.path()).map_or(path.clone(), |inner| source.join(inner));
    let check = || {
        fsck::check_copy(partial.path(), &options.files).map_err(|error| match error {
            Error::NewerFormat { path, found, known } => Error::NewerFormat { path: in_source(path), found, known },
            Error::Corrupt { path, offset, detail } => Error::Corrupt { path: in_source(path), offset, detail },
            other => other,
        })
    };
    let mut checked = check()?;
    if copier.again(&checked.findings)? {
        checked = check()?;
    }
    let FsckReport { files, bytes, mut findings, lost, made_again: _ } = checked;
    for finding in &mut findings {
        finding.path = in_source(std::mem::take(&mut finding.path));
    }
    findings.append(&mut copier.findings);
    if !options.keep_going {
        refuse(source, &findings, &lost)?;
    }
    let id = format::read(&options.files, &Layout::new(partial.path()).format()).ok().flatten().unwrap_or_default();
    copier.sync_folders()?;
    partial.finish(&dest)?;
    Ok(BackupReport { path: dest, id, files, bytes, findings, lost })
}

/// Says what is damaged or missing first, and how much more there is.
fn refuse(source: &Path, findings: &[Finding], lost: &[String]) -> Result<()> {
    const WAY_OUT: &str = "mend it with `mlops fsck --repair`, or copy it as it is with keep_going (--keep-going)";
    let more = match findings.len() + lost.len() {
        0 => return Ok(()),
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    Err(match (findings, lost) {
        ([Finding { path, offset, problem, .. }, ..], _) => {
            Error::corrupt(path, *offset, format!("{problem}{more}; {WAY_OUT}"))
        }
        (_, lost) => {
            let missing = lost.first().map_or("", String::as_str);
            Error::corrupt(&source.join("blobs"), 0, format!("missing is {missing}{more}; {WAY_OUT}"))
        }
    })
}

fn folder(uri: &str, in_memory: &str) -> Result<PathBuf> {
    match location::resolve(uri)? {
        Location::Folder(folder) => Ok(folder),
        Location::Memory => Err(Error::Unsupported { detail: in_memory.into() }),
    }
}

fn check_exists(source: &Path, what: &'static str, hint: &str) -> Result<()> {
    if local::exists(&Layout::new(source)) {
        return Ok(());
    }
    Err(Error::NotFound { what, id: source.display().to_string(), hint: format!("; {hint}") })
}

fn no_folder(what: &str, value: &str) -> Error {
    Error::InvalidArgument {
        what: what.into(),
        value: value.escape_debug().to_string(),
        expected: "the path of a folder".into(),
    }
}

/// The destination with the links of its path resolved, and the folder above it made.
pub(super) fn free_place(source: &Path, dest: &Path, files: &Files) -> Result<PathBuf> {
    let shown = || dest.display().to_string();
    let (Some(parent), Some(name), Some(_)) = (dest.parent(), dest.file_name(), dest.to_str()) else {
        return Err(no_folder("destination", &shown()));
    };
    let above = dest.ancestors().find_map(|above| above.canonicalize().ok());
    if above.is_some_and(|above| above.starts_with(source)) {
        return Err(Error::InvalidArgument {
            what: "destination".into(),
            value: shown(),
            expected: format!("a folder outside of {}, which is to be copied", source.display()),
        });
    }
    let is_free = match dest.symlink_metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => true,
        Err(e) => return Err(Error::io("look at", dest, e)),
        Ok(found) => found.is_dir() && files.list(dest)?.is_empty(),
    };
    if !is_free {
        return Err(taken(dest));
    }
    files.create_dir_all(parent)?;
    let parent = parent.canonicalize().map_err(|e| Error::io("find", parent, e))?;
    Ok(parent.join(name))
}

pub(super) fn taken(dest: &Path) -> Error {
    let hint = "; name a folder that is empty or does not exist yet".into();
    Error::AlreadyExists { what: "folder", id: dest.display().to_string(), hint }
}

#[cfg(test)]
mod tests;
