//! The owner is stopped for an hour, and training goes on: a run of a million points loses nothing, and the memory that it
//! takes does not grow with it.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mlops_core::base::clock::{Clock, ManualClock, SystemClock};
use mlops_core::runs::{RunOptions, RunStatus};
use mlops_core::{Code, OpenOptions, Store, fsck};
use rustix::process::{Pid, Signal, kill_process};

const CHILD: &str = "MLOPS_AWAY_CHILD";
const POINTS: i64 = 1_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// The owner: opens the store, says so, and waits for its end. Not a test of its own.
#[test]
fn child() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let store = Store::open(&folder).unwrap();
    println_ready();
    std::thread::sleep(Duration::from_mins(10));
    drop(store);
}

#[expect(clippy::print_stdout, reason = "what the parent waits for")]
fn println_ready() {
    println!("\nready");
}

/// Killed also when the test fails.
struct Owner(Child);

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The memory that this process takes, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn a_million_points_are_logged_while_the_owner_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store").display().to_string();
    let mut owner = Owner(
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, &folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let lines = BufReader::new(owner.0.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "ready"));
    let pid = Pid::from_raw(i32::try_from(owner.0.id()).unwrap()).unwrap();

    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let options = OpenOptions {
        uri: folder.clone(),
        owner_wait: Duration::from_millis(200),
        clock: clock.clone(),
        ..OpenOptions::default()
    };
    let store = Store::open_with(&options).unwrap();
    let run = store.runs().start(RunOptions::default()).unwrap();
    run.log_metric("loss", 0.0, 0, None).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let before = memory();
    for step in 1..POINTS {
        if step % (POINTS / 100) == 0 {
            clock.advance(HOUR_MICROS / 100);
        }
        run.log_metric("loss", 1.0, step, None).unwrap();
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes");
    let error = store.runs().get(run.id()).unwrap_err();
    assert_eq!(error.code(), Code::Locked, "{error}");
    run.log_metric("loss", 1.0, POINTS, None).unwrap();

    kill_process(pid, Signal::CONT).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let history = store.runs().metric_history(run.id(), "loss").unwrap();
    assert_eq!(history.steps, (0..=POINTS).collect::<Vec<_>>());
    assert_eq!(store.runs().get(run.id()).unwrap().info.status, RunStatus::Finished);
    let report = fsck(&folder, false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
    drop(owner);
    assert_eq!(store.runs().metric_history(run.id(), "loss").unwrap().len(), usize::try_from(POINTS).unwrap() + 1);
}
