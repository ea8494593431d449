//! A store in a folder: its files, its layers, and what the dead left in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::dead::DeadWriters;
use super::format;
use super::gc::{Disk, OwnedJournal};
use super::open::OpenOptions;
use crate::base::files::{Files, modified};
use crate::base::ids::IdSource;
use crate::base::os;
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::blob::local::{LocalBlobOptions, LocalBlobs};
use crate::blob::overlay::OverlayBlobs;
use crate::error::{Error, Result};
use crate::runs;
use crate::settings;
use crate::spool::{Spool, SpoolOptions};
use crate::storage::Storage;
use crate::storage::journal::{self, Journal, JournalOptions};
use crate::storage::shared::{Care, OpenOwned, Shared, SharedOptions};

/// A spool file above this size is followed by the next, in bytes.
const SPOOL_FILE_BYTES: u64 = 16 << 20;

/// A file in `tmp/` that was not written for so long is taken for a leftover.
const LEFTOVER_STAYS: Duration = Duration::from_hours(1);

/// What a store is made of.
pub(super) struct LocalParts {
    pub(super) id: Uuid,
    pub(super) storage: Arc<dyn Storage>,
    /// The same, of a store that other processes may have open, and what its owner does now and then.
    pub(super) shared: Option<(Arc<Shared>, Care)>,
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
    if !folder.exists() {
        make_folder(options, folder)?;
    }
    make_parts(&options.files, &layout)
}

/// Makes the folder of a new store with its parts in it, in one step: an empty folder is a project's, and who came
/// at that moment would make another store inside.
fn make_folder(options: &OpenOptions, folder: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
    options.files.create_dir_all(parent)?;
    let made = parent.join(format!(".{}-{}", name.display(), options.ids.next_hex()));
    let renamed = make_parts(&options.files, &Layout::new(&made)).and_then(|()| options.files.rename(&made, folder));
    if renamed.is_err() {
        let _ = std::fs::remove_dir_all(&made);
        if folder.is_dir() {
            // Another was first.
            return Ok(());
        }
    }
    // A parent that may not be read cannot be forced to the disk either: no reason to fail.
    let _ = options.files.sync_dir(parent);
    renamed.map_err(|error| match error {
        Error::Io { source, .. } => Error::io("create folder", folder, source),
        other => other,
    })
}

fn make_parts(files: &Files, layout: &Layout) -> Result<()> {
    for part in [layout.journal(), layout.spool(), layout.blobs(), layout.tmp(), layout.trash()] {
        if !part.is_dir() {
            files.create_dir_all(&part)?;
        }
    }
    Ok(())
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

/// Opens for writing, as the owner or as a peer of it.
pub(super) fn open(options: &OpenOptions, folder: &Path) -> Result<LocalParts> {
    let files = &options.files;
    let layout = Layout::new(folder);
    let blobs = Arc::new(LocalBlobs::open(LocalBlobOptions {
        folder: layout.blobs(),
        tmp: layout.tmp(),
        trash: layout.trash(),
        files: files.clone(),
        ids: options.ids.clone(),
        read_only: false,
    })?);
    let sync_blobs = blobs.clone();
    let journal = OwnedJournal::default();
    let care = Care::default();
    let shared = Shared::open(SharedOptions {
        folder: folder.to_path_buf(),
        files: files.clone(),
        open: open_owned(options, &layout, &blobs, &journal),
        read: read_unowned(files, &layout),
        sync_before: Some(Arc::new(move || sync_blobs.flush())),
        care: care.clone(),
        patience: options.owner_wait,
        may_own: options.may_own,
    })?;
    let id = format::read(files, &layout.format())?.ok_or_else(|| lost_format(&layout))?;
    let spool =
        SpoolOptions { folder: layout.spool(), tmp: layout.tmp(), files: files.clone(), file_bytes: SPOOL_FILE_BYTES };
    let disk = Disk { files: files.clone(), layout: layout.clone(), journal: Some(journal) };
    let shared = Arc::new(shared);
    Ok(LocalParts {
        id,
        storage: shared.clone(),
        shared: Some((shared, care)),
        blobs,
        spool: Spool::files(spool, &options.ids),
        dead: Some(DeadWriters::lock(files, &layout, options.clock.clone(), false)?),
        disk: Some(disk),
    })
}

/// Opens what the process that owns the store has: journal and index.
fn open_owned(options: &OpenOptions, layout: &Layout, blobs: &Arc<LocalBlobs>, journal: &OwnedJournal) -> OpenOwned {
    let (options, layout, blobs, place) = (options.clone(), layout.clone(), blobs.clone(), journal.clone());
    Arc::new(move |lock, new_segment| {
        let id = read_or_make_format(&options, &layout)?;
        clear_tmp(&options.files, &layout, options.clock.now())?;
        let (sync_blobs, look_blobs, lock) = (blobs.clone(), blobs.clone(), lock.clone());
        let journal = Arc::new(Journal::open(JournalOptions {
            folder: layout.journal(),
            trash: layout.trash(),
            files: options.files.clone(),
            owner: id,
            clock: options.clock.clone(),
            index: index(&layout, &options.files, &options.ids),
            sync_before: Some(Arc::new(move || sync_blobs.flush())),
            accept: Arc::new(move |state| runs::references_hold(state, &*look_blobs)),
            still_owned: Some(Arc::new(move || lock.is_current())),
            new_segment,
            checkpoint_bytes: options.checkpoint_bytes,
        })?);
        *place.lock() = Arc::downgrade(&journal);
        Ok(journal)
    })
}

/// Reads the journal into memory, for a process that never owns.
fn read_unowned(files: &Files, layout: &Layout) -> Arc<dyn Fn() -> Result<Arc<dyn Storage>> + Send + Sync> {
    let (files, layout) = (files.clone(), layout.clone());
    Arc::new(move || {
        check_exists(&layout)?;
        Ok(Arc::new(journal::read(&layout.journal(), &files)?))
    })
}

/// Opens for reading: nothing on the disk changes, what the spool holds is applied in memory.
pub(super) fn open_read_only(options: &OpenOptions, folder: &Path) -> Result<LocalParts> {
    let files = &options.files;
    let layout = Layout::new(folder);
    check_exists(&layout)?;
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
        shared: None,
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
fn read_or_make_format(options: &OpenOptions, layout: &Layout) -> Result<Uuid> {
    if let Some(id) = format::read(&options.files, &layout.format())? {
        return Ok(id);
    }
    if !options.files.list(&layout.journal())?.is_empty() {
        return Err(lost_format(layout));
    }
    let id = options.ids.next();
    let tmp = |name: &str| layout.tmp().join(format!("{name}-{}", id.simple()));
    options.files.write_atomic(&layout.ignore(), &tmp("ignore"), b"*\n")?;
    options.files.write_atomic(&layout.format(), &tmp("format"), format::text(format::VERSION, id).as_bytes())?;
    // Without the entry the user is asked to trust the store before a pickle of it is loaded: no reason to fail.
    let _ = settings::trust(id);
    Ok(id)
}

fn lost_format(layout: &Layout) -> Error {
    Error::corrupt(&layout.format(), 0, "the file is missing; run `mlops fsck --repair`")
}

/// Removes what writers that are gone left half made. What another process may be making at this moment stays: what is
/// made locked is removed by who opens the blobs, of the rest what is old.
fn clear_tmp(files: &Files, layout: &Layout, now: Timestamp) -> Result<()> {
    for path in files.list(&layout.tmp())? {
        let is_old = |at: Timestamp| now.since(at) >= LEFTOVER_STAYS;
        if path.is_file() && !LocalBlobs::makes_locked(&path) && modified(&path).is_some_and(is_old) {
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
