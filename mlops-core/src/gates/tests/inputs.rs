//! What cannot be judged is an error with its reason, and never a pass.

use super::super::*;
use super::{accuracy, error, inputs, run, superior};
use crate::registry::Verdict;

fn changed(change: impl FnOnce(&mut GateInputs)) -> GateReport {
    let mut rows = inputs(500, 0.05, 0.15);
    change(&mut rows);
    run(&superior(), &rows)
}

fn with_value(value: f64) -> impl FnOnce(&mut GateInputs) {
    move |rows| {
        if let Some(Column::Numbers(values)) = &mut rows.candidate.values {
            values[17] = value;
        }
    }
}

#[test]
fn a_model_that_could_not_be_asked_is_an_error_that_says_why() {
    let mut rows = inputs(200, 0.0, 0.5);
    rows.failure = Some("the baseline cannot be loaded: its file is damaged".into());
    assert_eq!(error(&run(&superior(), &rows)), "the baseline cannot be loaded: its file is damaged");
}

#[test]
fn a_baseline_is_there_if_it_predicted_something_whatever_its_digest_and_the_verdict() {
    let broken = changed(with_value(f64::NAN));
    assert!(!broken.headline().contains("without a baseline"), "{}", broken.headline());
    let mut alone = inputs(500, 0.0, 0.5);
    (alone.baseline, alone.baseline_digest) = (None, Some("blake3:1".into()));
    let first = run(&superior(), &alone);
    assert!(first.headline().contains("without a baseline") && first.baseline_digest.is_none(), "{}", first.headline());
}

#[test]
fn nan_infinite_and_missing_predictions_are_errors() {
    assert!(error(&changed(with_value(f64::NAN))).contains("1 of 500 predictions of the candidate are NaN or missing"));
    assert!(error(&changed(with_value(f64::INFINITY))).contains("1 are infinite, the first in row 18"));
    let texts = |rows: &mut GateInputs| rows.candidate.values = Some(vec![""; 500].into());
    assert!(error(&changed(texts)).contains("500 of 500 predictions of the candidate are missing"));
    assert!(error(&changed(|rows| rows.candidate = Predicted::default())).contains("the candidate has no predictions"));
    assert_eq!(changed(with_value(f64::NAN)).exit_code(), 7);
}

#[test]
fn nan_in_the_baseline_or_the_targets_is_an_error_too() {
    let of_baseline = |rows: &mut GateInputs| rows.baseline = Some(Predicted::scores(vec![f64::NAN; 500]));
    assert!(error(&changed(of_baseline)).contains("scores of the baseline"));
    assert!(error(&changed(|rows| rows.targets = vec![f64::NAN; 500].into())).contains("targets"));
}

#[test]
fn no_rows_are_an_error() {
    let none = GateInputs::new(Vec::<f64>::new(), Predicted::values(Vec::<f64>::new()));
    assert!(error(&run(&superior(), &none)).contains("no rows"));
}

#[test]
fn rows_must_be_the_same() {
    assert!(error(&changed(|rows| rows.candidate = Predicted::values(vec![1.0; 499]))).contains("499 rows"));
    let renamed = |rows: &mut GateInputs| {
        let mut ids = rows.ids.clone().unwrap();
        ids[3] = "other".into();
        rows.candidate.ids = Some(ids);
    };
    let why = changed(renamed);
    assert!(error(&why).contains("1 of 500 are missing and 1 are too many, such as `row-3`"), "{}", error(&why));
    let twice = |rows: &mut GateInputs| {
        let mut ids = rows.ids.clone().unwrap();
        ids[3] = ids[4].clone();
        rows.candidate.ids = Some(ids);
    };
    assert!(error(&changed(twice)).contains("`row-4` stands twice"));
    let without = |rows: &mut GateInputs| rows.candidate.ids = rows.ids.take();
    assert!(error(&changed(without)).contains("the targets have none"));
    assert!(error(&changed(|rows| drop(rows.columns.insert("a".into(), vec![1.0].into())))).contains("`a` has 1 rows"));
    assert!(error(&changed(|rows| rows.row_hashes = vec![1])).contains("1 hashes of 500 rows"));
}

#[test]
fn predictions_are_brought_to_the_targets_by_their_ids() {
    let rows = inputs(500, 0.05, 0.15);
    let mut moved = rows.clone();
    let ids = rows.ids.clone().unwrap();
    let back: Vec<usize> = (0..500).rev().collect();
    moved.candidate = rows.candidate.pick(&back).with_ids(ids.into_iter().rev().collect());
    assert_eq!(run(&superior(), &moved), run(&superior(), &rows));
}

#[test]
fn classes_may_be_texts_and_the_positive_one_is_named() {
    let rows = inputs(1_000, 0.05, 0.15);
    let named = |column: &Column| -> Column {
        let Column::Numbers(values) = column else { panic!("numbers") };
        values.iter().map(|value| if *value > 0.5 { "bad" } else { "good" }).collect::<Vec<_>>().into()
    };
    let mut texts = rows.clone();
    texts.targets = named(&rows.targets);
    texts.candidate.values = rows.candidate.values.as_ref().map(named);
    texts.baseline = rows.baseline.clone().map(|of| Predicted { values: of.values.as_ref().map(named), ..of });
    let f1 = GateDefinition::new("gate", MetricRule::new("f1").unwrap().superior());
    let by_number = run(&f1, &rows);
    let by_name = run(&GateDefinition { positive: Some("bad".into()), ..f1.clone() }, &texts);
    assert_eq!(by_name.primary().unwrap().numbers.candidate, by_number.primary().unwrap().numbers.candidate);
    let other = run(&GateDefinition { positive: Some("good".into()), ..f1 }, &texts);
    assert_ne!(other.primary().unwrap().numbers.candidate, by_number.primary().unwrap().numbers.candidate);
}

#[test]
fn scores_become_classes_by_the_cutoff() {
    let mut rows = inputs(1_000, 0.05, 0.15);
    let scores = super::scores(&rows, 1, 0.4);
    rows.candidate = Predicted::scores(scores.clone());
    let of = |cutoff| {
        let report = run(&GateDefinition { cutoff, ..GateDefinition::new("gate", accuracy()) }, &rows);
        report.primary().unwrap().numbers.candidate.unwrap()
    };
    assert!(of(None) > 0.99 && of(Some(0.99)) < 0.6);
    // A column of numbers that are no classes are scores as well.
    let mut column = rows.clone();
    column.candidate = Predicted::values(scores);
    assert_eq!(
        run(&GateDefinition::new("gate", accuracy()), &column).primary().unwrap().numbers.candidate,
        Some(of(None))
    );
}

#[test]
fn classes_that_are_written_in_another_way_are_an_error() {
    let mut rows = inputs(500, 0.05, 0.15);
    let named = |value: f64| if value > 0.5 { "True" } else { "False" };
    let Column::Numbers(targets) = rows.targets.clone() else { panic!("numbers") };
    rows.targets = targets.into_iter().map(named).collect::<Vec<_>>().into();
    assert!(error(&run(&superior(), &rows)).contains("it predicts `0`, `1`, and they are `False`, `True`"));
}

#[test]
fn classes_cannot_stand_in_for_scores() {
    let auc = GateDefinition::new("gate", MetricRule::new("roc_auc").unwrap());
    assert!(error(&run(&auc, &inputs(500, 0.05, 0.15))).contains("scores or probabilities"));
}

#[test]
fn probabilities_of_many_classes_are_taken_by_their_names() {
    let mut random = super::Random(5);
    let names = ["ant", "bee", "cat"];
    let targets: Vec<&str> = (0..900).map(|row| names[row % 3]).collect();
    let mut model = |noise: f64| {
        let mut of: [Vec<f64>; 3] = Default::default();
        for row in 0..900 {
            let raw: Vec<f64> =
                (0..3).map(|class| f64::from(u8::from(row % 3 == class)) + noise * random.next()).collect();
            let sum: f64 = raw.iter().sum();
            raw.iter().zip(&mut of).for_each(|(value, column)| column.push(value / sum));
        }
        names.iter().zip(of).fold(Predicted::default(), |model, (name, of)| model.with_probability(name, of))
    };
    let rows = GateInputs::new(targets, model(1.0)).with_baseline(model(3.0));
    for metric in ["log_loss", "accuracy", "top_k_accuracy@2", "roc_auc"] {
        let report = run(&GateDefinition::new("gate", MetricRule::new(metric).unwrap()), &rows);
        assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    }
    let mut lacks = rows;
    lacks.candidate.probabilities.remove("bee");
    assert!(error(&run(&GateDefinition::new("gate", MetricRule::new("log_loss").unwrap()), &lacks)).contains("`bee`"));
}

#[test]
fn numbers_are_compared_by_metrics_of_regression() {
    let mut random = super::Random(9);
    let targets: Vec<f64> = (0..400).map(|_| random.next() * 10.0).collect();
    let mut near = |noise: f64| targets.iter().map(|y| y + noise * (random.next() - 0.5)).collect::<Vec<f64>>();
    let (candidate, baseline) = (near(1.0), near(2.0));
    let rows = GateInputs::new(targets, Predicted::values(candidate)).with_baseline(Predicted::values(baseline));
    for metric in ["rmse", "mae", "r2", "quantile_loss@0.9"] {
        let report = run(&GateDefinition::new("gate", MetricRule::new(metric).unwrap()), &rows);
        assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    }
    assert!(error(&run(&superior(), &rows)).contains("the targets have fractions"));
}

#[test]
fn a_definition_that_no_gate_can_ask_for_is_refused() {
    let gate = superior().with_alpha(f64::NAN);
    assert!(evaluate(&gate, &inputs(100, 0.1, 0.1), &RunOptions::default()).unwrap_err().to_string().contains("alpha"));
}

#[test]
fn a_cutoff_decides_by_probabilities_and_says_where_it_cannot() {
    let mut rows = inputs(1_000, 0.05, 0.15);
    let scores = super::scores(&rows, 1, 0.4);
    let labels = rows.candidate.values.clone();
    let others: Vec<f64> = scores.iter().map(|score| 1.0 - score).collect();
    let gate = GateDefinition { cutoff: Some(0.99), ..GateDefinition::new("gate", accuracy()) };
    let of = |rows: &GateInputs| run(&gate, rows).primary().unwrap().numbers.candidate;
    rows.candidate = Predicted::scores(scores.clone());
    let expected = of(&rows);
    for said in [
        Predicted { values: labels.clone(), ..Predicted::scores(scores.clone()) },
        Predicted { values: labels.clone(), ..Predicted::default().with_probability("1", scores.clone()) },
        Predicted::default().with_probability("0", others),
    ] {
        rows.candidate = said;
        assert_eq!(of(&rows), expected);
    }
    rows.candidate = Predicted { values: labels, ..Predicted::default() };
    let warned =
        |rows: &GateInputs| run(&gate, rows).warnings.iter().filter(|one| one.code == "cutoff_not_used").count();
    assert_eq!(warned(&rows), 2);
    rows.candidate = Predicted::scores(scores);
    assert_eq!(warned(&rows), 1);
}

#[test]
fn labels_are_no_scores_where_probabilities_are_there() {
    let mut rows = inputs(1_000, 0.05, 0.15);
    let scores = super::scores(&rows, 1, 0.4);
    let probabilities = |scores: &[f64]| {
        let said = Predicted::default().with_probability("0", scores.iter().map(|p| 1.0 - p).collect());
        said.with_probability("1", scores.to_vec()).with_probability("2", vec![0.0; 1_000])
    };
    (rows.candidate, rows.baseline) = (probabilities(&scores), Some(probabilities(&scores)));
    let area = GateDefinition::new("gate", MetricRule::new("roc_auc").unwrap());
    let reason = |rows: &GateInputs| run(&area, rows).primary().unwrap().reason.clone();
    let expected = reason(&rows);
    assert!(expected.contains("class 2"), "{expected}");
    // It predicts a class that no target is.
    let mut labels = vec![1.0; 1_000];
    labels[7] = 2.0;
    rows.candidate.values = Some(labels.into());
    assert_eq!(reason(&rows), expected);
}

#[test]
fn scores_of_more_rows_than_ids_are_an_error() {
    let mut rows = inputs(500, 0.05, 0.15);
    let ids: Vec<String> = (0..500).map(|row| row.to_string()).collect();
    rows.ids = Some(ids.clone());
    rows.candidate.ids = Some(ids);
    rows.candidate.scores = Some(vec![0.5; 501]);
    assert!(error(&run(&superior(), &rows)).contains("500 rows and 501 rows"));
}

#[test]
fn a_row_that_cannot_be_scored_is_counted_as_it_was_handed_in() {
    let targets: Vec<f64> = (0..1_000).map(|row| if row == 700 { 0.0 } else { f64::from(row) + 1.0 }).collect();
    let said = |by: f64| Predicted::values(targets.iter().map(|y| y + by).collect::<Vec<f64>>());
    let rows = GateInputs::new(targets.clone(), said(1.0)).with_baseline(said(2.0));
    let gate = GateDefinition::new("gate", MetricRule::new("mape").unwrap());
    let report = run(&gate, &rows);
    let reason = &report.primary().unwrap().reason;
    assert!(reason.contains("row 701 of targets"), "{reason}");
}
