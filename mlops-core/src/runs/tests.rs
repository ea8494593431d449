mod clock;
mod columns;
mod contradicted;
mod dropped;
mod experiments;
mod extremes;
mod forced;
mod holders;
mod inputs;
mod large;
mod others;
mod references;
mod removed;
mod rewind;
mod subjects;
#[cfg(feature = "system")]
mod system;
mod typed;
mod wide;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::base::clock::{Clock, ManualClock};
use crate::base::files::Files;
use crate::base::ids::{CountingIds, IdSource};
use crate::base::series_key::SeriesKey;
use crate::blob::memory::MemoryBlobs;
use crate::error::{Code, Error};
use crate::spool::{Spool, SpoolOptions, list_writers};
use crate::storage::memory::MemoryStorage;
use crate::storage::{KeyRange, ScanOptions, Storage};

/// The parts of a store that outlive one opening of the pillar.
struct Parts {
    storage: Arc<MemoryStorage>,
    blobs: Arc<MemoryBlobs>,
    clock: Arc<ManualClock>,
    ids: Arc<dyn IdSource>,
    dir: tempfile::TempDir,
}

impl Parts {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("spool")).unwrap();
        std::fs::create_dir(dir.path().join("tmp")).unwrap();
        Self {
            storage: Arc::default(),
            blobs: Arc::default(),
            clock: Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000))),
            ids: Arc::new(CountingIds::default()),
            dir,
        }
    }

    fn open(&self) -> Runs {
        self.open_over(self.storage.clone(), self.spool())
    }

    fn spool(&self) -> Spool {
        let options = SpoolOptions {
            folder: self.dir.path().join("spool"),
            tmp: self.dir.path().join("tmp"),
            files: Files::default(),
            file_bytes: 4_000,
        };
        Spool::files(options, &self.ids)
    }

    fn open_over(&self, storage: Arc<dyn Storage>, spool: Spool) -> Runs {
        Runs::new(RunsOptions {
            storage,
            blobs: self.blobs.clone(),
            spool,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            read_only: false,
            unowned: None,
        })
        .unwrap()
    }

    /// Drains what the dead left, as an opening store does.
    fn bury(&self, runs: &Runs) {
        for writer in list_writers(&Files::default(), &self.dir.path().join("spool")).unwrap() {
            if let Some(_lock) = writer.lock_if_dead(&Files::default()).unwrap() {
                runs.drainer().drain_dead(&Files::default(), &writer).unwrap();
            }
        }
    }
}

/// A pillar over a storage, all else in memory.
fn in_memory(storage: Arc<dyn Storage>) -> RunsOptions {
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    RunsOptions {
        storage,
        blobs: Arc::new(MemoryBlobs::default()),
        spool: Spool::memory(&ids),
        clock: Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000))),
        ids,
        read_only: false,
        unowned: None,
    }
}

/// A pillar that is wholly in memory.
pub(super) fn opened() -> Runs {
    Runs::new(in_memory(Arc::new(MemoryStorage::default()))).unwrap()
}

#[test]
fn a_run_comes_back_with_all_that_it_logged() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions { run_name: Some("first".into()), ..RunOptions::default() }).unwrap();
    run.log_param("lr", 0.001.into()).unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    run.log_metric("loss", f64::NAN, 1, None).unwrap();
    run.log_metric("loss", f64::NEG_INFINITY, -3, Some(Timestamp::from_millis(5))).unwrap();
    run.set_tag("stage", "dev").unwrap();
    run.set_tag("stage", "test").unwrap();
    run.set_tag("gone", "x").unwrap();
    run.delete_tag("gone").unwrap();
    run.log_bytes("notes/readme.txt", b"hello").unwrap();
    parts.clock.advance(2_000_000);
    run.end(RunStatus::Finished).unwrap();

    let data = runs.get(run.id()).unwrap();
    assert_eq!((data.info.run_name.as_str(), data.info.status), ("first", RunStatus::Finished));
    assert_eq!(data.info.ended_at.unwrap().as_micros() - data.info.started_at.as_micros(), 2_000_000);
    assert_eq!(data.params, BTreeMap::from([("lr".to_owned(), ParamValue::Float(0.001))]));
    assert_eq!(data.tags.get("stage").map(String::as_str), Some("test"));
    assert!(!data.tags.contains_key("gone"));
    let loss = data.metrics["loss"];
    assert!(loss.last.is_nan() && loss.last_step == 1);
    assert_eq!((loss.min, loss.max, loss.count), (f64::NEG_INFINITY, 0.5, 3));
    let history = runs.metric_history(run.id(), "loss").unwrap();
    assert_eq!(history.steps, [-3, 0, 1]);
    assert_eq!(runs.read_artifact(run.id(), "notes/readme.txt").unwrap(), b"hello");
    assert_eq!(
        runs.list_artifacts(run.id(), None).unwrap().iter().map(|a| a.path.as_str()).collect::<Vec<_>>(),
        ["notes"]
    );
    assert_eq!(runs.list_artifacts(run.id(), Some("notes")).unwrap()[0].size_bytes, 5);
}

#[test]
fn a_param_keeps_its_first_value_and_nothing_of_a_batch_with_another_is_kept() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    run.log_param("lr", 0.1.into()).unwrap();
    run.log_param("lr", "0.1".into()).unwrap();
    let batch = Batch { params: vec![("a".into(), 1.into()), ("lr".into(), 0.2.into())], ..Batch::default() };
    let error = run.log_batch(&batch).unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert!(error.to_string().contains("already `0.1` and cannot change to `0.2`"), "{error}");
    assert_eq!(runs.get(run.id()).unwrap().params.len(), 1);
    // The same through a handle that did not see the first value being logged.
    run.end(RunStatus::Finished).unwrap();
    runs.core.known.lock().clear();
    let again = runs.open(run.id()).unwrap();
    assert_eq!(again.log_param("lr", 0.3.into()).unwrap_err().code(), Code::Conflict);
}

#[test]
fn bad_input_is_refused_by_name() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let long = "k".repeat(501);
    assert_eq!(run.log_metric("", 1.0, 0, None).unwrap_err().code(), Code::InvalidArgument);
    let error = run.log_metric(&long, 1.0, 0, None).unwrap_err();
    assert_eq!(error.code(), Code::LimitExceeded);
    assert!(error.to_string().contains("501 bytes, over the limit of 500"), "{error}");
    assert_eq!(run.log_param("a\nb", 1.into()).unwrap_err().code(), Code::InvalidArgument);
    for path in ["../x", "a/../../x", "/etc/passwd", "", "a\\b", "./a"] {
        assert_eq!(run.log_bytes(path, b"").unwrap_err().code(), Code::InvalidArgument, "{path}");
        assert!(runs.read_artifact(run.id(), path).is_err(), "{path}");
    }
    assert_eq!(run.log_artifact("/no/such/file".as_ref(), None).unwrap_err().code(), Code::NotFound);
    assert_eq!(runs.read_artifact(run.id(), "missing").unwrap_err().code(), Code::NotFound);
    assert_eq!(runs.get("nope").unwrap_err().code(), Code::NotFound);
    assert_eq!(runs.get("no pe").unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(
        runs.start(RunOptions { run_id: Some("../x".into()), ..RunOptions::default() }).unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(
        runs.start(RunOptions { experiment_id: Some("9".into()), ..RunOptions::default() }).unwrap_err().code(),
        Code::NotFound
    );
    run.log_bytes("a", b"file").unwrap();
    assert_eq!(run.log_bytes("a/b", b"").unwrap_err().code(), Code::Conflict);
    assert_eq!(run.log_series("m", &[1], &[], &[1.0, 2.0]).unwrap_err().code(), Code::InvalidArgument);
    let data = runs.get(run.id()).unwrap();
    assert!(data.params.is_empty() && data.metrics.is_empty());
}

#[test]
#[cfg(unix)]
fn a_folder_with_something_that_is_no_file_is_wholly_out() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let folder = parts.dir.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), "text").unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("gone")).unwrap();
    assert_eq!(run.log_artifacts(&folder, None).unwrap_err().code(), Code::NotFound);
    std::fs::remove_file(folder.join("gone")).unwrap();
    // Opening a socket's file, or a pipe, would fail late or wait.
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    assert_eq!(run.log_artifacts(&folder, None).unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(runs.list_artifacts(run.id(), None).unwrap(), []);
}

#[test]
fn sections_that_outgrow_the_record_move_to_pages_and_come_back_whole() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    for part in 0..40 {
        let tags = (0..50)
            .map(|n| (format!("tag-{:04}", n * 40 + part), format!("value {n} {part} {}", "x".repeat(50))))
            .collect();
        run.log_batch(&Batch { tags, ..Batch::default() }).unwrap();
        runs.drain().unwrap();
    }
    run.delete_tag("tag-0007").unwrap();
    let metrics =
        (0..3_000).map(|n| MetricPoint { key: format!("m/{n}"), value: f64::from(n), step: 0, at: None }).collect();
    run.log_batch(&Batch { metrics, ..Batch::default() }).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let data = runs.get(run.id()).unwrap();
    assert_eq!(data.tags.keys().filter(|key| key.starts_with("tag-")).count(), 1_999);
    assert_eq!(data.tags["tag-1999"], format!("value 49 39 {}", "x".repeat(50)));
    assert_eq!(data.metrics.len(), 3_000);
    assert_eq!(runs.metric_history(run.id(), "m/2999").unwrap().values, [2_999.0]);
    let record = parts.storage.get(&super::keys::run(run.id())).unwrap().unwrap();
    assert!(record.len() < 32 << 10, "the record has {} bytes", record.len());
}

#[test]
fn a_batch_larger_than_a_commit_is_wholly_there() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let params = (0..20_000).map(|n| (format!("p{n}"), format!("{n} {}", "y".repeat(200)).into())).collect();
    let tags = vec![("long".to_owned(), "z".repeat(100_000))];
    run.log_batch(&Batch { params, tags, ..Batch::default() }).unwrap();
    run.log_param("after", 1.into()).unwrap();
    let data = runs.get(run.id()).unwrap();
    assert_eq!(data.params.len(), 20_001);
    assert_eq!(data.params["p19999"].text(), format!("19999 {}", "y".repeat(200)));
    assert_eq!(data.tags["long"].len(), 100_000);
    let pending = parts.storage.scan(&KeyRange::prefix(super::keys::PENDING), &ScanOptions::default()).unwrap();
    assert!(pending.entries.is_empty());
}

#[test]
fn a_million_points_go_in_and_out_as_columns() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let n = 1_100_000_i32;
    let steps: Vec<i64> = (0..n).map(i64::from).collect();
    let times: Vec<i64> = (0..n).map(|i| 1_700_000_000_000_000 + i64::from(i) * 1_000).collect();
    let values: Vec<f64> = (0..n).map(|i| f64::from(i).sin()).collect();
    run.log_series("loss", &steps, &times, &values).unwrap();
    run.log_metric("loss", 7.0, n.into(), Some(Timestamp::from_micros(times[times.len() - 1] + 1))).unwrap();
    let history = runs.metric_history(run.id(), "loss").unwrap();
    assert_eq!((history.steps.len(), history.values[values.len()]), (values.len() + 1, 7.0));
    assert_eq!(history.values[..values.len()], values);
    assert_eq!(history.times[..values.len()], times);
    assert_eq!(runs.get(run.id()).unwrap().metrics["loss"].count, values.len() as u64 + 1);
}

#[test]
fn what_a_killed_process_left_is_drained_and_its_runs_are_killed() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let other = runs.start(RunOptions::default()).unwrap();
    other.end(RunStatus::Failed).unwrap();
    for step in 0..500 {
        run.log_metric("loss", 1.0, step, None).unwrap();
    }
    let id = run.id().to_owned();
    // The process dies: its lock is free, and its thread drains nothing more.
    let drain = runs.core.drain.lock();
    std::mem::forget((run, other.clone()));
    let dead = parts.open();
    assert_eq!(dead.get(&id).unwrap().info.status, RunStatus::Running);
    for writer in list_writers(&Files::default(), &parts.dir.path().join("spool")).unwrap() {
        dead.drainer().drain_dead(&Files::default(), &writer).unwrap();
        dead.drainer().drain_dead(&Files::default(), &writer).unwrap();
    }
    let data = dead.get(&id).unwrap();
    assert_eq!((data.info.status, data.metrics["loss"].count), (RunStatus::Killed, 500));
    assert!(data.info.ended_at.unwrap() >= data.info.started_at);
    assert_eq!(dead.get(other.id()).unwrap().info.status, RunStatus::Failed);
    std::mem::forget(drain);
    std::mem::forget(runs);
}

#[test]
fn a_closed_pillar_leaves_nothing_to_drain() {
    let parts = Parts::new();
    let run = {
        let runs = parts.open();
        let run = runs.start(RunOptions::default()).unwrap();
        run.log_metric("loss", 1.0, 0, None).unwrap();
        run.id().to_owned()
    };
    let runs = parts.open();
    assert_eq!(runs.get(&run).unwrap().metrics["loss"].count, 1);
    parts.bury(&runs);
    assert_eq!(runs.get(&run).unwrap().info.status, RunStatus::Killed);
    assert_eq!(runs.metric_history(&run, "loss").unwrap().values, [1.0]);
}

#[test]
fn of_threads_that_start_a_run_of_one_id_one_succeeds() {
    let runs = opened();
    for id in (0..50).map(|n| format!("run-{n}")) {
        let start = || runs.start(RunOptions { run_id: Some(id.clone()), ..RunOptions::default() });
        let started: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(started.iter().filter(|run| run.is_ok()).count(), 1, "{id}");
        let refused = started.into_iter().filter_map(Result::err);
        assert!(refused.into_iter().all(|error| error.code() == Code::AlreadyExists), "{id}");
    }
}

#[test]
fn a_record_of_a_newer_version_is_refused_as_such() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let key = super::keys::run(run.id());
    let mut bytes = parts.storage.get(&key).unwrap().unwrap();
    bytes[0] = 3;
    let ops = [crate::storage::Op::put(key, bytes)];
    let _ = parts.storage.apply(&ops, crate::storage::Durability::Fast).unwrap();
    let error = runs.get(run.id()).unwrap_err();
    assert_eq!(error.code(), Code::NewerFormat);
    assert!(error.to_string().starts_with("a run in storage has format version 3"), "{error}");
}

#[test]
fn a_run_goes_on_by_id_and_is_deleted_and_restored() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions { run_id: Some("mine".into()), ..RunOptions::default() }).unwrap();
    run.log_metric("loss", 1.0, 0, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let started = runs.get("mine").unwrap().info.started_at;
    parts.clock.advance(1_000_000);
    let error = runs.start(RunOptions { run_id: Some("mine".into()), ..RunOptions::default() }).unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    let again = runs.resume("mine").unwrap();
    let info = runs.get("mine").unwrap().info;
    assert_eq!((info.status, info.started_at, info.ended_at), (RunStatus::Running, started, None));
    again.log_metric("loss", 2.0, 1, None).unwrap();
    again.end(RunStatus::Failed).unwrap();
    assert_eq!(runs.metric_history("mine", "loss").unwrap().values, [1.0, 2.0]);
    runs.delete("mine").unwrap();
    assert_eq!(again.log_metric("loss", 3.0, 2, None).unwrap_err().code(), Code::InvalidState);
    assert_eq!(runs.resume("mine").unwrap_err().code(), Code::InvalidState);
    assert!(runs.search(&RunQuery::default()).unwrap().items.is_empty());
    runs.restore("mine").unwrap();
    again.log_metric("loss", 3.0, 2, None).unwrap();
    assert_eq!(runs.search(&RunQuery::default()).unwrap().items.len(), 1);
}

#[test]
fn experiments_count_up_and_keep_their_names() {
    let runs = opened();
    assert_eq!(runs.get_experiment("0").unwrap().name, "Default");
    let first = runs.create_experiment("churn", &[("team".into(), "growth".into())]).unwrap();
    assert_eq!(first.experiment_id, "1");
    assert_eq!(runs.create_experiment("churn", &[]).unwrap_err().code(), Code::AlreadyExists);
    let run = runs.start(RunOptions { experiment_name: Some("fraud".into()), ..RunOptions::default() }).unwrap();
    assert_eq!(runs.get(run.id()).unwrap().info.experiment_id, "2");
    assert_eq!(runs.ensure_experiment("fraud").unwrap().experiment_id, "2");
    let page = runs.list_experiments(View::Active, 2, None).unwrap();
    assert_eq!(page.items.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["Default", "churn"]);
    let rest = runs.list_experiments(View::Active, 2, page.next_page_token.as_deref()).unwrap();
    assert_eq!((rest.items[0].name.as_str(), rest.next_page_token), ("fraud", None));
    assert!(matches!(runs.get_experiment("01"), Err(Error::NotFound { .. })));
}

#[test]
fn eight_threads_log_to_one_run() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let run = run.clone();
            scope.spawn(move || {
                for step in 0..500 {
                    run.log_metric(&format!("m{thread}"), f64::from(thread), step, None).unwrap();
                }
            });
        }
    });
    run.end(RunStatus::Finished).unwrap();
    let data = runs.get(run.id()).unwrap();
    assert_eq!(data.metrics.values().map(|m| m.count).collect::<Vec<_>>(), [500; 8]);
    assert_eq!(runs.metric_history(run.id(), "m3").unwrap().steps, (0..500).collect::<Vec<_>>());
}

#[test]
fn a_reader_sees_what_was_acknowledged_while_another_thread_drains() {
    let runs = opened();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let run = runs.start(RunOptions::default()).unwrap();
                for step in 0..200 {
                    run.log_metric("loss", 1.0, step, None).unwrap();
                    let count = runs.get(run.id()).unwrap().metrics["loss"].count;
                    assert_eq!(count, u64::try_from(step).unwrap() + 1);
                }
            });
        }
    });
}

#[test]
fn the_clock_of_a_test_is_the_runs_clock() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    assert_eq!(runs.get(run.id()).unwrap().info.started_at, parts.clock.now());
}
