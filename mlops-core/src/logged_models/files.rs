//! The files of a logged model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::keys;
use super::store::LoggedModels;
use crate::base::names;
use crate::base::stored;
use crate::error::Result;
use crate::runs::artifacts;
use crate::runs::{ArtifactInfo, ArtifactSource, StoredArtifact, for_each_entry};
use crate::storage::{KeyRange, Op};

/// What an error adds that finds no file.
fn hint(id: &str) -> String {
    format!(" in the logged model `{id}`")
}

impl LoggedModels {
    /// Stores files of a model, replacing those of the same path.
    ///
    /// # Errors
    /// `NotFound` for an unknown model or local file, `InvalidArgument` for a path that leaves the artifacts, `Conflict` if
    /// a file would be a folder too, `ReadOnly`, `Io`, `OutOfSpace`.
    pub fn log_files(&self, id: &str, files: &[ArtifactSource<'_>]) -> Result<()> {
        self.runs.check_writable()?;
        let existing: BTreeSet<String> = self.files(id)?.into_keys().collect();
        let paths = artifacts::check_paths(&existing, files)?;
        let _lease = self.blobs().leases().hold()?;
        let ops = self.file_ops(id, &paths, files)?;
        self.commit(id, ops)
    }

    /// The files and folders directly in a folder of a model (None: the top), sorted by path; for the path of a file, that
    /// file. A folder that does not exist is empty.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, `InvalidArgument` for a path that leaves the artifacts.
    pub fn list_files(&self, id: &str, path: Option<&str>) -> Result<Vec<ArtifactInfo>> {
        artifacts::listed(self.files(id)?, &hint(id), path)
    }

    /// The bytes of one file, verified against their digest.
    ///
    /// # Errors
    /// `NotFound` for an unknown model or path, `InvalidArgument` for a folder, `Corrupt` if the bytes are damaged.
    pub fn read_file(&self, id: &str, path: &str) -> Result<Vec<u8>> {
        let path = names::check_artifact_path(path)?;
        let files = artifacts::select(self.files(id)?, &hint(id), Some(&path))?;
        self.blobs().get(&artifacts::one(&files, &path)?.blob)
    }

    /// Copies a file or folder of a model (None: all) beneath `dest`, at its own path, and returns where it is.
    ///
    /// # Errors
    /// As [`read_file`](Self::read_file), and `Io`.
    pub fn download_files(&self, id: &str, path: Option<&str>, dest: &Path) -> Result<PathBuf> {
        let files = artifacts::select(self.files(id)?, &hint(id), path)?;
        artifacts::download(self.blobs(), &|| self.runs.ids().next_hex(), &files, dest)?;
        Ok(path.map_or_else(|| dest.to_path_buf(), |path| dest.join(path)))
    }

    /// Removes a file, or all in a folder (None: all that the model has); how many files that were.
    ///
    /// # Errors
    /// `NotFound` for an unknown model or path, `ReadOnly`, `Io`.
    pub fn delete_files(&self, id: &str, path: Option<&str>) -> Result<u64> {
        self.runs.check_writable()?;
        let gone = artifacts::select(self.files(id)?, &hint(id), path)?;
        self.commit(id, gone.keys().map(|path| Op::delete(keys::part(keys::FILES, id, path))).collect())?;
        Ok(gone.len() as u64)
    }

    /// The files of a model in a folder (None: all), by path.
    pub(crate) fn all_files(&self, id: &str, path: Option<&str>) -> Result<BTreeMap<String, StoredArtifact>> {
        artifacts::select(self.files(id)?, &hint(id), path)
    }

    pub(super) fn files(&self, id: &str) -> Result<BTreeMap<String, StoredArtifact>> {
        self.stored(id)?;
        let prefix = keys::part(keys::FILES, id, "");
        let mut files = BTreeMap::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix.clone()), |key, value| {
            let path = String::from_utf8_lossy(key.strip_prefix(prefix.as_slice()).unwrap_or_default()).into_owned();
            files.insert(path, stored::decode("a file of a logged model", value)?);
            Ok(())
        })?;
        Ok(files)
    }
}
