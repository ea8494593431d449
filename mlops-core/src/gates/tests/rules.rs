//! What a check says, and what the gate says then.

use super::super::*;
use super::{accuracy, check, error, has_warning, inputs, run, scores, superior, used};
use crate::registry::Verdict;

#[test]
fn a_candidate_that_is_surely_better_passes() {
    let report = run(&superior(), &inputs(2_000, 0.05, 0.15));
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Pass, 0), "{}", report.to_text());
    let primary = report.primary().unwrap();
    assert!(primary.numbers.lower > Some(0.05) && primary.numbers.p_value < Some(1e-6), "{primary:?}");
}

#[test]
fn a_candidate_that_is_surely_worse_fails_as_a_test_does() {
    let report = run(&superior(), &inputs(2_000, 0.15, 0.05));
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Fail, 1));
}

#[test]
fn equal_models_are_inconclusive_where_better_is_asked_for() {
    let report = run(&superior(), &inputs(2_000, 0.1, 0.1));
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Inconclusive, 5), "{}", report.to_text());
    assert!(report.primary().unwrap().reason.contains("cannot tell"));
}

#[test]
fn a_model_that_is_not_worse_passes_within_the_margin() {
    let gate = GateDefinition::new("gate", accuracy().with_margin(0.03));
    let mut same = inputs(4_000, 0.1, 0.1);
    same.candidate = same.baseline.clone().unwrap();
    let report = run(&gate, &same);
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    assert_eq!(report.primary().unwrap().numbers.margin, Some(0.03));
}

#[test]
fn a_model_that_is_worse_on_these_rows_is_inconclusive_within_the_margin() {
    let gate = GateDefinition::new("gate", accuracy().with_margin(0.05));
    let report = run(&gate, &inputs(4_000, 0.11, 0.1));
    let primary = report.primary().unwrap();
    assert!(primary.numbers.difference < Some(0.0) && primary.numbers.lower > Some(-0.05), "{primary:?}");
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(primary.reason.contains("not as good"), "{}", primary.reason);
}

#[test]
fn a_model_that_is_worse_than_the_margin_fails() {
    let gate = GateDefinition::new("gate", accuracy().with_margin(0.02));
    assert_eq!(run(&gate, &inputs(4_000, 0.2, 0.1)).verdict, Verdict::Fail);
}

#[test]
fn without_a_mode_the_report_says_that_better_is_asked_for() {
    let gate = GateDefinition::new("gate", accuracy());
    let report = run(&gate, &inputs(2_000, 0.1, 0.1));
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(report.to_text().contains("since the gate names neither a mode nor a margin"), "{}", report.to_text());
    assert!(!run(&superior(), &inputs(2_000, 0.1, 0.1)).mode.contains("neither"));
}

#[test]
fn a_missed_floor_fails_a_better_model() {
    let gate = GateDefinition::new("gate", accuracy().superior().with_floor(0.97));
    let report = run(&gate, &inputs(2_000, 0.05, 0.15));
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(check(&report, CheckKind::Limit, "accuracy floor").numbers.limit, Some(0.97));
}

#[test]
fn a_floor_may_be_held_against_the_bound() {
    let floor = accuracy().superior().with_floor(0.945);
    let rows = inputs(2_000, 0.05, 0.15);
    assert_eq!(run(&GateDefinition::new("gate", floor.clone()), &rows).verdict, Verdict::Pass);
    let bound = MetricRule { limit_on: LimitOn::Bound, ..floor };
    let report = run(&GateDefinition::new("gate", bound), &rows);
    let limit = check(&report, CheckKind::Limit, "accuracy floor");
    assert_eq!(limit.verdict, Verdict::Fail, "{limit:?}");
    assert!(limit.numbers.lower < limit.numbers.candidate && limit.reason.starts_with("its bound"));
}

#[test]
fn a_ceiling_is_for_what_must_be_low() {
    let mut rows = inputs(1_000, 0.05, 0.15);
    let (good, bad) = (scores(&rows, 1, 0.3), scores(&rows, 2, 0.6));
    rows.candidate = Predicted::scores(good);
    rows.baseline = Some(Predicted::scores(bad));
    let loss = MetricRule::new("log_loss").unwrap().superior();
    let report = run(&GateDefinition::new("gate", loss.clone().with_ceiling(0.5)), &rows);
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    assert!(report.primary().unwrap().numbers.difference > Some(0.0), "less loss is better");
    assert_eq!(run(&GateDefinition::new("gate", loss.with_ceiling(0.01)), &rows).verdict, Verdict::Fail);
}

#[test]
fn fewer_than_a_hundred_rows_pass_no_test() {
    let report = run(&superior(), &inputs(90, 0.0, 0.4));
    assert_eq!(report.verdict, Verdict::Inconclusive, "{}", report.to_text());
    assert!(report.primary().unwrap().numbers.lower > Some(0.0), "however sure it looks");
    assert!(report.primary().unwrap().reason.contains("too little"));
}

#[test]
fn thresholds_of_mlflow_are_taken() {
    let gate = |rest: &str| {
        GateDefinition::from_toml(&format!("name = \"gate\"\n[primary]\nmetric = \"accuracy\"\n{rest}")).unwrap()
    };
    let rows = inputs(4_000, 0.05, 0.15);
    assert_eq!(run(&gate("threshold = 0.9\nmin_absolute_change = 0.05"), &rows).verdict, Verdict::Pass);
    assert_eq!(run(&gate("threshold = 0.99"), &rows).verdict, Verdict::Fail);
    assert_eq!(
        run(&gate("min_absolute_change = 0.1"), &rows).verdict,
        Verdict::Inconclusive,
        "about 0.1 is not above 0.1"
    );
    assert_eq!(run(&gate("min_relative_change = 0.05"), &rows).verdict, Verdict::Pass);
    assert_eq!(run(&gate("min_relative_change = 0.3"), &rows).verdict, Verdict::Fail);
    let mut none = inputs(1_000, 0.05, 1.0);
    none.ids = None;
    assert!(
        error(&run(&gate("min_relative_change = 0.01"), &none)).contains("min_absolute_change"),
        "a share of nothing"
    );
}

#[test]
fn what_is_inconclusive_blocks_is_allowed_or_asks() {
    let rows = inputs(2_000, 0.1, 0.1);
    for (on_inconclusive, verdict, code, recorded) in [
        (OnInconclusive::Block, Verdict::Inconclusive, 5, Verdict::Inconclusive),
        (OnInconclusive::Allow, Verdict::Pass, 0, Verdict::Pass),
        (OnInconclusive::Ask, Verdict::Inconclusive, 6, Verdict::Ask),
    ] {
        let report = run(&GateDefinition { on_inconclusive, ..superior() }, &rows);
        assert_eq!((report.verdict, report.exit_code(), report.recorded_verdict()), (verdict, code, recorded));
    }
    let report =
        run(&GateDefinition { on_inconclusive: OnInconclusive::Allow, ..superior() }, &inputs(2_000, 0.2, 0.1));
    assert_eq!(report.verdict, Verdict::Fail, "a failure is a failure");
}

#[test]
fn a_guardrail_that_gets_worse_stops_a_better_model() {
    let mut rows = inputs(2_000, 0.05, 0.15);
    let (good, bad) = (scores(&rows, 1, 0.3), scores(&rows, 2, 0.6));
    rows.candidate = rows.candidate.with_scores(bad);
    rows.baseline = rows.baseline.map(|of| of.with_scores(good));
    let gate = superior().with_guardrail(MetricRule::new("log_loss").unwrap().with_margin(0.01));
    let report = run(&gate, &rows);
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.primary().unwrap().verdict, Verdict::Pass);
    assert_eq!(check(&report, CheckKind::Guardrail, "log_loss").verdict, Verdict::Fail);
}

#[test]
fn a_metric_of_which_nothing_is_asked_is_told_and_decides_nothing() {
    let mut rows = inputs(2_000, 0.05, 0.15);
    let (good, bad) = (scores(&rows, 1, 0.3), scores(&rows, 2, 0.6));
    rows.candidate = rows.candidate.with_scores(bad);
    rows.baseline = rows.baseline.map(|of| of.with_scores(good));
    let gate = superior().with_guardrail(MetricRule::new("log_loss").unwrap());
    let report = run(&gate, &rows);
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.to_text());
    let told = check(&report, CheckKind::Guardrail, "log_loss");
    assert_eq!((told.verdict, told.is_blocking), (Verdict::Fail, false));
    assert!(told.reason.starts_with("it is worse; how much worse it may be is not said"), "{}", told.reason);
    assert!(has_warning(&report, "worse_unasked") && report.to_junit().contains("<skipped"));
    assert_eq!(GateDefinition::from_toml(&gate.to_toml()).unwrap(), gate);
}

/// Two guardrails of the same values: what one alone shows, both together do not.
#[test]
fn guardrails_are_judged_together_and_the_primary_metric_by_itself() {
    let mut rows = inputs(2_000, 0.05, 0.15);
    let mut random = super::Random(3);
    let values: Vec<f64> = (0..2_000).map(|_| random.next() - 0.5).collect();
    for name in ["a", "b"] {
        rows.own.insert(name.into(), OwnValues { candidate: values.clone(), baseline: vec![0.0; 2_000] });
    }
    let rule = |name: &str, margin| MetricRule::new(&format!("own:{name}")).unwrap().with_margin(margin);
    let p = |margin| {
        let report = run(&superior().with_guardrail(rule("a", margin)), &rows);
        check(&report, CheckKind::Guardrail, "own:a").numbers.p_value.unwrap()
    };
    // A margin where p is between alpha / 2 and alpha.
    let (mut low, mut high) = (0.0, 0.1);
    while !(0.03..0.045).contains(&p(high)) {
        let middle = f64::midpoint(low, high);
        if p(middle) > 0.045 { low = middle } else { high = middle }
    }
    assert_eq!(run(&superior().with_guardrail(rule("a", high)), &rows).verdict, Verdict::Pass);
    let both = run(&superior().with_guardrail(rule("a", high)).with_guardrail(rule("b", high)), &rows);
    assert_eq!(both.verdict, Verdict::Inconclusive, "{}", both.to_text());
    assert_eq!(check(&both, CheckKind::Guardrail, "own:a").numbers.alpha, Some(0.025));
    assert_eq!(both.primary().unwrap().numbers.alpha, Some(0.05), "the primary metric is of no family");
    // One that is beyond doubt leaves all of alpha to the other.
    let one = run(&superior().with_guardrail(rule("a", 0.5)).with_guardrail(rule("b", high)), &rows);
    assert_eq!(check(&one, CheckKind::Guardrail, "own:b").numbers.alpha, Some(0.05));
    assert_eq!(one.verdict, Verdict::Pass);
}

#[test]
fn a_metric_of_ones_own_decides_as_any_other() {
    let mut rows = inputs(1_000, 0.1, 0.1);
    let mut random = super::Random(5);
    let cost: Vec<f64> = (0..1_000).map(|_| random.next()).collect();
    let candidate = cost.iter().map(|value| value * 0.8).collect();
    rows.own.insert("cost".into(), OwnValues { candidate, baseline: cost });
    let gate = |metric: &str| GateDefinition::new("gate", MetricRule::new(metric).unwrap().superior());
    assert_eq!(run(&gate("own_loss:cost"), &rows).verdict, Verdict::Pass);
    assert_eq!(run(&gate("own:cost"), &rows).verdict, Verdict::Fail);
    assert!(error(&run(&gate("own:profit"), &rows)).contains("own:profit"));
}

#[test]
fn the_first_model_needs_a_floor_or_an_approval() {
    let mut rows = inputs(500, 0.05, 0.15);
    rows.baseline = None;
    let report = run(&superior(), &rows);
    assert_eq!(
        (report.verdict, report.exit_code(), report.recorded_verdict()),
        (Verdict::Inconclusive, 6, Verdict::Ask)
    );
    assert!(report.headline().contains("without a baseline") && report.baseline_digest.is_none());
    let allowed = run(&GateDefinition { on_inconclusive: OnInconclusive::Allow, ..superior() }, &rows);
    assert_eq!(allowed.exit_code(), 6, "nothing was checked, which nobody allows");
    for (floor, verdict) in [(0.9, Verdict::Pass), (0.99, Verdict::Fail)] {
        let report = run(&GateDefinition::new("gate", accuracy().superior().with_floor(floor)), &rows);
        assert_eq!(report.verdict, verdict);
        assert!(report.to_text().contains("there is no baseline"), "{}", report.to_text());
    }
}

#[test]
fn rows_of_a_group_are_drawn_together() {
    // Ten rows of each user, all right or all wrong.
    let mut rows = inputs(1_000, 0.0, 0.0);
    let Column::Numbers(targets) = rows.targets.clone() else { panic!("numbers") };
    let mut random = super::Random(11);
    let wrong = |share: f64, random: &mut super::Random| -> Vec<f64> {
        let users: Vec<bool> = (0..100).map(|_| random.next() < share).collect();
        targets.iter().enumerate().map(|(row, y)| if users[row / 10] { 1.0 - y } else { *y }).collect()
    };
    rows.candidate = Predicted::values(wrong(0.1, &mut random));
    rows.baseline = Some(Predicted::values(wrong(0.2, &mut random)));
    let rows = rows.with_column("user", (0..1_000).map(|row| f64::from(row / 10)).collect::<Vec<f64>>());
    let alone = run(&superior(), &rows);
    let grouped = run(&GateDefinition { group: Some("user".into()), ..superior() }, &rows);
    let width = |report: &GateReport| {
        let numbers = &report.primary().unwrap().numbers;
        numbers.upper.unwrap() - numbers.lower.unwrap()
    };
    assert!(width(&grouped) > 2.0 * width(&alone), "{} {}", width(&grouped), width(&alone));
}

#[test]
fn alpha_is_spent_over_the_uses_of_the_data() {
    let rows = inputs(2_000, 0.05, 0.15);
    let off = used(&superior(), &rows, 7);
    assert_eq!((off.alpha, off.holdout.as_ref().unwrap().error_rate), (0.05, 0.05 * 7.0));
    assert!(off.to_text().contains("one of 7 candidates that are no better passes by luck has a chance of up to 35 %"));
    let bonferroni = GateDefinition { spend: Spend::Bonferroni { uses: 10 }, ..superior() };
    let report = used(&bonferroni, &rows, 10);
    assert_eq!(
        (report.alpha, report.verdict, report.holdout.as_ref().unwrap().error_rate),
        (0.005, Verdict::Pass, 0.05)
    );
    assert_eq!(report.primary().unwrap().numbers.alpha, Some(0.005));
    let spent = used(&bonferroni, &rows, 11);
    assert_eq!(spent.verdict, Verdict::Inconclusive, "nothing is left");
    let allowed = used(&GateDefinition { on_inconclusive: OnInconclusive::Allow, ..bonferroni.clone() }, &rows, 11);
    assert_eq!(allowed.verdict, Verdict::Inconclusive, "which nobody allows");
    assert!(error(&run(&bonferroni, &rows)).contains("were not counted"));
    let decreasing = used(&GateDefinition { spend: Spend::Decreasing, ..superior() }, &rows, 3);
    assert!(decreasing.alpha < 0.05 / 9.0 && decreasing.verdict == Verdict::Pass);
}

#[test]
fn rows_of_the_training_data_stop_the_candidate() {
    let mut rows = inputs(500, 0.05, 0.15);
    rows.row_hashes = (0..500_u64).map(|row| row_hash(&row.to_le_bytes())).collect();
    rows.training_hashes = (490..2_000_u64).map(|row| row_hash(&row.to_le_bytes())).collect();
    let report = run(&superior(), &rows);
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(check(&report, CheckKind::Leakage, "leakage").reason.starts_with("10 of 500 rows"));
    rows.training_hashes.drain(..10);
    assert_eq!(run(&superior(), &rows).verdict, Verdict::Pass);
}

#[test]
fn a_metric_without_a_value_is_an_error() {
    let mut rows = inputs(500, 0.05, 0.15);
    rows.targets = vec![1.0; 500].into();
    rows.candidate = Predicted::scores(vec![0.5; 500]);
    rows.baseline = Some(Predicted::scores(vec![0.4; 500]));
    let auc = GateDefinition::new("gate", MetricRule::new("roc_auc").unwrap().superior());
    assert_eq!(run(&auc, &rows).verdict, Verdict::Error, "one class has no AUC");
    assert!(error(&run(&GateDefinition::new("gate", MetricRule::new("mrr").unwrap()), &rows)).contains("query"));
}
