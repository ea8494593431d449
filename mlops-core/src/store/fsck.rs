//! Checks every byte of a store, and mends what can be mended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::Store;
use super::format;
use super::local::{self, Layout};
use super::location::{self, Location};
use super::make;
use super::open::OpenOptions;
use crate::base::files::Files;
use crate::base::findings::Finding;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::blob::BlobStore;
use crate::blob::local::{LocalBlobOptions, LocalBlobs};
use crate::error::{Error, Result};
use crate::log::{self, LogKind, LogReader};
use crate::runs::{self, Reference};
use crate::spool::{self, Mark, WriterFiles};
use crate::storage::journal::{self, Entries, Index, MemoryIndex, VerifyOptions};
use crate::storage::shared::{self, OwnerLock};

/// How often, and how long between, what looks damaged in a store in use is looked at again.
const LOOKS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What [`fsck`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FsckReport {
    /// How many files were read.
    pub files: u64,
    /// How many bytes were checked.
    pub bytes: u64,
    /// What is wrong, one a place; empty if all is well.
    pub findings: Vec<Finding>,
    /// What runs refer to and cannot be read, a line each: it was damaged, or a file is gone as a whole. A repair does
    /// not bring it back.
    pub lost: Vec<String>,
    /// The ids of runs whose records were lost and that a repair made again from their sealed points: as they ended, with
    /// what came later missing, or from their points alone if they did not.
    pub made_again: Vec<String>,
}

/// Reads and checks every byte of the store at `uri` that is no index; with `repair`, mends what can be mended:
/// what is damaged is set aside under `trash/`, indexes are made again, and each finding says what is lost, if
/// anything: the store must not be open in a process then. Without it, a store in use is checked as it is.
///
/// # Errors
/// `NotFound` if there is no store, `Locked`, `NewerFormat`, `Io`. Damage is a finding, not an error.
pub fn fsck(uri: &str, repair: bool) -> Result<FsckReport> {
    let folder = match location::resolve(uri)? {
        Location::Folder(folder) => folder,
        Location::Memory => {
            return Err(Error::Unsupported { detail: "a store in memory has no files to check".into() });
        }
    };
    let layout = Layout::new(&folder);
    make::check_access(&folder)?;
    if !local::exists(&layout) {
        return Err(Error::NotFound { what: "store", id: folder.display().to_string(), hint: String::new() });
    }
    let files = Files::default().beneath(&folder);
    // Nobody may write while files are mended. A folder that cannot be written is checked without.
    let lock = match OwnerLock::acquire(&folder, &files) {
        Err(e) if repair || !matches!(e, Error::Io { .. } | Error::ReadOnly { .. }) => return Err(e),
        Ok(None) if repair => {
            return Err(shared::held(&folder, &files, "; close it there, or check it without repair"));
        }
        Ok(None) => return in_use(&files, &layout),
        lock => lock.ok().flatten(),
    };
    let mut check = Check { repair, ..Check::new(files, layout) };
    let index: Box<dyn Index> = if repair || check.layout.index().is_dir() {
        local::index(&check.layout, &check.files, &(Arc::new(TimeOrderedIds) as Arc<dyn IdSource>))
    } else {
        // A check makes no index.
        Box::new(MemoryIndex)
    };
    let mut lost = check.everything(&*index)?;
    drop((index, lock));
    if check.make_again()? {
        lost = check.references()?;
    }
    check.forget_values(&lost)?;
    Ok(check.finish())
}

/// Checks a store that others write to. What they were just changing may look wrong: damage is what is found again.
fn in_use(files: &Files, layout: &Layout) -> Result<FsckReport> {
    let check = || -> Result<FsckReport> {
        let mut check = Check::new(files.clone(), layout.clone());
        check.everything(&MemoryIndex)?;
        Ok(check.finish())
    };
    let mut report = check()?;
    for _ in 0..LOOKS {
        if report.findings.is_empty() && report.lost.is_empty() {
            break;
        }
        std::thread::sleep(BETWEEN_LOOKS);
        let again = check()?;
        let findings = again.findings.iter().filter(|finding| report.findings.contains(finding)).cloned().collect();
        let lost = again.lost.iter().filter(|lost| report.lost.contains(lost)).cloned().collect();
        report = FsckReport { findings, lost, ..again };
    }
    Ok(report)
}

/// Reads and checks every byte of a copy that nobody else has open, and changes nothing in it.
pub(super) fn check_copy(folder: &Path, files: &Files) -> Result<FsckReport> {
    let layout = Layout::new(folder);
    let mut check = Check::new(files.beneath(folder), layout);
    check.everything(&MemoryIndex)?;
    Ok(check.finish())
}

struct Check {
    files: Files,
    layout: Layout,
    repair: bool,
    /// The journal was mended, and had more than what is left of it.
    lost_records: bool,
    report: FsckReport,
}

impl Check {
    fn new(files: Files, layout: Layout) -> Self {
        Self { files, layout, repair: false, lost_records: false, report: FsckReport::default() }
    }

    /// Checks everything; returns what is lost.
    fn everything(&mut self, index: &dyn Index) -> Result<Vec<Reference>> {
        if self.planted(&self.layout.root.clone())? && !self.repair {
            // What stands behind a link is not read.
            return Ok(Vec::new());
        }
        let owner = self.format()?;
        self.ignore()?;
        let blobs = self.open_blobs(true)?;
        self.lost_records = self.files.list(&self.layout.journal())?.is_empty();
        let journal = journal::verify(&VerifyOptions {
            folder: &self.layout.journal(),
            trash: &self.layout.trash(),
            files: &self.files,
            owner,
            index,
            accept: &|state| runs::references_hold(state, &blobs),
            again: &|state, changes| runs::comes_again(changes, &|writer| self.goes_back(state, writer)),
            repair: self.repair,
        })?;
        self.lost_records |= journal.lost;
        self.add(journal.files, journal.bytes, journal.findings);
        self.blobs()?;
        self.spool()?;
        self.references()
    }

    /// True if a writer's files go back to where it is drained in a state of the journal.
    fn goes_back(&self, state: &Entries, writer: Uuid) -> bool {
        let mark = state.get(&Mark::key(writer)).map_or(Ok(Mark::default()), |mark| Mark::decode(mark));
        let writer = WriterFiles { folder: self.layout.spool(), writer };
        mark.is_ok_and(|mark| writer.log_path(mark.file).is_file())
    }

    /// What errors tell the user to do is what this does.
    fn finish(mut self) -> FsckReport {
        for finding in &mut self.report.findings {
            for advice in ["; run `mlops fsck --repair`", "; run `mlops fsck`"] {
                finding.problem = finding.problem.replace(advice, "");
            }
        }
        self.report
    }

    fn add(&mut self, files: u64, bytes: u64, findings: Vec<Finding>) {
        self.report.files += files;
        self.report.bytes += bytes;
        self.report.findings.extend(findings);
    }

    /// Links, pipes and devices, which nothing here follows or reads; with repair they are moved to the trash. True if
    /// there are some.
    fn planted(&mut self, folder: &Path) -> Result<bool> {
        let mut found = false;
        for path in self.files.list(folder)? {
            let Ok(kind) = path.symlink_metadata().map(|meta| meta.file_type()) else { continue };
            if kind.is_dir() {
                found |= path != self.layout.index() && path != self.layout.trash() && self.planted(&path)?;
            } else if !kind.is_file() {
                found = true;
                let repair = self.repair.then(|| self.move_to_trash(&path)).transpose()?;
                let problem = "it is no file: links, pipes and devices are not followed, and nothing else was checked";
                let problem =
                    if self.repair { "it is no file; links, pipes and devices are not followed" } else { problem };
                self.finding(&path, 0, problem, repair.map(|aside| format!("moved to {aside}")));
            }
        }
        Ok(found)
    }

    fn move_to_trash(&self, path: &Path) -> Result<String> {
        let aside = self.place_in_trash(path)?;
        self.files.rename(path, &aside)?;
        Ok(aside.display().to_string())
    }

    fn place_in_trash(&self, path: &Path) -> Result<PathBuf> {
        self.files.create_dir_all(&self.layout.trash())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(self.layout.trash().join(format!("{name}-{}", TimeOrderedIds.next_hex())))
    }

    fn finding(&mut self, path: &Path, offset: u64, problem: impl Into<String>, repair: Option<String>) {
        self.report.findings.push(Finding { path: path.into(), offset, problem: problem.into(), repair });
    }

    /// Reads a small file; counts it.
    fn read(&mut self, path: &Path) -> Result<Option<Vec<u8>>> {
        let bytes = self.files.read(path)?;
        if let Some(bytes) = &bytes {
            self.report.files += 1;
            self.report.bytes += bytes.len() as u64;
        }
        Ok(bytes)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let tmp = self.layout.tmp().join(format!("fsck-{}", TimeOrderedIds.next_hex()));
        self.files.create_dir_all(&self.layout.tmp())?;
        self.files.write_atomic(path, &tmp, bytes)
    }

    /// The format file can be made again: the store's id stands in the header of every journal file. Returns the id.
    fn format(&mut self) -> Result<Uuid> {
        let path = self.layout.format();
        self.read(&path)?;
        let problem = match format::read(&self.files, &path) {
            Ok(Some(id)) => return Ok(id),
            Ok(None) => "the format file is missing".to_owned(),
            Err(Error::Corrupt { detail, .. }) => detail,
            Err(e) => return Err(e),
        };
        let id = self.id_from_journal()?;
        let repair = match (self.repair, id) {
            (true, Some(id)) => {
                self.write(&path, format::text(format::VERSION, id).as_bytes())?;
                Some("written again with the id that the journal names".to_owned())
            }
            _ => None,
        };
        self.finding(&path, 0, problem, repair);
        Ok(id.unwrap_or_default())
    }

    fn id_from_journal(&self) -> Result<Option<Uuid>> {
        for path in self.files.list(&self.layout.journal())? {
            for kind in [LogKind::Journal, LogKind::Checkpoint] {
                if let Ok(Some(log)) = LogReader::open(&self.files, &path, kind) {
                    return Ok(Some(log.header().owner));
                }
            }
        }
        Ok(None)
    }

    fn ignore(&mut self) -> Result<()> {
        let path = self.layout.ignore();
        if self.read(&path)?.as_deref() == Some(b"*\n") {
            return Ok(());
        }
        let repair = if self.repair {
            self.write(&path, b"*\n")?;
            Some("written again".to_owned())
        } else {
            None
        };
        self.finding(&path, 0, "the file is not what it was made as; Git may see the store's files", repair);
        Ok(())
    }

    fn open_blobs(&self, read_only: bool) -> Result<LocalBlobs> {
        LocalBlobs::open(LocalBlobOptions {
            folder: self.layout.blobs(),
            tmp: self.layout.tmp(),
            trash: self.layout.trash(),
            files: self.files.clone(),
            ids: Arc::new(TimeOrderedIds),
            read_only,
        })
    }

    fn blobs(&mut self) -> Result<()> {
        let blobs = self.open_blobs(!self.repair)?;
        let mended = if self.repair { blobs.repair()? } else { Vec::new() };
        let mut found = Vec::new();
        let stats = blobs.verify(&mut |damage| found.push(damage))?;
        self.add(stats.count, stats.bytes, mended);
        for damage in found {
            match damage {
                Error::Corrupt { path, offset, detail } => self.finding(&path, offset, detail, None),
                other => return Err(other),
            }
        }
        Ok(())
    }

    fn spool(&mut self) -> Result<()> {
        for writer in spool::list_writers(&self.files, &self.layout.spool())? {
            self.writer(&writer)?;
        }
        Ok(())
    }

    /// Every record of a writer; with repair, a copy is set aside and the whole records are kept.
    fn writer(&mut self, writer: &WriterFiles) -> Result<()> {
        for number in writer.log_numbers(&self.files)? {
            let path = writer.log_path(number);
            let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
            let mut damage = log::check(&self.files, &path, LogKind::Spool, writer.writer, false)?;
            let mut aside = None;
            if self.repair && !damage.is_empty() {
                aside = Some(self.set_aside_copy(&path)?);
                damage = log::check(&self.files, &path, LogKind::Spool, writer.writer, true)?;
            }
            self.add(1, size, Vec::new());
            for log::Damage { offset, detail, lost } in damage {
                let lost = match lost {
                    Some(0) => String::new(),
                    Some(1) => "; one record of a run cannot be read unless it was drained before".to_owned(),
                    Some(count) => format!("; {count} records of runs cannot be read unless they were drained before"),
                    None => "; the records of runs behind it cannot be read unless they were drained before".to_owned(),
                };
                let repair =
                    aside.as_ref().map(|aside| format!("the other records are kept, a copy of the file is {aside}"));
                self.finding(&path, offset, format!("{detail}{lost}"), repair);
            }
        }
        Ok(())
    }

    /// What runs refer to is looked for: a file that is gone as a whole leaves no damage behind.
    fn references(&mut self) -> Result<Vec<Reference>> {
        let uri = self.layout.root.display().to_string();
        let options = OpenOptions { uri, read_only: true, must_exist: true, ..OpenOptions::default() };
        let blobs = self.layout.blobs();
        let damaged = self.report.findings.iter().any(|finding| finding.path.starts_with(&blobs));
        let read = damaged && !self.repair;
        let looked = |store: Store| {
            let mut others = store.logged_models().lost(read)?;
            others.extend(store.registry().lost(read)?);
            Ok((store.runs().lost(read)?, others))
        };
        match options.open().and_then(looked) {
            Ok((lost, others)) => {
                self.report.lost = lost.iter().map(ToString::to_string).chain(others).collect();
                Ok(lost)
            }
            Err(Error::Corrupt { path, offset, detail }) => {
                // What was found before is why.
                if self.report.findings.is_empty() {
                    self.finding(&path, offset, detail, None);
                }
                Ok(Vec::new())
            }
            Err(e) => Err(e),
        }
    }

    /// With repair, runs whose records are lost are made again from what was sealed of them. True if there were some.
    fn make_again(&mut self) -> Result<bool> {
        if !self.repair || !self.lost_records {
            return Ok(false);
        }
        // What the spool has left is in storage before it is asked what is lost.
        let store = self.open()?;
        self.report.made_again = store.runs().make_again(&self.open_blobs(true)?.digests()?)?;
        store.close()?;
        let done = format!("{} runs were made again from their sealed points", self.report.made_again.len());
        for finding in self.report.findings.iter_mut().filter(|finding| finding.path == self.layout.journal()) {
            finding.repair.get_or_insert_with(|| done.clone());
        }
        Ok(!self.report.made_again.is_empty())
    }

    fn open(&self) -> Result<Store> {
        let uri = self.layout.root.display().to_string();
        OpenOptions { uri, must_exist: true, ..OpenOptions::default() }.open()
    }

    /// With repair, what cannot be read does not stand in the way of the rest of its run.
    fn forget_values(&self, lost: &[Reference]) -> Result<()> {
        if !self.repair || self.report.lost.is_empty() {
            return Ok(());
        }
        let forgotten = self.open().and_then(|store| {
            store.runs().forget_values(lost)?;
            store.logged_models().forget_lost()?;
            store.registry().forget_lost()?;
            store.close()
        });
        match forgotten {
            // What was found before is why; the files are mended all the same.
            Err(Error::Corrupt { .. }) => Ok(()),
            done => done,
        }
    }

    fn set_aside_copy(&self, path: &Path) -> Result<String> {
        let aside = self.place_in_trash(path)?;
        self.files.copy(path, &aside)?;
        Ok(aside.display().to_string())
    }
}
