//! The watches of a store in this process: one thread looks for all of them, while there is one.
//!
//! The log of events ends with another hash after every change of the registry, whoever made it, so that the thread reads
//! one small record a few times a second, and what is watched only when that has changed. A change that this process makes
//! wakes it at once. A store that is away is looked for again; what was seen last stays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::keys;
use super::names;
use super::store::LocalRegistry;
use super::watch::{Watched, WatchedVersion};
use crate::base::hurry;
use crate::base::os;
use crate::base::signal::Signal;
use crate::error::{Error, Result};

/// How often the thread looks for what other processes changed.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the end of the last watch waits for the thread.
const STOP_PATIENCE: Duration = Duration::from_millis(500);

/// Who is told of a change.
pub(super) type Listener = Arc<dyn Fn(WatchedVersion) + Send + Sync>;

/// One thing that is watched, as it was seen last.
pub(super) struct Cell {
    name: String,
    of: Watched,
    /// The version; 0 for none.
    pub(super) version: AtomicU64,
    /// How often it has changed since it is watched.
    pub(super) changes: AtomicU64,
    /// Beside the version, where a slot is watched.
    pub(super) generation: AtomicU64,
    /// When it was last looked at, in microseconds since `began`.
    looked: AtomicU64,
    began: Instant,
    pub(super) error: Mutex<Option<String>>,
    pub(super) listeners: Mutex<Vec<(u64, Listener)>>,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cell")
            .field("name", &self.name)
            .field("of", &self.of)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Cell {
    fn new(name: &str, of: Watched, (version, generation): Seen) -> Self {
        Self {
            name: name.into(),
            of,
            version: version.unwrap_or_default().into(),
            changes: 0.into(),
            generation: generation.into(),
            looked: 0.into(),
            began: Instant::now(),
            error: Mutex::default(),
            listeners: Mutex::default(),
        }
    }

    /// How long ago it was last looked at.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_micros(self.looked.load(Ordering::Acquire)))
    }

    /// Takes what is there now; true if it was another.
    fn take(&self, (version, generation): Seen) -> bool {
        let version = version.unwrap_or_default();
        // Only the thread writes.
        if (self.version.load(Ordering::Relaxed), self.generation.load(Ordering::Relaxed)) == (version, generation) {
            return false;
        }
        self.generation.store(generation, Ordering::Release);
        self.version.store(version, Ordering::Release);
        self.changes.fetch_add(1, Ordering::AcqRel);
        true
    }

    fn was_looked_at(&self) {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.looked.store(now, Ordering::Release);
    }

    fn tell(&self) {
        let version = Some(self.version.load(Ordering::Acquire)).filter(|version| *version > 0);
        let seen = WatchedVersion {
            version,
            generation: self.generation.load(Ordering::Acquire),
            changes: self.changes.load(Ordering::Acquire),
        };
        let listeners = self.listeners.lock().clone();
        for (_, listener) in listeners {
            // What is wrong with a listener is no reason to tell the others nothing any more.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(seen)));
        }
    }
}

/// The version and the generation of a slot; of an alias the generation is 0.
type Seen = (Option<u64>, u64);

impl LocalRegistry {
    /// What a watch sees now. A model that is not there has nothing.
    fn look_at(&self, name: &str, of: &Watched) -> Result<Seen> {
        let Some(model) = self.find_record(name)? else { return Ok((None, 0)) };
        match of {
            Watched::Slot(slot) => {
                let state = self.slot(&model, &names::slot(slot)?)?;
                Ok((state.production, state.generation))
            }
            Watched::Alias(alias) => Ok((self.find_pointed(&model, &names::found_alias(alias)?)?, 0)),
        }
    }
}

/// The watches of one store that this process has open.
#[derive(Debug)]
pub(crate) struct Watches {
    /// Of the process that opened the store: a forked child has neither the thread nor, maybe, the lock.
    forks: usize,
    any: AtomicBool,
    state: Mutex<State>,
    /// Wakes the thread.
    wanted: Signal,
    /// Wakes who waits for a change.
    pub(super) changed: Signal,
}

#[derive(Debug, Default)]
struct State {
    cells: Vec<Arc<Cell>>,
    /// Which thread is meant: one that was told to stop does not count any more.
    generation: u64,
    thread: Option<JoinHandle<()>>,
    /// Set when the thread is wanted back: a call to the owner of the store is given up then.
    stop: Arc<AtomicBool>,
    /// Somebody knows that there is something to see.
    dirty: bool,
    /// A cell was added: what is in it was read before it was.
    fresh: bool,
}

impl Default for Watches {
    fn default() -> Self {
        Self {
            forks: os::forks(),
            any: false.into(),
            state: Mutex::default(),
            wanted: Signal::default(),
            changed: Signal::default(),
        }
    }
}

impl Watches {
    /// False in a child that was forked since the store was opened: it must not take the lock.
    pub(super) fn is_of_this_process(&self) -> bool {
        os::forks() == self.forks
    }

    /// Says that this process has changed the registry.
    pub(super) fn tell(&self) {
        if self.any.load(Ordering::Acquire) && self.is_of_this_process() {
            self.state.lock().dirty = true;
            self.wanted.notify_all();
        }
    }

    /// Has something watched; starts the thread if there is none.
    pub(super) fn add(self: &Arc<Self>, registry: &LocalRegistry, name: &str, of: &Watched) -> Result<Arc<Cell>> {
        let cell = Arc::new(Cell::new(name, of.clone(), registry.look_at(name, of)?));
        let mut state = self.state.lock();
        state.cells.push(cell.clone());
        (state.dirty, state.fresh) = (true, true);
        if state.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            let (watches, registry, generation) = (self.clone(), registry.clone(), state.generation);
            state.stop = Arc::default();
            let stop = state.stop.clone();
            let started = std::thread::Builder::new().name("mlops-watch".into()).spawn(move || {
                hurry::watch(stop);
                watches.run(&registry, generation);
            });
            match started {
                Ok(thread) => state.thread = Some(thread),
                Err(e) => {
                    state.cells.pop();
                    return Err(Error::io("start a thread that watches", std::path::Path::new(name), e));
                }
            }
        }
        self.any.store(true, Ordering::Release);
        drop(state);
        self.wanted.notify_all();
        Ok(cell)
    }

    /// Ends a watch, and the thread with the last one.
    pub(super) fn remove(&self, cell: &Arc<Cell>) {
        let thread = {
            let mut state = self.state.lock();
            state.cells.retain(|other| !Arc::ptr_eq(other, cell));
            if !state.cells.is_empty() {
                return;
            }
            self.any.store(false, Ordering::Release);
            state.generation += 1;
            state.stop.store(true, Ordering::Relaxed);
            state.thread.take()
        };
        self.wanted.notify_all();
        // A listener may end its own watch.
        let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id()) else { return };
        let began = Instant::now();
        while !thread.is_finished() && began.elapsed() < STOP_PATIENCE {
            std::thread::sleep(Duration::from_micros(200));
        }
        if thread.is_finished() {
            // A panic of the thread was its own end.
            let _ = thread.join();
        }
    }

    /// Waits until a cell has changed more often than `seen`; false if the time is over first.
    pub(super) fn wait(&self, cell: &Cell, seen: u64, timeout: Duration) -> bool {
        let until = Instant::now().checked_add(timeout);
        let mut state = self.state.lock();
        while cell.changes.load(Ordering::Acquire) == seen {
            match until {
                Some(until) if Instant::now() >= until => return false,
                Some(until) => drop(self.changed.wait_until(&mut state, until)),
                None => self.changed.wait(&mut state),
            }
        }
        true
    }

    /// True while the thread is there.
    #[cfg(test)]
    pub(crate) fn is_running(&self) -> bool {
        self.state.lock().thread.is_some()
    }

    fn run(&self, registry: &LocalRegistry, generation: u64) {
        // The end of the log that the cells were last looked at for; None: for none yet.
        let mut looked_for: Option<Vec<u8>> = None;
        loop {
            let (cells, fresh) = {
                let mut state = self.state.lock();
                if state.generation != generation {
                    return;
                }
                state.dirty = false;
                (state.cells.clone(), std::mem::take(&mut state.fresh))
            };
            match self.look(registry, &cells, looked_for.as_deref().filter(|_| !fresh)) {
                Ok(head) => looked_for = Some(head),
                Err(e) => {
                    looked_for = None;
                    let error = e.to_string();
                    cells.iter().for_each(|cell| *cell.error.lock() = Some(error.clone()));
                }
            }
            drop(cells);
            let mut state = self.state.lock();
            let until = Instant::now() + LOOK_EVERY;
            while state.generation == generation && !state.dirty && Instant::now() < until {
                self.wanted.wait_until(&mut state, until);
            }
        }
    }

    /// Looks at the end of the log, and if it is another, at all that is watched.
    fn look(&self, registry: &LocalRegistry, cells: &[Arc<Cell>], before: Option<&[u8]>) -> Result<Vec<u8>> {
        // A log without events has no end.
        let head = registry.storage.get(keys::HEAD)?.unwrap_or_default();
        if before != Some(head.as_slice()) {
            let mut seen = Vec::with_capacity(cells.len());
            for cell in cells {
                seen.push((cell, registry.look_at(&cell.name, &cell.of)?));
            }
            let state = self.state.lock();
            let changed: Vec<_> = seen.into_iter().filter(|(cell, seen)| cell.take(*seen)).collect();
            drop(state);
            if !changed.is_empty() {
                self.changed.notify_all();
                changed.iter().for_each(|(cell, _)| cell.tell());
            }
        }
        for cell in cells {
            cell.was_looked_at();
            *cell.error.lock() = None;
        }
        Ok(head)
    }
}
