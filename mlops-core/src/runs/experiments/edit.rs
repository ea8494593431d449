//! Changing experiments: name, tags, deleting and restoring.

use super::{check_active, check_tags};
use crate::base::names;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::codec;
use crate::runs::core::Core;
use crate::runs::keys;
use crate::runs::store::Runs;
use crate::runs::types::{Experiment, Lifecycle};
use crate::storage::{Durability, Op, Outcome};

impl Runs {
    /// Hides an experiment with all its runs; it can be restored, and keeps its name until then. One commit, however many
    /// runs it has; runs that are under way go on, and come back with it.
    ///
    /// # Errors
    /// `NotFound`, also if it is deleted already; `ReadOnly`.
    pub fn delete_experiment(&self, id: &str) -> Result<()> {
        self.edit(id, Durability::Full, |experiment, _| {
            if experiment.lifecycle == Lifecycle::Deleted {
                return Err(missing("active experiment", experiment, "it is deleted already"));
            }
            experiment.lifecycle = Lifecycle::Deleted;
            Ok(())
        })?;
        self.core.tell_runs_of(id)
    }

    /// Shows a deleted experiment again, with its runs but those that were deleted by themselves.
    ///
    /// # Errors
    /// `NotFound`, also if it is not deleted; `ReadOnly`.
    pub fn restore_experiment(&self, id: &str) -> Result<()> {
        self.edit(id, Durability::Full, |experiment, _| {
            if experiment.lifecycle == Lifecycle::Active {
                return Err(missing("deleted experiment", experiment, "it is not deleted"));
            }
            experiment.lifecycle = Lifecycle::Active;
            Ok(())
        })?;
        self.core.tell_runs_of(id)
    }

    /// Gives an experiment another name; the old one is free then.
    ///
    /// # Errors
    /// `NotFound`; `AlreadyExists` if the name is taken, also by a deleted experiment; `InvalidState` if it is deleted;
    /// `InvalidArgument`, `LimitExceeded` for a bad name; `ReadOnly`.
    pub fn rename_experiment(&self, id: &str, name: &str) -> Result<Experiment> {
        names::check_key("experiment name", name)?;
        self.edit(id, self.durability, |experiment, ops| {
            check_active(experiment)?;
            if experiment.name == name {
                return Ok(());
            }
            if let Some(taken) = self.find_experiment(name)? {
                return Err(super::taken(&taken));
            }
            ops.push(Op::check_absent(keys::experiment_name(name)));
            ops.push(Op::put(keys::experiment_name(name), codec::encode(&experiment.experiment_id)?));
            ops.push(Op::delete(keys::experiment_name(&experiment.name)));
            experiment.name = name.into();
            Ok(())
        })
    }

    /// Sets tags of an experiment, all or none of them.
    ///
    /// # Errors
    /// `NotFound`; `InvalidState` if it is deleted; `InvalidArgument` for a bad key, `LimitExceeded` if its tags would be
    /// larger than [`EXPERIMENT_TAGS_BYTES`](crate::base::limits::EXPERIMENT_TAGS_BYTES); `ReadOnly`.
    pub fn set_experiment_tags(&self, id: &str, tags: &[(String, String)]) -> Result<Experiment> {
        self.edit(id, self.durability, |experiment, _| {
            check_active(experiment)?;
            experiment.tags.extend(tags.iter().cloned());
            check_tags(&experiment.name, &experiment.tags)
        })
    }

    /// Removes a tag of an experiment.
    ///
    /// # Errors
    /// `NotFound`, also if it has no such tag; `InvalidState` if it is deleted; `ReadOnly`.
    pub fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<Experiment> {
        self.edit(id, self.durability, |experiment, _| {
            check_active(experiment)?;
            if experiment.tags.remove(key).is_none() {
                let hint = format!(" in experiment `{}`", experiment.name);
                return Err(Error::NotFound { what: "tag", id: key.into(), hint });
            }
            Ok(())
        })
    }

    /// Changes what is stored of an experiment: again, if somebody else changed it meanwhile.
    fn edit(
        &self,
        id: &str,
        durability: Durability,
        change: impl Fn(&mut Experiment, &mut Vec<Op>) -> Result<()>,
    ) -> Result<Experiment> {
        let core = &*self.core;
        core.check_writable("the experiment")?;
        // What this process logged may name the experiment, or make it.
        core.drain_own()?;
        let key = keys::experiment(keys::experiment_number(id)?);
        loop {
            let bytes = core.storage.get(&key)?.ok_or_else(|| Error::not_found("experiment", id))?;
            let mut experiment: Experiment = codec::decode("an experiment", &bytes)?;
            let before = experiment.updated_at.as_micros();
            let mut ops = vec![Op::check(key.clone(), Some(bytes))];
            change(&mut experiment, &mut ops)?;
            // Two states never have the same bytes, so that the check sees every change.
            experiment.updated_at = core.clock.now().max(Timestamp::from_micros(before.saturating_add(1)));
            ops.push(Op::put(key.clone(), codec::encode(&experiment)?));
            if core.storage.apply(&ops, durability)? == Outcome::Applied {
                return Ok(experiment);
            }
        }
    }
}

impl Core {
    /// Has a commit fail unless an experiment is deleted; None if it is not.
    pub(in crate::runs) fn check_deleted(&self, id: &str) -> Result<Option<Op>> {
        let key = keys::experiment(keys::experiment_number(id)?);
        let Some(bytes) = self.storage.get(&key)? else { return Ok(None) };
        let found: Experiment = codec::decode("an experiment", &bytes)?;
        Ok((found.lifecycle == Lifecycle::Deleted).then(|| Op::check(key, Some(bytes))))
    }

    /// Has the handles of this process know which runs of an experiment are deleted by now.
    fn tell_runs_of(&self, experiment: &str) -> Result<()> {
        let known: Vec<_> = self.known.lock().values().cloned().collect();
        for run in known {
            match self.existing(&run.id) {
                Ok(doc) if doc.info.experiment_id == experiment => {
                    run.state.lock().deleted = doc.info.lifecycle == Lifecycle::Deleted;
                }
                // One that starts at this moment is not stored yet.
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

fn missing(what: &'static str, experiment: &Experiment, why: &str) -> Error {
    Error::NotFound { what, id: experiment.experiment_id.clone(), hint: format!("; {why}") }
}
