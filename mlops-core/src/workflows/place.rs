//! Where a model is: in a run, a logged model, or a version of a registered model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::base::digests::Digest;
use crate::base::names;
use crate::error::{Error, Result};
use crate::logged_models::LoggedModels;
use crate::models::{MANIFEST, ModelManifest};
use crate::registry::{LocalRegistry, ModelRegistry, ModelUri, ModelVersion};
use crate::runs::{Runs, StoredArtifact};

const RUNS: &str = "runs:/";
const MODELS: &str = "models:";

/// Where the files of a model are.
#[derive(Clone, Debug)]
pub(super) enum ModelPlace {
    /// A folder among the artifacts of a run.
    Run { runs: Runs, run_id: String, path: String },
    /// A logged model.
    Logged { models: LoggedModels, id: String },
    /// A version of a registered model.
    Version { registry: LocalRegistry, version: Box<ModelVersion> },
}

impl ModelPlace {
    /// The place that `runs:/<run id>/<path>` names.
    pub(super) fn in_run(runs: &Runs, uri: &str) -> Result<Self> {
        let parts = uri.strip_prefix(RUNS).and_then(|rest| rest.trim_start_matches('/').split_once('/'));
        let (run_id, path) = parts
            .filter(|(_, path)| !path.is_empty())
            .ok_or_else(|| refuse(uri, "runs:/<run id>/<path of the model>"))?;
        names::check_run_id(run_id)?;
        Ok(Self::Run { runs: runs.clone(), run_id: run_id.into(), path: names::check_artifact_path(path)? })
    }

    /// The place that a URI names now.
    pub(super) fn of(registry: &LocalRegistry, uri: &str) -> Result<Self> {
        if uri.starts_with(RUNS) {
            return Self::in_run(registry.runs(), uri);
        }
        if !uri.starts_with(MODELS) {
            return Err(refuse(
                uri,
                "runs:/<run id>/<path of the model>, models:/<name>/<version, stage or latest>, models:/<name>@<alias> or \
                 models:/<logged model>",
            ));
        }
        if let ModelUri::LoggedModel(id) = uri.parse()? {
            let models = registry.logged_models();
            models.get(&id)?;
            return Ok(Self::Logged { models: models.clone(), id });
        }
        let version = Box::new(registry.version_of_uri(uri)?);
        Ok(Self::Version { registry: registry.clone(), version })
    }

    /// What errors call it.
    pub(super) fn uri(&self) -> PathBuf {
        match self {
            Self::Run { run_id, path, .. } => format!("{RUNS}{run_id}/{path}").into(),
            Self::Logged { id, .. } => format!("{MODELS}/{id}").into(),
            Self::Version { version, .. } => format!("{MODELS}/{}/{}", version.name, version.version).into(),
        }
    }

    /// The run that has it, or that it was made by.
    pub(super) fn run_id(&self) -> Option<&str> {
        match self {
            Self::Run { run_id, .. } => Some(run_id),
            Self::Logged { .. } => None,
            Self::Version { version, .. } => version.info.run_id.as_deref(),
        }
    }

    /// The version, if it is one.
    pub(super) fn version(&self) -> Option<&ModelVersion> {
        match self {
            Self::Version { version, .. } => Some(version),
            _ => None,
        }
    }

    /// The bytes of one of its files, verified against the digest that is noted of it.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>> {
        match self {
            Self::Run { runs, run_id, path: folder } => runs.read_artifact(run_id, &format!("{folder}/{path}")),
            Self::Logged { models, id } => models.read_file(id, path),
            Self::Version { registry, version } => registry.read_file(&version.name, version.version, path),
        }
    }

    /// All its files by path, with size and digest.
    pub(super) fn files(&self) -> Result<BTreeMap<String, (u64, Digest)>> {
        let all = |files: BTreeMap<String, StoredArtifact>| {
            files.into_iter().map(|(path, file)| (path, (file.size_bytes, file.blob))).collect()
        };
        match self {
            Self::Run { runs, run_id, path } => {
                let mut found = BTreeMap::new();
                walk(runs, run_id, path, path, &mut found)?;
                Ok(found)
            }
            Self::Logged { models, id } => models.all_files(id, None).map(all),
            Self::Version { registry, version } => registry.files(&version.name, version.version).map(all),
        }
    }

    /// Copies its files: those of a run beneath `dest` at their own path, others directly into it. Returns the model's folder.
    pub(super) fn download(&self, dest: &Path) -> Result<PathBuf> {
        match self {
            Self::Run { runs, run_id, path } => runs.download_artifacts(run_id, Some(path), dest),
            Self::Logged { models, id } => models.download_files(id, None, dest),
            Self::Version { registry, version } => registry.download_files(&version.name, version.version, None, dest),
        }
    }

    /// Its manifest.
    pub(super) fn manifest(&self) -> Result<ModelManifest> {
        let bytes = self.read(MANIFEST).map_err(|e| match e {
            Error::NotFound { what: "artifact" | "file", .. } => no_model(&self.uri().display().to_string()),
            other => other,
        })?;
        ModelManifest::parse(&bytes, &self.uri().join(MANIFEST))
    }
}

fn refuse(uri: &str, expected: &str) -> Error {
    Error::InvalidArgument {
        what: "model uri".into(),
        value: uri.escape_debug().take(300).collect(),
        expected: expected.into(),
    }
}

pub(super) fn no_model(place: &str) -> Error {
    Error::NotFound { what: "model", id: place.into(), hint: format!("; there is no `{MANIFEST}` in it") }
}

/// The files beneath a folder of a run's artifacts, by their path in the model.
fn walk(
    runs: &Runs,
    run_id: &str,
    model: &str,
    folder: &str,
    found: &mut BTreeMap<String, (u64, Digest)>,
) -> Result<()> {
    for entry in runs.list_artifacts(run_id, Some(folder))? {
        let inner = entry.path.strip_prefix(model).and_then(|path| path.strip_prefix('/'));
        match (entry.digest, inner) {
            (Some(digest), Some(inner)) => drop(found.insert(inner.into(), (entry.size_bytes, digest))),
            _ => walk(runs, run_id, model, &entry.path, found)?,
        }
    }
    Ok(())
}
