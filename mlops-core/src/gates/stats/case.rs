//! What is compared: a metric of both models, and what each row says.

use std::thread;

use super::bootstrap::{OfRows, Statistic};
use super::choose::{Kind, wants_delong};
use super::delong::{DeLong, of_placements};
use super::distributions::{of_length, to_float};
use super::few::Turned;
use super::options::{CompareOptions, bad};
use crate::error::{Error, Result};
use crate::metrics::{Metric, Predictions, Prepared, Score, Targets, of_prepared, placements};

/// Fewer rows are not worth a thread.
const ROWS_FOR_A_THREAD: usize = 20_000;

/// One metric of both models.
pub(super) struct Case<'a> {
    pub(super) metric: String,
    pub(super) greater_is_better: bool,
    pub(super) kind: Kind,
    pub(super) rows: usize,
    pub(super) units: usize,
    pub(super) candidate: f64,
    pub(super) baseline: f64,
    /// Signed so that above 0 is better.
    pub(super) difference: f64,
    pub(super) data: Data<'a>,
    /// Rows of the positive class and of others.
    pub(super) classes: Option<(u64, u64)>,
    /// Whether the candidate and the baseline predict the same for every row.
    pub(super) constant: (bool, bool),
    /// Where one of both does better; None of somebody's function.
    pub(super) turned: Option<Turned>,
}

/// What each row says.
pub(super) enum Data<'a> {
    /// -1, 0 or 1: the candidate is wrong and the baseline right, they agree, the reverse.
    Signs(Vec<i8>),
    /// How much better the candidate is.
    Values(Vec<f64>),
    /// Where rows stand among those of the other class.
    Area(DeLong),
    /// All that the metric needs of both.
    Pair(Box<(Prepared, Prepared)>),
    /// Somebody's function.
    Own(&'a OfRows<'a>),
}

impl Case<'_> {
    pub(super) fn sign(&self) -> f64 {
        if self.greater_is_better { 1.0 } else { -1.0 }
    }

    /// What is resampled; None where only ranks are kept.
    pub(super) fn statistic(&self) -> Option<Statistic<'_>> {
        Some(match &self.data {
            Data::Signs(signs) => Statistic::Signs(signs),
            Data::Values(values) => Statistic::Values(values),
            Data::Area(_) => return None,
            Data::Pair(both) => Statistic::Pair { candidate: &both.0, baseline: &both.1, sign: self.sign() },
            Data::Own(values) => Statistic::Own { values: *values, sign: self.sign() },
        })
    }

    /// How often just the candidate, and just the baseline, is right.
    pub(super) fn discordant(&self) -> Option<(u64, u64)> {
        let Data::Signs(signs) = &self.data else { return None };
        let count = |sign: i8| signs.iter().filter(|s| **s == sign).count() as u64;
        Some((count(1), count(-1)))
    }

    /// The differences of units, if the metric is a mean of them.
    pub(super) fn differences(&self) -> Option<Vec<f64>> {
        match &self.data {
            Data::Signs(signs) => Some(signs.iter().map(|sign| f64::from(*sign)).collect()),
            Data::Values(values) => Some(values.clone()),
            _ => None,
        }
    }

    /// The case of a metric, and the first row of each query for rankings.
    pub(super) fn of_metric<'a>(
        metric: &Metric,
        targets: &Targets<'_>,
        candidate: &Predictions<'_>,
        baseline: &Predictions<'_>,
        options: &CompareOptions<'_>,
    ) -> Result<(Case<'a>, Option<Vec<u32>>)> {
        let greater_is_better = metric.greater_is_better();
        let kind = match (Kind::of(metric, candidate), Kind::of(metric, baseline)) {
            (kind, other) if kind == other => kind,
            _ => return Err(bad("predictions", "of two classes and of more", "as many classes from both models")),
        };
        let threads = options.threads != 1 && targets.rows() >= ROWS_FOR_A_THREAD;
        let classes = positives(metric, targets);
        let mut case = Case {
            metric: metric.to_string(),
            greater_is_better,
            kind,
            rows: targets.rows(),
            units: targets.rows(),
            candidate: 0.0,
            baseline: 0.0,
            difference: 0.0,
            data: Data::Signs(Vec::new()),
            classes,
            constant: (is_constant(candidate), is_constant(baseline)),
            turned: None,
        };
        let turned = || Turned::of_metric(metric, targets, candidate, baseline, options.groups);
        if wants_delong(kind, options) {
            let place = |predictions| placements(metric, targets, predictions);
            let (first, second) = both(threads, || place(candidate), || place(baseline))?;
            let (Some(first), Some(second)) = (first, second) else {
                return Err(Error::internal("an area of two classes has no placements"));
            };
            let found = of_placements(&first, &second);
            (case.candidate, case.baseline, case.difference) = (found.candidate, found.baseline, found.difference);
            case.data = Data::Area(found);
            case.turned = turned();
            return Ok((case, None));
        }
        let prepare = |predictions| {
            let prepared = Prepared::new(metric, targets, predictions)?;
            let value = of_prepared(metric, &prepared)?;
            Ok((prepared, value))
        };
        let ((first, candidate_value), (second, baseline_value)) =
            both(threads, || prepare(candidate), || prepare(baseline))?;
        (case.candidate, case.baseline) = (candidate_value, baseline_value);
        case.units = first.units();
        let first_rows = first.first_rows().map(<[u32]>::to_vec);
        case.difference = case.sign() * (candidate_value - baseline_value);
        case.data = match (first.values(), second.values()) {
            (Some(candidate), Some(baseline)) => {
                // Of queries nobody knows the groups here.
                let groups = options.groups.filter(|_| first_rows.is_none());
                case.turned = Some(Turned::of_values(candidate, baseline, case.sign(), groups, most(kind, metric)));
                differences_of(kind, case.sign(), candidate, baseline)
            }
            _ => {
                case.turned = turned();
                Data::Pair(Box::new((first, second)))
            }
        };
        case.settle();
        Ok((case, first_rows))
    }

    /// The case of values of rows.
    pub(super) fn of_values<'a>(
        metric: &str,
        greater_is_better: bool,
        candidate: &[f64],
        baseline: &[f64],
        groups: Option<&[u64]>,
    ) -> Result<Case<'a>> {
        if candidate.is_empty() {
            return Err(bad("the candidate's values", "[]", "at least one row"));
        }
        if candidate.len() != baseline.len() {
            let expected = format!("{} rows, as many as the candidate's", candidate.len());
            return Err(bad("the baseline's values", format!("{} rows", baseline.len()), &expected));
        }
        check_rows(candidate.len())?;
        for (whose, values) in [("candidate", candidate), ("baseline", baseline)] {
            if let Some((row, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
                return Err(bad(&format!("row {} of the {whose}'s values", row + 1), value, "a finite number"));
            }
        }
        let zero_one = |value: &f64| value.to_bits() == 0.0_f64.to_bits() || value.to_bits() == 1.0_f64.to_bits();
        let kind = if candidate.iter().chain(baseline).all(zero_one) { Kind::ZeroOne } else { Kind::Mean };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / of_length(values.len());
        let sign = if greater_is_better { 1.0 } else { -1.0 };
        let mut case = Case {
            metric: metric.into(),
            greater_is_better,
            kind,
            rows: candidate.len(),
            units: candidate.len(),
            candidate: mean(candidate),
            baseline: mean(baseline),
            difference: 0.0,
            data: differences_of(kind, sign, candidate, baseline),
            classes: None,
            constant: (false, false),
            turned: Some(Turned::of_values(candidate, baseline, sign, groups, (kind == Kind::ZeroOne).then_some(1.0))),
        };
        if !(case.candidate.is_finite() && case.baseline.is_finite()) {
            return Err(bad("the mean of the values", "infinite", "values whose sum a float can hold"));
        }
        case.settle();
        Ok(case)
    }

    /// The case of a function of rows.
    pub(super) fn of_function<'a>(
        metric: &str,
        greater_is_better: bool,
        rows: usize,
        values: &'a OfRows<'a>,
    ) -> Result<Case<'a>> {
        if rows == 0 {
            return Err(bad("n_rows", 0, "at least one row"));
        }
        check_rows(rows)?;
        let all: Vec<u32> = (0..).take(rows).collect();
        let (candidate, baseline) = values(&all)?;
        for (whose, value) in [("candidate", candidate), ("baseline", baseline)] {
            if !value.is_finite() {
                return Err(bad(&format!("the {whose}'s `{metric}`"), value, "a finite number for all rows together"));
            }
        }
        let sign = if greater_is_better { 1.0 } else { -1.0 };
        Ok(Case {
            metric: metric.into(),
            greater_is_better,
            kind: Kind::Rough,
            rows,
            units: rows,
            candidate,
            baseline,
            difference: sign * (candidate - baseline),
            data: Data::Own(values),
            classes: None,
            constant: (false, false),
            turned: None,
        })
    }

    /// Takes the difference of means as resamples take it, so that equal ones are equal.
    fn settle(&mut self) {
        match &self.data {
            Data::Signs(signs) => {
                let (b, c) = self.discordant().unwrap_or_default();
                self.difference = (to_float(b) - to_float(c)) / of_length(signs.len());
            }
            Data::Values(values) => self.difference = values.iter().sum::<f64>() / of_length(values.len()),
            _ => {}
        }
    }
}

fn check_rows(rows: usize) -> Result<()> {
    if u32::try_from(rows).is_ok() { Ok(()) } else { Err(bad("n_rows", rows, "at most 4294967295 rows")) }
}

/// By how much the losses of two rows may differ.
fn most(kind: Kind, metric: &Metric) -> Option<f64> {
    match metric.score() {
        _ if kind == Kind::ZeroOne => Some(1.0),
        Score::Brier => Some(2.0),
        _ if metric.is_of_rankings() => Some(1.0),
        _ => None,
    }
}

fn differences_of<'a>(kind: Kind, sign: f64, candidate: &[f64], baseline: &[f64]) -> Data<'a> {
    let differences = candidate.iter().zip(baseline).map(|(candidate, baseline)| sign * (candidate - baseline));
    if kind != Kind::ZeroOne {
        return Data::Values(differences.collect());
    }
    Data::Signs(differences.map(|d| i8::from(d > 0.0) - i8::from(d < 0.0)).collect())
}

/// Does both, the candidate's in a thread of its own if that is worth it, and says of which model an error is.
fn both<T: Send>(
    threads: bool,
    candidate: impl FnOnce() -> Result<T> + Send,
    baseline: impl FnOnce() -> Result<T>,
) -> Result<(T, T)> {
    let (candidate, baseline) = if threads {
        thread::scope(|scope| {
            let other = scope.spawn(candidate);
            let baseline = baseline();
            (other.join().unwrap_or_else(|_| Err(Error::internal("a thread that scores has panicked"))), baseline)
        })
    } else {
        (candidate(), baseline())
    };
    Ok((
        candidate.map_err(|error| of_model(error, "candidate"))?,
        baseline.map_err(|error| of_model(error, "baseline"))?,
    ))
}

/// The error of a score, which says of which model it is.
pub(in crate::gates) fn of_model(error: Error, whose: &str) -> Error {
    match error {
        Error::InvalidArgument { what, value, expected } if what.ends_with("predictions") => {
            let what = format!("{}the {whose}'s predictions", what.trim_end_matches("predictions"));
            Error::InvalidArgument { what, value, expected }
        }
        other => other,
    }
}

fn positives(metric: &Metric, targets: &Targets<'_>) -> Option<(u64, u64)> {
    let Targets::Classes(classes) = targets else { return None };
    let count = || classes.iter().filter(|class| **class == metric.positive()).count() as u64;
    metric.is_of_positives().then(|| (count(), classes.len() as u64 - count()))
}

fn is_constant(predictions: &Predictions<'_>) -> bool {
    fn same<T: PartialEq>(values: &[T], width: usize) -> bool {
        let mut rows = values.chunks_exact(width.max(1));
        let first = rows.next();
        values.len() > width && rows.all(|row| Some(row) == first)
    }
    match predictions {
        Predictions::Classes(classes) => same(classes, 1),
        Predictions::Values(values) => same(values, 1),
        Predictions::Probabilities { values, n_classes } => same(values, *n_classes),
    }
}
