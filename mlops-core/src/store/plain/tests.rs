//! Exports as plain files are whole, say what the store says, and come back as it.

use std::path::{Path, PathBuf};

use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::logged_models::{LoggedModelOptions, LoggedModelStatus, ModelLinks, ModelPoint};
use crate::registry::{By, ModelQuery, ModelRegistry, Stage, StageOptions, VersionOptions};
use crate::runs::{
    ArtifactSource, Batch, Content, DatasetInput, Histogram, MediaValue, MetricPoint, Run, RunExt, RunOptions,
    RunStatus, SyncOptions, View,
};
use crate::store::{ExportFilesOptions, Store, export_files, import, sync};

mod governed;
mod merged;
mod refused;
mod registry;

/// All that a store shows.
pub(super) fn shown(store: &Store) -> Vec<String> {
    let runs = store.runs();
    let mut lines = Vec::new();
    for mut experiment in runs.list_experiments(View::All, 0, None).unwrap().items {
        if experiment.experiment_id == "0" {
            // It is made with each store.
            (experiment.created_at, experiment.updated_at) = Default::default();
        }
        lines.push(format!("{experiment:?}"));
    }
    for found in runs.search(&crate::runs::RunQuery { view: View::All, ..Default::default() }).unwrap().items {
        let id = &found.info.run_id;
        let data = runs.get(id).unwrap();
        let mut text = format!("{data:?}");
        // Of NaN, debug output shows no bits.
        for (key, value) in &data.params {
            if let ParamValue::Float(value) = value {
                text = format!("{text} {key} {:x}", value.to_bits());
            }
        }
        lines.push(text);
        for key in data.metrics.keys() {
            let points = runs.metric_history(id, key).unwrap();
            lines.extend(points.points().map(|(step, at, value)| format!("{key} {step} {at} {:x}", value.to_bits())));
        }
        for (path, file) in runs.artifact_files(id, None).unwrap() {
            let bytes = store.blobs().get(&file.blob).unwrap();
            lines.push(format!("{path} {file:?} {}", bytes.len()));
        }
        lines.push(format!("{:?} {:?}", runs.media(id).unwrap(), store.logged_models().links(id).unwrap()));
    }
    for model in store.logged_models().list(&[], View::All).unwrap() {
        let files = store.logged_models().all_files(&model.model.model_id, None).unwrap();
        lines.push(format!("{model:?} {files:?}"));
    }
    let registry = store.registry();
    for model in registry.search_models(&ModelQuery::default()).unwrap().items {
        lines.push(format!("{model:?}"));
    }
    for version in registry.search_versions(&ModelQuery::default()).unwrap().items {
        lines.push(format!("{version:?} {:?}", registry.list_files(&version.name, version.version, None).ok()));
    }
    lines.extend(registry.events(0, 100_000).unwrap().iter().map(|event| format!("{event:?}")));
    registry.verify_events().unwrap();
    lines
}

fn log(run: &dyn Run) {
    let big = "ä".repeat(8 << 20);
    let params: Vec<(String, ParamValue)> = vec![
        ("größe/模型 1".into(), "".into()),
        ("big".into(), big.into()),
        ("int".into(), i64::MIN.into()),
        ("float".into(), 0.1.into()),
        ("nan".into(), ParamValue::Float(f64::from_bits(0x7ff8_0000_0000_0001))),
        ("zero".into(), ParamValue::Float(-0.0)),
        ("bool".into(), false.into()),
        ("none".into(), ParamValue::None),
        ("number in text".into(), "12".into()),
    ];
    let point =
        |key: &str, value, step, at| MetricPoint { key: key.into(), value, step, at: Some(Timestamp::from_micros(at)) };
    let metrics = vec![
        point("loss", f64::NAN, 3, 5),
        point("loss", f64::INFINITY, 1, i64::MAX),
        point("loss", f64::NEG_INFINITY, i64::MIN, -7),
        point("loss", -0.0, 1, 5),
        point("loss{subset=\"tr\\\"ain\"}", 1.0, 0, 0),
        point("odd{a=1}", 2.0, 0, 0),
    ];
    let tags = vec![("mlflow.note.content".into(), "a note\nof two lines".into()), ("empty".into(), String::new())];
    run.log_batch(&Batch { params, tags, metrics, ..Batch::default() }).unwrap();
    let large = vec![7; 100_000];
    let bytes = |path: &str, bytes| ArtifactSource { path: path.into(), content: Content::Bytes(bytes) };
    run.log_files(&[
        bytes("a/b.txt", b"inside"),
        bytes("A/b.txt", b"another case"),
        bytes("50%*?.txt", b"odd"),
        bytes("größe", b""),
        bytes(&format!("{}/x", "n".repeat(250)), b"long"),
        bytes("large.bin", &large),
    ])
    .unwrap();
    run.log_media("say", &MediaValue::Text("hello".into()), 4).unwrap();
    run.log_media("w{layer=\"1\"}", &MediaValue::Histogram(Histogram::new(vec![0.0, 1.0], vec![3.0]).unwrap()), 4)
        .unwrap();
    let input = DatasetInput {
        name: "train".into(),
        digest: "d1".into(),
        source_type: "local".into(),
        source: "{\"uri\": \"x\"}".into(),
        schema: Some("{}".into()),
        ..DatasetInput::default()
    };
    let second = DatasetInput { name: "b".into(), tags: [("k".into(), "v".into())].into(), ..input.clone() };
    run.log_inputs(&[second.with_context("eval"), input.with_context("training")]).unwrap();
}

/// A store with something of everything.
pub(super) fn rich(uri: &str) -> Store {
    let store = Store::open(uri).unwrap();
    let runs = store.runs();
    let tags = [("team".to_owned(), "größe".to_owned())];
    let churn = runs.create_experiment("churn \u{1F600}", &tags).unwrap().experiment_id;
    let gone = runs.create_experiment("gone", &[]).unwrap().experiment_id;
    for number in 0..9 {
        runs.create_experiment(&format!("e{number}"), &[]).unwrap();
    }
    let start = |id: &str, experiment: &str, parent: Option<&str>| {
        let options = RunOptions {
            run_id: Some(id.into()),
            experiment_id: Some(experiment.into()),
            parent_run_id: parent.map(str::to_owned),
            ..RunOptions::default()
        };
        runs.start(options).unwrap()
    };
    let full = start("full", &churn, None);
    log(&*full);
    full.end(RunStatus::Failed).unwrap();
    start("empty", "0", Some("full")).end(RunStatus::Finished).unwrap();
    let open = start("open", "0", None);
    open.log_metric("x", 1.0, 0, None).unwrap();
    let deleted = start("deleted", &churn, None);
    deleted.log_param("p", 1.into()).unwrap();
    deleted.end(RunStatus::Finished).unwrap();
    runs.delete("deleted").unwrap();
    start("in-gone", &gone, None).end(RunStatus::Finished).unwrap();
    runs.delete_experiment(&gone).unwrap();
    models(&store, &churn);
    store
}

fn models(store: &Store, experiment: &str) {
    let models = store.logged_models();
    let model = models
        .create(LoggedModelOptions {
            experiment_id: experiment.into(),
            model_type: Some("Agent".into()),
            source_run_id: Some("full".into()),
            params: vec![("depth".into(), String::new()), ("long".into(), "x".repeat(10_000))],
            tags: vec![("t".into(), "1".into())],
            ..LoggedModelOptions::default()
        })
        .unwrap();
    let id = model.model_id;
    models.set_status(&id, LoggedModelStatus::Ready, Some("whole")).unwrap();
    models
        .log_metrics(
            &id,
            &[ModelPoint {
                key: "auc".into(),
                value: f64::NAN,
                step: 1,
                at: Timestamp::from_micros(3),
                run_id: "full".into(),
                dataset_name: None,
                dataset_digest: Some("d".into()),
            }],
        )
        .unwrap();
    let file = |path: &str, bytes| ArtifactSource { path: path.into(), content: Content::Bytes(bytes) };
    models.log_files(&id, &[file("MLmodel", b"{}"), file("data/a:b.bin", b"weights")]).unwrap();
    models.link("empty", &ModelLinks { inputs: vec![id.clone()], outputs: vec![(id.clone(), -3)] }).unwrap();
    let registry = store.registry().by(By { actor: Some("ada".into()), reason: Some("better".into()) });
    let source = format!("models:/{id}");
    let options = VersionOptions { source, tags: vec![("k".into(), "v".into())], ..VersionOptions::default() };
    for _ in 0..3 {
        registry.register("Fräud", &options).unwrap();
    }
    registry.register("gone", &options).unwrap();
    registry.delete_model("gone").unwrap();
    registry.rename_model("Fräud", "Fraud 2").unwrap();
    registry.describe_model("Fraud 2", Some("a model")).unwrap();
    registry.set_model_tag("Fraud 2", "m", &"y".repeat(5_000)).unwrap();
    registry.delete_version("Fraud 2", 2).unwrap();
    registry.set_alias("Fraud 2", "Champion", 3).unwrap();
    registry.set_stage("Fraud 2", 1, Stage::Production, StageOptions::default()).unwrap();
}

pub(super) fn everything<'a>() -> SyncOptions<'a> {
    SyncOptions { include_deleted: true, ..SyncOptions::default() }
}

pub(super) fn exported(store: &Store, dir: &Path) -> PathBuf {
    let folder = dir.join("plain");
    let options = ExportFilesOptions { select: everything(), overwrite: true };
    export_files(store, folder.to_str().unwrap(), &options).unwrap();
    folder
}

pub(super) fn path_in(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

#[test]
fn a_store_comes_back_from_its_files_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich(&path_in(dir.path(), "store"));
    let folder = exported(&store, dir.path());
    let again = Store::open(&path_in(dir.path(), "again")).unwrap();
    let report = import(folder.to_str().unwrap(), &again, &everything()).unwrap();
    assert_eq!(report.new.len(), 5, "{report:?}");
    assert_eq!((&report.failed, &report.conflicts), (&Vec::new(), &Vec::new()));
    assert_eq!(report.registered_models.new, ["Fraud 2"]);
    let (was, is) = (shown(&store), shown(&again));
    for (was, is) in was.iter().zip(&is) {
        if was != is {
            let at = was.bytes().zip(is.bytes()).position(|(a, b)| a != b).unwrap_or(0);
            let part = |text: &str| text.chars().skip(at.saturating_sub(60)).take(200).collect::<String>();
            panic!("was {}\n is {}", part(was), part(is));
        }
    }
    assert_eq!(was.len(), is.len());
    // Nothing is left of the store that it was read into.
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("partial")), "{left:?}");
    // Twice changes nothing.
    let report = import(folder.to_str().unwrap(), &again, &everything()).unwrap();
    assert_eq!((report.new.len(), report.updated.len(), report.unchanged), (0, 0, 5), "{report:?}");
    assert_eq!((report.logged_models.unchanged, report.registered_models.unchanged), (1, 1));
    assert_eq!(shown(&again), is);
    // And what comes back is written as the same files.
    let second = dir.path().join("second");
    let options = ExportFilesOptions { select: everything(), overwrite: false };
    export_files(&again, second.to_str().unwrap(), &options).unwrap();
    for name in ["params.parquet", "metrics.parquet", "artifacts.parquet", "registry_events.parquet"] {
        assert_eq!(std::fs::read(folder.join(name)).unwrap(), std::fs::read(second.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn files_of_artifacts_and_models_are_plain_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich("memory:");
    let folder = exported(&store, dir.path());
    let read = |path: &str| std::fs::read(folder.join(path)).unwrap();
    assert_eq!(read("artifacts/full/A/b.txt"), b"another case");
    assert_eq!(read("artifacts/full/50%25%2a%3f.txt"), b"odd");
    assert_eq!(read("registered_models/Fraud 2/3/data/a%3ab.bin"), b"weights");
    let model = &store.logged_models().list(&[], View::All).unwrap()[0].model.model_id;
    assert_eq!(read(&format!("logged_models/{model}/MLmodel")), b"{}");
}

#[test]
fn a_run_that_changed_in_both_is_a_conflict_and_one_that_went_on_is_newer() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich("memory:");
    let folder = exported(&store, dir.path());
    let folder = folder.to_str().unwrap();
    let again = Store::open("memory:").unwrap();
    import(folder, &again, &everything()).unwrap();
    again.runs().open("full").unwrap().set_tag("mine", "1").unwrap();
    assert_eq!(import(folder, &again, &everything()).unwrap().ahead, ["full"]);
    // A sync of the store itself knows what came by the files.
    store.runs().open("empty").unwrap().set_tag("theirs", "1").unwrap();
    let report = sync(&store, &again, &everything()).unwrap();
    assert_eq!((report.updated, report.ahead), (vec!["empty".to_owned()], vec!["full".to_owned()]));
    store.runs().open("full").unwrap().set_tag("mine", "2").unwrap();
    exported(&store, dir.path());
    let report = import(folder, &again, &everything()).unwrap();
    assert_eq!((report.open_conflicts(), report.unchanged), (1, 4), "{report:?}");
    // Back into the store that it is from: a backup from before brings nothing back.
    store.runs().open("open").unwrap().set_tag("later", "1").unwrap();
    let report = import(folder, &store, &everything()).unwrap();
    assert_eq!((report.ahead, report.unchanged), (vec!["open".to_owned()], 4));
}

#[test]
fn what_was_exported_here_is_trusted_until_it_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich(&path_in(dir.path(), "store"));
    store.runs().mark_foreign("open").unwrap();
    let folder = exported(&store, dir.path());
    let trusts = |name: &str, run: &str| {
        let again = Store::open(&path_in(dir.path(), name)).unwrap();
        import(folder.to_str().unwrap(), &again, &everything()).unwrap();
        let versions = again.registry().search_versions(&ModelQuery::default()).unwrap().items;
        let is_foreign = versions.iter().any(|version| version.info.is_foreign);
        for model in again.logged_models().list(&[], View::All).unwrap() {
            assert_eq!(again.logged_models().is_foreign(&model.model.model_id).unwrap(), is_foreign);
        }
        (again.trusts_run(run).unwrap(), is_foreign)
    };
    assert_eq!(trusts("one", "full"), (true, false));
    assert_eq!(trusts("one", "open"), (false, false), "it came from elsewhere before");
    let manifest = folder.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text + "\n").unwrap();
    assert_eq!(trusts("two", "full"), (false, true));
}

#[test]
fn what_is_selected_is_exported_and_imported() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich("memory:");
    let folder = path_in(dir.path(), "some");
    let select = SyncOptions { run_ids: vec!["empty".into(), "open".into()], ..SyncOptions::default() };
    let options = ExportFilesOptions { select: select.clone(), overwrite: false };
    let planned = ExportFilesOptions { select: SyncOptions { dry_run: true, ..select }, overwrite: false };
    let report = export_files(&store, &folder, &planned).unwrap();
    assert!(report.dry_run && report.runs == 2 && !Path::new(&folder).exists(), "{report:?}");
    let report = export_files(&store, &folder, &options).unwrap();
    assert_eq!((report.runs, report.experiments, report.model_versions), (2, 1, 0));
    let again = Store::open("memory:").unwrap();
    let one = SyncOptions { run_ids: vec!["open".into()], ..SyncOptions::default() };
    let dry = SyncOptions { dry_run: true, ..one.clone() };
    assert_eq!(import(&folder, &again, &dry).unwrap().new, ["open"]);
    assert!(again.runs().get("open").is_err());
    assert_eq!(import(&folder, &again, &one).unwrap().new, ["open"]);
    let report = import(&folder, &again, &SyncOptions::default()).unwrap();
    assert_eq!((report.new, report.unchanged), (vec!["empty".to_owned()], 1));
    assert!(again.registry().search_models(&ModelQuery::default()).unwrap().items.is_empty());
}

#[test]
fn a_long_series_is_written_and_read_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open("memory:").unwrap();
    let run = store.runs().start(RunOptions::default()).unwrap();
    for part in 0..3_i64 {
        let steps: Vec<i64> = (part * 200_000..(part + 1) * 200_000).collect();
        let values: Vec<f64> = steps.iter().map(|step| f64::from(i32::try_from(step % 1_000).unwrap())).collect();
        run.log_series("loss", &steps, &steps, &values).unwrap();
    }
    run.end(RunStatus::Finished).unwrap();
    let folder = exported(&store, dir.path());
    let file = std::fs::File::open(folder.join("metrics.parquet")).unwrap();
    let read = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert!(read.metadata().num_row_groups() > 1);
    let again = Store::open("memory:").unwrap();
    import(folder.to_str().unwrap(), &again, &everything()).unwrap();
    assert_eq!(
        again.runs().metric_history(run.id(), "loss").unwrap(),
        store.runs().metric_history(run.id(), "loss").unwrap()
    );
}

pub(super) fn refused(result: Result<impl std::fmt::Debug>) -> Error {
    let error = result.unwrap_err();
    assert_ne!(error.code(), Code::Internal, "{error}");
    error
}
