//! Taking trials, ending them, and what came out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Pillars;
use crate::base::text::ParamValue;
use crate::error::Code;
use crate::runs::{RunOptions, RunQuery, RunStatus, View};
use crate::sweeps::{Decision, Dimension, EarlyStopping, Goal, Method, Sweep, SweepOptions, Trial, TrialState, tags};

fn store() -> Pillars {
    Pillars::new()
}

fn options(trials: u64) -> SweepOptions {
    let options = SweepOptions::random("loss", trials).with_param("x", Dimension::float(0.0, 1.0));
    SweepOptions { name: Some("s".into()), seed: Some(1), ..options }
}

fn finish(trial: &Trial, value: f64) {
    let _ = trial.report(value, 0).unwrap();
    trial.end(RunStatus::Finished).unwrap();
}

fn all(sweep: &Sweep) -> Vec<Trial> {
    std::iter::from_fn(|| sweep.take().unwrap()).collect()
}

#[test]
fn a_trial_is_a_run_with_params_and_tags_beneath_the_parent() {
    let store = store();
    let parent = store.runs().start(RunOptions::default()).unwrap();
    let experiment = store.runs().ensure_experiment("tuning").unwrap().experiment_id;
    let sweep = store
        .sweeps()
        .create(SweepOptions {
            parent_run_id: Some(parent.id().into()),
            experiment_id: Some(experiment.clone()),
            ..options(3)
        })
        .unwrap();
    let trial = sweep.take().unwrap().unwrap();
    let run = store.runs().get(trial.run().id()).unwrap();
    assert_eq!(run.params, *trial.params());
    assert_eq!((&*run.tags[tags::SWEEP], &*run.tags[tags::TRIAL]), ("s", "0"));
    assert!(!run.tags.contains_key(tags::ATTEMPT) && !run.tags.contains_key(tags::STOPPED_EARLY));
    assert_eq!((&*run.info.run_name, run.info.experiment_id), ("s-0", experiment));
    assert_eq!(run.info.parent_run_id.as_deref(), Some(parent.id()));
}

#[test]
fn every_trial_is_taken_once_and_then_there_is_none() {
    let store = store();
    let sweep = store.sweeps().create(options(40)).unwrap();
    let taken: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let sweep = store.sweeps().get("s").unwrap();
                scope.spawn(move || {
                    let mut numbers = Vec::new();
                    while let Some(trial) = sweep.take().unwrap() {
                        numbers.push(trial.number());
                        finish(&trial, 0.5);
                    }
                    numbers
                })
            })
            .collect();
        let mut taken: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        taken.sort_unstable();
        taken
    });
    assert_eq!(taken, (0..40).collect::<Vec<_>>());
    assert!(sweep.take().unwrap().is_none());
    let status = sweep.status().unwrap();
    assert_eq!((status.finished, status.left, status.running), (40, 0, 0));
    // A run that came too late for a trial is deleted; the others are the trials.
    let runs = store.runs().search(&RunQuery { view: View::Active, ..RunQuery::default() }).unwrap().items;
    assert_eq!(runs.len(), 40);
}

#[test]
fn two_stores_draw_the_same_and_another_seed_draws_others() {
    let params = |seed| -> Vec<BTreeMap<String, ParamValue>> {
        let sweep = store().sweeps().create(SweepOptions { seed: Some(seed), ..options(5) }).unwrap();
        all(&sweep).iter().map(|trial| trial.params().clone()).collect()
    };
    assert_eq!(params(1), params(1));
    assert_ne!(params(1), params(2));
}

#[test]
fn a_killed_trial_is_taken_again_with_its_params_and_only_so_often() {
    let store = store();
    let sweep = store.sweeps().create(SweepOptions { max_attempts: Some(2), ..options(2) }).unwrap();
    let first = sweep.take().unwrap().unwrap();
    first.end(RunStatus::Killed).unwrap();
    assert_eq!(sweep.status().unwrap().killed, 1);
    let again = sweep.take().unwrap().unwrap();
    assert_eq!((again.number(), again.attempt()), (0, 2));
    assert_eq!(again.params(), first.params());
    assert_ne!(again.run().id(), first.run().id());
    assert_eq!(store.runs().get(again.run().id()).unwrap().tags[tags::ATTEMPT], "2");
    again.end(RunStatus::Killed).unwrap();
    assert_eq!(sweep.take().unwrap().unwrap().number(), 1);
    let states: Vec<TrialState> = sweep.trials().unwrap().iter().map(|trial| trial.state).collect();
    assert_eq!(states, [TrialState::Lost, TrialState::Running]);
    assert!(sweep.take().unwrap().is_none());
}

#[test]
fn a_failed_trial_is_not_taken_again_and_cannot_be_the_best() {
    let store = store();
    let sweep = store.sweeps().create(options(2)).unwrap();
    let failed = sweep.take().unwrap().unwrap();
    let _ = failed.report(-1.0, 0).unwrap();
    failed.end(RunStatus::Failed).unwrap();
    finish(&sweep.take().unwrap().unwrap(), 1.0);
    assert!(sweep.take().unwrap().is_none());
    assert_eq!(sweep.best().unwrap().unwrap().number, 1);
}

#[test]
fn the_best_is_by_the_last_value_and_nan_and_nothing_never_win() {
    for (goal, best) in [(Goal::Minimize, 3), (Goal::Maximize, 2)] {
        let store = store();
        let sweep = store.sweeps().create(SweepOptions { goal, ..options(6) }).unwrap();
        assert!(sweep.best().unwrap().is_none());
        let trials = all(&sweep);
        finish(&trials[0], f64::NAN);
        trials[1].end(RunStatus::Finished).unwrap();
        finish(&trials[2], 2.0);
        let _ = trials[3].report(9.0, 0).unwrap();
        let _ = trials[3].report(1.0, 1).unwrap();
        trials[3].end(RunStatus::Finished).unwrap();
        finish(&trials[4], if goal == Goal::Minimize { 1.0 } else { 2.0 });
        let _ = trials[5].report(if goal == Goal::Minimize { 0.0 } else { 5.0 }, 0).unwrap();
        let found = sweep.best().unwrap().unwrap();
        assert_eq!(found.number, best, "{found:?}");
    }
}

#[test]
fn what_the_rule_stops_is_finished_and_says_so() {
    let store = store();
    let early_stopping = EarlyStopping::Halving { min_resource: 1, factor: 2 };
    let sweep = store.sweeps().create(SweepOptions { early_stopping, ..options(3) }).unwrap();
    let trials = all(&sweep);
    assert_eq!(trials[0].report(1.0, 1).unwrap(), Decision::Continue);
    assert_eq!(trials[1].report(2.0, 1).unwrap(), Decision::Stop);
    assert!(trials[1].should_stop());
    assert_eq!(trials[1].report(5.0, 2).unwrap(), Decision::Stop, "it stays so");
    trials[1].end(RunStatus::Finished).unwrap();
    assert_eq!(trials[2].report(0.5, 1).unwrap(), Decision::Continue);
    assert_eq!(trials[0].report(0.9, 2).unwrap(), Decision::Continue);
    let found = &sweep.trials().unwrap()[1];
    assert_eq!((found.state, found.value), (TrialState::Stopped, Some(5.0)));
    assert_eq!(store.runs().get(&found.run_id).unwrap().tags[tags::STOPPED_EARLY], "1");
}

#[test]
fn the_median_rule_looks_at_trials_of_other_processes_that_ended_well() {
    let store = store();
    let early_stopping = EarlyStopping::Median { min_trials: 2, after: 2 };
    store.sweeps().create(SweepOptions { early_stopping, ..options(4) }).unwrap();
    let take = || store.sweeps().get("s").unwrap().take().unwrap().unwrap();
    for value in [1.0, 2.0] {
        let trial = take();
        for step in 1..=3 {
            assert_eq!(trial.report(value, step).unwrap(), Decision::Continue);
        }
        trial.end(RunStatus::Finished).unwrap();
    }
    let trial = take();
    assert_eq!(trial.report(3.0, 1).unwrap(), Decision::Continue, "before the step from which on it counts");
    assert_eq!(trial.report(3.0, 2).unwrap(), Decision::Stop);
    let trial = take();
    assert_eq!(trial.report(1.5, 2).unwrap(), Decision::Continue, "no worse than the median of 1 and 2");
}

#[test]
fn given_params_are_those_of_the_space() {
    let store = store();
    let options = SweepOptions { method: Method::Given, suggested_by: Some("tpe".into()), ..options(2) };
    let sweep = store.sweeps().create(options).unwrap();
    assert!(sweep.take().unwrap().is_none(), "nothing was killed");
    let error = sweep.take_given(&BTreeMap::from([("y".to_owned(), 1.into())])).unwrap_err();
    assert!(error.to_string().contains("space: x"), "{error}");
    let params = BTreeMap::from([("x".to_owned(), ParamValue::Float(0.25))]);
    let trial = sweep.take_given(&params).unwrap().unwrap();
    trial.end(RunStatus::Killed).unwrap();
    assert_eq!(sweep.take().unwrap().unwrap().params(), &params);
    assert_eq!(sweep.take_given(&params).unwrap().unwrap().number(), 1);
    assert!(sweep.take_given(&params).unwrap().is_none());
}

#[test]
fn the_same_definition_is_joined_and_another_of_the_name_is_refused() {
    let store = store();
    let sweeps = store.sweeps();
    let made = sweeps.ensure(&options(3)).unwrap();
    let joined = sweeps.ensure(&SweepOptions { seed: None, ..options(3) }).unwrap();
    assert_eq!(made.info(), joined.info());
    let error = sweeps.ensure(&options(4)).unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(sweeps.create(options(3)).unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(sweeps.get("t").unwrap_err().code(), Code::NotFound);
    sweeps.create(SweepOptions { name: Some("another \u{1F980}".into()), ..options(3) }).unwrap();
    let names: Vec<String> = sweeps.list().unwrap().iter().map(|sweep| sweep.name().to_owned()).collect();
    assert_eq!(names, ["another \u{1F980}", "s"]);
}

#[test]
fn sweeps_whose_names_begin_alike_have_trials_of_their_own() {
    let store = store();
    let sweep = |name: &str| store.sweeps().create(SweepOptions { name: Some(name.into()), ..options(2) }).unwrap();
    let (short, long) = (sweep("a"), sweep("a b"));
    assert_eq!(all(&short).len(), 2);
    assert_eq!(all(&long).len(), 2);
    assert_eq!(short.trials().unwrap().len(), 2);
}

#[test]
fn a_deleted_run_is_no_trial_to_take_again_and_has_no_value() {
    let store = store();
    let sweep = store.sweeps().create(options(1)).unwrap();
    let trial = sweep.take().unwrap().unwrap();
    finish(&trial, 1.0);
    store.runs().delete(trial.run().id()).unwrap();
    assert!(sweep.take().unwrap().is_none());
    assert!(sweep.best().unwrap().is_none());
}

#[test]
fn definitions_that_cannot_be_are_refused_and_name_what_is_wrong() {
    let store = store();
    let wrong = [
        (SweepOptions { max_trials: None, ..options(1) }, "max_trials"),
        (options(0), "max_trials"),
        (SweepOptions { max_attempts: Some(0), ..options(1) }, "max_attempts"),
        (SweepOptions { metric: String::new(), ..options(1) }, "metric"),
        (SweepOptions { name: Some("a\0b".into()), ..options(1) }, "sweep name"),
        (SweepOptions { parent_run_id: Some("nobody".into()), ..options(1) }, "nobody"),
        (SweepOptions { experiment_id: Some("77".into()), ..options(1) }, "77"),
        (
            SweepOptions { early_stopping: EarlyStopping::Halving { min_resource: 1, factor: 1 }, ..options(1) },
            "factor",
        ),
        (SweepOptions { method: Method::Grid, ..options(1) }, "param `x`"),
    ];
    for (options, named) in wrong {
        let error = store.sweeps().create(options).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    assert!(store.sweeps().list().unwrap().is_empty());
}

#[test]
fn handles_are_shared_by_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    let store = store();
    let sweep = store.sweeps().create(options(1)).unwrap();
    let trial = Arc::new(sweep.take().unwrap().unwrap());
    check(&sweep);
    check(&trial);
}
