//! Runs from one store into another: sync, export, import.

use std::path::Path;

use super::Store;
use super::open::{MEMORY, OpenOptions};
use crate::error::{Error, Result};
use crate::runs::{Ends, SyncOptions, SyncReport};

/// Brings runs of one store into another: what the destination lacks, and what has changed in the source since. Runs keep
/// their ids; experiments are matched by name. Doing it twice changes nothing, and what was cut short goes on the next time:
/// every run is in the destination as it was or wholly new.
///
/// The source may be open for reading, or be written to by another process: copied is what stands in storage and spools by
/// now, runs that go on included. A run that changed in both since they last had the same is a conflict, and what becomes of
/// it is [`SyncOptions::on_conflict`].
///
/// Models of runs that come from a store that is not trusted here ask before they run code, as
/// [`Store::trusts_run`] says.
///
/// ```
/// use mlops_core::runs::{RunOptions, RunStatus};
/// use mlops_core::{Store, SyncOptions, sync};
///
/// # fn main() -> mlops_core::Result<()> {
/// let (laptop, shared) = (Store::open("memory:")?, Store::open("memory:")?);
/// let run = laptop.runs().start(RunOptions::default())?;
/// run.log_metric("loss", 0.5, 0, None)?;
/// let report = sync(&laptop, &shared, &SyncOptions::default())?;
/// assert_eq!(report.new, [run.id()]);
///
/// run.log_metric("loss", 0.1, 1, None)?;
/// run.end(RunStatus::Finished)?;
/// let report = sync(&laptop, &shared, &SyncOptions::default())?;
/// assert_eq!(report.updated, [run.id()]);
/// assert_eq!(sync(&laptop, &shared, &SyncOptions::default())?.unchanged, 1);
/// assert_eq!(shared.runs().metric_history(run.id(), "loss")?.values, [0.5, 0.1]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `InvalidArgument` if both are the same store; `NotFound` for a run or experiment that is named and not in the source;
/// `InvalidState` if an experiment is deleted in the destination, or a store is closed; `InvalidQuery`; `ReadOnly`; `Busy`;
/// what reading and writing give: `Io`, `OutOfSpace`, `Corrupt`. What was copied before stays. A run that is damaged is no
/// error but reported.
pub fn sync(from: &Store, to: &Store, options: &SyncOptions<'_>) -> Result<SyncReport> {
    from.check_open()?;
    to.check_open()?;
    if from.uri() == to.uri() && from.uri() != MEMORY {
        return Err(Error::InvalidArgument {
            what: "destination".into(),
            value: to.uri().into(),
            expected: "another store than the source".into(),
        });
    }
    sync_between(from, to, Ends { from: from.id(), to: to.id(), trusted: from.is_trusted(), noted: false }, options)
}

/// Runs first: models say which runs they are of.
pub(super) fn sync_between(from: &Store, to: &Store, ends: Ends, options: &SyncOptions<'_>) -> Result<SyncReport> {
    let mut synced = to.runs().sync_from(from.runs(), ends, options)?;
    to.logged_models().sync_from(&from.logged_models(), ends.trusted, &mut synced, options)?;
    if options.takes_registry() {
        to.registry().sync_from(&from.registry(), ends.trusted, &mut synced, options)?;
    }
    if !options.dry_run {
        to.inner.flush()?;
    }
    Ok(synced.report)
}

/// [`sync`] of the store at one location, which is only read, into that at another, which is made if there is none.
///
/// # Errors
/// Those of [`sync`] and of opening both: `NotFound` if there is no store at `from`.
pub fn sync_at(from: &str, to: &str, options: &SyncOptions<'_>) -> Result<SyncReport> {
    let from = open_source(from)?;
    export(&from, to, options)
}

/// Brings runs into a store at the folder `dest`, which is made if there is none: a folder to carry away, that holds
/// nothing but these runs, and no path of this computer but what runs say themselves, such as the script that they ran.
///
/// ```
/// use mlops_core::runs::RunOptions;
/// use mlops_core::{Store, SyncOptions, export, import};
///
/// # fn main() -> mlops_core::Result<()> {
/// # let dir = tempfile::tempdir().expect("a folder");
/// # let folder = dir.path().join("carried").display().to_string();
/// let store = Store::open("memory:")?;
/// let run = store.runs().start(RunOptions::default())?;
/// export(&store, &folder, &SyncOptions { run_ids: vec![run.id().into()], ..SyncOptions::default() })?;
///
/// let elsewhere = Store::open("memory:")?;
/// import(&folder, &elsewhere, &SyncOptions::default())?;
/// assert_eq!(elsewhere.runs().get(run.id())?, store.runs().get(run.id())?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`sync`] and of opening the folder.
pub fn export(store: &Store, dest: &str, options: &SyncOptions<'_>) -> Result<SyncReport> {
    named("destination", dest)?;
    check_outside(store, dest)?;
    if !options.dry_run && is_new(dest)? {
        // Nothing is made for nothing.
        let planned = SyncOptions { dry_run: true, progress: None, ..options.clone() };
        let report = sync(store, &destination(dest, true)?, &planned)?;
        if !brings_something(store, &report, options)? {
            return Ok(SyncReport { dry_run: false, ..report });
        }
    }
    let dest = destination(dest, options.dry_run)?;
    let report = sync(store, &dest, options)?;
    if !options.dry_run {
        dest.close()?;
    }
    Ok(report)
}

/// True if a plan for a place where nothing is has something to bring: runs, or what stands without any. The log of the registry
/// counts as a whole, since policies and what was deleted are in it too.
fn brings_something(store: &Store, planned: &SyncReport, options: &SyncOptions<'_>) -> Result<bool> {
    let SyncReport { new, failed, experiments, logged_models, .. } = planned;
    let of_runs = !new.is_empty() || !failed.is_empty() || !logged_models.new.is_empty();
    let of_experiments = !options.selects_runs() && !experiments.is_empty();
    Ok(of_runs || of_experiments || (options.takes_registry() && store.registry().log_head()?.seq > 0))
}

/// Brings runs of the store in the folder `source`, which is only read, into a store. An export as plain files is one as well:
/// it is read and checked, all of it, before anything comes into the store.
///
/// # Errors
/// Those of [`sync`] and of opening the folder: `NotFound` if it holds no store; of plain files, `Corrupt` that names the file
/// that is damaged, changed or missing.
pub fn import(source: &str, store: &Store, options: &SyncOptions<'_>) -> Result<SyncReport> {
    Source::open(source, store.uri())?.sync_into(store, options)
}

/// What is imported.
#[derive(Debug)]
pub(crate) enum Source {
    Store(Store),
    #[cfg(feature = "files")]
    Files(super::plain::Staged),
}

impl Source {
    /// Opens a store, or reads an export as plain files into one beside `to`.
    pub(crate) fn open(uri: &str, to: &str) -> Result<Self> {
        named("source", uri)?;
        if let Some(folder) = plain_folder(uri) {
            return Self::read(&folder, to);
        }
        open_source(uri).map(Self::Store)
    }

    #[cfg(feature = "files")]
    fn read(folder: &Path, to: &str) -> Result<Self> {
        let near = (to != MEMORY).then(|| Path::new(to));
        super::plain::stage(folder, near).map(Self::Files)
    }

    #[cfg(not(feature = "files"))]
    fn read(folder: &Path, _: &str) -> Result<Self> {
        let folder = folder.display();
        let detail = format!(
            "{folder} is an export as plain files, which this build does not read: it lacks the feature `files`"
        );
        Err(Error::Unsupported { detail })
    }

    #[cfg(feature = "cli")]
    pub(crate) fn store(&self) -> &Store {
        match self {
            Self::Store(store) => store,
            #[cfg(feature = "files")]
            Self::Files(staged) => staged.store(),
        }
    }

    pub(crate) fn sync_into(&self, to: &Store, options: &SyncOptions<'_>) -> Result<SyncReport> {
        match self {
            Self::Store(store) => sync(store, to, options),
            #[cfg(feature = "files")]
            Self::Files(staged) => {
                to.check_open()?;
                staged.sync_into(to, options)
            }
        }
    }
}

/// The folder of an export as plain files. A store has no file of that name.
fn plain_folder(uri: &str) -> Option<std::path::PathBuf> {
    let path = std::path::absolute(uri).ok()?;
    path.join("manifest.json").symlink_metadata().is_ok_and(|found| found.is_file()).then_some(path)
}

/// Opens what is only read, and must be there.
pub(crate) fn open_source(uri: &str) -> Result<Store> {
    named("source", uri)?;
    let options = OpenOptions { uri: uri.into(), read_only: true, must_exist: true, ..OpenOptions::default() };
    Store::open_with(&options).map_err(|error| match error {
        Error::NotFound { what: "store", id, .. } => {
            Error::NotFound { what: "store", id, hint: "; name the folder of a store, an export or a backup".into() }
        }
        other => other,
    })
}

/// Opens what runs are brought into; for a dry run, without making or changing anything.
pub(crate) fn destination(uri: &str, dry_run: bool) -> Result<Store> {
    if !dry_run {
        return Store::open(uri);
    }
    let options = OpenOptions { uri: uri.into(), read_only: true, must_exist: true, ..OpenOptions::default() };
    match Store::open_with(&options) {
        Err(Error::NotFound { what: "store", .. }) => Store::open(MEMORY),
        opened => opened,
    }
}

/// True if there is nothing yet at a location.
fn is_new(uri: &str) -> Result<bool> {
    Ok(!Path::new(&Store::locate(uri)?).exists())
}

/// Refuses a destination in the folder of the store that is copied.
fn check_outside(store: &Store, dest: &str) -> Result<()> {
    let Some(folder) = store.path() else { return Ok(()) };
    let dest = Store::locate(dest)?;
    let is_inside =
        Path::new(&dest).ancestors().skip(1).any(|above| above.canonicalize().is_ok_and(|above| above == folder));
    if !is_inside {
        return Ok(());
    }
    Err(Error::InvalidArgument {
        what: "destination".into(),
        value: dest,
        expected: format!("a place outside of the folder of the source, {}", folder.display()),
    })
}

fn named(what: &str, uri: &str) -> Result<()> {
    if !uri.trim().is_empty() && uri != MEMORY {
        return Ok(());
    }
    let expected = "the path of a store; one in memory has none, and is handed to `sync` itself".into();
    Err(Error::InvalidArgument { what: what.into(), value: uri.into(), expected })
}

impl Store {
    /// True if what a run has may run code when it is loaded: the store is trusted ([`is_trusted`](Self::is_trusted)), and
    /// the run did not come from a store that was not.
    ///
    /// # Errors
    /// What reading the store gives.
    pub fn trusts_run(&self, run_id: &str) -> Result<bool> {
        Ok(self.is_trusted() && !self.runs().is_foreign(run_id)?)
    }

    /// The same of a logged model: the store is trusted, and the model was made in it, or its run was.
    ///
    /// # Errors
    /// `NotFound` for an unknown model; what reading the store gives.
    pub fn trusts_model(&self, model_id: &str) -> Result<bool> {
        let is_foreign = self.logged_models().is_foreign(model_id)?;
        Ok(self.is_trusted() && !is_foreign)
    }
}

#[cfg(test)]
mod tests;
