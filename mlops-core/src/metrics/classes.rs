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
pub(crate) fn predicted(metric: &Metric, targets: &[u32], predictions: &Predictions<'_>) -> Result<Vec<u32>> {
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

/// The most classes whose pairs are counted in a table of their own.
const FEW_CLASSES: usize = 64;
/// How many tables are counted in turn: an increment does not wait for the one before.
const LANES: usize = 4;

/// Targets and predicted classes of each row.
#[derive(Debug)]
enum Pairs {
    /// `target * classes + predicted`, for few classes.
    Codes(Vec<u16>),
    /// Both.
    Classes(Vec<(u32, u32)>),
}

/// Targets and predicted classes, both counted from 0 without gaps.
#[derive(Debug)]
pub(super) struct ClassRows {
    pairs: Pairs,
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
        let classes = numbers.len();
        let both = targets.iter().zip(&predicted).map(|(target, predicted)| (number(target), number(predicted)));
        let pairs = if classes <= FEW_CLASSES {
            let code = |(target, predicted): (u32, u32)| u16::try_from(target as usize * classes + predicted as usize);
            Pairs::Codes(both.map(|pair| code(pair).unwrap_or_default()).collect())
        } else {
            Pairs::Classes(both.collect())
        };
        Ok(Self { pairs, classes, score: metric.score(), positive })
    }

    pub(super) fn len(&self) -> usize {
        match &self.pairs {
            Pairs::Codes(codes) => codes.len(),
            Pairs::Classes(pairs) => pairs.len(),
        }
    }

    pub(super) fn accumulator(&self) -> ClassesOf<'_> {
        let cells = if matches!(self.pairs, Pairs::Codes(_)) { self.classes * self.classes } else { 0 };
        ClassesOf { rows: self, counts: vec![Counts::default(); self.classes], table: vec![[0; LANES]; cells] }
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

/// Counts rows of a pair of classes.
fn count(counts: &mut [Counts], target: usize, predicted: usize, rows: u64) {
    counts[target].of += rows;
    counts[predicted].as_it += rows;
    counts[target].both += if target == predicted { rows } else { 0 };
}

/// What was counted of each class.
#[derive(Debug)]
pub(super) struct ClassesOf<'a> {
    rows: &'a ClassRows,
    counts: Vec<Counts>,
    /// How often each pair of target and predicted class was drawn, in lanes; empty for many classes.
    table: Vec<[u32; LANES]>,
}

impl Accumulator for ClassesOf<'_> {
    fn clear(&mut self) {
        self.counts.fill(Counts::default());
        self.table.fill([0; LANES]);
    }

    fn add(&mut self, units: &[u32]) {
        match &self.rows.pairs {
            Pairs::Codes(codes) => {
                for units in units.chunks(LANES) {
                    for (lane, unit) in units.iter().enumerate() {
                        self.table[usize::from(codes[*unit as usize])][lane] += 1;
                    }
                }
            }
            Pairs::Classes(pairs) => {
                for unit in units {
                    let (target, predicted) = pairs[*unit as usize];
                    count(&mut self.counts, target as usize, predicted as usize, 1);
                }
            }
        }
    }

    fn value(&mut self) -> Option<f64> {
        for (code, lanes) in self.table.iter_mut().enumerate() {
            let rows = lanes.iter().copied().map(u64::from).sum();
            count(&mut self.counts, code / self.rows.classes, code % self.rows.classes, rows);
            *lanes = [0; LANES];
        }
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
