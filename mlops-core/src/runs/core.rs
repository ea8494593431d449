//! What the handles, the drain and the readers of one store share.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use super::background::Background;
use super::columns;
use super::contradicted::Contradicted;
use super::doc::StoredParam;
use super::drain::DrainState;
use super::dropped::{Dropped, Ending};
use super::subjects::MetricSubject;
use super::system::Monitors;
use super::unowned::Unowned;
use crate::base::clock::Clock;
use crate::base::digests::Digest;
use crate::base::durability::Durability;
use crate::base::forked;
use crate::base::ids::IdSource;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::spool::{Mark, Spool};
use crate::storage::Storage;

/// Most runs that a process remembers after they ended.
const REMEMBERED_RUNS: usize = 1_024;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) blobs: Arc<dyn BlobStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) spool: Spool,
    pub(super) read_only: bool,
    /// Why, if nobody asked for that.
    pub(super) not_writable: OnceLock<String>,
    /// How often the process had forked when the store was opened: a child has no use of what it inherited.
    pub(super) forks: usize,
    pub(super) known: Mutex<HashMap<String, Arc<Known>>>,
    /// Held while a run starts with an id that its caller gives. Taken before the others.
    pub(super) naming: Mutex<()>,
    pub(super) drain: Mutex<DrainState>,
    /// How many drains failed, though nothing is lost.
    pub(super) drain_failures: AtomicU64,
    /// The store was deleted or moved while it was open, as the last drain found; with where the records begin that are
    /// gone.
    pub(super) is_gone: AtomicBool,
    pub(super) gone_from: Mutex<Mark>,
    /// True while the spool may hold records that are not drained.
    pub(super) dirty: AtomicBool,
    /// Some record was to be on the disk when its call returned; set before it is appended.
    pub(super) forced: AtomicBool,
    /// Runs that ended while the disk had no room to say so.
    pub(super) endings: Mutex<Vec<Ending>>,
    pub(super) background: Background,
    /// The runs whose machine is measured.
    pub(super) monitors: Monitors,
    /// What this process remembers of the columns that searches look at.
    pub(super) columns: columns::Cache,
    /// What is read while nobody may own the store.
    pub(super) unowned: Unowned,
    /// This, for the background thread.
    pub(super) this: Weak<Core>,
}

/// What this process knows of a run that it logs to.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: String,
    /// This process started or resumed the run and did not end it.
    pub(super) active: AtomicBool,
    /// What could not be kept because the disk was full.
    pub(super) dropped: Dropped,
    /// Params of it that another process set first.
    pub(super) contradicted: Contradicted,
    pub(super) state: Mutex<KnownState>,
}

#[derive(Debug, Default)]
pub(super) struct KnownState {
    /// False until the run's stored params, series and artifacts are in the sets below.
    pub(super) loaded: bool,
    /// The digest of the text of every param.
    pub(super) params: HashMap<String, Digest>,
    pub(super) series: HashSet<String>,
    pub(super) artifacts: BTreeSet<String>,
    /// What the points of a metric are said to be about, of those of which something is said.
    pub(super) subjects: HashMap<String, MetricSubject>,
    pub(super) deleted: bool,
    /// When alerts of a title were last raised, as far as this process knows.
    pub(super) alerts: HashMap<String, Timestamp>,
    /// Reused for every record.
    pub(super) buffer: Vec<u8>,
}

impl KnownState {
    /// The param's text, if this process knows the param: Some(true) if it is the same.
    pub(super) fn has_param(&self, key: &str, value: &StoredParam) -> Option<bool> {
        self.params.get(key).map(|known| *known == value.text_digest())
    }
}

impl Core {
    /// Refuses to change what is opened for reading, and what a forked child inherited.
    pub(super) fn check_writable(&self, what: &str) -> Result<()> {
        self.check_process()?;
        if self.read_only {
            let hint = self.not_writable.get().map_or("open the store without read_only to change it", String::as_str);
            return Err(Error::ReadOnly { what: what.into(), hint: hint.into() });
        }
        Ok(())
    }

    /// Refuses the use of a store that was opened before this process was forked.
    pub(super) fn check_process(&self) -> Result<()> {
        forked::check(self.forks)
    }

    /// Appends a record to the spool and has it drained soon. Returns its number, for [`force`](Self::force).
    ///
    /// # Errors
    /// What the spool gives; `Corrupt` once a drain has found that what is appended goes nowhere.
    pub(super) fn append(&self, record: &[u8]) -> Result<u64> {
        if self.is_gone.load(Ordering::Relaxed) {
            return Err(self.spool.gone(*self.gone_from.lock()));
        }
        let seq = self.spool.append(record)?;
        let news = !self.dirty.swap(true, Ordering::AcqRel);
        if news || !self.background.is_running() {
            self.wake();
        }
        Ok(seq)
    }

    /// Says, before a record is appended, when its call will be acknowledged.
    pub(super) fn will_be(&self, durability: Durability) {
        if durability == Durability::Full {
            self.forced.store(true, Ordering::Release);
        }
    }

    /// Forces the record with this number to the disk, with the blobs that it names and all records before it.
    pub(super) fn force(&self, seq: u64) -> Result<()> {
        self.spool.sync(seq, || self.blobs.flush())
    }

    /// The same of all records of this process.
    pub(super) fn force_all(&self) -> Result<()> {
        self.spool.sync_all(|| self.blobs.flush())
    }

    /// Has the background thread look.
    pub(super) fn wake(&self) {
        if let Some(this) = self.this.upgrade() {
            self.background.wake(&this);
        }
        self.monitors.go_on();
    }

    /// What this process knows of a run, remembered from now on.
    pub(super) fn remember(&self, id: &str, loaded: bool, active: bool) -> Arc<Known> {
        let mut known = self.known.lock();
        if known.len() >= REMEMBERED_RUNS {
            known.retain(|_, run| {
                Arc::strong_count(run) > 1
                    || run.active.load(Ordering::Relaxed)
                    || run.dropped.is_some()
                    || run.contradicted.is_some()
            });
        }
        let run = known.entry(id.into()).or_insert_with(|| {
            let state = KnownState { loaded, ..KnownState::default() };
            let (active, dropped) = (AtomicBool::new(false), Dropped::default());
            let contradicted = Contradicted::default();
            Arc::new(Known { id: id.into(), active, dropped, contradicted, state: Mutex::new(state) })
        });
        if active {
            run.active.store(true, Ordering::Release);
        }
        run.clone()
    }
}
