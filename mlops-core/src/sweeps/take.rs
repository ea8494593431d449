//! How a trial is taken.
//!
//! The run is started first and then claims a number by a conditional commit; one that finds its number taken claims the
//! next. So a process that dies on the way leaves at most a run without a number, never a number without a run, and nobody
//! has to guess how long to wait for it. A trial whose run is KILLED is claimed again by a commit that checks that it is
//! still the same attempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys;
use super::sample;
use super::space;
use super::store::Sweep;
use super::tags;
use super::trial::Trial;
use super::types::{Method, StoredTrial};
use crate::base::limits;
use crate::base::stored;
use crate::base::text::ParamValue;
use crate::error::{Error, Result};
use crate::runs::tags::RUN_NAME;
use crate::runs::{Batch, Lifecycle, Run, RunOptions, RunStatus, for_each_entry};
use crate::storage::{KeyRange, Op, Outcome, ScanOptions};

/// The params of a trial.
type Params = BTreeMap<String, ParamValue>;

/// What can be claimed.
#[derive(Debug)]
enum Free {
    /// The trial of this number, as it is stored: its process was killed.
    Again(u64, Vec<u8>, StoredTrial),
    /// A number that nobody has.
    New(u64),
}

impl Sweep {
    /// Takes a trial: one whose process was killed, else the next. None if there is none to take now; trials that are under
    /// way may be killed and be there again later. The run of the trial is started, with params and tags.
    ///
    /// Of a sweep of the method [`Given`](Method::Given) only killed trials are taken so.
    ///
    /// # Errors
    /// `InvalidState` if the experiment or the parent run was deleted; `ReadOnly`, `Io`.
    pub fn take(&self) -> Result<Option<Trial>> {
        self.claim(None)
    }

    /// Takes the next trial of a sweep of the method [`Given`](Method::Given) with these params: one for each name of the
    /// space. None if all trials are taken.
    ///
    /// # Errors
    /// `InvalidArgument` for other params, `InvalidState` for a sweep of another method; those of [`take`](Self::take).
    pub fn take_given(&self, params: &Params) -> Result<Option<Trial>> {
        if self.info.method != Method::Given {
            let detail =
                format!("the sweep `{}` has params of its own; take its trials without giving any", self.name());
            return Err(Error::InvalidState { detail });
        }
        if !params.keys().eq(self.info.space.keys()) {
            let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::InvalidArgument {
                what: "params of the trial".into(),
                value: names(params.keys().collect()),
                expected: format!("those of the sweep's space: {}", names(self.info.space.keys().collect())),
            });
        }
        for (name, value) in params {
            let what = || format!("the value of param `{name}`");
            limits::check(what, value.text().len(), limits::INLINE_VALUE_BYTES, "bytes")?;
        }
        self.claim(Some(params))
    }

    fn claim(&self, given: Option<&Params>) -> Result<Option<Trial>> {
        self.runs().check_writable()?;
        let Some(first) = self.free(given.is_some())? else { return Ok(None) };
        let run = self.start()?;
        match self.claim_for(&run, first, given) {
            Ok(Some(trial)) => Ok(Some(trial)),
            other => {
                // Others took what was left: the run is for nothing.
                let ended = run.end(RunStatus::Failed).and_then(|()| self.runs().delete(run.id()));
                other.and_then(|none| ended.map(|()| none))
            }
        }
    }

    fn start(&self) -> Result<Arc<dyn Run>> {
        let (source_name, source_type) = self.source.clone().unzip();
        self.runs().start(RunOptions {
            source_name,
            source_type,
            experiment_id: Some(self.info.experiment_id.clone()),
            parent_run_id: self.info.parent_run_id.clone(),
            ..RunOptions::default()
        })
    }

    fn claim_for(&self, run: &Arc<dyn Run>, first: Free, given: Option<&Params>) -> Result<Option<Trial>> {
        let mut free = Some(first);
        while let Some(found) = free {
            let (number, before, trial) = match found {
                Free::Again(number, bytes, trial) => {
                    (number, Some(bytes), StoredTrial { attempt: trial.attempt + 1, run: run.id().into(), ..trial })
                }
                Free::New(number) => {
                    let params = given.cloned().unwrap_or_else(|| self.params_of(number));
                    (number, None, StoredTrial { attempt: 1, run: run.id().into(), params })
                }
            };
            let key = keys::trial(self.name(), number);
            let value = stored::encode(&trial)?;
            limits::check(|| "the params of the trial".into(), value.len(), limits::STORAGE_VALUE_BYTES, "bytes")?;
            let ops = [
                Op::check(key.clone(), before),
                Op::put(key, value),
                Op::put(keys::open_trial(self.name(), number), stored::PRESENT),
            ];
            if self.storage().apply(&ops, self.runs().durability())? == Outcome::Applied {
                return self.begin(run, number, trial).map(Some);
            }
            free = self.free(given.is_some())?;
        }
        Ok(None)
    }

    /// Says in the run what it is.
    fn begin(&self, run: &Arc<dyn Run>, number: u64, trial: StoredTrial) -> Result<Trial> {
        let mut tags = vec![
            (tags::SWEEP.into(), self.name().into()),
            (tags::TRIAL.into(), number.to_string()),
            (RUN_NAME.into(), self.run_name(number)),
        ];
        if trial.attempt > 1 {
            tags.push((tags::ATTEMPT.into(), trial.attempt.to_string()));
        }
        let params = trial.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        run.log_batch(&Batch { params, tags, ..Batch::default() })?;
        Ok(Trial::new(self.clone(), number, trial, run.clone()))
    }

    /// The name of a trial's run: that of the sweep, shortened, and the number.
    fn run_name(&self, number: u64) -> String {
        let short: String = self.name().chars().take(100).collect();
        format!("{short}-{number}")
    }

    /// What can be claimed now, `new` also if params are given.
    fn free(&self, given: bool) -> Result<Option<Free>> {
        if let (Some(again), false) = (self.killed()?, given) {
            return Ok(Some(again));
        }
        if self.info.method == Method::Given && !given {
            return Ok(None);
        }
        let last = ScanOptions { limit: 1, reverse: true };
        let last = self.storage().scan(&KeyRange::prefix(keys::trials(self.name())), &last)?;
        let next = last.entries.first().and_then(|(key, _)| keys::number(key)).map_or(0, |number| number + 1);
        Ok((next < self.info.max_trials).then_some(Free::New(next)))
    }

    /// The first trial that was killed and may be taken again. What has ended is looked at no more from now on.
    fn killed(&self) -> Result<Option<Free>> {
        let mut numbers = Vec::new();
        for_each_entry(self.storage(), KeyRange::prefix(keys::open_trials(self.name())), |key, _| {
            numbers.extend(keys::number(key));
            Ok(())
        })?;
        for number in numbers {
            let Some(bytes) = self.storage().get(&keys::trial(self.name(), number))? else { continue };
            let trial: StoredTrial = stored::decode("a trial", &bytes)?;
            // A run that is not there is on its way from the process that started it.
            let Some(run) = self.runs().find_info(&trial.run)? else { continue };
            let is_there = run.lifecycle == Lifecycle::Active;
            match run.status {
                RunStatus::Running | RunStatus::Scheduled if is_there => {}
                RunStatus::Killed if is_there && trial.attempt < self.info.max_attempts => {
                    return Ok(Some(Free::Again(number, bytes, trial)));
                }
                _ => self.forget(number, bytes)?,
            }
        }
        Ok(None)
    }

    /// Says that a trial has ended, unless it was taken again.
    pub(super) fn forget(&self, number: u64, trial: Vec<u8>) -> Result<()> {
        let ops = [
            Op::check(keys::trial(self.name(), number), Some(trial)),
            Op::delete(keys::open_trial(self.name(), number)),
        ];
        let _: Outcome = self.storage().apply(&ops, self.runs().durability())?;
        Ok(())
    }

    /// The params of a trial whose number says them.
    fn params_of(&self, number: u64) -> Params {
        match self.info.method {
            Method::Grid => space::grid_point(&self.info.space, number),
            Method::Random | Method::Given => sample::random_point(&self.info.space, self.info.seed, number),
        }
    }
}
