//! Four processes take the trials of one sweep while one of them is killed: every trial is done exactly once.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use mlops_core::Store;
use mlops_core::runs::{RunQuery, RunStatus};
use mlops_core::sweeps::{Dimension, Sweep, SweepOptions, Trial, TrialState, tags};

const CHILD: &str = "MLOPS_SWEEP_CHILD";
const TRIALS: u64 = 200;
const PROCESSES: usize = 4;

fn sweep(folder: &Path) -> Sweep {
    Store::open(folder.join("store").to_str().unwrap()).unwrap().sweeps().get("many").unwrap()
}

fn finish(trial: &Trial) {
    let x = trial.params()["x"].number().unwrap();
    for step in 1..4 {
        let _ = trial.report((x - 0.5).abs() / f64::from(step), i64::from(step)).unwrap();
    }
    trial.end(RunStatus::Finished).unwrap();
}

/// A process that takes trials. Not a test of its own.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let sweep = sweep(Path::new(&folder));
    while let Some(trial) = sweep.take().unwrap() {
        finish(&trial);
    }
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, folder)
        .spawn()
        .unwrap()
}

/// Waits until something holds; the deadline is for what hangs.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn four_processes_of_which_one_is_killed_do_every_trial_once() {
    let dir = tempfile::tempdir().unwrap();
    let options = SweepOptions::random("loss", TRIALS).with_param("x", Dimension::float(0.0, 1.0));
    let options = SweepOptions { name: Some("many".into()), seed: Some(3), ..options };
    let store = Store::open(dir.path().join("store").to_str().unwrap()).unwrap();
    let sweep = store.sweeps().create(options).unwrap();
    let mut children: Vec<Child> = (0..PROCESSES).map(|_| start(dir.path())).collect();
    wait_until("the first trials", || sweep.status().unwrap().left <= TRIALS - 20);
    let mut killed = children.remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    // What the killed one had may be known as killed only now.
    wait_until("the end of the killed trial", || sweep.status().unwrap().running == 0);
    while let Some(trial) = sweep.take().unwrap() {
        finish(&trial);
    }
    let trials = sweep.trials().unwrap();
    assert_eq!(trials.iter().map(|trial| trial.number).collect::<Vec<_>>(), (0..TRIALS).collect::<Vec<_>>());
    assert!(trials.iter().all(|trial| trial.state == TrialState::Finished && trial.value.is_some()), "{trials:?}");

    // Of each number there is one run that ended well, with its params; others of it were killed.
    let mut query = RunQuery { filter: format!("tags.`{}` = 'many'", tags::SWEEP), ..RunQuery::default() };
    query.max_results = 1_000;
    let mut finished = BTreeMap::<u64, u32>::new();
    for run in store.runs().search(&query).unwrap().items {
        let number: u64 = run.tags[tags::TRIAL].parse().unwrap();
        assert_eq!(run.params, trials[usize::try_from(number).unwrap()].params);
        match run.info.status {
            RunStatus::Finished => *finished.entry(number).or_default() += 1,
            status => assert_eq!(status, RunStatus::Killed),
        }
    }
    assert_eq!(finished, (0..TRIALS).map(|number| (number, 1)).collect());
}
