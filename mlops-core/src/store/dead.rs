//! What the dead left in the spool: drained by anyone alive, or by the next to open.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use uuid::Uuid;

use super::gc::Disk;
use super::local::Layout;
use crate::base::clock::Clock;
use crate::base::files::{FileHandle, Files};
use crate::blob::{Amount, BlobStore};
use crate::error::Result;
use crate::runs::Drainer;
use crate::spool::{DRAINED_STAYS, Mark, WriterFiles, list_writers};
use crate::storage::shared::Shared;
use crate::storage::{Durability, Op, Outcome, Storage};

/// What the owner does when a peer has gone, and now and then: what the dead logged is brought into storage, and their
/// runs end as KILLED. Their files are removed by who opens the store later, or by a gc.
pub(super) fn look_after(
    shared: &Arc<Shared>,
    blobs: Arc<dyn BlobStore>,
    disk: &Disk,
) -> impl Fn() + Send + Sync + use<> {
    let shared = Arc::downgrade(shared);
    let (files, layout) = (disk.files.clone(), disk.layout.clone());
    let drained: Mutex<HashSet<Uuid>> = Mutex::default();
    move || {
        let (Some(shared), Ok(writers)) = (shared.upgrade(), list_writers(&files, &layout.spool())) else { return };
        let drainer = Drainer::new(shared, blobs.clone());
        let mut drained = drained.lock();
        drained.retain(|writer| writers.iter().any(|listed| listed.writer == *writer));
        for writer in writers {
            // One that cannot be drained now is tried again, and does not stand in the way of the others.
            if !drained.contains(&writer.writer)
                && let Ok(Some(_lock)) = writer.lock_if_dead(&files)
                && drainer.drain_dead(&files, &writer).is_ok()
            {
                drained.insert(writer.writer);
            }
        }
    }
}

/// Writers whose process is gone, with their locks held; for a reader, all writers.
#[derive(Debug)]
pub(super) struct DeadWriters {
    files: Files,
    writers: Vec<(WriterFiles, Option<FileHandle>)>,
    clock: Arc<dyn Clock>,
    read_only: bool,
}

impl DeadWriters {
    /// Takes the locks of all that are gone; `read_only` takes none.
    pub(super) fn lock(files: &Files, layout: &Layout, clock: Arc<dyn Clock>, read_only: bool) -> Result<Self> {
        let mut writers = Vec::new();
        for writer in list_writers(files, &layout.spool())? {
            if read_only {
                writers.push((writer, None));
            } else if let Some(lock) = writer.lock_if_dead(files)? {
                writers.push((writer, Some(lock)));
            }
        }
        Ok(Self { files: files.clone(), writers, clock, read_only })
    }

    /// The files that [`drain`](Self::drain) would remove.
    pub(super) fn count_old(files: &Files, layout: &Layout, clock: Arc<dyn Clock>) -> Result<Amount> {
        let all = Self::lock(files, layout, clock, true)?;
        let mut count = Amount::default();
        for (writer, _) in &all.writers {
            if !writer.is_alive(files)? && all.is_old(writer)? {
                count += size(files, writer)?;
            }
        }
        Ok(count)
    }

    /// Drains what they left and says how their runs ended; for a reader in memory, and only of those that are gone.
    /// Returns what was removed because it is old.
    pub(super) fn drain(self, drainer: &Drainer) -> Result<Amount> {
        let mut removed = Amount::default();
        for (writer, _lock) in &self.writers {
            if self.read_only && writer.is_alive(&self.files)? {
                drainer.read_writer(&self.files, writer)?;
                continue;
            }
            let mark = drainer.drain_dead(&self.files, writer)?;
            if !self.read_only && self.is_old(writer)? {
                let files = size(&self.files, writer)?;
                self.remove(writer, mark, &*drainer.storage)?;
                removed += files;
            }
        }
        Ok(removed)
    }

    fn is_old(&self, writer: &WriterFiles) -> Result<bool> {
        let last = writer.heartbeat().max(writer.last_write(&self.files)?);
        Ok(last.is_none_or(|last| self.clock.now().since(last) > DRAINED_STAYS))
    }

    /// Removes drained files: their effect is on the disk before they go, the mark goes after them.
    fn remove(&self, writer: &WriterFiles, mark: Mark, storage: &dyn Storage) -> Result<()> {
        storage.flush()?;
        for number in writer.log_numbers(&self.files)? {
            self.files.remove(&writer.log_path(number))?;
        }
        self.files.remove(&writer.lock_path())?;
        self.files.sync_dir(&writer.folder)?;
        let key = Mark::key(writer.writer);
        let ops = [Op::check(key.clone(), Some(mark.encode())), Op::delete(key)];
        // Without a mark there was nothing to drain.
        let _: Outcome = storage.apply(&ops, Durability::Fast)?;
        Ok(())
    }
}

/// The log files of a writer.
fn size(files: &Files, writer: &WriterFiles) -> Result<Amount> {
    let logs = writer.log_numbers(files)?.into_iter().map(|number| writer.log_path(number));
    Ok(logs.fold(Amount::default(), |mut sum, path| {
        sum += Amount::one(path.metadata().map_or(0, |found| found.len()));
        sum
    }))
}
