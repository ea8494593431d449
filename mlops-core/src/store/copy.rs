//! Copies the files of a store that others may be writing to.
//!
//! The order makes the copy hold all that was acknowledged before it began. What the spool had is copied first; what
//! went from there into the journal before is in the journal, which is copied next; the blobs that both name were
//! whole before they were named, and are copied last. A file that grows is copied up to its length at that moment, so
//! it may end within a frame, as after a crash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backup::BackupOptions;
use crate::base::beneath::Folder;
use crate::base::findings::Finding;
use crate::error::{Error, Result};

/// How much is read and written at a time, in bytes.
const CHUNK_BYTES: usize = 1 << 20;
/// The folders of a copy, and those of them whose files are logs.
const FOLDERS: [&str; 5] = ["spool", "journal", "blobs", "blobs/packs", "blobs/objects"];
const LOGS: [&str; 3] = ["spool", "journal", "blobs/packs"];
/// How often folders are looked at again because of what came or went while they were copied.
const TRIES: u32 = 10;

/// One copy under way.
pub(super) struct Copier<'a> {
    options: &'a BackupOptions<'a>,
    source: Arc<Folder>,
    dest: &'a Path,
    /// Every file that was copied, beneath the root, and how much of it.
    copied: BTreeMap<PathBuf, u64>,
    /// What is not a file or folder where one belongs; left out.
    pub(super) findings: Vec<Finding>,
    bytes: u64,
}

impl<'a> Copier<'a> {
    pub(super) fn new(options: &'a BackupOptions<'a>, source: &Path, dest: &'a Path) -> Result<Self> {
        let source = Arc::new(Folder::root(source)?);
        Ok(Self { options, source, dest, copied: BTreeMap::new(), findings: Vec::new(), bytes: 0 })
    }

    /// Copies everything that is no index, no lock and not half made.
    pub(super) fn copy(&mut self) -> Result<()> {
        for folder in FOLDERS {
            self.options.files.create_dir_all(&self.dest.join(folder))?;
        }
        self.spool_and_journal()?;
        self.blobs()?;
        let root = self.source.clone();
        for name in ["format", ".gitignore"] {
            self.file(&root, Path::new(name), u64::MAX)?;
        }
        if !self.copied.contains_key(Path::new(".gitignore")) {
            let file = self.options.files.create_new(&self.dest.join(".gitignore"))?;
            file.write_at(b"*\n", 0)?;
            file.sync()?;
        }
        Ok(())
    }

    /// A log that is gone when the journal is copied may have gone with the mark that says that it was drained, and
    /// the copy would drain it again: then both are copied anew.
    fn spool_and_journal(&mut self) -> Result<()> {
        for _ in 0..TRIES {
            self.folder(Path::new("spool"))?;
            let logs: Vec<PathBuf> = self.copied.keys().cloned().collect();
            let whole = self.folder(Path::new("journal"))?;
            self.journal_is_there()?;
            if whole && logs.iter().all(|log| self.source.path().join(log).symlink_metadata().is_ok()) {
                return Ok(());
            }
            self.findings.clear();
            for path in std::mem::take(&mut self.copied).into_keys() {
                self.options.files.remove(&self.dest.join(path))?;
            }
        }
        Err(Error::Busy { detail: "the store removes files faster than they are copied; try again".into() })
    }

    /// A journal without files beside an index is not a new store: its truth is gone, and an index is never copied.
    fn journal_is_there(&mut self) -> Result<()> {
        let any = self.copied.keys().any(|path| path.starts_with("journal"));
        let path = self.source.path().join("journal");
        if !any && self.findings.is_empty() && self.source.path().join("index").symlink_metadata().is_ok() {
            let error = Error::corrupt(&path, 0, "the files of the journal are missing");
            return self.leave_out::<()>(error).map(drop);
        }
        Ok(())
    }

    /// A pack that is written anew while it is copied appears under another name before the old one goes, so the
    /// folders are looked at until there is nothing new; not for ever, since others may write as fast as this copies.
    fn blobs(&mut self) -> Result<()> {
        let objects = Path::new("blobs/objects");
        for _ in 0..TRIES {
            let before = self.copied.len();
            self.folder(Path::new("blobs/packs"))?;
            let shards = self.opened(objects)?.map_or(Ok(Vec::new()), |folder| folder.names())?;
            for shard in shards {
                self.folder(&objects.join(shard))?;
            }
            if self.copied.len() == before {
                break;
            }
        }
        Ok(())
    }

    /// Copies the files of a folder that are not copied yet and not half made; false if one of them went meanwhile.
    fn folder(&mut self, path: &Path) -> Result<bool> {
        let Some(folder) = self.opened(path)? else { return Ok(true) };
        self.options.files.create_dir_all(&self.dest.join(path))?;
        let mut whole = true;
        for name in folder.names()? {
            let name = Path::new(&name);
            let left_out = self.findings.iter().any(|finding| finding.path == folder.path().join(name));
            let half_made = name.extension().is_some_and(|ending| ending == "tmp");
            if !left_out && !half_made && !self.copied.contains_key(&path.join(name)) {
                let found = self.file(&folder, name, u64::MAX)?;
                whole &= found || self.findings.last().is_some_and(|last| last.path == folder.path().join(name));
            }
        }
        Ok(whole)
    }

    /// A folder beneath the root; None if there is none.
    fn opened(&mut self, path: &Path) -> Result<Option<Arc<Folder>>> {
        let mut folder = self.source.clone();
        for name in path {
            match folder.folder(Path::new(name)) {
                Ok(Some(inner)) => folder = Arc::new(inner),
                Ok(None) => return Ok(None),
                Err(error) => return self.leave_out(error),
            }
        }
        Ok(Some(folder))
    }

    /// Copies a file, at most `limit` bytes; false if there is none.
    fn file(&mut self, folder: &Folder, name: &Path, limit: u64) -> Result<bool> {
        let opened = folder.file(name).or_else(|error| self.leave_out(error))?;
        let Some(source) = opened else { return Ok(false) };
        let whole = folder.path().join(name);
        let path = whole.strip_prefix(self.source.path()).unwrap_or(name).to_path_buf();
        let about = source.metadata().map_err(|e| Error::io("look at", &whole, e))?;
        let source = self.options.files.handle(source, &whole);
        let dest = self.options.files.create_new(&self.dest.join(&path))?;
        let length = about.len().min(limit);
        let mut chunk = vec![0; usize::try_from(length).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)];
        let mut offset = 0;
        while offset < length {
            let wanted = usize::try_from(length - offset).unwrap_or(CHUNK_BYTES).min(chunk.len());
            let read = source.read_at(chunk.get_mut(..wanted).unwrap_or_default(), offset)?;
            if read == 0 {
                // Cut meanwhile: what stood there was never acknowledged.
                break;
            }
            dest.write_at(chunk.get(..read).unwrap_or_default(), offset)?;
            offset += read as u64;
            self.bytes += read as u64;
            self.tell();
        }
        // The times of the spool say when a writer last lived.
        if let Ok(modified) = about.modified() {
            let _ = dest.file().set_modified(modified);
        }
        dest.sync()?;
        self.copied.insert(path, length);
        Ok(true)
    }

    /// Copies log files again that do not match their checksums, up to the length that they had: an append that failed
    /// and was made again while they were read looks like damage. True if there was one.
    pub(super) fn again(&mut self, damaged: &[Finding]) -> Result<bool> {
        let mut paths: Vec<&Path> = damaged.iter().filter_map(|one| one.path.strip_prefix(self.dest).ok()).collect();
        paths.dedup();
        let mut again = false;
        for path in paths {
            let is_log = LOGS.iter().any(|folder| path.starts_with(folder));
            let (Some(length), Some(parent), Some(name)) =
                (self.copied.get(path).copied().filter(|_| is_log), path.parent(), path.file_name())
            else {
                continue;
            };
            self.options.files.remove(&self.dest.join(path))?;
            let folder = self.opened(parent)?;
            if !folder.map_or(Ok(false), |folder| self.file(&folder, Path::new(name), length))? {
                let detail = format!("the file {} went away while it was copied; try again", path.display());
                return Err(Error::Busy { detail });
            }
            again = true;
        }
        Ok(again)
    }

    /// Forces the names of all files to the disk.
    pub(super) fn sync_folders(&self) -> Result<()> {
        let mut folders: Vec<PathBuf> = FOLDERS.map(PathBuf::from).into();
        folders.extend(self.copied.keys().filter_map(|path| path.parent()).map(Path::to_path_buf));
        folders.sort();
        folders.dedup();
        folders.iter().try_for_each(|folder| self.options.files.sync_dir(&self.dest.join(folder)))
    }

    fn leave_out<T>(&mut self, error: Error) -> Result<Option<T>> {
        match error {
            Error::Corrupt { path, offset, detail } if self.options.keep_going => {
                let finding = Finding { path, offset, problem: format!("{detail}; left out"), repair: None };
                if !self.findings.contains(&finding) {
                    self.findings.push(finding);
                }
                Ok(None)
            }
            other => Err(other),
        }
    }

    fn tell(&self) {
        if let Some(progress) = self.options.progress {
            progress(self.copied.len() as u64, self.bytes);
        }
    }
}
