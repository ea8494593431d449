//! Metrics of the caller's own: means of values, and functions of rows.

use super::*;
use crate::error::Error;
use crate::gates::{Column, OwnFunction, OwnValues, SliceRule};

/// The share of rows that both have right, as a function of rows.
fn share(inputs: &GateInputs) -> OwnFunction {
    let right = |of: &Predicted| -> Vec<f64> {
        let (Column::Numbers(targets), Some(Column::Numbers(values))) = (&inputs.targets, &of.values) else {
            panic!("both are numbers");
        };
        targets.iter().zip(values).map(|(y, said)| 1.0 - (y - said).abs()).collect()
    };
    let (candidate, baseline) = (right(&inputs.candidate), right(inputs.baseline.as_ref().unwrap()));
    OwnFunction::new(move |rows| {
        let count = f64::from(u32::try_from(rows.len()).unwrap());
        let mean = |of: &[f64]| rows.iter().map(|row| of[*row as usize]).sum::<f64>() / count;
        Ok((mean(&candidate), Some(mean(&baseline))))
    })
}

fn own(metric: &str) -> MetricRule {
    MetricRule::new(metric).unwrap()
}

fn with_function(mut inputs: GateInputs) -> GateInputs {
    inputs.own_functions.insert("share".into(), share(&inputs));
    inputs
}

#[test]
fn a_function_of_rows_is_resampled_and_judged_as_a_metric_that_is_known() {
    let gate = GateDefinition::new("gate", own("own:share").superior().with_floor(0.9));
    let report = run(&gate, &with_function(inputs(1_000, 0.02, 0.1)));
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    let known = run(&superior(), &inputs(1_000, 0.02, 0.1));
    let (found, expected) = (&report.primary().unwrap().numbers, &known.primary().unwrap().numbers);
    assert_eq!((found.candidate, found.baseline), (expected.candidate, expected.baseline));
    assert!((found.lower.unwrap() - expected.lower.unwrap()).abs() < 0.005, "{found:?} {expected:?}");
    let worse = run(&gate, &with_function(inputs(1_000, 0.1, 0.02)));
    assert_eq!(worse.verdict, Verdict::Fail);
}

#[test]
fn a_function_gets_the_places_of_the_rows_that_were_handed_in_also_in_slices() {
    let mut rows = inputs(1_000, 0.02, 0.1);
    let parts: Vec<String> = (0..1_000).map(|row| if row % 2 == 0 { "even" } else { "odd" }.to_owned()).collect();
    rows.columns.insert("part".into(), parts.into());
    let gate = GateDefinition::new("gate", accuracy().superior());
    let of = |metric: &str| {
        let slices = SliceRule { metric: Some(metric.parse().unwrap()), ..SliceRule::new(&["part"]).with_margin(0.05) };
        let report = run(&gate.clone().with_slices(slices), &with_function(rows.clone()));
        let numbers = |name: &str| check(&report, CheckKind::Slice, name).numbers.clone();
        ["part=even", "part=odd"].map(|name| (numbers(name).candidate, numbers(name).baseline))
    };
    assert_eq!(of("own:share"), of("accuracy"));
}

#[test]
fn a_function_that_fails_or_gives_nan_is_an_error_and_no_pass() {
    let gate = GateDefinition::new("gate", own("own:share").superior());
    let mut rows = inputs(200, 0.0, 0.5);
    let failing = OwnFunction::new(|_| Err(Error::InvalidState { detail: "ValueError: no profit".into() }));
    rows.own_functions.insert("share".into(), failing);
    assert!(error(&run(&gate, &rows)).contains("no profit"));
    rows.own_functions.insert("share".into(), OwnFunction::new(|_| Ok((f64::NAN, Some(1.0)))));
    assert_eq!(run(&gate, &rows).verdict, Verdict::Error);
    rows.own_functions.insert("share".into(), OwnFunction::new(|_| Ok((1.0, None))));
    assert_eq!(run(&gate, &rows).verdict, Verdict::Error, "nothing was said of the baseline");
    let absent = GateDefinition::new("gate", own("own:other").superior());
    assert!(error(&run(&absent, &rows)).contains("no values of it were handed in"));
}

#[test]
fn the_first_model_is_held_to_the_floor_of_a_function() {
    let mut rows = with_function(inputs(200, 0.02, 0.1));
    rows.baseline = None;
    let gate = |floor: f64| GateDefinition::new("gate", own("own:share").with_floor(floor));
    assert_eq!(run(&gate(0.9), &rows).verdict, Verdict::Pass);
    assert_eq!(run(&gate(0.999), &rows).verdict, Verdict::Fail);
}

#[test]
fn means_of_values_need_no_function() {
    let mut rows = inputs(200, 0.0, 0.5);
    rows.own.insert("profit".into(), OwnValues { candidate: vec![2.0; 200], baseline: vec![1.0; 200] });
    let report = run(&GateDefinition::new("gate", own("own:profit").superior()), &rows);
    assert_eq!(report.primary().unwrap().numbers.difference, Some(1.0));
}
