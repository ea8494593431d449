//! Logged models, with the store that keeps and mends them.

use std::sync::Arc;

use crate::base::time::Timestamp;
use crate::error::Code;
use crate::logged_models::{LoggedModel, LoggedModelOptions, LoggedModelStatus, ModelLinks, ModelPoint};
use crate::models::SavedModel;
use crate::registry::{ModelRegistry, VersionOptions};
use crate::runs::{ArtifactSource, Content, RunOptions, View};
use crate::store::{GcOptions, Store};
use crate::workflows::log_model;

fn store() -> Store {
    Store::open("memory:").unwrap()
}

fn model(store: &Store, name: &str) -> LoggedModel {
    let options = LoggedModelOptions { name: Some(name.into()), ..LoggedModelOptions::default() };
    store.logged_models().create(LoggedModelOptions { experiment_id: "0".into(), ..options }).unwrap()
}

fn pair(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.into(), value.into())]
}

#[test]
fn a_logged_model_is_found_with_all_that_was_said_of_it() {
    let store = store();
    let models = store.logged_models();
    let made = model(&store, "tree");
    let id = made.model_id.as_str();
    assert_eq!((made.status, made.name.as_str()), (LoggedModelStatus::Pending, "tree"));
    models.log_params(id, &pair("depth", "3")).unwrap();
    models.set_tags(id, &pair("team", "growth")).unwrap();
    let long = "x".repeat(100_000);
    models.set_tags(id, &pair("long", &long)).unwrap();
    models.set_status(id, LoggedModelStatus::Ready, None).unwrap();
    let found = models.get(id).unwrap();
    assert_eq!(found.model.status, LoggedModelStatus::Ready);
    assert_eq!(found.params["depth"], "3");
    assert_eq!((found.tags["team"].as_str(), found.tags["long"].as_str()), ("growth", long.as_str()));
    assert_eq!(models.log_params(id, &pair("depth", "4")).unwrap_err().code(), Code::Conflict);
    models.delete_tag(id, "team").unwrap();
    assert_eq!(models.delete_tag(id, "team").unwrap_err().code(), Code::NotFound);
    assert_eq!(models.get("m-none").unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_list_shows_models_of_its_experiments_that_are_not_deleted_the_newest_first() {
    let store = store();
    let models = store.logged_models();
    let other = store.runs().create_experiment("other", &[]).unwrap().experiment_id;
    let first = model(&store, "first");
    let options = LoggedModelOptions { experiment_id: other.clone(), ..LoggedModelOptions::default() };
    let second = models.create(options).unwrap();
    let ids = |experiments: &[String], view| -> Vec<String> {
        models.list(experiments, view).unwrap().into_iter().map(|found| found.model.model_id).collect()
    };
    assert_eq!(ids(&[], View::Active), [second.model_id.clone(), first.model_id.clone()]);
    assert_eq!(ids(&["0".into()], View::Active), std::slice::from_ref(&first.model_id));
    models.delete(&second.model_id).unwrap();
    assert!(ids(std::slice::from_ref(&other), View::Active).is_empty());
    assert_eq!(ids(&[other], View::Deleted), [second.model_id]);
}

#[test]
fn a_point_is_kept_once_for_a_run_metric_step_and_time() {
    let store = store();
    let made = model(&store, "tree");
    let point = |value, step| ModelPoint {
        key: "loss".into(),
        value,
        step,
        at: Timestamp::from_micros(7),
        run_id: "r".into(),
        dataset_name: Some("train".into()),
        dataset_digest: None,
    };
    let models = store.logged_models();
    models.log_metrics(&made.model_id, &[point(0.5, 1), point(f64::INFINITY, 0)]).unwrap();
    models.log_metrics(&made.model_id, &[point(0.25, 1)]).unwrap();
    assert_eq!(models.get(&made.model_id).unwrap().points, [point(f64::INFINITY, 0), point(0.25, 1)]);
}

#[test]
fn a_run_says_which_models_it_used_and_made() {
    let store = store();
    let run = store.runs().start(RunOptions::default()).unwrap();
    let models = store.logged_models();
    let links = ModelLinks { inputs: vec!["m-b".into(), "m-a".into()], outputs: vec![("m-c".into(), -2)] };
    models.link(run.id(), &links).unwrap();
    models.link(run.id(), &links).unwrap();
    assert_eq!(models.links(run.id()).unwrap(), links);
    assert_eq!(models.link("none", &links).unwrap_err().code(), Code::NotFound);
}

#[test]
fn files_of_a_model_outlive_a_gc_and_go_when_they_are_removed() {
    let store = store();
    let models = store.logged_models();
    let made = model(&store, "tree");
    let id = made.model_id.as_str();
    let file = |path: &str| ArtifactSource { path: path.into(), content: Content::Bytes(b"weights") };
    models.log_files(id, &[file("model/weights.bin"), file("MLmodel")]).unwrap();
    models.set_tags(id, &pair("long", &"y".repeat(50_000))).unwrap();
    let all = GcOptions { dry_run: false, older_than: std::time::Duration::ZERO, ..GcOptions::default() };
    store.gc(&all).unwrap();
    assert_eq!(models.read_file(id, "model/weights.bin").unwrap(), b"weights");
    let top: Vec<_> = models.list_files(id, None).unwrap().into_iter().map(|file| (file.path, file.is_dir)).collect();
    assert_eq!(top, [("MLmodel".to_owned(), false), ("model".to_owned(), true)]);
    assert_eq!(models.get(id).unwrap().tags["long"].len(), 50_000);
    assert_eq!(models.log_files(id, &[file("MLmodel/x")]).unwrap_err().code(), Code::Conflict);
    assert_eq!(models.delete_files(id, Some("model")).unwrap(), 1);
    assert_eq!(models.read_file(id, "model/weights.bin").unwrap_err().code(), Code::NotFound);
}

#[test]
fn threads_that_tag_one_model_lose_nothing() {
    let store = Arc::new(store());
    let id = model(&store, "tree").model_id;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (store, id) = (&store, id.as_str());
            scope.spawn(move || {
                for number in 0..10 {
                    let models = store.logged_models();
                    models.set_tags(id, &pair(&format!("{thread}.{number}"), "x")).unwrap();
                    models.set_status(id, LoggedModelStatus::Ready, None).unwrap();
                }
            });
        }
    });
    assert_eq!(store.logged_models().get(&id).unwrap().tags.len(), 40);
}

#[test]
fn what_a_model_has_lost_is_told_and_a_repair_keeps_the_rest_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let uri = folder.path().join("store").display().to_string();
    let opened = Store::open(&uri).unwrap();
    let models = opened.logged_models();
    let id = model(&opened, "tree").model_id;
    models.set_tags(&id, &pair("long", &"z".repeat(70_000))).unwrap();
    models.set_tags(&id, &pair("short", "kept")).unwrap();
    let content = vec![7_u8; 100_000];
    models.log_files(&id, &[ArtifactSource { path: "w.bin".into(), content: Content::Bytes(&content) }]).unwrap();
    opened.close().unwrap();
    drop((models, opened));
    // Blobs of this size are files of their own.
    std::fs::remove_dir_all(folder.path().join("store/blobs/objects")).unwrap();
    let lost = crate::store::fsck(&uri, false).unwrap().lost;
    assert!(lost.iter().any(|line| line.contains(&format!("the tag `long` of the logged model {id}"))), "{lost:?}");
    assert!(lost.iter().any(|line| line.contains("the file `w.bin`")), "{lost:?}");
    crate::store::fsck(&uri, true).unwrap();
    let found = Store::open(&uri).unwrap().logged_models().get(&id).unwrap();
    assert_eq!(found.tags.into_iter().collect::<Vec<_>>(), pair("short", "kept"));
}

#[test]
fn a_gc_removes_deleted_models_with_their_copy_in_a_run_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store").display().to_string()).unwrap();
    let run = store.runs().start(RunOptions::default()).unwrap();
    let saved = |seed: u8| {
        let weights = vec![seed; 100_000];
        SavedModel::builder().flavor("toy", serde_json::json!({})).file("weights.bin", weights).build().unwrap()
    };
    let log = |path: &str, seed| log_model(&*run, path, &saved(seed)).unwrap().model_id.unwrap();
    let (gone, over, kept) = (log("gone", 1), log("over", 2), log("kept", 3));
    let later = log("over", 4);
    let models = store.logged_models();
    let version = VersionOptions { source: format!("models:/{gone}"), must_exist: true, ..VersionOptions::default() };
    store.registry().register("tree", &version).unwrap();
    let all = GcOptions { dry_run: false, older_than: std::time::Duration::ZERO, deleted_runs: true };
    let count = GcOptions { dry_run: true, ..all };
    for id in [&gone, &over] {
        models.delete(id).unwrap();
    }
    assert_eq!(store.gc(&GcOptions { deleted_runs: false, ..all }).unwrap().models.count, 0);
    let hour = std::time::Duration::from_hours(1);
    assert_eq!(store.gc(&GcOptions { older_than: hour, ..all }).unwrap().models.count, 0);
    let counted = store.gc(&count).unwrap();
    assert!(counted.models.count == 2 && counted.models.bytes > 200_000, "{counted:?}");
    let done = store.gc(&all).unwrap();
    // The weights of `over`, which nothing else has; those of `gone` are a version's.
    assert_eq!((done.models, done.large_blobs), (counted.models, counted.large_blobs));
    assert_eq!((done.large_blobs.count, done.large_blobs.bytes), (1, 100_000));
    for id in [&gone, &over] {
        assert_eq!(models.get(id).unwrap_err().code(), Code::NotFound);
    }
    let paths = |path| -> Vec<String> {
        store.runs().list_artifacts(run.id(), path).unwrap().into_iter().map(|file| file.path).collect()
    };
    // Its folder is another model's by now.
    assert_eq!((paths(None), paths(Some("over")).len()), (vec!["kept".to_owned(), "over".to_owned()], 2));
    assert_eq!(models.read_file(&kept, "weights.bin").unwrap(), vec![3; 100_000]);
    assert_eq!(models.read_file(&later, "weights.bin").unwrap(), vec![4; 100_000]);
    let outputs: Vec<String> = models.links(run.id()).unwrap().outputs.into_iter().map(|(id, _)| id).collect();
    assert_eq!(outputs, [kept, later.clone()]);
    assert!(!store.registry().list_files("tree", 1, None).unwrap().is_empty());
    // Of a deleted run that is too young to go it is removed all the same.
    models.delete(&later).unwrap();
    store.runs().delete(run.id()).unwrap();
    models.remove(&later).unwrap();
    assert_eq!(paths(None), ["kept"]);
}

#[test]
fn a_model_is_trusted_if_it_was_made_here_or_its_run_was() {
    let store = store();
    let models = store.logged_models();
    let made = model(&store, "made").model_id;
    assert!(store.trusts_model(&made).unwrap());
    models.mark_foreign(&made).unwrap();
    assert!(!store.trusts_model(&made).unwrap());
    let options = LoggedModelOptions { experiment_id: "0".into(), foreign: true, ..LoggedModelOptions::default() };
    let run = store.runs().start(RunOptions::default()).unwrap();
    let brought = LoggedModelOptions { source_run_id: Some(run.id().into()), ..options };
    assert!(models.is_foreign(&models.create(brought).unwrap().model_id).unwrap());
    assert_eq!(store.trusts_model("m-none").unwrap_err().code(), Code::NotFound);
}
