//! A store that is written as plain files and read into a new one shows the same: whatever was logged, deleted, moved and
//! registered.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use mlops_core::logged_models::{LoggedModelOptions, ModelPoint};
use mlops_core::registry::{ModelQuery, ModelRegistry, Stage, StageOptions, VersionOptions};
use mlops_core::runs::{
    ArtifactSource, Batch, Content, DatasetInput, MetricPoint, RunOptions, RunQuery, RunStatus, View,
};
use mlops_core::{ExportFilesOptions, ParamValue, Store, SyncOptions, Timestamp, export_files, import};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Start(usize),
    Batch(usize, Vec<(String, Value)>, Vec<(String, u64, i64, i64)>, Vec<(String, String)>),
    File(usize, String, Vec<u8>),
    Input(usize, String, Option<String>),
    End(usize),
    Delete(usize),
    DeleteExperiment(usize),
    Model(usize, String, Vec<u8>),
    Version(usize, usize),
    Stage(usize, u64),
    Alias(usize, u64),
    Rename(usize, usize),
    DeleteModel(usize),
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Long(u8, usize),
    Int(i64),
    Float(u64),
    Bool(bool),
    None,
}

impl Value {
    fn param(self) -> ParamValue {
        match self {
            Self::Text(text) => ParamValue::Text(text),
            Self::Long(letter, size) => ParamValue::Text(char::from(b'a' + letter % 26).to_string().repeat(size)),
            Self::Int(value) => ParamValue::Int(value),
            Self::Float(bits) => ParamValue::Float(f64::from_bits(bits)),
            Self::Bool(value) => ParamValue::Bool(value),
            Self::None => ParamValue::None,
        }
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{1,2}",
        "\\PC{1,12}",
        Just("loss{subset=\"tr ain\"}".to_owned()),
        Just("x{b=\"1\",a=\"2\"}".to_owned()),
        Just("CON".to_owned()),
    ]
    .prop_filter("a key", |key| !key.trim().is_empty())
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,20}".prop_map(Value::Text),
        (any::<u8>(), 4_000..10_000_usize).prop_map(|(letter, size)| Value::Long(letter, size)),
        any::<i64>().prop_map(Value::Int),
        float().prop_map(Value::Float),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::None),
    ]
}

fn float() -> impl Strategy<Value = u64> {
    let odd =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, f64::from_bits(0x7ff0_0000_0000_0001)];
    prop_oneof![any::<u64>(), proptest::sample::select(odd.map(f64::to_bits).to_vec())]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof!["[aAbB](/[aAbB]){0,2}", "[a-z%:*?<>| .é模]{1,10}(/nul\\.txt)?", "[n]{250}/x"]
}

fn step() -> impl Strategy<Value = Step> {
    let run = 0..5_usize;
    let points = prop::collection::vec((key(), float(), any::<i64>(), any::<i64>()), 0..6);
    let params = prop::collection::vec((key(), value()), 0..4);
    let tags = prop::collection::vec((key(), "\\PC{0,12}"), 0..3);
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    let model = 0..3_usize;
    prop_oneof![
        3 => (0..4_usize).prop_map(Step::Start),
        6 => (run.clone(), params, points, tags).prop_map(|(run, params, points, tags)| Step::Batch(run, params, points, tags)),
        4 => (run.clone(), path(), bytes.clone()).prop_map(|(run, path, bytes)| Step::File(run, path, bytes)),
        2 => (run.clone(), "[a-z]{1,3}", prop::option::of("[a-z]{0,3}")).prop_map(|(run, name, context)| Step::Input(run, name, context)),
        2 => run.clone().prop_map(Step::End),
        1 => run.clone().prop_map(Step::Delete),
        1 => (1..4_usize).prop_map(Step::DeleteExperiment),
        2 => (run.clone(), path(), bytes).prop_map(|(run, path, bytes)| Step::Model(run, path, bytes)),
        3 => (model.clone(), run).prop_map(|(model, run)| Step::Version(model, run)),
        1 => (model.clone(), 1..4_u64).prop_map(|(model, version)| Step::Stage(model, version)),
        1 => (model.clone(), 1..4_u64).prop_map(|(model, version)| Step::Alias(model, version)),
        1 => (model.clone(), model.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => model.prop_map(Step::DeleteModel),
    ]
}

/// Does it; what the store refuses is not there, which is as well.
fn play(store: &Store, step: Step, ids: &mut Vec<String>) {
    let runs = store.runs();
    let registry = store.registry();
    let name = |model: usize| format!("Modell ü{model}");
    match step {
        Step::Start(experiment) => {
            let options = RunOptions {
                experiment_name: (experiment > 0).then(|| format!("experiment {experiment} ü")),
                parent_run_id: ids.last().cloned(),
                ..RunOptions::default()
            };
            if let Ok(run) = runs.start(options) {
                ids.push(run.id().to_owned());
            }
        }
        Step::Batch(run, params, points, tags) => {
            let Some(run) = ids.get(run).and_then(|id| runs.open(id).ok()) else { return };
            let metrics = points.into_iter().map(|(key, bits, step, at)| MetricPoint {
                key,
                value: f64::from_bits(bits),
                step,
                at: Some(Timestamp::from_micros(at)),
            });
            let params = params.into_iter().map(|(key, value)| (key, value.param())).collect();
            let _ = run.log_batch(&Batch { params, metrics: metrics.collect(), tags, ..Batch::default() });
        }
        Step::File(run, path, bytes) => {
            let Some(run) = ids.get(run).and_then(|id| runs.open(id).ok()) else { return };
            let _ = run.log_files(&[ArtifactSource { path, content: Content::Bytes(&bytes) }]);
        }
        Step::Input(run, name, context) => {
            let Some(run) = ids.get(run).and_then(|id| runs.open(id).ok()) else { return };
            let input = DatasetInput {
                digest: name.clone(),
                name,
                source_type: "local".into(),
                source: "{}".into(),
                ..DatasetInput::default()
            };
            let input = context.map(|context| input.clone().with_context(&context)).unwrap_or(input);
            let _ = run.log_inputs(&[input]);
        }
        Step::End(run) => {
            let Some(run) = ids.get(run).and_then(|id| runs.open(id).ok()) else { return };
            let _ = run.end(RunStatus::Finished);
        }
        Step::Delete(run) => drop(ids.get(run).map(|id| runs.delete(id))),
        Step::DeleteExperiment(number) => {
            if let Ok(Some(found)) = runs.find_experiment(&format!("experiment {number} ü")) {
                let _ = runs.delete_experiment(&found.experiment_id);
            }
        }
        Step::Model(run, path, bytes) => {
            let options = LoggedModelOptions {
                experiment_id: "0".into(),
                source_run_id: ids.get(run).cloned(),
                params: vec![("p".into(), path.clone())],
                ..LoggedModelOptions::default()
            };
            let id = store.logged_models().create(options).unwrap().model_id;
            let file = ArtifactSource { path, content: Content::Bytes(&bytes) };
            let _ = store.logged_models().log_files(&id, &[file]);
            let point = ModelPoint {
                key: "auc".into(),
                value: f64::NAN,
                step: 1,
                at: Timestamp::from_micros(7),
                run_id: "r".into(),
                dataset_name: None,
                dataset_digest: None,
            };
            store.logged_models().log_metrics(&id, &[point]).unwrap();
        }
        Step::Version(model, run) => {
            let source = ids.get(run).map_or("s3://elsewhere".to_owned(), |id| format!("runs:/{id}/"));
            let _ = registry.register(&name(model), &VersionOptions { source, ..VersionOptions::default() });
        }
        Step::Stage(model, version) => {
            let _ = registry.set_stage(&name(model), version, Stage::Production, StageOptions::default());
        }
        Step::Alias(model, version) => drop(registry.set_alias(&name(model), "Champion", version)),
        Step::Rename(from, to) => drop(registry.rename_model(&name(from), &name(to))),
        Step::DeleteModel(model) => drop(registry.delete_model(&name(model))),
    }
}

/// All that a store shows.
fn shown(store: &Store) -> Vec<String> {
    let runs = store.runs();
    let mut lines: Vec<String> = Vec::new();
    for mut experiment in runs.list_experiments(View::All, 0, None).unwrap().items {
        if experiment.experiment_id == "0" {
            // It is made with each store.
            (experiment.created_at, experiment.updated_at) = Default::default();
        }
        lines.push(format!("{experiment:?}"));
    }
    for found in runs.search(&RunQuery { view: View::All, ..RunQuery::default() }).unwrap().items {
        let id = &found.info.run_id;
        let data = runs.get(id).unwrap();
        lines.push(format!("{data:?}"));
        for (key, value) in &data.params {
            if let ParamValue::Float(value) = value {
                lines.push(format!("{key} {:x}", value.to_bits()));
            }
        }
        for key in data.metrics.keys() {
            let points = runs.metric_history(id, key).unwrap();
            lines.extend(points.points().map(|(step, at, value)| format!("{key} {step} {at} {:x}", value.to_bits())));
        }
        let mut folders = vec![None];
        while let Some(folder) = folders.pop() {
            for file in runs.list_artifacts(id, folder.as_deref()).unwrap() {
                lines.push(format!("{file:?}"));
                if file.is_dir {
                    folders.push(Some(file.path));
                } else {
                    lines.push(format!("{:?}", runs.read_artifact(id, &file.path).unwrap()));
                }
            }
        }
    }
    for model in store.logged_models().list(&[], View::All).unwrap() {
        let files = store.logged_models().list_files(&model.model.model_id, None).unwrap();
        lines.push(format!("{model:?} {files:?}"));
    }
    let registry = store.registry();
    lines.extend(registry.search_models(&ModelQuery::default()).unwrap().items.iter().map(|one| format!("{one:?}")));
    for version in registry.search_versions(&ModelQuery::default()).unwrap().items {
        lines.push(format!("{version:?} {:?}", registry.list_files(&version.name, version.version, None).ok()));
    }
    lines.extend(registry.events(0, 100_000).unwrap().iter().map(|event| format!("{event:?}")));
    lines
}

fn folder(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_store_that_was_written_as_files_is_read_as_the_same(steps in prop::collection::vec(step(), 0..40)) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open("memory:").unwrap();
        let mut ids = Vec::new();
        for step in steps {
            play(&store, step, &mut ids);
        }
        let everything = SyncOptions { include_deleted: true, ..SyncOptions::default() };
        let options = ExportFilesOptions { select: everything.clone(), overwrite: false };
        let plain = folder(dir.path(), "plain");
        export_files(&store, &plain, &options).unwrap();
        let again = Store::open("memory:").unwrap();
        let report = import(&plain, &again, &everything).unwrap();
        prop_assert!(report.failed.is_empty() && report.conflicts.is_empty(), "{:?}", report);
        let (was, is) = (shown(&store), shown(&again));
        for (was, is) in was.iter().zip(&is) {
            prop_assert_eq!(was, is);
        }
        prop_assert_eq!(was.len(), is.len());
        let second = import(&plain, &again, &everything).unwrap();
        prop_assert_eq!((second.new.len(), second.updated.len(), second.ahead.len()), (0, 0, 0));
        prop_assert_eq!(shown(&again), is);
    }
}
