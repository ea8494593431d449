//! The one call: what both models say, the metric, and what decides.

use super::bootstrap::OfRows;
use super::case::Case;
use super::comparison::Comparison;
use super::find::{draw_of, find};
use super::options::{CompareOptions, bad};
use crate::error::{Error, Result};
use crate::metrics::{Metric, Predictions, Targets};

/// Compares a candidate with the baseline on the same rows.
///
/// With [`Method::Auto`](super::Method::Auto), n rows and d the difference, counted so that above 0 is better:
///
/// | metric | bounds | p-value |
/// | --- | --- | --- |
/// | accuracy, error, top-k | percentile bootstrap; above 100,000 rows Wald over discordant rows | McNemar, exact |
/// | AUC of two classes | DeLong | DeLong |
/// | means of values of rows (log loss, Brier, MAE, MSE, MAPE, MSLE) | below 30 rows BCa bootstrap, else paired t; to 100,000 rows the bootstrap must agree | paired t |
/// | F1, precision, recall, balanced accuracy, MCC, RMSE, R2, AUC of more classes, quantile loss, NDCG and MRR (over queries) | BCa bootstrap to 5,000 rows, percentile above | `(1 + #{d* <= 0}) / (B + 1)` |
/// | average precision, calibration error, median absolute error | percentile bootstrap | the same |
/// | any, with `groups` | bootstrap of groups | the same |
/// | any, with `series` | bootstrap of moving blocks (Künsch, 1989) | Diebold and Mariano for means, else the same |
///
/// The paired bootstrap draws the same rows for both models: B times n of n, with replacement. Resample b draws row
/// `floor(u n / 2^64)` for each u of Philox4x64-10 with key (seed, 0) and counter (1.., b, 0, 0). The percentile bound is the
/// quantile of the resampled differences, linear between the two nearest. BCa (Efron, 1987) takes the quantile at
/// `Phi(z0 + (z0 + z) / (1 - a (z0 + z)))`, `z0 = Phi^-1(#{d* < d} / B)`, equal ones counted half, and
/// `a = sum (m - d_(i))^3 / (6 (sum (m - d_(i))^2)^1.5)` over the differences `d_(i)` without each row or group.
/// A resample in which the metric has no value counts against both bounds.
///
/// A percentile or BCa resample costs about n memory accesses; n log n is the most that is done once. Scratch is about 40 bytes a
/// row, and 4 to 8 more a thread for metrics that are no means.
///
/// # Errors
/// `InvalidArgument` as [`score`](crate::metrics::score) for either model, for an option out of its range, and for a method that
/// is not for the metric or for dependent rows.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::{CompareOptions, compare};
/// use mlops_core::metrics::{Metric, Predictions, Targets};
/// let targets: Vec<u32> = (0..400).map(|row| row % 2).collect();
/// let wrong_every = |step: usize| -> Vec<u32> {
///     targets.iter().enumerate().map(|(row, class)| if row % step == 0 { 1 - class } else { *class }).collect()
/// };
/// let (candidate, baseline) = (wrong_every(20), wrong_every(5));
/// let found = compare(
///     &Metric::accuracy(),
///     &Targets::Classes(&targets),
///     &Predictions::Classes(&candidate),
///     &Predictions::Classes(&baseline),
///     &CompareOptions { seed: 7, ..CompareOptions::default() },
/// )?;
/// assert_eq!((found.candidate, found.baseline, found.discordant), (0.95, 0.8, Some(60)));
/// assert!(found.lower > 0.1 && found.p_value < 1e-9);
/// assert_eq!(found.method, "percentile+mcnemar");
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn compare(
    metric: &Metric,
    targets: &Targets<'_>,
    candidate: &Predictions<'_>,
    baseline: &Predictions<'_>,
    options: &CompareOptions<'_>,
) -> Result<Comparison> {
    first(compare_all(std::slice::from_ref(metric), targets, candidate, baseline, options)?)
}

/// Compares by several metrics, each as [`compare`] with the same options, but rows are drawn once for all: two metrics take
/// little more time than one.
///
/// # Errors
/// As [`compare`], for the first metric that has one; `InvalidArgument` for no metrics.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::{CompareOptions, compare, compare_all};
/// use mlops_core::metrics::{Metric, Predictions, Targets};
/// let targets = Targets::Classes(&[0, 1, 1, 0, 1]);
/// let (candidate, baseline) = (Predictions::Values(&[0.1, 0.9, 0.8, 0.4, 0.7]), Predictions::Values(&[0.2, 0.7, 0.4, 0.6, 0.6]));
/// let metrics = [Metric::accuracy(), Metric::roc_auc(), Metric::log_loss()];
/// let options = CompareOptions::default();
/// let found = compare_all(&metrics, &targets, &candidate, &baseline, &options)?;
/// assert_eq!(found[2], compare(&metrics[2], &targets, &candidate, &baseline, &options)?);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn compare_all(
    metrics: &[Metric],
    targets: &Targets<'_>,
    candidate: &Predictions<'_>,
    baseline: &Predictions<'_>,
    options: &CompareOptions<'_>,
) -> Result<Vec<Comparison>> {
    if metrics.is_empty() {
        return Err(bad("metrics", "[]", "at least one metric"));
    }
    options.check(targets.rows())?;
    let mut cases = Vec::with_capacity(metrics.len());
    let mut first_rows = None;
    for metric in metrics {
        let (case, rows) = Case::of_metric(metric, targets, candidate, baseline, options)?;
        first_rows = first_rows.or(rows);
        cases.push(case);
    }
    let units = cases.first().map_or(0, |case| case.units);
    let queries = if let Targets::Relevance { queries, .. } = targets { Some(*queries) } else { None };
    find(&cases, draw_of(units, first_rows.as_deref(), queries, options)?, options)
}

/// Compares by a metric of one's own that is the mean of values of rows, `(n_rows,)` of each model.
///
/// It is treated as a mean: with the paired t, or where all values are 0 or 1 as accuracy is.
///
/// # Errors
/// `InvalidArgument` for no rows, lists of different lengths, values that are NaN or infinite, or as [`compare`] for options.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::{CompareOptions, compare_values};
/// let cost: Vec<f64> = (0..200).map(|row| f64::from(row % 7)).collect();
/// let less: Vec<f64> = (0..200).map(|row| f64::from(row % 7) - 0.1 * f64::from(row % 3)).collect();
/// let found = compare_values("cost", false, &less, &cost, &CompareOptions::default())?;
/// assert!(found.difference > 0.09 && found.lower > 0.0 && found.agrees);
/// assert_eq!(found.method, "paired_t");
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn compare_values(
    metric: &str,
    greater_is_better: bool,
    candidate: &[f64],
    baseline: &[f64],
    options: &CompareOptions<'_>,
) -> Result<Comparison> {
    options.check(candidate.len())?;
    let case = Case::of_values(metric, greater_is_better, candidate, baseline, options.groups)?;
    of_rows(case, options)
}

/// Compares by any function of rows: given a list of rows, which may have a row more than once, it returns the values of
/// candidate and baseline.
///
/// It is called once for all rows and once a resample, from several threads, and for BCa once without each row. The bootstrap is
/// taken: percentile unless BCa is asked for. A value that is NaN or infinite for a resample counts against both bounds.
///
/// # Errors
/// `InvalidArgument` for no rows, if a value of all rows is NaN or infinite, or as [`compare`] for options; and what the
/// function returns.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::{CompareOptions, compare_by};
/// let (candidate, baseline) = ([3.0, 1.0, 4.0, 1.0, 5.0], [2.0, 1.0, 3.0, 1.0, 5.0]);
/// let largest = |values: &[f64], rows: &[u32]| rows.iter().map(|row| values[*row as usize]).fold(0.0, f64::max);
/// let both = |rows: &[u32]| Ok((largest(&candidate, rows), largest(&baseline, rows)));
/// let found = compare_by("largest", true, 5, &both, &CompareOptions::default())?;
/// assert_eq!((found.difference, found.method.as_str()), (0.0, "percentile"));
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn compare_by(
    metric: &str,
    greater_is_better: bool,
    n_rows: usize,
    values: &OfRows<'_>,
    options: &CompareOptions<'_>,
) -> Result<Comparison> {
    options.check(n_rows)?;
    let case = Case::of_function(metric, greater_is_better, n_rows, values)?;
    of_rows(case, options)
}

fn of_rows(case: Case<'_>, options: &CompareOptions<'_>) -> Result<Comparison> {
    let draw = draw_of(case.units, None, None, options)?;
    first(find(&[case], draw, options)?)
}

fn first(found: Vec<Comparison>) -> Result<Comparison> {
    found.into_iter().next().ok_or_else(|| Error::internal("a metric was not compared"))
}
