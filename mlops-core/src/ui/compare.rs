//! What differs between runs.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::runs::{MetricSummary, RunData, RunInfo, tags};
use crate::store::Store;

/// One key, and what each run has there.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<T> {
    /// The param, tag or metric.
    pub key: String,
    /// A cell for each run, in the order of the runs; None where a run has no such key.
    pub cells: Vec<Option<T>>,
    /// Not all cells are the same.
    pub differs: bool,
}

/// Several runs side by side, keys in alphabetical order.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The runs, in the order they were asked for.
    pub runs: Vec<RunInfo>,
    /// The texts of params.
    pub params: Vec<Row<String>>,
    /// Tags, without the run's name.
    pub tags: Vec<Row<String>>,
    /// Metrics; they differ where the last values do. NaN is the same as NaN.
    pub metrics: Vec<Row<MetricSummary>>,
}

impl Comparison {
    /// Puts runs side by side.
    pub fn of(runs: &[RunData]) -> Self {
        let texts = runs.iter().map(|run| run.params.iter().map(|(key, value)| (key.as_str(), value.text())));
        let named = runs.iter().map(|run| {
            run.tags.iter().filter(|(key, _)| *key != tags::RUN_NAME).map(|(key, value)| (key.as_str(), value.clone()))
        });
        let summaries = runs.iter().map(|run| run.metrics.iter().map(|(key, summary)| (key.as_str(), *summary)));
        Self {
            runs: runs.iter().map(|run| run.info.clone()).collect(),
            params: rows(texts, |a, b| a == b),
            tags: rows(named, |a, b| a == b),
            metrics: rows(summaries, |a, b| same(a.last, b.last)),
        }
    }

    /// The same without the rows that do not differ.
    #[must_use]
    pub fn only_differences(mut self) -> Self {
        self.params.retain(|row| row.differs);
        self.tags.retain(|row| row.differs);
        self.metrics.retain(|row| row.differs);
        self
    }
}

/// Reads runs and puts them side by side.
///
/// # Errors
/// `NotFound` for an unknown run, `InvalidArgument` for an id that none can have; what reading gives.
///
/// # Examples
/// ```
/// use mlops_core::Store;
/// use mlops_core::runs::RunOptions;
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let (a, b) = (store.runs().start(RunOptions::default())?, store.runs().start(RunOptions::default())?);
/// a.log_param("depth", 3.into())?;
/// b.log_param("depth", 5.into())?;
/// let compared = mlops_core::ui::compare(&store, &[a.id(), b.id()])?;
/// assert_eq!(compared.params[0].cells, [Some("3".to_owned()), Some("5".to_owned())]);
/// # Ok(())
/// # }
/// ```
pub fn compare(store: &Store, run_ids: &[&str]) -> Result<Comparison> {
    let runs = run_ids.iter().map(|id| store.runs().get(id)).collect::<Result<Vec<_>>>()?;
    Ok(Comparison::of(&runs))
}

/// A row for every key that a run has.
pub(super) fn rows<'a, T, R>(runs: impl Iterator<Item = R>, same: impl Fn(&T, &T) -> bool) -> Vec<Row<T>>
where
    R: Iterator<Item = (&'a str, T)>,
{
    let mut found: BTreeMap<&str, Vec<Option<T>>> = BTreeMap::new();
    let mut width = 0;
    for run in runs {
        for (key, value) in run {
            let cells = found.entry(key).or_default();
            cells.resize_with(width, || None);
            cells.push(Some(value));
        }
        width += 1;
    }
    let row = |(key, mut cells): (&str, Vec<Option<T>>)| {
        cells.resize_with(width, || None);
        let differs = cells.windows(2).any(|pair| match pair {
            [Some(a), Some(b)] => !same(a, b),
            [None, None] => false,
            _ => true,
        });
        Row { key: key.to_owned(), cells, differs }
    };
    found.into_iter().map(row).collect()
}

/// Equal as values: NaN is NaN.
#[expect(clippy::float_cmp, reason = "what was logged is the same or not")]
fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}
