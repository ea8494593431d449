//! Sweeps: definitions, params and results are JSON.

use mlops_core::sweeps::{Decision, Sweep, SweepOptions, Trial, TrialData, params_from_json, params_to_json};
use serde_json::Value;

use crate::args::Handle;
use crate::boundary::export;
use crate::json;
use crate::runs::{end_status, mlops_run};
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_str};

/// Go on with the trial.
pub const MLOPS_TRIAL_CONTINUE: i32 = 0;
/// It is not worth going on with the trial.
pub const MLOPS_TRIAL_STOP: i32 = 1;

/// A sweep, to take trials from. Freed with `mlops_sweep_free`.
#[derive(Debug)]
pub struct mlops_sweep {
    sweep: Sweep,
    /// The store stays open as long as it has sweeps.
    store: mlops_core::Store,
}

/// A trial that this process has taken. Freed with `mlops_trial_free`, which does not end it.
#[derive(Debug)]
pub struct mlops_trial {
    trial: Trial,
    _store: mlops_core::Store,
}

impl Handle for mlops_sweep {}
impl Handle for mlops_trial {}

impl mlops_sweep {
    fn new(store: &mlops_store, sweep: Sweep) -> Self {
        Self { sweep, store: store.store.clone() }
    }

    /// A taken trial for the caller; NULL if there is none.
    fn taken(&self, trial: Option<Trial>) -> *mut mlops_trial {
        let boxed = |trial| Box::into_raw(Box::new(mlops_trial { trial, _store: self.store.clone() }));
        trial.map_or(std::ptr::null_mut(), boxed)
    }
}

export! {
    /// The sweep of a definition, which is made if there is none of its name; `MLOPS_CONFLICT` if there is one that is
    /// defined in another way. The definition is JSON: `{"name": "tuning", "metric": "loss", "max_trials": 20, "space":
    /// {"rate": {"min": 1e-5, "max": 0.1, "log": true}, "kind": ["a", "b"]}}`, and if they are not to be the defaults
    /// `method` (`random`, `grid`, `given`), `goal` (`minimize`, `maximize`), `seed`, `early_stopping` (`median`, `halving`,
    /// or an object with `rule` and its numbers), `max_attempts`, `experiment_id`, `parent_run_id`.
    ///
    /// `*out` is freed with `mlops_sweep_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_ensure(
        store: *const mlops_store,
        definition: mlops_str,
        out: *mut *mut mlops_sweep,
    ) -> mlops_status {
        let sweep = store.store.sweeps().ensure(&SweepOptions::from_json(definition)?)?;
        out.give(mlops_sweep::new(store, sweep));
        Ok(())
    }

    /// Makes a sweep of a definition, as `mlops_sweep_ensure` takes it; `MLOPS_ALREADY_EXISTS` if the name is taken.
    ///
    /// `*out` is freed with `mlops_sweep_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_create(
        store: *const mlops_store,
        definition: mlops_str,
        out: *mut *mut mlops_sweep,
    ) -> mlops_status {
        let sweep = store.store.sweeps().create(SweepOptions::from_json(definition)?)?;
        out.give(mlops_sweep::new(store, sweep));
        Ok(())
    }

    /// All sweeps of a store by name as JSON: a list of their definitions, each with `status`: how many trials stand how.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_list_json(store: *const mlops_store, out: *mut mlops_buf) -> mlops_status {
        let all = store.store.sweeps().list()?.iter().map(Sweep::to_json).collect::<mlops_core::Result<Vec<_>>>()?;
        out.set(json::text(&all)?.into());
        Ok(())
    }

    /// The sweep of a name.
    ///
    /// `*out` is freed with `mlops_sweep_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_get(store: *const mlops_store, name: mlops_str, out: *mut *mut mlops_sweep) -> mlops_status {
        let sweep = store.store.sweeps().get(name)?;
        out.give(mlops_sweep::new(store, sweep));
        Ok(())
    }

    /// Takes a trial and starts its run; `*out` is NULL if there is none to take. No other process takes the same one; one
    /// whose process was killed is taken again.
    ///
    /// `*out` is freed with `mlops_trial_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_take(sweep: *const mlops_sweep, out: *mut *mut mlops_trial) -> mlops_status {
        out.set(sweep.taken(sweep.sweep.take()?));
        Ok(())
    }

    /// Takes the next trial of a sweep of the method `given` with these params, a JSON object; `*out` is NULL if there is
    /// none to take.
    ///
    /// `*out` is freed with `mlops_trial_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_take_given(
        sweep: *const mlops_sweep,
        params: mlops_str,
        out: *mut *mut mlops_trial,
    ) -> mlops_status {
        out.set(sweep.taken(sweep.sweep.take_given(&params_from_json(params)?)?));
        Ok(())
    }

    /// The best trial of those that ended well as JSON: `number`, `attempt`, `run_id`, `params`, `state`, `value`, `step`,
    /// `started_at`, `ended_at`; `null` if none has a value.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_best_json(sweep: *const mlops_sweep, out: *mut mlops_buf) -> mlops_status {
        let best = sweep.sweep.best()?.as_ref().map_or(Value::Null, TrialData::to_json);
        out.set(json::text(&best)?.into());
        Ok(())
    }

    /// The sweep as JSON: the definition, `status` (how many trials stand how) and `trials`.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_sweep_json(sweep: *const mlops_sweep, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&sweep.sweep.to_json_with_trials()?)?.into());
        Ok(())
    }

    /// Frees a sweep. NULL is fine.
    ///
    /// Threads: any, but nobody may use it any more. Since 0.1.
    pub fn mlops_sweep_free(sweep: *mut mlops_sweep) {
        drop(sweep);
    }

    /// The number of a trial, from 0; -1 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_trial_number(trial: *const mlops_trial) -> i64 {
        trial.map_or(-1, |trial| i64::try_from(trial.trial.number()).unwrap_or(i64::MAX))
    }

    /// Which attempt at its number a trial is, from 1: more if the process of one before was killed. 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_trial_attempt(trial: *const mlops_trial) -> i64 {
        trial.map_or(0, |trial| i64::from(trial.trial.attempt()))
    }

    /// Whether early stopping has said, in a report of this process, that it is not worth going on; false for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_trial_should_stop(trial: *const mlops_trial) -> bool {
        trial.is_some_and(|trial| trial.trial.should_stop())
    }

    /// The params to try as a JSON object; they are logged already.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_trial_params_json(trial: *const mlops_trial, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&params_to_json(trial.trial.params()))?.into());
        Ok(())
    }

    /// The run of a trial, to log to; end it with `mlops_trial_end`.
    ///
    /// `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
    pub fn mlops_trial_run(trial: *const mlops_trial, out: *mut *mut mlops_run) -> mlops_status {
        out.give(mlops_run::new(trial.trial.run().clone()));
        Ok(())
    }

    /// Logs a value of the sweep's metric; `*decision` is `MLOPS_TRIAL_STOP` if early stopping says that it is not worth
    /// going on, else `MLOPS_TRIAL_CONTINUE`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_trial_report(
        trial: *const mlops_trial,
        value: f64,
        step: i64,
        decision: *mut i32,
    ) -> mlops_status {
        let decided = trial.trial.report(value, step)?;
        decision.set(if decided == Decision::Stop { MLOPS_TRIAL_STOP } else { MLOPS_TRIAL_CONTINUE });
        Ok(())
    }

    /// Ends a trial and its run with `MLOPS_RUN_FINISHED` or `MLOPS_RUN_FAILED`, also one that was stopped early. The handle
    /// must still be freed.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_trial_end(trial: *const mlops_trial, run_status: i32) -> mlops_status {
        trial.trial.end(end_status(run_status)?)
    }

    /// Frees a trial, which does not end it. NULL is fine.
    ///
    /// Threads: any, but nobody may use it any more. Since 0.1.
    pub fn mlops_trial_free(trial: *mut mlops_trial) {
        drop(trial);
    }
}
