//! Logged models.

use std::path::PathBuf;

use mlops_core::logged_models::{self, LoggedModelData, LoggedModelOptions, LoggedModelParts, ModelLinks, ModelPoint};
use mlops_core::runs::ArtifactSource;
use mlops_core::{Store as CoreStore, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::convert::{self, Artifact, OwnedText, Text};
use crate::errors::detached;
use crate::models::Source;
use crate::store::Store;

/// A point: key, value, step, microseconds, run, name and digest of the data set.
type Point = (OwnedText, f64, i64, i64, OwnedText, Option<OwnedText>, Option<OwnedText>);
type PointOut<'a> = (&'a str, f64, i64, i64, &'a str, Option<&'a str>, Option<&'a str>);

/// Files of a model, by path.
type Files = Vec<(OwnedText, Source)>;

/// Ids of inputs; ids and steps of outputs.
type Links = (Vec<String>, Vec<(String, i64)>);

/// The logged models of a store.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct LoggedModels {
    store: CoreStore,
}

impl LoggedModels {
    fn inner(&self) -> logged_models::LoggedModels {
        self.store.logged_models()
    }
}

#[pymethods]
impl LoggedModels {
    #[new]
    fn new(store: &Store) -> Self {
        Self { store: store.core().clone() }
    }

    /// Makes a model and returns its id.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
    #[pyo3(signature = (*, experiment_id, name=None, model_type=None, source_run_id=None, params=Vec::new(),
        tags=Vec::new(), model_id=None, status=None, created_at=None, foreign=false, files=Vec::new()))]
    fn create(
        &self,
        py: Python<'_>,
        experiment_id: OwnedText,
        name: Option<OwnedText>,
        model_type: Option<OwnedText>,
        source_run_id: Option<OwnedText>,
        params: Vec<(OwnedText, OwnedText)>,
        tags: Vec<(OwnedText, OwnedText)>,
        model_id: Option<OwnedText>,
        status: Option<OwnedText>,
        created_at: Option<i64>,
        foreign: bool,
        files: Files,
    ) -> PyResult<String> {
        let text = |given: Option<OwnedText>| given.map(|text| text.0);
        detached(py, || {
            let options = LoggedModelOptions {
                model_id: text(model_id),
                experiment_id: experiment_id.0,
                name: text(name),
                model_type: text(model_type),
                source_run_id: text(source_run_id),
                params: convert::pairs(params),
                tags: convert::pairs(tags),
                status: status.map_or(Ok(logged_models::LoggedModelStatus::default()), |status| status.0.parse())?,
                created_at: created_at.map(Timestamp::from_micros),
                foreign,
                ..LoggedModelOptions::default()
            };
            let parts = LoggedModelParts { files: sources(&files), ..LoggedModelParts::default() };
            Ok(self.inner().create_with(options, &parts)?.model_id)
        })
    }

    fn get<'py>(&self, py: Python<'py>, model_id: Text<'_>) -> PyResult<Bound<'py, PyDict>> {
        model_out(py, &detached(py, || self.inner().get(&model_id))?)
    }

    /// Those of the experiments, of all for none.
    fn list_models<'py>(
        &self,
        py: Python<'py>,
        experiment_ids: Vec<OwnedText>,
        view: u8,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let ids: Vec<String> = experiment_ids.into_iter().map(|id| id.0).collect();
        let found = detached(py, || self.inner().list(&ids, convert::view(view)?))?;
        found.iter().map(|model| model_out(py, model)).collect()
    }

    #[pyo3(signature = (model_id, status, message=None))]
    fn set_status(
        &self,
        py: Python<'_>,
        model_id: Text<'_>,
        status: Text<'_>,
        message: Option<Text<'_>>,
    ) -> PyResult<()> {
        detached(py, || self.inner().set_status(&model_id, status.parse()?, message.as_deref()).map(drop))
    }

    fn delete(&self, py: Python<'_>, model_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner().delete(&model_id))
    }

    fn remove(&self, py: Python<'_>, model_id: Text<'_>) -> PyResult<u64> {
        detached(py, || self.inner().remove(&model_id))
    }

    fn mark_foreign(&self, py: Python<'_>, model_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner().mark_foreign(&model_id))
    }

    /// True if nobody knows that it was made here.
    fn is_foreign(&self, py: Python<'_>, model_id: Text<'_>) -> PyResult<bool> {
        detached(py, || self.inner().is_foreign(&model_id))
    }

    fn restore(&self, py: Python<'_>, model_id: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner().restore(&model_id))
    }

    fn log_params(&self, py: Python<'_>, model_id: Text<'_>, params: Vec<(OwnedText, OwnedText)>) -> PyResult<()> {
        detached(py, || self.inner().log_params(&model_id, &convert::pairs(params)))
    }

    fn set_tags(&self, py: Python<'_>, model_id: Text<'_>, tags: Vec<(OwnedText, OwnedText)>) -> PyResult<()> {
        detached(py, || self.inner().set_tags(&model_id, &convert::pairs(tags)))
    }

    fn delete_tag(&self, py: Python<'_>, model_id: Text<'_>, key: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner().delete_tag(&model_id, &key))
    }

    fn log_metrics(&self, py: Python<'_>, model_id: Text<'_>, points: Vec<Point>) -> PyResult<()> {
        detached(py, || {
            let points: Vec<_> = points.into_iter().map(point).collect();
            self.inner().log_metrics(&model_id, &points)
        })
    }

    fn link(
        &self,
        py: Python<'_>,
        run_id: Text<'_>,
        inputs: Vec<OwnedText>,
        outputs: Vec<(OwnedText, i64)>,
    ) -> PyResult<()> {
        let links = ModelLinks {
            inputs: inputs.into_iter().map(|id| id.0).collect(),
            outputs: outputs.into_iter().map(|(id, step)| (id.0, step)).collect(),
        };
        detached(py, || self.inner().link(&run_id, &links))
    }

    fn links(&self, py: Python<'_>, run_id: Text<'_>) -> PyResult<Links> {
        let links = detached(py, || self.inner().links(&run_id))?;
        Ok((links.inputs, links.outputs))
    }

    /// Stores files, as (path, bytes or a local file).
    fn log_files(&self, py: Python<'_>, model_id: Text<'_>, files: Files) -> PyResult<()> {
        detached(py, || self.inner().log_files(&model_id, &sources(&files)))
    }

    #[pyo3(signature = (model_id, path=None))]
    fn list_files(&self, py: Python<'_>, model_id: Text<'_>, path: Option<Text<'_>>) -> PyResult<Vec<Artifact>> {
        let found = detached(py, || self.inner().list_files(&model_id, path.as_deref()))?;
        Ok(found.into_iter().map(convert::artifact).collect())
    }

    fn read_file<'py>(&self, py: Python<'py>, model_id: Text<'_>, path: Text<'_>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &detached(py, || self.inner().read_file(&model_id, &path))?))
    }

    fn download_files(
        &self,
        py: Python<'_>,
        model_id: Text<'_>,
        path: Option<Text<'_>>,
        dest: PathBuf,
    ) -> PyResult<PathBuf> {
        detached(py, || self.inner().download_files(&model_id, path.as_deref(), &dest))
    }

    #[pyo3(signature = (model_id, path=None))]
    fn delete_files(&self, py: Python<'_>, model_id: Text<'_>, path: Option<Text<'_>>) -> PyResult<u64> {
        detached(py, || self.inner().delete_files(&model_id, path.as_deref()))
    }
}

fn sources(files: &Files) -> Vec<ArtifactSource<'_>> {
    files.iter().map(|(path, file)| ArtifactSource { path: path.0.clone(), content: file.content() }).collect()
}

fn point((key, value, step, at, run_id, dataset_name, dataset_digest): Point) -> ModelPoint {
    ModelPoint {
        key: key.0,
        value,
        step,
        at: Timestamp::from_micros(at),
        run_id: run_id.0,
        dataset_name: dataset_name.map(|text| text.0),
        dataset_digest: dataset_digest.map(|text| text.0),
    }
}

fn point_out(point: &ModelPoint) -> PointOut<'_> {
    let ModelPoint { key, value, step, at, run_id, dataset_name, dataset_digest } = point;
    (key, *value, *step, at.as_micros(), run_id, dataset_name.as_deref(), dataset_digest.as_deref())
}

fn model_out<'py>(py: Python<'py>, found: &LoggedModelData) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    let model = &found.model;
    out.set_item("model_id", &model.model_id)?;
    out.set_item("experiment_id", &model.experiment_id)?;
    out.set_item("name", &model.name)?;
    out.set_item("model_type", &model.model_type)?;
    out.set_item("source_run_id", &model.source_run_id)?;
    out.set_item("status", model.status.as_str())?;
    out.set_item("status_message", &model.status_message)?;
    out.set_item("lifecycle_stage", model.lifecycle.as_str())?;
    out.set_item("created_at", model.created_at.as_micros())?;
    out.set_item("updated_at", model.updated_at.as_micros())?;
    for (name, texts) in [("params", &found.params), ("tags", &found.tags)] {
        let of = PyDict::new(py);
        for (key, value) in texts {
            of.set_item(key, value)?;
        }
        out.set_item(name, of)?;
    }
    out.set_item("metrics", found.points.iter().map(point_out).collect::<Vec<_>>())?;
    Ok(out)
}
