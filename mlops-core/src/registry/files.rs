//! The files of a version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::store::LocalRegistry;
use crate::error::{Error, Result};
use crate::runs::{ArtifactInfo, StoredArtifact, artifacts};

/// What an error adds that finds no file.
fn hint(name: &str, number: u64) -> String {
    format!(" in version {number} of `{name}`")
}

impl LocalRegistry {
    fn files(&self, name: &str, number: u64) -> Result<BTreeMap<String, StoredArtifact>> {
        let info = self.version_record(&self.record(name)?, number)?;
        let digest = info.digest.ok_or_else(|| Error::InvalidState {
            detail: format!(
                "the store does not have the files of version {number} of `{name}`: its source is `{}`; load it from there",
                info.source
            ),
        })?;
        Ok(self.listed(&digest)?.into_files())
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
