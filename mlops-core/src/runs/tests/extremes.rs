//! The largest of everything that a call accepts can also be drained: one record that cannot would stop all behind it.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::base::limits;
use crate::storage::fault::FaultyStorage;
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage};

/// Runs over a store whose call number `fail_at` fails, once.
fn faulty(fail_at: u64) -> (Arc<FaultyStorage<MemoryStorage>>, Result<Runs>) {
    let storage = Arc::new(FaultyStorage::new(MemoryStorage::default(), fail_at));
    let runs = Runs::new(in_memory(storage.clone()));
    (storage, runs)
}

#[test]
fn points_with_long_steps_and_names_fit_into_the_entries_of_the_tail() {
    let runs = opened();
    for key_bytes in [1, 2, 30, 41, 60, limits::KEY_BYTES] {
        let run = runs.start(RunOptions::default()).unwrap();
        let key = |n: usize| format!("{n:0key_bytes$}");
        let count = if key_bytes == 1 {
            10
        } else if key_bytes == 2 {
            100
        } else {
            1_000
        };
        let metrics = (0..count).map(|n| MetricPoint {
            key: key(n),
            value: 1.0,
            step: i64::MAX,
            at: Some(Timestamp::from_micros(i64::MIN)),
        });
        run.log_batch(&Batch { metrics: metrics.collect(), ..Batch::default() }).unwrap();
        assert_eq!(runs.get(run.id()).unwrap().metrics.len(), count, "{key_bytes}");
        assert_eq!(runs.metric_history(run.id(), &key(0)).unwrap().steps, [i64::MAX]);
    }
}

#[test]
fn many_artifacts_with_the_longest_paths_are_kept() {
    let runs = opened();
    let run =
        runs.start(RunOptions { run_id: Some("r".repeat(limits::RUN_ID_CHARS)), ..RunOptions::default() }).unwrap();
    let folder = ["a".repeat(249), "b".repeat(249)].join("/");
    let path = |n: usize| format!("{folder}/{}{n:03}", "c".repeat(limits::PATH_BYTES - folder.len() - 4));
    for n in 0..100 {
        run.log_bytes(&path(n), b"x").unwrap();
    }
    assert_eq!(runs.list_artifacts(run.id(), Some(&folder)).unwrap().len(), 100);
    assert_eq!(runs.read_artifact(run.id(), &path(99)).unwrap(), b"x");
}

#[test]
fn a_run_starts_with_more_tags_than_a_commit_holds() {
    let runs = opened();
    let tags = (0..400).map(|n| (format!("tag{n}"), "x".repeat(limits::INLINE_VALUE_BYTES)));
    let run = runs.start(RunOptions { tags: tags.collect(), ..RunOptions::default() }).unwrap();
    let data = runs.get(run.id()).unwrap();
    assert_eq!(data.tags.iter().filter(|(key, _)| key.starts_with("tag")).count(), 400);
    assert_eq!(data.info.status, RunStatus::Running);
}

#[test]
fn a_user_has_a_name_of_bounded_length() {
    let runs = opened();
    let user = |bytes| RunOptions { user: Some("u".repeat(bytes)), ..RunOptions::default() };
    assert_eq!(runs.start(user(limits::KEY_BYTES + 1)).unwrap_err().code(), Code::LimitExceeded);
    let run = runs.start(user(limits::KEY_BYTES)).unwrap();
    assert_eq!(runs.get(run.id()).unwrap().info.user.len(), limits::KEY_BYTES);
}

#[test]
fn a_large_change_is_wholly_applied_before_the_next_also_when_the_engine_fails_between() {
    let params = |half: usize| -> Vec<(String, ParamValue)> {
        (0..3_000).map(|n| (format!("param-{half}-{n:050}"), ParamValue::Int(1))).collect()
    };
    let tried = |call: &dyn Fn() -> Result<()>| call().or_else(|_| call()).unwrap();
    for fail_at in 1.. {
        let (storage, runs) = faulty(fail_at);
        let Ok(runs) = runs else { continue };
        let options = || RunOptions { run_id: Some("run".into()), ..RunOptions::default() };
        let run = runs.start(options()).or_else(|_| runs.start(options())).unwrap();
        for half in 0..2 {
            tried(&|| run.log_batch(&Batch { params: params(half), ..Batch::default() }));
            let _ = runs.drain();
        }
        tried(&|| runs.drain());
        assert_eq!(runs.get("run").or_else(|_| runs.get("run")).unwrap().params.len(), 6_000, "call {fail_at} failed");
        if storage.calls() < fail_at {
            break;
        }
    }
}

/// An engine that is never at rest: for every batch that it applies, another point is logged, up to a hundred.
#[derive(Debug, Default)]
struct Restless {
    inner: MemoryStorage,
    run: parking_lot::Mutex<Option<Arc<dyn Run>>>,
    logged: AtomicI64,
}

impl Storage for Restless {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.inner.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        self.inner.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        if let Some(run) = &*self.run.lock()
            && self.logged.load(Ordering::SeqCst) < 100
        {
            run.log_metric("loss", 1.0, self.logged.fetch_add(1, Ordering::SeqCst), None)?;
        }
        self.inner.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

#[test]
fn a_reader_waits_for_what_was_logged_before_and_not_for_what_comes_meanwhile() {
    let parts = Parts::new();
    let storage = Arc::new(Restless::default());
    for on_disk in [false, true] {
        let spool = if on_disk { parts.spool() } else { Spool::memory(&parts.ids) };
        let runs = parts.open_over(storage.clone(), spool);
        let run = runs.start(RunOptions::default()).unwrap();
        run.log_metric("loss", 0.0, -1, None).unwrap();
        *storage.run.lock() = Some(run.clone());
        assert!(runs.get(run.id()).unwrap().metrics.contains_key("loss"));
        assert!(storage.logged.load(Ordering::SeqCst) < 50, "the reader waited for all that was logged meanwhile");
        *storage.run.lock() = None;
        run.end(RunStatus::Finished).unwrap();
        let logged = storage.logged.swap(0, Ordering::SeqCst);
        assert_eq!(runs.metric_history(run.id(), "loss").unwrap().steps, (-1..logged).collect::<Vec<_>>());
    }
}
