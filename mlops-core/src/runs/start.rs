//! Starting runs, going on with them, deleting and restoring them.

use std::sync::Arc;

use super::Run;
use super::codec;
use super::columns;
use super::doc::{RunDoc, StoredText};
use super::experiments;
use super::handle::{Handle, check_value};
use super::keys;
use super::record::{Create, ExperimentRef, RunRecord, Start};
use super::source;
use super::store::Runs;
use super::tags;
use super::types::{DEFAULT_EXPERIMENT_ID, Lifecycle, RunOptions, RunStatus};
use crate::base::limits;
use crate::base::names;
use crate::base::os;
use crate::error::{Error, Result};
use crate::storage::{Durability, Op, Outcome};

impl Runs {
    /// Starts a run and waits until it is in the store.
    ///
    /// # Errors
    /// `AlreadyExists` if the given id is taken, `NotFound` for an unknown experiment or parent, `InvalidState` if one
    /// of them is deleted, `InvalidArgument` or `LimitExceeded` for a bad id, name or tag, `ReadOnly`, `Io`.
    pub fn start(&self, options: RunOptions) -> Result<Arc<dyn Run>> {
        let core = &self.core;
        core.check_writable("the store")?;
        // Of two that give the same id, the second sees the run of the first.
        let _one = options.run_id.is_some().then(|| core.naming.lock());
        // Long tags are blobs before the record names them.
        let _lease = core.blobs.leases().hold()?;
        let unattended = options.unattended;
        let mut start = self.prepare(options)?;
        if let Some(create) = start.create.as_mut().filter(|_| unattended) {
            // What does not run when it starts lives with no process; that it runs comes behind.
            create.status = RunStatus::Scheduled;
        }
        self.begin_as(start, true, unattended)
    }

    /// The record that starts a run. Who calls it holds a lease.
    pub(super) fn prepare(&self, options: RunOptions) -> Result<Start> {
        let core = &self.core;
        let stored = core.for_reading()?;
        let id = match options.run_id {
            Some(id) => {
                names::check_run_id(&id)?;
                if stored.doc(&id)?.is_some() {
                    let hint = "; resume it, or leave the id out for a new one";
                    return Err(Error::AlreadyExists { what: "run", id, hint: hint.into() });
                }
                id
            }
            None => core.ids.next_hex(),
        };
        let experiment = match (options.experiment_id, options.experiment_name) {
            (Some(id), _) => {
                experiments::check_active(&self.get_experiment(&id)?)?;
                ExperimentRef::Id(id)
            }
            (None, Some(name)) => {
                names::check_key("experiment name", &name)?;
                if let Some(found) = self.find_experiment(&name)? {
                    experiments::check_active(&found)?;
                }
                ExperimentRef::Name(name)
            }
            (None, None) => {
                experiments::check_active(&stored.experiment(DEFAULT_EXPERIMENT_ID)?)?;
                ExperimentRef::Id(DEFAULT_EXPERIMENT_ID.into())
            }
        };
        let parent = options.parent_run_id;
        if let Some(parent) = &parent {
            stored.active(parent)?;
        }
        let name = options.run_name.filter(|name| !name.is_empty()).unwrap_or_else(|| names::run_name(core.ids.next()));
        names::check_key("run name", &name)?;
        let user = options.user.unwrap_or_else(source::user);
        limits::check(|| "the user's name".into(), user.len(), limits::KEY_BYTES, "bytes")?;
        let told = !options.bare;
        let git = std::env::current_dir().ok().filter(|_| told).and_then(|folder| source::git(&folder));
        let automatic = [
            (tags::RUN_NAME, Some(name.clone())),
            (tags::USER, told.then(|| user.clone())),
            (tags::SOURCE_NAME, options.source_name.or_else(|| told.then(source::program))),
            (tags::SOURCE_TYPE, options.source_type.or_else(|| told.then(|| "LOCAL".into()))),
            (tags::GIT_COMMIT, git.as_ref().map(|git| git.commit.clone())),
            (tags::GIT_DIRTY, git.map(|git| git.dirty.to_string())),
            (tags::PARENT_RUN, parent.clone()),
            (tags::DESCRIPTION, options.description),
        ];
        let automatic = automatic.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let tags = self.stored_tags(automatic.chain(options.tags))?;
        let create = Create { experiment, name, parent, user, host: os::host_name(), status: RunStatus::Running };
        let at = options.started_at.unwrap_or_else(|| core.clock.now());
        Ok(Start { run: id, at, create: Some(create), tags })
    }

    /// Goes on with a run: it is RUNNING again; its start time stays, what it logged stays.
    ///
    /// # Errors
    /// `NotFound`, `InvalidState` if it is deleted, `ReadOnly`.
    pub fn resume(&self, run_id: &str) -> Result<Arc<dyn Run>> {
        self.core.check_writable("the store")?;
        self.open(run_id)?;
        self.begin(Start { run: run_id.into(), at: self.core.clock.now(), create: None, tags: Vec::new() }, false)
    }

    /// A handle to log to an existing run without changing its status.
    ///
    /// # Errors
    /// `NotFound`, `InvalidState` if it is deleted, `ReadOnly`.
    pub fn open(&self, run_id: &str) -> Result<Arc<dyn Run>> {
        self.core.check_writable("the store")?;
        let known = self.core.known.lock().get(run_id).cloned();
        // Another thread may hold the run for long: the list of runs is let go before.
        let known = match known.filter(|known| !known.state.lock().deleted) {
            Some(known) => known,
            None => {
                self.core.for_reading()?.active(run_id)?;
                self.core.remember(run_id, false, false)
            }
        };
        Ok(Arc::new(Handle::new(&self.inner, known, self.durability)))
    }

    /// Hides a run from lists that do not ask for deleted ones; it can be restored.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`.
    pub fn delete(&self, run_id: &str) -> Result<()> {
        self.set_lifecycle(run_id, Lifecycle::Deleted)
    }

    /// Shows a deleted run again.
    ///
    /// # Errors
    /// `NotFound`, `InvalidState` if its experiment is deleted, `ReadOnly`.
    pub fn restore(&self, run_id: &str) -> Result<()> {
        self.set_lifecycle(run_id, Lifecycle::Active)
    }

    pub(super) fn begin(&self, start: Start, new: bool) -> Result<Arc<dyn Run>> {
        self.begin_as(start, new, false)
    }

    fn begin_as(&self, start: Start, new: bool, unattended: bool) -> Result<Arc<dyn Run>> {
        let core = &self.core;
        let failures = core.drain_failures();
        let (id, at) = (start.run.clone(), start.at);
        core.will_be(self.durability);
        let mut seq = core.append(&codec::encode(&RunRecord::Start(Box::new(start)))?)?;
        if unattended {
            let runs = RunRecord::Status { run: id.clone(), at, status: RunStatus::Running };
            seq = core.append(&codec::encode(&runs)?)?;
        }
        if self.durability == Durability::Full {
            core.force(seq)?;
        }
        let known = core.remember(&id, new, !unattended);
        known.dropped.kept();
        // Also for its heartbeat, while there is nothing to drain.
        core.wake();
        // The record stands in the spool: what could not be drained now is drained later.
        let _ = core.drain_unless_failed(failures);
        Ok(Arc::new(Handle::new(&self.inner, known, self.durability)))
    }

    fn stored_tags(&self, tags: impl Iterator<Item = (String, String)>) -> Result<Vec<(String, StoredText)>> {
        let stored = tags.map(|(key, value)| {
            names::check_key("tag", &key)?;
            check_value("tag", &key, value.len())?;
            Ok((key, StoredText::new(&*self.core.blobs, &value)?))
        });
        stored.collect()
    }

    fn set_lifecycle(&self, run_id: &str, lifecycle: Lifecycle) -> Result<()> {
        let core = &self.core;
        core.check_writable("the run")?;
        core.drain_own()?;
        let info = core.existing(run_id)?.info;
        if lifecycle == Lifecycle::Active {
            experiments::check_active(&core.experiment(&info.experiment_id)?)?;
        }
        let key = keys::run(run_id);
        loop {
            let Some(bytes) = core.storage.get(&key)? else { return Err(Error::not_found("run", run_id)) };
            let mut doc: RunDoc = codec::decode("a run", &bytes)?;
            let before = std::mem::replace(&mut doc.info.lifecycle, lifecycle);
            doc.version += 1;
            let mut ops = vec![Op::check(key.clone(), Some(bytes)), Op::put(key.clone(), codec::encode(&doc)?)];
            ops.push(columns::changed(&doc)?);
            match lifecycle {
                Lifecycle::Active => ops.push(Op::delete(keys::deleted(run_id))),
                Lifecycle::Deleted if before == lifecycle => {}
                Lifecycle::Deleted => ops.push(Op::put(keys::deleted(run_id), codec::encode(&core.clock.now())?)),
            }
            if core.storage.apply(&ops, Durability::Full)? == Outcome::Applied {
                break;
            }
        }
        if let Some(known) = core.known.lock().get(run_id) {
            known.state.lock().deleted = lifecycle == Lifecycle::Deleted;
        }
        Ok(())
    }
}
