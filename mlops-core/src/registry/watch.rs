//! A watch: what is in production, or what an alias points to, at the cost of reading a number.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::names;
use super::store::LocalRegistry;
use super::watches::{Cell, Watches};
use crate::error::{Error, Result};

/// What is watched of a registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// What is in production in a slot; the empty one is the slot that every model has.
    Slot(String),
    /// What an alias points to; `previous` is what a rollback goes back to.
    Alias(String),
}

impl Watched {
    /// What is in production in the slot without a name.
    pub fn production() -> Self {
        Self::Slot(String::new())
    }
}

/// What a watch saw last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedVersion {
    /// The version; None if there is none.
    pub version: Option<u64>,
    /// The generation of the slot; 0 for an alias.
    pub generation: u64,
    /// How often it has changed since it is watched.
    pub changes: u64,
}

/// Knows which version is in production, or which one an alias points to, whichever process changes it: at most about a
/// quarter of a second later, while the store can be reached.
///
/// A thread of the store in this process looks, one for all watches, until the last of them is dropped; it reads one small
/// record five times a second, and more only when the registry has changed. A watch keeps the store open.
///
/// ```
/// use std::time::Duration;
///
/// use mlops_core::Store;
/// use mlops_core::registry::{ModelRegistry, PromoteOptions, VersionOptions, Watched};
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let registry = store.registry();
/// let watch = registry.watch("fraud", &Watched::production())?;
/// assert_eq!(watch.current(), None);
/// registry.register("fraud", &VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() })?;
/// registry.promote("fraud", 1, &PromoteOptions::default())?;
/// assert!(watch.wait(Duration::from_secs(10))?);
/// assert_eq!(watch.current(), Some(1));
/// assert!(!watch.changed());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    cell: Arc<Cell>,
    watches: Arc<Watches>,
    /// The changes that the caller was told of.
    told: AtomicU64,
    listener: AtomicU64,
    /// Whoever opens the folder again meanwhile shares the store.
    _store: Option<Arc<dyn Any + Send + Sync>>,
}

/// Keeps a listener of [`Watch::on_change`] told, until it is dropped.
#[derive(Debug)]
pub struct WatchSubscription {
    cell: Weak<Cell>,
    watches: Arc<Watches>,
    number: u64,
}

impl LocalRegistry {
    /// Watches what is in production in a slot of a model, or what an alias of it points to. The model may be one that is not
    /// there yet, or not any more: it has no version then.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that none can have; `InvalidState` for a store that was opened for reading, which shows it
    /// as it was then; `Io` if there is no thread to be had, and what reading the store gives.
    pub fn watch(&self, name: &str, of: &Watched) -> Result<Watch> {
        names::model(name)?;
        match of {
            Watched::Slot(slot) => names::slot(slot)?,
            Watched::Alias(alias) => names::found_alias(alias)?,
        };
        self.check_live()?;
        let cell = self.watches.add(self, name, of)?;
        let told = cell.changes.load(Ordering::Acquire).into();
        Ok(Watch { cell, watches: self.watches.clone(), told, listener: 0.into(), _store: self.runs.kept_open() })
    }
}

impl LocalRegistry {
    /// Refuses to wait for changes that the store does not show.
    pub(super) fn check_live(&self) -> Result<()> {
        if self.runs.check_writable().is_ok() {
            return Ok(());
        }
        let detail = "the store was opened for reading only, which shows it as it was then; open it without that to watch \
                      what others change";
        Err(Error::InvalidState { detail: detail.into() })
    }
}

impl Watch {
    /// The version that was there when it was last looked; None if there is none. It reads one number: some nanoseconds.
    pub fn current(&self) -> Option<u64> {
        Some(self.cell.version.load(Ordering::Acquire)).filter(|version| *version > 0)
    }

    /// The generation of the slot, that a promotion may expect; 0 for an alias.
    pub fn generation(&self) -> u64 {
        self.cell.generation.load(Ordering::Acquire)
    }

    /// How often it has changed since it is watched.
    pub fn changes(&self) -> u64 {
        self.cell.changes.load(Ordering::Acquire)
    }

    /// True if it has changed since the last time that this, or [`wait`](Self::wait), was true. Of many threads that ask, one
    /// is told. Some nanoseconds.
    pub fn changed(&self) -> bool {
        let (changes, told) = (self.changes(), self.told.load(Ordering::Relaxed));
        changes != told && self.told.compare_exchange(told, changes, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Waits until it has changed as [`changed`](Self::changed) says it; false if the time is over first. `Duration::MAX` waits
    /// for as long as it takes.
    ///
    /// # Errors
    /// `InvalidState` in a child that was forked since.
    pub fn wait(&self, timeout: Duration) -> Result<bool> {
        if !self.watches.is_of_this_process() {
            return Err(Error::InvalidState {
                detail: "this watch was opened before the process was forked; open the store again in the child".into(),
            });
        }
        let began = std::time::Instant::now();
        loop {
            let told = self.told.load(Ordering::Acquire);
            if !self.watches.wait(&self.cell, told, timeout.saturating_sub(began.elapsed())) {
                return Ok(false);
            }
            // Another thread may have been told of it.
            if self.changed() {
                return Ok(true);
            }
        }
    }

    /// How long ago the store was last looked at with success: a fraction of a second, unless it cannot be reached.
    pub fn age(&self) -> Duration {
        self.cell.age()
    }

    /// Why the last look failed; None if it did not. What was seen before stays.
    pub fn error(&self) -> Option<String> {
        if self.watches.is_of_this_process() { self.cell.error.lock().clone() } else { None }
    }

    /// Has a callback called after each change, in the thread that looks: it should be short. It is told what is there then,
    /// and not of what came and went between two looks.
    pub fn on_change(&self, callback: impl Fn(WatchedVersion) + Send + Sync + 'static) -> WatchSubscription {
        let number = self.listener.fetch_add(1, Ordering::Relaxed);
        if self.watches.is_of_this_process() {
            self.cell.listeners.lock().push((number, Arc::new(callback)));
        }
        WatchSubscription { cell: Arc::downgrade(&self.cell), watches: self.watches.clone(), number }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.watches.is_of_this_process() {
            let _gone = std::mem::take(&mut *self.cell.listeners.lock());
            self.watches.remove(&self.cell);
        }
    }
}

impl Drop for WatchSubscription {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.upgrade().filter(|_| self.watches.is_of_this_process()) {
            // Dropped when the lock is let go: what a listener holds may end another watch.
            let _gone: Vec<_> = cell.listeners.lock().extract_if(.., |(number, _)| *number == self.number).collect();
        }
    }
}
