//! A model on its way to production: three versions are trained on real data and registered, a colleague approves them, the
//! best goes to production, is found wanting and rolled back, and the log tells who did what, and why.
//! `examples/python/registry.py` is the same with scikit-learn; `examples/cpp/serve.cpp` serves what is in production here.
//!
//! `cargo run --example registry`; the store is `./.mlops`, or `MLOPS_STORE`. It prints:
//!
//! ```text
//! version 1 of breast-cancer: accuracy 0.9301, epochs 1
//! version 2 of breast-cancer: accuracy 0.9441, epochs 3
//! version 3 of breast-cancer: accuracy 0.9860, epochs 27
//! ada may not promote version 3 yet; what is missing: approvals
//! models:/breast-cancer/Production is version 3; 141 of 143 held-out rows are right
//! `breast-cancer` version 3 is in Production
//!   event 9, 2026-11-27T15:28:38.983042Z: stage_changed version 3 None -> Production by ada (fewer mistakes)
//!     approved by bob, event 8 (looked at the mistakes)
//! rolled back to version 2, and version 3 is archived
//! what happened to production:
//!   event 5, 2026-11-27T15:28:38.981779Z: stage_changed version 2 None -> Production by ada (the first that is good enough)
//!   event 9, 2026-11-27T15:28:38.983042Z: stage_changed version 3 None -> Production by ada (fewer mistakes)
//!   event 10, 2026-11-27T15:28:39.012406Z: rolled_back version 2 Archived -> Production by bob (refuses good customers)
//! the log of 11 events hangs together
//! Look at it:
//!   mlops --store /home/you/.mlops models why breast-cancer@production
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use mlops_core::models::SavedModel;
use mlops_core::registry::{
    Action, By, LocalRegistry, ModelRegistry, PolicyChanges, PolicyScope, PromoteOptions, Stage, StageOptions,
    VersionOptions, parse_policy,
};
use mlops_core::runs::{RunOptions, RunStatus};
use mlops_core::{Store, error::Code, workflows};
use mlops_examples::{Data, Linear, Rows};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast_cancer.csv");
const MODEL: &str = "breast-cancer";
/// Every fourth row is held out.
const HELD_OUT: usize = 4;

/// The rows to learn from, and those that are held out.
fn read() -> Result<(Rows, Rows), Box<dyn Error>> {
    Ok(Data::read(DATA)?.split(HELD_OUT))
}

/// Trains, logs the model with its accuracy, and registers it; the number of the version.
fn version(store: &Store, registry: &LocalRegistry, epochs: usize) -> Result<u64, Box<dyn Error>> {
    let (train, test) = read()?;
    let run = store.runs().start(RunOptions {
        run_name: Some(format!("{epochs} epochs")),
        experiment_name: Some(MODEL.into()),
        ..RunOptions::default()
    })?;
    let model = Linear::learn(&train, epochs)?;
    let accuracy = f64::from(u32::try_from(model.right(&test))?) / f64::from(u32::try_from(test.len())?);
    run.log_param("epochs", i64::try_from(epochs)?.into())?;
    run.log_metric("accuracy", accuracy, 0, None)?;
    let saved = SavedModel::builder().json(r#"{"linear": {"data": "weights.txt"}}"#, None, None, None)?;
    workflows::log_model(&*run, "model", &saved.file("weights.txt", model.text().into_bytes()).build()?)?;
    run.end(RunStatus::Finished)?;
    let source = format!("runs:/{}/model", run.id());
    let made = registry.register(MODEL, &VersionOptions { source, must_exist: true, ..VersionOptions::default() })?;
    println!("version {} of {MODEL}: accuracy {accuracy:.4}, epochs {epochs}", made.version);
    Ok(made.version)
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = Store::open("")?;
    let by = |actor: &str, reason: &str| {
        store
            .registry()
            .by(By { actor: Some(actor.into()), reason: Some(reason.into()).filter(|text: &String| !text.is_empty()) })
    };
    let ada = by("ada", "");
    let poor = version(&store, &ada, 1)?;
    let good = version(&store, &ada, 3)?;
    let best = version(&store, &ada, 27)?;

    // Nothing goes to production that a colleague has not approved.
    let scope = PolicyScope { model: Some(MODEL.into()), stage: Stage::Production };
    let fields = parse_policy(r#"{"approvals": 1, "self_approval": false}"#)?;
    let promote = PromoteOptions::default();
    if ada.policy(MODEL, Stage::Production)?.policy.approvals > 0 {
        // That of an earlier run of this program in the same store.
        by("carol", "the example begins again").set_policies(&PolicyChanges::from([(scope.clone(), None)]))?;
    }
    by("ada", "the first that is good enough").promote(MODEL, good, &promote)?;
    by("carol", "audit").set_policies(&PolicyChanges::from([(scope, Some(fields))]))?;
    let refused = by("ada", "fewer mistakes").promote(MODEL, best, &promote);
    assert_eq!(refused.err().map(|error| error.code()), Some(Code::Denied));
    let standing = ada.status(MODEL, best, Stage::Production, "")?;
    let missing = standing.requirements.iter().filter(|requirement| !requirement.is_met);
    let missing = missing.map(|requirement| requirement.name).collect::<Vec<_>>().join(", ");
    println!("ada may not promote version {best} yet; what is missing: {missing}");
    ada.request_approval(MODEL, best, Stage::Production)?;
    assert!(ada.pending()?.iter().any(|asked| asked.version == best));
    by("bob", "looked at the mistakes").approve(MODEL, best, Stage::Production)?;
    by("ada", "fewer mistakes").promote(MODEL, best, &promote)?;

    let live = store.load_model(&format!("models:/{MODEL}/Production"))?;
    let (_, test) = read()?;
    let right = Linear::parse(&String::from_utf8(live.read("weights.txt")?)?)?.right(&test);
    let number = live.version().ok_or("it is a version")?.version;
    println!("models:/{MODEL}/Production is version {number}; {right} of {} held-out rows are right", test.len());
    for line in ada.why(MODEL, number)?.to_text().lines().take_while(|line| !line.starts_with("  run")) {
        println!("{line}");
    }

    let done = by("bob", "refuses good customers").rollback(MODEL, "", None)?;
    assert_eq!(ada.get_version(MODEL, best)?.info.stage, Stage::Archived);
    println!("rolled back to version {}, and version {best} is archived", done.version.version);
    by("ada", "not needed").set_stage(MODEL, poor, Stage::Archived, StageOptions::default())?;
    println!("what happened to production:");
    let moves = [Action::StageChanged, Action::RolledBack];
    for event in ada.history(MODEL)?.iter().filter(|event| moves.contains(&event.action) && event.generation.is_some())
    {
        println!("  {}", event.to_line());
    }
    println!("the log of {} events hangs together", ada.verify_log(None)?.seq);
    println!("Look at it:\n  mlops --store {} models why {MODEL}@production", store.uri());
    store.close()?;
    Ok(())
}
