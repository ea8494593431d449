use std::sync::Arc;

use serde_json::json;

use super::super::model::tests::memory;
use super::*;
use crate::base::clock::SystemClock;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::blob::memory::MemoryBlobs;
use crate::runs::{Batch, MetricPoint, MetricSubject, RunExt, RunOptions, Runs, RunsOptions, View};
use crate::spool::Spool;
use crate::storage::fault::FaultyStorage;
use crate::storage::memory::MemoryStorage;

fn toy() -> SavedModel {
    SavedModel::builder().flavor("toy", json!({})).file("weights.bin", [1, 2, 3]).build().unwrap()
}

fn start(runs: &Runs) -> Arc<dyn Run> {
    runs.start(RunOptions::default()).unwrap()
}

#[test]
fn a_model_is_the_runs_and_a_logged_model_with_what_the_run_says() {
    let runs = memory();
    let run = start(&runs);
    run.log_param("depth", 4.into()).unwrap();
    let point = |key: &str, value, step| MetricPoint { key: key.into(), value, step, at: None };
    let of_other = MetricSubject { model_id: Some("m-other".into()), ..MetricSubject::default() };
    let of_data = MetricSubject { dataset_name: Some("held out".into()), ..MetricSubject::default() };
    let metrics = vec![point("loss", 0.5, 2), point("loss", 0.25, 3), point("loss", 0.125, 3), point("late", 1.0, 9)];
    run.log_batch(&Batch { metrics, ..Batch::default() }).unwrap();
    let metrics = vec![point("others", 0.5, 3), point("held", 0.75, 3)];
    let subjects = vec![Some(of_other), Some(of_data)];
    run.log_batch(&Batch { metrics, subjects, ..Batch::default() }).unwrap();
    let options = LogModelOptions {
        params: vec![("depth".into(), "3".into()), ("rate".into(), "1".into())],
        tags: vec![("team".into(), "growth".into())],
        model_type: Some("tree".into()),
        step: 3,
        ..LogModelOptions::default()
    };
    let logged = log_model_with(&*run, "models/best", &toy(), &options).unwrap();
    let id = logged.manifest.model_id.clone().unwrap();
    assert_eq!(logged.manifest.model_uuid.as_ref(), Some(&id));
    let models = LoggedModels::new(runs.clone());
    let found = models.get(&id).unwrap();
    assert_eq!((found.model.name.as_str(), found.model.status), ("models/best", LoggedModelStatus::Ready));
    assert_eq!((found.params["depth"].as_str(), found.params["rate"].as_str()), ("4", "1"));
    assert_eq!(found.tags["team"], "growth");
    let mut points: Vec<_> =
        found.points.iter().map(|p| (p.key.as_str(), p.value, p.step, p.dataset_name.as_deref())).collect();
    points.sort_by(|a, b| a.partial_cmp(b).unwrap());
    // Of one metric, step and time a model keeps the last.
    assert_eq!(points, [("held", 0.75, 3, Some("held out")), ("loss", 0.125, 3, None)]);
    assert_eq!(models.links(run.id()).unwrap().outputs, [(id.clone(), 3)]);
    assert!(!models.is_foreign(&id).unwrap());
    assert_eq!(models.read_file(&id, MANIFEST).unwrap(), runs.read_artifact(run.id(), "models/best/MLmodel").unwrap());
    assert_eq!(models.read_file(&id, "weights.bin").unwrap(), [1, 2, 3]);
}

#[test]
fn what_the_run_refuses_makes_a_logged_model_that_failed_and_says_why() {
    let runs = memory();
    let run = start(&runs);
    run.log_bytes("model", b"a file").unwrap();
    let error = log_model(&*run, "model", &toy()).unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    let models = LoggedModels::new(runs.clone());
    let found = models.list(&[], View::All).unwrap().pop().unwrap().model;
    assert_eq!(found.status, LoggedModelStatus::Failed);
    assert!(found.status_message.unwrap().starts_with("Conflict: cannot log the artifact"));
    // A file that went away meanwhile.
    let local = tempfile::NamedTempFile::new().unwrap();
    let model = SavedModel::builder().flavor("toy", json!({})).local_file("a", local.path()).build().unwrap();
    drop(local);
    assert_eq!(log_model(&*run, "other", &model).unwrap_err().code(), Code::NotFound);
    let failed = models.list(&[], View::All).unwrap();
    assert!(failed.len() == 2 && failed.iter().all(|one| one.model.status == LoggedModelStatus::Failed));
    assert_eq!(models.links(run.id()).unwrap().outputs.len(), 2);
    assert_eq!(runs.list_artifacts(run.id(), None).unwrap().len(), 1);
}

#[test]
fn what_is_wrong_with_the_logged_model_is_said_before_anything_is_made() {
    let runs = memory();
    let run = start(&runs);
    let models = LoggedModels::new(runs.clone());
    let bad = |options: LogModelOptions| log_model_with(&*run, "model", &toy(), &options).unwrap_err().code();
    let long = vec![("x".repeat(10_000), String::new())];
    assert_eq!(bad(LogModelOptions { params: long, ..LogModelOptions::default() }), Code::LimitExceeded);
    let none = Some("m-none".into());
    assert_eq!(bad(LogModelOptions { model_id: none, ..LogModelOptions::default() }), Code::NotFound);
    assert!(models.list(&[], View::All).unwrap().is_empty());
    assert!(runs.list_artifacts(run.id(), None).unwrap().is_empty());
    runs.delete(run.id()).unwrap();
    assert_eq!(log_model(&*run, "model", &toy()).unwrap_err().code(), Code::InvalidState);
    assert!(models.list(&[], View::All).unwrap().is_empty());
}

#[test]
fn a_model_that_was_begun_gets_its_files_and_keeps_only_those_of_the_last_time() {
    let runs = memory();
    let run = start(&runs);
    run.log_param("of_the_run", 1.into()).unwrap();
    let models = LoggedModels::new(runs.clone());
    let begun = LoggedModelOptions {
        experiment_id: "0".into(),
        params: vec![("depth".into(), "3".into())],
        tags: vec![("mlflow.model.isExternal".into(), "true".into())],
        ..LoggedModelOptions::default()
    };
    let id = models.create(begun).unwrap().model_id;
    let with = |params: &str| LogModelOptions {
        model_id: Some(id.clone()),
        params: vec![("depth".into(), params.into())],
        ..LogModelOptions::default()
    };
    assert_eq!(log_model_with(&*run, "a", &toy(), &with("4")).unwrap_err().code(), Code::Conflict);
    assert_eq!(models.get(&id).unwrap().model.status, LoggedModelStatus::Pending);
    log_model_with(&*run, "a", &toy(), &with("3")).unwrap();
    let other = SavedModel::builder().flavor("toy", json!({})).file("other.bin", [4]).build().unwrap();
    log_model_with(&*run, "a2", &other, &with("3")).unwrap();
    let found = models.get(&id).unwrap();
    assert_eq!((found.model.status, found.params.len(), found.tags.len()), (LoggedModelStatus::Ready, 1, 0));
    let paths: Vec<_> = models.list_files(&id, None).unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(paths, [MANIFEST, "other.bin"]);
    assert_eq!(models.links(run.id()).unwrap().outputs, [(id.clone(), 0)]);
    models.delete(&id).unwrap();
    assert_eq!(log_model_with(&*run, "b", &toy(), &with("3")).unwrap_err().code(), Code::InvalidState);
}

#[test]
fn more_than_a_commit_holds_is_made_all_the_same() {
    let runs = memory();
    let run = start(&runs);
    let params = (0..4_000).map(|n| (format!("param {n}"), "x".repeat(400))).collect();
    let options = LogModelOptions { params, ..LogModelOptions::default() };
    let id = log_model_with(&*run, "model", &toy(), &options).unwrap().manifest.model_id.unwrap();
    let found = LoggedModels::new(runs).get(&id).unwrap();
    assert_eq!((found.params.len(), found.model.status), (4_000, LoggedModelStatus::Ready));
}

#[test]
fn a_storage_that_fails_at_any_call_leaves_no_model_that_says_it_is_whole_and_is_not() {
    let mut failed = 0;
    for call in 1..200 {
        let storage = Arc::new(FaultyStorage::new(MemoryStorage::default(), call));
        let ids: Arc<dyn IdSource> = Arc::new(TimeOrderedIds);
        let options = RunsOptions {
            storage: storage.clone(),
            blobs: Arc::new(MemoryBlobs::default()),
            spool: Spool::memory(&ids),
            clock: Arc::new(SystemClock),
            ids,
            read_only: false,
            unowned: None,
        };
        let Ok(runs) = Runs::new(options) else { continue };
        let Ok(run) = runs.start(RunOptions::default()) else { continue };
        let done = log_model(&*run, "model", &toy());
        if storage.calls() < call {
            break;
        }
        let models = LoggedModels::new(runs.clone());
        // The call that fails may be one that comes later.
        let all = models.list(&[], View::All).or_else(|_| models.list(&[], View::All)).unwrap();
        let whole = all.iter().filter(|found| found.model.status == LoggedModelStatus::Ready).count();
        assert_eq!(whole, usize::from(done.is_ok()), "call {call}: {done:?}");
        failed += u32::from(done.is_err());
        if let Ok(manifest) = done {
            let id = manifest.model_id.unwrap();
            assert_eq!(models.read_file(&id, "weights.bin").unwrap(), [1, 2, 3]);
            assert_eq!(runs.read_artifact(run.id(), "model/weights.bin").unwrap(), [1, 2, 3]);
        }
    }
    assert!(failed > 2, "only {failed} calls of the storage came to nothing");
}
