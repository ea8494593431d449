//! The rules against plain references.
#![expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "small numbers")]

use proptest::prelude::*;

use crate::sweeps::Goal;
use crate::sweeps::stopping::{Curve, halving_stops, median_stops, rungs};

fn curve(values: &[f64]) -> Curve {
    (1..).zip(values.iter().copied()).collect()
}

/// Vizier's rule, word by word, for numbers without NaN: values are those of the steps 1, 2...
fn reference_median(goal: Goal, own: &[f64], ended: &[Vec<f64>], step: usize, min_trials: usize, after: usize) -> bool {
    let mut averages: Vec<f64> = ended
        .iter()
        .filter(|values| !values.is_empty())
        .map(|values| values.iter().take(step).sum::<f64>() / values.len().min(step) as f64)
        .collect();
    if step < after || averages.len() < min_trials || averages.is_empty() {
        return false;
    }
    averages.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let half = averages.len() / 2;
    let median = if averages.len() % 2 == 1 { averages[half] } else { averages[half - 1].midpoint(averages[half]) };
    match goal {
        Goal::Minimize => own.iter().take(step).copied().fold(f64::INFINITY, f64::min) > median,
        Goal::Maximize => own.iter().take(step).copied().fold(f64::NEG_INFINITY, f64::max) < median,
    }
}

/// ASHA's rung, by sorting: the place of the trial among all that reached it, the best of equals.
fn reference_halving(goal: Goal, own: f64, others: &[f64], factor: usize) -> bool {
    let mut all: Vec<f64> = others.iter().copied().chain([own]).collect();
    all.sort_by(|a, b| if goal == Goal::Minimize { a.partial_cmp(b) } else { b.partial_cmp(a) }.unwrap());
    let top = all.len() / factor;
    top > 0 && !all[..top].contains(&own)
}

/// Values on a coarse grid, so that equal ones come up.
fn value() -> impl Strategy<Value = f64> {
    (-8_i32..8).prop_map(|n| f64::from(n) / 4.0)
}

proptest! {
    #[test]
    fn the_median_rule_is_viziers(
        own in prop::collection::vec(value(), 1..8),
        ended in prop::collection::vec(prop::collection::vec(value(), 0..8), 0..9),
        min_trials in 1_usize..5, after in 0_usize..5, minimize: bool,
    ) {
        let goal = if minimize { Goal::Minimize } else { Goal::Maximize };
        let step = own.len();
        let curves: Vec<Curve> = ended.iter().map(|values| curve(values)).collect();
        let found = median_stops(goal, &curve(&own), curves.iter(), step as i64, min_trials as u64, after as i64);
        prop_assert_eq!(found, reference_median(goal, &own, &ended, step, min_trials, after));
    }

    #[test]
    fn the_halving_rule_keeps_the_best_of_a_rung(
        own in value(), others in prop::collection::vec(value(), 0..20), factor in 2_u32..5, minimize: bool,
    ) {
        let goal = if minimize { Goal::Minimize } else { Goal::Maximize };
        // Each reached the rung at step 4 with this value; what came before and behind does not count.
        let curves: Vec<Curve> =
            others.iter().map(|value| Curve::from([(1, 99.0), (3, -99.0), (4, *value), (9, -99.0)])).collect();
        let short = Curve::from([(1, -99.0)]);
        let found = halving_stops(goal, own, curves.iter().chain([&short]), 4, factor);
        prop_assert_eq!(found, reference_halving(goal, own, &others, factor as usize));
    }

    #[test]
    fn no_rule_fails_on_any_float(bits in prop::collection::vec(any::<f64>(), 1..12), step in 1_i64..12, minimize: bool) {
        let goal = if minimize { Goal::Minimize } else { Goal::Maximize };
        let curves: Vec<Curve> = bits.iter().map(|value| Curve::from([(1, *value), (2, f64::NAN)])).collect();
        median_stops(goal, &curves[0], curves.iter(), step, 1, 0);
        halving_stops(goal, bits[0], curves.iter(), 1, 2);
    }
}

#[test]
fn rungs_are_reached_once() {
    assert_eq!(rungs(None, 0, 1, 3), [0_i64; 0]);
    assert_eq!(rungs(None, 1, 1, 3), [1]);
    assert_eq!(rungs(Some(1), 2, 1, 3), [0_i64; 0]);
    assert_eq!(rungs(Some(2), 9, 1, 3), [3, 9]);
    assert_eq!(rungs(Some(9), 4, 1, 3), [0_i64; 0]);
    assert_eq!(rungs(None, i64::MAX, 5, 1_000_000), [5, 5_000_000, 5_000_000_000_000, 5_000_000_000_000_000_000]);
}

#[test]
fn a_trial_that_diverged_is_stopped_and_one_among_those_that_did_is_not() {
    let nan = curve(&[f64::NAN; 3]);
    let good = curve(&[1.0, 0.5, 0.4]);
    assert!(median_stops(Goal::Minimize, &nan, [&good].into_iter(), 3, 1, 0));
    assert!(!median_stops(Goal::Minimize, &good, [&nan].into_iter(), 3, 1, 0), "NaN is no trial to compare with");
    assert!(halving_stops(Goal::Maximize, f64::NAN, [&good].into_iter(), 1, 2));
    assert!(!halving_stops(Goal::Maximize, 0.0, [&nan].into_iter(), 1, 2));
    assert!(!halving_stops(Goal::Minimize, f64::NAN, std::iter::empty(), 1, 2), "the first goes on");
}
