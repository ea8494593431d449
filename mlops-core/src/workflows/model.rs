//! Models in and out of runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::base::clock::{Clock, SystemClock};
use crate::base::digests::Digest;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::base::names;
use crate::error::{Error, Result};
use crate::models::{MANIFEST, ModelContent, ModelManifest, SavedModel, digest_file};
use crate::runs::Runs;

/// Writes a model into a new folder, the manifest last, and returns the manifest.
///
/// # Errors
/// `AlreadyExists` if the folder has files already, `Io`.
pub fn save_model(folder: &Path, model: &SavedModel) -> Result<ModelManifest> {
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let hint = "; choose a new folder".into();
        return Err(Error::AlreadyExists { what: "folder", id: folder.display().to_string(), hint });
    }
    let manifest = stamped(model, None);
    for (path, content) in &model.files {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|e| Error::io("create folder", parent, e))?;
        match content {
            ModelContent::Bytes(bytes) => std::fs::write(&file, bytes),
            ModelContent::File(local) => std::fs::copy(local, &file).map(drop),
        }
        .map_err(|e| Error::io("write", &file, e))?;
    }
    let file = folder.join(MANIFEST);
    std::fs::create_dir_all(folder).map_err(|e| Error::io("create folder", folder, e))?;
    std::fs::write(&file, manifest.to_text()).map_err(|e| Error::io("write", &file, e))?;
    Ok(manifest)
}

/// The manifest of a model with the time and an id: that of its logged model, if it has one.
pub(super) fn stamped(model: &SavedModel, model_id: Option<&str>) -> ModelManifest {
    let mut manifest = model.manifest.clone();
    if let Some(id) = model_id {
        manifest.model_id = Some(id.into());
        manifest.model_uuid = Some(id.into());
    }
    manifest.model_uuid.get_or_insert_with(|| TimeOrderedIds.next_hex());
    // MLflow's form of the time.
    let now = SystemClock.now().to_string().replace('T', " ").replace('Z', "");
    manifest.utc_time_created.get_or_insert(now);
    manifest
}

/// A model in a store, whose files are those of its manifest.
#[derive(Debug)]
pub struct LoadedModel<'a> {
    runs: &'a Runs,
    place: ModelPlace,
    /// What it is.
    pub manifest: ModelManifest,
}

impl LoadedModel<'_> {
    /// The run that has it.
    pub fn run_id(&self) -> &str {
        &self.place.run_id
    }

    /// The bytes of one of its files, verified.
    ///
    /// # Errors
    /// `NotFound` if the model has no such file, `Corrupt` if it is damaged.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        if !self.manifest.files.contains_key(path) {
            let list = self.manifest.files.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::NotFound { what: "model file", id: path.into(), hint: format!("; it has {list}") });
        }
        let bytes = self.runs.read_artifact(&self.place.run_id, &format!("{}/{path}", self.place.path))?;
        self.manifest.verify_file(&self.place.uri(), path, &bytes)?;
        Ok(bytes)
    }
}

/// Finds the model `runs:/<run id>/<path>` and checks that its manifest is whole and that the run has exactly its
/// files, of their sizes and digests. Bytes are read, and verified, when they are asked for.
///
/// # Errors
/// `InvalidArgument` for another kind of URI, `NotFound` for an unknown run, path or a missing file, `Corrupt` for
/// anything that is not what was logged.
pub fn load_model<'a>(runs: &'a Runs, uri: &str) -> Result<LoadedModel<'a>> {
    let place = ModelPlace::parse(uri)?;
    let at = place.uri();
    let manifest = place.manifest(runs)?;
    let mut found = BTreeMap::new();
    place.walk(runs, &place.path, &mut found)?;
    manifest.check(&at, &found.keys().cloned().collect())?;
    for (path, (size_bytes, digest)) in found.iter().filter(|(path, _)| *path != MANIFEST) {
        manifest.verify_digest(&at, path, *size_bytes, *digest)?;
    }
    Ok(LoadedModel { runs, place, manifest })
}

/// Copies the model `runs:/<run id>/<path>` beneath `dest`, at its own path, verifies every file that is in its folder
/// then against the manifest, and returns the folder.
///
/// # Errors
/// As [`load_model`], and `Io`; `Corrupt` also for a foreign file that was in the folder before.
pub fn download_model(runs: &Runs, uri: &str, dest: &Path) -> Result<PathBuf> {
    let place = ModelPlace::parse(uri)?;
    place.manifest(runs)?;
    let folder = runs.download_artifacts(&place.run_id, Some(&place.path), dest)?;
    open_model_folder(&folder)?;
    Ok(folder)
}

/// Reads the manifest of a model in a folder on the disk, and verifies every file of the folder against it.
///
/// # Errors
/// `NotFound` for a missing file, `Corrupt` for one that is not what was saved or does not belong there, `Io`.
pub fn open_model_folder(path: &Path) -> Result<ModelManifest> {
    let file = path.join(MANIFEST);
    let text = std::fs::read(&file).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => no_model(&path.display().to_string()),
        _ => Error::io("read", &file, e),
    })?;
    let manifest = ModelManifest::parse(&text, &file)?;
    let mut found = BTreeSet::new();
    walk_folder(path, "", &mut found)?;
    manifest.check(path, &found)?;
    for name in manifest.files.keys() {
        let local = digest_file(&path.join(name))?;
        manifest.verify_digest(path, name, local.size_bytes, local.digest)?;
    }
    Ok(manifest)
}

/// Where a model is.
#[derive(Clone, Debug)]
struct ModelPlace {
    run_id: String,
    path: String,
}

impl ModelPlace {
    fn parse(uri: &str) -> Result<Self> {
        let parts = uri.strip_prefix("runs:/").and_then(|rest| rest.trim_start_matches('/').split_once('/'));
        let (run_id, path) = parts.filter(|(_, path)| !path.is_empty()).ok_or_else(|| Error::InvalidArgument {
            what: "model uri".into(),
            value: uri.escape_debug().take(300).collect(),
            expected: "runs:/<run id>/<path of the model>".into(),
        })?;
        names::check_run_id(run_id)?;
        Ok(Self { run_id: run_id.into(), path: names::check_artifact_path(path)? })
    }

    fn uri(&self) -> PathBuf {
        format!("runs:/{}/{}", self.run_id, self.path).into()
    }

    fn manifest(&self, runs: &Runs) -> Result<ModelManifest> {
        let bytes = runs.read_artifact(&self.run_id, &format!("{}/{MANIFEST}", self.path)).map_err(|e| match e {
            Error::NotFound { what: "artifact", .. } => no_model(&self.uri().display().to_string()),
            other => other,
        })?;
        ModelManifest::parse(&bytes, &self.uri().join(MANIFEST))
    }

    /// The files beneath a folder of the run's artifacts, by their path in the model.
    fn walk(&self, runs: &Runs, folder: &str, found: &mut BTreeMap<String, (u64, Digest)>) -> Result<()> {
        for entry in runs.list_artifacts(&self.run_id, Some(folder))? {
            let inner = entry.path.strip_prefix(&self.path).and_then(|path| path.strip_prefix('/'));
            match (entry.digest, inner) {
                (Some(digest), Some(inner)) => drop(found.insert(inner.into(), (entry.size_bytes, digest))),
                _ => self.walk(runs, &entry.path, found)?,
            }
        }
        Ok(())
    }
}

fn no_model(place: &str) -> Error {
    Error::NotFound { what: "model", id: place.into(), hint: format!("; there is no `{MANIFEST}` in it") }
}

fn walk_folder(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> Result<()> {
    let list = |e| Error::io("list", folder, e);
    for entry in std::fs::read_dir(folder).map_err(list)? {
        let entry = entry.map_err(list)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link to a folder is a file that no manifest has: it is not followed.
        if entry.file_type().map_err(list)?.is_dir() {
            walk_folder(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name);
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
