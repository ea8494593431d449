//! A snapshot shows what the journal has, whatever of it stands in the checkpoint and whatever behind.

use proptest::prelude::*;

use super::super::{files, pages};
use super::*;

/// A step: entries that come, change or go, or a checkpoint.
#[derive(Clone, Debug)]
enum Step {
    Put(u16, usize),
    Delete(u16),
    Checkpoint,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..200u16, 0..300usize).prop_map(|(key, size)| Step::Put(key, size)),
        3 => (0..200u16).prop_map(Step::Delete),
        1 => Just(Step::Checkpoint),
    ]
}

fn key(number: u16) -> Vec<u8> {
    format!("k{number:03}").into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_page_and_every_entry_is_what_a_map_has(
        steps in prop::collection::vec(step(), 1..400),
        asked in prop::collection::vec((0..210u16, 0..210u16, 1..40usize, any::<bool>()), 20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(options(dir.path(), false)).unwrap();
        let model = MemoryStorage::default();
        for step in &steps {
            let op = match step {
                Step::Put(number, size) => Op::put(key(*number), vec![7; *size]),
                Step::Delete(number) => Op::delete(key(*number)),
                Step::Checkpoint => {
                    journal.checkpoint().unwrap();
                    continue;
                }
            };
            for storage in [&journal as &dyn Storage, &model] {
                prop_assert_eq!(storage.apply(std::slice::from_ref(&op), Durability::Fast).unwrap(), Outcome::Applied);
            }
        }
        let snapshot = read(&dir.path().join("journal"), &Files::default()).unwrap();
        for (start, end, limit, reverse) in asked {
            let range = KeyRange { start: key(start), end: (end < 205).then(|| key(end)) };
            let options = ScanOptions { limit, reverse };
            for storage in [&journal as &dyn Storage, &snapshot] {
                prop_assert_eq!(storage.scan(&range, &options).unwrap(), model.scan(&range, &options).unwrap());
                prop_assert_eq!(storage.get(&range.start).unwrap(), model.get(&range.start).unwrap());
            }
        }
        prop_assert_eq!(all_pages(&snapshot), all_pages(&model));
    }
}

#[test]
fn a_page_that_is_damaged_under_a_reader_is_made_from_the_checkpoint_before() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path(), false)).unwrap();
    (0..200).for_each(|n| put(&journal, &format!("k{n:03}"), &"v".repeat(100)));
    journal.checkpoint().unwrap();
    put(&journal, "k100", "newer");
    journal.checkpoint().unwrap();
    put(&journal, "k101", "newest");
    let before = all_pages(&journal);
    let folder = dir.path().join("journal");
    let snapshot = read(&folder, &Files::default()).unwrap();
    let newest = Listing::read(&Files::default(), &folder).unwrap().checkpoints[0].1.clone();
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    assert_eq!(all_pages(&snapshot), before);
    assert_eq!(snapshot.get(b"k100").unwrap().unwrap(), b"newer");
    assert_eq!(all_pages(&journal), before);
}

#[test]
fn what_is_applied_to_a_snapshot_stays_in_its_memory() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path(), false)).unwrap();
    put(&journal, "a", "1");
    journal.checkpoint().unwrap();
    let snapshot = read(&dir.path().join("journal"), &Files::default()).unwrap();
    let ops = [Op::check("a", Some("1")), Op::put("a", "2"), Op::put("b", "3")];
    assert_eq!(snapshot.apply(&ops, Durability::Fast).unwrap(), Outcome::Applied);
    assert_eq!(snapshot.apply(&ops, Durability::Fast).unwrap(), Outcome::CheckFailed { op: 0 });
    assert_eq!(all(&snapshot), [("a".into(), "2".into()), ("b".into(), "3".into())]);
    assert_eq!(all(&journal), [("a".into(), "1".into())]);
}

#[test]
fn a_checkpoint_of_an_earlier_version_has_no_directory_and_is_read_whole() {
    use crate::log::{LogHeader, LogKind, LogWriter};

    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    (0..50).for_each(|n| put(&journal, &format!("k{n:03}"), &"v".repeat(50)));
    journal.checkpoint().unwrap();
    put(&journal, "k000", "newer");
    let before = all_pages(&journal);
    drop(journal);
    let folder = dir.path().join("journal");
    let (seq, path) = Listing::read(&Files::default(), &folder).unwrap().checkpoints[0].clone();
    let mut pages = Vec::new();
    let head = pages::read_checkpoint(&Files::default(), &path, |page| {
        pages.push(files::Page(page));
        Ok(())
    });
    std::fs::remove_file(&path).unwrap();
    let header = LogHeader { kind: LogKind::Checkpoint, owner: Uuid::from_u128(1), first_seq: 0 };
    let mut old = LogWriter::create(&Files::default(), &path, header).unwrap();
    old.append(&files::encode(&head.unwrap()).unwrap()).unwrap();
    for page in &pages {
        old.append(&files::encode(&page).unwrap()).unwrap();
    }
    drop(old);
    assert_eq!(seq, 50);
    assert_eq!(all_pages(&read(&folder, &Files::default()).unwrap()), before);
    assert_eq!(verified(dir.path(), true, false), []);
    for index in [true, false] {
        let journal = Journal::open(options(dir.path(), true)).unwrap();
        assert_eq!(all_pages(&journal), before);
        drop(journal);
        if index {
            std::fs::remove_dir_all(dir.path().join("index")).unwrap();
        }
    }
    // The next checkpoint has one.
    let journal = Journal::open(options(dir.path(), true)).unwrap();
    put(&journal, "k001", "newer");
    journal.checkpoint().unwrap();
    let newest = Listing::read(&Files::default(), &folder).unwrap().checkpoints[0].1.clone();
    assert!(pages::Pages::open(&Files::default(), &newest).unwrap().is_some());
}
