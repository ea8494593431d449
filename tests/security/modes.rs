//! Modes: a private store is its user's, a group's is the group's, whatever the umask.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mlops_core::{Code, OpenOptions, Sharing, Store, fsck};

use crate::child;

/// Every file and folder, the root too.
pub(crate) fn walk(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_path_buf()];
    if root.symlink_metadata().unwrap().is_dir() {
        let mut inner: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
        inner.sort();
        inner.iter().for_each(|path| found.extend(walk(path)));
    }
    found
}

pub(crate) fn check_modes(root: &Path, folder_mode: u32, file_mode: u32) {
    let mut files = 0;
    for path in walk(root) {
        let found = path.symlink_metadata().unwrap();
        let expected = if found.is_dir() { folder_mode } else { file_mode };
        files += u32::from(!found.is_dir());
        assert_eq!(found.mode() & 0o7777, expected, "{}: {:o}", path.display(), found.mode());
    }
    assert!(files > 1, "{} is not used", root.display());
}

/// Has children use a store in every way that makes files.
fn use_store(store: &Path, umask: u32) {
    for (task, answer) in
        [("log one", "logged"), ("die two", "died"), ("log three", "logged"), ("gc", "swept"), ("fsck repair", "[] []")]
    {
        assert_eq!(child::under_umask(task, store, umask), answer, "{task}");
    }
}

#[test]
fn a_private_store_is_its_users_alone_whatever_the_umask() {
    for umask in [0o000, 0o022, 0o077] {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("a/store");
        use_store(&store, umask);
        check_modes(&dir.path().join("a"), 0o700, 0o600);
        assert!(walk(&store).iter().any(|path| path.ends_with("index/db")), "no index was made");
    }
}

#[test]
fn a_groups_store_is_the_groups_whatever_the_umask() {
    for umask in [0o000, 0o022, 0o077] {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("a/store");
        assert_eq!(child::under_umask("create", &store, umask), "made");
        use_store(&store, umask);
        check_modes(&dir.path().join("a"), 0o2770, 0o660);
    }
}

#[test]
fn the_file_layer_sets_modes_that_the_umask_took() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(child::under_umask("files", dir.path(), 0o777), "made");
    check_modes(&dir.path().join("a"), 0o700, 0o600);
}

#[test]
fn what_an_older_version_left_readable_is_closed_at_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let uri = dir.path().join("store").display().to_string();
    child::log(&Store::open(&uri).unwrap(), "one").unwrap();
    for path in walk(&dir.path().join("store/index")) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    Store::open(&uri).unwrap().close().unwrap();
    check_modes(&dir.path().join("store"), 0o700, 0o600);
}

#[test]
fn a_store_made_in_a_folder_that_is_there_takes_it_over() {
    for (sharing, mode, files) in [(Sharing::Private, 0o700, 0o600), (Sharing::Group, 0o2770, 0o660)] {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(".mlops");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let uri = folder.display().to_string();
        let store = Store::open_with(&OpenOptions { uri, sharing, ..OpenOptions::default() }).unwrap();
        assert_eq!(store.sharing(), sharing);
        child::log(&store, "one").unwrap();
        drop(store);
        check_modes(&folder, mode, files);
    }
}

#[test]
fn a_private_store_is_not_called_a_groups_and_says_how_to_give_it_to_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    let options = OpenOptions { uri: folder.display().to_string(), ..OpenOptions::default() };
    child::log(&Store::open_with(&options).unwrap(), "one").unwrap();
    let group = OpenOptions { sharing: Sharing::Group, ..options.clone() };
    let error = Store::open_with(&group).unwrap_err();
    assert_eq!(error.code(), Code::InvalidState);
    assert_eq!(Store::open_with(&options).unwrap().sharing(), Sharing::Private);
    // What it says to do does it.
    let text = error.to_string();
    for command in text.split('`').skip(1).step_by(2).map(|command| command.replace("GROUP", "$(id -g)")) {
        assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}");
    }
    let store = Store::open_with(&group).unwrap();
    assert_eq!(store.sharing(), Sharing::Group);
    child::log(&store, "two").unwrap();
    drop(store);
    check_modes(&folder, 0o2770, 0o660);
    assert!(fsck(&options.uri, false).unwrap().findings.is_empty());
}

#[test]
fn create_makes_a_new_store_only() {
    let dir = tempfile::tempdir().unwrap();
    let uri = dir.path().join("store").display().to_string();
    let options = OpenOptions { uri, must_be_new: true, ..OpenOptions::default() };
    let made = Store::open_with(&options).unwrap();
    assert_eq!(Store::open_with(&options).unwrap_err().code(), Code::AlreadyExists);
    drop(made);
    assert_eq!(Store::open_with(&options).unwrap_err().code(), Code::AlreadyExists);
    let both = OpenOptions { must_exist: true, ..options.clone() };
    assert_eq!(Store::open_with(&both).unwrap_err().code(), Code::InvalidArgument);
    let memory = OpenOptions { uri: "memory:".into(), sharing: Sharing::Group, ..OpenOptions::default() };
    assert_eq!(Store::open_with(&memory).unwrap_err().code(), Code::Unsupported);
    // Of threads that make the same store, one does.
    let uri = dir.path().join("raced").display().to_string();
    let options = OpenOptions { uri, must_be_new: true, ..OpenOptions::default() };
    let made = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open_with(&options))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
    let refused = made.iter().filter_map(|made| made.as_ref().err());
    refused.for_each(|error| assert_eq!(error.code(), Code::AlreadyExists, "{error}"));
}
