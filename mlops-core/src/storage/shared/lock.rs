//! The lock that says who owns a store.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::files::{FileHandle, Files};
use crate::base::os;
use crate::error::{Error, Result};

/// Held by the process that owns a store; the kernel frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct OwnerLock {
    _file: FileHandle,
}

/// What the owner says of itself in the file `owner`: for messages, never to decide who owns.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Owner {
    protocol: u32,
    pid: u32,
    host: String,
    boot_id: String,
    pid_namespace: String,
    /// When the process started, in clock ticks since boot, which tells it from a later one of the same number.
    start_ticks: u64,
}

impl OwnerLock {
    /// Takes the lock of the store in `folder`, without waiting.
    ///
    /// # Errors
    /// [`Error::Locked`] with process and host if another holds it; [`Error::ReadOnly`] if the folder cannot be
    /// written; [`Error::Unsupported`] on a file system without locks.
    pub fn acquire(folder: &Path, files: &Files) -> Result<Self> {
        let path = folder.join("lock");
        let file = match files.open_write(&path) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                match files.create_new(&path) {
                    // Another process made it meanwhile.
                    Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                        files.open_write(&path)
                    }
                    made => made,
                }
            }
            opened => opened,
        }
        .map_err(|e| read_only(folder, e))?;
        match os::try_lock(file.file()) {
            Ok(true) => {}
            Ok(false) => return Err(locked(folder, files)),
            Err(e) => {
                return Err(Error::Unsupported {
                    detail: format!(
                        "the file system of {} has no working locks ({e}); use a folder on a local disk, or a database URI",
                        folder.display()
                    ),
                });
            }
        }
        let owner = serde_json::to_vec(&Owner::this_process()).map_err(|e| Error::internal(e.to_string()))?;
        let tmp = folder.join(format!("tmp/owner-{}", std::process::id()));
        files.remove(&tmp)?;
        files.write_atomic(&folder.join("owner"), &tmp, &owner).map_err(|e| read_only(folder, e))?;
        Ok(Self { _file: file })
    }
}

fn read_only(folder: &Path, error: Error) -> Error {
    match &error {
        Error::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
        {
            Error::ReadOnly {
                what: format!("the folder {}", folder.display()),
                hint: "open the store with read_only, or give yourself the right to write there".into(),
            }
        }
        _ => error,
    }
}

fn locked(folder: &Path, files: &Files) -> Error {
    let owner = files.read(&folder.join("owner")).ok().flatten();
    let owner: Owner = owner.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    Error::Locked { path: folder.to_path_buf(), pid: owner.pid, host: owner.host }
}

impl Owner {
    fn this_process() -> Self {
        let link = |path: &str| std::fs::read_link(path).map(|link| link.display().to_string()).unwrap_or_default();
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            protocol: 1,
            pid: std::process::id(),
            host: os::host_name(),
            boot_id: text("/proc/sys/kernel/random/boot_id").trim().to_owned(),
            pid_namespace: link("/proc/self/ns/pid"),
            // Behind the name in parentheses, which may hold spaces; field 22 of the line.
            start_ticks: text("/proc/self/stat")
                .rsplit_once(')')
                .and_then(|(_, rest)| rest.split_whitespace().nth(19)?.parse().ok())
                .unwrap_or_default(),
        }
    }
}
