//! Scores of probabilities, a value a row.

use super::Predictions;
use super::bins::Binned;
use super::classes::highest;
use super::input::{bad, check_positive, check_probabilities};
use super::metric::Metric;
use crate::error::{Error, Result};

/// What scores of probabilities say when they are given classes.
pub(super) fn needed(metric: &Metric) -> Error {
    bad("predictions", "classes", format!("probabilities, which `{}` is a score of", metric.name()))
}

/// `-ln p` of each row's class.
pub(super) fn log_losses(metric: &Metric, targets: &[u32], predictions: &Predictions<'_>) -> Result<Vec<f64>> {
    let loss = |p: f64| -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    match predictions {
        Predictions::Classes(_) => Err(needed(metric)),
        Predictions::Values(values) => {
            check_positive(metric.name(), targets, values, metric.positive())?;
            let of_class = |(target, p): (&u32, &f64)| if *target == metric.positive() { *p } else { 1.0 - p };
            Ok(targets.iter().zip(*values).map(of_class).map(loss).collect())
        }
        Predictions::Probabilities { values, n_classes } => {
            check_probabilities(targets, values, *n_classes)?;
            let rows = targets.iter().zip(values.chunks_exact(*n_classes));
            Ok(rows.map(|(target, row)| loss(row.get(*target as usize).copied().unwrap_or(0.0))).collect())
        }
    }
}

/// The squared distance of each row's probabilities from its class.
pub(super) fn brier_losses(metric: &Metric, targets: &[u32], predictions: &Predictions<'_>) -> Result<Vec<f64>> {
    let is_it = |target: u32, class: u32| f64::from(u8::from(target == class));
    match predictions {
        Predictions::Classes(_) => Err(needed(metric)),
        Predictions::Values(values) => {
            check_positive(metric.name(), targets, values, metric.positive())?;
            let losses = targets.iter().zip(*values).map(|(target, p)| (p - is_it(*target, metric.positive())).powi(2));
            Ok(losses.collect())
        }
        Predictions::Probabilities { values, n_classes } => {
            check_probabilities(targets, values, *n_classes)?;
            let scale = if *n_classes == 2 { 0.5 } else { 1.0 };
            let rows = targets.iter().zip(values.chunks_exact(*n_classes));
            let loss = |(target, row): (&u32, &[f64])| -> f64 {
                scale * (0..).zip(row).map(|(class, p)| (p - is_it(*target, class)).powi(2)).sum::<f64>()
            };
            Ok(rows.map(loss).collect())
        }
    }
}

/// The rows in bins of confidence.
pub(super) fn calibration(
    metric: &Metric,
    targets: &[u32],
    predictions: &Predictions<'_>,
    bins: u32,
) -> Result<Binned> {
    let positive = metric.positive();
    match predictions {
        Predictions::Classes(_) => Err(needed(metric)),
        Predictions::Values(values) => {
            check_positive(metric.name(), targets, values, positive)?;
            Ok(Binned::new(values, |row| targets.get(row) == Some(&positive), bins))
        }
        Predictions::Probabilities { values, n_classes } => {
            check_probabilities(targets, values, *n_classes)?;
            if *n_classes == 2 {
                super::input::check_two(metric.name(), targets, positive)?;
                let of_positive: Vec<f64> =
                    values.chunks_exact(2).filter_map(|row| row.get(positive as usize)).copied().collect();
                return Ok(Binned::new(&of_positive, |row| targets.get(row) == Some(&positive), bins));
            }
            let best: Vec<(u32, f64)> = values.chunks_exact(*n_classes).map(highest).collect();
            let confidences: Vec<f64> = best.iter().map(|(_, p)| *p).collect();
            Ok(Binned::new(&confidences, |row| best.get(row).map(|(class, _)| class) == targets.get(row), bins))
        }
    }
}
