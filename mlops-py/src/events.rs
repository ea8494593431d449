//! Events of the registry, for who waits for them, and lineage.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mlops_core::Error;
use mlops_core::registry::{Consumer, ConsumerOptions};
use pyo3::prelude::*;

use crate::convert::{OwnedText, Text};
use crate::errors::detached;
use crate::store::Store;

/// Somebody who is told of events: of each at least once, in order.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct EventConsumer {
    inner: Mutex<Option<Consumer>>,
}

impl EventConsumer {
    fn with<T>(&self, work: impl FnOnce(&mut Consumer) -> Result<T, Error>) -> Result<T, Error> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || Error::InvalidState { detail: "the consumer of events is closed".into() };
        work(inner.as_mut().ok_or_else(closed)?)
    }
}

#[pymethods]
impl EventConsumer {
    #[new]
    #[pyo3(signature = (store, *, name, on, model, after))]
    fn new(
        py: Python<'_>,
        store: &Bound<'_, Store>,
        name: Option<OwnedText>,
        on: Vec<OwnedText>,
        model: Option<OwnedText>,
        after: Option<u64>,
    ) -> PyResult<Self> {
        let registry = store.get().core().registry();
        let options = ConsumerOptions {
            name: name.map(|text| text.0),
            on: on.into_iter().map(|text| text.0).collect(),
            model: model.map(|text| text.0),
            after,
        };
        let consumer = detached(py, || registry.consumer(&options))?;
        Ok(Self { inner: Mutex::new(Some(consumer)) })
    }

    /// The next event, JSON with its number; None if there is none for so many seconds.
    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<Option<(u64, String)>> {
        let patience = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let found = detached(py, || self.with(|consumer| consumer.wait(patience)))?;
        Ok(found.map(|event| (event.seq, event.to_json().to_string())))
    }

    fn done(&self, py: Python<'_>, seq: u64) -> PyResult<()> {
        detached(py, || self.with(|consumer| consumer.done(seq)))
    }

    fn failed(&self, py: Python<'_>, why: OwnedText) -> PyResult<()> {
        detached(py, || self.with(|consumer| consumer.failed(&why.0).map(drop)))
    }

    /// Lets go of the store, and lets others deliver.
    fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.inner.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }
}

/// JSON, the text for people and Mermaid.
#[pyfunction]
pub(crate) fn lineage(py: Python<'_>, store: &Bound<'_, Store>, what: Text<'_>) -> PyResult<(String, String, String)> {
    let store = store.get().core().clone();
    detached(py, || {
        let found = store.lineage(&what)?;
        Ok((found.to_json().to_string(), found.to_text(), found.to_mermaid()))
    })
}
