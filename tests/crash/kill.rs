//! kill -9 at any instant, again and again on one store: what a call acknowledged is there, of the call in flight all or
//! nothing.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mlops_core::Store;
use mlops_core::runs::{RunExt, RunOptions, RunStatus};

const CHILD: &str = "MLOPS_KILL_CHILD";
/// So many kills of each of four stores; more for a soak.
const ROUNDS: u64 = 125;
const SOAK: &str = "MLOPS_SOAK_TIMES";
/// One run in so many steps; every step logs a point, some a param, a tag and a file.
const STEPS: i64 = 50;

/// The child: logs until it is killed, and says after each step that it is acknowledged. Not a test of its own.
#[test]
fn child() {
    let Ok(round) = std::env::var(CHILD) else { return };
    let (folder, round) = round.split_once(' ').unwrap();
    let store = Store::open(folder).unwrap();
    let mut out = std::io::stdout().lock();
    for number in 0.. {
        let id = format!("run-{round}-{number}");
        let run = store.runs().start(RunOptions { run_id: Some(id.clone()), ..RunOptions::default() }).unwrap();
        for step in 0..STEPS {
            run.log_metric("loss", 0.5, step, None).unwrap();
            if step % 10 == 9 {
                run.log_param(&format!("p{step}"), step.into()).unwrap();
                run.set_tag("last", &step.to_string()).unwrap();
                run.log_bytes(&format!("files/{step}"), format!("content of {step}").as_bytes()).unwrap();
            }
            writeln!(out, "acknowledged {id} {step}").unwrap();
        }
        run.end(RunStatus::Finished).unwrap();
        writeln!(out, "acknowledged {id} {STEPS}").unwrap();
    }
}

/// Lets a child log until it is killed `after` it began to; returns what it had acknowledged, by run.
fn killed(folder: &Path, round: u64, after: Duration) -> std::collections::BTreeMap<String, i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, format!("{} {round}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = std::collections::BTreeMap::new();
    let mut began = None;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // The test harness prints to the same stream.
        let Some((_, rest)) = line.split_once("acknowledged ") else { continue };
        // A line that the kill cut short was not acknowledged.
        let Some((id, Ok(step))) = rest.split_once(' ').map(|(id, step)| (id, step.parse())) else { continue };
        acknowledged.insert(id.to_owned(), step);
        if began.get_or_insert_with(std::time::Instant::now).elapsed() >= after {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    acknowledged
}

fn check(store: &Store, id: &str, upto: i64) {
    let runs = store.runs();
    let data = runs.get(id).unwrap();
    let history = runs.metric_history(id, "loss").unwrap();
    let points = i64::try_from(history.len()).unwrap();
    assert_eq!(history.steps, (0..points).collect::<Vec<_>>(), "{id}");
    assert!(points > upto.min(STEPS - 1), "{id}: {points} points, and step {upto} was acknowledged");
    assert_eq!(data.metrics.get("loss").map(|metric| metric.count), Some(history.len() as u64), "{id}");
    for step in (9..=upto.min(STEPS - 1)).step_by(10) {
        assert_eq!(
            data.params.get(&format!("p{step}")).map(mlops_core::ParamValue::text),
            Some(step.to_string()),
            "{id}"
        );
        let content = runs.read_artifact(id, &format!("files/{step}")).unwrap();
        assert_eq!(content, format!("content of {step}").as_bytes(), "{id}");
    }
    let status = if upto == STEPS { [RunStatus::Finished; 2] } else { [RunStatus::Killed, RunStatus::Finished] };
    assert!(status.contains(&data.info.status), "{id}: {:?}, acknowledged {upto}", data.info.status);
}

/// Kills at random instants, one after another on one store, which opens after each without a repair.
fn outlives_kills(seed: u64) {
    let times = std::env::var(SOAK).map_or(1, |times| times.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    let mut all = std::collections::BTreeMap::new();
    for round in 0..ROUNDS * times {
        // Within the first 260 milliseconds: before, within and behind what the background threads do every 200; most
        // of them early.
        let longest = if round % 5 == 0 { 261 } else { 61 };
        let acknowledged = killed(&folder, round, Duration::from_millis((round * 73 + seed * 19) % longest));
        assert!(!acknowledged.is_empty());
        let store = Store::open(folder.to_str().unwrap()).unwrap();
        acknowledged.iter().for_each(|(id, upto)| check(&store, id, *upto));
        all.extend(acknowledged);
    }
    let uri = folder.display().to_string();
    assert_eq!(mlops_core::fsck(&uri, false).unwrap().findings, []);
    let store = Store::open(&uri).unwrap();
    all.iter().for_each(|(id, upto)| check(&store, id, *upto));
}

#[test]
fn what_was_acknowledged_outlives_125_kills() {
    outlives_kills(0);
}

#[test]
fn what_was_acknowledged_outlives_250_kills() {
    outlives_kills(1);
}

#[test]
fn what_was_acknowledged_outlives_375_kills() {
    outlives_kills(2);
}

#[test]
fn what_was_acknowledged_outlives_500_kills() {
    outlives_kills(3);
}
