//! The way into the pillar, and its background thread.

use std::any::Any;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::core::{Core, Wake};
use super::drain::{self, DRAIN_EVERY};
use super::experiments;
use super::references::Referenced;
use crate::base::clock::Clock;
use crate::base::files::Files;
use crate::base::ids::IdSource;
use crate::base::os;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::spool::{Mark, Spool, WriterFiles};
use crate::storage::Storage;

/// How often a process with an active run says that it lives: when it wakes, if the last time is a little less ago.
const HEARTBEAT: Duration = Duration::from_secs(5);
const BEAT_AFTER_MICROS: i64 = 4_000_000;

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
}

/// Experiments and runs of a store.
#[derive(Debug)]
pub struct Runs {
    pub(super) core: Arc<Core>,
    pub(super) inner: Arc<Inner>,
}

/// What handles of runs keep open: the last of them ends the background thread and drains what is left.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) core: Arc<Core>,
    thread: Mutex<Option<JoinHandle<()>>>,
    store: OnceLock<Weak<dyn Any + Send + Sync>>,
}

impl Runs {
    /// Opens the pillar: makes the experiment `Default` and finishes what a killed process left half applied.
    ///
    /// # Errors
    /// What reading and writing the store gives: `Corrupt`, `Io`.
    pub fn new(options: RunsOptions) -> Result<Self> {
        let core = Arc::new(Core {
            storage: options.storage,
            blobs: Arc::new(Referenced(options.blobs)),
            clock: options.clock,
            ids: options.ids,
            spool: options.spool,
            read_only: options.read_only,
            forks: os::forks(),
            known: Mutex::default(),
            naming: Mutex::default(),
            drain: Mutex::default(),
            dirty: false.into(),
            wake: Wake::default(),
        });
        experiments::ensure_default(&*core.storage, core.clock.now())?;
        drain::finish_pending(&*core.storage, &*core.blobs)?;
        Ok(Self {
            inner: Arc::new(Inner { core: core.clone(), thread: Mutex::default(), store: OnceLock::new() }),
            core,
        })
    }

    /// Has every run that is handed out keep `store` alive, so that whoever opens the folder again in this process
    /// shares it instead of meeting its lock.
    pub(crate) fn keep_open<T: Send + Sync + 'static>(&self, store: &Arc<T>) {
        self.inner.store.get_or_init(|| Arc::downgrade(store) as Weak<dyn Any + Send + Sync>);
    }

    /// Drains what a dead writer left in the spool and ends its runs as KILLED. Returns how far its files are
    /// drained.
    ///
    /// # Errors
    /// `Corrupt` with file and offset for a damaged record; what stands before it is drained.
    pub fn drain_dead(&self, files: &Files, writer: &WriterFiles) -> Result<Mark> {
        drain::drain_dead(&*self.core.storage, &*self.core.blobs, files, writer)
    }

    /// Applies what a writer has in the spool, without saying how its runs ended: it may live.
    pub(crate) fn read_writer(&self, files: &Files, writer: &WriterFiles) -> Result<()> {
        drain::drain_writer(&*self.core.storage, &*self.core.blobs, files, writer).map(drop)
    }

    /// Brings everything that this process logged into storage.
    ///
    /// # Errors
    /// `InvalidState` in a forked child; `Corrupt`, `Io`, `OutOfSpace`: the records stay in the spool then.
    pub fn drain(&self) -> Result<()> {
        self.core.drain_own()
    }
}

impl Inner {
    /// The store that the pillar belongs to, for as long as a run of it is held.
    pub(super) fn store(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.store.get().and_then(Weak::upgrade)
    }

    /// Starts the background thread, if it does not run. Without it (no thread to be had) readers, `end` and the
    /// next open drain.
    pub(super) fn watch(&self) {
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let core = self.core.clone();
            *thread = std::thread::Builder::new().name("mlops-drain".into()).spawn(move || background(&core)).ok();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.core.check_process().is_err() {
            // A forked child has neither the thread nor the right to drain.
            return;
        }
        self.core.wake.state.lock().stop = true;
        self.core.wake.changed.notify_all();
        if let Some(thread) = self.thread.get_mut().take() {
            // A panic of the thread was its own end; what it left is drained below.
            let _ = thread.join();
        }
        // What cannot be drained now stands in the spool and is drained by the next to open.
        let _ = self.core.drain_own();
    }
}

fn background(core: &Core) {
    let mut failures = 0_u32;
    let mut beaten = core.clock.now();
    loop {
        {
            let mut state = core.wake.state.lock();
            while !state.stop && !state.dirty {
                if core.wake.changed.wait_for(&mut state, HEARTBEAT) {
                    break;
                }
            }
            // Records that come close together are drained together; a failed drain waits longer.
            if !state.stop && state.dirty {
                let wait = DRAIN_EVERY * 2_u32.pow(failures.min(5));
                core.wake.changed.wait_for(&mut state, wait);
            }
            if state.stop {
                return;
            }
            state.dirty = false;
        }
        let now = core.clock.now();
        let active = core.known.lock().values().any(|run| run.active.load(Ordering::Relaxed));
        if active && now.as_micros().saturating_sub(beaten.as_micros()) >= BEAT_AFTER_MICROS {
            core.spool.beat(now);
            beaten = now;
        }
        let drained = core.drain_own();
        // What cannot be removed now only takes room; it is tried again.
        let _ = core.spool.remove_drained(core.clock.now(), || core.storage.flush());
        failures = if drained.is_ok() { 0 } else { failures + 1 };
        if drained.is_err() {
            core.wake.state.lock().dirty = true;
            // With the engine away the spool is what keeps the records: it is forced to the disk instead.
            let _: Result<(), Error> = core.spool.sync();
        }
    }
}
