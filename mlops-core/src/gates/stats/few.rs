//! Where few rows are right of one model only: resamples of so few say more than they know, and an exact test has to agree.

use std::collections::HashMap;

use super::comparison::{Comparison, NoteCode};
use super::distributions::{of_length, to_float};
use crate::metrics::{Average, Metric, Predictions, Score, Targets, predicted};

/// Fewer rows that both models do not do equally well on are few.
const FEW: u64 = 10;

/// The rows, or groups, that one of both models does better on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turned {
    /// How many the candidate does better on.
    pub(super) better: u64,
    /// How many it does worse on.
    pub(super) worse: u64,
    /// How many it could have done worse on.
    units: f64,
    /// What the metric loses at most if all of them turn; None where nobody can say.
    scale: Option<f64>,
}

impl Turned {
    /// By how much better the candidate is at each unit.
    fn new(differences: impl Iterator<Item = f64>, groups: Option<&[u64]>, units: usize, scale: Option<f64>) -> Self {
        let (mut better, mut worse) = (0, 0);
        let mut count = |difference: f64| {
            better += u64::from(difference > 0.0);
            worse += u64::from(difference < 0.0);
        };
        let mut units = of_length(units);
        match groups {
            None => differences.for_each(count),
            Some(groups) => {
                let mut of_group: HashMap<u64, f64> = HashMap::new();
                for (group, difference) in groups.iter().zip(differences) {
                    *of_group.entry(*group).or_default() += difference;
                }
                units = units.min(of_length(of_group.len()));
                of_group.into_values().for_each(&mut count);
            }
        }
        Self { better, worse, units, scale }
    }

    /// Of the losses or gains of rows; the sign is -1 if less is better. `most` is by how much two rows may differ, if anybody
    /// knows; else it is by how much these do.
    pub(super) fn of_values(
        candidate: &[f64],
        baseline: &[f64],
        sign: f64,
        groups: Option<&[u64]>,
        most: Option<f64>,
    ) -> Self {
        let both = || candidate.iter().chain(baseline).copied();
        let range = || both().fold(f64::NEG_INFINITY, f64::max) - both().fold(f64::INFINITY, f64::min);
        let range = most.unwrap_or_else(range);
        let differences = candidate.iter().zip(baseline).map(|(ours, theirs)| sign * (ours - theirs));
        Self::new(differences, groups, candidate.len(), Some(range).filter(|range| *range > 0.0))
    }

    /// Of a metric that is no mean of values of rows.
    pub(super) fn of_metric(
        metric: &Metric,
        targets: &Targets<'_>,
        candidate: &Predictions<'_>,
        baseline: &Predictions<'_>,
        groups: Option<&[u64]>,
    ) -> Option<Self> {
        let errors = |predictions| errors(metric, targets, predictions);
        let (ours, theirs) = (errors(candidate)?, errors(baseline)?);
        let better = |(ours, theirs): (&f64, &f64)| theirs - ours;
        let (units, scale) = match (targets, metric.score()) {
            (Targets::Classes(classes), Score::Recall(Average::Binary)) => {
                // Rows of other classes are nothing to it.
                let is_one = |class: &u32| *class == metric.positive();
                let positive = classes.iter().filter(|class| is_one(class)).count();
                let differences = classes.iter().zip(ours.iter().zip(&theirs));
                let differences = differences.map(|(class, pair)| if is_one(class) { better(pair) } else { 0.0 });
                return Some(Self::new(differences, groups, positive, Some(1.0)));
            }
            (Targets::Classes(classes), Score::Precision(Average::Binary) | Score::F1(Average::Binary)) => {
                let is_one = |predictions| -> Option<Vec<bool>> {
                    let classes = predicted(metric, classes, predictions).ok()?;
                    Some(classes.iter().map(|class| *class == metric.positive()).collect())
                };
                let (ours, theirs) = (is_one(candidate)?, is_one(baseline)?);
                let looked_at = classes.iter().zip(ours.iter().zip(&theirs));
                let looked_at = looked_at.filter(|(y, (a, b))| **a || **b || **y == metric.positive());
                (looked_at.count(), Some(1.0))
            }
            (Targets::Classes(classes), score) => {
                let mut counts: HashMap<u32, usize> = HashMap::new();
                classes.iter().for_each(|class| *counts.entry(*class).or_default() += 1);
                let rarest = counts.values().min().copied().unwrap_or_default();
                match score {
                    Score::Precision(Average::Micro) | Score::Recall(Average::Micro) | Score::F1(Average::Micro) => {
                        (classes.len(), Some(1.0))
                    }
                    Score::RocAuc | Score::AveragePrecision => (rarest, Some(1.0)),
                    Score::CalibrationError { .. } => (classes.len(), Some(1.0)),
                    // Each class counts as much as the others.
                    _ => (rarest * counts.len(), Some(1.0)),
                }
            }
            _ => (ours.len(), None),
        };
        Some(Self::new(ours.iter().zip(&theirs).map(better), groups, units, scale))
    }

    pub(super) fn count(self) -> u64 {
        self.better + self.worse
    }

    pub(super) fn are_few(self) -> bool {
        self.count() < FEW
    }

    /// Whether so few of them are luck at most one time in `1 / alpha`, if both are as good: McNemar's test, the sign test.
    fn is_rare(self, of_one: u64, alpha: f64) -> bool {
        self.count() > 0 && binomial_at_most(to_float(of_one), to_float(self.count()), 0.5) <= alpha
    }

    fn are_above(self, alpha: f64, margin: f64) -> bool {
        if margin <= 0.0 {
            return self.is_rare(self.worse, alpha);
        }
        match self.scale {
            Some(scale) => binomial_at_most(to_float(self.worse), self.units, (margin / scale).min(1.0)) <= alpha,
            None => self.worse == 0,
        }
    }
}

/// How far off each prediction is: less is better.
fn errors(metric: &Metric, targets: &Targets<'_>, predictions: &Predictions<'_>) -> Option<Vec<f64>> {
    let of_classes = matches!(
        metric.score(),
        Score::Precision(_) | Score::Recall(_) | Score::F1(_) | Score::BalancedAccuracy | Score::Mcc
    );
    Some(match (targets, predictions) {
        (Targets::Classes(classes), _) if of_classes => {
            let said = predicted(metric, classes, predictions).ok()?;
            classes.iter().zip(&said).map(|(y, p)| f64::from(u8::from(y != p))).collect()
        }
        (Targets::Classes(classes), Predictions::Values(scores)) => {
            let error = |(y, p): (&u32, &f64)| if *y == metric.positive() { -p } else { *p };
            classes.iter().zip(*scores).map(error).collect()
        }
        (Targets::Classes(classes), Predictions::Probabilities { values, n_classes }) => {
            let error = |(y, row): (&u32, &[f64])| -row.get(*y as usize).copied().unwrap_or_default();
            classes.iter().zip(values.chunks_exact(*n_classes)).map(error).collect()
        }
        (Targets::Values(values), Predictions::Values(said)) => {
            values.iter().zip(*said).map(|(y, p)| (y - p).abs()).collect()
        }
        _ => return None,
    })
}

impl Comparison {
    /// Whether an exact test agrees, at this level, that the true difference is above `-margin`; true where the models do not
    /// do equally well on more than a few rows or groups, and for functions of the caller's own.
    ///
    /// Without a margin it is McNemar's test, which is the sign test: four rows that speak for the candidate and none against it
    /// are luck one time in 16, though nearly every resample has one of them. With a margin M it is the binomial test of the rows that
    /// speak against the candidate: a model that is worse by M has at least that share of them. No such row among 100 says that
    /// they are fewer than 3 % (at 5 %), and not that there are none. Of recall the rows are those of the positive class, of
    /// precision and F1 those that are it or are predicted to be it, of scores that count classes alike as many of each class as
    /// of the rarest, of areas those of the rarer class; of losses a row costs at most what the worst row does more than the best.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::gates::stats::{CompareOptions, compare};
    /// use mlops_core::metrics::{Metric, Predictions, Targets};
    /// let targets = [1_u32; 200];
    /// let mut baseline = targets;
    /// baseline[..4].fill(0);
    /// let (ours, theirs) = (Predictions::Classes(&targets), Predictions::Classes(&baseline));
    /// let found = compare(&Metric::accuracy(), &Targets::Classes(&targets), &ours, &theirs, &CompareOptions::default())?;
    /// assert!(found.lower > 0.0 && (found.p_value - 0.0625).abs() < 1e-12);
    /// assert!(!found.is_exactly_above(0.05, 0.0) && found.is_exactly_above(0.05, 0.02));
    /// # Ok::<(), mlops_core::Error>(())
    /// ```
    pub fn is_exactly_above(&self, alpha: f64, margin: f64) -> bool {
        let few = self.turned.filter(|_| self.has_note(NoteCode::FewDiscordant));
        few.is_none_or(|few| few.are_above(alpha, margin))
    }

    /// Whether an exact test agrees, at this level, that the candidate is worse; true where
    /// more than a few rows tell them apart.
    pub(in crate::gates) fn is_exactly_worse(&self, alpha: f64) -> bool {
        let few = self.turned.filter(|_| self.has_note(NoteCode::FewDiscordant));
        few.is_none_or(|few| few.is_rare(few.better, alpha))
    }
}

/// The chance of at most so many of `n`, each with the chance `p`; the sum of a few terms.
fn binomial_at_most(k: f64, n: f64, p: f64) -> f64 {
    if p >= 1.0 {
        return if k >= n { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut at) = ((n * (-p).ln_1p()).exp(), 0.0, 0.0);
    while at <= k {
        sum += term;
        term *= (n - at) / (at + 1.0) * p / (1.0 - p);
        at += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::binomial_at_most;

    #[test]
    fn the_chance_of_at_most_so_many_is_that_of_scipy() {
        // scipy.stats.binom.cdf
        for (k, n, p, expected) in [
            (0.0, 100.0, 0.03, 0.047_552_507_925),
            (2.0, 285.0, 0.015, 0.198_330_595_486),
            (9.0, 1_000.0, 0.02, 0.004_680_750_431),
            (3.0, 3.0, 0.5, 1.0),
        ] {
            let found = binomial_at_most(k, n, p);
            assert!((found - expected).abs() < 1e-9, "{k} {n} {p}: {found}, not {expected}");
        }
        assert_eq!((binomial_at_most(1.0, 5.0, 1.0), binomial_at_most(5.0, 5.0, 1.0)), (0.0, 1.0));
    }
}
