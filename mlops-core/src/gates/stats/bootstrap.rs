//! The paired bootstrap: the same drawn rows for both models, many times, on any number of threads.

#![expect(clippy::indexing_slicing, reason = "a numeric kernel: units are below the length of the values")]

use std::sync::atomic::{AtomicU32, Ordering};

use super::bounds::{Bca, Resampled};
use super::distributions::{normal_quantile, of_length, to_float};
use super::draw::{Buffer, Draw};
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::metrics::{Accumulator, Prepared};

/// How many resamples a thread takes at once.
const BATCH: u32 = 8;

/// A function of a list of rows, which may have a row more than once: the values of candidate and baseline.
pub type OfRows<'a> = dyn Fn(&[u32]) -> Result<(f64, f64)> + Sync + 'a;

/// A difference that can be taken of any list of units.
pub(super) enum Statistic<'a> {
    /// The mean of differences that are -1, 0 or 1.
    Signs(&'a [i8]),
    /// The mean of differences.
    Values(&'a [f64]),
    /// A metric of both models; the sign is -1 if less is better.
    Pair {
        /// The candidate's.
        candidate: &'a Prepared,
        /// The baseline's.
        baseline: &'a Prepared,
        /// 1 or -1.
        sign: f64,
    },
    /// Somebody's own.
    Own {
        /// The function.
        values: &'a OfRows<'a>,
        /// 1 or -1.
        sign: f64,
    },
}

impl Statistic<'_> {
    fn accumulator(&self) -> Box<dyn Differences + '_> {
        match self {
            Self::Signs(values) => Box::new(SignsOf { values, sum: 0, count: 0 }),
            Self::Values(values) => Box::new(ValuesOf { values, sum: 0.0, count: 0 }),
            Self::Pair { candidate, baseline, sign } => {
                Box::new(PairOf { candidate: candidate.accumulator(), baseline: baseline.accumulator(), sign: *sign })
            }
            Self::Own { values, sign } => Box::new(OwnOf { values: *values, sign: *sign, rows: Vec::new() }),
        }
    }
}

/// A difference that is being added up.
trait Differences {
    fn clear(&mut self);
    fn add(&mut self, units: &[u32]);
    fn value(&mut self) -> Result<Option<f64>>;
}

struct SignsOf<'a> {
    values: &'a [i8],
    sum: i64,
    count: u64,
}

impl Differences for SignsOf<'_> {
    fn clear(&mut self) {
        (self.sum, self.count) = (0, 0);
    }

    fn add(&mut self, units: &[u32]) {
        self.count += units.len() as u64;
        self.sum += units.iter().map(|unit| i64::from(self.values[*unit as usize])).sum::<i64>();
    }

    fn value(&mut self) -> Result<Option<f64>> {
        let sum = to_float(self.sum.unsigned_abs());
        let sum = if self.sum < 0 { -sum } else { sum };
        Ok((self.count > 0).then(|| sum / to_float(self.count)))
    }
}

struct ValuesOf<'a> {
    values: &'a [f64],
    sum: f64,
    count: u64,
}

impl Differences for ValuesOf<'_> {
    fn clear(&mut self) {
        (self.sum, self.count) = (0.0, 0);
    }

    fn add(&mut self, units: &[u32]) {
        self.count += units.len() as u64;
        // Four sums, so that no addition waits for the one before.
        let mut sums = [0.0; 4];
        let mut fours = units.chunks_exact(4);
        for four in &mut fours {
            for (sum, unit) in sums.iter_mut().zip(four) {
                *sum += self.values[*unit as usize];
            }
        }
        let rest: f64 = fours.remainder().iter().map(|unit| self.values[*unit as usize]).sum();
        self.sum += (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest;
    }

    fn value(&mut self) -> Result<Option<f64>> {
        Ok((self.count > 0).then(|| self.sum / to_float(self.count)))
    }
}

struct PairOf<'a> {
    candidate: Box<dyn Accumulator + 'a>,
    baseline: Box<dyn Accumulator + 'a>,
    sign: f64,
}

impl Differences for PairOf<'_> {
    fn clear(&mut self) {
        self.candidate.clear();
        self.baseline.clear();
    }

    fn add(&mut self, units: &[u32]) {
        self.candidate.add(units);
        self.baseline.add(units);
    }

    fn value(&mut self) -> Result<Option<f64>> {
        let both = self.candidate.value().zip(self.baseline.value());
        Ok(both.map(|(candidate, baseline)| {
            // What rounding leaves of two equal values is no difference.
            let difference = candidate - baseline;
            let slack = 1e-14 * candidate.abs().max(baseline.abs());
            if difference.abs() <= slack { 0.0 } else { self.sign * difference }
        }))
    }
}

struct OwnOf<'a> {
    values: &'a OfRows<'a>,
    sign: f64,
    rows: Vec<u32>,
}

impl Differences for OwnOf<'_> {
    fn clear(&mut self) {
        self.rows.clear();
    }

    fn add(&mut self, units: &[u32]) {
        self.rows.extend_from_slice(units);
    }

    fn value(&mut self) -> Result<Option<f64>> {
        let (candidate, baseline) = (self.values)(&self.rows)?;
        Ok(Some(self.sign * (candidate - baseline)))
    }
}

/// What is resampled, and how.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// What a resample draws.
    pub(super) draw: Draw,
    /// How many resamples.
    pub(super) resamples: u32,
    /// What they are drawn from.
    pub(super) seed: u64,
    /// How many threads, at least 1.
    pub(super) threads: usize,
    /// Who hears of each.
    pub(super) watch: Option<&'a Watch>,
}

impl Plan<'_> {
    /// The differences of all resamples, for each statistic: values that are no finite number count as undefined.
    pub(super) fn run(&self, statistics: &[Statistic<'_>]) -> Result<Vec<Resampled>> {
        let next = AtomicU32::new(0);
        let threads = self.threads.clamp(1, self.resamples.div_ceil(BATCH) as usize);
        // Each resample is one thread's, from first row to last: who takes which changes nothing.
        let found: Vec<Result<Vec<Vec<Option<f64>>>>> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| self.work(&next, statistics))).collect();
            let mut found = vec![self.work(&next, statistics)];
            found.extend(others.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(Error::internal("a thread that resamples has panicked")))
            }));
            found
        });
        let mut values: Vec<Vec<Option<f64>>> = vec![Vec::new(); statistics.len()];
        for of_thread in found {
            values.iter_mut().zip(of_thread?).for_each(|(all, some)| all.extend(some));
        }
        Ok(values.iter().map(|values| sorted(values)).collect())
    }

    fn work(&self, next: &AtomicU32, statistics: &[Statistic<'_>]) -> Result<Vec<Vec<Option<f64>>>> {
        let mut accumulators: Vec<_> = statistics.iter().map(Statistic::accumulator).collect();
        let mut values: Vec<Vec<Option<f64>>> = vec![Vec::new(); statistics.len()];
        let mut buffer = Buffer::new();
        loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= self.resamples {
                return Ok(values);
            }
            for number in first..(first + BATCH).min(self.resamples) {
                accumulators.iter_mut().for_each(|accumulator| accumulator.clear());
                self.draw.resample(self.seed, u64::from(number), &mut buffer, |units| {
                    accumulators.iter_mut().for_each(|accumulator| accumulator.add(units));
                });
                if let Err(error) = self.watch.map_or(Ok(()), Watch::draw) {
                    next.store(self.resamples, Ordering::Relaxed);
                    return Err(error);
                }
                for (values, accumulator) in values.iter_mut().zip(&mut accumulators) {
                    match accumulator.value() {
                        Ok(value) => values.push(value.filter(|value| value.is_finite())),
                        Err(error) => {
                            next.store(self.resamples, Ordering::Relaxed);
                            return Err(error);
                        }
                    }
                }
            }
        }
    }

    /// Bias and acceleration of BCa (Efron, 1987); None where they are not defined. Takes units squared, and units for
    /// means. Differences within `slack` of `difference` are equal to it.
    pub(super) fn bca(
        &self,
        statistic: &Statistic<'_>,
        difference: f64,
        slack: f64,
        resampled: &Resampled,
    ) -> Result<Option<Bca>> {
        if resampled.undefined > 0 {
            return Ok(None);
        }
        let below = resampled.sorted.partition_point(|value| *value < difference - slack);
        let not_above = resampled.sorted.partition_point(|value| *value <= difference + slack);
        // Those that are equal count half, as scipy's do.
        let bias = normal_quantile(of_length(below + not_above) / (2.0 * of_length(resampled.sorted.len())));
        let Some(left) = self.jackknife(statistic)?.filter(|_| bias.is_finite()) else { return Ok(None) };
        let mean = left.iter().sum::<f64>() / of_length(left.len());
        let sum = |power: i32| left.iter().map(|value| (mean - value).powi(power)).sum::<f64>();
        let spread = sum(2).powf(1.5);
        let acceleration = if spread > 0.0 { sum(3) / (6.0 * spread) } else { 0.0 };
        Ok(Some(Bca { bias, acceleration }))
    }

    /// The difference without each unit or group in turn; None if one of them has no value.
    fn jackknife(&self, statistic: &Statistic<'_>) -> Result<Option<Vec<f64>>> {
        if let (Draw::Units(units @ 2..), Statistic::Values(values)) = (&self.draw, statistic) {
            let sum: f64 = values.iter().sum();
            return Ok(Some(values.iter().map(|value| (sum - value) / f64::from(units - 1)).collect()));
        }
        let mut accumulator = statistic.accumulator();
        let without = |left_out| {
            accumulator.clear();
            self.draw.without(left_out, |units| accumulator.add(units));
            accumulator.value().map(|value| value.filter(|value| value.is_finite()))
        };
        (0..self.draw.count()).map(without).collect()
    }
}

fn sorted(values: &[Option<f64>]) -> Resampled {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let undefined = u32::try_from(values.len() - sorted.len()).unwrap_or(u32::MAX);
    Resampled { sorted, undefined, bca: None }
}
