//! A store in a folder: its files, its layers, and what the dead left in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use super::dead::DeadWriters;
use super::format;
use super::gc::{Disk, OwnedJournal};
use super::make::{check_sharing, is_there};
use super::open::OpenOptions;
use crate::base::files::{Files, modified};
use crate::base::ids::IdSource;
use crate::base::os;
use crate::base::sharing::Sharing;
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
use crate::storage::shared::{Care, Failed, OpenOwned, Shared, SharedOptions};

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

/// True if there is a store. One whose format file is lost is still one; opening says what is wrong with it.
pub(super) fn exists(layout: &Layout) -> bool {
    layout.format().exists() || layout.journal().is_dir()
}

pub(super) fn check_exists(layout: &Layout) -> Result<()> {
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
    let options = &OpenOptions { files: options.files.beneath(folder), ..options.clone() };
    let files = &options.files;
    let layout = Layout::new(folder);
    let blobs = LocalBlobs::open(LocalBlobOptions {
        folder: layout.blobs(),
        tmp: layout.tmp(),
        trash: layout.trash(),
        files: files.clone(),
        ids: options.ids.clone(),
        read_only: false,
    });
    let blobs = Arc::new(blobs.map_err(|e| e.in_folder(folder))?);
    let sync_blobs = blobs.clone();
    let journal = OwnedJournal::default();
    let made = Arc::new(AtomicBool::new(false));
    let care = Care::default();
    let shared = Shared::open(SharedOptions {
        folder: folder.to_path_buf(),
        files: files.clone(),
        open: open_owned(options, &layout, &blobs, &journal, &made),
        read: read_unowned(files, &layout),
        sync_before: Some(Arc::new(move || sync_blobs.flush())),
        care: care.clone(),
        patience: options.owner_wait,
        may_own: options.may_own,
    })?;
    if options.must_be_new && !made.load(Ordering::Acquire) {
        // Another was first.
        return Err(is_there(folder));
    }
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

/// Opens what the process that owns the store has: journal and index. `made` becomes true if it makes a new store.
fn open_owned(
    options: &OpenOptions,
    layout: &Layout,
    blobs: &Arc<LocalBlobs>,
    journal: &OwnedJournal,
    made: &Arc<AtomicBool>,
) -> OpenOwned {
    let (options, layout, blobs, place) = (options.clone(), layout.clone(), blobs.clone(), journal.clone());
    let made = made.clone();
    Arc::new(move |lock, new_segment| {
        let id = read_or_make_format(&options, &layout, &made)?;
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
        let looked_at = Arc::downgrade(&journal);
        let failed: Failed = Arc::new(move || looked_at.upgrade().is_some_and(|journal| journal.has_failed()));
        Ok((journal, failed))
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
fn read_or_make_format(options: &OpenOptions, layout: &Layout, made: &AtomicBool) -> Result<Uuid> {
    let files = &options.files;
    if let Some(id) = format::read(files, &layout.format())? {
        return Ok(id);
    }
    if !files.list(&layout.journal())?.is_empty() {
        return Err(lost_format(layout));
    }
    let id = options.ids.next();
    let tmp = |name: &str| layout.tmp().join(format!("{name}-{}", id.simple()));
    files.write_atomic(&layout.ignore(), &tmp("ignore"), b"*\n")?;
    files.write_atomic(&layout.format(), &tmp("format"), format::text(format::VERSION, id).as_bytes())?;
    made.store(true, Ordering::Release);
    // Whoever is in the group may put models into its store.
    if options.trust_new && files.sharing() == Sharing::Private {
        // Without the entry the user is asked to trust the store before a pickle of it is loaded: no reason to fail.
        let _ = settings::trust(id);
    }
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
        if !files.is_folder(&path) && !LocalBlobs::makes_locked(&path) && modified(&path).is_some_and(is_old) {
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
