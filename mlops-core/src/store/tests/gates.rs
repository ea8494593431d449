//! Gates that run for versions: what is noted of them, what a promotion makes of it, and how often data were used.

use std::sync::{Arc, Barrier};

use serde_json::Value;

use crate::error::Code;
use crate::gates::{
    GateDefinition, GateInputs, GateReport, Gates, MetricRule, OnInconclusive, Predicted, RecordOptions, RunOptions,
    SliceRule, Spend, evaluate,
};
use crate::registry::{
    By, LocalRegistry, ModelRegistry, PolicyChanges, PolicyScope, PromoteOptions, Stage, Verdict, VersionOptions,
};
use crate::store::Store;

/// A registry with versions of a model, the first of which is in production, and a policy that asks for the gate.
fn store(versions: usize) -> (Store, LocalRegistry) {
    let store = Store::open("memory:").unwrap();
    let registry = store.registry().by(By { actor: Some("ada".into()), reason: Some("better".into()) });
    for _ in 0..versions {
        let source = "s3://models/fraud".to_owned();
        registry.register("fraud", &VersionOptions { source, ..VersionOptions::default() }).unwrap();
    }
    registry.promote("fraud", 1, &PromoteOptions::default()).unwrap();
    policy(&registry, &serde_json::json!({"gate": "fraud-gate"}));
    (store, registry)
}

fn policy(registry: &LocalRegistry, fields: &Value) {
    let scope = PolicyScope { model: None, stage: Stage::Production };
    registry.set_policies(&PolicyChanges::from([(scope, fields.as_object().cloned())])).unwrap();
}

fn gate() -> GateDefinition {
    GateDefinition::new("fraud-gate", MetricRule::new("accuracy").unwrap().superior())
}

/// Rows of which candidate and baseline have one in so many wrong.
fn inputs(candidate: usize, baseline: usize) -> GateInputs {
    let targets: Vec<f64> = (0..1_000).map(|row| f64::from(row % 2)).collect();
    let wrong = |every: usize| {
        let flip = |(row, y): (usize, &f64)| if row % every == every - 1 { 1.0 - y } else { *y };
        targets.iter().enumerate().map(flip).collect::<Vec<f64>>()
    };
    let (candidate, baseline) = (Predicted::values(wrong(candidate)), Predicted::values(wrong(baseline)));
    let ids = (0..1_000).map(|row| row.to_string()).collect();
    GateInputs::new(targets, candidate).with_baseline(baseline).with_ids(ids)
}

fn recorded() -> RecordOptions {
    RecordOptions { record: true, count: true, ..RecordOptions::default() }
}

fn run(gates: &Gates, version: u64, definition: &GateDefinition, inputs: &GateInputs) -> GateReport {
    gates.run("fraud", version, definition, inputs.clone(), &recorded()).unwrap()
}

fn promote(registry: &LocalRegistry, version: u64) -> crate::error::Result<()> {
    registry.promote("fraud", version, &PromoteOptions::default()).map(drop)
}

#[test]
fn a_version_that_passed_may_be_promoted_and_the_report_stands_with_it() {
    let (store, registry) = store(2);
    assert_eq!(promote(&registry, 2).unwrap_err().code(), Code::Denied, "the gate has no result");
    let report = run(&store.gates(), 2, &gate(), &inputs(50, 5));
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    let noted = registry.gate_results("fraud", 2).unwrap().remove(0);
    assert_eq!(
        (noted.verdict, noted.baseline, noted.rules),
        (Verdict::Pass, Some(1), Some(gate().digest().to_string()))
    );
    assert_eq!(noted.data.as_deref(), Some(report.data.as_str()));
    let json: Value = serde_json::from_str(&noted.report.unwrap()).unwrap();
    assert_eq!((json["candidate"].as_str(), json["baseline"].as_str()), (Some("fraud@2"), Some("fraud@1")));
    let manifest = |number| registry.get_version("fraud", number).unwrap().info.manifest.unwrap().to_string();
    assert_eq!(json["candidate_digest"].as_str().unwrap(), manifest(2));
    assert_eq!(json["baseline_digest"].as_str().unwrap(), manifest(1));
    promote(&registry, 2).unwrap();
}

#[test]
fn a_version_that_failed_is_not_promoted() {
    let (store, registry) = store(2);
    assert_eq!(run(&store.gates(), 2, &gate(), &inputs(5, 50)).verdict, Verdict::Fail);
    assert!(promote(&registry, 2).unwrap_err().to_string().contains("says fail"));
    assert_eq!(run(&store.gates(), 2, &gate(), &inputs(50, 50)).verdict, Verdict::Inconclusive);
    let refused = promote(&registry, 2).unwrap_err();
    assert!(refused.code() == Code::Denied && refused.to_string().contains("says inconclusive"), "{refused}");
}

#[test]
fn predictions_that_are_nan_promote_nothing() {
    let (store, registry) = store(2);
    let mut rows = inputs(50, 5);
    rows.candidate = Predicted::values(vec![f64::NAN; 1_000]);
    let report = run(&store.gates(), 2, &gate(), &rows);
    assert_eq!(registry.gate_results("fraud", 2).unwrap()[0].verdict, Verdict::Error);
    assert!(report.checks[0].reason.contains("NaN"));
    assert!(promote(&registry, 2).unwrap_err().to_string().contains("says error"));
}

#[test]
fn a_result_is_stale_when_production_has_changed_since() {
    let (store, registry) = store(3);
    run(&store.gates(), 2, &gate(), &inputs(50, 5));
    run(&store.gates(), 3, &gate(), &inputs(40, 5));
    promote(&registry, 3).unwrap();
    let refused = promote(&registry, 2).unwrap_err();
    assert_eq!(refused.code(), Code::Stale);
    assert!(refused.to_string().contains("gate baseline v1, production v3"), "{refused}");
}

#[test]
fn nothing_is_noted_when_production_changes_while_the_gate_runs() {
    let (store, registry) = store(3);
    let not_noted = RecordOptions::default();
    let report = store.gates().run("fraud", 2, &gate(), inputs(50, 5), &not_noted).unwrap();
    run(&store.gates(), 3, &gate(), &inputs(40, 5));
    promote(&registry, 3).unwrap();
    let refused = store.gates().record("fraud", 2, &report, &not_noted).unwrap_err();
    assert_eq!(refused.code(), Code::Stale, "{refused}");
    assert!(registry.gate_results("fraud", 2).unwrap().is_empty());
}

#[test]
fn a_report_is_noted_with_the_candidate_that_it_is_of_and_with_no_other() {
    let (store, registry) = store(3);
    let (gates, kept) = (store.gates(), RecordOptions::default());
    let report = gates.run("fraud", 2, &gate(), inputs(50, 5), &kept).unwrap();
    let refused = gates.record("fraud", 3, &report, &kept).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("fraud@2") && refused.to_string().contains("fraud@3"), "{refused}");
    // Whatever a report of arrays calls its candidate, it is not of that version.
    let named = RunOptions { candidate: Some("fraud@3".into()), baseline: Some("fraud@1".into()), holdout_use: None };
    let of_arrays = evaluate(&gate(), &inputs(50, 5), &named).unwrap();
    assert_eq!(gates.record("fraud", 3, &of_arrays, &kept).unwrap_err().code(), Code::InvalidArgument);
    assert!(registry.gate_results("fraud", 3).unwrap().is_empty());
    gates.record("fraud", 2, &report, &kept).unwrap();
    promote(&registry, 2).unwrap();
}

#[test]
fn what_asks_is_promoted_by_an_approval_that_came_after_it() {
    let (store, registry) = store(2);
    let bob = registry.by(By { actor: Some("bob".into()), reason: Some("looked at it".into()) });
    bob.approve("fraud", 2, Stage::Production).unwrap();
    let asks = GateDefinition { on_inconclusive: OnInconclusive::Ask, ..gate() };
    let report = run(&store.gates(), 2, &asks, &inputs(50, 50));
    assert_eq!((report.exit_code(), report.needs_approval), (6, true));
    assert_eq!(registry.gate_results("fraud", 2).unwrap()[0].verdict, Verdict::Ask);
    let refused = promote(&registry, 2).unwrap_err();
    assert!(refused.code() == Code::Denied && refused.to_string().contains("says ask"), "{refused}");
    bob.approve("fraud", 2, Stage::Production).unwrap();
    promote(&registry, 2).unwrap();
    let event = registry.history("fraud").unwrap().pop().unwrap();
    assert!(event.evidence.iter().any(|said| said.starts_with("gate:")), "{event:?}");
}

#[test]
fn a_policy_may_ask_for_the_rules_of_the_gate() {
    let (store, registry) = store(2);
    let asked = GateDefinition::new("fraud-gate", MetricRule::new("accuracy").unwrap().superior().with_floor(0.9));
    policy(&registry, &serde_json::json!({"gate": "fraud-gate", "gate_rules": asked.digest().to_string()}));
    run(&store.gates(), 2, &gate(), &inputs(50, 5));
    let refused = promote(&registry, 2).unwrap_err();
    assert!(refused.code() == Code::Stale && refused.to_string().contains("other rules"), "{refused}");
    policy(&registry, &serde_json::json!({"gate_rules": asked.digest().to_string()}));
    run(&store.gates(), 2, &asked, &inputs(50, 5));
    let refused = promote(&registry, 2).unwrap_err();
    assert!(refused.code() == Code::Denied && refused.to_string().contains("names no gate"), "{refused}");
    policy(&registry, &serde_json::json!({"gate": "fraud-gate", "gate_rules": asked.digest().to_string()}));
    run(&store.gates(), 2, &asked, &inputs(50, 5));
    promote(&registry, 2).unwrap();
}

#[test]
fn the_first_model_has_no_baseline_and_its_result_does_not_count_later() {
    let store = Store::open("memory:").unwrap();
    let registry = store.registry();
    let source = "s3://models/fraud".to_owned();
    for _ in 0..2 {
        registry.register("fraud", &VersionOptions { source: source.clone(), ..VersionOptions::default() }).unwrap();
    }
    let floor = GateDefinition { primary: MetricRule::new("accuracy").unwrap().with_floor(0.9), ..gate() };
    for version in [1, 2] {
        let report = run(&store.gates(), version, &floor, &inputs(50, 5));
        assert_eq!(
            (report.verdict, report.baseline_digest),
            (Verdict::Pass, None),
            "whatever the file has of a baseline"
        );
    }
    policy(&registry, &serde_json::json!({"gate": "fraud-gate"}));
    for version in [1, 2] {
        run(&store.gates(), version, &floor, &inputs(50, 5));
    }
    promote(&registry, 1).unwrap();
    let refused = promote(&registry, 2).unwrap_err();
    assert!(refused.code() == Code::Stale && refused.to_string().contains("gate baseline nothing"), "{refused}");
}

#[test]
fn a_gate_is_run_against_what_it_names() {
    let (store, registry) = store(3);
    registry.set_alias("fraud", "champion", 2).unwrap();
    let against = |which: &str| RecordOptions { against: Some(which.into()), ..RecordOptions::default() };
    let of = |which: &str| store.gates().run("fraud", 3, &gate(), inputs(50, 5), &against(which));
    assert_eq!(of("champion").unwrap().baseline.as_deref(), Some("fraud@2"));
    assert_eq!(of("2").unwrap().baseline.as_deref(), Some("fraud@2"));
    assert_eq!(of("9").unwrap_err().code(), Code::NotFound);
    assert_eq!(of("3").unwrap_err().code(), Code::InvalidArgument, "a version is not held against itself");
    let mut alone = inputs(50, 5);
    alone.baseline = None;
    let refused = store.gates().run("fraud", 3, &gate(), alone, &RecordOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("those of fraud@1"), "{refused}");
}

#[test]
fn a_slice_that_is_called_nan_is_no_metric_that_is_nan() {
    let (store, registry) = store(2);
    let sliced = gate().with_slices(SliceRule::new(&["country"]).with_margin(0.1));
    let rows = inputs(50, 5).with_column("country", vec!["NaN"; 1_000]);
    run(&store.gates(), 2, &sliced, &rows);
    assert_eq!(registry.gate_results("fraud", 2).unwrap()[0].verdict, Verdict::Pass);
}

#[test]
fn uses_of_data_are_counted_once_for_a_candidate_and_a_gate() {
    let (store, _) = store(3);
    let gates = store.gates();
    let number = |version, definition: &GateDefinition, rows: &GateInputs| {
        run(&gates, version, definition, rows).holdout.map(|of| of.number)
    };
    let rows = inputs(50, 5);
    assert_eq!(number(2, &gate(), &rows), Some(1));
    assert_eq!(number(3, &gate(), &rows), Some(2));
    assert_eq!(number(2, &gate(), &rows), Some(1), "again");
    let softer = GateDefinition { name: "other".into(), ..gate() };
    assert_eq!(number(2, &softer, &rows), Some(3));
    let named = GateInputs { data_digest: Some("holdout@8".into()), ids: None, ..rows.clone() };
    assert_eq!(number(2, &gate(), &named), Some(1), "other data");
    assert_eq!(gates.uses("holdout@8").unwrap(), 1);
    let without = GateInputs { ids: None, ..rows };
    assert_eq!(number(2, &gate(), &without), None, "nobody knows which data these are");
}

#[test]
fn data_that_are_used_up_pass_nobody() {
    let (store, _) = store(4);
    let spends = GateDefinition { spend: Spend::Bonferroni { uses: 2 }, ..gate() };
    let verdicts = [2, 3, 4].map(|version| run(&store.gates(), version, &spends, &inputs(50, 5)).verdict);
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Inconclusive]);
    assert_eq!(run(&store.gates(), 2, &spends, &inputs(50, 5)).verdict, Verdict::Pass, "which had its share");
}

#[test]
fn uses_that_are_counted_at_once_are_all_counted() {
    let (store, _) = store(1);
    let start = Arc::new(Barrier::new(8));
    let mut numbers: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|at| {
                let (gates, start) = (store.gates(), start.clone());
                scope.spawn(move || {
                    start.wait();
                    gates.count_use("holdout@7", &format!("candidate-{at}"), "gate").unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    assert_eq!(store.gates().uses("holdout@7").unwrap(), 8);
}
