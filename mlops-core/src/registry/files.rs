//! The files of a version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::store::LocalRegistry;
use super::types::VersionInfo;
use crate::base::digests::Digest;
use crate::base::names as base_names;
use crate::error::{Code, Error, NO_OFFSET, Result};
use crate::runs::{ArtifactInfo, StoredArtifact, artifacts};

/// What an error adds that finds no file.
fn hint(name: &str, number: u64) -> String {
    format!(" in version {number} of `{name}`")
}

impl LocalRegistry {
    /// The bytes of one file of a version, verified against their digest.
    ///
    /// # Errors
    /// `NotFound` for an unknown version or path, `InvalidArgument` for a folder; `InvalidState` for a version whose files the
    /// store does not have; `Corrupt` if the bytes are damaged.
    pub fn read_file(&self, name: &str, number: u64, path: &str) -> Result<Vec<u8>> {
        let path = base_names::check_artifact_path(path)?;
        let files = artifacts::select(self.files(name, number)?, &hint(name, number), Some(&path))?;
        self.blobs().get(&artifacts::one(&files, &path)?.blob)
    }

    /// The files of a version, by path.
    pub(crate) fn files(&self, name: &str, number: u64) -> Result<BTreeMap<String, StoredArtifact>> {
        let info = self.version_record(&self.record(name)?, number)?;
        let digest = info.digest.ok_or_else(|| Error::InvalidState {
            detail: format!(
                "the store does not have the files of version {number} of `{name}`: its source is `{}`; load it from there",
                info.source
            ),
        })?;
        Ok(self.listed(&digest)?.into_files())
    }

    /// Reads all files of a version; what the store does not have is not looked at.
    pub(super) fn verify_files(&self, name: &str, number: u64, info: &VersionInfo) -> Result<()> {
        let Some(digest) = info.digest else { return Ok(()) };
        let damaged = |path: &str, why: &dyn std::fmt::Display| Error::Corrupt {
            path: format!("{name}/{number}/{path}").into(),
            offset: NO_OFFSET,
            detail: format!("a file of the version cannot be read ({why}); `mlops fsck` says more"),
        };
        let list = self.listed(&digest).map_err(|e| damaged("", &e))?;
        for file in &list.files {
            let blob = Digest::from_hex(&file.blake3).ok_or_else(|| damaged(&file.path, &"it has no digest"))?;
            match self.blobs().read_to(&blob, &mut std::io::sink()) {
                Err(e) if matches!(e.code(), Code::Corrupt | Code::NotFound) => return Err(damaged(&file.path, &e)),
                other => drop(other?),
            }
        }
        Ok(())
    }

    pub(super) fn listed_files(&self, name: &str, number: u64, path: Option<&str>) -> Result<Vec<ArtifactInfo>> {
        artifacts::listed(self.files(name, number)?, &hint(name, number), path)
    }

    pub(super) fn downloaded_files(&self, name: &str, number: u64, path: Option<&str>, dest: &Path) -> Result<PathBuf> {
        let files = artifacts::select(self.files(name, number)?, &hint(name, number), path)?;
        artifacts::download(self.blobs(), &|| self.runs.ids().next_hex(), &files, dest)?;
        Ok(path.map_or_else(|| dest.to_path_buf(), |path| dest.join(path)))
    }
}
