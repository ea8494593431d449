mod selected;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::error::Code;
use crate::registry::{ModelRegistry, VersionOptions};
use crate::runs::{Batch, DATASET_CONTEXT, DatasetInput, MetricPoint, OnConflict, Run, RunExt, RunOptions, RunStatus};
use crate::store::{BackupOptions, GcOptions, backup, fsck};

fn memory() -> Store {
    Store::open(MEMORY).unwrap()
}

fn folder(dir: &Path, name: &str) -> Store {
    Store::open(dir.join(name).to_str().unwrap()).unwrap()
}

fn start(store: &Store, id: &str) -> Arc<dyn Run> {
    let options =
        RunOptions { run_id: Some(id.into()), experiment_name: Some("churn".into()), ..RunOptions::default() };
    store.runs().start(options).unwrap()
}

fn all(from: &Store, to: &Store) -> SyncReport {
    sync(from, to, &SyncOptions::default()).unwrap()
}

fn on_conflict(from: &Store, to: &Store, on_conflict: OnConflict) -> SyncReport {
    sync(from, to, &SyncOptions { on_conflict, ..SyncOptions::default() }).unwrap()
}

/// All that a store shows of a run, points bit for bit.
fn shown(store: &Store, id: &str) -> String {
    let runs = store.runs();
    let data = runs.get(id).unwrap();
    let mut lines =
        vec![format!("{:?} {:?} {:?} {:?} {:?}", data.params, data.tags, data.metrics, data.inputs, data.origin)];
    let mut info = data.info.clone();
    info.experiment_id = runs.get_experiment(&info.experiment_id).unwrap().name;
    lines.push(format!("{info:?}"));
    // Each reads the whole segment: of thousands, some.
    for key in data.metrics.keys().step_by(1 + data.metrics.len() / 20) {
        let series = runs.metric_history(id, key).unwrap();
        let points = series.points().map(|(step, at, value)| format!("{step} {at} {:x}", value.to_bits()));
        lines.push(format!("{key}: {}", points.collect::<Vec<_>>().join(", ")));
    }
    let mut folders = vec![None];
    while let Some(folder) = folders.pop() {
        for found in runs.list_artifacts(id, folder.as_deref()).unwrap() {
            if found.is_dir {
                folders.push(Some(found.path));
            } else {
                assert_eq!(
                    found.digest.unwrap(),
                    crate::base::digests::Digest::of(&runs.read_artifact(id, &found.path).unwrap())
                );
                lines.push(format!("{found:?}"));
            }
        }
    }
    lines.join("\n")
}

fn same(a: &Store, b: &Store, id: &str) {
    assert_eq!(shown(a, id), shown(b, id));
}

/// One of everything, some of it large.
fn log_everything(run: &dyn Run) {
    let params =
        [("lr", 1e-5.into()), ("depth", 7.into()), ("on", true.into()), ("long", "text ".repeat(2_000).into())];
    let params = params.map(|(key, value): (&str, ParamValue)| (key.to_owned(), value));
    let tags = vec![("note".to_owned(), "long ".repeat(3_000)), ("mlflow.note.content".into(), "about".into())];
    run.log_batch(&Batch { params: params.to_vec(), tags, ..Batch::default() }).unwrap();
    for (step, value) in [0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0].into_iter().enumerate() {
        run.log_metric("odd", value, 3 - i64::try_from(step).unwrap(), Some(Timestamp::from_micros(9))).unwrap();
    }
    run.log_series("curve", &[], &[], &(0..5_000).map(f64::from).collect::<Vec<_>>()).unwrap();
    let input = |name: &str, context: &str| DatasetInput {
        name: name.into(),
        digest: "d1".into(),
        source_type: "local".into(),
        source: "data.csv".into(),
        schema: Some("column ".repeat(1_000)),
        profile: None,
        tags: [(DATASET_CONTEXT.to_owned(), context.to_owned())].into(),
    };
    run.log_inputs(&[input("train", "training"), input("test", "evaluation")]).unwrap();
    run.log_bytes("model/weights.bin", &vec![7; 3 << 20]).unwrap();
    run.log_bytes("model/small.txt", b"small").unwrap();
}

#[test]
fn everything_of_a_run_arrives_and_a_second_sync_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (folder(dir.path(), "from"), folder(dir.path(), "to"));
    // The ids of experiments differ.
    to.runs().ensure_experiment("other").unwrap();
    let run = start(&from, "one");
    log_everything(&*run);
    let child = RunOptions { run_id: Some("two".into()), parent_run_id: Some("one".into()), ..RunOptions::default() };
    from.runs().start(child).unwrap().end(RunStatus::Failed).unwrap();
    from.runs().create_experiment("empty", &[("team".into(), "growth".into())]).unwrap();

    let report = all(&from, &to);
    assert_eq!((report.new.len(), report.experiments.len()), (2, 2), "{report:?}");
    assert!(report.blobs > 4 && report.bytes > 3 << 20);
    same(&from, &to, "one");
    same(&from, &to, "two");
    assert_eq!(to.runs().find_experiment("empty").unwrap().unwrap().tags["team"], "growth");

    let storage = |store: &Store| {
        let range = crate::storage::KeyRange::all();
        store.storage().scan(&range, &crate::storage::ScanOptions::default()).unwrap().entries
    };
    let before = storage(&to);
    let report = all(&from, &to);
    assert_eq!((report.unchanged, report.new.len(), report.updated.len(), report.blobs), (2, 0, 0, 0));
    assert_eq!(storage(&to), before);
    drop(to);
    let checked = fsck(dir.path().join("to").to_str().unwrap(), false).unwrap();
    assert!(checked.findings.is_empty() && checked.lost.is_empty(), "{checked:?}");
}

#[test]
fn a_run_that_grows_is_brought_up_to_date_until_it_ends() {
    let (from, to) = (memory(), memory());
    let run = start(&from, "one");
    for step in 0..5_000 {
        run.log_metric("loss", f64::from(step), step.into(), None).unwrap();
        if step % 1_000 == 500 {
            all(&from, &to);
            same(&from, &to, "one");
            assert_eq!(all(&from, &to).unchanged, 1);
        }
    }
    run.log_param("late", 1.into()).unwrap();
    run.log_bytes("late.txt", b"late").unwrap();
    run.delete_tag("mlflow.source.type").unwrap();
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(all(&from, &to).updated, ["one"]);
    same(&from, &to, "one");
    assert!(!to.runs().get("one").unwrap().tags.contains_key("mlflow.source.type"));
}

#[test]
fn a_run_larger_than_a_commit_arrives_and_grows() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (memory(), folder(dir.path(), "to"));
    let run = start(&from, "one");
    let batch = |first: u32| Batch {
        params: (first..first + 3_000).map(|n| (format!("param {n}"), ParamValue::Text("x".repeat(600)))).collect(),
        tags: (first..first + 3_000).map(|n| (format!("tag {n}"), "y".repeat(600))).collect(),
        metrics: (first..first + 9_000)
            .map(|n| MetricPoint {
                key: format!("metric {}", n % 3_000),
                value: f64::from(n),
                step: n.into(),
                at: None,
            })
            .collect(),
        ..Batch::default()
    };
    run.log_batch(&batch(0)).unwrap();
    assert_eq!(all(&from, &to).new, ["one"]);
    same(&from, &to, "one");
    // Its record changes once more behind the commit that has it: one more sync notes the last.
    assert_eq!(all(&from, &to).unchanged, 1);
    run.log_batch(&batch(3_000)).unwrap();
    run.set_tag("tag 7", "other").unwrap();
    log_everything(&*run);
    run.delete_tag("tag 8").unwrap();
    assert_eq!(all(&from, &to).updated, ["one"]);
    same(&from, &to, "one");
    drop(to);
    let again = folder(dir.path(), "to");
    same(&from, &again, "one");
}

#[test]
fn what_changed_in_both_is_a_conflict_that_the_caller_decides() {
    let stores = || {
        let (from, to) = (memory(), memory());
        let run = start(&from, "one");
        run.end(RunStatus::Finished).unwrap();
        all(&from, &to);
        from.runs().open("one").unwrap().set_tag("note", "theirs").unwrap();
        to.runs().open("one").unwrap().set_tag("note", "ours").unwrap();
        (from, to)
    };
    let note = |store: &Store| store.runs().get("one").unwrap().tags["note"].clone();

    let (from, to) = stores();
    for _ in 0..2 {
        let report = all(&from, &to);
        assert_eq!((report.open_conflicts(), report.conflicts[0].differs.as_str()), (1, "tags note"));
        assert_eq!(note(&to), "ours");
    }
    let report = on_conflict(&from, &to, OnConflict::Theirs);
    assert_eq!((report.open_conflicts(), report.conflicts.len(), note(&to).as_str()), (0, 1, "theirs"));
    assert_eq!(all(&from, &to).unchanged, 1);
    assert_eq!(all(&to, &from).unchanged, 1);

    let (from, to) = stores();
    on_conflict(&from, &to, OnConflict::Ours);
    assert_eq!(note(&to), "ours");
    assert_eq!(all(&from, &to).ahead, ["one"]);
    assert_eq!(all(&to, &from).updated, ["one"]);
    assert_eq!(note(&from), "ours");
    from.runs().open("one").unwrap().set_tag("note", "later").unwrap();
    assert_eq!(all(&from, &to).updated, ["one"]);
    assert_eq!(note(&to), "later");
}

#[test]
fn what_changed_in_the_destination_only_stays_and_goes_back() {
    let (from, to) = (memory(), memory());
    start(&from, "one").end(RunStatus::Finished).unwrap();
    all(&from, &to);
    let run = to.runs().resume("one").unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    assert_eq!(all(&from, &to).ahead, ["one"]);
    assert_eq!(all(&to, &from).updated, ["one"]);
    same(&from, &to, "one");
    run.log_metric("loss", 0.25, 1, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(all(&to, &from).updated, ["one"]);
    same(&from, &to, "one");
}

#[test]
fn runs_go_round_among_three_stores() {
    let (a, b, c) = (memory(), memory(), memory());
    let run = start(&a, "one");
    run.log_param("p", 1.into()).unwrap();
    all(&a, &b);
    all(&b, &c);
    assert_eq!(all(&a, &c).unchanged, 1);
    run.log_param("q", 2.into()).unwrap();
    all(&a, &c);
    // What comes by another way is not news.
    assert_eq!(all(&b, &c).ahead, ["one"]);
    assert_eq!(all(&c, &b).updated, ["one"]);
    assert_eq!(all(&a, &b).unchanged, 1);
    run.delete_tag("mlflow.user").unwrap();
    all(&a, &b);
    assert_eq!(all(&c, &b).ahead, ["one"]);
    assert_eq!(all(&b, &c).updated, ["one"]);
    same(&a, &c, "one");
}

#[test]
fn a_backup_from_before_brings_nothing_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (from, to) = (folder(dir.path(), "from"), memory());
    let run = start(&from, "one");
    run.set_tag("note", "first").unwrap();
    backup(&path("from"), &path("backup"), &BackupOptions::default()).unwrap();
    run.set_tag("note", "second").unwrap();
    all(&from, &to);
    assert_eq!(import(&path("backup"), &to, &SyncOptions::default()).unwrap().ahead, ["one"]);
    assert_eq!(to.runs().get("one").unwrap().tags["note"], "second");
}

#[test]
fn a_copy_of_a_folder_that_went_on_is_newer_without_any_note() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let from = folder(dir.path(), "from");
    let run = start(&from, "one");
    run.log_metric("loss", 0.5, 0, None).unwrap();
    backup(&path("from"), &path("copy"), &BackupOptions::default()).unwrap();
    run.log_metric("loss", 0.25, 1, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let copy = folder(dir.path(), "copy");
    // The copy takes the run's process for dead, as nobody logs there.
    let report = all(&from, &copy);
    assert_eq!(report.conflicts.len(), 1, "{report:?}");
    assert_eq!(report.conflicts[0].differs, "status; metrics loss");
    let other = start(&from, "two");
    other.end(RunStatus::Finished).unwrap();
    all(&from, &copy);
    backup(&path("copy"), &path("third"), &BackupOptions::default()).unwrap();
    from.runs().open("two").unwrap().log_metric("late", 1.0, 0, None).unwrap();
    assert_eq!(import(&path("from"), &folder(dir.path(), "third"), &SyncOptions::default()).unwrap().updated, ["two"]);
}

#[test]
fn blobs_that_are_there_are_not_copied_and_a_gc_takes_none() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (folder(dir.path(), "from"), folder(dir.path(), "to"));
    for id in ["one", "two"] {
        let run = start(&from, id);
        run.log_bytes("large", &vec![7; 200_000]).unwrap();
        run.log_bytes("small", b"small").unwrap();
        run.end(RunStatus::Finished).unwrap();
    }
    let one = SyncOptions { run_ids: vec!["one".into()], ..SyncOptions::default() };
    assert_eq!(sync(&from, &to, &one).unwrap().blobs, 3);
    // The copy of the record is the only one that differs.
    assert_eq!(all(&from, &to).blobs, 1);
    to.gc(&GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true }).unwrap();
    same(&from, &to, "one");
    same(&from, &to, "two");
}

#[test]
fn a_run_that_is_damaged_in_the_source_does_not_stand_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (folder(dir.path(), "from"), memory());
    for id in ["one", "two"] {
        let run = start(&from, id);
        run.log_bytes("large", &vec![id.as_bytes()[0]; 2 << 20]).unwrap();
        run.end(RunStatus::Finished).unwrap();
    }
    let digest = from.runs().list_artifacts("one", None).unwrap()[0].digest.unwrap().to_hex();
    let file = dir.path().join("from/blobs/objects").join(&digest[..2]).join(&digest);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[1_500_000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let report = all(&from, &to);
    assert_eq!((report.new.as_slice(), report.failed.len()), (["two".to_owned()].as_slice(), 1));
    assert!(report.failed[0].reason.contains("damaged"), "{report:?}");
    assert_eq!(to.runs().get("one").unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_store_and_itself_are_refused() {
    let store = memory();
    assert_eq!(sync(&store, &store.clone(), &SyncOptions::default()).unwrap_err().code(), Code::InvalidArgument);
    let dir = tempfile::tempdir().unwrap();
    let store = folder(dir.path(), "store");
    let error = import(store.uri(), &store, &SyncOptions::default()).unwrap_err();
    assert!(error.to_string().contains("another store"), "{error}");
    let missing = dir.path().join("nowhere").display().to_string();
    assert_eq!(import(&missing, &store, &SyncOptions::default()).unwrap_err().code(), Code::NotFound);
    let reader = open_source(store.uri()).unwrap();
    start(&store, "one");
    let error = sync(&store, &reader, &SyncOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let elsewhere = memory();
    start(&elsewhere, "two");
    assert_eq!(sync(&elsewhere, &reader, &SyncOptions::default()).unwrap_err().code(), Code::ReadOnly);
}

#[test]
fn logging_goes_on_in_the_destination_with_what_was_copied() {
    let (from, to) = (memory(), memory());
    let run = start(&from, "one");
    run.log_param("lr", 0.1.into()).unwrap();
    all(&from, &to);
    let here = to.runs().open("one").unwrap();
    here.log_metric("seen", 1.0, 0, None).unwrap();
    run.log_param("depth", 3.into()).unwrap();
    on_conflict(&from, &to, OnConflict::Theirs);
    assert_eq!(here.log_param("depth", 4.into()).unwrap_err().code(), Code::Conflict);
    here.log_metric("loss", 0.5, 0, None).unwrap();
    assert_eq!(to.runs().get("one").unwrap().metrics.keys().collect::<Vec<_>>(), ["loss"]);
}

#[test]
fn a_run_is_trusted_as_the_store_was_that_it_came_from() {
    let (from, to) = (memory(), memory());
    start(&from, "one").end(RunStatus::Finished).unwrap();
    let ends = |trusted| Ends { from: from.id(), to: to.id(), trusted, noted: false };
    let sync = |trusted| to.runs().sync_from(from.runs(), ends(trusted), &SyncOptions::default()).unwrap();
    sync(false);
    assert!(!to.trusts_run("one").unwrap());
    // It goes on with the run.
    let third = memory();
    all(&to, &third);
    assert!(!third.trusts_run("one").unwrap());
    // Trusted since.
    assert_eq!(sync(true).report.unchanged, 1);
    assert!(to.trusts_run("one").unwrap());
    assert_eq!(all(&to, &third).unchanged, 1);
    assert!(third.trusts_run("one").unwrap());
    // What was trusted and comes from elsewhere now is not.
    from.runs().open("one").unwrap().log_bytes("model.pkl", b"new").unwrap();
    assert_eq!(sync(false).report.updated, ["one"]);
    assert!(!to.trusts_run("one").unwrap());
    // What was made here stays trusted where another store has the same.
    start(&to, "two").end(RunStatus::Finished).unwrap();
    all(&to, &from);
    sync(false);
    assert!(to.trusts_run("two").unwrap());
}

#[test]
fn an_export_of_nothing_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = memory();
    start(&store, "a").end(RunStatus::Finished).unwrap();
    let dest = dir.path().join("carried");
    let named = SyncOptions { run_ids: vec!["zz".into()], ..SyncOptions::default() };
    assert_eq!(export(&store, dest.to_str().unwrap(), &named).unwrap_err().code(), Code::NotFound);
    let none = SyncOptions { filter: "metrics.loss < 0".into(), ..SyncOptions::default() };
    assert!(export(&store, dest.to_str().unwrap(), &none).unwrap().new.is_empty());
    assert!(!dest.exists());
    assert_eq!(export(&store, dest.to_str().unwrap(), &SyncOptions::default()).unwrap().new, ["a"]);
}

#[test]
fn a_store_without_runs_is_brought_to_a_place_where_nothing_is() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let store = folder(dir.path(), "source");
    assert!(!export(&store, &at("empty"), &SyncOptions::default()).unwrap().dry_run);
    assert!(!Path::new(&at("empty")).exists());

    store.runs().ensure_experiment("planned").unwrap();
    assert_eq!(export(&store, &at("experiments"), &SyncOptions::default()).unwrap().experiments, ["planned"]);
    assert!(folder(dir.path(), "experiments").runs().find_experiment("planned").unwrap().is_some());

    let elsewhere = VersionOptions { source: "s3://fraud".into(), ..VersionOptions::default() };
    store.registry().register("fraud", &elsewhere).unwrap();
    let selected = SyncOptions { filter: "metrics.loss < 0".into(), ..SyncOptions::default() };
    export(&store, &at("selected"), &selected).unwrap();
    assert!(!Path::new(&at("selected")).exists(), "the registry comes with the whole store only");
    let report = sync_at(&at("source"), &at("models"), &SyncOptions::default()).unwrap();
    assert_eq!((report.dry_run, report.registered_models.new), (false, vec!["fraud".to_owned()]));
    let copy = folder(dir.path(), "models").registry();
    assert_eq!(copy.get_version("fraud", 1).unwrap().info.source, "s3://fraud");

    // Of a model that was deleted the log and the number stay.
    store.registry().delete_model("fraud").unwrap();
    export(&store, &at("deleted"), &SyncOptions::default()).unwrap();
    assert_eq!(folder(dir.path(), "deleted").registry().register("fraud", &elsewhere).unwrap().version, 2);
}

#[test]
fn a_destination_in_the_folder_of_the_source_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = folder(dir.path(), "source");
    start(&store, "a").end(RunStatus::Finished).unwrap();
    for inside in ["source/inner", "source/blobs", "source/../source/x/y"] {
        let dest = dir.path().join(inside);
        let refused = export(&store, dest.to_str().unwrap(), &SyncOptions::default()).unwrap_err();
        assert!(refused.code() == Code::InvalidArgument && refused.to_string().contains("outside"), "{refused}");
    }
    assert!(!dir.path().join("source/inner").exists());
    export(&store, dir.path().join("beside").to_str().unwrap(), &SyncOptions::default()).unwrap();
}
