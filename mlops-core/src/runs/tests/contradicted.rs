//! Two processes that set one param to different values: who comes second is told.

use super::*;
use crate::runs::tags::CONFLICTING_PARAMS;

/// One run that two processes log to; what the first logged of the param `p` is drained first.
fn two(parts: &Parts) -> (Runs, Arc<dyn Run>, Runs, Arc<dyn Run>) {
    let (here, there) = (parts.open(), parts.open());
    let ours = here.start(RunOptions::default()).unwrap();
    let theirs = there.open(ours.id()).unwrap();
    ours.log_param("known", 1.into()).unwrap();
    theirs.log_param("known", 1.into()).unwrap();
    // Drained together, but by each process for itself.
    let drain = here.core.drain.lock();
    ours.log_param("p", "ours".into()).unwrap();
    theirs.log_param("p", "theirs".into()).unwrap();
    there.drain().unwrap();
    drop(drain);
    (here, ours, there, theirs)
}

fn conflict(result: crate::error::Result<()>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code(), Code::Conflict, "{error}");
    error.to_string()
}

#[test]
fn the_next_log_call_of_the_second_says_that_its_param_does_not_count_and_then_it_knows() {
    let parts = Parts::new();
    let (here, ours, _there, theirs) = two(&parts);
    here.drain().unwrap();
    let told = conflict(ours.log_metric("m", 1.0, 0, None));
    for part in ["`p`", "`theirs`", "`ours`", "another name", "make it again"] {
        assert!(told.contains(part), "{told}");
    }
    // Once.
    ours.log_metric("m", 1.0, 0, None).unwrap();
    assert!(conflict(ours.log_param("p", "ours".into())).contains("already `theirs`"));
    ours.log_param("p", "theirs".into()).unwrap();
    theirs.log_param("p", "theirs".into()).unwrap();
    let found = here.get(ours.id()).unwrap();
    assert_eq!((found.params["p"].text(), found.metrics["m"].count), ("theirs".into(), 1));
    assert_eq!(found.tags[CONFLICTING_PARAMS], "1");
    ours.end(RunStatus::Finished).unwrap();
}

#[test]
fn the_end_of_the_run_tells_who_does_not_log_any_more() {
    let parts = Parts::new();
    let (here, ours, _there, theirs) = two(&parts);
    let told = conflict(ours.end(RunStatus::Finished));
    assert!(told.contains("`theirs` and not `ours`") && told.ends_with("the run has ended"), "{told}");
    assert_eq!(here.get(ours.id()).unwrap().info.status, RunStatus::Finished);
    theirs.end(RunStatus::Finished).unwrap();
}
