//! kill -9 at, and failure of, every file operation of a backup: there is a whole backup or none.
//!
//! For kills the test runs itself as the child (`MLOPS_BACKUP_CHILD`).

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mlops_core::base::files::Files;
use mlops_core::runs::{RunExt, RunOptions, RunStatus};
use mlops_core::storage::fault::FaultPlan;
use mlops_core::{BackupOptions, BackupReport, Code, OpenOptions, Result, Store, backup, fsck};

const CHILD: &str = "MLOPS_BACKUP_CHILD";
const PLAN: &str = "MLOPS_BACKUP_PLAN";

/// Copies the store in a folder under a plan; returns how many file operations were seen too.
fn copy(folder: &Path, plan: &str) -> (Result<BackupReport>, u64) {
    let plan = Arc::new(FaultPlan::from_text(plan).unwrap());
    let files = Files::with_hook(plan.clone());
    let path = |name: &str| folder.join(name).display().to_string();
    let done = backup(&path("store"), &path("backup"), &BackupOptions { files, ..BackupOptions::default() });
    (done, plan.seen())
}

/// The child: makes a backup, unless it is killed. Not a test of its own.
#[test]
fn child() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    copy(Path::new(&folder), &std::env::var(PLAN).unwrap()).0.unwrap();
}

/// A folder with a store that is open.
fn sample() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("store").to_str().unwrap()).unwrap();
    let run = store.runs().start(RunOptions { run_id: Some("one".into()), ..RunOptions::default() }).unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    run.log_bytes("small.txt", b"small").unwrap();
    run.log_bytes("large.bin", &vec![7; 100_000]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    store.flush().unwrap();
    (dir, store)
}

/// A backup that is there is whole, whatever the call said; true if there is one.
fn check(folder: &Path, plan: &str) -> bool {
    let made = folder.join("backup");
    if !made.exists() {
        return false;
    }
    let uri = made.display().to_string();
    let report = fsck(&uri, false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{plan}: {report:?}");
    let store = Store::open_with(&OpenOptions { uri, read_only: true, ..OpenOptions::default() }).unwrap();
    assert_eq!(store.runs().metric_history("one", "loss").unwrap().values, [0.5], "{plan}");
    assert_eq!(store.runs().read_artifact("one", "large.bin").unwrap(), vec![7; 100_000], "{plan}");
    true
}

fn left_behind(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(".backup")).collect()
}

/// How many operations a backup has.
fn operations(folder: &Path) -> u64 {
    let (done, seen) = copy(folder, "count");
    done.unwrap();
    std::fs::remove_dir_all(folder.join("backup")).unwrap();
    assert!(seen > 20, "{seen}");
    seen
}

#[test]
fn fail_every_file_operation_of_a_backup() {
    let (dir, _open) = sample();
    let folder = dir.path();
    let total = operations(folder);
    for kind in ["fail", "fail-on", "torn"] {
        for number in 1..=total {
            let plan = format!("{kind}:{number}");
            let (done, _) = copy(folder, &plan);
            let made = check(folder, &plan);
            // The last two only make the name durable and remove a lock file that nobody needs.
            assert!(made == (number > total - 2), "{plan} of {total}: {done:?}");
            if let Err(error) = done {
                assert!([Code::OutOfSpace, Code::Io].contains(&error.code()), "{plan}: {error}");
            }
            assert_eq!(left_behind(folder), [] as [PathBuf; 0], "{plan}");
            if made {
                std::fs::remove_dir_all(folder.join("backup")).unwrap();
            }
        }
    }
}

#[test]
fn kill_a_backup_at_every_file_operation() {
    let (dir, _open) = sample();
    let folder = dir.path();
    let total = operations(folder);
    for number in 1..=total {
        let plan = format!("kill:{number}");
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, folder)
            .env(PLAN, &plan)
            .output()
            .unwrap();
        assert_eq!(child.status.code(), None, "{plan}: the child was not killed");
        let made = check(folder, &plan);
        assert!(made == (number > total - 2), "{plan} of {total}");
        assert!(made || left_behind(folder).len() == 1, "{plan}");
        if !made && number > 1 {
            // The next copy to the same place removes what was left; a folder without a lock file is only empty.
            copy(folder, "count").0.unwrap();
            assert_eq!(left_behind(folder), [] as [PathBuf; 0], "{plan}");
        }
        let _ = std::fs::remove_dir_all(folder.join("backup"));
        left_behind(folder).iter().for_each(|path| std::fs::remove_dir(path).unwrap());
    }
}
