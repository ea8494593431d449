//! An open store.

use std::path::PathBuf;
use std::sync::Arc;

use mlops_core::OpenOptions;
use mlops_core::runs::{RunOptions, RunQuery};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::convert::{self, Artifact};
use crate::errors::detached;
use crate::held;
use crate::run::Run;

/// An open store.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Store {
    inner: mlops_core::Store,
}

impl Store {
    pub(crate) fn core(&self) -> &mlops_core::Store {
        &self.inner
    }

    /// A run that this process has to end.
    fn started(&self, run: Arc<dyn mlops_core::runs::Run>) -> Run {
        held::hold(run.id(), &self.inner);
        Run::new(run)
    }
}

/// One page: the items, and the token of the next.
type Pages<'py> = (Vec<Bound<'py, PyDict>>, Option<String>);

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (uri, read_only=false, must_exist=false))]
    fn new(py: Python<'_>, uri: String, read_only: bool, must_exist: bool) -> PyResult<Self> {
        detached(py, || {
            let inner =
                mlops_core::Store::open_with(&OpenOptions { uri, read_only, must_exist, ..OpenOptions::default() })?;
            Ok(Self { inner })
        })
    }

    #[getter]
    fn uri(&self) -> &str {
        self.inner.uri()
    }

    #[getter]
    fn id(&self) -> String {
        self.inner.id().simple().to_string()
    }

    #[getter]
    fn read_only(&self) -> bool {
        self.inner.is_read_only()
    }

    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.inner.flush())
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.inner.close())
    }

    /// Starts a run. `options` has the fields of the core's `RunOptions`.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
    #[pyo3(signature = (*, run_id=None, experiment_id=None, experiment_name=None, run_name=None, parent_run_id=None,
        tags=Vec::new(), description=None, source_name=None, source_type=None, user=None, started_at=None))]
    fn start_run(
        &self,
        py: Python<'_>,
        run_id: Option<String>,
        experiment_id: Option<String>,
        experiment_name: Option<String>,
        run_name: Option<String>,
        parent_run_id: Option<String>,
        tags: Vec<(String, String)>,
        description: Option<String>,
        source_name: Option<String>,
        source_type: Option<String>,
        user: Option<String>,
        started_at: Option<i64>,
    ) -> PyResult<Run> {
        let started_at = started_at.map(mlops_core::Timestamp::from_micros);
        let options = RunOptions {
            run_id,
            experiment_id,
            experiment_name,
            run_name,
            parent_run_id,
            tags,
            description,
            source_name,
            source_type,
            user,
            started_at,
        };
        detached(py, || self.inner.runs().start(options)).map(|run| self.started(run))
    }

    fn resume_run(&self, py: Python<'_>, run_id: &str) -> PyResult<Run> {
        detached(py, || self.inner.runs().resume(run_id)).map(|run| self.started(run))
    }

    fn open_run(&self, py: Python<'_>, run_id: &str) -> PyResult<Run> {
        detached(py, || self.inner.runs().open(run_id)).map(Run::new)
    }

    fn get_run<'py>(&self, py: Python<'py>, run_id: &str) -> PyResult<Bound<'py, PyDict>> {
        let run = detached(py, || self.inner.runs().get(run_id))?;
        convert::run_data(py, &run)
    }

    #[expect(clippy::too_many_arguments, reason = "positional arguments of a private call")]
    fn search_runs<'py>(
        &self,
        py: Python<'py>,
        experiment_ids: Vec<String>,
        filter: String,
        order_by: Vec<String>,
        max_results: usize,
        page_token: Option<String>,
        view: u8,
    ) -> PyResult<Pages<'py>> {
        let page = detached(py, || {
            let view = convert::view(view)?;
            self.inner.runs().search(&RunQuery { experiment_ids, filter, order_by, max_results, page_token, view })
        })?;
        let items = page.items.iter().map(|run| convert::run_data(py, run)).collect::<PyResult<_>>()?;
        Ok((items, page.next_page_token))
    }

    /// Steps, times and values as bytes of native 8-byte numbers.
    fn metric_history<'py>(
        &self,
        py: Python<'py>,
        run_id: &str,
        key: &str,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let series = detached(py, || self.inner.runs().metric_history(run_id, key))?;
        Ok((
            convert::integers_out(py, &series.steps),
            convert::integers_out(py, &series.times),
            convert::floats_out(py, &series.values),
        ))
    }

    #[pyo3(signature = (run_id, path=None))]
    fn list_artifacts(&self, py: Python<'_>, run_id: &str, path: Option<&str>) -> PyResult<Vec<Artifact>> {
        let found = detached(py, || self.inner.runs().list_artifacts(run_id, path))?;
        Ok(found.into_iter().map(convert::artifact).collect())
    }

    fn read_artifact<'py>(&self, py: Python<'py>, run_id: &str, path: &str) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = detached(py, || self.inner.runs().read_artifact(run_id, path))?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[pyo3(signature = (run_id, path, dest))]
    fn download_artifacts(&self, py: Python<'_>, run_id: &str, path: Option<&str>, dest: PathBuf) -> PyResult<PathBuf> {
        detached(py, || self.inner.runs().download_artifacts(run_id, path, &dest))
    }

    fn delete_run(&self, py: Python<'_>, run_id: &str) -> PyResult<()> {
        detached(py, || self.inner.runs().delete(run_id))
    }

    fn restore_run(&self, py: Python<'_>, run_id: &str) -> PyResult<()> {
        detached(py, || self.inner.runs().restore(run_id))
    }

    fn create_experiment(&self, py: Python<'_>, name: &str, tags: Vec<(String, String)>) -> PyResult<String> {
        Ok(detached(py, || self.inner.runs().create_experiment(name, &tags))?.experiment_id)
    }

    fn ensure_experiment<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
        let found = detached(py, || self.inner.runs().ensure_experiment(name))?;
        convert::experiment(py, &found)
    }

    fn get_experiment<'py>(&self, py: Python<'py>, experiment_id: &str) -> PyResult<Bound<'py, PyDict>> {
        let found = detached(py, || self.inner.runs().get_experiment(experiment_id))?;
        convert::experiment(py, &found)
    }

    fn find_experiment<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyDict>>> {
        let found = detached(py, || self.inner.runs().find_experiment(name))?;
        found.map(|found| convert::experiment(py, &found)).transpose()
    }

    #[pyo3(signature = (view, max_results, page_token=None))]
    fn list_experiments<'py>(
        &self,
        py: Python<'py>,
        view: u8,
        max_results: usize,
        page_token: Option<&str>,
    ) -> PyResult<Pages<'py>> {
        let page = detached(py, || self.inner.runs().list_experiments(convert::view(view)?, max_results, page_token))?;
        let items = page.items.iter().map(|found| convert::experiment(py, found)).collect::<PyResult<_>>()?;
        Ok((items, page.next_page_token))
    }
}
