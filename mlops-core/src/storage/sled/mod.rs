//! The index on disk: sled, one tree. The only place that names it.
//!
//! sled is an index here and never the truth (the journal is): it is flushed lazily, and rebuilt whenever it fails
//! or does not match. It panics on damage that it does not expect, so every call into it is caught.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use super::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage, check_batch};
use crate::base::files::Files;
use crate::base::os;
use crate::error::{Error, Result};

/// Pages that sled keeps in memory, in bytes.
const CACHE_BYTES: u64 = 64 << 20;

/// How long opening waits for who closes the same folder, and how often it looks.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A sled tree in a folder.
#[derive(Debug)]
pub struct SledStorage {
    /// sled's lock ends with the last descriptor of its file: a forked child must not keep it.
    _not_for_children: Vec<os::NotForChildren>,
    path: PathBuf,
    files: Files,
    tree: sled::Tree,
    db: sled::Db,
    /// Writers exclude readers of pages: a sled scan alone may see half a batch.
    gate: RwLock<()>,
}

impl SledStorage {
    /// Opens a folder, which is made if it does not exist.
    ///
    /// # Errors
    /// `Corrupt` if sled refuses it or panics.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, &Files::default())
    }

    /// [`open`](Self::open); what sled makes gets the modes that `files` has for it.
    ///
    /// # Errors
    /// `Corrupt` if sled refuses it or panics, or if there is anything but files and folders in it: sled would follow a
    /// link, and wait for a pipe.
    pub fn open_with(path: &Path, files: &Files) -> Result<Self> {
        files.create_dir_all(path)?;
        files.check_folder(path)?;
        let began = Instant::now();
        let opened = guard(path, || {
            let _no_forks = os::no_forks();
            // No flusher of its own: the layer above says when.
            let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
            let db = loop {
                match config.open() {
                    // A thread of sled's may still hold what was closed a moment ago.
                    Err(sled::Error::Io(e)) if is_lock(&e) && began.elapsed() < CLOSE_PATIENCE => {
                        std::thread::sleep(LOOK_EVERY);
                    }
                    opened => break opened?,
                }
            };
            let tree = db.open_tree("entries")?;
            let children = os::others_not_for_children(&path.join("db"));
            let (path, files) = (path.to_path_buf(), files.clone());
            Ok(Self { _not_for_children: children, path, files, tree, db, gate: RwLock::new(()) })
        })?;
        files.settle_folder(path)?;
        Ok(opened)
    }
}

/// True if the folder is locked.
fn is_lock(error: &std::io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// Calls into sled; its errors and its panics become ours.
fn guard<T>(path: &Path, call: impl FnOnce() -> sled::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(e))) => Err(Error::io("use the index in", path, e)),
        Ok(Err(e)) => Err(Error::corrupt(path, 0, format!("the index failed: {e}"))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
            Err(Error::corrupt(path, 0, format!("the index panicked: {text}")))
        }
    }
}

impl Storage for SledStorage {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        guard(&self.path, || Ok(self.tree.get(key)?.map(|value| value.to_vec())))
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        if range.is_empty() {
            return Ok(ScanPage::default());
        }
        let _gate = self.gate.read();
        guard(&self.path, || {
            let entries = match &range.end {
                Some(end) => self.tree.range(range.start.as_slice()..end.as_slice()),
                None => self.tree.range(range.start.as_slice()..),
            };
            let mut failed = None;
            let mut owned = |entry: sled::Result<(sled::IVec, sled::IVec)>| match entry {
                Ok((key, value)) => Some((key.to_vec(), value.to_vec())),
                Err(e) => {
                    failed = Some(e);
                    None
                }
            };
            let page = if options.reverse {
                ScanPage::fill(entries.rev().map_while(&mut owned), options)
            } else {
                ScanPage::fill(entries.map_while(&mut owned), options)
            };
            failed.map_or(Ok(page), Err)
        })
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        check_batch(ops)?;
        let _gate = self.gate.write();
        let outcome = guard(&self.path, || {
            let mut batch = sled::Batch::default();
            for (index, op) in ops.iter().enumerate() {
                match op {
                    Op::Check { key, expected } => {
                        if self.tree.get(key)?.as_deref() != expected.as_deref() {
                            return Ok(Outcome::CheckFailed { op: index });
                        }
                    }
                    Op::Put { key, value } => batch.insert(key.as_slice(), value.as_slice()),
                    Op::Delete { key } => batch.remove(key.as_slice()),
                }
            }
            self.tree.apply_batch(batch)?;
            Ok(Outcome::Applied)
        })?;
        if durability == Durability::Full {
            self.flush()?;
        }
        Ok(outcome)
    }

    fn flush(&self) -> Result<()> {
        guard(&self.path, || self.db.flush().map(drop))?;
        // It may have begun a file; one that cannot be settled can still be used by who made it.
        let _ = self.files.settle_folder(&self.path);
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "sled", durable: false, shared: false, read_only: false }
    }
}
