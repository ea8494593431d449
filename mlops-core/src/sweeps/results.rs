//! What came out of a sweep.

use std::sync::Arc;

use super::keys;
use super::stopping::{Curve, curve};
use super::store::Sweep;
use super::tags;
use super::types::{StoredTrial, SweepStatus, TrialData, TrialState};
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::{Lifecycle, RunStatus, for_each_entry};
use crate::storage::KeyRange;

impl Sweep {
    /// The trials that were taken, by number.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub fn trials(&self) -> Result<Vec<TrialData>> {
        self.stored_trials()?.into_iter().map(|(number, trial)| self.trial_data(number, trial)).collect()
    }

    /// The best trial of those that ended well, by the last value of the metric; of equal ones that of the smaller number.
    /// None if there is none with a value that is a number.
    ///
    /// # Errors
    /// As [`trials`](Self::trials).
    pub fn best(&self) -> Result<Option<TrialData>> {
        let counts = |trial: &TrialData| trial.state.counts() && trial.value.is_some_and(|value| !value.is_nan());
        let better = |trial: &TrialData, other: &TrialData| match (trial.value, other.value) {
            (Some(value), Some(other)) => self.info.goal.is_better(value, other),
            _ => false,
        };
        let ended = self.trials()?.into_iter().filter(counts);
        Ok(ended.reduce(|best, trial| if better(&trial, &best) { trial } else { best }))
    }

    /// How many trials stand how.
    ///
    /// # Errors
    /// As [`trials`](Self::trials).
    pub fn status(&self) -> Result<SweepStatus> {
        let mut status = SweepStatus { max_trials: self.info.max_trials, ..SweepStatus::default() };
        let trials = self.trials()?;
        status.left = self.info.max_trials.saturating_sub(trials.len() as u64);
        for trial in trials {
            *match trial.state {
                TrialState::Running => &mut status.running,
                TrialState::Finished => &mut status.finished,
                TrialState::Stopped => &mut status.stopped,
                TrialState::Failed => &mut status.failed,
                TrialState::Killed => &mut status.killed,
                TrialState::Lost => &mut status.lost,
            } += 1;
        }
        Ok(status)
    }

    fn stored_trials(&self) -> Result<Vec<(u64, StoredTrial)>> {
        let mut trials = Vec::new();
        for_each_entry(self.storage(), KeyRange::prefix(keys::trials(self.name())), |key, value| {
            if let Some(number) = keys::number(key) {
                trials.push((number, stored::decode("a trial", value)?));
            }
            Ok(())
        })?;
        Ok(trials)
    }

    fn trial_data(&self, number: u64, trial: StoredTrial) -> Result<TrialData> {
        let again = trial.attempt < self.info.max_attempts;
        let mut data = TrialData {
            number,
            attempt: trial.attempt,
            run_id: trial.run,
            params: trial.params,
            state: TrialState::Running,
            value: None,
            step: None,
            started_at: None,
            ended_at: None,
        };
        let run = match self.runs().get(&data.run_id) {
            Ok(run) => run,
            // On its way from the process that started it.
            Err(Error::NotFound { .. }) => return Ok(data),
            Err(error) => return Err(error),
        };
        let is_there = run.info.lifecycle == Lifecycle::Active;
        let stopped = run.tags.contains_key(tags::STOPPED_EARLY);
        data.state = TrialState::of(run.info.status, stopped, again && is_there);
        if let Some(summary) = run.metrics.get(&self.info.metric).filter(|_| is_there) {
            (data.value, data.step) = (Some(summary.last), Some(summary.last_step));
        }
        (data.started_at, data.ended_at) = (Some(run.info.started_at), run.info.ended_at);
        Ok(data)
    }

    /// What the trials but one have reported; with `ended_well` only those that have.
    pub(super) fn curves(&self, except: u64, ended_well: bool) -> Result<Vec<Arc<Curve>>> {
        let mut curves = Vec::new();
        for (number, trial) in self.stored_trials()? {
            if number == except {
                continue;
            }
            let known = self.ended.lock().get(&trial.run).cloned();
            if let Some((status, curve)) = known {
                if status == RunStatus::Finished || !ended_well {
                    curves.push(curve);
                }
                continue;
            }
            let Some(info) = self.runs().find_info(&trial.run)? else { continue };
            let counts = if ended_well { info.status == RunStatus::Finished } else { true };
            if info.lifecycle == Lifecycle::Deleted || !counts {
                continue;
            }
            let found = Arc::new(curve(&self.runs().metric_history(&trial.run, &self.info.metric)?));
            if info.status.is_end() {
                self.ended.lock().insert(trial.run, (info.status, found.clone()));
            }
            curves.push(found);
        }
        Ok(curves)
    }
}
