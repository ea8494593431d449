//! kill -9 at, and failure of, every file operation of a store: reopening works and shows what was acknowledged.
//!
//! The test runs itself as the child (`MLOPS_CRASH_CHILD`), which plays a script of the quickstart's calls over a
//! file layer that fails, tears or kills at the Nth operation, and notes what was acknowledged in a file of its own.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

#[path = "store/script.rs"]
mod script;

use std::path::Path;
use std::process::Command;

use mlops_core::base::files::Files;
use mlops_core::storage::fault::FaultPlan;
use mlops_core::{OpenOptions, Store};
use script::{Script, Verdict};
use std::sync::Arc;

const CHILD: &str = "MLOPS_CRASH_CHILD";
const PLAN: &str = "MLOPS_CRASH_PLAN";
const SCRIPT: &str = "MLOPS_CRASH_SCRIPT";

fn named(script: &str) -> Script {
    if script == "short" { Script::short() } else { Script::quickstart() }
}

/// The child: plays the script. Not a test of its own.
#[test]
fn child() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let folder = Path::new(&folder);
    let plan = Arc::new(FaultPlan::from_text(&std::env::var(PLAN).unwrap()).unwrap());
    let options = OpenOptions {
        uri: folder.join("store").display().to_string(),
        files: Files::with_hook(plan.clone()),
        ..OpenOptions::default()
    };
    named(&std::env::var(SCRIPT).unwrap()).play(&options, &folder.join("acknowledged"));
    std::fs::write(folder.join("operations"), plan.seen().to_string()).unwrap();
}

/// Plays the script in a child under a plan; returns how many file operations it saw, if it came to its end.
fn play(folder: &Path, script: &str, plan: &str) -> Option<u64> {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, folder)
        .env(PLAN, plan)
        .env(SCRIPT, script)
        .env("MLOPS_CONFIG_DIR", folder.join("config"))
        .output()
        .unwrap();
    let killed = !plan.starts_with("fail") && !plan.starts_with("torn");
    assert!(status.status.success() || killed, "{plan}: {}", String::from_utf8_lossy(&status.stderr));
    std::fs::read_to_string(folder.join("operations")).ok()?.parse().ok()
}

fn check(folder: &Path, script: &str, plan: &str) {
    let uri = folder.join("store").display().to_string();
    let script = named(script);
    let acknowledged = Verdict::read(&folder.join("acknowledged"));
    // Opened for reading, then for writing, then once more: each shows the same.
    for (read_only, must_exist) in [(true, true), (false, false), (false, false)] {
        let options = OpenOptions { uri: uri.clone(), read_only, must_exist, ..OpenOptions::default() };
        let store = match Store::open_with(&options) {
            Ok(store) => store,
            Err(e) if read_only && !acknowledged.values().any(|verdict| *verdict == Verdict::Done) => {
                // Not even the opening was acknowledged.
                assert!(matches!(e.code(), mlops_core::Code::NotFound | mlops_core::Code::Corrupt), "{plan}: {e}");
                continue;
            }
            Err(e) => panic!("{plan}: cannot reopen (read_only {read_only}): {e}"),
        };
        script.check(&store, &acknowledged, plan, read_only);
    }
    let report = mlops_core::fsck(&uri, false).unwrap();
    assert_eq!(report.findings, [], "{plan}");
}

/// Plays and checks one plan; true if the child came to its end.
fn one(script: &str, plan: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let ended = play(folder.path(), script, plan).is_some();
    check(folder.path(), script, plan);
    ended
}

/// How many file operations a script has when nothing fails.
fn operations(script: &str) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let seen = play(folder.path(), script, "count").expect("the script comes to its end");
    check(folder.path(), script, "count");
    seen
}

/// Every operation of the short script, a few beyond its end included.
fn every(kind: &str) {
    let total = operations("short");
    assert!(total > 30, "the script has only {total} file operations");
    let ended = (1..=total + 3).filter(|n| one("short", &format!("{kind}:{n}"))).count() as u64;
    // How many operations there are differs a little from run to run: a background thread groups its own.
    assert!(kind != "kill" || ended < total / 4, "{ended} of {total} children were not killed");
}

#[test]
fn kill_at_every_file_operation() {
    every("kill");
}

#[test]
fn fail_every_file_operation_once() {
    every("fail");
}

#[test]
fn tear_every_write() {
    every("torn");
}

#[test]
fn a_disk_that_fills_at_every_file_operation() {
    every("fail-on");
}

/// 50 seeded operations of the whole quickstart.
fn seeded(seed: u64) {
    let total = operations("quickstart");
    let mut state = seed;
    for _ in 0..50 {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        one("quickstart", &format!("kill:{}", (z ^ (z >> 31)) % total + 1));
    }
}

#[test]
fn kill_at_50_operations_of_the_whole_quickstart() {
    seeded(1);
}

#[test]
fn kill_at_50_other_operations_of_the_whole_quickstart() {
    seeded(2);
}

#[test]
fn kill_at_50_more_operations_of_the_whole_quickstart() {
    seeded(3);
}

#[test]
fn kill_at_the_last_50_of_200_operations_of_the_whole_quickstart() {
    seeded(4);
}
