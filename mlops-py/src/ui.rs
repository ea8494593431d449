//! Reports, comparisons and curves.

use std::path::PathBuf;

use mlops_core::ui::{self, Comparison, ReportOptions, Row};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{self, OwnedText, Text};
use crate::errors::detached;
use crate::store::Store;

fn texts(ids: &[OwnedText]) -> Vec<&str> {
    ids.iter().map(|id| id.0.as_str()).collect()
}

/// Writes a report of runs to a file; what it does not hold, and why.
#[pyfunction]
#[pyo3(signature = (store, run_ids, path, title=None))]
pub(crate) fn write_report(
    py: Python<'_>,
    store: &Bound<'_, Store>,
    run_ids: Vec<OwnedText>,
    path: PathBuf,
    title: Option<OwnedText>,
) -> PyResult<Vec<(String, String)>> {
    let store = store.get().core();
    let options = ReportOptions { title: title.map(|title| title.0), ..ReportOptions::default() };
    let made = detached(py, || ui::write_report(store, &texts(&run_ids), &path, &options))?;
    Ok(made.left_out.into_iter().map(|one| (one.what, one.why)).collect())
}

/// Runs, and the params, metrics and tags that differ between them.
type Compared<'py> = (Vec<Bound<'py, PyDict>>, Vec<String>, Vec<String>, Vec<String>);

/// Reads runs, and says which of their params, metrics and tags differ.
#[pyfunction]
pub(crate) fn compare_runs<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    run_ids: Vec<OwnedText>,
) -> PyResult<Compared<'py>> {
    let store = store.get().core();
    let runs =
        detached(py, || run_ids.iter().map(|id| store.runs().get(&id.0)).collect::<mlops_core::Result<Vec<_>>>())?;
    let found = Comparison::of(&runs).only_differences();
    let shown = runs.iter().map(|run| convert::run_data(py, run)).collect::<PyResult<_>>()?;
    Ok((shown, keys(found.params), keys(found.metrics), keys(found.tags)))
}

fn keys<T>(rows: Vec<Row<T>>) -> Vec<String> {
    rows.into_iter().map(|row| row.key).collect()
}

/// Curves of one metric as SVG.
#[pyfunction]
pub(crate) fn metric_svg(
    py: Python<'_>,
    store: &Bound<'_, Store>,
    run_ids: Vec<OwnedText>,
    key: Text<'_>,
) -> PyResult<String> {
    let store = store.get().core();
    detached(py, || ui::metric_svg(store, &texts(&run_ids), &key))
}
