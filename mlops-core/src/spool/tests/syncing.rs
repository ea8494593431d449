//! Records that are forced to the disk: in groups, in what order, and after a failure.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::*;
use crate::base::files::{FileHook, FileOp};
use crate::error::{Code, Error, Result};

/// Notes what is forced to the disk and written; the disk may be slow, or fail.
#[derive(Debug, Default)]
struct Watched {
    syncs: Mutex<Vec<PathBuf>>,
    writes: AtomicUsize,
    slow: AtomicBool,
    fails: AtomicBool,
    full: AtomicBool,
}

impl FileHook for Watched {
    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        match op {
            FileOp::Sync(path) | FileOp::SyncDir(path) => {
                if self.slow.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                self.syncs.lock().unwrap().push(path.to_path_buf());
                if self.full.load(Ordering::Relaxed) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                if self.fails.load(Ordering::Relaxed) {
                    return Err(io::Error::from_raw_os_error(5));
                }
            }
            FileOp::Write(..) => drop(self.writes.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
        Ok(None)
    }
}

impl Watched {
    fn set(flag: &AtomicBool, to: bool) {
        flag.store(to, Ordering::Relaxed);
    }

    /// What was forced since the last call: the names.
    fn taken(&self) -> Vec<String> {
        let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        std::mem::take(&mut *self.syncs.lock().unwrap()).into_iter().map(name).collect()
    }
}

fn watched(dir: &Path, file_bytes: u64) -> (Arc<Watched>, Spool) {
    let watched = Arc::new(Watched::default());
    let mut options = options(dir, file_bytes);
    options.files = Files::with_hook(watched.clone());
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    (watched, Spool::files(options, &ids))
}

#[expect(clippy::unnecessary_wraps, reason = "what comes before a sync may fail")]
fn nothing() -> Result<()> {
    Ok(())
}

#[test]
fn what_records_name_comes_before_them_and_the_name_of_their_file_once() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, spool) = watched(dir.path(), 100);
    let first = spool.append(b"first").unwrap();
    spool.append(b"second").unwrap();
    let before = AtomicUsize::new(0);
    let blobs = || {
        assert!(disk.syncs.lock().unwrap().is_empty());
        before.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    spool.sync(first, blobs).unwrap();
    let log = format!("{}-000000.log", spool.writer().simple());
    assert_eq!(disk.taken(), [log.as_str(), "spool"]);
    // The second went with the first.
    spool.sync_all(blobs).unwrap();
    assert_eq!((disk.taken(), before.load(Ordering::Relaxed)), (vec![], 1));
    spool.append(b"third").unwrap();
    spool.sync_all(nothing).unwrap();
    assert_eq!(disk.taken(), [log]);
    assert!(spool.sync(0, || Err(Error::internal("not called"))).is_ok());
}

#[test]
fn a_file_that_another_followed_is_forced_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, spool) = watched(dir.path(), 100);
    spool.append(&[7; 200]).unwrap();
    spool.drained(spool.end(), Timestamp::default()).unwrap();
    assert!(spool.has_left_unsynced());
    let seq = spool.append(b"in the next file").unwrap();
    spool.sync(seq, nothing).unwrap();
    let name = |number| format!("{}-00000{number}.log", spool.writer().simple());
    assert_eq!(disk.taken(), [name(0), name(1), "spool".into()]);
    assert!(!spool.has_left_unsynced());
}

#[test]
fn threads_that_wait_at_the_same_time_share_a_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, spool) = watched(dir.path(), 1 << 20);
    spool.append(b"first").unwrap();
    spool.sync_all(nothing).unwrap();
    disk.taken();
    Watched::set(&disk.slow, true);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let spool = &spool;
            scope.spawn(move || {
                for n in 0..10 {
                    let seq = spool.append(&[thread, n]).unwrap();
                    spool.sync(seq, nothing).unwrap();
                }
            });
        }
    });
    let syncs = disk.taken().len();
    // Each round of all threads takes one or two syncs, not eight.
    assert!((10..70).contains(&syncs), "{syncs} syncs for 80 calls");
    let mut reader = spool.reader(Mark::default(), None);
    assert_eq!(bodies(&mut || reader.next_record()).0.len(), 81);
}

#[test]
fn a_failed_sync_fails_all_that_shared_it_and_the_next_writes_again() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, spool) = watched(dir.path(), 1 << 20);
    let before = spool.append(b"before").unwrap();
    spool.sync(before, nothing).unwrap();
    Watched::set(&disk.slow, true);
    Watched::set(&disk.fails, true);
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let spool = &spool;
            scope.spawn(move || {
                let seq = spool.append(&[thread; 50]).unwrap();
                let error = spool.sync(seq, nothing).unwrap_err();
                assert_eq!(error.code(), Code::Io);
                assert!(error.to_string().contains("it is kept unless the power goes"), "{error}");
                assert!(error.to_string().contains("os error 5"), "{error}");
            });
        }
    });
    Watched::set(&disk.slow, false);
    spool.sync_all(nothing).unwrap_err();
    Watched::set(&disk.fails, false);
    let written = disk.writes.load(Ordering::Relaxed);
    spool.sync_all(nothing).unwrap();
    assert!(
        disk.writes.load(Ordering::Relaxed) > written,
        "what the system may have taken for written is written again"
    );
    let written = disk.writes.load(Ordering::Relaxed);
    let after = spool.append(b"after").unwrap();
    spool.sync(after, nothing).unwrap();
    assert_eq!(disk.writes.load(Ordering::Relaxed), written + 1);
    let mut reader = spool.reader(Mark::default(), None);
    assert_eq!(bodies(&mut || reader.next_record()).0.len(), 6, "nothing is taken back, since others stand behind");
}

#[test]
fn a_record_that_stands_in_the_spool_is_not_said_to_lack_room() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, spool) = watched(dir.path(), 1 << 20);
    spool.append(b"first").unwrap();
    Watched::set(&disk.full, true);
    assert_eq!(spool.sync_all(nothing).unwrap_err().code(), Code::Io);
    let blobs = || Err(Error::io("write", Path::new("pack"), io::ErrorKind::StorageFull.into()));
    Watched::set(&disk.full, false);
    assert_eq!(spool.sync_all(blobs).unwrap_err().code(), Code::Io);
    spool.sync_all(nothing).unwrap();
}
