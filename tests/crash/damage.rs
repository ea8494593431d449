//! One flipped bit in any file of a store, and any damage to the folder of its index: nothing wrong is ever returned,
//! nothing is lost in silence.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

#[path = "../support/killed.rs"]
mod killed;

use std::path::{Path, PathBuf};

use killed::{Items, copy, files, made, read};
use mlops_core::{Code, Error, fsck};

/// The child that fills the store. Not a test of its own.
#[test]
fn child() {
    killed::fill_if_child();
}

/// A store, and what it shows to readers and to a writer.
struct Whole {
    folder: tempfile::TempDir,
    to_readers: Items,
    to_writers: Items,
}

impl Whole {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        made(&store);
        let copied = folder.path().join("copy");
        copy(&store, &copied);
        let (to_readers, to_writers) = (read(&copied, true).unwrap(), read(&copied, false).unwrap());
        assert!(to_readers.len() > 10 && to_readers.values().chain(to_writers.values()).all(Result::is_ok));
        std::fs::remove_dir_all(copied).unwrap();
        // A reader sees that the process is gone, and changes nothing.
        for (name, shown) in &to_readers {
            assert_eq!(shown.as_ref().ok(), to_writers.get(name).unwrap().as_ref().ok(), "{name}");
        }
        Self { folder, to_readers, to_writers }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// A copy of the store to be damaged.
    fn copy(&self) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir_in(self.folder.path()).unwrap();
        let copied = dir.path().join("store");
        copy(&self.store(), &copied);
        (dir, copied.canonicalize().unwrap())
    }
}

/// Every thing is as it was, or the damage is reported in the damaged file.
fn hold(what: &str, found: Result<Items, Error>, expected: &Items, damaged: &Path) {
    let named = |error: &Error| {
        assert_eq!(error.code(), Code::Corrupt, "{what}: {error}");
        assert!(matches!(error, Error::Corrupt { path, .. } if path == damaged), "{what}: {error}");
    };
    match found {
        Err(error) => named(&error),
        Ok(found) => {
            for (name, expected) in expected {
                match found.get(name).unwrap() {
                    Ok(found) => assert_eq!(Some(found), expected.as_ref().ok(), "{what}: {name}"),
                    Err(error) => named(error),
                }
            }
        }
    }
}

/// The bytes of a file to be damaged: those of its header and first frame, the last, and some in between.
fn places(len: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len.min(80)).step_by(9).chain((80..len).step_by((len / 12).max(1))).collect();
    places.extend(len.checked_sub(1));
    places
}

/// Flips bits of every file beneath a part of the store, one at a time.
fn flip_every_file_of(part: &str) {
    let whole = Whole::new();
    let root = whole.store();
    let beneath: Vec<_> = files(&root)
        .into_iter()
        .map(|path| path.strip_prefix(&root).unwrap().to_path_buf())
        .filter(|path| path.starts_with(part))
        .collect();
    assert!(!beneath.is_empty(), "nothing in {part}");
    for path in beneath {
        let len = usize::try_from(root.join(&path).metadata().unwrap().len()).unwrap();
        for byte in places(len) {
            let what = format!("{} at byte {byte}", path.display());
            let (_dir, copied) = whole.copy();
            let damaged = copied.join(&path);
            let times = damaged.metadata().unwrap().modified().unwrap();
            let mut bytes = std::fs::read(&damaged).unwrap();
            *bytes.get_mut(byte).unwrap() ^= 1 << (byte % 8);
            std::fs::write(&damaged, bytes).unwrap();
            std::fs::File::options().write(true).open(&damaged).unwrap().set_modified(times).unwrap();
            flipped(&what, &whole, &copied, &damaged);
        }
    }
}

/// Holds a store with one flipped bit to its promises.
fn flipped(what: &str, whole: &Whole, copied: &Path, damaged: &Path) {
    let uri = copied.display().to_string();
    hold(&format!("{what}, read only"), read(copied, true), &whole.to_readers, damaged);
    let findings = fsck(&uri, false).unwrap().findings;
    // Who holds the lock says so anew each time, and nobody reads the lock file.
    let checked = !["lock", "owner"].iter().any(|name| damaged.ends_with(name));
    assert_eq!(findings.iter().any(|finding| finding.path == damaged), checked, "{what}: {findings:?}");
    hold(what, read(copied, false), &whole.to_writers, damaged);
    let repaired = fsck(&uri, true).unwrap().findings;
    assert_eq!(fsck(&uri, false).unwrap().findings, [], "{what}");
    let found = read(copied, false).unwrap_or_else(|error| panic!("{what}: after the repair: {error}"));
    let lost = repaired.iter().any(|finding| {
        let text = format!("{} {}", finding.problem, finding.repair.as_deref().unwrap_or("not repaired"));
        ["lost: ", "cannot be read", "undamaged blobs", "storing the same bytes"].iter().any(|word| text.contains(word))
    });
    for (name, expected) in &whole.to_writers {
        let same = found.get(name).unwrap().as_ref().ok() == expected.as_ref().ok();
        assert!(same || lost, "{what}: `{name}` was lost in silence: {repaired:?}");
    }
}

#[test]
fn a_flipped_bit_of_the_journal() {
    flip_every_file_of("journal");
}

#[test]
fn a_flipped_bit_of_the_spool() {
    flip_every_file_of("spool");
}

#[test]
fn a_flipped_bit_of_a_pack() {
    flip_every_file_of("blobs/packs");
}

#[test]
fn a_flipped_bit_of_a_large_blob() {
    flip_every_file_of("blobs/objects");
}

#[test]
fn a_flipped_bit_of_the_small_files() {
    for file in ["format", "owner", ".gitignore"] {
        flip_every_file_of(file);
    }
}

/// Damages the index of a copy and sees that a writer finds all that was acknowledged.
fn with_index(whole: &Whole, what: &str, damage: impl FnOnce(&Path)) {
    let (_dir, copied) = whole.copy();
    damage(&copied.join("index"));
    let found = read(&copied, false).unwrap_or_else(|error| panic!("{what}: {error}"));
    for (name, expected) in &whole.to_writers {
        assert_eq!(found.get(name).unwrap().as_ref().ok(), expected.as_ref().ok(), "{what}: {name}");
    }
    drop(found);
    assert_eq!(fsck(&copied.display().to_string(), false).unwrap().findings, [], "{what}");
    assert!(read(&copied, false).unwrap().values().all(Result::is_ok), "{what}: opened again");
}

#[test]
fn an_index_that_is_gone_cut_short_or_something_else() {
    let whole = Whole::new();
    with_index(&whole, "deleted", |index| std::fs::remove_dir_all(index).unwrap());
    with_index(&whole, "emptied", |index| {
        std::fs::remove_dir_all(index).unwrap();
        std::fs::create_dir(index).unwrap();
    });
    with_index(&whole, "a file", |index| {
        std::fs::remove_dir_all(index).unwrap();
        std::fs::write(index, "not a folder").unwrap();
    });
    #[cfg(unix)]
    for target in ["nowhere", "index"] {
        with_index(&whole, &format!("a link to {target}"), |index| {
            std::fs::remove_dir_all(index).unwrap();
            std::os::unix::fs::symlink(target, index).unwrap();
        });
    }
    let root = whole.store();
    for path in files(&root.join("index")) {
        let inner = path.strip_prefix(root.join("index")).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for keep in [0, 1, bytes.len() / 3, bytes.len().saturating_sub(1)] {
            with_index(&whole, &format!("{} cut to {keep} bytes", inner.display()), |index| {
                std::fs::write(index.join(inner), bytes.get(..keep).unwrap()).unwrap();
            });
        }
        with_index(&whole, &format!("{} overwritten", inner.display()), |index| {
            std::fs::write(index.join(inner), vec![0xa5; bytes.len()]).unwrap();
        });
        with_index(&whole, &format!("{} removed", inner.display()), |index| {
            std::fs::remove_file(index.join(inner)).unwrap();
        });
    }
}

#[test]
fn an_index_of_another_time_or_another_store() {
    let whole = Whole::new();
    let (_dir, later) = whole.copy();
    drop(read(&later, false).unwrap());
    // The writer drained what the killed process left: this index is ahead of the copy's journal.
    with_index(&whole, "of a later time", |index| {
        std::fs::remove_dir_all(index).unwrap();
        copy(&later.join("index"), index);
    });
    let other = Whole::new();
    with_index(&whole, "of another store", |index| {
        std::fs::remove_dir_all(index).unwrap();
        copy(&other.store().join("index"), index);
    });
}

#[test]
fn a_flipped_bit_of_the_index() {
    let whole = Whole::new();
    let root = whole.store();
    for path in files(&root.join("index")) {
        let inner = path.strip_prefix(root.join("index")).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        // Most of sled's file is zeros that it never looks at.
        let used: Vec<usize> = bytes.iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
        for at in used.iter().step_by((used.len() / 50).max(1)) {
            with_index(&whole, &format!("{} at byte {at}", inner.display()), |index| {
                let mut flipped = bytes.clone();
                *flipped.get_mut(*at).unwrap() ^= 1 << (at % 8);
                std::fs::write(index.join(inner), flipped).unwrap();
            });
        }
    }
}

#[test]
fn a_journal_that_is_cut_or_gone_comes_back_from_the_index() {
    let whole = Whole::new();
    // What the killed process left is drained first: the journal then has what the spool has no more.
    let (_dir, drained) = whole.copy();
    drop(read(&drained, false).unwrap());
    std::fs::remove_dir_all(drained.join("spool")).unwrap();
    for what in ["emptied", "removed", "without its folder"] {
        let dir = tempfile::tempdir().unwrap();
        let copied = dir.path().join("store");
        copy(&drained, &copied);
        for path in files(&copied.join("journal")) {
            match what {
                // An empty checkpoint is damage that is reported.
                "emptied" if killed::is_checkpoint(&path) => {}
                "emptied" => std::fs::write(&path, b"").unwrap(),
                _ => std::fs::remove_file(&path).unwrap(),
            }
        }
        if what == "without its folder" {
            std::fs::remove_dir(copied.join("journal")).unwrap();
        }
        // A reader cannot ask the index: it says so, and never shows a store without runs.
        if what != "emptied" || !files(&copied.join("journal")).iter().any(|path| killed::is_checkpoint(path)) {
            let refused = read(&copied, true).unwrap_err();
            assert_eq!(refused.code(), Code::Corrupt, "{what}: {refused}");
            assert!(!fsck(&copied.display().to_string(), false).unwrap().findings.is_empty(), "{what}");
        }
        let found = read(&copied, false).unwrap_or_else(|error| panic!("{what}: {error}"));
        for (name, expected) in &whole.to_writers {
            assert_eq!(found.get(name).unwrap().as_ref().ok(), expected.as_ref().ok(), "{what}: {name}");
        }
    }
}
