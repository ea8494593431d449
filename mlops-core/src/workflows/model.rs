//! Models in and out of runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::place::{ModelPlace, no_model};
use crate::base::clock::{Clock, SystemClock};
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::error::{Error, Result};
use crate::models::{MANIFEST, ModelContent, ModelManifest, SavedModel, digest_file};
use crate::registry::{LocalRegistry, ModelVersion};
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

/// A model in a store, whose files are those of its manifest. Which version an alias or a stage named was settled when it was
/// loaded.
#[derive(Debug)]
pub struct LoadedModel {
    place: ModelPlace,
    /// What it is.
    pub manifest: ModelManifest,
}

impl LoadedModel {
    /// The run that has it, or that made what it is a version of; None if nobody knows.
    pub fn run_id(&self) -> Option<&str> {
        self.place.run_id().or(self.manifest.run_id.as_deref())
    }

    /// The version of a registered model that it is; None for a model of a run or a logged model.
    pub fn version(&self) -> Option<&ModelVersion> {
        self.place.version()
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
        let bytes = self.place.read(path)?;
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
pub fn load_model(runs: &Runs, uri: &str) -> Result<LoadedModel> {
    load(ModelPlace::in_run(runs, uri)?)
}

/// [`load_model`] for every kind of URI, those of the registry too.
///
/// # Errors
/// As [`load_model`]; `InvalidState` for a version whose files the store does not have.
pub fn load_registered_model(registry: &LocalRegistry, uri: &str) -> Result<LoadedModel> {
    load(ModelPlace::of(registry, uri)?)
}

fn load(place: ModelPlace) -> Result<LoadedModel> {
    let at = place.uri();
    let manifest = place.manifest()?;
    let found = place.files()?;
    manifest.check(&at, &found.keys().cloned().collect())?;
    for (path, (size_bytes, digest)) in found.iter().filter(|(path, _)| *path != MANIFEST) {
        manifest.verify_digest(&at, path, *size_bytes, *digest)?;
    }
    Ok(LoadedModel { place, manifest })
}

/// Copies the model `runs:/<run id>/<path>` beneath `dest`, at its own path, verifies every file that is in its folder
/// then against the manifest, and returns the folder.
///
/// # Errors
/// As [`load_model`], and `Io`; `Corrupt` also for a foreign file that was in the folder before.
pub fn download_model(runs: &Runs, uri: &str, dest: &Path) -> Result<PathBuf> {
    download(&ModelPlace::in_run(runs, uri)?, dest)
}

/// [`download_model`] for every kind of URI: the files of a version or a logged model come directly into `dest`.
///
/// # Errors
/// As [`download_model`] and [`load_registered_model`].
pub fn download_registered_model(registry: &LocalRegistry, uri: &str, dest: &Path) -> Result<PathBuf> {
    download(&ModelPlace::of(registry, uri)?, dest)
}

fn download(place: &ModelPlace, dest: &Path) -> Result<PathBuf> {
    place.manifest()?;
    let folder = place.download(dest)?;
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
