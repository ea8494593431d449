mod syncing;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::base::files::Files;
use crate::base::ids::{CountingIds, IdSource};
use crate::base::time::Timestamp;

fn options(dir: &std::path::Path, file_bytes: u64) -> SpoolOptions {
    for name in ["spool", "tmp"] {
        std::fs::create_dir_all(dir.join(name)).unwrap();
    }
    SpoolOptions { folder: dir.join("spool"), tmp: dir.join("tmp"), files: Files::default(), file_bytes }
}

fn bodies(next: &mut dyn FnMut() -> crate::error::Result<Option<Record>>) -> (Vec<Vec<u8>>, Option<Mark>) {
    let (mut bodies, mut mark) = (Vec::new(), None);
    while let Some(record) = next().unwrap() {
        bodies.push(record.body);
        mark = Some(record.after);
    }
    (bodies, mark)
}

#[test]
fn records_come_back_in_order_from_any_mark_across_files() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    for spool in [Spool::memory(&ids), Spool::files(options(dir.path(), 100), &ids)] {
        let mut mark = Mark::default();
        let mut marks = Vec::new();
        for round in 0..10_u8 {
            for n in 0..5 {
                spool.append(&[round, n]).unwrap();
            }
            let mut reader = spool.reader(mark, None);
            let (read, after) = bodies(&mut || reader.next_record());
            assert_eq!(read, (0..5).map(|n| vec![round, n]).collect::<Vec<_>>());
            mark = after.unwrap();
            assert_eq!(Mark::decode(&mark.encode()).unwrap(), mark);
            spool.drained(mark, Timestamp::default()).unwrap();
            marks.push(mark);
        }
        assert_eq!(mark.seq, 50);
        assert_eq!(bodies(&mut || spool.reader(mark, None).next_record()).0.len(), 0);
    }
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    assert!(writer.log_numbers(&Files::default()).unwrap().len() > 1, "the spool went on in further files");
    let mut reader = SpoolReader::new(&Files::default(), &writer, Mark::default());
    assert_eq!(bodies(&mut || reader.next_record()).0.len(), 50);
}

#[test]
fn a_living_writer_keeps_its_lock_and_a_dead_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let spool = Spool::files(options(dir.path(), 100), &ids);
    assert!(
        list_writers(&Files::default(), &dir.path().join("spool")).unwrap().is_empty(),
        "no file before the first record"
    );
    spool.append(b"x").unwrap();
    spool.sync_all(|| Ok(())).unwrap();
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    assert!(writer.lock_if_dead(&Files::default()).unwrap().is_none());
    spool.beat(Timestamp::from_millis(1_234));
    assert_eq!(writer.heartbeat(), Some(Timestamp::from_millis(1_234)));
    drop(spool);
    assert!(writer.lock_if_dead(&Files::default()).unwrap().is_some());
}

#[test]
fn a_writer_that_lives_long_removes_what_was_drained_an_hour_ago() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let spool = Spool::files(options(dir.path(), 100), &ids);
    let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
    let mut mark = Mark::default();
    for minute in 0..4 {
        for n in 0..5 {
            spool.append(&[n; 40]).unwrap();
        }
        let mut reader = spool.reader(mark, None);
        mark = bodies(&mut || reader.next_record()).1.unwrap();
        spool.drained(mark, at(minute)).unwrap();
    }
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    let left = || writer.log_numbers(&Files::default()).unwrap();
    spool.remove_drained(at(59), || panic!("nothing is old enough")).unwrap();
    assert_eq!(left(), [0, 1, 2, 3, 4]);
    spool.remove_drained(at(61), || Err(crate::error::Error::internal("no"))).unwrap_err();
    assert_eq!(left(), [0, 1, 2, 3, 4]);
    spool.remove_drained(at(61), || Ok(())).unwrap();
    assert_eq!(left(), [2, 3, 4]);
    spool.append(b"goes on").unwrap();
    assert_eq!(spool.reader(mark, None).next_record().unwrap().unwrap().body, b"goes on");
    // Also from the end of a file that is gone.
    spool.remove_drained(at(600), || Ok(())).unwrap();
    assert_eq!((left(), mark.file), (vec![4], 3));
    assert_eq!(spool.reader(mark, None).next_record().unwrap().unwrap().body, b"goes on");
}

#[test]
fn a_log_that_is_never_wholly_drained_goes_on_in_further_files() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let spool = Spool::files(options(dir.path(), 100), &ids);
    let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
    let mut mark = Mark::default();
    for n in 0..20_u8 {
        // Two come while one is drained.
        spool.append(&[n, 0]).unwrap();
        spool.append(&[n, 1]).unwrap();
        mark = spool.reader(mark, None).next_record().unwrap().unwrap().after;
        spool.drained(mark, at(0)).unwrap();
        assert!(mark < spool.end());
    }
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    let before = writer.log_numbers(&Files::default()).unwrap().len();
    assert!(before > 5, "{before}");
    spool.remove_drained(at(61), || Ok(())).unwrap();
    assert!(writer.log_numbers(&Files::default()).unwrap().len() < before);
    let (rest, after) = bodies(&mut || {
        spool.reader(mark, None).next_record().inspect(|read| {
            mark = read.as_ref().map_or(mark, |record| record.after);
        })
    });
    assert_eq!(rest, (10..20).flat_map(|n| [vec![n, 0], vec![n, 1]]).collect::<Vec<_>>());
    assert_eq!(after.map(|mark| mark.seq), Some(spool.end().seq));
}

#[test]
fn a_damaged_header_of_a_log_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let spool = Spool::files(options(dir.path(), 100), &ids);
    for n in 0..5 {
        spool.append(&[n; 40]).unwrap();
    }
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    let whole = std::fs::read(writer.log_path(0)).unwrap();
    for byte in 0..40 {
        let mut bytes = whole.clone();
        bytes[byte] ^= 16;
        std::fs::write(writer.log_path(0), bytes).unwrap();
        let mut reader = SpoolReader::new(&Files::default(), &writer, Mark::default());
        assert_eq!(bodies(&mut || reader.next_record()).0.len(), 5, "byte {byte}");
    }
}

#[test]
fn the_lock_of_a_dead_writer_whose_files_another_has_removed_is_nobodys() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::default();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let spool = Spool::files(options(dir.path(), 100), &ids);
    spool.append(b"record").unwrap();
    drop(spool);
    let writer = list_writers(&files, &dir.path().join("spool")).unwrap().remove(0);
    let first = writer.lock_if_dead(&files).unwrap().expect("the writer is dead");
    assert!(writer.lock_if_dead(&files).unwrap().is_none());
    // Who opened the lock file before it was removed gets a lock on a file without a name.
    let opened = files.open_write(&writer.lock_path()).unwrap();
    std::fs::remove_file(writer.lock_path()).unwrap();
    drop(first);
    assert!(opened.try_lock().unwrap() && !opened.is_at_its_path().unwrap());
    // The log is still there: nobody can be alive, and one may drain it.
    let second = writer.lock_if_dead(&files).unwrap().expect("there is a log");
    assert!(writer.lock_if_dead(&files).unwrap().is_none());
    std::fs::remove_file(writer.log_path(0)).unwrap();
    std::fs::remove_file(writer.lock_path()).unwrap();
    drop(second);
    assert!(writer.lock_if_dead(&files).unwrap().is_none(), "nothing of it is left");
    assert!(!writer.lock_path().exists());
}

#[test]
fn one_at_a_time_has_the_lock_of_a_dead_writer_however_often_its_file_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let spool = Spool::files(options(dir.path(), 100), &ids);
    spool.append(b"record").unwrap();
    drop(spool);
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    let (has, times) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while times.load(Ordering::Relaxed) < 800 {
                    let Some(lock) = writer.lock_if_dead(&Files::default()).unwrap() else { continue };
                    assert!(!has.swap(true, Ordering::SeqCst), "two have the lock");
                    std::thread::yield_now();
                    has.store(false, Ordering::SeqCst);
                    std::fs::remove_file(writer.lock_path()).unwrap();
                    drop(lock);
                    times.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
}
