//! How packs open, close, grow and are mended.

use super::*;
use crate::error::Code;

/// Cuts `bytes` off the end of a file.
fn cut(path: &Path, bytes: u64) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes).unwrap();
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[offset] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn is_closed(path: &Path) -> bool {
    pack::read_trailer(&Files::default(), path).unwrap().is_some()
}

#[test]
fn a_pack_appears_with_the_first_small_blob_and_is_closed_with_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    blobs.put(&blob(0, LARGE_BYTES)).unwrap();
    assert_eq!(packs(dir.path()), [] as [PathBuf; 0]);
    blobs.put(b"small").unwrap();
    assert!(!is_closed(&pack(dir.path())));
    drop(blobs);
    assert!(is_closed(&pack(dir.path())));
    assert_eq!(list(&dir.path().join("tmp")), [] as [PathBuf; 0]);
    assert_sound(&open(dir.path()));
}

#[test]
fn the_footer_says_what_the_frames_say() {
    let dir = tempfile::tempdir().unwrap();
    let digests = [0, 1, 2].map(|seed| open(dir.path()).put(&blob(seed, 100)).unwrap());
    assert_eq!(packs(dir.path()).len(), 3);
    let blobs = open(dir.path());
    let all: Vec<Digest> = (0..200).map(|seed| blobs.put(&blob(seed, 1000)).unwrap()).collect();
    drop(blobs);
    let last = packs(dir.path()).pop().unwrap();
    let id = pack::pack_id(&last).unwrap();
    let footer = pack::read_footer(&Files::default(), &last, id).unwrap().unwrap();
    assert_eq!(footer.len(), all.len());
    assert!(footer.is_sorted_by_key(|entry| entry.digest));
    let blobs = open(dir.path());
    for digest in digests.iter().chain(&all) {
        assert_eq!(Digest::of(&blobs.get(digest).unwrap()), *digest);
    }
}

#[test]
fn a_full_pack_is_closed_and_the_next_begun() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let count = usize::try_from(pack::PACK_BYTES).unwrap() / (LARGE_BYTES - 1) + 2;
    let content = |i: usize| [&i.to_le_bytes()[..], &vec![7; LARGE_BYTES - 9]].concat();
    let digests: Vec<Digest> = (0..count).map(|i| blobs.put(&content(i)).unwrap()).collect();
    let files = packs(dir.path());
    assert_eq!(files.len(), 2);
    assert!(is_closed(&files[0]) && !is_closed(&files[1]));
    blobs.flush().unwrap();
    assert_eq!(blobs.get(&digests[0]).unwrap(), content(0));
    assert_eq!(blobs.get(&digests[count - 1]).unwrap(), content(count - 1));
}

#[test]
fn two_open_stores_see_what_each_other_puts() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    for round in 0..3 {
        let from_one = one.put(&[round, 1]).unwrap();
        assert_eq!(two.get(&from_one).unwrap(), [round, 1]);
        let from_two = two.put(&[round, 2]).unwrap();
        assert_eq!(one.size(&from_two).unwrap(), Some(2));
    }
    let large = one.put(&blob(9, LARGE_BYTES)).unwrap();
    assert_eq!(two.get(&large).unwrap(), blob(9, LARGE_BYTES));
    assert_eq!(packs(dir.path()).len(), 2, "each has its own pack");
    assert_eq!(verify(&one).0.count, 7);
}

#[test]
fn a_pack_of_a_living_writer_is_left_alone_and_one_of_the_dead_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let alive = open(dir.path());
    let first = alive.put(b"first").unwrap();
    let path = pack(dir.path());
    let other = open(dir.path());
    assert!(!is_closed(&path));
    let dead = dir.path().join("blobs/packs/00000000000000000000000000000001.pack");
    std::fs::copy(&path, &dead).unwrap();
    cut(&dead, 1);
    open_read_only(dir.path()).get(&first).unwrap();
    assert!(!is_closed(&dead), "opening for reading changes nothing");
    std::fs::copy(&path, &dead).unwrap();
    let third = open(dir.path());
    assert!(is_closed(&dead) && !is_closed(&path));
    for blobs in [&alive, &other, &third] {
        assert_eq!(blobs.get(&first).unwrap(), b"first");
    }
}

#[test]
fn a_torn_tail_is_cut_and_nothing_before_it_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let (first, second) = (blobs.put(b"first").unwrap(), blobs.put(b"second").unwrap());
    let whole = std::fs::read(pack(dir.path())).unwrap();
    drop(blobs);
    let second_frame = crate::log::frame_bytes(pack::DIGEST_BYTES + 6);
    for torn in 1..second_frame {
        std::fs::write(pack(dir.path()), &whole).unwrap();
        cut(&pack(dir.path()), torn);
        let blobs = open(dir.path());
        assert_eq!(blobs.get(&first).unwrap(), b"first");
        assert_eq!(blobs.get(&second).unwrap_err().code(), Code::NotFound);
        assert!(is_closed(&pack(dir.path())));
        assert_sound(&blobs);
    }
}

#[test]
fn without_a_footer_the_frames_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let digest = open(dir.path()).put(b"kept").unwrap();
    let path = pack(dir.path());
    let len = std::fs::metadata(&path).unwrap().len();
    flip(&path, usize::try_from(len).unwrap() - 40);
    let blobs = open(dir.path());
    assert_eq!(blobs.get(&digest).unwrap(), b"kept");
    let (_, errors) = verify(&blobs);
    assert!(matches!(errors.as_slice(), [Error::Corrupt { path: found, .. }] if *found == path), "{errors:?}");
    let [finding] = blobs.repair().unwrap().try_into().unwrap();
    assert!(finding.repair.is_some());
    assert_sound(&blobs);
    assert_eq!(blobs.get(&digest).unwrap(), b"kept");
    assert!(is_closed(&pack(dir.path())));
    assert_eq!(list(&dir.path().join("trash")).len(), 1);
}

#[test]
fn bytes_behind_the_footer_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let digest = open(dir.path()).put(b"kept").unwrap();
    let mut bytes = std::fs::read(pack(dir.path())).unwrap();
    bytes.extend([1, 2, 3]);
    std::fs::write(pack(dir.path()), bytes).unwrap();
    let blobs = open(dir.path());
    assert_eq!(blobs.get(&digest).unwrap(), b"kept");
    assert_eq!(verify(&blobs).1.len(), 1);
    blobs.repair().unwrap();
    assert_sound(&blobs);
    assert_eq!(blobs.get(&digest).unwrap(), b"kept");
}

#[test]
fn a_damaged_blob_is_an_error_until_it_is_stored_again() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    for content in [b"small".to_vec(), blob(3, LARGE_BYTES + 10)] {
        let digest = blobs.put(&content).unwrap();
        let path = if content.len() < LARGE_BYTES { pack(dir.path()) } else { blobs.objects.path(&digest) };
        let last = std::fs::read(&path).unwrap().len() - 1;
        flip(&path, last);
        let error = blobs.get(&digest).unwrap_err();
        assert!(matches!(&error, Error::Corrupt { path: found, .. } if *found == path), "{error}");
        assert_eq!(blobs.read_to(&digest, &mut Vec::new()).unwrap_err().code(), Code::Corrupt);
        assert_eq!(blobs.put(&content).unwrap(), digest);
        assert_eq!(blobs.get(&digest).unwrap(), content);
        assert_eq!(open(dir.path()).get(&digest).unwrap(), content, "also for those who open later");
    }
    drop(blobs);
    let blobs = open(dir.path());
    let findings = blobs.repair().unwrap();
    assert_eq!(findings.len(), 1, "the damaged copy of the small blob: {findings:?}");
    assert_sound(&blobs);
    assert_eq!(verify(&blobs).0.count, 2);
}

#[test]
fn repair_sets_damaged_and_strange_files_aside() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let digest = blobs.put(&blob(1, LARGE_BYTES)).unwrap();
    let path = blobs.objects.path(&digest);
    flip(&path, 0);
    std::fs::write(path.with_file_name("notes.txt"), "hello").unwrap();
    std::fs::write(dir.path().join("blobs/packs/notes.txt"), "hello").unwrap();
    assert_eq!(verify(&blobs).1.len(), 3);
    let findings = blobs.repair().unwrap();
    assert_eq!(findings.len(), 3);
    assert!(findings.iter().all(|finding| finding.repair.is_some()), "{findings:?}");
    assert_sound(&blobs);
    assert_eq!(blobs.get(&digest).unwrap_err().code(), Code::NotFound);
    assert_eq!(list(&dir.path().join("trash")).len(), 3);
}

#[test]
fn repair_leaves_the_pack_of_another_writer_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (alive, other) = (open(dir.path()), open(dir.path()));
    alive.put(b"one").unwrap();
    flip(&pack(dir.path()), 70);
    let [finding] = other.repair().unwrap().try_into().unwrap();
    assert_eq!(finding.repair, None);
    assert!(pack(dir.path()).exists());
}

#[test]
fn leftovers_of_the_dead_are_removed_and_files_of_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let tmp = dir.path().join("tmp");
    for name in ["a.blob", "b.pack", "c.other"] {
        std::fs::write(tmp.join(name), "half").unwrap();
    }
    let held = Files::default().open_write(&tmp.join("a.blob")).unwrap();
    assert!(held.try_lock().unwrap());
    drop(open(dir.path()));
    assert_eq!(list(&tmp), [tmp.join("a.blob"), tmp.join("c.other")]);
}

#[test]
fn a_store_opened_for_reading_refuses_to_store() {
    let dir = tempfile::tempdir().unwrap();
    let digest = open(dir.path()).put(b"one").unwrap();
    let blobs = open_read_only(dir.path());
    assert_eq!(blobs.get(&digest).unwrap(), b"one");
    assert_eq!(blobs.put(b"two").unwrap_err().code(), Code::ReadOnly);
    assert_eq!(blobs.put_reader(&mut &b"two"[..]).unwrap_err().code(), Code::ReadOnly);
    assert_eq!(blobs.repair().unwrap_err().code(), Code::ReadOnly);
    blobs.flush().unwrap();
}
