//! Two processes that sync into one store at once, while a third frees what nothing refers to; a store that is read and
//! moved while another process writes to it; and how fast many runs go over.
//!
//! The test runs itself as the children.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mlops_core::models::SavedModel;
use mlops_core::runs::{RunExt, RunOptions, RunQuery, RunStatus, View};
use mlops_core::ui::{ReportOptions, write_report};
use mlops_core::workflows::{load_model, log_model};
use mlops_core::{GcOptions, OpenOptions, Store, SyncOptions, export, import, sync, sync_at};

const SYNCS: &str = "MLOPS_SYNCING_CHILD";
const WRITES: &str = "MLOPS_WRITING_CHILD";

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn fill(store: &Store, prefix: &str, runs: usize) {
    for number in 0..runs {
        let options = RunOptions {
            run_id: Some(format!("{prefix}-{number}")),
            experiment_name: Some(format!("experiment {}", number % 5)),
            source_name: Some("train.py".into()),
            user: Some("ada".into()),
            ..RunOptions::default()
        };
        let run = store.runs().start(options).unwrap();
        run.log_param("number", i64::try_from(number).unwrap().into()).unwrap();
        run.log_metric("loss", 0.5, 0, None).unwrap();
        run.log_bytes("shared", b"the same in all").unwrap();
        run.log_bytes("large", &vec![u8::try_from(number % 7).unwrap(); 70_000]).unwrap();
        run.end(RunStatus::Finished).unwrap();
    }
}

fn child(role: &str, arguments: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", role, "--nocapture"])
        .env(if role == "syncing_child" { SYNCS } else { WRITES }, arguments)
        .stdout(Stdio::piped())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Syncs from one store into another, again and again until nothing is new. Not a test of its own.
#[test]
fn syncing_child() {
    let Ok(places) = std::env::var(SYNCS) else { return };
    let (from, to) = places.split_once(' ').unwrap();
    for _ in 0..5 {
        sync_at(from, to, &SyncOptions::default()).unwrap();
    }
}

/// Logs to a store until its input ends, and says when it has begun. Not a test of its own.
#[test]
fn writing_child() {
    let Ok(uri) = std::env::var(WRITES) else { return };
    let store = Store::open(&uri).unwrap();
    let run = store.runs().start(RunOptions { run_id: Some("job".into()), ..RunOptions::default() }).unwrap();
    run.log_metric("step", 0.0, 0, None).unwrap();
    println!("\nbegun");
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        sender.send(()).unwrap();
    });
    let mut step = 1;
    while receiver.try_recv().is_err() {
        run.log_metric("step", f64::from(step), step.into(), None).unwrap();
        run.log_bytes("latest", step.to_string().as_bytes()).unwrap();
        step += 1;
    }
    run.end(RunStatus::Finished).unwrap();
}

fn wait_for(child: &mut Child, line: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|found| found.unwrap() == line), "the child ended before it said `{line}`");
}

#[test]
fn two_processes_sync_into_one_store_while_a_third_frees() {
    let dir = tempfile::tempdir().unwrap();
    let runs = 40;
    for name in ["a", "b"] {
        let store = Store::open(&path(dir.path(), name)).unwrap();
        fill(&store, name, runs);
        fill(&store, "both", 0);
        store.close().unwrap();
    }
    // Some runs stand in both.
    let a = Store::open(&path(dir.path(), "a")).unwrap();
    fill(&a, "both", 10);
    a.flush().unwrap();
    let ids = (0..10).map(|n| format!("both-{n}")).collect();
    let options = SyncOptions { run_ids: ids, ..SyncOptions::default() };
    sync(&a, &Store::open(&path(dir.path(), "b")).unwrap(), &options).unwrap();
    drop(a);
    let dest = path(dir.path(), "dest");
    let store = Store::open(&dest).unwrap();
    let mut children: Vec<Child> =
        ["a", "b"].iter().map(|name| child("syncing_child", &format!("{} {dest}", path(dir.path(), name)))).collect();
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        // `Busy` where files are stored without a pause.
        let _ = store.gc(&GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true });
    }
    assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    let found = store.runs().search(&RunQuery { max_results: 10_000, ..RunQuery::default() }).unwrap().items;
    assert_eq!(found.len(), 2 * runs + 10);
    for run in &found {
        let id = &run.info.run_id;
        assert_eq!(store.runs().read_artifact(id, "large").unwrap().len(), 70_000, "{id}");
        assert_eq!(store.runs().metric_history(id, "loss").unwrap().values, [0.5], "{id}");
    }
    let experiments = store.runs().list_experiments(View::All, 0, None).unwrap().items;
    assert_eq!(experiments.len(), 6, "{experiments:?}");
    drop(store);
    let report = mlops_core::fsck(&dest, false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
}

/// All files beneath a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Where the bytes of a store name a place of this computer. What the user ran is what runs say themselves: the tag
/// `mlflow.source.name` is given here.
fn named_places(store: &Path) -> Vec<String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let here = std::env::current_dir().unwrap().display().to_string();
    let temporary = std::env::temp_dir().display().to_string();
    let places = [store.display().to_string(), home, here, temporary];
    let mut found = Vec::new();
    for file in files(store) {
        let bytes = std::fs::read(&file).unwrap();
        for place in places.iter().filter(|place| place.len() > 1) {
            if bytes.windows(place.len()).any(|window| window == place.as_bytes()) {
                found.push(format!("{} names {place}", file.display()));
            }
        }
    }
    found
}

/// A store with runs, files, a model and a report.
fn everything(uri: &str) -> Store {
    let store = Store::open(uri).unwrap();
    fill(&store, "run", 3);
    let run = store.runs().open("run-0").unwrap();
    let model =
        SavedModel::builder().flavor("toy", serde_json::json!({})).file("weights.bin", [1, 2, 3]).build().unwrap();
    log_model(&*run, "model", &model).unwrap();
    let report = Path::new(uri).with_extension("html");
    write_report(&store, &["run-0", "run-1"], &report, &ReportOptions::default()).unwrap();
    run.log_artifact(&report, None).unwrap();
    store.flush().unwrap();
    store
}

fn shows_everything(store: &Store) {
    assert_eq!(load_model(store.runs(), "runs:/run-0/model").unwrap().read("weights.bin").unwrap(), [1, 2, 3]);
    assert_eq!(store.runs().read_artifact("run-2", "large").unwrap().len(), 70_000);
    assert_eq!(store.runs().metric_history("run-1", "loss").unwrap().values, [0.5]);
}

fn read_only(uri: &str) -> Store {
    Store::open_with(&OpenOptions { uri: uri.into(), read_only: true, ..OpenOptions::default() }).unwrap()
}

#[test]
fn a_store_has_no_path_of_its_computer_in_it_and_goes_on_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let uri = path(dir.path(), "store");
    let store = everything(&uri);
    assert_eq!(named_places(Path::new(&uri)), [] as [&str; 0], "while it is open");
    export(&store, &path(dir.path(), "export"), &SyncOptions::default()).unwrap();
    store.close().unwrap();
    drop(store);
    assert_eq!(named_places(Path::new(&uri)), [] as [&str; 0]);
    assert_eq!(named_places(&dir.path().join("export")), [] as [&str; 0]);

    for name in ["store", "export"] {
        let moved = dir.path().join("elsewhere").join(name);
        std::fs::create_dir_all(moved.parent().unwrap()).unwrap();
        std::fs::rename(dir.path().join(name), &moved).unwrap();
        shows_everything(&read_only(&moved.display().to_string()));
        let store = Store::open(&moved.display().to_string()).unwrap();
        shows_everything(&store);
        fill(&store, "later", 1);
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_written_is_read_and_synced_from() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let uri = path(dir.path(), "store");
    drop(everything(&uri));
    let set = |folders: u32, others: u32| {
        for file in files(Path::new(&uri)) {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(others)).unwrap();
            for folder in file.ancestors().skip(1).take_while(|folder| folder.starts_with(&uri)) {
                std::fs::set_permissions(folder, std::fs::Permissions::from_mode(folders)).unwrap();
            }
        }
    };
    set(0o500, 0o400);
    let before: Vec<_> = files(Path::new(&uri));
    // A mount that root may not write to either, where mounts may be made.
    let mounted = dir.path().join("mounted");
    std::fs::create_dir(&mounted).unwrap();
    let bind = format!(
        "mount --bind {uri} {at} && mount -o remount,bind,ro {at} && ! touch {at}/x 2>/dev/null && exec {} --exact \
         reading_child --nocapture",
        std::env::current_exe().unwrap().display(),
        at = mounted.display(),
    );
    let done = Command::new("unshare").args(["-m", "sh", "-c", &bind]).env("MLOPS_READING_CHILD", &mounted).output();
    if let Ok(done) = done
        && String::from_utf8_lossy(&done.stdout).contains("running 1 test")
    {
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }
    shows_everything(&read_only(&uri));
    let dest = Store::open(&path(dir.path(), "dest")).unwrap();
    let report = import(&uri, &dest, &SyncOptions::default()).unwrap();
    assert_eq!(report.new.len(), 3);
    shows_everything(&dest);
    assert_eq!(files(Path::new(&uri)), before);
    set(0o700, 0o600);
}

/// Reads and syncs from a read-only mount. Not a test of its own.
#[test]
fn reading_child() {
    let Ok(uri) = std::env::var("MLOPS_READING_CHILD") else { return };
    shows_everything(&read_only(&uri));
    let dest = Store::open("memory:").unwrap();
    assert_eq!(import(&uri, &dest, &SyncOptions::default()).unwrap().new.len(), 3);
}

#[test]
fn a_store_is_read_and_synced_from_while_a_job_writes_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let uri = path(dir.path(), "store");
    drop(everything(&uri));
    let mut job = child("writing_child", &uri);
    wait_for(&mut job, "begun");
    let dest = Store::open(&path(dir.path(), "dest")).unwrap();
    let mut last = 0;
    for _ in 0..6 {
        shows_everything(&read_only(&uri));
        let report = import(&uri, &dest, &SyncOptions::default()).unwrap();
        assert_eq!((report.conflicts.len(), report.failed.len()), (0, 0), "{report:?}");
        let run = dest.runs().get("job").unwrap();
        assert_eq!(run.info.status, RunStatus::Running);
        let points = dest.runs().metric_history("job", "step").unwrap();
        assert!(points.len() > last, "{} points after {last}", points.len());
        assert!(points.values.iter().zip(0..).all(|(value, step)| value.to_bits() == f64::from(step).to_bits()));
        last = points.len();
    }
    writeln!(job.stdin.take().unwrap()).unwrap();
    assert!(job.wait().unwrap().success());
    let report = import(&uri, &dest, &SyncOptions::default()).unwrap();
    assert_eq!((report.updated.as_slice(), report.unchanged), (["job".to_owned()].as_slice(), 3));
    let source = read_only(&uri);
    assert_eq!(dest.runs().get("job").unwrap(), source.runs().get("job").unwrap());
    assert_eq!(
        dest.runs().metric_history("job", "step").unwrap(),
        source.runs().metric_history("job", "step").unwrap()
    );
}

#[test]
fn ten_thousand_runs_go_over_in_reasonable_time() {
    let dir = tempfile::tempdir().unwrap();
    let source = Store::open("memory:").unwrap();
    for number in 0..10_000_u32 {
        let options = RunOptions {
            run_id: Some(format!("run-{number:05}")),
            experiment_name: Some(format!("experiment {}", number % 10)),
            source_name: Some("train.py".into()),
            ..RunOptions::default()
        };
        let run = source.runs().start(options).unwrap();
        run.log_param("number", i64::from(number).into()).unwrap();
        for step in 0..3 {
            run.log_metric("loss", f64::from(number), step, None).unwrap();
        }
        run.end(RunStatus::Finished).unwrap();
    }
    let dest = Store::open(&path(dir.path(), "dest")).unwrap();
    let mut times = Vec::new();
    for expected in [(10_000, 0), (0, 10_000)] {
        let began = Instant::now();
        let report = sync(&source, &dest, &SyncOptions::default()).unwrap();
        times.push(began.elapsed());
        assert_eq!((report.new.len(), report.unchanged), expected);
    }
    println!("10,000 runs: new {:?}, unchanged {:?}", times.first().unwrap(), times.last().unwrap());
    assert!(times.iter().all(|time| *time < Duration::from_mins(4)), "{times:?}");
    let query = RunQuery { filter: "metrics.loss > 9990".into(), ..RunQuery::default() };
    assert_eq!(dest.runs().search(&query).unwrap().items.len(), 9);
}
