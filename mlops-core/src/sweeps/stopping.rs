//! When a trial is not worth going on with: pure functions over what trials reported.
//!
//! - *Median stopping* of Vizier: D. Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017,
//!   section 3.2.2. A trial stops at step `s` if its best value up to `s` is strictly worse than the median of the running
//!   averages, over the steps up to `s`, of the trials that ended well.
//! - *Asynchronous successive halving* (ASHA): L. Li et al., "A System for Massively Parallel Hyperparameter Tuning",
//!   `MLSys` 2020 (arXiv 1810.05934, 2018), in the form that stops instead of pausing. Rung `k` is at step
//!   `min_resource * factor^k`; a trial that reaches it goes on if it is among the best `n / factor` (rounded down) of the
//!   `n` that have reached it by then, itself among them. While fewer than `factor` have, it goes on.
//!
//! NaN counts as worse than everything in both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::types::Goal;
use crate::error::{Error, Result};
use crate::runs::Series;

/// What a trial is told when it reports a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a trial that is told to stop goes on for nothing"]
pub enum Decision {
    /// Go on.
    Continue,
    /// It is not worth going on.
    Stop,
}

/// The rule of early stopping. The module's sources say what the rules are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EarlyStopping {
    /// Trials run to their end.
    #[default]
    None,
    /// The median stopping rule.
    Median {
        /// How many trials must have ended well and have reported before one is stopped; at least 1.
        min_trials: u64,
        /// No trial is stopped before this step.
        after: i64,
    },
    /// Asynchronous successive halving.
    Halving {
        /// The step of the first rung; at least 1.
        min_resource: i64,
        /// One of so many goes on at a rung; at least 2.
        factor: u32,
    },
}

impl EarlyStopping {
    pub(super) fn check(&self) -> Result<()> {
        let (what, value, least) = match self {
            Self::Median { min_trials: 0, .. } => ("min_trials", "0".into(), 1),
            Self::Halving { min_resource, .. } if *min_resource < 1 => ("min_resource", min_resource.to_string(), 1),
            Self::Halving { factor, .. } if *factor < 2 => ("factor", factor.to_string(), 2),
            Self::None | Self::Median { .. } | Self::Halving { .. } => return Ok(()),
        };
        let (what, expected) = (format!("{what} of early stopping"), format!("{least} or more"));
        Err(Error::InvalidArgument { what, value, expected })
    }
}

/// What a trial reported, by step: of several values of one step the last.
pub(super) type Curve = BTreeMap<i64, f64>;

/// The curve of a metric.
pub(super) fn curve(series: &Series) -> Curve {
    series.points().map(|(step, _, value)| (step, value)).collect()
}

/// True if the median rule stops a trial that has reported `own`, the last of it at `step`.
pub(super) fn median_stops<'a>(
    goal: Goal,
    own: &Curve,
    ended: impl Iterator<Item = &'a Curve>,
    step: i64,
    min_trials: u64,
    after: i64,
) -> bool {
    let mut averages: Vec<f64> = ended.filter_map(|curve| average(curve, step)).collect();
    if step < after || (averages.len() as u64) < min_trials.max(1) {
        return false;
    }
    averages.sort_by(f64::total_cmp);
    let best = own.range(..=step).map(|(_, value)| *value).reduce(|a, b| if goal.is_better(b, a) { b } else { a });
    match (best, median(&averages)) {
        (Some(best), Some(median)) => goal.is_better(median, best),
        _ => false,
    }
}

/// The mean of what was reported up to a step, NaN left out; None if there is nothing.
#[expect(clippy::cast_precision_loss, reason = "nobody reports 2^53 values")]
fn average(curve: &Curve, step: i64) -> Option<f64> {
    let values = || curve.range(..=step).map(|(_, value)| *value).filter(|value| !value.is_nan());
    let count = values().count();
    Some(values().sum::<f64>() / count as f64).filter(|average| !average.is_nan())
}

/// The middle of sorted values, of an even number the mean of the two in the middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get((sorted.len() / 2).checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// The rungs that a trial reaches at `step`, having been at `before`.
pub(super) fn rungs(before: Option<i64>, step: i64, min_resource: i64, factor: u32) -> Vec<i64> {
    let next = |rung: &i64| rung.checked_mul(i64::from(factor.max(2)));
    let all = std::iter::successors(Some(min_resource.max(1)), next).take_while(|rung| *rung <= step);
    all.filter(|rung| before.is_none_or(|before| before < *rung)).collect()
}

/// True if a trial stops at a rung: `own` is what it reported there, `others` are the curves of the other trials.
pub(super) fn halving_stops<'a>(
    goal: Goal,
    own: f64,
    others: impl Iterator<Item = &'a Curve>,
    rung: i64,
    factor: u32,
) -> bool {
    let values: Vec<f64> = others.filter_map(|curve| curve.range(rung..).next().map(|(_, value)| *value)).collect();
    let go_on = (values.len() + 1) / usize::try_from(factor.max(2)).unwrap_or(usize::MAX);
    go_on > 0 && values.iter().filter(|value| goal.is_better(**value, own)).count() >= go_on
}
