//! The order of the rows is nobody's business, but for a series in time.

use proptest::prelude::*;

use super::super::*;
use super::{accuracy, inputs, run, scores};

/// Rows with all that a gate looks at.
fn rows() -> GateInputs {
    let mut rows = inputs(300, 0.08, 0.12);
    let (candidate, baseline) = (scores(&rows, 1, 0.9), scores(&rows, 2, 1.0));
    rows.candidate = rows.candidate.clone().with_scores(candidate);
    rows.baseline = rows.baseline.clone().map(|of| of.with_scores(baseline));
    rows.with_column("country", (0..300).map(|row| ["DE", "FR", "IT"][row % 3]).collect::<Vec<_>>())
        .with_column("user", (0..300).map(|row| f64::from(row / 2)).collect::<Vec<f64>>())
}

fn gate(group: bool) -> GateDefinition {
    let gate = GateDefinition::new("gate", accuracy().with_margin(0.05))
        .with_guardrail(MetricRule::new("roc_auc").unwrap().with_margin(0.02))
        .with_guardrail(MetricRule::new("f1").unwrap().with_margin(0.02))
        .with_slices(SliceRule::new(&["country"]).with_margin(0.05));
    let fairness = FairnessRule {
        column: "country".into(),
        measure: FairnessMeasure::DemographicParityDifference,
        metric: None,
        margin: Some(0.1),
        ceiling: Some(0.5),
        floor: None,
        min_rows: 50,
    };
    GateDefinition { resamples: 999, group: group.then(|| "user".into()), fairness: vec![fairness], ..gate }
}

fn moved(rows: &GateInputs, order: &[usize]) -> GateInputs {
    let mut moved = rows.clone();
    moved.targets = rows.targets.pick(order);
    moved.ids = rows.ids.as_ref().map(|ids| order.iter().map(|row| ids[*row].clone()).collect());
    moved.candidate = rows.candidate.pick(order);
    moved.baseline = rows.baseline.as_ref().map(|of| of.pick(order));
    moved.columns = rows.columns.iter().map(|(name, column)| (name.clone(), column.pick(order))).collect();
    moved
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn permuting_rows_changes_nothing(
        order in Just((0..300).collect::<Vec<usize>>()).prop_shuffle(), group in any::<bool>(), with_ids in any::<bool>(),
    ) {
        let mut rows = rows();
        if !with_ids {
            rows.ids = None;
        }
        prop_assert_eq!(run(&gate(group), &moved(&rows, &order)), run(&gate(group), &rows));
    }
}

#[test]
fn a_series_is_looked_at_in_the_order_of_its_column() {
    let rows = rows().with_column("day", (0..300).map(|row| format!("{row}")).collect::<Vec<_>>());
    let back: Vec<usize> = (0..300).rev().collect();
    let series = |order: Option<&str>| GateDefinition {
        blocks: Some(BlockRule { order: order.map(str::to_owned), horizon: Some(7), length: None }),
        ..GateDefinition::new("gate", accuracy().with_margin(0.05))
    };
    let by_day = series(Some("day"));
    assert_eq!(run(&by_day, &moved(&rows, &back)), run(&by_day, &rows));
    assert_eq!(
        run(&by_day, &rows).primary().unwrap().numbers.lower,
        run(&series(None), &rows).primary().unwrap().numbers.lower,
        "texts of numbers are in the order of the numbers"
    );
}

#[test]
fn the_seed_is_of_models_data_and_metric_only() {
    let definition = GateDefinition::new("gate", MetricRule::new("f1").unwrap());
    let renamed = GateDefinition { name: "other".into(), ..definition.clone() };
    let bounds =
        |definition: &GateDefinition, rows: &GateInputs| run(definition, rows).primary().unwrap().numbers.lower;
    assert_eq!(bounds(&definition, &rows()), bounds(&renamed, &rows()));
    let other = GateInputs { data_digest: Some("holdout@8".into()), ..rows() };
    assert_ne!(bounds(&definition, &rows()), bounds(&definition, &other));
}
