//! A disk that is full for a while: an error the first time, a count at the end.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::base::durability::Durability;
use crate::base::files::{FileHook, FileOp};
use crate::runs::tags::DROPPED_RECORDS;

/// Has no room while it is told so.
#[derive(Debug, Default)]
struct Disk(AtomicBool);

impl Disk {
    fn is_full(&self, full: bool) {
        self.0.store(full, Ordering::SeqCst);
    }
}

impl FileHook for Disk {
    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        match op {
            FileOp::Create(_) | FileOp::Write(..) if self.0.load(Ordering::SeqCst) => {
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => Ok(None),
        }
    }
}

fn open(parts: &Parts) -> (Arc<Disk>, Runs) {
    let disk = Arc::new(Disk::default());
    let options = SpoolOptions {
        folder: parts.dir.path().join("spool"),
        tmp: parts.dir.path().join("tmp"),
        files: Files::with_hook(disk.clone()),
        file_bytes: 4_000,
    };
    let runs = parts.open_over(parts.storage.clone(), Spool::files(options, &parts.ids));
    (disk, runs)
}

fn log(run: &dyn Run, step: i64) -> crate::error::Result<()> {
    run.log_metric("loss", 0.5, step, None)
}

fn is_full(result: crate::error::Result<()>) {
    assert_eq!(result.unwrap_err().code(), Code::OutOfSpace);
}

fn dropped(result: crate::error::Result<()>) -> (u64, bool) {
    match result {
        Err(Error::Dropped { count, ended, .. }) => (count, ended),
        other => panic!("{other:?}"),
    }
}

fn tag(runs: &Runs, run: &str) -> Option<String> {
    runs.get(run).unwrap().tags.remove(DROPPED_RECORDS)
}

#[test]
fn the_first_call_fails_the_next_are_counted_and_the_end_says_how_many() {
    let parts = Parts::new();
    let (disk, runs) = open(&parts);
    let run = runs.start(RunOptions::default()).unwrap();
    let other = runs.start(RunOptions::default()).unwrap();
    log(&*run, 0).unwrap();
    disk.is_full(true);
    is_full(log(&*run, 1));
    for step in 2..10 {
        log(&*run, step).unwrap();
    }
    run.log_param("depth", 3.into()).unwrap();
    run.set_tag("owner", "ada").unwrap();
    run.log_series("curve", &[], &[], &[0.5; 20]).unwrap();
    // A promise of the disk is never kept in words only, and each run has its own first time.
    is_full(log(&*run.with_durability(Durability::Full), 10));
    is_full(log(&*other, 0));
    disk.is_full(false);
    log(&*run, 11).unwrap();
    disk.is_full(true);
    is_full(log(&*run, 12));
    disk.is_full(false);

    assert_eq!(dropped(run.end(RunStatus::Finished)), (14, true));
    let found = runs.get(run.id()).unwrap();
    assert_eq!((found.info.status, found.metrics["loss"].count, found.params.len()), (RunStatus::Finished, 2, 0));
    assert_eq!(tag(&runs, run.id()), Some("14".into()));
    run.end(RunStatus::Finished).unwrap();

    // What goes on counts on.
    let run = runs.resume(run.id()).unwrap();
    disk.is_full(true);
    is_full(log(&*run, 13));
    disk.is_full(false);
    assert_eq!(dropped(run.end(RunStatus::Failed)), (1, true));
    assert_eq!(tag(&runs, run.id()), Some("15".into()));
    assert_eq!(runs.get(run.id()).unwrap().info.status, RunStatus::Failed);
    assert_eq!(dropped(other.end(RunStatus::Finished)), (1, true));
}

#[test]
fn an_end_that_there_is_no_room_for_is_written_when_there_is() {
    let parts = Parts::new();
    let (disk, runs) = open(&parts);
    let run = runs.start(RunOptions::default()).unwrap();
    let quiet = runs.start(RunOptions::default()).unwrap();
    disk.is_full(true);
    is_full(log(&*run, 0));
    log(&*run, 1).unwrap();
    let error = run.end(RunStatus::Finished).unwrap_err();
    assert!(error.to_string().contains("the disk is full: 2 records of run"), "{error}");
    assert_eq!((error.code(), dropped(Err(error))), (Code::OutOfSpace, (2, false)));
    assert_eq!(dropped(quiet.end(RunStatus::Failed)), (0, false));
    // Ended again, still without room: of two ends the later counts.
    assert_eq!(dropped(run.end(RunStatus::Killed)), (2, false));
    assert_eq!(runs.get(run.id()).unwrap().info.status, RunStatus::Running);
    disk.is_full(false);
    let began = Instant::now();
    while runs.get(quiet.id()).unwrap().info.status == RunStatus::Running {
        assert!(began.elapsed() < Duration::from_secs(20), "the background has not written it");
        std::thread::yield_now();
    }
    runs.drain().unwrap();
    assert_eq!(runs.get(run.id()).unwrap().info.status, RunStatus::Killed);
    assert_eq!(tag(&runs, run.id()), Some("2".into()));
    assert_eq!(tag(&runs, quiet.id()), None);
    run.end(RunStatus::Finished).unwrap();
}

#[test]
fn a_process_that_exits_or_lets_go_of_the_store_notes_what_was_dropped() {
    let parts = Parts::new();
    let (disk, runs) = open(&parts);
    let (open, ended) = (runs.start(RunOptions::default()).unwrap(), runs.start(RunOptions::default()).unwrap());
    ended.end(RunStatus::Finished).unwrap();
    disk.is_full(true);
    is_full(log(&*open, 0));
    is_full(log(&*ended, 0));
    disk.is_full(false);
    runs.end_open(Some(0)).unwrap();
    for run in [open.id(), ended.id()] {
        assert_eq!((tag(&runs, run), runs.get(run).unwrap().info.status), (Some("1".into()), RunStatus::Finished));
    }

    let left = runs.start(RunOptions::default()).unwrap();
    disk.is_full(true);
    is_full(log(&*left, 0));
    disk.is_full(false);
    let id = left.id().to_owned();
    drop((runs, open, ended, left));
    let runs = parts.open();
    parts.bury(&runs);
    assert_eq!((tag(&runs, &id), runs.get(&id).unwrap().info.status), (Some("1".into()), RunStatus::Killed));
}
