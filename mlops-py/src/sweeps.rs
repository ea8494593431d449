//! Sweeps and their trials. What has a structure crosses as JSON, which the core writes.

use std::sync::Arc;

use mlops_core::ParamValue;
use mlops_core::sweeps::{self, Decision, SweepOptions, params_to_json};
use pyo3::prelude::*;
use serde_json::Value;

use crate::convert::{self, OwnedText, Text};
use crate::errors::detached;
use crate::held;
use crate::released::Released;
use crate::run::Run;
use crate::store::Store;

/// Name and type of what runs the trials.
type Source<'a> = (Text<'a>, Text<'a>);

/// A sweep.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Sweep {
    inner: Released<sweeps::Sweep>,
    store: Released<mlops_core::Store>,
}

/// A trial that this process has taken.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Trial {
    inner: Released<sweeps::Trial>,
}

/// Makes a sweep, or joins the one of its name; `definition` is JSON.
#[pyfunction]
pub(crate) fn ensure_sweep(py: Python<'_>, store: &Store, definition: Text<'_>, source: Source<'_>) -> PyResult<Sweep> {
    let store = store.core();
    let inner = detached(py, || store.sweeps().ensure(&SweepOptions::from_json(&definition)?))?;
    let inner = Released::new(inner.with_source(&source.0, &source.1));
    Ok(Sweep { inner, store: Released::new(store.clone()) })
}

/// The sweep of this name.
#[pyfunction]
pub(crate) fn get_sweep(py: Python<'_>, store: &Store, name: Text<'_>, source: Source<'_>) -> PyResult<Sweep> {
    let store = store.core();
    let inner = detached(py, || store.sweeps().get(&name))?;
    let inner = Released::new(inner.with_source(&source.0, &source.1));
    Ok(Sweep { inner, store: Released::new(store.clone()) })
}

impl Sweep {
    fn taken(&self, trial: Option<sweeps::Trial>) -> Option<Trial> {
        let inner = trial?;
        held::hold(inner.run().id(), &self.store);
        Some(Trial { inner: Released::new(inner) })
    }
}

#[pymethods]
impl Sweep {
    /// The definition as JSON.
    fn definition(&self) -> String {
        self.inner.info().to_json().to_string()
    }

    fn take(&self, py: Python<'_>) -> PyResult<Option<Trial>> {
        Ok(self.taken(detached(py, || self.inner.take())?))
    }

    fn take_given(&self, py: Python<'_>, params: Vec<(OwnedText, Bound<'_, PyAny>)>) -> PyResult<Option<Trial>> {
        let params = params
            .into_iter()
            .map(|(name, value)| Ok((name.0, convert::param(&value)?)))
            .collect::<PyResult<std::collections::BTreeMap<String, ParamValue>>>()?;
        Ok(self.taken(detached(py, || self.inner.take_given(&params))?))
    }

    /// The trials as JSON.
    fn trials(&self, py: Python<'_>) -> PyResult<String> {
        let trials = detached(py, || self.inner.trials())?;
        Ok(Value::Array(trials.iter().map(sweeps::TrialData::to_json).collect()).to_string())
    }

    /// The best trial as JSON.
    fn best(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(detached(py, || self.inner.best())?.map(|trial| trial.to_json().to_string()))
    }

    /// How many trials stand how, as JSON.
    fn status(&self, py: Python<'_>) -> PyResult<String> {
        Ok(detached(py, || self.inner.status())?.to_json().to_string())
    }
}

#[pymethods]
impl Trial {
    #[getter]
    fn number(&self) -> u64 {
        self.inner.number()
    }

    #[getter]
    fn attempt(&self) -> u32 {
        self.inner.attempt()
    }

    /// The params as JSON.
    fn params(&self) -> String {
        params_to_json(self.inner.params()).to_string()
    }

    /// The run to log to.
    fn run(&self) -> Run {
        Run::new(Arc::clone(self.inner.run()))
    }

    /// True if the trial is to stop.
    fn report(&self, py: Python<'_>, value: f64, step: i64) -> PyResult<bool> {
        detached(py, || Ok(self.inner.report(value, step)? == Decision::Stop))
    }

    #[getter]
    fn should_stop(&self) -> bool {
        self.inner.should_stop()
    }
}

/// Tells how the loop that holds it was left: `left(error)` is called when the last reference goes, with the exception
/// that is on its way then, or None. A `for` loop tells its iterator in no other way.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Leaving {
    left: Py<PyAny>,
}

#[pymethods]
impl Leaving {
    #[new]
    fn new(left: Py<PyAny>) -> Self {
        Self { left }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // Without an interpreter there is nobody to tell.
        Python::try_attach(|py| {
            // The call must begin without an exception, and leave the one that was there.
            let raised = PyErr::take(py);
            let error = raised.as_ref().map(|raised| raised.value(py));
            if let Err(error) = self.left.call1(py, (error,)) {
                error.write_unraisable(py, None);
            }
            if let Some(raised) = raised {
                raised.restore(py);
            }
        });
    }
}
