//! What the process says, kept with a run.

use std::time::Duration;

use mlops_core::runs::{ConsoleCapture as CoreCapture, ConsoleOptions, ConsoleStream};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::Text;
use crate::errors::detached;
use crate::store::Store;

/// A capture of standard output and error.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct ConsoleCapture {
    inner: CoreCapture,
}

/// Starts a capture.
#[pyfunction]
pub(crate) fn capture_console(
    py: Python<'_>,
    store: &Store,
    run_id: Text<'_>,
    descriptors: bool,
    flush_every: f64,
) -> PyResult<ConsoleCapture> {
    let flush_every = Duration::try_from_secs_f64(flush_every).unwrap_or_default();
    let options = ConsoleOptions { descriptors, flush_every, ..ConsoleOptions::default() };
    let inner = detached(py, || store.core().runs().capture_console(&run_id, &options))?;
    Ok(ConsoleCapture { inner })
}

/// What was said while a run was captured.
#[pyfunction]
pub(crate) fn read_console<'py>(py: Python<'py>, store: &Store, run_id: Text<'_>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &detached(py, || store.core().runs().console(&run_id))?))
}

#[pymethods]
impl ConsoleCapture {
    /// Waits until what was said by the descriptors has come here.
    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            self.inner.settle();
            Ok(())
        })
    }

    /// Adds what was said by other ways than the descriptors.
    fn write(&self, py: Python<'_>, error: bool, text: &[u8]) -> PyResult<()> {
        let stream = if error { ConsoleStream::Error } else { ConsoleStream::Output };
        detached(py, || {
            self.inner.write(stream, text);
            Ok(())
        })
    }

    /// Ends the capture; returns how many bytes were dropped.
    fn end(&self, py: Python<'_>) -> PyResult<u64> {
        detached(py, || Ok(self.inner.end()))
    }
}
