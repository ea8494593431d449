//! The value of a metric.

use super::input::bad;
use super::prepared::Prepared;
use super::{Metric, Predictions, Targets};
use crate::error::Result;

/// The value of a metric.
///
/// Takes n log n for areas, median and rankings, and one pass over the rows for all others.
///
/// # Errors
/// `InvalidArgument` for no rows, lists of different lengths, numbers that are NaN or infinite, probabilities that are none,
/// targets or predictions of another kind than the metric is of, and where the metric has no value: AUC and average precision of
/// one class only, R2 of targets that are all equal, a percentage of a target of 0.
///
/// # Examples
/// ```
/// use mlops_core::metrics::{Predictions, Targets, score};
/// let targets = Targets::Values(&[3.0, -0.5, 2.0, 7.0]);
/// let predictions = Predictions::Values(&[2.5, 0.0, 2.0, 8.0]);
/// assert_eq!(score(&"mae".parse()?, &targets, &predictions)?, 0.5);
/// assert!(score(&"mae".parse()?, &targets, &Predictions::Values(&[2.5, f64::NAN, 2.0, 8.0])).is_err());
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn score(metric: &Metric, targets: &Targets<'_>, predictions: &Predictions<'_>) -> Result<f64> {
    of_prepared(metric, &Prepared::new(metric, targets, predictions)?)
}

/// The value of what is prepared.
pub(crate) fn of_prepared(metric: &Metric, prepared: &Prepared) -> Result<f64> {
    let value = prepared.value().filter(|value| value.is_finite());
    value.ok_or_else(|| {
        bad("the data", format!("{} rows", prepared.units()), format!("rows of which `{metric}` has a value"))
    })
}

/// The values that a metric is the mean of: `(n_rows,)`, or for rankings one a query, in the order in which queries first appear.
///
/// # Errors
/// As [`score`], and `InvalidArgument` for a metric that is no mean, as [`Metric::is_mean`] says.
///
/// # Examples
/// ```
/// use mlops_core::metrics::{Metric, Predictions, Targets, per_row};
/// let right = per_row(&Metric::accuracy(), &Targets::Classes(&[0, 1, 2]), &Predictions::Classes(&[0, 2, 2]))?;
/// assert_eq!(right, [1.0, 0.0, 1.0]);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn per_row(metric: &Metric, targets: &Targets<'_>, predictions: &Predictions<'_>) -> Result<Vec<f64>> {
    let prepared = Prepared::new(metric, targets, predictions)?;
    let no_mean =
        || bad("metric", metric, "one that is a mean of values of rows, such as `accuracy`, `log_loss` or `mae`");
    prepared.into_values().ok_or_else(no_mean)
}
