//! Functions that need no store.

use mlops_core::error::TABLE;
use mlops_core::{BackupOptions, BackupReport};
use pyo3::prelude::*;

use crate::convert::{self, Text};
use crate::errors::detached;

/// The version of the library.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The table of errors: (number, class, builtin base, MLflow's code, retryable, text).
#[pyfunction]
pub(crate) fn error_table() -> Vec<(i32, &'static str, &'static str, &'static str, bool, &'static str)> {
    TABLE
        .iter()
        .map(|row| (row.number, row.python_class, row.python_base, row.mlflow_code, row.retryable, row.text))
        .collect()
}

/// Runs the command line; returns its exit code.
#[pyfunction]
pub(crate) fn cli_main(py: Python<'_>, args: Vec<String>) -> PyResult<u8> {
    detached(py, move || {
        // Buffered whole lines: a million points are not a million system calls.
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        Ok(mlops_core::cli::run(args, &mut out, &mut std::io::stderr()))
    })
}

/// Says that this process fails, whatever its exit status will be.
#[pyfunction]
pub(crate) fn mark_process_failed() {
    mlops_core::runs::mark_process_failed();
}

/// Ends the runs that this process started and left open, by how it ends: 0 well, else FAILED. For exits that the core
/// does not see.
#[pyfunction]
pub(crate) fn end_open_runs(py: Python<'_>, exit_status: i32) {
    py.detach(|| mlops_core::end_open_runs(exit_status));
}

/// Where a store is, without opening it: an absolute path, or `memory:`.
#[pyfunction]
pub(crate) fn locate(py: Python<'_>, uri: Text<'_>) -> PyResult<String> {
    detached(py, || mlops_core::Store::locate(&uri))
}

/// Checks a store; the report as JSON.
#[pyfunction]
pub(crate) fn fsck(py: Python<'_>, uri: Text<'_>, repair: bool) -> PyResult<String> {
    detached(py, || {
        let report = mlops_core::fsck(&uri, repair)?;
        serde_json::to_string(&report).map_err(|e| mlops_core::Error::Internal { detail: e.to_string() })
    })
}

/// Copies a store; the report as JSON.
#[pyfunction]
pub(crate) fn backup(py: Python<'_>, uri: Text<'_>, dest: Text<'_>, keep_going: bool) -> PyResult<String> {
    copied(py, keep_going, |options| mlops_core::backup(&uri, &dest, options))
}

/// Makes a store from a backup; the report as JSON.
#[pyfunction]
pub(crate) fn restore(py: Python<'_>, source: Text<'_>, dest: Text<'_>, keep_going: bool) -> PyResult<String> {
    copied(py, keep_going, |options| mlops_core::restore(&source, &dest, options))
}

fn copied(
    py: Python<'_>,
    keep_going: bool,
    copy: impl Send + FnOnce(&BackupOptions<'_>) -> mlops_core::Result<BackupReport>,
) -> PyResult<String> {
    detached(py, || {
        let report = copy(&BackupOptions { keep_going, ..BackupOptions::default() })?;
        serde_json::to_string(&report).map_err(|e| mlops_core::Error::Internal { detail: e.to_string() })
    })
}

/// The text that the core keeps for a param's value.
#[pyfunction]
pub(crate) fn param_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(convert::param(value)?.text())
}
