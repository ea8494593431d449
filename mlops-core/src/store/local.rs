//! A store in a folder: its files, its layers, and what the dead left in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::format;
use super::gc::Disk;
use super::open::OpenOptions;
use crate::base::clock::Clock;
use crate::base::files::{FileHandle, Files};
use crate::base::ids::IdSource;
use crate::base::os;
use crate::base::sharing::Sharing;
use crate::blob::local::{LocalBlobOptions, LocalBlobs};
use crate::blob::overlay::OverlayBlobs;
use crate::blob::{Amount, BlobStore};
use crate::error::{Error, Result};
use crate::runs::{self, Runs};
use crate::settings;
use crate::spool::{DRAINED_STAYS, Mark, Spool, SpoolOptions, WriterFiles, list_writers};
use crate::storage::journal::{self, Journal, JournalOptions};
use crate::storage::shared::{OwnerLock, Shared};
use crate::storage::{Durability, Op, Outcome, Storage};

/// A spool file above this size is followed by the next, in bytes.
const SPOOL_FILE_BYTES: u64 = 16 << 20;

/// What a store is made of.
pub(super) struct LocalParts {
    pub(super) id: Uuid,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) blobs: Arc<dyn BlobStore>,
    pub(super) spool: Spool,
    pub(super) dead: Option<DeadWriters>,
    pub(super) disk: Option<Disk>,
}

/// The folders and files of a store.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
}

impl Layout {
    pub(super) fn new(folder: &Path) -> Self {
        Self { root: folder.to_path_buf() }
    }

    pub(super) fn format(&self) -> PathBuf {
        self.root.join("format")
    }

    pub(super) fn ignore(&self) -> PathBuf {
        self.root.join(".gitignore")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    pub(super) fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }
}

/// Makes the folders, so that there is something to lock; refuses what must exist and does not.
pub(super) fn prepare(options: &OpenOptions, folder: &Path) -> Result<()> {
    let layout = Layout::new(folder);
    if options.must_exist {
        check_exists(&layout)?;
    }
    if options.must_be_new && exists(&layout) {
        return Err(is_there(folder));
    }
    if !folder.exists() {
        make_folder(options, folder)?;
    } else if !exists(&layout) {
        options.files.with_sharing(options.sharing).settle_new(folder)?;
    }
    let files = options.files.beneath(folder);
    check_sharing(options, files.sharing(), folder)?;
    make_parts(&files, &layout)
}

/// Refuses a store that this user may not look into, before anything takes it for one that does not exist.
pub(super) fn check_access(folder: &Path) -> Result<()> {
    let refused = folder.read_dir().err().filter(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    let Some(refused) = refused else { return Ok(()) };
    #[cfg(unix)]
    let refused = match folder.metadata().map(|found| std::os::unix::fs::MetadataExt::uid(&found)) {
        Ok(owner) => {
            let way_out = "ask its user, or use a store that was made for your group (`mlops init --shared group`)";
            let why = format!("it is private to another user (uid {owner}) or group; {way_out}");
            std::io::Error::new(refused.kind(), why)
        }
        Err(_) => refused,
    };
    Err(Error::io("open the store", folder, refused))
}

/// Refuses to call a store a group's that is not.
fn check_sharing(options: &OpenOptions, found: Sharing, folder: &Path) -> Result<()> {
    if options.sharing == Sharing::Private || found == Sharing::Group {
        return Ok(());
    }
    let folder = folder.display();
    Err(Error::InvalidState {
        detail: format!(
            "the store {folder} is private to its user; to give it to a group, close it and run `chgrp -R GROUP {folder}`, \
             `chmod -R u=rwX,g=rwX,o= {folder}` and `find {folder} -type d -exec chmod g+s {{}} +`"
        ),
    })
}

pub(super) fn is_there(folder: &Path) -> Error {
    let hint = "; open it as it is, or name another place".into();
    Error::AlreadyExists { what: "store", id: folder.display().to_string(), hint }
}

/// Makes the folder of a new store with its parts in it, in one step: an empty folder is a project's, and who came
/// at that moment would make another store inside.
fn make_folder(options: &OpenOptions, folder: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
    let files = options.files.with_sharing(options.sharing);
    let made = parent.join(format!(".{}-{}", name.display(), options.ids.next_hex()));
    files.create_dir_all(parent)?;
    let renamed = files
        .create_dir_all(&made)
        .and_then(|()| check_modes(options.sharing, &made))
        .and_then(|()| make_parts(&files.beneath(&made), &Layout::new(&made)))
        .and_then(|()| files.rename(&made, folder));
    if renamed.is_err() {
        let _ = std::fs::remove_dir_all(&made);
        if folder.is_dir() {
            // Another was first.
            return Ok(());
        }
    }
    renamed.map_err(|error| match error {
        Error::Io { source, .. } => Error::io("create folder", folder, source),
        other => other,
    })
}

/// Refuses to make a store for a group where there are no groups.
fn check_modes(sharing: Sharing, made: &Path) -> Result<()> {
    if sharing == Sharing::of(made) {
        return Ok(());
    }
    let parent = made.parent().unwrap_or(made).display();
    Err(Error::Unsupported {
        detail: format!(
            "a store for a group cannot be made in {parent}: folders there do not keep their group and mode; name a folder \
             on a local disk, whose group you are in"
        ),
    })
}

/// The parts must be real folders, and are made where they are absent.
fn make_parts(files: &Files, layout: &Layout) -> Result<()> {
    let parts = [layout.journal(), layout.spool(), layout.blobs(), layout.tmp(), layout.trash()];
    parts.iter().try_for_each(|part| files.create_dir_all(part))
}

/// True if there is a store. One whose format file is lost is still one; opening says what is wrong with it.
pub(super) fn exists(layout: &Layout) -> bool {
    layout.format().exists() || layout.journal().is_dir()
}

fn check_exists(layout: &Layout) -> Result<()> {
    if exists(layout) {
        return Ok(());
    }
    Err(Error::NotFound {
        what: "store",
        id: layout.root.display().to_string(),
        hint: "; log a run to make one, or name another in the call or in MLOPS_STORE".into(),
    })
}

/// Opens for writing.
pub(super) fn open(options: &OpenOptions, folder: &Path) -> Result<LocalParts> {
    let files = &options.files.beneath(folder);
    let layout = Layout::new(folder);
    let lock = OwnerLock::acquire(folder, files)?;
    let id = read_or_make_format(options, files, &layout)?;
    clear_tmp(files, &layout)?;
    let blobs = Arc::new(LocalBlobs::open(LocalBlobOptions {
        folder: layout.blobs(),
        tmp: layout.tmp(),
        trash: layout.trash(),
        files: files.clone(),
        ids: options.ids.clone(),
        read_only: false,
    })?);
    let (sync_blobs, look_blobs) = (blobs.clone(), blobs.clone());
    let journal = Journal::open(JournalOptions {
        folder: layout.journal(),
        trash: layout.trash(),
        files: files.clone(),
        owner: id,
        clock: options.clock.clone(),
        index: index(&layout, files, &options.ids),
        sync_before: Some(Arc::new(move || sync_blobs.flush())),
        accept: Arc::new(move |state| runs::references_hold(state, &*look_blobs)),
        checkpoint_bytes: options.checkpoint_bytes,
    })?;
    let spool =
        SpoolOptions { folder: layout.spool(), tmp: layout.tmp(), files: files.clone(), file_bytes: SPOOL_FILE_BYTES };
    let journal = Arc::new(journal);
    let disk = Disk { files: files.clone(), layout: layout.clone(), journal: Some(Arc::downgrade(&journal)) };
    Ok(LocalParts {
        id,
        storage: Arc::new(Shared::new(journal, lock)),
        blobs,
        spool: Spool::files(spool, &options.ids),
        dead: Some(DeadWriters::lock(files, &layout, options.clock.clone(), false)?),
        disk: Some(disk),
    })
}

/// Opens for reading: nothing on the disk changes, what the spool holds is applied in memory.
pub(super) fn open_read_only(options: &OpenOptions, folder: &Path) -> Result<LocalParts> {
    let files = &options.files.beneath(folder);
    let layout = Layout::new(folder);
    check_exists(&layout)?;
    check_sharing(options, files.sharing(), folder)?;
    let id = format::read(files, &layout.format())?.ok_or_else(|| lost_format(&layout))?;
    let blobs = LocalBlobs::open(LocalBlobOptions {
        folder: layout.blobs(),
        tmp: layout.tmp(),
        trash: layout.trash(),
        files: files.clone(),
        ids: options.ids.clone(),
        read_only: true,
    })?;
    let storage = journal::read(&layout.journal(), files)?;
    check_journal(files, &layout)?;
    Ok(LocalParts {
        id,
        storage: Arc::new(storage),
        blobs: Arc::new(OverlayBlobs::over(Arc::new(blobs))),
        spool: Spool::memory(&options.ids),
        dead: Some(DeadWriters::lock(files, &layout, options.clock.clone(), true)?),
        disk: Some(Disk { files: files.clone(), layout, journal: None }),
    })
}

/// Refuses a store whose journal is gone while there is what only runs leave: a reader cannot ask the index, and would
/// show an empty store. A journal's first file is on the disk before anything is logged.
fn check_journal(files: &Files, layout: &Layout) -> Result<()> {
    let has_bytes = |path: &PathBuf| path.metadata().is_ok_and(|found| found.len() > 0);
    if files.list(&layout.journal())?.iter().any(has_bytes) {
        return Ok(());
    }
    for left in [layout.spool(), layout.blobs().join("packs"), layout.blobs().join("objects")] {
        if !files.list(&left)?.is_empty() {
            return Err(Error::corrupt(
                &layout.journal(),
                0,
                "the journal is gone; open the store for writing, which makes it again from the index, or run `mlops fsck`",
            ));
        }
    }
    Ok(())
}

/// The id of the store; a new one if there is nothing in the folder yet.
fn read_or_make_format(options: &OpenOptions, files: &Files, layout: &Layout) -> Result<Uuid> {
    if let Some(id) = format::read(files, &layout.format())? {
        // Another was first: whoever makes the file holds the lock.
        return if options.must_be_new { Err(is_there(&layout.root)) } else { Ok(id) };
    }
    if !files.list(&layout.journal())?.is_empty() {
        return Err(lost_format(layout));
    }
    let id = options.ids.next();
    let tmp = |name: &str| layout.tmp().join(format!("{name}-{}", id.simple()));
    files.write_atomic(&layout.ignore(), &tmp("ignore"), b"*\n")?;
    files.write_atomic(&layout.format(), &tmp("format"), format::text(format::VERSION, id).as_bytes())?;
    // Whoever is in the group may put models into its store.
    if files.sharing() == Sharing::Private {
        // Without the entry the user is asked to trust the store before a pickle of it is loaded: no reason to fail.
        let _ = settings::trust(id);
    }
    Ok(id)
}

fn lost_format(layout: &Layout) -> Error {
    Error::corrupt(&layout.format(), 0, "the file is missing; run `mlops fsck --repair`")
}

/// Removes what writers that are gone left half made; the lock of the store is held.
fn clear_tmp(files: &Files, layout: &Layout) -> Result<()> {
    for path in files.list(&layout.tmp())? {
        if !files.is_folder(&path) {
            files.remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(feature = "sled")]
pub(super) fn index(layout: &Layout, files: &Files, ids: &Arc<dyn IdSource>) -> Box<dyn journal::Index> {
    if os::forks() > 0 {
        // sled's threads are the parent's: in a forked child it would wait for them for ever.
        return Box::new(journal::MemoryIndex);
    }
    Box::new(journal::SledIndex::new(layout.index(), layout.trash(), files.clone(), ids.clone()))
}

#[cfg(not(feature = "sled"))]
pub(super) fn index(_: &Layout, _: &Files, _: &Arc<dyn IdSource>) -> Box<dyn journal::Index> {
    Box::new(journal::MemoryIndex)
}

/// Writers whose process is gone, with their locks held; for a reader, all writers.
pub(super) struct DeadWriters {
    files: Files,
    writers: Vec<(WriterFiles, Option<FileHandle>)>,
    clock: Arc<dyn Clock>,
    read_only: bool,
}

impl DeadWriters {
    pub(super) fn lock(files: &Files, layout: &Layout, clock: Arc<dyn Clock>, read_only: bool) -> Result<Self> {
        let mut writers = Vec::new();
        for writer in list_writers(files, &layout.spool())? {
            if read_only {
                writers.push((writer, None));
            } else if let Some(lock) = writer.lock_if_dead(files)? {
                writers.push((writer, Some(lock)));
            }
        }
        Ok(Self { files: files.clone(), writers, clock, read_only })
    }

    /// The files that [`drain`](Self::drain) would remove.
    pub(super) fn count_old(files: &Files, layout: &Layout, clock: Arc<dyn Clock>) -> Result<Amount> {
        let all = Self::lock(files, layout, clock, true)?;
        let mut count = Amount::default();
        for (writer, _) in &all.writers {
            if !writer.is_alive(files)? && all.is_old(writer)? {
                count += size(files, writer)?;
            }
        }
        Ok(count)
    }

    /// Drains what they left and says how their runs ended; for a reader in memory, and only of those that are gone.
    /// Returns what was removed because it is old.
    pub(super) fn drain(self, runs: &Runs, storage: &dyn Storage) -> Result<Amount> {
        let mut removed = Amount::default();
        for (writer, _lock) in &self.writers {
            if self.read_only && writer.is_alive(&self.files)? {
                runs.read_writer(&self.files, writer)?;
                continue;
            }
            let mark = runs.drain_dead(&self.files, writer)?;
            if !self.read_only && self.is_old(writer)? {
                let files = size(&self.files, writer)?;
                self.remove(writer, mark, storage)?;
                removed += files;
            }
        }
        Ok(removed)
    }

    fn is_old(&self, writer: &WriterFiles) -> Result<bool> {
        let last = writer.heartbeat().max(writer.last_write(&self.files)?);
        Ok(last.is_none_or(|last| self.clock.now().since(last) > DRAINED_STAYS))
    }

    /// Removes drained files: their effect is on the disk before they go, the mark goes after them.
    fn remove(&self, writer: &WriterFiles, mark: Mark, storage: &dyn Storage) -> Result<()> {
        storage.flush()?;
        for number in writer.log_numbers(&self.files)? {
            self.files.remove(&writer.log_path(number))?;
        }
        self.files.remove(&writer.lock_path())?;
        self.files.sync_dir(&writer.folder)?;
        let key = Mark::key(writer.writer);
        let ops = [Op::check(key.clone(), Some(mark.encode())), Op::delete(key)];
        // Without a mark there was nothing to drain.
        let _: Outcome = storage.apply(&ops, Durability::Fast)?;
        Ok(())
    }
}

/// The log files of a writer.
fn size(files: &Files, writer: &WriterFiles) -> Result<Amount> {
    let logs = writer.log_numbers(files)?.into_iter().map(|number| writer.log_path(number));
    Ok(logs.fold(Amount::default(), |mut sum, path| {
        sum += Amount::one(path.metadata().map_or(0, |found| found.len()));
        sum
    }))
}
