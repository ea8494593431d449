//! The way into the pillar.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::keys;
use super::options::SweepOptions;
use super::stopping::Curve;
use super::types::SweepInfo;
use crate::base::limits;
use crate::base::names;
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::{RunStatus, Runs, for_each_entry};
use crate::storage::{Durability, KeyRange, Op, Outcome, Storage};

/// The sweeps of a store.
#[derive(Clone, Debug)]
pub struct Sweeps {
    pub(super) runs: Runs,
    pub(super) storage: Arc<dyn Storage>,
}

/// The curves of runs that have ended, with how, by the run's id.
pub(super) type EndedCurves = HashMap<String, (RunStatus, Arc<Curve>)>;

/// One sweep, to take trials from. Clones share what they know; every method may be called from any thread, and any
/// number of processes may have the same sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    pub(super) sweeps: Sweeps,
    pub(super) info: Arc<SweepInfo>,
    /// Name and type of what runs the trials, if it is not the program.
    pub(super) source: Option<(String, String)>,
    /// What does not change any more.
    pub(super) ended: Arc<Mutex<EndedCurves>>,
}

impl Sweeps {
    /// The sweeps of a store whose runs are these.
    pub(crate) fn new(runs: Runs, storage: Arc<dyn Storage>) -> Self {
        Self { runs, storage }
    }

    fn sweep(&self, info: SweepInfo) -> Sweep {
        Sweep { sweeps: self.clone(), info: Arc::new(info), source: None, ended: Arc::default() }
    }

    /// Makes a sweep; it is on the disk when the call returns.
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken; `InvalidArgument`, `LimitExceeded` for what it cannot be; `NotFound` for an
    /// unknown experiment or parent; `ReadOnly`.
    pub fn create(&self, options: SweepOptions) -> Result<Sweep> {
        self.runs.check_writable()?;
        let info = options.resolve(&self.runs)?;
        let key = keys::definition(&info.name);
        let value = stored::encode(&info)?;
        limits::check(|| "the definition of the sweep".into(), value.len(), limits::STORAGE_VALUE_BYTES, "bytes")?;
        let ops = [Op::check_absent(key.clone()), Op::put(key, value)];
        match self.storage.apply(&ops, Durability::Full)? {
            Outcome::Applied => Ok(self.sweep(info)),
            Outcome::CheckFailed { .. } => Err(Error::AlreadyExists {
                what: "sweep",
                id: info.name,
                hint: "; get it to take trials of it, or choose another name".into(),
            }),
        }
    }

    /// The sweep of this name; it is made if there is none. So a script may be started many times, and all take trials from
    /// one sweep.
    ///
    /// # Errors
    /// `Conflict` if there is one of this name that is defined in another way; experiment, parent and a seed that is not
    /// given do not count. Those of [`create`](Self::create).
    pub fn ensure(&self, options: &SweepOptions) -> Result<Sweep> {
        loop {
            let Some(found) = options.name.as_deref().map(|name| self.find(name)).transpose()?.flatten() else {
                match self.create(options.clone()) {
                    // Another process was faster.
                    Err(Error::AlreadyExists { .. }) => continue,
                    made => return made,
                }
            };
            let wanted = SweepOptions { experiment_id: None, parent_run_id: None, ..options.clone() };
            let wanted = wanted.resolve(&self.runs)?;
            let same = SweepInfo {
                seed: if options.seed.is_some() { wanted.seed } else { found.info.seed },
                experiment_id: found.info.experiment_id.clone(),
                parent_run_id: found.info.parent_run_id.clone(),
                created_at: found.info.created_at,
                ..wanted
            };
            if same == *found.info {
                return Ok(found);
            }
            return Err(Error::Conflict {
                detail: format!(
                    "the sweep `{}` exists and is defined in another way; choose another name, or get it as it is",
                    same.name
                ),
            });
        }
    }

    /// The sweep of this name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn get(&self, name: &str) -> Result<Sweep> {
        let hint = "; `mlops sweeps list` shows what there is".into();
        self.find(name)?.ok_or_else(|| Error::NotFound { what: "sweep", id: name.into(), hint })
    }

    /// The sweep of this name, if there is one.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub fn find(&self, name: &str) -> Result<Option<Sweep>> {
        if names::check_key("sweep name", name).is_err() {
            return Ok(None);
        }
        let stored = self.storage.get(&keys::definition(name))?;
        stored.map(|bytes| Ok(self.sweep(stored::decode("a sweep", &bytes)?))).transpose()
    }

    /// All sweeps, by name.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub fn list(&self) -> Result<Vec<Sweep>> {
        let mut found = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::DEFINITIONS), |_, value| {
            found.push(self.sweep(stored::decode("a sweep", value)?));
            Ok(())
        })?;
        Ok(found)
    }
}

impl Sweep {
    /// The name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// The definition.
    pub fn info(&self) -> &SweepInfo {
        &self.info
    }

    /// The same, whose trials are run by this: a file, a notebook, and `LOCAL`, `NOTEBOOK`...
    #[must_use]
    pub fn with_source(self, name: &str, kind: &str) -> Self {
        Self { source: Some((name.into(), kind.into())), ..self }
    }

    pub(super) fn storage(&self) -> &dyn Storage {
        &*self.sweeps.storage
    }

    pub(super) fn runs(&self) -> &Runs {
        &self.sweeps.runs
    }
}
