//! What only the points of a metric can tell.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::base::time::Timestamp;
use crate::query::{Aspect, Entity, Field};
use crate::runs::types::{MetricSummary, Series};

/// Which aspects of which metrics a search needs points for, so that one reading of a run's series answers all.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeMap<String, Vec<Aspect>>);

impl Asked {
    pub(super) fn by<'a>(fields: impl Iterator<Item = &'a Field>) -> Self {
        let mut asked: BTreeMap<String, Vec<Aspect>> = BTreeMap::new();
        for field in fields.filter(|field| field.entity == Entity::Metric) {
            for (key, aspect) in field.meanings().filter(|(_, aspect)| aspect.needs_points()) {
                asked.entry(key.to_owned()).or_default().push(aspect);
            }
        }
        Self(asked)
    }

    /// What the points of a metric say about all that is asked of it.
    pub(super) fn answer(&self, key: &str, series: &Series) -> Answers {
        let asked = self.0.get(key).map(Vec::as_slice).unwrap_or_default();
        let is_asked = |aspect| asked.contains(&aspect);
        let steps = asked.iter().filter_map(|aspect| match aspect {
            Aspect::At(step) => Some((*step, None)),
            _ => None,
        });
        Answers {
            first: if is_asked(Aspect::First) { first(series) } else { None },
            mean: if is_asked(Aspect::Mean) { mean(&series.values) } else { None },
            at_steps: at_steps(series, steps.collect()),
        }
    }
}

/// What the points of one metric of one run say.
#[derive(Debug, Default)]
pub(super) struct Answers {
    first: Option<f64>,
    mean: Option<f64>,
    at_steps: BTreeMap<i64, Option<MetricSummary>>,
}

impl Answers {
    pub(super) fn get(&self, aspect: Aspect) -> Option<f64> {
        match aspect {
            Aspect::First => self.first,
            Aspect::Mean => self.mean,
            Aspect::At(step) => self.at_steps.get(&step)?.map(|summary| summary.last),
            _ => None,
        }
    }
}

fn at_steps(series: &Series, mut found: BTreeMap<i64, Option<MetricSummary>>) -> BTreeMap<i64, Option<MetricSummary>> {
    for (step, at, value) in series.points() {
        if let Some(found) = found.get_mut(&step) {
            let point = MetricSummary::of(value, step, Timestamp::from_micros(at));
            // The rule of what is last, among the points of one step.
            *found = Some(found.map_or(point, |before| before.merge(&point)));
        }
    }
    found
}

/// The value at the smallest (step, time, value); NaN is larger than numbers.
pub(in crate::runs) fn first(series: &Series) -> Option<f64> {
    let order = |a: &(i64, i64, f64), b: &(i64, i64, f64)| {
        let values = || a.2.partial_cmp(&b.2).unwrap_or_else(|| a.2.is_nan().cmp(&b.2.is_nan()));
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(values)
    };
    series.points().reduce(|a, b| if order(&b, &a) == Ordering::Less { b } else { a }).map(|(_, _, value)| value)
}

/// The mean of what is not NaN, by Neumaier's compensated sum (doi.org/10.1002/zamm.19740540106); None of no values.
pub(in crate::runs) fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let numbers = || values.iter().copied().filter(|value| !value.is_nan());
    #[expect(clippy::cast_precision_loss, reason = "nobody logs 2^53 points")]
    let count = numbers().count() as f64;
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for value in numbers() {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    let mean = (sum + lost) / count;
    // An infinity among the values, or a sum beyond the largest number.
    Some(if mean.is_finite() {
        mean
    } else {
        numbers().map(|value| value / count).reduce(|a, b| a + b).unwrap_or(f64::NAN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(i64, i64, f64)]) -> Series {
        let mut series = Series::default();
        points.iter().for_each(|(step, at, value)| series.push(*step, *at, *value));
        series
    }

    #[test]
    fn the_first_value_is_that_at_the_smallest_step_time_and_value() {
        assert_eq!(first(&series(&[])), None);
        assert_eq!(first(&series(&[(3, 0, 1.0), (-2, 9, 2.0), (-2, 8, 4.0), (-2, 8, 3.0)])), Some(3.0));
        assert_eq!(first(&series(&[(0, 0, f64::NAN), (0, 0, 3.0)])), Some(3.0));
        assert!(first(&series(&[(0, 0, f64::NAN), (1, 0, 3.0)])).unwrap().is_nan());
    }

    #[test]
    fn a_mean_passes_over_nan_and_bears_large_numbers() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, f64::NAN, 4.0]), Some(2.5));
        assert_eq!(mean(&[1e100, 1.0, -1e100, 1.0]), Some(0.5));
        assert_eq!(mean(&[1.5e308, 1.5e308]), Some(1.5e308));
        assert_eq!(mean(&[f64::INFINITY, 1.0]), Some(f64::INFINITY));
        assert!(mean(&[f64::INFINITY, f64::NEG_INFINITY]).unwrap().is_nan());
        assert!(mean(&[f64::NAN]).unwrap().is_nan());
    }

    #[test]
    fn of_a_step_with_several_points_the_latest_counts() {
        let points = series(&[(1, 5, 1.0), (1, 7, 2.0), (1, 6, 9.0), (2, 0, 4.0), (-3, 0, f64::NAN)]);
        let found = at_steps(&points, [(1, None), (-3, None), (5, None)].into());
        let value = |step: i64| found[&step].map(|summary| summary.last);
        assert_eq!((value(1), value(5)), (Some(2.0), None));
        assert!(value(-3).unwrap().is_nan());
    }
}
