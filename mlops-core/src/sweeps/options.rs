//! How a sweep is defined.

use super::space::{self, Space};
use super::stopping::EarlyStopping;
use super::types::{Goal, Method, SweepInfo};
use crate::base::ids::IdSource;
use crate::base::names;
use crate::error::{Error, Result};
use crate::runs::{DEFAULT_EXPERIMENT_ID, Lifecycle, Runs};

/// Most trials of one sweep.
const MAX_TRIALS: u64 = 10_000_000;
/// How often a trial is begun whose process was killed, if nobody says.
const MAX_ATTEMPTS: u32 = 3;

/// What a sweep is to be.
///
/// ```
/// use mlops_core::Store;
/// use mlops_core::runs::RunStatus;
/// use mlops_core::sweeps::{Dimension, SweepOptions};
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let options = SweepOptions::random("loss", 20)
///     .with_param("learning_rate", Dimension::log_float(1e-5, 1e-1))
///     .with_param("layers", Dimension::int(1, 4));
/// let sweep = store.sweeps().create(SweepOptions { seed: Some(7), ..options })?;
/// while let Some(trial) = sweep.take()? {
///     let rate = trial.params()["learning_rate"].number().unwrap_or(0.0);
///     let _decision = trial.report((rate.log10() + 3.0).powi(2), 1)?;
///     trial.end(RunStatus::Finished)?;
/// }
/// let best = sweep.best()?.expect("twenty trials have ended");
/// assert!(best.value.is_some_and(|loss| loss < 0.5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct SweepOptions {
    /// The name, unique in the store; default: a generated one like `swift-otter-412`.
    pub name: Option<String>,
    /// Where params come from; default: random.
    pub method: Method,
    /// Who suggests params, a word for those who join a sweep of the method `Given`.
    pub suggested_by: Option<String>,
    /// The params to try.
    pub space: Space,
    /// The metric that counts.
    pub metric: String,
    /// Which values of it are better; default: smaller ones.
    pub goal: Goal,
    /// How many trials, 1 to 10,000,000; default: every point of a grid. Needed for the other methods.
    pub max_trials: Option<u64>,
    /// What random params are drawn with; default: a random number.
    pub seed: Option<u64>,
    /// When a trial is not worth going on with; default: never.
    pub early_stopping: EarlyStopping,
    /// How often a trial is begun whose process was killed, at least 1; default: 3.
    pub max_attempts: Option<u32>,
    /// The experiment of the trials; default: "0".
    pub experiment_id: Option<String>,
    /// The run that the trials are nested under; default: none.
    pub parent_run_id: Option<String>,
}

impl SweepOptions {
    /// A sweep over every combination.
    pub fn grid(metric: &str) -> Self {
        Self { method: Method::Grid, metric: metric.into(), ..Self::default() }
    }

    /// A sweep of random trials.
    pub fn random(metric: &str, max_trials: u64) -> Self {
        Self { metric: metric.into(), max_trials: Some(max_trials), ..Self::default() }
    }

    /// The same with one more param.
    #[must_use]
    pub fn with_param(mut self, name: &str, dimension: super::Dimension) -> Self {
        self.space.insert(name.into(), dimension);
        self
    }

    /// What the options say, checked and with all that they leave open.
    pub(super) fn resolve(self, runs: &Runs) -> Result<SweepInfo> {
        let name = self.name.unwrap_or_else(|| names::run_name(runs.ids().next()));
        names::check_key("sweep name", &name)?;
        names::check_key("metric", &self.metric)?;
        if let Some(who) = &self.suggested_by {
            names::check_key("suggested_by", who)?;
        }
        space::check(&self.space)?;
        self.early_stopping.check()?;
        let max_trials = match (self.method, self.max_trials) {
            (Method::Grid, given) => given.unwrap_or(u64::MAX).min(space::grid_points(&self.space)?),
            (_, Some(given)) => given,
            (_, None) => {
                return Err(refuse("max_trials", "nothing", "how many trials there are, since they have no end"));
            }
        };
        if !(1..=MAX_TRIALS).contains(&max_trials) {
            return Err(refuse("max_trials", &max_trials.to_string(), "1 to 10,000,000 trials"));
        }
        let max_attempts = self.max_attempts.unwrap_or(MAX_ATTEMPTS);
        if max_attempts == 0 {
            return Err(refuse("max_attempts", "0", "1 or more"));
        }
        let experiment_id = self.experiment_id.unwrap_or_else(|| DEFAULT_EXPERIMENT_ID.into());
        let experiment = runs.get_experiment(&experiment_id)?;
        if experiment.lifecycle == Lifecycle::Deleted {
            let detail = format!("the experiment `{}` is deleted; restore it first", experiment.name);
            return Err(Error::InvalidState { detail });
        }
        if let Some(parent) = &self.parent_run_id
            && runs.find_info(parent)?.is_none()
        {
            return Err(Error::not_found("run", parent));
        }
        Ok(SweepInfo {
            name,
            method: self.method,
            suggested_by: self.suggested_by,
            space: self.space,
            metric: self.metric,
            goal: self.goal,
            max_trials,
            // Exact in every language's numbers.
            seed: self.seed.unwrap_or_else(|| random(&**runs.ids())),
            early_stopping: self.early_stopping,
            max_attempts,
            experiment_id,
            parent_run_id: self.parent_run_id,
            created_at: runs.clock().now(),
        })
    }
}

/// 53 bits of an id.
fn random(ids: &dyn IdSource) -> u64 {
    let id = ids.next();
    id.as_bytes().last_chunk::<8>().map_or(0, |last| u64::from_be_bytes(*last)) & ((1 << 53) - 1)
}

fn refuse(what: &str, value: &str, expected: &str) -> Error {
    Error::InvalidArgument { what: format!("{what} of the sweep"), value: value.into(), expected: expected.into() }
}
