use std::path::Path;

use super::*;
use crate::error::Code;
use crate::runs::{RunExt, RunOptions, RunQuery, RunStatus};

mod gates;
mod gone;
mod hooks;
mod lineage;
mod logged_models;
mod lost;
mod model_registry;
mod model_registry_names;
mod model_registry_property;
mod model_registry_reads;
mod model_registry_rules;
mod registry_watches;
mod unowned;

fn open(path: &Path) -> Store {
    Store::open(path.to_str().unwrap()).unwrap()
}

fn read_only(path: &Path) -> Result<Store> {
    Store::open_with(&OpenOptions { uri: path.display().to_string(), read_only: true, ..OpenOptions::default() })
}

fn log_one(store: &Store, name: &str) -> String {
    let run = store.runs().start(RunOptions { run_name: Some(name.into()), ..RunOptions::default() }).unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    run.log_bytes("model.bin", &vec![7; 100_000]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    run.id().to_owned()
}

#[test]
fn a_store_keeps_what_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let (run, id) = {
        let store = open(dir.path());
        (log_one(&store, "first"), store.id())
    };
    let store = open(dir.path());
    assert_eq!((store.id(), store.path().unwrap()), (id, dir.path().canonicalize().unwrap().join(".mlops").as_path()));
    assert_eq!(store.runs().metric_history(&run, "loss").unwrap().values, [0.5]);
    assert_eq!(store.runs().read_artifact(&run, "model.bin").unwrap(), vec![7; 100_000]);
    assert_eq!(std::fs::read_to_string(dir.path().join(".mlops/.gitignore")).unwrap(), "*\n");
}

#[test]
fn a_process_opens_a_location_once_and_readers_see_it_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let one = open(dir.path());
    let two = open(&dir.path().join(".mlops"));
    let run = log_one(&one, "first");
    assert_eq!(two.runs().get(&run).unwrap().info.run_name, "first");
    let open_run = one.runs().start(RunOptions::default()).unwrap();
    open_run.log_metric("loss", 1.0, 0, None).unwrap();
    // A reader shows what is acknowledged, drained or not, and changes nothing.
    let reader = read_only(dir.path()).unwrap();
    assert_eq!(reader.runs().get(open_run.id()).unwrap().metrics["loss"].count, 1);
    assert_eq!(reader.runs().search(&RunQuery::default()).unwrap().items.len(), 2);
    for refused in [reader.runs().start(RunOptions::default()).unwrap_err(), reader.runs().delete(&run).unwrap_err()] {
        assert_eq!(refused.code(), Code::ReadOnly);
    }
}

#[test]
fn a_folder_opened_again_is_shared_while_a_run_keeps_it_open_and_closed_by_each_opening_for_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let run = store.runs().start(RunOptions::default()).unwrap();
    store.close().unwrap();
    drop(store);
    run.log_metric("loss", 0.5, 0, None).unwrap();
    let again = open(dir.path());
    assert_eq!(again.runs().get(run.id()).unwrap().metrics["loss"].count, 1);
    again.flush().unwrap();
    let other = open(dir.path());
    again.close().unwrap();
    assert_eq!(again.clone().flush().unwrap_err().code(), Code::InvalidState);
    other.close().unwrap();
}

#[test]
fn threads_that_open_and_close_one_folder_do_not_lock_each_other_out() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|_| drop(log_one(&open(dir.path()), "one of many"))));
        }
    });
    assert_eq!(open(dir.path()).runs().search(&RunQuery::default()).unwrap().items.len(), 20);
}

#[test]
fn a_store_that_must_exist_and_does_not_is_not_found_and_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let error = read_only(dir.path()).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let uri = dir.path().display().to_string();
    let error = Store::open_with(&OpenOptions { uri, must_exist: true, ..OpenOptions::default() }).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(!dir.path().join(".mlops").exists());
}

#[test]
fn a_lost_or_damaged_format_file_is_reported_and_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let format = dir.path().join(".mlops/format");
    let (run, id) = {
        let store = open(dir.path());
        (log_one(&store, "first"), store.id())
    };
    for damage in ["gone", "changed"] {
        match damage {
            "gone" => std::fs::remove_file(&format).unwrap(),
            _ => std::fs::write(&format, "mlops store, format 9\n").unwrap(),
        }
        let error = Store::open(dir.path().to_str().unwrap()).unwrap_err();
        assert_eq!(error.code(), Code::Corrupt, "{error}");
        assert_eq!(fsck(dir.path().to_str().unwrap(), true).unwrap().findings.len(), 1);
        let store = open(dir.path());
        assert_eq!(store.id(), id);
        assert_eq!(store.runs().get(&run).unwrap().info.run_name, "first");
    }
}

#[test]
fn a_damaged_blob_is_reported_with_its_file_and_never_returned() {
    let dir = tempfile::tempdir().unwrap();
    let run = log_one(&open(dir.path()), "first");
    let object = find(&dir.path().join(".mlops/blobs/objects"));
    let mut bytes = std::fs::read(&object).unwrap();
    bytes[50_000] ^= 1;
    std::fs::write(&object, bytes).unwrap();
    let report = fsck(dir.path().to_str().unwrap(), false).unwrap();
    assert_eq!((report.findings.len(), &report.findings[0].path), (1, &object));
    let store = open(dir.path());
    let error = store.runs().read_artifact(&run, "model.bin").unwrap_err();
    assert_eq!(error.code(), Code::Corrupt);
    assert!(error.to_string().contains(object.to_str().unwrap()), "{error}");
}

/// The only file beneath a folder.
fn find(folder: &Path) -> std::path::PathBuf {
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    if entry.is_dir() { find(&entry) } else { entry }
}

#[test]
fn the_store_stays_open_as_long_as_a_run_of_it_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let run = open(dir.path()).runs().start(RunOptions::default()).unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    let id = run.id().to_owned();
    drop(run);
    assert_eq!(open(dir.path()).runs().get(&id).unwrap().info.status, RunStatus::Killed);
}

#[test]
fn a_store_that_is_deleted_while_it_is_open_is_an_error_of_who_logs_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let run = store.runs().start(RunOptions::default()).unwrap();
    std::fs::remove_dir_all(dir.path().join(".mlops")).unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    let error = run.end(RunStatus::Finished).unwrap_err();
    assert_eq!(error.code(), Code::Corrupt);
    assert!(error.to_string().contains("deleted or moved while it was open"), "{error}");
    assert!(store.flush().is_err());
}

#[test]
fn opening_removes_what_nobody_can_be_making_from_the_folder_of_unfinished_files() {
    let dir = tempfile::tempdir().unwrap();
    let uri = dir.path().join("store").display().to_string();
    drop(Store::open(&uri).unwrap());
    let tmp = dir.path().join("store/tmp");
    let hours_ago = std::time::UNIX_EPOCH;
    let make = |name: &str, old: bool| {
        let file = std::fs::File::create(tmp.join(name)).unwrap();
        if old {
            file.set_modified(hours_ago).unwrap();
        }
        file
    };
    for (name, old) in [("new.lock", false), ("old.lock", true), ("new.blob", false), ("held.pack", true)] {
        make(name, old);
    }
    let held = crate::base::files::Files::default().open_write(&tmp.join("held.pack")).unwrap();
    assert!(held.try_lock().unwrap());
    drop(Store::open(&uri).unwrap());
    let mut left: Vec<_> = std::fs::read_dir(&tmp).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["held.pack", "new.lock"]);
}
