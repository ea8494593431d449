//! An open store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mlops_core::runs::{ExperimentQuery, RunOptions, RunQuery, SystemMetricsOptions};
use mlops_core::{GcOptions, OpenOptions, Sharing};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::convert::{self, Artifact, OwnedText, Text};
use crate::errors::detached;
use crate::held;
use crate::holding::Held;
use crate::released::Released;
use crate::run::Run;
use crate::table::RunTable;

/// An open store.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Store {
    inner: Released<mlops_core::Store>,
}

impl Store {
    pub(crate) fn core(&self) -> &mlops_core::Store {
        &self.inner
    }

    /// A run that this process has to end.
    pub(crate) fn started(&self, run: Arc<dyn mlops_core::runs::Run>, new: bool) -> Run {
        held::hold(run.id(), &self.inner);
        if new { Run::new(run) } else { Run::opened(run) }
    }
}

/// Steps, times and values of points, and what each was measured on.
type PointsOf<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<Option<convert::SubjectOut>>);

/// One page: the items, and the token of the next.
type Pages<'py> = (Vec<Bound<'py, PyDict>>, Option<String>);

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (uri, read_only=false, must_exist=false, must_be_new=false, shared=None, durability=None))]
    fn new(
        py: Python<'_>,
        uri: OwnedText,
        read_only: bool,
        must_exist: bool,
        must_be_new: bool,
        shared: Option<OwnedText>,
        durability: Option<OwnedText>,
    ) -> PyResult<Self> {
        detached(py, || {
            let durability = durability.map(|text| text.0.parse()).transpose()?;
            let inner = mlops_core::Store::open_with(&OpenOptions {
                uri: uri.0,
                read_only,
                must_exist,
                must_be_new,
                sharing: shared.map_or(Ok(Sharing::Private), |shared| Sharing::named(&shared.0))?,
                durability,
                ..OpenOptions::default()
            })?;
            Ok(Self { inner: Released::new(inner) })
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

    /// `private` or `group`.
    #[getter]
    fn shared(&self) -> &'static str {
        self.inner.sharing().name()
    }

    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.inner.flush())
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.inner.close())
    }

    /// Frees what nothing refers to, or counts it; the report as JSON.
    fn gc(&self, py: Python<'_>, dry_run: bool, older_than_us: u64, deleted_runs: bool) -> PyResult<String> {
        detached(py, || {
            let older_than = Duration::from_micros(older_than_us);
            let report = self.inner.gc(&GcOptions { dry_run, older_than, deleted_runs })?;
            serde_json::to_string(&report).map_err(|e| mlops_core::Error::Internal { detail: e.to_string() })
        })
    }

    /// Starts a run. `options` has the fields of the core's `RunOptions`.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
    #[pyo3(signature = (*, run_id=None, experiment_id=None, experiment_name=None, run_name=None, parent_run_id=None,
        tags=Vec::new(), description=None, source_name=None, source_type=None, user=None, started_at=None, durability=None, bare=false,
        unattended=false))]
    fn start_run(
        &self,
        py: Python<'_>,
        run_id: Option<OwnedText>,
        experiment_id: Option<OwnedText>,
        experiment_name: Option<OwnedText>,
        run_name: Option<OwnedText>,
        parent_run_id: Option<OwnedText>,
        tags: Vec<(OwnedText, OwnedText)>,
        description: Option<OwnedText>,
        source_name: Option<OwnedText>,
        source_type: Option<OwnedText>,
        user: Option<OwnedText>,
        started_at: Option<i64>,
        durability: Option<OwnedText>,
        bare: bool,
        unattended: bool,
    ) -> PyResult<Run> {
        let text = |given: Option<OwnedText>| given.map(|text| text.0);
        let options = RunOptions {
            run_id: text(run_id),
            experiment_id: text(experiment_id),
            experiment_name: text(experiment_name),
            run_name: text(run_name),
            parent_run_id: text(parent_run_id),
            tags: convert::pairs(tags),
            description: text(description),
            source_name: text(source_name),
            source_type: text(source_type),
            user: text(user),
            started_at: started_at.map(mlops_core::Timestamp::from_micros),
            bare,
            unattended,
        };
        let started = detached(py, || match durability {
            Some(durability) => self.inner.runs().with_durability(durability.0.parse()?).start(options),
            None => self.inner.runs().start(options),
        });
        started.map(|run| if unattended { Run::new(run) } else { self.started(run, true) })
    }

    #[pyo3(signature = (run_id, durability=None))]
    fn resume_run(&self, py: Python<'_>, run_id: Text<'_>, durability: Option<Text<'_>>) -> PyResult<Run> {
        let resumed = detached(py, || match &durability {
            Some(durability) => self.inner.runs().with_durability(durability.parse()?).resume(&run_id),
            None => self.inner.runs().resume(&run_id),
        });
        resumed.map(|run| self.started(run, false))
    }

    /// Measures the machine until the run ends.
    fn log_system_metrics(
        &self,
        py: Python<'_>,
        run_id: Text<'_>,
        interval_us: u64,
        samples_before_logging: u32,
        node_id: Option<OwnedText>,
    ) -> PyResult<()> {
        let interval = Duration::from_micros(interval_us);
        let options = SystemMetricsOptions { interval, samples_before_logging, node_id: node_id.map(|text| text.0) };
        detached(py, || self.inner.runs().log_system_metrics(&run_id, &options))
    }

    /// Nobody else holds the same part of the run meanwhile, in whichever process.
    fn hold(&self, py: Python<'_>, run_id: Text<'_>, part: Text<'_>) -> PyResult<Held> {
        detached(py, || self.inner.hold(&run_id, &part)).map(Held::new)
    }

    fn open_run(&self, py: Python<'_>, run_id: Text<'_>) -> PyResult<Run> {
        detached(py, || self.inner.runs().open(&run_id)).map(Run::opened)
    }

    fn get_run<'py>(&self, py: Python<'py>, run_id: Text<'_>) -> PyResult<Bound<'py, PyDict>> {
        let run = detached(py, || self.inner.runs().get(&run_id))?;
        convert::run_data(py, &run)
    }

    #[expect(clippy::too_many_arguments, reason = "positional arguments of a private call")]
    fn search_runs<'py>(
        &self,
        py: Python<'py>,
        experiment_ids: Vec<OwnedText>,
        filter: OwnedText,
        order_by: Vec<OwnedText>,
        max_results: usize,
        page_token: Option<OwnedText>,
        view: u8,
    ) -> PyResult<Pages<'py>> {
        let texts = |given: Vec<OwnedText>| given.into_iter().map(|text| text.0).collect();
        let (experiment_ids, order_by) = (texts(experiment_ids), texts(order_by));
        let (filter, page_token) = (filter.0, page_token.map(|token| token.0));
        let page = detached(py, || {
            let view = convert::view(view)?;
            self.inner.runs().search(&RunQuery { experiment_ids, filter, order_by, max_results, page_token, view })
        })?;
        let items = page.items.iter().map(|run| convert::run_data(py, run)).collect::<PyResult<_>>()?;
        Ok((items, page.next_page_token))
    }

    /// All runs that match, or the first, as columns; those that are named, else what MLflow shows.
    #[expect(clippy::too_many_arguments, reason = "a query, flat as Python's calls are")]
    fn search_table(
        &self,
        py: Python<'_>,
        experiment_ids: Vec<OwnedText>,
        filter: OwnedText,
        order_by: Vec<OwnedText>,
        max_results: usize,
        view: u8,
        columns: Vec<OwnedText>,
    ) -> PyResult<RunTable> {
        let texts = |given: Vec<OwnedText>| -> Vec<String> { given.into_iter().map(|text| text.0).collect() };
        let (experiment_ids, order_by, columns) = (texts(experiment_ids), texts(order_by), texts(columns));
        detached(py, || {
            let view = convert::view(view)?;
            let query =
                RunQuery { experiment_ids, filter: filter.0, order_by, max_results, view, ..RunQuery::default() };
            self.inner.runs().search_table(&query, &columns).map(RunTable)
        })
    }

    /// Steps, times and values as bytes of native 8-byte numbers.
    fn metric_history<'py>(
        &self,
        py: Python<'py>,
        run_id: Text<'_>,
        key: Text<'_>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let series = detached(py, || self.inner.runs().metric_history(&run_id, &key))?;
        Ok((
            convert::integers_out(py, &series.steps),
            convert::integers_out(py, &series.times),
            convert::floats_out(py, &series.values),
        ))
    }

    /// The same, and what each point was measured on; no subjects if none was said of the run.
    fn metric_history_of<'py>(&self, py: Python<'py>, run_id: Text<'_>, key: Text<'_>) -> PyResult<PointsOf<'py>> {
        let (series, subjects) = detached(py, || self.inner.runs().metric_history_of(&run_id, &key))?;
        Ok((
            convert::integers_out(py, &series.steps),
            convert::integers_out(py, &series.times),
            convert::floats_out(py, &series.values),
            subjects.into_iter().map(|one| one.map(convert::subject_out)).collect(),
        ))
    }

    #[pyo3(signature = (run_id, path=None))]
    fn list_artifacts(&self, py: Python<'_>, run_id: Text<'_>, path: Option<Text<'_>>) -> PyResult<Vec<Artifact>> {
        let found = detached(py, || self.inner.runs().list_artifacts(&run_id, path.as_deref()))?;
        Ok(found.into_iter().map(convert::artifact).collect())
    }

    fn read_artifact<'py>(&self, py: Python<'py>, run_id: Text<'_>, path: Text<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = detached(py, || self.inner.runs().read_artifact(&run_id, &path))?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[pyo3(signature = (run_id, path, dest))]
    fn download_artifacts(
        &self,
        py: Python<'_>,
        run_id: Text<'_>,
        path: Option<Text<'_>>,
        dest: PathBuf,
    ) -> PyResult<PathBuf> {
        detached(py, || self.inner.runs().download_artifacts(&run_id, path.as_deref(), &dest))
    }

    /// Removes the artifact, or all in the folder `path`; everything for none. How many files.
    #[pyo3(signature = (run_id, path=None))]
    fn delete_artifacts(&self, py: Python<'_>, run_id: Text<'_>, path: Option<Text<'_>>) -> PyResult<u64> {
        detached(py, || self.inner.runs().delete_artifacts(&run_id, path.as_deref()))
    }

    /// What of the run runs code when it is loaded asks first.
    fn mark_foreign(&self, py: Python<'_>, run_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().mark_foreign(&run_id))
    }

    /// Brings what this process logged into storage, where other processes see it.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().drain())
    }

    fn delete_run(&self, py: Python<'_>, run_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().delete(&run_id))
    }

    fn restore_run(&self, py: Python<'_>, run_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().restore(&run_id))
    }

    fn delete_experiment(&self, py: Python<'_>, experiment_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().delete_experiment(&experiment_id))
    }

    fn restore_experiment(&self, py: Python<'_>, experiment_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().restore_experiment(&experiment_id))
    }

    fn rename_experiment(&self, py: Python<'_>, experiment_id: Text<'_>, name: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().rename_experiment(&experiment_id, &name).map(drop))
    }

    fn set_experiment_tags(
        &self,
        py: Python<'_>,
        experiment_id: Text<'_>,
        tags: Vec<(OwnedText, OwnedText)>,
    ) -> PyResult<()> {
        detached(py, || self.inner.runs().set_experiment_tags(&experiment_id, &convert::pairs(tags)).map(drop))
    }

    fn delete_experiment_tag(&self, py: Python<'_>, experiment_id: Text<'_>, key: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner.runs().delete_experiment_tag(&experiment_id, &key).map(drop))
    }

    /// Moves runs to another experiment; how many were elsewhere.
    fn move_runs(&self, py: Python<'_>, run_ids: Vec<OwnedText>, experiment_id: Text<'_>) -> PyResult<u64> {
        let runs: Vec<&str> = run_ids.iter().map(|run| run.0.as_str()).collect();
        detached(py, || self.inner.runs().move_to_experiment(&runs, &experiment_id))
    }

    /// `created_at` is in microseconds; now if it is left out.
    #[pyo3(signature = (name, tags, created_at=None))]
    fn create_experiment(
        &self,
        py: Python<'_>,
        name: Text<'_>,
        tags: Vec<(OwnedText, OwnedText)>,
        created_at: Option<i64>,
    ) -> PyResult<String> {
        let (runs, tags) = (self.inner.runs(), convert::pairs(tags));
        let made = detached(py, || match created_at {
            Some(at) => runs.create_experiment_at(&name, &tags, mlops_core::Timestamp::from_micros(at)),
            None => runs.create_experiment(&name, &tags),
        });
        Ok(made?.experiment_id)
    }

    fn ensure_experiment<'py>(&self, py: Python<'py>, name: Text<'_>) -> PyResult<Bound<'py, PyDict>> {
        let found = detached(py, || self.inner.runs().ensure_experiment(&name))?;
        convert::experiment(py, &found)
    }

    fn get_experiment<'py>(&self, py: Python<'py>, experiment_id: Text<'_>) -> PyResult<Bound<'py, PyDict>> {
        let found = detached(py, || self.inner.runs().get_experiment(&experiment_id))?;
        convert::experiment(py, &found)
    }

    fn find_experiment<'py>(&self, py: Python<'py>, name: Text<'_>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let found = detached(py, || self.inner.runs().find_experiment(&name))?;
        found.map(|found| convert::experiment(py, &found)).transpose()
    }

    fn search_experiments<'py>(
        &self,
        py: Python<'py>,
        filter: OwnedText,
        order_by: Vec<OwnedText>,
        max_results: usize,
        page_token: Option<OwnedText>,
        view: u8,
    ) -> PyResult<Pages<'py>> {
        let order_by = order_by.into_iter().map(|text| text.0).collect();
        let (filter, page_token) = (filter.0, page_token.map(|token| token.0));
        let page = detached(py, || {
            let view = convert::view(view)?;
            let query = ExperimentQuery { filter, order_by, max_results, page_token, view };
            self.inner.runs().search_experiments(&query)
        })?;
        let items = page.items.iter().map(|found| convert::experiment(py, found)).collect::<PyResult<_>>()?;
        Ok((items, page.next_page_token))
    }
}
