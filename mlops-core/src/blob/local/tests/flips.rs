//! One flipped bit anywhere: never wrong data, always found, always mended.

use super::*;
use crate::error::Code;

const CONTENTS: [&[u8]; 3] = [b"", b"two", b"the third blob"];

fn put_all(blobs: &LocalBlobs) {
    for content in CONTENTS {
        blobs.put(content).unwrap();
    }
}

/// Flips one bit of `path` at a time, calls `then` with the bit's byte, and puts the file back.
fn each_bit(path: &Path, step: usize, mut then: impl FnMut(u64)) {
    let bytes = std::fs::read(path).unwrap();
    for bit in (0..bytes.len() * 8).step_by(step) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(path, &flipped).unwrap();
        then((bit / 8) as u64);
    }
    std::fs::write(path, &bytes).unwrap();
}

/// Every blob comes back right or is reported as damaged, and `verify` names the place.
fn check(blobs: &LocalBlobs, contents: &[&[u8]], path: &Path, byte: u64) {
    for content in contents {
        match blobs.get(&Digest::of(content)) {
            Ok(found) => assert_eq!(found, *content, "byte {byte}"),
            Err(e) => assert_eq!(e.code(), Code::Corrupt, "byte {byte}: {e}"),
        }
        match blobs.size(&Digest::of(content)) {
            Ok(size) => assert_eq!(size, Some(content.len() as u64), "byte {byte}"),
            Err(e) => assert_eq!(e.code(), Code::Corrupt, "byte {byte}: {e}"),
        }
    }
    let (_, errors) = verify(blobs);
    let named = |e: &Error| matches!(e, Error::Corrupt { path: p, offset, .. } if p == path && *offset <= byte);
    assert!(errors.iter().any(named), "byte {byte}: {errors:?}");
}

#[test]
fn any_flipped_bit_of_a_pack_is_found_and_nothing_wrong_returned() {
    for closed in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let writer = open(dir.path());
        put_all(&writer);
        let kept = if closed { None } else { Some(writer) };
        let path = pack(dir.path());
        each_bit(&path, 1, |byte| {
            check(&open(dir.path()), &CONTENTS, &path, byte);
            check(&open_read_only(dir.path()), &CONTENTS, &path, byte);
        });
        drop(kept);
    }
}

#[test]
fn a_flipped_bit_of_a_pack_is_mended_with_the_loss_of_at_most_its_own_blob() {
    let dir = tempfile::tempdir().unwrap();
    let writer = open(dir.path());
    put_all(&writer);
    drop(writer);
    let bytes = std::fs::read(pack(dir.path())).unwrap();
    each_bit(&pack(dir.path()), 13, |byte| {
        let damaged = pack(dir.path());
        let blobs = open(dir.path());
        assert!(!blobs.repair().unwrap().is_empty(), "byte {byte}");
        assert_sound(&blobs);
        let lost = CONTENTS.iter().filter(|content| blobs.get(&Digest::of(content)).is_err()).count();
        assert!(lost <= 1, "byte {byte}: {lost} blobs lost");
        put_all(&blobs);
        drop(blobs);
        let blobs = open(dir.path());
        for content in CONTENTS {
            assert_eq!(blobs.get(&Digest::of(content)).unwrap(), content);
        }
        drop(blobs);
        for path in packs(dir.path()) {
            std::fs::remove_file(path).unwrap();
        }
        std::fs::write(&damaged, &bytes).unwrap();
    });
}

#[test]
fn flipped_bits_of_a_large_blob_are_found_and_nothing_wrong_returned() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let content = blob(5, LARGE_BYTES + 1);
    let digest = blobs.put(&content).unwrap();
    let path = blobs.objects.path(&digest);
    // A prime step, so that every bit of a byte has its turn.
    each_bit(&path, 997, |byte| check(&blobs, &[&content], &path, byte));
}
