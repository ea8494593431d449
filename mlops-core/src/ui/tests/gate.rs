//! The page of a gate.

use super::EVIL;
use crate::gates::{GateDefinition, GateInputs, GateReport, MetricRule, Predicted, RunOptions, SliceRule, evaluate};
use crate::ui::gate_html;

fn report(slice: &str) -> GateReport {
    let targets: Vec<f64> = (0..1_000).map(|row| f64::from(row % 2)).collect();
    let wrong = |every: usize| {
        let flip = |(row, y): (usize, &f64)| if row % every == 0 { 1.0 - y } else { *y };
        targets.iter().enumerate().map(flip).collect::<Vec<f64>>()
    };
    let gate = GateDefinition::new("fraud-gate", MetricRule::new("accuracy").unwrap().with_margin(0.02))
        .with_guardrail(MetricRule::new("f1").unwrap().with_margin(0.05))
        .with_slices(SliceRule::new(&["country"]).with_margin(0.02));
    let countries: Vec<&str> = (0..1_000).map(|row| if row % 3 == 0 { slice } else { "FR" }).collect();
    let inputs = GateInputs::new(targets.clone(), Predicted::values(wrong(20)))
        .with_baseline(Predicted::values(wrong(10)))
        .with_column("country", countries);
    let options =
        RunOptions { candidate: Some("fraud@2".into()), baseline: Some("fraud@1".into()), holdout_use: Some(21) };
    evaluate(&gate, &inputs, &options).unwrap()
}

#[test]
fn every_interval_is_drawn_with_its_name() {
    let page = gate_html(&report("DE"));
    assert_eq!(page.matches("<svg").count(), 3, "the primary metric, a guardrail, the slices");
    assert_eq!(page.matches("class=\"interval ").count(), 4);
    for name in ["accuracy", "f1", "country=DE", "country=FR", "holdout_worn", "use 21 of the data"] {
        assert!(page.contains(name), "{name}");
    }
    assert!(page.matches("class=\"asked\"").count() == 4 && !page.contains("NaN"));
}

#[test]
fn no_text_of_the_inputs_is_markup_and_the_page_runs_nothing() {
    let page = gate_html(&report(EVIL));
    assert!(!page.contains("<script") && !page.contains("<img") && page.contains("&lt;/script&gt;"), "{page}");
    assert!(page.contains("default-src 'none'; style-src 'nonce-") && !page.contains("script-src"));
    assert!(
        !page.contains(" style=") && !page.contains("http://")
            || page.matches("http://").count() == page.matches("xmlns").count()
    );
}
