//! Only what is better goes to production: models of real data are held against what is in production, on rows that none of them
//! has seen. A better one passes, one that is as good as that passes once the rows suffice, and a lucky, leaked or broken one does
//! not. `examples/python/promote.py` is the same with scikit-learn.
//!
//! `cargo run --example promote`; the store is `./.mlops`, or `MLOPS_STORE`. It prints:
//!
//! ```text
//! the first model: pass
//!   first_model accuracy: there is no baseline: floors, ceilings and budgets decide
//! better, but not for all: fail
//!   slice size=small: at most -0.07955 better with 97.5 % confidence; less than 0.02 worse is asked for
//! better: pass
//!   primary accuracy: at least +0.1614 better with 95 % confidence; better is asked for
//!   ada may not promote version 3 yet; what is missing: approvals
//!   version 3 is in production, version 1 is archived
//! trained again, must be better: inconclusive
//!   primary accuracy: 0 to +0.01053 better, each with 95 % confidence: the data cannot tell; better is asked for
//! trained again, must be as good, on 120 rows: inconclusive
//!   primary accuracy: there is too little for a pass: on 0 rows just one of both models is right; fewer than 10 tell little, and an exact test does not agree with the resamples
//! trained again, must be as good, on 285 rows: pass
//!   primary accuracy: at least 0 better with 95 % confidence; less than 0.015 worse is asked for
//!   ada may not promote version 4 yet; what is missing: approvals
//!   version 4 is in production, version 3 is archived
//! it knew the answers: fail
//!   leakage leakage: 143 of 285 rows are among those that the candidate was trained on
//! a column that is empty: error
//!   inputs inputs: 285 of 285 predictions of the candidate are NaN or missing and 0 are infinite, the first in row 1
//! rolled back to version 3
//! what happened to production:
//!   event 4, 2026-11-27T18:23:43.461867Z: stage_changed version 1 None -> Production by ada (there was none)
//!   event 11, 2026-11-27T18:23:43.981916Z: stage_changed version 3 None -> Production by ada (fewer mistakes)
//!   event 17, 2026-11-27T18:23:44.428723Z: stage_changed version 4 None -> Production by ada (trained on newer rows)
//!   event 22, 2026-11-27T18:23:44.923711Z: rolled_back version 3 Archived -> Production by bob (refuses good customers)
//! the log of 22 events hangs together
//! Look at it:
//!   mlops --store /home/you/.mlops models why tumours@production
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;
use std::error::Error;

use mlops_core::gates::{
    Column, GateDefinition, GateInputs, GateReport, MetricRule, Predicted, RecordOptions, SliceRule, content_hashes,
};
use mlops_core::models::SavedModel;
use mlops_core::registry::{
    Action, By, LocalRegistry, ModelRegistry, PolicyChanges, PolicyScope, PromoteOptions, Stage, Verdict,
    VersionOptions, parse_policy,
};
use mlops_core::runs::{RunOptions, RunStatus};
use mlops_core::{Store, error::Code, workflows};
use mlops_examples::{Data, Linear, Rows};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast_cancer.csv");
const MODEL: &str = "tumours";
/// Four measurements that say less than all of them.
const FEW: [&str; 4] = ["mean_texture", "mean_smoothness", "mean_symmetry", "texture_error"];
const EPOCHS: usize = 50;

/// What is asked of whoever wants to production: better, and in no size of tumour worse by more than two points.
fn better() -> Result<GateDefinition> {
    let primary = MetricRule::new("accuracy")?.superior().with_floor(0.75);
    Ok(GateDefinition::new("tumour-gate", primary).with_slices(SliceRule::new(&["size"]).with_margin(0.02)))
}

/// What is asked of one that was trained again: not worse by more than a point and a half.
fn as_good() -> Result<GateDefinition> {
    Ok(GateDefinition::new("tumour-gate", MetricRule::new("accuracy")?.with_margin(0.015).with_floor(0.75)))
}

/// The store, and who works with it.
struct House {
    store: Store,
    names: Vec<String>,
}

impl House {
    fn by(&self, actor: &str, reason: &str) -> LocalRegistry {
        let reason = Some(reason.to_owned()).filter(|text| !text.is_empty());
        self.store.registry().by(By { actor: Some(actor.into()), reason })
    }

    /// Trains on some of the features, logs the model, and registers it.
    fn version(&self, train: &Rows, features: &[usize], epochs: usize) -> Result<u64> {
        let rows: Rows = train.iter().map(|(row, class)| (pick(row, features), *class)).collect();
        let text = Linear::learn(&rows, epochs)?.text();
        let run =
            self.store.runs().start(RunOptions { experiment_name: Some(MODEL.into()), ..RunOptions::default() })?;
        let of = features.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let saved = SavedModel::builder().json(r#"{"linear": {"data": "weights.txt"}}"#, None, None, None)?;
        let saved = saved.file("weights.txt", text.into_bytes()).file("features.txt", of.into_bytes());
        workflows::log_model(&*run, "model", &saved.build()?)?;
        run.end(RunStatus::Finished)?;
        let source = format!("runs:/{}/model", run.id());
        let options = VersionOptions { source, must_exist: true, ..VersionOptions::default() };
        Ok(self.by("ada", "").register(MODEL, &options)?.version)
    }

    /// What a version says of rows.
    fn predict(&self, version: u64, rows: &Rows) -> Result<Predicted> {
        let model = self.store.load_model(&format!("models:/{MODEL}/{version}"))?;
        let linear = Linear::parse(&String::from_utf8(model.read("weights.txt")?)?)?;
        let features = String::from_utf8(model.read("features.txt")?)?;
        let features = features.split(',').map(str::parse).collect::<std::result::Result<Vec<usize>, _>>()?;
        Ok(Predicted::values(rows.iter().map(|(row, _)| linear.class(&pick(row, &features))).collect::<Vec<f64>>()))
    }

    /// Holds a version against what is in production, on rows that are held out, and notes what came out.
    fn gate(&self, version: u64, asked: &GateDefinition, held_out: &Rows, seen: &Rows) -> Result<GateReport> {
        let classes = held_out.iter().map(|(_, class)| *class).collect::<Vec<f64>>();
        let mut inputs = GateInputs::new(classes, self.predict(version, held_out)?);
        if let Some(production) = self.store.registry().slot_state(MODEL, "")?.production {
            inputs.baseline = Some(self.predict(production, held_out)?);
        }
        let sizes = held_out.iter().map(|(row, _)| size(row)).collect::<Vec<_>>();
        inputs.columns.insert("size".into(), sizes.into());
        inputs.row_hashes = content_hashes(&self.columns(held_out))?;
        inputs.training_hashes = content_hashes(&self.columns(seen))?;
        inputs.data_digest = Some(mlops_core::gates::content_digest(&self.columns(held_out))?.to_string());
        let kept = RecordOptions { record: true, count: true, ..RecordOptions::default() };
        let gates = self.store.gates().with_registry(self.by("ada", ""));
        Ok(gates.run(MODEL, version, asked, inputs, &kept)?)
    }

    /// The rows as columns, with their classes.
    fn columns(&self, rows: &Rows) -> BTreeMap<String, Column> {
        let column = |at: usize| rows.iter().filter_map(|(row, _)| row.get(at).copied()).collect::<Vec<f64>>();
        let mut found: BTreeMap<String, Column> =
            self.names.iter().enumerate().map(|(at, name)| (name.clone(), column(at).into())).collect();
        found.insert("benign".into(), rows.iter().map(|(_, class)| *class).collect::<Vec<f64>>().into());
        found
    }

    /// To production, when a colleague has said yes.
    fn bring(&self, version: u64, reason: &str) -> Result<()> {
        let ada = self.by("ada", reason);
        if let Err(refused) = ada.promote(MODEL, version, &PromoteOptions::default()) {
            assert_eq!(refused.code(), Code::Denied);
            let standing = ada.status(MODEL, version, Stage::Production, "")?;
            let missing: Vec<_> = standing.requirements.iter().filter(|one| !one.is_met).map(|one| one.name).collect();
            println!("  ada may not promote version {version} yet; what is missing: {}", missing.join(", "));
        }
        self.by("bob", "looked at the report").approve(MODEL, version, Stage::Production)?;
        let done = ada.promote(MODEL, version, &PromoteOptions::default())?;
        let replaced = done.replaced.ok_or("something was in production")?;
        println!("  version {version} is in production, version {replaced} is archived");
        Ok(())
    }
}

fn pick(row: &[f64], features: &[usize]) -> Vec<f64> {
    features.iter().filter_map(|at| row.get(*at).copied()).collect()
}

/// By the mean radius, which is the first feature.
fn size(row: &[f64]) -> &'static str {
    match row.first() {
        Some(radius) if *radius <= 12.0 => "small",
        Some(radius) if *radius <= 15.0 => "middle",
        _ => "large",
    }
}

/// Says what came out, and why.
fn told(what: &str, report: &GateReport) {
    println!("{what}: {}", report.verdict.as_str());
    let stopped = report.checks.iter().find(|check| check.verdict != Verdict::Pass && check.is_blocking);
    if let Some(check) = stopped.or(report.checks.first()) {
        println!("  {} {}: {}", check.kind.as_str(), check.name, check.reason);
    }
}

fn main() -> Result<()> {
    let data = Data::read(DATA)?;
    let (train, held_out) = data.split(2);
    let house = House { store: Store::open("")?, names: data.names.clone() };
    let few: Vec<usize> = FEW.iter().filter_map(|name| data.names.iter().position(|known| known == name)).collect();
    let all: Vec<usize> = (0..data.names.len()).collect();

    let first = house.version(&train, &few, 2 * EPOCHS)?;
    if let Some(before) = house.store.registry().slot_state(MODEL, "")?.production {
        // That of an earlier run of this program in the same store.
        let carol = house.by("carol", "the example begins again");
        let scope = PolicyScope { model: Some(MODEL.into()), stage: Stage::Production };
        carol.set_policies(&PolicyChanges::from([(scope, None)]))?;
        carol.promote(MODEL, before, &PromoteOptions { to: Stage::Archived, ..PromoteOptions::default() })?;
    }
    told("the first model", &house.gate(first, &better()?, &held_out, &train)?);
    house.by("ada", "there was none").promote(MODEL, first, &PromoteOptions::default())?;
    let scope = PolicyScope { model: Some(MODEL.into()), stage: Stage::Production };
    let fields = parse_policy(r#"{"gate": "tumour-gate", "approvals": 1, "self_approval": false}"#)?;
    house.by("carol", "audit").set_policies(&PolicyChanges::from([(scope, Some(fields))]))?;

    // Of a batch of small tumours most labels were swapped: better as a whole, and worse for them.
    let swap = |(at, (row, class)): (usize, &(Vec<f64>, f64))| {
        let is_swapped = size(row) == "small" && at % 4 < 3;
        (row.clone(), if is_swapped { 1.0 - class } else { *class })
    };
    let swapped: Rows = train.iter().enumerate().map(swap).collect();
    let uneven = house.version(&swapped, &all, EPOCHS)?;
    told("better, but not for all", &house.gate(uneven, &better()?, &held_out, &swapped)?);

    let good = house.version(&train, &all, EPOCHS)?;
    told("better", &house.gate(good, &better()?, &held_out, &train)?);
    house.bring(good, "fewer mistakes")?;

    let again = house.version(&train, &all, EPOCHS + 25)?;
    told("trained again, must be better", &house.gate(again, &better()?, &held_out, &train)?);
    let some: Rows = held_out.iter().take(120).cloned().collect();
    told("trained again, must be as good, on 120 rows", &house.gate(again, &as_good()?, &some, &train)?);
    let report = house.gate(again, &as_good()?, &held_out, &train)?;
    told(&format!("trained again, must be as good, on {} rows", held_out.len()), &report);
    house.bring(again, "trained on newer rows")?;

    // Rows that it was judged by were among those that it learned from.
    let seen: Rows = train.iter().chain(held_out.iter().step_by(2)).cloned().collect();
    let knowing = house.version(&seen, &all, 5 * EPOCHS)?;
    told("it knew the answers", &house.gate(knowing, &as_good()?, &held_out, &seen)?);
    // A column that is filled in after the diagnosis: it says all in training, and nothing on the day.
    let with = |rows: &Rows, value: fn(f64) -> f64| -> Rows {
        rows.iter().map(|(row, class)| ([row.as_slice(), &[value(*class)]].concat(), *class)).collect()
    };
    let (leaked, on_the_day) = (with(&train, |class| class), with(&held_out, |_| f64::NAN));
    let broken = house.version(&leaked, &(0..=all.len()).collect::<Vec<_>>(), EPOCHS)?;
    told("a column that is empty", &house.gate(broken, &as_good()?, &on_the_day, &leaked)?);

    let done = house.by("bob", "refuses good customers").rollback(MODEL, "", None)?;
    println!("rolled back to version {}", done.version.version);
    println!("what happened to production:");
    let moves = [Action::StageChanged, Action::RolledBack];
    let registry = house.store.registry();
    for event in
        registry.history(MODEL)?.iter().filter(|event| moves.contains(&event.action) && event.generation.is_some())
    {
        println!("  {}", event.to_line());
    }
    println!("the log of {} events hangs together", registry.verify_log(None)?.seq);
    println!("Look at it:\n  mlops --store {} models why {MODEL}@production", house.store.uri());
    house.store.close()?;
    Ok(())
}
