use super::*;
use crate::runs::{Lifecycle, RunQuery, SyncProgress, View};

fn finished(store: &Store, id: &str, experiment: &str, at: i64) {
    let options = RunOptions {
        run_id: Some(id.into()),
        experiment_name: Some(experiment.into()),
        started_at: Some(Timestamp::from_micros(at)),
        ..RunOptions::default()
    };
    let run = store.runs().start(options).unwrap();
    run.log_param("id", id.into()).unwrap();
    run.end_at(RunStatus::Finished, Timestamp::from_micros(at + 10)).unwrap();
}

fn new(from: &Store, options: &SyncOptions<'_>) -> Vec<String> {
    sync(from, &memory(), options).unwrap().new
}

#[test]
fn runs_are_selected_by_id_experiment_filter_and_time() {
    let from = memory();
    finished(&from, "a", "one", 1_000);
    finished(&from, "b", "one", 2_000);
    finished(&from, "c", "two", 3_000);
    let options = SyncOptions::default;
    assert_eq!(new(&from, &options()), ["a", "b", "c"]);
    assert_eq!(new(&from, &SyncOptions { run_ids: vec!["c".into(), "a".into()], ..options() }), ["a", "c"]);
    let one = || SyncOptions { experiment_names: vec!["one".into()], ..options() };
    assert_eq!(new(&from, &one()), ["a", "b"]);
    assert_eq!(new(&from, &SyncOptions { filter: "params.id != 'a'".into(), ..one() }), ["b"]);
    assert_eq!(new(&from, &SyncOptions { since: Some(Timestamp::from_micros(2_010)), ..options() }), ["b", "c"]);
    assert_eq!(new(&from, &SyncOptions { run_ids: vec!["c".into()], ..one() }), [] as [&str; 0]);
    for (wrong, code) in [
        (SyncOptions { run_ids: vec!["x".into()], ..options() }, Code::NotFound),
        (SyncOptions { experiment_names: vec!["x".into()], ..options() }, Code::NotFound),
        (SyncOptions { filter: "params.".into(), ..options() }, Code::InvalidArgument),
    ] {
        assert_eq!(sync(&from, &memory(), &wrong).unwrap_err().code(), code);
    }
}

#[test]
fn only_experiments_of_selected_runs_are_made_and_none_by_a_dry_run() {
    let (from, to) = (memory(), memory());
    finished(&from, "a", "one", 1_000);
    finished(&from, "b", "two", 2_000);
    let options = SyncOptions { run_ids: vec!["b".into()], dry_run: true, ..SyncOptions::default() };
    let expected = sync(&from, &to, &options).unwrap();
    assert_eq!((expected.new.as_slice(), expected.experiments.as_slice()), (&["b".into()][..], &["two".into()][..]));
    assert_eq!(to.runs().get("b").unwrap_err().code(), Code::NotFound);
    assert_eq!(to.runs().find_experiment("two").unwrap(), None);
    let done = sync(&from, &to, &SyncOptions { dry_run: false, ..options }).unwrap();
    assert_eq!((done.new, done.experiments), (expected.new, expected.experiments));
    assert_eq!(to.runs().find_experiment("one").unwrap(), None);
}

#[test]
fn deleted_runs_come_only_when_they_are_asked_for() {
    let (from, to) = (memory(), memory());
    finished(&from, "a", "one", 1_000);
    finished(&from, "b", "one", 2_000);
    from.runs().delete("b").unwrap();
    assert_eq!(all(&from, &to).new, ["a"]);
    let named = sync(&from, &to, &SyncOptions { run_ids: vec!["b".into()], ..SyncOptions::default() }).unwrap();
    assert!(named.new.is_empty() && named.skipped[0].reason.contains("restore it"), "{named:?}");
    let with_deleted = SyncOptions { include_deleted: true, ..SyncOptions::default() };
    assert_eq!(sync(&from, &to, &with_deleted).unwrap().new, ["b"]);
    assert_eq!(to.runs().get("b").unwrap().info.lifecycle, Lifecycle::Deleted);
    from.runs().restore("b").unwrap();
    assert_eq!(all(&from, &to).updated, ["b"]);
    assert_eq!(to.runs().get("b").unwrap().info.lifecycle, Lifecycle::Active);
    // What is deleted in the destination stays so.
    to.runs().delete("a").unwrap();
    assert_eq!(all(&from, &to).ahead, ["a"]);
    to.gc(&GcOptions { dry_run: false, older_than: Duration::ZERO, deleted_runs: true }).unwrap();
    assert_eq!(to.runs().get("a").unwrap_err().code(), Code::NotFound);
    assert_eq!(all(&from, &to).new, ["a"], "nothing is known of it any more");
}

#[test]
fn runs_of_deleted_experiments_are_asked_about_on_both_sides() {
    let (from, to) = (memory(), memory());
    finished(&from, "a", "one", 1_000);
    finished(&from, "b", "two", 2_000);
    let id = |store: &Store, name: &str| store.runs().find_experiment(name).unwrap().unwrap().experiment_id;
    from.runs().delete_experiment(&id(&from, "two")).unwrap();
    let report = all(&from, &to);
    assert_eq!((report.new, report.experiments), (vec!["a".to_owned()], vec!["one".to_owned()]));
    let with_deleted = || SyncOptions { include_deleted: true, ..SyncOptions::default() };
    assert_eq!(sync(&from, &to, &with_deleted()).unwrap().new, ["b"]);
    assert_eq!(to.runs().get("b").unwrap().info.lifecycle, Lifecycle::Deleted);

    from.runs().restore_experiment(&id(&from, "two")).unwrap();
    let error = sync(&from, &to, &SyncOptions::default()).unwrap_err();
    assert!(error.code() == Code::InvalidState && error.to_string().contains("restore it there"), "{error}");
    finished(&from, "c", "one", 3_000);
    let skip = SyncOptions { skip_deleted_experiments: true, ..SyncOptions::default() };
    let report = sync(&from, &to, &skip).unwrap();
    assert_eq!((report.new, report.unchanged), (vec!["c".to_owned()], 1));
    assert!(report.skipped.len() == 1 && report.skipped[0].reason.contains("`two` is deleted"), "{:?}", report.skipped);
    to.runs().restore_experiment(&id(&to, "two")).unwrap();
    assert_eq!(all(&from, &to).unchanged, 3);
    let into = id(&to, "two");
    to.runs().delete_experiment(&into).unwrap();
    assert_eq!(to.runs().move_to_experiment(&["a"], &into).unwrap_err().code(), Code::InvalidState);
    assert_eq!(to.runs().move_to_experiment(&["b"], "0").unwrap_err().code(), Code::InvalidState);
}

#[test]
fn experiments_are_matched_by_name_and_get_tags_that_they_lack() {
    let (from, to) = (memory(), memory());
    from.runs().create_experiment("churn", &[("team".into(), "growth".into()), ("goal".into(), "f1".into())]).unwrap();
    to.runs().create_experiment("other", &[]).unwrap();
    to.runs().create_experiment("churn", &[("team".into(), "ours".into())]).unwrap();
    finished(&from, "a", "churn", 1_000);
    assert_eq!(all(&from, &to).experiments, [] as [&str; 0]);
    let found = to.runs().find_experiment("churn").unwrap().unwrap();
    let tags = (found.tags["team"].as_str(), found.tags["goal"].as_str());
    assert_eq!((found.experiment_id.as_str(), tags), ("2", ("ours", "f1")));
    assert_eq!(to.runs().get("a").unwrap().info.experiment_id, "2");
    assert_eq!(to.runs().list_experiments(View::All, 0, None).unwrap().items.len(), 3);
}

#[test]
fn runs_are_moved_and_a_sync_moves_them_too() {
    let (from, to) = (memory(), memory());
    finished(&from, "a", "one", 1_000);
    finished(&from, "b", "one", 2_000);
    all(&from, &to);
    let two = from.runs().ensure_experiment("two").unwrap().experiment_id;
    assert_eq!(from.runs().move_to_experiment(&["a", "b"], &two).unwrap(), 2);
    assert_eq!(from.runs().move_to_experiment(&["a"], &two).unwrap(), 0);
    let in_experiment = |store: &Store, name: &str| {
        let id = store.runs().find_experiment(name).unwrap().unwrap().experiment_id;
        let query = RunQuery { experiment_ids: vec![id], ..RunQuery::default() };
        store.runs().search(&query).unwrap().items.len()
    };
    assert_eq!((in_experiment(&from, "one"), in_experiment(&from, "two")), (0, 2));
    assert_eq!(all(&from, &to).updated, ["a", "b"]);
    assert_eq!((in_experiment(&to, "one"), in_experiment(&to, "two")), (0, 2));
    for (run, into) in [("x", two.as_str()), ("a", "99")] {
        assert_eq!(from.runs().move_to_experiment(&[run], into).unwrap_err().code(), Code::NotFound);
    }
    from.runs().delete("a").unwrap();
    assert_eq!(from.runs().move_to_experiment(&["b", "a"], "0").unwrap_err().code(), Code::InvalidState);
    assert_eq!(in_experiment(&from, "two"), 1);
}

#[test]
fn progress_is_told_behind_every_run() {
    let from = memory();
    for number in 0..150 {
        finished(&from, &format!("run-{number}"), "one", number);
    }
    let seen = std::cell::RefCell::new(Vec::new());
    let progress = |at: SyncProgress| seen.borrow_mut().push((at.runs, at.of));
    let options = SyncOptions { progress: Some(&progress), ..SyncOptions::default() };
    assert_eq!(new(&from, &options).len(), 150);
    assert_eq!(*seen.borrow(), (1..=150).map(|n| (n, 150)).collect::<Vec<_>>());
}
