//! Experiments: ids that count up, names that are unique.

mod edit;
mod search;

use std::collections::BTreeMap;

use super::codec;
use super::core::Core;
use super::keys;
use super::section::for_each_entry;
use super::store::Runs;
use super::types::{DEFAULT_EXPERIMENT_ID, Experiment, Lifecycle, RunInfo, View};
use crate::base::limits;
use crate::base::names;
use crate::base::paging::{Page, page_size};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::storage::{Durability, KeyRange, Op, Outcome, Storage};

/// Experiments that a commit makes by the way.
#[derive(Debug, Default)]
pub(super) struct Making {
    by_name: BTreeMap<String, String>,
    next: Option<u64>,
    ops: Vec<Op>,
}

impl Making {
    /// The id of the experiment that has this name; it is made if there is none.
    pub(super) fn ensure(&mut self, storage: &dyn Storage, name: &str, at: Timestamp) -> Result<String> {
        if let Some(id) = self.by_name.get(name) {
            return Ok(id.clone());
        }
        let id = match storage.get(&keys::experiment_name(name))? {
            Some(id) => codec::decode("an experiment's name", &id)?,
            None => self.create(storage, name, &[], at)?,
        };
        self.by_name.insert(name.into(), id);
        Ok(self.by_name.get(name).cloned().unwrap_or_default())
    }

    /// Makes an experiment; the commit fails its checks if another process makes one meanwhile.
    pub(super) fn create(
        &mut self,
        storage: &dyn Storage,
        name: &str,
        tags: &[(String, String)],
        at: Timestamp,
    ) -> Result<String> {
        let number = match self.next {
            Some(next) => next,
            None => {
                let stored = storage.get(keys::NEXT_EXPERIMENT)?;
                self.ops.push(Op::Check { key: keys::NEXT_EXPERIMENT.to_vec(), expected: stored.clone() });
                stored.map_or(Ok(0), |bytes| codec::decode("the counter of experiments", &bytes))?
            }
        };
        self.next = Some(number + 1);
        let id = self.put(number, name, tags, at)?;
        self.ops.push(Op::put(keys::NEXT_EXPERIMENT, codec::encode(&(number + 1))?));
        Ok(id)
    }

    /// The name of an experiment, also of one that is being made.
    pub(super) fn name_of(&self, storage: &dyn Storage, id: &str) -> Result<Option<String>> {
        if let Some((name, _)) = self.by_name.iter().find(|(_, made)| *made == id) {
            return Ok(Some(name.clone()));
        }
        let stored = storage.get(&keys::experiment(keys::experiment_number(id)?))?;
        Ok(stored
            .map(|bytes| codec::decode::<Experiment>("an experiment", &bytes))
            .transpose()?
            .map(|found| found.name))
    }

    /// The id of an experiment that a run names, by its name and by its id where it was made: the one of that name, else the
    /// one with that id, which is made again if there is none.
    pub(super) fn create_again(
        &mut self,
        storage: &dyn Storage,
        id: &str,
        name: Option<String>,
        at: Timestamp,
    ) -> Result<String> {
        let name = name.unwrap_or_else(|| format!("experiment {id}"));
        // A run that came from another store has that one's id in what was sealed there.
        if let Some(found) = storage.get(&keys::experiment_name(&name))? {
            return codec::decode("an experiment's name", &found);
        }
        let number = keys::experiment_number(id)?;
        if storage.get(&keys::experiment(number))?.is_some() {
            return Ok(id.into());
        }
        let stored = storage.get(keys::NEXT_EXPERIMENT)?;
        let next = stored.as_ref().map_or(Ok(0), |bytes| codec::decode("the counter of experiments", bytes))?;
        self.ops.push(Op::check(keys::NEXT_EXPERIMENT.to_vec(), stored));
        self.ops.push(Op::put(keys::NEXT_EXPERIMENT, codec::encode(&next.max(number + 1))?));
        self.put(number, &name, &[], at)
    }

    fn put(&mut self, number: u64, name: &str, tags: &[(String, String)], at: Timestamp) -> Result<String> {
        let experiment = Experiment {
            experiment_id: number.to_string(),
            name: name.into(),
            lifecycle: Lifecycle::Active,
            created_at: at,
            updated_at: at,
            tags: tags.iter().cloned().collect(),
        };
        self.ops.push(Op::check_absent(keys::experiment_name(name)));
        self.ops.push(Op::put(keys::experiment_name(name), codec::encode(&experiment.experiment_id)?));
        self.ops.push(Op::put(keys::experiment(number), codec::encode(&experiment)?));
        Ok(experiment.experiment_id)
    }

    pub(super) fn finish(self, ops: &mut Vec<Op>) {
        ops.extend(self.ops);
    }
}

/// Makes the experiment `Default` with the id "0", if the store has no experiment.
pub(super) fn ensure_default(storage: &dyn Storage, at: Timestamp) -> Result<()> {
    if storage.get(keys::NEXT_EXPERIMENT)?.is_some() {
        return Ok(());
    }
    let mut making = Making::default();
    let id = making.create(storage, "Default", &[], at)?;
    if id != DEFAULT_EXPERIMENT_ID {
        // Another process was faster.
        return Ok(());
    }
    // Of a new store there is no run that is not said to have changed.
    let mut ops = vec![Op::put(keys::COLUMNS, codec::encode(&0_u64)?)];
    making.finish(&mut ops);
    match storage.apply(&ops, Durability::Fast) {
        // A failed check: another process made it. Without an owner, the first of them makes it.
        Ok(Outcome::Applied | Outcome::CheckFailed { .. }) | Err(Error::NoOwner { .. }) => Ok(()),
        Err(e) => Err(e),
    }
}

impl Core {
    /// A stored experiment.
    pub(super) fn experiment(&self, id: &str) -> Result<Experiment> {
        self.find_experiment(id)?.ok_or_else(|| Error::not_found("experiment", id))
    }

    pub(super) fn find_experiment(&self, id: &str) -> Result<Option<Experiment>> {
        let bytes = self.storage.get(&keys::experiment(keys::experiment_number(id)?))?;
        bytes.map(|bytes| codec::decode("an experiment", &bytes)).transpose()
    }

    /// The lifecycle of a run that readers see: it is deleted while its experiment is, whatever its own record says. So
    /// deleting an experiment and restoring it is one commit, however many runs it has, and runs that were deleted by
    /// themselves stay so.
    pub(super) fn lifecycle(&self, run: &RunInfo) -> Result<Lifecycle> {
        // That of a run whose experiment's record is lost is its own.
        let experiment = self.find_experiment(&run.experiment_id)?;
        let is_hidden = experiment.is_some_and(|found| found.lifecycle == Lifecycle::Deleted);
        Ok(if is_hidden { Lifecycle::Deleted } else { run.lifecycle })
    }

    /// The numbers of the deleted experiments, and when they were deleted.
    pub(super) fn deleted_experiments(&self) -> Result<BTreeMap<u64, Timestamp>> {
        let mut deleted = BTreeMap::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::EXPERIMENTS), |_, value| {
            let found: Experiment = codec::decode("an experiment", value)?;
            if found.lifecycle == Lifecycle::Deleted {
                deleted.insert(keys::experiment_number(&found.experiment_id)?, found.updated_at);
            }
            Ok(())
        })?;
        Ok(deleted)
    }
}

impl Runs {
    /// Makes an experiment.
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken, also by a deleted experiment; `InvalidArgument`, `LimitExceeded` for a
    /// bad name or tag; `ReadOnly`.
    pub fn create_experiment(&self, name: &str, tags: &[(String, String)]) -> Result<Experiment> {
        self.create_experiment_at(name, tags, self.core.clock.now())
    }

    /// As [`create_experiment`](Self::create_experiment), with the time at which it was made, for one that comes from
    /// elsewhere.
    ///
    /// # Errors
    /// Those of [`create_experiment`](Self::create_experiment).
    pub fn create_experiment_at(&self, name: &str, tags: &[(String, String)], at: Timestamp) -> Result<Experiment> {
        names::check_key("experiment name", name)?;
        check_tags(name, &tags.iter().cloned().collect())?;
        self.core.check_writable("the store")?;
        loop {
            if let Some(taken) = self.find_experiment(name)? {
                return Err(self::taken(&taken));
            }
            let mut making = Making::default();
            let id = making.create(&*self.core.storage, name, tags, at)?;
            let mut ops = Vec::new();
            making.finish(&mut ops);
            if self.core.storage.apply(&ops, self.durability)? == Outcome::Applied {
                return self.get_experiment(&id);
            }
        }
    }

    /// The experiment of this name; it is made if there is none.
    ///
    /// # Errors
    /// `InvalidState` if it is deleted; those of [`create_experiment`](Self::create_experiment).
    pub fn ensure_experiment(&self, name: &str) -> Result<Experiment> {
        loop {
            if let Some(found) = self.find_experiment(name)? {
                check_active(&found)?;
                return Ok(found);
            }
            match self.create_experiment(name, &[]) {
                Err(Error::AlreadyExists { .. }) => {}
                other => return other,
            }
        }
    }

    /// The experiment with this id.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn get_experiment(&self, id: &str) -> Result<Experiment> {
        self.core.for_reading()?.experiment(id)
    }

    /// The experiment with this name, deleted or not.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub fn find_experiment(&self, name: &str) -> Result<Option<Experiment>> {
        if names::check_key("experiment name", name).is_err() {
            return Ok(None);
        }
        let core = self.core.for_reading()?;
        let Some(id) = core.storage.get(&keys::experiment_name(name))? else { return Ok(None) };
        core.experiment(&codec::decode::<String>("an experiment's name", &id)?).map(Some)
    }

    /// The experiments by id, a page at a time; `max_results` 0 means 1,000.
    ///
    /// # Errors
    /// `InvalidArgument` for a page above 50,000, `NotFound` for a token that is no experiment's id.
    pub fn list_experiments(
        &self,
        view: View,
        max_results: usize,
        page_token: Option<&str>,
    ) -> Result<Page<Experiment>> {
        let core = self.core.for_reading()?;
        let mut range = KeyRange::prefix(keys::EXPERIMENTS);
        if let Some(token) = page_token {
            range = range.after(&keys::experiment(keys::experiment_number(token)?));
        }
        let limit = page_size(max_results)?;
        let mut page = Page::default();
        for_each_entry(&*core.storage, range, |_, value| {
            let experiment: Experiment = codec::decode("an experiment", value)?;
            if view.shows(experiment.lifecycle) && page.items.len() <= limit {
                page.items.push(experiment);
            }
            Ok(())
        })?;
        if page.items.len() > limit {
            page.items.truncate(limit);
            page.next_page_token = page.items.last().map(|last| last.experiment_id.clone());
        }
        Ok(page)
    }
}

/// Refuses a deleted experiment.
pub(super) fn check_active(experiment: &Experiment) -> Result<()> {
    if experiment.lifecycle == Lifecycle::Active {
        return Ok(());
    }
    Err(Error::InvalidState { detail: format!("the experiment `{}` is deleted; restore it first", experiment.name) })
}

/// That a name is taken.
fn taken(by: &Experiment) -> Error {
    let hint = if by.lifecycle == Lifecycle::Deleted { "; it is deleted, and keeps its name" } else { "" };
    Error::AlreadyExists { what: "experiment", id: by.name.clone(), hint: hint.into() }
}

/// Checks the tags that an experiment is to have: they have to fit into its record.
fn check_tags(experiment: &str, tags: &BTreeMap<String, String>) -> Result<()> {
    for key in tags.keys() {
        names::check_key("tag", key)?;
    }
    let size = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    let what = || format!("the size of all tags of the experiment `{experiment}`");
    limits::check(what, size, limits::EXPERIMENT_TAGS_BYTES, "bytes")
}
