//! Reading a run's files.

use std::path::{Path, PathBuf};

use mlops_core::runs::ArtifactInfo;
use mlops_core::{Error, Result};

use crate::args::{Handle, Versioned, refuse};
use crate::boundary::export;
use crate::json;
use crate::run_data::at;
use crate::sized::sized_output;
use crate::store::mlops_store;
use crate::text::{Text, mlops_buf, mlops_str};

/// The files and folders of one artifact folder. Freed with `mlops_artifacts_free`.
#[derive(Debug)]
pub struct mlops_artifacts {
    items: Vec<Artifact>,
}

impl Handle for mlops_artifacts {}

/// One file or folder.
#[derive(Debug)]
pub(crate) struct Artifact {
    pub(crate) path: Text,
    pub(crate) digest: Option<Text>,
    pub(crate) size_bytes: u64,
    pub(crate) is_dir: bool,
}

/// One file or folder among a run's artifacts. Begin with `MLOPS_ARTIFACT_INIT`; the texts live as long as the list.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_artifact {
    /// The size of this struct.
    pub struct_size: u32,
    /// 1 for a folder, else 0.
    pub is_dir: i32,
    /// The path, parts joined by `/`.
    pub path: mlops_str,
    /// The digest of a file's content, `blake3:` and 64 hex digits; empty for a folder.
    pub digest: mlops_str,
    /// Size of a file in bytes; 0 for a folder.
    pub size_bytes: u64,
}

impl Versioned for mlops_artifact {
    const DEFAULT: Self =
        Self { struct_size: 0, is_dir: 0, path: mlops_str::EMPTY, digest: mlops_str::EMPTY, size_bytes: 0 };
}
sized_output!(mlops_artifact);

impl From<ArtifactInfo> for Artifact {
    fn from(info: ArtifactInfo) -> Self {
        Self {
            path: Text::new(info.path),
            digest: info.digest.map(|digest| Text::new(digest.to_string())),
            size_bytes: info.size_bytes,
            is_dir: info.is_dir,
        }
    }
}

impl From<Vec<ArtifactInfo>> for mlops_artifacts {
    fn from(found: Vec<ArtifactInfo>) -> Self {
        Self { items: found.into_iter().map(Artifact::from).collect() }
    }
}

/// The path where something was copied to.
pub(crate) fn local_path(local: PathBuf) -> Result<mlops_buf> {
    let text = local.into_os_string().into_string().map_err(|path| Error::Internal {
        detail: format!("the path {} made of two paths in UTF-8 is not in UTF-8", path.display()),
    });
    text.map(Into::into)
}

/// The path, or None if it is empty: the top.
pub(crate) fn folder(path: &str) -> Option<&str> {
    Some(path).filter(|path| !path.is_empty())
}

export! {
    /// The files and folders directly in the artifact folder `path` (empty: the top); a file's path gives that file.
    ///
    /// `*out` is freed with `mlops_artifacts_free`. Threads: any. Since 0.1.
    pub fn mlops_artifact_list(
        store: *const mlops_store,
        run_id: mlops_str,
        path: mlops_str,
        out: *mut *mut mlops_artifacts,
    ) -> mlops_status {
        let found = store.store.runs().list_artifacts(run_id, folder(path))?;
        out.give(mlops_artifacts { items: found.into_iter().map(Artifact::from).collect() });
        Ok(())
    }

    /// The bytes of one artifact, checked against their digest.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_artifact_read(
        store: *const mlops_store,
        run_id: mlops_str,
        path: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(store.store.runs().read_artifact(run_id, path)?.into());
        Ok(())
    }

    /// Copies an artifact file or folder (`path` empty: all) beneath the local folder `dest` at its own path; `*out`
    /// becomes the path where it is.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_artifact_download(
        store: *const mlops_store,
        run_id: mlops_str,
        path: mlops_str,
        dest: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        if dest.is_empty() {
            return Err(refuse("dest", dest, "the path of a local folder, such as `.`"));
        }
        let local = store.store.runs().download_artifacts(run_id, folder(path), Path::new(dest))?;
        out.set(local_path(local)?);
        Ok(())
    }

    /// How many files and folders a list has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_artifacts_count(artifacts: *const mlops_artifacts) -> usize {
        artifacts.map_or(0, |artifacts| artifacts.items.len())
    }

    /// The file or folder at `index`.
    ///
    /// The texts live as long as the list. Threads: any. Since 0.1.
    pub fn mlops_artifacts_at(
        artifacts: *const mlops_artifacts,
        index: usize,
        out: *mut mlops_artifact,
    ) -> mlops_status {
        let artifact = at(&artifacts.items, index)?;
        out.set(mlops_artifact {
            is_dir: i32::from(artifact.is_dir),
            path: artifact.path.view(),
            digest: artifact.digest.as_ref().map_or(mlops_str::EMPTY, Text::view),
            size_bytes: artifact.size_bytes,
            ..mlops_artifact::DEFAULT
        });
        Ok(())
    }

    /// A list as JSON.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_artifacts_json(artifacts: *const mlops_artifacts, out: *mut mlops_buf) -> mlops_status {
        let items: Vec<_> = artifacts.items.iter().map(json::artifact).collect();
        out.set(json::text(&items)?.into());
        Ok(())
    }

    /// Frees a list. NULL is fine.
    ///
    /// Threads: any, but nobody may use the list any more. Since 0.1.
    pub fn mlops_artifacts_free(artifacts: *mut mlops_artifacts) {
        drop(artifacts);
    }
}
