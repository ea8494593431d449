//! A journal that is gone with its index: runs come back from what was sealed of them.

use super::*;
use crate::runs::{Batch, DatasetInput, RunData, Runs};
use crate::store::fsck;

/// Everything of a run that is read back: its data, points and files.
type Look = (RunData, Vec<Vec<f64>>, Vec<Vec<u8>>);

fn look(runs: &Runs, run: &str) -> Look {
    let data = runs.get(run).unwrap();
    let points = data.metrics.keys().map(|key| runs.metric_history(run, key).unwrap().values).collect();
    let files = runs.list_artifacts(run, None).unwrap();
    let files = files.iter().map(|file| runs.read_artifact(run, &file.path).unwrap()).collect();
    (data, points, files)
}

/// Some inputs, with texts that are kept in blobs.
fn inputs(count: usize) -> Vec<DatasetInput> {
    let input = |number| DatasetInput {
        name: format!("data {number}"),
        digest: "0a1b2c3d".into(),
        source_type: "local".into(),
        source: "s".repeat(5_000 + number),
        ..DatasetInput::default()
    };
    (0..count).map(|number| input(number).with_context("training")).collect()
}

/// A store with runs that ended in every way, and what is in it; and the run that had not ended.
fn logged(path: &Path) -> (Vec<Look>, String) {
    let store = open(path);
    let runs = store.runs();
    let first = log_one(&store, "first");
    let other = RunOptions { experiment_name: Some("other".into()), ..RunOptions::default() };
    let without_points = runs.start(other.clone()).unwrap();
    without_points.log_param("lr", 0.1.into()).unwrap();
    without_points.set_tag("long", &"x".repeat(10_000)).unwrap();
    without_points.log_inputs(&inputs(2)).unwrap();
    without_points.end(RunStatus::Failed).unwrap();
    // Sections in pages, points in many segments, and a second life.
    let large = runs.start(other).unwrap();
    let mut batch = Batch::default();
    for number in 0..2_000 {
        batch.params.push((format!("param {number:04}"), f64::from(number).into()));
    }
    large.log_batch(&batch).unwrap();
    large.log_inputs(&inputs(300)).unwrap();
    for round in 0..2 {
        for step in 0..1_500 {
            let value = f64::from(step) + f64::from(round) / 2.0;
            large.log_metric(&format!("metric {}", step % 600), value, step.into(), None).unwrap();
        }
        runs.drain().unwrap();
        large.end(RunStatus::Finished).unwrap();
        if round == 0 {
            runs.resume(large.id()).unwrap();
        }
    }
    let running = runs.start(RunOptions::default()).unwrap();
    running.log_series("loss", &[], &[], &(0..50_000).map(f64::from).collect::<Vec<_>>()).unwrap();
    runs.drain().unwrap();
    let found = [&*first, without_points.id(), large.id()].map(|run| look(runs, run)).to_vec();
    (found, running.id().to_owned())
}

/// What an hour later stands in the spool no more.
fn forget_spool(store: &Path) {
    std::fs::remove_dir_all(store.join("spool")).unwrap();
    std::fs::create_dir(store.join("spool")).unwrap();
}

#[test]
fn runs_whose_records_are_gone_are_made_again_from_their_sealed_points() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join(".mlops");
    let (expected, running) = logged(dir.path());
    forget_spool(&store);
    for gone in ["journal", "index"] {
        std::fs::remove_dir_all(store.join(gone)).unwrap();
    }
    let uri = store.display().to_string();
    let report = fsck(&uri, false).unwrap();
    assert!(!report.findings.is_empty() && report.made_again.is_empty(), "{report:?}");
    let report = fsck(&uri, true).unwrap();
    assert!(report.findings.iter().all(|finding| finding.repair.is_some()), "{report:?}");
    let mut ids: Vec<_> = expected.iter().map(|(data, ..)| data.info.run_id.clone()).chain([running.clone()]).collect();
    ids.sort();
    assert_eq!((report.made_again, report.lost), (ids, Vec::<String>::new()));
    assert_eq!(fsck(&uri, false).unwrap().findings, []);
    let store = open(dir.path());
    for (data, points, files) in &expected {
        assert_eq!(look(store.runs(), &data.info.run_id), (data.clone(), points.clone(), files.clone()));
    }
    let running = store.runs().get(&running).unwrap();
    assert_eq!((running.info.status, running.metrics["loss"].count), (RunStatus::Killed, 50_000));
    let names: Vec<_> =
        ["Default", "other"].map(|name| store.runs().find_experiment(name).unwrap().unwrap().name).into();
    assert_eq!(names, ["Default", "other"]);
    // What is made next takes no id and no name of theirs, and a run goes on.
    assert_eq!(store.runs().create_experiment("next", &[]).unwrap().experiment_id, "2");
    let again = store.runs().resume(&expected[2].0.info.run_id).unwrap();
    assert_eq!(again.log_param("param 0007", 8.0.into()).unwrap_err().code(), Code::Conflict);
    again.log_metric("metric 1", 1.0, 9_000, None).unwrap();
    again.end(RunStatus::Finished).unwrap();
    assert_eq!(store.runs().get(again.id()).unwrap().metrics["metric 1"].last_step, 9_000);
    assert_eq!(store.runs().search(&RunQuery::default()).unwrap().items.len(), 4);
}

#[test]
fn a_repair_of_what_was_not_lost_brings_no_removed_run_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (kept, removed) = (log_one(&store, "kept"), log_one(&store, "removed"));
    store.runs().delete(&removed).unwrap();
    assert!(store.runs().remove(&removed).unwrap());
    store.close().unwrap();
    drop(store);
    let uri = dir.path().join(".mlops").display().to_string();
    std::fs::write(dir.path().join(".mlops/.gitignore"), "x").unwrap();
    std::fs::remove_dir_all(dir.path().join(".mlops/index")).unwrap();
    let report = fsck(&uri, true).unwrap();
    assert!(report.findings.len() == 1 && report.made_again.is_empty(), "{report:?}");
    let found = open(dir.path()).runs().search(&RunQuery::default()).unwrap().items;
    assert_eq!(found.iter().map(|run| &run.info.run_id).collect::<Vec<_>>(), [&kept]);
}
