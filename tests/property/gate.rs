//! What must not matter to a score or a comparison does not: the order of rows, the numbers of classes, chunks, threads.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use mlops_core::gates::stats::{CompareOptions, Method, Series, compare, compare_all, diebold_mariano, wilcoxon};
use mlops_core::metrics::{Metric, Predictions, Targets, per_row, score};
use proptest::prelude::*;

const OF_CLASSES: &[&str] = &[
    "accuracy",
    "error",
    "precision_macro",
    "recall_weighted",
    "f1_micro",
    "f1_macro",
    "f1_weighted",
    "balanced_accuracy",
    "mcc",
];
const OF_PROBABILITIES: &[&str] = &["log_loss", "brier", "roc_auc", "average_precision", "calibration_error@7"];
const OF_NUMBERS: &[&str] = &["mae", "mse", "rmse", "r2", "median_absolute_error", "quantile_loss@0.2", "msle", "mape"];
/// Methods whose bounds and p-values are functions of the rows, whatever their order.
const WITHOUT_ORDER: &[(&str, Method)] = &[
    ("accuracy", Method::Wald),
    ("roc_auc", Method::DeLong),
    ("log_loss", Method::PairedT),
    ("brier", Method::Wilcoxon),
];

fn parsed(name: &str) -> Metric {
    name.parse().unwrap()
}

/// Rows of two classes and what two models say of them, in tenths: there are ties.
#[derive(Clone, Debug)]
struct Rows {
    targets: Vec<u32>,
    candidate: Vec<f64>,
    baseline: Vec<f64>,
}

impl Rows {
    fn reordered(&self, order: &[usize]) -> Self {
        Self {
            targets: order.iter().map(|row| self.targets[*row]).collect(),
            candidate: order.iter().map(|row| self.candidate[*row]).collect(),
            baseline: order.iter().map(|row| self.baseline[*row]).collect(),
        }
    }
}

fn rows() -> impl Strategy<Value = (Rows, Vec<usize>)> {
    let row = (0..2_u32, 0..=10_u8, 0..=10_u8);
    prop::collection::vec(row, 4..80).prop_flat_map(|mut rows| {
        (rows[0].0, rows[1].0) = (0, 1);
        let tenths = |value: u8| f64::from(value) / 10.0;
        let made = Rows {
            targets: rows.iter().map(|row| row.0).collect(),
            candidate: rows.iter().map(|row| tenths(row.1)).collect(),
            baseline: rows.iter().map(|row| tenths(row.2)).collect(),
        };
        let order: Vec<usize> = (0..rows.len()).collect();
        (Just(made), Just(order).prop_shuffle())
    })
}

fn near(found: f64, expected: f64) -> bool {
    found == expected
        || (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3)
        || found.is_nan() && expected.is_nan()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_changes_no_score((rows, order) in rows()) {
        let other = rows.reordered(&order);
        for name in OF_CLASSES.iter().chain(OF_PROBABILITIES) {
            let of = |rows: &Rows| score(&parsed(name), &Targets::Classes(&rows.targets), &Predictions::Values(&rows.candidate)).unwrap();
            prop_assert!(near(of(&rows), of(&other)), "{name}: {} is not {}", of(&rows), of(&other));
        }
        for name in OF_NUMBERS {
            let of = |rows: &Rows| {
                let targets: Vec<f64> = rows.targets.iter().map(|class| f64::from(*class) + 0.5).collect();
                score(&parsed(name), &Targets::Values(&targets), &Predictions::Values(&rows.candidate)).unwrap()
            };
            prop_assert!(near(of(&rows), of(&other)), "{name}: {} is not {}", of(&rows), of(&other));
        }
    }

    #[test]
    fn the_order_of_rows_changes_no_test((rows, order) in rows()) {
        let other = rows.reordered(&order);
        for (name, method) in WITHOUT_ORDER {
            let options = CompareOptions { method: *method, ..CompareOptions::default() };
            let of = |rows: &Rows| {
                let targets = Targets::Classes(&rows.targets);
                compare(&parsed(name), &targets, &Predictions::Values(&rows.candidate), &Predictions::Values(&rows.baseline), &options).unwrap()
            };
            let (one, two) = (of(&rows), of(&other));
            for (found, expected) in [(one.lower, two.lower), (one.upper, two.upper), (one.p_value, two.p_value), (one.minimal_detectable, two.minimal_detectable)] {
                prop_assert!(near(found, expected), "{name}: {found} is not {expected}");
            }
            prop_assert_eq!(&one.notes, &two.notes);
        }
    }

    #[test]
    fn other_numbers_of_classes_change_no_score(
        rows in prop::collection::vec((0..4_usize, 0..4_usize), 2..60),
        numbers in Just(vec![0_u32, 3, 8, 41, 77, 1_000_000]).prop_shuffle(),
    ) {
        let of = |numbers: &[u32], name: &str| {
            let targets: Vec<u32> = rows.iter().map(|row| numbers[row.0]).collect();
            let predicted: Vec<u32> = rows.iter().map(|row| numbers[row.1]).collect();
            score(&parsed(name), &Targets::Classes(&targets), &Predictions::Classes(&predicted)).unwrap()
        };
        for name in OF_CLASSES {
            prop_assert!(near(of(&numbers, name), of(&[0, 1, 2, 3], name)), "{name}");
        }
    }

    #[test]
    fn classes_may_change_places_with_their_columns(rows in prop::collection::vec((0..3_u32, 0..9_u32, 0..9_u32), 12..60)) {
        let places = [2_u8, 0, 1];
        let (mut targets, mut values, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (class, a, b)) in (0_u32..).zip(&rows) {
            targets.push(if at < 3 { at } else { *class });
            let (a, b) = (f64::from(*a) / 32.0, f64::from(*b) / 32.0);
            let row = [a, b, 1.0 - a - b];
            values.extend(row);
            let mut other = [0.0; 3];
            (0..3).for_each(|class: usize| other[usize::from(places[class])] = row[class]);
            moved.extend(other);
        }
        let moved_targets: Vec<u32> = targets.iter().map(|class| u32::from(places[*class as usize])).collect();
        for name in OF_PROBABILITIES.iter().take(4) {
            let of = |targets: &[u32], values: &[f64]| {
                score(&parsed(name), &Targets::Classes(targets), &Predictions::Probabilities { values, n_classes: 3 }).unwrap()
            };
            prop_assert!(near(of(&targets, &values), of(&moved_targets, &moved)), "{name}");
        }
    }

    #[test]
    fn rows_scored_in_chunks_are_the_rows_scored_at_once((rows, _) in rows(), at in 1..79_usize) {
        let at = at.min(rows.targets.len() - 1);
        for name in ["accuracy", "log_loss", "brier"] {
            let of = |from: usize, to: usize| {
                let targets = Targets::Classes(&rows.targets[from..to]);
                per_row(&parsed(name), &targets, &Predictions::Values(&rows.candidate[from..to])).unwrap()
            };
            let chunks = [of(0, at), of(at, rows.targets.len())].concat();
            prop_assert_eq!(chunks, of(0, rows.targets.len()));
        }
    }

    #[test]
    fn the_candidate_and_the_baseline_may_change_sides((rows, _) in rows()) {
        let targets = Targets::Classes(&rows.targets);
        let models = [Predictions::Values(&rows.candidate), Predictions::Values(&rows.baseline)];
        for (name, method) in WITHOUT_ORDER {
            let options = CompareOptions { method: *method, ..CompareOptions::default() };
            let one = compare(&parsed(name), &targets, &models[0], &models[1], &options).unwrap();
            let two = compare(&parsed(name), &targets, &models[1], &models[0], &options).unwrap();
            prop_assert!(near(one.lower, -two.upper) && near(one.upper, -two.lower), "{name}");
            prop_assert!(near(one.difference, -two.difference));
        }
    }

    #[test]
    fn any_differences_have_p_values_from_0_to_1(d in prop::collection::vec(-3..=3_i8, 1..60), horizon in 1..5_u32) {
        let d: Vec<f64> = d.into_iter().map(|d| f64::from(d) / 3.0).collect();
        prop_assert!((0.0..=1.0).contains(&wilcoxon(&d).unwrap().p_value));
        if (horizon as usize) < d.len() {
            prop_assert!((0.0..=1.0).contains(&diebold_mariano(&d, horizon).unwrap().p_value));
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let n = 400_u32;
    let noise =
        |row: u32, salt: u32| f64::from(row.wrapping_mul(2_654_435_761).wrapping_add(salt * 97_003) % 1_000) / 1_000.0;
    let targets: Vec<u32> = (0..n).map(|row| u32::from(noise(row, 1) > 0.4)).collect();
    let model = |weight: f64, salt| -> Vec<f64> {
        (0..n)
            .zip(&targets)
            .map(|(row, class)| weight * f64::from(*class) + (1.0 - weight) * noise(row, salt))
            .collect()
    };
    let (candidate, baseline) = (model(0.3, 2), model(0.25, 3));
    let groups: Vec<u64> = (0..n).map(|row| u64::from(row / 7)).collect();
    let names = ["accuracy", "log_loss", "f1", "average_precision", "calibration_error@10", "roc_auc"];
    let metrics: Vec<Metric> = names.iter().map(|name| parsed(name)).collect();
    let all = |threads, groups, series| {
        let options = CompareOptions {
            threads,
            groups,
            series,
            method: Method::Percentile,
            seed: 5,
            ..CompareOptions::default()
        };
        let models = [Predictions::Values(&candidate), Predictions::Values(&baseline)];
        compare_all(&metrics, &Targets::Classes(&targets), &models[0], &models[1], &options).unwrap()
    };
    for (groups, series) in
        [(None, None), (Some(groups.as_slice()), None), (None, Some(Series { horizon: 3, block: None }))]
    {
        let one = all(1, groups, series);
        for threads in [2, 3, 4] {
            assert_eq!(one, all(threads, groups, series));
        }
        // One at a time draws the same rows as all together.
        for (metric, together) in metrics.iter().zip(&one) {
            let options =
                CompareOptions { groups, series, method: Method::Percentile, seed: 5, ..CompareOptions::default() };
            let models = [Predictions::Values(&candidate), Predictions::Values(&baseline)];
            assert_eq!(
                together,
                &compare(metric, &Targets::Classes(&targets), &models[0], &models[1], &options).unwrap()
            );
        }
    }
}
