//! Saved models.

use std::path::PathBuf;

use mlops_core::Error;
use mlops_core::models::{self, GivenColumn, SavedModel, SavedModelBuilder};
use mlops_core::runs::Content;
use mlops_core::workflows::{self, LogModelOptions};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use serde_json::Value;

use crate::convert::{self, OwnedText, Text};
use crate::errors::detached;
use crate::run::Run;
use crate::store::Store;

/// A model to be saved: JSON texts of flavors, signature, metadata and input example, and the files.
#[derive(Debug, FromPyObject)]
pub(crate) struct Parts(OwnedText, Option<OwnedText>, Option<OwnedText>, Option<OwnedText>, Vec<(OwnedText, Source)>);

/// What is in a file of a model: bytes, or the path of a local file.
#[derive(Debug, FromPyObject)]
pub(crate) enum Source {
    /// Bytes.
    #[pyo3(transparent)]
    Bytes(PyBackedBytes),
    /// The path of a file.
    #[pyo3(transparent)]
    Local(PathBuf),
}

impl Source {
    pub(crate) fn content(&self) -> Content<'_> {
        match self {
            Self::Bytes(bytes) => Content::Bytes(bytes),
            Self::Local(local) => Content::File(local),
        }
    }
}

impl Parts {
    fn build(self) -> mlops_core::Result<SavedModel> {
        let Self(flavors, signature, metadata, example, files) = self;
        let [signature, metadata, example] =
            [&signature, &metadata, &example].map(|text| text.as_ref().map(|OwnedText(text)| text.as_str()));
        let builder = SavedModel::builder().json(&flavors.0, signature, metadata, example)?;
        let add = |builder: SavedModelBuilder, (path, source): (OwnedText, Source)| match source {
            Source::Bytes(bytes) => builder.file(&path.0, &bytes[..]),
            Source::Local(local) => builder.local_file(&path.0, local),
        };
        files.into_iter().fold(builder, add).build()
    }
}

fn json(what: &str, text: &str) -> mlops_core::Result<Value> {
    serde_json::from_str(text).map_err(|e| invalid(what, &format!("{text}: {e}")))
}

fn invalid(what: &str, value: &str) -> Error {
    Error::InvalidArgument { what: what.into(), value: value.into(), expected: "JSON of the right form".into() }
}

/// Logs a model to a run, and makes a logged model of it, or completes one; its manifest as JSON, and why there is no logged
/// model, if there is none.
#[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
#[pyfunction]
#[pyo3(signature = (run, path, parts, *, name=None, model_id=None, model_type=None, params=Vec::new(), tags=Vec::new(),
    step=0))]
pub(crate) fn log_model(
    py: Python<'_>,
    run: &Run,
    path: Text<'_>,
    parts: Parts,
    name: Option<OwnedText>,
    model_id: Option<OwnedText>,
    model_type: Option<OwnedText>,
    params: Vec<(OwnedText, OwnedText)>,
    tags: Vec<(OwnedText, OwnedText)>,
    step: i64,
) -> PyResult<(String, Option<String>)> {
    let text = |given: Option<OwnedText>| given.map(|text| text.0);
    detached(py, || {
        let options = LogModelOptions {
            name: text(name),
            model_id: text(model_id),
            model_type: text(model_type),
            params: convert::pairs(params),
            tags: convert::pairs(tags),
            step,
        };
        let logged = workflows::log_model_with(&**run.core(), &path, &parts.build()?, &options)?;
        Ok((logged.manifest.to_text(), logged.not_made.map(|error| error.to_string())))
    })
}

/// Saves a model to a new folder; its manifest as JSON.
#[pyfunction]
pub(crate) fn save_model(py: Python<'_>, folder: PathBuf, parts: Parts) -> PyResult<String> {
    detached(py, || Ok(workflows::save_model(&folder, &parts.build()?)?.to_text()))
}

/// The manifest of a model in the store, as JSON, after a check that all its files are there.
#[pyfunction]
pub(crate) fn model_manifest(py: Python<'_>, store: &Store, uri: Text<'_>) -> PyResult<String> {
    detached(py, || Ok(workflows::load_model(store.core().runs(), &uri)?.manifest.to_text()))
}

/// One file of a model in the store, verified.
#[pyfunction]
pub(crate) fn model_file<'py>(
    py: Python<'py>,
    store: &Store,
    uri: Text<'_>,
    path: Text<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = detached(py, || workflows::load_model(store.core().runs(), &uri)?.read(&path))?;
    Ok(PyBytes::new(py, &bytes))
}

/// Copies a model beneath `dest` and verifies it; returns its folder.
#[pyfunction]
pub(crate) fn download_model(py: Python<'_>, store: &Store, uri: Text<'_>, dest: PathBuf) -> PyResult<PathBuf> {
    detached(py, || workflows::download_model(store.core().runs(), &uri, &dest))
}

/// The manifest of a model in a folder, as JSON, after every file was verified.
#[pyfunction]
pub(crate) fn open_model_folder(py: Python<'_>, folder: PathBuf) -> PyResult<String> {
    detached(py, || Ok(workflows::open_model_folder(&folder)?.to_text()))
}

/// True if pickles load without asking: this user made the store or trusts it, and the run, if one is given, did not come
/// from one that was not.
#[pyfunction]
#[pyo3(signature = (store, run_id=None))]
pub(crate) fn is_trusted(py: Python<'_>, store: &Store, run_id: Option<Text<'_>>) -> PyResult<bool> {
    let store = store.core();
    detached(py, || match run_id {
        Some(run_id) => store.trusts_run(&run_id),
        None => Ok(store.is_trusted()),
    })
}

/// For a column: its place among the given ones, the type to cast to, how large its values may be for that, and whether
/// its values have parts.
type Plan = (usize, Option<String>, Option<u64>, bool);

/// How a table becomes what a signature says. Given are names, types and whether a value
/// is missing.
#[pyfunction]
pub(crate) fn enforce_columns(
    py: Python<'_>,
    schema: Text<'_>,
    given: Vec<(OwnedText, OwnedText, bool)>,
) -> PyResult<Vec<Plan>> {
    detached(py, || {
        let schema: Vec<_> = serde_json::from_str(&schema).map_err(unreadable("schema", &schema))?;
        let column = |(name, dtype, has_missing): (OwnedText, OwnedText, bool)| GivenColumn {
            name: name.0,
            dtype: dtype.0,
            has_missing,
        };
        let given: Vec<_> = given.into_iter().map(column).collect();
        let plans = models::enforce_columns(&schema, &given)?;
        Ok(plans.into_iter().map(|plan| (plan.source, plan.cast, plan.largest, plan.nested)).collect())
    })
}

/// Checks type and shape of a tensor against its part of a signature.
#[pyfunction]
pub(crate) fn check_tensor(py: Python<'_>, spec: Text<'_>, dtype: Text<'_>, shape: Vec<i64>) -> PyResult<()> {
    detached(py, || {
        let spec = serde_json::from_str(&spec).map_err(unreadable("schema", &spec))?;
        models::check_tensor(&spec, &dtype, &shape)
    })
}

/// Checks a value, as JSON, against its column of a signature.
#[pyfunction]
pub(crate) fn check_value(py: Python<'_>, spec: Text<'_>, value: Text<'_>) -> PyResult<()> {
    detached(py, || {
        let spec = serde_json::from_str(&spec).map_err(unreadable("schema", &spec))?;
        models::check_value(&spec, &json("value", &value)?)
    })
}

/// The params of a prediction as JSON, and the names that the signature has not.
#[pyfunction]
pub(crate) fn enforce_params(py: Python<'_>, schema: Text<'_>, given: Text<'_>) -> PyResult<(String, Vec<String>)> {
    detached(py, || {
        let schema: Vec<_> = serde_json::from_str(&schema).map_err(unreadable("schema", &schema))?;
        let given = serde_json::from_str(&given).map_err(unreadable("params", &given))?;
        let (params, ignored) = models::enforce_params(&schema, &given)?;
        Ok((Value::Object(params).to_string(), ignored))
    })
}

fn unreadable<'a>(what: &'a str, text: &'a str) -> impl Fn(serde_json::Error) -> Error + 'a {
    move |error| invalid(what, &format!("{text}: {error}"))
}
