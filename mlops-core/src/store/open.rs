//! How a store is opened.

use std::cell::Cell;
use std::ops::Not;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::Mutex;

use super::dead;
use super::gc::Care;
use super::holding::Holding;
use super::local::{self, LocalParts};
use super::location::{self, Location};
use super::{Inner, Store, make, registry};
use crate::base::clock::{Clock, SystemClock};
use crate::base::durability::Durability;
use crate::base::files::Files;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::base::sharing::{self, Sharing};
use crate::blob::memory::MemoryBlobs;
use crate::error::{Code, Error, Result};
use crate::registry::Background;
use crate::runs::{OpenForReading, Runs, RunsOptions};
use crate::spool::Spool;
use crate::storage::journal::CHECKPOINT_BYTES;
use crate::storage::memory::MemoryStorage;

/// The location of a store that nothing of is on the disk.
pub(super) const MEMORY: &str = "memory:";

/// How long an owner that does not answer is waited for.
const OWNER_WAIT: Duration = Duration::from_secs(10);

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// A path, `memory:`, or empty: `MLOPS_STORE`, else the nearest `.mlops` upwards, else a new one here.
    pub uri: String,
    /// Opens for reading only, as the store is at that moment: any number of processes may, also while another
    /// writes, and nothing on the disk changes. So is a store opened whose folder may not be written. Default false.
    pub read_only: bool,
    /// A store that does not exist is an error instead of being made. Default false; always so with `read_only`.
    pub must_exist: bool,
    /// A store that exists is an error, and an empty `uri` is `MLOPS_STORE`, else `.mlops` here, whatever stands
    /// upwards. Default false; not with `must_exist` or `read_only`, nor without `may_own`.
    pub must_be_new: bool,
    /// Who may use the files of a store that is made; one that exists says by the mode of its folder whose it is, and
    /// `Group` is an error where that is not so. Default `Private`.
    pub sharing: Sharing,
    /// How long the process that owns the store is waited for when it does not answer, and ten times as long while
    /// it opens the store. Default: 10 seconds, or what `MLOPS_OWNER_WAIT` says, in seconds.
    pub owner_wait: Duration,
    /// This process may own the store: false for one that must never hold others up. While no other process owns it,
    /// such a process reads what stands in the files, and what it logs waits in its spool. Default true, unless
    /// `MLOPS_MAY_OWN` is `0`.
    pub may_own: bool,
    /// A store that is made is put on this user's list of trusted stores. Default true; false for one that is thrown away.
    pub trust_new: bool,
    /// When what runs log through this opening is acknowledged; each call may choose another
    /// ([`Run::with_durability`](crate::runs::Run::with_durability)). Default: what `MLOPS_DURABILITY` says, `fast` or
    /// `full`, else [`Durability::Fast`].
    pub durability: Option<Durability>,
    /// Where the time comes from. Default: the computer's clock.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from. Default: UUIDs of version 7.
    pub ids: Arc<dyn IdSource>,
    /// Commits are merged into a checkpoint when they take more than this, in bytes, and more than half of the last
    /// checkpoint. Default: 4 MiB.
    pub checkpoint_bytes: u64,
    /// The file layer, for tests that let it fail. Default: the operating system's files.
    pub files: Files,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            uri: String::new(),
            read_only: false,
            must_exist: false,
            must_be_new: false,
            sharing: Sharing::Private,
            owner_wait: owner_wait(),
            may_own: std::env::var("MLOPS_MAY_OWN").is_ok_and(|may| may.trim() == "0").not(),
            trust_new: true,
            durability: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(TimeOrderedIds),
            checkpoint_bytes: CHECKPOINT_BYTES,
            files: Files::default(),
        }
    }
}

fn owner_wait() -> Duration {
    let seconds = std::env::var("MLOPS_OWNER_WAIT").ok().and_then(|text| text.trim().parse::<f64>().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(OWNER_WAIT)
}

impl OpenOptions {
    pub(super) fn open(&self) -> Result<Store> {
        let durability = self.durability.map_or_else(Durability::from_environment, Ok)?;
        if self.must_be_new && (self.must_exist || self.read_only || !self.may_own) {
            return Err(Error::InvalidArgument {
                what: "must_be_new".into(),
                value: "true".into(),
                expected: "neither must_exist nor read_only beside it, and a process that may own the store".into(),
            });
        }
        let location = if self.must_be_new { location::resolve_new(&self.uri) } else { location::resolve(&self.uri) }?;
        if let Location::Folder(folder) = &location {
            make::check_access(folder)?;
        }
        let inner = match location {
            Location::Memory => Arc::new(self.memory()?),
            Location::Folder(folder) if self.read_only => self.to_read(&folder)?,
            Location::Folder(folder) => match self.to_write(&folder) {
                Err(refused) if refused.code() == Code::ReadOnly && !self.must_be_new => {
                    // A store where nobody, or not this user, may write. If it cannot be read either, the first error tells more.
                    let reading = Self { read_only: true, must_exist: true, ..self.clone() };
                    let Ok(inner) = reading.to_read(&folder) else { return Err(refused) };
                    inner.runs.not_writable(&refused);
                    inner
                }
                opened => opened?,
            },
        };
        inner.runs.keep_open(&inner);
        Ok(Store { runs: inner.runs.with_durability(durability), inner, closed: Arc::new(AtomicBool::new(false)) })
    }

    fn to_read(&self, folder: &Path) -> Result<Arc<Inner>> {
        let parts = local::open_read_only(self, folder)?;
        Ok(Arc::new(self.inner(folder.display().to_string(), parts)?))
    }

    fn to_write(&self, folder: &Path) -> Result<Arc<Inner>> {
        make::prepare(self, folder).map_err(|e| e.in_folder(folder))?;
        let made = Cell::new(false);
        let inner = registry::share(folder, || {
            made.set(true);
            let parts = local::open(self, folder)?;
            self.inner(folder.display().to_string(), parts)
        })?;
        if self.must_be_new && !made.get() {
            // Another thread was first.
            return Err(make::is_there(folder));
        }
        Ok(inner)
    }

    /// Opens the same store for reading, with what every spool holds.
    fn reading(&self, uri: &str) -> OpenForReading {
        let options = Self { uri: uri.into(), read_only: true, must_exist: true, ..self.clone() };
        OpenForReading(Arc::new(move || options.open().map(|store| store.runs().clone())))
    }

    fn memory(&self) -> Result<Inner> {
        if self.sharing == Sharing::Group {
            let detail = "a store in memory cannot be shared with a group; give it a path".into();
            return Err(Error::Unsupported { detail });
        }
        let parts = LocalParts {
            id: self.ids.next(),
            storage: Arc::new(MemoryStorage::default()),
            shared: None,
            blobs: Arc::new(MemoryBlobs::default()),
            spool: Spool::memory(&self.ids),
            dead: None,
            disk: None,
        };
        self.inner(MEMORY.into(), parts)
    }

    fn inner(&self, uri: String, parts: LocalParts) -> Result<Inner> {
        let runs = Runs::new(RunsOptions {
            storage: parts.storage.clone(),
            blobs: parts.blobs.clone(),
            spool: parts.spool,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            read_only: self.read_only,
            unowned: (!self.may_own && !self.read_only).then(|| self.reading(&uri)),
        })?;
        if let Some(writers) = parts.dead {
            match writers.drain(&runs.drainer()) {
                Err(Error::NoOwner { .. }) => {}
                drained => drop(drained?),
            }
        }
        let LocalParts { id, blobs, storage, disk, shared, .. } = parts;
        let dead = shared.zip(disk.as_ref()).map(|((shared, care), disk)| {
            care.set(dead::look_after(&shared, blobs.clone(), disk));
            care
        });
        let place = disk.as_ref().map(|disk| (disk.files.clone(), &disk.layout));
        let holding = Holding::new(place, self.owner_wait);
        let care = Care { clock: self.clock.clone(), disk, one: Mutex::default() };
        let (sharing, is_own) = match &*uri {
            MEMORY => (Sharing::Private, true),
            folder => (Sharing::of(Path::new(folder)), sharing::is_own(Path::new(folder))),
        };
        let watches = Arc::default();
        let place = if uri == MEMORY { "" } else { &*uri };
        let hooks = Arc::new(Background::new(id, place));
        Ok(Inner {
            uri,
            id,
            read_only: self.read_only,
            sharing,
            is_own,
            runs,
            blobs,
            storage,
            care,
            holding,
            watches,
            hooks,
            listed: Arc::default(),
            dead,
        })
    }
}
