//! The lock that says who owns a store.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::files::{FileHandle, Files};
use crate::base::os;
use crate::base::sealed;
use crate::error::{Error, Result};

/// How often, and how long between, the note of who holds a lock is looked for.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

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
        .map_err(|e| e.in_folder(folder))?;
        match file.try_lock() {
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
        let owner = serde_json::to_string(&Owner::this_process()).map_err(|e| Error::internal(e.to_string()))?;
        let owner = sealed::seal(&(owner + "\n"));
        let tmp = folder.join(format!("tmp/owner-{}", std::process::id()));
        files.remove(&tmp)?;
        files.write_atomic(&folder.join("owner"), &tmp, owner.as_bytes()).map_err(|e| e.in_folder(folder))?;
        Ok(Self { _file: file })
    }
}

/// The error that names the holder, if it has said who it is; who holds the lock says so just after taking it.
fn locked(folder: &Path, files: &Files) -> Error {
    let mut tries = 0..TRIES;
    loop {
        let owner = Owner::read(folder, files).filter(|owner| !owner.is_gone());
        if owner.is_some() || tries.next().is_none() {
            let Owner { pid, host, .. } = owner.unwrap_or_default();
            return Error::Locked { path: folder.to_path_buf(), pid, host };
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
}

impl Owner {
    fn this_process() -> Self {
        let link = |path: &str| std::fs::read_link(path).map(|link| link.display().to_string()).unwrap_or_default();
        let pid = std::process::id();
        Self {
            protocol: 1,
            pid,
            host: os::host_name(),
            boot_id: std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
            pid_namespace: link("/proc/self/ns/pid"),
            start_ticks: start_ticks(pid).unwrap_or_default(),
        }
    }

    /// What the file says; None if there is none or it is damaged.
    fn read(folder: &Path, files: &Files) -> Option<Self> {
        let bytes = files.read(&folder.join("owner")).ok().flatten()?;
        serde_json::from_str(sealed::open(&bytes)?).ok()
    }

    /// True if it is certain that the process is no more: it ran here, and no process of its number began when it did.
    fn is_gone(&self) -> bool {
        let here = Self::this_process();
        let same_place =
            (&here.host, &here.boot_id, &here.pid_namespace) == (&self.host, &self.boot_id, &self.pid_namespace);
        here.start_ticks > 0 && same_place && start_ticks(self.pid) != Some(self.start_ticks)
    }
}

/// When a process started, in clock ticks since boot; None where the system does not tell, or of no process.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name in parentheses, which may hold spaces; field 22 of the line.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}
