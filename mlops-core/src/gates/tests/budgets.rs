//! What a candidate may cost.

use super::super::*;
use super::{Random, check, has_warning, inputs, run, superior};
use crate::registry::Verdict;

fn latencies(calls: usize, times: f64, seed: u64) -> Vec<f64> {
    let mut random = Random(seed);
    (0..calls).map(|_| times * (0.010 + 0.002 * random.next())).collect()
}

fn timed(calls: usize, times: f64) -> GateInputs {
    let mut rows = inputs(1_000, 0.05, 0.15);
    rows.candidate_costs.latencies = latencies(calls, times, 1);
    rows.baseline_costs.latencies = latencies(calls, 1.0, 2);
    rows
}

fn ratio(action: Option<Action>) -> GateDefinition {
    let budget = Budget { kind: BudgetKind::LatencyP95Ratio, limit: 0.1, action };
    GateDefinition { budgets: vec![budget], ..superior() }
}

#[test]
fn a_model_that_is_too_large_or_slow_to_load_fails() {
    let gate = superior().with_budget(BudgetKind::SizeBytes, 1_000.0).with_budget(BudgetKind::LoadSeconds, 2.0);
    let mut rows = inputs(1_000, 0.05, 0.15);
    rows.candidate_costs = Costs { size_bytes: Some(1_000.0), load_seconds: Some(2.5), ..Costs::default() };
    let report = run(&gate, &rows);
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(check(&report, CheckKind::Budget, "size_bytes").verdict, Verdict::Pass);
    assert_eq!(check(&report, CheckKind::Budget, "load_seconds").verdict, Verdict::Fail);
    rows.candidate_costs.load_seconds = None;
    assert_eq!(run(&gate, &rows).verdict, Verdict::Error, "what is asked for and not handed in");
}

#[test]
fn latency_warns_on_a_shared_host_and_blocks_on_one_for_measuring() {
    let slow = timed(400, 1.5);
    let report = run(&ratio(None), &slow);
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(has_warning(&report, "budget") && !check(&report, CheckKind::Budget, "latency_p95_ratio").is_blocking);
    let measured = GateInputs { is_measuring_host: true, ..slow.clone() };
    assert_eq!(run(&ratio(None), &measured).verdict, Verdict::Fail);
    assert_eq!(run(&ratio(Some(Action::Block)), &slow).verdict, Verdict::Fail, "what the definition says goes before");
    assert_eq!(run(&ratio(Some(Action::Warn)), &measured).verdict, Verdict::Pass);
}

#[test]
fn the_bound_of_the_ratio_is_held_against_the_budget() {
    let report = run(&ratio(Some(Action::Block)), &timed(400, 1.0));
    let found = check(&report, CheckKind::Budget, "latency_p95_ratio");
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    let numbers = &found.numbers;
    assert!(numbers.lower <= numbers.difference && numbers.difference <= numbers.upper, "{numbers:?}");
    assert_eq!(numbers.limit, Some(1.1));
    let near = run(&ratio(Some(Action::Block)), &timed(400, 1.1));
    assert_eq!(near.verdict, Verdict::Inconclusive, "{}", near.to_text());
}

#[test]
fn few_calls_say_nothing_about_latency() {
    let report = run(&ratio(Some(Action::Block)), &timed(199, 0.5));
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(check(&report, CheckKind::Budget, "latency_p95_ratio").reason.contains("at least 200"));
}

#[test]
fn latencies_that_are_none_are_errors() {
    for change in [
        |rows: &mut GateInputs| rows.candidate_costs.latencies.clear(),
        |rows: &mut GateInputs| rows.candidate_costs.latencies.truncate(299),
        |rows: &mut GateInputs| rows.candidate_costs.latencies[3] = f64::NAN,
        |rows: &mut GateInputs| rows.candidate_costs.latencies[3] = -1.0,
    ] {
        let mut rows = timed(300, 1.0);
        change(&mut rows);
        let report = run(&ratio(Some(Action::Block)), &rows);
        assert_eq!(report.verdict, Verdict::Error, "{}", report.to_text());
    }
    let mut first = timed(300, 9.0);
    first.baseline = None;
    let gate = GateDefinition { primary: super::accuracy().with_floor(0.5), ..ratio(Some(Action::Block)) };
    assert_eq!(run(&gate, &first).verdict, Verdict::Pass, "without a baseline there is no ratio");
}
