//! Files of runs: checked paths, blobs by digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::doc::StoredArtifact;
use super::store::Runs;
use super::types::{ArtifactInfo, ArtifactSource, Content};
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::names;
use crate::blob::BlobStore;
use crate::error::{Error, Result};

/// Stores the content of a file; returns its digest and size.
pub(crate) fn store(blobs: &dyn BlobStore, file: &ArtifactSource<'_>) -> Result<(Digest, u64)> {
    match file.content {
        Content::Bytes(bytes) => Ok((blobs.put(bytes)?, bytes.len() as u64)),
        Content::File(path) => {
            let mut opened = open_local(path)?;
            blobs.put_reader(&mut opened)
        }
        Content::Stored(put) => Ok((put.blob, put.size_bytes)),
    }
}

fn open_local(path: &Path) -> Result<File> {
    let missing = || Error::NotFound { what: "local file", id: path.display().to_string(), hint: String::new() };
    let refuse =
        |e: io::Error| if e.kind() == io::ErrorKind::NotFound { missing() } else { Error::io("open", path, e) };
    // Looked at before it is opened: opening a pipe would wait for a writer.
    if !path.metadata().map_err(refuse)?.is_file() {
        return Err(Error::InvalidArgument {
            what: "local file".into(),
            value: path.display().to_string(),
            expected: "a regular file".into(),
        });
    }
    File::open(path).map_err(refuse)
}

/// The normalised paths of new artifacts. No path may be a folder of another.
pub(crate) fn check_paths(existing: &BTreeSet<String>, files: &[ArtifactSource<'_>]) -> Result<Vec<String>> {
    let mut paths = Vec::with_capacity(files.len());
    let mut new = BTreeSet::new();
    for file in files {
        let path = names::check_artifact_path(&file.path)?;
        // What was logged earlier can still be read, but no longer one could be downloaded.
        for part in path.split('/') {
            let shown = || format!("the part `{}...` of an artifact path", part.chars().take(40).collect::<String>());
            limits::check(shown, part.len(), limits::PATH_PART_BYTES, "bytes")?;
        }
        if !new.insert(path.clone()) {
            return Err(clash(&path, "it is given twice in one call"));
        }
        paths.push(path);
    }
    for path in &paths {
        let inside = format!("{path}/");
        let mut behind = [existing, &new].into_iter().filter_map(|paths| paths.range(inside.clone()..).next());
        if behind.any(|other| other.starts_with(&inside)) {
            return Err(clash(path, "the run has artifacts in a folder of that name"));
        }
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        if let Some(file) = above.into_iter().find(|above| existing.contains(*above) || new.contains(*above)) {
            return Err(clash(path, &format!("`{file}` is a file")));
        }
    }
    Ok(paths)
}

fn clash(path: &str, why: &str) -> Error {
    Error::Conflict { detail: format!("cannot log the artifact `{path}`: {why}; choose another path") }
}

/// The file or the files beneath a folder; None: all. `hint` ends the error for none.
pub(crate) fn select(
    files: BTreeMap<String, StoredArtifact>,
    hint: &str,
    path: Option<&str>,
) -> Result<BTreeMap<String, StoredArtifact>> {
    let Some(path) = path.filter(|path| !path.is_empty()) else { return Ok(files) };
    let path = names::check_artifact_path(path)?;
    let inside = format!("{path}/");
    let found: BTreeMap<_, _> =
        files.into_iter().filter(|(file, _)| *file == path || file.starts_with(&inside)).collect();
    if found.is_empty() {
        return Err(Error::NotFound { what: "artifact", id: path, hint: hint.into() });
    }
    Ok(found)
}

/// The files and folders directly in a folder, sorted by path; for the path of a file, that file.
pub(crate) fn listed(
    files: BTreeMap<String, StoredArtifact>,
    hint: &str,
    path: Option<&str>,
) -> Result<Vec<ArtifactInfo>> {
    let folder = path.filter(|path| !path.is_empty()).map(names::check_artifact_path).transpose()?;
    let files = match select(files, hint, folder.as_deref()) {
        Err(Error::NotFound { what: "artifact", .. }) => return Ok(Vec::new()),
        other => other?,
    };
    let inside = folder.map(|folder| folder + "/");
    let mut found: BTreeMap<String, ArtifactInfo> = BTreeMap::new();
    for (path, file) in files {
        let below = inside.as_deref().and_then(|inside| path.strip_prefix(inside)).unwrap_or(&path);
        let inside_len = path.len() - below.len();
        let info = match below.find('/') {
            // The listed path itself is a file, or the file stands directly in the folder.
            None => ArtifactInfo { path, is_dir: false, size_bytes: file.size_bytes, digest: Some(file.blob) },
            Some(_) if inside.is_some() && inside_len == 0 => {
                ArtifactInfo { path, is_dir: false, size_bytes: file.size_bytes, digest: Some(file.blob) }
            }
            Some(slash) => {
                let folder = path.get(..inside_len + slash).unwrap_or(&path).to_owned();
                ArtifactInfo { path: folder, is_dir: true, size_bytes: 0, digest: None }
            }
        };
        found.insert(info.path.clone(), info);
    }
    Ok(found.into_values().collect())
}

/// The one file at a path, of those that [`select`] found.
pub(crate) fn one(files: &BTreeMap<String, StoredArtifact>, path: &str) -> Result<StoredArtifact> {
    files.get(path).copied().ok_or_else(|| Error::InvalidArgument {
        what: "artifact".into(),
        value: path.into(),
        expected: "the path of a file; this is a folder".into(),
    })
}

/// Copies files beneath `dest`, at their own paths; `id` gives names that nobody has. What can be copied is, before an error
/// names what cannot: of two processes one may have logged a file and the other a folder of that name.
pub(crate) fn download(
    blobs: &dyn BlobStore,
    id: &dyn Fn() -> String,
    files: &BTreeMap<String, StoredArtifact>,
    dest: &Path,
) -> Result<()> {
    std::fs::create_dir_all(dest).map_err(|e| Error::io("create folder", dest, e))?;
    let mut left = Vec::new();
    for (path, file) in files {
        match download_one(blobs, &id(), file, &dest.join(names::check_artifact_path(path)?)) {
            Err(Error::Io { source, .. }) if is_in_the_way(&source) => left.push((path, source)),
            done => done?,
        }
    }
    let Some((_, source)) = left.first() else { return Ok(()) };
    Err(Error::Conflict {
        detail: format!(
            "{} of {} artifacts cannot be written beneath {}: {} ({source}). The others are there; these can be read one by one",
            left.len(),
            files.len(),
            dest.display(),
            left.iter().take(NAMED).map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ")
                + if left.len() > NAMED { ", ..." } else { "" },
        ),
    })
}

/// Most paths that an error names.
const NAMED: usize = 10;

/// True if a file cannot stand at its path, because of what stands there or of its name.
fn is_in_the_way(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, IsADirectory, NotADirectory};
    matches!(error.kind(), AlreadyExists | InvalidFilename | IsADirectory | NotADirectory)
}

fn download_one(blobs: &dyn BlobStore, id: &str, file: &StoredArtifact, target: &Path) -> Result<()> {
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create folder", folder, e))?;
    }
    let tmp = target.with_file_name(format!(".mlops-{id}"));
    let written = File::create_new(&tmp).map_err(|e| Error::io("create", &tmp, e)).and_then(|mut out| {
        blobs.read_to(&file.blob, &mut out)?;
        std::fs::rename(&tmp, target).map_err(|e| Error::io("rename", &tmp, e))
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&tmp);
    }
    written
}

impl Runs {
    /// The artifact at a path, or those in the folder there (None: all), by path.
    pub(crate) fn artifact_files(&self, run: &str, path: Option<&str>) -> Result<BTreeMap<String, StoredArtifact>> {
        select(self.core.for_reading()?.view(run)?.artifacts, &hint(run), path)
    }

    /// The files and folders directly in the artifact folder `path` (None: the top), sorted by path; for the path of
    /// a file, that file. A folder that does not exist is empty.
    ///
    /// # Errors
    /// `NotFound` for an unknown run, `InvalidArgument` for a path that leaves the artifacts.
    pub fn list_artifacts(&self, run_id: &str, path: Option<&str>) -> Result<Vec<ArtifactInfo>> {
        listed(self.artifact_files(run_id, None)?, &hint(run_id), path)
    }

    /// The bytes of one artifact, verified against their digest.
    ///
    /// # Errors
    /// `NotFound` for an unknown run or path, `InvalidArgument` for a folder, `Corrupt` if the bytes are damaged.
    pub fn read_artifact(&self, run_id: &str, path: &str) -> Result<Vec<u8>> {
        let path = names::check_artifact_path(path)?;
        self.core.blobs.get(&one(&self.artifact_files(run_id, Some(&path))?, &path)?.blob)
    }

    /// Copies an artifact file or folder (None: all) beneath `dest`, at its own path, and returns where it is. Every
    /// file is verified before it gets its name; existing files are replaced.
    ///
    /// # Errors
    /// As [`read_artifact`](Self::read_artifact), and `Io`; `Conflict` that names files that cannot stand at their path,
    /// such as below another file: the others are there.
    pub fn download_artifacts(&self, run_id: &str, path: Option<&str>, dest: &Path) -> Result<PathBuf> {
        let files = self.artifact_files(run_id, path)?;
        download(&*self.core.blobs, &|| self.core.ids.next_hex(), &files, dest)?;
        Ok(path.map_or_else(|| dest.to_path_buf(), |path| dest.join(path)))
    }
}

/// What an error adds that finds no artifact.
pub(super) fn hint(run: &str) -> String {
    format!("; `mlops runs artifacts {run}` shows what the run has")
}
