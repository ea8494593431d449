//! Power loss, simulated: what was flushed is there, whatever became of the rest.
//!
//! The file layer records every write, rename and sync of a run of the library. From the record a disk is made as it may
//! be after the power went at any moment: what was not forced to it is there in part, torn, in another order, or not at
//! all. The index goes as a whole: nothing says what of it is left.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

#[path = "power/disk.rs"]
mod disk;
#[path = "power/full.rs"]
mod full;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disk::{Disk, Recorded, Recorder};
use mlops_core::base::files::Files;
use mlops_core::runs::{Batch, MetricPoint, RunExt, RunOptions, RunStatus};
use mlops_core::{Code, Digest, OpenOptions, Store};

const RUNS: usize = 8;
const STATES: u64 = 200;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.ends_with("index") {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn options(folder: &Path, files: Files) -> OpenOptions {
    OpenOptions { uri: folder.display().to_string(), checkpoint_bytes: 16 << 10, files, ..OpenOptions::default() }
}

/// Logs a run with something of everything.
fn log(store: &Store, number: usize) {
    let options = RunOptions { run_id: Some(format!("run-{number}")), ..RunOptions::default() };
    let run = store.runs().start(options).unwrap();
    let points = (0..20).map(|step| MetricPoint {
        key: "f1".into(),
        value: f64::from(u32::try_from(number).unwrap()),
        step,
        at: None,
    });
    run.log_batch(&Batch {
        params: vec![("long".into(), format!("{number} ").repeat(3_000).into()), ("lr".into(), 0.1.into())],
        tags: (0..30).map(|n| (format!("tag-{n}"), format!("{number} {n}").repeat(40))).collect(),
        metrics: points.collect(),
        ..Batch::default()
    })
    .unwrap();
    for step in 0..30 {
        run.log_metric("loss", 0.25, step, None).unwrap();
    }
    run.log_series("curve", &[], &[], &vec![1.5; 1_200]).unwrap();
    run.log_bytes("small.txt", format!("content of {number}").as_bytes()).unwrap();
    run.log_bytes("large.bin", &vec![u8::try_from(number).unwrap(); 70_000]).unwrap();
    run.end(RunStatus::Finished).unwrap();
}

/// What a store shows of a run: one text.
fn shown(store: &Store, number: usize) -> mlops_core::Result<String> {
    let (runs, id) = (store.runs(), format!("run-{number}"));
    let mut parts = vec![format!("{:?}", runs.get(&id)?)];
    for key in ["f1", "loss", "curve"] {
        parts.push(format!("{:?}", runs.metric_history(&id, key)?));
    }
    for path in ["small.txt", "large.bin"] {
        parts.push(Digest::of(&runs.read_artifact(&id, path)?).to_string());
    }
    Ok(parts.concat())
}

/// A record of a run of the library, and what each run shows.
struct Record {
    folder: tempfile::TempDir,
    start: Disk,
    ops: Vec<Recorded>,
    shown: Vec<String>,
}

/// Makes a store and closes it; what the disk has of it then.
fn made(store_folder: &Path) -> Disk {
    drop(Store::open(store_folder.to_str().unwrap()).unwrap());
    let mut found = Vec::new();
    files(store_folder, &mut found);
    Disk::with(&found)
}

fn record() -> Record {
    let folder = tempfile::tempdir().unwrap();
    let store_folder = folder.path().join("store");
    let start = made(&store_folder);
    let recorder = Arc::new(Recorder::default());
    let store = Store::open_with(&options(&store_folder, Files::with_hook(recorder.clone()))).unwrap();
    for number in 0..RUNS {
        log(&store, number);
        // Every other run is flushed with the one behind it.
        if number % 2 == 1 {
            store.flush().unwrap();
            recorder.flushed();
        }
    }
    let ops = recorder.take();
    let shown = (0..RUNS).map(|number| shown(&store, number).unwrap()).collect();
    Record { folder, start, ops, shown }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Puts what the disk has of what was in `folder` into a new folder.
fn restore(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(folder).unwrap();
    for part in ["journal", "spool", "blobs/packs", "blobs/objects", "tmp", "trash"] {
        std::fs::create_dir_all(dir.path().join("store").join(part)).unwrap();
    }
    for (path, bytes) in files {
        let target = dir.path().join(path.strip_prefix(folder).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
    dir
}

impl Record {
    /// The disk after a power loss at one moment; how many runs were flushed by then.
    fn state(&self, seed: u64) -> (BTreeMap<PathBuf, Vec<u8>>, usize) {
        let mut state = seed;
        let mut random = |below: usize| usize::try_from(splitmix(&mut state) % (below.max(1) as u64)).unwrap();
        let upto = random(self.ops.len() + 1);
        let mut disk = self.start.clone();
        let done = || self.ops.iter().take(upto);
        done().for_each(|op| disk.play(op));
        let flushes = done().filter(|op| matches!(op, Recorded::Flushed)).count();
        (disk.after_power_loss(&mut random), flushes * 2)
    }

    /// True if all that was flushed is there; false if damage is reported. Anything else fails the test.
    fn holds(&self, folder: &Path, flushed: usize, what: &str) -> bool {
        let store = match Store::open_with(&options(folder, Files::default())) {
            Ok(store) => store,
            Err(error) => {
                assert_eq!(error.code(), Code::Corrupt, "{what}: {error}");
                return false;
            }
        };
        for (number, expected) in self.shown.iter().enumerate() {
            match shown(&store, number) {
                Ok(found) if number < flushed => assert_eq!(found, *expected, "{what}: run {number}"),
                Err(error) if error.code() == Code::Corrupt => return false,
                Err(error) if number < flushed => panic!("{what}: run {number} was flushed: {error}"),
                // What was not flushed may be there in part: records are whole or not there.
                Ok(_) => {}
                Err(error) => assert_eq!(error.code(), Code::NotFound, "{what}: run {number}: {error}"),
            }
        }
        true
    }
}

#[test]
fn what_was_flushed_outlives_power_loss_at_any_moment() {
    let record = record();
    assert!(record.ops.len() > 200, "{} operations", record.ops.len());
    let mut repaired = 0;
    for seed in 0..STATES {
        let (files, flushed) = record.state(seed);
        let dir = restore(record.folder.path(), &files);
        let folder = dir.path().join("store");
        let what = format!("seed {seed}, {flushed} runs flushed");
        if !record.holds(&folder, flushed, &what) {
            // Bytes that were never forced to the disk may be torn; that is said, and mended without loss of the rest.
            repaired += 1;
            let report = mlops_core::fsck(folder.to_str().unwrap(), true).unwrap();
            assert!(!report.findings.is_empty() || !report.lost.is_empty(), "{what}");
            let store = Store::open_with(&options(&folder, Files::default())).unwrap();
            for (number, expected) in record.shown.iter().enumerate().take(flushed) {
                assert_eq!(shown(&store, number).unwrap(), *expected, "{what}: run {number}, {report:?}");
            }
        }
    }
    assert!(repaired < STATES, "every state was damaged");
}
