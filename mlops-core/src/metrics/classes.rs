//! Scores of predicted classes: what was counted for each class, and what is made of that.

#![expect(clippy::indexing_slicing, reason = "a numeric kernel: classes and units are below the lengths, made here")]

use std::collections::BTreeMap;

use super::input::{bad, check_positive, check_probabilities};
use super::metric::{Average, Metric, Score};
use super::prepared::Accumulator;
use super::sums::to_float;
use super::{Predictions, Targets};
use crate::error::Result;

/// The class that is predicted for each row.
pub(super) fn predicted(metric: &Metric, targets: &[u32], predictions: &Predictions<'_>) -> Result<Vec<u32>> {
    match predictions {
        Predictions::Classes(classes) => Ok(classes.to_vec()),
        Predictions::Values(values) => {
            check_positive(metric.name(), targets, values, metric.positive())?;
            let (yes, no) = (metric.positive(), 1 - metric.positive());
            Ok(values.iter().map(|p| if *p > 0.5 { yes } else { no }).collect())
        }
        Predictions::Probabilities { values, n_classes } => {
            check_probabilities(targets, values, *n_classes)?;
            Ok(values.chunks_exact(*n_classes).map(|row| highest(row).0).collect())
        }
    }
}

/// The class with the highest probability, the first of equal ones, and that.
pub(super) fn highest(row: &[f64]) -> (u32, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, p) in (0..).zip(row) {
        if *p > best.1 {
            best = (class, *p);
        }
    }
    best
}

/// 1 for each row whose class is among the k with the highest probabilities.
pub(super) fn among_top(targets: &[u32], values: &[f64], n_classes: usize, k: u32) -> Result<Vec<f64>> {
    check_probabilities(targets, values, n_classes)?;
    if k as usize >= n_classes {
        return Err(bad("k", k, format!("less than the {n_classes} classes, of which the top {k} are always right")));
    }
    let rows = targets.iter().zip(values.chunks_exact(n_classes));
    Ok(rows
        .map(|(target, row)| {
            let own = row[*target as usize];
            let before = |(class, p): (u32, &f64)| *p > own || (*p >= own && class > *target);
            let ahead = (0..).zip(row).filter(|pair| before(*pair)).count();
            f64::from(u8::from(ahead < k as usize))
        })
        .collect())
}

/// Targets and predicted classes, both counted from 0 without gaps.
#[derive(Debug)]
pub(super) struct ClassRows {
    targets: Vec<u32>,
    predicted: Vec<u32>,
    classes: usize,
    score: Score,
    /// The positive class; None if it is in neither.
    positive: Option<usize>,
}

impl ClassRows {
    pub(super) fn new(metric: &Metric, targets: &Targets<'_>, predictions: &Predictions<'_>) -> Result<Self> {
        let targets = super::input::classes(metric.name(), targets)?;
        let predicted = predicted(metric, targets, predictions)?;
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        let mut last = None;
        for class in targets.iter().chain(&predicted) {
            if last != Some(*class) {
                numbers.insert(*class, 0);
                last = Some(*class);
            }
        }
        numbers.values_mut().zip(0..).for_each(|(number, at)| *number = at);
        let positive = numbers.get(&metric.positive()).map(|number| *number as usize);
        if let Score::Precision(Average::Binary) | Score::Recall(Average::Binary) | Score::F1(Average::Binary) =
            metric.score()
        {
            let name = metric.name();
            let many = || {
                bad(
                    "metric",
                    name,
                    format!("`{name}_macro`, `{name}_micro` or `{name}_weighted` for {} classes", numbers.len()),
                )
            };
            if numbers.len() > 2 {
                return Err(many());
            }
            if numbers.len() == 2 && positive.is_none() {
                let expected = format!("one of the classes {:?}", numbers.keys().collect::<Vec<_>>());
                return Err(bad("the positive class", metric.positive(), expected));
            }
        }
        let number = |class: &u32| numbers.get(class).copied().unwrap_or_default();
        Ok(Self {
            targets: targets.iter().map(number).collect(),
            predicted: predicted.iter().map(number).collect(),
            classes: numbers.len(),
            score: metric.score(),
            positive,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    pub(super) fn accumulator(&self) -> ClassesOf<'_> {
        ClassesOf { rows: self, counts: vec![Counts::default(); self.classes] }
    }
}

/// What was counted of one class.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Rows of the class.
    of: u64,
    /// Rows predicted as the class.
    as_it: u64,
    /// Rows that are both.
    both: u64,
}

/// What was counted of each class.
#[derive(Debug)]
pub(super) struct ClassesOf<'a> {
    rows: &'a ClassRows,
    counts: Vec<Counts>,
}

impl Accumulator for ClassesOf<'_> {
    fn clear(&mut self) {
        self.counts.fill(Counts::default());
    }

    fn add(&mut self, units: &[u32]) {
        for unit in units {
            let (target, predicted) = (self.rows.targets[*unit as usize], self.rows.predicted[*unit as usize]);
            self.counts[target as usize].of += 1;
            self.counts[predicted as usize].as_it += 1;
            self.counts[target as usize].both += u64::from(target == predicted);
        }
    }

    fn value(&mut self) -> Option<f64> {
        let counts = &self.counts;
        match self.rows.score {
            Score::Precision(average) => Some(self.averaged(average, |c| ratio(c.both, c.as_it))),
            Score::Recall(average) => Some(self.averaged(average, |c| ratio(c.both, c.of))),
            Score::F1(average) => Some(self.averaged(average, |c| ratio(2 * c.both, c.of + c.as_it))),
            Score::BalancedAccuracy => {
                let present = counts.iter().filter(|c| c.of > 0);
                let (sum, count) = present.fold((0.0, 0), |(sum, n), c| (sum + ratio(c.both, c.of), n + 1));
                (count > 0).then(|| sum / to_float(count))
            }
            _ => Some(correlation(counts)),
        }
    }
}

impl ClassesOf<'_> {
    fn averaged(&self, average: Average, of: impl Fn(&Counts) -> f64) -> f64 {
        let present = || self.counts.iter().filter(|c| c.of + c.as_it > 0);
        match average {
            Average::Binary => self.rows.positive.map_or(0.0, |class| of(&self.counts[class])),
            Average::Macro => present().map(of).sum::<f64>() / to_float(present().count() as u64),
            Average::Micro => {
                let sum = |part: fn(&Counts) -> u64| self.counts.iter().map(part).sum();
                of(&Counts { of: sum(|c| c.of), as_it: sum(|c| c.as_it), both: sum(|c| c.both) })
            }
            Average::Weighted => {
                let total: u64 = self.counts.iter().map(|c| c.of).sum();
                present().map(|c| to_float(c.of) * of(c)).sum::<f64>() / to_float(total)
            }
        }
    }
}

/// A share; 0 of nothing, as scikit-learn's `zero_division=0`.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { to_float(part) / to_float(whole) }
}

fn correlation(counts: &[Counts]) -> f64 {
    let wide = |a: u64, b: u64| i128::from(a) * i128::from(b);
    let (mut right, mut total, mut cross, mut targets, mut predicted) = (0, 0, 0, 0, 0);
    for c in counts {
        right += c.both;
        total += c.of;
        cross += wide(c.of, c.as_it);
        targets += wide(c.of, c.of);
        predicted += wide(c.as_it, c.as_it);
    }
    let square = wide(total, total);
    let under = float(square - targets).sqrt() * float(square - predicted).sqrt();
    if under > 0.0 { float(wide(right, total) - cross) / under } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest float is what is meant")]
fn float(value: i128) -> f64 {
    value as f64
}
