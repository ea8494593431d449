//! What was acknowledged as full is there after a power loss at any moment, though nothing was drained or flushed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mlops_core::base::files::Files;
use mlops_core::runs::{Batch, Lifecycle, MetricPoint, Run, RunData, RunExt, RunOptions, RunStatus, Series};
use mlops_core::{Code, Digest, Durability, Result, Store};

use super::disk::{Recorded, Recorder};
use super::{made, options, restore, splitmix};

const THREADS: usize = 4;
const ROUNDS: i64 = 6;
const STATES: u64 = 120;

/// What a call that returned has promised of a run.
#[derive(Clone, Debug)]
enum Promise {
    Started,
    /// A point at this step.
    Point(&'static str, i64),
    /// So many points.
    Series(String, usize),
    Param(String, String),
    Artifact(String, Digest),
    Ended,
    Deleted,
}

/// What a store shows, each thing read once.
struct Shown<'a> {
    store: &'a Store,
    runs: BTreeMap<String, RunData>,
    series: BTreeMap<(String, String), Series>,
}

impl<'a> Shown<'a> {
    fn of(store: &'a Store) -> Self {
        Self { store, runs: BTreeMap::new(), series: BTreeMap::new() }
    }

    fn run(&mut self, run: &str) -> Result<&RunData> {
        if !self.runs.contains_key(run) {
            self.runs.insert(run.into(), self.store.runs().get(run)?);
        }
        Ok(self.runs.get(run).unwrap())
    }

    fn series(&mut self, run: &str, key: &str) -> Result<&Series> {
        let place = (run.to_owned(), key.to_owned());
        if !self.series.contains_key(&place) {
            self.series.insert(place.clone(), self.store.runs().metric_history(run, key)?);
        }
        Ok(self.series.get(&place).unwrap())
    }

    /// True if what was promised of a run is so.
    fn keeps(&mut self, (run, promise): &(String, Promise)) -> Result<bool> {
        Ok(match promise {
            Promise::Started => !self.run(run)?.info.run_name.is_empty(),
            Promise::Point(key, step) => self.series(run, key)?.steps.contains(step),
            Promise::Series(key, count) => self.series(run, key)?.values.len() == *count,
            Promise::Param(key, value) => self.run(run)?.params.get(key).is_some_and(|param| param.text() == *value),
            Promise::Artifact(path, digest) => Digest::of(&self.store.runs().read_artifact(run, path)?) == *digest,
            Promise::Ended => self.run(run)?.info.status == RunStatus::Finished,
            Promise::Deleted => self.run(run)?.info.lifecycle == Lifecycle::Deleted,
        })
    }
}

/// The promises that were made, in the order in which the calls returned.
#[derive(Default)]
struct Promises {
    recorder: Arc<Recorder>,
    made: Mutex<Vec<(String, Promise)>>,
}

impl Promises {
    fn make(&self, run: &str, promise: Promise) {
        let mut made = self.made.lock().unwrap();
        self.recorder.promised(made.len());
        made.push((run.to_owned(), promise));
    }
}

/// Logs with single calls that are full among others that are not.
fn log(store: &Store, thread: usize, promises: &Promises) {
    let id = format!("run-{thread}");
    let runs = store.runs().with_durability(Durability::Full);
    let full = runs.start(RunOptions { run_id: Some(id.clone()), ..RunOptions::default() }).unwrap();
    promises.make(&id, Promise::Started);
    let fast = full.with_durability(Durability::Fast);
    for step in 0..ROUNDS {
        round(&*full, &*fast, thread, step, promises);
    }
    full.end(RunStatus::Finished).unwrap();
    promises.make(&id, Promise::Ended);
    if thread == 0 {
        store.runs().delete(&id).unwrap();
        promises.make(&id, Promise::Deleted);
    }
}

fn round(full: &dyn Run, fast: &dyn Run, thread: usize, step: i64, promises: &Promises) {
    let id = full.id();
    let text = |what: &str, times: usize| format!("{what} {thread} {step} ").repeat(times);
    fast.log_metric("noise", 0.5, step, None).unwrap();
    full.log_metric("loss", 0.5, step, None).unwrap();
    promises.make(id, Promise::Point("loss", step));

    fast.log_bytes(&format!("noise-{step}.txt"), text("noise", 10).as_bytes()).unwrap();
    let value = text("param", 700);
    let batch = Batch {
        params: vec![(format!("long-{step}"), value.clone().into())],
        metrics: vec![MetricPoint { key: "batch".into(), value: 1.0, step, at: None }],
        ..Batch::default()
    };
    full.log_batch(&batch).unwrap();
    promises.make(id, Promise::Param(format!("long-{step}"), value));
    promises.make(id, Promise::Point("batch", step));

    for (path, bytes) in [(format!("small-{step}"), text("small", 20)), (format!("large-{step}"), text("large", 8_000))]
    {
        full.log_bytes(&path, bytes.as_bytes()).unwrap();
        promises.make(id, Promise::Artifact(path, Digest::of(bytes.as_bytes())));
    }
    // What others have put before, not forced to the disk then, is named as well.
    let shared = format!("shared by all in round {step}").repeat(10);
    fast.log_bytes(&format!("early-{step}"), shared.as_bytes()).unwrap();
    full.log_bytes(&format!("shared-{step}"), shared.as_bytes()).unwrap();
    promises.make(id, Promise::Artifact(format!("shared-{step}"), Digest::of(shared.as_bytes())));

    let key = format!("curve-{step}");
    full.log_series(&key, &[], &[], &vec![1.5; 1_200]).unwrap();
    promises.make(id, Promise::Series(key, 1_200));
    if step == 0 {
        // More than a record takes.
        let tags = (0..60).map(|n| (format!("tag-{n}"), text("tag", 300))).collect();
        full.log_batch(&Batch { tags, params: vec![("large".into(), 1.into())], ..Batch::default() }).unwrap();
        promises.make(id, Promise::Param("large".into(), "1".into()));
    }
}

/// Records what `log` does to a store, and looks that what it was promised outlives power loss at any moment. `least` is
/// how many promises there are at least.
fn outlives(least: usize, log: impl Fn(&Store, &Promises)) {
    let folder = tempfile::tempdir().unwrap();
    let store_folder = folder.path().join("store");
    let start = made(&store_folder);
    let promises = Promises::default();
    let recording = Files::with_hook(promises.recorder.clone());
    let store = Store::open_with(&options(&store_folder, recording)).unwrap();
    log(&store, &promises);
    let ops = promises.recorder.take();
    let made = promises.made.lock().unwrap().clone();
    assert!(made.len() > least, "{} promises", made.len());
    let mut shown = Shown::of(&store);
    assert!(made.iter().all(|promise| shown.keeps(promise).unwrap()));
    let mut repaired = 0;
    for seed in 0..STATES {
        let mut state = seed;
        let mut random = |below: usize| usize::try_from(splitmix(&mut state) % (below.max(1) as u64)).unwrap();
        let upto = random(ops.len() + 1);
        let mut disk = start.clone();
        ops.iter().take(upto).for_each(|op| disk.play(op));
        let promised = ops.iter().take(upto).filter_map(|op| match op {
            Recorded::Promised(number) => made.get(*number),
            _ => None,
        });
        let dir = restore(folder.path(), &disk.after_power_loss(&mut random));
        let promised: Vec<_> = promised.collect();
        repaired += u64::from(hold(&dir.path().join("store"), &promised, &format!("seed {seed}")));
    }
    assert!(repaired < STATES / 2, "{repaired} of {STATES} states were damaged");
}

#[test]
fn what_was_acknowledged_as_full_outlives_power_loss_at_any_moment() {
    outlives(150, |store, promises| {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || log(store, thread, promises));
            }
        });
    });
}

#[test]
fn points_that_are_on_the_disk_stay_there_when_they_are_sealed() {
    outlives(10, |store, promises| {
        for number in 0..12 {
            let id = format!("run-{number}");
            let run = store.runs().start(RunOptions { run_id: Some(id.clone()), ..RunOptions::default() }).unwrap();
            (0..20).for_each(|step| run.log_metric("loss", 0.5, step, None).unwrap());
            store.flush().unwrap();
            (0..20).for_each(|step| promises.make(&id, Promise::Point("loss", step)));
            // All of it goes into a blob now, and nobody says when that is on the disk.
            run.log_metric("loss", 0.5, 20, None).unwrap();
            run.end(RunStatus::Finished).unwrap();
        }
    });
}

/// Looks that all promises are kept. True if that took a repair: what is behind them was not forced to the disk, and may
/// be torn, which is said.
fn hold(folder: &Path, promised: &[&(String, Promise)], what: &str) -> bool {
    let options = options(folder, Files::default());
    let damage = match Store::open_with(&options) {
        Ok(store) => {
            let mut shown = Shown::of(&store);
            promised.iter().find_map(|promise| match shown.keeps(promise) {
                Ok(kept) => {
                    assert!(kept, "{what}: {promise:?}");
                    None
                }
                Err(error) => Some(error),
            })
        }
        Err(error) => Some(error),
    };
    let Some(damage) = damage else { return false };
    assert_eq!(damage.code(), Code::Corrupt, "{what}: {damage}");
    let report = mlops_core::fsck(folder.to_str().unwrap(), true).unwrap();
    let store = Store::open_with(&options).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut shown = Shown::of(&store);
    for promise in promised {
        let kept = shown.keeps(promise);
        assert!(kept.as_ref().is_ok_and(|kept| *kept), "{what}: {promise:?}: {kept:?}, {report:?}");
    }
    true
}
