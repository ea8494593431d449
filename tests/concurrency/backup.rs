//! Backups of a store that another process writes to: each holds what was acknowledged before it began.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use mlops_core::runs::{RunExt, RunOptions, RunQuery, RunStatus};
use mlops_core::{BackupOptions, OpenOptions, ParamValue, Store, backup, fsck, restore};

const CHILD: &str = "MLOPS_CONCURRENT_CHILD";
const BACKUPS: usize = 10;
/// Steps that the child may take for each backup.
const TURNS: usize = 500;
/// Steps of a run; each logs a point, some a param and files.
const STEPS: i64 = 60;

/// The child: logs as long as it is told to, and says after each step that it is acknowledged. Not a test of its own.
#[test]
fn child() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    // Small checkpoints: files of the journal come and go while they are copied.
    let store =
        Store::open_with(&OpenOptions { uri: folder, checkpoint_bytes: 8 << 10, ..OpenOptions::default() }).unwrap();
    let (mut out, mut turns) = (std::io::stdout().lock(), std::io::stdin().lock().bytes());
    for number in 0.. {
        let id = format!("run-{number}");
        let run = store.runs().start(RunOptions { run_id: Some(id.clone()), ..RunOptions::default() }).unwrap();
        for step in 0..STEPS {
            // One byte a step, so that the store does not outgrow the test.
            turns.next().unwrap().unwrap();
            run.log_metric("loss", 0.5, step, None).unwrap();
            if step % 10 == 9 {
                run.log_param(&format!("p{step}"), step.into()).unwrap();
                run.log_bytes(&format!("files/{step}"), &content(&id, step)).unwrap();
            }
            writeln!(out, "acknowledged {id} {step}").unwrap();
        }
        run.end(RunStatus::Finished).unwrap();
        writeln!(out, "acknowledged {id} {STEPS}").unwrap();
    }
}

/// The last of a run's files is large: a file of its own.
fn content(run: &str, step: i64) -> Vec<u8> {
    let size = if step == STEPS - 1 { 70_000 } else { 20 };
    format!("content of {step} of {run} ").into_bytes().into_iter().cycle().take(size).collect()
}

/// What is acknowledged, by run: the last step.
type Acknowledged = BTreeMap<String, i64>;

fn check(store: &Store, acknowledged: &Acknowledged) {
    let runs = store.runs();
    for (id, upto) in acknowledged {
        let data = runs.get(id).unwrap();
        let history = runs.metric_history(id, "loss").unwrap();
        let points = i64::try_from(history.len()).unwrap();
        assert_eq!(history.steps, (0..points).collect::<Vec<_>>(), "{id}");
        assert!(points > (*upto).min(STEPS - 1), "{id}: {points} points, and step {upto} was acknowledged");
        for step in (9..=(*upto).min(STEPS - 1)).step_by(10) {
            let param = data.params.get(&format!("p{step}")).map(ParamValue::text);
            assert_eq!(param, Some(step.to_string()), "{id}");
            assert_eq!(runs.read_artifact(id, &format!("files/{step}")).unwrap(), content(id, step), "{id}");
        }
        assert!(*upto < STEPS || data.info.status == RunStatus::Finished, "{id}: {:?}", data.info.status);
    }
    // Who wrote it does not write to the copy.
    for run in runs.search(&RunQuery::default()).unwrap().items {
        assert_ne!(run.info.status, RunStatus::Running, "{}", run.info.run_id);
    }
}

#[test]
fn each_of_ten_backups_holds_what_was_acknowledged_before_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, path("store"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let notes: Arc<(Mutex<(Acknowledged, usize)>, Condvar)> = Arc::default();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let noted = notes.clone();
    let reader = std::thread::spawn(move || {
        for line in lines {
            let line = line.unwrap();
            let Some((id, step)) = line.split_once("acknowledged ").and_then(|(_, rest)| rest.split_once(' ')) else {
                continue;
            };
            let Ok(step) = step.parse() else { continue };
            let mut notes = noted.0.lock().unwrap();
            notes.0.insert(id.to_owned(), step);
            notes.1 += 1;
            noted.1.notify_all();
        }
    });

    let mut turns = child.stdin.take().unwrap();
    for number in 0..BACKUPS {
        // The writer goes on while the backup is made.
        turns.write_all(&[b'.'; TURNS]).unwrap();
        let enough = |notes: &mut (Acknowledged, usize)| notes.1 < number * TURNS + 50;
        let acknowledged = notes.1.wait_while(notes.0.lock().unwrap(), enough).unwrap().0.clone();
        let made = path(&format!("backup-{number}"));
        let report = backup(&path("store"), &made, &BackupOptions::default()).unwrap();
        assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
        let options = OpenOptions { uri: made.clone(), read_only: true, ..OpenOptions::default() };
        check(&Store::open_with(&options).unwrap(), &acknowledged);
        let report = fsck(&made, false).unwrap();
        assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");

        let again = path(&format!("again-{number}"));
        restore(&made, &again, &BackupOptions::default()).unwrap();
        for writable in [made, again] {
            check(&Store::open(&writable).unwrap(), &acknowledged);
            let report = fsck(&writable, false).unwrap();
            assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    // The store itself did not notice.
    let acknowledged = notes.0.lock().unwrap().0.clone();
    check(&Store::open(&path("store")).unwrap(), &acknowledged);
}
