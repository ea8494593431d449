//! Scores of predicted numbers, a value a row.

use super::input::bad;
use super::metric::{Metric, Score};
use super::{Predictions, Targets};
use crate::error::Result;

/// Targets and predictions of a regression.
pub(super) fn numbers<'a>(
    metric: &Metric,
    targets: &Targets<'a>,
    predictions: &Predictions<'a>,
) -> Result<(&'a [f64], &'a [f64])> {
    let name = metric.name();
    match (targets, predictions) {
        (Targets::Values(targets), Predictions::Values(predictions)) => Ok((targets, predictions)),
        (Targets::Values(_), _) => {
            Err(bad("predictions", "classes", format!("a number a row, since `{name}` is a score of numbers")))
        }
        _ => Err(bad("targets", "classes", format!("a number a row, since `{name}` is a score of numbers"))),
    }
}

/// The loss of each row.
pub(super) fn losses(metric: &Metric, targets: &[f64], predictions: &[f64]) -> Result<Vec<f64>> {
    let rows = || targets.iter().zip(predictions);
    Ok(match metric.score() {
        Score::MeanAbsoluteError | Score::MedianAbsoluteError => rows().map(|(y, p)| (y - p).abs()).collect(),
        Score::MeanAbsolutePercentageError => {
            if let Some(row) = targets.iter().position(|y| y.abs() <= 0.0) {
                return Err(bad(
                    format!("row {} of targets", row + 1),
                    0,
                    "not 0, of which no share can be taken; use `mae`",
                ));
            }
            rows().map(|(y, p)| (y - p).abs() / y.abs()).collect()
        }
        Score::QuantileLoss { quantile } => {
            rows().map(|(y, p)| quantile * (y - p).max(0.0) + (1.0 - quantile) * (p - y).max(0.0)).collect()
        }
        Score::MeanSquaredLogError => {
            for (what, values) in [("targets", targets), ("predictions", predictions)] {
                if let Some((row, value)) = values.iter().enumerate().find(|(_, value)| **value <= -1.0) {
                    return Err(bad(
                        format!("row {} of {what}", row + 1),
                        value,
                        "above -1, as `msle` takes logarithms of 1 + it",
                    ));
                }
            }
            rows().map(|(y, p)| (y.ln_1p() - p.ln_1p()).powi(2)).collect()
        }
        _ => rows().map(|(y, p)| (y - p).powi(2)).collect(),
    })
}

/// Checks that no loss is too large for a float.
pub(super) fn check_finite(losses: &[f64]) -> Result<()> {
    match losses.iter().position(|loss| !loss.is_finite()) {
        None => Ok(()),
        Some(row) => {
            Err(bad(format!("the loss of row {}", row + 1), "infinite", "numbers whose losses a float can hold"))
        }
    }
}

/// Targets less their mean; an error if they are all equal.
pub(super) fn centred(targets: &[f64]) -> Result<Vec<f64>> {
    let mean = targets.iter().sum::<f64>() / super::sums::of_length(targets.len());
    if targets.windows(2).all(|pair| matches!(pair, [a, b] if (a - b).abs() <= 0.0)) {
        let value = targets.first().copied().unwrap_or_default();
        return Err(bad(
            "targets",
            format!("{value} in every row"),
            "targets that vary, as `r2` is a share of their variance",
        ));
    }
    Ok(targets.iter().map(|y| y - mean).collect())
}
