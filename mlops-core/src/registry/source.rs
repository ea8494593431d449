//! Where a version is from. Its files become its own: a list of them with their digests is stored with it, so that they stay
//! when the run or logged model is gone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::store::LocalRegistry;
use super::types::{VersionInfo, VersionOptions};
use super::uris::ModelUri;
use crate::base::digests::Digest;
use crate::base::names as base_names;
use crate::base::time::Timestamp;
use crate::error::{Code, Error, NO_OFFSET, Result};
use crate::runs::StoredArtifact;

pub(super) const MODELS: &str = "models:/";
const RUNS: &str = "runs:/";

/// Whose files a version has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesOf {
    /// Those in a folder of a run; all for an empty one.
    Run {
        /// The run.
        id: String,
        /// The folder.
        path: String,
    },
    /// Those in a folder of a logged model; all for an empty one.
    LoggedModel {
        /// The logged model.
        id: String,
        /// The folder.
        path: String,
    },
    /// Those of another version.
    Version {
        /// The name of its model.
        name: String,
        /// Its number.
        number: u64,
    },
}

/// What is found of a source.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) run_id: Option<String>,
    pub(super) model_id: Option<String>,
    pub(super) digest: Option<Digest>,
    pub(super) is_foreign: bool,
    /// What the version says for its source where that is not what was given: words that move become a number, and a version
    /// whose files are elsewhere the place where they are.
    pub(super) source: Option<String>,
}

/// A file in the list of a version.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ListedFile {
    pub(super) blake3: String,
    pub(super) path: String,
    pub(super) size: u64,
}

/// The list of files of a version: JSON with sorted keys and files, so that its digest stands for the files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileList {
    pub(super) files: Vec<ListedFile>,
}

impl FileList {
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes)
            .map_err(|e| Error::internal(format!("the list of files of a model version cannot be read: {e}")))
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|e| Error::internal(format!("cannot write the list of files of a model version: {e}")))
    }

    /// The digests of the files.
    pub(super) fn blobs(&self) -> impl Iterator<Item = Digest> {
        self.files.iter().filter_map(|file| Digest::from_hex(&file.blake3))
    }

    pub(super) fn into_files(self) -> BTreeMap<String, StoredArtifact> {
        let stored = |file: ListedFile| {
            let blob = Digest::from_hex(&file.blake3)?;
            Some((file.path, StoredArtifact { blob, size_bytes: file.size, at: Timestamp::default() }))
        };
        self.files.into_iter().filter_map(stored).collect()
    }
}

impl FilesOf {
    /// Whose files a source names; None for one that is elsewhere.
    pub fn of_source(source: &str) -> Option<Self> {
        Self::named_by(source).ok().flatten()
    }

    /// What a source says; None for one that is elsewhere, or that only the registry can tell ([`settled`](LocalRegistry::settled)).
    pub(super) fn named_by(source: &str) -> Result<Option<Self>> {
        if let Some(rest) = source.strip_prefix(RUNS) {
            let (id, path) = rest.trim_start_matches('/').split_once('/').unwrap_or((rest, ""));
            return Ok(Some(Self::Run { id: id.into(), path: path.trim_matches('/').into() }));
        }
        let Some(rest) = source.strip_prefix(MODELS.trim_end_matches('/')) else { return Ok(None) };
        let rest = rest.trim_matches('/');
        Ok(match rest.split_once('/') {
            Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Self::Version { name: name.into(), number: LocalRegistry::number_in(number)? })
            }
            Some(_) => None,
            None if rest.contains('@') => None,
            None => Some(Self::LoggedModel { id: rest.into(), path: String::new() }),
        })
    }
}

impl LocalRegistry {
    /// Finds the files of a version that is being made, and keeps them.
    pub(super) fn source(&self, options: &VersionOptions) -> Result<Found> {
        let named = match &options.files {
            Some(files) => Some(files.clone()),
            None => FilesOf::named_by(&options.source)?.map_or_else(|| self.settled(options), |of| Ok(Some(of)))?,
        };
        let Some(of) = named else {
            if options.must_exist {
                if options.source.starts_with(MODELS.trim_end_matches('/')) {
                    options.source.parse::<ModelUri>()?;
                }
                let hint =
                    " in this store; give `runs:/<run>/<path>`, `models:/<logged model>` or `models:/<name>/<number>`";
                return Err(Error::NotFound { what: "source", id: options.source.clone(), hint: hint.into() });
            }
            return Ok(Found::default());
        };
        match self.files_of(&of) {
            // Of no file nothing can be verified.
            Ok(Found { digest: None, .. }) if options.must_exist => {
                let hint = " in this store: it has none; log them first (of files that are elsewhere `external` makes a version)";
                Err(Error::NotFound { what: "file of the source", id: options.source.clone(), hint: hint.into() })
            }
            Ok(found) => Ok(found),
            Err(e) if !options.must_exist && matches!(e.code(), Code::NotFound | Code::InvalidArgument) => {
                // MLflow takes any text for a run.
                Ok(match of {
                    FilesOf::Run { id, .. } => Found { run_id: Some(id), ..Found::default() },
                    FilesOf::LoggedModel { id, .. } => Found { model_id: Some(id), ..Found::default() },
                    FilesOf::Version { .. } => Found::default(),
                })
            }
            Err(e) => Err(e),
        }
    }

    /// The version that a source names by an alias, a stage or `latest` now.
    fn settled(&self, options: &VersionOptions) -> Result<Option<FilesOf>> {
        let Ok(ModelUri::Alias { .. } | ModelUri::Stage { .. } | ModelUri::Latest { .. }) = options.source.parse()
        else {
            return Ok(None);
        };
        match self.version_of_uri(&options.source) {
            Ok(found) => Ok(Some(FilesOf::Version { name: found.name, number: found.version })),
            Err(e) if !options.must_exist && matches!(e.code(), Code::NotFound | Code::InvalidArgument) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn files_of(&self, of: &FilesOf) -> Result<Found> {
        match of {
            FilesOf::Run { id, path } => {
                base_names::check_run_id(id)?;
                let files =
                    self.runs.artifact_files(id, Some(path).filter(|path| !path.is_empty()).map(String::as_str))?;
                let digest = self.keep(&files, path)?;
                let is_foreign = self.runs.is_foreign(id)?;
                Ok(Found { run_id: Some(id.clone()), digest, is_foreign, ..Found::default() })
            }
            FilesOf::LoggedModel { id, path } => {
                let run_id = self.logged_models.get(id)?.model.source_run_id;
                let files =
                    self.logged_models.all_files(id, Some(path).filter(|path| !path.is_empty()).map(String::as_str))?;
                let digest = self.keep(&files, path)?;
                let is_foreign = self.logged_models.is_foreign(id)?;
                Ok(Found { run_id, model_id: Some(id.clone()), digest, is_foreign, ..Found::default() })
            }
            FilesOf::Version { name, number } => {
                let model = self.record(name)?;
                let info = self.version_record(&model, *number)?;
                if let Some(digest) = info.digest {
                    self.keep(&self.listed(&digest)?.into_files(), "")?;
                }
                let VersionInfo { run_id, model_id, digest, is_foreign, source, .. } = info;
                let source = if digest.is_some() { format!("{MODELS}{}/{number}", model.name) } else { source };
                Ok(Found { run_id, model_id, digest, is_foreign, source: Some(source) })
            }
        }
    }

    /// Stores the list of some files, and has a gc that is under way leave them alone; None for no files.
    fn keep(&self, files: &BTreeMap<String, StoredArtifact>, folder: &str) -> Result<Option<Digest>> {
        let inside = format!("{}/", folder.trim_end_matches('/'));
        let mut list = FileList { files: Vec::with_capacity(files.len()) };
        for (path, file) in files {
            if !self.blobs().keep(&file.blob)? {
                let detail = "its bytes are damaged or gone; `mlops fsck` says more".into();
                return Err(Error::Corrupt { path: path.into(), offset: NO_OFFSET, detail });
            }
            let below = if folder.is_empty() { path } else { path.strip_prefix(&inside).unwrap_or(path) };
            list.files.push(ListedFile { blake3: file.blob.to_hex(), path: below.into(), size: file.size_bytes });
        }
        if list.files.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.blobs().put(&list.to_bytes()?)?))
    }

    pub(super) fn listed(&self, digest: &Digest) -> Result<FileList> {
        FileList::read(&self.blobs().get(digest)?)
    }
}
