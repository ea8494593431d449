//! Runs that are started for somebody else, and artifacts that are taken away.

use super::*;

fn bare(unattended: bool) -> RunOptions {
    RunOptions { run_name: Some("n".into()), bare: true, unattended, ..RunOptions::default() }
}

#[test]
fn a_bare_run_has_no_tag_but_its_name_and_what_it_is_given() {
    let parts = Parts::new();
    let runs = parts.open();
    let options = RunOptions { tags: vec![("a".into(), "b".into())], user: Some("ada".into()), ..bare(false) };
    let run = runs.start(options).unwrap();
    let found = runs.get(run.id()).unwrap();
    let expected = [("a", "b"), (tags::RUN_NAME, "n")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(found.tags, BTreeMap::from(expected));
    assert_eq!(found.info.user, "ada");
}

#[test]
fn an_unattended_run_runs_on_when_its_process_dies() {
    let parts = Parts::new();
    let (attended, unattended) = {
        let runs = parts.open();
        let ids = [false, true].map(|unattended| runs.start(bare(unattended)).unwrap().id().to_owned());
        assert_eq!(runs.get(&ids[1]).unwrap().info.status, RunStatus::Running);
        // As if the process were gone: nothing of it is closed.
        std::mem::forget(runs);
        (ids[0].clone(), ids[1].clone())
    };
    let runs = parts.open();
    let live: Vec<_> = live_runs(&parts);
    assert_eq!(live, [attended]);
    runs.open(&unattended).unwrap().log_metric("m", 1.0, 0, None).unwrap();
    runs.open(&unattended).unwrap().end(RunStatus::Finished).unwrap();
    let found = runs.get(&unattended).unwrap();
    assert_eq!((found.info.status, found.metrics["m"].count), (RunStatus::Finished, 1));
}

/// The runs that a writer is said to have started and not ended.
fn live_runs(parts: &Parts) -> Vec<String> {
    let page = parts.storage.scan(&KeyRange::prefix(b"l/"), &ScanOptions::default()).unwrap();
    let id = |key: &[u8]| String::from_utf8_lossy(key.rsplit(|byte| *byte == b'/').next().unwrap()).into_owned();
    page.entries.iter().map(|(key, _)| id(key)).collect()
}

#[test]
fn artifacts_are_taken_away_by_path_and_by_folder() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    for path in ["a.txt", "folder/b.txt", "folder/deep/c.txt", "other"] {
        run.log_bytes(path, path.as_bytes()).unwrap();
    }
    run.log_metric("m", 0.5, 0, None).unwrap();
    let names = || -> Vec<String> {
        runs.list_artifacts(run.id(), None).unwrap().into_iter().map(|found| found.path).collect()
    };
    assert_eq!(runs.delete_artifacts(run.id(), Some("folder")).unwrap(), 2);
    assert_eq!(names(), ["a.txt", "other"]);
    assert_eq!(runs.delete_artifacts(run.id(), Some("folder")).unwrap_err().code(), Code::NotFound);
    // What was a folder may be a file now.
    run.log_bytes("folder", b"file").unwrap();
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(runs.delete_artifacts(run.id(), Some("folder")).unwrap(), 1);
    assert_eq!(runs.delete_artifacts(run.id(), None).unwrap(), 2);
    assert_eq!(runs.delete_artifacts(run.id(), None).unwrap(), 0);
    assert!(names().is_empty());
    assert_eq!(runs.metric_history(run.id(), "m").unwrap().values, [0.5]);
    runs.delete(run.id()).unwrap();
    assert_eq!(runs.delete_artifacts(run.id(), None).unwrap_err().code(), Code::InvalidState);
    assert_eq!(runs.delete_artifacts("none", None).unwrap_err().code(), Code::NotFound);
}

#[test]
fn an_experiment_may_be_older_than_the_store() {
    let parts = Parts::new();
    let runs = parts.open();
    let at = Timestamp::from_millis(1_000);
    let made = runs.create_experiment_at("old", &[], at).unwrap();
    assert_eq!((made.created_at, made.updated_at), (at, at));
}

#[test]
fn a_run_that_was_brought_in_is_marked_once_and_for_all() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    assert!(!runs.is_foreign(run.id()).unwrap());
    runs.mark_foreign(run.id()).unwrap();
    runs.mark_foreign(run.id()).unwrap();
    assert!(runs.is_foreign(run.id()).unwrap());
    assert_eq!(runs.mark_foreign("none").unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_file_and_a_folder_of_one_name_do_not_keep_the_other_artifacts_from_being_downloaded() {
    let parts = Parts::new();
    let (here, there) = (parts.open(), parts.open());
    let ours = here.start(RunOptions::default()).unwrap();
    let theirs = there.open(ours.id()).unwrap();
    theirs.log_bytes("a", b"a").unwrap();
    ours.log_bytes("q", b"file").unwrap();
    theirs.log_bytes("q/r", b"in a folder").unwrap();
    ours.log_bytes("z", b"z").unwrap();
    there.drain().unwrap();
    let dest = parts.dir.path().join("downloaded");
    let refused = here.download_artifacts(ours.id(), None, &dest).unwrap_err();
    assert_eq!(refused.code(), Code::Conflict);
    assert!(refused.to_string().contains("`q/r`"), "{refused}");
    for (path, content) in [("a", "a"), ("q", "file"), ("z", "z")] {
        assert_eq!(std::fs::read_to_string(dest.join(path)).unwrap(), content);
    }
    assert_eq!(std::fs::read_dir(&dest).unwrap().count(), 3, "nothing half made");
}

#[test]
fn a_part_of_a_path_that_no_file_can_have_as_its_name_is_refused() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    run.log_bytes(&format!("a/{}", "x".repeat(255)), b"x").unwrap();
    for path in ["x".repeat(256), format!("{}/a", "\u{e9}".repeat(128))] {
        let refused = run.log_bytes(&path, b"x").unwrap_err();
        assert_eq!(refused.code(), Code::LimitExceeded, "{refused}");
    }
    runs.download_artifacts(run.id(), None, &parts.dir.path().join("all")).unwrap();
}
