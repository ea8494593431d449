//! A store that is written as plain files and read into a new one shows the same: whatever was logged, deleted, moved and
//! registered.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;

use mlops_core::logged_models::{LoggedModelOptions, ModelPoint};
use mlops_core::registry::{
    By, GateOptions, ModelQuery, ModelRegistry, PolicyChanges, PolicyScope, PromoteOptions, Stage, StageOptions,
    Verdict, VersionOptions,
};
use mlops_core::runs::{
    ArtifactSource, Batch, Content, DatasetInput, MetricPoint, RunOptions, RunQuery, RunStatus, View,
};
use mlops_core::{ExportFilesOptions, ParamValue, Store, SyncOptions, Timestamp, export, export_files, import, sync};
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
    Policy(Option<usize>, bool, usize),
    Say(usize, u64, usize, usize),
    Gate(usize, u64, Option<u64>, usize),
    Promote(usize, u64, usize, bool),
    Rollback(usize, usize, Option<u64>),
    DeleteVersion(usize, u64),
    DeleteAlias(usize),
}

/// What policies ask for.
const POLICIES: [&str; 5] = [
    "{}",
    r#"{"approvals": 1, "self_approval": false}"#,
    r#"{"gate": "auc", "gate_ttl": "1h"}"#,
    r#"{"require": ["run"], "protect_production": true, "approval_ttl": "14d"}"#,
    r#"{"strict_transitions": true, "require_reason": true, "rollback_needs_approval": true, "approvals": 1}"#,
];

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
        1 => model.clone().prop_map(Step::DeleteModel),
        5 => governing(),
    ]
}

fn governed_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3_usize, 0..5_usize).prop_map(|(model, run)| Step::Version(model, run)),
        1 => (0..3_usize).prop_map(Step::DeleteModel),
        1 => (0..3_usize, 0..3_usize).prop_map(|(from, to)| Step::Rename(from, to)),
        8 => governing(),
    ]
}

/// What only a registry with rules has.
fn governing() -> impl Strategy<Value = Step> {
    let (model, version, slot) = (0..3_usize, 1..5_u64, 0..3_usize);
    let baseline = prop::option::of(version.clone());
    prop_oneof![
        (prop::option::of(model.clone()), any::<bool>(), 0..=POLICIES.len())
            .prop_map(|(of, staging, fields)| Step::Policy(of, staging, fields)),
        (model.clone(), version.clone(), 0..2_usize, 0..8_usize)
            .prop_map(|(of, version, stage, what)| Step::Say(of, version, stage, what)),
        (model.clone(), version.clone(), baseline.clone(), 0..4_usize)
            .prop_map(|(of, version, baseline, what)| Step::Gate(of, version, baseline, what)),
        (model.clone(), version.clone(), slot.clone(), any::<bool>())
            .prop_map(|(of, version, slot, archives)| Step::Promote(of, version, slot, archives)),
        (model.clone(), slot, baseline).prop_map(|(of, slot, to)| Step::Rollback(of, slot, to)),
        (model.clone(), version).prop_map(|(of, version)| Step::DeleteVersion(of, version)),
        model.prop_map(Step::DeleteAlias),
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
        other => govern(store, &other),
    }
}

/// The same, of the steps that only a registry with rules has.
fn govern(store: &Store, step: &Step) {
    let name = |model: usize| format!("Modell ü{model}");
    let slot = |slot: usize| ["", "EU", "öst"][slot].to_owned();
    let by = |actor: &str| store.registry().by(By { actor: Some(actor.into()), reason: Some("it is time".into()) });
    let registry = by("ops");
    match *step {
        Step::Policy(of, staging, fields) => {
            let stage = if staging { Stage::Staging } else { Stage::Production };
            let fields = POLICIES.get(fields).map(|fields| serde_json::from_str(fields).unwrap());
            let scope = PolicyScope { model: of.map(name), stage };
            registry.set_policies(&PolicyChanges::from([(scope, fields)])).unwrap();
        }
        Step::Say(of, version, stage, what) => {
            let (name, stage) = (name(of), [Stage::Staging, Stage::Production][stage]);
            let registry = by(["ada", "bob"][what / 4]);
            let _ = match what % 4 {
                0 => registry.request_approval(&name, version, stage),
                1 => registry.approve(&name, version, stage),
                2 => registry.reject(&name, version, stage),
                _ => registry.withdraw(&name, version, stage),
            };
        }
        Step::Gate(of, version, baseline, what) => {
            let verdict = [Verdict::Pass, Verdict::Fail, Verdict::Error, Verdict::Pass][what];
            let report = (what > 0).then(|| format!("{{\"metrics\": {{\"auc\": \"{}\"}}}}", "9".repeat(what * 2_500)));
            let options =
                GateOptions { report, data: Some(format!("d{what}")), ..GateOptions::new("auc", baseline, verdict) };
            drop(registry.record_gate_result(&name(of), version, &options));
        }
        Step::Promote(of, version, to, archive_existing) => {
            let options = PromoteOptions { slot: slot(to), archive_existing, ..PromoteOptions::default() };
            drop(registry.promote(&name(of), version, &options));
        }
        Step::Rollback(of, from, to) => drop(registry.rollback(&name(of), &slot(from), to)),
        Step::DeleteVersion(of, version) => drop(registry.delete_version(&name(of), version)),
        Step::DeleteAlias(of) => drop(registry.delete_alias(&name(of), "champion")),
        _ => {}
    }
}

/// What the registry answers.
fn answers(store: &Store) -> Vec<String> {
    let registry = store.registry();
    let mut lines = vec![format!("{:?}", registry.verify_log(Some(registry.log_head().unwrap())).unwrap())];
    lines.extend(registry.policies().unwrap().iter().map(|set| format!("{set:?}")));
    lines.extend(registry.pending().unwrap().iter().map(|pending| format!("{pending:?}")));
    for model in 0..3 {
        let name = format!("Modell ü{model}");
        lines.extend(registry.deleted_versions(&name).unwrap().iter().map(|left| format!("{left:?}")));
        lines.extend(registry.history(&name).unwrap().iter().map(|event| event.to_json().to_string()));
        for alias in ["champion", "production", "previous"] {
            let found = registry.get_by_alias(&name, alias).map(|found| found.version);
            lines.push(found.map_or_else(|e| e.to_string(), |version| version.to_string()));
        }
        for version in 1..8 {
            let Ok(why) = registry.why(&name, version) else { continue };
            lines.push(why.to_json().to_string());
            lines.push(registry.card(&name, version).unwrap().to_json().to_string());
            for (stage, slot) in [(Stage::Staging, ""), (Stage::Production, ""), (Stage::Production, "eu")] {
                lines.push(registry.status(&name, version, stage, slot).unwrap().to_json().to_string());
            }
        }
    }
    lines
}

/// What has to hold of every registry: slots, stages and aliases say the same, and the log says it too.
fn hangs_together(store: &Store) -> Result<(), TestCaseError> {
    let registry = store.registry();
    registry.verify_log(None).unwrap();
    for model in registry.search_models(&ModelQuery::default()).unwrap().items {
        let query = ModelQuery { filter: format!("name = '{}'", model.name), ..ModelQuery::default() };
        for version in registry.search_versions(&query).unwrap().items {
            let is_live = model.slots.values().any(|slot| slot.production == Some(version.version));
            prop_assert_eq!(is_live, version.info.stage == Stage::Production, "{:?} {:?}", model, version);
        }
        for (slot, state) in &model.slots {
            let then =
                registry.version_at(&model.name, Stage::Production, slot, Timestamp::from_micros(i64::MAX)).unwrap();
            prop_assert_eq!(then, state.production, "{} {}", model.name, slot);
            for number in state.production.into_iter().chain(state.previous) {
                prop_assert!(registry.get_version(&model.name, number).is_ok());
            }
        }
        let of = |alias: &str| registry.get_by_alias(&model.name, alias).ok().map(|found| found.version);
        let unnamed = &model.slots[""];
        prop_assert_eq!((of("production"), of("previous")), (unnamed.production, unnamed.previous));
    }
    Ok(())
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
        prop_assert_eq!(answers(&store), answers(&again));
        let archive = folder(dir.path(), "archive");
        export(&store, &archive, &everything).unwrap();
        if Path::new(&archive).exists() {
            let from_archive = Store::open("memory:").unwrap();
            import(&archive, &from_archive, &everything).unwrap();
            prop_assert_eq!(answers(&store), answers(&from_archive));
        }
        let second = import(&plain, &again, &everything).unwrap();
        prop_assert_eq!((second.new.len(), second.updated.len(), second.ahead.len()), (0, 0, 0));
        prop_assert_eq!(shown(&again), is);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn registries_that_meet_hang_together_and_only_add(
        before in prop::collection::vec(step(), 0..25),
        here in prop::collection::vec(governed_step(), 0..25),
        there in prop::collection::vec(governed_step(), 0..25),
    ) {
        let (store, other) = (Store::open("memory:").unwrap(), Store::open("memory:").unwrap());
        let mut ids = Vec::new();
        before.into_iter().for_each(|step| play(&store, step, &mut ids));
        let everything = SyncOptions { include_deleted: true, ..SyncOptions::default() };
        sync(&store, &other, &everything).unwrap();
        here.into_iter().for_each(|step| play(&store, step, &mut ids));
        there.into_iter().for_each(|step| play(&other, step, &mut ids));
        hangs_together(&store)?;
        for (from, to) in [(&store, &other), (&other, &store), (&store, &other)] {
            let whole = to.registry();
            let had = whole.search_versions(&ModelQuery::default()).unwrap().items;
            let policies = format!("{:?}", whole.policies().unwrap());
            let head = whole.log_head().unwrap();
            let forward = from.registry().verify_log(Some(head)).is_ok();
            let planned = sync(from, to, &SyncOptions { dry_run: true, ..everything.clone() }).unwrap();
            let report = sync(from, to, &everything).unwrap();
            prop_assert_eq!(planned.registered_models, report.registered_models);
            hangs_together(to)?;
            whole.verify_log(Some(head)).unwrap();
            if forward {
                prop_assert_eq!(answers(from), answers(to));
                continue;
            }
            prop_assert_eq!(policies, format!("{:?}", whole.policies().unwrap()));
            for version in had {
                prop_assert_eq!(&whole.get_version(&version.name, version.version).unwrap(), &version);
            }
        }
    }
}
