//! kill -9 at, and failure of, every file operation of a gc: what is referred to is there, a deleted run is wholly there
//! or wholly gone, and the next gc frees the rest.
//!
//! The test runs itself as the child (`MLOPS_GC_CHILD`) over a file layer that fails, tears or kills at the Nth
//! operation.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a suite: what is not there fails it")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use mlops_core::base::files::Files;
use mlops_core::logged_models::{LoggedModelData, LoggedModels};
use mlops_core::models::SavedModel;
use mlops_core::runs::{Lifecycle, RunExt, RunOptions, RunStatus, View};
use mlops_core::storage::fault::FaultPlan;
use mlops_core::workflows::log_model;
use mlops_core::{Code, GcOptions, OpenOptions, ParamValue, Store};

const CHILD: &str = "MLOPS_GC_CHILD";
const PLAN: &str = "MLOPS_GC_PLAN";

fn all() -> GcOptions {
    GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true }
}

fn open(folder: &Path, files: Files) -> mlops_core::Result<Store> {
    Store::open_with(&OpenOptions { uri: folder.join("store").display().to_string(), files, ..OpenOptions::default() })
}

fn text(seed: &str) -> String {
    seed.repeat(2_000)
}

/// Logs what a run has in blobs, small and large; of `shared` every run has the same.
fn log(store: &Store, id: &str) {
    let run = store.runs().start(RunOptions { run_id: Some(id.into()), ..RunOptions::default() }).unwrap();
    run.log_bytes("shared", &[7; 3_000]).unwrap();
    run.log_bytes("shared large", &vec![7; 90_000]).unwrap();
    run.log_bytes("small", id.repeat(1_000).as_bytes()).unwrap();
    run.log_bytes("large", id.repeat(30_000).as_bytes()).unwrap();
    run.log_param("long", ParamValue::Text(text(id))).unwrap();
    run.log_series("loss", &[], &[], &[0.5; 2_000]).unwrap();
    run.end(RunStatus::Finished).unwrap();
}

fn check(store: &Store, id: &str, plan: &str) {
    let data = store.runs().get(id).unwrap();
    assert_eq!(data.params["long"].text(), text(id), "{plan}");
    for (path, expected) in [
        ("shared", vec![7; 3_000]),
        ("shared large", vec![7; 90_000]),
        ("small", id.repeat(1_000).into_bytes()),
        ("large", id.repeat(30_000).into_bytes()),
    ] {
        assert!(store.runs().read_artifact(id, path).unwrap() == expected, "{plan}: {path} of {id}");
    }
    assert_eq!(store.runs().metric_history(id, "loss").unwrap().len(), 2_000, "{plan}");
}

fn log_models(store: &Store) {
    let run = store.runs().open("kept").unwrap();
    for name in ["a model", "a deleted model"] {
        let weights = name.repeat(10_000).into_bytes();
        let saved = SavedModel::builder().flavor("toy", serde_json::json!({})).file("weights.bin", weights).build();
        log_model(&*run, name, &saved.unwrap()).unwrap();
    }
    let deleted = find(&store.logged_models(), "a deleted model").unwrap();
    store.logged_models().delete(&deleted.model.model_id).unwrap();
}

fn find(models: &LoggedModels, name: &str) -> Option<LoggedModelData> {
    models.list(&[], View::All).unwrap().into_iter().find(|found| found.model.name == name)
}

/// One model is there, and the deleted one wholly or not at all.
fn check_models(store: &Store, plan: &str) {
    let models = store.logged_models();
    for name in ["a model", "a deleted model"] {
        let Some(found) = find(&models, name) else {
            assert_eq!(name, "a deleted model", "{plan}");
            continue;
        };
        let weights = models.read_file(&found.model.model_id, "weights.bin").unwrap();
        assert!(weights == name.repeat(10_000).into_bytes(), "{plan}: {name}");
    }
    assert!(!models.links("kept").unwrap().outputs.is_empty(), "{plan}");
}

/// A store with a run to keep, two to remove, and something in the trash that is to be deleted.
fn set_up(folder: &Path) {
    let store = open(folder, Files::default()).unwrap();
    for id in ["kept", "gone", "away", "before"] {
        log(&store, id);
    }
    store.runs().delete("before").unwrap();
    store.gc(&all()).unwrap();
    log_models(&store);
    store.runs().delete("gone").unwrap();
    store.runs().delete("away").unwrap();
    drop(store);
    for path in Files::default().list(&folder.join("store/trash")).unwrap() {
        std::fs::File::open(path).unwrap().set_modified(UNIX_EPOCH).unwrap();
    }
}

/// The child: a gc. Not a test of its own.
#[test]
fn child() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let folder = Path::new(&folder);
    let plan = Arc::new(FaultPlan::from_text(&std::env::var(PLAN).unwrap()).unwrap());
    // The fault may come while the store opens, during the gc, or while it closes.
    if let Ok(store) = open(folder, Files::with_hook(plan.clone())) {
        match store.gc(&all()) {
            Ok(_) => {}
            Err(e) => assert!(matches!(e.code(), Code::Io | Code::OutOfSpace | Code::InvalidState), "{e}"),
        }
        check(&store, "kept", "in the child");
    }
    std::fs::write(folder.join("operations"), plan.seen().to_string()).unwrap();
}

fn play(folder: &Path, plan: &str) -> Option<u64> {
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, folder)
        .env(PLAN, plan)
        .env("MLOPS_CONFIG_DIR", folder.join("config"))
        .output()
        .unwrap();
    assert!(done.status.success() || plan.starts_with("kill"), "{plan}: {}", String::from_utf8_lossy(&done.stderr));
    std::fs::read_to_string(folder.join("operations")).ok()?.parse().ok()
}

fn fsck(folder: &Path, plan: &str) {
    let report = mlops_core::fsck(&folder.join("store").display().to_string(), false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{plan}: {report:?}");
}

/// What is left after the fault: all of it checked, then the rest freed. Returns how many blobs the store holds at the
/// end; their sizes differ a little, as names and times do.
fn check_after(folder: &Path, plan: &str) -> u64 {
    fsck(folder, plan);
    let uri = folder.join("store").display().to_string();
    let reader = Store::open_with(&OpenOptions { uri, read_only: true, ..OpenOptions::default() }).unwrap();
    check(&reader, "kept", plan);
    drop(reader);
    let store = open(folder, Files::default()).unwrap();
    check(&store, "kept", plan);
    check_models(&store, plan);
    for id in ["gone", "away"] {
        match store.runs().get(id) {
            Ok(data) => {
                assert_eq!(data.info.lifecycle, Lifecycle::Deleted, "{plan}");
                check(&store, id, plan);
            }
            Err(e) => assert_eq!(e.code(), Code::NotFound, "{plan}"),
        }
    }
    store.gc(&all()).unwrap();
    check(&store, "kept", plan);
    assert_eq!(store.runs().get("gone").unwrap_err().code(), Code::NotFound);
    check_models(&store, plan);
    assert!(find(&store.logged_models(), "a deleted model").is_none(), "{plan}");
    assert!(store.runs().list_artifacts("kept", Some("a deleted model")).unwrap().is_empty(), "{plan}");
    let stats = store.blobs().verify(&mut |e| panic!("{plan}: {e}")).unwrap();
    drop(store);
    fsck(folder, plan);
    stats.count
}

fn every(kind: &str) {
    let folder = tempfile::tempdir().unwrap();
    set_up(folder.path());
    let total = play(folder.path(), "count").expect("a gc without faults comes to its end");
    assert!(total > 15, "the gc has only {total} file operations");
    let expected = check_after(folder.path(), "count");
    for at in 1..=total + 1 {
        let folder = tempfile::tempdir().unwrap();
        set_up(folder.path());
        let plan = format!("{kind}:{at}");
        play(folder.path(), &plan);
        assert_eq!(check_after(folder.path(), &plan), expected, "{plan}");
    }
}

#[test]
fn kill_at_every_file_operation_of_a_gc() {
    every("kill");
}

#[test]
fn fail_every_file_operation_of_a_gc_once() {
    every("fail");
}

#[test]
fn a_disk_that_fills_at_every_file_operation_of_a_gc() {
    every("fail-on");
}

#[test]
fn tear_every_write_of_a_gc() {
    every("torn");
}
