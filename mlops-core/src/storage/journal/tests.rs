mod flips;
mod snapshots;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::files::Listing;
use super::*;
use crate::base::clock::SystemClock;
use crate::base::files::{FileHook, FileOp};
use crate::base::findings::Finding;
use crate::base::ids::TimeOrderedIds;
use crate::storage::Entry;
use crate::storage::memory::MemoryStorage;

fn options(dir: &std::path::Path, on_disk: bool) -> JournalOptions {
    let index: Box<dyn Index> = if on_disk {
        Box::new(SledIndex::new(dir.join("index"), dir.join("trash"), Files::default(), Arc::new(TimeOrderedIds)))
    } else {
        Box::new(MemoryIndex)
    };
    JournalOptions {
        folder: dir.join("journal"),
        trash: dir.join("trash"),
        files: Files::default(),
        owner: Uuid::from_u128(1),
        clock: Arc::new(SystemClock),
        index,
        sync_before: None,
        still_owned: None,
        new_segment: false,
        accept: Arc::new(|_| Ok(true)),
        checkpoint_bytes: CHECKPOINT_BYTES,
    }
}

fn put(storage: &dyn Storage, key: &str, value: &str) {
    assert_eq!(storage.apply(&[Op::put(key, value)], Durability::Fast).unwrap(), Outcome::Applied);
}

fn all(storage: &dyn Storage) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let page = storage.scan(&KeyRange::all(), &ScanOptions { limit: 100_000, reverse: false }).unwrap();
    page.entries.into_iter().map(|(key, value)| (text(key), text(value))).collect()
}

fn verified(dir: &std::path::Path, on_disk: bool, repair: bool) -> Vec<Finding> {
    let checked = verify(&VerifyOptions {
        folder: &dir.join("journal"),
        trash: &dir.join("trash"),
        files: &Files::default(),
        owner: Uuid::from_u128(1),
        index: &*options(dir, on_disk).index,
        accept: &|_| Ok(true),
        again: &|_, _| false,
        repair,
    });
    checked.unwrap().findings
}

#[test]
fn commits_survive_reopening_with_and_without_checkpoints() {
    for on_disk in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for round in 0..6 {
            let journal = Journal::open(options(dir.path(), on_disk)).unwrap();
            assert_eq!(all(&journal), expected, "round {round}");
            for n in 0..20 {
                put(&journal, &format!("k{round}-{n:02}"), "v");
                expected.push((format!("k{round}-{n:02}"), "v".into()));
            }
            let _ = journal.apply(&[Op::delete(format!("k{round}-05"))], Durability::Full).unwrap();
            expected.retain(|(key, _)| *key != format!("k{round}-05"));
            if round % 2 == 0 {
                journal.checkpoint().unwrap();
                put(&journal, &format!("k{round}-zz"), "behind");
                expected.push((format!("k{round}-zz"), "behind".into()));
            }
        }
        let read = read(&dir.path().join("journal"), &Files::default()).unwrap();
        assert_eq!(all(&read), expected);
    }
}

#[test]
fn an_index_that_is_gone_damaged_or_stale_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    {
        let journal = Journal::open(options(dir.path(), true)).unwrap();
        (0..100).for_each(|n| put(&journal, &format!("k{n:03}"), "v"));
        journal.checkpoint().unwrap();
        put(&journal, "last", "v");
    }
    let damage: [&dyn Fn(); 3] = [
        &|| std::fs::remove_dir_all(dir.path().join("index")).unwrap(),
        &|| std::fs::write(dir.path().join("index/db"), b"garbage").unwrap(),
        &|| {
            // Somebody wrote to the index behind the journal's back.
            let index = crate::storage::sled::SledStorage::open(&dir.path().join("index")).unwrap();
            put(&index, "k050", "wrong");
            index.flush().unwrap();
        },
    ];
    for damage in damage {
        damage();
        let journal = Journal::open(options(dir.path(), true)).unwrap();
        assert_eq!(all(&journal).len(), 101);
        assert_eq!(journal.get(b"k050").unwrap().unwrap(), b"v");
        put(&journal, "last", "w");
        drop(journal);
        let index = options(dir.path(), true).index.open().unwrap();
        assert_eq!(index.get(b"k050").unwrap().unwrap(), b"v");
        assert_eq!(all_pages(&*index).len(), 102);
        drop(index);
        // As it is after a close.
        drop(Journal::open(options(dir.path(), true)).unwrap());
        assert!(options(dir.path(), true).index.reaches().is_some());
    }
}

#[test]
fn concurrent_full_commits_behave_as_one_sequence() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let journal = &journal;
            scope.spawn(move || {
                let durability = if thread % 2 == 0 { Durability::Full } else { Durability::Fast };
                for _ in 0..25 {
                    loop {
                        let old = journal.get(b"counter").unwrap();
                        let new = old.as_ref().map_or(0, |bytes| bytes[0]) + 1;
                        let ops = [Op::Check { key: b"counter".to_vec(), expected: old }, Op::put("counter", [new])];
                        if journal.apply(&ops, durability).unwrap() == Outcome::Applied {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(journal.get(b"counter").unwrap().unwrap(), [200]);
    drop(journal);
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    assert_eq!(journal.get(b"counter").unwrap().unwrap(), [200]);
}

#[test]
fn a_damaged_commit_is_mended_from_the_index_that_matches() {
    let dir = tempfile::tempdir().unwrap();
    {
        let journal = Journal::open(options(dir.path(), true)).unwrap();
        (0..50).for_each(|n| put(&journal, &format!("k{n:03}"), "v"));
    }
    let segment = std::fs::read_dir(dir.path().join("journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&segment, bytes).unwrap();
    let error = Journal::open(options(dir.path(), true)).unwrap_err();
    assert_eq!(error.code(), crate::error::Code::Corrupt, "{error}");
    let check = |repair| verified(dir.path(), true, repair);
    assert_eq!(check(false).len(), 1);
    let repaired = check(true);
    assert!(repaired[0].repair.as_ref().unwrap().contains("nothing is lost"), "{repaired:?}");
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    assert_eq!(all(&journal).len(), 50);
    assert!(check(false).is_empty());
}

#[test]
fn a_journal_whose_end_is_gone_is_made_again_from_the_index() {
    let ends: [&dyn Fn(&std::path::Path); 3] = [
        // Cut behind a whole commit: nothing in the file says that there was more.
        &|segment| {
            let mut log = crate::log::LogReader::open(&Files::default(), segment, crate::log::LogKind::Journal);
            let log = log.as_mut().unwrap().as_mut().unwrap();
            (0..30).for_each(|_| drop(log.next_frame().unwrap().unwrap()));
            std::fs::File::options().write(true).open(segment).unwrap().set_len(log.offset()).unwrap();
        },
        &|segment| std::fs::File::options().write(true).open(segment).unwrap().set_len(0).unwrap(),
        &|segment| std::fs::remove_file(segment).unwrap(),
    ];
    for end in ends {
        let dir = tempfile::tempdir().unwrap();
        let before = {
            let journal = Journal::open(options(dir.path(), true)).unwrap();
            (0..50).for_each(|n| put(&journal, &format!("k{n:03}"), "v"));
            all(&journal)
        };
        end(&Files::default().list(&dir.path().join("journal")).unwrap()[0]);
        let found = verified(dir.path(), true, false);
        assert!(found.len() == 1 && found[0].problem.contains("has commit 50"), "{found:?}");
        for _ in 0..2 {
            let journal = Journal::open(options(dir.path(), true)).unwrap();
            assert_eq!(all(&journal), before);
        }
        assert_eq!(verified(dir.path(), true, false), []);
        let journal = Journal::open(options(dir.path(), true)).unwrap();
        put(&journal, "more", "v");
        assert_eq!(all(&journal).len(), 51);
    }
}

/// Knows which files have bytes that were not forced to the disk, and refuses to make checkpoints if told so.
#[derive(Debug, Default)]
struct Watched {
    unsynced: parking_lot::Mutex<BTreeSet<PathBuf>>,
    no_checkpoints: bool,
}

impl FileHook for Watched {
    fn before(&self, op: &FileOp<'_>) -> std::io::Result<Option<usize>> {
        let mut unsynced = self.unsynced.lock();
        match op {
            FileOp::Create(path) if self.no_checkpoints && path.to_string_lossy().contains("checkpoint-") => {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            FileOp::Write(path, ..) => drop(unsynced.insert(path.to_path_buf())),
            FileOp::Sync(path) => drop(unsynced.remove(*path)),
            FileOp::Rename(from, to) if unsynced.remove(*from) => drop(unsynced.insert(to.to_path_buf())),
            _ => {}
        }
        Ok(None)
    }
}

#[test]
fn a_segment_is_on_the_disk_before_commits_go_on_in_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let watched = Arc::new(Watched::default());
    let journal =
        Journal::open(JournalOptions { files: Files::with_hook(watched.clone()), ..options(dir.path(), false) })
            .unwrap();
    put(&journal, "before", "v");
    journal.checkpoint().unwrap();
    put(&journal, "behind", "v");
    journal.flush().unwrap();
    assert_eq!(*watched.unsynced.lock(), BTreeSet::new());
}

#[test]
fn a_checkpoint_that_failed_is_still_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let watched = Arc::new(Watched { no_checkpoints: true, ..Watched::default() });
    let files = Files::with_hook(watched);
    let journal = Journal::open(JournalOptions { files, checkpoint_bytes: 100, ..options(dir.path(), false) }).unwrap();
    (0..10).for_each(|n| put(&journal, &format!("k{n}"), "v"));
    assert_eq!(journal.checkpoint().unwrap_err().code(), crate::error::Code::OutOfSpace);
    assert!(journal.state.wants_checkpoint());
    assert_eq!(all(&journal).len(), 10);
}

#[test]
fn a_journal_that_grew_over_many_short_processes_is_merged_at_the_next_end() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoints = || Listing::read(&Files::default(), &dir.path().join("journal")).unwrap().checkpoints;
    let small = |bytes| JournalOptions { checkpoint_bytes: bytes, ..options(dir.path(), false) };
    for round in 0..10 {
        let journal = Journal::open(small(CHECKPOINT_BYTES)).unwrap();
        put(&journal, &format!("k{round}"), "v");
    }
    assert_eq!(checkpoints(), []);
    drop(Journal::open(small(500)).unwrap());
    assert_eq!(checkpoints().len(), 1);
    // What a process leaves that is killed while it merges: a segment that is full, and the next.
    std::fs::remove_file(&checkpoints()[0].1).unwrap();
    let journal = Journal::open(small(500)).unwrap();
    assert!(journal.state.wants_checkpoint());
    assert_eq!(all(&journal).len(), 10);
    drop(journal);
    assert_eq!(checkpoints().len(), 1);
}

/// An index whose calls fail from the Nth on, and whether it must be opened to know what it has.
#[derive(Debug)]
struct FailingIndex(u64, Option<u64>);

impl Index for FailingIndex {
    fn open(&self) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(crate::storage::fault::FaultyStorage::from_then_on(MemoryStorage::default(), self.0)))
    }

    fn reaches(&self) -> Option<u64> {
        self.1
    }

    fn note(&self, _seq: u64) -> Result<()> {
        Ok(())
    }

    fn engine(&self) -> Option<&'static str> {
        Some("failing")
    }

    fn set_aside(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn an_index_that_fails_at_any_call_is_not_missed() {
    // The first few calls are those of the opening.
    for (fail_at, reaches) in (4..60).map(|fail_at| (fail_at, None)).chain((0..60).map(|fail_at| (fail_at, Some(0)))) {
        let dir = tempfile::tempdir().unwrap();
        let index = Box::new(FailingIndex(fail_at, reaches));
        let journal = Journal::open(JournalOptions { index, ..options(dir.path(), false) }).unwrap();
        for n in 0..10 {
            put(&journal, &format!("k{n}"), "v");
            let full = journal.apply(&[Op::delete(format!("k{}", n / 2)), Op::put("last", [n])], Durability::Full);
            assert_eq!(full.unwrap(), Outcome::Applied, "{fail_at}");
            assert_eq!(journal.get(b"last").unwrap().unwrap(), [n], "{fail_at}");
            assert_eq!(all(&journal).len(), usize::from(n) - usize::from(n / 2) + 1, "{fail_at}");
            if n == 5 {
                journal.checkpoint().unwrap();
            }
        }
        let before = all(&journal);
        drop(journal);
        assert_eq!(all(&Journal::open(options(dir.path(), true)).unwrap()), before, "{fail_at}");
    }
}

#[test]
fn an_index_is_opened_behind_the_first_commits_and_never_by_who_only_reads() {
    let dir = tempfile::tempdir().unwrap();
    let index = dir.path().join("index");
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    put(&journal, "a", "1");
    assert!(!index.exists());
    drop(journal);
    // A second copy of what the journal has is there at the end, and nobody looks at it to read.
    assert_eq!(options(dir.path(), true).index.reaches(), Some(1));
    let db = |index: &std::path::Path| std::fs::metadata(index.join("db")).unwrap().modified().unwrap();
    let before = db(&index);
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    assert_eq!(all(&journal).len(), 1);
    drop(journal);
    assert_eq!(db(&index), before);
    // It is made again where it is gone.
    std::fs::remove_dir_all(&index).unwrap();
    drop(Journal::open(options(dir.path(), true)).unwrap());
    assert_eq!(options(dir.path(), true).index.reaches(), Some(1));
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    put(&journal, "b", "2");
    journal.checkpoint().unwrap();
    put(&journal, "c", "3");
    drop(journal);
    assert_eq!(options(dir.path(), true).index.reaches(), Some(3));
    let on_disk = options(dir.path(), true).index.open().unwrap();
    assert_eq!(all_pages(&*on_disk).len(), 4);
    drop(on_disk);
    // Whoever opened it may have brought it further: it is looked at before anything else then.
    assert_eq!(options(dir.path(), true).index.reaches(), None);
    assert_eq!(all(&Journal::open(options(dir.path(), true)).unwrap()).len(), 3);
    assert_eq!(options(dir.path(), true).index.reaches(), Some(3));
}

#[test]
fn commits_that_come_while_the_index_is_opened_are_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::open(options(dir.path(), true)).unwrap());
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                (0..500).for_each(|n| put(&*journal, &format!("{writer}-{n}"), &"v".repeat(1_000)));
            })
        })
        .collect();
    while !writers.iter().all(std::thread::JoinHandle::is_finished) {
        journal.state.index.bring_up().unwrap();
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(all_pages(&*journal).len(), 2_000);
    drop(Arc::into_inner(journal));
    assert_eq!(options(dir.path(), true).index.reaches(), Some(2_000));
    assert_eq!(all_pages(&*options(dir.path(), true).index.open().unwrap()).len(), 2_001);
}

fn all_pages(storage: &dyn Storage) -> Vec<Entry> {
    let (mut range, mut entries) = (KeyRange::all(), Vec::new());
    loop {
        let page = storage.scan(&range, &ScanOptions::default()).unwrap();
        entries.extend(page.entries);
        if !page.more {
            return entries;
        }
        range = range.after(&entries.last().unwrap().0);
    }
}
