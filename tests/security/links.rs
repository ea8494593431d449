//! Links, pipes and files planted at every place of a store: none leads out of it, none is waited for.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use mlops_core::{BackupOptions, Code, GcOptions, OpenOptions, Result, Store, backup, fsck};

use crate::child;
use crate::modes::walk;

/// A store with something at every place: drained runs, a dead writer's spool, closed and open packs, trash, leftovers.
fn used(root: &Path) -> PathBuf {
    let folder = root.join("used");
    let uri = folder.display().to_string();
    let options = OpenOptions { uri: uri.clone(), checkpoint_bytes: 4 << 10, ..OpenOptions::default() };
    let store = Store::open_with(&options).unwrap();
    child::log(&store, "one").unwrap();
    child::log(&store, "gone").unwrap();
    store.runs().delete("gone").unwrap();
    store.gc(&GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true }).unwrap();
    drop(store);
    assert_eq!(child::under_umask("die two", &folder, 0o022), "died");
    fs::write(folder.join("tmp/left.blob"), "left").unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    for path in walk(from) {
        let place = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() { fs::create_dir(&place).unwrap() } else { fs::copy(&path, &place).map(drop).unwrap() }
    }
}

/// Everything that can be seen of a folder without following a link.
fn seen(root: &Path) -> BTreeMap<PathBuf, (u32, u64, i64, Vec<u8>)> {
    let look = |path: PathBuf| {
        let found = path.symlink_metadata().unwrap();
        let bytes = if found.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let what = (found.mode(), found.len(), found.mtime_nsec() + found.mtime() * 1_000_000_000, bytes);
        (path, what)
    };
    walk(root).into_iter().map(look).collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Planted {
    /// A link to what stood there, outside.
    LinkToTheSame,
    /// A link to something else of the same kind outside.
    LinkToAnother,
    /// A link that leads to nothing yet.
    LinkToNothing,
    Pipe,
}

/// Puts something else in the place of `path`.
fn plant(path: &Path, outside: &Path, planted: Planted) {
    let is_folder = path.is_dir();
    let (same, other) = (outside.join("same"), outside.join(if is_folder { "folder" } else { "file" }));
    fs::rename(path, &same).unwrap();
    match planted {
        Planted::LinkToTheSame => symlink(&same, path).unwrap(),
        Planted::LinkToAnother => symlink(&other, path).unwrap(),
        Planted::LinkToNothing => symlink(outside.join("nothing"), path).unwrap(),
        Planted::Pipe => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
    }
}

const CALLS: [&str; 7] = ["read", "log", "gc", "backup", "fsck", "repair", "read again"];

/// Does one of the calls that open a store; gives what the store shows, if that is known then.
fn perform(call: &str, uri: &str, copy: &Path) -> Result<Option<String>> {
    let write = OpenOptions { uri: uri.into(), must_exist: true, ..OpenOptions::default() };
    match call {
        "log" => {
            let store = Store::open_with(&write)?;
            let shown = child::show(&store)?;
            child::log(&store, "three")?;
            store.close().map(|()| Some(shown))
        }
        "gc" => {
            let options = GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true };
            Store::open_with(&write)?.gc(&options).map(|_| None)
        }
        "backup" => backup(uri, &copy.display().to_string(), &BackupOptions::default()).map(|_| None),
        "fsck" | "repair" => fsck(uri, call == "repair").map(|report| Some(format!("{:?}", report.findings))),
        _ => {
            let read = OpenOptions { uri: uri.into(), read_only: true, ..OpenOptions::default() };
            child::show(&Store::open_with(&read)?).map(Some)
        }
    }
}

/// Plants at one place of a copy of the store, and tries every call.
fn attack(template: &Path, dir: &Path, name: &Path, planted: Planted) {
    let (store, outside) = (dir.join("store"), dir.join("outside"));
    fs::create_dir_all(outside.join("folder/inner")).unwrap();
    fs::write(outside.join("folder/precious"), "precious").unwrap();
    fs::write(outside.join("file"), "precious").unwrap();
    copy(template, &store);
    plant(&store.join(name), &outside, planted);
    let before = seen(&outside);
    let at = format!("{planted:?} at {}", name.display());
    // The index is sled's, of the trash nothing is read, and without a lock nobody mends.
    let mended = !["index", "trash", "lock"].iter().any(|other| name.starts_with(other));
    let is_planted =
        || mended && store.join(name).symlink_metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    for call in CALLS {
        let was_planted = is_planted();
        match perform(call, &store.display().to_string(), &dir.join("copy")) {
            Ok(Some(findings)) if ["fsck", "repair"].contains(&call) => {
                assert!(!was_planted || findings.contains("it is no file"), "{at}: {call} found {findings}");
            }
            Ok(Some(shown)) => {
                let whole = shown.contains("one Finished Some(0.5) large.bin=70000 small.txt=3");
                // A repair may set aside what cannot be read, and says so.
                assert!(whole || call == "read again", "{at}: {call} shows {shown}");
            }
            Ok(None) => {}
            Err(error) => {
                assert!(!mended || !["fsck", "repair"].contains(&call), "{at}: {call}: {error}");
                assert_eq!(error.code(), Code::Corrupt, "{at}: {call}: {error:?}");
                let text = error.to_string();
                assert!(text.contains("move it away") || text.contains("run `mlops fsck`"), "{at}: {call}: {text}");
            }
        }
        assert_eq!(seen(&outside), before, "{at}: {call} changed what is outside");
        assert!(call != "repair" || !is_planted(), "{at}: it is still there after a repair");
    }
    assert!(outside.join("nothing").symlink_metadata().is_err(), "{at}");
}

#[test]
fn nothing_planted_in_a_store_leads_out_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let template = used(dir.path());
    let names: Vec<PathBuf> =
        walk(&template).into_iter().skip(1).map(|path| path.strip_prefix(&template).unwrap().to_path_buf()).collect();
    for expected in ["journal", "index/db", "blobs/packs", "trash", "tmp", "spool", "lock", "owner", "format"] {
        assert!(names.iter().any(|name| name == Path::new(expected)), "no {expected}: {names:?}");
    }
    let all = [Planted::LinkToTheSame, Planted::LinkToAnother, Planted::LinkToNothing, Planted::Pipe];
    let work: Vec<_> = names.iter().flat_map(|name| all.map(|planted| (name, planted))).collect();
    let next = Mutex::new(work.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((name, planted)) = next.lock().unwrap().next() else { return };
                    let dir = tempfile::tempdir_in(dir.path()).unwrap();
                    attack(&template, dir.path(), name, planted);
                }
            });
        }
    });
}
