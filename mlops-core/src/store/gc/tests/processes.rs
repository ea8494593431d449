//! Another writer of the same store, which drains its own spool while a gc is at work.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::blob::local::{LocalBlobOptions, LocalBlobs};
use crate::runs::{Runs, RunsOptions};
use crate::spool::{Spool, SpoolOptions};
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage, Storage};

/// What another process has of a store: its own blobs and spool.
fn another(dir: &Path, storage: Arc<dyn Storage>) -> Runs {
    let layout = Layout::new(&dir.join("store"));
    let ids: Arc<dyn IdSource> = Arc::new(TimeOrderedIds);
    let files = Files::default();
    let blobs = LocalBlobs::open(LocalBlobOptions {
        folder: layout.blobs(),
        tmp: layout.tmp(),
        trash: layout.trash(),
        files: files.clone(),
        ids: ids.clone(),
        read_only: false,
    });
    let spool = SpoolOptions { folder: layout.spool(), tmp: layout.tmp(), files, file_bytes: 1 << 20 };
    Runs::new(RunsOptions {
        storage,
        blobs: Arc::new(blobs.unwrap()),
        spool: Spool::files(spool, &ids),
        clock: Arc::new(SystemClock),
        ids,
        read_only: false,
        unowned: None,
    })
    .unwrap()
}

/// Has something happen once runs have been read, and before each commit of a run.
struct Between<R, C> {
    storage: Arc<dyn Storage>,
    read: R,
    commit: C,
}

impl<R, C> Debug for Between<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Between").finish_non_exhaustive()
    }
}

impl<R: Fn() + Send + Sync, C: Fn() + Send + Sync> Storage for Between<R, C> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.storage.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        let page = self.storage.scan(range, options);
        if range.start.starts_with(b"r/") {
            (self.read)();
        }
        page
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        if ops.iter().any(|op| matches!(op, Op::Put { key, .. } if key.starts_with(b"r/"))) {
            (self.commit)();
        }
        self.storage.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.storage.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.storage.capabilities()
    }
}

#[test]
fn what_another_writer_drains_while_references_are_collected_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let theirs = Arc::new(another(dir.path(), store.storage().clone()));
    start(&store, "run");
    // A handle of a run that another has started: nothing drains in the background.
    theirs.open("run").unwrap().log_bytes("large", &vec![1; 100_000]).unwrap();
    let drained = Arc::new(AtomicUsize::new(0));
    let (counted, drains) = (drained.clone(), theirs.clone());
    let read = move || {
        drains.drain().unwrap();
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let storage = Arc::new(Between { storage: store.storage().clone(), read, commit: || () });
    let runs = Runs::new(RunsOptions {
        storage: storage.clone(),
        blobs: store.blobs().clone(),
        spool: Spool::memory(&(Arc::new(TimeOrderedIds) as Arc<dyn IdSource>)),
        clock: Arc::new(SystemClock),
        ids: Arc::new(TimeOrderedIds),
        read_only: false,
        unowned: None,
    });
    let Care { clock, disk, .. } = &store.inner.care;
    let disk = disk.as_ref().map(|Disk { files, layout, journal }| Disk {
        files: files.clone(),
        layout: layout.clone(),
        journal: journal.clone(),
    });
    let inner = Inner {
        hooks: Arc::default(),
        uri: store.uri().into(),
        id: store.id(),
        sharing: crate::base::sharing::Sharing::Private,
        is_own: true,
        read_only: false,
        runs: runs.unwrap(),
        blobs: store.blobs().clone(),
        storage: storage.clone(),
        holding: crate::store::holding::Holding::new(None, Duration::ZERO),
        watches: Arc::default(),
        listed: Arc::default(),
        care: Care { clock: clock.clone(), disk, one: Mutex::default() },
        dead: None,
    };
    let report = inner.gc(&all()).unwrap();
    assert!(drained.load(Ordering::Relaxed) > 0, "nothing was drained");
    assert_eq!(report.large_blobs, Amount::default());
    assert!(store.blobs().size(&Digest::of(&vec![1; 100_000])).unwrap().is_some());
    assert_eq!(store.runs().read_artifact("run", "large").unwrap(), vec![1; 100_000]);
}

#[test]
fn whatever_a_drain_puts_is_covered_until_it_is_committed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (refused, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let commit = {
        let (refused, begun, blobs) = (refused.clone(), begun.clone(), store.blobs().clone());
        move || match blobs.leases().begin_sweep() {
            Err(e) if e.code() == Code::Busy => drop(refused.fetch_add(1, Ordering::Relaxed)),
            _ => drop(begun.fetch_add(1, Ordering::Relaxed)),
        }
    };
    let theirs = another(dir.path(), Arc::new(Between { storage: store.storage().clone(), read: || (), commit }));
    start(&store, "run");
    let run = theirs.open("run").unwrap();
    // Sealed by the drain: a large change, unpacked in several commits, and the end of the run.
    let params = (0..700).map(|n| (format!("param {n}"), ParamValue::Text("x".repeat(600)))).collect();
    run.log_batch(&Batch { params, ..Batch::default() }).unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(store.runs().get("run").unwrap().params.len(), 700);
    assert_eq!(begun.load(Ordering::Relaxed), 0, "a gc has begun between a put and its commit");
    assert!(refused.load(Ordering::Relaxed) >= 3);
}
