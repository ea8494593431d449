//! Another writer of the same store, which drains its own spool while a gc is at work.

use super::*;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::blob::local::{LocalBlobOptions, LocalBlobs};
use crate::runs::{Runs, RunsOptions};
use crate::spool::{Spool, SpoolOptions};
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage, Storage};

/// What another process has of a store: its own blobs and spool.
fn another(dir: &Path, store: &Store) -> Runs {
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
        storage: store.storage().clone(),
        blobs: Arc::new(blobs.unwrap()),
        spool: Spool::files(spool, &ids),
        clock: Arc::new(SystemClock),
        ids,
        read_only: false,
    })
    .unwrap()
}

/// Has another writer drain its spool as soon as runs have been read.
#[derive(Debug)]
struct DrainsBehind(Arc<dyn Storage>, Mutex<Option<Arc<Runs>>>);

impl Storage for DrainsBehind {
    fn get(&self, key: &[u8]) -> crate::Result<Option<Vec<u8>>> {
        self.0.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::Result<ScanPage> {
        let page = self.0.scan(range, options);
        if range.start.starts_with(b"r/")
            && let Some(runs) = self.1.lock().take()
        {
            runs.drain().unwrap();
        }
        page
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> crate::Result<Outcome> {
        self.0.apply(ops, durability)
    }

    fn flush(&self) -> crate::Result<()> {
        self.0.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
}

#[test]
fn what_another_writer_drains_while_references_are_collected_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let theirs = Arc::new(another(dir.path(), &store));
    start(&store, "run");
    // A handle of a run that another has started: nothing drains in the background.
    theirs.open("run").unwrap().log_bytes("large", &vec![1; 100_000]).unwrap();
    let storage = Arc::new(DrainsBehind(store.storage().clone(), Mutex::new(Some(theirs.clone()))));
    let runs = Runs::new(RunsOptions {
        storage: storage.clone(),
        blobs: store.blobs().clone(),
        spool: Spool::memory(&(Arc::new(TimeOrderedIds) as Arc<dyn IdSource>)),
        clock: Arc::new(SystemClock),
        ids: Arc::new(TimeOrderedIds),
        read_only: false,
    });
    let Care { clock, disk, .. } = &store.inner.care;
    let disk = disk.as_ref().map(|Disk { files, layout, journal }| Disk {
        files: files.clone(),
        layout: layout.clone(),
        journal: journal.clone(),
    });
    let inner = Inner {
        uri: store.uri().into(),
        id: store.id(),
        read_only: false,
        runs: runs.unwrap(),
        blobs: store.blobs().clone(),
        storage: storage.clone(),
        care: Care { clock: clock.clone(), disk, one: Mutex::default() },
    };
    let report = inner.gc(&all()).unwrap();
    assert!(storage.1.lock().is_none(), "nothing was drained");
    assert_eq!(report.large_blobs, Amount::default());
    assert!(store.blobs().size(&Digest::of(&vec![1; 100_000])).unwrap().is_some());
    assert_eq!(store.runs().read_artifact("run", "large").unwrap(), vec![1; 100_000]);
}
