//! Opens a location and hands out the pillars.

mod backup;
mod copy;
mod dead;
mod format;
mod fsck;
mod gc;
mod holding;
mod local;
mod location;
mod make;
mod models;
mod open;
mod partial;
#[cfg(feature = "files")]
mod plain;
mod registry;
mod transfer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use backup::{BackupOptions, BackupReport, backup, restore};
pub use fsck::{FsckReport, fsck};
pub use gc::{GcOptions, GcReport};
pub use holding::Held;
pub use open::OpenOptions;
#[cfg(feature = "files")]
pub use plain::{ExportFilesOptions, ExportFilesReport, export_files};
pub use registry::end_open_runs;
#[cfg(feature = "cli")]
pub(crate) use transfer::{Source, destination, open_source};
pub use transfer::{export, import, sync, sync_at};
use uuid::Uuid;

use crate::base::sharing::Sharing;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::gates::Gates;
use crate::lineage::Lineage;
use crate::logged_models::LoggedModels;
use crate::registry::{Background, Listed, LocalRegistry, Watches};
use crate::runs::Runs;
use crate::settings;
use crate::storage::Storage;
use crate::storage::shared::Care;
use crate::sweeps::Sweeps;
use crate::workflows::Sources;

/// An open store. Clones share it; it closes with the last of them and of the runs that it handed out.
///
/// ```
/// use mlops_core::Store;
/// use mlops_core::runs::{RunOptions, RunStatus};
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let run = store.runs().start(RunOptions::default())?;
/// run.log_param("learning_rate", 0.001.into())?;
/// run.log_metric("accuracy", 0.94, 0, None)?;
/// run.end(RunStatus::Finished)?;
/// assert_eq!(store.runs().get(run.id())?.metrics["accuracy"].last, 0.94);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    /// With the durability of this opening.
    runs: Runs,
    inner: Arc<Inner>,
    /// Of this opening and its clones: who else has the same folder open does not notice.
    closed: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Inner {
    uri: String,
    id: Uuid,
    read_only: bool,
    sharing: Sharing,
    /// Nobody but this user may put files into its folder.
    is_own: bool,
    runs: Runs,
    blobs: Arc<dyn BlobStore>,
    storage: Arc<dyn Storage>,
    care: gc::Care,
    /// The parts of runs that are being changed.
    holding: holding::Holding,
    /// Who watches the registry.
    watches: Arc<Watches>,
    /// Its models, as they were last listed.
    listed: Arc<Listed>,
    /// What hands changes of the registry to the user's hooks.
    hooks: Arc<Background>,
    /// What this process does for the dead while it owns the store.
    dead: Option<Care>,
}

impl Store {
    /// Opens a location, and makes a store there if there is none: a path, `memory:`, or empty for `MLOPS_STORE`,
    /// else the nearest `.mlops` upwards, else a new one here. A path names the store's folder or a project folder
    /// that holds it as `.mlops`.
    ///
    /// # Errors
    /// `Locked` if the process that owns it does not answer or is out of reach, `Corrupt`, `NewerFormat`, `ReadOnly`, `Io`; `Untrusted` for a store of
    /// another user that was found upwards; `Unsupported` for another kind of URI.
    pub fn open(uri: &str) -> Result<Self> {
        Self::open_with(&OpenOptions { uri: uri.into(), ..OpenOptions::default() })
    }

    /// Where [`open`](Self::open) would find or make the store: an absolute path, or `memory:`.
    ///
    /// # Errors
    /// `Untrusted` for a store of another user that was found upwards; `Unsupported` for another kind of URI.
    pub fn locate(uri: &str) -> Result<String> {
        Ok(match location::resolve(uri)? {
            location::Location::Memory => open::MEMORY.into(),
            location::Location::Folder(folder) => folder.display().to_string(),
        })
    }

    /// [`open`](Self::open) with options.
    ///
    /// # Errors
    /// As [`open`](Self::open); `NotFound` with `must_exist` or `read_only` if there is no store, `AlreadyExists` with
    /// `must_be_new` if there is one; `InvalidState` if it was to be a group's and is private.
    pub fn open_with(options: &OpenOptions) -> Result<Self> {
        options.open()
    }

    /// The absolute path of the store's folder, or `memory:`.
    pub fn uri(&self) -> &str {
        &self.inner.uri
    }

    /// The store's folder; None in memory.
    pub fn path(&self) -> Option<&Path> {
        (self.inner.uri != open::MEMORY).then(|| Path::new(&self.inner.uri))
    }

    /// The random id that the store was made with.
    pub fn id(&self) -> Uuid {
        self.inner.id
    }

    /// True if the store was opened for reading.
    pub fn is_read_only(&self) -> bool {
        self.inner.read_only
    }

    /// Who may use the store's files; chosen when it was made.
    pub fn sharing(&self) -> Sharing {
        self.inner.sharing
    }

    /// True if this user made the store here or put it on the list of trusted stores: what runs code when it is
    /// loaded (a pickle) may be loaded from it without asking, but for runs that came from elsewhere
    /// ([`trusts_run`](Self::trusts_run)). Never so where others may write to its folder, a group's
    /// store among them. A store in memory is always one's own.
    pub fn is_trusted(&self) -> bool {
        let private = self.inner.is_own && self.sharing() == Sharing::Private;
        self.path().is_none() || private && settings::is_trusted(self.id())
    }

    /// Puts the store on the list of the stores that this user trusts; fine if it is there.
    ///
    /// # Errors
    /// `InvalidState` if others may write to its folder, or if there is no place for the list; `Io`, `ReadOnly`.
    pub fn trust(&self) -> Result<()> {
        if self.path().is_some() && !(self.inner.is_own && self.sharing() == Sharing::Private) {
            let uri = self.uri();
            let detail = format!(
                "the store {uri} cannot be trusted as a whole: it belongs to another user, or others may write to it, which \
                 `chmod -R go= {uri}` ends; load a model of it with trust=True, or make a copy of your own with `mlops backup`"
            );
            return Err(Error::InvalidState { detail });
        }
        settings::trust(self.id())
    }

    /// Experiments and runs; what they log is acknowledged as [`OpenOptions::durability`] says.
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Sweeps: trials that many processes take from this store.
    pub fn sweeps(&self) -> Sweeps {
        Sweeps::new(self.runs.clone(), self.inner.storage.clone())
    }

    /// Logged models: what training made, with params, metrics and files.
    pub fn logged_models(&self) -> LoggedModels {
        LoggedModels::new(self.runs.clone())
    }

    /// The model registry: names, numbered versions, and which version is where.
    pub fn registry(&self) -> LocalRegistry {
        let watches = self.inner.watches.clone();
        let storage = self.inner.storage.clone();
        let registry = LocalRegistry::new(self.runs.clone(), self.logged_models(), storage, watches);
        registry.with_hooks(self.inner.hooks.clone()).with_listed(self.inner.listed.clone())
    }

    /// Gates: candidates that are held against the baseline, and what came out.
    pub fn gates(&self) -> Gates {
        Gates::new(self.inner.storage.clone(), self.registry(), self.is_read_only())
    }

    /// What something was made of and what was made of it, across pillars: a version (`fraud@5`, `models:/fraud@production`),
    /// a run (`runs:/<run>` or its id), a logged model or a data set (`dataset:<digest>`). What was deleted is told of too.
    ///
    /// # Errors
    /// `NotFound` for what the store has never had, `InvalidArgument`, `Corrupt`, `Io`.
    pub fn lineage(&self, what: &str) -> Result<Lineage> {
        let (models, registry) = (self.logged_models(), self.registry());
        Sources { runs: &self.runs, models: &models, registry: &registry }.lineage(what)
    }

    /// Bytes by digest.
    pub fn blobs(&self) -> &Arc<dyn BlobStore> {
        &self.inner.blobs
    }

    /// The ordered map beneath everything.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.inner.storage
    }

    /// Brings what runs logged into storage and forces everything to the disk.
    ///
    /// # Errors
    /// `InvalidState` if it is closed; what writing the store gives: `Io`, `OutOfSpace`, `Corrupt`.
    pub fn flush(&self) -> Result<()> {
        self.check_open()?;
        self.inner.flush()
    }

    /// Flushes; later flushes fail. The folder is free for others when the last handle of the store and of its runs
    /// is gone.
    ///
    /// # Errors
    /// `InvalidState` if it is closed already; what [`flush`](Self::flush) says: the store is closed all the same.
    pub fn close(&self) -> Result<()> {
        self.check_open()?;
        self.closed.store(true, Ordering::Release);
        self.inner.flush()
    }

    /// [`backup`] of this store.
    ///
    /// # Errors
    /// As [`backup`]; `InvalidState` if the store is closed.
    pub fn backup(&self, dest: &str, options: &BackupOptions<'_>) -> Result<BackupReport> {
        self.check_open()?;
        backup(&self.inner.uri, dest, options)
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::InvalidState { detail: format!("the store {} is closed", self.inner.uri) });
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.runs.is_of_this_process() {
            self.hooks.end();
        }
        if let Some(care) = self.dead.as_ref().filter(|_| self.runs.is_of_this_process()) {
            // What it holds is let go before the store is.
            care.end();
        }
    }
}

impl Inner {
    fn flush(&self) -> Result<()> {
        self.runs.drain()?;
        if self.read_only {
            return Ok(());
        }
        self.blobs.flush()?;
        self.storage.flush()
    }
}

#[cfg(test)]
mod tests;
