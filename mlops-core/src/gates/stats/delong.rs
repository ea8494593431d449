//! DeLong's comparison of two correlated areas under the ROC curve.

use super::case::of_model;
use super::distributions::{normal_sf, to_float};
use super::means::mean_and_variance;
use super::options::bad;
use crate::error::Result;
use crate::metrics::{Metric, Placements, Predictions, Targets, placements};

/// What DeLong's test finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeLong {
    /// The candidate's area.
    pub candidate: f64,
    /// The baseline's area.
    pub baseline: f64,
    /// Candidate less baseline.
    pub difference: f64,
    /// The standard error of the difference; 0 if it does not vary, infinite with one positive or one negative row.
    pub error: f64,
    /// One-sided, of the hypothesis that the candidate's area is not larger.
    pub p_value: f64,
    /// How many rows are of the positive class.
    pub positives: u64,
    /// How many are not.
    pub negatives: u64,
}

/// DeLong's test (DeLong, DeLong and Clarke-Pearson, 1988) by midranks (Sun and Xu, 2014): n log n.
///
/// With placements V10 of the m positive and V01 of the k negative rows, the variance of the difference of both models is
/// `var(V10 - V10')/m + var(V01 - V01')/k`, which is `S11 + S22 - 2 S12`. Equal rankings have no variance: the difference is
/// 0 and p is 1.
///
/// # Errors
/// `InvalidArgument` as [`score`](crate::metrics::score), and for more than two classes.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::delong;
/// use mlops_core::metrics::{Metric, Predictions, Targets};
/// let targets = Targets::Classes(&[0, 0, 1, 1, 0, 1]);
/// let candidate = Predictions::Values(&[0.1, 0.4, 0.8, 0.9, 0.3, 0.7]);
/// let baseline = Predictions::Values(&[0.1, 0.9, 0.8, 0.3, 0.2, 0.7]);
/// let found = delong(&Metric::roc_auc(), &targets, &candidate, &baseline)?;
/// assert!((found.difference - 1.0 / 3.0).abs() < 1e-12 && found.p_value < 0.5);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn delong(
    metric: &Metric,
    targets: &Targets<'_>,
    candidate: &Predictions<'_>,
    baseline: &Predictions<'_>,
) -> Result<DeLong> {
    let of = |predictions, whose| placements(metric, targets, predictions).map_err(|error| of_model(error, whose));
    match (of(candidate, "candidate")?, of(baseline, "baseline")?) {
        (Some(candidate), Some(baseline)) => Ok(of_placements(&candidate, &baseline)),
        _ => Err(bad(
            "predictions",
            "more than two classes",
            "two classes, of which DeLong's test is; use the bootstrap",
        )),
    }
}

/// The test of rows that have been placed.
pub(super) fn of_placements(candidate: &Placements, baseline: &Placements) -> DeLong {
    let differences = |of: fn(&Placements) -> &[f64]| -> Vec<f64> {
        of(candidate).iter().zip(of(baseline)).map(|(candidate, baseline)| candidate - baseline).collect()
    };
    let error_square = |differences: Vec<f64>| {
        let n = to_float(differences.len() as u64);
        mean_and_variance(&differences).1 / n
    };
    let difference = candidate.area - baseline.area;
    let positive = differences(|placements| &placements.positive);
    let negative = differences(|placements| &placements.negative);
    let same = positive.iter().chain(&negative).all(|d| d.abs() <= 0.0);
    let error = if same { 0.0 } else { (error_square(positive) + error_square(negative)).sqrt() };
    let p_value = if error > 0.0 { normal_sf(difference / error) } else { f64::from(u8::from(difference <= 0.0)) };
    DeLong {
        candidate: candidate.area,
        baseline: baseline.area,
        difference,
        error,
        p_value: if error.is_infinite() { 1.0 } else { p_value },
        positives: candidate.positive.len() as u64,
        negatives: candidate.negative.len() as u64,
    }
}
