//! kill -9 at, and failure of, every file operation of the destination of a sync: every run is there as it was or wholly
//! new, and the next sync does the rest.
//!
//! The test runs itself as the child (`MLOPS_SYNC_CHILD`) over a file layer that fails, tears or kills at the Nth
//! operation.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use mlops_core::base::files::Files;
use mlops_core::runs::{Batch, Run, RunExt, RunOptions, RunStatus};
use mlops_core::storage::fault::FaultPlan;
use mlops_core::{Code, OpenOptions, ParamValue, Store, SyncOptions, sync};

const CHILD: &str = "MLOPS_SYNC_CHILD";
const PLAN: &str = "MLOPS_SYNC_PLAN";
/// One that the destination lacks, one that has grown, and one of which that is more than a commit holds.
const RUNS: [&str; 3] = ["new", "grown", "large"];

fn open(folder: &Path, name: &str, read_only: bool, files: Files) -> mlops_core::Result<Store> {
    let uri = folder.join(name).display().to_string();
    Store::open_with(&OpenOptions { uri, read_only, files, ..OpenOptions::default() })
}

fn start(store: &Store, id: &str) -> Arc<dyn Run> {
    let options =
        RunOptions { run_id: Some(id.into()), experiment_name: Some("churn".into()), ..RunOptions::default() };
    store.runs().start(options).unwrap()
}

fn log(run: &dyn Run, part: u32) {
    run.log_param(&format!("param {part}"), ParamValue::Text("long ".repeat(1_000))).unwrap();
    run.log_metric("loss", f64::from(part), part.into(), None).unwrap();
    run.log_series("curve", &[], &[], &vec![f64::from(part); 1_200]).unwrap();
    run.log_bytes(&format!("small {part}"), part.to_string().as_bytes()).unwrap();
    run.log_bytes("large", &vec![u8::try_from(part).unwrap(); 80_000]).unwrap();
}

fn many() -> Batch {
    let params = (0..280).map(|n| (format!("many {n}"), ParamValue::Text("x".repeat(4_000))));
    Batch { params: params.collect(), ..Batch::default() }
}

/// What a store shows of a run; empty if it has none.
fn shown(store: &Store, id: &str) -> String {
    let runs = store.runs();
    let mut data = match runs.get(id) {
        Ok(data) => data,
        Err(e) => {
            assert_eq!(e.code(), Code::NotFound, "{e}");
            return String::new();
        }
    };
    data.info.experiment_id = runs.get_experiment(&data.info.experiment_id).unwrap().name;
    let mut lines = vec![format!("{data:?}")];
    for key in data.metrics.keys() {
        lines.push(format!("{key}: {:?}", runs.metric_history(id, key).unwrap()));
    }
    for file in runs.list_artifacts(id, None).unwrap() {
        lines.push(format!("{file:?} {:?}", runs.read_artifact(id, &file.path).unwrap().first()));
    }
    lines.join("\n")
}

struct Sample {
    dir: tempfile::TempDir,
    before: Vec<String>,
    after: Vec<String>,
}

/// A source, a destination that has an older state of it, and what both show; closed.
static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let source = open(dir.path(), "source", false, Files::default()).unwrap();
    let dest = open(dir.path(), "dest", false, Files::default()).unwrap();
    let (grown, large) = (start(&source, "grown"), start(&source, "large"));
    log(&*grown, 1);
    log(&*large, 1);
    sync(&source, &dest, &SyncOptions::default()).unwrap();
    let new = start(&source, "new");
    log(&*new, 1);
    log(&*grown, 2);
    large.log_batch(&many()).unwrap();
    for run in [new, grown, large] {
        run.end(RunStatus::Finished).unwrap();
    }
    let show = |store: &Store| RUNS.iter().map(|run| shown(store, run)).collect();
    let (before, after) = (show(&dest), show(&source));
    assert_ne!(before, after);
    Sample { dir, before, after }
});

/// A folder with a copy of the destination.
fn set_up() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&SAMPLE.dir.path().join("dest"), &folder.path().join("dest"));
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The child: a sync. Not a test of its own.
#[test]
fn child() {
    let Ok(folders) = std::env::var(CHILD) else { return };
    let (source, folder) = folders.split_once(' ').unwrap();
    let folder = Path::new(folder);
    let source = open(Path::new(source), "source", true, Files::default()).unwrap();
    let plan = Arc::new(FaultPlan::from_text(&std::env::var(PLAN).unwrap()).unwrap());
    // The fault may come while the store opens, during the sync, or while it closes.
    if let Ok(dest) = open(folder, "dest", false, Files::with_hook(plan.clone()))
        && let Err(e) = sync(&source, &dest, &SyncOptions::default())
    {
        assert!(matches!(e.code(), Code::Io | Code::OutOfSpace | Code::InvalidState), "{e}");
    }
    std::fs::write(folder.join("operations"), plan.seen().to_string()).unwrap();
}

fn play(folder: &Path, plan: &str) -> Option<u64> {
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, format!("{} {}", SAMPLE.dir.path().display(), folder.display()))
        .env(PLAN, plan)
        .env("MLOPS_CONFIG_DIR", folder.join("config"))
        .output()
        .unwrap();
    assert!(done.status.success() || plan.starts_with("kill"), "{plan}: {}", String::from_utf8_lossy(&done.stderr));
    std::fs::read_to_string(folder.join("operations")).ok()?.parse().ok()
}

fn fsck(folder: &Path, plan: &str) {
    let report = mlops_core::fsck(&folder.join("dest").display().to_string(), false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{plan}: {report:?}");
}

/// Each run is as it was or wholly new, for a reader and for who opens the store; how many are new.
fn check(folder: &Path, plan: &str) -> usize {
    fsck(folder, plan);
    let mut new = Vec::new();
    for read_only in [true, false] {
        let store = open(folder, "dest", read_only, Files::default()).unwrap();
        let mut count = 0;
        for ((run, before), after) in RUNS.iter().zip(&SAMPLE.before).zip(&SAMPLE.after) {
            let found = shown(&store, run);
            assert!(found == *before || found == *after, "{plan}: the run {run} is neither old nor new");
            count += usize::from(found == *after);
        }
        new.push(count);
    }
    assert_eq!(new.first(), new.last(), "{plan}");
    new.pop().unwrap()
}

/// Every operation, or one of so many.
fn every(kind: &str, step: usize) {
    let folder = set_up();
    let total = play(folder.path(), "count").expect("a sync without faults comes to its end");
    assert!(total > 20, "the sync has only {total} file operations");
    assert_eq!(check(folder.path(), "count"), RUNS.len());
    let mut seen = [0; RUNS.len() + 1];
    for at in (1..=total + 1).step_by(step) {
        let folder = set_up();
        let plan = format!("{kind}:{at}");
        play(folder.path(), &plan);
        let new = check(folder.path(), &plan);
        seen.get_mut(new).map(|count| *count += 1).unwrap();
        // The next one does the rest.
        let (source, dest) = (
            open(SAMPLE.dir.path(), "source", true, Files::default()).unwrap(),
            open(folder.path(), "dest", false, Files::default()).unwrap(),
        );
        let report = sync(&source, &dest, &SyncOptions::default()).unwrap();
        assert_eq!(report.new.len() + report.updated.len(), RUNS.len() - new, "{plan}: {report:?}");
        drop(dest);
        assert_eq!(check(folder.path(), &plan), RUNS.len(), "{plan}");
    }
    assert!(seen.iter().filter(|count| **count > 0).count() > 1, "{kind}: {seen:?}");
}

#[test]
fn kill_at_every_file_operation_of_a_sync() {
    every("kill", 1);
}

#[test]
fn fail_file_operations_of_a_sync_once() {
    every("fail", 2);
}

#[test]
fn a_disk_that_fills_during_a_sync() {
    every("fail-on", 2);
}

#[test]
fn tear_writes_of_a_sync() {
    every("torn", 3);
}
