//! Consumers of events: each event at least once, in order, behind a cursor that is stored.

use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::ManualClock;
use crate::base::time::Timestamp;
use crate::error::Code;
use crate::registry::{
    By, Consumer, ConsumerOptions, GateOptions, LocalRegistry, ModelRegistry, Next, PromoteOptions, Stage, Verdict,
    VersionOptions,
};
use crate::store::{OpenOptions, Store};

fn open() -> (Store, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
    let options = OpenOptions { uri: "memory:".into(), clock: clock.clone(), ..OpenOptions::default() };
    (Store::open_with(&options).unwrap(), clock)
}

fn registry(store: &Store) -> LocalRegistry {
    store.registry().by(By { actor: Some("ada".into()), reason: Some("a test".into()) })
}

fn version(registry: &LocalRegistry, name: &str) -> u64 {
    let options = VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() };
    registry.register(name, &options).unwrap().version
}

fn named(name: &str, on: &[&str]) -> ConsumerOptions {
    let on = on.iter().map(ToString::to_string).collect();
    ConsumerOptions { name: Some(name.into()), on, ..ConsumerOptions::default() }
}

fn action(consumer: &mut Consumer) -> Option<(u64, &'static str)> {
    match consumer.next().unwrap() {
        Next::Event(event) => Some((event.seq, event.action.as_str())),
        _ => None,
    }
}

#[test]
fn a_consumer_takes_events_in_order_and_one_that_was_not_done_again() {
    let (store, _) = open();
    let registry = registry(&store);
    version(&registry, "before");
    let mut consumer = registry.consumer(&named("billing", &[])).unwrap();
    assert_eq!(consumer.next().unwrap(), Next::Nothing, "a new name begins now");
    version(&registry, "fraud");
    assert_eq!(action(&mut consumer), Some((3, "model_created")));
    drop(consumer);
    let mut consumer = registry.consumer(&named("billing", &[])).unwrap();
    assert_eq!(action(&mut consumer), Some((3, "model_created")), "it was not done");
    consumer.done(3).unwrap();
    assert_eq!(action(&mut consumer), Some((4, "version_created")));
    consumer.done(4).unwrap();
    assert_eq!(consumer.next().unwrap(), Next::Nothing);
    let options = ConsumerOptions { after: Some(0), ..named("auditor", &["registered"]) };
    assert_eq!(action(&mut registry.consumer(&options).unwrap()), Some((2, "version_created")));
}

#[test]
fn one_at_a_time_delivers_under_a_name() {
    let (store, _) = open();
    let registry = registry(&store);
    let mut first = registry.consumer(&named("billing", &[])).unwrap();
    let mut second = registry.consumer(&named("billing", &[])).unwrap();
    let mut other = registry.consumer(&named("other", &[])).unwrap();
    version(&registry, "fraud");
    assert!(action(&mut first).is_some());
    assert_eq!(second.next().unwrap(), Next::Elsewhere);
    assert!(action(&mut other).is_some());
    drop(first);
    assert_eq!(action(&mut second), Some((1, "model_created")));
    second.done(1).unwrap();
    second.let_go();
    let mut third = registry.consumer(&named("billing", &[])).unwrap();
    assert_eq!(action(&mut third), Some((2, "version_created")));
}

#[test]
fn a_failure_is_tried_again_later_and_later_and_holds_up_what_comes_after() {
    let (store, clock) = open();
    let registry = registry(&store);
    let mut consumer = registry.consumer(&named("billing", &[])).unwrap();
    version(&registry, "fraud");
    let mut waits = Vec::new();
    for _ in 0..12 {
        assert_eq!(action(&mut consumer), Some((1, "model_created")));
        let now = clock_now(&store);
        let at = consumer.failed("no network").unwrap();
        assert_eq!(consumer.next().unwrap(), Next::Later(at));
        let wait = at.as_micros() - now.as_micros();
        waits.push(wait / 1_000_000);
        clock.advance(wait);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    assert_eq!((consumer.state().failures, consumer.state().why.as_deref()), (12, Some("no network")));
    assert_eq!(registry.move_consumer("billing", 1).unwrap().failures, 0);
    assert_eq!(action(&mut consumer), Some((2, "version_created")));
    assert_eq!(registry.move_consumer("none", 1).unwrap_err().code(), Code::NotFound);
}

fn clock_now(store: &Store) -> Timestamp {
    store.runs().clock().now()
}

#[test]
fn kinds_of_events_are_those_that_people_speak_of() {
    let (store, _) = open();
    let registry = registry(&store);
    for _ in 0..3 {
        version(&registry, "fraud");
    }
    let to = |stage| PromoteOptions { to: stage, ..PromoteOptions::default() };
    registry.promote("fraud", 1, &to(Stage::Staging)).unwrap();
    registry.promote("fraud", 1, &to(Stage::Production)).unwrap();
    registry.promote("fraud", 2, &to(Stage::Production)).unwrap();
    registry.rollback("fraud", "", None).unwrap();
    registry.record_gate_result("fraud", 3, &GateOptions::new("auc", None, Verdict::Pass)).unwrap();
    registry.request_approval("fraud", 3, Stage::Production).unwrap();
    registry.approve("fraud", 3, Stage::Production).unwrap();
    registry.reject("fraud", 3, Stage::Production).unwrap();
    registry.withdraw("fraud", 3, Stage::Production).unwrap();
    registry.delete_version("fraud", 3).unwrap();
    let seen = |on: &[&str]| {
        let on = on.iter().map(ToString::to_string).collect();
        let options = ConsumerOptions { on, after: Some(0), ..ConsumerOptions::default() };
        let mut consumer = registry.consumer(&options).unwrap();
        let mut found = Vec::new();
        while let Some((seq, action)) = action(&mut consumer) {
            found.push((seq, action));
            consumer.done(seq).unwrap();
        }
        found
    };
    let seqs = |on: &[&str]| seen(on).into_iter().map(|(seq, _)| seq).collect::<Vec<_>>();
    let all = seqs(&["*"]);
    assert_eq!((all.len() as u64, all.first(), seqs(&[])), (registry.log_head().unwrap().seq, Some(&1), all.clone()));
    assert_eq!(seqs(&["registered"]).len(), 3);
    assert_eq!(seen(&["rolled_back"]).len(), 1);
    let (staged, promoted, archived) = (seqs(&["staged"]), seqs(&["promoted"]), seqs(&["archived"]));
    assert_eq!((staged.len(), promoted.len()), (1, 2));
    assert_eq!(archived.len(), 2, "by the second promotion, and by going back: {archived:?}");
    for (kind, action) in [
        ("requested", "approval_requested"),
        ("approved", "approved"),
        ("rejected", "rejected"),
        ("withdrawn", "approval_withdrawn"),
        ("deleted", "version_deleted"),
        ("gate", "gate_recorded"),
    ] {
        assert_eq!(seen(&[kind]).iter().map(|(_, action)| *action).collect::<Vec<_>>(), [action], "{kind}");
    }
    let wrong = ConsumerOptions { on: vec!["promotd".into()], ..ConsumerOptions::default() };
    let error = registry.consumer(&wrong).unwrap_err();
    assert!(error.to_string().contains("promotd") && error.to_string().contains("promoted"), "{error}");
}

#[test]
fn a_consumer_of_a_model_is_not_told_of_others_and_passes_over_many() {
    let (store, _) = open();
    let registry = registry(&store);
    let of = |model: &str| ConsumerOptions { model: Some(model.into()), after: Some(0), ..named(model, &[]) };
    let mut consumer = registry.consumer(&of("Churn")).unwrap();
    version(&registry, "fraud");
    for at in 0..1_100 {
        registry.set_model_tag("fraud", "count", &at.to_string()).unwrap();
    }
    assert_eq!(consumer.next().unwrap(), Next::Nothing);
    assert_eq!(consumer.state().seq, 1_102, "they are not read again");
    version(&registry, "churn");
    assert_eq!(action(&mut consumer), Some((1_103, "model_created")));
    consumer.done(1_103).unwrap();
    registry.rename_model("churn", "leaving").unwrap();
    consumer.done(1_104).unwrap();
    assert_eq!(action(&mut consumer), Some((1_105, "model_renamed")));
}

#[test]
fn a_function_that_fails_is_called_again_and_a_change_does_not_notice() {
    let store = Store::open("memory:").unwrap();
    let registry = registry(&store);
    let (tell, told) = std::sync::mpsc::channel();
    let mut calls = 0;
    let kept = registry
        .on(&named("flaky", &["registered"]), move |event| {
            calls += 1;
            tell.send((event.version, calls)).unwrap();
            assert!(calls > 1, "the first call panics");
            Ok(())
        })
        .unwrap();
    version(&registry, "fraud");
    version(&registry, "fraud");
    let patience = Duration::from_mins(1);
    let heard: Vec<_> = (0..3).map(|_| told.recv_timeout(patience).unwrap()).collect();
    assert_eq!(heard, [(Some(1), 1), (Some(1), 2), (Some(2), 3)]);
    drop(kept);
}
