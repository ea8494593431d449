#![expect(clippy::float_cmp, reason = "these numbers are exact")]

use super::*;
use crate::error::{Error, Result};
use crate::metrics::{Metric, Predictions, Targets};

const DEFAULT: CompareOptions<'static> = CompareOptions {
    alpha: 0.05,
    resamples: 2_000,
    seed: 0,
    groups: None,
    series: None,
    method: Method::Auto,
    threads: 1,
    watch: None,
};

fn metric(name: &str) -> Metric {
    name.parse().unwrap()
}

/// Compares predicted probabilities of class 1.
fn of(name: &str, targets: &[u32], candidate: &[f64], baseline: &[f64], options: &CompareOptions<'_>) -> Comparison {
    let models = [Predictions::Values(candidate), Predictions::Values(baseline)];
    compare(&metric(name), &Targets::Classes(targets), &models[0], &models[1], options).unwrap()
}

/// Rows of alternating class, right but for every `step`-th.
fn wrong_every(n: u32, step: u32) -> (Vec<u32>, Vec<f64>) {
    let targets: Vec<u32> = (0..n).map(|row| row % 2).collect();
    let p = |row: u32| if (row % 2 == 1) == row.is_multiple_of(step) { 0.3 } else { 0.8 };
    (targets, (0..n).map(p).collect())
}

#[test]
fn one_row_tells_nothing_by_any_method() {
    for method in [Method::Auto, Method::PairedT, Method::Wald, Method::Bootstrap, Method::Bca] {
        let found = of("accuracy", &[1], &[0.9], &[0.1], &CompareOptions { method, ..DEFAULT });
        assert_eq!((found.lower, found.upper), (f64::NEG_INFINITY, f64::INFINITY), "{method:?}");
        assert_eq!((found.difference, found.p_value_at(0.5), found.minimal_detectable > 0.5), (1.0, 1.0, true));
        assert!(found.has_note(NoteCode::FewRows) && found.has_note(NoteCode::NoVariance));
    }
    let found = of("log_loss", &[1], &[0.9], &[0.1], &DEFAULT);
    assert_eq!((found.lower, found.p_value), (f64::NEG_INFINITY, 1.0));
}

#[test]
fn two_rows_are_compared_and_noted_to_be_few() {
    for name in ["accuracy", "log_loss", "f1", "calibration_error", "roc_auc", "average_precision"] {
        let found = of(name, &[0, 1], &[0.2, 0.9], &[0.6, 0.7], &DEFAULT);
        assert!(found.has_note(NoteCode::FewRows), "{name}");
        assert!(!found.lower.is_nan() && !found.upper.is_nan() && found.lower <= found.upper, "{name} {found:?}");
        assert!((0.0..=1.0).contains(&found.p_value), "{name}");
    }
}

#[test]
fn the_same_predictions_are_no_difference() {
    let (targets, p) = wrong_every(400, 5);
    for name in ["accuracy", "roc_auc", "log_loss", "f1", "average_precision", "calibration_error@5"] {
        let found = of(name, &targets, &p, &p, &DEFAULT);
        assert_eq!((found.difference, found.lower, found.upper, found.p_value), (0.0, 0.0, 0.0, 1.0), "{name}");
        assert!(found.has_note(NoteCode::NoDifference) && found.agrees, "{name}");
        assert_eq!(found.minimal_detectable, f64::INFINITY);
    }
    assert_eq!(of("accuracy", &targets, &p, &p, &DEFAULT).discordant, Some(0));
}

#[test]
fn constant_predictions_are_compared_and_noted() {
    let (targets, p) = wrong_every(300, 5);
    for name in ["accuracy", "roc_auc", "log_loss"] {
        let found = of(name, &targets, &[0.5; 300], &p, &DEFAULT);
        assert!(found.has_note(NoteCode::ConstantPredictions) && found.upper < 0.0, "{name} {found:?}");
    }
}

#[test]
fn metrics_have_the_methods_of_the_table() {
    let (targets, p) = wrong_every(400, 9);
    let (_, q) = wrong_every(400, 5);
    let groups: Vec<u64> = (0..400).map(|row| row / 4).collect();
    let grouped = CompareOptions { groups: Some(&groups), ..DEFAULT };
    let series = CompareOptions { series: Some(Series { horizon: 2, block: None }), ..DEFAULT };
    let method = |name, rows: usize, options: &CompareOptions<'_>| {
        of(name, &targets[..rows], &p[..rows], &q[..rows], options).method
    };
    assert_eq!(method("accuracy", 400, &DEFAULT), "percentile+mcnemar");
    assert_eq!(method("roc_auc", 400, &DEFAULT), "delong");
    assert_eq!(method("log_loss", 400, &DEFAULT), "paired_t");
    assert_eq!(method("log_loss", 29, &DEFAULT), "bca+paired_t");
    assert_eq!(method("f1", 400, &DEFAULT), "bca");
    assert_eq!(method("average_precision", 400, &DEFAULT), "percentile");
    assert_eq!(method("brier", 400, &CompareOptions { method: Method::Wilcoxon, ..DEFAULT }), "paired_t+wilcoxon");
    assert_eq!(method("accuracy", 400, &grouped), "cluster_percentile");
    assert_eq!(method("f1", 400, &grouped), "cluster_bca");
    assert_eq!(method("log_loss", 400, &series), "block_percentile+diebold_mariano");
    assert_eq!(method("f1", 400, &series), "block_percentile");
    let (targets, p) = wrong_every(100_002, 9);
    let (_, q) = wrong_every(100_002, 5);
    assert_eq!(of("accuracy", &targets, &p, &q, &DEFAULT).method, "wald+mcnemar");
    let found = of("log_loss", &targets, &p, &q, &DEFAULT);
    assert_eq!((found.method.as_str(), found.resamples), ("paired_t", None));
}

#[test]
fn a_method_that_is_not_for_the_metric_or_the_rows_is_refused() {
    let (targets, p) = wrong_every(40, 5);
    let groups = [1_u64; 40];
    let said = |name: &str, options: CompareOptions<'_>| {
        let models = Predictions::Values(&p);
        let found = compare(&metric(name), &Targets::Classes(&targets), &models, &models, &options);
        found.unwrap_err().to_string()
    };
    let by = |method| CompareOptions { method, ..DEFAULT };
    assert!(said("f1", by(Method::PairedT)).contains("a mean over rows"));
    assert!(said("log_loss", by(Method::Wald)).contains("accuracy, error"));
    assert!(said("log_loss", by(Method::DeLong)).contains("roc_auc"));
    let grouped = CompareOptions { groups: Some(&groups), ..by(Method::PairedT) };
    assert!(said("log_loss", grouped).contains("not independent"));
    let series = CompareOptions { series: Some(Series { horizon: 1, block: None }), ..by(Method::Bca) };
    assert!(said("log_loss", series).contains("for a series"));
    assert!(said("accuracy", CompareOptions { alpha: 0.5, ..DEFAULT }).contains("alpha `0.5`"));
    assert!(said("accuracy", CompareOptions { alpha: f64::NAN, ..DEFAULT }).contains("alpha `NaN`"));
    assert!(said("accuracy", CompareOptions { resamples: 998, ..DEFAULT }).contains("999 to 1000000"));
    assert!(said("accuracy", CompareOptions { groups: Some(&groups[1..]), ..DEFAULT }).contains("39 rows"));
    let both = CompareOptions { series: Some(Series { horizon: 1, block: None }), groups: Some(&groups), ..DEFAULT };
    assert!(said("accuracy", both).contains("one of both"));
    for (horizon, block) in [(0, None), (40, None), (1, Some(41)), (1, Some(0))] {
        let series = Some(Series { horizon, block });
        assert!(said("accuracy", CompareOptions { series, ..DEFAULT }).contains("is not valid"));
    }
}

#[test]
fn an_error_says_which_model_it_is_of() {
    let targets = Targets::Classes(&[0, 1]);
    let (good, bad) = (Predictions::Values(&[0.1, 0.9]), Predictions::Values(&[0.1, f64::NAN]));
    let said = |candidate, baseline| {
        compare(&metric("log_loss"), &targets, candidate, baseline, &DEFAULT).unwrap_err().to_string()
    };
    assert!(said(&bad, &good).contains("row 2 of the candidate's predictions `NaN`"), "{}", said(&bad, &good));
    assert!(said(&good, &bad).contains("row 2 of the baseline's predictions `NaN`"));
    assert!(said(&good, &Predictions::Values(&[0.1])).contains("the baseline's predictions `1 rows`"));
}

#[test]
fn resamples_of_one_class_speak_against_both_bounds() {
    let mut targets = vec![0; 60];
    targets[7] = 1;
    let p: Vec<f64> = (0..60).map(|row| f64::from(row) / 60.0).collect();
    let options = CompareOptions { method: Method::Bootstrap, ..DEFAULT };
    let found = of("roc_auc", &targets, &p, &[0.5; 60], &options);
    // More than a third of the resamples leave out the one row.
    assert_eq!((found.lower, found.upper), (f64::NEG_INFINITY, f64::INFINITY));
    assert!(found.has_note(NoteCode::UndefinedResamples) && found.has_note(NoteCode::FewOfOneClass));
    assert_eq!((found.positives, found.negatives), (Some(1), Some(59)));
    let found = of("roc_auc", &targets, &p, &[0.5; 60], &DEFAULT);
    assert_eq!((found.lower, found.p_value), (f64::NEG_INFINITY, 1.0));
}

#[test]
fn one_group_is_one_thing_to_draw() {
    let (targets, p) = wrong_every(100, 9);
    let (_, q) = wrong_every(100, 5);
    let found = of("accuracy", &targets, &p, &q, &CompareOptions { groups: Some(&[3; 100]), ..DEFAULT });
    assert_eq!((found.lower, found.p_value, found.resamples), (f64::NEG_INFINITY, 1.0, None));
    assert!(found.has_note(NoteCode::FewRows));
}

#[test]
fn groups_of_like_rows_make_an_interval_wider() {
    let n = 2_000_u64;
    let targets: Vec<u32> = (0..2_000).map(|row| row % 2).collect();
    // Of each twenty rows, all are right or all are wrong.
    let p = |step: u64| -> Vec<f64> {
        (0..n).map(|row| if (row % 2 == 1) == ((row / 20) % step != 0) { 0.9 } else { 0.1 }).collect()
    };
    let groups: Vec<u64> = (0..n).map(|row| row / 20).collect();
    let alone = of("accuracy", &targets, &p(7), &p(5), &DEFAULT);
    let grouped = of("accuracy", &targets, &p(7), &p(5), &CompareOptions { groups: Some(&groups), ..DEFAULT });
    assert_eq!(alone.difference, grouped.difference);
    assert!(grouped.upper - grouped.lower > 3.0 * (alone.upper - alone.lower));
    assert!(grouped.minimal_detectable > 3.0 * alone.minimal_detectable);
}

#[test]
fn a_query_is_in_one_group() {
    let targets = Targets::Relevance { values: &[1.0, 0.0, 1.0, 0.0], queries: &[1, 1, 2, 2] };
    let models = [Predictions::Values(&[0.3, 0.2, 0.1, 0.4]), Predictions::Values(&[0.1, 0.2, 0.1, 0.4])];
    let by = |groups| {
        compare(&metric("ndcg"), &targets, &models[0], &models[1], &CompareOptions { groups: Some(groups), ..DEFAULT })
    };
    assert!(by(&[5, 5, 6, 6]).is_ok());
    assert!(by(&[5, 6, 6, 6]).unwrap_err().to_string().contains("the other rows of query 1"));
}

#[test]
fn a_loss_is_better_when_it_is_less() {
    let targets: Vec<f64> = (0..50).map(f64::from).collect();
    let off = |by: f64| -> Vec<f64> { targets.iter().map(|y| y + by * (1.0 + (y % 3.0))).collect() };
    for name in ["mae", "mse", "rmse", "r2", "median_absolute_error", "quantile_loss@0.3"] {
        let models = [off(0.1), off(0.2)];
        let found = compare(
            &metric(name),
            &Targets::Values(&targets),
            &Predictions::Values(&models[0]),
            &Predictions::Values(&models[1]),
            &DEFAULT,
        )
        .unwrap();
        assert_eq!(found.greater_is_better, name == "r2");
        assert!(found.difference > 0.0 && found.lower > 0.0 && found.p_value < 0.001, "{name} {found:?}");
    }
}

#[test]
fn bounds_at_other_levels_need_no_resamples() {
    let (targets, p) = wrong_every(500, 9);
    let (_, q) = wrong_every(500, 5);
    for name in ["accuracy", "roc_auc", "log_loss", "f1"] {
        let found = of(name, &targets, &p, &q, &DEFAULT);
        let strict = of(name, &targets, &p, &q, &CompareOptions { alpha: 0.005, ..DEFAULT });
        assert_eq!((found.lower_at(0.005), found.upper_at(0.005)), (strict.lower, strict.upper), "{name}");
        assert!(found.lower_at(0.5).is_nan() && found.p_value_at(f64::INFINITY).is_nan());
        assert!(found.p_value_at(0.01) <= found.p_value_at(0.0), "{name}");
    }
}

#[test]
fn a_bootstrap_that_disagrees_is_noted() {
    // One row is far better and the others are a little worse: the t and the quantiles are apart.
    let mut d = vec![0.01; 40];
    d[0] = -0.2;
    d[1] = 0.012;
    let found = compare_values("gain", true, &d, &[0.0; 40], &DEFAULT).unwrap();
    assert_eq!(found.agrees, found.agrees_at(0.05, 0.0));
    assert_eq!(found.agrees, !found.has_note(NoteCode::BootstrapDisagrees));
    let levels = (1..500).map(|at| f64::from(at) / 1001.0);
    let (agree, not): (Vec<f64>, Vec<f64>) = levels.partition(|alpha| found.agrees_at(*alpha, 0.0));
    assert!(!agree.is_empty() && !not.is_empty(), "{found:?}");
}

#[test]
fn values_of_ones_own_are_checked_and_zeros_and_ones_are_counted() {
    let said = |candidate: &[f64], baseline: &[f64]| {
        compare_values("own", true, candidate, baseline, &DEFAULT).unwrap_err().to_string()
    };
    assert!(said(&[], &[]).contains("at least one row"));
    assert!(said(&[1.0], &[1.0, 2.0]).contains("the baseline's values `2 rows`"));
    assert!(said(&[1.0, f64::NAN], &[1.0, 2.0]).contains("row 2 of the candidate's values `NaN`"));
    let found = compare_values("hit", true, &[1.0, 1.0, 0.0], &[0.0, 1.0, 0.0], &DEFAULT).unwrap();
    assert_eq!((found.discordant, found.p_value, found.method.as_str()), (Some(1), 0.5, "percentile+mcnemar"));
}

#[test]
fn a_function_of_ones_own_may_fail_and_says_why() {
    let fails = |rows: &[u32]| -> Result<(f64, f64)> {
        if rows[0] == 3 { Err(Error::InvalidState { detail: "row 3 came first".into() }) } else { Ok((1.0, 0.0)) }
    };
    for threads in [1, 4] {
        let found = compare_by("own", true, 9, &fails, &CompareOptions { threads, ..DEFAULT });
        assert_eq!(found.unwrap_err().to_string(), "row 3 came first");
    }
    let none = |_: &[u32]| Ok((f64::NAN, 0.0));
    assert!(
        compare_by("own", true, 9, &none, &DEFAULT).unwrap_err().to_string().contains("the candidate's `own` `NaN`")
    );
    assert!(compare_by("own", true, 0, &none, &DEFAULT).is_err());
}

#[test]
fn many_rows_are_not_left_out_in_turn() {
    let (targets, p) = wrong_every(5_002, 9);
    let options = CompareOptions { method: Method::Bca, ..DEFAULT };
    let models = Predictions::Values(&p);
    let said = compare(&metric("f1"), &Targets::Classes(&targets), &models, &models, &options).unwrap_err().to_string();
    assert!(said.contains("at most 5000 rows"), "{said}");
    let (_, q) = wrong_every(5_002, 5);
    assert_eq!(of("f1", &targets, &p, &q, &CompareOptions { resamples: 999, ..DEFAULT }).method, "percentile");
}

#[test]
fn a_few_rows_are_no_evidence_for_any_metric() {
    // Thirty positives of a thousand rows; three of them only one model finds.
    let targets: Vec<u32> = (0..1_000).map(|row| u32::from(row < 30)).collect();
    let mut all: Vec<f64> = targets.iter().map(|class| 0.1 + 0.8 * f64::from(*class)).collect();
    all[999] = 0.2;
    let but = |rows: usize| -> Vec<f64> {
        all.iter().enumerate().map(|(row, p)| if row < rows { 0.2 } else { *p }).collect()
    };
    for name in ["recall", "f1", "precision", "balanced_accuracy", "mcc", "brier", "log_loss", "accuracy"] {
        let same = of(name, &targets, &all, &all, &DEFAULT);
        assert!(same.has_note(NoteCode::FewDiscordant), "{name}");
        assert!(!same.is_exactly_above(0.05, 1e-6) && !same.is_exactly_above(0.05, 0.0), "{name}");
        if name == "precision" {
            continue;
        }
        let three = of(name, &targets, &all, &but(3), &DEFAULT);
        assert!(three.lower > 0.0 || name == "log_loss", "{name}: {three:?}");
        assert!(!three.is_exactly_above(0.05, 0.0), "three of three are luck one time in eight: {name}");
        let nine = of(name, &targets, &all, &but(9), &DEFAULT);
        assert!(nine.is_exactly_above(0.05, 0.0) && !nine.is_exactly_worse(0.05), "{name}");
        let worse = of(name, &targets, &but(9), &all, &DEFAULT);
        assert!(worse.is_exactly_worse(0.05) && !worse.is_exactly_above(0.05, 0.005), "{name}");
        assert!(!of(name, &targets, &but(3), &all, &DEFAULT).is_exactly_worse(0.05), "{name}");
        let many = of(name, &targets, &all, &but(10), &DEFAULT);
        assert!(!many.has_note(NoteCode::FewDiscordant), "{name}");
    }
    // Of thirty rows none lost says that fewer than one in ten is: 0.9^30 = 0.042.
    let recall = of("recall", &targets, &all, &all, &DEFAULT);
    assert!(recall.is_exactly_above(0.05, 0.1) && !recall.is_exactly_above(0.05, 0.09));
}

#[test]
fn groups_that_differ_are_counted_and_not_their_rows() {
    let targets = vec![1_u32; 1_000];
    let right = vec![0.9; 1_000];
    // Twenty rows of one person.
    let groups: Vec<u64> = (0..1_000).map(|row| row / 20).collect();
    let baseline: Vec<f64> = (0..1_000).map(|row| if row < 20 { 0.1 } else { 0.9 }).collect();
    let grouped = CompareOptions { groups: Some(&groups), ..DEFAULT };
    for name in ["accuracy", "recall"] {
        let found = of(name, &targets, &right, &baseline, &grouped);
        assert!(found.has_note(NoteCode::FewDiscordant) && !found.is_exactly_above(0.05, 0.0), "{name}");
        let rows = of(name, &targets, &right, &baseline, &DEFAULT);
        assert!(!rows.has_note(NoteCode::FewDiscordant) && rows.is_exactly_above(0.05, 0.0), "{name}");
    }
}

#[test]
fn resamples_say_nothing_beyond_the_least_of_them() {
    let (targets, p) = wrong_every(2_000, 50);
    let (_, q) = wrong_every(2_000, 10);
    let found = of("f1", &targets, &p, &q, &DEFAULT);
    assert!(found.lower_at(0.0005) > 0.0 && found.resamples_needed(0.0005).is_none());
    assert_eq!((found.lower_at(0.0004), found.upper_at(0.0004)), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(found.resamples_needed(0.0004), Some(2_499.0));
}
