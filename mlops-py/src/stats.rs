//! The statistics of the gate: arrays in, numbers out.

use std::sync::PoisonError;

use mlops_core::gates::stats::{self, CompareOptions, Method, Series, TTest, Watch};
use mlops_core::gates::{ComparedColumns, SaidColumn, compare_columns, delong_columns, group_numbers};
use mlops_core::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{self, OwnedText, Text};
use crate::errors::detached;
use crate::gates::{Raised, Values, heard};

type FiveNumbers = (f64, f64, f64, f64, f64);

fn of_t(found: TTest) -> FiveNumbers {
    (found.difference, found.error, found.df, found.t, found.p_value)
}

fn differences(bytes: &[u8]) -> Result<Vec<f64>> {
    convert::floats("differences", bytes)
}

#[pyfunction]
pub(crate) fn stats_paired_t(py: Python<'_>, given: &[u8]) -> PyResult<FiveNumbers> {
    detached(py, || Ok(of_t(stats::paired_t(&differences(given)?)?)))
}

#[pyfunction]
pub(crate) fn stats_corrected_t(
    py: Python<'_>,
    given: &[u8],
    train_rows: u64,
    test_rows: u64,
) -> PyResult<FiveNumbers> {
    detached(py, || Ok(of_t(stats::corrected_t(&differences(given)?, train_rows, test_rows)?)))
}

/// Of five pairs, one after the other.
#[pyfunction]
pub(crate) fn stats_five_by_two_f(py: Python<'_>, given: &[u8]) -> PyResult<(f64, f64)> {
    detached(py, || {
        let all = differences(given)?;
        let (pairs, rest) = all.as_chunks::<2>();
        let pairs = <&[[f64; 2]; 5]>::try_from(pairs).ok().filter(|_| rest.is_empty());
        let pairs = pairs.ok_or_else(|| Error::InvalidArgument {
            what: "differences".into(),
            value: format!("{} numbers", all.len()),
            expected: "five pairs, of both halves of five splits".into(),
        })?;
        stats::five_by_two_f(pairs)
    })
}

#[pyfunction]
pub(crate) fn stats_tost(py: Python<'_>, given: &[u8], margin: f64) -> PyResult<(f64, f64, f64)> {
    detached(py, || {
        let found = stats::tost(&differences(given)?, margin)?;
        Ok((found.p_not_below, found.p_not_above, found.p_value))
    })
}

#[pyfunction]
pub(crate) fn stats_wilcoxon(py: Python<'_>, given: &[u8]) -> PyResult<(f64, f64, bool)> {
    detached(py, || {
        let found = stats::wilcoxon(&differences(given)?)?;
        Ok((found.statistic, found.p_value, found.exact))
    })
}

#[pyfunction]
pub(crate) fn stats_diebold_mariano(py: Python<'_>, given: &[u8], horizon: u32) -> PyResult<(f64, f64, bool)> {
    detached(py, || {
        let found = stats::diebold_mariano(&differences(given)?, horizon)?;
        Ok((found.statistic, found.p_value, found.without_lags))
    })
}

#[pyfunction]
pub(crate) fn stats_mcnemar(py: Python<'_>, b: u64, c: u64) -> PyResult<(f64, f64, f64, f64)> {
    detached(py, || {
        let found = stats::mcnemar(b, c);
        Ok((found.p_value, found.mid_p, found.two_sided, found.two_sided_mid_p))
    })
}

#[pyfunction]
pub(crate) fn stats_wald(py: Python<'_>, b: u64, c: u64, n: u64) -> PyResult<(f64, f64)> {
    detached(py, || stats::wald(b, c, n))
}

#[pyfunction]
pub(crate) fn stats_wilson(py: Python<'_>, count: u64, n: u64, alpha: f64) -> PyResult<(f64, f64)> {
    detached(py, || stats::wilson(count, n, alpha))
}

#[pyfunction]
pub(crate) fn stats_newcombe(
    py: Python<'_>,
    first: (u64, u64),
    second: (u64, u64),
    alpha: f64,
) -> PyResult<(f64, f64)> {
    detached(py, || stats::newcombe(first, second, alpha))
}

#[pyfunction]
pub(crate) fn stats_holm(py: Python<'_>, given: &[u8]) -> PyResult<Vec<f64>> {
    detached(py, || stats::holm(&convert::floats("p_values", given)?))
}

#[pyfunction]
pub(crate) fn stats_holm_levels(py: Python<'_>, given: &[u8], alpha: f64) -> PyResult<Vec<f64>> {
    detached(py, || stats::holm_levels(&convert::floats("p_values", given)?, alpha))
}

#[pyfunction]
pub(crate) fn stats_minimal_detectable(py: Python<'_>, error: f64, alpha: f64, power: f64) -> PyResult<f64> {
    detached(py, || stats::minimal_detectable(error, alpha, power))
}

#[pyfunction]
pub(crate) fn stats_rows_needed(
    py: Python<'_>,
    discordance: f64,
    margin: f64,
    alpha: f64,
    power: f64,
) -> PyResult<u64> {
    detached(py, || stats::rows_needed(discordance, margin, alpha, power))
}

#[pyfunction]
pub(crate) fn stats_rows_needed_for_mean(
    py: Python<'_>,
    deviation: f64,
    margin: f64,
    alpha: f64,
    power: f64,
) -> PyResult<u64> {
    detached(py, || stats::rows_needed_for_mean(deviation, margin, alpha, power))
}

/// What a model said: a column, or probabilities row by row and how many classes there are.
#[derive(Debug, FromPyObject)]
pub(crate) enum Said<'py> {
    Probabilities(Bound<'py, PyBytes>, usize),
    Column(Values),
}

impl Said<'_> {
    fn read(self) -> Now {
        match self {
            Self::Column(values) => Now::Column(values),
            Self::Probabilities(bytes, n_classes) => Now::Probabilities(bytes.as_bytes().to_vec(), n_classes),
        }
    }
}

/// The same without the interpreter.
enum Now {
    Column(Values),
    Probabilities(Vec<u8>, usize),
}

impl Now {
    fn read(self) -> Result<SaidColumn> {
        Ok(match self {
            Self::Column(values) => SaidColumn::Values(values.read()?),
            Self::Probabilities(bytes, n_classes) => {
                SaidColumn::Probabilities { values: convert::floats("predictions", &bytes)?, n_classes }
            }
        })
    }
}

/// What is compared.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Compared<'py> {
    targets: Values,
    candidate: Said<'py>,
    baseline: Said<'py>,
    classes: Option<Vec<OwnedText>>,
    positive: Option<OwnedText>,
    queries: Option<Values>,
    groups: Option<Values>,
}

impl Compared<'_> {
    /// What reads it without the interpreter.
    fn reader(self) -> impl FnOnce() -> Result<ComparedColumns> + Send {
        let Self { targets, candidate, baseline, classes, positive, queries, groups } = self;
        let (candidate, baseline) = (candidate.read(), baseline.read());
        move || {
            Ok(ComparedColumns {
                classes: classes.map(|names| names.into_iter().map(|name| name.0).collect()),
                positive: positive.map(|name| name.0),
                queries: queries.map(Values::read).transpose()?,
                groups: groups.map(Values::read).transpose()?,
                ..ComparedColumns::new(targets.read()?, candidate.read()?, baseline.read()?)
            })
        }
    }
}

/// How it is compared.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    alpha: f64,
    resamples: u32,
    seed: u64,
    method: OwnedText,
    threads: usize,
    /// The horizon and the length of a block.
    series: Option<(u32, Option<u32>)>,
}

impl Options {
    fn read<'a>(&self, watch: &'a Watch) -> Result<CompareOptions<'a>> {
        Ok(CompareOptions {
            alpha: self.alpha,
            resamples: self.resamples,
            seed: self.seed,
            groups: None,
            series: self.series.map(|(horizon, block)| Series { horizon, block }),
            method: self.method.0.parse::<Method>()?,
            threads: self.threads,
            watch: Some(watch),
        })
    }
}

/// Compares, while somebody may interrupt.
fn compared(
    py: Python<'_>,
    options: &Options,
    call: impl FnOnce(&CompareOptions<'_>) -> Result<Vec<stats::Comparison>> + Send,
) -> PyResult<Vec<Comparison>> {
    let (raised, watch) = (Raised::default(), Watch::default());
    let judge = || call(&options.read(&watch)?);
    let found = detached(py, || heard(judge, &watch, &raised, None));
    match raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(error),
        None => Ok(found?.into_iter().map(Comparison).collect()),
    }
}

/// Compares by some metrics.
#[pyfunction]
pub(crate) fn stats_compare(
    py: Python<'_>,
    metrics: Vec<OwnedText>,
    given: Compared<'_>,
    options: Options,
) -> PyResult<Vec<Comparison>> {
    let columns = given.reader();
    compared(py, &options, move |options| {
        let metrics: Vec<_> = metrics.iter().map(|metric| metric.0.parse()).collect::<Result<_>>()?;
        compare_columns(&metrics, &columns()?, options)
    })
}

/// Compares by values of rows.
#[pyfunction]
pub(crate) fn stats_compare_values(
    py: Python<'_>,
    metric: Text<'_>,
    greater_is_better: bool,
    candidate: &[u8],
    baseline: &[u8],
    groups: Option<Values>,
    options: Options,
) -> PyResult<Vec<Comparison>> {
    compared(py, &options, |options| {
        let values = |what, bytes| convert::floats(what, bytes);
        let (candidate, baseline) = (values("candidate", candidate)?, values("baseline", baseline)?);
        let groups = groups.map(|groups| group_numbers(&groups.read()?, candidate.len())).transpose()?;
        let options = CompareOptions { groups: groups.as_deref(), ..*options };
        Ok(vec![stats::compare_values(&metric, greater_is_better, &candidate, &baseline, &options)?])
    })
}

/// Candidate, baseline, difference, error, p-value, positives, negatives.
type Areas = (f64, f64, f64, f64, f64, u64, u64);

#[pyfunction]
pub(crate) fn stats_delong(py: Python<'_>, given: Compared<'_>) -> PyResult<Areas> {
    let columns = given.reader();
    detached(py, || {
        let found = delong_columns(&columns()?)?;
        let stats::DeLong { candidate, baseline, difference, error, p_value, positives, negatives } = found;
        Ok((candidate, baseline, difference, error, p_value, positives, negatives))
    })
}

/// What a comparison found.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Comparison(stats::Comparison);

#[pymethods]
impl Comparison {
    /// Texts and what may not be there: metric, method, whether greater is better, rows, resamples, discordant, positives,
    /// negatives, whether the bootstrap agrees.
    fn facts(&self) -> Facts<'_> {
        let found = &self.0;
        let counts = (found.resamples, found.discordant, found.positives, found.negatives);
        (&found.metric, &found.method, found.greater_is_better, found.rows, counts, found.agrees)
    }

    /// Candidate, baseline, difference, lower, upper, p-value, alpha, the smallest difference that shows.
    fn numbers(&self) -> [f64; 8] {
        let stats::Comparison { candidate, baseline, difference, lower, upper, p_value, alpha, .. } = self.0;
        [candidate, baseline, difference, lower, upper, p_value, alpha, self.0.minimal_detectable]
    }

    /// Code and text of each note.
    fn notes(&self) -> Vec<(&'static str, &str)> {
        self.0.notes.iter().map(|note| (note.code.as_str(), note.text.as_str())).collect()
    }

    fn lower_at(&self, py: Python<'_>, alpha: f64) -> PyResult<f64> {
        detached(py, || at_level(alpha).map(|alpha| self.0.lower_at(alpha)))
    }

    fn upper_at(&self, py: Python<'_>, alpha: f64) -> PyResult<f64> {
        detached(py, || at_level(alpha).map(|alpha| self.0.upper_at(alpha)))
    }

    fn p_value_at(&self, py: Python<'_>, margin: f64) -> PyResult<f64> {
        detached(py, || within(margin).map(|margin| self.0.p_value_at(margin)))
    }

    fn agrees_at(&self, py: Python<'_>, alpha: f64, margin: f64) -> PyResult<bool> {
        detached(py, || Ok(self.0.agrees_at(at_level(alpha)?, within(margin)?)))
    }

    fn resamples_needed(&self, py: Python<'_>, alpha: f64) -> PyResult<Option<f64>> {
        detached(py, || at_level(alpha).map(|alpha| self.0.resamples_needed(alpha)))
    }

    fn is_exactly_above(&self, py: Python<'_>, alpha: f64, margin: f64) -> PyResult<bool> {
        detached(py, || Ok(self.0.is_exactly_above(at_level(alpha)?, within(margin)?)))
    }
}

type Facts<'a> = (&'a str, &'a str, bool, u64, (Option<u32>, Option<u64>, Option<u64>, Option<u64>), bool);

/// A level that there is a bound of; NaN would be no answer for somebody who misspelt it.
fn at_level(alpha: f64) -> Result<f64> {
    if alpha > 0.0 && alpha < 0.5 {
        Ok(alpha)
    } else {
        Err(refuse("alpha", alpha, "above 0 and below 0.5, such as 0.05"))
    }
}

fn within(margin: f64) -> Result<f64> {
    if margin.is_finite() { Ok(margin) } else { Err(refuse("margin", margin, "a finite number")) }
}

fn refuse(what: &str, value: f64, expected: &str) -> Error {
    Error::InvalidArgument { what: what.into(), value: value.to_string(), expected: expected.into() }
}
