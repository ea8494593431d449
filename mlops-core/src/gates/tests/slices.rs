//! Slices, and groups beside each other.

use super::super::*;
use super::{check, error, inputs, run, superior};
use crate::registry::Verdict;

/// A candidate that is better, but for the rows of one country, where it has all wrong.
fn worse_in(country: &str, every: usize) -> GateInputs {
    let mut rows = inputs(3_000, 0.02, 0.15);
    let countries: Vec<&str> = (0..3_000).map(|row| if row % every == 0 { country } else { "FR" }).collect();
    let (Column::Numbers(targets), Some(Column::Numbers(said))) = (&rows.targets, &rows.candidate.values) else {
        panic!("numbers")
    };
    let wrong = |row: usize| if countries[row] == country { 1.0 - targets[row] } else { said[row] };
    rows.candidate = Predicted::values((0..3_000).map(wrong).collect::<Vec<f64>>());
    rows.with_column("country", countries)
}

fn sliced() -> GateDefinition {
    superior().with_slices(SliceRule::new(&["country"]).with_margin(0.05))
}

#[test]
fn a_slice_that_got_worse_stops_an_otherwise_better_model() {
    let rows = worse_in("DE", 20);
    assert_eq!(run(&superior(), &rows).verdict, Verdict::Pass);
    let report = run(&sliced(), &rows);
    assert_eq!(report.verdict, Verdict::Fail);
    let slice = check(&report, CheckKind::Slice, "country=DE");
    assert_eq!((slice.verdict, slice.numbers.rows), (Verdict::Fail, Some(150)));
    assert_eq!(check(&report, CheckKind::Slice, "country=FR").verdict, Verdict::Pass);
    assert!(report.worst_slice.as_deref().unwrap().starts_with("country=DE (-0."), "{:?}", report.worst_slice);
}

#[test]
fn a_slice_of_few_rows_is_reported_only() {
    let report = run(&sliced(), &worse_in("DE", 100));
    let slice = check(&report, CheckKind::Slice, "country=DE");
    assert!(!slice.is_blocking && slice.reason.contains("30 rows, fewer than 50"), "{slice:?}");
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.worst_slice.as_deref().unwrap().starts_with("country=DE"), "the worst is named whatever its size");
}

#[test]
fn rows_without_a_value_are_a_slice_of_their_own() {
    let mut rows = worse_in("DE", 20);
    rows.columns.insert(
        "country".into(),
        (0..3_000).map(|row| if row % 2 == 0 { "DE" } else { "" }).collect::<Vec<_>>().into(),
    );
    check(&run(&sliced(), &rows), CheckKind::Slice, "country=(missing)");
}

#[test]
fn a_slice_that_is_not_there_is_an_error() {
    let rows = inputs(500, 0.05, 0.15).with_column("city", vec!["x"; 500]);
    let report = run(&sliced(), &rows);
    assert!(error(&report).contains("`country`") && error(&report).contains("`city`"), "{}", report.to_text());
}

#[test]
fn more_slices_than_are_allowed_are_an_error() {
    let rows = inputs(500, 0.05, 0.15).with_column("country", (0..500).map(f64::from).collect::<Vec<f64>>());
    assert!(error(&run(&sliced(), &rows)).contains("500 values"));
}

#[test]
fn a_slice_of_one_class_is_inconclusive_where_the_metric_needs_two() {
    let mut rows = inputs(600, 0.05, 0.15);
    let scores = super::scores(&rows, 1, 0.2);
    let Column::Numbers(targets) = rows.targets.clone() else { panic!("numbers") };
    rows.candidate = Predicted::scores(scores);
    rows.baseline = Some(Predicted::scores(super::scores(&rows, 2, 1.3)));
    let rows = rows.with_column("country", targets);
    let gate = GateDefinition { primary: MetricRule::new("roc_auc").unwrap().superior(), ..sliced() };
    let report = run(&gate, &rows);
    assert_eq!(check(&report, CheckKind::Slice, "country=1").verdict, Verdict::Inconclusive);
    assert_eq!(report.verdict, Verdict::Inconclusive);
}

fn rule(measure: FairnessMeasure) -> FairnessRule {
    FairnessRule { column: "sex".into(), measure, metric: None, margin: None, ceiling: None, floor: None, min_rows: 50 }
}

/// A candidate that says 1 of all of one group more often than of the other.
fn unfair() -> GateInputs {
    let mut rows = inputs(2_000, 0.02, 0.15);
    let sexes: Vec<&str> = (0..2_000).map(|row| if row % 4 == 0 { "f" } else { "m" }).collect();
    let Some(Column::Numbers(said)) = &rows.candidate.values else { panic!("numbers") };
    let biased = |row: usize| if sexes[row] == "f" && row.is_multiple_of(3) { 0.0 } else { said[row] };
    rows.candidate = Predicted::values((0..2_000).map(biased).collect::<Vec<f64>>());
    rows.with_column("sex", sexes)
}

#[test]
fn groups_that_are_treated_unlike_stop_the_candidate() {
    let fair = |rule: FairnessRule| GateDefinition { fairness: vec![rule], ..superior() };
    for measure in [FairnessMeasure::DemographicParityDifference, FairnessMeasure::EqualizedOddsDifference] {
        let limited = fair(FairnessRule { ceiling: Some(0.05), ..rule(measure) });
        let report = run(&limited, &unfair());
        assert_eq!(report.verdict, Verdict::Fail, "{}", report.to_text());
        let check = check(&report, CheckKind::Fairness, &format!("sex {} limit", measure.as_str()));
        assert!(check.numbers.candidate > Some(0.1) && check.numbers.lower < check.numbers.candidate, "{check:?}");
        let beside = fair(FairnessRule { margin: Some(0.03), ..rule(measure) });
        assert_eq!(run(&beside, &unfair()).verdict, Verdict::Fail, "more unlike than the baseline");
        let same = GateInputs { candidate: unfair().baseline.unwrap(), ..unfair() };
        let report = run(&GateDefinition { primary: super::accuracy().with_margin(0.1), ..beside }, &same);
        assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    }
}

#[test]
fn the_worst_group_has_a_floor() {
    let worst = |floor| GateDefinition {
        fairness: vec![FairnessRule { floor: Some(floor), ..rule(FairnessMeasure::WorstGroup) }],
        ..superior()
    };
    let report = run(&worst(0.9), &unfair());
    let check = check(&report, CheckKind::Fairness, "sex worst_group limit");
    assert!(check.verdict == Verdict::Fail && check.numbers.candidate < Some(0.87), "{check:?}");
    assert_eq!(run(&worst(0.7), &unfair()).verdict, Verdict::Pass);
}

#[test]
fn one_group_cannot_be_compared() {
    let rows = inputs(500, 0.05, 0.15).with_column("sex", vec!["f"; 500]);
    let gate = GateDefinition {
        fairness: vec![FairnessRule { ceiling: Some(0.1), ..rule(FairnessMeasure::EqualizedOddsDifference) }],
        ..superior()
    };
    assert!(error(&run(&gate, &rows)).contains("fewer than two groups"));
}

#[test]
fn without_a_margin_only_a_slice_that_is_shown_to_be_worse_stops_the_gate() {
    let gate = superior().with_slices(SliceRule::new(&["country"]));
    let report = run(&gate, &worse_in("DE", 20));
    assert_eq!(report.verdict, Verdict::Fail);
    let slice = check(&report, CheckKind::Slice, "country=DE");
    assert!(slice.is_blocking && slice.reason.contains("it is worse"), "{slice:?}");
    // Of two hundred rows nobody can say that they are not worse, and they are not.
    let rows = inputs(3_000, 0.02, 0.15)
        .with_column("country", (0..3_000).map(|row| if row % 15 == 0 { "DE" } else { "FR" }).collect::<Vec<_>>());
    let report = run(&gate, &rows);
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    assert!(check(&report, CheckKind::Slice, "country=FR").reason.starts_with("at least"));
}

#[test]
fn a_few_rows_of_a_slice_are_no_evidence_in_either_direction() {
    let part = |row: usize| if row.is_multiple_of(50) { "small" } else { "large" };
    let column: Vec<&str> = (0..3_000).map(part).collect();
    let mut rows = inputs(3_000, 0.02, 0.15).with_column("part", column.clone());
    let (Some(Column::Numbers(ours)), Some(baseline)) = (rows.candidate.values.clone(), rows.baseline.as_mut()) else {
        panic!("numbers")
    };
    let Some(Column::Numbers(theirs)) = baseline.values.clone() else { panic!("numbers") };
    // Both say the same of sixty rows.
    let same = theirs.iter().zip(&ours).zip(&column).map(|((b, a), part)| if *part == "small" { *a } else { *b });
    baseline.values = Some(same.collect::<Vec<f64>>().into());
    let asked = superior().with_slices(SliceRule::new(&["part"]).with_margin(0.01));
    let slice = run(&asked, &rows);
    let slice = check(&slice, CheckKind::Slice, "part=small");
    assert_eq!(slice.verdict, Verdict::Inconclusive, "{slice:?}");
    // Four rows that only the baseline has right are luck one time in 16.
    let small: Vec<usize> = (0..3_000).filter(|row| column[*row] == "small").take(4).collect();
    let Column::Numbers(targets) = &rows.targets else { panic!("numbers") };
    let wrong =
        ours.iter().enumerate().map(|(row, said)| if small.contains(&row) { 1.0 - targets[row] } else { *said });
    rows.candidate = Predicted::values(wrong.collect::<Vec<f64>>());
    let report = run(&superior().with_slices(SliceRule::new(&["part"])), &rows);
    let slice = check(&report, CheckKind::Slice, "part=small");
    assert!(slice.verdict == Verdict::Inconclusive && !slice.is_blocking, "{slice:?}");
}
