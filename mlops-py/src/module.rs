//! Functions that need no store.

use mlops_core::error::TABLE;
use pyo3::prelude::*;

use crate::convert;
use crate::errors::detached;

/// The version of the library.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The table of errors: (number, class, builtin base, MLflow's code, retryable, text).
#[pyfunction]
pub(crate) fn error_table() -> Vec<(i32, &'static str, &'static str, &'static str, bool, &'static str)> {
    TABLE.iter().map(|row| (row.number, row.python_class, row.python_base, row.mlflow_code, row.retryable, row.text)).collect()
}

/// Runs the command line; returns its exit code.
#[pyfunction]
pub(crate) fn cli_main(py: Python<'_>, args: Vec<String>) -> PyResult<u8> {
    detached(py, move || {
        let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
        Ok(mlops_core::cli::run(args, &mut out, &mut err))
    })
}

/// Says that this process fails, whatever its exit status will be.
#[pyfunction]
pub(crate) fn mark_process_failed() {
    mlops_core::runs::mark_process_failed();
}

/// Where a store is, without opening it: an absolute path, or `memory:`.
#[pyfunction]
pub(crate) fn locate(py: Python<'_>, uri: &str) -> PyResult<String> {
    detached(py, || mlops_core::Store::locate(uri))
}

/// Checks a store; the report as JSON.
#[pyfunction]
pub(crate) fn fsck(py: Python<'_>, uri: &str, repair: bool) -> PyResult<String> {
    detached(py, || {
        let report = mlops_core::fsck(uri, repair)?;
        serde_json::to_string(&report).map_err(|e| mlops_core::Error::Internal { detail: e.to_string() })
    })
}

/// The text that the core keeps for a param's value.
#[pyfunction]
pub(crate) fn param_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(convert::param(value)?.text())
}
