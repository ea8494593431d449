//! Forks and rewinds.

#![expect(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "values are small whole numbers, or come back as they were"
)]

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::base::limits;
use crate::blob::BlobStore;
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage};

/// Summaries as the points tell them.
fn summaries(runs: &Runs, run: &str) -> BTreeMap<String, MetricSummary> {
    let points = runs.core.points(run, None).unwrap();
    points.iter().filter_map(|(key, series)| Some((key.clone(), series.summary()?))).collect()
}

/// What reads of a run say agrees: summaries with points, filters with summaries.
fn check(runs: &Runs, run: &str) -> RunData {
    let data = runs.get(run).unwrap();
    // Debug text, since NaN is equal to itself there.
    assert_eq!(format!("{:?}", data.metrics), format!("{:?}", summaries(runs, run)));
    let find = |filter: String| {
        let found = runs.search(&RunQuery { filter, view: View::All, ..RunQuery::default() }).unwrap();
        found.items.iter().any(|found| found.info.run_id == run)
    };
    for (key, summary) in &data.metrics {
        assert!(find(format!("metrics.`{key}`.count = {}", summary.count)), "{key}");
        assert!(find(format!("metrics.`{key}`.count = {} and run_id = '{run}'", summary.count)), "{key}");
    }
    data
}

fn steps(runs: &Runs, run: &str, key: &str) -> Vec<i64> {
    runs.metric_history(run, key).unwrap().steps
}

/// A run with sealed points, points of one call, points that wait, and everything else.
fn sample(runs: &Runs) -> Arc<dyn Run> {
    let run = runs.start(RunOptions { tags: vec![("of".into(), "us".into())], ..RunOptions::default() }).unwrap();
    run.log_param("lr", 0.1.into()).unwrap();
    run.log_param("long", "x".repeat(5_000).into()).unwrap();
    run.log_series("curve", &[], &[], &(0..3_000).map(f64::from).collect::<Vec<_>>()).unwrap();
    run.log_bytes("notes/a.txt", b"hello").unwrap();
    let input = |name: &str| DatasetInput {
        name: name.into(),
        digest: "1".into(),
        source_type: "local".into(),
        ..DatasetInput::default()
    };
    run.log_inputs(&[input("z"), input("a")]).unwrap();
    for step in 0..10 {
        run.log_metric("loss", 1.0 - step as f64 / 10.0, step, None).unwrap();
    }
    run.log_metric("late", 1.0, 9, None).unwrap();
    run
}

#[test]
fn a_fork_begins_with_what_was_logged_up_to_a_step() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = sample(&runs);
    runs.drain().unwrap();
    let blobs = parts.blobs.verify(&mut |_| {}).unwrap().count;
    let fork = runs.fork(run.id(), Some(5), ForkOptions { run_name: Some("again".into()), ..ForkOptions::default() });
    let fork = fork.unwrap();
    // A segment that is cut, and one of what waits; neither file nor long param is put again.
    assert_eq!(parts.blobs.verify(&mut |_| {}).unwrap().count, blobs + 2);
    let data = check(&runs, fork.id());
    assert_eq!((data.info.status, data.info.run_name.as_str()), (RunStatus::Running, "again"));
    assert_eq!(data.params, runs.get(run.id()).unwrap().params);
    assert_eq!(data.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["z", "a"]);
    assert_eq!(data.tags.get("of").map(String::as_str), Some("us"));
    assert_eq!(data.tags.get(tags::FORKED_FROM), Some(&format!("{}@5", run.id())));
    assert_eq!(data.tags.get(tags::RUN_NAME).map(String::as_str), Some("again"));
    assert_eq!(steps(&runs, fork.id(), "loss"), [0, 1, 2, 3, 4, 5]);
    assert_eq!((data.metrics["curve"].last, data.metrics["curve"].count), (5.0, 6));
    assert!(!data.metrics.contains_key("late"));
    assert_eq!(runs.read_artifact(fork.id(), "notes/a.txt").unwrap(), b"hello");
    // Each goes on alone.
    fork.log_metric("loss", 0.0, 6, None).unwrap();
    assert!(fork.log_param("lr", 0.2.into()).is_err());
    run.end(RunStatus::Finished).unwrap();
    fork.end(RunStatus::Failed).unwrap();
    assert_eq!((check(&runs, run.id()).metrics["loss"].count, check(&runs, fork.id()).metrics["loss"].count), (10, 7));
    // A fork of the end has all, and shares the points.
    let whole = runs.fork(run.id(), None, ForkOptions::default()).unwrap();
    let whole = check(&runs, whole.id());
    assert_eq!(whole.metrics, runs.get(run.id()).unwrap().metrics);
    assert_eq!(whole.tags.get(tags::FORKED_FROM).map(String::as_str), Some(run.id()));
}

#[test]
fn a_fork_of_what_is_not_there_or_with_a_taken_id_is_told() {
    let runs = opened();
    let run = sample(&runs);
    let given = |id: &str| ForkOptions { run_id: Some(id.into()), ..ForkOptions::default() };
    assert_eq!(runs.fork("none", None, ForkOptions::default()).unwrap_err().code(), Code::NotFound);
    assert_eq!(runs.fork(run.id(), None, given(run.id())).unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(runs.fork(run.id(), Some(i64::MIN), given("mine")).unwrap().id(), "mine");
    assert!(check(&runs, "mine").metrics.is_empty());
    runs.delete(run.id()).unwrap();
    assert_eq!(runs.fork(run.id(), None, ForkOptions::default()).unwrap_err().code(), Code::InvalidState);
    assert_eq!(runs.rewind(run.id(), 1).unwrap_err().code(), Code::InvalidState);
    assert_eq!(runs.rewind("none", 1).unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_rewound_run_forgets_later_points_keeps_the_rest_and_goes_on() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = sample(&runs);
    runs.rewind(run.id(), 4).unwrap();
    let data = check(&runs, run.id());
    assert_eq!(steps(&runs, run.id(), "loss"), [0, 1, 2, 3, 4]);
    assert_eq!((data.metrics["loss"].last_step, data.metrics["loss"].min), (4, 0.6));
    assert_eq!((data.metrics["curve"].max, data.metrics.len()), (4.0, 2));
    assert_eq!((data.params.len(), data.tags[tags::REWOUND_TO].as_str()), (2, "4"));
    assert_eq!(runs.read_artifact(run.id(), "notes/a.txt").unwrap(), b"hello");
    run.log_metric("loss", 0.0, 5, None).unwrap();
    run.log_metric("late", 2.0, 5, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(check(&runs, run.id()).metrics["loss"].last, 0.0);
    // One that ended stays so until it is resumed, and what was sealed with it is made anew.
    runs.rewind(run.id(), 2).unwrap();
    let data = check(&runs, run.id());
    assert_eq!((data.info.status, data.metrics["loss"].count), (RunStatus::Finished, 3));
    runs.resume(run.id()).unwrap().log_metric("loss", 7.0, 3, None).unwrap();
    assert_eq!(steps(&runs, run.id(), "loss"), [0, 1, 2, 3]);
    drop((run, runs));
    let runs = parts.open();
    let id = runs.search(&RunQuery::default()).unwrap().items.remove(0).info.run_id;
    assert_eq!(check(&runs, &id).metrics["loss"].max, 7.0);
    runs.rewind(&id, -1).unwrap();
    assert!(check(&runs, &id).metrics.is_empty());
}

#[test]
fn runs_with_more_than_a_commit_holds_are_forked_and_rewound() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let key = |number: usize| format!("metric {number} {}", "k".repeat(120));
    for step in [1, 2] {
        let point = |number| MetricPoint { key: key(number), value: step as f64, step, at: None };
        run.log_batch(&Batch { metrics: (0..12_000).map(point).collect(), ..Batch::default() }).unwrap();
    }
    run.log_metric("other", 1.0, 9, None).unwrap();
    runs.drain().unwrap();
    let fork = runs.fork(run.id(), Some(1), ForkOptions::default()).unwrap();
    runs.rewind(run.id(), 1).unwrap();
    for run in [run.id(), fork.id()] {
        let data = runs.get(run).unwrap();
        assert_eq!(data.metrics, summaries(&runs, run));
        assert_eq!(data.metrics.len(), 12_000);
        assert!(data.metrics.values().all(|summary| summary.count == 1 && summary.last == 1.0));
    }
    runs.rewind(run.id(), 0).unwrap();
    assert!(runs.get(run.id()).unwrap().metrics.is_empty());
    run.log_metric("other", 1.0, 9, None).unwrap();
    assert_eq!(check(&runs, run.id()).metrics.len(), 1);
}

/// Storage in which somebody else logs whenever a batch is applied that would rewind.
#[derive(Debug)]
struct Meddled {
    storage: Arc<MemoryStorage>,
    other: std::sync::Mutex<Option<Arc<dyn Run>>>,
    runs: std::sync::Mutex<Option<Runs>>,
    armed: AtomicBool,
}

impl Storage for Meddled {
    fn get(&self, key: &[u8]) -> crate::error::Result<Option<Vec<u8>>> {
        self.storage.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::error::Result<ScanPage> {
        self.storage.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> crate::error::Result<Outcome> {
        let rewinds = ops.iter().any(|op| op.key().starts_with(b"f/"));
        if rewinds && self.armed.swap(false, Ordering::SeqCst) {
            let other = self.other.lock().unwrap().clone().unwrap();
            other.log_metric("loss", 8.0, 80, None).unwrap();
            other.log_metric("loss", 3.0, 3, None).unwrap();
            self.runs.lock().unwrap().as_ref().unwrap().drain().unwrap();
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

#[test]
fn what_another_writer_logs_during_a_rewind_is_before_or_after_it() {
    let parts = Parts::new();
    let run = sample(&parts.open()).id().to_owned();
    let other = parts.open();
    let meddled = Arc::new(Meddled {
        storage: parts.storage.clone(),
        other: Some(other.open(&run).unwrap()).into(),
        runs: Some(other.clone()).into(),
        armed: true.into(),
    });
    let runs = parts.open_over(meddled.clone(), parts.spool());
    runs.rewind(&run, 4).unwrap();
    assert!(!meddled.armed.load(Ordering::SeqCst));
    // What was drained before the commit is before it.
    assert_eq!(check(&runs, &run).metrics["loss"].count, 6);
    // What comes after is after it.
    other.open(&run).unwrap().log_metric("loss", 8.0, 80, None).unwrap();
    other.drain().unwrap();
    assert_eq!(check(&runs, &run).metrics["loss"].last_step, 80);
    meddled.runs.lock().unwrap().take();
    meddled.other.lock().unwrap().take();
}

#[test]
fn columns_follow_a_rewind() {
    let runs = opened();
    let mut last = None;
    for _ in 0..300 {
        let run = runs.start(RunOptions::default()).unwrap();
        run.log_metric("loss", 1.0, 0, None).unwrap();
        run.log_metric("loss", 2.0, 5, None).unwrap();
        run.end(RunStatus::Finished).unwrap();
        last = Some(run);
    }
    runs.drain().unwrap();
    runs.core.fold().unwrap();
    let run = last.unwrap();
    let with = |filter: &str| {
        let query = RunQuery { filter: filter.into(), ..RunQuery::default() };
        runs.search(&query).unwrap().items.into_iter().map(|run| run.info.run_id).collect::<Vec<_>>()
    };
    assert!(with("metrics.loss < 2").is_empty());
    runs.rewind(run.id(), 0).unwrap();
    assert_eq!(with("metrics.loss < 2"), [run.id()]);
    assert_eq!(with("metrics.loss.max = 2").len(), 299);
    runs.core.fold().unwrap();
    assert_eq!(with("metrics.loss.count = 1"), [run.id()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A run and its fork are what lists of points say, whatever is logged, sealed, forked and rewound.
    #[test]
    fn forks_and_rewinds_are_those_of_lists(
        calls in prop::collection::vec((0_u8..6, 0_u8..3, -3_i64..12), 1..40),
    ) {
        let runs = opened();
        let mut run = runs.start(RunOptions::default()).unwrap();
        let mut model: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
        for (number, (call, key, step)) in calls.into_iter().enumerate() {
            let key = format!("k{key}");
            match call {
                0..3 => {
                    run.log_metric(&key, number as f64, step, None).unwrap();
                    model.entry(key).or_default().push((step, number as f64));
                }
                3 => {
                    let values: Vec<f64> = (0..1_200).map(f64::from).collect();
                    run.log_series(&key, &[], &[], &values).unwrap();
                    model.entry(key).or_default().extend((0..).zip(values));
                }
                4 => {
                    run.end(RunStatus::Finished).unwrap();
                    runs.rewind(run.id(), step).unwrap();
                    model.values_mut().for_each(|points| points.retain(|(at, _)| *at <= step));
                }
                _ => {
                    run = runs.fork(run.id(), Some(step), ForkOptions::default()).unwrap();
                    model.values_mut().for_each(|points| points.retain(|(at, _)| *at <= step));
                }
            }
            model.retain(|_, points| !points.is_empty());
        }
        let data = check(&runs, run.id());
        prop_assert_eq!(data.metrics.keys().collect::<Vec<_>>(), model.keys().collect::<Vec<_>>());
        for (key, points) in &model {
            let mut found: Vec<_> = runs.metric_history(run.id(), key).unwrap().points().map(|(s, _, v)| (s, v)).collect();
            let mut expected = points.clone();
            found.sort_by(|a, b| a.partial_cmp(b).unwrap());
            expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn a_key_that_says_of_a_rewind_fits() {
    assert!(keys::edited(&"r".repeat(limits::RUN_ID_CHARS)).len() <= limits::STORAGE_KEY_BYTES);
}
