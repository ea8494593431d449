mod budgets;
mod inputs;
mod order;
mod own;
mod rates;
mod reports;
mod rules;
mod slices;
mod warnings;

use super::{Check, CheckKind, GateDefinition, GateInputs, GateReport, MetricRule, Predicted, RunOptions, evaluate};
use crate::registry::Verdict;

/// Numbers between 0 and 1 that are the same in every run.
struct Random(u64);

impl Random {
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Rows of two classes with ids, of which candidate and baseline have these shares wrong.
fn inputs(rows: usize, candidate: f64, baseline: f64) -> GateInputs {
    let mut random = Random(7);
    let targets: Vec<f64> = (0..rows).map(|_| if random.next() < 0.5 { 0.0 } else { 1.0 }).collect();
    let mut said = |share: f64| {
        let wrong = |y: &f64| if random.next() < share { 1.0 - y } else { *y };
        targets.iter().map(wrong).collect::<Vec<f64>>()
    };
    let (candidate, baseline) = (said(candidate), said(baseline));
    let ids = (0..rows).map(|row| format!("row-{row}")).collect();
    GateInputs::new(targets, Predicted::values(candidate)).with_baseline(Predicted::values(baseline)).with_ids(ids)
}

/// Scores of the positive class that are right so often, for targets of classes 0 and 1.
fn scores(inputs: &GateInputs, seed: u64, noise: f64) -> Vec<f64> {
    let mut random = Random(seed);
    let super::Column::Numbers(targets) = &inputs.targets else { return Vec::new() };
    targets
        .iter()
        .map(|y| (0.5 + (y - 0.5) * (1.0 - noise) + (random.next() - 0.5) * noise).clamp(0.001, 0.999))
        .collect()
}

fn accuracy() -> MetricRule {
    MetricRule::new("accuracy").unwrap()
}

fn superior() -> GateDefinition {
    GateDefinition::new("gate", accuracy().superior())
}

fn run(definition: &GateDefinition, inputs: &GateInputs) -> GateReport {
    evaluate(definition, inputs, &RunOptions::default()).unwrap()
}

fn used(definition: &GateDefinition, inputs: &GateInputs, number: u64) -> GateReport {
    let options = RunOptions { holdout_use: Some(number), ..RunOptions::default() };
    evaluate(definition, inputs, &options).unwrap()
}

fn check<'a>(report: &'a GateReport, kind: CheckKind, name: &str) -> &'a Check {
    let found = report.checks.iter().find(|check| check.kind == kind && check.name == name);
    found.unwrap_or_else(|| panic!("no {kind:?} {name} in {:#?}", report.checks))
}

fn has_warning(report: &GateReport, code: &str) -> bool {
    report.warnings.iter().any(|warning| warning.code == code)
}

/// The reason of a report whose verdict is error.
fn error(report: &GateReport) -> &str {
    assert_eq!(report.verdict, Verdict::Error, "{}", report.to_text());
    &report.checks[0].reason
}
