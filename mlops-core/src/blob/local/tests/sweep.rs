use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::base::clock::{Clock, SystemClock};
use crate::base::time::Timestamp;
use crate::blob::{Amount, Sweep, Swept};

/// Sweeps all but the living, however young.
fn sweep(blobs: &LocalBlobs, live: &[Digest]) -> Swept {
    sweep_at(blobs, live, SystemClock.now(), false)
}

fn sweep_at(blobs: &LocalBlobs, live: &[Digest], now: Timestamp, dry_run: bool) -> Swept {
    let leases = blobs.leases();
    let lease = if dry_run { leases.begin_count() } else { leases.begin_sweep().unwrap() };
    let live: HashSet<Digest> = live.iter().copied().collect();
    blobs.sweep(&Sweep { lease: &lease, live: &live, now, older_than: Duration::ZERO, dry_run }).unwrap()
}

fn assert_gone(blobs: &LocalBlobs, digest: &Digest) {
    assert!(matches!(blobs.get(digest), Err(Error::NotFound { .. })));
}

/// Removes what is in the trash, as an hour does.
fn empty_trash(dir: &Path) {
    list(&dir.join("trash")).iter().for_each(|path| std::fs::remove_file(path).unwrap());
}

#[test]
fn what_is_not_alive_goes_and_what_is_alive_stays() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let [live, dead, large_live, large_dead] =
        [(1, 100), (2, 200), (3, 70_000), (4, 80_000)].map(|(seed, len)| blobs.put(&blob(seed, len)).unwrap());
    let dry = sweep_at(&blobs, &[live, large_live], SystemClock.now(), true);
    assert_eq!((dry.large_blobs, dry.small_blobs), (Amount::one(80_000), Amount::one(200)));
    assert_eq!(blobs.get(&dead).unwrap(), blob(2, 200));
    assert_eq!(sweep(&blobs, &[live, large_live]), dry);
    assert_eq!(sweep(&blobs, &[live, large_live]), Swept::default());
    assert_eq!((blobs.size(&dead).unwrap(), blobs.size(&large_dead).unwrap()), (None, None));
    empty_trash(dir.path());
    assert_gone(&blobs, &dead);
    assert_gone(&blobs, &large_dead);
    for blobs in [&blobs, &open(dir.path())] {
        assert_eq!((blobs.get(&live).unwrap(), blobs.get(&large_live).unwrap()), (blob(1, 100), blob(3, 70_000)));
        assert_sound(blobs);
        // And it can be put again.
        assert_eq!(blobs.put(&blob(2, 200)).unwrap(), dead);
        assert_eq!(blobs.get(&dead).unwrap(), blob(2, 200));
    }
}

#[test]
fn a_pack_that_is_at_most_half_dead_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let [live, dead] = [1, 2].map(|seed| blobs.put(&blob(seed, 500)).unwrap());
    let before = pack(dir.path());
    assert_eq!(sweep(&blobs, &[live]), Swept { kept: Amount::one(500), ..Swept::default() });
    assert_eq!(pack(dir.path()), before);
    assert_eq!(blobs.get(&dead).unwrap(), blob(2, 500));
    // The process goes on with the pack that it has open.
    blobs.put(&blob(3, 100)).unwrap();
    assert_eq!(pack(dir.path()), before);
}

#[test]
fn what_is_put_after_a_sweep_is_found_and_the_pack_of_another_writer_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let theirs = two.put(&blob(9, 1_000)).unwrap();
    let [live, _dead] = [(1, 100), (2, 200)].map(|(seed, len)| one.put(&blob(seed, len)).unwrap());
    let swept = sweep(&one, &[live]);
    assert_eq!((swept.small_blobs, swept.kept), (Amount::one(200), Amount::one(1_000)));
    let new = one.put(&blob(3, 300)).unwrap();
    let newer = one.put(&blob(4, 300)).unwrap();
    for blobs in [&one, &two, &open_read_only(dir.path())] {
        assert_eq!(blobs.get(&live).unwrap(), blob(1, 100));
        assert_eq!(blobs.get(&theirs).unwrap(), blob(9, 1_000));
        assert_eq!((blobs.get(&new).unwrap(), blobs.get(&newer).unwrap()), (blob(3, 300), blob(4, 300)));
    }
}

#[test]
fn a_reader_that_was_under_way_meets_no_gap_for_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let put = [(1, 100), (2, 200), (3, 70_000)].map(|(seed, len)| (seed, len, blobs.put(&blob(seed, len)).unwrap()));
    let before = open_read_only(dir.path());
    before.get(&put[0].2).unwrap();
    sweep(&blobs, &[put[0].2]);
    for reader in [&before, &open_read_only(dir.path()), &blobs] {
        for (seed, len, digest) in put {
            assert_eq!(reader.get(&digest).unwrap(), blob(seed, len));
            let mut out = Vec::new();
            assert_eq!(reader.read_to(&digest, &mut out).unwrap(), len as u64);
            assert_eq!(out, blob(seed, len));
        }
    }
    let soon = Timestamp::from_micros(SystemClock.now().as_micros() + 3_590_000_000);
    assert_eq!(sweep_at(&blobs, &[put[0].2], soon, false).trash, Amount::default());
    let later = Timestamp::from_micros(soon.as_micros() + 20_000_000);
    assert_eq!(sweep_at(&blobs, &[put[0].2], later, false).trash.count, 2);
    assert_gone(&before, &put[1].2);
    assert_eq!(before.get(&put[0].2).unwrap(), blob(1, 100));
}

#[test]
fn what_is_referred_to_and_stands_in_the_trash_only_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let put = [(1, 100), (2, 70_000), (3, 100)].map(|(seed, len)| blobs.put(&blob(seed, len)).unwrap());
    sweep(&blobs, &[]);
    let [small, large, _] = put;
    assert_eq!((blobs.size(&small).unwrap(), blobs.size(&large).unwrap()), (None, None));
    let later = Timestamp::from_micros(SystemClock.now().as_micros() + 3_700_000_000);
    assert_eq!(sweep_at(&blobs, &[small, large], later, true).trash, Amount::default());
    assert_eq!(sweep_at(&blobs, &[small, large], later, false).trash, Amount::default());
    for blobs in [&blobs, &open(dir.path())] {
        assert_eq!((blobs.size(&small).unwrap(), blobs.size(&large).unwrap()), (Some(100), Some(70_000)));
        assert_eq!(blobs.get(&large).unwrap(), blob(2, 70_000));
        assert_sound(blobs);
    }
    assert!(list(&dir.path().join("trash")).is_empty());
}

#[test]
fn a_pack_with_a_damaged_living_blob_stays_for_fsck() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let [live, dead] = [(1, 100), (2, 5_000)].map(|(seed, len)| blobs.put(&blob(seed, len)).unwrap());
    drop(blobs);
    let path = pack(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(100).position(|part| part == blob(1, 100)).unwrap();
    bytes[at + 50] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let blobs = open(dir.path());
    assert_eq!(sweep(&blobs, &[live]).kept, Amount::one(5_000));
    assert_eq!(pack(dir.path()), path);
    assert_eq!(blobs.get(&dead).unwrap(), blob(2, 5_000));
    assert!(matches!(blobs.get(&live), Err(Error::Corrupt { .. })));
}

#[test]
fn putting_what_exists_makes_it_young_again() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let put = [(1, 100), (2, 70_000)].map(|(seed, len)| (seed, len, blobs.put(&blob(seed, len)).unwrap()));
    let files = [pack(dir.path()), blobs.objects.path(&put[1].2)];
    for path in &files {
        std::fs::File::open(path).unwrap().set_modified(UNIX_EPOCH).unwrap();
    }
    for (seed, len, _) in put {
        blobs.put(&blob(seed, len)).unwrap();
    }
    let live = HashSet::new();
    let lease = blobs.leases().begin_sweep().unwrap();
    let older_than = Duration::from_mins(1);
    let young = Sweep { lease: &lease, live: &live, now: SystemClock.now(), older_than, dry_run: false };
    assert_eq!(blobs.sweep(&young).unwrap(), Swept { kept: Amount { count: 2, bytes: 70_100 }, ..Swept::default() });
}

#[test]
fn no_put_is_undone_by_a_sweep_that_goes_on_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let putting: Vec<_> = (0..3_u8)
            .map(|thread| {
                let blobs = &blobs;
                scope.spawn(move || {
                    for round in 0..60_u8 {
                        // All threads put the same few; large ones in both ways.
                        let (seed, len) = ((round + thread) % 4, if round % 3 == 0 { 70_000 } else { 1_000 });
                        let bytes = blob(seed, len);
                        let lease = blobs.leases().hold().unwrap();
                        let digest = if round % 2 == 0 {
                            blobs.put(&bytes).unwrap()
                        } else {
                            blobs.put_reader(&mut bytes.as_slice()).unwrap().0
                        };
                        for _ in 0..3 {
                            assert!(blobs.size(&digest).unwrap().is_some(), "thread {thread}, round {round}");
                            assert_eq!(blobs.get(&digest).unwrap(), bytes);
                            std::thread::yield_now();
                        }
                        drop(lease);
                    }
                })
            })
            .collect();
        let sweeping = scope.spawn(|| {
            let mut swept = 0;
            while !done.load(Ordering::Acquire) {
                let found = sweep(&blobs, &[]);
                swept += found.large_blobs.count + found.small_blobs.count;
            }
            swept
        });
        let put: Vec<_> = putting.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Release);
        let swept = sweeping.join().unwrap();
        assert!(put.iter().all(Result::is_ok));
        assert!(swept > 0, "the sweeps met nothing");
    });
    assert_sound(&blobs);
}
