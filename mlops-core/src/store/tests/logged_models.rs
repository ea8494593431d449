//! Logged models, with the store that keeps and mends them.

use std::sync::Arc;

use crate::base::time::Timestamp;
use crate::error::Code;
use crate::logged_models::{LoggedModel, LoggedModelOptions, LoggedModelStatus, ModelLinks, ModelPoint};
use crate::runs::{ArtifactSource, Content, RunOptions, View};
use crate::store::{GcOptions, Store};

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
