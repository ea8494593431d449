//! What is forced to the disk, and when.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::*;
use crate::base::durability::Durability;
use crate::base::files::{FileHook, FileOp};
use crate::base::hurry;
use crate::storage::{Capabilities, Op, Outcome, ScanPage};

/// Notes when something was last forced to the disk.
#[derive(Debug, Default)]
struct Watch {
    syncs: AtomicUsize,
    last: Mutex<Option<Instant>>,
}

impl FileHook for Watch {
    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        if let FileOp::Sync(path) = op
            && path.extension().is_some_and(|extension| extension == "log")
        {
            self.syncs.fetch_add(1, Ordering::SeqCst);
            *self.last.lock().unwrap() = Some(Instant::now());
        }
        Ok(None)
    }
}

/// An owner that does not answer, or refuses.
#[derive(Debug)]
struct Away {
    storage: MemoryStorage,
    silent: AtomicBool,
    refuses: AtomicBool,
    /// Who has committed, or tried to.
    callers: Mutex<Vec<ThreadId>>,
}

impl Storage for Away {
    fn get(&self, key: &[u8]) -> crate::error::Result<Option<Vec<u8>>> {
        self.storage.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::error::Result<ScanPage> {
        self.storage.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> crate::error::Result<Outcome> {
        self.callers.lock().unwrap().push(std::thread::current().id());
        while self.silent.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
            // As who waits for the answer of a socket does.
            hurry::waiting();
        }
        if self.refuses.load(Ordering::SeqCst) {
            return Err(Error::internal("away"));
        }
        self.storage.apply(ops, durability)
    }

    fn flush(&self) -> crate::error::Result<()> {
        self.storage.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.storage.capabilities()
    }
}

fn open(parts: &Parts) -> (Arc<Watch>, Arc<Away>, Runs) {
    let watch = Arc::new(Watch::default());
    let away = Arc::new(Away {
        storage: MemoryStorage::default(),
        silent: false.into(),
        refuses: false.into(),
        callers: Mutex::default(),
    });
    let options = SpoolOptions {
        folder: parts.dir.path().join("spool"),
        tmp: parts.dir.path().join("tmp"),
        files: Files::with_hook(watch.clone()),
        file_bytes: 1 << 20,
    };
    let runs = parts.open_over(away.clone(), Spool::files(options, &parts.ids));
    (watch, away, runs)
}

/// Logs now and then, and looks that each time something was forced to the disk within a second (and as much again, on
/// a busy machine).
fn is_forced_in_time(watch: &Watch, run: &dyn Run) {
    for step in 0..3 {
        run.log_metric("loss", 0.5, step, None).unwrap();
        let logged = Instant::now();
        while watch.last.lock().unwrap().is_none_or(|last| last < logged) {
            assert!(logged.elapsed() < Duration::from_secs(2), "step {step} is not on the disk");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn with_the_engine_away_what_is_logged_is_on_the_disk_within_a_second() {
    for silent in [true, false] {
        let parts = Parts::new();
        let (watch, away, runs) = open(&parts);
        let run = runs.start(RunOptions::default()).unwrap();
        let flag = if silent { &away.silent } else { &away.refuses };
        flag.store(true, Ordering::SeqCst);
        is_forced_in_time(&watch, &*run);
        flag.store(false, Ordering::SeqCst);
        run.end(RunStatus::Finished).unwrap();
        assert_eq!(runs.get(run.id()).unwrap().metrics["loss"].count, 3);
    }
}

#[test]
fn the_end_of_a_run_does_not_wait_a_second_time_for_an_engine_that_is_away() {
    let parts = Parts::new();
    let (_, away, runs) = open(&parts);
    let run = runs.start(RunOptions::default()).unwrap();
    away.silent.store(true, Ordering::SeqCst);
    away.refuses.store(true, Ordering::SeqCst);
    away.callers.lock().unwrap().clear();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    while away.callers.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    // The background thread waits for the engine, which gives up when the end of the run is in the spool.
    let logged = runs.core.spool.end();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while runs.core.spool.end() == logged {
                std::thread::yield_now();
            }
            away.silent.store(false, Ordering::SeqCst);
        });
        run.end(RunStatus::Finished).unwrap();
    });
    assert!(!away.callers.lock().unwrap().contains(&std::thread::current().id()));
    away.refuses.store(false, Ordering::SeqCst);
    assert_eq!(runs.get(run.id()).unwrap().info.status, RunStatus::Finished);
}

type Call<'a> = &'a dyn Fn(&dyn Run) -> crate::error::Result<()>;

#[test]
fn full_is_of_a_handle_a_start_or_a_single_call_and_fast_calls_never_wait_for_the_disk() {
    let parts = Parts::new();
    let (watch, _, runs) = open(&parts);
    let syncs = || watch.syncs.swap(0, Ordering::SeqCst);
    let run = runs.start(RunOptions::default()).unwrap();
    assert_eq!(run.durability(), Durability::Fast);
    run.log_metric("loss", 0.5, 0, None).unwrap();
    run.log_param("depth", 3.into()).unwrap();
    run.log_bytes("a.txt", b"a").unwrap();
    assert_eq!(syncs(), 0);
    let full = run.with_durability(Durability::Full);
    let many = vec![0.5; 5_000];
    let calls: [Call<'_>; 6] = [
        &|run| run.log_metric("loss", 0.5, 1, None),
        &|run| run.log_param("width", 4.into()),
        &|run| run.log_series("curve", &[], &[], &many),
        &|run| run.log_bytes("b.txt", b"b"),
        &|run| run.set_tag("owner", "ada"),
        &|run| run.delete_tag("owner"),
    ];
    for (number, call) in calls.iter().enumerate() {
        call(&*full).unwrap();
        assert_eq!(syncs(), 1, "call {number}");
    }
    // A param that is there already may not be on the disk.
    run.log_param("late", 5.into()).unwrap();
    assert_eq!(syncs(), 0);
    full.log_param("late", 5.into()).unwrap();
    assert_eq!(syncs(), 1);
    full.end(RunStatus::Finished).unwrap();
    assert_eq!(syncs(), 1);
    let all = runs.with_durability(Durability::Full);
    let run = all.start(RunOptions::default()).unwrap();
    assert_eq!((syncs(), run.durability()), (1, Durability::Full));
    assert_eq!(all.open(run.id()).unwrap().durability(), Durability::Full);
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(syncs(), 1);
}
