//! Errors and panics of the core as Python exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mlops_core::Error;
use pyo3::prelude::*;
use pyo3::types::PyAny;

/// The exception for an error of the core: the class that the table names.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    let row = error.code().row();
    let made: PyResult<Bound<'_, PyAny>> =
        py.import("mlops.exceptions").and_then(|module| module.getattr(row.python_class)).and_then(|class| class.call1((error.to_string(),)));
    made.map_or_else(|failed| failed, PyErr::from_value)
}

/// Runs a call of the core while the GIL is held: for appends that take microseconds.
pub(crate) fn attached<T>(py: Python<'_>, call: impl FnOnce() -> mlops_core::Result<T>) -> PyResult<T> {
    guard(call).map_err(|error| to_python(py, &error))
}

/// Runs a call of the core with the GIL released.
pub(crate) fn detached<T: Send>(py: Python<'_>, call: impl FnOnce() -> mlops_core::Result<T> + Send) -> PyResult<T> {
    py.detach(|| guard(call)).map_err(|error| to_python(py, &error))
}

/// A panic is a bug, and an error like others for the caller.
fn guard<T>(call: impl FnOnce() -> mlops_core::Result<T>) -> mlops_core::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Error::Internal { detail: text.unwrap_or_else(|| "a panic".into()) })
    })
}
