//! Conveniences of a run that every language offers.

use std::path::Path;

use super::{ArtifactSource, Batch, Content, MetricDefinition, Run, definitions, tags};
use crate::error::{Error, Result};

/// Conveniences over [`Run`]; every run has them.
pub trait RunExt: Run {
    /// Sets one tag.
    ///
    /// # Errors
    /// As [`log_batch`](Run::log_batch).
    fn set_tag(&self, key: &str, value: &str) -> Result<()> {
        self.log_batch(&Batch { tags: vec![(key.into(), value.into())], ..Batch::default() })
    }

    /// Says what sums up a metric, or all whose names match `name` with `*` for any text; over what was said before.
    /// [`Runs::summary`](super::Runs::summary) shows it.
    ///
    /// # Errors
    /// `InvalidArgument` for a definition that cannot be; as [`log_batch`](Run::log_batch).
    fn define_metric(&self, name: &str, definition: &MetricDefinition) -> Result<()> {
        let tag = definitions::tag(name, definition)?;
        self.log_batch(&Batch { tags: vec![tag], ..Batch::default() })
    }

    /// Writes the run's note, over what it was; an empty text removes it.
    ///
    /// # Errors
    /// As [`log_batch`](Run::log_batch).
    fn set_note(&self, text: &str) -> Result<()> {
        if text.is_empty() { self.delete_tag(tags::DESCRIPTION) } else { self.set_tag(tags::DESCRIPTION, text) }
    }

    /// Stores bytes as the artifact `path`, replacing what is there.
    ///
    /// # Errors
    /// As [`log_files`](Run::log_files).
    fn log_bytes(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.log_files(&[ArtifactSource { path: path.into(), content: Content::Bytes(bytes) }])
    }

    /// Stores a file or folder under its own name in the artifact folder `folder` (None: at the top).
    ///
    /// # Errors
    /// `InvalidArgument` for a name that is not UTF-8; as [`log_files`](Run::log_files).
    fn log_artifact(&self, local: &Path, folder: Option<&str>) -> Result<()> {
        let name = local.file_name().and_then(|name| name.to_str()).ok_or_else(|| Error::InvalidArgument {
            what: "local path".into(),
            value: local.display().to_string(),
            expected: "the path of a file or folder with a name in UTF-8".into(),
        })?;
        let path = join(folder, name);
        if local.is_dir() {
            return self.log_artifacts(local, Some(&path));
        }
        self.log_files(&[ArtifactSource { path, content: Content::File(local) }])
    }

    /// Stores all files beneath a local folder, with their relative paths, in the artifact folder `folder`. All or
    /// nothing. Links to folders are not followed.
    ///
    /// # Errors
    /// `Io` if the folder cannot be listed; `InvalidArgument` for a name that is not UTF-8; as
    /// [`log_files`](Run::log_files).
    fn log_artifacts(&self, local: &Path, folder: Option<&str>) -> Result<()> {
        let mut found = Vec::new();
        walk(local, folder, &mut found)?;
        let files: Vec<_> = found
            .iter()
            .map(|(path, local)| ArtifactSource { path: path.clone(), content: Content::File(local) })
            .collect();
        self.log_files(&files)
    }
}

impl<R: Run + ?Sized> RunExt for R {}

fn join(folder: Option<&str>, name: &str) -> String {
    folder.filter(|folder| !folder.is_empty()).map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"))
}

fn walk(local: &Path, folder: Option<&str>, found: &mut Vec<(String, std::path::PathBuf)>) -> Result<()> {
    let list = |e| Error::io("list", local, e);
    let mut entries = std::fs::read_dir(local).map_err(list)?.collect::<std::io::Result<Vec<_>>>().map_err(list)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().into_string().map_err(|name| Error::InvalidArgument {
            what: "file name".into(),
            value: name.to_string_lossy().into_owned(),
            expected: "a name in UTF-8".into(),
        })?;
        let inner = join(folder, &name);
        if entry.file_type().map_err(list)?.is_dir() {
            walk(&path, Some(&inner), found)?;
        } else if !path.is_dir() {
            // A link to nothing or a pipe is refused when it is stored: nothing is left out in silence.
            found.push((inner, path));
        }
    }
    Ok(())
}
