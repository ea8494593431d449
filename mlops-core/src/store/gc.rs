//! Frees what nothing refers to.
//!
//! The order is what makes it safe beside everything else that goes on: first a lease, which covers what is put from
//! then on and by calls under way, in this process and in others; then the spools of this process and of the dead are
//! drained; then the references are collected, and forced to the disk, since what they replaced goes now; only then is
//! anything moved, and only to the trash, where a reader that knew of it finds it for another hour.
//!
//! Writers that live drain their spools themselves. Their records are read before storage is: what they drain
//! meanwhile was seen in the record, or is seen in storage.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use super::dead::DeadWriters;
use super::local::Layout;
use super::{Inner, Store};
use crate::base::clock::Clock;
use crate::base::digests::Digest;
use crate::base::files::Files;
use crate::base::time::Timestamp;
use crate::blob::{Amount, Referrer, Sweep};
use crate::error::{Error, Result};
use crate::logged_models::{Leaving, LoggedModels, ModelBlobs};
use crate::registry::{LocalRegistry, VersionBlobs};
use crate::runs::RunBlobs;
use crate::spool::list_writers;
use crate::storage::journal::Journal;

/// How [`Store::gc`] works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcOptions {
    /// Only counts what would go. Default true.
    pub dry_run: bool,
    /// What was written, put again or deleted within this time stays. Default 10 minutes: what this library
    /// puts and has not named yet is known without a clock, so this is for who holds a digest and nothing else, and
    /// for who deletes a run or model and thinks better of it.
    pub older_than: Duration,
    /// Removes deleted runs and deleted logged models for good, with what only they refer to; they cannot be restored then.
    /// Default false.
    pub deleted_runs: bool,
}

impl Default for GcOptions {
    fn default() -> Self {
        Self { dry_run: true, older_than: Duration::from_mins(10), deleted_runs: false }
    }
}

/// What [`Store::gc`] freed, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Nothing was changed.
    pub dry_run: bool,
    /// How many deleted runs were removed for good.
    pub runs: u64,
    /// Deleted logged models that were removed for good, and the size of their files; what of that is freed is in the amounts
    /// below.
    pub models: Amount,
    /// Blobs that are files of their own, moved to the trash.
    pub large_blobs: Amount,
    /// Blobs in packs, moved to the trash with the pack.
    pub small_blobs: Amount,
    /// Files that were deleted from the trash, an hour or more after they got there.
    pub trash: Amount,
    /// Files of the spool, drained an hour ago or more, that were deleted.
    pub spool: Amount,
    /// Files of the journal, not needed for an hour or more, that were deleted.
    pub journal: Amount,
    /// Blobs that nothing refers to and that stay by now: they are younger than `older_than`, or share a pack with
    /// more that is in use, or with damage.
    pub kept: Amount,
}

impl GcReport {
    /// Everything that is freed, at once or when the trash is emptied, in bytes.
    pub fn freed_bytes(&self) -> u64 {
        let Self { large_blobs, small_blobs, trash, spool, journal, .. } = self;
        [large_blobs, small_blobs, trash, spool, journal].iter().map(|amount| amount.bytes).sum()
    }
}

/// What a store needs for this beside its pillars.
#[derive(Debug)]
pub(super) struct Care {
    pub(super) clock: Arc<dyn Clock>,
    /// None in memory.
    pub(super) disk: Option<Disk>,
    /// One at a time.
    pub(super) one: Mutex<()>,
}

/// The journal, in the process that owns it; not kept open by this.
pub(super) type OwnedJournal = Arc<Mutex<Weak<Journal>>>;

/// The files of a store.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) files: Files,
    pub(super) layout: Layout,
    /// None of a store that is open for reading.
    pub(super) journal: Option<OwnedJournal>,
}

impl Store {
    /// Frees what nothing refers to: blobs that no run has, spool and journal files that are not needed any more, and
    /// what earlier calls moved to the trash. Threads and other processes may log at the same time; one gc is at work at a
    /// time.
    ///
    /// ```
    /// use mlops_core::{GcOptions, Store};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let counted = store.gc(&GcOptions::default())?;
    /// assert!(counted.dry_run && counted.freed_bytes() == 0);
    /// store.gc(&GcOptions { dry_run: false, deleted_runs: true, ..GcOptions::default() })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidState` if the store is closed; `ReadOnly` without `dry_run` if it is open for reading; `Corrupt` if
    /// something that may refer to blobs cannot be read: nothing is removed then. `Busy` if another process frees at this
    /// moment, or stores files without a pause; `Io`, `OutOfSpace`: nothing that is referred to is gone, and the next call
    /// goes on.
    pub fn gc(&self, options: &GcOptions) -> Result<GcReport> {
        self.check_open()?;
        if self.is_read_only() && !options.dry_run {
            let what = format!("the store {}", self.uri());
            return Err(Error::ReadOnly { what, hint: "open it without read_only, or only count with dry_run".into() });
        }
        let _one = self.inner.care.one.lock();
        self.inner.gc(options)
    }
}

impl Inner {
    fn gc(&self, options: &GcOptions) -> Result<GcReport> {
        let now = self.care.clock.now();
        let mut report = GcReport { dry_run: options.dry_run, ..GcReport::default() };
        let leases = self.blobs.leases();
        let lease = if options.dry_run { leases.begin_count() } else { leases.begin_sweep()? };
        let gone = self.deleted_runs(options, now)?;
        report.runs = gone.len() as u64;
        report.spool = self.drain_all(options.dry_run)?;
        let models = LoggedModels::new(self.runs.clone());
        // After its run, which takes along what it has of the model.
        let leaving = deleted_models(&models, options, now, &mut report)?;
        if !options.dry_run {
            LocalRegistry::new(self.runs.clone(), models, self.storage.clone(), self.watches.clone()).sweep()?;
        }
        // What is removed already is not left out: another run may have got its id.
        let live = if options.dry_run {
            self.live_blobs(&gone, &leaving)?
        } else {
            self.live_blobs(&BTreeSet::new(), &Leaving::default())?
        };
        if !options.dry_run {
            self.storage.flush()?;
        }
        let (older_than, dry_run) = (options.older_than, options.dry_run);
        let swept = self.blobs.sweep(&Sweep { lease: &lease, live: &live, now, older_than, dry_run })?;
        report.large_blobs = swept.large_blobs;
        report.small_blobs = swept.small_blobs;
        report.kept = swept.kept;
        report.trash = swept.trash;
        let journal = self.care.disk.as_ref().and_then(|disk| disk.journal.as_ref()?.lock().upgrade());
        if let Some(journal) = journal {
            let (count, bytes) = journal.remove_unneeded(dry_run)?;
            report.journal = Amount { count, bytes };
        }
        Ok(report)
    }

    /// Removes the deleted runs, or lists them.
    fn deleted_runs(&self, options: &GcOptions, now: Timestamp) -> Result<BTreeSet<String>> {
        if !options.deleted_runs {
            return Ok(BTreeSet::new());
        }
        self.runs.drain()?;
        let old = self.runs.list_deleted(|at| now.since(at) >= options.older_than)?;
        if options.dry_run {
            return Ok(old);
        }
        let mut gone = BTreeSet::new();
        for run in old {
            if self.runs.remove(&run)? {
                gone.insert(run);
            }
        }
        Ok(gone)
    }

    /// Brings what is logged into storage, that of the dead too; returns what was removed of their files.
    fn drain_all(&self, dry_run: bool) -> Result<Amount> {
        let Some(Disk { files, layout, .. }) = &self.care.disk else {
            return self.runs.drain().map(|()| Amount::default());
        };
        let clock = self.care.clock.clone();
        let removed = if dry_run {
            DeadWriters::count_old(files, layout, clock)?
        } else {
            DeadWriters::lock(files, layout, clock, false)?.drain(&self.runs.drainer())?
        };
        self.runs.drain()?;
        Ok(removed)
    }

    /// Every blob that something refers to. A pillar that names blobs stands here.
    fn live_blobs(&self, gone: &BTreeSet<String>, leaving: &Leaving) -> Result<HashSet<Digest>> {
        let mut live = HashSet::new();
        let mut keep = |blob| {
            live.insert(blob);
        };
        // A writer that lives names blobs in records that only itself drains. First, since records go from there into
        // storage and never back.
        if let Some(Disk { files, layout, .. }) = &self.care.disk {
            for writer in list_writers(files, &layout.spool())? {
                self.runs.for_each_spooled_blob(files, &writer, &mut keep)?;
            }
        }
        let runs = RunBlobs { runs: &self.runs, except: gone, except_files: &leaving.copies };
        let models = ModelBlobs { storage: &*self.storage, except: leaving };
        let versions = VersionBlobs { storage: &*self.storage, blobs: &*self.blobs };
        let pillars: [&dyn Referrer; 3] = [&runs, &models, &versions];
        for pillar in pillars {
            pillar.for_each_blob(&mut keep)?;
        }
        Ok(live)
    }
}

/// Removes the deleted logged models, or lists them, and counts them. What an earlier removal has left goes too.
fn deleted_models(
    models: &LoggedModels,
    options: &GcOptions,
    now: Timestamp,
    report: &mut GcReport,
) -> Result<Leaving> {
    let old = |at| options.deleted_runs && now.since(at) >= options.older_than;
    let leaving = models.leaving(old)?;
    let (count, bytes) =
        if options.dry_run { (leaving.ids.len() as u64, leaving.bytes) } else { models.remove_all(&leaving)? };
    report.models = Amount { count, bytes };
    Ok(leaving)
}

#[cfg(test)]
mod tests;
