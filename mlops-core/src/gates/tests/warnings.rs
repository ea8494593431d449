//! What a reader has to know.

use super::super::*;
use super::{accuracy, has_warning, inputs, run, scores, superior, used};

#[test]
fn few_rows_are_named() {
    assert!(has_warning(&run(&superior(), &inputs(99, 0.1, 0.2)), "few_rows"));
    assert!(!has_warning(&run(&superior(), &inputs(200, 0.1, 0.2)), "few_rows"));
}

#[test]
fn few_rows_that_tell_the_models_apart_are_named() {
    assert!(has_warning(&run(&superior(), &inputs(500, 0.002, 0.004)), "few_discordant"));
    assert!(!has_warning(&run(&superior(), &inputs(500, 0.1, 0.2)), "few_discordant"));
}

#[test]
fn few_rows_of_a_class_are_named() {
    let mut rows = inputs(500, 0.1, 0.1);
    rows.targets = (0..500).map(|row| f64::from(u8::from(row % 25 == 0))).collect::<Vec<f64>>().into();
    let (good, bad) = (scores(&rows, 1, 0.8), scores(&rows, 2, 0.9));
    rows.candidate = Predicted::scores(good);
    rows.baseline = Some(Predicted::scores(bad));
    let report = run(&GateDefinition::new("gate", MetricRule::new("roc_auc").unwrap()), &rows);
    assert!(has_warning(&report, "few_of_one_class"), "{}", report.to_text());
}

#[test]
fn a_margin_that_the_rows_cannot_see_is_named_with_how_many_can() {
    let gate = GateDefinition::new("gate", accuracy().with_margin(0.005));
    let report = run(&gate, &inputs(1_000, 0.1, 0.1));
    assert!(has_warning(&report, "cannot_see_margin"), "{}", report.to_text());
    let needed = report.primary().unwrap().numbers.rows_needed.unwrap();
    assert!((20_000..80_000).contains(&needed), "{needed}");
    assert!(report.to_text().contains("the margin of 0.005 shows with "), "{}", report.to_text());
    let wide = GateDefinition::new("gate", accuracy().with_margin(0.2));
    assert!(!has_warning(&run(&wide, &inputs(1_000, 0.1, 0.1)), "cannot_see_margin"));
}

#[test]
fn data_that_were_used_often_are_named() {
    let rows = inputs(500, 0.05, 0.15);
    assert!(!has_warning(&used(&superior(), &rows, 20), "holdout_worn"));
    assert!(has_warning(&used(&superior(), &rows, 21), "holdout_worn"));
}

#[test]
fn labels_that_are_missing_unequally_are_named() {
    let mut rows = inputs(500, 0.05, 0.15);
    rows.unlabelled = Some((20, 20));
    assert!(!has_warning(&run(&superior(), &rows), "missing_labels_differ"));
    rows.unlabelled = Some((20, 60));
    assert!(has_warning(&run(&superior(), &rows), "missing_labels_differ"));
}

#[test]
fn constant_predictions_are_named() {
    let mut rows = inputs(500, 0.05, 0.15);
    rows.candidate = Predicted::values(vec![1.0; 500]);
    assert!(has_warning(&run(&superior(), &rows), "constant_predictions"));
}

#[test]
fn rows_that_may_belong_together_are_named() {
    let users: Vec<f64> = (0..500).map(|row| f64::from(row / 5)).collect();
    let rows = inputs(500, 0.05, 0.15).with_column("user_id", users.clone());
    assert!(has_warning(&run(&superior(), &rows), "ungrouped_ids"));
    let grouped = GateDefinition { group: Some("user_id".into()), ..superior() };
    assert!(!has_warning(&run(&grouped, &rows), "ungrouped_ids"));
    let distinct = inputs(500, 0.05, 0.15).with_column("user_id", (0..500).map(f64::from).collect::<Vec<f64>>());
    assert!(!has_warning(&run(&superior(), &distinct), "ungrouped_ids"));
    let other = inputs(500, 0.05, 0.15).with_column("age", users);
    assert!(!has_warning(&run(&superior(), &other), "ungrouped_ids"));
}
