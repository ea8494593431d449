//! Where rows of one class stand among those of the other: what the error of an area under the ROC curve is made of.

#![expect(clippy::indexing_slicing, reason = "a numeric kernel: orders are of the rows, which are checked")]

use super::ranks::{check_both, column, positive_scores, row};
use super::sums::to_float;
use super::{Metric, Predictions, Targets, input};
use crate::error::Result;

/// For each row, the share of the other class that it is on the right side of, ties half.
#[derive(Debug)]
pub(crate) struct Placements {
    /// The area under the curve.
    pub(crate) area: f64,
    /// For each positive row in turn, the share of the negative ones that score lower.
    pub(crate) positive: Vec<f64>,
    /// For each negative row in turn, the share of the positive ones that score higher.
    pub(crate) negative: Vec<f64>,
}

/// The placements of rows of two classes; None if there are more classes. Takes n log n.
///
/// # Errors
/// As [`score`](super::score) of the area.
pub(crate) fn placements(
    metric: &Metric,
    targets: &Targets<'_>,
    predictions: &Predictions<'_>,
) -> Result<Option<Placements>> {
    input::check(targets, predictions)?;
    let classes = input::classes(metric.name(), targets)?;
    let Some((values, step, at)) = positive_scores(metric, classes, predictions)? else { return Ok(None) };
    check_both(metric, classes, metric.positive())?;
    let is_positive = |entry: &u32| classes[row(*entry)] == metric.positive();
    let positives = classes.iter().filter(|class| **class == metric.positive()).count() as u64;
    let negatives = classes.len() as u64 - positives;
    let mut placed = vec![0.0; classes.len()];
    let (mut positive_above, mut negative_above, mut twice) = (0_u64, 0_u64, 0_u128);
    for block in column(values, step, at).blocks() {
        let positive = block.iter().filter(|entry| is_positive(entry)).count() as u64;
        let negative = block.len() as u64 - positive;
        let below = to_float(2 * (negatives - negative_above) - negative) / to_float(2 * negatives);
        let above = to_float(2 * positive_above + positive) / to_float(2 * positives);
        for entry in block {
            placed[row(*entry)] = if is_positive(entry) { below } else { above };
        }
        twice += u128::from(negative) * u128::from(2 * positive_above + positive);
        positive_above += positive;
        negative_above += negative;
    }
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is meant")]
    let area = twice as f64 / 2.0 / (u128::from(positives) * u128::from(negatives)) as f64;
    let of = |positive: bool| {
        let rows = classes.iter().zip(&placed).filter(move |(class, _)| (**class == metric.positive()) == positive);
        rows.map(|(_, place)| *place).collect()
    };
    Ok(Some(Placements { area, positive: of(true), negative: of(false) }))
}
