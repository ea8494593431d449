mod processes;
mod threads;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::base::clock::{ManualClock, SystemClock};
use crate::base::files::{FileHook, FileOp};
use crate::base::text::ParamValue;
use crate::error::Code;
use crate::runs::{Batch, Lifecycle, MetricPoint, Run, RunExt, RunOptions, RunStatus, View};
use crate::storage::{KeyRange, ScanOptions};
use crate::store::{OpenOptions, fsck};

/// Everything goes that nothing refers to, however young.
fn all() -> GcOptions {
    GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: false }
}

fn deleted_too() -> GcOptions {
    GcOptions { deleted_runs: true, ..all() }
}

fn uri(dir: &Path) -> String {
    dir.join("store").display().to_string()
}

fn open(dir: &Path) -> Store {
    Store::open(&uri(dir)).unwrap()
}

fn start(store: &Store, id: &str) -> Arc<dyn Run> {
    store.runs().start(RunOptions { run_id: Some(id.into()), ..RunOptions::default() }).unwrap()
}

/// A store whose clock starts with the computer's, as files have its time, and moves by hand.
fn open_at(dir: &Path, clock: &Arc<ManualClock>) -> Store {
    Store::open_with(&OpenOptions { uri: uri(dir), clock: clock.clone(), ..OpenOptions::default() }).unwrap()
}

fn long(seed: &str) -> String {
    seed.repeat(2_000)
}

/// One of everything that is kept in a blob.
fn log_everything(store: &Store, id: &str) {
    let tag = ("started with".to_owned(), long("tag "));
    let options = RunOptions { run_id: Some(id.into()), tags: vec![tag], ..RunOptions::default() };
    let run = store.runs().start(options).unwrap();
    run.log_param("long", ParamValue::Text(long(id))).unwrap();
    run.set_tag("long", &long("later tag ")).unwrap();
    run.log_bytes("small", id.as_bytes()).unwrap();
    run.log_bytes("large", &id.repeat(100_000).into_bytes()).unwrap();
    let series: Vec<f64> = (0..5_000).map(f64::from).collect();
    run.log_series("sealed at once", &[], &[], &series).unwrap();
    for step in 0..3_000 {
        run.log_metric("sealed when there are many", f64::from(step), step.into(), None).unwrap();
    }
    // A change that no commit takes: unpacked from a blob.
    let params = (0..3_000).map(|n| (format!("param {n}"), ParamValue::Text("x".repeat(600)))).collect();
    run.log_batch(&Batch { params, ..Batch::default() }).unwrap();
    let point = |n: i64| MetricPoint { key: format!("metric {}", n % 50), value: 0.5, step: n, at: None };
    run.log_batch(&Batch { metrics: (0..2_000).map(point).collect(), ..Batch::default() }).unwrap();
    run.end(RunStatus::Finished).unwrap();
}

fn check_everything(store: &Store, id: &str) {
    let data = store.runs().get(id).unwrap();
    assert_eq!(data.params["long"].text(), long(id));
    assert_eq!(data.params.len(), 3_001);
    assert_eq!((&data.tags["long"], &data.tags["started with"]), (&long("later tag "), &long("tag ")));
    assert_eq!(store.runs().read_artifact(id, "small").unwrap(), id.as_bytes());
    assert_eq!(store.runs().read_artifact(id, "large").unwrap(), id.repeat(100_000).into_bytes());
    assert_eq!(store.runs().metric_history(id, "sealed at once").unwrap().len(), 5_000);
    assert_eq!(store.runs().metric_history(id, "sealed when there are many").unwrap().len(), 3_000);
    assert_eq!(store.runs().metric_history(id, "metric 7").unwrap().len(), 40);
}

/// What is in the stored run, the copy of its record included, reads back byte by byte.
fn assert_clean(dir: &Path) {
    let report = fsck(&uri(dir), false).unwrap();
    assert!(report.findings.is_empty() && report.lost.is_empty(), "{report:?}");
}

#[test]
fn whatever_a_run_keeps_in_blobs_is_referred_to() {
    let dir = tempfile::tempdir().unwrap();
    // In memory every blob goes by itself; in a folder small ones share packs.
    for store in [Store::open("memory:").unwrap(), open(dir.path())] {
        log_everything(&store, "everything");
        // Ends without points: its record is copied into a blob.
        start(&store, "empty").end(RunStatus::Finished).unwrap();
        store.flush().unwrap();
        let before = store.blobs().verify(&mut |e| panic!("{e}")).unwrap();
        let report = store.gc(&all()).unwrap();
        let after = store.blobs().verify(&mut |e| panic!("{e}")).unwrap();
        check_everything(&store, "everything");
        // What nothing refers to any more is one large change, which is unpacked. A new kind of blob that is not
        // registered goes here, too.
        let gone = report.large_blobs.count + report.small_blobs.count;
        assert_eq!((gone, report.kept.count, before.count - after.count), (1, 0, 1), "{report:?}");
    }
    assert_clean(dir.path());
    check_everything(&open(dir.path()), "everything");
}

/// Logs what a gc under way takes for dead, as soon as it forces to the disk what it has collected.
#[derive(Debug, Default)]
struct LogAtSync(Mutex<Option<Arc<dyn Run>>>);

impl FileHook for LogAtSync {
    fn before(&self, op: &FileOp<'_>) -> std::io::Result<Option<usize>> {
        let journal = matches!(op, FileOp::Sync(path) if path.parent().is_some_and(|dir| dir.ends_with("journal")));
        if journal && let Some(run) = self.0.lock().take() {
            run.log_bytes("large again", &vec![1; 100_000]).unwrap();
            run.log_bytes("small again", &[1; 1_000]).unwrap();
        }
        Ok(None)
    }
}

#[test]
fn what_is_logged_between_the_collection_of_references_and_the_sweep_stays() {
    let dir = tempfile::tempdir().unwrap();
    let hook = Arc::new(LogAtSync::default());
    let files = Files::with_hook(hook.clone());
    let store = Store::open_with(&OpenOptions { uri: uri(dir.path()), files, ..OpenOptions::default() }).unwrap();
    let run = start(&store, "run");
    for (path, bytes) in [("large", vec![1; 100_000]), ("small", vec![1; 1_000])] {
        run.log_bytes(path, &bytes).unwrap();
        run.log_bytes(path, b"").unwrap();
    }
    *hook.0.lock() = Some(run.clone());
    let report = store.gc(&all()).unwrap();
    assert!(hook.0.lock().is_none(), "nothing was forced to the disk");
    assert_eq!(report.kept, Amount { count: 2, bytes: 101_000 }, "{report:?}");
    assert_eq!(store.runs().read_artifact("run", "large again").unwrap(), vec![1; 100_000]);
    assert_eq!(store.gc(&all()).unwrap(), GcReport::default());
    drop((run, store));
    assert_clean(dir.path());
}

#[test]
fn what_is_replaced_goes_after_the_time_that_is_asked_for_and_is_deleted_an_hour_later() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let store = open_at(dir.path(), &clock);
    let run = start(&store, "run");
    run.log_bytes("model", &vec![1; 100_000]).unwrap();
    run.log_bytes("model", &vec![2; 100_000]).unwrap();
    let options = GcOptions { dry_run: false, ..GcOptions::default() };
    let young = store.gc(&options).unwrap();
    assert_eq!((young.large_blobs.count, young.kept), (0, Amount::one(100_000)));
    clock.advance(11 * 60_000_000);
    let dry = store.gc(&GcOptions::default()).unwrap();
    assert_eq!(dry.large_blobs, Amount::one(100_000));
    assert_eq!(store.gc(&options).unwrap(), GcReport { dry_run: false, ..dry });
    assert_eq!(store.gc(&options).unwrap(), GcReport::default());
    clock.advance(3_599_000_000);
    assert_eq!(store.gc(&options).unwrap(), GcReport::default());
    clock.advance(2_000_000);
    assert_eq!(store.gc(&options).unwrap(), GcReport { trash: Amount::one(100_000), ..GcReport::default() });
    assert_eq!(store.runs().read_artifact("run", "model").unwrap(), vec![2; 100_000]);
}

#[test]
fn a_dry_run_changes_nothing_and_works_where_the_store_is_open_for_reading() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let run = start(&store, "run");
    run.log_bytes("model", &vec![1; 100_000]).unwrap();
    run.log_bytes("model", b"another").unwrap();
    store.flush().unwrap();
    let reader =
        Store::open_with(&OpenOptions { uri: uri(dir.path()), read_only: true, ..OpenOptions::default() }).unwrap();
    let dry = GcOptions { dry_run: true, ..all() };
    assert_eq!(reader.gc(&dry).unwrap(), store.gc(&dry).unwrap());
    assert_eq!(reader.gc(&all()).unwrap_err().code(), Code::ReadOnly);
    assert_eq!(store.gc(&dry).unwrap().large_blobs, Amount::one(100_000));
}

#[test]
fn deleted_runs_stay_until_they_are_asked_for_and_old() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let store = open_at(dir.path(), &clock);
    log_everything(&store, "one");
    log_everything(&store, "two");
    clock.advance(3_600_000_000);
    store.runs().delete("one").unwrap();
    store.gc(&all()).unwrap();
    let options = GcOptions { dry_run: false, deleted_runs: true, ..GcOptions::default() };
    assert_eq!(store.gc(&options).unwrap().runs, 0);
    clock.advance(601_000_000);
    // Restored and deleted again, its time begins anew.
    store.runs().restore("one").unwrap();
    check_everything(&store, "one");
    store.runs().delete("one").unwrap();
    assert_eq!(store.gc(&options).unwrap().runs, 0);
    clock.advance(601_000_000);
    let report = store.gc(&options).unwrap();
    assert_eq!(report.runs, 1);
    assert!(report.large_blobs.count >= 1, "{report:?}");
    assert_eq!(store.runs().get("one").unwrap_err().code(), Code::NotFound);
    assert_eq!(store.runs().restore("one").unwrap_err().code(), Code::NotFound);
    let all_runs = crate::runs::RunQuery { view: View::All, ..Default::default() };
    assert_eq!(store.runs().search(&all_runs).unwrap().items.len(), 1);
    check_everything(&store, "two");
    // Nothing of it is left, also under other keys.
    let left = store.storage().scan(&KeyRange::prefix(b""), &ScanOptions::default()).unwrap();
    assert!(!left.entries.iter().any(|(key, _)| key.windows(3).any(|part| part == b"one")));
    // The id is free, and what has it is another run.
    start(&store, "one").log_param("new", 1.into()).unwrap();
    assert_eq!(store.runs().get("one").unwrap().params.len(), 1);
    drop(store);
    assert_clean(dir.path());
}

#[test]
fn a_handle_of_a_removed_run_cannot_bring_it_back() {
    let store = Store::open("memory:").unwrap();
    let run = start(&store, "run");
    run.log_metric("loss", 1.0, 0, None).unwrap();
    store.runs().delete("run").unwrap();
    assert_eq!(store.gc(&deleted_too()).unwrap().runs, 1);
    assert_eq!(run.log_metric("loss", 1.0, 1, None).unwrap_err().code(), Code::InvalidState);
    assert_eq!(run.end(RunStatus::Finished).unwrap_err().code(), Code::InvalidState);
    assert_eq!(store.runs().get("run").unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_run_that_is_not_deleted_can_be_logged_to_after_somebody_tried_to_remove_it() {
    let store = Store::open("memory:").unwrap();
    let run = start(&store, "run");
    assert!(!store.runs().remove("run").unwrap());
    run.log_metric("loss", 1.0, 0, None).unwrap();
    assert_eq!(store.runs().get("run").unwrap().info.lifecycle, Lifecycle::Active);
}

#[test]
fn what_a_living_writer_has_not_drained_is_referred_to() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let run = start(&store, "run");
    // Its records stay in the spool: this lock is held where it drains.
    let draining = store.runs().hold_drain();
    run.log_bytes("large", &vec![7; 100_000]).unwrap();
    run.log_param("long", ParamValue::Text(long("value "))).unwrap();
    run.log_batch(&Batch {
        params: (0..4_000).map(|n| (format!("param {n}"), ParamValue::Text(long("yyy")))).collect(),
        ..Batch::default()
    })
    .unwrap();
    let mut named = HashSet::new();
    for writer in list_writers(&Files::default(), &dir.path().join("store/spool")).unwrap() {
        let mut note = |blob| {
            named.insert(blob);
        };
        store.runs().for_each_spooled_blob(&Files::default(), &writer, &mut note).unwrap();
    }
    // The artifact, the two values, the large change.
    assert_eq!(named.len(), 4);
    for blob in named {
        assert!(store.blobs().size(&blob).unwrap().is_some());
    }
    drop(draining);
}

#[test]
fn files_of_dead_writers_and_of_the_journal_go_when_they_are_old() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let first = open_at(dir.path(), &clock);
    start(&first, "run").end(RunStatus::Finished).unwrap();
    drop(first);
    let store = open_at(dir.path(), &clock);
    assert_eq!(store.gc(&all()).unwrap().spool, Amount::default());
    clock.advance(3_700_000_000);
    let dry = store.gc(&GcOptions { dry_run: true, ..all() }).unwrap();
    assert_eq!(dry.spool.count, 1);
    assert_eq!(store.gc(&all()).unwrap().spool, dry.spool);
    assert_eq!(store.gc(&all()).unwrap().spool, Amount::default());
    assert_eq!(Files::default().list(&dir.path().join("store/spool")).unwrap(), Vec::<std::path::PathBuf>::new());
    assert_eq!(store.runs().get("run").unwrap().info.status, RunStatus::Finished);
}

#[test]
fn what_a_repair_set_aside_is_the_users() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let aside = dir.path().join("store/trash/0199c0ffee-broken.pack");
    std::fs::write(&aside, b"the only copy").unwrap();
    std::fs::File::open(&aside).unwrap().set_modified(UNIX_EPOCH).unwrap();
    assert_eq!(store.gc(&all()).unwrap().trash, Amount::default());
    assert!(aside.exists());
}

#[test]
fn a_closed_store_is_not_swept() {
    let store = Store::open("memory:").unwrap();
    store.close().unwrap();
    assert_eq!(store.gc(&all()).unwrap_err().code(), Code::InvalidState);
}
