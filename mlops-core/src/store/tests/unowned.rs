//! A process that may not own the store, while nobody does.

use super::*;
use crate::logged_models::{LoggedModelOptions, LoggedModelStatus};
use crate::models::SavedModel;
use crate::runs::View;
use crate::workflows::{LogModelOptions, load_model, log_model_with};

fn guest(path: &Path) -> Store {
    let uri = path.display().to_string();
    Store::open_with(&OpenOptions { uri, may_own: false, must_exist: true, ..OpenOptions::default() }).unwrap()
}

#[test]
fn what_a_process_without_an_owner_logs_it_reads_and_the_next_owner_brings_into_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let before = log_one(&open(dir.path()), "before");
    let guest = guest(dir.path());
    let runs = guest.runs();
    let parent = runs.start(RunOptions { run_id: Some("parent".into()), ..RunOptions::default() }).unwrap();
    let named = RunOptions {
        parent_run_id: Some("parent".into()),
        experiment_name: Some("new".into()),
        ..RunOptions::default()
    };
    let child = runs.start(named).unwrap();
    let taken = runs.start(RunOptions { run_id: Some("parent".into()), ..RunOptions::default() }).unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
    for step in 0..3 {
        child.log_metric("loss", 0.5, step, None).unwrap();
        assert_eq!(runs.metric_history(child.id(), "loss").unwrap().steps.last(), Some(&step));
    }
    child.log_param("lr", 0.1.into()).unwrap();
    assert_eq!(child.log_param("lr", 0.2.into()).unwrap_err().code(), Code::Conflict);
    child.log_bytes("notes/a.txt", b"text").unwrap();
    assert_eq!(runs.read_artifact(child.id(), "notes/a.txt").unwrap(), b"text");
    child.end(RunStatus::Finished).unwrap();
    let id = child.id().to_owned();
    let look = |runs: &crate::runs::Runs| {
        let data = runs.get(&id).unwrap();
        let experiment = runs.get_experiment(&data.info.experiment_id).unwrap().name;
        assert_eq!((experiment.as_str(), data.info.status), ("new", RunStatus::Finished));
        assert_eq!((data.params["lr"].text(), data.metrics["loss"].count), ("0.1".into(), 3));
        let mut found: Vec<_> =
            runs.search(&RunQuery::default()).unwrap().items.into_iter().map(|run| run.info.run_id).collect();
        found.sort();
        let mut expected = vec![before.clone(), "parent".into(), id.clone()];
        expected.sort();
        assert_eq!(found, expected);
        assert!(runs.find_experiment("new").unwrap().is_some());
    };
    look(runs);
    assert_eq!(runs.create_experiment("other", &[]).unwrap_err().code(), Code::NoOwner);
    drop((parent, child, guest));
    let owner = open(dir.path());
    look(owner.runs());
    assert!(owner.runs().create_experiment("other", &[]).is_ok());
}

#[test]
fn a_run_without_an_owner_of_the_store_keeps_a_model_and_says_that_there_is_no_logged_model() {
    let dir = tempfile::tempdir().unwrap();
    let begun = LoggedModelOptions { experiment_id: "0".into(), ..LoggedModelOptions::default() };
    let begun = open(dir.path()).logged_models().create(begun).unwrap().model_id;
    let guest = guest(dir.path());
    let run = guest.runs().start(RunOptions::default()).unwrap();
    let saved = SavedModel::builder().flavor("toy", serde_json::json!({})).file("weights.bin", [7]).build().unwrap();
    let logged = log_model_with(&*run, "model", &saved, &LogModelOptions::default()).unwrap();
    assert_eq!(logged.not_made.map(|error| error.code()), Some(Code::NoOwner));
    assert_eq!(logged.manifest.model_id, None);
    let into_begun = LogModelOptions { model_id: Some(begun.clone()), ..LogModelOptions::default() };
    assert_eq!(log_model_with(&*run, "other", &saved, &into_begun).unwrap_err().code(), Code::NoOwner);
    run.end(RunStatus::Finished).unwrap();
    let uri = format!("runs:/{}/model", run.id());
    drop((run, guest));
    let owner = open(dir.path());
    assert_eq!(load_model(owner.runs(), &uri).unwrap().read("weights.bin").unwrap(), [7]);
    let found = owner.logged_models().list(&[], View::All).unwrap();
    let found: Vec<_> = found.into_iter().map(|found| (found.model.model_id, found.model.status)).collect();
    assert_eq!(found, [(begun, LoggedModelStatus::Pending)]);
}
