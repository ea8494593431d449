//! Any sequence of log calls, drains and reopenings leaves what plain maps and lists hold.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mlops_core::runs::{Batch, DatasetInput, MetricPoint, Run, RunExt, RunOptions, RunStatus};
use mlops_core::{Code, ParamValue, Store, Timestamp};
use proptest::prelude::*;

const RUNS: usize = 2;

#[derive(Clone, Debug)]
enum Step {
    Param(usize, u8, u8),
    Metric(usize, u8, i64, f64),
    Series(usize, u8, usize, f64),
    Tag(usize, u8, Option<u8>),
    Batch(usize, Vec<(u8, u8)>, Vec<(u8, u8)>, Vec<(u8, i64)>),
    File(usize, u8, usize),
    /// Names, digests, contexts.
    Inputs(usize, Vec<(u8, u8, Option<u8>)>),
    End(usize, bool),
    Flush,
    Reopen,
}

/// What a run should hold.
#[derive(Clone, Debug, Default)]
struct Model {
    params: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    /// (time, step, bits of the value), in the order logged.
    metrics: BTreeMap<String, Vec<(i64, i64, u64)>>,
    files: BTreeMap<String, Vec<u8>>,
    /// In the order logged.
    inputs: Vec<DatasetInput>,
    ended: Option<RunStatus>,
}

fn step() -> impl Strategy<Value = Step> {
    let run = 0..RUNS;
    let value = prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(-0.0)];
    let pairs = || proptest::collection::vec((0..6_u8, 0..3_u8), 0..5);
    prop_oneof![
        3 => (run.clone(), 0..6_u8, 0..3_u8).prop_map(|(run, key, value)| Step::Param(run, key, value)),
        6 => (run.clone(), 0..4_u8, -3..50_i64, value.clone()).prop_map(|(run, key, step, value)| Step::Metric(run, key, step, value)),
        1 => (run.clone(), 0..4_u8, prop_oneof![Just(1_usize), Just(40), Just(1_500)], value).prop_map(|(run, key, n, value)| Step::Series(run, key, n, value)),
        2 => (run.clone(), 0..5_u8, proptest::option::of(0..4_u8)).prop_map(|(run, key, value)| Step::Tag(run, key, value)),
        3 => (run.clone(), pairs(), pairs(), proptest::collection::vec((0..4_u8, 0..9_i64), 0..40)).prop_map(|(run, params, tags, metrics)| Step::Batch(run, params, tags, metrics)),
        1 => (run.clone(), 0..3_u8, prop_oneof![Just(0_usize), Just(100), Just(70_000)]).prop_map(|(run, path, len)| Step::File(run, path, len)),
        2 => (run.clone(), proptest::collection::vec((0..4_u8, 0..2_u8, proptest::option::of(0..2_u8)), 0..4)).prop_map(|(run, inputs)| Step::Inputs(run, inputs)),
        1 => (run, any::<bool>()).prop_map(|(run, failed)| Step::End(run, failed)),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

/// A value of a param; some are long enough for a blob.
fn param(value: u8) -> ParamValue {
    match value {
        0 => ParamValue::Int(7),
        1 => ParamValue::Float(1e-5),
        _ => ParamValue::Text("long ".repeat(2_000)),
    }
}

/// An input; some have texts that are long enough for a blob.
fn input(name: u8, digest: u8, context: Option<u8>) -> DatasetInput {
    let input = DatasetInput {
        name: format!("d{name}"),
        digest: digest.to_string(),
        source_type: "local".into(),
        source: format!("{{\"uri\": \"{name}.csv\"}}"),
        schema: (name == 0).then(|| "long ".repeat(2_000)),
        profile: (name == 1).then(|| "{}".into()),
        tags: (0..name).map(|n| (format!("t{n}"), n.to_string())).collect(),
    };
    context.into_iter().fold(input, |input, context| input.with_context(&format!("c{context}")))
}

/// True for equal numbers, whichever zero or NaN they are.
fn same(a: f64, b: f64) -> bool {
    a.partial_cmp(&b).map_or(a.is_nan() && b.is_nan(), std::cmp::Ordering::is_eq)
}

struct Player<'a> {
    folder: &'a Path,
    store: Store,
    handles: Vec<Arc<dyn Run>>,
    models: Vec<Model>,
    clock: i64,
}

impl<'a> Player<'a> {
    fn new(folder: &'a Path) -> Self {
        let store = Store::open(folder.to_str().unwrap()).unwrap();
        let start = |number: usize| {
            let options = RunOptions { run_id: Some(format!("run{number}")), ..RunOptions::default() };
            store.runs().start(options).unwrap()
        };
        let handles = (0..RUNS).map(start).collect();
        Self { folder, store, handles, models: vec![Model::default(); RUNS], clock: 0 }
    }

    fn run(&mut self, number: usize) -> (&dyn Run, &mut Model) {
        (&**self.handles.get(number).unwrap(), self.models.get_mut(number).unwrap())
    }

    fn tick(&mut self) -> Timestamp {
        self.clock += 1;
        Timestamp::from_micros(self.clock)
    }

    fn reopen(&mut self) {
        self.handles.clear();
        // In place of the old one, which is closed by then.
        self.store = Store::open("memory:").unwrap();
        self.store = Store::open(self.folder.to_str().unwrap()).unwrap();
        for number in 0..RUNS {
            let id = format!("run{number}");
            let model = self.models.get_mut(number).unwrap();
            // Who goes away with a run that is not ended leaves it killed; it is resumed.
            let handle = match model.ended {
                Some(_) => self.store.runs().open(&id),
                None => self.store.runs().resume(&id),
            };
            self.handles.push(handle.unwrap());
        }
    }

    fn play(&mut self, step: &Step) {
        let at = self.tick();
        match step {
            Step::Param(run, key, value) => {
                let (run, model) = self.run(*run);
                let (key, value) = (format!("p{key}"), param(*value));
                let logged = run.log_param(&key, value.clone());
                match model.params.get(&key) {
                    Some(old) if *old != value.text() => assert_eq!(logged.unwrap_err().code(), Code::Conflict),
                    _ => {
                        logged.unwrap();
                        model.params.insert(key, value.text());
                    }
                }
            }
            Step::Metric(run, key, step, value) => {
                let (run, model) = self.run(*run);
                run.log_metric(&format!("m{key}"), *value, *step, Some(at)).unwrap();
                model.metrics.entry(format!("m{key}")).or_default().push((at.as_micros(), *step, value.to_bits()));
            }
            Step::Series(run, key, count, value) => {
                let (run, model) = self.run(*run);
                let (values, times) = (vec![*value; *count], vec![at.as_micros(); *count]);
                run.log_series(&format!("m{key}"), &[], &times, &values).unwrap();
                let points = (0..).take(*count).map(|step| (at.as_micros(), step, value.to_bits()));
                model.metrics.entry(format!("m{key}")).or_default().extend(points);
            }
            Step::Tag(run, key, value) => {
                let (run, model) = self.run(*run);
                let key = format!("t{key}");
                match value {
                    Some(value) => {
                        run.set_tag(&key, &value.to_string()).unwrap();
                        model.tags.insert(key, value.to_string());
                    }
                    None => {
                        let deleted = run.delete_tag(&key);
                        match model.tags.remove(&key) {
                            Some(_) => deleted.unwrap(),
                            None => assert_eq!(deleted.unwrap_err().code(), Code::NotFound),
                        }
                    }
                }
            }
            Step::Batch(run, params, tags, metrics) => self.batch(*run, params, tags, metrics, at),
            Step::File(run, path, len) => {
                let (run, model) = self.run(*run);
                let (path, bytes) = (format!("files/{path}"), vec![u8::try_from(len % 251).unwrap(); *len]);
                run.log_bytes(&path, &bytes).unwrap();
                model.files.insert(path, bytes);
            }
            Step::Inputs(run, inputs) => {
                let (run, model) = self.run(*run);
                let inputs: Vec<_> =
                    inputs.iter().map(|(name, digest, context)| input(*name, *digest, *context)).collect();
                run.log_inputs(&inputs).unwrap();
                for input in inputs {
                    // What tells inputs apart makes all of them here.
                    if !model.inputs.contains(&input) {
                        model.inputs.push(input);
                    }
                }
            }
            Step::End(run, failed) => {
                let (run, model) = self.run(*run);
                let status = if *failed { RunStatus::Failed } else { RunStatus::Finished };
                run.end(status).unwrap();
                model.ended = Some(status);
            }
            Step::Flush => self.store.flush().unwrap(),
            Step::Reopen => self.reopen(),
        }
    }

    fn batch(&mut self, run: usize, params: &[(u8, u8)], tags: &[(u8, u8)], metrics: &[(u8, i64)], at: Timestamp) {
        let (run, model) = self.run(run);
        let params: BTreeMap<String, ParamValue> =
            params.iter().map(|(key, value)| (format!("p{key}"), param(*value))).collect();
        let batch = Batch {
            params: params.clone().into_iter().collect(),
            tags: tags.iter().map(|(key, value)| (format!("t{key}"), value.to_string())).collect(),
            metrics: metrics
                .iter()
                .map(|(key, step)| MetricPoint { key: format!("m{key}"), value: 0.5, step: *step, at: Some(at) })
                .collect(),
            ..Batch::default()
        };
        let logged = run.log_batch(&batch);
        if params.iter().any(|(key, value)| model.params.get(key).is_some_and(|old| *old != value.text())) {
            // Nothing of it is kept.
            assert_eq!(logged.unwrap_err().code(), Code::Conflict);
            return;
        }
        logged.unwrap();
        model.params.extend(params.into_iter().map(|(key, value)| (key, value.text())));
        model.tags.extend(batch.tags);
        for point in batch.metrics {
            let points = model.metrics.entry(point.key).or_default();
            points.push((at.as_micros(), point.step, point.value.to_bits()));
        }
    }

    fn check(&self) {
        for (number, model) in self.models.iter().enumerate() {
            let id = format!("run{number}");
            let runs = self.store.runs();
            let data = runs.get(&id).unwrap();
            let params: BTreeMap<_, _> = data.params.iter().map(|(key, value)| (key.clone(), value.text())).collect();
            assert_eq!(params, model.params);
            let tags: BTreeMap<_, _> = data.tags.into_iter().filter(|(key, _)| !key.contains('.')).collect();
            assert_eq!(tags, model.tags);
            assert_eq!(data.inputs, model.inputs);
            assert_eq!(data.info.status, model.ended.unwrap_or(RunStatus::Running));
            assert!(data.metrics.keys().eq(model.metrics.keys()));
            for (key, points) in &model.metrics {
                let mut expected = points.clone();
                expected.sort_by_key(|(at, step, _)| (*at, *step));
                let history = runs.metric_history(&id, key).unwrap();
                assert!(
                    history.points().map(|(step, at, value)| (at, step, value.to_bits())).eq(expected.iter().copied())
                );
                let summary = data.metrics.get(key).unwrap();
                let values = || points.iter().map(|(_, _, bits)| f64::from_bits(*bits));
                assert_eq!(summary.count, points.len() as u64);
                let least = values().fold(f64::NAN, f64::min);
                let most = values().fold(f64::NAN, f64::max);
                assert!(same(summary.min, least), "{} {least}", summary.min);
                assert!(same(summary.max, most), "{} {most}", summary.max);
                let last = points.iter().map(|(at, step, _)| (*step, *at)).max().unwrap();
                assert_eq!((summary.last_step, summary.last_at.as_micros()), last);
            }
            for (path, bytes) in &model.files {
                assert_eq!(runs.read_artifact(&id, path).unwrap(), *bytes);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        rng_seed: proptest::test_runner::RngSeed::Fixed(11),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn runs_hold_what_was_logged(steps in proptest::collection::vec(step(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut player = Player::new(folder.path());
        for step in &steps {
            player.play(step);
            if matches!(step, Step::Flush | Step::Reopen | Step::End(..)) {
                player.check();
            }
        }
        player.reopen();
        player.check();
    }
}
