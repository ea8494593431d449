//! What the candidate may cost.

use super::checks::{self, Check, CheckKind, CheckNumbers};
use super::definition::{Action, Budget, BudgetKind};
use super::inputs::{Costs, GateInputs};
use super::scoring::Drawing;
use super::stats::{CompareOptions, Method, compare_by};
use crate::base::limits;
use crate::registry::Verdict;

/// Fewer calls say nothing about latency.
const FEWEST_CALLS: usize = 200;

/// One budget; None where it is about a baseline that there is not.
pub(super) fn budget(budget: &Budget, inputs: &GateInputs, drawing: &Drawing) -> Option<Check> {
    let mut check = match budget.kind.quantile() {
        Some(_) if inputs.baseline.is_none() => return None,
        Some(quantile) => ratio(budget, quantile, inputs, drawing),
        None => absolute(budget, &inputs.candidate_costs),
    };
    let default =
        if budget.kind.quantile().is_some() && !inputs.is_measuring_host { Action::Warn } else { Action::Block };
    // What could not be measured is no noise.
    check.is_blocking = check.verdict == Verdict::Error || budget.action.unwrap_or(default) == Action::Block;
    Some(check)
}

fn absolute(budget: &Budget, costs: &Costs) -> Check {
    let name = budget.kind.as_str();
    let (value, unit) = match budget.kind {
        BudgetKind::SizeBytes => (costs.size_bytes, " bytes"),
        BudgetKind::PeakRssBytes => (costs.peak_rss_bytes, " bytes"),
        _ => (costs.load_seconds, " s"),
    };
    let Some(value) = value else {
        return Check::error(CheckKind::Budget, name, "the gate asks for it, and it was not handed in");
    };
    if !value.is_finite() || value < 0.0 {
        return Check::error(CheckKind::Budget, name, format!("it is {}, which no model costs", checks::number(value)));
    }
    let verdict = if value <= budget.limit { Verdict::Pass } else { Verdict::Fail };
    let reason =
        format!("{}{unit}, and at most {}{unit} are asked for", checks::number(value), checks::number(budget.limit));
    let numbers = CheckNumbers { candidate: Some(value), limit: Some(budget.limit), ..CheckNumbers::default() };
    Check::new(CheckKind::Budget, name, verdict, reason).with_numbers(numbers)
}

/// The upper bound of the ratio of two quantiles, by the paired bootstrap of calls that were made in turn: of its logarithm,
/// so that the bounds of `b / a` are those of `a / b`.
fn ratio(budget: &Budget, quantile: f64, inputs: &GateInputs, drawing: &Drawing) -> Check {
    let name = budget.kind.as_str();
    let (candidate, baseline) = (&inputs.candidate_costs.latencies, &inputs.baseline_costs.latencies);
    if let Some(reason) = why_not(candidate, baseline) {
        return Check::error(CheckKind::Budget, name, reason);
    }
    let of = |latencies: &[f64], rows: &[u32]| {
        let mut drawn: Vec<f64> = rows.iter().filter_map(|row| latencies.get(*row as usize).copied()).collect();
        nearest_rank(&mut drawn, quantile)
    };
    let all: Vec<u32> = (0..u32::try_from(candidate.len()).unwrap_or(0)).collect();
    let (value, other) = (of(candidate, &all), of(baseline, &all));
    let options = CompareOptions {
        alpha: drawing.alpha,
        resamples: drawing.resamples,
        seed: drawing.seed,
        method: Method::Percentile,
        watch: drawing.watch.as_ref(),
        ..CompareOptions::default()
    };
    let values = |rows: &[u32]| Ok((of(candidate, rows).ln(), of(baseline, rows).ln()));
    let found = match compare_by(name, false, candidate.len(), &values, &options) {
        Ok(found) => found,
        Err(e) => return Check::error(CheckKind::Budget, name, e.to_string()),
    };
    let (ratio, lower, upper) = (value / other, (-found.upper).exp(), (-found.lower).exp());
    let most = 1.0 + budget.limit;
    let level = checks::percent(1.0 - drawing.alpha);
    let shown = format!("{} times the baseline's", checks::number(ratio));
    let (verdict, reason) = if candidate.len() < FEWEST_CALLS {
        let calls = candidate.len();
        (Verdict::Inconclusive, format!("{shown}, of {calls} calls; at least {FEWEST_CALLS} are needed"))
    } else if upper <= most {
        (
            Verdict::Pass,
            format!("{shown}, at most {} with {level}; {} is asked for", checks::number(upper), checks::number(most)),
        )
    } else if lower > most {
        (
            Verdict::Fail,
            format!(
                "{shown}, at least {} with {level}; at most {} is asked for",
                checks::number(lower),
                checks::number(most)
            ),
        )
    } else {
        let between = format!("{} to {}", checks::number(lower), checks::number(upper));
        (
            Verdict::Inconclusive,
            format!("{shown}, {between} with {level} each; at most {} is asked for", checks::number(most)),
        )
    };
    let numbers = CheckNumbers {
        candidate: Some(value),
        baseline: Some(other),
        difference: Some(ratio),
        lower: Some(lower),
        upper: Some(upper),
        alpha: Some(drawing.alpha),
        limit: Some(most),
        rows: Some(candidate.len() as u64),
        ..CheckNumbers::default()
    };
    let mut check = Check::new(CheckKind::Budget, name, verdict, reason).with_numbers(numbers);
    check.method = Some(found.method);
    check
}

fn why_not(candidate: &[f64], baseline: &[f64]) -> Option<String> {
    if candidate.is_empty() || baseline.is_empty() {
        return Some("the gate asks for it, and the latencies of both models were not handed in".into());
    }
    if candidate.len() != baseline.len() {
        let (a, b) = (candidate.len(), baseline.len());
        return Some(format!("there are {a} latencies of the candidate and {b} of the baseline; call both in turn"));
    }
    if candidate.len() > limits::GATE_LATENCIES {
        let most = limits::GATE_LATENCIES;
        return Some(format!(
            "there are {} latencies, over the limit of {most}; hand in some of them",
            candidate.len()
        ));
    }
    let is_bad = |value: &&f64| !value.is_finite() || **value <= 0.0;
    let bad = candidate.iter().chain(baseline).find(is_bad)?;
    Some(format!("a latency is {}, which no call takes", checks::number(*bad)))
}

/// The value at place `ceil(q n)`, from 1.
#[expect(clippy::cast_precision_loss, reason = "there are at most 100,000")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the length")]
fn nearest_rank(values: &mut [f64], quantile: f64) -> f64 {
    let place = ((values.len() as f64 * quantile).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    if place >= values.len() {
        return f64::NAN;
    }
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        let places = [0.5, 0.75, 0.76, 0.99].map(|q| format!("{}", nearest_rank(&mut values, q)));
        assert_eq!(places, ["2", "3", "4", "4"]);
        assert!((nearest_rank(&mut [7.0], 0.5) - 7.0).abs() < 1e-12);
        assert!(nearest_rank(&mut [], 0.5).is_nan());
    }
}
