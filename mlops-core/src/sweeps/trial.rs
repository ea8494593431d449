//! A trial that this process has taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::stopping::{self, Curve, Decision, EarlyStopping};
use super::store::Sweep;
use super::tags;
use super::types::StoredTrial;
use crate::base::stored;
use crate::base::text::ParamValue;
use crate::error::Result;
use crate::runs::{Run, RunExt, RunStatus};

/// A trial to run: params, and a run to log to. It is over when the run has ended.
#[derive(Debug)]
pub struct Trial {
    sweep: Sweep,
    number: u64,
    stored: StoredTrial,
    run: Arc<dyn Run>,
    reported: Mutex<Reported>,
}

/// What the trial has reported.
#[derive(Debug, Default)]
struct Reported {
    curve: Curve,
    stop: bool,
}

impl Trial {
    pub(super) fn new(sweep: Sweep, number: u64, stored: StoredTrial, run: Arc<dyn Run>) -> Self {
        Self { sweep, number, stored, run, reported: Mutex::default() }
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The number, from 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// 1, or more if the processes of earlier attempts were killed.
    pub fn attempt(&self) -> u32 {
        self.stored.attempt
    }

    /// The params to try; they are logged already.
    pub fn params(&self) -> &BTreeMap<String, ParamValue> {
        &self.stored.params
    }

    /// The run to log to.
    pub fn run(&self) -> &Arc<dyn Run> {
        &self.run
    }

    /// Logs a value of the sweep's metric and says whether it is worth going on, by what all trials of the sweep have
    /// reported. What other processes reported within the last second may not count yet. A trial that was told to stop is
    /// told so again; it ends as others do, and its run says with a tag that it was stopped.
    ///
    /// # Errors
    /// As [`Run::log_metric`]; what reading the store gives.
    pub fn report(&self, value: f64, step: i64) -> Result<Decision> {
        self.run.log_metric(&self.sweep.info.metric, value, step, None)?;
        let mut reported = self.reported.lock();
        let before = reported.curve.last_key_value().map(|(step, _)| *step);
        reported.curve.insert(step, value);
        if reported.stop {
            return Ok(Decision::Stop);
        }
        if !self.is_stopped(&reported.curve, before, value, step)? {
            return Ok(Decision::Continue);
        }
        self.run.set_tag(tags::STOPPED_EARLY, &step.to_string())?;
        reported.stop = true;
        Ok(Decision::Stop)
    }

    /// True if the trial was told to stop.
    pub fn should_stop(&self) -> bool {
        self.reported.lock().stop
    }

    /// Ends the trial's run.
    ///
    /// # Errors
    /// Those of [`Run::end`].
    pub fn end(&self, status: RunStatus) -> Result<()> {
        let ended = self.run.end(status);
        if ended.is_ok() && status != RunStatus::Killed {
            // Who takes the next trial does it, if this fails.
            let _ = stored::encode(&self.stored).and_then(|bytes| self.sweep.forget(self.number, bytes));
        }
        ended
    }

    fn is_stopped(&self, own: &Curve, before: Option<i64>, value: f64, step: i64) -> Result<bool> {
        let goal = self.sweep.info.goal;
        match self.sweep.info.early_stopping {
            EarlyStopping::None => Ok(false),
            EarlyStopping::Median { after, .. } if step < after => Ok(false),
            EarlyStopping::Median { min_trials, after } => {
                let ended = self.sweep.curves(self.number, true)?;
                Ok(stopping::median_stops(goal, own, ended.iter().map(|curve| &**curve), step, min_trials, after))
            }
            EarlyStopping::Halving { min_resource, factor } => {
                let rungs = stopping::rungs(before, step, min_resource, factor);
                if rungs.is_empty() {
                    return Ok(false);
                }
                let others = self.sweep.curves(self.number, false)?;
                let others = || others.iter().map(|curve| &**curve);
                Ok(rungs.into_iter().any(|rung| stopping::halving_stops(goal, value, others(), rung, factor)))
            }
        }
    }
}
