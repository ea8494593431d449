//! Runs from store to store.

use mlops_core::runs::SyncProgress;
use mlops_core::{Error, ExportFilesOptions, SyncOptions, Timestamp};
use pyo3::prelude::*;
use serde::Serialize;

use crate::convert::{OwnedText, Text};
use crate::errors::detached;
use crate::store::Store;

/// Which runs, and how: ids, names of experiments, filter, since (microseconds), deleted runs too, deleted experiments
/// passed over, on conflict, dry run.
#[derive(Debug, FromPyObject)]
pub(crate) struct Options(Vec<OwnedText>, Vec<OwnedText>, OwnedText, Option<i64>, bool, bool, OwnedText, bool);

impl Options {
    fn read(self) -> mlops_core::Result<SyncOptions<'static>> {
        let Self(runs, experiments, filter, since, include_deleted, skip_deleted_experiments, on_conflict, dry_run) =
            self;
        let texts = |given: Vec<OwnedText>| given.into_iter().map(|text| text.0).collect();
        Ok(SyncOptions {
            run_ids: texts(runs),
            experiment_names: texts(experiments),
            filter: filter.0,
            since: since.map(Timestamp::from_micros),
            include_deleted,
            skip_deleted_experiments,
            on_conflict: on_conflict.0.parse()?,
            dry_run,
            progress: None,
        })
    }
}

/// Does it, and tells how far it is: a callable gets the runs that are done, of how many, and the bytes.
fn told<T: Serialize>(
    options: Options,
    show: Option<Py<PyAny>>,
    bring: impl FnOnce(&SyncOptions<'_>) -> mlops_core::Result<T>,
) -> mlops_core::Result<String> {
    let show = |at: SyncProgress| {
        if let Some(show) = &show {
            Python::attach(|py| {
                if let Err(error) = show.call1(py, (at.runs, at.of, at.bytes)) {
                    error.write_unraisable(py, None);
                }
            });
        }
    };
    json(&bring(&SyncOptions { progress: Some(&show), ..options.read()? })?)
}

fn json<T: Serialize>(report: &T) -> mlops_core::Result<String> {
    serde_json::to_string(report).map_err(|e| Error::Internal { detail: e.to_string() })
}

/// Brings runs of the store at one location into that at another; the report as JSON.
#[pyfunction]
#[pyo3(signature = (source, dest, options, show=None))]
pub(crate) fn sync_stores(
    py: Python<'_>,
    source: Text<'_>,
    dest: Text<'_>,
    options: Options,
    show: Option<Py<PyAny>>,
) -> PyResult<String> {
    detached(py, || told(options, show, |options| mlops_core::sync_at(&source, &dest, options)))
}

/// Brings runs of a store into a folder; the report as JSON.
#[pyfunction]
#[pyo3(signature = (store, dest, options, show=None))]
pub(crate) fn export_runs(
    py: Python<'_>,
    store: &Store,
    dest: Text<'_>,
    options: Options,
    show: Option<Py<PyAny>>,
) -> PyResult<String> {
    detached(py, || told(options, show, |options| mlops_core::export(store.core(), &dest, options)))
}

/// Writes runs of a store as plain files into a folder; the report as JSON.
#[pyfunction]
#[pyo3(signature = (store, dest, options, overwrite, show=None))]
pub(crate) fn export_files(
    py: Python<'_>,
    store: &Store,
    dest: Text<'_>,
    options: Options,
    overwrite: bool,
    show: Option<Py<PyAny>>,
) -> PyResult<String> {
    detached(py, || {
        told(options, show, |select| {
            let options = ExportFilesOptions { select: select.clone(), overwrite };
            mlops_core::export_files(store.core(), &dest, &options)
        })
    })
}

/// Brings the runs of a folder into a store; the report as JSON.
#[pyfunction]
#[pyo3(signature = (source, store, options, show=None))]
pub(crate) fn import_runs(
    py: Python<'_>,
    source: Text<'_>,
    store: &Store,
    options: Options,
    show: Option<Py<PyAny>>,
) -> PyResult<String> {
    detached(py, || told(options, show, |options| mlops_core::import(&source, store.core(), options)))
}
