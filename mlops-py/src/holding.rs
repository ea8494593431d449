//! A part of a run that is read, changed and written again.

use std::sync::{Mutex, PoisonError};

use mlops_core::Held as CoreHeld;
use pyo3::prelude::*;

use crate::errors::detached;

/// A part of a run that nobody else holds.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Held {
    inner: Mutex<Option<CoreHeld>>,
}

impl Held {
    pub(crate) fn new(held: CoreHeld) -> Self {
        Self { inner: Mutex::new(Some(held)) }
    }
}

#[pymethods]
impl Held {
    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Brings what was logged into the store, and lets go.
    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<bool> {
        let held = self.inner.lock().unwrap_or_else(PoisonError::into_inner).take();
        detached(py, || held.map_or(Ok(()), CoreHeld::release))?;
        Ok(false)
    }
}
