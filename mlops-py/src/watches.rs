//! Watching what is in production.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mlops_core::registry::{Watch as CoreWatch, Watched};
use mlops_core::{Error, Result};
use pyo3::prelude::*;

use crate::convert::{OwnedText, Text};
use crate::errors::{attached, detached};
use crate::store::Store;

/// A watch; None once it is closed.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Watch {
    watch: Mutex<Option<Arc<CoreWatch>>>,
}

impl Watch {
    fn inner(&self) -> Result<Arc<CoreWatch>> {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.clone().ok_or_else(|| Error::InvalidState { detail: "this watch is closed; open another".into() })
    }
}

#[pymethods]
impl Watch {
    #[new]
    fn new(py: Python<'_>, store: &Store, name: Text<'_>, slot: OwnedText, alias: Option<OwnedText>) -> PyResult<Self> {
        let watch = detached(py, || {
            let of = match alias {
                None => Watched::Slot(slot.0),
                Some(alias) if slot.0.is_empty() => Watched::Alias(alias.0),
                Some(_) => {
                    return Err(Error::InvalidArgument {
                        what: "slot".into(),
                        value: slot.0,
                        expected: "none beside an alias: one of the two is watched".into(),
                    });
                }
            };
            store.core().registry().watch(&name, &of)
        })?;
        Ok(Self { watch: Mutex::new(Some(Arc::new(watch))) })
    }

    #[getter]
    fn current(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        attached(py, || Ok(self.inner()?.current()))
    }

    #[getter]
    fn generation(&self, py: Python<'_>) -> PyResult<u64> {
        attached(py, || Ok(self.inner()?.generation()))
    }

    #[getter]
    fn changes(&self, py: Python<'_>) -> PyResult<u64> {
        attached(py, || Ok(self.inner()?.changes()))
    }

    #[getter]
    fn age(&self, py: Python<'_>) -> PyResult<f64> {
        attached(py, || Ok(self.inner()?.age().as_secs_f64()))
    }

    fn changed(&self, py: Python<'_>) -> PyResult<bool> {
        attached(py, || Ok(self.inner()?.changed()))
    }

    /// For so many seconds at most.
    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        detached(py, || self.inner()?.wait(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)))
    }

    fn close(&self, py: Python<'_>) {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| drop(watch));
    }
}
