//! Areas under curves: of ROC, and of precision over recall.

#![expect(clippy::indexing_slicing, reason = "a numeric kernel: orders are of the rows, which `Prepared` checks")]

use super::Predictions;
use super::input::{bad, check_probabilities, check_two};
use super::metric::{Metric, Score};
use super::prepared::Accumulator;
use super::sums::to_float;
use crate::error::Result;

/// Set in an order at a row that has the same score as the one before.
const TIED: u32 = 1 << 31;
/// The most rows times classes that are put in order, at 4 bytes each.
const MOST_RANKS: usize = 100_000_000;

/// Rows by falling score, equal scores marked: tie blocks without the scores.
#[derive(Debug)]
pub(super) struct Falling(Vec<u32>);

impl Falling {
    /// Puts rows in order, n log n. Scores are finite.
    pub(super) fn new(scores: impl ExactSizeIterator<Item = f64>) -> Self {
        // Bits of a float that sort as it does; adding 0 makes -0 and 0 one.
        let key = |score: f64| {
            let bits = (score + 0.0).to_bits();
            if bits >> 63 == 0 { !(bits | 1 << 63) } else { bits }
        };
        let mut keyed: Vec<(u64, u32)> = scores.map(key).zip(0..).collect();
        keyed.sort_unstable();
        let mut before = None;
        let mark = |(key, row): (u64, u32)| {
            let tied = before == Some(key);
            before = Some(key);
            if tied { row | TIED } else { row }
        };
        Self(keyed.into_iter().map(mark).collect())
    }

    /// The blocks of rows with equal scores, from the highest; rows have [`row`] applied.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &[u32]> {
        self.0.chunk_by(|_, next| next & TIED != 0)
    }
}

/// The row of an entry of a block.
pub(super) fn row(entry: u32) -> usize {
    (entry & !TIED) as usize
}

/// The scores of the positive class, if there are two classes: of which kind of predictions ever.
pub(super) fn positive_scores<'a>(
    metric: &Metric,
    targets: &[u32],
    predictions: &Predictions<'a>,
) -> Result<Option<(&'a [f64], usize, usize)>> {
    match predictions {
        Predictions::Classes(_) => Err(super::probabilities::needed(metric)),
        Predictions::Values(values) => {
            check_two(metric.name(), targets, metric.positive())?;
            Ok(Some((values, 1, 0)))
        }
        Predictions::Probabilities { values, n_classes } => {
            check_probabilities(targets, values, *n_classes)?;
            if *n_classes > 2 {
                return Ok(None);
            }
            check_two(metric.name(), targets, metric.positive())?;
            Ok(Some((values, 2, metric.positive() as usize)))
        }
    }
}

/// Checks that each of these classes has rows, and others have.
pub(super) fn check_both(metric: &Metric, targets: &[u32], class: u32) -> Result<()> {
    let count = targets.iter().filter(|target| **target == class).count();
    if count == 0 || count == targets.len() {
        let value = format!("{count} of {} rows of class {class}", targets.len());
        return Err(bad(
            "targets",
            value,
            format!("rows of this class and of others, without which `{}` is not defined", metric.name()),
        ));
    }
    Ok(())
}

/// Orders of the rows, for each class that is held against the rest.
#[derive(Debug)]
pub(super) struct Ranked {
    targets: Vec<u32>,
    orders: Vec<(u32, Falling)>,
    area: bool,
}

impl Ranked {
    pub(super) fn new(metric: &Metric, targets: &[u32], predictions: &Predictions<'_>) -> Result<Self> {
        if targets.len() > TIED as usize {
            return Err(bad("targets", format!("{} rows", targets.len()), "at most 2147483648 rows"));
        }
        let orders = match (positive_scores(metric, targets, predictions)?, predictions) {
            (Some((values, step, at)), _) => {
                check_both(metric, targets, metric.positive())?;
                vec![(metric.positive(), column(values, step, at))]
            }
            (None, Predictions::Probabilities { values, n_classes }) => {
                if values.len() > MOST_RANKS {
                    return Err(bad(
                        "predictions",
                        format!("{} numbers", values.len()),
                        format!("at most {MOST_RANKS} for `{}`", metric.name()),
                    ));
                }
                let classes = 0..u32::try_from(*n_classes).unwrap_or(u32::MAX);
                classes
                    .map(|class| {
                        check_both(metric, targets, class)?;
                        Ok((class, column(values, *n_classes, class as usize)))
                    })
                    .collect::<Result<_>>()?
            }
            (None, _) => Vec::new(),
        };
        Ok(Self { targets: targets.to_vec(), orders, area: metric.score() == Score::RocAuc })
    }

    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    pub(super) fn accumulator(&self) -> RanksOf<'_> {
        RanksOf { rows: self, counts: vec![0; self.targets.len()] }
    }
}

/// The order of a column of rows.
pub(super) fn column(values: &[f64], step: usize, at: usize) -> Falling {
    Falling::new(values.chunks_exact(step).map(|row| row[at]))
}

/// How often each row was drawn.
#[derive(Debug)]
pub(super) struct RanksOf<'a> {
    rows: &'a Ranked,
    counts: Vec<u32>,
}

impl Accumulator for RanksOf<'_> {
    fn clear(&mut self) {
        self.counts.fill(0);
    }

    fn add(&mut self, units: &[u32]) {
        for unit in units {
            self.counts[*unit as usize] += 1;
        }
    }

    fn value(&mut self) -> Option<f64> {
        let mut sum = 0.0;
        for (class, order) in &self.rows.orders {
            let blocks = order.blocks().map(|block| self.weights(*class, block));
            sum += if self.rows.area { area(blocks)? } else { precision(blocks)? };
        }
        Some(sum / to_float(self.rows.orders.len() as u64))
    }
}

impl RanksOf<'_> {
    /// How many positive and negative rows of a block were drawn.
    fn weights(&self, class: u32, block: &[u32]) -> (u64, u64) {
        let (mut positive, mut negative) = (0, 0);
        for entry in block {
            let count = u64::from(self.counts[row(*entry)]);
            if self.rows.targets[row(*entry)] == class { positive += count } else { negative += count }
        }
        (positive, negative)
    }
}

/// The share of pairs in which the positive row scores higher, ties half.
fn area(blocks: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
    let (mut above, mut negatives, mut twice) = (0_u64, 0_u64, 0_u128);
    for (positive, negative) in blocks {
        twice += u128::from(negative) * u128::from(2 * above + positive);
        above += positive;
        negatives += negative;
    }
    let pairs = u128::from(above) * u128::from(negatives);
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is meant")]
    (pairs > 0).then(|| twice as f64 / 2.0 / pairs as f64)
}

/// Precision at each score, weighted by the recall that it adds.
fn precision(blocks: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
    let (mut right, mut total, mut sum) = (0, 0, 0.0);
    for (positive, negative) in blocks {
        right += positive;
        total += positive + negative;
        if positive > 0 {
            sum += to_float(positive) * (to_float(right) / to_float(total));
        }
    }
    (right > 0).then(|| sum / to_float(right))
}
