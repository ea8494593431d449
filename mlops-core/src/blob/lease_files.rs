//! What the processes of a store tell each other of their leases and sweeps.
//!
//! Two files of the blob folder: `leases`, on which every process has a shared lock while one of its calls holds a lease,
//! and `gc.lock`, which is locked while a gc is at work. A gc begins by taking the exclusive lock on `leases` for a
//! moment: what was put until then is named by then. From that moment on whoever puts a blob notes its digest in
//! `leases`, before it looks whether the blob is there. The gc moves things only while it has the exclusive lock again,
//! and never what is noted. So nobody waits for a gc longer than it takes to move a few files, and the gc need not look
//! at any reference twice. The kernel frees the locks of a process that dies.
//!
//! Leases that overlap would keep a gc out for ever. While it waits it says so by a modification time of `leases` that is
//! yet to come, and new leases wait until then; half of the time, since one that lasts long is no reason to stop all.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};

use crate::base::clock::{Clock, SystemClock};
use crate::base::digests::Digest;
use crate::base::files::{FileHandle, Files};
use crate::base::os;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// How long a gc waits for the leases of others.
const GC_PATIENCE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(5) };
const GC_LOOKS_EVERY: Duration = Duration::from_millis(1);
/// A gc that waits asks for its turn for so long, then for so long not, and each time for a while from then on.
const ASKS_FOR: Duration = Duration::from_millis(50);
const ASKS_AHEAD: Duration = Duration::from_millis(8);
/// How long others have at least between two times that a gc keeps them waiting: it is twice as long as they waited, so
/// that each of them looks in between; and at most.
const GC_PAUSE: Duration = Duration::from_micros(200);
const LONG_GC_PAUSE: Duration = Duration::from_millis(10);
/// How long a lease waits for a gc, and how often it looks: at first, and at last.
const LEASE_PATIENCE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(30) };
const LEASE_LOOKS_AFTER: Duration = Duration::from_micros(100);
const LEASE_LOOKS_EVERY: Duration = Duration::from_millis(4);

/// The first line of the notes.
const NOTES: &[u8] = b"put while a gc is at work:\n";
/// Digits of a digest in a note.
const HEX: usize = 64;

/// The files, and what this process holds of them.
#[derive(Debug)]
pub(super) struct LeaseFiles {
    files: Files,
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// `leases`. One descriptor for leases and gc: its lock goes over from the one kind into the other.
    file: Arc<FileHandle>,
    /// `gc.lock`, while a gc of this process is at work.
    gc: Option<Arc<FileHandle>>,
    /// How many leases; the shared lock is held for them.
    leases: usize,
    /// The exclusive lock is held, since then; it does for the leases too.
    exclusive: Option<Instant>,
    /// A gc of another process was at work when the first lease was taken, so puts are noted.
    noting: bool,
    /// When it may be taken again.
    next: Option<Instant>,
    /// How often the process had forked when it opened the file: the locks on an inherited one are the parent's.
    forks: usize,
}

/// The exclusive lock: no other process has a lease.
#[derive(Debug)]
pub(super) struct Exclusive<'a> {
    files: &'a LeaseFiles,
}

impl LeaseFiles {
    /// Opens `leases` in a folder; made if it is absent.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn open(files: &Files, folder: &Path) -> Result<Self> {
        let held = Mutex::new(Held::open(files, folder)?);
        Ok(Self { files: files.clone(), folder: folder.to_path_buf(), held })
    }

    /// What is held; in a forked child nothing, and the file is opened anew.
    fn held(&self) -> Result<MutexGuard<'_, Held>> {
        let mut held = self.held.lock();
        if held.forks != os::forks() {
            *held = Held::open(&self.files, &self.folder)?;
        }
        Ok(held)
    }

    /// Takes a lease; it waits while a gc moves things. Returns how often the process has forked.
    pub(super) fn share(&self) -> Result<usize> {
        if let Some(forks) = self.try_share()? {
            return Ok(forks);
        }
        let began = Instant::now();
        let mut pause = LEASE_LOOKS_AFTER;
        loop {
            std::thread::sleep(pause);
            pause = (pause * 2).min(LEASE_LOOKS_EVERY);
            if let Some(forks) = self.try_share()? {
                return Ok(forks);
            }
            if began.elapsed() >= LEASE_PATIENCE {
                let file = self.folder.join("leases");
                return Err(Error::Busy {
                    detail: format!(
                        "a gc of another process has locked {} and does not go on; continue or end that process, then try again",
                        file.display()
                    ),
                });
            }
        }
    }

    fn try_share(&self) -> Result<Option<usize>> {
        let mut held = self.held()?;
        if held.leases == 0 && held.exclusive.is_none() {
            let lock = |e| Error::io("lock", &self.folder.join("leases"), e);
            if !os::try_lock_shared(held.file.file()).map_err(lock)? {
                return Ok(None);
            }
            let about = held.file.file().metadata().map_err(lock);
            if about.as_ref().map_or(true, is_deleted) {
                os::unlock(held.file.file());
                about?;
                held.file = Held::open_file(&self.files, &self.folder)?;
                return Ok(None);
            }
            let about = about?;
            if is_asked_for(&about) {
                os::unlock(held.file.file());
                return Ok(None);
            }
            // Without notes no gc has begun, and none begins while this lock is held.
            let notes = about.len() > 0;
            held.noting = notes && held.gc.is_none() && self.gc_may_be_at_work();
        }
        held.leases += 1;
        Ok(Some(held.forks))
    }

    /// False if a gc that died has left the notes.
    fn gc_may_be_at_work(&self) -> bool {
        // Without the file, which nobody removes, one cannot tell.
        self.files.open_read(&self.folder.join("gc.lock")).map_or(true, |file| os::is_locked(file.file()))
    }

    /// Ends a lease that was taken after so many forks.
    pub(super) fn unshare(&self, forks: usize) {
        if forks != os::forks() {
            // In a forked child the lease is its parent's.
            return;
        }
        let mut held = self.held.lock();
        held.leases = held.leases.saturating_sub(1);
        if held.leases == 0 {
            held.noting = false;
            if held.exclusive.is_none() {
                os::unlock(held.file.file());
            }
        }
    }

    /// Notes a put for the gc of another process, if there is one; a lease is held.
    pub(super) fn note(&self, digest: &Digest) -> Result<()> {
        let file = {
            let held = self.held()?;
            if !held.noting {
                return Ok(());
            }
            held.file.clone()
        };
        file.append(format!("{}\n", digest.to_hex()).as_bytes())
    }

    /// Begins a gc: the only one, and from now on others note what they put.
    ///
    /// # Errors
    /// `Busy` if another is at work, or the leases of others do not end; `Io`.
    pub(super) fn begin(&self) -> Result<()> {
        let path = self.folder.join("gc.lock");
        let lock = |e| Error::io("lock", &path, e);
        let gc = loop {
            let gc = self.files.open_append(&path)?;
            if !gc.try_lock().map_err(lock)? {
                let detail =
                    format!("another gc of the store is at work ({} is locked); try again later", path.display());
                return Err(Error::Busy { detail });
            }
            if gc.is_at_its_path()? {
                break gc;
            }
        };
        {
            let mut held = self.held()?;
            if held.leases == 0 && !held.file.is_at_its_path()? {
                held.file = Held::open_file(&self.files, &self.folder)?;
            }
            held.gc = Some(Arc::new(gc));
        }
        let begun = self.exclude().and_then(|exclusive| exclusive.clear_notes());
        if begun.is_err() {
            self.end();
        }
        begun
    }

    /// Ends a gc of this process.
    pub(super) fn end(&self) {
        let Ok(mut held) = self.held() else { return };
        if let Some(gc) = held.gc.take() {
            // What stays is cleared by the next; without a gc nobody adds to it.
            let _ = held.file.set_len(0);
            os::unlock(gc.file());
        }
    }

    /// Waits until no other process has a lease, and keeps it so. Of a gc that has begun.
    ///
    /// # Errors
    /// `Busy` if it takes too long, or somebody has removed the files; `Io`.
    pub(super) fn exclude(&self) -> Result<Exclusive<'_>> {
        let next = self.held()?.next;
        let began = Instant::now();
        std::thread::sleep(next.map_or(Duration::ZERO, |next| next.saturating_duration_since(began)));
        while !self.try_exclude()? {
            if began.elapsed() >= GC_PATIENCE {
                return Err(Error::Busy {
                    detail: "another process is storing files without a pause, so nothing can be freed at this moment; try again later"
                        .into(),
                });
            }
            if (began.elapsed().as_millis() / ASKS_FOR.as_millis()).is_multiple_of(2) {
                let until = SystemClock.now().as_micros().saturating_add(micros(ASKS_AHEAD));
                self.held()?.file.touch_at(Timestamp::from_micros(until));
            }
            std::thread::sleep(GC_LOOKS_EVERY);
        }
        Ok(Exclusive { files: self })
    }

    fn try_exclude(&self) -> Result<bool> {
        let mut held = self.held()?;
        let path = self.folder.join("leases");
        let lock = |e| Error::io("lock", &path, e);
        let file = held.file.file();
        if !(if held.leases > 0 { os::try_upgrade(file) } else { os::try_lock(file) }).map_err(lock)? {
            return Ok(false);
        }
        held.exclusive = Some(Instant::now());
        held.file.touch_at(SystemClock.now());
        // Who opened another file in their place sees none of these locks.
        for file in std::iter::once(&held.file).chain(&held.gc).cloned().collect::<Vec<_>>() {
            let in_place = file.is_at_its_path();
            if !matches!(in_place, Ok(true)) {
                held.end_exclusive();
                in_place?;
                let detail = format!("{} was removed while it was in use; try again", file.path().display());
                return Err(Error::Busy { detail });
            }
        }
        Ok(true)
    }
}

impl Exclusive<'_> {
    /// Throws away the notes of an earlier gc; from now on puts are noted.
    fn clear_notes(&self) -> Result<()> {
        let file = self.files.held()?.file.clone();
        file.set_len(0)?;
        file.append(NOTES)
    }

    /// What was noted behind a place; and the place behind that.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if the notes are damaged: then nothing may be removed.
    pub(super) fn notes(&self, from: u64) -> Result<(Vec<Digest>, u64)> {
        let file = self.files.held()?.file.clone();
        let from = from.max(NOTES.len() as u64);
        let damaged = || Error::corrupt(file.path(), from, "what was put during a gc cannot be read; run the gc again");
        let length = file.len()?.checked_sub(from).and_then(|length| usize::try_from(length).ok());
        let mut bytes = vec![0; length.ok_or_else(damaged)?];
        let read = file.read_at(&mut bytes, from)?;
        bytes.truncate(read);
        // A note cut short by the death of its process or a full disk stands before the next on the same line.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(whole);
        let digest = |line: &[u8]| {
            let hex = line.trim_ascii_end();
            std::str::from_utf8(hex.get(hex.len().checked_sub(HEX)?..)?).ok().and_then(Digest::from_hex)
        };
        let notes = bytes.split_inclusive(|byte| *byte == b'\n').map(digest).collect::<Option<_>>();
        Ok((notes.ok_or_else(damaged)?, from + whole as u64))
    }
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        self.files.held.lock().end_exclusive();
    }
}

impl Held {
    fn open(files: &Files, folder: &Path) -> Result<Self> {
        let file = Self::open_file(files, folder)?;
        let forks = os::forks();
        Ok(Self { file, gc: None, leases: 0, exclusive: None, noting: false, next: None, forks })
    }

    fn open_file(files: &Files, folder: &Path) -> Result<Arc<FileHandle>> {
        let _no_forks = os::no_forks();
        let file = files.open_append(&folder.join("leases"))?;
        file.note_lock();
        Ok(Arc::new(file))
    }

    fn end_exclusive(&mut self) {
        let now = Instant::now();
        let held = self.exclusive.take().map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.next = Some(now + held.saturating_mul(2).clamp(GC_PAUSE, LONG_GC_PAUSE));
        if self.leases == 0 {
            os::unlock(self.file.file());
        } else {
            // No other gc can take an exclusive lock while this one is at work, so it is taken at once.
            let _ = os::try_lock_shared(self.file.file());
        }
    }
}

/// True if a gc waits for its turn.
fn is_asked_for(about: &Metadata) -> bool {
    let asked = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    asked.is_some_and(|asked| {
        let ahead = Timestamp::after_epoch(asked).as_micros().saturating_sub(SystemClock.now().as_micros());
        // Further ahead is what a clock that was set back leaves.
        (1..=micros(ASKS_AHEAD)).contains(&ahead)
    })
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// True if somebody has deleted an open file: a lock on it keeps nobody out who opens it anew.
fn is_deleted(about: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::nlink(about) == 0;
    #[cfg(not(unix))]
    return !about.is_file();
}
