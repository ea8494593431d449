//! One flipped bit in any file of a journal, and one cut at any length: never wrong data, never a silent loss, and a
//! repair that says what it lost.

use std::path::{Path, PathBuf};

use super::*;
use crate::error::{Code, Error};

/// A journal with two checkpoints, segments before, between and behind them, and entries that came, changed and went.
fn made(dir: &Path, on_disk: bool) -> Vec<(String, String)> {
    let journal = Journal::open(options(dir, on_disk)).unwrap();
    for round in 0..3 {
        for n in 0..4 {
            put(&journal, &format!("k{n}"), &format!("{round}"));
            put(&journal, &format!("k{n}-{round}"), "only once");
        }
        let _: Outcome = journal.apply(&[Op::delete(format!("k0-{round}"))], Durability::Full).unwrap();
        if round < 2 {
            journal.checkpoint().unwrap();
        }
    }
    all(&journal)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    Files::default().list(&dir.join("journal")).unwrap()
}

/// What opening shows, or where it says that the damage is.
fn opened(dir: &Path, on_disk: bool) -> std::result::Result<Vec<(String, String)>, PathBuf> {
    match Journal::open(options(dir, on_disk)) {
        Ok(journal) => Ok(all(&journal)),
        Err(Error::Corrupt { path, .. }) => Err(path),
        Err(e) => panic!("{e}"),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in Files::default().list(from).unwrap() {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Damages a copy of the folder and holds it to its promises. `whole` if what the index on disk has must come back.
fn hold(dir: &Path, on_disk: bool, path: &Path, byte: usize, expected: &[(String, String)], damage: impl Fn(&Path)) {
    let name = path.file_name().unwrap();
    let what = format!("{} at byte {byte}, on disk: {on_disk}", name.display());
    let copied = tempfile::tempdir().unwrap();
    copy(dir, copied.path());
    let damaged = copied.path().join("journal").join(name);
    damage(&damaged);

    match read(&copied.path().join("journal"), &Files::default()) {
        Ok(read) => assert_eq!(all(&read), expected, "{what}"),
        Err(e) => assert_eq!(e.code(), Code::Corrupt, "{what}: {e}"),
    }
    let findings = verified(copied.path(), on_disk, false);
    assert!(findings.iter().any(|f| f.path == damaged && f.offset <= byte as u64), "{what}: {findings:?}");
    match opened(copied.path(), on_disk) {
        Ok(found) => assert_eq!(found, expected, "{what}"),
        Err(named) => assert_eq!(named, damaged, "{what}"),
    }
    let findings = verified(copied.path(), on_disk, true);
    assert!(findings.iter().all(|f| f.repair.is_some()), "{what}: {findings:?}");
    assert_eq!(verified(copied.path(), on_disk, false), [], "{what}");
    let repaired = opened(copied.path(), on_disk).unwrap();
    let lost = findings.iter().any(|f| f.repair.as_ref().unwrap().contains("lost: "));
    if on_disk || !lost {
        assert_eq!(repaired, expected, "{what}: {findings:?}");
    } else {
        let one_by_one = repaired.iter().all(|(key, value)| {
            // A commit that is lost leaves the value before it, or what it deleted.
            value == "only once" || (key.len() == 2 && ["0", "1", "2"].contains(&value.as_str()))
        });
        assert!(one_by_one, "{what}: {repaired:?}");
    }
}

#[test]
fn a_flipped_bit_of_any_file_is_found_named_and_mended() {
    for on_disk in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let expected = made(dir.path(), on_disk);
        assert!(files(dir.path()).len() >= 5, "{:?}", files(dir.path()));
        for path in files(dir.path()) {
            let len = std::fs::read(&path).unwrap().len();
            // The header of the file, that of the first frame, and some of the rest.
            let every = if on_disk { 61 } else { 13 };
            for byte in (0..len).filter(|byte| byte % every == 3 || [0, 9, 29, 41, 59, 61, len - 1].contains(byte)) {
                hold(dir.path(), on_disk, &path, byte, &expected, |damaged| {
                    let mut bytes = std::fs::read(damaged).unwrap();
                    bytes[byte] ^= 1 << (byte % 8);
                    std::fs::write(damaged, bytes).unwrap();
                });
            }
        }
    }
}
