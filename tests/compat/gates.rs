//! Stores with what gates keep that older versions left: results of versions, and uses of data.
//! `MLOPS_MAKE_GATES_FIXTURE=gates-v1 cargo test --test compat` makes the store of what this version writes; those that are there
//! never change.

use mlops_core::gates::{GateDefinition, GateInputs, Predicted, RecordOptions, RunOptions};
use mlops_core::registry::{
    By, GateResult, LocalRegistry, ModelRegistry, PromoteOptions, Stage, Verdict, VersionOptions, parse_policies,
};
use mlops_core::{Code, Store};
use serde_json::{Value, json};

use crate::shown::{each, make_if_asked};

const ASKED: &str = "name = \"fraud-gate\"\nresamples = 999\non_inconclusive = \"ask\"\n\
    [primary]\nmetric = \"accuracy\"\nmode = \"superior\"\nfloor = 0.7\n\
    [slices]\ncolumns = [\"country\"]\nmargin = 0.2\n";

fn by_ada(store: &Store) -> LocalRegistry {
    store.registry().by(By { actor: Some("ada".into()), reason: Some("nightly".into()) })
}

fn asked() -> GateDefinition {
    GateDefinition::from_toml(ASKED).unwrap()
}

/// Rows of which both models have some wrong: each of so many.
fn inputs(candidate: usize, baseline: usize) -> GateInputs {
    let targets: Vec<f64> = (0_u8..200).map(|row| f64::from(row % 2)).collect();
    let wrong = |first: usize, every: usize| {
        let said = |(row, y): (usize, &f64)| if row % every == first { 1.0 - y } else { *y };
        targets.iter().enumerate().map(said).collect::<Vec<f64>>()
    };
    let (ours, theirs) = (wrong(1, candidate), wrong(0, baseline));
    let mut inputs = GateInputs::new(targets, Predicted::values(ours)).with_baseline(Predicted::values(theirs));
    inputs =
        inputs.with_column("country", (0..200).map(|row| if row % 2 == 0 { "DE" } else { "IT" }).collect::<Vec<_>>());
    inputs.data_digest = Some("holdout@7".into());
    inputs
}

/// Something of everything that gates keep: a pass, a failure, what asks for an approval, an error; and uses of two data sets.
fn fill(store: &Store) {
    let registry = by_ada(store);
    let source = VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() };
    for _ in 0..5 {
        registry.register("fraud", &source).unwrap();
    }
    registry.promote("fraud", 1, &PromoteOptions::default()).unwrap();
    let policy = format!(
        "[model.fraud.production]\ngate = \"fraud-gate\"\ngate_rules = \"{}\"\ngate_ttl = \"5000w\"\n",
        asked().digest()
    );
    registry.set_policies(&parse_policies(&policy).unwrap()).unwrap();
    let gates = store.gates().with_registry(registry);
    let kept = RecordOptions { record: true, count: true, ..RecordOptions::default() };
    let mut broken = inputs(40, 4);
    broken.failure = Some("the candidate cannot be loaded".into());
    for (version, inputs, verdict) in [
        (2, inputs(40, 4), Verdict::Pass),
        (3, inputs(4, 40), Verdict::Fail),
        (4, inputs(10, 10), Verdict::Inconclusive),
        (5, broken, Verdict::Error),
    ] {
        assert_eq!(gates.run("fraud", version, &asked(), inputs, &kept).unwrap().verdict, verdict, "{version}");
    }
    let mut of_rows = inputs(40, 4);
    of_rows.data_digest = None;
    of_rows.ids = Some((0..200).map(|row| format!("row-{row}")).collect());
    gates.run_unregistered(&asked(), &of_rows, &RunOptions::default()).unwrap();
}

/// The data that the rows with ids are.
fn data_of_rows(store: &Store) -> String {
    let mut of_rows = inputs(40, 4);
    of_rows.data_digest = None;
    of_rows.ids = Some((0..200).map(|row| format!("row-{row}")).collect());
    store.gates().run_unregistered(&asked(), &of_rows, &RunOptions::default()).unwrap().data
}

/// What a store shows of its gates.
fn shown(store: &Store) -> Value {
    let registry = store.registry();
    let results = |version: u64| {
        let found = registry.gate_results("fraud", version).unwrap();
        found.iter().map(GateResult::to_json).collect::<Value>()
    };
    let status = |version: u64| registry.status("fraud", version, Stage::Production, "").unwrap().to_json();
    json!({
        "results": (2..=5).map(results).collect::<Value>(),
        "status": (2..=5).map(status).collect::<Value>(),
        "uses": store.gates().uses("holdout@7").unwrap(),
        "never used": store.gates().uses("other").unwrap(),
    })
}

#[test]
fn make_gates_if_asked() {
    make_if_asked("MLOPS_MAKE_GATES_FIXTURE", fill, shown);
}

#[test]
fn what_gates_kept_in_older_stores_is_shown_counts_and_promotes() {
    each("gates-", shown, |store| {
        let gates = store.gates().with_registry(by_ada(store));
        let counted = RecordOptions { count: true, ..RecordOptions::default() };
        let again = gates.run("fraud", 2, &asked(), inputs(40, 4), &counted).unwrap();
        assert_eq!(again.holdout.map(|used| used.number), Some(1), "it was counted, and is not counted again");
        assert_eq!(gates.uses("holdout@7").unwrap(), 3, "what could not be judged used nothing");
        let other = gates.count_use("holdout@7", "blake3:new", "fraud-gate").unwrap();
        assert_eq!(other, 4);
        let data = data_of_rows(store);
        assert_eq!(gates.uses(&data).unwrap(), 1, "rows are known by their ids and targets");

        let registry = by_ada(store);
        for version in [3, 4, 5] {
            let refused = registry.promote("fraud", version, &PromoteOptions::default()).unwrap_err();
            assert_eq!(refused.code(), Code::Denied, "{version}: {refused}");
        }
        assert_eq!(registry.promote("fraud", 2, &PromoteOptions::default()).unwrap().replaced, Some(1));
        registry.verify_log(None).unwrap();
    });
}
