//! The one call: what both models say, the metric, and what decides.

use super::comparison::Comparison;
use super::options::CompareOptions;
use crate::error::{Error, Result};
use crate::metrics::{Metric, Predictions, Targets};

/// Compares a candidate with the baseline on the same rows.
///
/// # Errors
/// `InvalidArgument`.
pub fn compare(
    metric: &Metric,
    targets: &Targets<'_>,
    candidate: &Predictions<'_>,
    baseline: &Predictions<'_>,
    options: &CompareOptions<'_>,
) -> Result<Comparison> {
    let found = compare_all(std::slice::from_ref(metric), targets, candidate, baseline, options)?;
    found.into_iter().next().ok_or_else(|| Error::internal("a metric was not compared"))
}

/// Compares by several metrics, with the same resamples.
///
/// # Errors
/// `InvalidArgument`.
pub fn compare_all(
    metrics: &[Metric],
    targets: &Targets<'_>,
    candidate: &Predictions<'_>,
    baseline: &Predictions<'_>,
    options: &CompareOptions<'_>,
) -> Result<Vec<Comparison>> {
    let _ = (metrics, candidate, baseline);
    options.check(targets.rows())?;
    Err(Error::Unsupported { detail: "no method is there yet".into() })
}

/// Compares by a metric of one's own that is the mean of values of rows.
///
/// # Errors
/// `InvalidArgument`.
pub fn compare_values(
    metric: &str,
    greater_is_better: bool,
    candidate: &[f64],
    baseline: &[f64],
    options: &CompareOptions<'_>,
) -> Result<Comparison> {
    let _ = (metric, greater_is_better, baseline);
    options.check(candidate.len())?;
    Err(Error::Unsupported { detail: "no method is there yet".into() })
}

/// Compares by any function of rows, which gives the values of candidate and baseline for a list of rows.
///
/// # Errors
/// `InvalidArgument`.
pub fn compare_by(
    metric: &str,
    greater_is_better: bool,
    n_rows: usize,
    values: &(dyn Fn(&[u32]) -> Result<(f64, f64)> + Sync),
    options: &CompareOptions<'_>,
) -> Result<Comparison> {
    let _ = (metric, greater_is_better, values);
    options.check(n_rows)?;
    Err(Error::Unsupported { detail: "no method is there yet".into() })
}
