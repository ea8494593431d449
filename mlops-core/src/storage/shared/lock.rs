//! The lock that says who owns a store, and what its owner says of itself.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::protocol::PROTOCOL;
use super::remote;
use crate::base::files::{FileHandle, Files};
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::base::os;
use crate::base::sealed;
use crate::error::{Error, Result};

/// Held by the process that owns a store; the kernel frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct OwnerLock {
    file: FileHandle,
    folder: PathBuf,
    files: Files,
    identity: FileId,
    /// What the last note says was locked, until this owner has made sure that nobody writes to what is read any more.
    previous: Mutex<Option<FileId>>,
}

/// So many times longer is an owner waited for that opens the store.
const OPENING: u32 = 10;

/// Device and inode: what tells a file from another that has taken its name.
pub(super) type FileId = (u64, u64);

/// What the owner says of itself in the file `owner`: how it is reached, and for messages; never who owns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub(super) protocol: u32,
    pub(super) pid: u32,
    pub(super) host: String,
    boot_id: String,
    pid_namespace: String,
    /// The names that owners listen at on Linux are those of a network namespace.
    net_namespace: String,
    /// When the process started, in clock ticks since boot, which tells it from a later one of the same number.
    start_ticks: u64,
    /// Where it listens.
    pub(super) socket: String,
    /// False while it opens the store.
    pub(super) ready: bool,
    /// It has closed the store.
    closed: bool,
    /// The lock file that it holds, or that the one before it held while it is not ready.
    lock: FileId,
}

impl OwnerLock {
    /// Takes the lock of the store in `folder`, without waiting; None if another holds it.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] if the folder cannot be written; [`Error::Unsupported`] on a file system without locks;
    /// [`Error::Locked`] on one that other hosts share, if the last owner was on another and may live there.
    pub fn acquire(folder: &Path, files: &Files) -> Result<Option<Self>> {
        let path = folder.join("lock");
        let no_forks = os::no_forks();
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
        file.note_lock();
        drop(no_forks);
        let no_locks = |why: String| Error::Unsupported {
            detail: format!(
                "the file system of {} has no working locks ({why}); use a folder on a local disk, or a database URI",
                folder.display()
            ),
        };
        if let Some(why) = remote::locks_end_at_this_host(folder) {
            return Err(no_locks(why));
        }
        if !file.try_lock().map_err(|e| no_locks(e.to_string()))? {
            return Ok(None);
        }
        let Some(identity) = file.file().metadata().ok().map(|found| file_id(&found)) else { return Ok(None) };
        let previous = Mutex::new(Owner::last(folder, files).map(|last| last.lock));
        let lock = Self { file, folder: folder.to_path_buf(), files: files.clone(), identity, previous };
        let elsewhere = |last: &Owner| last.host != os::host_name() && remote::is_shared(folder);
        if let Some(last) = Owner::read(folder, files).filter(elsewhere) {
            let note = folder.join("owner");
            return Err(last.locked(folder, &format!("; if that process is gone, remove {}", note.display())));
        }
        // Who deletes the file frees its name, not the lock: whoever holds that of the old file notices.
        Ok(lock.is_current().then_some(lock))
    }

    /// True if the file that is locked still has its name. The owner looks at it between making a commit and saying so:
    /// another can only own the store after this would have been false.
    pub fn is_current(&self) -> bool {
        self.file.path().symlink_metadata().is_ok_and(|found| file_id(&found) == self.identity)
    }

    /// True unless the last owner is known to have held the same file: one that held another may not have noticed yet that
    /// it owns nothing any more.
    pub(super) fn may_have_been_replaced(&self) -> bool {
        *self.previous.lock() != Some(self.identity)
    }

    /// Says who owns the store, where it listens, and whether it is ready to answer.
    ///
    /// # Errors
    /// `Io`, `OutOfSpace`; `ReadOnly` if the folder cannot be written.
    pub(super) fn announce(&self, socket: &str, ready: bool) -> Result<()> {
        if ready {
            *self.previous.lock() = Some(self.identity);
        }
        self.note(Owner { socket: socket.into(), ready, ..Owner::this_process() })
    }

    fn note(&self, owner: Owner) -> Result<()> {
        let owner = Owner { lock: self.previous.lock().unwrap_or_default(), ..owner };
        let owner = serde_json::to_string(&owner).map_err(|e| Error::internal(e.to_string()))?;
        let owner = sealed::seal(&(owner + "\n"));
        let tmp = self.folder.join(format!("tmp/owner-{}", TimeOrderedIds.next().simple()));
        // Not forced to the disk: of a power cut no owner is left.
        let written = self.files.create_new(&tmp).and_then(|file| file.write_at(owner.as_bytes(), 0));
        let named = written.and_then(|()| self.files.rename(&tmp, &self.folder.join("owner")));
        if named.is_err() {
            let _ = self.files.remove(&tmp);
        }
        named.map_err(|e| e.in_folder(&self.folder))
    }

    /// Says that nobody owns the store.
    pub(super) fn withdraw(&self) {
        if self.is_current() {
            let _ = self.note(Owner { closed: true, ..Owner::this_process() });
        }
    }
}

/// The error that names who holds the lock of the store in `folder`; `hint` begins with `; ` and says what to do.
pub fn held(folder: &Path, files: &Files, hint: &str) -> Error {
    let Owner { pid, host, .. } = Owner::read(folder, files).unwrap_or_default();
    Error::Locked { path: folder.to_path_buf(), pid, host, hint: hint.into() }
}

/// How long an owner is waited for: one that is not ready has a large store to open, perhaps.
pub(super) fn patience(owner: Option<&Owner>, patience: Duration) -> Duration {
    if owner.is_some_and(|owner| !owner.ready) { patience.saturating_mul(OPENING) } else { patience }
}

/// True if nobody holds the lock of the store in `folder`, as far as can be told without taking it.
pub(super) fn is_free(folder: &Path, files: &Files) -> bool {
    match files.open_read(&folder.join("lock")) {
        Ok(lock) => !os::is_locked(lock.file()),
        Err(Error::Io { source, .. }) => source.kind() == io::ErrorKind::NotFound,
        Err(_) => false,
    }
}

#[cfg(unix)]
fn file_id(found: &std::fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

#[cfg(not(unix))]
fn file_id(_: &std::fs::Metadata) -> FileId {
    // An open file cannot be deleted there.
    FileId::default()
}

impl Owner {
    fn this_process() -> Self {
        let link = |path: &str| std::fs::read_link(path).map(|link| link.display().to_string()).unwrap_or_default();
        let pid = std::process::id();
        Self {
            protocol: PROTOCOL,
            pid,
            host: os::host_name(),
            boot_id: std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
            pid_namespace: link("/proc/self/ns/pid"),
            net_namespace: link("/proc/self/ns/net"),
            start_ticks: start_ticks(pid).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Who owns the store; None if nobody does, or does not say so.
    pub(super) fn read(folder: &Path, files: &Files) -> Option<Self> {
        Self::last(folder, files).filter(|owner| !owner.closed)
    }

    /// What the file says; None if there is none or it is damaged.
    fn last(folder: &Path, files: &Files) -> Option<Self> {
        let bytes = files.read(&folder.join("owner")).ok().flatten()?;
        serde_json::from_str(sealed::open(&bytes)?).ok()
    }

    /// True if the owner is, or was, a process of this host and of this process's namespaces.
    pub(super) fn is_here(&self) -> bool {
        self.place() == Self::this_process().place()
    }

    fn place(&self) -> [&str; 4] {
        [&self.host, &self.boot_id, &self.pid_namespace, &self.net_namespace]
    }

    /// True if it is certain that the process is no more: it ran here, and no process of its number began when it did.
    pub(super) fn is_gone(&self) -> bool {
        let here = start_ticks(std::process::id()).is_some();
        // Of another user's process the system may tell nothing.
        let gone = start_ticks(self.pid).map_or_else(|| !os::is_process(self.pid), |began| began != self.start_ticks);
        here && self.is_here() && gone
    }

    /// The error that names it as who holds the store, out of reach from here.
    pub(super) fn locked(&self, folder: &Path, more: &str) -> Error {
        let hint = format!("; use it there, open it here with read_only, or share it by a database URI{more}");
        Error::Locked { path: folder.to_path_buf(), pid: self.pid, host: self.host.clone(), hint }
    }
}

/// When a process started, in clock ticks since boot; None where the system does not tell, or of no process.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name in parentheses, which may hold spaces; field 22 of the line.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}
