//! Models into runs: each is a logged model too, and both name the same bytes, which are put once.

use std::collections::BTreeMap;

use super::model::stamped;
use crate::base::names;
use crate::blob::BlobStore;
use crate::error::{Code, Error, Result};
use crate::logged_models::{
    LoggedModelOptions, LoggedModelParts, LoggedModelStatus, LoggedModels, ModelPoint, said_of,
};
use crate::models::{MANIFEST, ModelContent, ModelManifest, SavedModel};
use crate::runs::{ArtifactSource, Content, Given, GivenPoint, Lifecycle, PutContent, Run, artifacts};

/// What the logged model is that [`log_model_with`] makes.
#[derive(Clone, Debug, Default)]
pub struct LogModelOptions {
    /// Its name; default: the path.
    pub name: Option<String>,
    /// A logged model that is there already, which gets the files and is READY then; default: a new one.
    pub model_id: Option<String>,
    /// What kind it is, such as `Agent`.
    pub model_type: Option<String>,
    /// Params beside those of the run, which count where both have one; a model that is there gets only these.
    pub params: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// The step at which it was made: what the run has measured at it is the model's too, of a metric with many points the
    /// last 1,000. Default 0.
    pub step: i64,
}

/// What [`log_model_with`] has done.
#[derive(Debug)]
pub struct ModelLogged {
    /// The manifest as it was written; it names the logged model.
    pub manifest: ModelManifest,
    /// Why there is no logged model: nobody who owns the store could be reached. The run has the model all the same.
    pub not_made: Option<Error>,
}

/// Logs a model as the artifact folder `path` of a run, and makes a logged model of it, which has the params of the run and
/// the metrics of step 0. Returns the manifest as it was written; `model_id` in it is the logged model.
///
/// The logged model is one commit: it is there with all that it has, READY and an output of the run, or it is not there. Then
/// the run gets the folder, as one record, with the same files, which are stored once. If the run refuses it, the logged
/// model is FAILED and says why. Where the process that owns the store is out of reach, only the run gets the model, and the
/// manifest names no logged model: [`log_model_with`] says why.
///
/// # Errors
/// `InvalidArgument` for a path that leaves the artifacts, `Conflict` if a file has the folder's name, `InvalidState` for a
/// deleted run, and what [`Run::log_files`] says.
///
/// # Examples
/// ```
/// use mlops_core::Store;
/// use mlops_core::models::SavedModel;
/// use mlops_core::runs::RunOptions;
/// use mlops_core::workflows::{load_model, log_model};
///
/// let store = Store::open("memory:")?;
/// let run = store.runs().start(RunOptions::default())?;
/// let model = SavedModel::builder().flavor("toy", serde_json::json!({})).file("weights.bin", [1, 2, 3]).build()?;
/// let manifest = log_model(&*run, "model", &model)?;
///
/// let model = load_model(store.runs(), &format!("runs:/{}/model", run.id()))?;
/// assert_eq!(model.read("weights.bin")?, [1, 2, 3]);
/// let id = manifest.model_id.expect("the store is this process's own");
/// assert_eq!(store.logged_models().read_file(&id, "weights.bin")?, [1, 2, 3]);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn log_model(run: &dyn Run, path: &str, model: &SavedModel) -> Result<ModelManifest> {
    log_model_with(run, path, model, &LogModelOptions::default()).map(|logged| logged.manifest)
}

/// [`log_model`], with what the logged model is.
///
/// # Errors
/// As [`log_model`]; what [`LoggedModels::create`] says of a bad name, key or value, and [`LoggedModels::complete`] of a model
/// that is there.
///
/// # Examples
/// ```
/// # use mlops_core::Store;
/// # use mlops_core::models::SavedModel;
/// # use mlops_core::runs::RunOptions;
/// use mlops_core::workflows::{LogModelOptions, log_model_with};
///
/// # let store = Store::open("memory:")?;
/// # let run = store.runs().start(RunOptions::default())?;
/// # let model = SavedModel::builder().flavor("toy", serde_json::json!({})).file("weights.bin", [1, 2, 3]).build()?;
/// let options = LogModelOptions { params: vec![("depth".into(), "3".into())], ..LogModelOptions::default() };
/// let logged = log_model_with(&*run, "model", &model, &options)?;
/// let found = store.logged_models().get(&logged.manifest.model_id.expect("nothing was out of reach"))?;
/// assert_eq!((found.model.name.as_str(), found.params["depth"].as_str()), ("model", "3"));
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn log_model_with(run: &dyn Run, path: &str, model: &SavedModel, options: &LogModelOptions) -> Result<ModelLogged> {
    let path = names::check_artifact_path(path)?;
    let runs = run.runs();
    let blobs = runs.blobs().clone();
    // What is put stays until run and model name it.
    let _lease = blobs.leases().hold()?;
    let logging = Logging { run, path: &path, model, options, models: LoggedModels::new(runs), blobs: &*blobs };
    match logging.make() {
        Ok(Made { id, manifest, files }) => {
            logging.log_files(&files).inspect_err(|e| logging.models.note_failed(&id, e))?;
            Ok(ModelLogged { manifest, not_made: None })
        }
        // A run takes what it is given, whatever becomes of the rest of the store.
        Err(error) if options.model_id.is_none() && is_away(&error) => {
            let manifest = logging.manifest(None);
            logging.log_files(&logging.put(&manifest)?)?;
            Ok(ModelLogged { manifest, not_made: Some(error) })
        }
        Err(error) => Err(error),
    }
}

/// True if it is the process that owns the store that was not reached.
fn is_away(error: &Error) -> bool {
    matches!(error.code(), Code::Busy | Code::Locked | Code::NoOwner)
}

/// A model on its way.
struct Logging<'a> {
    run: &'a dyn Run,
    path: &'a str,
    model: &'a SavedModel,
    options: &'a LogModelOptions,
    models: LoggedModels,
    blobs: &'a dyn BlobStore,
}

/// The files of a model, by their path in it.
type Files = Vec<ArtifactSource<'static>>;

/// The logged model.
struct Made {
    id: String,
    manifest: ModelManifest,
    files: Files,
}

impl Logging<'_> {
    /// Makes the logged model, with all that it has.
    fn make(&self) -> Result<Made> {
        let options = self.options;
        let given = self.run.runs().given(self.run.id(), options.step)?;
        if given.info.lifecycle == Lifecycle::Deleted {
            let detail = format!("the run `{}` is deleted; restore it first", self.run.id());
            return Err(Error::InvalidState { detail });
        }
        let id = options.model_id.clone().unwrap_or_else(|| self.models.new_id());
        let manifest = self.manifest(Some(&id));
        let files = self.put(&manifest).inspect_err(|e| {
            if options.model_id.is_some() {
                self.models.note_failed(&id, e);
            } else if !is_away(e) {
                self.make_failed(&id, &given, e);
            }
        })?;
        let points = given.points.iter().map(|point| self.point(point)).collect();
        let parts = LoggedModelParts { files: files.clone(), points, output_of: Some(self.output()) };
        if options.model_id.is_some() {
            self.models.complete(&id, &options.params, &options.tags, &parts)?;
        } else {
            let status = LoggedModelStatus::Ready;
            self.models.create_with(LoggedModelOptions { status, ..self.record(&id, &given) }, &parts)?;
        }
        Ok(Made { id, manifest, files })
    }

    /// Makes a logged model that says why there is none; what went wrong first is what the caller has to know.
    fn make_failed(&self, id: &str, given: &Given, error: &Error) {
        let (status, status_message) = (LoggedModelStatus::Failed, Some(said_of(error)));
        let record = LoggedModelOptions { status, status_message, ..self.record(id, given) };
        let parts = LoggedModelParts { output_of: Some(self.output()), ..LoggedModelParts::default() };
        let _: Result<_> = self.models.create_with(record, &parts);
    }

    fn record(&self, id: &str, given: &Given) -> LoggedModelOptions {
        // As in MLflow, what the run says counts.
        let mut params: BTreeMap<String, String> = self.options.params.iter().cloned().collect();
        params.extend(given.params.clone());
        LoggedModelOptions {
            model_id: Some(id.into()),
            experiment_id: given.info.experiment_id.clone(),
            name: Some(self.options.name.clone().unwrap_or_else(|| self.path.into())),
            model_type: self.options.model_type.clone(),
            source_run_id: Some(self.run.id().into()),
            params: params.into_iter().collect(),
            tags: self.options.tags.clone(),
            ..LoggedModelOptions::default()
        }
    }

    fn output(&self) -> (String, i64) {
        (self.run.id().into(), self.options.step)
    }

    fn point(&self, point: &GivenPoint) -> ModelPoint {
        let GivenPoint { key, value, at, subject } = point;
        ModelPoint {
            key: key.clone(),
            value: *value,
            step: self.options.step,
            at: *at,
            run_id: self.run.id().into(),
            dataset_name: subject.dataset_name.clone(),
            dataset_digest: subject.dataset_digest.clone(),
        }
    }

    fn manifest(&self, model_id: Option<&str>) -> ModelManifest {
        let mut manifest = stamped(self.model, model_id);
        manifest.run_id = Some(self.run.id().into());
        manifest.artifact_path = Some(self.path.into());
        manifest
    }

    /// Puts the files, the manifest among them.
    fn put(&self, manifest: &ModelManifest) -> Result<Files> {
        let text = manifest.to_text();
        let files = self.model.files.iter().map(|(path, content)| match content {
            ModelContent::Bytes(bytes) => (path.as_str(), Content::Bytes(bytes)),
            ModelContent::File(local) => (path.as_str(), Content::File(local)),
        });
        let files = [(MANIFEST, Content::Bytes(text.as_bytes()))].into_iter().chain(files);
        let put = files.map(|(path, content)| {
            let (blob, size_bytes) = artifacts::store(self.blobs, &ArtifactSource { path: path.into(), content })?;
            Ok(ArtifactSource { path: path.into(), content: Content::Stored(PutContent { blob, size_bytes }) })
        });
        put.collect()
    }

    /// Gives the run the folder.
    fn log_files(&self, files: &Files) -> Result<()> {
        let inside = |file: &ArtifactSource<'static>| ArtifactSource {
            path: format!("{}/{}", self.path, file.path),
            ..file.clone()
        };
        self.run.log_files(&files.iter().map(inside).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests;
