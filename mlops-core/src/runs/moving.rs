//! Moving runs from one experiment to another.

use super::codec;
use super::columns;
use super::doc::RunDoc;
use super::experiments;
use super::keys;
use super::store::Runs;
use super::types::Experiment;
use crate::error::{Error, Result};
use crate::storage::{Durability, Op, Outcome};

impl Runs {
    /// Moves runs to an experiment, one after the other; a run that is there stays. They keep their ids, and may go on
    /// logging. Returns how many were moved.
    ///
    /// ```
    /// use mlops_core::Store;
    /// use mlops_core::runs::RunOptions;
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// let churn = store.runs().ensure_experiment("churn")?;
    /// store.runs().move_to_experiment(&[run.id()], &churn.experiment_id)?;
    /// assert_eq!(store.runs().get(run.id())?.info.experiment_id, churn.experiment_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotFound` for a run or experiment that does not exist, `InvalidState` if one of them is deleted: no run is moved
    /// then. `ReadOnly`, `Io`, `OutOfSpace`: those before are moved.
    pub fn move_to_experiment(&self, run_ids: &[&str], experiment_id: &str) -> Result<u64> {
        let core = &*self.core;
        core.check_writable("the runs")?;
        core.drain_own()?;
        experiments::check_active(&core.experiment(experiment_id)?)?;
        run_ids.iter().try_for_each(|run| core.active(run).map(drop))?;
        run_ids.iter().try_fold(0, |moved, run| Ok(moved + u64::from(self.move_one(run, experiment_id)?)))
    }

    fn move_one(&self, run: &str, experiment_id: &str) -> Result<bool> {
        let core = &*self.core;
        let number = keys::experiment_number(experiment_id)?;
        let (key, into) = (keys::run(run), keys::experiment(number));
        loop {
            let Some(stored) = core.storage.get(&key)? else { return Err(Error::not_found("run", run)) };
            let mut doc: RunDoc = codec::decode("a run", &stored)?;
            doc.check_active()?;
            if doc.info.experiment_id == experiment_id {
                return Ok(false);
            }
            let experiment = core.storage.get(&into)?.ok_or_else(|| Error::not_found("experiment", experiment_id))?;
            experiments::check_active(&codec::decode::<Experiment>("an experiment", &experiment)?)?;
            let from = std::mem::replace(&mut doc.info.experiment_id, experiment_id.into());
            doc.version += 1;
            let ops = [
                Op::check(key.clone(), Some(stored)),
                Op::put(key.clone(), codec::encode(&doc)?),
                columns::changed(&doc)?,
                Op::delete(keys::experiment_run(keys::experiment_number(&from)?, run)),
                Op::put(keys::experiment_run(number, run), codec::PRESENT),
                // It must not be deleted meanwhile. That it is put again tells this commit from what records make, which
                // comes again by itself where it is lost.
                Op::check(into.clone(), Some(experiment.clone())),
                Op::put(into.clone(), experiment),
            ];
            if core.storage.apply(&ops, Durability::Full)? == Outcome::Applied {
                return Ok(true);
            }
        }
    }
}
