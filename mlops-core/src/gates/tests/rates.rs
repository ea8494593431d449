//! How often a gate lets a model pass that is no better: at most alpha, and three standard errors of so many simulations.

use super::super::*;
use super::{Random, accuracy};
use crate::registry::Verdict;

/// Rows of which so many are right of one model only, so that the candidate is truly better by this share.
fn simulated(rows: usize, discordant: f64, better: f64, seed: u64) -> GateInputs {
    let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let (mut candidate, mut baseline) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let draw = random.next();
        let (a, b) = match draw {
            draw if draw < f64::midpoint(discordant, better) => (1.0, 0.0),
            draw if draw < discordant => (0.0, 1.0),
            draw if draw < 0.9 => (1.0, 1.0),
            _ => (0.0, 0.0),
        };
        candidate.push(a);
        baseline.push(b);
    }
    GateInputs::new(vec![1.0; rows], Predicted::values(candidate)).with_baseline(Predicted::values(baseline))
}

/// How often a candidate passes, of so many, where 10 % of the rows are right of one model only.
fn passes(gate: &GateDefinition, rows: usize, better: f64, times: u32) -> f64 {
    passes_of(gate, rows, 0.1, better, times)
}

fn passes_of(gate: &GateDefinition, rows: usize, discordant: f64, better: f64, times: u32) -> f64 {
    let verdict = |seed: u32| super::run(gate, &simulated(rows, discordant, better, u64::from(seed) + 1)).verdict;
    let passed = (0..times).filter(|seed| verdict(*seed) == Verdict::Pass).count();
    f64::from(u32::try_from(passed).unwrap()) / f64::from(times)
}

#[test]
fn a_model_that_is_no_better_passes_one_time_in_twenty_at_most() {
    const TIMES: u32 = 80;
    let most = 0.05 + 3.0 * (0.05 * 0.95 / f64::from(TIMES)).sqrt();
    let superior = GateDefinition { resamples: 999, ..GateDefinition::new("gate", accuracy().superior()) };
    let margin = GateDefinition { primary: accuracy().with_margin(0.05), ..superior.clone() };
    for (gate, better) in [(&superior, 0.0), (&superior, -0.02), (&margin, -0.05)] {
        let rate = passes(gate, 200, better, TIMES);
        assert!(rate <= most, "{better} better: {rate}");
    }
}

#[test]
fn a_model_that_is_better_passes_once_the_rows_suffice() {
    let superior = GateDefinition { resamples: 999, ..GateDefinition::new("gate", accuracy().superior()) };
    assert!(passes(&superior, 200, 0.02, 40) < 0.5);
    assert!(passes(&superior, 4_000, 0.03, 8) > 0.8);
}

#[test]
fn few_rows_that_tell_two_models_apart_are_no_way_around_the_error_rate() {
    const TIMES: u32 = 300;
    let most = 0.05 + 3.0 * (0.05 * 0.95 / f64::from(TIMES)).sqrt();
    let superior = GateDefinition { resamples: 999, ..GateDefinition::new("gate", accuracy().superior()) };
    let margin = GateDefinition { primary: accuracy().with_margin(0.01), ..superior.clone() };
    // Three rows of 300 are right of one model only, and all of them speak for the candidate one time in eight.
    for (gate, better) in [(&superior, 0.0), (&margin, -0.01)] {
        let rate = passes_of(gate, 300, 0.0101, better, TIMES);
        assert!(rate <= most, "{better} better: {rate}");
    }
}

#[test]
fn a_model_that_differs_in_no_row_is_as_good_once_the_rows_suffice() {
    let gate = GateDefinition::new("gate", accuracy().with_margin(0.015));
    let verdict = |rows: usize| super::run(&gate, &simulated(rows, 0.0, 0.0, 1)).verdict;
    assert_eq!((verdict(120), verdict(300)), (Verdict::Inconclusive, Verdict::Pass));
}
