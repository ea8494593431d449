//! Two stores over one folder stand for two processes: they share nothing but files.

use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::base::clock::{Clock, SystemClock};
use crate::blob::{Amount, Lease, Sweep, SweepLease, Swept};
use crate::error::Code;

fn begin(blobs: &LocalBlobs) -> SweepLease {
    blobs.leases().begin_sweep().unwrap()
}

fn hold(blobs: &LocalBlobs) -> Lease {
    blobs.leases().hold().unwrap()
}

/// Removes all but the living, however young.
fn sweep_with(blobs: &LocalBlobs, lease: &SweepLease, live: &[Digest]) -> Result<Swept> {
    let live: HashSet<Digest> = live.iter().copied().collect();
    let now = SystemClock.now();
    blobs.sweep(&Sweep { lease, live: &live, now, older_than: Duration::ZERO, dry_run: false })
}

fn sweep(blobs: &LocalBlobs, live: &[Digest]) -> Swept {
    sweep_with(blobs, &begin(blobs), live).unwrap()
}

/// Removes what is in the trash, as an hour does.
fn empty_trash(dir: &Path) {
    list(&dir.join("trash")).iter().for_each(|path| std::fs::remove_file(path).unwrap());
}

fn notes(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("blobs/leases")).unwrap()
}

#[test]
fn a_sweep_waits_for_the_leases_of_others_and_not_for_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let (own, theirs) = (hold(&one), hold(&two));
    assert_eq!(one.leases().begin_sweep().unwrap_err().code(), Code::Busy);
    // What it had before it tried it still has, and nothing else.
    assert_eq!(two.leases().begin_sweep().unwrap_err().code(), Code::Busy);
    drop(theirs);
    let large = one.put(&blob(1, 70_000)).unwrap();
    assert_eq!(sweep(&one, &[]).kept.count, 1);
    // The lock of the lease is there again.
    assert_eq!(two.leases().begin_sweep().unwrap_err().code(), Code::Busy);
    drop(own);
    assert_eq!(sweep(&two, &[]).large_blobs.count, 1);
    assert_eq!(one.size(&large).unwrap(), None);
}

#[test]
fn a_lease_that_is_taken_during_a_sweep_keeps_it_from_moving_anything() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let put = [(1, 100), (2, 70_000)].map(|(seed, len)| one.put(&blob(seed, len)).unwrap());
    let lease = begin(&one);
    let theirs = hold(&two);
    assert_eq!(sweep_with(&one, &lease, &[]).unwrap_err().code(), Code::Busy);
    for digest in put {
        assert!(two.size(&digest).unwrap().is_some());
    }
    drop(theirs);
    let swept = sweep_with(&one, &lease, &[]).unwrap();
    assert_eq!((swept.large_blobs.count, swept.small_blobs.count), (1, 1));
}

#[test]
fn what_another_process_puts_during_a_sweep_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let old = [(1, 100), (2, 70_000), (3, 71_000)].map(|(seed, len)| one.put(&blob(seed, len)).unwrap());
    let lease = begin(&one);
    // De-duplicated, as bytes and as a stream, and new.
    let _again = two.put(&blob(1, 100)).unwrap();
    two.put(&blob(2, 70_000)).unwrap();
    let (new, _) = two.put_reader(&mut blob(4, 72_000).as_slice()).unwrap();
    assert_eq!(notes(dir.path()).lines().count(), 4, "a line for the beginning and each put");
    let swept = sweep_with(&one, &lease, &[]).unwrap();
    assert_eq!((swept.large_blobs, swept.kept.count), (Amount::one(71_000), 3));
    drop(lease);
    assert_eq!(notes(dir.path()), "");
    for (digest, there) in old.into_iter().chain([new]).zip([true, true, false, true]) {
        assert_eq!(two.size(&digest).unwrap().is_some(), there);
    }
    // Afterwards nothing is noted, and the next sweep knows nothing of these.
    two.put(&blob(2, 70_000)).unwrap();
    assert_eq!(notes(dir.path()), "");
    let swept = sweep(&one, &[]);
    assert_eq!((swept.large_blobs.count, swept.small_blobs.count, swept.kept.count), (2, 1, 0));
}

#[test]
fn notes_are_read_past_one_that_was_cut_short_and_damage_removes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let put = [(1, 70_000), (2, 71_000)].map(|(seed, len)| one.put(&blob(seed, len)).unwrap());
    let append =
        |text: &str| Files::default().open_append(&dir.path().join("blobs/leases")).unwrap().append(text.as_bytes());
    let lease = begin(&one);
    append("0123").unwrap();
    two.put(&blob(1, 70_000)).unwrap();
    assert_eq!(sweep_with(&one, &lease, &[]).unwrap().large_blobs.count, 1);
    assert_eq!((two.size(&put[0]).unwrap(), two.size(&put[1]).unwrap()), (Some(70_000), None));
    append("no digest\n").unwrap();
    assert_eq!(sweep_with(&one, &lease, &[]).unwrap_err().code(), Code::Corrupt);
    drop(lease);
    assert_eq!(sweep(&one, &[]).large_blobs.count, 1);
}

#[test]
fn there_is_one_sweep_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let lease = begin(&one);
    let refused = two.leases().begin_sweep().unwrap_err();
    assert!(refused.code() == Code::Busy && refused.to_string().contains("gc.lock"), "{refused}");
    // Who only counts is in nobody's way.
    drop(two.leases().begin_count());
    drop(lease);
    drop(begin(&two));
}

#[test]
fn lock_files_that_somebody_removes_are_made_again_and_a_sweep_under_way_gives_up() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let large = one.put(&blob(1, 70_000)).unwrap();
    for file in ["leases", "gc.lock"] {
        let lease = begin(&one);
        std::fs::remove_file(dir.path().join("blobs").join(file)).unwrap();
        let _theirs = (file == "gc.lock").then(|| begin(&two));
        let error = sweep_with(&one, &lease, &[]).unwrap_err();
        assert!(error.code() == Code::Busy && error.to_string().contains(file), "{error}");
    }
    assert!(one.size(&large).unwrap().is_some());
    std::fs::remove_file(dir.path().join("blobs/leases")).unwrap();
    let theirs = hold(&two);
    assert_eq!(one.leases().begin_sweep().unwrap_err().code(), Code::Busy, "both use the new file");
    drop(theirs);
    assert_eq!(sweep(&one, &[]).large_blobs.count, 1);
}

#[test]
fn a_gc_that_died_leaves_nothing_that_costs_others() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    drop(begin(&one));
    std::fs::write(dir.path().join("blobs/leases"), "put while a gc is at work:\n").unwrap();
    two.put(&blob(1, 100)).unwrap();
    assert_eq!(notes(dir.path()).lines().count(), 1);
}

#[test]
fn a_reader_of_another_process_finds_what_was_put_a_moment_ago_and_what_a_sweep_moved() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let reader = open_read_only(dir.path());
    let check = |digest: &Digest, bytes: &[u8]| {
        for blobs in [&two, &reader] {
            assert_eq!(blobs.get(digest).unwrap(), bytes);
            assert_eq!(blobs.size(digest).unwrap(), Some(bytes.len() as u64));
        }
    };
    // In an open pack, in one that goes on, in one that is closed.
    let first = one.put(&blob(1, 100)).unwrap();
    check(&first, &blob(1, 100));
    let second = one.put(&blob(2, 200)).unwrap();
    check(&second, &blob(2, 200));
    let dead = one.put(&blob(3, 5_000)).unwrap();
    one.writer.lock().close();
    let next = one.put(&blob(4, 400)).unwrap();
    check(&next, &blob(4, 400));
    check(&dead, &blob(3, 5_000));
    // Written anew: the others know only of the pack that is gone.
    assert_eq!(sweep(&one, &[first, second, next]).small_blobs.count, 1);
    empty_trash(dir.path());
    check(&first, &blob(1, 100));
    check(&second, &blob(2, 200));
    assert!(matches!(two.get(&dead), Err(Error::NotFound { .. })));
    assert_eq!(two.size(&dead).unwrap(), None);
    assert_sound(&one);
}

#[test]
fn what_a_sweep_wrote_anew_is_not_stored_again() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let live = one.put(&blob(1, 1_000)).unwrap();
    one.put(&blob(2, 5_000)).unwrap();
    two.get(&live).unwrap();
    sweep(&one, &[live]);
    two.put(&blob(1, 1_000)).unwrap();
    assert_eq!(packs(dir.path()).len(), 1, "the other process has made a pack of its own");
}

#[test]
fn a_put_of_new_bytes_lists_no_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    one.put(&blob(1, 100)).unwrap();
    two.put(&blob(2, 100)).unwrap();
    // A pack that has come meanwhile is not looked at.
    let theirs = one.put(&blob(3, 100)).unwrap();
    two.put(&blob(4, 100)).unwrap();
    assert!(two.index.read().places(&theirs).is_empty());
}

#[test]
fn a_pack_whose_writer_died_is_closed_by_a_sweep() {
    let dir = tempfile::tempdir().unwrap();
    let one = open(dir.path());
    let dead = {
        let two = open(dir.path());
        let dead = two.put(&blob(1, 100)).unwrap();
        // Its footer is lost with it.
        let path = pack(dir.path());
        let length = path.metadata().unwrap().len();
        drop(two);
        std::fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        dead
    };
    assert_eq!(sweep(&one, &[]).small_blobs, Amount::one(100));
    assert_eq!(one.size(&dead).unwrap(), None);
}

/// Notes the names of files that are forced to the disk.
#[derive(Debug, Default)]
struct Forced(std::sync::Mutex<Vec<PathBuf>>);

impl crate::base::files::FileHook for Forced {
    fn before(&self, op: &crate::base::files::FileOp<'_>) -> std::io::Result<Option<usize>> {
        if let crate::base::files::FileOp::Sync(path) = op {
            self.0.lock().unwrap().push(path.to_path_buf());
        }
        Ok(None)
    }
}

#[test]
fn what_another_has_put_and_not_forced_to_the_disk_is_forced_with_the_next_flush() {
    let dir = tempfile::tempdir().unwrap();
    let other = open(dir.path());
    let shared = other.put(&blob(1, 500)).unwrap();
    let forced = Arc::new(Forced::default());
    let blobs = LocalBlobs::open(options(dir.path(), Files::with_hook(forced.clone()))).unwrap();
    let taken = || std::mem::take(&mut *forced.0.lock().unwrap());
    taken();
    assert_eq!(blobs.put(&blob(1, 500)).unwrap(), shared);
    assert!(taken().is_empty());
    blobs.flush().unwrap();
    assert_eq!(taken(), [pack(dir.path())]);
    blobs.flush().unwrap();
    assert!(taken().is_empty());
    // One's own is noted already.
    blobs.put(&blob(2, 500)).unwrap();
    blobs.flush().unwrap();
    taken();
    blobs.put(&blob(2, 500)).unwrap();
    blobs.flush().unwrap();
    assert!(taken().is_empty());
}
