//! A run that several processes have started runs until the last of them ends it.

use super::*;

fn status(runs: &Runs, id: &str) -> RunStatus {
    runs.get(id).unwrap().info.status
}

fn held_entries(parts: &Parts) -> usize {
    let held =
        |prefix: &[u8]| parts.storage.scan(&KeyRange::prefix(prefix), &ScanOptions::default()).unwrap().entries.len();
    held(b"h/") + held(b"l/")
}

#[test]
fn a_run_that_another_process_joined_runs_until_both_have_ended_it() {
    let parts = Parts::new();
    let (first, second) = (parts.open(), parts.open());
    let run = first.start(RunOptions::default()).unwrap();
    let id = run.id().to_owned();
    let joined = second.resume(&id).unwrap();
    joined.log_metric("b", 1.0, 0, None).unwrap();
    joined.end(RunStatus::Failed).unwrap();
    assert_eq!((status(&second, &id), second.get(&id).unwrap().info.ended_at), (RunStatus::Running, None));
    run.log_metric("a", 1.0, 0, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(status(&second, &id), RunStatus::Finished);
    assert_eq!(first.get(&id).unwrap().metrics.len(), 2);
    assert_eq!(held_entries(&parts), 0);
}

#[test]
fn three_may_hold_it_and_whoever_is_last_says_how_it_ended() {
    let parts = Parts::new();
    let all = [parts.open(), parts.open(), parts.open()];
    let id = all[0].start(RunOptions::default()).unwrap().id().to_owned();
    let handles: Vec<_> = all.iter().skip(1).map(|runs| runs.resume(&id).unwrap()).collect();
    all[0].open(&id).unwrap().end(RunStatus::Finished).unwrap();
    assert_eq!(status(&all[0], &id), RunStatus::Running);
    handles[1].end(RunStatus::Finished).unwrap();
    assert_eq!(status(&all[0], &id), RunStatus::Running);
    handles[0].end(RunStatus::Failed).unwrap();
    assert_eq!(status(&all[0], &id), RunStatus::Failed);
    assert_eq!(held_entries(&parts), 0);
}

#[test]
fn a_holder_that_dies_leaves_it_to_the_others_and_the_last_that_dies_is_killed() {
    let parts = Parts::new();
    let first = parts.open();
    let id = first.start(RunOptions::default()).unwrap().id().to_owned();
    let second = parts.open();
    drop(second.resume(&id).unwrap());
    drop(second);
    parts.bury(&first);
    assert_eq!(status(&first, &id), RunStatus::Running);
    first.open(&id).unwrap().log_metric("m", 1.0, 0, None).unwrap();
    drop(first);
    let later = parts.open();
    parts.bury(&later);
    assert_eq!(status(&later, &id), RunStatus::Killed);
    assert_eq!(held_entries(&parts), 0);
}

#[test]
fn who_never_held_a_run_ends_it_for_all() {
    let parts = Parts::new();
    let (first, second, client) = (parts.open(), parts.open(), parts.open());
    let id = first.start(RunOptions::default()).unwrap().id().to_owned();
    second.resume(&id).unwrap();
    client.open(&id).unwrap().end(RunStatus::Finished).unwrap();
    assert_eq!(status(&client, &id), RunStatus::Finished);
    // What one of them logs later is kept, and its end is its own.
    first.open(&id).unwrap().log_metric("m", 1.0, 0, None).unwrap();
    first.open(&id).unwrap().end(RunStatus::Failed).unwrap();
    assert_eq!(status(&client, &id), RunStatus::Failed);
}

#[test]
fn a_run_that_ended_and_is_gone_on_with_has_one_holder() {
    let parts = Parts::new();
    let (first, second) = (parts.open(), parts.open());
    let run = first.start(RunOptions::default()).unwrap();
    run.end(RunStatus::Failed).unwrap();
    let again = second.resume(run.id()).unwrap();
    again.end(RunStatus::Finished).unwrap();
    assert_eq!(status(&first, run.id()), RunStatus::Finished);
    assert_eq!(held_entries(&parts), 0);
}
