//! The calls of the quickstart as data: played by the child, checked by the parent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use mlops_core::runs::{
    ArtifactSource, Batch, Content, DatasetInput, ForkOptions, MetricPoint, Run, RunData, RunExt, RunOptions,
    RunStatus, Series, tags,
};
use mlops_core::{Code, OpenOptions, ParamValue, Store};

/// A saved model, recorded: the script needs its bytes, not its training.
const MODEL: &[u8] = include_bytes!("../../data/model.json");

/// The step that runs are rewound to: behind all that is checked.
const REWIND_TO: i64 = 1_000_000;
/// The step that runs are forked at.
const FORK_AT: i64 = 1;

/// One call.
enum Step {
    /// Closes the store and opens it again.
    Reopen,
    Start {
        run: String,
        parent: Option<String>,
    },
    Param {
        run: String,
        key: String,
    },
    Metric {
        run: String,
        key: String,
        step: i64,
    },
    Batch {
        run: String,
        params: Vec<String>,
        tags: Vec<String>,
        metrics: Vec<String>,
    },
    Series {
        run: String,
        key: String,
        points: usize,
    },
    Model {
        run: String,
    },
    Tag {
        run: String,
        key: String,
    },
    Inputs {
        run: String,
    },
    End {
        run: String,
    },
    /// A point that the rewind takes away, if it comes to that.
    Undone {
        run: String,
    },
    Rewind {
        run: String,
    },
    /// A new run with what another has.
    Fork {
        run: String,
        of: String,
    },
    Flush,
}

pub(crate) struct Script(Vec<Step>);

/// What the child was told of each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was under way, or an error came back: all or nothing.
    Tried,
    /// It was acknowledged.
    Done,
}

impl Verdict {
    /// Reads the child's notes: by step, what was tried and what was acknowledged.
    pub(crate) fn read(path: &Path) -> BTreeMap<usize, Self> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut verdicts = BTreeMap::new();
        // A line that the kill cut short says nothing.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match line.split_once(' ') {
                Some(("try", step)) => drop(verdicts.insert(step.parse().unwrap(), Self::Tried)),
                Some(("done", step)) => drop(verdicts.insert(step.parse().unwrap(), Self::Done)),
                _ => {}
            }
        }
        verdicts
    }
}

fn value(key: &str, step: i64) -> f64 {
    let step = i32::try_from(step).unwrap();
    key.bytes().map(f64::from).sum::<f64>() / 7.0 + f64::from(step) * 0.25
}

/// True for the same bits: what was stored came back.
fn same(found: f64, logged: f64) -> bool {
    found.to_bits() == logged.to_bits()
}

fn files(run: &str) -> [(String, Vec<u8>); 2] {
    // The second is above the size that is kept in a pack.
    let weights = MODEL.iter().chain(run.as_bytes()).copied().cycle().take(100_000).collect();
    [(format!("model/{run}.json"), [MODEL, run.as_bytes()].concat()), ("model/weights.bin".into(), weights)]
}

/// Two data sets, one with a text that is kept in a blob.
fn inputs() -> [DatasetInput; 2] {
    let input = |name: &str, schema: &str| DatasetInput {
        name: name.into(),
        digest: "0a1b2c3d".into(),
        source_type: "local".into(),
        schema: Some(schema.into()),
        ..DatasetInput::default()
    };
    [input("train", &"column ".repeat(1_000)).with_context("training"), input("test", "{}")]
}

impl Script {
    /// Two runs, three steps each, every kind of call.
    pub(crate) fn short() -> Self {
        let mut steps = Vec::new();
        for run in ["one", "two"] {
            let run = || run.to_owned();
            steps.push(Step::Start { run: run(), parent: (run() == "two").then(|| "one".into()) });
            steps.push(Step::Param { run: run(), key: "lr".into() });
            for step in 0..3 {
                steps.push(Step::Metric { run: run(), key: "loss".into(), step });
            }
            let keys = |name: &str| (0..3).map(|n| format!("{name}{n}")).collect();
            steps.push(Step::Batch { run: run(), params: keys("p"), tags: keys("t"), metrics: keys("m") });
            steps.push(Step::Series { run: run(), key: "curve".into(), points: 2_000 });
            steps.push(Step::Model { run: run() });
            steps.push(Step::Inputs { run: run() });
            steps.push(Step::Tag { run: run(), key: "done".into() });
            steps.push(Step::Undone { run: run() });
            steps.push(Step::Rewind { run: run() });
            steps.push(Step::Fork { run: format!("fork-of-{}", run()), of: run() });
            steps.push(Step::End { run: run() });
            steps.push(Step::Reopen);
        }
        steps.push(Step::Flush);
        Self(steps)
    }

    /// A parent and twelve runs with curves of a hundred steps, a model each.
    pub(crate) fn quickstart() -> Self {
        let mut steps = vec![Step::Start { run: "parent".into(), parent: None }];
        for number in 0..12 {
            let run = || format!("run-{number}");
            steps.push(Step::Start { run: run(), parent: Some("parent".into()) });
            let keys = |name: &str| (0..4).map(|n| format!("{name}{n}")).collect();
            steps.push(Step::Batch { run: run(), params: keys("p"), tags: keys("t"), metrics: Vec::new() });
            for step in 0..100 {
                steps.push(Step::Metric { run: run(), key: "loss".into(), step });
            }
            steps.push(Step::Model { run: run() });
            steps.push(Step::End { run: run() });
            if number % 4 == 3 {
                steps.push(Step::Flush);
            }
        }
        steps.push(Step::End { run: "parent".into() });
        Self(steps)
    }

    /// Plays the script; what fails is noted and the next call is tried all the same.
    pub(crate) fn play(&self, options: &OpenOptions, notes: &Path) {
        let mut notes = File::create(notes).unwrap();
        let mut store = Store::open_with(options).ok();
        let mut runs: BTreeMap<String, Arc<dyn Run>> = BTreeMap::new();
        let mut full = BTreeSet::new();
        for (number, step) in self.0.iter().enumerate() {
            writeln!(notes, "try {number}").unwrap();
            if matches!(step, Step::Reopen) {
                runs.clear();
                drop(store.take());
            }
            if store.is_none() {
                store = Store::open_with(options).ok();
            }
            let Some(store) = &store else { continue };
            match step.play(store, &mut runs) {
                // The caller knows that there is no room: what follows may only be counted.
                Err(error) if error.code() == Code::OutOfSpace => full.extend(step.run()),
                Ok(()) if step.run().is_none_or(|run| !full.contains(run)) => writeln!(notes, "done {number}").unwrap(),
                _ => {}
            }
        }
    }

    /// Checks what a store shows against what was acknowledged.
    pub(crate) fn check(&self, store: &Store, verdicts: &BTreeMap<usize, Verdict>, plan: &str, read_only: bool) {
        let mut seen = Seen { store, runs: BTreeMap::new(), points: BTreeMap::new() };
        for (number, step) in self.0.iter().enumerate() {
            let Some(run) = step.run() else { continue };
            let found = step.found(&mut seen, run);
            let (all, none) = (found.iter().all(|item| *item), !found.iter().any(|item| *item));
            match verdicts.get(&number) {
                Some(Verdict::Done) => assert!(
                    all,
                    "{plan}: acknowledged step {number} of `{run}` is lost: {found:?} (read_only {read_only})"
                ),
                Some(Verdict::Tried) => {
                    assert!(all || none, "{plan}: step {number} of `{run}` is half there: {found:?}");
                }
                None => assert!(none, "{plan}: step {number} of `{run}` was never tried"),
            }
        }
        for run in store.runs().search(&mlops_core::runs::RunQuery::default()).unwrap().items {
            assert!(read_only || run.info.status != RunStatus::Running, "{plan}: nobody runs `{}`", run.info.run_id);
        }
    }
}

/// What a store shows, read once.
struct Seen<'a> {
    store: &'a Store,
    runs: BTreeMap<String, Option<RunData>>,
    points: BTreeMap<(String, String), Series>,
}

impl Seen<'_> {
    fn run(&mut self, run: &str) -> Option<RunData> {
        let read = || match self.store.runs().get(run) {
            Ok(data) => Some(data),
            Err(e) => {
                assert_eq!(e.code(), Code::NotFound, "{e}");
                None
            }
        };
        self.runs.entry(run.to_owned()).or_insert_with(read).clone()
    }

    fn points(&mut self, run: &str, key: &str) -> &Series {
        let read = || self.store.runs().metric_history(run, key).unwrap();
        self.points.entry((run.to_owned(), key.to_owned())).or_insert_with(read)
    }

    fn has_point(&mut self, run: &str, key: &str, step: i64) -> bool {
        let found: Vec<_> = self.points(run, key).points().filter(|(at, ..)| *at == step).collect();
        assert!(found.len() <= 1, "step {step} of {key} is there {} times", found.len());
        found.iter().any(|(_, _, found)| same(*found, value(key, step)))
    }
}

impl Step {
    fn run(&self) -> Option<&str> {
        match self {
            Self::Reopen | Self::Flush => None,
            Self::Start { run, .. }
            | Self::Param { run, .. }
            | Self::Metric { run, .. }
            | Self::Batch { run, .. }
            | Self::Series { run, .. }
            | Self::Model { run }
            | Self::Inputs { run }
            | Self::Tag { run, .. }
            | Self::Undone { run }
            | Self::Rewind { run }
            | Self::Fork { run, .. }
            | Self::End { run } => Some(run),
        }
    }

    fn play(&self, store: &Store, runs: &mut BTreeMap<String, Arc<dyn Run>>) -> mlops_core::Result<()> {
        if let Self::Start { run, parent } = self {
            let options =
                RunOptions { run_id: Some(run.clone()), parent_run_id: parent.clone(), ..RunOptions::default() };
            runs.insert(run.clone(), store.runs().start(options)?);
            return Ok(());
        }
        if let Self::Fork { run, of } = self {
            let options = ForkOptions { run_id: Some(run.clone()), ..ForkOptions::default() };
            runs.insert(run.clone(), store.runs().fork(of, Some(FORK_AT), options)?);
            return Ok(());
        }
        let Some(run) = self.run() else { return if matches!(self, Self::Flush) { store.flush() } else { Ok(()) } };
        let Some(run) = runs.get(run) else {
            // Its start failed: so does every call to it.
            return Err(mlops_core::Error::InvalidState { detail: "not started".into() });
        };
        match self {
            Self::Param { key, .. } => run.log_param(key, ParamValue::Float(value(key, 0))),
            Self::Metric { key, step, .. } => run.log_metric(key, value(key, *step), *step, None),
            Self::Batch { params, tags, metrics, .. } => run.log_batch(&Batch {
                params: params.iter().map(|key| (key.clone(), ParamValue::Float(value(key, 0)))).collect(),
                tags: tags.iter().map(|key| (key.clone(), key.repeat(2_000))).collect(),
                metrics: metrics
                    .iter()
                    .map(|key| MetricPoint { key: key.clone(), value: value(key, 7), step: 7, at: None })
                    .collect(),
                ..Batch::default()
            }),
            Self::Series { key, points, .. } => {
                let values: Vec<f64> = (0_i64..).take(*points).map(|step| value(key, step)).collect();
                run.log_series(key, &[], &[], &values)
            }
            Self::Model { run: name } => {
                let files = files(name);
                let sources: Vec<_> = files
                    .iter()
                    .map(|(path, bytes)| ArtifactSource { path: path.clone(), content: Content::Bytes(bytes) })
                    .collect();
                run.log_files(&sources)
            }
            Self::Tag { key, .. } => run.set_tag(key, "yes"),
            Self::Inputs { .. } => run.log_inputs(&inputs()),
            Self::End { .. } => run.end(RunStatus::Finished),
            Self::Undone { .. } => run.log_metric("undone", 1.0, REWIND_TO + 1, None),
            Self::Rewind { run } => store.runs().rewind(run, REWIND_TO),
            Self::Start { .. } | Self::Fork { .. } | Self::Reopen | Self::Flush => Ok(()),
        }
    }

    /// For each thing that the step stores: is it there, whole and right?
    fn found(&self, seen: &mut Seen<'_>, run: &str) -> Vec<bool> {
        let Some(data) = seen.run(run) else { return vec![false] };
        let has_param = |key: &String| data.params.get(key) == Some(&ParamValue::Float(value(key, 0)));
        match self {
            Self::Start { .. } => vec![true],
            Self::Param { key, .. } => vec![has_param(key)],
            Self::Metric { key, step, .. } => vec![seen.has_point(run, key, *step)],
            Self::Batch { params, tags, metrics, .. } => params
                .iter()
                .map(has_param)
                .chain(tags.iter().map(|key| data.tags.get(key) == Some(&key.repeat(2_000))))
                .chain(metrics.iter().map(|key| seen.has_point(run, key, 7)))
                .chain(metrics.iter().map(|key| data.metrics.get(key).is_some_and(|summary| summary.count == 1)))
                .collect(),
            Self::Series { key, points: count, .. } => {
                let history = seen.points(run, key);
                let whole =
                    history.len() == *count && history.points().all(|(step, _, found)| same(found, value(key, step)));
                vec![whole, !history.is_empty(), data.metrics.contains_key(key)]
            }
            Self::Model { .. } => files(run)
                .iter()
                .map(|(path, bytes)| match seen.store.runs().read_artifact(run, path) {
                    Ok(found) => {
                        assert!(found == *bytes, "the bytes of {path} are wrong");
                        true
                    }
                    Err(e) => {
                        assert_eq!(e.code(), Code::NotFound, "{e}");
                        false
                    }
                })
                .collect(),
            Self::Tag { key, .. } => vec![data.tags.contains_key(key)],
            Self::Inputs { .. } => inputs().iter().map(|input| data.inputs.contains(input)).collect(),
            Self::End { .. } => vec![data.info.status == RunStatus::Finished],
            Self::Rewind { .. } => {
                let rewound = data.tags.contains_key(tags::REWOUND_TO);
                let undone = seen.points(run, "undone").len() as u64;
                let count = data.metrics.get("undone").map_or(0, |summary| summary.count);
                assert!(undone == count && (!rewound || undone == 0), "half rewound: {undone} points, {count} counted");
                vec![rewound]
            }
            Self::Fork { of, .. } => {
                let parent = seen.run(of).expect("a fork has a parent");
                let steps: Vec<_> = seen.points(of, "loss").steps.iter().copied().filter(|at| *at <= FORK_AT).collect();
                let whole = data.params == parent.params && seen.points(run, "loss").steps == steps;
                assert!(whole && data.tags.contains_key(tags::FORKED_FROM), "half a fork: {data:?} of {parent:?}");
                vec![true]
            }
            Self::Undone { .. } | Self::Reopen | Self::Flush => Vec::new(),
        }
    }
}
