//! The way into the pillar, and its background thread.

use std::any::Any;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::background::Background;
use super::columns;
use super::core::Core;
use super::dead::Drainer;
use super::drain;
use super::experiments;
use super::references::Referenced;
use super::system::Monitors;
use super::unowned::{OpenForReading, Unowned};
use crate::base::clock::Clock;
use crate::base::durability::Durability;
use crate::base::hurry;
use crate::base::ids::IdSource;
use crate::base::os;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::spool::Spool;
use crate::storage::Storage;

/// How long closing waits for an owner of the store that does not answer.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// What the pillar stands on.
#[derive(Debug)]
pub struct RunsOptions {
    /// Where runs are stored.
    pub storage: Arc<dyn Storage>,
    /// Where series, artifacts and long values are stored.
    pub blobs: Arc<dyn BlobStore>,
    /// This process's own records.
    pub spool: Spool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Refuses every change that a caller asks for.
    pub read_only: bool,
    /// Opens the same store for reading, where this process may have to do without an owner of it.
    pub(crate) unowned: Option<OpenForReading>,
}

/// Experiments and runs of a store. Clones share it.
#[derive(Clone, Debug)]
pub struct Runs {
    pub(super) core: Arc<Core>,
    pub(super) inner: Arc<Inner>,
    pub(super) durability: Durability,
}

/// What handles of runs keep open: the last of them ends the background thread and drains what is left.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) core: Arc<Core>,
    store: OnceLock<Weak<dyn Any + Send + Sync>>,
}

impl Runs {
    /// Opens the pillar: makes the experiment `Default` and finishes what a killed process left half applied.
    ///
    /// # Errors
    /// What reading and writing the store gives: `Corrupt`, `Io`.
    pub fn new(options: RunsOptions) -> Result<Self> {
        let core = Arc::new_cyclic(|this| Core {
            storage: options.storage,
            blobs: Arc::new(Referenced(options.blobs)),
            clock: options.clock,
            ids: options.ids,
            spool: options.spool,
            read_only: options.read_only,
            not_writable: OnceLock::new(),
            forks: os::forks(),
            known: Mutex::default(),
            naming: Mutex::default(),
            drain: Mutex::default(),
            drain_failures: 0.into(),
            is_gone: false.into(),
            gone_from: Mutex::default(),
            dirty: false.into(),
            forced: false.into(),
            endings: Mutex::default(),
            background: Background::default(),
            monitors: Monitors::default(),
            columns: columns::Cache::default(),
            unowned: Unowned::new(options.unowned),
            this: this.clone(),
        });
        experiments::ensure_default(&*core.storage, core.clock.now())?;
        match drain::finish_pending(&*core.storage, &*core.blobs) {
            // It is left to the next process that opens the store and may own it.
            Err(Error::NoOwner { .. }) => {}
            finished => finished?,
        }
        let inner = Arc::new(Inner { core: core.clone(), store: OnceLock::new() });
        Ok(Self { core, inner, durability: Durability::Fast })
    }

    /// Says why changes are refused where nobody asked to read only.
    pub(crate) fn not_writable(&self, why: &Error) {
        let _ = self.core.not_writable.set(format!("it was opened to read, since {why}"));
    }

    /// The same, where the runs that it hands out log with this durability and what it makes is kept with it. Deletions
    /// are always [`Full`](Durability::Full).
    ///
    /// ```
    /// use mlops_core::runs::{RunOptions, RunStatus};
    /// use mlops_core::{Durability, Store};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let store = Store::open(folder.path().to_str().expect("a path in UTF-8"))?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// run.log_metric("loss", 0.5, 0, None)?;
    /// // This one is on the disk when the call returns.
    /// run.with_durability(Durability::Full).log_metric("final_loss", 0.1, 0, None)?;
    /// run.end(RunStatus::Finished)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_durability(&self, durability: Durability) -> Self {
        Self { durability, ..self.clone() }
    }

    /// Has every run that is handed out keep `store` alive, so that whoever opens the folder again in this process
    /// shares it instead of meeting its lock.
    pub(crate) fn keep_open<T: Send + Sync + 'static>(&self, store: &Arc<T>) {
        self.inner.store.get_or_init(|| Arc::downgrade(store) as Weak<dyn Any + Send + Sync>);
    }

    /// What keeps the store open for as long as it is held; None if it was opened without one.
    pub(crate) fn kept_open(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.inner.store()
    }

    /// What drains the files of other writers.
    pub(crate) fn drainer(&self) -> Drainer {
        Drainer { storage: self.core.storage.clone(), blobs: self.core.blobs.clone() }
    }

    /// False in a child that was forked since the store was opened.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.core.check_process().is_ok()
    }

    /// Where new ids come from.
    pub(crate) fn ids(&self) -> &Arc<dyn IdSource> {
        &self.core.ids
    }

    /// Where bytes are; that one is missing that a record names is damage.
    pub(crate) fn blobs(&self) -> &Arc<dyn BlobStore> {
        &self.core.blobs
    }

    /// The ordered map that runs are stored in.
    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        &self.core.storage
    }

    /// Where the time comes from.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.core.clock
    }

    /// When what it hands out acknowledges.
    pub(crate) fn durability(&self) -> Durability {
        self.durability
    }

    /// Refuses to change what is opened for reading, and what a forked child inherited.
    pub(crate) fn check_writable(&self) -> Result<()> {
        self.core.check_writable("the store")
    }

    /// Ends the background thread before this process forks; the next log call starts it again.
    pub(crate) fn before_fork(&self) {
        self.core.monitors.before_fork();
        self.core.background.before_fork(&self.core);
    }

    /// Brings everything that this process logged into storage, with the ends of runs that there was no room for.
    ///
    /// # Errors
    /// `InvalidState` in a forked child; `Corrupt`, `Io`, `OutOfSpace`: the records stay in the spool then.
    pub fn drain(&self) -> Result<()> {
        if self.core.has_endings() {
            self.core.check_process()?;
            self.core.write_endings()?;
        }
        self.core.drain_own()
    }
}

impl Inner {
    /// The store that the pillar belongs to, for as long as a run of it is held.
    pub(super) fn store(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.store.get().and_then(Weak::upgrade)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.core.check_process().is_err() {
            // A forked child has neither the thread nor the right to drain.
            return;
        }
        self.core.monitors.stop_all(true);
        // Runs that are open stay so, but what was dropped of them is noted.
        let _ = self.core.end_all(None);
        self.core.background.stop(None);
        // What cannot be drained now stands in the spool and is drained by whoever owns the store, or opens it next.
        let _ = hurry::within(CLOSE_PATIENCE, || self.core.drain_own().map(|()| self.core.fold_the_rest()));
    }
}
