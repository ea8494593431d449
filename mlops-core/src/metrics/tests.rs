#![expect(clippy::float_cmp, reason = "these numbers are exact")]

use super::*;

fn said(name: &str, targets: Targets<'_>, predictions: Predictions<'_>) -> String {
    score(&name.parse().unwrap(), &targets, &predictions).unwrap_err().to_string()
}

fn value(name: &str, targets: Targets<'_>, predictions: Predictions<'_>) -> f64 {
    score(&name.parse().unwrap(), &targets, &predictions).unwrap()
}

#[test]
fn what_is_missing_or_no_number_is_never_a_score() {
    let targets = Targets::Values(&[1.0, 2.0]);
    assert!(said("mae", Targets::Values(&[]), Predictions::Values(&[])).contains("at least one row"));
    assert!(said("mae", targets, Predictions::Values(&[1.0])).contains("2 rows, as many as targets"));
    assert!(said("mae", targets, Predictions::Values(&[1.0, f64::NAN])).contains("row 2 of predictions `NaN`"));
    assert!(
        said("mae", Targets::Values(&[f64::INFINITY, 1.0]), Predictions::Values(&[1.0, 1.0]))
            .contains("row 1 of targets `inf`")
    );
    assert!(said("mse", targets, Predictions::Values(&[1e300, 1.0])).contains("the loss of row 1"));
    assert!(said("mape", Targets::Values(&[1.0, 0.0]), Predictions::Values(&[1.0, 1.0])).contains("use `mae`"));
    assert!(said("r2", Targets::Values(&[2.0, 2.0]), Predictions::Values(&[1.0, 1.0])).contains("2 in every row"));
    assert!(said("msle", Targets::Values(&[2.0, -1.0]), Predictions::Values(&[1.0, 1.0])).contains("above -1"));
}

#[test]
fn what_is_no_probability_is_refused() {
    let targets = Targets::Classes(&[0, 1]);
    let wide = |values, n_classes| Predictions::Probabilities { values, n_classes };
    assert!(said("log_loss", targets, Predictions::Values(&[0.5, 1.5])).contains("row 2 of predictions `1.5`"));
    assert!(said("accuracy", targets, Predictions::Values(&[0.5, -0.5])).contains("a probability from 0 to 1"));
    assert!(said("log_loss", targets, Predictions::Classes(&[0, 1])).contains("probabilities, which `log_loss`"));
    assert!(
        said("log_loss", targets, wide(&[0.5, 0.5, 0.5, 0.6], 2)).contains("the sum of row 2 of predictions `1.1`")
    );
    assert!(said("log_loss", targets, wide(&[0.5, 0.5, 0.5], 2)).contains("a multiple of 2"));
    assert!(said("log_loss", targets, wide(&[1.0, 1.0], 1)).contains("2 or more"));
    assert!(said("log_loss", Targets::Classes(&[0, 3]), wide(&[0.5, 0.5, 0.5, 0.5], 2)).contains("a class below 2"));
    assert!(
        said("roc_auc", Targets::Classes(&[0, 3]), Predictions::Values(&[0.1, 0.9])).contains("row 2 of targets `3`")
    );
}

#[test]
fn a_metric_of_another_kind_says_what_it_is_of() {
    let classes = Targets::Classes(&[0, 1]);
    assert!(said("mae", classes, Predictions::Values(&[0.1, 0.2])).contains("a number a row"));
    assert!(
        said("accuracy", Targets::Values(&[0.1, 0.2]), Predictions::Classes(&[0, 1])).contains("a score of classes")
    );
    assert!(said("ndcg", classes, Predictions::Values(&[0.1, 0.2])).contains("relevance and queries"));
    assert!(said("top_k_accuracy@1", classes, Predictions::Classes(&[0, 1])).contains("probabilities"));
    let sure = Predictions::Probabilities { values: &[1.0, 0.0, 0.0, 1.0], n_classes: 2 };
    assert!(said("top_k_accuracy@2", classes, sure).contains("always right"));
    assert!(said("f1", Targets::Classes(&[0, 1, 2]), Predictions::Classes(&[0, 1, 2])).contains("`f1_macro`"));
    assert!(said("f1", Targets::Classes(&[0, 2]), Predictions::Classes(&[0, 2])).contains("one of the classes [0, 2]"));
    assert!(per_row(&Metric::roc_auc(), &classes, &Predictions::Values(&[0.1, 0.2])).is_err());
}

#[test]
fn one_class_has_no_area() {
    for name in ["roc_auc", "average_precision"] {
        assert!(
            said(name, Targets::Classes(&[1, 1]), Predictions::Values(&[0.1, 0.2])).contains("2 of 2 rows of class 1")
        );
        assert!(said(name, Targets::Classes(&[0]), Predictions::Values(&[0.1])).contains("0 of 1 rows"));
    }
}

#[test]
fn equal_scores_count_half_and_zero_is_zero() {
    let targets = Targets::Classes(&[0, 1, 0, 1]);
    assert_eq!(value("auc", targets, Predictions::Values(&[0.5; 4])), 0.5);
    assert_eq!(value("auc", targets, Predictions::Values(&[-0.0, 0.0, 0.0, -0.0])), 0.5);
    assert_eq!(value("auc", targets, Predictions::Values(&[-2.0, 3.0, -1e9, 2.0])), 1.0);
    assert_eq!(value("average_precision", targets, Predictions::Values(&[0.5; 4])), 0.5);
}

#[test]
fn two_columns_are_as_one_number() {
    let targets = Targets::Classes(&[0, 1, 1, 0, 1]);
    let one = [0.1, 0.7, 0.4, 0.6, 0.9];
    let two: Vec<f64> = one.iter().flat_map(|p| [1.0 - p, *p]).collect();
    for name in ["accuracy", "f1", "log_loss", "brier", "auc", "average_precision", "ece@3", "mcc"] {
        let wide = value(name, targets, Predictions::Probabilities { values: &two, n_classes: 2 });
        assert!((value(name, targets, Predictions::Values(&one)) - wide).abs() < 1e-15, "{name}");
    }
}

#[test]
fn a_query_without_anything_relevant_scores_0() {
    let targets = Targets::Relevance { values: &[0.0, 0.0, 1.0, 0.0], queries: &[7, 7, 9, 9] };
    let scores = Predictions::Values(&[0.1, 0.2, 0.3, 0.3]);
    assert_eq!(value("mrr", targets, scores), 0.25);
    assert_eq!(per_row(&"mrr".parse().unwrap(), &targets, &scores).unwrap(), [0.0, 0.5]);
    assert!(value("ndcg", targets, scores) < 0.5);
}

#[test]
fn many_classes_are_counted_as_few_are() {
    // 200 classes, of which the first three have all the rows but one each.
    let targets: Vec<u32> = (0..400).map(|row| if row < 200 { row } else { row % 3 }).collect();
    let predicted: Vec<u32> =
        targets.iter().zip(0..).map(|(class, row)| if row % 7 == 0 { 1 } else { *class }).collect();
    let of = |name: &str, few: bool| {
        let merged = |classes: &[u32]| -> Vec<u32> {
            classes.iter().map(|class| if few { (*class).min(3) } else { *class }).collect()
        };
        value(name, Targets::Classes(&merged(&targets)), Predictions::Classes(&merged(&predicted)))
    };
    // Taken together, classes that are never taken for each other change no sum over rows.
    assert_eq!(of("f1_micro", true), of("f1_micro", false));
    assert_eq!(of("accuracy", true), of("recall_weighted", false));
}
